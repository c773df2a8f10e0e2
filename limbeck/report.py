"""The report: what came of a run, as one HTML file that a person opens in a browser or sends to a colleague.

It needs no network and nothing beside it, and its own policy forbids both, and any script but the one that a pipeline's
page brings. It knows no store: whoever calls
`render` fills `Facts`. Texts and label names come from anywhere, so each passes through `charts.safe`. `page` and what it
draws for a `Frame` serve `report_ranked.py`, too.
"""

import base64
import hashlib
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from limbeck import charts
from limbeck.charts import LONGEST_QUOTE, STYLE, element, safe, table
from limbeck.facts import AnnotatorFacts, CategoryFacts, Facts, Frame, Measure, PairFacts, StageFacts

LONGEST_TEXT = 280
LONGEST_NAME = 120
CHOSEN = ' <span class="chosen">chosen</span>'

Tile = tuple[str, str, str]
"""What a figure is, the figure, and a word under it; all HTML."""
Section = tuple[str, str, str]
"""Anchor, title and content; one without content is left out."""


def render(facts: Facts) -> str:
    """Write the report.

    Args:
        facts: What to say; no field needs to be filled but the required ones.

    Returns:
        A complete HTML page.
    """
    return page(facts, _tiles(facts), [(id, title, make(facts)) for id, title, make in SECTIONS])


def page(
    facts: Frame, tiles: Sequence[Tile], sections: Sequence[Section], style: str = "", script: str = "", pictures: bool = False
) -> str:
    """A report of any pipeline.

    Args:
        facts: Of the run.
        tiles: The pipeline's own figures; what the run spent comes after them.
        sections: In order.
        style: What the page needs beyond `charts.STYLE`.
        script: What makes it easier to use; it must do without. The browser runs this text and no other.
        pictures: Whether the sections hold pictures, all within the page.
    """
    sections = [section for section in sections if section[2]]
    links = "".join(f'<a href="#{id}">{title}</a>' for id, title, _ in sections)
    bodies = "".join(
        f'<section id="{id}" aria-labelledby="{id}-title"><h2 id="{id}-title">{title}</h2>{body}</section>'
        for id, title, body in sections
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(script, pictures)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{safe(facts.title, LONGEST_NAME)} – limbeck</title><style>{STYLE}{style}</style></head><body>"
        f'{_header(facts)}<nav aria-label="Sections">{links}</nav>'
        f"<main>{_figures([*tiles, *_spent(facts)])}{_notes(facts)}{bodies}</main>"
        f"<footer>Run <code>{safe(facts.run)}</code>, made by limbeck. "
        "Every figure here can be asked of the project’s store with <code>limbeck sql</code>.</footer>"
        f"{f'<script>{script}</script>' if script else ''}</body></html>\n"
    )


