"""Published tables through limbeck's own pipeline: rows in, and what it says of the cells that people chose out."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from limbeck.evals.place import Rows
from limbeck.evals.s2j_cells import placed
from limbeck.llm import Sender
from limbeck.progress import Progress
from limbeck.records.answers import TYPE, Said
from limbeck.records.reading import read_schema
from limbeck.records.scoring import Answer, GoldCell, gold_of
from limbeck.run import run
from limbeck.schemas.extraction import Extracted, RecordSchema
from limbeck.schemas.tables import Table, Target
from limbeck.sections import FAKE
from limbeck.settings import load
from limbeck.store import Store

Cell = tuple[str, Any]
"""A row's id, and the cell as its gold names it."""


@dataclass(frozen=True, eq=False)
class Set:
    """The rows of one of the three sets, and its schema."""

    name: str
    rows: Rows
    schema_file: Path

    @cached_property
    def schema(self) -> RecordSchema:
        """What is wanted of its tables."""
        return read_schema(self.schema_file)

    @cached_property
    def placed(self) -> list[tuple[str, Table, Target, Any]]:
        """Each value that is found: its row's id, its table, and the gold cell that it is, or None."""
        return [
            (str(row["id"]), table, target, cell[0] if cell else None)
            for row in self.rows
            for table, target, cell in placed({**row, "target_cells": _recorded(row)})[0]
        ]

    @cached_property
    def gold(self) -> list[GoldCell]:
        """The records that people wrote."""
        return [cell for row in self.rows for cell in gold_of(row)]

    @cached_property
    def said(self) -> dict[Cell, Said]:
        """The same as a teacher would say them: the first of what is accepted."""
        return {cell.key: {TYPE: cell.type, **{name: _first(one) for name, one in cell.values.items()}} for cell in self.gold}

    def lessons(self) -> dict[Table, dict[str, Said]]:
        """Each table with what its gold says of the values found in it."""
        known: dict[Table, dict[str, Said]] = {}
        for id, table, target, cell in self.placed:
            records = known.setdefault(table, {})
            if (id, cell) in self.said:
                records[target.key] = self.said[id, cell]
        return known


def _recorded(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The cells that a row has gold records of; a few of them are not among its `target_cells`."""
    return [{"cell": one["cell"], "value": one["record"]["value"]} for one in row["gold"]]


def _first(accepted: Answer) -> str | dict[str, str]:
    return dict(accepted) if isinstance(accepted, Mapping) else accepted[0]


def piped(rows: Set, folder: Path, progress: Progress, send: Sender | None = None, **extract: Any) -> tuple[dict[Cell, Said], dict[str, float]]:
    """What the pipeline says of the cells that people chose, and what a table cost: `seconds`, `tokens`.

    Args:
        rows: The tables.
        folder: Where the project goes.
        progress: What a person sees.
        send: What answers in place of the embedded model.
        extract: Of the config's section.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = [{"id": row["id"], "table": row["table"], "context": row["context"]} for row in rows.rows]
    (folder / "tables.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n", "utf-8")
    config = {
        "pipeline": "tables",
        "use_case": "Read the values of tables in scientific papers.",
        "documents": {"source": "tables.jsonl", "key": "id"},
        "records": {"source": str(rows.schema_file)},
        "extract": extract,
        "student": {"kinds": []},
        **({"model": {"name": FAKE, "context": 1_000_000}} if send else {}),
    }
    (folder / "config.yaml").write_text(json.dumps(config), "utf-8")
    outcome = run(load(folder / "config.yaml"), progress, send)
    with Store.open(outcome.store) as store:
        places, records, ended = store.places(outcome.run), store.records(outcome.run), store.run(outcome.run)
    by_row = {(place.key.partition("#")[0], one.row, one.column, one.part): one for place in places for one in records.get(place.document, ())}
    said = {
        (id, cell): spoken(by_row[id, target.row, target.column, target.part])
        for id, _, target, cell in rows.placed
        if cell is not None and (id, target.row, target.column, target.part) in by_row
    }
    return said, _costs(json.loads(ended.summary if ended else "{}"), len(rows.rows))


def _costs(summary: Mapping[str, Any], tables: int) -> dict[str, float]:
    spent = summary.get("spent", {})
    tokens = spent.get("prompt_tokens", 0) + spent.get("completion_tokens", 0)
    return {"seconds": summary.get("seconds", {}).get("extract", 0.0) / tables, "tokens": tokens / tables}


def spoken(record: Extracted) -> Said:
    """A record of the store as a model says it."""
    said: Said = {TYPE: record.type}
    for value in record.values:
        if value.key:
            said.setdefault(value.name, {})[value.key] = value.text
        else:
            said[value.name] = value.text
    return said


def sets_of(rows: Rows, schemas: Path, folder: Path) -> list[Set]:
    """The rows, set by set, each set's schema in a file of its own."""
    known: dict[str, Any] = json.loads(schemas.read_text("utf-8"))
    names: Iterable[str] = dict.fromkeys(str(row["set"]) for row in rows)
    found = []
    for name in names:
        file = folder / f"{name}.json"
        file.write_text(json.dumps({"name": name, "types": known[name]}), "utf-8")
        found.append(Set(name, [row for row in rows if row["set"] == name], file))
    return found


def papers(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The rows' papers, each once."""
    return list(dict.fromkeys(str(row["paper_id"]) for row in rows))
