"""The report of a run that reads documents: the same page as `report.py`'s, and as safe, with each page's values boxed on it."""

from collections.abc import Callable, Iterator, Sequence

from limbeck import charts
from limbeck.charts import element, safe, table
from limbeck.facts_pages import DocumentFacts, FieldFacts, PagesFacts, ReviewFacts
from limbeck.page_drawing import SCRIPT, Drawn
from limbeck.page_drawing import STYLE as DRAWING
from limbeck.report import CHOSEN, LONGEST_NAME, LONGEST_TEXT, Tile, costs, documents_tile, failures, page
from limbeck.schemas.claims import Evidence, Mismatch, MismatchKind
from limbeck.table_drawing import HOW, named
from limbeck.table_drawing import STYLE as BESIDE

STYLE = (
    BESIDE
    + DRAWING
    + """
body { max-width: 84rem; }
.key-signs { display: flex; flex-wrap: wrap; gap: .2rem 1.25rem; font-size: .875rem; color: var(--soft); margin: 0 0 .5rem; }
.reviews td:first-child, .mismatches td:first-child { font-weight: 600; }
.check { display: inline-block; border: 1px dashed var(--accent); color: var(--accent); border-radius: 1rem; padding: 0 .5rem; font-size: .75rem; font-weight: 500; line-height: 1.35rem; }
.mismatches small { font-weight: 400; }
.reviews td::before, .mismatches td::before { flex: none; }
@media print { .key-signs { display: none; } }
"""
)
KINDS: dict[MismatchKind, str] = {
    "amount": "Another amount",
    "date": "Another date",
    "merchant": "Another merchant",
    "unread": "The amount was not read",
    "no document": "A claim without a document",
    "no claim": "A document without a claim",
    "claimed twice": "Claimed more than once",
    "same receipt": "One receipt in several documents",
}
"""What each kind of mismatch is called."""


def render(facts: PagesFacts) -> str:
    """Write the report.

    Args:
        facts: What to say; no field needs to be filled but the required ones.

    Returns:
        A complete HTML page.
    """
    sections = [(id, title, make(facts)) for id, title, make in SECTIONS]
    pictures = any(one.picture for document in facts.drawn for one in document.pages)
    return page(facts, _tiles(facts), sections, STYLE, SCRIPT, pictures=pictures)


def _tiles(facts: PagesFacts) -> list[Tile]:
    count = {status: sum(one.said.get(status, 0) for one in facts.fields) for status in HOW}
    said = sum(count.values()) - count["missing"]
    stands = (count["grounded"] + count["normalised"]) / said if said else None
    sure = sum(one.sure for one in facts.fields)
    tiles: list[Tile] = [
        documents_tile(facts),
        ("Values", f"{said:,}", f"of {charts.many(facts.read, 'document', 'documents')}" if facts.read else ""),
        ("On the page", charts.percent(stands), f"{count['inferred']:,} stand nowhere" if count["inferred"] else ""),
        ("Sure", charts.percent(sure / said if said else None), f"{facts.doubted:,} to review" if facts.doubted else ""),
    ]
    if facts.claimed:
        tiles.append(("At stake", charts.money(facts.at_stake) if facts.at_stake else "0", charts.many(facts.mismatched, "mismatch", "mismatches")))
    return tiles


# ---- fields ----------------------------------------------------------------------------------------------------------


def _fields(facts: PagesFacts) -> str:
    if not facts.fields:
        return f'<p class="empty">{"Nothing was read." if facts.status == "finished" else "Nothing was read yet."}</p>'
    lead = f"Where a field was found, and how its values came about; a value is sure from a confidence of {facts.review:g} on."
    heads = ("Field", "Records", "Found", *(f"{HOW[status][0]} {status}" for status in HOW if status != "missing"), "Sure")
    rows = [_field(one, one.type != facts.fields[0].type) for one in facts.fields]
    return f"<p>{lead}</p>{table(heads, rows, 'fields')}{_signs()}"


