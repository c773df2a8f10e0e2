"""Engines that read words from pictures: RapidOCR, which a package brings, and Tesseract, where it is installed."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from shutil import which
from typing import TYPE_CHECKING, Literal, Protocol

from limbeck.errors import ConfigError
from limbeck.schemas.pages import Box

if TYPE_CHECKING:
    from PIL.Image import Image

Name = Literal["auto", "rapidocr", "tesseract"]
Turn = Literal[0, 90, 180, 270]
"""Degrees clockwise."""
INSTALL = "no OCR is installed; type pip install 'limbeck[documents]'"


@dataclass(frozen=True)
class Piece:
    """A word that was read."""

    text: str
    box: Box
    """In pixels of the upright picture."""
    sure: float


@dataclass(frozen=True)
class Reading:
    """What was read on a picture."""

    pieces: tuple[Piece, ...] = ()
    turned: Turn = 0
    """By which the picture was turned to be upright."""
    slope: float = 0.0
    """By how much lines of text fall on their way to the right, as a share of it."""


class Engine(Protocol):
    """Reads pictures. It may be called from several threads at once."""

    name: str
    languages: tuple[str, ...]
    note: str
    """A sentence for the user where it is not what they would expect; else empty."""

    @property
    def version(self) -> str:
        """Of what reads, as other words may come of another one."""
        ...

    def read(self, picture: "Image") -> Reading:
        """The words of an RGB picture, in no special order."""
        ...


def open_engine(name: Name = "auto", languages: Sequence[str] = ()) -> Engine:
    """An engine; its models are loaded when it first reads.

    Args:
        name: `auto` is RapidOCR, or Tesseract where only that is installed.
        languages: Of Tesseract: what is on the pages, such as `eng` and `deu`.

    Raises:
        ConfigError: It is not installed, or lacks a language.
    """
    from limbeck.pages.rapid import RapidOcr
    from limbeck.pages.tesseract import Tesseract

    rapid = all(find_spec(package) for package in ("rapidocr", "onnxruntime"))
    if name == "rapidocr" or (name == "auto" and rapid):
        if not rapid:
            raise ConfigError(f"`engine: rapidocr` can't be used: {INSTALL}")
        return RapidOcr()
    if not which("tesseract"):
        raise ConfigError(
            INSTALL if name == "auto" else "no program `tesseract`; install Tesseract (Debian: apt install tesseract-ocr), or write `engine: rapidocr`"
        )
    note = "pages are read by Tesseract, as RapidOCR is not installed; type pip install 'limbeck[documents]' for it"
    return Tesseract(tuple(languages), note if name == "auto" else "")
