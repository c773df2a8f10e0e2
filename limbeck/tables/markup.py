"""HTML and JATS: every table of a page or an article, with where each cell stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Literal

from limbeck.errors import TableError
from limbeck.schemas.tables import Header, Spot, Table
from limbeck.tables.headers import with_headers
from limbeck.tables.laying import Piece, flowing

JATS = re.compile(r"<(?:table-wrap|oasis:|article[ >][^>]*dtd|!DOCTYPE article)\b", re.I)
DECLARED = re.compile(r"<!\[(?:CDATA\[)?|\]\]>", re.I)
BLOCKS = frozenset("p div br li hr tr table h1 h2 h3 h4 h5 h6 ul ol dl dt dd section title sec break list list-item caption td th entry".split())
CELLS = frozenset(("td", "th"))
PARTS = frozenset(("thead", "tbody", "tfoot"))
SILENT = frozenset(("script", "style", "template", "xref-note", "tex-math"))
NOTES = frozenset(("fn", "table-wrap-foot"))
FLOATS = frozenset(("table-wrap", "figure", "table-wrap-group"))
NUMBER = re.compile(r"\d{1,7}")
HIDDEN = re.compile(r"\bdisplay\s*:\s*none\b", re.I)
EMPTY = CELLS | PARTS | frozenset("tr table row entry img br hr input link meta wbr col source area".split())
"""Tags whose aim would never end, or would not end where they do."""
MARK = re.compile(r"(?:[a-z]|[*†‡§¶#]{1,3})(?:,\s*(?:[a-z]|[*†‡§¶#]{1,3}))*|(?:\[(?:\d+|[a-z]|[Nn]ote \d+)\]\s*)+")
"""A mark of a footnote: it names nothing."""


@dataclass
class Open:
    """A table while it is read."""

    start: int
    rows: list[list[Piece]] = field(default_factory=list)
    caption: list[str] = field(default_factory=list)
    part: str = ""
    cell: "Cell | None" = None
    end: int = -1
    around: "Float | None" = None


@dataclass
class Cell:
    """A cell while it is read."""

    tag: str
    attributes: dict[str, str | None]
    start: int
    part: str
    aims: int
    """How many aims were open when it began; what is opened inside it ends with it."""
    words: list[str] = field(default_factory=list)


@dataclass
class Float:
    """What holds a table with its caption and notes."""

    start: int
    caption: list[str] = field(default_factory=list)
    notes: list[list[str]] = field(default_factory=list)
    end: int = -1
    tables: int = 0


Aim = Literal["caption", "notes", "silent", "mark", "paragraph"]


class Reader(HTMLParser):
    """Collects the tables and paragraphs of a page; a tag that is never closed ends where its surroundings end."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.source = source
        self.lines = [0, *(found.end() for found in re.finditer("\n", source))]
        self.done: list[Open] = []
        self.open: list[Open] = []
        self.floats: list[Float] = []
        self.aims: list[tuple[str, Aim, list[str]]] = []
        self.paragraphs: list[str] = []

    @property
    def here(self) -> int:
        """The place in the source of what is being handled."""
        line, column = self.getpos()
        return self.lines[line - 1] + column

    def read(self) -> None:
        """Read it all."""
        self.feed(DECLARED.sub(lambda found: " " * len(found.group()), _without_comments(self.source)))
        self.close()
        while self.open:
            self._end_table(len(self.source))
        self._end_aims(0)
        for one in self.floats:
            one.end = len(self.source)

    # ---- tags ----

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag begins."""
        tag = tag.removeprefix("oasis:")
        if tag in BLOCKS:
            self._say(" ")
        if tag == "table":
            self._begin_table()
        elif tag in FLOATS:
            self.floats.append(Float(self.here))
        elif self.open and (tag in PARTS or tag in CELLS or tag in ("tr", "row", "entry")):
            self._in_table(tag, dict(attrs))
        self._aim(tag, dict(attrs))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that is empty; an empty cell ends where the next one begins."""
        self.handle_starttag(tag, attrs)
        if tag not in CELLS and tag != "tr":
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """A tag ends."""
        tag = tag.removeprefix("oasis:")
        if any(name == tag for name, _, _ in self.aims):
            self._end_aim(tag)
        if tag == "table" and self.open:
            self._end_table(self._after())
        elif tag in FLOATS and self.floats:
            self.floats.pop().end = self._after()
        elif self.open and tag in CELLS | {"tr", "entry", "row"} | PARTS:
            self._end_cell()
            if tag in PARTS:
                self.open[-1].part = ""
        if tag in BLOCKS:
            self._say(" ")

    def handle_data(self, data: str) -> None:
        """Text between tags."""
        self._say(data)

    # ---- tables ----

    def _begin_table(self) -> None:
        around = self.floats[-1] if self.floats and (not self.open or self.open[-1].start < self.floats[-1].start) else None
        if around:
            around.tables += 1
        self.open.append(Open(self.here, around=around))

    def _end_table(self, end: int) -> None:
        self._end_cell()
        self.open[-1].end = end
        self.done.append(self.open.pop())

    def _in_table(self, tag: str, attributes: dict[str, str | None]) -> None:
        table = self.open[-1]
        self._end_cell()
        while self.aims and self.aims[-1][1] == "caption":
            self._end_aims(len(self.aims) - 1)
        if tag in PARTS:
            table.part = tag
        elif tag in ("tr", "row"):
            table.rows.append([])
        else:
            start = self.here + len(self.get_starttag_text() or "")
            table.cell = Cell(tag, attributes, start, table.part, len(self.aims))

    def _end_cell(self) -> None:
        table = self.open[-1]
        if table.cell is None:
            return
        self._end_aims(table.cell.aims)
        if not table.rows:
            table.rows.append([])
        table.rows[-1].append(self._piece(table.cell, self.here))
        table.cell = None

    def _piece(self, cell: Cell, end: int) -> Piece:
        written = self.source[cell.start : end]
        start = cell.start + len(written) - len(written.lstrip())
        end = cell.start + len(written.rstrip())
        text = " ".join("".join(cell.words).split())
        return Piece(
            text=text,
            rows=_span(cell.attributes.get("rowspan") or _more(cell.attributes), 0),
            columns=max(1, _span(cell.attributes.get("colspan"), 1)),
            header=_header(cell),
            spot=Spot(start=start, end=end) if start < end else Spot(),
        )

    def _after(self) -> int:
        end = self.source.find(">", self.here)
        return end + 1 if end >= 0 else len(self.source)

    # ---- text ----

    def _aim(self, tag: str, attributes: dict[str, str | None]) -> None:
        """What the text inside a tag is for, where it isn't for the cell."""
        aim: Aim | None = None
        inside = self.open and self.open[-1].cell
        if tag in SILENT or (inside and tag not in EMPTY and _is_hidden(attributes)):
            aim = "silent"
        elif tag == "xref" and attributes.get("ref-type") in ("table-fn", "fn", "bibr"):
            aim = "silent" if inside or self.floats else None
        elif tag == "sup":
            aim = "mark"
        elif tag in ("caption", "figcaption") or (tag == "label" and self.floats and not self.aims):
            aim = "caption" if self.open or self.floats else None
        elif tag in NOTES and self.floats and not inside:
            aim = "notes"
        elif tag == "p" and not self.open and not self.floats:
            aim = "paragraph"
            if self.aims and self.aims[-1][:2] == ("p", "paragraph"):
                self._end_aim("p")
        if aim:
            self.aims.append((tag, aim, []))

    def _end_aim(self, tag: str) -> None:
        """End the last aim of a tag, and what was opened inside it."""
        self._end_aims(max(at for at, (name, _, _) in enumerate(self.aims) if name == tag))

    def _end_aims(self, left: int) -> None:
        while len(self.aims) > left:
            _, aim, words = self.aims.pop()
            self._deliver(aim, "".join(words))

    def _deliver(self, aim: Aim, text: str) -> None:
        words = " ".join(text.split())
        if aim == "mark":
            self._say(_raised(text))
        elif not words or aim == "silent":
            return
        elif aim == "paragraph":
            self.paragraphs.append(words)
        elif aim == "notes" and self.floats:
            self.floats[-1].notes.append([words])
        elif aim == "caption" and self.open and not self.open[-1].cell:
            self.open[-1].caption.append(words)
        elif aim == "caption" and self.floats:
            self.floats[-1].caption.append(words)

    def _say(self, data: str) -> None:
        """Add text to what it is for: the innermost aim, and every open cell."""
        inside = self.open[-1].cell if self.open else None
        if self.aims and (self.aims[-1][1] != "paragraph" or inside is None):
            self.aims[-1][2].append(data)
        else:
            for table in self.open:
                if table.cell is not None:
                    table.cell.words.append(data)


