"""Documents from files: CSV, TSV, JSON, JSON Lines, Parquet, text files, folders of them, and `stdlib`.

What can't be used is left out with one sentence for each kind of trouble (`Corpus.skipped`); what makes the whole source
useless is an error that says what to type.
"""

import csv
import difflib
import io
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from limbeck.errors import DocumentsError
from limbeck.schemas import Corpus, Document, Place
from limbeck.stdlib_docs import docstrings

STDLIB = "stdlib"
FOLDER = "folder"
"""`gold: folder` takes the name of a file's folder as its gold label."""
TEXT = "text"

Row = dict[str, Any]
Skipped = Counter[str]


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
        source: A `.csv`, `.tsv`, `.jsonl`, `.ndjson`, `.json`, `.parquet` file; any other file is text, one document a
            line; a folder is one document a text file; `stdlib` is the docstrings of Python's standard library.
        text: The column that holds the text; by default `text`, or the only column with strings.
        key: The column that holds the row's own id; by default the row's number, or the file's path in its folder.
        gold: The column that holds a true label, for scorers; for a folder the word `folder`.
        limit: Read no more rows than this.

    Raises:
        DocumentsError: There is no such file or column, it can't be decoded, or there is no text in it.
    """
    skipped: Skipped = Counter()
    rows = _rows(source, skipped, limit)
    if not rows:
        raise DocumentsError(f"no documents in {str(source)!r}{_because(skipped)}; give a file with at least one text")
    columns = _columns(rows)
    names = {
        "text": _column(text, columns, source, "text") if text else _text_column(rows, columns, source),
        "key": _column(key, columns, source, "key") if key else ("key" if "key" in columns and _made(source) else None),
        "gold": _column(gold, columns, source, "gold") if gold else None,
    }
    corpus = _corpus(rows, names, str(source), skipped, limit)
    if not corpus.places:
        raise DocumentsError(f"no text in column {names['text']!r} of {str(source)!r}; name another with `text:`")
    return corpus


def _made(source: str | Path) -> bool:
    """Whether the keys are ours: paths in a folder, names in the standard library."""
    return str(source) == STDLIB or Path(source).is_dir()


def _corpus(rows: list[Row], names: dict[str, str | None], source: str, skipped: Skipped, limit: int | None) -> Corpus:
    documents: dict[str, Document] = {}
    places: list[Place] = []
    seen: Counter[str] = Counter()
    for number, row in enumerate(rows):
        words = _as_text(row.get(str(names["text"])))
        if not words.strip():
            skipped["rows without text left out"] += 1
            continue
        if limit is not None and len(places) == limit:
            break
        document = Document.of(words)
        documents.setdefault(document.id, document)
        key = _distinct(_as_text(row.get(names["key"])) if names["key"] else str(number), seen, skipped)
        true = _as_text(row.get(names["gold"])) if names["gold"] else ""
        places.append(
            Place(position=len(places), key=key, document=document.id, source=source, gold=true or None)
        )
    sentences = tuple(f"{source}: {count} {what}" for what, count in skipped.items())
    return Corpus(documents=tuple(documents.values()), places=tuple(places), skipped=sentences)


def _distinct(key: str, seen: Counter[str], skipped: Skipped) -> str:
    """A key that no other row has: `7`, then `7#2`."""
    seen[key] += 1
    if seen[key] == 1:
        return key
    skipped["repeated ids made distinct, as in '7#2'"] += 1
    return _distinct(f"{key}#{seen[key]}", seen, Counter())


def _as_text(value: Any) -> str:
    """A value as text that UTF-8 can hold."""
    if value is None:
        return ""
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return words.encode("utf-8", "replace").decode("utf-8")


def _because(skipped: Skipped) -> str:
    return " (" + "; ".join(f"{count} {what}" for what, count in skipped.items()) + ")" if skipped else ""


# ---- columns ---------------------------------------------------------------------------------------------------------


def _columns(rows: list[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows[:1000] for name in row))


def _column(name: str, columns: list[str], source: str | Path, option: str) -> str:
    if name in columns:
        return name
    near = difflib.get_close_matches(name, columns, 1, cutoff=0.4)
    known = ", ".join(repr(column) for column in columns)
    raise DocumentsError(f"no column {name!r} in {str(source)!r}; it has {known}: write `{option}: {(near or columns)[0]}`")


def _text_column(rows: list[Row], columns: list[str], source: str | Path) -> str:
    """`text`, or the one column that holds strings."""
    if TEXT in columns:
        return TEXT
    strings = [name for name in columns if any(isinstance(row.get(name), str) for row in rows[:100])]
    if len(strings) == 1:
        return strings[0]
    known = ", ".join(repr(name) for name in columns)
    raise DocumentsError(f"no column 'text' in {str(source)!r}; it has {known}: say which with `text: {columns[0]}`")


# ---- kinds of files --------------------------------------------------------------------------------------------------


def _rows(source: str | Path, skipped: Skipped, limit: int | None) -> list[Row]:
    if str(source) == STDLIB:
        return docstrings(limit)
    path = Path(source)
    if path.is_dir():
        return _folder_rows(path, skipped)
    if not path.is_file():
        near = difflib.get_close_matches(path.name, [one.name for one in path.parent.glob("*")], 1)
        hint = f"did you mean {str(path.parent / near[0])!r}?" if near else "write `source:` a file or folder that exists"
        raise DocumentsError(f"no file {str(source)!r}; {hint}")
    return READERS.get(path.suffix.lower(), _text_rows)(path, skipped)


def _folder_rows(folder: Path, skipped: Skipped) -> list[Row]:
    rows = []
    for path in sorted(one for one in folder.rglob("*") if one.is_file() and not one.name.startswith(".")):
        words = _decoded(path.read_bytes(), skipped)
        if words is None:
            skipped["files that are not text left out"] += 1
            continue
        rows.append({"text": words, "key": str(path.relative_to(folder)), FOLDER: path.parent.name})
    return rows


def _decoded(raw: bytes, skipped: Skipped) -> str | None:
    """Text of bytes: UTF-8, UTF-16 with its mark, else Western; None for what is no text."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    if b"\0" in raw:
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        words = raw.decode("cp1252", "replace")
    strange = sum(not letter.isprintable() and not letter.isspace() for letter in words[:10_000])
    if strange > len(words[:10_000]) * 0.05:
        return None
    skipped["files read as Windows-1252, for they are not UTF-8"] += 1
    return words


