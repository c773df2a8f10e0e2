"""CSV and TSV as tables: every cell with its place in the text."""

import re
from collections.abc import Iterator

from limbeck.errors import TableError
from limbeck.readers import delimiter_of
from limbeck.schemas.tables import Spot, Table
from limbeck.tables.headers import with_headers
from limbeck.tables.laying import Piece, standing


def tables(source: str) -> Iterator[Table | TableError]:
    """A text's one table, or why it can't be read; nothing where no line has two cells."""
    start = len(source) - len(source.lstrip("\ufeff\r\n"))
    mark = delimiter_of(source[start:].split("\n", 1)[0])
    rows = [[_piece(source, *place) for place in row] for row in _places(source, mark, start)]
    rows = [row for row in rows if any(piece.text for piece in row)]
    if max(map(len, rows), default=0) < 2:
        return
    try:
        laid = standing(rows)
    except TableError as error:
        yield error
    else:
        yield with_headers(Table(format="csv", rows=laid.rows, columns=laid.columns, cells=laid.cells, markup=source))


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
