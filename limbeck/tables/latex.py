"""LaTeX: every table of a file, with its caption, its notes and where each cell stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from limbeck.errors import TableError
from limbeck.schemas.tables import Spot, Table
from limbeck.tables.environments import Environment, environments, rows
from limbeck.tables.headers import with_headers
from limbeck.tables.laying import Piece, standing
from limbeck.tables.macros import expanded, group, without_comments
from limbeck.tables.plain import plain
from limbeck.tables.tracing import Traced

RULE = re.compile(
    r"\s+|\\[A-Za-z]*(?:hline|rule|dashline)s?(?![A-Za-z])(?:\s*\[[^\]]*\])?(?:\s*\([^)]*\))?|"
    r"\\(?:[A-Za-z]*cline|cmidrule|cdashline|addlinespace|hhline|noalign|rowcolors?|arrayrulecolor|label|specialrule|Xcline|"
    r"rowfont|bigstrut|setlength|morecmidrules|tabucline|rowstyle|vspace)(?![A-Za-z])\*?(?:\s*\[[^\]]*\])?(?:\s*\([^)]*\))?|"
    r"\\end(?:first|last)?(?:head|foot)(?![A-Za-z])|\\(?:centering|small|footnotesize|scriptsize|tiny|strut|newpage|pagebreak|"
    r"nopagebreak|startdata|enddata|nodata)(?![A-Za-z])"
)
LINE = re.compile(r"\\[A-Za-z]*(?:h(?:dash)?line|midrule|toprule|bottomrule|specialrule)(?![A-Za-z])")
LONG = re.compile(r"\\end(firsthead|head|foot|lastfoot)(?![A-Za-z])")
CAPTION = re.compile(r"\\(?:caption|captionof\s*\{[^}]*\}|tablecaption|tabcaption|topcaption|bottomcaption|subcaption|tbl)\*?\s*(?:\[[^\]]*\])?\s*(?=\{)")
SPAN = re.compile(r"\s*\\multicolumn\s*\{\s*(\d+)\s*\}\s*(?=\{)")
DOWN = re.compile(r"\\multirow(?:cell|thead)?\s*(?:\[[^\]]*\])?\s*(?:\{\s*([^{}]*)\s*\}|(\d))")
NOTES = re.compile(r"\\begin\{tablenotes\}(.*?)(?:\\end\{tablenotes\}|$)", re.S)
ITEM = re.compile(r"\\item\s*(?:\[([^\]]*)\])?")


@dataclass(frozen=True)
class Row:
    """A row's pieces, and whether a line across the table stands above it."""

    pieces: tuple[Piece, ...]
    ruled: bool
    header: bool = False


def tables(source: str) -> Iterator[Table | TableError]:
    """The tables of a file in its order, or why one can't be read; a spot is a place in `source`."""
    text = expanded(without_comments(Traced.of(source)))
    found = environments(text.text)
    grids = [one for one in found if one.holds_cells]
    for one in grids:
        if _counts(one, grids, text.text):
            try:
                yield from _table(one, grids, text, source)
            except TableError as error:
                yield error


def _counts(one: Environment, grids: list[Environment], text: str) -> bool:
    """Whether a grid is a table: not a line break within a cell, nor a formula."""
    inside = any(other.holds_cells for other in one.outside())
    if one.name == "array" and (inside or not _is_table_array(one, grids, text)):
        return False
    if inside:
        return _size(one, text) >= (2, 2)
    return True


def _is_table_array(one: Environment, grids: list[Environment], text: str) -> bool:
    if any(other.floats for other in one.outside()):
        return True
    return all(grid.name == "array" for grid in grids) and not text[: one.start].rstrip().endswith(("\\{", "\\left(", "\\left["))


def _size(one: Environment, text: str) -> tuple[int, int]:
    """The lesser of a grid's sides, twice."""
    found = [row for row in rows(text, one.body, one.stop) if len(row) > 1 or text[slice(*row[0])].strip()]
    least = min(len(found), max((len(row) for row in found), default=0))
    return least, least


def _table(one: Environment, grids: list[Environment], text: Traced, source: str) -> Iterator[Table]:
    found = _rows(one, text)
    laid = standing([row.pieces for row in found])
    if _only_holds_others(one, grids, text.text, found):
        return
    whole = next((other for other in [*one.outside()][::-1] if other.floats), one)
    caption = _caption(one, whole, grids, text.text)
    start, end = _extent(one, whole, grids, text)
    inside = text.text[whole.start : whole.end]
    notes = [note for notes in NOTES.findall(inside) for note in _items(notes)]
    marked = sum(row.header for row in found)
    table = Table(
        format="latex",
        caption=caption,
        notes=tuple(notes),
        rows=laid.rows,
        columns=laid.columns,
        cells=laid.cells,
        markup=source[start:end],
    )
    yield with_headers(table, ruled=[at for at, row in enumerate(found) if row.ruled], marked=marked)


def _extent(one: Environment, whole: Environment, grids: list[Environment], text: Traced) -> tuple[int, int]:
    """Where a table's markup stands: its float, or its grid alone where the float holds several."""
    inside = [grid for grid in grids if whole.start <= grid.start < whole.end and not any(up.holds_cells for up in grid.outside())]
    chosen = whole if len(inside) < 2 else one
    return text.span(chosen.start, max(chosen.end, chosen.start + 1))


