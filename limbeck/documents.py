"""Documents from files: CSV, TSV, JSON, JSON Lines, Parquet, text files, folders of them, and `stdlib`.

Rows are read one at a time. What can't be used is left out, with one sentence for each kind of trouble
(`Corpus.skipped`); what makes the whole source useless is an error that says what to type.
"""

import codecs
import csv
import difflib
import gc
import itertools
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from limbeck.errors import DocumentsError
from limbeck.schemas import Corpus, Document, Place
from limbeck.stdlib_docs import docstrings

STDLIB = "stdlib"
FOLDER = "folder"
"""`gold: folder` takes the name of a file's folder as its gold label."""
TEXT, KEY = "text", "key"
HEAD = 1000
"""Rows from which the columns are learned."""

Row = dict[str, Any]
Skipped = Counter[str]
"""How often each kind of trouble came, by its sentence."""


def read(
    source: str | Path,
    *,
    text: str | None = None,
    key: str | None = None,
    gold: str | None = None,
    limit: int | None = None,
) -> Corpus:
    """Read documents.

    Args:
        source: A `.csv`, `.tsv`, `.jsonl`, `.ndjson`, `.json`, `.parquet` file; any other file is text, one
            document a line; a folder is one document a text file; `stdlib` is the docstrings of Python's
            standard library.
        text: The column that holds the text; by default `text`, or the only column with strings.
        key: The column that holds the row's own id; by default the row's number from 0, the file's path in
            its folder, or the docstring's qualified name. Ids that come again become `7#2`, `7#3`.
        gold: The column that holds a true label, for scorers; `folder` for a folder, `module` for `stdlib`.
        limit: Read no more places than this: the first ones, and from `stdlib` a share of every module.

    Raises:
        DocumentsError: There is no such file or column, it can't be decoded, or there is no text in it.
    """
    skipped: Skipped = Counter()
    name = str(source)
    rows = _rows(source, skipped, limit)
    head = list(itertools.islice(rows, HEAD))
    if not head:
        raise DocumentsError(
            f"no documents in {name!r}{_because(skipped)}; give a file with at least one text"
        )
    names = _names(head, name, text, key, gold)
    with _no_collecting():
        corpus = _corpus(itertools.chain(head, rows), names, name, skipped, limit)
    if not corpus.places:
        column = names[TEXT]
        raise DocumentsError(
            f"no text in column {column!r} of {name!r}{_because(skipped)}; name another with `text:`"
        )
    return corpus


def _corpus(
    rows: Iterable[Row], names: dict[str, str | None], source: str, skipped: Skipped, limit: int | None
) -> Corpus:
    documents: dict[str, Document] = {}
    places: list[Place] = []
    seen: Counter[str] = Counter()
    for number, row in enumerate(rows):
        words = _cell(row, names[TEXT])
        if not words or words.isspace():
            skipped["rows left out because they have no text"] += 1
            continue
        document = Document.of(words)
        documents.setdefault(document.id, document)
        own = _distinct(_cell(row, names[KEY]) or str(number), seen, skipped)
        true = _cell(row, names["gold"]) or None
        places.append(Place(position=len(places), key=own, document=document.id, source=source, gold=true))
        if len(places) == limit:
            break
    sentences = tuple(f"{source}: {what}: {count}" for what, count in skipped.items())
    return Corpus(documents=tuple(documents.values()), places=tuple(places), skipped=sentences)


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Without the garbage collector, which finds nothing among records and takes two fifths of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _distinct(key: str, seen: Counter[str], skipped: Skipped) -> str:
    """A key that no other row has: `7`, then `7#2`."""
    seen[key] += 1
    if seen[key] == 1:
        return key
    skipped["ids that come again, made distinct as in '7#2'"] += 1
    while f"{key}#{seen[key]}" in seen:
        seen[key] += 1
    other = f"{key}#{seen[key]}"
    seen[other] = 1
    return other


LONE = re.compile(r"[\ud800-\udfff]")


def _cell(row: Row, column: str | None) -> str:
    """A value as text that UTF-8 can hold; nothing for what is missing."""
    value = row.get(column) if column is not None else None
    words = value if isinstance(value, str) else _spelt(value)
    return words if words.isascii() else LONE.sub("\ufffd", words)


