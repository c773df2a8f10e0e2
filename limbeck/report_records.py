"""The report of a run that reads tables: the same page as `report.py`'s, and as safe, with each table beside its records."""

from collections.abc import Callable, Sequence

from limbeck import charts
from limbeck.charts import element, safe, table
from limbeck.facts import DoubtFacts, RecordFacts, TypeFacts
from limbeck.report import CHOSEN, LONGEST_NAME, LONGEST_TEXT, Tile, costs, documents_tile, failures, page
from limbeck.schemas.extraction import Status
from limbeck.table_drawing import HOW, SCRIPT, Drawn, named, place, record_id
from limbeck.table_drawing import STYLE as DRAWING

MOST_FILTERED = 12
"""Record types that can be hidden, the most frequent first."""
STYLE = (
    DRAWING
    + """
body { max-width: 84rem; }
.filters { display: flex; flex-wrap: wrap; gap: .3rem 1.25rem; border: 0; margin: 0 0 .5rem; padding: 0; font-size: .875rem; }
.filters legend { float: inline-start; color: var(--soft); margin-inline-end: 1rem; min-width: 3.5rem; }
.filters label { display: inline-flex; gap: .35rem; align-items: baseline; }
.filters input { accent-color: var(--accent); margin: 0; }
.tree details table { margin-top: .35rem; font-size: .875rem; }
.doubts td:first-child { font-weight: 600; }
@media print { .filters { display: none; } }
"""
)


def render(facts: RecordFacts) -> str:
    """Write the report.

    Args:
        facts: What to say; no field needs to be filled but the required ones.

    Returns:
        A complete HTML page.
    """
    sections = [(id, title, make(facts)) for id, title, make in SECTIONS]
    return page(facts, _tiles(facts), sections, STYLE + _hiding(facts), SCRIPT)


def _tiles(facts: RecordFacts) -> list[Tile]:
    count = {status: sum(one.count(status) for one in facts.types) for status in HOW}
    said = sum(count.values()) - count["missing"]
    stands = (count["grounded"] + count["normalised"]) / said if said else None
    without = f"{facts.unread:,} values without one" if facts.unread else ""
    return [
        ("Tables", *documents_tile(facts)[1:]),
        ("Records", f"{sum(one.records for one in facts.types):,}", without),
        ("In the source", charts.percent(stands), f"of {said:,} attributes said" if said else ""),
        ("Not in the source", f"{count['inferred']:,}", "see Doubtful" if count["inferred"] else ""),
    ]


# ---- types -----------------------------------------------------------------------------------------------------------


def _types(facts: RecordFacts) -> str:
    if not facts.types:
        return f'<p class="empty">{"No record was found." if facts.status == "finished" else "No records yet."}</p>'
    most, all_ = max(one.records for one in facts.types), sum(one.records for one in facts.types)
    return charts.folded([_type(one, most, all_) for one in facts.types], "types")


def _type(one: TypeFacts, most: int, all_: int) -> str:
    where = f"<p>In {charts.many(one.tables, 'table', 'tables')}.</p>"
    return (
        f'<li><div class="row"><div><h3 dir="auto">{safe(one.name, LONGEST_NAME)}</h3>{where}</div>'
        f"{charts.size(one.records, most, all_)}</div>{_attributes(one)}</li>"
    )


def _attributes(one: TypeFacts) -> str:
    if not one.attributes:
        return ""

    def row(name: str, said: dict[Status, int]) -> tuple[str, ...]:
        all_ = sum(said.values())
        return (f"<bdi>{safe(name, LONGEST_NAME)}</bdi>", *(charts.percent(said.get(status, 0) / all_ if all_ else None) for status in HOW))

    heads = ("Attribute", *(f"{sign} {status}" for status, (sign, _) in HOW.items()))
    drawn = table(heads, [row(each.name, each.said) for each in one.attributes], "attributes")
    return f"<details><summary>{charts.many(len(one.attributes), 'attribute', 'attributes')}</summary>{drawn}</details>"


# ---- doubts ----------------------------------------------------------------------------------------------------------


