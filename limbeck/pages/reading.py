"""From a document to its pages: words with boxes, in reading order, whatever the file is."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from limbeck.decoding import open_text
from limbeck.errors import DocumentsError, PagesError
from limbeck.pages import images, pdfs, sources
from limbeck.pages.lines import rows
from limbeck.pages.ocr import Engine, Piece, Turn
from limbeck.pages.pdfs import Leaf
from limbeck.pages.texts import pages_of_text
from limbeck.schemas import content_id
from limbeck.schemas.pages import Box, Pages, Sheet, Word

RULES = 1
"""Counts up where the same picture would become other words."""
FARTHEST = 1e9
"""In units of a sheet; nothing is so far away."""
Page = tuple[Sheet, Iterable[Piece], float]
"""A sheet, its words, and by how much its lines fall."""


def pages_of(document_text: str, path: str, engine: Engine) -> Pages:
    """The pages of a document.

    Args:
        document_text: As `limbeck.pages.sources.read` writes it.
        path: Its place's source: the file; not opened where the document is a text.
        engine: Reads pictures.

    Raises:
        PagesError: The file is broken, locked with a password, too large, empty, not there any more, or another one by now.
        ConfigError: A package that reads it is not installed.
    """
    said = sources.told(document_text)
    if not said.file:
        return _of_text(said.text, path)
    try:
        if sources.digest(Path(path)) != said.file:
            raise PagesError(f"{path!r} has changed since it was read; run again")
        return _of_file(said.kind, path, engine)
    except FileNotFoundError:
        raise images.gone(path) from None
    except OSError as error:
        raise PagesError(f"{path!r} can't be opened ({error.strerror}); let it be read, or leave it out") from None


def cache_key(document_text: str, engine: Engine) -> str:
    """What a document's pages are kept by: its content, and, where OCR may read it, what reads."""
    said = sources.told(document_text)
    reader = [engine.name, engine.version, *engine.languages] if said.kind in ("image", "pdf") else []
    return content_id(["pages", RULES, document_text, reader])


def _of_file(kind: sources.Kind, path: str, engine: Engine) -> Pages:
    if kind == "image":
        return _assembled(_image(path, engine))
    if kind == "pdf":
        return _assembled(_pdf(path, engine))
    try:
        with open_text(Path(path), Counter()) as file:
            text = file.read().encode("utf-8", "replace").decode()
    except DocumentsError:
        raise PagesError(f"{path!r} is no text; save it as UTF-8, or name it after what it is") from None
    return _of_text(text, path) if kind == "text" else _ready(text, path)


def _of_text(text: str, path: str) -> Pages:
    if not text.strip():
        raise PagesError(f"{path!r} holds no text; give one, or leave it out")
    return pages_of_text(text)


def _ready(text: str, path: str) -> Pages:
    try:
        found = Pages.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(map(str, first["loc"])) or "all of it"
        raise PagesError(f"{path!r} holds no pages ({at}: {first['msg']}); write `Pages` of limbeck.schemas.pages as JSON") from None
    if any(not _is_box(word.box) for word in found.words) or any(not _is_box((0.0, 0.0, sheet.width, sheet.height)) for sheet in found.sheets):
        raise PagesError(f"{path!r} holds boxes that are none; write left, top, right and bottom from the upper left corner, as numbers")
    places = [(word.page, word.line) for word in found.words]
    lines = [line for _, line in places]
    if places != sorted(places) or lines != sorted(lines) or len(set(places)) > len(set(lines)) or any(not 0 <= word.page < len(found.sheets) or not word.text.strip() for word in found.words):
        raise PagesError(f"{path!r} holds words out of order, without a sheet or without letters; sort them by page and line")
    return found


def _is_box(box: Box) -> bool:
    return all(map(math.isfinite, box)) and max(map(abs, box)) <= FARTHEST and box[0] <= box[2] and box[1] <= box[3]


def _image(path: str, engine: Engine) -> Iterator[Page]:
    for frame in images.frames(path):
        scale = images.scale_for_reading(*frame.size)
        found = engine.read(images.scaled(frame, scale))
        yield _page(float(frame.width), float(frame.height), found.pieces, found.turned, found.slope, scale)


def _pdf(path: str, engine: Engine) -> Iterator[Page]:
    for leaf in pdfs.leaves(path):
        yield _read(leaf, engine) if leaf.picture else (Sheet(width=leaf.width, height=leaf.height, turned=leaf.turned), leaf.pieces, 0.0)


def _read(leaf: Leaf, engine: Engine) -> Page:
    assert leaf.picture is not None
    found = engine.read(leaf.picture)
    return _page(leaf.width, leaf.height, found.pieces, found.turned, found.slope, max(leaf.picture.size) / max(leaf.width, leaf.height))


def _page(width: float, height: float, pieces: Iterable[Piece], turned: Turn, slope: float, scale: float) -> Page:
    """A page that was read at a scale, in its own units."""
    if turned in (90, 270):
        width, height = height, width
    grown = [Piece(one.text, cast(Box, tuple(edge / scale for edge in one.box)), one.sure) for one in pieces]
    return Sheet(width=width, height=height, turned=turned, ocr=True), grown, slope


def _assembled(found: Iterable[Page]) -> Pages:
    """Sheets with their words in reading order."""
    sheets: list[Sheet] = []
    words: list[Word] = []
    line = 0
    for number, (sheet, pieces, slope) in enumerate(found):
        sheets.append(sheet)
        here = list(pieces)
        for row in rows([one.box for one in here], slope):
            words += [_word(here[at], sheet, number, line) for at in row]
            line += 1
    return Pages(sheets=tuple(sheets), words=tuple(words))


def _word(piece: Piece, sheet: Sheet, page: int, line: int) -> Word:
    """A word within its sheet, to a tenth of a unit."""
    left, top, right, bottom = piece.box
    box = (max(0.0, left), max(0.0, top), min(sheet.width, right), min(sheet.height, bottom))
    rounded = cast(Box, tuple(round(edge, 1) for edge in box))
    return Word(text=piece.text, box=rounded, page=page, line=line, sure=min(1.0, max(0.0, round(piece.sure, 3))))
