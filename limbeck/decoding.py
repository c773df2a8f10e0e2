"""Decoding: files of bytes in whatever encoding, opened as text.

A mark at the start decides, then UTF-8, then Windows-1252; what has NUL bytes or many control characters is no text.
"""

import codecs
import re
from collections import Counter
from pathlib import Path
from typing import TextIO

from limbeck.errors import DocumentsError

Skipped = Counter[str]
"""How often each kind of trouble came, by its sentence."""
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""UTF-32 before UTF-16, whose mark it begins with."""
CHUNK = 1 << 20
CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))
ESCAPED = re.compile(r"[\udc80-\udcff]")
"""Bytes that are no letters, as the error handler `surrogateescape` hands them on; `documents.py` replaces them."""


def opened(path: Path, codec: str, newline: str | None) -> TextIO:
    """Open a file whose codec is known; broken bytes are handed on, not refused."""
    errors = "strict" if codec in ("utf-16", "utf-32") else "surrogateescape"
    return path.open(encoding=codec, errors=errors, newline=newline)


def codec_of(path: Path, skipped: Skipped) -> str | None:
    """What the file is encoded in: what its mark says, UTF-8, or else Western; None for what is no text."""
    with path.open("rb") as file:
        start = file.read(10_000)
    codec = next((name for mark, name in MARKS if start.startswith(mark)), "utf-8")
    stray = foreign = 0
    try:
        with opened(path, codec, "") as file:
            for part in iter(lambda: file.read(CHUNK), ""):
                if "\0" in part:
                    return None
                if not part.isascii():
                    strays = len(ESCAPED.findall(part))
                    stray += strays
                    foreign += len(part) - len(part.encode("ascii", "ignore")) - strays
    except UnicodeDecodeError:
        return None
    if not stray:
        return codec
    return _mended(start, codec, stray, foreign, skipped)


def _mended(start: bytes, codec: str, stray: int, foreign: int, skipped: Skipped) -> str | None:
    """The codec for bytes that are not all UTF-8: more letters than broken bytes is UTF-8 all the same."""
    if foreign > stray:
        skipped["bytes that are not UTF-8, replaced by \ufffd"] += stray
        return codec
    if len(start) - len(start.translate(None, CONTROL)) > 0.05 * len(start):
        return None
    skipped["files that are not UTF-8, read as Windows-1252; convert them where letters look wrong"] += 1
    return "cp1252"


def open_text(path: Path, skipped: Skipped, newline: str | None = None) -> TextIO:
    """Open a file that has to be text.

    Raises:
        DocumentsError: It can't be opened, or is not text.
    """
    try:
        codec = codec_of(path, skipped)
        if codec is not None:
            return opened(path, codec, newline)
    except OSError as error:
        raise DocumentsError(
            f"can't open {str(path)!r} ({error.strerror}); give a file that you may read"
        ) from None
    raise DocumentsError(f"{str(path)!r} is not text; convert it to UTF-8 text, CSV, JSONL or Parquet")
