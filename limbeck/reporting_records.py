"""From a project's store to the facts of a report on records. Works on unfinished runs too."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from limbeck import show, show_records, store_records
from limbeck.facts import (
    AttributeFacts,
    DoubtFacts,
    ReaderFacts,
    RecordFacts,
    ScoredFacts,
    TableFacts,
    TypeFacts,
)
from limbeck.reporting import frame, source
from limbeck.schemas import Run
from limbeck.schemas.extraction import Extracted
from limbeck.schemas.tables import Table

TABLES, CELLS, RECORDS = 50, 5_000, 500
"""Tables that are drawn; of each, the cells and records."""
CELLS_IN_ALL = 20_000
"""After so many cells no further table is drawn, as browsers grow slow."""
DOUBTS = 30


def facts(store: Path, run: Run) -> RecordFacts:
    """What the report says of a run."""
    tables, doubts = list(_tables(store, run)), show_records.doubts(store, run)
    return RecordFacts(
        **frame(store, run),
        title=f"Records of {source(run)}",
        types=_types(store, run),
        unread=len(show.failed_cells(store, run)),
        tables=tuple(tables),
        tables_left_out=_placed(store, run) - len(tables),
        doubts=tuple(DoubtFacts(**vars(one)) for one in doubts[:DOUBTS]),
        doubted=len(doubts),
        readers=tuple(ReaderFacts(**vars(one)) for one in show_records.readers(store, run)),
        scored=tuple(_scored(row) for row in show.students(store, run)),
    )


def _types(store: Path, run: Run) -> tuple[TypeFacts, ...]:
    described = show_records.attributes(store, run)
    return tuple(
        TypeFacts(
            name=one.name,
            records=one.records,
            tables=one.tables,
            attributes=tuple(AttributeFacts(name=each.name, said=each.said) for each in described if each.type == one.name),
        )
        for one in show_records.types(store, run)
    )


def _placed(store: Path, run: Run) -> int:
    found = show.rows(store, f"SELECT count(DISTINCT document) AS n FROM places WHERE run = '{run.id}'")
    return int(found[0]["n"])


def _tables(store: Path, run: Run) -> Iterator[TableFacts]:
    """The first tables, each once, as many as a page can hold."""
    placed = show.rows(
        store,
        f"SELECT min_by(p.key, p.position) AS key, d.id, any_value(d.text) AS text FROM places p JOIN documents d ON d.id = p.document "
        f"WHERE p.run = '{run.id}' GROUP BY d.id ORDER BY min(p.position) LIMIT {TABLES}",
    )
    records, drawn = _records(store, run, [row["id"] for row in placed]), 0
    for row in placed:
        try:
            table = Table.model_validate_json(row["text"])
        except ValidationError:
            continue
        yield _table(row, table, records.get(row["id"], []))
        drawn += min(len(table.cells), CELLS)
        if drawn >= CELLS_IN_ALL:
            return


def _records(store: Path, run: Run, documents: list[str]) -> dict[str, list[Extracted]]:
    listed = ", ".join(["''", *(f"'{one}'" for one in documents)])
    found, values = (show.rows(store, sql) for sql in store_records.records_sql(run.id, f"document IN ({listed})"))
    return store_records.built(found, values)


def _table(row: dict[str, Any], table: Table, records: list[Extracted]) -> TableFacts:
    return TableFacts(
        key=row["key"],
        document=row["id"],
        table=table.model_copy(update={"cells": table.cells[:CELLS]}),
        records=tuple(records[:RECORDS]),
        cells_left_out=max(0, len(table.cells) - CELLS),
        records_left_out=max(0, len(records) - RECORDS),
    )


def _scored(row: dict[str, Any]) -> ScoredFacts:
    scores = tuple(show_records.student_scores(row))
    return ScoredFacts(kind=row["kind"], chosen=row["chosen"], path=row["path"], scores=scores)
