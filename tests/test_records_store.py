"""Records of tables in the store: as they were put, and as one DuckDB table a record type."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.migrations import MIGRATIONS
from limbeck.query import ask
from limbeck.records.numbers import number
from limbeck.schemas import Document, Place
from limbeck.schemas.extraction import Attribute, Extracted, Origin, RecordSchema, RecordType, Value
from limbeck.schemas.tables import Cell, Table
from limbeck.store import Store

RESULT = RecordType(
    name="Result",
    attributes=(
        Attribute(name="metric"),
        Attribute(name="training data/set"),
        Attribute(name="size", kind="number"),
        Attribute(name="model settings", kind="pairs"),
    ),
)
HYPER = RecordType(name="Hyper-parameter/Architecture", attributes=(Attribute(name="model"), Attribute(name="select")))
SCHEMA = RecordSchema(types=(RESULT, HYPER))


def table(caption: str = "Results on MNLI") -> Document:
    cells = (Cell(row=0, column=0, text="F1", header="column"), Cell(row=1, column=0, text="88.3"))
    made = Table(format="csv", rows=2, columns=1, cells=cells, caption=caption)
    return Document.of(made.model_dump_json(exclude_defaults=True))


def value(name: str, text: str | None, status: Any = "grounded", key: str = "", confidence: float = 0.9) -> Value:
    origin = Origin(where="cell", row=0, column=0, start=0, end=2) if status == "grounded" else None
    return Value(name=name, key=key, text=text, status=status, confidence=confidence, origin=origin)


ONE = Extracted(
    row=1,
    column=0,
    value="88.3",
    type="Result",
    confidence=0.8,
    values=(
        value("metric", "F1"),
        value("training data/set", None, "missing", confidence=0.1),
        value("size", "1,234", "inferred", confidence=0.4),
        value("model settings", "345M", key="size"),
        value("model settings", "24", "normalised", key="layers"),
    ),
)
OTHER = Extracted(row=1, column=0, part=1, value="n/a", type="Other", confidence=0.5)


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with Store.open(tmp_path / "limbeck.duckdb") as opened:
        yield opened


def place(store: Store, run: str, *documents: Document) -> None:
    store.put(documents)
    store.flush()
    store.put_places(run, [Place(position=at, key=f"t{at}", document=one.id, source="a.csv") for at, one in enumerate(documents)])


def of(store: Store, sql: str) -> list[dict[str, Any]]:
    return list(ask(store.path, sql).to_pylist())


# ---- as rows ---------------------------------------------------------------------------------------------------------

texts = st.text(max_size=12)
places = st.integers(0, 2**31 - 1)
shares = st.floats(0, 1)
origins = st.builds(
    Origin, where=st.sampled_from(["cell", "caption", "note", "paragraph"]), row=st.none() | places, column=st.none() | places,
    place=st.none() | places, start=places, end=places,
)  # fmt: skip
values = st.builds(
    Value, name=texts, key=texts, text=st.none() | texts, confidence=shares, origin=st.none() | origins,
    status=st.sampled_from(["grounded", "normalised", "inferred", "missing"]),
)  # fmt: skip
records = st.builds(
    Extracted, row=places, column=places, part=places, value=texts, type=texts, confidence=shares,
    values=st.lists(values, max_size=4).map(tuple),
)  # fmt: skip


@settings(max_examples=60)
@given(st.dictionaries(texts.filter(bool), st.lists(records, min_size=1, max_size=4), max_size=3))
def test_records_come_back_as_they_were_put(found: dict[str, list[Extracted]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "limbeck.duckdb") as store:
        for document, ours in found.items():
            store.put_records("r", document, [ONE])
            store.put_records("r", document, ours)
            store.put_records("r2", document, [OTHER])
        assert store.records("r") == found
        assert store.records("r2") == dict.fromkeys(found, [OTHER])


def test_a_document_may_have_no_records_any_more(store: Store) -> None:
    store.put_records("r", "d", [ONE, OTHER])
    store.put_records("r", "d", [])
    assert store.records("r") == {}
    assert of(store, "SELECT count(*) AS n FROM record_values") == [{"n": 0}]


def test_a_project_from_before_gets_the_new_tables(tmp_path: Path) -> None:
    path = tmp_path / "limbeck.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE migrations (number INTEGER PRIMARY KEY)")
        for at in range(2):
            connection.execute(MIGRATIONS[at])
            connection.execute("INSERT INTO migrations VALUES (?)", [at])
    with Store.open(path) as store:
        store.put_records("r", "d", [ONE])
        assert store.records("r") == {"d": [ONE]}


# ---- as a table a type -----------------------------------------------------------------------------------------------


def test_a_type_is_a_table_with_a_column_an_attribute(store: Store) -> None:
    document = table()
    place(store, "r", document)
    store.put_records("r", document.id, [ONE, OTHER])
    store.publish_records("r", SCHEMA)
    (row,) = of(store, 'SELECT * FROM extracted."Result"')
    assert {**row, "status": json.loads(row["status"]), "confidences": json.loads(row["confidences"])} == {
        "run": "r",
        "document": document.id,
        "key": "t0",
        "caption": "Results on MNLI",
        "row": 1,
        "column": 0,
        "part": 0,
        "value": "88.3",
        "number": 88.3,
        "metric": "F1",
        "training data/set": None,
        "size": "1,234",
        "model settings": '{"size":"345M","layers":"24"}',
        "size_number": 1234.0,
        "confidence": 0.8,
        "status": {
            "metric": "grounded",
            "training data/set": "missing",
            "size": "inferred",
            "model settings": {"size": "grounded", "layers": "normalised"},
        },
        "confidences": {
            "metric": 0.9,
            "training data/set": 0.1,
            "size": 0.4,
            "model settings": {"size": 0.9, "layers": 0.9},
        },
    }
    assert of(store, 'SELECT "model settings"->>\'size\' AS size FROM extracted."Result"') == [{"size": "345M"}]
    assert of(store, 'SELECT part, value, number, status FROM extracted."Other"') == [{"part": 1, "value": "n/a", "number": None, "status": None}]
    assert of(store, 'SELECT * FROM extracted."Hyper-parameter/Architecture"') == []
    assert RecordSchema.model_validate_json(of(store, "SELECT value FROM record_schemas")[0]["value"]) == SCHEMA


def test_what_comes_again_in_the_input_is_there_once_a_place(store: Store) -> None:
    document = table("")
    place(store, "r", document, document)
    store.put_records("r", document.id, [ONE])
    store.publish_records("r", SCHEMA)
    assert of(store, 'SELECT key, caption FROM extracted."Result"') == [{"key": "t0", "caption": None}, {"key": "t1", "caption": None}]


def test_a_document_that_is_no_json_has_no_caption(store: Store) -> None:
    document = Document.of("{ not a table")
    place(store, "r", document)
    store.put_records("r", document.id, [ONE])
    store.publish_records("r", SCHEMA)
    assert of(store, 'SELECT value, caption FROM extracted."Result"') == [{"value": "88.3", "caption": None}]


def test_runs_share_a_table_and_replace_their_own_rows(store: Store) -> None:
    document = table()
    other = RecordSchema(types=(RecordType(name="result", attributes=(Attribute(name="Metric"), Attribute(name="model settings"), Attribute(name="new"))),))
    place(store, "a", document)
    place(store, "b", document)
    store.put_records("a", document.id, [ONE])
    mine = ONE.model_copy(update={"type": "result", "values": (value("Metric", "F2"), value("model settings", "it's plain"), value("new", "x"))})
    store.put_records("b", document.id, [mine])
    for _ in range(2):
        store.publish_records("a", SCHEMA)
        store.publish_records("b", other)
    sql = 'SELECT run, metric, "training data/set" AS data, size, "model settings" AS settings, new FROM extracted."Result" ORDER BY run'
    assert of(store, sql) == [
        {"run": "a", "metric": "F1", "data": None, "size": "1,234", "settings": '{"size":"345M","layers":"24"}', "new": None},
        {"run": "b", "metric": "F2", "data": None, "size": None, "settings": "it's plain", "new": "x"},
    ]
    store.publish_records("b", RecordSchema(types=(HYPER,)))
    assert of(store, 'SELECT run FROM extracted."Result"') == [{"run": "a"}]


NAMES = ['a"b', "a.b", "select", "Data", "data", "DATA", "data_2", "run", "value", "number", "status", "x/y", "it's", "a]b", "ä ö", "$1", "--", "", " ", "\x00"]


def test_names_of_any_kind_are_tables_and_columns(store: Store) -> None:
    schema = RecordSchema(types=tuple(RecordType(name=one, attributes=tuple(Attribute(name=a) for a in NAMES)) for one in NAMES))
    document = table()
    place(store, "r", document)
    said = tuple(value(one, f"said {at}") for at, one in enumerate(NAMES))
    made = [Extracted(row=at, column=0, value="1", type=one, confidence=1.0, values=said) for at, one in enumerate(NAMES)]
    store.put_records("r", document.id, made)
    store.publish_records("r", schema)
    names = {row["table_name"] for row in of(store, "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'extracted'")}
    assert len(names) == len(NAMES) + 1 and {"Data", "data_2", "DATA_3", "data_2_2", 'a"b', "Other"} <= names
    rows = of(store, 'SELECT * FROM extracted."a""b"')
    assert [(row["row"], row["run"], row["value"]) for row in rows] == [(0, "r", "1")]
    assert sorted(cell for cell in rows[0].values() if str(cell).startswith("said")) == sorted(one.text or "" for one in said)
    assert json.loads(rows[0]["status"]) == dict.fromkeys(NAMES, "grounded")
    assert [rows[0][name] for name in ("run_2", "value_2", "Data", "data_2", "DATA_3", "data_2_2")] == ["said 7", "said 8", "said 3", "said 4", "said 5", "said 6"]


@settings(max_examples=30)
@given(st.lists(st.tuples(texts, st.sampled_from(["text", "number", "pairs"])), max_size=4, unique_by=lambda one: one[0]), texts, texts)
def test_any_schema_is_published(attributes: list[tuple[str, Any]], kind: str, said: str) -> None:
    import tempfile

    schema = RecordSchema(types=(RecordType(name=kind, attributes=tuple(Attribute(name=name, kind=of) for name, of in attributes)),))
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "limbeck.duckdb") as store:
        document = table(said)
        place(store, "r", document)
        filled = tuple(value(name, said, key=said if of == "pairs" else "") for name, of in attributes)
        store.put_records("r", document.id, [Extracted(row=1, column=0, value=said, type=kind, confidence=1.0, values=filled)])
        store.publish_records("r", schema)
        store.publish_records("r", schema)
        names = [row["table_name"] for row in of(store, "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'extracted'")]
        counted = sum(row["n"] for one in names for row in of(store, f"""SELECT count(*) AS n FROM extracted."{one.replace('"', '""')}" """))
        assert counted == 1


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("88.3", 88.3), (" .5 ", 0.5), ("1,234,567.5", 1234567.5), ("−3", -3.0), ("1.2e-5", 1.2e-5), ("88.3%", 88.3),
        ("88.3 ± 0.2", 88.3), ("88.3 +/- .2", 88.3), ("88.3†", 88.3), ("5.", 5.0), ("1e\u22123", 1e-3),
        ("345M", None), (">100", None), ("12,34", None), ("1,2345", None), ("1 234", None), ("12 (34)", None), ("1-2", None),
        ("1.2.3", None), ("", None), ("-", None), (".", None), ("nan", None), ("1e999", None), ("٣", None), (None, None),
    ],
)  # fmt: skip
def test_numbers_are_read_where_there_is_no_doubt(text: str | None, read: float | None) -> None:
    assert number(text) == read
