"""A table drawn beside its records, as HTML: a value is a link to where it stands, a target cell one to its record.

What a link leads to lights up (`:target`), so that no script is needed; `SCRIPT` keeps the page still while the table
beside a record moves.
"""

from functools import cached_property
from itertools import groupby

from limbeck import charts, marks
from limbeck.charts import safe
from limbeck.facts import DoubtFacts, TableFacts
from limbeck.report import LONGEST_NAME, LONGEST_TEXT
from limbeck.schemas.extraction import Extracted, Origin, Status, Value
from limbeck.schemas.tables import Cell
from limbeck.tables.grid import Grid

LONGEST_CELL, LONGEST_AROUND = 300, 2_000
"""Characters of a cell, and of a caption, note or paragraph, that are shown."""
HOW: dict[Status, tuple[str, str]] = {
    "grounded": ("✓", "word for word in the source"),
    "normalised": ("≈", "there in another spelling"),
    "inferred": ("?", "not in the source"),
    "missing": ("–", "not said"),
}
"""Each status's sign and what it means; signs, so that colour is not all that tells."""
STYLE = """
td:target, th:target, .record:target, .around:target { outline: 3px solid var(--accent); outline-offset: 0; border-radius: 2px; }
.aim:target { outline: 2px solid var(--accent); outline-offset: 0; border-radius: 2px; }
.aim:target, .grid td:target, .grid th:target { background: color-mix(in srgb, var(--accent) 35%, var(--page)); }
.record:target, .record:focus-within { background: var(--wash); }
.read { border-top: 1px solid var(--line); padding: 1.25rem 0; margin-top: 1rem; scroll-margin-top: 1rem; }
.read > small { margin: .15rem 0 .75rem; }
.sides { display: grid; grid-template-columns: minmax(0, 3fr) minmax(19rem, 2fr); gap: 1.5rem; align-items: start; }
.panel { overflow: auto; max-height: 78vh; overscroll-behavior: auto; position: relative; }
.panel [id] { scroll-margin: 3.5rem; }
.around { font-size: .875rem; line-height: 1.5; color: var(--soft); margin: 0 0 .6rem; padding-inline-end: 1rem; }
.around .aim { color: var(--ink); border-bottom: 1px solid var(--line); }
.grid + .around { margin-top: .75rem; }
.around b { font-weight: 600; margin-inline-end: .35rem; }
.grid { width: auto; font-size: .8125rem; line-height: 1.35; margin-bottom: .6rem; overflow-wrap: normal; }
.grid th, .grid td, .grid th:first-child, .grid td:first-child {
  border: 1px solid var(--line); padding: .3rem .5rem; max-width: 18rem; vertical-align: top; font-size: inherit; font-weight: 400;
}
.grid th, .grid th:first-child { background: var(--wash); color: var(--ink); font-weight: 600; vertical-align: bottom; text-align: start; }
.grid th.section { font-style: italic; }
.grid th[scope="row"], .grid th[scope="row"]:first-child { vertical-align: top; }
.grid a { color: inherit; text-decoration: underline dotted var(--accent) 1.5px; text-underline-offset: .25em; font-variant-numeric: tabular-nums; }
.grid a:hover, .said a:hover { color: var(--accent); }
.list { list-style: none; margin: 0; padding: 0; }
.record { padding: .55rem .6rem; border-bottom: 1px solid var(--line); font-size: .875rem; line-height: 1.4; }
.record > div { display: flex; flex-wrap: wrap; gap: 0 .6rem; align-items: baseline; }
.record > div > a { font-size: 1rem; font-weight: 600; font-variant-numeric: tabular-nums; text-decoration: none; }
.record > div > a:hover { text-decoration: underline; }
.kind { border: 1px solid var(--line); border-radius: 1rem; padding: 0 .5rem; font-size: .75rem; line-height: 1.35rem; }
.said { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); gap: 0 .75rem; padding-block: .1rem; }
.said dt { font-size: inherit; }
.said a { color: inherit; text-decoration: underline; text-decoration-color: var(--line); text-underline-offset: .2em; }
.sign { display: inline-block; width: 1.1em; color: var(--soft); font-weight: 600; }
.inferred dd, .key-inferred { border-inline-start: 3px dashed var(--accent); padding-inline-start: .45rem; }
.inferred .sign, .inferred .sure { color: var(--accent); }
.sure { color: var(--soft); font-size: .75rem; white-space: nowrap; margin-inline-start: .4rem; }
.record .missing { color: var(--soft); font-size: .8125rem; }
@media (max-width: 60rem) { .sides { grid-template-columns: minmax(0, 1fr); } .panel { max-height: 60vh; } .records { border-top: 1px solid var(--line); } }
@media (max-width: 46rem) {
  .grid { display: table; }
  .grid tbody { display: table-row-group; }
  .grid tr { display: table-row; }
  .grid tbody tr td, .grid tbody tr th, .grid td:first-child { display: table-cell !important; padding: .25rem .4rem; }
  .grid td:not(:first-child)::before { content: none; }
}
@media print { .panel { max-height: none; overflow: visible; } .sides { display: block; } }
"""
SCRIPT = """
document.addEventListener("click", event => {
  const link = event.target.closest("a[href^='#']");
  const place = link && document.getElementById(link.hash.slice(1));
  if (!place || !place.closest(".panel")) return;
  event.preventDefault();
  const top = scrollY;
  location.hash = link.hash;
  scrollTo({ top, behavior: "instant" });
  place.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
});
"""


