"""The data card of a reader: the facts of its run, gathered when it is trained, and its limits, stated plainly."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from limbeck.context import RunContext
from limbeck.limits import many
from limbeck.schemas.reader_card import Instruction, ReadBy, ReaderCard, Wanted
from limbeck.stages.card import bare, source
from limbeck.stages.extracting import wanted
from limbeck.stages.recordmeasures import failed
from limbeck.stages.tabled import schema_of
from limbeck.students.cell_lessons import CellLesson

FEW = 20
"""Tables below which a reader has hardly learnt anything that is general."""


def reader_card(
    context: RunContext,
    kind: str,
    shown: Sequence[CellLesson],
    held: Sequence[CellLesson],
    metrics: Mapping[str, float],
    chosen: bool,
) -> ReaderCard:
    """The card of one reader.

    Args:
        context: Its run.
        kind: The student's.
        shown: What it could learn from.
        held: What it was not shown.
        metrics: Its scores.
        chosen: Whether it is the best of its run.
    """
    settings = context.settings
    training = Instruction(
        kind=kind,
        base=bare(context, settings.student.encoder if kind == "cells" else settings.student.base),
        seed=settings.seed,
        shown=_tables(shown),
        cells=len(shown),
        held_out=_tables(held),
        chosen=chosen,
        agreement=metrics.get("agreement"),
    )
    made = context.store.records(context.run)
    records = [record for some in made.values() for record in some]
    types = dict(Counter(one.type for one in records).most_common())
    card = ReaderCard(
        use_case=settings.use_case,
        source=source(context),
        wanted=Wanted(content=schema_of(settings).id, types=types),
        read=ReadBy(
            model=bare(context, context.llm.model),
            readings=settings.extract.readings,
            tables=len(wanted(context)),
            records=len(records),
            values=dict(Counter(value.status for one in records for value in one.values)),
            failed=failed(context, made),
        ),
        training=training,
    )
    return card.model_copy(update={"limits": tuple(_limits(card))})


def _tables(lessons: Sequence[CellLesson]) -> int:
    return len({id(one.table) for one in lessons})


def _limits(card: ReaderCard) -> Iterator[str]:
    """One sentence for each thing that a user of the student must know."""
    if card.training.agreement is None:
        yield "No table was held out: how far it agrees with its teacher is not known."
    else:
        yield "Its score is agreement with its teacher's records on tables held out, not with the truth."
    yield f"{card.read.model} made the records that it learnt; no person has checked one, and no gold record was used."
    if inferred := card.read.values.get("inferred", 0):
        yield f"{many(inferred, 'value')} of its teacher stood nowhere in the source; they were not taught."
    if card.training.shown < FEW:
        yield f"It was taught by {many(card.training.shown, 'table')}, which is little; tables of another kind may be read badly."
    yield "How sure it is of a type is not calibrated, and of attributes it doesn't say."
