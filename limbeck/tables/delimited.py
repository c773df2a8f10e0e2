"""CSV and TSV as tables: every cell with its place in the text; lines without a delimiter around them are caption and notes."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from limbeck.errors import TableError
from limbeck.schemas.tables import Spot, Table
from limbeck.tables.headers import framed, with_headers
from limbeck.tables.laying import Piece, standing

MARKS = ",;\t|"
SAID = re.compile(r"[\ufeff]?sep=(.)\r?\n", re.I)
"""Excel's word on what divides cells."""
QUOTED = re.compile(r'"[^"]*"')
LOOKED_AT = 20_000
"""Characters from which the delimiter is told."""


def tables(source: str) -> Iterator[Table | TableError]:
    """A text's one table, or why it can't be read; nothing where no line has two cells."""
    said = SAID.match(source)
    start = said.end() if said else len(source) - len(source.lstrip("\ufeff\r\n"))
    mark = said[1] if said else _delimiter(source[start : start + LOOKED_AT])
    rows = [[_piece(source, *place) for place in row] for row in _places(source, mark, start)]
    rows = [row for row in rows if any(piece.text for piece in row)]
    if max(map(len, rows), default=0) < 2:
        return
    title, body, notes = framed(rows)
    try:
        laid = standing(body)
    except TableError as error:
        yield error
    else:
        table = Table(format="csv", rows=laid.rows, columns=laid.columns, cells=laid.cells, markup=source)
        caption = " ".join(line.lstrip("# ") for line in title)
        yield with_headers(table.model_copy(update={"caption": caption, "notes": tuple(notes)}))


def _delimiter(text: str) -> str:
    """What stands equally often in most lines, quoted cells left out: a title above the header has none, or others."""
    lines = QUOTED.sub("", text).splitlines()
    return max(MARKS, key=lambda mark: _regular(lines, mark))


def _regular(lines: Sequence[str], mark: str) -> tuple[int, int]:
    """How many lines have the usual number of a mark, and this number."""
    counts = Counter(line.count(mark) for line in lines if mark in line)
    return max(((times, count) for count, times in counts.items()), default=(0, 0))


def _places(source: str, mark: str, at: int) -> Iterator[list[tuple[int, int]]]:
    """Where the cells stand, row by row, their quotes included (RFC 4180)."""
    cell = re.compile(rf'[ ]*"(?:[^"]|"")*"[^{re.escape(mark)}\r\n]*|[^{re.escape(mark)}\r\n]*')
    row: list[tuple[int, int]] = []
    while at <= len(source):
        found = cell.match(source, at)
        end = found.end() if found else at
        row.append((at, end))
        if source[end : end + 1] == mark:
            at = end + 1
            continue
        yield row
        row = []
        at = end + (2 if source.startswith("\r\n", end) else 1)


def _piece(source: str, start: int, end: int) -> Piece:
    words = source[start:end]
    start, end = start + len(words) - len(words.lstrip()), start + len(words.rstrip())
    words = words.strip()
    if len(words) > 1 and words[0] == words[-1] == '"':
        start, end, words = start + 1, end - 1, words[1:-1].replace('""', '"')
    words = " ".join(words.split())
    return Piece(text=words, spot=Spot(start=start, end=end)) if words else Piece()
