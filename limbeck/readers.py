"""Readers: rows of a CSV, TSV, JSON, JSON Lines, Parquet or text file, of a folder, or of `stdlib`, one at a time."""

import csv
import difflib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from limbeck.decoding import Skipped, codec_of, open_text, opened
from limbeck.errors import DocumentsError
from limbeck.stdlib_docs import docstrings

STDLIB = "stdlib"
FOLDER = "folder"
"""`gold: folder` takes the name of a file's folder as its gold label."""
TEXT, KEY = "text", "key"
CLOSED = "files left out because they can't be opened"

Row = dict[str, Any]


def rows_of(source: str | Path, skipped: Skipped, limit: int | None) -> Iterator[Row]:
    """Read a source row by row; `limit` is for `stdlib`, which then gives a share of every module.

    Raises:
        DocumentsError: There is no such file, or it can't be read.
    """
    if source == STDLIB:
        return iter(docstrings(limit))
    path = Path(source)
    try:
        if path.is_dir():
            return _folder_rows(path, skipped)
        if path.is_file():
            return READERS.get(path.suffix.lower(), _text_rows)(path, skipped)
        if path.exists() or path.is_symlink():
            raise DocumentsError(f"{str(source)!r} is a pipe, a device or a broken link; save the texts in a file and name it")
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
    # Unlike `Path.rglob`, `os.walk` goes on where a folder is closed or gone.
    inside = (Path(base, name) for base, _, names in os.walk(folder) for name in names)
    for path in sorted(one for one in inside if _is_file(one, skipped)):
        inner = path.relative_to(folder)
        if any(part.startswith(".") for part in inner.parts):
            continue
        try:
            codec = codec_of(path, skipped)
        except OSError:
            skipped[CLOSED] += 1
            continue
        if codec is None:
            skipped["files left out because they are not text"] += 1
            continue
        if path.suffix.lower() in READERS:
            skipped["tables in the folder read as one text each; name the file itself to read its rows"] += 1
        with opened(path, codec, None) as file:
            yield {TEXT: file.read(), KEY: inner.as_posix(), FOLDER: inner.parent.name}


def _is_file(path: Path, skipped: Skipped) -> bool:
    try:
        return path.is_file()
    except OSError:  # A folder that may be listed and not entered.
        skipped[CLOSED] += 1
        return False


def _text_rows(path: Path, skipped: Skipped) -> Iterator[Row]:
    with open_text(path, skipped) as file:
        for line in file:
            yield {TEXT: line.removesuffix("\n")}


def _csv_rows(path: Path, skipped: Skipped) -> Iterator[Row]:
    csv.field_size_limit(2**31 - 1)  # The most that a C long holds everywhere.
    with open_text(path, skipped, newline="") as file:
        delimiter = "\t" if path.suffix.lower() == ".tsv" else delimiter_of(file.readline())
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


def delimiter_of(header: str) -> str:
    """A comma, or what stands more often in the header: half the world's spreadsheets write semicolons."""
    return max(",;\t|", key=header.count)


def _jsonl_rows(path: Path, skipped: Skipped) -> Iterator[Row]:
    good, first, broken = 0, 0, 0
    with open_text(path, skipped) as file:
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
        with open_text(path, skipped) as file:
            value = json.load(file)
    except (ValueError, RecursionError) as error:
        raise DocumentsError(
            f"{str(path)!r} is not JSON ({error}); write an array of objects, or a .jsonl file, one a line"
        ) from None
    if not isinstance(value, list):
        raise DocumentsError(f"{str(path)!r} holds no array; write an array of objects or of strings")
    return (_as_row(one) for one in value)


def _as_row(value: Any) -> Row:
    """An object is a row, a string a text; of a list nobody knows which part is the text, so that it has none."""
    return value if isinstance(value, dict) else {TEXT: value if isinstance(value, str) else None}


def _parquet_rows(path: Path, skipped: Skipped) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet

    try:
        for batch in pyarrow.parquet.ParquetFile(path).iter_batches(batch_size=4096):
            yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise DocumentsError(
            f"{str(path)!r} is not Parquet ({_first_line(error)}); write it again, or give CSV or JSONL"
        ) from None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


READERS: dict[str, Callable[[Path, Skipped], Iterator[Row]]] = {
    ".csv": _csv_rows,
    ".tsv": _csv_rows,
    ".jsonl": _jsonl_rows,
    ".ndjson": _jsonl_rows,
    ".json": _json_rows,
    ".parquet": _parquet_rows,
}
