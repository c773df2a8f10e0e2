"""Headers: which cells name columns, rows and sections, where the markup doesn't say it."""

import functools
import re
from collections.abc import Sequence

from limbeck.schemas.tables import Cell, Header, Table
from limbeck.tables.laying import Piece
from limbeck.tables.targets import numbers

EMPTY = re.compile(r"[\s\-–—−./*]*|n/?a|nan", re.I)
MOST = 8
"""Header rows at most."""


def with_headers(table: Table, ruled: Sequence[int] = (), marked: int = 0) -> Table:
    """Say which cells are headers; what the markup said stays.

    Args:
        table: With or without headers.
        ruled: Rows that have a line across the table above them.
        marked: Rows from the top that the markup calls headers.
    """
    if not table.cells:
        return table
    lines = _lines(table)
    said = any(cell.header == "column" and cell.text for cell in table.cells)
    top = marked or (0 if said else _top(lines, ruled))
    below = max(top, _said(table))
    left = _left(lines, below)
    cells = [_named(cell, table, lines, top, below, left) for cell in table.cells]
    return table.model_copy(update={"cells": tuple(cells)})


def framed(rows: Sequence[Sequence[Piece]]) -> tuple[list[str], list[Sequence[Piece]], list[str]]:
    """The words that stand alone in the first rows, the rows of the table, and the words alone in the last ones: title and notes."""
    body = [at for at, row in enumerate(rows) if not _is_alone(row)]
    if not body:
        return [], list(rows), []
    first, last = body[0], body[-1] + 1
    title, notes = ([row[0].text for row in part if row[0].text] for part in (rows[:first], rows[last:]))
    return title, list(rows[first:last]), notes


def _is_alone(row: Sequence[Piece]) -> bool:
    return not any(piece.text for piece in row[1:]) and not numeric(row[0].text)


def _lines(table: Table) -> list[list[Cell]]:
    """The cells that cover each row, from the left."""
    lines: list[list[Cell]] = [[] for _ in range(table.rows)]
    for cell in table.cells:
        for row in range(cell.row, min(table.rows, cell.row + cell.rows)):
            lines[row].append(cell)
    return [sorted(line, key=lambda cell: cell.column) for line in lines]


@functools.lru_cache(10_000)
def _bare(text: str) -> bool:
    """Whether it is a number without words."""
    return bool(numbers(text, bare=True))


def _said(table: Table) -> int:
    """The row after the last that the markup calls a header."""
    return 1 + max((cell.row for cell in table.cells if cell.header == "column"), default=-1)


@functools.lru_cache(10_000)
def numeric(text: str) -> bool:
    """Whether a cell's text is a number, perhaps with a unit or an error."""
    return bool(numbers(text))


def _top(lines: list[list[Cell]], ruled: Sequence[int]) -> int:
    """How many rows from the top name columns: down to the first line across, or to the first row of values."""
    values = next((row for row in range(1, len(lines)) if _is_of_values(lines, row)), len(lines))
    first = next((row for row in ruled if row > 0), 0)
    top = min(values, MOST) if values < len(lines) else (1 if len(lines) > 1 else 0)
    if first and first <= MOST and first < len(lines) and len(ruled) < len(lines):
        top = first if first <= values or not _only_words(lines[:first]) else max(first, min(values, first))
    if top == len(lines):
        top = min(1, len(lines) - 1)
    if lines[0][0].header == "row" and lines[0][0].text and _is_of_values(lines, 0) and not first:
        return 0
    if top and _is_of_values(lines, 0) and _mostly(lines[0]):
        return 0 if not (first and first == top) else top
    return _lengthened(lines, _without_sections(lines, top))


def _without_sections(lines: list[list[Cell]], top: int) -> int:
    """A row that is one cell right above the values names a section, where other headers are above it."""
    while top > 1 and len(lines[top - 1]) == 1 and len(lines[top - 2]) > 1:
        top -= 1
    return top


def _only_words(lines: list[list[Cell]]) -> bool:
    return not any(_mostly(line) for line in lines)


def _lengthened(lines: list[list[Cell]], top: int) -> int:
    """A row beneath the headers that names no row of its own names columns, too, as `345M`, `1.3B` beneath `Accuracy`."""
    while 0 < top < min(len(lines) - 1, MOST):
        line, below = lines[top], lines[top + 1]
        stub, next_stub = line[0], below[0]
        if stub.text or stub.row != top or not next_stub.text or next_stub.row != top + 1:
            break
        top += 1
    return top


def _is_of_values(lines: list[list[Cell]], row: int) -> bool:
    """Whether a row holds a number beside its first cell, and names itself or is mostly numbers.

    Numbers with words above bare ones, as `4 Cracks` above `4.6`, name columns.
    """
    line = lines[row]
    own = [cell for cell in line if cell.row == row and cell.column and numeric(cell.text)]
    if not own or not (line[0].text or _mostly(line)):
        return False
    if any(_bare(cell.text) for cell in own) or row + 1 == len(lines):
        return True
    below = {cell.column: cell.text for cell in lines[row + 1]}
    return 2 * sum(_bare(below.get(cell.column, "")) for cell in own) <= len(own)


def _mostly(line: list[Cell]) -> bool:
    own = [cell for cell in line if cell.text]
    return sum(numeric(cell.text) for cell in own) * 2 > len(own)


def _left(lines: list[list[Cell]], top: int) -> int:
    """How many columns from the left name rows: the first, and those of words that follow it up to the first of numbers."""
    body = lines[top:] or lines
    columns = max((cell.column + cell.columns for line in body for cell in line), default=0)
    for column in range(1, min(columns, MOST)):
        texts = [cell.text for line in body for cell in line if cell.column == column and cell.columns < columns]
        texts = [text for text in texts if text and not EMPTY.fullmatch(text)]
        if texts and sum(map(numeric, texts)) * 2 > len(texts):
            return column
    return 1


def _named(cell: Cell, table: Table, lines: list[list[Cell]], top: int, below: int, left: int) -> Cell:
    header: Header | None = cell.header
    if cell.row < top:
        header = "column"
    elif header is None and _is_section(cell, table, lines):
        header = "section"
    elif header is None and cell.column < left and table.columns > 1 and cell.row >= below:
        header = "row"
    return cell if header == cell.header else cell.model_copy(update={"header": header})


def _is_section(cell: Cell, table: Table, lines: list[list[Cell]]) -> bool:
    """Whether a cell stands alone in its row, in words, with rows of values after it."""
    if not cell.text or table.columns < 2 or cell.rows > 1 or numeric(cell.text) or cell.row + 1 >= table.rows:
        return False
    if any(other.text for other in lines[cell.row] if other is not cell):
        return False
    return cell.column == 0 or cell.columns * 2 > table.columns
