"""What limbeck itself says of a file: columns, types, sizes, beginnings. Its source is run in the sandbox, like a model's.

`describe("data/sales.csv")` prints; formats that Python or the extra `analysis` reads, others by their first bytes (`begin`).
"""

import csv
import json
from pathlib import Path
from typing import Any

ROWS, LETTERS, PAGES, TABLES = 3, 1500, 2, 30
VALUES, SAMPLE, WIDTH = 6, 200_000, 60
"""Values shown of a column, rows that are looked at, and characters of a value."""


def describe(name: str) -> None:
    """Print what is in a file.

    Raises:
        Exception: Whatever the library says that can't read it.
    """
    path = Path(name)
    print(f"{path.suffix.lower() or 'no suffix'}, {path.stat().st_size:,} bytes")
    READERS.get(path.suffix.lower(), _text)(path)


def begin(name: str) -> None:
    """Print how a file begins that can't be read as what its name says."""
    print("It can't be read as what its name says.")
    _text(Path(name))


def _frame(frame: Any, rows: int | None = None) -> None:
    print(f"{len(frame) if rows is None else rows:,} rows, {len(frame.columns)} columns")
    for column in frame.columns:
        values = frame[column].dropna()
        try:
            known = list(dict.fromkeys(values.head(1000).tolist()))[:VALUES]
        except TypeError:  # Lists and dicts are no keys.
            known = values.head(2).tolist()
        empty = f", {int(frame[column].isna().sum()):,} empty" if len(values) < len(frame) else ""
        span = f", from {values.min()} to {values.max()}" if str(frame[column].dtype)[:3] in ("int", "flo", "dat") and len(values) else ""
        print(f"- {column!r} ({frame[column].dtype}{empty}{span}): {', '.join(repr(one)[:WIDTH] for one in known)}")
    print(frame.head(ROWS).map(lambda value: str(value)[:WIDTH]).to_csv(index=False)[:LETTERS])


def _table(name: str, frame: Any, rows: int) -> None:
    """One of many tables: a line of its columns, and a row."""
    columns = ", ".join(f"{column} ({frame[column].dtype})" for column in frame.columns)
    print(f"table {name}: {rows:,} rows; columns {columns}")
    for row in frame.head(1).to_dict("records"):
        print(f"  such as {', '.join(repr(value)[:WIDTH] for value in row.values())}")


def _csv(path: Path) -> None:
    import pandas

    head = path.open("rb").read(20_000)
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    options: dict[str, Any] = {"nrows": SAMPLE, "sep": _separator(head.decode(encoding, "replace")), "on_bad_lines": "skip"}
    try:
        frame = pandas.read_csv(path, encoding=encoding, **options)
    except UnicodeDecodeError:
        print("not UTF-8; read as cp1252")
        frame = pandas.read_csv(path, encoding="cp1252", encoding_errors="replace", **options)
    print("the first lines as they are:", *(line[:300] for line in head.decode(encoding, "replace").splitlines()[:3]), sep="\n")
    _frame(frame)
    if len(frame) == SAMPLE:
        print(f"only the first {SAMPLE:,} rows were looked at")


def _separator(head: str) -> str:
    """What stands between the values of the first lines; a comma where nothing is sure."""
    try:
        return csv.Sniffer().sniff(head, ",;\t|").delimiter
    except csv.Error:
        return ","


def _excel(path: Path) -> None:
    import pandas

    for name, frame in pandas.read_excel(path, sheet_name=None, nrows=SAMPLE).items():
        print(f"sheet {name!r}: ", end="")
        _frame(frame)


def _parquet(path: Path) -> None:
    import pandas
    import pyarrow.parquet

    file = pyarrow.parquet.ParquetFile(path)
    batch = next(file.iter_batches(SAMPLE), None)
    _frame(batch.to_pandas() if batch is not None else pandas.DataFrame(), file.metadata.num_rows)


def _json(path: Path) -> None:
    import pandas

    if path.suffix.lower() in (".jsonl", ".ndjson"):
        _frame(pandas.read_json(path, lines=True, nrows=SAMPLE))
        return
    value = json.loads(path.read_text("utf-8-sig"))
    _shape(value, "it", 0)
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value[:100]):
        _frame(pandas.json_normalize(value[:SAMPLE]), len(value))


def _shape(value: Any, name: str, depth: int) -> None:
    if isinstance(value, dict) and depth < 3:
        print(f"{'  ' * depth}{name}: an object of {len(value)} keys")
        for key in list(value)[:TABLES]:
            _shape(value[key], repr(key), depth + 1)
    elif isinstance(value, list) and depth < 3:
        print(f"{'  ' * depth}{name}: a list of {len(value):,}")
        for one in value[:1]:
            _shape(one, "its first", depth + 1)
    else:
        print(f"{'  ' * depth}{name}: {json.dumps(value, ensure_ascii=False)[:100]}")


def _sqlite(path: Path) -> None:
    import sqlite3

    import pandas

    with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name")]
        for name in names[:TABLES]:
            quoted = '"' + name.replace('"', '""') + '"'
            (count,) = database.execute(f"SELECT count(*) FROM {quoted}").fetchone()
            _table(quoted, pandas.read_sql(f"SELECT * FROM {quoted} LIMIT 100", database), count)


def _duckdb(path: Path) -> None:
    import duckdb

    with duckdb.connect(str(path), read_only=True) as database:
        tables = database.execute("SELECT table_schema, table_name FROM information_schema.tables ORDER BY ALL").fetchall()
        for schema, name in tables[:TABLES]:
            quoted = ".".join('"' + part.replace('"', '""') + '"' for part in (schema, name))
            (count,) = database.execute(f"SELECT count(*) FROM {quoted}").fetchone() or (0,)
            _table(quoted, database.execute(f"SELECT * FROM {quoted} LIMIT 100").df(), count)


def _database(path: Path) -> None:
    (_sqlite if path.open("rb").read(15) == b"SQLite format 3" else _duckdb)(path)


def _pdf(path: Path) -> None:
    import pdfplumber

    with pdfplumber.open(path) as pdf:
        print(f"{len(pdf.pages)} pages")
        for page in pdf.pages[:PAGES]:
            print(f"page {page.page_number}: {(page.extract_text() or 'no text, perhaps a scan')[:LETTERS]}")
            for table in page.extract_tables()[:2]:
                print("a table:", *table[:ROWS], sep="\n  ")


def _image(path: Path) -> None:
    from PIL import Image

    with Image.open(path) as image:
        print(f"a picture, {image.format}, {image.width} × {image.height} pixels, {image.mode}")


def _text(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(LETTERS * 4)
        lines = start.count(b"\n") + sum(part.count(b"\n") for part in iter(lambda: file.read(1 << 20), b""))
    if b"\0" in start:
        print(f"not text; it begins with {start[:32]!r}")
    else:
        print(f"text, {lines:,} lines; it begins:\n{start.decode('utf-8', 'replace')[:LETTERS]}")


READERS = {
    **dict.fromkeys((".csv", ".tsv"), _csv),
    **dict.fromkeys((".xlsx", ".xlsm"), _excel),
    **dict.fromkeys((".parquet", ".pq"), _parquet),
    **dict.fromkeys((".json", ".jsonl", ".ndjson"), _json),
    **dict.fromkeys((".db", ".sqlite", ".sqlite3", ".duckdb"), _database),
    ".pdf": _pdf,
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff"), _image),
}
