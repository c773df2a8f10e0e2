"""Records of a run as files for other tools: one a record type, and on demand one of all values with their sources.

What is asked goes through `query.py`, so that a run which is still writing can be exported, too.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from limbeck import show, store_records
from limbeck.errors import ConfigError
from limbeck.query import ask
from limbeck.schemas import OTHER, Run
from limbeck.schemas.extraction import RecordSchema

VALUES = "values"
"""The file of all values; a type of this name has another."""
VALUE_COLUMNS = """
    r.run, r.document, p.key, r.row, r."column", r.part, r.type, r.value, r.number, r.confidence, v.name AS attribute,
    v.key AS pair, v.text AS said, v.number AS said_number, v.status, v.confidence AS said_confidence,
    v.origin->>'where' AS "where", (v.origin->>'row')::INTEGER AS source_row, (v.origin->>'column')::INTEGER AS source_column,
    (v.origin->>'place')::INTEGER AS place, (v.origin->>'start')::INTEGER AS "start", (v.origin->>'end')::INTEGER AS "end"
"""
"""`place` is which note or paragraph; start and end are characters of the cell's, caption's, note's or paragraph's text."""
FILE_COLUMNS = """
    r.run, r.document, p.key, r.type, CASE WHEN r.row > 0 THEN r.row END AS entry, v.name AS field, v.key AS nth, v.text AS said, v.number AS said_number,
    v.status, v.confidence AS said_confidence, (v.origin->>'place')::INTEGER + 1 AS page, printed.text AS printed,
    (v.origin->'box'->>0)::DOUBLE AS "left", (v.origin->'box'->>1)::DOUBLE AS top, (v.origin->'box'->>2)::DOUBLE AS "right",
    (v.origin->'box'->>3)::DOUBLE AS bottom, sheet.width, sheet.height, v.origin->'words' AS words
