"""Documents from files: CSV, TSV, JSON, JSON Lines, Parquet, text files, folders of them, and `stdlib`.

Rows are read one at a time. What can't be used is left out, with one sentence for each kind of trouble
(`Corpus.skipped`); what makes the whole source useless is an error that says what to type.
"""

import difflib
import gc
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from limbeck.decoding import Skipped
from limbeck.errors import DocumentsError, NoColumn, NoText
from limbeck.readers import KEY, STDLIB, TEXT, Row, rows_of
from limbeck.schemas import Corpus, Document, Place

HEAD = 1000
"""Rows from which the columns are learned."""


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
    rows = rows_of(source, skipped, limit)
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
        raise NoText(f"no text in column {column!r} of {name!r}{_because(skipped)}")
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


def cell(value: Any) -> str:
    """A value of a row as text that UTF-8 can hold; nothing for what is missing."""
    words = value if isinstance(value, str) else _spelt(value)
    return words if words.isascii() else LONE.sub("\ufffd", words)


def _cell(row: Row, column: str | None) -> str:
    return cell(row.get(column) if column is not None else None)


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
        TEXT: column(text, columns, source, TEXT) if text else _text_column(head, columns, source),
        KEY: column(key, columns, source, KEY) if key else ours,
        "gold": column(gold, columns, source, "gold") if gold else None,
    }


def column(name: str, columns: list[str], source: str, option: str) -> str:
    """A column that must be there.

    Raises:
        NoColumn: It isn't; says which are, and which of them was probably meant.
    """
    if name in columns:
        return name
    near = difflib.get_close_matches(name, columns, 1, cutoff=0.4)
    raise NoColumn(f"no column {name!r} in {source!r}; it has {_listed(columns)}", option, (near or columns)[0])


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
    raise NoColumn(f"no column 'text' in {source!r}; it has {_listed(columns)}", TEXT, longest)


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
