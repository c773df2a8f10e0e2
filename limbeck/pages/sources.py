"""Documents that are files: pictures, PDFs, texts and ready pages, each named by the digest of its bytes.

`Document(text='{"file":"b2:0c1e…","kind":"image"}')`, with `Place(key="2024/taxi.jpg", source="receipts/2024/taxi.jpg")`;
the row of a table is `Document(text='{"text":"Taxi Berlin …"}')`.
"""

import hashlib
import itertools
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from limbeck.decoding import Skipped
from limbeck.errors import DocumentsError, NoColumn, PagesError
from limbeck.readers import Row, rows_of
from limbeck.schemas import Corpus
from limbeck.schemas.record import HASH_TAG, canonical

Kind = Literal["image", "pdf", "text", "pages"]
IMAGES = frozenset((".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"))
TEXTS = frozenset((".txt", ".md"))
READY = ".pages.json"
"""How a file's name ends that holds `Pages` as JSON, from an OCR of one's own."""
TABLES = frozenset((".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet"))
STORE = "limbeck.duckdb"
"""Where it lies, a folder is a project."""
HEAD = 1000
"""Rows from which the columns are learned."""
KINDS = "PNG, JPEG, TIFF, BMP, WebP, PDF, .txt, .md or .pages.json"
Found = tuple[str, str, str]
"""A document's key, text and source."""


@dataclass(frozen=True)
class Told:
    """What a document's text says: a file by its digest, or a text."""

    kind: Kind
    file: str = ""
    text: str = ""


def told(document_text: str) -> Told:
    """What a document of this pipeline is.

    Raises:
        PagesError: The text is none that `read` writes.
    """
    try:
        said = json.loads(document_text)
        return Told("text", text=said["text"]) if "text" in said else Told(said["kind"], file=said["file"])
    except (ValueError, KeyError, TypeError):
        raise PagesError(f"{document_text[:60]!r} names no file; read documents with `limbeck.pages.sources.read`") from None


def kind_of(document_text: str) -> Kind:
    """What a document of this pipeline is, in a word."""
    return told(document_text).kind


def digest(path: Path) -> str:
    """The name of a file's bytes, which are read in parts."""
    with path.open("rb") as file:
        return HASH_TAG + hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _kind(path: Path) -> Kind | None:
    """What a file is, by its name; None for what is not read."""
    name, suffix = path.name.lower(), path.suffix.lower()
    if name.endswith(READY):
        return "pages"
    if suffix in IMAGES:
        return "image"
    return "pdf" if suffix == ".pdf" else "text" if suffix in TEXTS else None


def read(source: str, *, text: str | None = None, key: str | None = None, limit: int | None = None) -> Corpus:
    """Read documents, without opening their pages yet.

    Args:
        source: A picture (PNG, JPEG, TIFF, BMP, WebP), PDF, text (`.txt`, `.md`) or ready pages (`.pages.json`); a folder of
            them; or a CSV, TSV, JSON, JSONL or Parquet table whose rows hold a text, or a path in the column `file`.
        text: The column that holds the text; by default `text`.
        key: The column that holds the row's own id; by default the row's number, or a file's path within the folder.
        limit: Read no more than this many.

    Raises:
        DocumentsError: There is no such file or column, or no document in it.
    """
    skipped: Skipped = Counter()
    path = Path(source)
    if not (path.is_dir() or path.is_file()):
        rows_of(source, skipped, None)  # Which knows what to say of a file that isn't there.
    if path.is_dir():
        found = _of_folder(path, skipped)
    elif _kind(path) is None and path.suffix.lower() in TABLES:
        found = _of_rows(path, text, key, skipped)
    else:
        found = _of_file(path, path.name, skipped)
    corpus = Corpus.of(itertools.islice(found, limit), source, skipped)
    if not corpus.places:
        because = f" ({'; '.join(skipped)})" if skipped else ""
        raise DocumentsError(f"no document in {source!r}{because}; give {KINDS} files, a folder of them, or a table with texts")
    return corpus


# ---- files -------------------------------------------------------------------------------------------------------------


def _of_folder(folder: Path, skipped: Skipped) -> Iterator[Found]:
    """Files in the order of their paths; hidden ones and those of limbeck's projects, such as students' cards, are left out."""
    for path in sorted(_inside(folder)):
        inner = path.relative_to(folder)
        if not any(part.startswith(".") for part in inner.parts):
            yield from _of_file(path, inner.as_posix(), skipped)


def _inside(folder: Path) -> Iterator[Path]:
    for base, folders, names in os.walk(folder):
        folders[:] = [] if STORE in names and Path(base) != folder else folders
        yield from (Path(base, name) for name in names if STORE not in names or Path(base) == folder)


def _of_file(path: Path, key: str, skipped: Skipped) -> Iterator[Found]:
    kind = _kind(path)
    if kind is None:
        skipped["files left out because they are of other kinds"] += 1
        return
    if not is_utf8(str(path)):  # Such a name can be kept nowhere.
        skipped["files left out because their names are no UTF-8; rename them"] += 1
        return
    words = _named(path, kind, skipped)
    if words:
        yield key, words, str(path)


def is_utf8(name: str) -> bool:
    """Whether a file's name can be kept: one that is no UTF-8 can't, in no table and no JSON."""
    return name.encode("utf-8", "replace").decode() == name


def _named(path: Path, kind: Kind, skipped: Skipped) -> str | None:
    """A file as a document's text; None, and why, where there is nothing to read."""
    try:
        if not path.is_file():  # Who opens a pipe waits for ever.
            skipped["files left out because they are pipes, devices, broken links or not there"] += 1
        elif not path.stat().st_size:
            skipped["files left out because they are empty"] += 1
        else:
            return canonical({"file": digest(path), "kind": kind})
    except OSError:
        skipped["files left out because they can't be opened"] += 1
    return None


# ---- rows --------------------------------------------------------------------------------------------------------------


def _of_rows(path: Path, text: str | None, key: str | None, skipped: Skipped) -> Iterator[Found]:
    """The texts in a column, or the files that the column `file` names, beside the table."""
    rows = rows_of(path, skipped, None)
    head = list(itertools.islice(rows, HEAD))
    columns = list(dict.fromkeys(name for row in head for name in row))
    files = "file" in columns and not text and "text" not in columns
    for option, name in (("text", "file" if files else text or "text"), ("key", key)):
        if head and name is not None and name not in columns:
            raise NoColumn(f"no column {name!r} in {str(path)!r}; it has {', '.join(map(repr, columns[:20]))}", option, columns[0])
    for number, row in enumerate(itertools.chain(head, rows)):
        own = _cell(row, key) or str(number)
        yield from _of_link(path, _cell(row, "file"), own, skipped) if files else _of_text(path, _cell(row, text or "text"), own, skipped)


def _of_text(path: Path, words: str, key: str, skipped: Skipped) -> Iterator[Found]:
    if words.strip():
        yield key, canonical({"text": words}), str(path)
    else:
        skipped["rows left out because they have no text"] += 1


def _of_link(path: Path, name: str, key: str, skipped: Skipped) -> Iterator[Found]:
    if name.strip():
        yield from _of_file(path.parent / name, key, skipped)
    else:
        skipped["rows left out because they name no file"] += 1


def _cell(row: Row, column: str | None) -> str:
    value: Any = row.get(column) if column else None
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else "" if value is None else str(value)
