"""Tables as tests write them: what each place shows, what names it, and whether the grid is whole."""

from collections import Counter

from limbeck.schemas.tables import Table

MARKS = {"column": "^", "row": "<", "section": "§", None: ""}


def shown(table: Table) -> list[str]:
    """Each row with its places' texts; a cell that covers several is written in its first, `"` in the others."""
    places = {(cell.row, cell.column): cell.text for cell in table.cells}
    return [" | ".join(places.get((row, column), '"') for column in range(table.columns)) for row in range(table.rows)]


def marked(table: Table) -> list[str]:
    """Each row with its places' kinds of header."""
    kinds = {
        (row, column): MARKS[cell.header] or "."
        for cell in table.cells
        for row in range(cell.row, cell.row + cell.rows)
        for column in range(cell.column, cell.column + cell.columns)
    }
    return ["".join(kinds[row, column] for column in range(table.columns)) for row in range(table.rows)]


def is_whole(table: Table) -> bool:
    """Whether every place is covered once, and none outside the grid."""
    covered = Counter(
        (row, column)
        for cell in table.cells
        for row in range(cell.row, cell.row + cell.rows)
        for column in range(cell.column, cell.column + cell.columns)
    )
    wanted = {(row, column) for row in range(table.rows) for column in range(table.columns)}
    return covered.keys() == wanted and set(covered.values()) <= {1}


def spots(table: Table, source: str) -> list[str]:
    """What stands in the source where each cell that has a text says that it stands."""
    return [source[cell.spot.start : cell.spot.end] for cell in table.cells if cell.text]
