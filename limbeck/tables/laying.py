"""Laying: pieces as a source lists them, row by row, become cells that cover every place of a grid exactly once.

HTML and JATS leave out the places that a cell above covers, so that what follows flows to the right (`flowing`); LaTeX
and sheets write those places down, empty (`standing`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from limbeck.errors import TableError
from limbeck.schemas.tables import Cell, Header, Spot
from limbeck.tables.grid import places

MOST_PLACES = 200_000
"""Of a table, so that a span of a billion can't take the memory."""
MOST_COLUMNS = 1000
"""That a cell may cover, as in HTML's standard."""


@dataclass(frozen=True)
class Piece:
    """A cell that has no place yet."""

    text: str = ""
    rows: int = 1
    r"""Below zero: it covers rows above it, as LaTeX's `\multirow{-2}` does; 0: all rows that follow."""
    columns: int = 1
    header: Header | None = None
    spot: Spot = field(default_factory=Spot)


@dataclass(frozen=True)
class Laid:
    """A grid's size and its cells in reading order."""

    rows: int
    columns: int
    cells: tuple[Cell, ...]


Taken = dict[tuple[int, int], Cell]


def flowing(rows: Sequence[Sequence[Piece]]) -> Laid:
    """Lay pieces where a piece goes to the first place of its row that no cell from above covers.

    Raises:
        TableError: The grid would have more than `MOST_PLACES` places.
    """
    taken: Taken = {}
    for row, pieces in enumerate(rows):
        column = 0
        for piece in pieces:
            while (row, column) in taken:
                column += 1
            cell = _cell(piece, row, column, len(rows), taken)
            _put(cell, taken)
            column += cell.columns
    return _whole(len(rows), taken)


def standing(rows: Sequence[Sequence[Piece]]) -> Laid:
    """Lay pieces where a piece stands at its own place, and a span covers only what is empty.

    Raises:
        TableError: The grid would have more than `MOST_PLACES` places.
    """
    starts = [_starts(pieces) for pieces in rows]
    free = {(row, at) for row, found in enumerate(starts) for at, one in found for at in _span(at, one) if not one.text}
    width = max((at + one.columns for found in starts for at, one in found), default=0)
    _bounded(len(rows), width)
    free |= {(row, at) for row, found in enumerate(starts) for at in range(_width(found), width)}
    taken: Taken = {}
    everything = [(row, at, piece) for row, found in enumerate(starts) for at, piece in found]
    for row, at, piece in [one for one in everything if one[2].text] + [one for one in everything if not one[2].text]:
        if (row, at) not in taken:
            _put(_stood(piece, row, at, len(rows), free, taken), taken)
    return _whole(len(rows), taken)


def _starts(pieces: Sequence[Piece]) -> list[tuple[int, Piece]]:
    found, at = [], 0
    for piece in pieces:
        found.append((at, replace(piece, columns=max(1, min(piece.columns, MOST_COLUMNS)))))
        at += found[-1][1].columns
    return found


def _width(found: list[tuple[int, Piece]]) -> int:
    return found[-1][0] + found[-1][1].columns if found else 0


def _span(at: int, piece: Piece) -> range:
    return range(at, at + piece.columns)


def _stood(piece: Piece, row: int, at: int, rows: int, free: set[tuple[int, int]], taken: Taken) -> Cell:
    """The cell of a piece: a span stops at the first row where anything is written."""
    wanted = range(row + 1, min(rows, row + piece.rows)) if piece.rows >= 0 else range(row - 1, max(-1, row + piece.rows), -1)
    top = bottom = row
    for other in wanted:
        if not all((other, column) in free and (other, column) not in taken for column in _span(at, piece)):
            break
        top, bottom = min(top, other), max(bottom, other)
    columns = next((n for n in range(1, piece.columns) if (row, at + n) in taken), piece.columns)
    return _made(piece, top, at, bottom - top + 1, columns)


def _cell(piece: Piece, row: int, column: int, rows: int, taken: Taken) -> Cell:
    """The cell of a flowing piece: a span stops before a place that is taken."""
    most = max(1, min(piece.columns, MOST_COLUMNS))
    columns = next((n for n in range(1, most) if (row, column + n) in taken), most)
    down = max(1, min(piece.rows or rows, rows - row))
    _bounded(down, columns)
    return _made(piece, row, column, down, columns)


def _made(piece: Piece, row: int, column: int, rows: int, columns: int) -> Cell:
    return Cell(row=row, column=column, rows=rows, columns=columns, text=piece.text, header=piece.header, spot=piece.spot)


def _bounded(rows: int, columns: int) -> None:
    if rows * columns > MOST_PLACES:
        raise TableError(f"a table of {rows:,} x {columns:,} places is more than {MOST_PLACES:,}; split it")


def _put(cell: Cell, taken: Taken) -> None:
    _bounded(1, len(taken) + cell.rows * cell.columns)
    for place in places(cell):
        taken[place] = cell


def _whole(rows: int, taken: Taken) -> Laid:
    """Fill what nobody covers, and leave out columns at the right in which no cell begins."""
    columns = 1 + max((column for _, column in taken), default=-1)
    begun = 1 + max((cell.column for cell in taken.values()), default=-1)
    width = min(columns, max(begun, 0))
    _bounded(rows, width)
    cells = {(cell.row, cell.column): cell for cell in taken.values()}
    cells |= {(row, column): Cell(row=row, column=column) for row in range(rows) for column in range(width) if (row, column) not in taken}
    narrow = [cell.model_copy(update={"columns": min(cell.columns, width - cell.column)}) for _, cell in sorted(cells.items())]
    return Laid(rows if width else 0, width, tuple(narrow))
