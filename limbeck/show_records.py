"""What a run that reads tables found, for people: records by type, how much of them stands in the source, and doubts.

The counterpart of `show.py`, which it reads the store with; `limbeck/views.py` chooses by the pipeline.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from limbeck import show, store_records
from limbeck.charts import many
from limbeck.schemas import OTHER, Run
from limbeck.schemas.extraction import Extracted, Origin, RecordSchema, Status, Value
from limbeck.schemas.tables import cell_key
from limbeck.show import clipped, closing, rows, short
from limbeck.visible import on_one_line, visible

STATUSES: tuple[Status, ...] = get_args(Status)
EXAMPLES = 3
"""Records that a run's ending shows."""
DOUBTED = 0.5
"""A grounded value with less confidence than this is listed among the doubtful ones."""


@dataclass(frozen=True)
class Typed:
    """A record type, with what its records say counted by status."""

    name: str
    records: int
    tables: int
    said: dict[Status, int]


@dataclass(frozen=True)
class Described:
    """One attribute of a type, counted by status."""

    type: str
    name: str
    said: dict[Status, int]


@dataclass(frozen=True)
class Found:
    """A record and the table that it is of."""

    key: str
    document: str
    caption: str
    record: Extracted


@dataclass(frozen=True)
class Doubt:
    """What records of one table say alike, and may be wrong."""

    key: str
    document: str
    row: int
    """Of the first of these records; so are column, part and its value."""
    column: int
    part: int
    first: str
    records: int
    type: str
    value: Value
    """As the least sure of them says it."""


def types(store: Path, run: Run) -> list[Typed]:
    """Record types by the number of their records, the most frequent first, and `Other` last."""
    found = rows(
        store,
        f"SELECT type, count(*) AS records, count(DISTINCT document) AS tables FROM records WHERE run = '{run.id}' "
        f"GROUP BY type ORDER BY type = '{OTHER}', records DESC, type",
    )
    said: dict[str, dict[Status, int]] = {}
    for one in attributes(store, run):
        ours = said.setdefault(one.type, dict.fromkeys(STATUSES, 0))
        for status, count in one.said.items():
            ours[status] += count
    return [Typed(row["type"], row["records"], row["tables"], said.get(row["type"], {})) for row in found]


def attributes(store: Path, run: Run) -> list[Described]:
    """Attributes that records say something of, in the schema's order within each type."""
    counted = ", ".join(f"count(*) FILTER (status = '{one}') AS {one}" for one in STATUSES)
    found = rows(
        store,
        f"SELECT r.type, v.name, {counted} FROM records r JOIN record_values v USING (run, document, position) "
        f"WHERE r.run = '{run.id}' GROUP BY r.type, v.name ORDER BY r.type, min(v.place), v.name",
    )
    return [Described(row["type"], row["name"], {one: row[one] for one in STATUSES}) for row in found]


def records(store: Path, run: Run, limit: int | None = None, where: str = "true") -> list[Found]:
    """Records in the input's order, each once for each place of its table in it; no more than `limit`.

    Args:
        store: The project's store.
        run: One of its runs.
        limit: All without it.
        where: A condition on places `p` and records `r`.
    """
    found = rows(
        store,
        f"SELECT p.key, r.* EXCLUDE (run) FROM places p JOIN records r ON r.run = p.run AND r.document = p.document "
        f"WHERE p.run = '{run.id}' AND {where} ORDER BY p.position, r.position" + (f" LIMIT {limit}" if limit else ""),
    )
    once = {(row["document"], row["position"]): row for row in found}
    documents = {document for document, _ in once}
    said = store_records.built(once.values(), values(store, run, documents))
    built = dict(zip(sorted(once), (one for document in sorted(documents) for one in said[document]), strict=True))
    captions = show.captions(store, documents)
    return [Found(row["key"], row["document"], captions[row["document"]], built[row["document"], row["position"]]) for row in found]


def values(store: Path, run: Run, documents: Iterable[str]) -> list[dict[str, Any]]:
    """What the records of documents say, as `store_records.built` takes it."""
    return rows(store, store_records.records_sql(run.id, _among("document", documents))[1])