def _only_holds_others(one: Environment, grids: list[Environment], text: str, found: list[Row]) -> bool:
    """Whether a grid is there to put tables side by side."""
    inner = [grid for grid in grids if one in grid.outside() and _counts(grid, grids, text)]
    if not inner:
        return False
    rest = text[one.body : one.stop]
    for grid in reversed(inner):
        if grid.start >= one.body:
            rest = rest[: grid.start - one.body] + rest[grid.end - one.body :] if grid.end <= one.stop else rest
    rest = re.sub(r"\\[A-Za-z]+|[^\w]|\d+(?:cm|pt|em|in)?", "", _without_captions(rest))
    return not rest.strip()


def _without_captions(text: str) -> str:
    for found in reversed([*CAPTION.finditer(text)]):
        text = text[: found.start()] + text[group(text, found.end()) or found.end() :]
    return text


# ---- rows ------------------------------------------------------------------------------------------------------------


def _rows(one: Environment, text: Traced) -> list[Row]:
    """A grid's rows; a long table's repeated heads and its feet are left out."""
    made: list[Row] = []
    pending: list[Row] = []
    ruled = first = False
    for cells in rows(text.text, one.body, one.stop):
        lead, content = _leading(text.text, *cells[0])
        for mark in LONG.finditer(lead):
            pending, first = _ended(mark[1], made, pending, first)
        ruled = ruled or bool(LINE.search(lead))
        pieces = tuple(_piece(text, start, end) for start, end in [content, *cells[1:]])
        if len(pieces) > 1 or pieces[0].text:
            pending.append(Row(pieces, ruled))
            ruled = False
    return made + pending


def _ended(part: str, made: list[Row], pending: list[Row], first: bool) -> tuple[list[Row], bool]:
    r"""What a long table's `\endhead` and the like make of the rows before them."""
    if part == "firsthead" or (part == "head" and not first):
        made += [replace(row, header=True) for row in pending]
        return [], True
    return [], first


def _leading(text: str, start: int, end: int) -> tuple[str, tuple[int, int]]:
    """Rules and lengths before a row's first cell, and where the cell's content stands."""
    at = start
    while True:
        if caption := CAPTION.match(text, at, end):
            at = min(end, group(text, caption.end()) or caption.end())
        elif rule := RULE.match(text, at, end):
            at = _after(text, rule.end(), end) if rule.group().strip() and not rule.group().strip().startswith("\\end") else rule.end()
        else:
            return text[start:at], (at, end)


def _after(text: str, at: int, end: int) -> int:
    """The place after a rule's arguments in braces and brackets."""
    while at < end:
        if text[at] == "{":
            at = min(end, group(text, at) or end)
        elif text[at] == "[" and "]" in text[at:end]:
            at = text.index("]", at) + 1
        else:
            break
    return at


def _piece(text: Traced, start: int, end: int) -> Piece:
    written = text.text[start:end]
    start, end = start + len(written) - len(written.lstrip()), start + len(written.rstrip())
    written = written.strip()
    if not written:
        return Piece()
    span = SPAN.search(written)
    down = DOWN.search(written)
    first, last = text.span(start, end)
    return Piece(
        text=plain(written),
        rows=_number(down[1] or down[2] or "1") if down else 1,
        columns=max(1, int(span[1][:4])) if span else 1,
        spot=Spot(start=first, end=last),
    )


def _number(words: str) -> int:
    try:
        return max(-10_000, min(10_000, round(float(words)))) or 1
    except (ValueError, OverflowError):
        return 1


# ---- captions and notes ------------------------------------------------------------------------------------------------


def _caption(one: Environment, whole: Environment, grids: list[Environment], text: str) -> str:
    """The caption of a float that holds several tables, and the nearest one in the nearest surroundings that have one."""
    for around in [one, *one.outside()]:
        if found := _captions(around, text):
            at, end = min(found, key=lambda place: min(abs(place[0] - one.end), abs(place[0] - one.start)))
            above = [] if around is whole else _above(whole, grids, text)
            return " ".join(plain(text[at + 1 : end - 1]) for at, end in [*above, (at, end)])
        if around is whole:
            break
    return ""


def _captions(around: Environment, text: str) -> list[tuple[int, int]]:
    marks = [mark.end() for mark in CAPTION.finditer(text, around.start, around.end)]
    return [(at, end) for at in marks if (end := group(text, at))]


def _above(whole: Environment, grids: list[Environment], text: str) -> list[tuple[int, int]]:
    """A float's captions outside the parts that hold its tables."""
    lines = [[grid, *grid.outside()] for grid in grids if whole.start < grid.start < whole.end]
    parts = [line[line.index(whole) - 1] for line in lines if whole in line[1:]]
    return [place for place in _captions(whole, text) if not any(part.start <= place[0] < part.end for part in parts)]


def _items(notes: str) -> list[str]:
    parts = ITEM.split(notes)
    if len(parts) == 1:
        return [words] if (words := plain(notes)) else []
    pairs = zip(parts[1::2], parts[2::2], strict=False)
    return [plain(f"{mark or ''} {words}") for mark, words in pairs if words.strip()]


def paragraphs(source: str) -> list[str]:
    """The running text of a file as it is written, without its tables and figures."""
    text = without_comments(Traced.of(source)).text
    for one in reversed(environments(text)):
        if one.around is None or one.around.name == "document":
            if one.floats or (one.holds_cells and one.name != "array"):
                text = text[: one.start] + "\n\n" + text[one.end :]
    body = text.split("\\begin{document}", 1)[-1]
    return [part.strip() for part in re.split(r"\n\s*\n", body) if re.search(r"[A-Za-z]{3}.*\s", part.strip())]