def _spelt(value: Any) -> str:
    if value is None or value != value:  # Parquet from pandas holds NaN for what is missing.
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return (
        json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)
    )


def _because(skipped: Skipped) -> str:
    return " (" + "; ".join(f"{what}: {count}" for what, count in skipped.items()) + ")" if skipped else ""


def _names(
    head: list[Row], source: str, text: str | None, key: str | None, gold: str | None
) -> dict[str, str | None]:
    """The columns to read, for `text`, `key` and `gold`."""
    columns = list(dict.fromkeys(name for row in head for name in row))
    # Rows of folders and of the standard library come with keys that we made.
    ours = KEY if source == STDLIB or Path(source).is_dir() else None
    return {
        TEXT: _column(text, columns, source, TEXT) if text else _text_column(head, columns, source),
        KEY: _column(key, columns, source, KEY) if key else ours,
        "gold": _column(gold, columns, source, "gold") if gold else None,
    }


def _column(name: str, columns: list[str], source: str, option: str) -> str:
    if name in columns:
        return name
    near = difflib.get_close_matches(name, columns, 1, cutoff=0.4)
    hint = f"write `{option}: {(near or columns)[0]}`" if columns else "give a file with columns"
    raise DocumentsError(f"no column {name!r} in {source!r}; it has {_listed(columns)}: {hint}")


def _text_column(head: list[Row], columns: list[str], source: str) -> str:
    """`text`, or the one column that holds words."""
    for name in columns:
        if name.lower() == TEXT:
            return name
    letters = {name: sum(len(row[name]) for row in head if _wordy(row.get(name))) for name in columns}
    wordy = [name for name in columns if letters[name]]
    if len(wordy) == 1:
        return wordy[0]
    longest = max(columns, key=lambda name: letters[name], default=TEXT)
    raise DocumentsError(
        f"no column 'text' in {source!r}; it has {_listed(columns)}: write `text: {longest}`"
    )


def _wordy(value: Any) -> bool:
    """Whether a value is text and no number; a CSV holds nothing but strings."""
    if not isinstance(value, str):
        return False
    try:
        float(value)
    except ValueError:
        return bool(value.strip())
    return False


def _listed(columns: list[str]) -> str:
    more = f" and {len(columns) - 20} more" if len(columns) > 20 else ""
    return (", ".join(repr(name) for name in columns[:20]) or "no columns") + more


# ---- bytes to text ----

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
"""Bytes that are no letters, as the error handler `surrogateescape` hands them on; `_cell` replaces them."""


def _opened(path: Path, codec: str, newline: str | None) -> TextIO:
    errors = "strict" if codec in ("utf-16", "utf-32") else "surrogateescape"
    return path.open(encoding=codec, errors=errors, newline=newline)


def _codec(path: Path, skipped: Skipped) -> str | None:
    """What the file is encoded in: what its mark says, UTF-8, or else Western; None for what is no text."""
    with path.open("rb") as file:
        start = file.read(10_000)
    codec = next((name for mark, name in MARKS if start.startswith(mark)), "utf-8")
    stray = foreign = 0
    try:
        with _opened(path, codec, "") as file:
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


def _open(path: Path, skipped: Skipped, newline: str | None = None) -> TextIO:
    try:
        codec = _codec(path, skipped)
        if codec is not None:
            return _opened(path, codec, newline)
    except OSError as error:
        raise DocumentsError(
            f"can't open {str(path)!r} ({error.strerror}); give a file that you may read"
        ) from None
    raise DocumentsError(f"{str(path)!r} is not text; convert it to UTF-8 text, CSV, JSONL or Parquet")


def _rows(source: str | Path, skipped: Skipped, limit: int | None) -> Iterator[Row]:
    if source == STDLIB:
        return iter(docstrings(limit))
    path = Path(source)
    try:
        if path.is_dir():
            return _folder_rows(path, skipped)
        if path.is_file():
            return READERS.get(path.suffix.lower(), _text_rows)(path, skipped)
        near = difflib.get_close_matches(path.name, [one.name for one in path.parent.glob("*")], 1)
    except OSError as error:  # A name too long, or a folder that is closed to us.
        raise DocumentsError(
            f"can't open {str(source)!r} ({error.strerror}); give the path of a file"
        ) from None
    hint = (
        f"did you mean {str(path.parent / near[0])!r}?"
        if near
        else "write `source:` a file or folder that exists"
    )
    raise DocumentsError(f"no file {str(source)!r}; {hint}")


