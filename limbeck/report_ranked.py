"""The report of a run that ranks a list's labels; the same page as `report.py`'s, and as safe, with sections of its own."""

from collections.abc import Callable, Sequence

from limbeck import charts, marks
from limbeck.charts import element, safe, table
from limbeck.facts import FinderFacts, MissingFacts, RankedFacts, RankingFacts, SpokenFacts, UsedFacts
from limbeck.report import CHOSEN, LONGEST_NAME, LONGEST_TEXT, Tile, costs, documents_tile, failures, page
from limbeck.retrieval.chunks import Span

LONGEST_MARKED = 900
"""Characters of a document that are shown."""
MARKED = 5
"""Labels of a document whose words are marked; the others follow in a line."""
STYLE = (
    marks.STYLE
    + """
.documents > li { border-top: 1px solid var(--line); padding: 1.1rem 0; }
.documents > li:last-child { border-bottom: 1px solid var(--line); }
.documents .row { grid-template-columns: minmax(0, 1fr) 21rem; gap: .75rem 2rem; }
.documents .text { line-height: 1.7; }
.documents .row small { margin-top: .35rem; }
.ranked { list-style: none; margin: 0; padding: 0; font-size: .9375rem; }
.ranked li { display: grid; grid-template-columns: 1.1rem minmax(0, 1fr) auto; gap: 0 .5rem; padding: .2rem 0; }
.ranked bdi { justify-self: start; }
.tree + p, .missing + p { margin-top: 1rem; }
.ranked .place { color: var(--accent); font-weight: 600; font-size: .8125rem; line-height: 1.45rem; }
.ranked small { grid-column: 2; margin: 0 !important; }
.whose { color: var(--soft); font-size: .8125rem; }
@media (max-width: 46rem) { .documents .row { grid-template-columns: minmax(0, 1fr); } }
"""
)


def render(facts: RankedFacts) -> str:
    """Write the report.

    Args:
        facts: What to say; no field needs to be filled but the required ones.

    Returns:
        A complete HTML page.
    """
    return page(facts, _tiles(facts), [(id, title, make(facts)) for id, title, make in SECTIONS], STYLE)


def _tiles(facts: RankedFacts) -> list[Tile]:
    chosen = next((one for one in facts.finders if one.chosen), None)
    before = f"{charts.percent(chosen.before)} before it was taught" if chosen and chosen.before is not None else "not measured"
    best = next((figure for one in facts.gold if one.name == "rank" for name, figure in one.scores if name == "RP@10"), None)
    return [
        documents_tile(facts),
        ("Labels used", f"{len(facts.used) + facts.others:,}", f"of {facts.listed:,} listed" if facts.listed else ""),
        ("RP@10", charts.percent(best), "against gold" if best is not None else "no gold"),
        ("Student agreement", charts.percent(chosen.agreement if chosen else None), before),
    ]


# ---- labels ----------------------------------------------------------------------------------------------------------


def _used(facts: RankedFacts) -> str:
    if not facts.used:
        return f'<p class="empty">{"No label was found." if facts.status == "finished" else "No labels yet."}</p>'
    most = max(one.count for one in facts.used)

    def row(one: UsedFacts) -> str:
        first = f"<p>The best label of {charts.many(one.first, 'document', 'documents')}.</p>" if one.first else ""
        return (
            f'<li><div class="row"><div><h3 dir="auto">{safe(one.name, LONGEST_NAME)}</h3>{first}</div>'
            f"{charts.size(one.count, most, facts.documents)}</div>{charts.quotes(one.examples)}</li>"
        )

    more = f"<p>{charts.many(facts.others, 'further label is', 'further labels are')} used.</p>" if facts.others else ""
    lead = "The most frequent labels, with the documents that have them among their own."
    return f"<p>{lead}</p>{charts.folded([row(one) for one in facts.used], 'labels')}{more}"


def _documents(facts: RankedFacts) -> str:
    rows = "".join(_document(one) for one in facts.rankings)
    lead = (
        "The first documents. The words that come nearest to a label are marked with its number; scores are similarities "
        "from about 0 to 1, not probabilities."
    )
    return f'<p>{lead}</p><ul class="documents">{rows}</ul>' if rows else ""