def _among(column: str, items: Iterable[str]) -> str:
    listed = ", ".join(store_records.text(item) for item in sorted(items))
    return f"{column} IN ({listed})" if listed else "false"


def doubts(store: Path, run: Run, limit: int | None = None) -> list[Doubt]:
    """Values that stand nowhere in their source, the least sure first; then those that do, and of which nobody is sure."""
    found = rows(
        store,
        f"""
        WITH doubted AS (
            SELECT r.document, r.type, v.name, v.key, v.text, v.status, count(*) AS records, min(v.confidence) AS confidence,
                min(r.position) AS position, min_by(v.origin, v.confidence) AS origin, min(v.place) AS place
            FROM records r JOIN record_values v USING (run, document, position)
            WHERE r.run = '{run.id}' AND (v.status = 'inferred' OR v.status <> 'missing' AND v.confidence < {DOUBTED}) GROUP BY ALL
        )
        SELECT d.*, p.key AS table_key, r.row, r."column", r.part, r.value AS first FROM doubted d
        JOIN records r ON r.run = '{run.id}' AND r.document = d.document AND r.position = d.position
        JOIN (SELECT document, min_by(key, position) AS key, min(position) AS position FROM places WHERE run = '{run.id}' GROUP BY document) p
        ON p.document = d.document
        ORDER BY d.status <> 'inferred', d.confidence, d.records DESC, p.position, d.position, d.place{f" LIMIT {limit}" if limit else ""}
        """,
    )
    fields = ("document", "row", "column", "part", "first", "records", "type")
    return [Doubt(key=row["table_key"], value=_value(row), **{name: row[name] for name in fields}) for row in found]


def _value(row: dict[str, Any]) -> Value:
    origin = Origin.model_validate_json(row["origin"]) if row["origin"] else None
    return Value(origin=origin, **{name: row[name] for name in ("name", "key", "text", "status", "confidence")})


@dataclass(frozen=True)
class Reader:
    """Who read the tables, and how often it found the type that was decided on."""

    name: str
    cells: int
    agreed: float


def readers(store: Path, run: Run) -> list[Reader]:
    """Readings that voted; none where tables were read once."""
    found = rows(store, f"SELECT value FROM record_schemas WHERE run = '{run.id}'")
    if not found:
        return []
    space = RecordSchema.model_validate_json(found[0]["value"]).id
    name = """r.document || '#' || r.row || ',' || r."column" || CASE WHEN r.part > 0 THEN ',' || r.part ELSE '' END"""
    voted = rows(
        store,
        f"SELECT v.annotator AS name, count(*) AS cells, avg((v.label = r.type)::INTEGER) AS agreed FROM votes v "
        f"JOIN records r ON r.run = '{run.id}' AND v.item = {name} WHERE v.space = '{space}' GROUP BY v.annotator ORDER BY v.annotator",
    )
    return [Reader(**row) for row in voted]


# ---- as a terminal shows it ------------------------------------------------------------------------------------------


def sized(store: Path, run: Run) -> str:
    """How many records a run found, in a word or two."""
    count = sum(one.records for one in types(store, run))
    return many(count, "record", "records") if count else "–"


def shares(said: dict[Status, int]) -> str:
    """Counts by status as shares of all, in one line."""
    all_ = sum(said.values())
    return ", ".join(f"{count / all_:.1%} {status}" for status, count in said.items() if count) if all_ else "nothing said"


def types_table(found: list[Typed]) -> Table:
    """Record types with their records, and how much of what these say stands in the source."""
    table = Table("type", "records", "tables", *STATUSES, box=None)
    for one in found:
        counts = (f"{one.said[status]:,}" if one.said else "–" for status in STATUSES)
        table.add_row(Text(clipped(one.name), "bold"), f"{one.records:,}", f"{one.tables:,}", *counts)
    return table


def labels_table(store: Path, run: Run, limit: int | None) -> Table:
    """Every record: its table's key, its cell, the value, and what is said of it."""
    return _records_table(records(store, run, limit))