def _folder_rows(folder: Path, skipped: Skipped) -> Iterator[Row]:
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        inner = path.relative_to(folder)
        if any(part.startswith(".") for part in inner.parts):
            continue
        try:
            codec = _codec(path, skipped)
        except OSError:
            skipped["files left out because they can't be opened"] += 1
            continue
        if codec is None:
            skipped["files left out because they are not text"] += 1
            continue
        if path.suffix.lower() in READERS:
            skipped["tables in the folder read as one text each; name the file itself to read its rows"] += 1
        with _opened(path, codec, None) as file:
            yield {TEXT: file.read(), KEY: inner.as_posix(), FOLDER: inner.parent.name}


def _text_rows(path: Path, skipped: Skipped) -> Iterator[Row]:
    with _open(path, skipped) as file:
        for line in file:
            yield {TEXT: line.removesuffix("\n")}


def _csv_rows(path: Path, skipped: Skipped) -> Iterator[Row]:
    csv.field_size_limit(2**31 - 1)  # The most that a C long holds everywhere.
    with _open(path, skipped, newline="") as file:
        delimiter = "\t" if path.suffix.lower() == ".tsv" else _delimiter(file.readline())
        file.seek(0)
        lines = csv.reader(file, delimiter=delimiter)
        header = [name.strip() for name in next(lines, [])]
        before, cells = 0, header
        for cells in lines:
            if not cells:
                continue
            if len(cells) != len(header):
                skipped["rows with too few or too many cells, read as far as they go"] += 1
            yield dict(zip(header, cells, strict=False))
            before, last = lines.line_num, before
        if cells and cells[-1].endswith(("\n", "\r")) and before - last > 1:
            skipped[
                f"quotes that are never closed, after which all is one row (it begins at line {last + 1})"
            ] += 1


def _delimiter(header: str) -> str:
    """A comma, or what stands more often in the header: half the world's spreadsheets write semicolons."""
    return max(",;\t|", key=header.count)


def _jsonl_rows(path: Path, skipped: Skipped) -> Iterator[Row]:
    good, first, broken = 0, 0, 0
    with _open(path, skipped) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = _as_row(json.loads(line))
            except (ValueError, RecursionError):
                first, broken = first or number, broken + 1
                skipped[f"lines left out because they are not JSON (the first is line {first})"] += 1
                continue
            good += 1
            yield row
    if broken and not good:
        raise DocumentsError(
            f"line {first} of {str(path)!r} is not JSON, nor is any other; write one JSON object a line"
        )


def _json_rows(path: Path, skipped: Skipped) -> Iterator[Row]:
    try:
        with _open(path, skipped) as file:
            value = json.load(file)
    except (ValueError, RecursionError) as error:
        raise DocumentsError(
            f"{str(path)!r} is not JSON ({error}); write an array of objects, or a .jsonl file, one a line"
        ) from None
    if not isinstance(value, list):
        raise DocumentsError(f"{str(path)!r} holds no array; write an array of objects or of strings")
    return (_as_row(one) for one in value)


def _as_row(value: Any) -> Row:
    return value if isinstance(value, dict) else {TEXT: value}


def _parquet_rows(path: Path, skipped: Skipped) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet

    try:
        for batch in pyarrow.parquet.ParquetFile(path).iter_batches(batch_size=4096):
            yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise DocumentsError(
            f"{str(path)!r} is not Parquet ({error}); write it again, or give CSV or JSONL"
        ) from None


READERS: dict[str, Callable[[Path, Skipped], Iterator[Row]]] = {
    ".csv": _csv_rows,
    ".tsv": _csv_rows,
    ".jsonl": _jsonl_rows,
    ".ndjson": _jsonl_rows,
    ".json": _json_rows,
    ".parquet": _parquet_rows,
}
