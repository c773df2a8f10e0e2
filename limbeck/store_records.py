"""Records of tables as rows of the store, and as one DuckDB table a record type: the SQL of both.

A record is a row of `records`; what it says of each attribute is a row of `record_values` with the same `document` and
`position`. `extracted."Result"` holds the same again for people: a row a record, a column an attribute. Functions of
strings alone, but for those that are given a cursor.
"""

import functools
from collections.abc import Iterable, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from limbeck.records.numbers import number
from limbeck.schemas.extraction import Attribute, Extracted, Origin, RecordSchema, RecordType, Status, Value
from limbeck.visible import visible

NAMESPACE = "extracted"
"""The DuckDB schema of the tables of record types."""
FIRST = {
    "run": "VARCHAR",
    "document": "VARCHAR",
    "key": "VARCHAR",
    "caption": "VARCHAR",
    "row": "INTEGER",
    "column": "INTEGER",
    "part": "INTEGER",
    "value": "VARCHAR",
    "number": "DOUBLE",
}
LAST = {"confidence": "DOUBLE", "status": "JSON", "confidences": "JSON"}
"""Columns of every type's table, before and after its attributes; `status` and `confidences` say it by attribute."""
REMEMBERED = 20_000
"""Values that are kept while records are read, since most come again and again."""
RECORDS = {
    "run": pa.string(),
    "document": pa.string(),
    "position": pa.int32(),
    "row": pa.int32(),
    "column": pa.int32(),
    "part": pa.int32(),
    "value": pa.string(),
    "number": pa.float64(),
    "type": pa.string(),
    "confidence": pa.float64(),
}
VALUES = {
    "run": pa.string(),
    "document": pa.string(),
    "position": pa.int32(),
    "place": pa.int32(),
    "name": pa.string(),
    "key": pa.string(),
    "text": pa.string(),
    "number": pa.float64(),
    "status": pa.string(),
    "confidence": pa.float64(),
    "origin": pa.string(),
}


# ---- as rows ---------------------------------------------------------------------------------------------------------


def put(cursor: duckdb.DuckDBPyConnection, run: str, document: str, records: Sequence[Extracted]) -> None:
    """Replace a document's records of a run, in one transaction."""
    cursor.begin()
    for table in ("record_values", "records"):
        cursor.execute(f"DELETE FROM {table} WHERE run = ? AND document = ?", [run, document])
    _insert(cursor, "records", RECORDS, [_record_row(run, document, at, one) for at, one in enumerate(records)])
    values = [
        _value_row(run, document, at, place, value)
        for at, one in enumerate(records)
        for place, value in enumerate(one.values)
    ]
    _insert(cursor, "record_values", VALUES, values)
    cursor.commit()


def _record_row(run: str, document: str, at: int, one: Extracted) -> tuple[Any, ...]:
    return (run, document, at, one.row, one.column, one.part, one.value, number(one.value), one.type, one.confidence)


def _value_row(run: str, document: str, at: int, place: int, one: Value) -> tuple[Any, ...]:
    origin = one.origin.model_dump_json(exclude_none=True) if one.origin else None
    return (run, document, at, place, one.name, one.key, one.text, number(one.text), one.status, one.confidence, origin)


def _insert(
    cursor: duckdb.DuckDBPyConnection, table: str, columns: dict[str, pa.DataType], rows: list[tuple[Any, ...]]
) -> None:
    if rows:
        arrays = [pa.array(one, kind) for one, kind in zip(zip(*rows, strict=True), columns.values(), strict=True)]
        cursor.register("batch", pa.table(arrays, names=list(columns)))
        cursor.execute(f"INSERT INTO {table} BY NAME SELECT * FROM batch")
        cursor.unregister("batch")


def records_sql(run: str, of: str = "") -> tuple[str, str]:
    """Two statements: rows of a run's records and of what these say, which `built` puts together.

    Args:
        run: A run's id.
        of: A further condition on both, such as `document IN (…)`.
    """
    where = f"WHERE run = {text(run)}" + (f" AND {of}" if of else "")
    return tuple(f"SELECT * EXCLUDE (run) FROM {table} {where} ORDER BY rowid" for table in ("records", "record_values"))  # type: ignore[return-value]


