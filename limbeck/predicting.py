"""A student at work: label a file without any large model."""

import asyncio
import csv
import itertools
import json
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from limbeck.documents import read
from limbeck.errors import ConfigError, DocumentsError, NoColumn
from limbeck.progress import Progress
from limbeck.students import finder_files, load
from limbeck.visible import in_json

BATCH = 1024
"""Rows read into memory as predictions at once."""

Answer = Callable[[Sequence[str]], Iterator[dict[str, Any]]]
"""What a student says of each text: the cells of its row but for the key."""


def predict_file(student: Path, file: Path, *, text: str | None, key: str | None, out: Path | None) -> None:
    """Label every row of a file.

    Args:
        student: The student's folder.
        file: CSV, TSV, JSONL, JSON, Parquet, a text file, or a folder of text files.
        text: The column that holds the text; found by itself where there is but one.
        key: The column that holds the row's own id; else rows are numbered.
        out: A `.csv` or `.jsonl` file; JSONL on stdout where it is not given.

    Raises:
        DocumentsError: The file can't be read.
        NoStudent: There is no student in the folder.
        ConfigError: `out` is neither CSV nor JSONL, is the file that is read, or can't be written.
    """
    if out and out.suffix not in (".csv", ".jsonl"):
        raise ConfigError(f"can't write {str(out)!r}; write to a .csv or a .jsonl file")
    if out and out.exists() and file.exists() and out.samefile(file):
        raise ConfigError(f"{str(out)!r} is the file to be read; write to another one")
    try:
        corpus = read(str(file), text=text, key=key)
    except NoColumn as error:
        raise DocumentsError(f"{error.trouble}: type --{error.option} {shlex.quote(error.column)}") from None
    answer, progress = _answer(student), Progress()
    texts = {document.id: document.text for document in corpus.documents}
    rows = [(place.key, texts[place.document]) for place in corpus.places]

    def labelled() -> Iterator[dict[str, Any]]:
        with progress.stage("predict", len(rows), "documents") as stage:
            for start in range(0, len(rows), BATCH):
                part = rows[start : start + BATCH]
                for (name, _), said in zip(part, answer([text for _, text in part]), strict=True):
                    yield {"key": name, **said}
                stage.advance(len(part))

    if out is None:
        _as_jsonl(labelled(), sys.stdout)
    else:
        with _opened(out) as target:
            (_as_csv if out.suffix == ".csv" else _as_jsonl)(labelled(), target)
    for note in corpus.skipped:
        progress.note(note)
    if out:
        progress.note(f"wrote {len(rows)} rows to {out}")


def _answer(folder: Path) -> Answer:
    """What answers: a finder ranks labels, any other student gives one and all that apply."""
    if finder_files.is_finder(folder):
        finder = finder_files.load(folder)

        def ranked(texts: Sequence[str]) -> Iterator[dict[str, Any]]:
            for one in asyncio.run(finder.rank(texts)):
                yield {"labels": [{"label": label, "score": score} for label, score in one]}

        return ranked
    student = load(folder)

    def labelled(texts: Sequence[str]) -> Iterator[dict[str, Any]]:
        for one in student.predict(texts):
            yield {"label": one.label, "confidence": round(one.confidence, 4), "applicable": list(one.applicable)}

    return labelled


def _opened(out: Path) -> TextIO:
    try:
        return out.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise ConfigError(f"can't write {str(out)!r} ({error.strerror}); name a file in a folder that you may write to") from None


def _as_jsonl(rows: Iterator[dict[str, Any]], target: TextIO) -> None:
    for row in rows:
        print(in_json(json.dumps(row, ensure_ascii=False)), file=target)


def _as_csv(rows: Iterator[dict[str, Any]], target: TextIO) -> None:
    """Rows as CSV; a list is a cell of JSON."""
    first = next(rows)
    writer = csv.DictWriter(target, list(first))
    writer.writeheader()
    for row in itertools.chain([first], rows):
        writer.writerow({name: json.dumps(cell, ensure_ascii=False) if isinstance(cell, list) else cell for name, cell in row.items()})
