"""Decide: a model's readings, rules and layout vote on each field; what wins is grounded on the page and checked.

Synthetic labels (TAIL): what is unsure, what stands nowhere on the page, and what is in a sum that doesn't add up is
doubtful. It goes to review and is no lesson for students.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from limbeck.batch import Made, one
from limbeck.context import RunContext
from limbeck.fields.annotators import annotate
from limbeck.fields.answers import normalised
from limbeck.fields.checking import check
from limbeck.fields.fusing import fuse, votes
from limbeck.fields.grounding import grounded
from limbeck.fields.recording import as_schema, entries_of, findings_of, found_of, records_of, said_of
from limbeck.schemas import Vote
from limbeck.schemas.fields import FieldSet, Findings, Found
from limbeck.schemas.pages import Pages
from limbeck.stages import interpreting, paging
from limbeck.stages.documented import wanted

STEP = "decide"
LIKELY = 0.3
"""A field's value that is less likely than this is in no record; that it was said is a reason to look at it."""
DOUBTED = 0.5
"""What a value's confidence is multiplied by where a check fails."""
RULES = "rules"
"""What annotators that are no model are called, before their own names."""
Said = dict[str, Findings]
"""What each annotator found in a document."""


async def make_records(context: RunContext) -> None:
    """Keep the records of every document on which somebody voted, and why what is doubtful is so."""
    done = context.store.artifacts(context.run, STEP)
    given = heard(context)
    if set(given) <= set(done):
        return
    fields = wanted(context)
    context.store.put_schema(context.run, as_schema(fields))
    _keep_votes(context, given)
    decided = dict(zip(given, fuse(list(given.values()), fields), strict=True))
    on = today(context)
    with context.progress.stage(STEP, len(decided), "documents") as stage:
        for document, pages in paging.paged(context, list(decided)):
            await keep(context, document, pages, decided[document], on)
            stage.advance(1)


def heard(context: RunContext) -> dict[str, Said]:
    """What every annotator found in each document; documents of which nobody says anything are left out."""
    fields, readings = wanted(context), _readings(context)
    found: dict[str, Said] = {}
    ids = paging.ids(context)
    with context.progress.stage("annotate", len(ids), "documents") as stage:
        for document, pages in paging.paged(context):
            said = {f"llm:{context.llm.model}/{name}": grounded(normalised(one, fields), fields, pages) for name, one in readings.get(document, {}).items()}
            if context.settings.read.rules:
                said = {name: shared(findings, fields) for name, findings in said.items()}
                said |= {f"{RULES}:{name}": findings for name, findings in annotate(pages, fields).items()}
            if any(map(says_something, said.values())):
                found[document] = said
            stage.advance(1)
    return found


def shared(findings: Findings, fields: FieldSet) -> Findings:
    """A model's findings beside rules: one amount that it gives for several fields, as for tax, tip and total, is a share of a vote for each."""
    amounts = {one.name: found_of(findings, one.name) for one in fields.fields if one.kind == "money"}
    told = Counter(key for some in amounts.values() for key in {(one.value, one.words) for one in some})
    return findings | {name: [one.model_copy(update={"score": one.score / told[one.value, one.words]}) for one in some] for name, some in amounts.items() if some}


def says_something(findings: Findings) -> bool:
    """Whether there is a value among them; that there is none is no record."""
    return any(not isinstance(one, Found) or one.value for some in findings.values() for one in some)


def _readings(context: RunContext) -> dict[str, dict[str, Any]]:
    """What a model said of each document, by the reading."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for step in interpreting.steps(context):
        for document, said in interpreting.said(context, step):
            found[document][step] = said
    return found


def _keep_votes(context: RunContext, given: Mapping[str, Said]) -> None:
    by: dict[tuple[str, str], list[Vote]] = defaultdict(list)
    space = wanted(context).id
    for document, said in given.items():
        for vote in votes(document, said, wanted(context)):
            by[f"{space}/{vote.space}", vote.annotator].append(vote.model_copy(update={"space": f"{space}/{vote.space}"}))
    for (name, annotator), some in by.items():
        context.store.put_votes(name, annotator, some)


# ---- checks ----------------------------------------------------------------------------------------------------------


async def keep(context: RunContext, document: str, pages: Pages, findings: Findings, on: date) -> None:
    """Keep a document's records, and what of them is doubtful and why, on the day that is `today`."""
    fields, least = wanted(context), context.settings.read.review
    likely, left_out = (likelier(findings, enough) for enough in (True, False))
    checked, problems = examined(likely, fields, on)
    context.store.put_records(context.run, document, records_of(checked, pages, fields))

    async def made() -> Made:
        doubts = doubtful(left_out, {}, fields, LIKELY) | doubtful(checked, problems, fields, least)
        return Made({"doubts": doubts, "problems": problems})

    await one(context, STEP, document, made())


def likelier(findings: Findings, enough: bool) -> Findings:
    """The values that are likely enough for a record, or those that are not; entries of lists are."""
    return {name: [one for one in some if (not isinstance(one, Found) or one.score >= LIKELY) is enough] for name, some in findings.items()}  # type: ignore[misc]


def today(context: RunContext) -> date:
    """The day on which the run began: a document can't be of a later one."""
    run = context.store.run(context.run)
    return datetime.fromtimestamp(run.started if run else 0, UTC).date()


def examined(findings: Findings, fields: FieldSet, on: date) -> tuple[Findings, dict[str, str]]:
    """Findings, less sure where they can't be right together; and what is wrong, by field."""
    found = check(said_of(findings, fields), fields, on)
    problems = {name.partition(".")[0]: problem.sentence for problem in found for name in problem.fields}  # Of `items.amount` the whole list.
    return {name: [_doubted(each) for each in some] if name in problems else some for name, some in findings.items()}, problems  # type: ignore[misc]


def _doubted(each: Found | dict[str, Found]) -> Found | dict[str, Found]:
    if isinstance(each, Found):
        return each.model_copy(update={"score": each.score * DOUBTED})
    return {name: found.model_copy(update={"score": found.score * DOUBTED}) for name, found in each.items()}


def doubtful(findings: Findings, problems: Mapping[str, str], fields: FieldSet, least: float) -> dict[str, str]:
    """Why a field's values are not to be relied on, by field."""
    doubts = dict(problems)
    for field in fields.fields:
        inside = [found for entry in entries_of(findings, field.name) for found in entry.values()]
        for found in (*found_of(findings, field.name), *inside):
            if not found.words:
                doubts.setdefault(field.name, f"{found.value!r} does not stand on the page")
            elif found.score < least:
                doubts.setdefault(field.name, f"{found.value!r} is not sure: {found.score:.2f}")
    return doubts


def doubts(context: RunContext) -> dict[str, dict[str, str]]:
    """What is doubtful of each document, and why."""
    return {item: json.loads(made.value)["doubts"] for item, made in context.store.artifacts(context.run, STEP).items()}


def found(context: RunContext) -> dict[str, Findings]:
    """What was decided of each document on which somebody voted."""
    there = context.store.artifacts(context.run, STEP)
    return {document: findings_of(records, wanted(context)) for document, records in context.store.records(context.run).items() if document in there}