def _records_table(found: Iterable[Found]) -> Table:
    table = Table("key", "cell", "value", "type", "attributes", box=None)
    for one in found:
        said = [_said(value) for value in one.record.values if value.text is not None]
        place = one.record.key
        shown = (Text(clipped(text)) for text in (one.key, place, one.record.value, one.record.type))
        table.add_row(*shown, Text("\n").join(said) if said else Text("–"))
    return table


def _said(value: Value) -> Text:
    """An attribute and its value; where that is not word for word in the source, how else it came about."""
    how = f"  {value.status} {value.confidence:.2f}" if value.status != "grounded" else ""
    return Text.assemble((f"{named(value)}: ", "dim"), clipped(value.text or ""), (how, "bold" if value.status == "inferred" else "dim"))


def named(value: Value) -> str:
    """What a value is of: its attribute, and of pairs what the table calls it."""
    return clipped(f"{value.name}: {value.key}" if value.key else value.name)


def ending(store: Path, run: Run, report: Path | None) -> RenderableType:
    """What a person wants to know when a run is over: records, how much is grounded, examples, students, cost."""
    found = types(store, run)
    if not found:
        head: list[RenderableType] = ["no records yet" if run.status != "finished" else "no records were found"]
    else:
        head = [types_table(found), "", _shares_line(found), "", _records_table(records(store, run, EXAMPLES))]
    lines = [*_failed_cells(store, run), *student_lines(store, run), "", *closing(store, run, report)]
    return Group(*head, "", *(Text(visible(line)) for line in lines))


def _shares_line(found: list[Typed]) -> Text:
    said = {status: sum(one.said.get(status, 0) for one in found) for status in STATUSES}
    count = sum(one.records for one in found)
    return Text(f"{many(count, 'record', 'records')}, {sum(said.values()):,} attributes: {shares(said)}")


def _failed_cells(store: Path, run: Run) -> list[str]:
    count = len(show.failed_cells(store, run))
    command = f"limbeck show {short(run.id)} --failed --project {store.parent}"
    return [f"Without a record: {many(count, 'value', 'values')} ({command})"] if count else []


def student_lines(store: Path, run: Run) -> list[str]:
    """What was measured of each student, and where the best is."""
    lines = []
    for student in show.students(store, run):
        scores = ", ".join(f"{name} {figure:.3f}" for name, figure in student_scores(student))
        lines.append(f"Student ({student['kind']}): {scores or 'not measured'}")
        if student["chosen"]:
            lines.append(f"Student: {store.parent / student['path']}")
    return lines or [f"Student: none{show.why_none(store, run, 'distil')}"]


def student_scores(student: dict[str, Any]) -> list[tuple[str, float]]:
    """A student's scores, those that are no scores left out."""
    found = json.loads(student["metrics"])
    return [(name.replace("_", " "), one) for name, one in found.items() if isinstance(one, float) and 0 <= one <= 1]


def annotators_view(store: Path, run: Run) -> RenderableType:
    """The readings of the tables, and how often each found the type that was decided on."""
    found = readers(store, run)
    if not found:
        return "tables were read once, and nothing voted; for several readings write `extract: {readings: 3}`"
    table = Table("reading", "values", "agrees with the type", box=None)
    for one in found:
        table.add_row(Text(clipped(one.name)), f"{one.cells:,}", f"{one.agreed:.1%}")
    return table


def errors_view(store: Path, run: Run, limit: int | None) -> RenderableType:
    """Values that stand nowhere in the source first, the least sure first."""
    found = doubts(store, run, limit)
    if not found:
        return "every value stands in its source"
    table = Table("key", "type", "attribute", "said", "status", "confidence", "records", "first at", box=None)
    for one in found:
        said, place = on_one_line(one.value.text or ""), cell_key(one.row, one.column, one.part)
        shown = [Text(clipped(text)) for text in (one.key, one.type, named(one.value), said, one.value.status)]
        table.add_row(*shown, f"{one.value.confidence:.2f}", f"{one.records:,}", Text(clipped(f"{place}: {one.first}")))
    return table
