"""Measures of records: how many there are of each type, and how much of what they say stands in the source."""

from collections import Counter
from collections.abc import Mapping, Sequence

from limbeck.batch import Made, one
from limbeck.context import RunContext
from limbeck.schemas.extraction import Extracted
from limbeck.stages.extracting import wanted
from limbeck.stages.tabled import cells, schema_of, tables

STEP = "measures"


async def measure(context: RunContext) -> None:
    """Write the records' tables, a table a type, and count once."""
    context.store.publish_records(context.run, schema_of(context.settings))
    if STEP in context.store.artifacts(context.run, STEP):
        return

    async def counted() -> Made:
        return Made(_counts(context))

    await one(context, STEP, STEP, counted())


def _counts(context: RunContext) -> dict[str, object]:
    made = context.store.records(context.run)
    records = [record for some in made.values() for record in some]
    types, statuses = Counter(one.type for one in records), Counter(value.status for one in records for value in one.values)
    return {"records": dict(types.most_common()), "values": dict(statuses), "failed": failed(context, made)}


def failed(context: RunContext, made: Mapping[str, Sequence[Extracted]]) -> int:
    """Values of tables that the model was to read of which no reading made a record."""
    found = tables(context)
    given = {one.id: {each.key for each in made.get(one.id, ())} for one in wanted(context)}
    return sum(one.key not in there for document, there in given.items() for one in cells(context, found[document]))
