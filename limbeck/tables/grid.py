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
        return {place: cell for cell in self.table.cells for place in places(cell)}

    @cached_property
    def _heads(self) -> dict[tuple[str, int], list[Cell]]:
        """Headers by the columns that they stand in and the rows, so that long tables cost no more for each cell."""
        found: dict[tuple[str, int], list[Cell]] = {}
        for cell in self.table.cells:
            if cell.header in ("column", "row") and cell.text:
                first, count = (cell.column, cell.columns) if cell.header == "column" else (cell.row, cell.rows)
                for at in range(first, first + count):
                    found.setdefault((cell.header, at), []).append(cell)
        return found

    @cached_property
    def _sections(self) -> list[Cell]:
        """They name all columns, also where they stand in the first alone."""
        return [cell for cell in self.table.cells if cell.header == "section"]

    def at(self, row: int, column: int) -> Cell:
        """The cell that covers a place."""
        return self._covered[row, column]

    def above(self, row: int, column: int) -> list[Cell]:
        """The headers of a column from the top, each once, and then the section that a row stands in."""
        sections = [cell for cell in self._sections if cell.row < row][-1:]
        return [cell for cell in self._heads.get(("column", column), ()) if cell.row < row] + sections

    def beside(self, row: int, column: int) -> list[Cell]:
        """The headers of a row from the left, each once."""
        return sorted((cell for cell in self._heads.get(("row", row), ()) if cell.column < column), key=lambda cell: cell.column)


def places(cell: Cell) -> Iterator[tuple[int, int]]:
    """The rows and columns that a cell covers."""
    for row in range(cell.row, cell.row + cell.rows):
        for column in range(cell.column, cell.column + cell.columns):
            yield row, column