def _policy(script: str, pictures: bool) -> str:
    """What a browser may load and run of a page: its styles, its own pictures, and the one script."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    shown, run = "; img-src data:" if pictures else "", f"; script-src 'sha256-{digest}'" if script else ""
    return f"default-src 'none'; style-src 'unsafe-inline'{shown}{run}"


# ---- the top ---------------------------------------------------------------------------------------------------------


def _header(facts: Frame) -> str:
    when = datetime.fromtimestamp(facts.started, UTC)
    meta = {
        "Status": f'<span class="status {facts.status}">{facts.status}</span>',
        "Pipeline": safe(facts.pipeline),
        "Model": f"<bdi>{safe(facts.model, LONGEST_NAME)}</bdi>",
        "Started": f'<time datetime="{when.isoformat()}">{when.day} {when:%b %Y, %H:%M} UTC</time>',
        "Run": f"<code>{safe(facts.run)}</code>",
    }
    pairs = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in meta.items())
    use_case = f'<p class="lead" dir="auto">{safe(facts.use_case, LONGEST_TEXT)}</p>' if facts.use_case else ""
    return f'<header><h1 dir="auto">{safe(facts.title, LONGEST_NAME)}</h1>{use_case}<dl>{pairs}</dl></header>'


def _tiles(facts: Facts) -> list[Tile]:
    chosen = next((student for student in facts.students if student.chosen), None)
    agreement = chosen.agreement if chosen else None
    return [
        documents_tile(facts),
        ("Categories", f"{len(_leaves(facts)):,}", "on two levels" if _parents(facts) else ""),
        ("Coverage", charts.percent(facts.coverage), f"{facts.other:,} in no category" if facts.other else ""),
        (
            "Student agreement",
            charts.percent(agreement),
            f"on {chosen.unseen:,} unseen texts" if chosen and agreement is not None else "not measured",
        ),
    ]


def documents_tile(facts: Frame) -> Tile:
    """How many documents there are, and how many items failed."""
    return ("Documents", f"{facts.documents:,}", f"{facts.failed:,} failed" if facts.failed else "")


def _spent(facts: Frame) -> list[Tile]:
    tokens = facts.total.prompt_tokens + facts.total.completion_tokens
    tiles = [
        ("Model calls", charts.compact(facts.total.calls), f"{facts.repaired:,} answers repaired" if facts.repaired else ""),
        ("Tokens", charts.compact(tokens), f"{charts.compact(facts.total.completion_tokens)} written" if tokens else ""),
        ("Time", charts.clock(facts.seconds), "by the clock"),
    ]
    if facts.total.price:
        tiles.append(("Money", charts.money(facts.total.price), "at the config’s prices"))
    return tiles


def _figures(tiles: Sequence[Tile]) -> str:
    shown = "".join(
        f'<div><dt>{name}</dt><dd><span class="figure">{value}</span>{element("small", under, LONGEST_TEXT)}</dd></div>'
        for name, value, under in tiles
    )
    return f'<dl class="tiles">{shown}</dl>'


def _notes(facts: Frame) -> str:
    notes = list(facts.notes)
    if facts.status != "finished":
        unfinished = "was stopped" if facts.status == "stopped" else "has not ended"
        notes.insert(0, f"The run {unfinished}: this is what there is so far. The same command goes on where it was.")
    if not notes:
        return ""
    lines = "".join(f'<li dir="auto">{safe(note, 2 * LONGEST_TEXT)}</li>' for note in notes)
    return f'<aside class="notes" aria-label="Notes"><h2>Worth knowing</h2><ul>{lines}</ul></aside>'


# ---- the taxonomy ----------------------------------------------------------------------------------------------------


def _parents(facts: Facts) -> set[str]:
    names = {category.name for category in facts.categories}
    return {category.parent for category in facts.categories if category.parent and category.parent in names}


def _leaves(facts: Facts) -> list[CategoryFacts]:
    parents = _parents(facts)
    return [category for category in facts.categories if category.name not in parents]


def _taxonomy(facts: Facts) -> str:
    parents, parts = _parents(facts), dict[str, list[CategoryFacts]]()
    for category in facts.categories:
        if category.parent in parents:
            parts.setdefault(category.parent or "", []).append(category)
    tops = [category for category in facts.categories if category.parent not in parents]
    if not tops:
        return '<p class="empty">No taxonomy yet.</p>'
    sizes = {top.name: top.count + sum(part.count for part in parts.get(top.name, ())) for top in tops}
    labelled, most = sum(sizes.values()) + facts.other, max(1, facts.other, *sizes.values())

    def row(category: CategoryFacts, count: int) -> str:
        return (
            f'<div class="row"><div><h3 dir="auto">{safe(category.name, LONGEST_NAME)}</h3>'
            f'{element("p", category.description, LONGEST_TEXT)}</div>{charts.size(count, most, labelled)}</div>'
            f"{charts.quotes(category.examples)}"
        )

    def group(top: CategoryFacts) -> str:
        inner = "".join(f"<li>{row(part, part.count)}</li>" for part in parts.get(top.name, ()))
        listed = f'<ul class="parts">{inner}</ul>' if inner else ""
        return f'<li{" class=group" if inner else ""}>{row(top, sizes[top.name])}{listed}</li>'

    other = (
        '<li class="other"><div class="row"><div><h3>Other</h3><p>No category fits.</p></div>'
        f"{charts.size(facts.other, most, labelled)}</div></li>"
    )
    return charts.folded([group(top) for top in tops], "categories", other if facts.other else "")


def _sizes(facts: Facts) -> str:
    sizes = sorted(((leaf.name, leaf.count) for leaf in _leaves(facts)), key=lambda one: (-one[1], one[0]))
    if len(sizes) < 2 or not sizes[0][1]:
        return ""
    (most, top), (least, bottom) = sizes[0], sizes[-1]
    ends = f"<span>Largest: <bdi>{safe(most, LONGEST_NAME)}</bdi>, {top:,}</span>"
    ends += f"<span>Smallest: <bdi>{safe(least, LONGEST_NAME)}</bdi>, {bottom:,}</span>"
    half = sum(count for _, count in sizes) / 2
    needed, held = 0, 0
    while held < half:
        held += sizes[needed][1]
        needed += 1
    title = f"Documents in each of {len(sizes)} categories, the largest first, from {top:,} down to {bottom:,}"
    lead = f"{charts.many(needed, 'category holds', 'categories hold')} half of the labelled documents."
    return f'<p>{lead}</p><figure>{charts.columns(sizes, title)}<figcaption>{ends}</figcaption></figure>'


def _pairs(facts: Facts) -> str:
    if not facts.pairs:
        return ""
    most = max(pair.weight for pair in facts.pairs) or 1.0

    def row(pair: PairFacts) -> str:
        first, second = (f"<bdi>{safe(name, LONGEST_NAME)}</bdi>" for name in (pair.first, pair.second))
        names = f'{first} <span class="soft">and</span> {second}'
        texts = "".join(element("li", text, LONGEST_QUOTE) for text in pair.examples)
        return (
            f'<li class="pair"><div class="row"><h3>{names}</h3><div class="size">{charts.bar(pair.weight / most)}'
            f'<span class="num">{pair.weight:.1f}</span></div></div>{f"<ul class=quotes>{texts}</ul>" if texts else ""}</li>'
        )

    lead = "Pairs that the votes waver between, by documents’ worth of doubt. Sharper descriptions help most here."
    return f'<p>{lead}</p><ul class="tree">{"".join(map(row, facts.pairs))}</ul>'


# ---- tables ----------------------------------------------------------------------------------------------------------


def _quality(facts: Facts) -> str:
    if not facts.measures:
        return '<p class="empty">Not measured yet.</p>'
    return f"<p>The measures of TnT-LLM (Wan et al. 2024) with 95% intervals.</p>{_measures(facts.measures)}"


def _gold(facts: Facts) -> str:
    if not facts.gold:
        return '<p class="empty">Not measured: no gold column was named (<code>documents.gold</code> in the config).</p>'
    lead = "Gold labels are read by the scorer alone; nothing was fitted to them."
    return f"<p>{lead}</p>{_measures(facts.gold)}"


def _measures(measures: Sequence[Measure]) -> str:
    lowest = min((figure for one in measures for figure in (one.value, one.low) if figure is not None), default=0.0)
    start = min(0.0, math.floor(lowest * 4) / 4)
    bounded = any(one.low is not None for one in measures)

    def row(one: Measure) -> tuple[str, ...]:
        name = f"<bdi>{safe(one.name, LONGEST_NAME)}</bdi>{element('small', one.note, LONGEST_TEXT)}"
        size = f"{one.n:,}" if one.n is not None else ""
        if one.value is None:
            return (name, '<span class="soft">not measured</span>', "", *([""] if bounded else []), size)
        known = one.low is not None and one.high is not None
        between = [f"{charts.decimal(one.low)} to {charts.decimal(one.high)}" if known else ""] if bounded else []
        return (name, charts.decimal(one.value), charts.interval(one.value, one.low, one.high, start), *between, size)

    scale = f'<span class="scale"><span>{start:g}</span><span>1</span></span>'.replace("-", "−")
    heads = ("Measure", "Value", scale, *(["95% interval"] if bounded else []), "n")
    return table(heads, map(row, measures), "measures", left=(0, 2))


def _annotators(facts: Facts) -> str:
    if not facts.annotators:
        return ""
    rows = [
        (
            _annotator(one),
            f"{one.voted:,}",
            charts.percent(one.coverage),
            charts.decimal(one.weight),
            charts.percent(one.accuracy),
            charts.decimal(one.kappa),
        )
        for one in facts.annotators
    ]
    method = f"Labels were made of votes by {safe(facts.method, 2 * LONGEST_TEXT)}. " if facts.method else ""
    lead = f"{method}Accuracies are estimated by what all votes came to, not by gold."
    heads = ("Annotator", "Documents", "Coverage", "Weight", "Estimated accuracy", "κ with labels")
    matrices = "".join(_matrix(one) for one in facts.annotators)
    return f"<p>{lead}</p>{table(heads, rows, 'annotators')}{_confusions(facts)}{matrices}"


def _annotator(one: AnnotatorFacts) -> str:
    return f"<bdi>{safe(one.name, LONGEST_NAME)}</bdi>"


def _confusions(facts: Facts) -> str:
    """The annotators' most frequent errors."""
    rows = [
        (_annotator(one), f"<bdi>{safe(label, LONGEST_NAME)}</bdi>", f"<bdi>{safe(voted, LONGEST_NAME)}</bdi>", charts.percent(share))
        for one in facts.annotators
        for label, voted, share in one.confusion.errors
    ]
    heads = ("Annotator", "Where the label is", "it votes for", "Share of its votes there")
    return f"<h3>What they mix up most</h3>{table(heads, rows, 'confusions', left=(0, 1, 2))}" if rows else ""


