"""A table's places: which cell covers each, and the headers above and beside it."""

from collections.abc import Iterator
from functools import cached_property

from limbeck.schemas.tables import Cell, Table


class Grid:
    """A table, looked at by row and column.

    Args:
        table: Every place of it is covered by one cell.
    """

    def __init__(self, table: Table) -> None:
        self.table = table

    @cached_property
    def _covered(self) -> dict[tuple[int, int], Cell]:
        return {place: cell for cell in self.table.cells for place in _places(cell)}

    @cached_property
    def _sections(self) -> list[Cell]:
        """They name all columns, also where they stand in the first alone."""
        return [cell for cell in self.table.cells if cell.header == "section"]

    def at(self, row: int, column: int) -> Cell:
        """The cell that covers a place."""
        return self._covered[row, column]

    def above(self, row: int, column: int) -> list[Cell]:
        """The headers of a column from the top, each once, and then the section that a row stands in."""
        cells = _each_once(self.at(one, column) for one in range(row))
        sections = [cell for cell in self._sections if cell.row < row][-1:]
        return [cell for cell in cells if cell.header == "column" and cell.text] + sections

    def beside(self, row: int, column: int) -> list[Cell]:
        """The headers of a row from the left, each once."""
        cells = _each_once(self.at(row, one) for one in range(column))
        return [cell for cell in cells if cell.header == "row" and cell.text]


def _places(cell: Cell) -> Iterator[tuple[int, int]]:
    for row in range(cell.row, cell.row + cell.rows):
        for column in range(cell.column, cell.column + cell.columns):
            yield row, column


def _each_once(cells: Iterator[Cell]) -> list[Cell]:
    found: list[Cell] = []
    for cell in cells:
        if not found or cell is not found[-1]:
            found.append(cell)
    return found