def _document(one: RankingFacts) -> str:
    best, rest = one.labels[:MARKED], one.labels[MARKED:]
    text, shown = marks.marked(one.text, [_span(label) for label in best], LONGEST_MARKED)
    lines = "".join(_label(label, place, place in shown, one.text) for place, label in enumerate(best))
    listed = f'<ol class="ranked">{lines}</ol>' if lines else '<p class="empty">No label.</p>'
    others = ", ".join(f"<bdi>{safe(label.name, LONGEST_NAME)}</bdi> {label.score:.2f}" for label in rest)
    then = f"<small>Then {others}</small>" if others else ""
    guessed = ", ".join(f"<bdi>{safe(label, LONGEST_NAME)}</bdi>" for label in one.inferred)
    inferred = f"<small>The model inferred {guessed}</small>" if guessed else ""
    return (
        f'<li><div class="row"><div><span class="whose"><bdi>{safe(one.key, LONGEST_NAME)}</bdi></span>'
        f'<p class="text" dir="auto">{text}</p>{inferred}</div><div>{listed}{then}</div></div></li>'
    )


def _span(label: SpokenFacts) -> Span:
    return (0, 0) if isinstance(label.said, str) else label.said


def _label(label: SpokenFacts, place: int, marked: bool, text: str) -> str:
    """A label with its score; where what speaks for it isn't marked in the text, that too."""
    said = label.said if isinstance(label.said, str) else "" if marked else text[label.said[0] : label.said[1]]
    why = f"<small>for <bdi>“{safe(said, LONGEST_NAME)}”</bdi></small>" if said else ""
    name = f'<bdi>{safe(label.name, LONGEST_NAME)}</bdi><span class="num soft">{label.score:.2f}</span>'
    return f'<li><span class="place">{place + 1}</span>{name}{why}</li>'


def _missing(facts: RankedFacts) -> str:
    rows = [_lacking(one) for one in facts.missing]
    dropped = charts.many(facts.invented, "label that nobody had offered was", "labels that nobody had offered were")
    invented = f"<p>{dropped} named by the model and dropped.</p>" if facts.invented else ""
    if not rows:
        return invented
    lead = "Labels that documents have, says the model, and the list lacks; each with the listed label that comes nearest."
    heads = ("Label", "Documents", "Nearest listed label", "Similarity")
    return f"<p>{lead}</p>{table(heads, rows, 'missing', left=(0, 2))}{invented}"


def _lacking(one: MissingFacts) -> Sequence[str]:
    name, near = (f"<bdi>{safe(text, LONGEST_NAME)}</bdi>" for text in (one.name, one.near))
    return name, f"{one.count:,}", near, f"{one.similarity:.2f}"


# ---- tables ----------------------------------------------------------------------------------------------------------


def _gold(facts: RankedFacts) -> str:
    if not facts.gold:
        return '<p class="empty">Not measured: no gold column was named (<code>documents.gold</code> in the config).</p>'
    heads = ("Ranking", *(safe(name) for name, _ in facts.gold[0].scores), "Documents")
    rows = [
        (f"<bdi>{safe(one.name, LONGEST_NAME)}</bdi>", *(charts.decimal(figure) for _, figure in one.scores), f"{one.documents:,}")
        for one in facts.gold
    ]
    unlisted = facts.gold[0].unlisted
    lost = f" {charts.many(unlisted, 'of them is', 'of them are')} not on the list, and found by nothing." if unlisted else ""
    lead = f"Gold labels are read by the scorer alone; students learnt nothing from them.{lost}"
    return f"<p>{lead}</p>{table(heads, rows, 'gold')}"


def _students(facts: RankedFacts) -> str:
    if not facts.finders:
        return '<p class="empty">No student was trained.</p>'

    def row(one: FinderFacts) -> tuple[str, ...]:
        name = f"{safe(one.kind)}{CHOSEN if one.chosen else ''}{element('small', one.path, LONGEST_TEXT)}"
        return name, charts.percent(one.agreement), charts.percent(one.before), charts.percent(one.share)

    lead = (
        "Small models that find labels without windows and without the large model. Agreement is RP@10 with the labels above "
        "on texts held out, not with the truth."
    )
    heads = ("Student", "Agreement", "Before it was taught", "Share applied")
    return f"<p>{lead}</p>{table(heads, map(row, facts.finders), 'students')}"


SECTIONS: tuple[tuple[str, str, Callable[[RankedFacts], str]], ...] = (
    ("labels", "Labels", _used),
    ("documents", "Documents", _documents),
    ("missing", "Not on the list", _missing),
    ("gold", "Against gold", _gold),
    ("students", "Students", _students),
    ("costs", "Costs", costs),
    ("failures", "Failures", failures),
)
