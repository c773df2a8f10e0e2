"""Claims: what was claimed is compared with what documents say (TAIL's overpayment check), one artifact a mismatch."""

from dataclasses import replace

from limbeck.batch import Made, one
from limbeck.claims import Receipt, compare, read_claims, receipt, roles
from limbeck.context import RunContext
from limbeck.stages import paging
from limbeck.stages.documented import wanted

STEP, RANKED = "claims", "claims-ranked"
"""The step of each mismatch, and of what says that all were found."""


async def check(context: RunContext) -> None:
    """Compare claims with documents, once, where the config names claims."""
    claims = context.settings.claims
    if claims is None or RANKED in context.store.artifacts(context.run, RANKED):
        return
    found = compare(read_claims(claims), receipts(context), context.settings.read.review)
    with context.progress.stage("claims", len(found), "mismatches") as stage:
        for place, mismatch in enumerate(found):

            async def made(value: object = mismatch.model_dump(mode="json")) -> Made:
                return Made(value)

            await one(context, STEP, f"{place:06d}", made())
            stage.advance(1)

    async def counted() -> Made:
        return Made({"mismatches": len(found)})

    await one(context, RANKED, RANKED, counted())


def receipts(context: RunContext) -> list[Receipt]:
    """Every place of a document with what was read of it; one that could not be read has no values."""
    fields, records = wanted(context), context.store.records(context.run)
    own = {document: next((one for one in some if one.type == fields.name), None) for document, some in records.items()}
    names = roles(fields)
    # One document's pages at a time: those of all are much to hold in memory.
    read = {document: receipt(document, "", own.get(document), names, pages) for document, pages in paging.paged(context)}
    places = context.store.places(context.run)
    return [replace(read.get(one.document) or receipt(one.document, "", None, names), key=one.key) for one in places]
