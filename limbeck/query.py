"""A person's questions to a project in SQL: read-only, also while a run is writing.

DuckDB lets one process hold a file. So the process that writes also answers: it listens on a Unix socket named after
the file, and `ask` goes there when the file is held. One request is one line of JSON, one answer is a line of JSON and
an Arrow stream.
"""

import contextlib
import hashlib
import json
import os
import re
import socketserver
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket

import duckdb
import pyarrow as pa

from limbeck.errors import NoSuchRun, QueryError, StoreBusy, StoreError

WAIT_SECONDS = 60.0


def ask(path: Path, sql: str) -> pa.Table:
    """Run one read-only statement on the project's store, whoever holds it.

    Raises:
        NoSuchRun: There is no store at `path`.
        QueryError: The statement is wrong, is not one statement, or would write.
        StoreBusy: Another process holds the file and doesn't answer.
    """
    if not path.is_file():
        raise NoSuchRun(f"no project at {str(path.parent)!r}; start one with: limbeck run my.yaml")
    with contextlib.suppress(ConnectionRefusedError, FileNotFoundError):
        return _ask_holder(address(path), sql)
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        raise held_or_broken(path, error) from None
    with connection:
        return read(connection, sql)


def read(connection: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    """Run one statement that can only read.

    Raises:
        QueryError: The statement is wrong, is not one statement, or would write.
    """
    try:
        statements = connection.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise QueryError(f"{sql!r} is not one SELECT; only reading is allowed: limbeck sql \"SELECT …\"")
        connection.execute("BEGIN TRANSACTION READ ONLY")
        try:
            return connection.sql(sql).to_arrow_table()
        finally:
            connection.execute("ROLLBACK")
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        raise QueryError(f"{sql!r}: {first}; tables: limbeck sql \"SHOW TABLES\"") from None


def held_or_broken(path: Path, error: duckdb.Error) -> StoreError:
    """Say why DuckDB did not open a file: another process has it, or it is not a store."""
    holder = re.search(r"PID (\d+)", str(error))
    if holder:
        pid = int(holder[1])
        return StoreBusy(f"process {pid!r} is writing to {str(path)!r}; wait for it, or stop it with: kill {pid}")
    first = str(error).splitlines()[0]
    return StoreError(f"{str(path)!r} is no project's store: {first}; choose another folder with: --project FOLDER")


def address(path: Path) -> str:
    """The socket's path: short, as the system allows about 100 characters, and open to its owner alone."""
    folder = Path(tempfile.gettempdir()) / f"limbeck-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise StoreError(f"{str(folder)!r} belongs to someone else; set another place with: TMPDIR=FOLDER limbeck …")
    return str(folder / hashlib.blake2b(str(path.resolve()).encode(), digest_size=12).hexdigest())


def _ask_holder(where: str, sql: str) -> pa.Table:
    with socket(AF_UNIX, SOCK_STREAM) as connection:
        connection.settimeout(WAIT_SECONDS)
        connection.connect(where)
        connection.sendall(json.dumps(sql).encode() + b"\n")
        with connection.makefile("rb") as answer:
            head = json.loads(answer.readline() or b'{"error": "the run ended meanwhile; ask again"}')
            if head.get("error"):
                raise QueryError(head["error"])
            return pa.ipc.open_stream(answer.read()).read_all()


@contextlib.contextmanager
def answering(path: Path, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Answer `ask` from this process for as long as the block runs."""

    class Answer(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            try:
                table = read(connection.cursor(), json.loads(self.rfile.readline()))
            except (QueryError, ValueError) as error:
                self.wfile.write(json.dumps({"error": str(error)}).encode() + b"\n")
                return
            self.wfile.write(b"{}\n")
            with pa.ipc.new_stream(self.wfile, table.schema) as stream:
                stream.write_table(table)

    where = address(path)
    Path(where).unlink(missing_ok=True)
    with socketserver.ThreadingUnixStreamServer(where, Answer) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()
            Path(where).unlink(missing_ok=True)
