"""PDF: tables by `pdfplumber`, each cell with its page and box, and the text around them.

Cells come from ruled lines, or, where a table has lines across alone, as `open_rules.py` finds them.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limbeck.errors import ConfigError, TableError
from limbeck.schemas.tables import Cell, Spot, Table
from limbeck.tables.headers import with_headers
from limbeck.tables.laying import MOST_PLACES
from limbeck.tables.open_rules import Open, open_tables
from limbeck.tables.plain import MISSING

NEAR = 40.0
"""Points between a table and its caption."""
CLOSE = 3.0
"""Points within which two edges are one."""
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Line:
    """A line of text."""

    text: str
    top: float
    bottom: float


def tables(path: Path) -> tuple[list[Table | TableError], list[str]]:
    """The tables of a PDF page by page, or why one can't be read, and its paragraphs.

    Raises:
        ConfigError: pdfplumber is not installed.
    """
    try:
        import pdfplumber
        from pdfminer.psparser import PSException
        from pdfplumber.utils.exceptions import PdfminerException
    except ImportError:
        raise ConfigError(MISSING.format("PDF")) from None
    found: list[Table | TableError] = []
    texts: list[str] = []
    try:
        with pdfplumber.open(path) as document:
            for page in document.pages:
                tables, paragraphs = _of_page(page)
                found += tables
                texts += paragraphs
                page.close()
    except (PSException, PdfminerException, OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError,
            RecursionError) as error:
        found.append(TableError(f"{str(path)!r} is no PDF that can be read ({type(error).__name__}); print it to PDF again"))
    return found, texts


def _of_page(page: Any) -> tuple[list[Table | TableError], list[str]]:
    """A page's tables from top to bottom, and its paragraphs."""
    ruled = [one for one in page.find_tables() if len(one.cells) > 1]
    free = [one for one in open_tables(page) if not any(_overlap(one.bbox, other.bbox) for other in ruled)]
    boxes = [one.bbox for one in [*ruled, *free]]
    lines = [Line(str(one["text"]), one["top"], one["bottom"]) for one in _outside(page, boxes).extract_text_lines()]
    found = [(one.bbox[1], _table(page, one, lines)) for one in ruled]
    found += [(one.bbox[1], _open_table(one, lines)) for one in free]
    return [table for _, table in sorted(found, key=lambda pair: pair[0])], _paragraphs(lines)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _open_table(one: Open, lines: list[Line]) -> Table:
    laid = one.laid
    table = Table(format="pdf", caption=_caption(one.bbox, lines), rows=laid.rows, columns=laid.columns, cells=laid.cells)
    return with_headers(table, ruled=one.ruled)


def _outside(page: Any, boxes: list[Box]) -> Any:
    """The page without what stands in tables."""
    return page.filter(lambda thing: not any(_is_in(thing, box) for box in boxes))


def _is_in(thing: dict[str, Any], box: Box) -> bool:
    across, down = (thing["x0"] + thing["x1"]) / 2, (thing["top"] + thing["bottom"]) / 2
    return bool(box[0] <= across <= box[2] and box[1] <= down <= box[3])


def _table(page: Any, found: Any, lines: list[Line]) -> Table | TableError:
    across = _edges([edge for box in found.cells for edge in (box[0], box[2])])
    down = _edges([edge for box in found.cells for edge in (box[1], box[3])])
    rows, columns = len(down) - 1, len(across) - 1
    if rows * columns > MOST_PLACES:
        return TableError(f"a table on page {page.page_number} has more than {MOST_PLACES:,} places; split it")
    taken: set[tuple[int, int]] = set()
    cells = [cell for box in sorted(found.cells, key=lambda box: (box[1], box[0])) if (cell := _cell(page, box, across, down, taken))]
    free = [(row, column) for row in range(rows) for column in range(columns) if (row, column) not in taken]
    cells += [Cell(row=row, column=column) for row, column in free]
    cells.sort(key=lambda cell: (cell.row, cell.column))
    table = Table(format="pdf", caption=_caption(found.bbox, lines), rows=rows, columns=columns, cells=tuple(cells))
    return with_headers(table)


def _edges(places: list[float]) -> list[float]:
    found: list[float] = []
    for place in sorted(places):
        if not found or place - found[-1] > CLOSE:
            found.append(place)
    return found


def _cell(page: Any, box: Box, across: list[float], down: list[float], taken: set[tuple[int, int]]) -> Cell | None:
    left, right = _nearest(across, box[0]), _nearest(across, box[2])
    top, bottom = _nearest(down, box[1]), _nearest(down, box[3])
    places = {(row, column) for row in range(top, bottom) for column in range(left, right)}
    if not places or places & taken:
        return None
    taken |= places
    inside = page.crop(box, strict=False).extract_text() or ""
    rounded = (round(box[0], 2), round(box[1], 2), round(box[2], 2), round(box[3], 2))
    return Cell(
        row=top,
        column=left,
        rows=bottom - top,
        columns=right - left,
        text=" ".join(inside.split()),
        spot=Spot(page=page.page_number, box=rounded),
    )


def _nearest(edges: list[float], place: float) -> int:
    return min(range(len(edges)), key=lambda at: abs(edges[at] - place))


def _caption(box: Box, lines: list[Line]) -> str:
    """The line nearest above or below that begins with `Table`, and those right beneath it, up to the table."""
    near = [at for at, line in enumerate(lines) if line.text.lower().startswith("tab") and _gap(box, line) < NEAR]
    if not near:
        return ""
    first = min(near, key=lambda at: _gap(box, lines[at]))
    words = [lines[first]]
    for line in lines[first + 1 : first + 6]:
        if not -CLOSE <= line.top - words[-1].bottom < 6 or (words[0].bottom <= box[1] + CLOSE and line.top > box[1]):
            break
        words.append(line)
    return " ".join(line.text for line in words)


def _gap(box: Box, line: Line) -> float:
    return max(0.0, box[1] - line.bottom, line.top - box[3])


def _paragraphs(lines: list[Line]) -> list[str]:
    """Lines that follow each other closely."""
    found: list[list[Line]] = []
    for line in lines:
        if not found or line.top - found[-1][-1].bottom > 0.7 * (line.bottom - line.top) or line.top < found[-1][-1].top:
            found.append([])
        found[-1].append(line)
    return [" ".join(line.text for line in part) for part in found]

