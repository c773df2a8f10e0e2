"""Published tables through limbeck's own pipeline: rows in, and what it says of the cells that people chose out."""

import json
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from limbeck.evals.place import Rows
from limbeck.evals.s2j_cells import placed
from limbeck.llm import Sender
from limbeck.progress import Progress
from limbeck.records.answers import TYPE, Said
from limbeck.records.grounding import Source, spoken
from limbeck.records.reading import read_schema
from limbeck.records.scoring import Answer, GoldCell, gold_of
from limbeck.run import run
from limbeck.schemas.extraction import RecordSchema
from limbeck.schemas.tables import Table, Target
from limbeck.sections import FAKE
from limbeck.settings import load
from limbeck.store import Store
from limbeck.students.cell_lessons import CellLesson

Cell = Hashable
"""A row's id and the cell as its gold names it."""


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

    def lessons(self) -> list[CellLesson]:
        """What its gold says of the values found in its tables, for a student to learn."""
        return [CellLesson(table, target, self.said[id, cell]) for id, table, target, cell in self.placed if (id, cell) in self.said]

    def known(self) -> dict[Table, dict[str, Said]]:
        """Each table with what its gold says of the values found in it, for a teacher to say."""
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
    """What the pipeline says of the cells that people chose, and what a table cost: `seconds_a_table`, `tokens_a_table`.

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
    said: dict[Cell, Said] = {
        (id, cell): spoken(by_row[id, target.row, target.column, target.part])
        for id, _, target, cell in rows.placed
        if cell is not None and (id, target.row, target.column, target.part) in by_row
    }
    return said, _costs(json.loads(ended.summary if ended else "{}"), len(rows.rows))


def _costs(summary: Mapping[str, Any], tables: int) -> dict[str, float]:
    spent = summary.get("spent", {})
    tokens = spent.get("prompt_tokens", 0) + spent.get("completion_tokens", 0)
    return {"seconds_a_table": summary.get("seconds", {}).get("extract", 0.0) / tables, "tokens_a_table": tokens / tables}


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


def papers(rows: Rows) -> list[str]:
    """The rows' papers, each once."""
    return sorted({str(row["paper_id"]) for row in rows})


def grounded_gold(sets: Iterable[Set]) -> tuple[list[GoldCell], int]:
    """The sets' gold without pairs of which no word stands in the table or its text, and how many those are."""
    kept, left = [], 0
    for one in sets:
        sources = {id: Source(table) for id, table, _, _ in one.placed}
        for cell in one.gold:
            source = sources[cast(tuple[str, Any], cell.key)[0]]
            values = {name: _known(said, source) if isinstance(said, Mapping) else said for name, said in cell.values.items()}
            left += sum(len(said) - len(values[name]) for name, said in cell.values.items())
            kept.append(replace(cell, values={name: said for name, said in values.items() if said}))
    return kept, left


def _known(pairs: Mapping[str, str], source: Source) -> dict[str, str]:
    return {key: text for key, text in pairs.items() if source.knows(f"{key} {text}")}
