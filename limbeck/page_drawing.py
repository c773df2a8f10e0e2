"""A document drawn beside what was read from it, as HTML: every value's box lies on the page, and leads to the value and back.

What a link leads to lights up (`:target`), so that no script is needed; `SCRIPT` lights up both ends, also under the
mouse and the keyboard, and keeps the page still while the panel beside a value moves.
"""

import base64
import html
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import groupby

from limbeck import charts
from limbeck.charts import safe
from limbeck.facts_pages import DocumentFacts, PageFacts, WordFacts
from limbeck.report import LONGEST_NAME, LONGEST_TEXT
from limbeck.schemas.extraction import Extracted, Value
from limbeck.table_drawing import HOW, named
from limbeck.table_drawing import SCRIPT as STILL
from limbeck.visible import visible

LIGHT = ("#b3261e", "#1a5fb4", "#26703a", "#7d3c98", "#a3580a", "#0b6e7a", "#b0196b", "#5a6412", "#4a4fc4", "#7a4a32", "#00796b", "#8a1c4a")
DARK = ("#ff8a80", "#7db4f5", "#7fcf94", "#d0a2e6", "#f0ae62", "#6ccad6", "#f58cc2", "#c3cf6b", "#a8abff", "#d8a98c", "#5fd0bf", "#f2a0b9")
"""Fields' colours, on light and on dark ground; after the last the first comes again. A page is always light."""
ROWS, NEAR = 150, 4
"""Rows of a text that are shown whole; of a longer one those as near as this to a value, and the first ones."""
WIDER = 5
"""Pixels by which a box is wider than another one in its place."""
DIGITS = 2
"""Of a box's places, in percent."""
LOW = 0.22
"""From a word's lower edge up to its base line, of its height."""



def _hues(colours: Sequence[str], within: str = "") -> str:
    return "\n".join(f"{within}.f{number} {{ --hue: {colour}; }}" for number, colour in enumerate(colours))


STYLE = f"""
{_hues(LIGHT)}
@media (prefers-color-scheme: dark) {{
{_hues(DARK)}
{_hues(LIGHT, ".sheet ")}
}}
""" + """
.sheet { position: relative; margin: 0 auto 1rem; max-width: 44rem; border: 1px solid var(--line); background: #fff; color: #1f1c19; overflow: hidden; }
.sheet.tall { max-width: 27rem; }
.sheet img, .sheet svg { display: block; width: 100%; height: auto; }
.sheet text { font-family: var(--sans); fill: #1f1c19; }
.number { font-size: .75rem; color: var(--soft); margin: 0 0 .3rem; text-align: center; }
.box { position: absolute; display: block; min-width: .5rem; min-height: .5rem; margin: -2px; padding: 2px; box-sizing: content-box;
  border: 2px solid var(--hue); border-radius: 3px; background: color-mix(in srgb, var(--hue) 10%, transparent); }
.box.entry { border-width: 1px; border-style: dashed; }
.box.unsure { border-style: dotted; border-width: 3px; }
.box:hover, .box.lit, .box:target, .box:focus-visible { background: color-mix(in srgb, var(--hue) 34%, transparent); outline: 3px solid var(--hue); outline-offset: 1px; z-index: 1; }
.prose { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 0 1rem; padding: .75rem 1rem; border: 1px solid var(--line); background: var(--wash);
  font: .8125rem/1.55 ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace; }
.prose .cut { display: block; color: var(--soft); font-style: italic; }
.on { color: inherit; text-decoration: none; border-bottom: 2px solid var(--hue); background: color-mix(in srgb, var(--hue) 14%, transparent); border-radius: 2px 2px 0 0; }
.on.unsure { border-bottom-style: dotted; border-bottom-width: 3px; }
.on:hover, .on.lit, .on:target, .on:focus-visible { background: color-mix(in srgb, var(--hue) 40%, transparent); }
.swatch { display: inline-block; width: .7em; height: .7em; border-radius: 2px; background: var(--hue); margin-inline-end: .45em; vertical-align: baseline; }
.values .said { padding: .25rem .4rem; border-radius: 3px; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); }
.values .said:has(:target), .values .said:has(.lit) { background: color-mix(in srgb, var(--hue) 18%, transparent); }
.values .said a:focus-visible { outline-offset: 2px; }
.values h4 { font-size: .8125rem; font-weight: 600; color: var(--soft); margin: .9rem 0 .2rem; padding-inline-start: .4rem; }
.values .unsure .sure { color: var(--accent); font-weight: 600; }
.values .missing { color: var(--soft); font-size: .8125rem; padding: .25rem .4rem; }
.entry-said { border-top: 1px solid var(--line); padding-block: .2rem; }
.read.document .panel:first-child { max-height: 88vh; }
@media (prefers-color-scheme: dark) {
  .sheet img, .sheet svg { filter: brightness(.88); }
}
@media print { .sheet { break-inside: avoid; } }
"""
SCRIPT = (
    STILL
    + """
const ends = element => {
  const one = element && element.closest && element.closest("[data-value]");
  return one ? document.querySelectorAll(`[data-value="${one.dataset.value}"]`) : [];
};
const light = on => event => ends(event.target).forEach(one => one.classList.toggle("lit", on));
for (const [name, on] of [["mouseover", true], ["mouseout", false], ["focusin", true], ["focusout", false]]) addEventListener(name, light(on));
addEventListener("hashchange", () => {
  const place = document.getElementById(location.hash.slice(1));
  if (place && place.matches("a[data-value]")) place.focus({ preventScroll: true });
});
"""
)


