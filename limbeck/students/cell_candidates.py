"""Candidates: the texts around a value that one of its attributes may be, each with where it stands.

A text that stands at several places is one candidate with several roles, as in `Candidate("SGD", {"column1", "column top"})`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from limbeck.schemas.tables import Cell, Table, Target
from limbeck.tables.describing import BRACKETED, carried, column_path, is_number, over, row_path
from limbeck.tables.grid import Grid

ROLES = (
    "column1", "column2", "column3", "column top", "row1", "row2", "row3", "row last", "section", "first", "left", "right",
    "cell", "corner", "unit of column", "unit of row", "unit of caption", "unit of note", "part of column", "part of row",
    "caption", "in caption", "in note", "in paragraph", "before", "after", "constant", "nothing",
)  # fmt: skip
"""Where a text may stand; `nothing` is that the attribute is not said."""
MOST_LENGTH, MOST_SPANS, MOST_PARAGRAPH = 120, 24, 16
MOST_CELLS = 12
STOP = frozenset(
    "a an the of on in for with and or to by from as at is are was were we our this that these those it its their using used "
    "between over under per than which where when respectively different various all each results result table shows show "
    "indicates denotes note also not no be been can both after before during via against into about".split()
)
WORD = re.compile(r"[^\s,;:()\[\]{}=\"“”]+")
PARTS = re.compile(r"\s*[,;:()\[\]|]\s*|\s+[-–—/]\s+|(?<=\w)/(?=\w)|\s+(?:in|of|on|for|by|with|to)\s+")
NUMERIC = re.compile(r"\d+(?:[.,]\d+)?")


@dataclass(eq=False)
class Candidate:
    """A text that an attribute may be."""

    text: str
    roles: set[str] = field(default_factory=set)
    about: set[str] = field(default_factory=set)
    """What stands over or before it, and so names it."""


def candidates(table: Table, target: Target, grid: Grid, around: list[Candidate]) -> list[Candidate]:
    """Those of one value.

    Args:
        table: It stands in this one.
        target: The value.
        grid: The table's.
        around: What `around_table` gave: candidates of every value of the table.
    """
    found: dict[str, Candidate] = {}
    for role, text, about in _all(grid, target):
        text = text.strip()
        if not text or len(text) > MOST_LENGTH:
            continue
        one = found.setdefault(text.casefold(), Candidate(text))
        one.roles.add(role)
        if about:
            one.about.add(about)
    for other in around:
        mine = found.get(other.text.casefold())
        if mine:
            mine.roles |= other.roles
        else:
            found[other.text.casefold()] = other
    return list(found.values())


def around_table(table: Table) -> list[Candidate]:
    """Candidates of every value of a table: its caption's, notes' and paragraphs' spans."""
    found: dict[str, Candidate] = {}
    sources: list[tuple[str, str]] = [("unit of caption", unit) for unit in BRACKETED.findall(table.caption)]
    sources += [("unit of note", unit) for note in table.notes for unit in BRACKETED.findall(note)][:6]
    sources += [("in caption", span) for span in list(spans(table.caption))[:MOST_SPANS]]
    sources += [("in note", span) for note in table.notes for span in list(spans(note))[:6]][: MOST_SPANS // 2]
    sources += [("in paragraph", span) for span in _named(table)]
    if 0 < len(table.caption) <= MOST_LENGTH:
        sources.append(("caption", table.caption))
    for role, text in sources:
        found.setdefault(text.casefold(), Candidate(text)).roles.add(role)
    return list(found.values())


def spans(text: str) -> Iterator[str]:
    """Phrases of a text: what stands between its small words and its punctuation, at most five words each."""
    run: list[str] = []
    last = 0
    for word in WORD.finditer(text):
        gap, said = text[last : word.start()], word[0].rstrip(".")
        if run and (gap.strip() or len(run) == 5):
            yield " ".join(run)
            run = []
        if said.casefold() in STOP or NUMERIC.fullmatch(said):
            if run:
                yield " ".join(run)
            run = []
        elif said:
            run.append(said)
            if word[0].endswith("."):
                yield " ".join(run)
                run = []
        last = word.end()
    if run:
        yield " ".join(run)


def _named(table: Table) -> list[str]:
    """The words of the paragraphs that look like names, those said most often first."""
    counts: dict[str, int] = {}
    for paragraph in table.paragraphs[-4:]:
        for span in spans(paragraph[:2500]):
            for name in _capitals(span):
                counts[name] = counts.get(name, 0) + 1
    return sorted(counts, key=lambda name: (-counts[name], name))[:MOST_PARAGRAPH]


def _capitals(span: str) -> Iterator[str]:
    """The longest runs of words of a phrase that have a capital or a digit after a letter."""
    run: list[str] = []
    for word in [*span.split(), ""]:
        if any(sign.isupper() for sign in word):
            run.append(word)
        elif run:
            yield " ".join(run)
            run = []


def _all(grid: Grid, target: Target) -> Iterator[tuple[str, str, str]]:
    """(role, text, what names it) of all that stands in the table."""
    above, beside = column_path(grid, target), row_path(grid, target)
    yield from _of_columns(grid, target, above)
    yield from _of_rows(grid, target, beside)
    yield from _of_cells(grid, target)
    yield from _within(grid, target)


def _of_columns(grid: Grid, target: Target, above: list[str]) -> Iterator[tuple[str, str, str]]:
    for level, text in enumerate(reversed(above)):
        parent = above[-level - 2] if level + 1 < len(above) else ""
        yield f"column{min(level + 1, 3)}", text, parent or _left_of(grid, target, text)
        yield from (("unit of column", unit, BRACKETED.sub(" ", text)) for unit in BRACKETED.findall(text))
        yield from _parts("part of column", text)
    if above:
        few = above[-1].split()
        yield from (("part of column", word.strip("()[],;:"), "") for word in few if 1 < len(few) < 5)
        yield "column top", above[0], ""
    corner = grid.at(0, 0)
    if corner.row + corner.rows <= target.row:
        yield "corner", corner.text, ""


def _left_of(grid: Grid, target: Target, text: str) -> str:
    """What stands at the left end of the header row that a text stands in."""
    rows = [row for row in range(target.row) if grid.at(row, target.column).text == text]
    first = grid.at(rows[-1], 0).text if rows else ""
    return first if first != text else ""


def _of_rows(grid: Grid, target: Target, beside: list[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    for level, (text, about) in enumerate(beside):
        yield f"row{min(level + 1, 3)}", text, about
        yield from (("unit of row", unit, BRACKETED.sub(" ", text)) for unit in BRACKETED.findall(text))
        yield from _parts("part of row", text)
    if beside:
        yield "row last", beside[-1][0], beside[-1][1]
    sections = [cell for cell in grid.above(target.row, target.column) if cell.header == "section"]
    yield from (("section", cell.text, "") for cell in sections)


def _of_cells(grid: Grid, target: Target) -> Iterator[tuple[str, str, str]]:
    """The row's other cells: its first, the nearest words to either side, and what else it holds."""
    if target.column:
        yield "first", carried(grid, target.row).text, over(grid, target.row, 0)
    cells: dict[int, Cell] = {cell.column: cell for at in range(grid.table.columns) if (cell := grid.at(target.row, at))}
    left = [cell for cell in cells.values() if cell.column + cell.columns <= target.column and cell.text]
    right = [cell for cell in cells.values() if cell.column > target.column and cell.text and not is_number(cell.text)]
    for role, near in (("left", left[::-1]), ("right", right)):
        words = [cell for cell in near if not is_number(cell.text)][:1]
        yield from ((role, cell.text, over(grid, target.row, cell.column)) for cell in words)
    for cell in [*left[:MOST_CELLS], *right[: MOST_CELLS // 2]]:
        yield "cell", cell.text, over(grid, target.row, cell.column)


def _within(grid: Grid, target: Target) -> Iterator[tuple[str, str, str]]:
    """What stands right before and after the value in its own cell."""
    text = grid.at(target.row, target.column).text
    before, after = text[: target.start], text[target.end :]
    if words := re.findall(r"[^\W\d_][^\s\d]*", before):
        yield "before", words[-1], ""
    tail = re.match(r"\s*([^\s,;+\-–]{1,20})", after)
    if tail and re.search(r"[^\W\d_]|%", tail[1]):
        yield "after", tail[1], ""


def _parts(role: str, text: str) -> Iterator[tuple[str, str, str]]:
    pieces = [piece for piece in PARTS.split(text) if piece and not is_number(piece)]
    if len(pieces) > 1 or (pieces and pieces[0] != text):
        yield from ((role, piece, "") for piece in pieces[:6])
