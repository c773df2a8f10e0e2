"""A student at work: label a file, or make records of its tables or of documents, without any large model."""

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
from limbeck.embedded import cache
from limbeck.errors import ConfigError, DocumentsError, NoColumn
from limbeck.pages import sources
from limbeck.predicting_pages import rows as rows_of_documents
from limbeck.progress import Progress
from limbeck.records.answers import TYPE, Said
from limbeck.schemas import Corpus
from limbeck.schemas.tables import Target
from limbeck.students import cell_files, finder_files, load, page_files
from limbeck.tables.reading import read as tables_of
from limbeck.tables.reading import table_of
from limbeck.tables.targets import targets
from limbeck.visible import in_json

BATCH = 1024
"""Rows read into memory as predictions at once."""

Answer = Callable[[Sequence[str]], Iterator[dict[str, Any]]]
"""What a student says of each text: the cells of its row but for the key."""


def predict_file(student: Path, file: Path, *, text: str | None, key: str | None, out: Path | None) -> None:
    """Label every row of a file; or every value in its tables, or documents, where the student reads those.

    Args:
        student: The student's folder.
        file: CSV, TSV, JSONL, JSON, Parquet, a text file, or a folder of text files; tables in any form that
            `limbeck.tables.reading.read` takes, documents that `limbeck.pages.sources.read` takes.
        text: The column that holds the text, or the table; found by itself where there is but one.
        key: The column that holds the row's own id; else rows are numbered.
        out: A `.csv` or `.jsonl` file; JSONL on stdout where it is not given.

    Raises:
        DocumentsError: The file can't be read.
        NoStudent: There is no student in the folder.
        StudentError: It is damaged.
        ConfigError: `out` is neither CSV nor JSONL, is the file that is read, or can't be written.
    """
    if out and out.suffix not in (".csv", ".jsonl"):
        raise ConfigError(f"can't write {str(out)!r}; write to a .csv or a .jsonl file")
    if out and out.exists() and file.exists() and out.samefile(file):
        raise ConfigError(f"{str(out)!r} is the file to be read; write to another one")
    progress = Progress()
    if cell_files.is_cell_reader(student):
        corpus = tables_of(file, table=text, key=key)
        rows = iter(asyncio.run(_records(student, corpus, progress)))
    elif page_files.is_page_reader(student):
        corpus = _named(lambda: sources.read(str(file), text=text, key=key))
        rows = iter(asyncio.run(rows_of_documents(student, corpus, progress)))
    else:
        corpus = _named(lambda: read(str(file), text=text, key=key))
        rows = _labelled(_answer(student), corpus, progress)
    count = _written(rows, out)
    for note in corpus.skipped:
        progress.note(note)
    if out:
        progress.note(f"wrote {count} rows to {out}")


async def _records(student: Path, corpus: Corpus, progress: Progress) -> list[dict[str, Any]]:
    """A row for each value of the tables: where it stands, and its record."""
    tables = {document.id: table_of(document.text) for document in corpus.documents}
    rows: list[dict[str, Any]] = []
    with progress.stage("predict", len(corpus.places), "tables") as stage:
        async with cell_files.opened(student, cache() / "vllm-writer.log") as (schema, reader):
            for place in corpus.places:
                table = tables[place.document]
                found = targets(table, schema.targets)
                rows += [_row(place.key, *one) for one in zip(found, await reader(table, found), strict=True)]
                stage.advance(1)
    return rows


def _row(key: str, target: Target, read: tuple[Said, float]) -> dict[str, Any]:
    said, sure = read
    place = {"key": key, "row": target.row, "column": target.column, "part": target.part, "value": target.value}
    attributes = {name: value for name, value in said.items() if name != TYPE}
    return {**place, "type": said[TYPE], "attributes": attributes, "confidence": round(sure, 4)}


def _named(reading: Callable[[], Corpus]) -> Corpus:
    """What is read; a column that is missing is told with what to type."""
    try:
        return reading()
    except NoColumn as error:
        raise DocumentsError(f"{error.trouble}: type --{error.option} {shlex.quote(error.column)}") from None


def _labelled(answer: Answer, corpus: Corpus, progress: Progress) -> Iterator[dict[str, Any]]:
    texts = {document.id: document.text for document in corpus.documents}
    rows = [(place.key, texts[place.document]) for place in corpus.places]
    with progress.stage("predict", len(rows), "documents") as stage:
        for start in range(0, len(rows), BATCH):
            part = rows[start : start + BATCH]
            for (name, _), said in zip(part, answer([text for _, text in part]), strict=True):
                yield {"key": name, **said}
            stage.advance(len(part))


def _written(rows: Iterator[dict[str, Any]], out: Path | None) -> int:
    """Write rows where they are wanted; how many they were."""
    if out is None:
        return _as_jsonl(rows, sys.stdout)
    with _opened(out) as target:
        return (_as_csv if out.suffix == ".csv" else _as_jsonl)(rows, target)


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


def _as_jsonl(rows: Iterator[dict[str, Any]], target: TextIO) -> int:
    count = 0
    for row in rows:
        print(in_json(json.dumps(row, ensure_ascii=False)), file=target)
        count += 1
    return count


def _as_csv(rows: Iterator[dict[str, Any]], target: TextIO) -> int:
    """Rows as CSV; a list or an object is a cell of JSON."""
    first = next(rows, None)
    if first is None:
        return 0
    writer, count = csv.DictWriter(target, list(first)), 0
    writer.writeheader()
    for row in itertools.chain([first], rows):
        writer.writerow({name: json.dumps(cell, ensure_ascii=False) if isinstance(cell, list | dict) else cell for name, cell in row.items()})
        count += 1
    return count