class Drawn:
    """One document with its values, as HTML.

    Args:
        facts: The document.
        number: Its place on the page, of which its anchors are made: `v0-1-2` is a value, `b0-1-2` its box.
        colours: The number of each field's colour; of a list's fields that of the list.
        review: Values less sure than this look so.
    """

    def __init__(self, facts: DocumentFacts, number: int, colours: dict[str, int], review: float) -> None:
        self.facts, self.number, self.colours, self.review = facts, number, colours, review

    @property
    def html(self) -> str:
        """All of it."""
        key = safe(self.facts.key, LONGEST_NAME)
        pages = f'<div class="panel" tabindex="0" role="region" aria-label="Pages of {key}">{self._pages}</div>'
        values = f'<div class="panel values" tabindex="0" role="region" aria-label="What was read of {key}">{self._values}</div>'
        return (
            f'<article class="read document" id="d{self.number}"><h3 dir="auto">{key}</h3><small>{self._under}</small>'
            f'<div class="sides">{pages}{values}</div></article>'
        )

    @property
    def _under(self) -> str:
        one = self.facts
        said = sum(value.text is not None for record in one.records for value in record.values)
        rest = one.sheets - len(one.pages)
        parts = [charts.many(one.sheets, "page", "pages"), charts.many(said, "value", "values")]
        parts += [f"{charts.many(rest, 'page is', 'pages are')} not drawn"] * (rest > 0)
        parts += ["its file is not there any more, so its words are drawn as they were read"] * one.gone
        return " · ".join(parts)

    # ---- values ------------------------------------------------------------------------------------------------------

    @cached_property
    def _placed(self) -> list[tuple[str, Extracted, Value]]:
        """What was read, each with the end of its anchors."""
        listed = enumerate(self.facts.records)
        return [(f"{self.number}-{at}-{place}", record, value) for at, record in listed for place, value in enumerate(record.values)]

    def _colour(self, record: Extracted, value: Value) -> int:
        found = self.colours.get(record.type if record.row else value.name, 0)
        return found % len(LIGHT)

    def _classes(self, record: Extracted, value: Value) -> str:
        unsure = value.confidence < self.review or value.status == "inferred"
        return f"f{self._colour(record, value)}{' entry' if record.row else ''}{' unsure' if unsure else ''}"

    @property
    def _values(self) -> str:
        by_type = [(name, list(found)) for name, found in groupby(self._placed, key=lambda one: (one[1].type, bool(one[1].row)))]
        parts = [self._own(found) if not row else self._entries(name, found) for (name, row), found in by_type]
        return "".join(parts) or '<p class="empty">Nothing was read.</p>'

    def _own(self, found: Sequence[tuple[str, Extracted, Value]]) -> str:
        said = "".join(self._said(*one) for one in found if one[2].text is not None)
        unsaid = ", ".join(f"<bdi>{safe(value.name, LONGEST_NAME)}</bdi>" for _, _, value in found if value.text is None)
        missing = f'<p class="missing"><span class="sign">{HOW["missing"][0]}</span>not found: {unsaid}</p>' if unsaid else ""
        return f"<dl>{said}</dl>{missing}" if said else missing

    def _entries(self, name: str, found: Sequence[tuple[str, Extracted, Value]]) -> str:
        entries = [list(some) for _, some in groupby(found, key=lambda one: one[1].row)]
        lines = "".join(
            f'<dl class="entry-said">{"".join(self._said(*one) for one in some if one[2].text is not None)}</dl>' for some in entries
        )
        return f"<h4><bdi>{safe(name, LONGEST_NAME)}</bdi>: {len(entries):,}</h4>{lines}"

    def _said(self, end: str, record: Extracted, value: Value) -> str:
        sign, meaning = HOW[value.status]
        text = f"<bdi>{safe(value.text or '', LONGEST_TEXT)}</bdi>"
        link = f'<a id="v{end}" data-value="{end}" href="#b{end}">{text}</a>' if end in self._boxed else f'<span id="v{end}">{text}</span>'
        word = f"{value.status} " if value.status != "grounded" else ""
        where = "" if end in self._boxed or value.origin is None else f"page {(value.origin.place or 0) + 1} "
        nowhere = "not on the page " if value.origin is None else where
        return (
            f'<div class="said {value.status} {self._classes(record, value)}"><dt><span class="swatch"></span><bdi>{safe(named(value), LONGEST_NAME)}</bdi></dt>'
            f'<dd><span class="sign" title="{meaning}">{sign}</span>{link}<span class="sure">{nowhere or word}{value.confidence:.2f}</span></dd></div>'
        )

    @cached_property
    def _boxed(self) -> set[str]:
        """Values whose place is on a page that is drawn."""
        drawn = {page.number for page in self.facts.pages}
        return {end for end, _, value in self._placed if value.text is not None and value.origin and value.origin.box and value.origin.place in drawn}

    # ---- pages -------------------------------------------------------------------------------------------------------

    @property
    def _pages(self) -> str:
        drawn = "".join(f"{self._head(page)}{self._page(page)}" for page in self.facts.pages)
        return drawn or '<p class="empty">It has no pages.</p>'

    def _head(self, page: PageFacts) -> str:
        return f'<p class="number">Page {page.number + 1} of {self.facts.sheets}</p>' if self.facts.sheets > 1 else ""

    def _page(self, page: PageFacts) -> str:
        here = [one for one in self._placed if one[0] in self._boxed and one[2].origin and one[2].origin.place == page.number]
        if self.facts.kind == "text":
            return _Text(page, [(end, value, self._classes(record, value)) for end, record, value in here]).html
        shape = " tall" if page.height > 2 * page.width else ""
        ordered = sorted(here, key=lambda one: -_area(one[2]))
        boxes = "".join(self._box(page, *one, _around(one[2], ordered[at + 1 :])) for at, one in enumerate(ordered))
        return f'<div class="sheet{shape}">{self._picture(page)}{boxes}</div>'

    def _picture(self, page: PageFacts) -> str:
        if page.picture is None:
            return words_drawn(page)
        data = base64.b64encode(page.picture).decode()
        name = f"Page {page.number + 1} of {safe(self.facts.key, LONGEST_NAME)}"
        # Sizes keep the page from jumping while pictures are decoded.
        return f'<img alt="{name}" width="{round(page.width)}" height="{round(page.height)}" loading="lazy" decoding="async" src="data:image/jpeg;base64,{data}">'

    def _box(self, page: PageFacts, end: str, record: Extracted, value: Value, over: int) -> str:
        left, top, right, bottom = value.origin.box if value.origin and value.origin.box else (0.0, 0.0, 0.0, 0.0)
        sizes = zip(("left", "top", "width", "height"), (left, top, right - left, bottom - top), (page.width, page.height) * 2, strict=True)
        style = ";".join(f"{name}:{percent(part, whole)}" for name, part, whole in sizes)
        style += f";padding:{2 + WIDER * over}px;margin:-{2 + WIDER * over}px" if over else ""
        said = f"{safe(named(value), LONGEST_NAME)}: {safe(value.text or '', LONGEST_NAME)}"
        classes = self._classes(record, value)
        return f'<a class="box {classes}" id="b{end}" data-value="{end}" href="#v{end}" style="{style}" title="{said}" aria-label="{said}"></a>'