class Drawn:
    """One table with its records, as HTML.

    Args:
        facts: The table.
        number: Its place on the page, of which its anchors are made: `d0-3-2` is a cell, `r0-3-2` its record.
        kinds: The numbers of the record types.
    """

    def __init__(self, facts: TableFacts, number: int, kinds: dict[str, int]) -> None:
        self.facts, self.number, self.kinds = facts, number, kinds
        self._grid = Grid(facts.table)

    @property
    def html(self) -> str:
        """All of it."""
        one = self.facts.table
        size = f"{one.rows:,} × {one.columns:,} cells, {charts.many(len(self.facts.records), 'record', 'records')}"
        under = " · ".join(filter(None, (f"<bdi>{safe(one.source, LONGEST_NAME)}</bdi>", size, self._left_out)))
        panel = f'<div class="panel" tabindex="0" role="region" aria-label="Table {safe(self.facts.key, LONGEST_NAME)}">{self._source}</div>'
        list_ = f'<div class="panel records" tabindex="0" role="region" aria-label="Its records">{self._list}</div>'
        return (
            f'<article class="read" id="d{self.number}"><h3 dir="auto">{safe(self.facts.key, LONGEST_NAME)}</h3>'
            f'<small>{under}</small><div class="sides">{panel}{list_}</div></article>'
        )

    @property
    def _left_out(self) -> str:
        cells, records = self.facts.cells_left_out, self.facts.records_left_out
        said = [f"{cells:,} further cells"] * bool(cells) + [f"{records:,} further records"] * bool(records)
        return f"{' and '.join(said)} not drawn" if said else ""

    # ---- the table ---------------------------------------------------------------------------------------------

    @property
    def _source(self) -> str:
        one = self.facts.table
        notes = [self._around(text, f"n{place}", "Note") for place, text in enumerate(one.notes)]
        spoken = [self._around(text, f"p{place}", "Text") for place, text in enumerate(one.paragraphs) if self._spans.get(f"p{place}")]
        rest = len(one.paragraphs) - len(spoken)
        more = f'<p class="around">{charts.many(rest, "further paragraph", "further paragraphs")} of the text, which no value comes from</p>' if rest else ""
        return f"{self._around(one.caption, 'c', 'Caption')}{self._drawn}{''.join(notes)}{''.join(spoken)}{more}"

    def _around(self, text: str, name: str, title: str) -> str:
        """A text near the table, with what values come from."""
        if not text:
            return ""
        shown, id = text[:LONGEST_AROUND], f"d{self.number}-{name}"
        inside = marks.aimed(shown, self._spans.get(name, ()), id) + ("…" if len(shown) < len(text) else "")
        return f'<p class="around" id="{id}" dir="auto"><b>{title}</b>{inside}</p>'

    @cached_property
    def _spans(self) -> dict[str, set[tuple[int, int]]]:
        """What values come from in the texts near the table."""
        found: dict[str, set[tuple[int, int]]] = {}
        for origin in (value.origin for record in self.facts.records for value in record.values):
            if origin and origin.where != "cell":
                found.setdefault(_text_id(origin), set()).add((origin.start, origin.end))
        return found

    @property
    def _drawn(self) -> str:
        by_row = groupby(sorted(self.facts.table.cells, key=lambda cell: (cell.row, cell.column)), lambda cell: cell.row)
        rows = "".join(f"<tr>{''.join(map(self._cell, cells))}</tr>" for _, cells in by_row)
        return f'<table class="grid"><tbody>{rows}</tbody></table>' if rows else '<p class="empty">The table has no cells.</p>'

    def _cell(self, cell: Cell) -> str:
        tag = "th" if cell.header else "td"
        scope = {"column": ' scope="col"', "row": ' scope="row"', "section": ' scope="rowgroup" class="section"'}
        spans = "".join(f' {name}="{count}"' for name, count in (("rowspan", cell.rows), ("colspan", cell.columns)) if count > 1)
        head = scope[cell.header] if cell.header else ""
        return f'<{tag} id="d{self.number}-{cell.row}-{cell.column}"{head}{spans} dir="auto">{self._linked(cell)}</{tag}>'

    def _linked(self, cell: Cell) -> str:
        """A cell's text, in which the values that became records are links to them."""
        text, at, parts = charts.plain(cell.text, LONGEST_CELL), 0, []
        for record in self._of.get((cell.row, cell.column), ()):
            value = charts.plain(record.value)
            start = text.find(value, at)
            if value and start >= 0:
                parts += [marks.piece(text[at:start]), self._to_record(record, value)]
                at = start + len(value)
        return "".join([*parts, marks.piece(text[at:])]) if parts else self._whole(cell, text)

    def _whole(self, cell: Cell, text: str) -> str:
        records = self._of.get((cell.row, cell.column), ())
        return self._to_record(records[0], text or "–") if records else marks.piece(text)

    def _to_record(self, record: Extracted, text: str) -> str:
        return f'<a href="#{record_id(self.number, record)}">{marks.piece(text)}</a>'

    @cached_property
    def _of(self) -> dict[tuple[int, int], list[Extracted]]:
        """Records by the upper left place of their cell."""
        found: dict[tuple[int, int], list[Extracted]] = {}
        for record in self.facts.records:
            if cell := self._at(record.row, record.column):
                found.setdefault((cell.row, cell.column), []).append(record)
        return found

    def _at(self, row: int | None, column: int | None) -> Cell | None:
        """The cell that covers a place, if it is drawn."""
        try:
            return self._grid.at(row or 0, column or 0)
        except KeyError:
            return None

    # ---- its records -------------------------------------------------------------------------------------------

    @property
    def _list(self) -> str:
        rows = "".join(map(self._record, self.facts.records))
        return f'<ol class="list">{rows}</ol>' if rows else '<p class="empty">No records.</p>'

    def _record(self, one: Extracted) -> str:
        cell = self._at(one.row, one.column)
        value = f"<bdi>{safe(one.value, LONGEST_NAME)}</bdi>"
        link = f'<a href="#d{self.number}-{cell.row}-{cell.column}">{value}</a>' if cell else value
        kind = self.kinds.get(one.type)
        said = "".join(self._said(each) for each in one.values if each.status != "missing")
        unsaid = ", ".join(f"<bdi>{safe(named(each), LONGEST_NAME)}</bdi>" for each in one.values if each.status == "missing")
        unsaid = f'<p class="missing">{HOW["missing"][0]} not said: {unsaid}</p>' if unsaid else ""
        filtered = f" t{kind}" if kind is not None else ""
        return (
            f'<li class="record{filtered}" id="{record_id(self.number, one)}"><div>{link}'
            f'<span class="kind"><bdi>{safe(one.type, LONGEST_NAME)}</bdi></span><span class="sure">{one.confidence:.2f}</span></div>'
            f'{f"<dl>{said}</dl>" if said else ""}{unsaid}</li>'
        )

    def _said(self, value: Value) -> str:
        sign, meaning = HOW[value.status]
        text = f"<bdi>{safe(value.text or '', LONGEST_TEXT)}</bdi>"
        aim = self._aim(value.origin)
        linked = f'<a href="#{aim}">{text}</a>' if aim else text
        word = f"{value.status} " if value.status != "grounded" else ""
        return (
            f'<div class="said {value.status}"><dt><bdi>{safe(named(value), LONGEST_NAME)}</bdi></dt><dd><span class="sign" title="{meaning}">{sign}</span>'
            f'{linked}<span class="sure">{word}{value.confidence:.2f}</span></dd></div>'
        )

    def _aim(self, origin: Origin | None) -> str:
        """The anchor of what a value comes from; empty where that is not drawn."""
        if origin is None:
            return ""
        if origin.where == "cell":
            cell = self._at(origin.row, origin.column)
            return f"d{self.number}-{cell.row}-{cell.column}" if cell else ""
        name = _text_id(origin)
        text = self._texts.get(name, "")
        inside = 0 <= origin.start < origin.end <= min(len(text), LONGEST_AROUND)
        return f"d{self.number}-{name}" + (f"-{origin.start}-{origin.end}" if inside else "") if text else ""

    @cached_property
    def _texts(self) -> dict[str, str]:
        one = self.facts.table
        notes = {f"n{place}": text for place, text in enumerate(one.notes)}
        return {"c": one.caption, **notes, **{f"p{place}": text for place, text in enumerate(one.paragraphs)}}


def _text_id(origin: Origin) -> str:
    return {"caption": "c", "note": f"n{origin.place or 0}", "paragraph": f"p{origin.place or 0}"}[origin.where]


def place(one: Extracted | DoubtFacts) -> tuple[int, int, int]:
    """Where a record's value stands: row, column, part."""
    return one.row, one.column, one.part


def record_id(number: int, one: Extracted | DoubtFacts) -> str:
    """The anchor of a record of the page's table of this number."""
    return f"r{number}-{one.row}-{one.column}" + (f"-{one.part}" if one.part else "")


def named(value: Value) -> str:
    """What a value is of: its attribute, and of pairs what the table calls it."""
    return f"{value.name}: {value.key}" if value.key else value.name
