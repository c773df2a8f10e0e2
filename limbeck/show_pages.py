"""What a run that reads documents found, for people: fields, values to look at, and what claims say otherwise.

The counterpart of `show.py` and `show_records.py`, which it reads the store with; `limbeck/views.py` chooses by the pipeline.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
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
from limbeck.fields.normalising import canonical
from limbeck.fields.reading import read_fields
from limbeck.labelmodels.open_vocabulary import ABSENT
from limbeck.schemas import Run
from limbeck.schemas.claims import Mismatch
from limbeck.schemas.extraction import Extracted, Origin, RecordSchema, Status, Value
from limbeck.schemas.fields import Field, FieldSet
from limbeck.show import clipped, closing, rows, short
from limbeck.show_records import STATUSES, named, shares, student_lines
from limbeck.visible import on_one_line, visible

EXAMPLES, WORST = 3, 3
"""Documents, and mismatches of claims, that a run's ending shows."""
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
    """Values that stand nowhere on their pages, are less sure than the config wants, can't be right or were left out; the least sure first."""
    found = rows(
        store,
        f"""
        WITH said AS (
            SELECT r.document, r.row, r.type, r.position, v.place, v.name, v.key, v.text, v.status, v.origin, if(v.text IS NULL, 0, v.confidence) AS confidence,
                if(r.row > 0, r.type, v.name) AS field,
                CAST(a.value->'$.problems' AS MAP(VARCHAR, VARCHAR))[field] AS broken, CAST(a.value->'$.doubts' AS MAP(VARCHAR, VARCHAR))[field] AS doubt
            FROM records r JOIN record_values v USING (run, document, position)
            LEFT JOIN artifacts a ON a.run = r.run AND a.step = 'decide' AND a.item = r.document
            WHERE r.run = '{run.id}'
        ),
        -- Of what was left out the doubt is all that there is to say; what is there says for itself how sure it is.
        doubted AS (
            SELECT * EXCLUDE (field, broken, doubt), if(text IS NULL, doubt, broken) AS problem FROM said
            WHERE text IS NOT NULL OR (row = 0 AND doubt IS NOT NULL AND broken IS NULL)
        )
        SELECT d.*, p.key AS document_key FROM doubted d
        JOIN (SELECT document, min_by(key, position) AS key, min(position) AS position FROM places WHERE run = '{run.id}' GROUP BY document) p
        ON p.document = d.document WHERE d.status = 'inferred' OR d.confidence < {review(run)} OR d.problem IS NOT NULL
        ORDER BY d.confidence, d.status <> 'inferred', p.position, d.position, d.place{f" LIMIT {limit}" if limit else ""}
        """,
    )
    said: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for vote in votes(store, run, {row["document"] for row in found}):
        said[vote["item"], vote["field"].name][vote["label"]] += 1
    fields_ = wanted(run)
    return [_doubt(row, said, fields_) for row in found]


def _doubt(row: dict[str, Any], said: Mapping[tuple[str, str], Counter[str]], fields_: FieldSet | None) -> Doubt:
    origin = Origin.model_validate_json(row["origin"]) if row["origin"] else None
    value = Value(origin=origin, **{name: row[name] for name in ("name", "key", "text", "status", "confidence")})
    field = fields_.field(value.name) if fields_ and not row["row"] else None
    apart = _apart(said.get((row["document"], value.name), Counter()), value, field) if field else []
    why = ["stands nowhere on its pages"] * (value.status == "inferred") + [row["problem"]] * bool(row["problem"]) + apart
    return Doubt(row["document_key"], row["document"], row["position"], row["place"], row["row"], row["type"], value, "; ".join(why) or "nobody is sure of it")


def _apart(said: Counter[str], value: Value, field: Field) -> list[str]:
    """What others say, where annotators don't say the same."""
    ours = canonical(value.text or "", field)
    rest = ", ".join(f"{'nothing' if label == ABSENT else clipped(label)} ({count})" for label, count in said.most_common() if label != ours)
    agreed = f"{said[ours]} of {said.total()} {'says' if said[ours] == 1 else 'say'} so"
    return [f"{agreed}, others say {rest}"] if rest else []