def _around(value: Value, later: Sequence[tuple[str, Extracted, Value]]) -> int:
    """How many boxes of the same place are drawn on top of a value's, so that it must be wider to be seen."""
    box = value.origin.box if value.origin else None
    return sum(other.origin is not None and other.origin.box == box for _, _, other in later)


def _area(value: Value) -> float:
    left, top, right, bottom = value.origin.box if value.origin and value.origin.box else (0.0, 0.0, 0.0, 0.0)
    return (right - left) * (bottom - top)


def percent(part: float, whole: float) -> str:
    """A place on a page of any size; one outside of it is at its edge."""
    share = 100 * min(max(part, 0.0), whole) / whole if whole > 0 else 0.0
    return f"{share:.{DIGITS}f}%"


def words_drawn(page: PageFacts) -> str:
    """A page's words on white, each in its box."""
    words = "".join(map(_word, page.words))
    name = f"The words of page {page.number + 1}"
    return (
        f'<svg viewBox="0 0 {page.width:g} {page.height:g}" role="img" aria-label="{name}"><rect width="{page.width:g}" height="{page.height:g}" fill="#fff"/>'
        f"{words}</svg>"
    )


def _word(word: WordFacts) -> str:
    left, top, right, bottom = word.box
    height = max(bottom - top, 0.1)
    return (
        f'<text x="{left:g}" y="{bottom - LOW * height:.1f}" font-size="{0.82 * height:.1f}" textLength="{max(right - left, 0.1):.1f}" '
        f'lengthAdjust="spacingAndGlyphs">{html.escape(visible(word.text))}</text>'
    )


