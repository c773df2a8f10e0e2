"""Grounding: where in a table, or in the text around it, what a model said of a cell stands.

A value is looked for first where a reader would: in the headers of its cell's row and column, then in the rest of the
row, the column and the table, the caption, the notes, the text. What is nowhere is kept, and says that it was inferred; of
free-form pairs only those are kept of which a word stands somewhere (Schema-to-JSON, post-processing).
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from limbeck.records.answers import TYPE, Said
from limbeck.schemas.extraction import Attribute, Extracted, Origin, RecordSchema, Status, Value
from limbeck.schemas.tables import Cell, Table, Target
from limbeck.tables.grid import Grid

TRUST: dict[Status, float] = {"grounded": 1.0, "normalised": 0.9, "inferred": 0.5, "missing": 1.0}
"""What the share of readings that agree is multiplied by: what stands in the source is likelier to be right."""
NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")
WORD = re.compile(r"[^\W_]+")
SAME = str.maketrans({"−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "µ": "μ", "’": "'", "“": '"', "”": '"', "\xa0": " "})
"""Letters that look alike; each of one character, so that places stay."""
COMMON = {"of", "number", "the", "a", "and", "in", "for", "to"}
"""Words that ground no pair."""

Found = tuple[Origin, Status]


class Source:
    """A table's texts, ready to be searched.

    Args:
        table: Where what was said of its cells should stand.
    """

    def __init__(self, table: Table) -> None:
        self._grid = Grid(table)
        self._exact: dict[str, list[Cell]] = {}
        for cell in table.cells:
            self._exact.setdefault(_folded(cell.text), []).append(cell)
        self._texts = [(origin, _folded(text)) for origin, text in _texts(table)]
        self._words = {word for _, text in self._texts for word in WORD.findall(text)}
        self._anywhere = lru_cache(4096)(self._searched)

    def find(self, value: str, cell: Target) -> Found | None:
        """Where a value stands that was said of a cell; None where it is nowhere."""
        path = [*self._grid.beside(cell.row, cell.column), *self._grid.above(cell.row, cell.column)]
        own = self._grid.at(cell.row, cell.column)
        same = self._exact.get(_folded(value), ())
        nearest = min(same, key=lambda one: (*_away(one, path, cell), one is own), default=None)
        if nearest is not None:
            return _whole(nearest), "grounded"
        return _first(value, [(_whole(one), _folded(one.text)) for one in (*path, own)]) or self._anywhere(value)

    def knows(self, text: str) -> bool:
        """Whether any word of a text stands anywhere, common ones aside."""
        return any(word in self._words for word in WORD.findall(_folded(text)) if word not in COMMON)

    def _searched(self, value: str) -> Found | None:
        return _first(value, self._texts)


def ground(said: Said, cell: Target, source: Source, schema: RecordSchema, sure: Mapping[str, float] | None = None) -> Extracted:
    """The record of a cell, each of its values with its place.

    Args:
        said: Type and attributes, of `schema`.
        cell: What it was said of.
        source: The cell's table.
        schema: What was asked for.
        sure: The share of readings that said so, by attribute and for the type; 1 where it isn't named.
    """
    agreed = {} if sure is None else sure
    attributes = schema.type(said[TYPE]).attributes
    values = (value for one in attributes for value in _values(said.get(one.name), one, cell, source, agreed.get(one.name, 1.0)))
    return Extracted(
        row=cell.row,
        column=cell.column,
        part=cell.part,
        value=cell.value,
        type=said[TYPE],
        confidence=agreed.get(TYPE, 1.0),
        values=tuple(values),
    )


def _values(said: object, attribute: Attribute, cell: Target, source: Source, agreed: float) -> Iterator[Value]:
    pairs = said if isinstance(said, dict) else {"": said} if said not in (None, "") else {}
    kept = {key: str(text) for key, text in pairs.items() if not key or source.knows(f"{key} {text}")}
    if not kept:
        yield Value(name=attribute.name, status="missing", confidence=agreed)
    for key, text in kept.items():
        origin, status = source.find(text, cell) or (None, "inferred")
        yield Value(name=attribute.name, key=key, text=text, status=status, confidence=agreed * TRUST[status], origin=origin)


# ---- searching -------------------------------------------------------------------------------------------------------


Texts = Sequence[tuple[Origin, str]]
"""Folded texts, each with its place as a whole."""


def _whole(cell: Cell) -> Origin:
    return Origin(where="cell", row=cell.row, column=cell.column, start=0, end=len(cell.text))


def _texts(table: Table) -> Iterator[tuple[Origin, str]]:
    """All texts of a table, in the order in which a value is looked for."""
    yield Origin(where="caption", start=0, end=len(table.caption)), table.caption
    yield from ((_whole(cell), cell.text) for cell in table.cells)
    yield from ((Origin(where="note", place=at, start=0, end=len(one)), one) for at, one in enumerate(table.notes))
    last_first = reversed(list(enumerate(table.paragraphs)))
    yield from ((Origin(where="paragraph", place=at, start=0, end=len(one)), one) for at, one in last_first)


def _away(one: Cell, path: Sequence[Cell], cell: Target) -> tuple[bool, bool]:
    """How far a cell is from another, by what a reader looks at: its headers, its row and column, the rest."""
    beside = one.row <= cell.row < one.row + one.rows or one.column <= cell.column < one.column + one.columns
    return one not in path, not beside


def _first(value: str, texts: Texts) -> Found | None:
    """The first text that has a value word for word; else the first that has it in another spelling."""
    return _matched(_verbatim(value), texts, "grounded") or _matched(_spelt(value), texts, "normalised") or _number(value, texts)


def _matched(pattern: re.Pattern[str] | None, texts: Texts, status: Status) -> Found | None:
    for origin, text in texts if pattern else ():
        if pattern and (found := pattern.search(text)):
            return _part(origin, found.start(), found.end()), status
    return None


def _number(value: str, texts: Texts) -> Found | None:
    """The first text with a number that is the same, whatever its commas and zeros."""
    wanted = _amount(value)
    for origin, text in texts if wanted is not None else ():
        for found in NUMBER.finditer(text):
            amount = _amount(found[0])
            if amount is not None and wanted is not None and math.isclose(amount, wanted, rel_tol=1e-9):
                return _part(origin, found.start(), found.end()), "normalised"
    return None


def _part(origin: Origin, start: int, end: int) -> Origin:
    return origin.model_copy(update={"start": start, "end": end})


def _amount(text: str) -> float | None:
    found = NUMBER.fullmatch(text.translate(SAME).strip().rstrip("%").strip())
    return float(found[0].replace(",", "")) if found else None


def _folded(text: str) -> str:
    """A text in which spelling that means nothing is gone, and every character is where it was."""
    lower = text.translate(SAME).lower()
    return lower if len(lower) == len(text) else text.translate(SAME)


@lru_cache(4096)
def _verbatim(value: str) -> re.Pattern[str] | None:
    """A value as it is, its blanks aside, and no part of a longer word or number."""
    parts = _folded(value).split()
    return re.compile(r"(?<![^\W_])(?<!\d\.)" + r"\s+".join(map(re.escape, parts)) + r"(?![^\W_]|\.\d)") if parts else None


@lru_cache(4096)
def _spelt(value: str) -> re.Pattern[str] | None:
    """A value's words, whatever stands between them."""
    words = WORD.findall(_folded(value))
    return re.compile(r"(?<![^\W_])" + r"[\W_]{0,5}".join(words) + r"(?![^\W_])") if words else None
