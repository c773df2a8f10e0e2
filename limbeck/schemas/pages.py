"""Pages: words with boxes, whatever a document was read from.

`Word(text="TOTAL", box=(61.0, 402.0, 118.0, 417.0), page=0, line=14)`
"""

from typing import Literal

from limbeck.schemas.record import Record

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, from a page's upper left corner."""


class Word(Record):
    """A word where it stands."""

    text: str
    """Without blanks; never empty."""
    box: Box
    """In the units of its sheet."""
    page: int = 0
    """Its sheet, from 0."""
    line: int
    """Its row, from 0, counted through all sheets: what stands side by side is of one row, also across columns."""
    sure: float = 1.0
    """How sure OCR is of it, in [0, 1]."""


class Sheet(Record):
    """One page, upright."""

    width: float
    """In pixels of an image, points of a PDF, letters of a text."""
    height: float
    turned: Literal[0, 90, 180, 270] = 0
    """Degrees clockwise by which the source was turned to be upright."""
    ocr: bool = False
    """Whether its words were read from its picture."""


class Pages(Record):
    """A document's pages and all their words in reading order: sheet by sheet, row by row, from left to right."""

    sheets: tuple[Sheet, ...]
    words: tuple[Word, ...]
    """Named everywhere by their number in this list, from 0; the words of a row stand next to each other."""
