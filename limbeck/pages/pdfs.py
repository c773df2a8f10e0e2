"""PDFs: the words that they hold, with boxes, and a picture of each page that holds none, for OCR.

Boxes are in points of the page as it is shown, upright. Text that is not shown, such as an older OCR's, is not read.
PDFium may be used by one thread at a time; OCR goes on meanwhile.
"""

import ctypes
import math
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from limbeck.errors import ConfigError, PagesError
from limbeck.pages import images
from limbeck.pages.ocr import Piece, Turn
from limbeck.pages.scripts import words_of
from limbeck.schemas.pages import Box

if TYPE_CHECKING:
    from PIL.Image import Image

DOTS = 200 / 72
"""Pixels a point, at most, of a page that is drawn."""
HARDLY = 20
"""Fewer words than this on a page that is mostly a picture: it was scanned, and they are a stamp."""
MOSTLY = 0.5
USABLE = 0.7
"""Share of letters that are letters; fewer where a font doesn't say what its glyphs mean."""
INVISIBLE = 3
"""The mode of drawing text that draws nothing."""
_lock = threading.Lock()


@dataclass(frozen=True)
class Leaf:
    """A page of a PDF: its words, or its picture where they have to be read from it."""

    width: float
    """In points, upright."""
    height: float
    pieces: tuple[Piece, ...] = ()
    turned: Turn = 0
    picture: "Image | None" = None
    """As it is shown."""


@dataclass(frozen=True)
class Frame:
    """How a page's own coordinates become those of the upright page."""

    left: float
    top: float
    width: float
    height: float
    turn: Turn

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        """A box of the upright page, from its edges in the page's coordinates, which grow upwards."""
        x0, y0, x1, y1 = left - self.left, self.top - top, right - self.left, self.top - bottom
        if self.turn == 90:
            return self.height - y1, x0, self.height - y0, x1
        if self.turn == 180:
            return self.width - x1, self.height - y1, self.width - x0, self.height - y0
        return (y0, self.width - x1, y1, self.width - x0) if self.turn == 270 else (x0, y0, x1, y1)

    @property
    def size(self) -> tuple[float, float]:
        """Of the upright page."""
        return (self.height, self.width) if self.turn in (90, 270) else (self.width, self.height)


def leaves(path: str) -> Iterator[Leaf]:
    """The pages of a PDF, one in memory at a time.

    Raises:
        PagesError: It is broken, or locked with a password.
        ConfigError: The package that reads PDFs is not installed.
    """
    with _troubles(path), _opened(path) as document:
        for number in range(len(document)):
            with _page(document, number) as page:
                leaf = _leaf(page)
            yield leaf


def drawn_page(path: str, number: int, longest: int) -> "Image":
    """A picture of one page as it is shown, its longer side of so many pixels at most.

    Raises:
        PagesError, ConfigError: As of `leaves`, or it has no such page.
    """
    with _troubles(path), _opened(path) as document:
        if not 0 <= number < len(document):
            raise PagesError(f"{path!r} has no page {number + 1}; it has {len(document)}")
        with _page(document, number) as page:
            return _drawn(page, longest / max(page.get_size()))


@contextmanager
def _troubles(path: str) -> Iterator[None]:
    try:
        from pypdfium2 import PdfiumError
    except ImportError:
        raise ConfigError(images.INSTALL.format("a PDF")) from None
    try:
        yield
    except FileNotFoundError:
        raise images.gone(path) from None
    except PdfiumError as error:
        # PDFium says the last file's error of one without pages.
        if "password" in str(error).lower() and b"/Encrypt" in Path(path).read_bytes():
            raise PagesError(f"{path!r} is locked with a password; save it without one, or leave it out") from None
        raise PagesError(f"{path!r} is no PDF that can be read, or has no pages; print it to PDF again, or leave it out") from None


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    import pypdfium2

    with _lock:
        document = pypdfium2.PdfDocument(path)
    try:
        yield document
    finally:
        with _lock:
            document.close()