def _doubts(facts: RecordFacts) -> str:
    if not facts.doubts:
        return '<p class="empty">Every value stands in its source.</p>' if facts.types else ""
    numbers = {one.document: number for number, one in enumerate(facts.tables)}
    listed = {(one.document, *place(record)) for one in facts.tables for record in one.records}
    rows = [_doubt(one, numbers.get(one.document) if (one.document, *place(one)) in listed else None) for one in facts.doubts]
    shown = f" These are the first {len(rows)}." if facts.doubted > len(rows) else ""
    lead = f"Values that stand nowhere in the source, the least sure first, and then those that do and of which nobody is sure.{shown}"
    heads = ("Says", "Attribute", "Record", "Table", "Status", "Confidence", "Records", "The first")
    return f"<p>{lead}</p>{table(heads, rows, 'doubts', left=(0, 1, 2, 3, 4))}"


def _doubt(one: DoubtFacts, number: int | None) -> tuple[str, ...]:
    said, name, kind, key, first = (
        f"<bdi>{safe(text, LONGEST_NAME)}</bdi>" for text in (one.value.text or "", named(one.value), one.type, one.key, one.first)
    )
    link = f'<a href="#{record_id(number, one)}">{first}</a>' if number is not None else first
    status = f'<span class="sign">{HOW[one.value.status][0]}</span>{one.value.status}'
    return said, name, kind, key, status, f"{one.value.confidence:.2f}", f"{one.records:,}", link


# ---- tables ----------------------------------------------------------------------------------------------------------


def _tables(facts: RecordFacts) -> str:
    if not facts.tables:
        return ""
    kinds = {one.name: number for number, one in enumerate(facts.types)}
    drawn = "".join(Drawn(one, number, kinds).html for number, one in enumerate(facts.tables))
    lead = "A click on what a record says lights up where it stands; a click on an underlined cell, its record."
    more = charts.many(facts.tables_left_out, "further table is", "further tables are")
    rest = f"<p>{more} not drawn; their records are in the project: <code>limbeck export {safe(facts.run)}</code></p>"
    return f"<p>{lead}</p>{_filters(facts)}{drawn}{rest if facts.tables_left_out else ''}"


def _filters(facts: RecordFacts) -> str:
    """Boxes that hide records by type and values by status; the style sheet does it."""
    types = [(f"t{number}", safe(one.name, LONGEST_NAME)) for number, one in enumerate(facts.types[:MOST_FILTERED])]
    statuses = [(status, f'<span><span class="sign">{sign}</span>{status}: {meaning}</span>') for status, (sign, meaning) in HOW.items()]
    return _boxes("Records", types) + _boxes("Values", statuses)


def _boxes(legend: str, boxes: Sequence[tuple[str, str]]) -> str:
    inside = "".join(f'<label><input type="checkbox" id="show-{id}" checked><bdi>{name}</bdi></label>' for id, name in boxes)
    return f'<fieldset class="filters"><legend>{legend}</legend>{inside}</fieldset>' if boxes else ""


def _hiding(facts: RecordFacts) -> str:
    names = [*(f"t{number}" for number in range(len(facts.types[:MOST_FILTERED]))), *HOW]
    return "".join(f"body:has(#show-{name}:not(:checked)) :is(.record.{name}, .record .{name}) {{ display: none; }}\n" for name in names)


# ---- who read --------------------------------------------------------------------------------------------------------


def _readers(facts: RecordFacts) -> str:
    rows = [(f"<bdi>{safe(one.name, LONGEST_NAME)}</bdi>", f"{one.cells:,}", charts.percent(one.agreed)) for one in facts.readers]
    lead = "Tables were read several times, and the readings voted on each value’s type and then on its attributes."
    return f"<p>{lead}</p>{table(('Reading', 'Values', 'Agrees with the type'), rows, 'readers')}" if rows else ""


def _students(facts: RecordFacts) -> str:
    if not facts.scored:
        return '<p class="empty">No student was trained.</p>'
    names = list(dict.fromkeys(name for one in facts.scored for name, _ in one.scores))
    rows = [
        (
            f"{safe(one.kind)}{CHOSEN if one.chosen else ''}{element('small', one.path, LONGEST_TEXT)}",
            *(charts.decimal(dict(one.scores).get(name)) for name in names),
        )
        for one in facts.scored
    ]
    lead = "Small models that read tables without the large one. Scores are against the records above, not against the truth."
    return f"<p>{lead}</p>{table(('Student', *map(safe, names)), rows, 'students')}"


SECTIONS: tuple[tuple[str, str, Callable[[RecordFacts], str]], ...] = (
    ("records", "Records", _types),
    ("doubts", "Doubtful", _doubts),
    ("tables", "Tables", _tables),
    ("readers", "Readings", _readers),
    ("students", "Students", _students),
    ("costs", "Costs", costs),
    ("failures", "Failures", failures),
)
