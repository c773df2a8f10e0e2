import json
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.errors import NoSuchRun, StoreBusy, StoreError
from limbeck.migrations import MIGRATIONS, migrate
from limbeck.query import ask
from limbeck.schemas import (
    Artifact,
    Call,
    Category,
    Document,
    Label,
    Place,
    Record,
    Run,
    Student,
    Taxonomy,
    Vote,
    content_id,
)
from limbeck.store import Store

# Text that UTF-8 can hold; NUL is one of its characters.
WORDS = st.text(st.characters(codec="utf-8"), max_size=40)
FIGURES = st.floats(allow_nan=False, allow_infinity=False)
COUNTS = st.integers(0, 2**31 - 1)


def call(number: int) -> Call:
    return Call(
        id=content_id(number), model="m", request="{}", text=f"answer {number}", finish="stop",
        prompt_tokens=1, completion_tokens=1, seconds=0.1, price=0.0, ended=1.0,
    )  # fmt: skip


def records(kind: type[Record], **fields: Any) -> Any:
    """Any records of a kind; fields that are not named are words."""
    free = {name: WORDS for name, field in kind.model_fields.items() if field.annotation is str and name not in fields}
    return st.builds(kind, **free, **fields)


CALLS = records(Call, prompt_tokens=COUNTS, completion_tokens=COUNTS, seconds=FIGURES, price=FIGURES, ended=FIGURES)
ARTIFACTS = records(Artifact, run=st.just("r"), step=st.just("s"), calls=st.lists(WORDS, max_size=3).map(tuple), error=st.none() | WORDS)
RUNS = records(Run, documents=COUNTS, started=FIGURES, finished=st.none() | FIGURES)
STUDENTS = records(Student, run=st.just("r"), chosen=st.booleans())
PLACES = records(Place, position=COUNTS, gold=st.none() | WORDS)
VOTES = records(Vote, space=st.just("s"), annotator=st.just("a"), score=FIGURES)
LABELS = records(Label, space=st.just("s"), confidence=FIGURES)
TAXONOMIES = records(
    Taxonomy,
    categories=st.lists(records(Category, parent=st.none() | WORDS, examples=st.lists(WORDS, max_size=2).map(tuple)), max_size=3).map(tuple),
    notes=st.lists(WORDS, max_size=2).map(tuple),
)  # fmt: skip


@pytest.fixture(scope="module")
def shared() -> Iterator[Store]:
    """One store for all examples: making one takes longer than using it."""
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "limbeck.duckdb") as store:
        yield store


@settings(deadline=None, max_examples=25)
@given(one=CALLS)
def test_calls_come_back_as_they_were(shared: Store, one: Call) -> None:
    known = shared.call(one.id)
    shared.put([one])
    assert shared.call(one.id) == (known or one) or shared.call(one.id) == one  # Before it is written.
    shared.flush()
    assert shared.call(one.id) == (known or one)


@settings(deadline=None, max_examples=25)
@given(made=st.lists(ARTIFACTS, max_size=5))
def test_artifacts_come_back_as_they_were_and_the_last_of_a_name_counts(shared: Store, made: list[Artifact]) -> None:
    shared.put(made)
    found = shared.artifacts("r", "s")
    last = {one.item: one for one in made}
    assert {item: found[item] for item in last} == last


@settings(deadline=None, max_examples=25)
@given(run=RUNS)
def test_runs_come_back_as_they_were(shared: Store, run: Run) -> None:
    shared.put([run])
    assert shared.run(run.id) == run


@settings(deadline=None, max_examples=25)
@given(student=STUDENTS)
def test_students_come_back_as_they_were(shared: Store, student: Student) -> None:
    shared.put([student])
    assert student in shared.students("r")


@settings(deadline=None, max_examples=25)
@given(taxonomy=TAXONOMIES)
def test_taxonomies_come_back_as_they_were(shared: Store, taxonomy: Taxonomy) -> None:
    shared.put_taxonomy("r", taxonomy)
    assert shared.taxonomy("r") == taxonomy


@settings(deadline=None, max_examples=25)
@given(places=st.lists(PLACES, max_size=5, unique_by=lambda one: one.position), texts=st.lists(WORDS, max_size=5, unique=True))
def test_places_and_documents_come_back_in_order(shared: Store, places: list[Place], texts: list[str]) -> None:
    documents = [Document.of(text) for text in texts]
    shared.put(documents)
    shared.flush()
    positions = sorted(place.position for place in places)
    placed = [one.model_copy(update={"position": at}) for one, at in zip(places, positions, strict=True)]
    shared.put_places("r", placed[::-1])
    assert shared.places("r") == placed
    stand = [Place(position=n, key=str(n), document=one.id, source="a") for n, one in enumerate([*documents[::-1], *documents])]
    shared.put_places("r", stand)
    assert shared.documents("r") == documents[::-1]


