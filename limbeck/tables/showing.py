"""A table as a prompt shows it: a line a row, every place named by its row and column, spans filled in."""

from collections.abc import Collection, Sequence
from functools import cached_property

from limbeck.schemas.tables import Table, Target
from limbeck.tables.grid import Grid

LEAST_ROOM = 200
"""Characters that are left for a table however little room there is."""


class Shown:
    """A table, to be shown as text."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._grid = Grid(table)

    @cached_property
    def whole(self) -> str:
        """All of it, with its caption above and its notes below."""
        return self._lines(range(self.table.rows), range(self.table.columns))

    def within(self, cells: Sequence[Target], room: int) -> str:
        """As much as goes into so many characters: all, or the headers and some cells' rows, then their columns alone, then cut."""
        if len(self.whole) <= room:
            return self.whole
        rows = sorted({one.row for one in cells} | self._heads)
        columns = sorted({one.column for one in cells} | self._sides)
        rows_alone = self._lines(rows, range(self.table.columns))
        if len(rows_alone) <= room:
            return rows_alone
        return self._lines(rows, columns)[: max(room, LEAST_ROOM)]

    def place(self, cell: Target) -> str:
        """Where a value stands, in words: `3,2: "0.88" in the row "BERT" and the column "Test / Accuracy"`."""
        paths = {"row": self._grid.beside(cell.row, cell.column), "column": self._grid.above(cell.row, cell.column)}
        parts = [f'the {name} "{" / ".join(one.text for one in path)}"' for name, path in paths.items() if path]
        text = self._grid.at(cell.row, cell.column).text
        parts += [f'the cell "{text}"'] if text.strip() != cell.value.strip() else []
        return f'{cell.key}: "{cell.value}"' + (f" in {' and '.join(parts)}" if parts else "")

    def _lines(self, rows: Collection[int], columns: Collection[int]) -> str:
        lines = [f"Caption: {self.table.caption}"] if self.table.caption else []
        lines.append(" | ".join(["row", *map(str, columns)]))
        lines += [" | ".join([str(row), *(self._grid.at(row, one).text for one in columns)]) for row in rows]
        return "\n".join([*lines, *(f"Note: {note}" for note in self.table.notes)])

    @cached_property
    def _heads(self) -> set[int]:
        """Rows of column headers and sections."""
        named = [one for one in self.table.cells if one.header in ("column", "section")]
        return {row for one in named for row in range(one.row, one.row + one.rows)}

    @cached_property
    def _sides(self) -> set[int]:
        """Columns of row headers."""
        named = [one for one in self.table.cells if one.header == "row"]
        return {column for one in named for column in range(one.column, one.column + one.columns)}
