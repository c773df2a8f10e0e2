"""A table as a prompt shows it: a line a row, every place named by its row and column, spans filled in."""

from collections.abc import Collection, Sequence

from limbeck.schemas.tables import Table, Target
from limbeck.tables.grid import Grid

LEAST_ROOM = 200
"""Characters that are left for a table however little room there is."""


def as_lines(table: Table, rows: Collection[int] | None = None, columns: Collection[int] | None = None) -> str:
    """A table as text, or those of its rows and columns; with its caption above it and its notes below."""
    grid = Grid(table)
    across = [one for one in range(table.columns) if columns is None or one in columns]
    lines = [f"Caption: {table.caption}"] if table.caption else []
    lines.append(" | ".join(["row", *map(str, across)]))
    for row in range(table.rows):
        if rows is None or row in rows:
            lines.append(" | ".join([str(row), *(grid.at(row, column).text for column in across)]))
    return "\n".join([*lines, *(f"Note: {note}" for note in table.notes)])


def within(table: Table, cells: Sequence[Target], room: int) -> str:
    """A table in so many characters: whole, or its headers and the rows of some cells, then their columns alone, then cut."""
    rows, columns = {one.row for one in cells}, {one.column for one in cells}
    heads = {row for cell in table.cells if cell.header in ("column", "section") for row in range(cell.row, cell.row + cell.rows)}
    sides = {one for cell in table.cells if cell.header == "row" for one in range(cell.column, cell.column + cell.columns)}
    for kept in ((None, None), (rows | heads, None), (rows | heads, columns | sides)):
        shown = as_lines(table, *kept)
        if len(shown) <= room:
            return shown
    return shown[: max(room, LEAST_ROOM)]


def place(table: Table, cell: Target) -> str:
    """Where a value stands, in words: `3,2: "0.88" in the row "BERT" and the column "Test / Accuracy"`."""
    grid = Grid(table)
    parts = [
        f'the {name} "{" / ".join(one.text for one in path)}"'
        for name, path in (("row", grid.beside(cell.row, cell.column)), ("column", grid.above(cell.row, cell.column)))
        if path
    ]
    text = grid.at(cell.row, cell.column).text
    parts += [f'the cell "{text}"'] if text.strip() != cell.value.strip() else []
    return f'{cell.key}: "{cell.value}"' + (f" in {' and '.join(parts)}" if parts else "")