def _without_comments(source: str) -> str:
    """Blanks in place of comments, and of a mark that begins one which never ends."""
    parts: list[str] = []
    at = 0
    while (start := source.find("<!--", at)) >= 0:
        end = source.find("-->", start + 4)
        if end < 0:
            break
        parts += [source[at:start], " " * (end + 3 - start)]
        at = end + 3
    return "".join([*parts, source[at:].replace("<!--", "    ")])


def _span(words: str | None, least: int) -> int:
    found = NUMBER.match((words or "1").strip())
    return max(least, int(found.group())) if found else 1


def _more(attributes: dict[str, str | None]) -> str | None:
    """CALS counts the rows that a cell covers besides its own."""
    more = attributes.get("morerows")
    return str(int(more) + 1) if more and more.isascii() and more.isdigit() and len(more) < 7 else None


def _header(cell: Cell) -> Header | None:
    if cell.part == "thead":
        return "column"
    if cell.tag != "th":
        return None
    scope = (cell.attributes.get("scope") or "").lower()
    return "column" if scope.startswith("col") else "row"


def _raised(text: str) -> str:
    """A superscript: a footnote's mark is left out, an exponent is written as one."""
    words = text.strip()
    if not words or MARK.fullmatch(words):
        return ""
    return f"^{words}" if re.fullmatch(r"[-−–+]?\d+[+-]?|[A-Z]", words) else text


