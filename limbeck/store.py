"""The store: one DuckDB file a project, in which everything that a run asked, got and made is a row.

Records are put by any thread and written by one, in small batches that are committed at once when little is put and
at least every 250 ms under load; what was put is lost only with the process, and only the last batch. This is the one
module that writes SQL to the project, with `store_records.py` for records of tables.

    with Store.open(Path("project/limbeck.duckdb")) as store:
        store.put([Document.of("my card has not arrived")])
        store.flush()
"""

import contextlib
import queue
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from limbeck import store_records
from limbeck.errors import ConfigError, NoSuchRun, StoreError
from limbeck.migrations import migrate
from limbeck.query import answering, held_or_broken
from limbeck.schemas import Artifact, Call, Document, Label, Place, Record, Run, Student, Taxonomy, Vote
from limbeck.schemas.extraction import Extracted, RecordSchema
from limbeck.schemas.pages import Pages

MOST_MEMORY = "1GB"
"""What DuckDB may keep of the file in memory; else it keeps most of it, which vectors of a million labels make large."""
LONGEST_GAP = 0.1
GAP_PER_ROW = 0.0004
"""Under load, rows are gathered before the next commit, the longer the more came with the last; seconds."""

TABLES: dict[type[Record], tuple[str, str]] = {
    Document: ("documents", "INSERT OR IGNORE"),
    Call: ("calls", "INSERT OR IGNORE"),
    Artifact: ("artifacts", "INSERT OR REPLACE"),
    Run: ("runs", "INSERT OR REPLACE"),
    Student: ("students", "INSERT OR REPLACE"),
}
"""Records that are put one by one as they come about. A call's and a document's row never changes."""


