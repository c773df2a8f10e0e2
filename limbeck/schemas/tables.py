"""Tables: cells on one grid, whatever they were read from, each with its place in the source.

`Cell(row=1, column=0, text="BERT", spot=Spot(start=118, end=127))`
`Target(row=1, column=2, value="0.88", start=0, end=4)`
"""

from typing import Literal

from limbeck.schemas.record import Record

Format = Literal["latex", "html", "jats", "markdown", "csv", "xlsx", "pdf"]
Header = Literal["column", "row", "section"]
"""What a cell names: what stands below it; what stands beside it; all rows below it up to the next section."""


def cell_key(row: int, column: int, part: int = 0) -> str:
    """How a value in a table is named: `3,2`, or `3,2,1` for the cell's second value."""
    return f"{row},{column}" + (f",{part}" if part else "")


class Spot(Record):
    """Where a cell stands in its source: characters of a text, a sheet's cell, or a page's box."""

    start: int | None = None
    """The first of its characters in the source, and the one after its last."""
    end: int | None = None
    sheet: str | None = None
    reference: str | None = None
    """A sheet's cell, such as `B7`."""
    page: int | None = None
    """From 1."""
    box: tuple[float, float, float, float] | None = None
    """Left, top, right, bottom, in points from the page's upper left corner."""


class Cell(Record):
    """One cell of a grid; a cell that spans others covers their places."""

    row: int
    """From 0; of its upper left place."""
    column: int
    rows: int = 1
    """Places it covers."""
    columns: int = 1
    text: str = ""
    """As a person reads it: no markup, blanks as one space."""
    header: Header | None = None
    spot: Spot = Spot()


class Target(Record):
    """A value in a cell that is to become a record; a cell may hold several, as in `12 (34)`."""

    row: int
    column: int
    part: int = 0
    """Which of the cell's values, from 0."""
    value: str
    start: int
    """In the cell's text, in characters."""
    end: int

    @property
    def key(self) -> str:
        """How answers and votes name it: `3,2`, or `3,2,1` for the cell's second value."""
        return cell_key(self.row, self.column, self.part)


class Table(Record):
    """A table and the text around it."""

    format: Format
    source: str = ""
    """The file that it stands in, and which table of it: `paper.tex#3`."""
    caption: str = ""
    notes: tuple[str, ...] = ()
    """Footnotes."""
    paragraphs: tuple[str, ...] = ()
    """Text of the same file that speaks of it, what says most about it last."""
    rows: int
    columns: int
    cells: tuple[Cell, ...]
    """In reading order; every place of the grid is covered by exactly one."""
    markup: str = ""
    """The table as its source wrote it; empty where the source is no text."""
