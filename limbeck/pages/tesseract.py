"""Tesseract, the program, where it is installed: one process a picture."""

import io
import os
import subprocess
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from limbeck.errors import ConfigError, PagesError
from limbeck.pages import images, turning
from limbeck.pages.ocr import Piece, Reading, Turn
from limbeck.pages.scripts import words_of
from limbeck.schemas.pages import Box

if TYPE_CHECKING:
    from PIL.Image import Image

PROGRAM = "tesseract"
BLOCK = "6"
"""Its mode of page segmentation: one block of text, which keeps rows of receipts whole."""
GOOD = 0.7
"""How sure letters are on average on a page that lies upright."""
SECONDS = 300
Row = dict[str, str]


class Tesseract:
    """Tesseract in some of its languages, English where none is named."""

    name = PROGRAM

    def __init__(self, languages: tuple[str, ...] = (), note: str = "") -> None:
        self.languages = languages or ("eng",)
        self.note = note
        there = _said("--list-langs").split("\n")[1:]
        for language in self.languages:
            if language not in there:
                raise ConfigError(f"Tesseract lacks the language {language!r}; install it, or write `languages:` some of {', '.join(there)}")

    @cached_property
    def version(self) -> str:
        """Of the program."""
        return _said("--version").split("\n")[0].removeprefix("tesseract ")

    def read(self, picture: "Image") -> Reading:
        """The words of an RGB picture."""

        def turned(degrees: Turn) -> tuple[float, float, list[Row]]:
            rows = self._rows(images.turned(picture, degrees))
            letters = np.array([len(row["text"]) for row in rows], dtype=float)
            sure = np.array([float(row["conf"]) / 100 for row in rows])
            return float((letters * sure).sum() / letters.sum()) if len(rows) else 0.0, float((letters * sure**2).sum()), rows

        degrees, rows = turning.best_way(turned, GOOD)
        pieces = tuple(piece for row in rows for piece in _pieces(row))
        return Reading(pieces, degrees if rows else 0, _slope(rows))

    def _rows(self, picture: "Image") -> list[Row]:
        file = io.BytesIO()
        picture.save(file, "BMP")
        told = _run([PROGRAM, "-", "-", "-l", "+".join(self.languages), "--psm", BLOCK, "tsv"], file.getvalue())
        names, *lines = (line.split("\t") for line in told.split("\n") if line)
        rows = (dict(zip(names, line, strict=False)) for line in lines)
        return [row for row in rows if row.get("text", "").strip() and float(row["conf"]) >= 0]


def _said(option: str) -> str:
    return _run([PROGRAM, option], b"").strip()


def _run(command: list[str], given: bytes) -> str:
    """What Tesseract prints; it gets one thread, as several pages are read at once."""
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=SECONDS, env={**os.environ, "OMP_THREAD_LIMIT": "1"})
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PagesError(f"{PROGRAM!r} came to nothing ({type(error).__name__}); write `engine: rapidocr`, or a smaller picture") from None
    if done.returncode:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())[:200]
        raise PagesError(f"{PROGRAM!r} failed ({said}); write `engine: rapidocr`, or save the picture again")
    return done.stdout.decode("utf-8", "replace").replace("\r", "")


def _pieces(row: Row) -> list[Piece]:
    """A word, or several where Chinese meets other letters, in proportion to their letters."""
    text, (left, top, right, bottom) = row["text"], _box(row)
    letter = (right - left) / len(text)
    sure = float(row["conf"]) / 100
    return [Piece(text[start:end], (left + start * letter, top, left + end * letter, bottom), sure) for start, end in words_of(text)]


def _box(row: Row) -> Box:
    left, top, width, height = (float(row[name]) for name in ("left", "top", "width", "height"))
    return left, top, left + width, top + height


def _slope(rows: list[Row]) -> float:
    """From the first to the last word of each line, the median of those with several."""
    lines: dict[tuple[str, ...], list[Box]] = {}
    for row in rows:
        lines.setdefault((row["block_num"], row["par_num"], row["line_num"]), []).append(_box(row))
    ends = [(boxes[0], boxes[-1]) for boxes in lines.values() if len(boxes) > 2]
    steps = [(last[3] - first[3]) / (last[0] - first[0]) for first, last in ends if last[0] > first[2]]
    return float(np.median(steps)) if steps else 0.0