def built(records: Iterable[dict[str, Any]], values: Iterable[dict[str, Any]]) -> dict[str, list[Extracted]]:
    """Records by their document, of the rows of `records_sql`."""
    said: dict[tuple[str, int], list[Value]] = {}
    for row in values:
        value = _value(*(row[name] for name in ("name", "key", "text", "status", "confidence", "origin")))
        said.setdefault((row["document"], row["position"]), []).append(value)
    found: dict[str, list[Extracted]] = {}
    fields = ("row", "column", "part", "value", "type", "confidence")
    for row in records:
        inside = tuple(said.get((row["document"], row["position"]), ()))
        found.setdefault(row["document"], []).append(Extracted(values=inside, **{name: row[name] for name in fields}))
    return found


@functools.lru_cache(REMEMBERED)
def _value(name: str, key: str, text: str | None, status: Status, confidence: float, origin: str | None) -> Value:
    """A value, made once for all the cells that it holds of: headers speak for whole rows and columns."""
    found = Origin.model_validate_json(origin) if origin else None
    return Value(name=name, key=key, text=text, status=status, confidence=confidence, origin=found)


# ---- as a table a type -----------------------------------------------------------------------------------------------


def tables(schema: RecordSchema) -> dict[str, str]:
    """What the tables of a schema's types are called; DuckDB takes names that differ in case alone for one."""
    return dict(zip(schema.names, _distinct(schema.names, set()), strict=True))


def columns(of: RecordType) -> dict[str, str]:
    """A type's columns and their DuckDB types: an attribute's text, `<name>_number` beside it where it is a number's.

    A column of free-form pairs holds a JSON object. An attribute called like another column gets a number after its name.
    """
    names, numbers = _names(of)
    said = {names[one.name]: "JSON" if one.kind == "pairs" else "VARCHAR" for one in of.attributes}
    return {**FIRST, **said, **dict.fromkeys(numbers.values(), "DOUBLE"), **LAST}


def _names(of: RecordType) -> tuple[dict[str, str], dict[str, str]]:
    """The columns of attributes, and those of the numbers of some of them."""
    taken = {*FIRST, *LAST}
    every = [one.name for one in of.attributes]
    names = dict(zip(every, _distinct(every, taken), strict=True))
    counted = [one.name for one in of.attributes if one.kind == "number"]
    return names, dict(zip(counted, _distinct([f"{names[one]}_number" for one in counted], taken), strict=True))


def _distinct(names: Iterable[str], taken: set[str]) -> list[str]:
    found = []
    for name in names:
        plain, count = visible(name).strip() or "_", 1
        while (_with(plain, count)).casefold() in taken:
            count += 1
        taken.add(_with(plain, count).casefold())
        found.append(_with(plain, count))
    return found


def _with(name: str, count: int) -> str:
    return f"{name}_{count}" if count > 1 else name


def select(run: str, of: RecordType) -> str:
    """A statement that makes the rows of a type's table: a record once for each place of its document in the input."""
    names, numbers = _names(of)
    said = [f"{_said(one)} AS {name(names[one.name])}" for one in of.attributes]
    said += [f"any_value(number) FILTER (name = {text(one)}) AS {name(column)}" for one, column in numbers.items()]
    said += [f"{_by_attribute(of, field)} AS {name(field_as)}" for field, field_as in (("status", "status"), ("confidence", "confidences"))]
    ours = [name(column) for column in (*names.values(), *numbers.values())]
    listed = ", ".join(["s." + column for column in ours])
    return f"""
        WITH found AS (SELECT *, rowid AS nth FROM records WHERE run = {text(run)} AND type = {text(of.name)}),
        said AS (
            SELECT document, position, {", ".join(said)} FROM record_values WHERE run = {text(run)}
            AND (document, position) IN (SELECT (document, position) FROM found) GROUP BY document, position
        ),
        captions AS (
            SELECT id, json_extract_string(text, '$.caption') AS caption FROM documents
            WHERE id IN (SELECT document FROM found) AND json_valid(text)
        )
        SELECT f.run, f.document, p.key, c.caption, f.row, f."column", f.part, f.value, f.number,
            {listed + "," if listed else ""} f.confidence, s.status, s.confidences
        FROM found f LEFT JOIN said s ON s.document = f.document AND s.position = f.position
        LEFT JOIN places p ON p.run = f.run AND p.document = f.document LEFT JOIN captions c ON c.id = f.document
        ORDER BY p.position, f.nth
    """


