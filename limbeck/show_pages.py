"""What a run that reads documents found, for people: fields, values to look at, and what claims say otherwise.

The counterpart of `show.py` and `show_records.py`, which it reads the store with; `limbeck/views.py` chooses by the pipeline.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from limbeck import store_records
from limbeck.charts import many
from limbeck.claims import ranked
from limbeck.errors import ConfigError
from limbeck.fields.normalising import normal, same
from limbeck.fields.reading import read_fields
from limbeck.schemas import Run
from limbeck.schemas.claims import Mismatch
from limbeck.schemas.extraction import Extracted, Origin, RecordSchema, Status, Value
from limbeck.schemas.fields import Field, FieldSet, Said
from limbeck.show import clipped, closing, rows, short
from limbeck.show_records import STATUSES, named, shares, student_lines
from limbeck.visible import on_one_line, visible

EXAMPLES, WORST = 3, 3
"""Documents, and mismatches of claims, that a run's ending shows."""
READINGS = "(step = 'read' OR regexp_full_match(step, 'read-[0-9]+'))"
"""Steps whose artifacts hold what a model said of a document."""
REVIEW = 0.5


@dataclass(frozen=True)
class Counted:
    """A field, with what is said of it counted by status."""

    type: str
    name: str
    records: int
    """That could say something of it."""
    found: int
    """That do."""
    said: dict[Status, int]
    sure: int


@dataclass(frozen=True)
class Doubt:
    """A value that a person should look at."""

    key: str
    document: str
    record: int
    """The place of its record among the document's; so is `place` among the record's values."""
    place: int
    row: int
    """0 of a document itself, the number of the record of an entry."""
    type: str
    value: Value
    why: str


def review(run: Run) -> float:
    """How sure a value must be."""
    return float(json.loads(run.config).get("read", {}).get("review", REVIEW))


def wanted(run: Run) -> FieldSet | None:
    """The field set of a run; None where its file is not there any more."""
    source = (json.loads(run.config).get("fields") or {}).get("source")
    try:
        return read_fields(source) if source else None
    except ConfigError:
        return None


def fields(store: Path, run: Run) -> list[Counted]:
    """Fields in the schema's order, those of lists last; those that nobody found are among them."""
    counted = ", ".join(f"count(*) FILTER (v.status = '{one}') AS {one}" for one in STATUSES)
    found = rows(
        store,
        f"SELECT r.type, v.name, count(DISTINCT (r.document, r.position)) AS records, "
        "count(DISTINCT (r.document, r.position)) FILTER (v.text IS NOT NULL) AS found, "
        f"count(*) FILTER (v.text IS NOT NULL AND v.status <> 'inferred' AND v.confidence >= {review(run)}) AS sure, {counted}, min(v.place) AS place "
        f"FROM records r JOIN record_values v USING (run, document, position) WHERE r.run = '{run.id}' GROUP BY r.type, v.name",
    )
    order = {(kind.name, one.name): at for at, (kind, one) in enumerate(_attributes(store, run))}
    found.sort(key=lambda row: (order.get((row["type"], row["name"]), len(order)), row["type"], row["place"], row["name"]))
    return [
        Counted(row["type"], row["name"], row["records"], row["found"], {one: row[one] for one in STATUSES}, row["sure"]) for row in found
    ]


def _attributes(store: Path, run: Run) -> list[tuple[Any, Any]]:
    found = rows(store, f"SELECT value FROM record_schemas WHERE run = '{run.id}'")
    schema = RecordSchema.model_validate_json(found[0]["value"]) if found else RecordSchema(types=())
    return [(kind, one) for kind in schema.types for one in kind.attributes]