@settings(deadline=None, max_examples=25)
@given(votes=st.lists(VOTES, max_size=5), labels=st.lists(LABELS, max_size=5))
def test_votes_and_labels_come_back_as_they_were(shared: Store, votes: list[Vote], labels: list[Label]) -> None:
    shared.put_votes("s", "a", votes)
    found = [one for one in shared.votes("s", ["a"]) if one.item in {vote.item for vote in votes}]
    assert found == votes
    shared.put_labels("r", "s", labels)
    assert shared.labels("r", "s") == labels


VECTORS = st.lists(st.lists(st.floats(width=32, allow_nan=False), min_size=3, max_size=3), max_size=6)


@settings(deadline=None, max_examples=25)
@given(vectors=VECTORS, number=st.integers(0, 2**60))
def test_vectors_come_back_as_they_were_and_each_encoder_has_its_own(shared: Store, vectors: list[list[float]], number: int) -> None:
    ids, made = [f"{number}/{place}" for place in range(len(vectors))], np.array(vectors, np.float32).reshape(-1, 3)
    encoder = f"encoder {number}"
    before = shared.embeddings(encoder, ids)
    if not before:
        shared.put_embeddings(encoder, ids, made)
        found = shared.embeddings(encoder, [*ids[::-1], "unknown"])
        assert sorted(found) == sorted(ids)
        assert all(np.array_equal(found[id], made[place]) and found[id].dtype == np.float32 for place, id in enumerate(ids))
    assert shared.embeddings("another", ids) == shared.embeddings(encoder, []) == {}


# ---- what is replaced, and what is not -------------------------------------------------------------------------------