def _content(path: Path, skipped: Skipped) -> str:
    words = _decoded(path.read_bytes(), skipped)
    if words is None:
        raise DocumentsError(f"{str(path)!r} is not text; convert it to UTF-8, CSV, JSONL or Parquet")
    return words


def _text_rows(path: Path, skipped: Skipped) -> list[Row]:
    return [{TEXT: line} for line in _content(path, skipped).splitlines() if line.strip()]


def _csv_rows(path: Path, skipped: Skipped) -> list[Row]:
    csv.field_size_limit(sys.maxsize)
    words = _content(path, skipped)
    delimiter = "\t" if path.suffix.lower() == ".tsv" else _delimiter(words)
    return list(_csv_dicts(csv.reader(io.StringIO(words, newline=""), delimiter=delimiter), skipped))


def _csv_dicts(lines: Any, skipped: Skipped) -> Iterator[Row]:
    header: list[str] = next(lines, [])
    for cells in lines:
        if not cells:
            continue
        if len(cells) != len(header):
            skipped["rows with too few or too many cells, read as far as they go"] += 1
        yield dict(zip(header, cells, strict=False))


def _delimiter(words: str) -> str:
    """A semicolon where the header has one and no comma, as spreadsheets of half the world write it."""
    header = words.split("\n", 1)[0]
    return ";" if ";" in header and "," not in header else ","


def _jsonl_rows(path: Path, skipped: Skipped) -> list[Row]:
    rows, broken = [], []
    for number, line in enumerate(_content(path, skipped).split("\n"), 1):
        if not line.strip():
            continue
        try:
            rows.append(_as_row(json.loads(line)))
        except ValueError:
            broken.append(number)
    if broken and not rows:
        raise DocumentsError(f"line {broken[0]!r} of {str(path)!r} is not JSON; write one JSON object a line")
    if broken:
        skipped[f"lines that are not JSON left out (the first is line {broken[0]})"] += len(broken)
    return rows


def _json_rows(path: Path, skipped: Skipped) -> list[Row]:
    try:
        value = json.loads(_content(path, skipped))
    except ValueError as error:
        raise DocumentsError(f"{str(path)!r} is not JSON ({error}); write an array of objects, or a .jsonl file") from None
    if not isinstance(value, list):
        raise DocumentsError(f"{str(path)!r} holds no array; write an array of objects or of strings")
    return [_as_row(one) for one in value]


def _as_row(value: Any) -> Row:
    return value if isinstance(value, dict) else {TEXT: value}


def _parquet_rows(path: Path, skipped: Skipped) -> list[Row]:
    import pyarrow as pa
    import pyarrow.parquet

    try:
        return list(pyarrow.parquet.read_table(path).to_pylist())
    except (pa.ArrowException, OSError) as error:
        raise DocumentsError(f"{str(path)!r} is not Parquet ({error}); write it again, or give CSV or JSONL") from None


READERS: dict[str, Callable[[Path, Skipped], list[Row]]] = {
    ".csv": _csv_rows,
    ".tsv": _csv_rows,
    ".jsonl": _jsonl_rows,
    ".ndjson": _jsonl_rows,
    ".json": _json_rows,
    ".parquet": _parquet_rows,
}
