"""What the report is drawn with: its style sheet, inline SVG, lists, tables, and figures as words.

Drawings need no script, follow the page's colours and fit any width: they hold shapes alone and stretch, and every figure
is also written beside them as text. `plain` and `safe` are how texts of unknown origin enter a page.
"""

import html
from collections.abc import Iterable, Mapping, Sequence

from limbeck.visible import on_one_line

MOST_ROWS = 60
"""Rows of a list that a page shows before the rest folds."""
LONGEST_QUOTE = 180
FEWEST_COLUMNS = 16
"""A chart of fewer columns leaves room at its end, so that two labels are not two walls."""


def plain(text: str, longest: int | None = None) -> str:
    """A text on one line that any file can hold, cut with an ellipsis where it is longer than `longest` characters."""
    line = on_one_line(text)
    if longest is None or len(line) <= longest:
        return line
    # Cut between words, except in scripts and strings that have no spaces near.
    space = line[:longest].rfind(" ", longest * 3 // 5)
    return line[: space if space > 0 else longest - 1].rstrip() + "…"


def safe(text: str, longest: int | None = None) -> str:
    """`plain`, escaped for HTML text and quoted attributes."""
    return html.escape(plain(text, longest), quote=True)


def bar(share: float) -> str:
    """A horizontal bar; `share` of its track in [0, 1] is filled, and any share above 0 is visible."""
    width = max(0.6, min(1.0, share) * 100) if share > 0 else 0.0
    return (
        '<svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        f'<rect class="track" width="100" height="1"/><rect class="fill" width="{width:.2f}" height="1"/></svg>'
    )


def columns(sizes: Sequence[tuple[str, int]], title: str) -> str:
    """A column chart, one column a label, in the order given.

    Args:
        sizes: Labels with their counts.
        title: Read out for the whole chart.
    """
    most = max((count for _, count in sizes), default=0) or 1
    parts = []
    for place, (name, count) in enumerate(sizes):
        height = max(0.8, 100 * count / most) if count else 0.0
        parts.append(
            f'<g><title>{safe(name)}: {count:,}</title><rect class="hit" x="{place}" width="1" height="100"/>'
            f'<rect class="fill" x="{place + 0.12:.2f}" y="{100 - height:.2f}" width="0.76" height="{height:.2f}"/></g>'
        )
    width = max(len(sizes), FEWEST_COLUMNS)
    lines = "".join(
        f'<line class="grid" x1="0" x2="{width}" y1="{y}" y2="{y}" vector-effect="non-scaling-stroke"/>'
        for y in (0, 50, 100)
    )
    return (
        f'<svg class="columns" viewBox="0 0 {width} 100" preserveAspectRatio="none" role="img" '
        f'aria-label="{safe(title)}"><title>{safe(title)}</title>{lines}{"".join(parts)}</svg>'
    )


def interval(value: float, low: float | None, high: float | None, start: float = 0.0) -> str:
    """A figure as a tick on a line from `start` to 1, with its interval as a thick stroke."""

    def at(figure: float) -> str:
        return f"{100 * (min(1.0, max(start, figure)) - start) / (1.0 - start):.2f}"

    stroke = 'vector-effect="non-scaling-stroke"'
    ends = [f'<line class="grid" x1="0" x2="100" y1="5" y2="5" {stroke}/>']
    if start < 0:
        ends.append(f'<line class="grid" x1="{at(0)}" x2="{at(0)}" y1="1" y2="9" {stroke}/>')
    if low is not None and high is not None:
        ends.append(f'<line class="range" x1="{at(low)}" x2="{at(high)}" y1="5" y2="5" {stroke}/>')
    ends.append(f'<line class="tick" x1="{at(value)}" x2="{at(value)}" y1="0" y2="10" {stroke}/>')
    return (
        '<svg class="interval" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        f"{''.join(ends)}</svg>"
    )


def lines(curves: Mapping[str, Sequence[tuple[float, float]]], title: str) -> str:
    """Curves over one another, both axes from 0 to 1 but for the empty end of the first; `line-1`, `line-2` … in the style.

    Args:
        curves: (x, y) points by name, in the order of drawing.
        title: Read out for the whole chart.
    """
    most = max(x for points in curves.values() for x, _ in points)
    stroke = 'vector-effect="non-scaling-stroke"'
    parts = [f'<line class="grid" x1="0" x2="100" y1="{y}" y2="{y}" {stroke}/>' for y in (0, 25, 50, 75, 100)]
    for place, (name, points) in enumerate(curves.items(), 1):
        path = " ".join(f"{100 * x / most:.2f},{100 - 100 * y:.2f}" for x, y in points)
        parts.append(f'<polyline class="line line-{place}" points="{path}" {stroke}><title>{safe(name)}</title></polyline>')
    return (
        f'<svg class="lines" viewBox="0 0 100 100" preserveAspectRatio="none" role="img" '
        f'aria-label="{safe(title)}"><title>{safe(title)}</title>{"".join(parts)}</svg>'
    )


# ---- lists and tables ------------------------------------------------------------------------------------------------


def quotes(texts: Sequence[str]) -> str:
    """Texts that unfold; nothing where there are none."""
    if not texts:
        return ""
    lines = "".join(element("li", text, LONGEST_QUOTE) for text in texts)
    title = f"{len(texts)} example{'s' if len(texts) > 1 else ''}"
    return f'<details><summary>{title}</summary><ul class="quotes">{lines}</ul></details>'


def size(count: int, most: int, labelled: int) -> str:
    """A count beside a bar, and its share of all that is labelled."""
    share = percent(count / labelled if labelled else None)
    figures = f'<span class="num">{count:,}</span><span class="num soft">{share}</span>'
    return f'<div class="size">{bar(count / most)}{figures}</div>'


def folded(rows: Sequence[str], what: str, last: str = "") -> str:
    """A list whose end folds where it is long; the last row is always seen."""
    if len(rows) <= MOST_ROWS + 5:
        return f'<ul class="tree">{"".join(rows)}{last}</ul>'
    shown, rest = "".join(rows[:MOST_ROWS]), "".join(rows[MOST_ROWS:])
    title = f"{len(rows) - MOST_ROWS:,} more {what}"
    more = f'<details class="more"><summary>{title}</summary><ul class="tree">{rest}</ul></details>'
    return f'<ul class="tree">{shown}</ul>{more}' + (f'<ul class="tree">{last}</ul>' if last else "")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], kind: str, left: Sequence[int] = (0,)) -> str:
    """A table of HTML cells; on a narrow page each row becomes a block, so the roles are named."""
    classes = ["left" if place in left else "num" for place in range(len(heads))]
    top = "".join(
        f'<th role="columnheader" scope="col" class="{name}">{head}</th>'
        for head, name in zip(heads, classes, strict=True)
    )
    labels = ["" if "<" in head else head for head in heads]
    body = "".join(
        '<tr role="row">'
        + "".join(
            f'<td role="cell" class="{name}" data-head="{label}">{cell}</td>'
            for cell, label, name in zip(row, labels, classes, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<table role="table" class="{kind}"><thead role="rowgroup"><tr role="row">{top}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table>'
    )


def heat(labels: Sequence[str], shares: Sequence[Sequence[float]]) -> str:
    """A square matrix of shares, the darker the larger; a column's head is the number of its row.

    Args:
        labels: k names.
        shares: [k, k], in [0, 1].
    """
    heads = "".join(f'<th scope="col" title="{safe(name)}">{place}</th>' for place, name in enumerate(labels, 1))
    rows = "".join(
        f'<tr><th scope="row">{place}&ensp;<bdi>{safe(name, LONGEST_QUOTE)}</bdi></th>'
        + "".join(_shaded(share, at == place) for at, share in enumerate(row, 1))
        + "</tr>"
        for place, (name, row) in enumerate(zip(labels, shares, strict=True), 1)
    )
    return f'<div class="heat"><table><thead><tr><th></th>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'


def _shaded(share: float, right: bool) -> str:
    kind = ' class="right"' if right else ""
    return f'<td{kind} style="--share:{share:.2f}">{share * 100:.0f}</td>' if share >= 0.005 else f"<td{kind}>·</td>"


# ---- words and figures -----------------------------------------------------------------------------------------------


def element(tag: str, text: str, longest: int) -> str:
    """A text in an element of its own direction; nothing where it is empty."""
    return f'<{tag} dir="auto">{safe(text, longest)}</{tag}>' if text else ""


def many(count: int, one: str, several: str) -> str:
    """A count with the right one of two words."""
    return f"{count:,} {one if count == 1 else several}"


def percent(share: float | None) -> str:
    """0.8123 as 81.2%; little is not nothing, and nearly all not all."""
    if share is not None and 0 < share < 0.0005:
        return "&lt;0.1%"
    if share is not None and 0.9995 <= share < 1:
        return "&gt;99.9%"
    return f"{share:.1%}" if share is not None else "–"


def decimal(figure: float | None) -> str:
    """A score with three decimals."""
    return f"{figure:.3f}".replace("-", "−") if figure is not None else "–"


def money(price: float) -> str:
    """A price; small ones with four decimals."""
    return f"{price:,.2f}" if price >= 1 else f"{price:.4f}"


def compact(count: int) -> str:
    """A count in at most about six characters."""
    if count < 100_000:
        return f"{count:,}"
    # Half a unit below the next size, rounding would show 1,000k.
    for below, size, unit in ((999_500, 1e3, "k"), (999_995_000, 1e6, "M")):
        if count < below:
            return f"{count / size:.0f}{unit}" if unit == "k" else f"{count / size:.2f}{unit}"
    return f"{count / 1e9:,.2f}B"


def clock(seconds: float | None) -> str:
    """A time as people say it."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


STYLE = """
:root {
  color-scheme: light dark;
  --page: #fbfaf8; --ink: #1f1c19; --soft: #6b645c; --line: #e3ded7; --track: #ece8e2;
  --accent: #9c4a1a; --wash: #f6eee7;
  --sans: "Inter", "Segoe UI Variable", "Segoe UI", -apple-system, BlinkMacSystemFont, "Helvetica Neue", "Noto Sans",
    Arial, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #171513; --ink: #ebe6df; --soft: #a59d93; --line: #35302b; --track: #2a2622;
    --accent: #e39b68; --wash: #241e19;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body {
  margin: 0 auto; padding: 3rem 1.5rem 4rem; max-width: 64rem; background: var(--page); color: var(--ink);
  font: 400 1rem/1.5 var(--sans); overflow-wrap: anywhere;
}
h1, h2, h3, p, ul, dl, dd, figure { margin: 0; padding: 0; }
ul { list-style: none; }
h1 { font-size: clamp(1.7rem, 5vw, 2.5rem); line-height: 1.15; letter-spacing: -.02em; font-weight: 650; text-wrap: balance; }
h2 { font-size: 1.3rem; line-height: 1.25; letter-spacing: -.01em; font-weight: 650; margin-bottom: .75rem; }
h3 { font-size: 1rem; font-weight: 600; line-height: 1.4; }
section > p, .tree p, small, .soft, .empty, footer, figcaption { color: var(--soft); }
section > p { max-width: 46rem; margin-bottom: 1rem; text-wrap: pretty; }
small { display: block; font-size: .8125rem; line-height: 1.4; }
code { font: .875em/1.4 ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace; }
a { color: var(--accent); text-underline-offset: .2em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 2px; }
.num, .figure, td.num, time { font-variant-numeric: tabular-nums lining-nums; }
.lead { font-size: 1.125rem; color: var(--soft); max-width: 44rem; margin-top: .75rem; }
.lead, .row p, td small { margin-inline-end: auto; }
header dl { display: flex; flex-wrap: wrap; gap: .75rem 2.25rem; margin-top: 1.5rem; }
dt { font-size: .8125rem; color: var(--soft); }
.status::before {
  content: ""; display: inline-block; width: .55em; height: .55em; border-radius: 50%; margin-right: .45em;
  border: 2px solid var(--accent);
}
.status.finished::before { background: var(--accent); }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 2rem 0 0; padding: .6rem 0; border-block: 1px solid var(--line);
  font-size: .875rem; }
nav a { color: var(--soft); text-decoration: none; padding: .2rem 0; }
nav a:hover { color: var(--accent); }
.tiles { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 1.5rem; margin: 2rem 0; }
.figure { display: block; font-size: 1.75rem; line-height: 1.25; font-weight: 600; letter-spacing: -.02em; white-space: nowrap; }
.notes { background: var(--wash); border-inline-start: 3px solid var(--accent); padding: 1rem 1.25rem; }
.notes h2 { font-size: .875rem; letter-spacing: 0; margin-bottom: .25rem; }
.notes li + li { margin-top: .4rem; }
section { margin-top: 3.5rem; scroll-margin-top: 1rem; }
.tree > li { border-top: 1px solid var(--line); padding: .8rem 0; }
.tree > li:last-child { border-bottom: 1px solid var(--line); }
.more .tree > li:first-child { border-top: 0; }
.row { display: grid; grid-template-columns: minmax(0, 1fr) 19rem; gap: .25rem 2rem; align-items: start; }
.row p { font-size: .9375rem; line-height: 1.45; max-width: 40rem; }
.size { display: grid; grid-template-columns: minmax(0, 1fr) 3.5rem 3.75rem; gap: .5rem; align-items: center; line-height: 1.4; }
.size .num { text-align: end; }
.pair .size { grid-template-columns: minmax(0, 1fr) 3.5rem; }
.parts { margin: .75rem 0 0; padding-inline-start: 1.25rem; border-inline-start: 1px solid var(--line); }
.parts li { padding: .45rem 0; }
.parts h3 { font-weight: 500; }
.pair h3 .soft { font-weight: 400; }
.other .fill { fill: var(--soft); }
details { font-size: .9375rem; margin-top: .3rem; }
summary { cursor: pointer; color: var(--soft); font-size: .8125rem; width: fit-content; padding: .15rem 0; }
summary:hover { color: var(--accent); }
.more > summary { font-size: .9375rem; padding: .8rem 0; color: var(--accent); }
.quotes { margin-top: .35rem; font-size: .9375rem; line-height: 1.45; max-width: 44rem; }
.quotes li { padding-inline-start: .85rem; border-inline-start: 2px solid var(--track); margin: .35rem 0; }
svg { display: block; width: 100%; }
.bar { height: .5rem; border-radius: 2px; }
.bar .track { fill: var(--track); }
.fill { fill: var(--accent); }
.columns { height: 9rem; overflow: visible; }
.columns .hit { fill: transparent; }
.columns g:hover .fill { fill: var(--ink); }
.lines { height: 16rem; overflow: visible; }
.line { fill: none; stroke-width: 2.5; stroke: var(--soft); stroke-linejoin: round; }
.line-2 { stroke: var(--soft); stroke-dasharray: 2 4; }
.line-3 { stroke: var(--accent); }
.key { display: inline-block; width: 1.5rem; height: 0; border-top: 2.5px solid var(--soft); vertical-align: middle; margin-inline: 1rem .4rem; }
.key:first-child { margin-inline-start: 0; }
.key-2 { border-top-style: dotted; }
.key-3 { border-color: var(--accent); }
.plot { display: grid; grid-template-columns: 2.5rem minmax(0, 1fr); gap: .5rem; font-size: .8125rem; color: var(--soft); }
.plot .ys { display: flex; flex-direction: column; justify-content: space-between; text-align: end; margin-block: -.6rem; }
.plot .xs { grid-column: 2; display: flex; justify-content: space-between; }
.grid { stroke: var(--line); stroke-width: 1; }
figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .25rem 2rem; margin-top: .5rem; font-size: .875rem; }
.plot + figcaption { margin-bottom: 1.5rem; }
.interval { height: .9rem; min-width: 6rem; margin-top: .25rem; overflow: visible; }
.interval .grid { stroke: var(--soft); opacity: .45; }
.interval .range { stroke: var(--accent); stroke-width: 4; opacity: .4; }
.interval .tick { stroke: var(--accent); stroke-width: 3; }
.scale { display: flex; justify-content: space-between; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
th { font-size: .8125rem; font-weight: 500; color: var(--soft); vertical-align: bottom; }
th, td { padding: .55rem 0 .55rem 1.25rem; border-bottom: 1px solid var(--line); text-align: start; }
td { vertical-align: top; }
th:first-child, td:first-child { padding-inline-start: 0; }
th.num, td.num { text-align: end; white-space: nowrap; }
.measures td:nth-child(3) { width: 28%; }
.measures td:first-child small, .students td:first-child small { max-width: 26rem; }
.examples td:nth-child(2) { width: 26%; }
.examples .text { display: block; }
.total tbody tr:last-child td { font-weight: 600; border-bottom: 0; }
section > h3 { margin-top: 1.75rem; }
.heat { overflow-x: auto; margin: .5rem 0; }
.heat table { width: auto; font-size: .8125rem; }
.heat th, .heat td { padding: .25rem .4rem; border: 0; text-align: center; min-width: 2.1rem; font-variant-numeric: tabular-nums; }
.heat th[scope="row"] { text-align: start; padding-inline-start: 0; max-width: 18rem; color: var(--ink); }
.heat td { background: color-mix(in srgb, var(--accent) calc(var(--share, 0) * 55%), transparent); }
.heat td.right { background: color-mix(in srgb, var(--soft) calc(var(--share, 0) * 30%), transparent); }
.chosen { color: var(--accent); font-size: .8125rem; font-weight: 600; margin-inline-start: .35rem; }
footer { margin-top: 4rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .8125rem; }
@media (max-width: 46rem) {
  body { padding: 2rem 1rem 3rem; }
  header dl { gap: .6rem 1.75rem; }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1.1rem 1rem; }
  .figure { font-size: 1.5rem; }
  .row { grid-template-columns: minmax(0, 1fr); }
  section { margin-top: 2.75rem; }
  table, tbody, tr, td { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { padding: .7rem 0; border-bottom: 1px solid var(--line); }
  td, td:first-child { border: 0; padding: .1rem 0; }
  tbody tr td:empty { display: none !important; }
  td:first-child { font-weight: 600; }
  .examples td:first-child, td:first-child small { font-weight: 400; }
  td.num, td[data-head]:not([data-head=""]):not(:first-child) {
    display: flex; justify-content: space-between; align-items: baseline; gap: 1rem; text-align: end;
  }
  td:not(:first-child)::before { content: attr(data-head); color: var(--soft); font-size: .8125rem; font-weight: 400; text-align: start; }
  .measures td:nth-child(3), .examples td:nth-child(2) { width: 100%; }
  .interval { margin: .3rem 0; }
  .heat table { display: table; }
  .heat thead { display: table-header-group; position: static; clip-path: none; }
  .heat tbody { display: table-row-group; }
  .heat tr { display: table-row; }
  .heat tbody tr td, .heat td:first-child { display: table-cell; padding: .25rem .4rem; }
}
@media print {
  body { max-width: none; padding: 0; }
  nav { display: none; }
  .tree > li, tr { break-inside: avoid; }
}
"""