def _said(one: Attribute) -> str:
    """What a record says of an attribute; of pairs, one JSON object."""
    return _object(one, "text") if one.kind == "pairs" else f"any_value(text) FILTER (name = {text(one.name)})"


def _object(one: Attribute, field: str) -> str:
    pair = f"to_json(key)::VARCHAR || ':' || to_json({field})::VARCHAR"
    these = f"name = {text(one.name)} AND text IS NOT NULL"
    return f"('{{' || string_agg({pair}, ',' ORDER BY place) FILTER ({these}) || '}}')::JSON"


def _by_attribute(of: RecordType, field: str) -> str:
    """A JSON object of a field by attribute; of pairs, by key within."""
    if not of.attributes:
        return "NULL::JSON"
    return f"json_object({', '.join(f'{text(one.name)}, {_field(one, field)}' for one in of.attributes)})"


def _field(one: Attribute, field: str) -> str:
    plain = f"to_json(any_value({field}) FILTER (name = {text(one.name)}))"
    return f"coalesce({_object(one, field)}, {plain})" if one.kind == "pairs" else plain


def publish(cursor: duckdb.DuckDBPyConnection, run: str, schema: RecordSchema) -> None:
    """Write a run's records into the tables of their types, in place of what these hold of the run."""
    names = tables(schema)
    cursor.begin()
    cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {NAMESPACE}")
    for kind, table in names.items():
        _shape(cursor, table, columns(schema.type(kind)))
    for table in _there(cursor):
        cursor.execute(f"DELETE FROM {NAMESPACE}.{name(table)} WHERE run = ?", [run])
    for kind, table in names.items():
        cursor.execute(f"INSERT INTO {NAMESPACE}.{name(table)} BY NAME {select(run, schema.type(kind))}")
    cursor.commit()


def _shape(cursor: duckdb.DuckDBPyConnection, table: str, wanted: dict[str, str]) -> None:
    """Make a type's table, or give it the columns that it lacks; a column of two kinds becomes one of texts."""
    full = f"{NAMESPACE}.{name(table)}"
    cursor.execute(f"CREATE TABLE IF NOT EXISTS {full} ({', '.join(f'{name(one)} {kind}' for one, kind in wanted.items())})")
    sql = "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = ? AND lower(table_name) = lower(?)"
    there = {one.lower(): kind for one, kind in cursor.execute(sql, [NAMESPACE, table]).fetchall()}
    for column, kind in wanted.items():
        has = there.get(column.lower())
        if has is None:
            cursor.execute(f"ALTER TABLE {full} ADD COLUMN {name(column)} {kind}")
        elif has not in (kind, "VARCHAR"):
            cursor.execute(f"ALTER TABLE {full} ALTER COLUMN {name(column)} TYPE VARCHAR")


def _there(cursor: duckdb.DuckDBPyConnection) -> list[str]:
    sql = "SELECT table_name FROM duckdb_tables() WHERE schema_name = ?"
    return [one for (one,) in cursor.execute(sql, [NAMESPACE]).fetchall()]


# ---- in SQL ----------------------------------------------------------------------------------------------------------


def name(plain: str) -> str:
    """A quoted identifier."""
    return '"' + plain.replace('"', '""') + '"'


def text(plain: str) -> str:
    """A quoted string."""
    return "'" + plain.replace("'", "''") + "'"
