"""Extract: a model describes the values of each table, as often as the config says (Schema-to-JSON, section 3)."""

import json
import random
from collections.abc import Iterator

from limbeck.batch import Made, each
from limbeck.context import RunContext
from limbeck.errors import GuardrailError
from limbeck.programs.tables import Extract
from limbeck.records.answers import Said
from limbeck.schemas import Document
from limbeck.schemas.extraction import RecordSchema
from limbeck.sections import EMBEDDED
from limbeck.stages.tabled import cells, schema_of
from limbeck.tables.reading import table_of

STEP = "extract"
CELLS = 20
"""Described in one call, where nobody says how many."""
VARIED, WARMER = 0.3, 0.1
"""The temperature of readings after the first; and how much warmer those are that are shown an order again."""


def steps(context: RunContext) -> list[str]:
    """The steps whose artifacts hold the readings: `extract`, then `extract-2` and so on."""
    return [STEP, *(f"{STEP}-{number}" for number in range(2, context.settings.extract.readings + 1))]


async def extract(context: RunContext) -> None:
    """Describe the values of every table that the model is to read."""
    context.store.put_schema(context.run, schema_of(context.settings))
    documents = {one.id: one for one in wanted(context)}
    for number, step in enumerate(steps(context)):
        program = open_program(context, number)

        async def work(document: Document, program: Extract = program) -> Made:
            table = table_of(document.text)
            table = table.model_copy(update={"paragraphs": _most(table.paragraphs, context.settings.extract.paragraphs)})
            said = await program.acall(use_case=context.settings.use_case, table=table, targets=cells(context, table))
            if said.failed and not said.records:
                raise _failed(next(iter(said.failed.values())), said.calls)
            return Made({"records": said.records, "failed": said.failed}, said)

        await each(context, step, documents, work)


def wanted(context: RunContext) -> list[Document]:
    """The documents that the model reads: all, or as many as the config says, drawn by chance and kept in order."""
    documents, limit = context.store.documents(context.run), context.settings.extract.limit
    if limit is None or limit >= len(documents):
        return documents
    drawn = set(random.Random(context.settings.seed).sample(range(len(documents)), limit))
    return [one for place, one in enumerate(documents) if place in drawn]


def open_program(context: RunContext, number: int = 0) -> Extract:
    """The program of one reading; each is shown the types of records in another order (the paper's variants), or is warmer."""
    wanted, model, schema = context.settings.extract, context.settings.model, schema_of(context.settings)
    return Extract(
        _turned(schema, number),
        cells=wanted.cells or (1 if model.name == EMBEDDED else CELLS),
        passes=wanted.passes,
        failures=wanted.failures,
        context=model.context,
        temperature=round(VARIED + WARMER * (number // len(schema.types)), 3) if number else 0.0,
    )


def said(context: RunContext, step: str) -> Iterator[tuple[str, dict[str, Said], dict[str, str]]]:
    """Of each table that was read: its document, its records and what failed, by the cells' keys."""
    for item, artifact in context.store.artifacts(context.run, step).items():
        value = json.loads(artifact.value) or {"records": {}, "failed": {"": artifact.error or ""}}
        yield item, value["records"], value["failed"]


def _failed(why: str, calls: tuple[str, ...]) -> GuardrailError:
    error = GuardrailError(why)
    error.calls = calls
    return error


def _turned(schema: RecordSchema, number: int) -> RecordSchema:
    at = number % len(schema.types)
    return schema.model_copy(update={"types": (*schema.types[at:], *schema.types[:at])})


def _most(paragraphs: tuple[str, ...], count: int) -> tuple[str, ...]:
    """The last paragraphs, which say most."""
    return paragraphs[-count:] if count else ()
