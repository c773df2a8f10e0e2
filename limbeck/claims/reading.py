"""Claims from a CSV, TSV, JSON, JSON Lines or Parquet file, or from a question to a DuckDB file."""

import datetime
import math
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from limbeck.claims import written
from limbeck.decoding import Skipped
from limbeck.errors import ConfigError, DocumentsError, QueryError
from limbeck.query import read
from limbeck.readers import Row, rows_of
from limbeck.schemas.claims import Claim
from limbeck.sections import ClaimsSettings

DUCKDB = (".duckdb", ".ddb", ".db")
ROLES = ("document", "merchant", "date", "amount")
BY_THEMSELVES = {"merchant", "date", "amount"}
"""Columns that need not be named; a document's does, as a column of this name may hold something else."""
FEWEST = 2
"""Columns without which claims can't be matched by what they say."""


def read_claims(section: ClaimsSettings) -> list[Claim]:
    """Read claims.

    Args:
        section: Of a config. Its columns are the ones it names; else `merchant`, `date` and `amount`, in any case.

    Returns:
        A claim for each row that is not empty. An amount or a date that can't be read stays as it is written, without
        `amount` and `days`.

    Raises:
        ConfigError: There is no such file, column or table; or no column, or no amount or date in one, to compare.
    """
    rows = _asked(section) if _is_duckdb(section) else _listed(section)
    if not rows:
        raise ConfigError(f"no claims in {section.source!r}; write one a row, or another file with `claims: source:`")
    columns = _columns(section, list(dict.fromkeys(name for row in rows for name in row)))
    cells = {role: [_cell(row.get(column)) for row in rows] for role, column in columns.items()}
    return _claims(section, columns, cells, [_number(row.get(columns.get("amount", ""))) for row in rows])


def _is_duckdb(section: ClaimsSettings) -> bool:
    named = Path(section.source).suffix.lower() in DUCKDB
    if named and section.query is None:
        raise ConfigError(f"{section.source!r} is a DuckDB file; write what to ask it for: `claims: query: SELECT merchant, date, amount FROM …`")
    return section.query is not None


def _listed(section: ClaimsSettings) -> list[Row]:
    skipped: Skipped = Counter()
    try:
        return [row for row in rows_of(section.source, skipped, None) if any(_cell(one) for one in row.values())]
    except DocumentsError as error:
        raise ConfigError(f"claims: {error}") from None


def _asked(section: ClaimsSettings) -> list[Row]:
    """What a DuckDB file answers; it is opened to be read, and nothing beside it can be reached."""
    path = Path(section.source)
    if not path.is_file():
        raise ConfigError(f"no file {section.source!r}; write `claims: source:` a DuckDB file that exists")
    try:
        with duckdb.connect(str(path), read_only=True, config={"enable_external_access": False}) as connection:
            found = read(connection, section.query or "")
    except QueryError as error:
        said = str(error).split("; tables:")[0].split("; only reading")[0]
        raise ConfigError(f"`claims: query:` {said}; write one SELECT of tables in {section.source!r}") from None
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        raise ConfigError(f"{section.source!r} can't be asked ({first}); leave out `query:` where it is a CSV or Parquet file") from None
    return list(found.to_pylist())


def _columns(section: ClaimsSettings, names: Sequence[str]) -> dict[str, str]:
    """Which column is which."""
    columns: dict[str, str] = {}
    for role in ROLES:
        wanted = getattr(section, role)
        alike = [name for name in names if name.strip().casefold() == (wanted or role).casefold()]
        if wanted is not None and wanted not in names and len(alike) != 1:
            raise ConfigError(f"{section.source!r} has no column {wanted!r}; write `claims: {{{role}: …}}` with one of {_listing(names)}")
        if wanted is not None or (role in BY_THEMSELVES and alike):
            columns[role] = wanted if wanted in names else alike[0]
    if "document" not in columns and len(columns) < FEWEST or not set(columns) - {"document"}:
        raise ConfigError(
            f"columns {_listing(names)} of {section.source!r} don't tell which claim belongs to which document; write "
            "`claims: {merchant: …, date: …, amount: …}` with two of these at least, or one and `document: …`"
        )
    return columns


def _listing(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names)) or "none"


def _cell(value: Any) -> str:
    if value is None or value != value:  # Not a number is not itself.
        return ""
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()[:10]
    return str(value).strip()


def _number(value: Any) -> float | None:
    """What is a number already, of which no mark needs to be guessed."""
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None


def _claims(section: ClaimsSettings, columns: dict[str, str], cells: dict[str, list[str]], numbers: Sequence[float | None]) -> list[Claim]:
    count = len(next(iter(cells.values())))
    empty = [""] * count
    worth = written.amounts(cells.get("amount", empty))
    amounts = [one if one is not None else read_as for one, read_as in zip(numbers, worth, strict=True)]
    days = written.days(cells.get("date", empty))
    for role, read_as, example in (("amount", amounts, "12.50"), ("date", days, "2019-03-04")):
        told = next((cell for cell in cells.get(role, ()) if cell), None)
        if told is not None and not any(one is not None and one != () for one in read_as):
            raise ConfigError(f"no {role} in column {columns[role]!r} of {section.source!r}, such as {told!r}; write them like {example}")
    get = {role: cells.get(role, empty) for role in ROLES}
    return [
        Claim(
            row=at + 1,
            document=get["document"][at] or None,
            merchant=get["merchant"][at] or None,
            date=get["date"][at] or None,
            days=days[at],
            written=get["amount"][at] or None,
            amount=amounts[at],
        )
        for at in range(count)
        if any(get[role][at] for role in ROLES)
    ]
