"""Markdown: pipe tables, with or without the line of dashes beneath the header, and tables of HTML."""

import html
import re
from collections.abc import Iterator

from limbeck.errors import TableError
from limbeck.schemas.tables import Spot, Table
from limbeck.tables.headers import numeric, with_headers
from limbeck.tables.laying import Piece, standing
from limbeck.tables.markup import tables as tables_of_html

DASHES = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
FENCE = re.compile(r"[ \t]*(```|~~~)")
HTML = re.compile(r"</?(?:table|tr|td)\b", re.I)
BAR = re.compile(r"\\.|(\|)", re.S)
MARKS = re.compile(r"(\*\*|__|~~)(?=\S)(.{1,300}?)(?<=\S)\1|(?<![\w*])([*_])(?=[^\s*_])(.{1,300}?)(?<=[^\s*_])\3(?![\w*])|`([^`]+)`")
"""What marks embrace ends soon: each mark that is never closed is looked after no further than that."""
LINK = re.compile(r"!?\[([^\[\]]{0,500})\]\([^)\s]{0,2000}(?:\s+\"[^\"]{0,500}\")?\)")
BREAK = re.compile(r"<br\s*/?>|<(sup|sub)>|</?(?:b|i|em|strong|sup|sub|u|small|span)\b[^>]*>", re.I)
CAPTION = re.compile(r"[ \t]*(?:Caption:|\**Table\b)\s*(.+)", re.I)
Line = tuple[int, int]


def tables(source: str) -> Iterator[Table | TableError]:
    """The pipe tables of a text in its order, and then those of HTML, or why one can't be read; a spot is a place in `source`."""
    lines = _lines(source)
    code: list[Line] = []
    at = 0
    fence = ""
    while at < len(lines):
        mark = FENCE.match(source, *lines[at])
        if mark and (not fence or mark[1] == fence):
            fence = "" if fence else mark[1]
        if fence or mark:
            code.append(lines[at])
        end = at if fence else _block(source, lines, at)
        if end > at:
            try:
                yield _table(source, lines, at, end)
            except TableError as error:
                yield error
        at = max(end, at + 1)
    if HTML.search(source):
        yield from tables_of_html(_blanked(source, code))


def _blanked(source: str, lines: list[Line]) -> str:
    """Blanks in place of some lines, so that all else stays at its place."""
    letters = list(source)
    for start, end in lines:
        letters[start:end] = " " * (end - start)
    return "".join(letters)


def _lines(source: str) -> list[Line]:
    found, at = [], 0
    for line in source.split("\n"):
        found.append((at, at + len(line)))
        at += len(line) + 1
    return found


def _block(source: str, lines: list[Line], at: int) -> int:
    """The line after the table that begins here; the same line where none begins."""
    end = at
    while end < len(lines) and "|" in source[slice(*lines[end])]:
        end += 1
    texts = [source[slice(*line)].strip() for line in lines[at:end]]
    if not any(_is_row(text) for text in texts[:1]) and not (len(texts) > 1 and _is_dashes(texts[1])):
        return at
    return end


def _is_row(text: str) -> bool:
    return len(text) > 1 and text.startswith("|") and text.endswith("|")


def _is_dashes(text: str) -> bool:
    return bool(DASHES.fullmatch(text.strip())) and "-" in text


def _table(source: str, lines: list[Line], at: int, end: int) -> Table:
    rows: list[list[Piece]] = []
    marked = 0
    for line in lines[at:end]:
        if _is_dashes(source[slice(*line)]):
            marked = marked or len(rows)
        else:
            rows.append(_merged(_row(source, *line)))
    laid = standing(rows)
    table = Table(
        format="markdown",
        caption=_caption(source, lines, at, end),
        rows=laid.rows,
        columns=laid.columns,
        cells=laid.cells,
        markup=source[lines[at][0] : lines[end - 1][1]],
    )
    return with_headers(table, marked=marked)


def _row(source: str, start: int, end: int) -> list[Piece]:
    bars = [found.start() for found in BAR.finditer(source, start, end) if found[1]]
    first, last = source[start:end].lstrip().startswith("|"), source[start:end].rstrip().endswith("|")
    edges = bars if first else [start - 1, *bars]
    if not (last and len(edges) > 1 and source[edges[-1] + 1 : end].strip() == ""):
        edges = [*edges, end]
    return [_piece(source, left + 1, right) for left, right in zip(edges, edges[1:], strict=False)]


def _merged(row: list[Piece]) -> list[Piece]:
    """A row that says the same words in each cell is one cell that was written out so."""
    words = {piece.text for piece in row}
    if len(row) < 3 or len(words) > 1 or not row[0].text or numeric(row[0].text):
        return row
    start, end = row[0].spot.start, row[-1].spot.end
    return [Piece(text=row[0].text, columns=len(row), spot=Spot(start=start, end=end))]


def _piece(source: str, start: int, end: int) -> Piece:
    words = source[start:end]
    start, end = start + len(words) - len(words.lstrip()), start + len(words.rstrip())
    return Piece(text=text_of(words), spot=Spot(start=start, end=end)) if words.strip() else Piece()


def text_of(words: str) -> str:
    """Markdown as a person reads it, on one line."""
    words = words.replace("\\|", "|")
    if any(mark in words for mark in "*_`[<&~\\"):
        words = LINK.sub(r"\1", BREAK.sub(lambda found: " " if "br" in found.group().lower() else "", words))
        for _ in range(3):
            words = MARKS.sub(lambda found: found[2] or found[4] or found[5] or "", words)
        words = html.unescape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", words))
    return " ".join(words.split())


def _caption(source: str, lines: list[Line], at: int, end: int) -> str:
    """A line that begins with `Table` or `Caption:` beside the table, at most a blank line away."""
    near = [*range(end, min(len(lines), end + 2)), *range(at - 1, max(-1, at - 3), -1)]
    for line in near:
        words = source[slice(*lines[line])]
        if "|" not in words and (found := CAPTION.match(words)):
            return text_of(found[1] if words.strip().lower().startswith("caption:") else words)
    return ""


def paragraphs(source: str) -> list[str]:
    """The running text: blocks that hold no table's line."""
    parts = [part.strip() for part in re.split(r"\n\s*\n", source)]
    return [text_of(part) for part in parts if part and not FENCE.match(part) and not HTML.search(part) and not any(map(_is_barred, part.splitlines()))]


def _is_barred(line: str) -> bool:
    return _is_row(line.strip()) or ("|" in line and _is_dashes(line))