def doubts(store: Path, run: Run, limit: int | None = None) -> list[Doubt]:
    """Values that stand nowhere on their pages or are less sure than the config wants, the least sure first."""
    found = rows(
        store,
        f"SELECT p.key AS document_key, r.document, r.row, r.type, r.position, v.place, v.name, v.key, v.text, v.status, v.confidence, v.origin "
        "FROM records r JOIN record_values v USING (run, document, position) "
        f"JOIN (SELECT document, min_by(key, position) AS key, min(position) AS position FROM places WHERE run = '{run.id}' GROUP BY document) p "
        f"ON p.document = r.document WHERE r.run = '{run.id}' AND v.text IS NOT NULL "
        f"AND (v.status = 'inferred' OR v.confidence < {review(run)}) "
        f"ORDER BY v.confidence, v.status <> 'inferred', p.position, r.position, v.place{f' LIMIT {limit}' if limit else ''}",
    )
    said, set_ = readings(store, run, {row["document"] for row in found}), wanted(run)
    return [_doubt(row, said.get(row["document"], ()), set_) for row in found]


def _doubt(row: dict[str, Any], said: Iterable[Said], wanted_: FieldSet | None) -> Doubt:
    origin = Origin.model_validate_json(row["origin"]) if row["origin"] else None
    value = Value(origin=origin, **{name: row[name] for name in ("name", "key", "text", "status", "confidence")})
    apart = [] if row["row"] else _apart(said, value, wanted_.field(value.name) if wanted_ else None)
    why = "; ".join(["stands nowhere on its pages"] * (value.status == "inferred") + apart) or "nobody is sure of it"
    return Doubt(row["document_key"], row["document"], row["position"], row["place"], row["row"], row["type"], value, why)


def _apart(said: Iterable[Said], value: Value, field: Field | None) -> list[str]:
    """What the readings say instead, where they don't say the same."""
    others = Counter(_text(one.get(value.name)) for one in said)
    if len(others) < 2:
        return []
    agreed = sum(count for text, count in others.items() if text is not None and is_same(text, value.text or "", field))
    rest = {text: count for text, count in others.items() if text is None or not is_same(text, value.text or "", field)}
    listed = ", ".join(f"{'nothing' if text is None else repr(clipped(text))} ({count})" for text, count in rest.items())
    say = "says" if agreed == 1 else "say"
    return [f"{agreed} of {others.total()} readings {say} so, others say {listed}"] if rest else []


def _text(said: Any) -> str | None:
    """What a reading says of a field; of several values the first."""
    one = said[0] if isinstance(said, list) and said else said
    return one if isinstance(one, str) and one.strip() else None


def is_same(said: str, value: str, field: Field | None) -> bool:
    """Whether what a reading says is a record's value, which is normalised."""
    if field is None or field.kind == "list":
        return on_one_line(said).casefold() == on_one_line(value).casefold()
    return same(normal(said, field) or said, value, field)


def readings(store: Path, run: Run, documents: Iterable[str]) -> dict[str, list[Said]]:
    """What a model said of documents, by document, the first reading first; of all where none are given."""
    listed = ", ".join(["''", *(f"'{one}'" for one in sorted(documents))])
    sql = f"SELECT item, value FROM artifacts WHERE run = '{run.id}' AND {READINGS} AND status <> 'failed' AND item IN ({listed}) ORDER BY length(step), step"
    found = defaultdict(list)
    for row in rows(store, sql):
        found[row["item"]].append(json.loads(row["value"]))
    return found


def mismatches(store: Path, run: Run) -> list[Mismatch]:
    """What doesn't go together of claims and documents, ranked."""
    found = rows(store, f"SELECT value FROM artifacts WHERE run = '{run.id}' AND step = 'claims' AND status <> 'failed' ORDER BY item")
    return ranked([Mismatch.model_validate_json(row["value"]) for row in found])


def has_claims(run: Run) -> bool:
    """Whether a run's config names claims."""
    return bool(json.loads(run.config).get("claims"))


def at_stake(found: Iterable[Mismatch]) -> float:
    """The money of all that is sure; of a claim with which several things are wrong, the most."""
    counted: set[int] = set()
    money = 0.0
    for one in sorted((one for one in found if one.sure), key=lambda one: -one.stake):
        claims = {claim.row for claim in one.claims}
        if not claims & counted:
            money += one.stake
            counted |= claims
    return round(money, 2)


