"""Sheets: tables from XLSX workbooks by `openpyxl`, each cell with its sheet and reference."""

import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from itertools import pairwise
from pathlib import Path
from typing import Any

from limbeck.errors import ConfigError, TableError
from limbeck.schemas.tables import Spot, Table
from limbeck.tables.headers import framed, numeric, with_headers
from limbeck.tables.laying import MOST_PLACES, Piece, standing
from limbeck.tables.plain import MISSING

MOST_BYTES = 500_000_000
"""Of a workbook when it is unpacked, so that a small file can't fill the memory."""
MOST_MERGED = 1_000_000
"""Places of a workbook's merged cells: openpyxl makes something of each of them, also of a billion."""
MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=[\"']([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})[\"']")
UNKNOWN = re.compile(
    rb"<(?:\w+:)?c\b(?![^>]*\bt=[\"']str)[^>]*>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*<|</(?:\w+:)?c>)"
)
"""A formula whose value nobody has worked out."""
Place = tuple[int, int]


def tables(path: Path) -> Iterator[Table | TableError]:
    """The tables of a workbook, sheet by sheet, or why one can't be read.

    A row without any value divides a sheet where what follows begins with words in several cells; words alone in their
    row before or after a table are its caption and its notes.

    Raises:
        ConfigError: openpyxl is not installed.
    """
    try:
        import openpyxl
        from openpyxl.utils.exceptions import InvalidFileException
    except ImportError:
        raise ConfigError(MISSING.format("XLSX")) from None
    try:
        unknown = _unknown(path)
        book = openpyxl.load_workbook(path, data_only=True)
    except TableError as error:
        yield error
        return
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, SyntaxError, EOFError, RuntimeError,
            zipfile.BadZipFile, InvalidFileException) as error:
        yield TableError(f"{str(path)!r} is no workbook ({type(error).__name__}); save it again as .xlsx, or as CSV")
        return
    hidden = [repr(sheet.title) for sheet in book.worksheets if sheet.sheet_state != "visible"]
    for sheet in book.worksheets:
        if sheet.sheet_state == "visible":
            yield from _of_sheet(sheet)
    if hidden:
        yield TableError(f"it is in hidden sheets ({', '.join(hidden)}); show them in the workbook to have them read")
    if unknown:
        yield TableError(f"{unknown:,} of its formulas have no value; open it in a spreadsheet program, and save it again")


def _unknown(path: Path) -> int:
    """How many formulas of a workbook have no value.

    Raises:
        TableError: It would fill the memory.
    """
    merged = unknown = 0
    with zipfile.ZipFile(path) as packed:
        size = sum(one.file_size for one in packed.infolist())
        if size > MOST_BYTES:
            raise TableError(f"{str(path)!r} is {size:,} bytes unpacked, more than {MOST_BYTES:,}; save its sheets as CSV")
        for name in packed.namelist():
            xml = packed.read(name) if "worksheets/" in name else b""
            merged += sum(_places(found[1].decode()) for found in MERGED.finditer(xml))
            unknown += len(UNKNOWN.findall(xml))
    if merged > MOST_MERGED:
        raise TableError(f"{str(path)!r} has merged cells over {merged:,} places, more than {MOST_MERGED:,}; unmerge them")
    return unknown


def _places(area: str) -> int:
    from openpyxl.utils import range_boundaries

    left, top, right, bottom = range_boundaries(area)
    return int((1 + abs(right - left)) * (1 + abs(bottom - top)))


def _of_sheet(sheet: Any) -> Iterator[Table | TableError]:
    pieces = {place: piece for place, piece in _pieces(sheet) if piece.text}
    alone: list[str] = []
    found: list[Table | TableError] = []
    for block in _blocks(pieces):
        if len(block) == 1:
            alone.append(pieces[block[0]].text)
            continue
        for part in _side_by_side(block, pieces):
            try:
                found.append(_table(sheet.title, alone, {place: pieces[place] for place in part}))
            except TableError as error:
                found.append(error)
            alone = []
    if found and isinstance(found[-1], Table):
        found[-1] = found[-1].model_copy(update={"notes": (*found[-1].notes, *alone)})
    yield from found


