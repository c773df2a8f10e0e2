"""Measures of records: how many there are of each type, and how much of what they say stands in the source."""

from collections import Counter

from limbeck.batch import Made, one
from limbeck.context import RunContext
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
    records = [record for some in context.store.records(context.run).values() for record in some]
    types, statuses = Counter(one.type for one in records), Counter(value.status for one in records for value in one.values)
    return {"records": dict(types.most_common()), "values": dict(statuses), "failed": _failed(context)}


def _failed(context: RunContext) -> int:
    """Values of tables that the model was to read of which no reading made a record."""
    found, made = tables(context), context.store.records(context.run)
    given = {one.id: {(each.row, each.column, each.part) for each in made.get(one.id, ())} for one in wanted(context)}
    return sum((one.row, one.column, one.part) not in there for document, there in given.items() for one in cells(context, found[document]))
