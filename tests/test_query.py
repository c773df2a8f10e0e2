import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest

from limbeck.errors import NoSuchRun, QueryError, StoreBusy
from limbeck.query import address, ask
from limbeck.schemas import Document
from limbeck.store import Store


@pytest.fixture
def project(tmp_path: Path) -> Path:
    file = tmp_path / "project" / "limbeck.duckdb"
    with Store.open(file) as store:
        store.put([Document.of("one"), Document.of("two")])
    return file


READS = {
    "SELECT text FROM documents ORDER BY text": [{"text": "one"}, {"text": "two"}],
    "select count(*) as n from documents;": [{"n": 2}],
    "WITH a AS (SELECT 1 AS n) SELECT n FROM a": [{"n": 1}],
    "FROM documents SELECT count(*) AS n": [{"n": 2}],
    "SELECT text FROM documents WHERE text = 'x; DROP TABLE documents'": [],
    "VALUES (1)": [{"col0": 1}],
}

# {there} is a file that must not come about.
WRITES = [
    "DELETE FROM documents",
    "INSERT INTO documents VALUES ('a', 'b')",
    "UPDATE documents SET text = 'x'",
    "DROP TABLE documents",
    "ALTER TABLE documents ADD COLUMN n INTEGER",
    "CREATE TABLE other (n INTEGER)",
    "CREATE TEMP TABLE other (n INTEGER)",
    "CREATE OR REPLACE VIEW v AS SELECT 1",
    "TRUNCATE documents",
    "COPY documents TO '{there}'",
    "EXPORT DATABASE '{there}'",
    "ATTACH '{there}' AS other",
    "EXPLAIN ANALYZE DELETE FROM documents",
    "EXPLAIN ANALYZE COPY documents TO '{there}'",
    "SELECT 1; DELETE FROM documents",
    "SELECT 1; SELECT 2",
    "BEGIN",
    "COMMIT",
    "COMMIT; DELETE FROM documents",
    "SET memory_limit = '1GB'",
    "CHECKPOINT",
    "INSTALL httpfs",
    "LOAD httpfs",
    "VACUUM",
    "CALL pragma_version()",
    "PREPARE p AS DELETE FROM documents",
    "",
    ";",
    "-- nothing",
]

WRONG = {
    "SELEC 1": "syntax error",
    "SELECT nothing FROM documents": "nothing",
    "SELECT * FROM nowhere": "nowhere",
    "SELECT 'one": "unterminated",
}


@pytest.mark.parametrize("held", [False, True], ids=["alone", "while a run writes"])
@pytest.mark.parametrize("sql", READS)
def test_questions_are_answered(sql: str, held: bool, project: Path) -> None:
    if not held:
        assert ask(project, sql).to_pylist() == READS[sql]
        return
    with Store.open(project):
        assert ask(project, sql).to_pylist() == READS[sql]


@pytest.mark.parametrize("held", [False, True], ids=["alone", "while a run writes"])
@pytest.mark.parametrize("sql", WRITES)
def test_nothing_but_a_question_is_answered(sql: str, held: bool, project: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    sql = sql.format(there=there)
    if held:
        with Store.open(project) as store:
            with pytest.raises(QueryError) as error:
                ask(project, sql)
            store.put([Document.of("three")])
            store.flush()
            assert len(store.rows("SELECT * FROM documents")) == 3
    else:
        with pytest.raises(QueryError) as error:
            ask(project, sql)
        assert ask(project, "SELECT count(*) AS n FROM documents").to_pylist() == [{"n": 2}]
    assert repr(sql) in str(error.value) and "limbeck sql" in str(error.value)
    assert error.value.exit_code == 2
    assert not there.exists()


@pytest.mark.parametrize("sql", WRONG)
def test_wrong_sql_is_one_line_that_says_where_to_look(sql: str, project: Path) -> None:
    with pytest.raises(QueryError) as error:
        ask(project, sql)
    said = str(error.value)
    assert said.startswith(repr(sql)) and said.endswith('; tables: limbeck sql "SHOW TABLES"')
    assert WRONG[sql] in said.lower() and "\n" not in said


def test_show_tables(project: Path) -> None:
    names = {row["name"] for row in ask(project, "SHOW TABLES").to_pylist()}
    assert {"documents", "labels", "votes", "calls", "runs", "artifacts", "taxonomies", "students"} <= names


def test_no_project(tmp_path: Path) -> None:
    with pytest.raises(NoSuchRun, match=r"^no project at '.*nowhere'; start one with: limbeck run my.yaml$"):
        ask(tmp_path / "nowhere" / "limbeck.duckdb", "SELECT 1")
    assert list(tmp_path.iterdir()) == []


ASKING = "import sys, json; from pathlib import Path; from limbeck.query import ask; print(json.dumps(ask(Path(sys.argv[1]), sys.argv[2]).to_pylist()))"


def test_another_process_sees_what_is_committed_while_this_one_writes(project: Path) -> None:
    with Store.open(project) as store:
        store.put([Document.of(f"text {n}") for n in range(3000)])
        store.flush()
        sql = "SELECT count(*) AS n, max(text) AS last FROM documents"
        asked = subprocess.run([sys.executable, "-c", ASKING, str(project), sql], capture_output=True, text=True, check=True)
        assert json.loads(asked.stdout) == [{"n": 3002, "last": "two"}]
        whole = subprocess.run([sys.executable, "-c", ASKING, str(project), "FROM documents"], capture_output=True, text=True, check=True)
        assert len(json.loads(whole.stdout)) == 3002


def test_many_ask_while_one_writes(project: Path) -> None:
    counts: list[list[int]] = []

    def work() -> None:
        counts.append([ask(project, "SELECT count(*) AS n FROM documents").to_pylist()[0]["n"] for _ in range(10)])

    with Store.open(project) as store:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for n in range(300):
            store.put([Document.of(f"text {n}")])
        for thread in threads:
            thread.join()
    assert len(counts) == 4 and all(one == sorted(one) and one[0] >= 2 for one in counts)
    assert ask(project, "SELECT count(*) AS n FROM documents").to_pylist() == [{"n": 302}]


def test_the_socket_is_gone_afterwards_and_for_its_owner_alone(project: Path) -> None:
    with Store.open(project):
        place = Path(address(project))
        assert place.is_socket() and place.parent.stat().st_mode & 0o077 == 0
        assert len(str(place)) < 100
    assert not place.exists()


def test_a_request_that_is_no_json_does_no_harm(project: Path) -> None:
    with Store.open(project):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(address(project))
            connection.sendall(b"nonsense\n")
            assert "error" in json.loads(connection.makefile("rb").readline())
        assert ask(project, "SELECT 1 AS n").to_pylist() == [{"n": 1}]


HOLDING = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


def test_a_holder_that_does_not_answer_is_named(project: Path) -> None:
    command = [sys.executable, "-c", HOLDING, str(project)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout and holder.stdin
        holder.stdout.readline()
        try:
            with pytest.raises(StoreBusy, match=f"^process {holder.pid} is writing to .*; wait for it, or stop it with: kill {holder.pid}$"):
                ask(project, "SELECT 1")
        finally:
            holder.stdin.close()


def test_a_question_changes_no_byte(project: Path) -> None:
    before = project.read_bytes()
    ask(project, "SELECT * FROM documents")
    assert project.read_bytes() == before
    assert duckdb.connect(str(project), read_only=True).execute("SELECT count(*) FROM documents").fetchone() == (2,)