def _matrix(one: AnnotatorFacts) -> str:
    """An annotator's confusion matrix, folded; nothing where it has none."""
    if not one.confusion.matrix:
        return ""
    drawn = charts.heat(one.confusion.labels, one.confusion.matrix)
    said = "A row is a label, a column what was voted for; shares in percent."
    return f'<details class="more"><summary>Confusion matrix: {_annotator(one)}</summary><small>{said}</small>{drawn}</details>'


def _noise(facts: Facts) -> str:
    if facts.noise is None:
        return ""
    found = charts.many(facts.noise.found, "label stands out", "labels stand out")
    how = f" All of them: <code>{safe(facts.show_errors)}</code>" if facts.show_errors and facts.noise.errors else ""
    lead = f"{charts.percent(facts.noise.rate)} of the labels are estimated to be wrong; {found}, and a review asks about them first.{how}"
    rows = [
        (
            f'<span class="text" dir="auto">{safe(one.text, LONGEST_TEXT)}</span>',
            f"<bdi>{safe(one.label, LONGEST_NAME)}</bdi>",
            f"<bdi>{safe(one.better, LONGEST_NAME)}</bdi>",
        )
        for one in facts.noise.errors
    ]
    return f"<p>{lead}</p>{table(('Text', 'Label', 'Probably'), rows, 'errors', left=(0, 1, 2)) if rows else ''}"


