"""Grounding: where in a table, or in the text around it, what a model said of a cell stands.

A value is looked for first where a reader would: in the headers of its cell's row and column, then in the rest of the
row, the column and the table, the caption, the notes, the text. What is nowhere is kept, and says that it was inferred; of
free-form pairs only those are kept of which a word stands somewhere (Schema-to-JSON, post-processing).
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise

from limbeck.records.answers import TYPE, Said
from limbeck.records.spelling import SAME, folded
from limbeck.schemas.extraction import Attribute, Extracted, Origin, RecordSchema, Status, Value
from limbeck.schemas.tables import Cell, Table, Target
from limbeck.tables.grid import Grid
from limbeck.tables.targets import ATTACHED

TRUST: dict[Status, float] = {"grounded": 1.0, "normalised": 0.9, "inferred": 0.5, "missing": 1.0}
"""What the share of readings that agree is multiplied by: what stands in the source is likelier to be right."""
WORD = re.compile(r"[^\W_]+")
START, END = r"(?<![^\W_])", r"(?![^\W_])"
"""No part of a word."""
FIRST_DIGIT = r"(?<!\d\.)(?<!^-)(?<![^\w)\]]-)"
"""Before a number: no other part of it, and no sign, which a hyphen in `2-5` and `GPT-2` isn't."""
LAST_DIGIT = r"(?!\.\d|,\d{3}(?!\d))"
NUMBER = re.compile(
    rf"{START}(?<!\d\.)(?:(?<![\w)\]])[-+])?(?:\d{{1,3}}(?:,\d{{3}})+|\d+)?(?:(?<=\d)\.?|\.(?=\d))\d*(?:e[-+]?\d+)?"
    rf"(?:(?={ATTACHED.pattern})|{END}){LAST_DIGIT}(?!\^-?\d)",
    re.I,
)
"""A number by itself or with its unit: not that of `B10` and `1.0.2`, nor of `345M`, which is another one."""
TOKEN = re.compile(r"[^\W_]+(?:(?<=\d)[.,](?=\d)[^\W_]+)*|[<>≤≥±#]|\++(?!\s*\w)")
"""What of a value counts however it is spelt: words, numbers as a whole, bounds, the end of `C++`."""
BETWEEN = r"[^\w<>≤≥±#]{0,5}|_{1,5}"
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
        self._exact: dict[tuple[str, str, int], list[Cell]] = {}
        for cell in table.cells:
            for line in _lines(cell):
                some = self._exact.setdefault((folded(cell.text), *line), [])
                some += [cell] if len(some) < 2 else []
        self._texts = [(origin, folded(text)) for origin, text in _texts(table)]
        self._words = {word for _, text in self._texts for word in WORD.findall(text)}
        self._anywhere = lru_cache(4096)(self._searched)

    def find(self, value: str, cell: Target) -> Found | None:
        """Where a value stands that was said of a cell; None where it is nowhere."""
        path = [*self._grid.beside(cell.row, cell.column), *self._grid.above(cell.row, cell.column)]
        own, plain = self._grid.at(cell.row, cell.column), folded(value)
        if exact := next((one for one in path if folded(one.text) == plain), None):
            return _whole(exact), "grounded"
        texts = [(_whole(one), folded(one.text)) for one in path]
        return (
            _matched(_verbatim(value), texts, "grounded")
            or self.cell(value, cell)
            or self.cell(value, None)
            or _first(value, [*texts, (_whole(own), folded(own.text))])
            or self._anywhere(value)
        )

    def cell(self, value: str, beside: Target | None) -> Found | None:
        """A cell that says a value and nothing else, in the row or column of another, which comes last itself, or anywhere."""
        lines = [("row", beside.row), ("column", beside.column)] if beside else [("", 0)]
        found = [one for line in lines for one in self._exact.get((folded(value), *line), ())]
        own = self._grid.at(beside.row, beside.column) if beside else None
        nearest = min(found, key=lambda one: one is own, default=None)
        return (_whole(nearest), "grounded") if nearest else None

    def knows(self, text: str) -> bool:
        """Whether any word of a text stands anywhere, common ones aside."""
        return any(word in self._words for word in WORD.findall(folded(text)) if word not in COMMON)

    def _searched(self, value: str) -> Found | None:
        """Whether a text has it is asked of all at once, as thousands of values may stand nowhere."""
        for pattern, status in _patterns(value):
            if all(word in self._joined for word in WORD.findall(folded(value))) and pattern.search(self._joined):
                return _matched(pattern, self._texts, status)
        amount = _amount(value)
        origin = self._numbers.get(amount) if amount is not None else None
        return (origin, "normalised") if origin else None

    @cached_property
    def _joined(self) -> str:
        """All texts, so far apart that no pattern goes from one into the next."""
        return ("\0" * 8).join(text for _, text in self._texts)

    @cached_property
    def _numbers(self) -> dict[float, Origin]:
        """Where each number stands first."""
        found: dict[float, Origin] = {}
        for origin, text in self._texts:
            for amount, start, end in _amounts(text):
                found.setdefault(amount, _part(origin, start, end))
        return found


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