def _is_hidden(attributes: dict[str, str | None]) -> bool:
    return bool(HIDDEN.search(attributes.get("style") or ""))


def is_jats(source: str) -> bool:
    """Whether markup is an article's in JATS, as PubMed Central has it."""
    return bool(JATS.search(source))


def tables(source: str) -> Iterator[Table | TableError]:
    """The tables of a page or an article in its order, or why one can't be read.

    A table inside a cell comes after the one around it; a spot is a place in `source`.
    """
    if "<" not in source:
        return
    reader = Reader(source)
    reader.read()
    jats = is_jats(source)
    for one in sorted(reader.done, key=lambda table: table.start):
        try:
            table = _table(one, source, jats)
        except TableError as error:
            yield error
            continue
        if table.cells and not _only_holds_others(one, reader.done, table):
            yield table


def _table(one: Open, source: str, jats: bool) -> Table:
    laid = flowing(_headed([row for row in one.rows if row]))
    around = one.around if one.around and one.around.tables == 1 else None
    captions = [*(one.around.caption if one.around else []), *one.caption]
    notes = [" ".join(note) for note in one.around.notes] if one.around else []
    start, end = (around.start, around.end) if around and around.end > 0 else (one.start, one.end)
    table = Table(
        format="jats" if jats else "html",
        caption=" ".join(captions),
        notes=tuple(notes),
        rows=laid.rows,
        columns=laid.columns,
        cells=laid.cells,
        markup=source[start:end],
    )
    return with_headers(table)


def _headed(rows: list[list[Piece]]) -> list[list[Piece]]:
    """Rows of nothing but `th` at the top name columns; a `th` that stands alone further down names a section."""
    made: list[list[Piece]] = []
    top = True
    for row in rows:
        top = top and all(piece.header for piece in row) and (len(row) > 1 or len(rows) > 1)
        alone = len(row) == 1 and row[0].header == "row" and row[0].columns > 1
        header: Header | None = "column" if top else "section" if alone else None
        made.append([replace(piece, header=header) for piece in row] if header else row)
    return made


def _only_holds_others(one: Open, everything: list[Open], table: Table) -> bool:
    """Whether a table is there to put others on a page: one cell has two of them, or there is just one column or row."""
    inner = [other for other in everything if one.start < other.start and other.end <= one.end]
    return bool(inner) and (table.rows == 1 or table.columns == 1)


def paragraphs(source: str) -> list[str]:
    """The running text of a page or an article: its `p` outside tables and floats."""
    reader = Reader(source)
    reader.read()
    return reader.paragraphs