@dataclass(frozen=True)
class Reader:
    """One of a model's readings, and how often it says what the record does."""

    name: str
    values: int
    agreed: float


def readers(store: Path, run: Run) -> list[Reader]:
    """The readings of a run, in their order; values of lists are not counted."""
    kept, set_ = records(store, run), wanted(run)
    counts: dict[str, Counter[bool]] = {}
    sql = f"SELECT step, item, value FROM artifacts WHERE run = '{run.id}' AND {READINGS} AND status <> 'failed' ORDER BY length(step), step, item"
    for row in rows(store, sql):
        own = next((one for one in kept.get(row["item"], ()) if not one.row), None)
        said = {name: text for name, one in json.loads(row["value"]).items() if (text := _text(one)) is not None}
        if own:
            values = {one.name: one.text for one in own.values if one.key in ("", "1")}
            agreed = [values.get(name) is not None and is_same(text, values[name] or "", set_.field(name) if set_ else None) for name, text in said.items()]
            counts.setdefault(row["step"], Counter()).update(agreed)
    return [Reader(name, count.total(), count[True] / count.total() if count else 0.0) for name, count in counts.items()]


def records(store: Path, run: Run, documents: Iterable[str] | None = None) -> dict[str, list[Extracted]]:
    """A run's records by document, the document's own first; of all documents where none are given."""
    listed = None if documents is None else ", ".join(["''", *(f"'{one}'" for one in documents)])
    found, values = (rows(store, sql) for sql in store_records.records_sql(run.id, f"document IN ({listed})" if listed else ""))
    return store_records.built(found, values)


# ---- as a terminal shows it ------------------------------------------------------------------------------------------


def sized(store: Path, run: Run) -> str:
    """How many values a run found, in a word or two."""
    count = sum(sum(one.said.values()) - one.said["missing"] for one in fields(store, run))
    return many(count, "value", "values") if count else "–"


def fields_table(found: list[Counted]) -> Table:
    """Fields with where they were found, and how much of what is said stands on the page."""
    table = Table("field", "of", "records", "found", *(one for one in STATUSES if one != "missing"), "sure", box=None)
    for one in found:
        counts = (f"{one.said[status]:,}" for status in STATUSES if status != "missing")
        share = f"{one.found / one.records:.1%}" if one.records else "–"
        table.add_row(Text(clipped(one.name), "bold"), Text(clipped(one.type)), f"{one.records:,}", share, *counts, f"{one.sure:,}")
    return table


def labels_table(store: Path, run: Run, limit: int | None) -> Table:
    """Every document with what was read of it, the entries of its lists included."""
    return _documents_table(store, run, limit)


def _documents_table(store: Path, run: Run, limit: int | None) -> Table:
    placed = rows(store, f"SELECT key, document FROM places WHERE run = '{run.id}' ORDER BY position{f' LIMIT {limit}' if limit else ''}")
    kept = records(store, run, {row["document"] for row in placed})
    table = Table("key", "record", "values", box=None)
    for row in placed:
        if row["document"] not in kept:
            table.add_row(Text(clipped(row["key"])), "–", "–")
        for one in kept.get(row["document"], ()):
            said = [_said(value, review(run)) for value in one.values if value.text is not None]
            of = f"{one.type} {one.row}" if one.row else one.type
            table.add_row(Text("" if one.row else clipped(row["key"])), Text(clipped(of)), Text("\n").join(said) if said else Text("–"))
    return table


def _said(value: Value, least: float) -> Text:
    """A field and its value; where it is not sure, or not word for word on the page, how it came about."""
    doubtful = value.status == "inferred" or value.confidence < least
    how = f"  {value.status} {value.confidence:.2f}" if doubtful or value.status != "grounded" else ""
    return Text.assemble((f"{named(value)}: ", "dim"), clipped(value.text or ""), (how, "bold" if doubtful else "dim"))


