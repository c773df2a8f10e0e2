"""Open rules: tables in a PDF that have lines across and none down, as most papers set them.

Columns are where words of the body stand above each other; a heading covers the columns that it stands over, or those
that a short line beneath it underlines.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from limbeck.schemas.tables import Spot
from limbeck.tables.laying import Laid, Piece, standing

ALIKE = 5.0
"""Points by which the ends of a table's lines may differ."""
BLANK = 0.45
"""Of a letter's height: as wide as blanks between words get; what is wider divides columns."""
LEAST = 60.0
"""Points of the shortest line that may be a table's own."""
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Segment:
    """Words of one line that stand close together."""

    text: str
    box: Box


@dataclass(frozen=True)
class Open:
    """A table between its first and its last line."""

    bbox: Box
    laid: Laid
    ruled: tuple[int, ...]
    """Rows that have a line across the table above them."""


def open_tables(page: Any) -> list[Open]:
    """The tables of a page that have at least three lines of one width and two columns."""
    edges = [(edge["x0"], edge["top"], edge["x1"]) for edge in page.edges if edge["orientation"] == "h"]
    edges = sorted({(round(x0, 1), round(top, 1), round(x1, 1)) for x0, top, x1 in edges}, key=lambda edge: edge[1])
    found = []
    for rules in _groups(page, edges):
        left, right = min(rule[0] for rule in rules), max(rule[2] for rule in rules)
        short = [edge for edge in edges if left - ALIKE <= edge[0] and edge[2] <= right + ALIKE and edge not in rules]
        if table := _table(page, rules, short, (left, rules[0][1], right, rules[-1][1])):
            found.append(table)
    return found


Edge = tuple[float, float, float]


def _groups(page: Any, edges: list[Edge]) -> list[list[Edge]]:
    """Lines of one width, divided where a line of text between them begins with `Table`."""
    titles = [line["top"] for line in page.extract_text_lines() if line["text"].startswith("Table")]
    groups: list[list[Edge]] = []
    for edge in edges:
        if edge[2] - edge[0] < LEAST:
            continue
        near = [one for one in groups if abs(one[0][0] - edge[0]) < ALIKE and abs(one[0][2] - edge[2]) < ALIKE]
        if near and not any(near[-1][-1][1] < title < edge[1] for title in titles):
            near[-1].append(edge)
        else:
            groups.append([edge])
    return [one for one in groups if len(one) > 2]


def _table(page: Any, rules: list[Edge], short: list[Edge], box: Box) -> Open | None:
    lines = _lines(page, box)
    body = [line for line in lines if line[0].box[1] >= rules[1][1] - 1] or lines
    columns = _columns([segment for line in body for segment in line])
    if len(columns) < 2 or len(lines) < 2:
        return None
    rows = [_row(line, columns, short, page.page_number) for line in lines]
    tops = [line[0].box[1] for line in lines]
    ruled = [next((row for row, top in enumerate(tops) if top >= rule[1] - 1), len(tops)) for rule in rules]
    return Open(box, standing(rows), tuple(sorted({row for row in ruled if row < len(tops)})))


def _lines(page: Any, box: Box) -> list[list[Segment]]:
    """Lines of text in a box, each cut where a blank is wider than one between words."""
    words = page.crop((box[0] - ALIKE, box[1], box[2] + ALIKE, box[3]), strict=False).extract_words()
    lines: list[list[dict[str, Any]]] = []
    for word in sorted(words, key=lambda word: (round(word["bottom"]), word["x0"])):
        if lines and abs(lines[-1][-1]["bottom"] - word["bottom"]) < 0.5 * (word["bottom"] - word["top"]):
            lines[-1].append(word)
        else:
            lines.append([word])
    return [_segments(sorted(line, key=lambda word: float(word["x0"]))) for line in lines]


def _segments(words: list[dict[str, Any]]) -> list[Segment]:
    parts = [[words[0]]]
    for before, word in pairwise(words):
        if word["x0"] - before["x1"] > BLANK * (word["bottom"] - word["top"]):
            parts.append([])
        parts[-1].append(word)
    return [
        Segment(
            " ".join(str(word["text"]) for word in part),
            (part[0]["x0"], min(word["top"] for word in part), part[-1]["x1"], max(word["bottom"] for word in part)),
        )
        for part in parts
    ]


def _columns(segments: list[Segment]) -> list[tuple[float, float]]:
    """Where words stand above each other."""
    found: list[tuple[float, float]] = []
    for left, right in sorted((segment.box[0], segment.box[2]) for segment in segments):
        if found and left <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], right))
        else:
            found.append((left, right))
    return found


def _row(line: list[Segment], columns: list[tuple[float, float]], short: list[Edge], page: int) -> list[Piece]:
    """A line's pieces, one or more for each column."""
    cells: dict[int, tuple[int, list[Segment]]] = {}
    for segment in line:
        first, last = _covered(segment, columns, short)
        if first in cells:
            cells[first] = (max(last, cells[first][0]), [*cells[first][1], segment])
        else:
            cells[first] = (last, [segment])
    pieces: list[Piece] = []
    at = 0
    for first, (last, segments) in sorted(cells.items()):
        pieces += [Piece()] * (first - at)
        if first >= at:
            pieces.append(_piece(segments, last - first + 1, page))
        at = max(at, last + 1)
    return pieces


def _piece(segments: list[Segment], columns: int, page: int) -> Piece:
    boxes = [segment.box for segment in segments]
    whole = (min(box[0] for box in boxes), min(box[1] for box in boxes), max(box[2] for box in boxes), max(box[3] for box in boxes))
    left, top, right, bottom = (round(place, 2) for place in whole)
    text = " ".join(" ".join(segment.text for segment in segments).split())
    return Piece(text=text, columns=columns, spot=Spot(page=page, box=(left, top, right, bottom)))


def _covered(segment: Segment, columns: list[tuple[float, float]], short: list[Edge]) -> tuple[int, int]:
    """The first and the last column that words stand over."""
    left, _, right, bottom = segment.box
    for x0, top, x1 in short:
        if -2 <= top - bottom < 8 and x0 - 2 <= left and right <= x1 + 2:
            left, right = min(left, x0), max(right, x1)
    over = [at for at, (x0, x1) in enumerate(columns) if min(right, x1) - max(left, x0) > 0]
    if over:
        return over[0], over[-1]
    nearest = min(range(len(columns)), key=lambda at: min(abs(columns[at][0] - right), abs(columns[at][1] - left)))
    return nearest, nearest