def _pieces(sheet: Any) -> Iterator[tuple[Place, Piece]]:
    """Values with their spans; `_cells` holds the cells that are there, where a walk over the sheet would make them all."""
    spans = {(one.min_row, one.min_col): (one.size["rows"], one.size["columns"]) for one in sheet.merged_cells.ranges}
    for place, cell in sheet._cells.items():
        rows, columns = spans.get(place, (1, 1))
        spot = Spot(sheet=sheet.title, reference=cell.coordinate)
        yield place, Piece(text=_shown(cell), rows=rows, columns=columns, spot=spot)


def _shown(cell: Any) -> str:
    """A value as the sheet shows it, as far as its format is a plain one."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float | int):
        return _formatted(float(value), str(cell.number_format)) or f"{value:.15g}"
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return str(value) if isinstance(value, date | time) else " ".join(str(value).split())


def _formatted(value: float, form: str) -> str:
    """A number in the formats `0.00`, `#,##0.0` and `0.0%`; nothing for others."""
    form, percent = form.split(";")[0].removesuffix("%"), form.split(";")[0].endswith("%")
    whole, _, fraction = form.partition(".")
    if whole not in ("0", "#,##0", "#", "##0") or fraction.strip("0"):
        return ""
    comma = "," if "," in whole else ""
    return f"{value * (100 if percent else 1):{comma}.{len(fraction)}f}{'%' * percent}"


def _blocks(pieces: dict[Place, Piece]) -> list[list[Place]]:
    """Rows that belong together."""
    rows: dict[int, list[Place]] = {}
    for place in sorted(pieces):
        rows.setdefault(place[0], []).append(place)
    blocks: list[list[Place]] = []
    ends = 0
    for row, places in rows.items():
        alone = len(places) == 1 and not blocks
        words = len(places) > 1 and not any(numeric(pieces[place].text) for place in places)
        if not blocks or (row > ends and (words or len(places) == 1)) or len(blocks[-1]) == 1:
            blocks.append([])
        blocks[-1] += places
        ends = max(ends, row + max(pieces[place].rows for place in places)) if not alone else row + 1
    return blocks


def _side_by_side(block: list[Place], pieces: dict[Place, Piece]) -> list[list[Place]]:
    """A block's tables from the left: blank columns divide it where each part has values and names for its rows."""
    taken = {place[1] + more for place in block for more in range(pieces[place].columns)}
    starts = sorted(column for column in taken if column - 1 not in taken)
    parts = [[place for place in block if start <= place[1] < end] for start, end in pairwise([*starts, max(taken) + 1])]
    return parts if all(_names_rows(part, pieces) for part in parts) else [block]


def _names_rows(part: list[Place], pieces: dict[Place, Piece]) -> bool:
    left = min(column for _, column in part)
    first = [numeric(pieces[place].text) for place in part if place[1] == left]
    rest = [numeric(pieces[place].text) for place in part if place[1] > left]
    return len(first) > 1 and not any(first) and any(rest)


def _table(sheet: str, before: list[str], pieces: dict[Place, Piece]) -> Table:
    top, left = min(row for row, _ in pieces), min(column for _, column in pieces)
    bottom, right = max(row for row, _ in pieces), max(column for _, column in pieces)
    if (bottom - top + 1) * (right - left + 1) > MOST_PLACES:
        raise TableError(f"sheet {sheet!r} has more than {MOST_PLACES:,} places; split it")
    rows = [_row(pieces, row, left, right) for row in range(top, bottom + 1)]
    title, body, notes = framed(rows)
    laid = standing(body)
    caption = " ".join([*before, *title]) or sheet
    table = Table(format="xlsx", caption=caption, notes=tuple(notes), rows=laid.rows, columns=laid.columns, cells=laid.cells)
    return with_headers(table)


def _row(pieces: dict[Place, Piece], row: int, left: int, right: int) -> list[Piece]:
    found: list[Piece] = []
    column = left
    while column <= right:
        piece = pieces.get((row, column), Piece())
        found.append(piece)
        column += piece.columns
    return found