def ending(store: Path, run: Run, report: Path | None) -> RenderableType:
    """What a person wants to know when a run is over: fields, examples, what to look at, claims, students, cost."""
    found = fields(store, run)
    if not found:
        head: list[RenderableType] = ["nothing was read yet" if run.status != "finished" else "nothing was read"]
    else:
        head = [fields_table(found), "", _shares_line(found), "", _documents_table(store, run, EXAMPLES)]
    lines = [*_review_lines(store, run), *student_lines(store, run), "", *closing(store, run, report)]
    return Group(*head, "", *_claims(store, run), *(Text(visible(line)) for line in lines))


def _shares_line(found: list[Counted]) -> Text:
    said: dict[Status, int] = {status: sum(one.said[status] for one in found) for status in STATUSES if status != "missing"}
    return Text(f"{many(sum(said.values()), 'value', 'values')}: {shares(said)}")


def _review_lines(store: Path, run: Run) -> list[str]:
    count = len(doubts(store, run))
    command = f"limbeck show {short(run.id)} --errors --project {store.parent}"
    return [f"To review: {many(count, 'value', 'values')} ({command})"] if count else []


def _claims(store: Path, run: Run) -> list[RenderableType]:
    if not has_claims(run):
        return []
    found = mismatches(store, run)
    if not found:
        return ["Claims: every claim is what its document says" if run.status == "finished" else "Claims: not compared yet", ""]
    line = f"Claims: {many(len(found), 'mismatch', 'mismatches')}, {at_stake(found):,.2f} at stake that is sure"
    return [mismatches_table(found[:WORST]), "", Text(line), ""]


def mismatches_table(found: Iterable[Mismatch]) -> Table:
    """What is wrong between claims and documents, with where the page says so."""
    table = Table("claims", "document", "what", "claimed", "the document says", "at stake", "confidence", box=None)
    for one in found:
        claims = ", ".join(f"{claim.row}" for claim in one.claims) or "–"
        what = one.kind if one.sure else f"{one.kind}, to be checked"
        files = one.keys or tuple(claim.document for claim in one.claims if claim.document)
        shown = [Text(clipped(text)) for text in (claims, ", ".join(files) or "–", what, one.claimed or "–", _evidence(one) or "–")]
        table.add_row(*shown, f"{one.stake:,.2f}" if one.stake else "–", f"{one.confidence:.2f}")
    return table


def _evidence(one: Mismatch) -> str:
    parts = [each.said + (f" (page {each.page + 1})" if each.page is not None else " (not on the page)") for each in one.evidence]
    return ", ".join(parts) or one.said


def annotators_view(store: Path, run: Run) -> RenderableType:
    """A model's readings of the documents, and how often each says what was decided on."""
    found = readers(store, run)
    if not found:
        return "no model has read these documents"
    table = Table("reading", "values", "agrees with the record", box=None)
    for one in found:
        table.add_row(Text(clipped(one.name)), f"{one.values:,}", f"{one.agreed:.1%}")
    return table


def errors_view(store: Path, run: Run, limit: int | None) -> RenderableType:
    """What claims say otherwise, the most money first; then values to look at, the least sure first."""
    parts: list[RenderableType] = []
    if has_claims(run) and (wrong := mismatches(store, run)[:limit]):
        parts += [mismatches_table(wrong), ""]
    found = doubts(store, run, limit)
    return Group(*parts, _doubts_table(found) if found else "every value stands on its page, and is sure")


def _doubts_table(found: Iterable[Doubt]) -> Table:
    table = Table("key", "field", "said", "status", "confidence", "why", box=None)
    for one in found:
        field = f"{one.type} {one.row}: {named(one.value)}" if one.row else named(one.value)
        said = clipped(one.value.text or "")
        shown = [Text(clipped(text)) for text in (one.key, field, said, one.value.status)]
        table.add_row(*shown, f"{one.value.confidence:.2f}", Text(clipped(one.why)))
    return table