"""
"""Of documents: `entry` numbers the records of a document's lists, `page` counts from 1, `left` to `bottom` are in the units of the
page's `width` and `height`, and `words` are numbers of the document's words, which `printed` joins.
"""
OF_TABLES = ("caption", "column", "part", "value", "number")
"""Columns of records that mean nothing where these are of documents; their `row` numbers the entries of a list."""


@dataclass(frozen=True)
class Part:
    """A file, and the question whose answer it holds."""

    file: Path
    sql: str
    nested: tuple[str, ...] = ()
    """Columns that hold JSON."""
    dropped: tuple[str, ...] = ()
    """Columns of the answer that are not written."""
    renamed: Mapping[str, str] = field(default_factory=dict)


def export(store: Path, run: Run, out: Path, form: str, only: str | None = None, values: bool = False) -> list[Path]:
    """Write a run's records.

    Args:
        store: The project's store.
        run: One of its runs.
        out: A folder; made if it is not there.
        form: `parquet`, `csv` or `jsonl`.
        only: The one type that is wanted; all without it.
        values: Whether to write `values` as well, a row a value of every type with its source, status and confidence.

    Returns:
        The files, in the schema's order; a type without records has a file without rows.

    Raises:
        ConfigError: The form or the type is unknown, a file is there already, or it can't be written.
        NoSuchRun: The run has no records yet.
    """
    if form not in WRITERS:
        raise ConfigError(f"can't write {form!r}; write one of: --format {' | '.join(WRITERS)}")
    wanted = schema(store, run)
    if only is not None and only not in wanted.names:
        raise ConfigError(f"run {show.short(run.id)!r} has no record type {only!r}; write one of: {', '.join(map(repr, wanted.names))}")
    # Documents have no values that are of no type.
    types = [name for name in wanted.names if only in (None, name) and not (run.pipeline == show.FILES and name == OTHER)]
    parts = _types(run, wanted, types, out, form)
    if values:
        parts.append(Part(out / f"{VALUES}.{form}", _every_value(run, only), ("words",) if run.pipeline == show.FILES else ()))
    _write_all(store, parts, WRITERS[form])
    return [part.file for part in parts]


def _types(run: Run, wanted: RecordSchema, types: Sequence[str], out: Path, form: str) -> list[Part]:
    parts = []
    for name, file in zip(types, file_names(types), strict=True):
        of = wanted.type(name)
        dropped, renamed = _of_files(run, wanted, name)
        nested = tuple(renamed.get(column, column) for column, kind in store_records.columns(of).items() if kind == "JSON")
        parts.append(Part(out / f"{file}.{form}", store_records.select(run.id, of), nested, dropped, renamed))
    return parts


def _of_files(run: Run, wanted: RecordSchema, name: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """Columns that a record of a document does without, and what others are called there: fields may be called like the former."""
    if run.pipeline != show.FILES:
        return (), {}
    own = name == wanted.types[0].name
    fields = {one.name for one in wanted.type(name).attributes}
    dropped = (*OF_TABLES, "row") if own else OF_TABLES
    free = {f"{one}_2": one for one in dropped if one in fields and f"{one}_2" not in fields}
    return dropped, free if own or "entry" in fields else {**free, "row": "entry"}


def schema(store: Path, run: Run) -> RecordSchema:
    """What a run wants of tables or documents.

    Raises:
        ConfigError: It is of another pipeline, or has not come so far.
    """
    found = show.rows(store, f"SELECT value FROM record_schemas WHERE run = '{run.id}'")
    if not found:
        raise ConfigError(
            f"run {show.short(run.id)!r} of pipeline {run.pipeline!r} has no records; list runs with: limbeck show --project {store.parent}"
        )
    return RecordSchema.model_validate_json(found[0]["value"])


def file_names(types: Sequence[str]) -> list[str]:
    """What the files of types are called: letters, digits, blanks, `.`, `-` and `_` alone, no two alike in any case."""
    taken, names = {VALUES}, []
    for one in types:
        plain, count = re.sub(r"[^\w .-]", "_", one).strip(" .") or "_", 1
        name = plain
        while name.casefold() in taken:
            count += 1
            name = f"{plain}_{count}"
        taken.add(name.casefold())
        names.append(name)
    return names


def _every_value(run: Run, only: str | None) -> str:
    of = f" AND r.type = {store_records.text(only)}" if only is not None else ""
    if run.pipeline == show.FILES:
        return _every_value_of_files(run, of)
    return (
        f"SELECT {VALUE_COLUMNS} FROM records r JOIN record_values v ON v.run = r.run AND v.document = r.document "
        "AND v.position = r.position LEFT JOIN places p ON p.run = r.run AND p.document = r.document "
        f"WHERE r.run = '{run.id}'{of} ORDER BY p.position, r.position, v.place"
    )


def _every_value_of_files(run: Run, of: str) -> str:
    """With where it stands on which page, and how it is printed there."""
    return f"""
        WITH paged AS (
            SELECT a.item AS document, p.value FROM artifacts a JOIN pages p ON p.id = a.value->>'pages'
            WHERE a.run = '{run.id}' AND a.step = 'pages' AND a.status <> 'failed'
        ),
        words AS (SELECT document, unnest(from_json(value->'words', '[{{"text": "VARCHAR"}}]'), recursive := true), generate_subscripts(from_json(value->'words', '["JSON"]'), 1) - 1 AS nth FROM paged),
        sheets AS (SELECT document, unnest(from_json(value->'sheets', '[{{"width": "DOUBLE", "height": "DOUBLE"}}]'), recursive := true), generate_subscripts(from_json(value->'sheets', '["JSON"]'), 1) - 1 AS nth FROM paged),
        places_of AS (
            SELECT v.document, v.position, v.place, unnest(from_json(v.origin->'words', '["INTEGER"]')) AS nth FROM record_values v WHERE v.run = '{run.id}'
        ),
        printed AS (
            SELECT o.document, o.position, o.place, string_agg(w.text, ' ' ORDER BY o.nth) AS text FROM places_of o JOIN words w USING (document, nth) GROUP BY ALL
        )
        SELECT {FILE_COLUMNS} FROM records r JOIN record_values v ON v.run = r.run AND v.document = r.document AND v.position = r.position
        LEFT JOIN printed ON printed.document = v.document AND printed.position = v.position AND printed.place = v.place
        LEFT JOIN sheets sheet ON sheet.document = v.document AND sheet.nth = (v.origin->>'place')::INTEGER
        LEFT JOIN places p ON p.run = r.run AND p.document = r.document
        WHERE r.run = '{run.id}' AND v.text IS NOT NULL{of} ORDER BY p.position, r.position, v.place
    """


def _write_all(store: Path, parts: Sequence[Part], write: Callable[[pa.Table, Part], None]) -> None:
    for part in parts:
        if part.file.exists():
            raise ConfigError(f"{str(part.file)!r} is there already; name another folder with --out")
    for part in parts:
        rows = ask(store, part.sql).drop_columns(list(part.dropped))
        rows = rows.rename_columns([part.renamed.get(name, name) for name in rows.column_names])
        try:
            part.file.parent.mkdir(parents=True, exist_ok=True)
            write(rows, part)
        except OSError as error:
            why = error.strerror or str(error)
            raise ConfigError(f"can't write {str(part.file)!r} ({why}); name another folder with --out") from None


# ---- forms -----------------------------------------------------------------------------------------------------------


def _parquet(rows: pa.Table, part: Part) -> None:
    pyarrow.parquet.write_table(rows, part.file)


def _csv(rows: pa.Table, part: Part) -> None:
    pyarrow.csv.write_csv(rows, part.file)


def _jsonl(rows: pa.Table, part: Part) -> None:
    """A JSON object a row, and objects within it where a column holds some."""
    with part.file.open("w", encoding="utf-8", newline="\n") as lines:
        for row in rows.to_pylist():
            inside = {name: json.loads(row[name]) for name in part.nested if row[name] is not None}
            lines.write(json.dumps({**row, **inside}, ensure_ascii=False) + "\n")


WRITERS: dict[str, Callable[[pa.Table, Part], None]] = {"parquet": _parquet, "csv": _csv, "jsonl": _jsonl}