@contextmanager
def _page(document: Any, number: int) -> Iterator[Any]:
    with _lock:
        page = document[number]
        try:
            yield page
        finally:
            page.close()


def _leaf(page: Any) -> Leaf:
    letters = _letters(page)
    angle = Counter(letter.angle for letter in letters).most_common(1)
    rotation = page.get_rotation()
    turn = cast(Turn, angle[0][0] if angle else rotation)
    left, bottom, right, top = page.get_bbox()
    frame = Frame(left, top, right - left, top - bottom, turn)
    pieces = _pieces(letters, frame)
    if _scanned(page, pieces):
        width, height = page.get_size()
        return Leaf(width, height, picture=_drawn(page, DOTS * images.scale_for_reading(width * DOTS, height * DOTS)))
    return Leaf(*frame.size, tuple(pieces), cast(Turn, (turn - rotation) % 360))


def _drawn(page: Any, scale: float) -> "Image":
    most = images.MOST_LONG / max(page.get_size())
    return cast("Image", page.render(scale=min(scale, most), rev_byteorder=True).to_pil().convert("RGB"))


def _scanned(page: Any, pieces: list[Piece]) -> bool:
    """Whether a page's words have to be read from its picture."""
    import pypdfium2.raw as pdfium

    if not pieces:
        return any(True for _ in page.get_objects(max_depth=1))
    if _usable(pieces) < USABLE:
        return True
    if len(pieces) >= HARDLY:
        return False
    width, height = page.get_size()
    shown = (one.get_bounds() for one in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=3))
    return any((right - left) * (top - bottom) >= MOSTLY * width * height for left, bottom, right, top in shown)


def _usable(pieces: list[Piece]) -> float:
    letters = "".join(piece.text for piece in pieces)
    return sum(letter.isprintable() and letter != "\ufffd" and not "\ue000" <= letter <= "\uf8ff" for letter in letters) / len(letters)


@dataclass(frozen=True)
class Letter:
    """A letter that is shown, or a blank."""

    text: str
    edges: tuple[float, float, float, float]
    """Left, bottom, right, top in the page's coordinates."""
    angle: int
    """Degrees by which its line is turned against the clock; a multiple of 90."""


def _letters(page: Any) -> list[Letter]:
    import pypdfium2.raw as pdfium

    text = page.get_textpage()
    try:
        return [letter for at in range(text.count_chars()) if (letter := _letter(pdfium, text, at)) is not None]
    finally:
        text.close()


def _letter(pdfium: Any, text: Any, at: int) -> Letter | None:
    code = pdfium.FPDFText_GetUnicode(text, at)
    if not code or 0xD800 <= code < 0xE000 or code > 0x10FFFF:
        return None
    shown = pdfium.FPDFText_GetTextObject(text, at)
    if shown and pdfium.FPDFTextObj_GetTextRenderMode(shown) == INVISIBLE:
        return None
    edges = pdfium.FS_RECTF()
    if not pdfium.FPDFText_GetLooseCharBox(text, at, ctypes.byref(edges)):
        return Letter(" ", (0.0, 0.0, 0.0, 0.0), 0)
    angle = -round(math.degrees(pdfium.FPDFText_GetCharAngle(text, at)) / 90) % 4 * 90
    return Letter(chr(code), (edges.left, edges.bottom, edges.right, edges.top), angle)


def _pieces(letters: list[Letter], frame: Frame) -> list[Piece]:
    line = "".join(letter.text for letter in letters)
    found = []
    for start, end in words_of(line):
        left, bottom, right, top = zip(*(letter.edges for letter in letters[start:end]), strict=True)
        found.append(Piece(line[start:end], frame.box(min(left), min(bottom), max(right), max(top)), 1.0))
    return [piece for piece in found if _is_on(piece.box, *frame.size)]


def _is_on(box: Box, width: float, height: float) -> bool:
    """Whether a word is on the page; what was cropped away is not."""
    return 0 <= box[0] + box[2] <= 2 * width and 0 <= box[1] + box[3] <= 2 * height