class _Text:
    """A page that is counted in letters: its text, in which values are marked.

    Args:
        page: With its words.
        values: The end of a value's anchors, the value and its classes.
    """

    def __init__(self, page: PageFacts, values: Sequence[tuple[str, Value, str]]) -> None:
        self.page = page
        self.classes = {end: classes for end, _, classes in values}
        self.of = {word: end for end, value, _ in sorted(values, key=lambda one: -len(_words(one[1]))) for word in _words(value)}
        self.first = {end: min(_words(value), default=-1) for end, value, _ in values}
        self.opened: set[str] = set()

    @property
    def html(self) -> str:
        rows = [list(words) for _, words in groupby(self.page.words, key=lambda word: word.line)]
        return f'<div class="prose" dir="auto">{"".join(self._shown(rows))}</div>'

    def _shown(self, rows: Sequence[Sequence[WordFacts]]) -> Iterator[str]:
        marked = [at for at, row in enumerate(rows) if any(word.number in self.of for word in row)]
        near = {at + step for at in marked for step in range(-NEAR, NEAR + 1)} | set(range(max(0, ROWS - len(marked) * (2 * NEAR + 1))))
        last, skipped = 0.0, 0
        for at, row in enumerate(rows):
            if len(rows) > ROWS and at not in near:
                skipped += 1
                continue
            yield from _cut(skipped)
            yield "\n" * min(2, max(0, round(row[0].box[1] - last)) if at and not skipped else 0) + self._row(row)
            last, skipped = row[0].box[1], 0
        yield from _cut(skipped)

    def _row(self, row: Sequence[WordFacts]) -> str:
        parts, at = [], 0.0
        for end, some in groupby(row, key=lambda word: self.of.get(word.number)):
            words = list(some)
            parts.append(" " * max(0, round(words[0].box[0] - at)))
            parts.append(self._run(end, words) if end else _spaced(words))
            at = words[-1].box[2]
        return "".join(parts)

    def _run(self, end: str, words: Sequence[WordFacts]) -> str:
        """Words of one value that stand side by side; its first ones are what links to it lead to."""
        inside = {word.number for word in words}
        hidden = [other for other, first in self.first.items() if other != end and first in inside and other not in self.of.values()]
        anchors = "".join(f'<span id="b{other}"></span>' for other in hidden)
        id = f' id="b{end}"' if end not in self.opened else ""
        self.opened.add(end)
        return f'{anchors}<a class="on {self.classes[end]}"{id} data-value="{end}" href="#v{end}">{_spaced(words)}</a>'


def _cut(rows: int) -> Iterable[str]:
    return [f'<span class="cut">… {charts.many(rows, "line", "lines")} …</span>'] if rows else []


def _spaced(words: Sequence[WordFacts]) -> str:
    """Words of a row with as many blanks between them as there are."""
    parts = [words[0].text]
    for before, word in zip(words, words[1:], strict=False):
        parts.append(" " * max(0, round(word.box[0] - before.box[2])) + word.text)
    return html.escape(visible("".join(parts)))


def _words(value: Value) -> Sequence[int]:
    return value.origin.words or range(value.origin.start, value.origin.end) if value.origin else ()