def votes(store: Path, run: Run, documents: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """Votes on the fields of documents that have one value and no entries: `item`, `field`, `annotator`, `label`.

    Of all the run's documents where none are given; none where its field set is not there any more.
    """
    fields_ = wanted(run)
    single = [one for one in fields_.fields if one.kind != "list" and not one.several] if fields_ else []
    spaces = {f"{_space(store, run, fields_)}/{one.name}": one for one in single} if fields_ else {}
    ours = f"SELECT document FROM places WHERE run = '{run.id}'" if documents is None else _listed(documents)
    found = rows(store, f"SELECT item, space, annotator, label FROM votes WHERE space IN ({_listed(spaces)}) AND item IN ({ours}) ORDER BY annotator")
    return [{**row, "field": spaces[row["space"]]} for row in found]


def _space(store: Path, run: Run, fields_: FieldSet) -> str:
    """What the spaces of a run's votes begin with: its field set's id, or, where that was edited since, the one most voted in."""
    sql = f"SELECT split_part(space, '/', 1) AS id FROM votes WHERE item IN (SELECT document FROM places WHERE run = '{run.id}') GROUP BY id ORDER BY count(*) DESC, id"
    found = [row["id"] for row in rows(store, sql)]
    return fields_.id if fields_.id in found or not found else str(found[0])


def _listed(items: Iterable[str]) -> str:
    return ", ".join(["''", *map(store_records.text, sorted(items))])


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
    """Who voted, and how often for what was decided."""

    name: str
    values: int
    agreed: float


def readers(store: Path, run: Run) -> list[Reader]:
    """A model's readings and rules, by how often they say what the record does, that a field is absent included."""
    kept: dict[tuple[str, str], str | None] = {
        (document, value.name): value.text for document, some in records(store, run).items() for one in some if not one.row for value in one.values
    }
    counts: dict[str, Counter[bool]] = defaultdict(Counter)
    for vote in votes(store, run):
        if (place := (vote["item"], vote["field"].name)) in kept:
            text = kept[place]
            counts[vote["annotator"]][vote["label"] == (ABSENT if text is None else canonical(text, vote["field"]))] += 1
    found = [Reader(name, count.total(), count[True] / count.total()) for name, count in counts.items()]
    return sorted(found, key=lambda one: (-one.agreed, one.name))


def records(store: Path, run: Run, documents: Iterable[str] | None = None) -> dict[str, list[Extracted]]:
    """A run's records by document, the document's own first; of all documents where none are given."""
    of = f"document IN ({_listed(documents)})" if documents is not None else ""
    found, values = (rows(store, sql) for sql in store_records.records_sql(run.id, of))
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
    lines = [*_review_lines(store, run), *_student_lines(store, run), "", *closing(store, run, report)]
    return Group(*head, "", *_claims(store, run), *(Text(visible(line)) for line in lines))


def _shares_line(found: list[Counted]) -> Text:
    said: dict[Status, int] = {status: sum(one.said[status] for one in found) for status in STATUSES if status != "missing"}
    return Text(f"{many(sum(said.values()), 'value', 'values')}: {shares(said)}")


def _review_lines(store: Path, run: Run) -> list[str]:
    count = len(doubts(store, run))
    command = f"limbeck show {short(run.id)} --errors --project {store.parent}"
    return [f"To review: {many(count, 'value', 'values')} ({command})"] if count else []


def _student_lines(store: Path, run: Run) -> list[str]:
    """As of other students, without what was measured field by field, which the report shows."""
    return [re.sub(r"(?:, )?[\w ]+\.[\w ]+ [01]\.\d{3}", "", line) if line.startswith("Student (") else line for line in student_lines(store, run)]


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
    """Who voted, a model's readings and rules, and how often each says what was decided on."""
    found = readers(store, run)
    if not found:
        return "nobody has voted on what these documents say"
    table = Table("annotator", "votes", "agrees with the record", box=None)
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
        table.add_row(*shown, f"{one.value.confidence:.2f}", Text(on_one_line(one.why)))
    return table