def _field(one: FieldFacts, inner: bool) -> tuple[str, ...]:
    said = sum(count for status, count in one.said.items() if status != "missing")
    shares = [one.said.get(status, 0) / said if said else None for status in HOW if status != "missing"]
    name = f"<bdi>{safe(one.name, LONGEST_NAME)}</bdi>{element('small', f'of {one.type}' if inner else '', LONGEST_NAME)}"
    found = charts.percent(one.found / one.records if one.records else None)
    return (name, f"{one.records:,}", found, *map(charts.percent, shares), charts.percent(one.sure / said if said else None))


def _signs() -> str:
    shown = "".join(f'<span><span class="sign">{sign}</span>{status}: {meaning}</span>' for status, (sign, meaning) in HOW.items() if status != "missing")
    return f'<p class="key-signs">{shown.replace("in the source", "on the page")}</p>'


# ---- what to look at -------------------------------------------------------------------------------------------------


def _reviews(facts: PagesFacts) -> str:
    if not facts.reviews:
        return '<p class="empty">Every value is on its page, and sure.</p>' if facts.read else ""
    numbers = {one.document: number for number, one in enumerate(facts.drawn)}
    rows = [_review(one, numbers.get(one.document)) for one in facts.reviews]
    shown = f" These are the first {len(rows)} of {facts.doubted:,}." if facts.doubted > len(rows) else ""
    lead = f"Values that are no lesson for students until a person has looked at them, the least sure first.{shown}"
    return f"<p>{lead}</p>{table(('Says', 'Field', 'Document', 'Why', 'Confidence'), rows, 'reviews', left=(0, 1, 2, 3))}"


def _review(one: ReviewFacts, number: int | None) -> tuple[str, ...]:
    said, name, key = (f"<bdi>{safe(text, LONGEST_NAME)}</bdi>" for text in (one.value.text or "–", named(one.value), one.key))
    link = f'<a href="#v{number}-{one.record}-{one.place}">{said}</a>' if number is not None else said
    of = element("small", one.entry, LONGEST_NAME)
    return link, _together(f"{name}{of}"), key, safe(one.why, LONGEST_TEXT), f"{one.value.confidence:.2f}"


# ---- claims ----------------------------------------------------------------------------------------------------------


def _mismatches(facts: PagesFacts) -> str:
    if not facts.claimed:
        return ""
    if not facts.mismatches:
        return '<p class="empty">Every claim is what its document says.</p>'
    shown = f" These are the first {len(facts.mismatches)} of {facts.mismatched:,}." if facts.mismatched > len(facts.mismatches) else ""
    lead = (
        "Where claims and documents don’t go together: the most money first, times how sure the reading is. "
        f"Nothing that was not read surely says that somebody claims too much; look at the page first.{shown}"
    )
    heads = ("What", "Claim", "Claimed", "The document says", "Too much", "At stake", "Confidence")
    rows = [_mismatch(one, facts.drawn) for one in facts.mismatches]
    return f"<p>{lead}</p>{table(heads, rows, 'mismatches', left=(0, 1, 2, 3))}"


def _mismatch(one: Mismatch, drawn: Sequence[DocumentFacts]) -> tuple[str, ...]:
    check = "" if one.sure else ' <span class="check">to be checked</span>'
    over = charts.decimal(one.over)[:-1] if one.over is not None else ""
    evidence = "".join(_evidence(each, drawn) for each in one.evidence)
    said = evidence or (f"<bdi>{safe(one.said, LONGEST_NAME)}</bdi>" if one.said else "–")
    named_ = one.keys or tuple(claim.document for claim in one.claims if claim.document)
    keys = element("small", ", ".join(named_), LONGEST_TEXT)
    claims = ", ".join(f"row {claim.row:,}" for claim in one.claims) or "–"
    claimed = f"<bdi>{safe(one.claimed, LONGEST_NAME)}</bdi>" if one.claimed else "–"
    stake = charts.money(one.stake) if one.stake else "–"
    return f"{KINDS[one.kind]}{check}", _together(f"{claims}{keys}"), claimed, _together(said), over, stake, f"{one.confidence:.2f}"


def _together(inside: str) -> str:
    """What stays in one column where a narrow page makes a line of a cell."""
    return f'<div class="together">{inside}</div>'