class Store:
    """A project's file, held for writing. Not shared between processes; safe between threads."""

    def __init__(self, path: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.path = path
        self._connection = connection
        self._reading = threading.local()
        self._waiting: queue.SimpleQueue[Record | Future[None] | None] = queue.SimpleQueue()
        self._broken: Exception | None = None
        self._calls = {row[0] for row in connection.execute("SELECT id FROM calls").fetchall()}
        self._unwritten: dict[str, Call] = {}
        self._writer = threading.Thread(target=self._write_forever, name="limbeck-store", daemon=True)
        self._writer.start()

    @classmethod
    @contextlib.contextmanager
    def open(cls, path: Path) -> Iterator["Store"]:
        """Hold a project's file, making it if it is not there, and answer other processes' questions meanwhile.

        Raises:
            StoreBusy: Another process holds it.
            StoreError: It is not a store, or a newer limbeck wrote it.
            ConfigError: Its folder can't be made.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"can't make the project's folder {str(path.parent)!r} ({error.strerror}); write another `project:`"
            ) from None
        try:
            connection = duckdb.connect(str(path))
        except duckdb.Error as error:
            raise held_or_broken(path, error) from None
        with connection:
            connection.execute(f"SET memory_limit = '{MOST_MEMORY}'")
            migrate(connection)
            store = cls(path, connection)
            with answering(path, connection):
                try:
                    yield store
                finally:
                    store._close()

    # ---- putting -----------------------------------------------------------------------------------------------

    def put(self, records: Iterable[Record]) -> None:
        """Hand records to the writer and return at once; `flush` waits for them.

        Raises:
            StoreError: An earlier batch could not be written.
        """
        self._raise_if_broken()
        for record in records:
            if isinstance(record, Call):
                self._unwritten[record.id] = record
                self._calls.add(record.id)
            self._waiting.put(record)

    def flush(self) -> None:
        """Return when everything put so far is on disk.

        Raises:
            StoreError: It can't be written.
        """
        done: Future[None] = Future()
        self._waiting.put(done)
        while not self._broken:
            with contextlib.suppress(TimeoutError):
                return done.result(timeout=0.5)
        self._raise_if_broken()

    def put_places(self, run: str, places: Sequence[Place]) -> None:
        """Say where the run's documents stand in its input, in place of what was said before."""
        rows = [{"run": run, **place.model_dump()} for place in places]
        self._replace("places", "run = ?", [run], rows)

    def put_taxonomy(self, run: str, taxonomy: Taxonomy) -> None:
        """Keep the taxonomy that the run labels with."""
        row = {"run": run, "id": taxonomy.id, "method": taxonomy.method, "value": taxonomy.model_dump_json()}
        self._replace("taxonomies", "run = ?", [run], [row])

    def put_votes(self, space: str, annotator: str, votes: Sequence[Vote], items: Iterable[str] = ()) -> None:
        """Replace what an annotator said in a space about the items of its votes, and of those on which it now abstains."""
        items = list({vote.item for vote in votes} | set(items))
        where = "space = ? AND annotator = ? AND item IN (SELECT unnest(?::VARCHAR[]))"
        self._replace("votes", where, [space, annotator, items], [vote.model_dump() for vote in votes])

    def put_labels(self, run: str, space: str, labels: Sequence[Label]) -> None:
        """Replace a run's labels in a space."""
        rows = [{"run": run, **label.model_dump()} for label in labels]
        self._replace("labels", "run = ? AND space = ?", [run, space], rows)

    def put_schema(self, run: str, schema: RecordSchema) -> None:
        """Keep what the run wants of tables."""
        self._replace("record_schemas", "run = ?", [run], [{"run": run, "value": schema.model_dump_json()}])

    def record_schema(self, run: str) -> RecordSchema | None:
        """What a run wants of tables; None where it has not begun to read any."""
        rows = self.rows("SELECT value FROM record_schemas WHERE run = ?", [run])
        return RecordSchema.model_validate_json(rows[0]["value"]) if rows else None

    def put_records(self, run: str, document: str, records: Sequence[Extracted]) -> None:
        """Replace a document's records of a run."""
        self._raise_if_broken()
        store_records.put(self._connection.cursor(), run, document, records)

    def publish_records(self, run: str, schema: RecordSchema) -> None:
        """Write a run's records to one table a record type, such as `extracted."Result"`, in place of its rows there."""
        self.flush()
        self.put_schema(run, schema)
        store_records.publish(self._connection.cursor(), run, schema)

    def put_pages(self, id: str, pages: Pages) -> None:
        """Keep the pages of a file as an engine read them, by what names both."""
        self._raise_if_broken()
        self._connection.cursor().execute("INSERT OR REPLACE INTO pages VALUES (?, ?)", [id, pages.model_dump_json(exclude_defaults=True)])

    def put_embeddings(self, encoder: str, texts: Sequence[str], vectors: np.ndarray[Any, Any]) -> None:
        """Keep what an encoder made of texts that it has not been seen to embed, by their ids; [texts, dimensions]."""
        self._raise_if_broken()
        width = vectors.shape[1]
        flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).ravel())
        rows = pa.table({"text": pa.array(texts), "vector": pa.FixedSizeListArray.from_arrays(flat, width)})
        cursor = self._connection.cursor()
        cursor.register("batch", rows)
        cursor.execute("INSERT INTO embeddings SELECT ?, text, vector FROM batch", [encoder])
        cursor.unregister("batch")

    def forget(self, run: str, steps: Sequence[str]) -> None:
        """Forget what steps of a run made, since what they were made of has changed."""
        self.flush()
        self._replace("artifacts", "run = ? AND step IN (SELECT unnest(?::VARCHAR[]))", [run, list(steps)], [])

    def forget_students(self, run: str) -> None:
        """Forget a run's students, whose labels are no longer so; their folders stay."""
        self.flush()
        self._replace("students", "run = ?", [run], [])

    def _replace(self, table: str, where: str, values: list[Any], rows: list[dict[str, Any]]) -> None:
        self._raise_if_broken()
        cursor = self._connection.cursor()
        cursor.begin()
        cursor.execute(f"DELETE FROM {table} WHERE {where}", values)
        _insert(cursor, f"INSERT INTO {table}", rows)
        cursor.commit()

    # ---- getting -----------------------------------------------------------------------------------------------

    def call(self, id: str) -> Call | None:
        """The finished call of this id, which is the cache's answer."""
        if id not in self._calls:
            return None
        if waiting := self._unwritten.get(id):
            return waiting
        rows = self.rows("SELECT * FROM calls WHERE id = ?", [id])
        return Call.model_validate(rows[0]) if rows else None

    def artifacts(self, run: str, step: str) -> dict[str, Artifact]:
        """What a step has made so far, by item, in the order of writing."""
        self.flush()
        rows = self.rows("SELECT * FROM artifacts WHERE run = ? AND step = ?", [run, step])
        return {row["item"]: Artifact.model_validate({**row, "calls": tuple(row["calls"])}) for row in rows}

    def documents(self, run: str) -> list[Document]:
        """The run's distinct documents, in the order of their first place."""
        rows = self.rows(
            "SELECT d.id, d.text FROM documents d JOIN places p ON p.document = d.id WHERE p.run = ? "
            "GROUP BY ALL ORDER BY min(p.position)",
            [run],
        )
        return [Document.model_validate(row) for row in rows]

    def places(self, run: str) -> list[Place]:
        """Where the run's documents stand in its input, in that order. Holds the gold: for scorers."""
        sql = "SELECT * EXCLUDE (run) FROM places WHERE run = ? ORDER BY position"
        return [Place.model_validate(row) for row in self.rows(sql, [run])]

    def taxonomy(self, run: str) -> Taxonomy:
        """The taxonomy that a run labels with.

        Raises:
            NoSuchRun: It has none yet.
        """
        rows = self.rows("SELECT value FROM taxonomies WHERE run = ?", [run])
        if not rows:
            raise NoSuchRun(f"run {run!r} has no taxonomy yet; see how far it is with: limbeck show")
        return Taxonomy.model_validate_json(rows[0]["value"])

    def votes(self, space: str, annotators: Sequence[str] | None = None) -> list[Vote]:
        """A space's votes, of all annotators or of these."""
        rows = self.rows(
            "SELECT * FROM votes WHERE space = ? AND (? OR annotator IN (SELECT unnest(?::VARCHAR[])))",
            [space, annotators is None, list(annotators or [])],
        )
        return [Vote.model_validate(row) for row in rows]

    def annotators(self, space: str) -> list[str]:
        """Who voted in a space."""
        rows = self.rows("SELECT DISTINCT annotator FROM votes WHERE space = ? ORDER BY annotator", [space])
        return [row["annotator"] for row in rows]

    def labels(self, run: str, space: str) -> list[Label]:
        """A run's labels in a space."""
        sql = "SELECT * EXCLUDE (run) FROM labels WHERE run = ? AND space = ?"
        return [Label.model_validate(row) for row in self.rows(sql, [run, space])]

    def records(self, run: str) -> dict[str, list[Extracted]]:
        """A run's records by document, as they were put; documents without any are left out."""
        records, values = (self.rows(sql) for sql in store_records.records_sql(run))
        return store_records.built(records, values)

    def pages(self, ids: Sequence[str]) -> dict[str, Pages]:
        """What is kept of pages, by what names them; those that aren't are left out."""
        rows = self.rows("SELECT id, value FROM pages WHERE id IN (SELECT unnest(?::VARCHAR[]))", [list(ids)])
        return {row["id"]: Pages.model_validate_json(row["value"]) for row in rows}

    def embeddings(self, encoder: str, texts: Sequence[str]) -> dict[str, np.ndarray[Any, Any]]:
        """What is kept of an encoder's vectors of texts, by the texts' ids; float32 [dimensions] each."""
        cursor = self._connection.cursor()
        cursor.register("wanted", pa.table({"text": pa.array(texts, pa.string())}))
        sql = "SELECT text, vector FROM embeddings WHERE encoder = ? AND text IN (SELECT text FROM wanted)"
        found: pa.Table = cursor.sql(sql, params=[encoder]).to_arrow_table()
        cursor.unregister("wanted")
        if not found.num_rows:
            return {}
        vectors = found["vector"].combine_chunks().flatten().to_numpy().reshape(found.num_rows, -1)
        return dict(zip(found["text"].to_pylist(), vectors, strict=True))

    def students(self, run: str) -> list[Student]:
        """The students of a run, the chosen one first."""
        self.flush()
        rows = self.rows("SELECT * FROM students WHERE run = ? ORDER BY chosen DESC, kind", [run])
        return [Student.model_validate(row) for row in rows]

    def run(self, id: str) -> Run | None:
        """A run by its id."""
        self.flush()
        rows = self.rows("SELECT * FROM runs WHERE id = ?", [id])
        return Run.model_validate(rows[0]) if rows else None

    def runs_of(self, taxonomy: str) -> list[Run]:
        """The runs that label with a taxonomy, and so share its votes."""
        self.flush()
        rows = self.rows("SELECT r.* FROM runs r JOIN taxonomies t ON t.run = r.id WHERE t.id = ? ORDER BY r.id", [taxonomy])
        return [Run.model_validate(row) for row in rows]

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Rows of any reading statement, as dicts."""
        if not hasattr(self._reading, "cursor"):
            self._reading.cursor = self._connection.cursor()
        result = self._reading.cursor.execute(sql, list(values))
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    # ---- the writer --------------------------------------------------------------------------------------------

    def _write_forever(self) -> None:
        cursor = self._connection.cursor()
        going_on = True
        while going_on:
            batch = [self._waiting.get()]
            with contextlib.suppress(queue.Empty):
                while True:
                    batch.append(self._waiting.get_nowait())
            going_on = None not in batch
            try:
                self._write(cursor, [one for one in batch if isinstance(one, Record)])
            except (duckdb.Error, pa.ArrowException, OSError, UnicodeError) as error:
                self._broken = error
                return
            for one in batch:
                if isinstance(one, Future):
                    one.set_result(None)
            if going_on and not any(isinstance(one, Future) for one in batch):
                time.sleep(min(LONGEST_GAP, GAP_PER_ROW * len(batch)))

    def _write(self, cursor: duckdb.DuckDBPyConnection, records: list[Record]) -> None:
        if not records:
            return
        cursor.begin()
        for kind, (table, verb) in TABLES.items():
            # The last of equal keys counts: DuckDB refuses to replace a row twice in one statement.
            rows = {_key(one): one.__dict__ for one in records if type(one) is kind}
            _insert(cursor, f"{verb} INTO {table}", list(rows.values()))
        cursor.commit()
        for one in records:
            if isinstance(one, Call):
                self._unwritten.pop(one.id, None)

    def _raise_if_broken(self) -> None:
        if self._broken:
            first = str(self._broken).splitlines()[0]
            raise StoreError(f"{str(self.path)!r} can't be written: {first}; make room and run again")

    def _close(self) -> None:
        self._waiting.put(None)
        self._writer.join()
        self._raise_if_broken()


def _key(record: Record) -> tuple[str, ...]:
    if isinstance(record, Artifact):
        return (record.run, record.step, record.item)
    return (record.id,)  # type: ignore[attr-defined]


def _insert(cursor: duckdb.DuckDBPyConnection, verb: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        batch = pa.table({name: [row[name] for row in rows] for name in rows[0]})
        cursor.register("batch", batch)
        cursor.execute(f"{verb} BY NAME SELECT * FROM batch")
        cursor.unregister("batch")