def _students(facts: Facts) -> str:
    if not facts.students:
        return '<p class="empty">No student was trained.</p>'
    rows = [
        (
            f"{safe(one.kind)}{CHOSEN if one.chosen else ''}{element('small', one.path, LONGEST_TEXT)}",
            charts.percent(one.agreement),
            f"{one.unseen:,}" if one.unseen else "–",
            charts.decimal(one.macro_f1),
            charts.decimal(one.ece),
            charts.clock(one.seconds),
        )
        for one in facts.students
    ]
    lead = "Small models that label without the large one. Agreement is with the labels above, not with the truth."
    heads = ("Student", "Agreement", "Unseen texts", "Macro-F1", "Calibration error", "Training")
    return f"<p>{lead}</p>{table(heads, rows, 'students')}"


def costs(facts: Frame) -> str:
    """What each step spent, and the whole; nothing before the first."""
    if not facts.stages:
        return ""
    priced = any(stage.price for stage in (*facts.stages, facts.total))

    def row(stage: StageFacts) -> tuple[str, ...]:
        counts = (f"{count:,}" for count in (stage.calls, stage.prompt_tokens, stage.completion_tokens))
        price = (charts.money(stage.price),) if priced else ()
        return (f"<bdi>{safe(stage.name, LONGEST_NAME)}</bdi>", *counts, charts.clock(stage.seconds), *price)

    heads = ("Step", "Calls", "Prompt tokens", "Tokens written", "Model time", *(("Price",) if priced else ()))
    return table(heads, [*map(row, facts.stages), row(facts.total)], "costs total")


def failures(facts: Frame) -> str:
    """How many items failed, and how to see why."""
    if not facts.failed:
        repaired = charts.many(facts.repaired, "answer was", "answers were")
        return f"<p>Nothing failed.{f' {repaired} repaired on a retry.' if facts.repaired else ''}</p>"
    how = f" List with reasons: <code>{safe(facts.show_failed)}</code>" if facts.show_failed else ""
    failed = charts.many(facts.failed, "item failed and is", "items failed and are")
    return f"<p>{failed} left out above.{how}</p>"


def _examples(facts: Facts) -> str:
    rows = [
        (
            f'<span class="text" dir="auto">{safe(one.text, LONGEST_TEXT)}</span>',
            f"<bdi>{safe(one.label, LONGEST_NAME)}</bdi>",
            charts.percent(one.confidence),
        )
        for one in facts.examples
    ]
    return table(("Text", "Label", "Confidence"), rows, "examples", left=(0, 1)) if rows else ""


SECTIONS: tuple[tuple[str, str, Callable[[Facts], str]], ...] = (
    ("taxonomy", "Taxonomy", _taxonomy),
    ("sizes", "Sizes", _sizes),
    ("confusable", "Easily confused", _pairs),
    ("quality", "Quality", _quality),
    ("annotators", "Annotators", _annotators),
    ("errors", "Likely errors", _noise),
    ("gold", "Against gold", _gold),
    ("students", "Students", _students),
    ("examples", "Examples", _examples),
    ("costs", "Costs", costs),
    ("failures", "Failures", failures),
)
