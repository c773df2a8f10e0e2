"""The data card of a student of documents: the facts of its run, gathered when it is trained, and its limits, stated plainly."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from limbeck.context import RunContext
from limbeck.limits import many
from limbeck.schemas.fields import Field
from limbeck.schemas.page_card import PageCard, PageTraining, Sought, Taught, Teachers
from limbeck.stages import interpreting, paging, resolving
from limbeck.stages.card import bare, source
from limbeck.stages.documented import wanted
from limbeck.students.page_lessons import PageLesson

FEW = 20
"""Documents below which a student has hardly learnt anything that is general, and below which a field has hardly been learnt."""
LOW = 0.7
"""Agreement of a field below which it is named."""


def page_card(
    context: RunContext,
    kind: str,
    shown: Sequence[PageLesson],
    held: Sequence[PageLesson],
    metrics: Mapping[str, float],
    chosen: bool,
) -> PageCard:
    """The card of one student.

    Args:
        context: Its run.
        kind: The student's.
        shown: What it could learn from.
        held: What it was not shown.
        metrics: Its scores: `agreement`, and `agreement.total` of the field `total`.
        chosen: Whether it is the best of its run.
    """
    settings, fields = context.settings, wanted(context)
    training = PageTraining(
        kind=kind,
        base=bare(context, settings.student.encoder if kind == "tagger" else settings.student.base),
        seed=settings.seed,
        shown=len(shown),
        held_out=len(held),
        chosen=chosen,
        agreement=metrics.get("agreement"),
    )
    taught = tuple(_taught(one, shown, metrics) for one in fields.fields)
    card = PageCard(
        use_case=settings.use_case,
        source=source(context),
        sought=Sought(name=fields.name, content=fields.id, fields=taught, checks=fields.checks),
        teachers=_teachers(context),
        training=training,
    )
    return card.model_copy(update={"limits": tuple(_limits(card))})


def _taught(field: Field, shown: Sequence[PageLesson], metrics: Mapping[str, float]) -> Taught:
    doubtful = sum(field.name in one.unknown for one in shown)
    there = sum(bool(one.findings.get(field.name)) for one in shown if field.name not in one.unknown)
    agreement = metrics.get(f"agreement.{field.name}")
    return Taught(name=field.name, kind=field.kind, shown=there, absent=len(shown) - there - doubtful, doubtful=doubtful, agreement=agreement)


def _teachers(context: RunContext) -> Teachers:
    settings, fields = context.settings.read, wanted(context)
    documents = len(interpreting.chosen(context))
    voted = {name for one in fields.fields for name in context.store.annotators(f"{fields.id}/{one.name}")}
    start = f"{resolving.RULES}:"
    records = [record for some in context.store.records(context.run).values() for record in some]
    return Teachers(
        model=bare(context, context.llm.model) if documents else "",
        readings=settings.readings if documents else 0,
        documents=documents,
        rules=tuple(sorted(name.removeprefix(start) for name in voted if name.startswith(start))) if settings.rules else (),
        records=len(records),
        values=dict(Counter(value.status for one in records for value in one.values)),
        unread=sum(one.status == "failed" for one in context.store.artifacts(context.run, paging.STEP).values()),
    )


def _limits(card: PageCard) -> Iterator[str]:
    """One sentence for each thing that a user of the student must know."""
    if card.training.agreement is None:
        yield "No document was held out: how far it agrees with its teachers is not known."
    else:
        yield "Its score is agreement with its teachers' values on documents held out, not with the truth."
    yield f"{_names(card.teachers)} made the values that it learnt; no gold value was used."
    if left := sum(one.doubtful for one in card.sought.fields):
        yield f"{many(left, 'field')} of documents were left out as doubtful: unsure, nowhere on the page, or in a sum that doesn't add up."
    if card.training.shown < FEW:
        yield f"It was taught by {many(card.training.shown, 'document')}, which is little; documents of another layout may be read badly."
    rare = [one.name for one in card.sought.fields if one.shown < min(FEW, card.training.shown)]
    if rare:
        yield f"Fields that few documents taught: {', '.join(rare)}."
    low = [one.name for one in card.sought.fields if one.agreement is not None and one.agreement < LOW]
    if low:
        yield f"Fields on which it agrees with its teachers on less than {LOW:.0%}: {', '.join(low)}."
    if card.training.kind == "writer":
        yield "It may write a value that stands nowhere, which then says so, and of a long document it sees the beginning and the end."


def _names(teachers: Teachers) -> str:
    return " and ".join([*([teachers.model] if teachers.model else []), *(["rules"] if teachers.rules else [])]) or "Nobody"
