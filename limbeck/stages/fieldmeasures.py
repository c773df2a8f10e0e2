"""Measures of documents' records: how many there are, how much of what they say stands on the page, how much is doubtful."""

from collections import Counter

from limbeck.batch import Made, one
from limbeck.context import RunContext
from limbeck.fields.recording import as_schema
from limbeck.stages import paging
from limbeck.stages.documented import wanted

STEP = "measures"


async def measure(context: RunContext) -> None:
    """Write the records' tables, one for the documents and one a list of entries, and count once."""
    context.store.publish_records(context.run, as_schema(wanted(context)))
    if STEP in context.store.artifacts(context.run, STEP):
        return

    async def counted() -> Made:
        return Made(_counts(context))

    await one(context, STEP, STEP, counted())


def _counts(context: RunContext) -> dict[str, object]:
    records = [record for some in context.store.records(context.run).values() for record in some]
    values = [value for record in records for value in record.values]
    unread = sum(one.status == "failed" for one in context.store.artifacts(context.run, paging.STEP).values())
    return {
        "records": dict(Counter(one.type for one in records).most_common()),
        "values": dict(Counter(one.status for one in values)),
        "doubtful": sum(one.text is not None and one.confidence < context.settings.read.review for one in values),
        "failed": unread,
    }