def spoken(record: Extracted) -> Said:
    """A record as a model says it: what `ground` was given, its pairs without a word in the source left out."""
    said: Said = {TYPE: record.type}
    for value in record.values:
        if value.key:
            said.setdefault(value.name, {})[value.key] = value.text
        else:
            said[value.name] = value.text
    return said


def _values(said: object, attribute: Attribute, cell: Target, source: Source, agreed: float) -> Iterator[Value]:
    pairs = said if isinstance(said, dict) else {"": said} if said not in (None, "") else {}
    kept = {key: str(text) for key, text in pairs.items() if not key or source.knows(f"{key} {text}")}
    if not kept:
        yield Value(name=attribute.name, status="missing", confidence=agreed)
    for key, text in kept.items():
        # That "true" stands in a text about true positives says nothing.
        found = source.cell(text, cell) if attribute.kind == "boolean" else source.find(text, cell)
        origin, status = found or (None, "inferred")
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


def _lines(cell: Cell) -> Iterator[tuple[str, int]]:
    """The rows and columns that a cell stands in, and the whole table."""
    yield from (("row", row) for row in range(cell.row, cell.row + cell.rows))
    yield from (("column", column) for column in range(cell.column, cell.column + cell.columns))
    yield "", 0


def _first(value: str, texts: Texts) -> Found | None:
    """The first text that has a value word for word; else the first that has it in another spelling."""
    for pattern, status in _patterns(value):
        if found := _matched(pattern, texts, status):
            return found
    wanted = _amount(value)
    same = (_part(origin, *place) for origin, text in texts for amount, *place in _amounts(text) if amount == wanted)
    origin = next(same, None) if wanted is not None else None
    return (origin, "normalised") if origin else None


def _patterns(value: str) -> Iterator[tuple[re.Pattern[str], Status]]:
    tried: tuple[tuple[re.Pattern[str] | None, Status], ...] = ((_verbatim(value), "grounded"), (_spelt(value), "normalised"))
    yield from ((pattern, status) for pattern, status in tried if pattern)


def _matched(pattern: re.Pattern[str] | None, texts: Texts, status: Status) -> Found | None:
    for origin, text in texts if pattern else ():
        if pattern and (found := pattern.search(text)):
            return _part(origin, found.start(), found.end()), status
    return None


def _part(origin: Origin, start: int, end: int) -> Origin:
    return origin.model_copy(update={"start": start, "end": end})


def _amount(text: str) -> float | None:
    """The number that a text is; None where it is none, or too large for one."""
    found = NUMBER.fullmatch(text.translate(SAME).strip().rstrip("%").strip())
    return _float(found[0]) if found else None


def _amounts(text: str) -> Iterator[tuple[float, int, int]]:
    """The numbers in a folded text, each with its place, whatever their commas and zeros."""
    for found in NUMBER.finditer(text):
        amount = _float(found[0])
        if amount is not None:
            yield amount, found.start(), found.end()


def _float(text: str) -> float | None:
    """Nine digits of a number, by which those are the same that a computer wrote differently."""
    amount = float(f"{float(text.replace(',', '')):.9g}")
    return amount if math.isfinite(amount) else None


@lru_cache(4096)
def _verbatim(value: str) -> re.Pattern[str] | None:
    """A value as it is, its blanks aside, and no part of a longer word or number."""
    parts = folded(value).split()
    return _bounded(value, r"\s+".join(map(re.escape, parts))) if parts else None


@lru_cache(4096)
def _spelt(value: str) -> re.Pattern[str] | None:
    """A value's words and numbers, whatever stands between them; None for a number by itself, which `_number` compares."""
    words = TOKEN.findall(folded(value))
    if _amount(value) is not None or not any(map(WORD.match, words)):
        return None
    pattern = re.escape(words[0])
    for before, after in pairwise(words):
        apart = r"(?![.,]\d)(?=[\W_])" if before[-1].isdigit() and after[0].isdigit() else ""
        pattern += f"{apart}(?:{BETWEEN}){re.escape(after)}"
    return _bounded("".join(words), pattern)


def _bounded(value: str, pattern: str) -> re.Pattern[str]:
    """A pattern that finds a value where it is no part of something longer; a unit may stand right after a number."""
    value = value.strip()
    start = "" if not re.match(r"[-+.]?\w", value) else r"(?<![^\W\d_])" if ATTACHED.fullmatch(value) else START
    if value[:1].isdigit():
        start += FIRST_DIGIT + (r"(?<!\d,)" if re.match(r"\d{3}(?!\d)", value) else "")
    end = END if re.search(r"\w$", value) else ""
    if value[-1:].isdigit():
        end += LAST_DIGIT + (r"(?!\^-?\d)" if re.search(r"(?<![.\d])\d+$", value) else "")
    return re.compile(f"{start}(?:{pattern}){end}")