def test_an_answer_and_a_document_never_change(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.duckdb") as store:
        store.put([call(1), Document(id="d", text="first")])
        store.flush()
        store.put([call(1).model_copy(update={"text": "another"}), Document(id="d", text="second")])
        store.flush()
        assert store.rows("SELECT text FROM calls UNION ALL SELECT text FROM documents") == [{"text": "answer 1"}, {"text": "first"}]
    with Store.open(tmp_path / "a.duckdb") as store:
        assert store.call(content_id(1)) == call(1)


def test_votes_are_replaced_by_item_and_annotator(tmp_path: Path) -> None:
    def vote(item: str, annotator: str, label: str) -> Vote:
        return Vote(item=item, space="s", annotator=annotator, label=label)

    with Store.open(tmp_path / "a.duckdb") as store:
        store.put_votes("s", "llm", [vote("1", "llm", "x"), vote("2", "llm", "x"), vote("2", "llm", "y")])
        store.put_votes("s", "person:ann", [vote("2", "person:ann", "z")])
        store.put_votes("s", "llm", [vote("2", "llm", "w")])
        store.put_votes("s", "llm", [])
        said = sorted((one.item, one.annotator, one.label) for one in store.votes("s"))
        assert said == [("1", "llm", "x"), ("2", "llm", "w"), ("2", "person:ann", "z")]
        assert {one.annotator for one in store.votes("s", ["llm"])} == {"llm"}
        assert store.votes("s", []) == [] and store.votes("t") == []


def test_what_is_not_there(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.duckdb") as store:
        assert (store.call("x"), store.run("x"), store.artifacts("x", "y"), store.documents("x")) == (None, None, {}, [])
        with pytest.raises(NoSuchRun, match="^run 'x' has no taxonomy yet; see how far it is with: limbeck show$"):
            store.taxonomy("x")


def test_many_threads_put_and_ask_at_once(tmp_path: Path) -> None:
    wrong: list[int] = []

    def work(store: Store, start: int) -> None:
        for number in range(start, start + 200):
            store.put([call(number)])
            if store.call(content_id(number)) != call(number):
                wrong.append(number)

    with Store.open(tmp_path / "a.duckdb") as store:
        threads = [threading.Thread(target=work, args=(store, start)) for start in range(0, 800, 200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        # Put, asked about, and gone to disk in between.
        store.flush()
        assert [store.call(content_id(number)) for number in (0, 799)] == [call(0), call(799)]
    assert ask(tmp_path / "a.duckdb", "SELECT count(*) AS n FROM calls").to_pylist() == [{"n": 800}]


def test_what_was_put_is_there_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), Store.open(tmp_path / "a.duckdb") as store:
        store.put([call(1)])
        raise KeyError("x")
    with Store.open(tmp_path / "a.duckdb") as store:
        assert store.call(content_id(1)) == call(1)


# ---- what can't be written or opened ---------------------------------------------------------------------------------


def test_what_can_not_be_written_is_told_and_nothing_hangs(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"a\.duckdb' can't be written: .*; make room and run again$"):
        with Store.open(tmp_path / "a.duckdb") as store:
            store.put([Document.of("a")])
            store.flush()
            store.rows("DROP TABLE documents")
            store.put([Document.of("b")])
            with pytest.raises(StoreError, match="make room and run again"):
                store.flush()
            with pytest.raises(StoreError, match="make room and run again"):
                store.put([Document.of("c")])


@pytest.mark.parametrize("content", [b"text,n\n" * 5000, b"\0" * 5000, b"x"])
def test_a_file_that_is_no_store(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.duckdb"
    file.write_bytes(content)
    for attempt in (lambda: Store.open(file).__enter__(), lambda: ask(file, "SELECT 1")):
        with pytest.raises(StoreError, match=r"is no project's store: .*; choose another folder with: --project FOLDER$"):
            attempt()
    assert file.read_bytes() == content


HOLDING = """
import sys, time
from pathlib import Path
from limbeck.store import Store
from limbeck.schemas import Call
with Store.open(Path(sys.argv[1])) as store:
    number = 0
    while True:
        now = time.time()
        store.put([Call(id=f"c{number}", model="m", request="{}", text="x" * 200, finish="stop", prompt_tokens=1,
                        completion_tokens=1, seconds=0.0, price=0.0, ended=now)])
        if number % 100 == 0:
            print(number, now, flush=True)
        number += 1
        time.sleep(0.0005)
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, str, float]:
    """A store whose writer was killed at work; the writer's id, what it said when the file was taken, and its last words' time."""
    file = tmp_path_factory.mktemp("project") / "limbeck.duckdb"
    with subprocess.Popen([sys.executable, "-c", HOLDING, str(file)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        for _ in range(5):
            writer.stdout.readline()
        busy = ""
        try:
            with Store.open(file):
                pass
        except StoreBusy as error:
            busy = str(error)
        # What was put is committed soon, and on a busy machine a little later.
        assert any(ask(file, "SELECT count(*) AS n FROM calls").to_pylist()[0]["n"] > 0 for _ in range(50) if writer.stdout.readline())
        for _ in range(5):
            last = writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        last = (writer.stdout.read().strip().splitlines() or [last])[-1]
    return file, writer.pid, busy, float(last.split()[1])


def test_another_process_is_told_who_is_writing(killed: tuple[Path, int, str, float]) -> None:
    file, pid, busy, _ = killed
    assert busy == f"process {pid} is writing to {str(file)!r}; wait for it, or stop it with: kill {pid}"


def test_a_killed_writer_loses_a_quarter_second_at_most(killed: tuple[Path, int, str, float]) -> None:
    file, _, _, last_words = killed
    # Its socket is still there, and nobody listens.
    (asked,) = ask(file, "SELECT count(*) AS n, max(ended) AS last FROM calls").to_pylist()
    assert last_words - asked["last"] < 0.25
    with Store.open(file) as store:
        (row,) = store.rows("SELECT count(*) AS n, max(CAST(id[2:] AS INTEGER)) AS last FROM calls")
        assert row["n"] == row["last"] + 1 == asked["n"]  # What is lost is the end; there is no hole.
        store.put([call(1)])
        store.flush()
        assert store.call(content_id(1)) == call(1)


# ---- migrations ------------------------------------------------------------------------------------------------------

FIRST = "b2:fed7f3571525e7723c033da3f6bdb79d"


def test_an_old_project_opens_with_what_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "a.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE TABLE migrations (number INTEGER PRIMARY KEY)")
        connection.execute(MIGRATIONS[0])
        connection.execute("INSERT INTO migrations VALUES (0)")
        connection.execute("INSERT INTO documents VALUES ('d', 'an old text')")
    with Store.open(file) as store:
        assert store.rows("SELECT * FROM documents") == [{"id": "d", "text": "an old text"}]
        assert store.rows("SELECT count(*) AS n FROM migrations") == [{"n": len(MIGRATIONS)}]


def test_of_an_old_run_failed_checks_are_told_from_what_is_unsure(tmp_path: Path) -> None:
    failed = {"total": "subtotal 8.00 is 8.00, but total 9.00 was read", "tip": "subtotal 8.00 is 8.00, but total 9.00 was read"}
    doubts = {**failed, "company": "'Owl' is not sure: 0.20", "date": "'2019-04-03' does not stand on the page"}
    old = {"x": json.dumps({"doubts": doubts}), "y": json.dumps({"doubts": {}}), "z": "null"}
    file = tmp_path / "a.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE TABLE migrations (number INTEGER PRIMARY KEY)")
        for at, migration in enumerate(MIGRATIONS[:4]):
            connection.execute(migration)
            connection.execute("INSERT INTO migrations VALUES (?)", [at])
        for item, value in old.items():
            connection.execute("INSERT INTO artifacts VALUES ('r', 'decide', ?, ?, [], 'done', NULL)", [item, value])
    with Store.open(file) as store:
        kept = {row["item"]: json.loads(row["value"]) for row in store.rows("SELECT item, value FROM artifacts")}
    assert kept == {"x": {"doubts": doubts, "problems": failed}, "y": {"doubts": {}, "problems": {}}, "z": None}


COLUMNS = {
    "artifacts": ["run", "step", "item", "value", "calls", "status", "error"],
    "calls": ["id", "model", "request", "text", "finish", "prompt_tokens", "completion_tokens", "seconds", "price", "ended"],
    "documents": ["id", "text"],
    "embeddings": ["encoder", "text", "vector"],
    "labels": ["run", "item", "space", "label", "confidence", "method"],
    "migrations": ["number"],
    "pages": ["id", "value"],
    "places": ["run", "position", "key", "document", "source", "gold"],
    "record_schemas": ["run", "value"],
    "record_values": ["run", "document", "position", "place", "name", "key", "text", "number", "status", "confidence", "origin"],
    "records": ["run", "document", "position", "row", "column", "part", "value", "number", "type", "confidence"],
    "runs": ["id", "pipeline", "config", "documents", "status", "started", "finished", "summary"],
    "students": ["id", "run", "kind", "space", "path", "metrics", "chosen"],
    "taxonomies": ["run", "id", "method", "value"],
    "votes": ["item", "space", "annotator", "label", "score"],
}


def test_a_new_project_has_these_columns(tmp_path: Path) -> None:
    # People query them; a migration adds to this list, and takes nothing away.
    with Store.open(tmp_path / "a.duckdb") as store:
        found = store.rows("SELECT table_name, list(column_name ORDER BY column_index) AS columns FROM duckdb_columns() WHERE NOT internal GROUP BY 1")
    assert {row["table_name"]: row["columns"] for row in found} == COLUMNS


def test_migrations_are_applied_once_and_new_ones_after_the_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with duckdb.connect(str(tmp_path / "a.duckdb")) as connection:
        migrate(connection)
        migrate(connection)
        monkeypatch.setattr("limbeck.migrations.MIGRATIONS", (*MIGRATIONS, "ALTER TABLE documents ADD COLUMN extra VARCHAR"))
        migrate(connection)
        migrate(connection)
        assert connection.execute("SELECT number FROM migrations ORDER BY 1").fetchall() == [
            (number,) for number in range(len(MIGRATIONS) + 1)
        ]
        assert connection.execute("SELECT extra FROM documents").fetchall() == []


def test_a_migration_that_fails_leaves_the_project_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.duckdb"
    with Store.open(file):
        pass
    broken = "CREATE TABLE half (id VARCHAR); SELECT * FROM nowhere"
    with monkeypatch.context() as patch, duckdb.connect(str(file)) as connection:
        patch.setattr("limbeck.migrations.MIGRATIONS", (*MIGRATIONS, broken))
        with pytest.raises(duckdb.Error):
            migrate(connection)
    with Store.open(file) as store:
        assert "half" not in {row["name"] for row in store.rows("SHOW TABLES")}


def test_a_newer_project_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.duckdb"
    with Store.open(file):
        pass
    with duckdb.connect(str(file)) as connection:
        connection.execute("INSERT INTO migrations VALUES (?)", [len(MIGRATIONS)])
    count = len(MIGRATIONS)
    message = f"^the project has {count + 1} migrations, this limbeck knows {count}; upgrade with: pip install -U limbeck$"
    with pytest.raises(StoreError, match=message), Store.open(file):
        pass


def test_the_first_migration_is_what_it_always_was() -> None:
    # Projects were made with it: add another one to the list instead of changing this.
    assert content_id(MIGRATIONS[0]) == FIRST