def _evidence(one: Evidence, drawn: Sequence[DocumentFacts]) -> str:
    """What a document says, how it is printed and where, with a link to it if that is drawn."""
    said = f"<bdi>{safe(one.said, LONGEST_NAME)}</bdi>"
    aim = next(_aims(one, drawn), "")
    linked = f'<a href="#{aim}">{said}</a>' if aim else said
    printed = f"printed “{one.printed}”, " if one.printed and one.printed != one.said else ""
    where = f"page {one.page + 1}, " if one.page is not None else "not on the page, "
    return f"{linked}{element('small', f'{one.role}: {printed}{where}{one.confidence:.2f}', LONGEST_TEXT)}"


def _aims(one: Evidence, drawn: Sequence[DocumentFacts]) -> Iterator[str]:
    for number, document in enumerate(drawn):
        if document.document == one.document:
            for at, record in enumerate(document.records):
                for place, value in enumerate(record.values):
                    if value.text == one.said and (value.origin.box if value.origin else None) == one.box:
                        yield f"v{number}-{at}-{place}"


# ---- documents -------------------------------------------------------------------------------------------------------


def _documents(facts: PagesFacts) -> str:
    if not facts.drawn:
        return ""
    names = [one.name for one in facts.fields] if not facts.drawn[0].records else _coloured(facts)
    colours = {name: number for number, name in enumerate(dict.fromkeys(names))}
    drawn = "".join(Drawn(one, number, colours, facts.review).html for number, one in enumerate(facts.drawn))
    lead = "Those to look at first come first. A click on a value lights up its box on the page, a click on a box its value; dotted is unsure."
    more = charts.many(facts.left_out, "further document is", "further documents are")
    rest = f"<p>{more} not drawn, to keep this file small: <code>{safe(facts.show_all, LONGEST_TEXT)}</code></p>"
    return f"<p>{lead}</p>{_signs()}{drawn}{rest if facts.left_out else ''}"


def _coloured(facts: PagesFacts) -> list[str]:
    """What has a colour of its own: the document's fields, and lists."""
    return [value.name if not record.row else record.type for one in facts.drawn for record in one.records for value in record.values]


# ---- who read --------------------------------------------------------------------------------------------------------


def _readers(facts: PagesFacts) -> str:
    rows = [(f"<bdi>{safe(one.name, LONGEST_NAME)}</bdi>", f"{one.cells:,}", charts.percent(one.agreed)) for one in facts.readers]
    lead = "A model’s readings and rules voted on each field of the documents; agreement is with what was decided, not with the truth."
    return f"<p>{lead}</p>{table(('Annotator', 'Votes', 'Agrees with the record'), rows, 'readers')}" if rows else ""


def _students(facts: PagesFacts) -> str:
    if not facts.scored:
        return '<p class="empty">No student was trained.</p>'
    names = [name for name in _measured(facts) if "." not in name]
    rows = [
        (
            f"{safe(one.kind)}{CHOSEN if one.chosen else ''}{element('small', one.path, LONGEST_TEXT)}",
            *(charts.decimal(dict(one.scores).get(name)) for name in names),
        )
        for one in facts.scored
    ]
    lead = "Small models that read documents without the large one. Scores are against the records above, not against the truth."
    return f"<p>{lead}</p>{table(('Student', *map(safe, names)), rows, 'students')}{_by_field(facts)}"


def _measured(facts: PagesFacts) -> list[str]:
    return list(dict.fromkeys(name for one in facts.scored for name, _ in one.scores))


def _by_field(facts: PagesFacts) -> str:
    """What was measured of each field, such as `agreement.total`: a row a field, a column a student."""
    rows = [
        (f"<bdi>{safe(name.partition('.')[2], LONGEST_NAME)}</bdi>", *(charts.decimal(dict(one.scores).get(name)) for one in facts.scored))
        for name in _measured(facts)
        if "." in name
    ]
    return f"<h3>Field by field</h3>{table(('Field', *(safe(one.kind) for one in facts.scored)), rows, 'by-field')}" if rows else ""


SECTIONS: tuple[tuple[str, str, Callable[[PagesFacts], str]], ...] = (
    ("fields", "Fields", _fields),
    ("claims", "Claims", _mismatches),
    ("reviews", "To review", _reviews),
    ("documents", "Documents", _documents),
    ("readers", "Annotators", _readers),
    ("students", "Students", _students),
    ("costs", "Costs", costs),
    ("failures", "Failures", failures),
)
