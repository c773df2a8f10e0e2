"""Interpret: a model reads each document as often as the config says, each time with another prompt (TAIL labelling)."""

import base64
import json
import random
from collections.abc import Iterator

from limbeck.batch import Made, each
from limbeck.context import RunContext
from limbeck.fields.recording import singles
from limbeck.pages import layout, sources
from limbeck.pages.pictures import picture
from limbeck.programs.documents import Read
from limbeck.schemas import Document
from limbeck.schemas.fields import Said
from limbeck.schemas.pages import Pages
from limbeck.sections import EMBEDDED
from limbeck.serving import in_thread
from limbeck.stages.documented import wanted
from limbeck.stages.paging import ids, paths_of

STEP = "read"
MOST_PICTURES = 8
"""Pages of a document that a model is shown as pictures."""
LONGEST = 1200
"""Pixels of a picture's longer side."""


def steps(context: RunContext) -> list[str]:
    """The steps whose artifacts hold the readings: `read`, then `read-2` and so on."""
    return [STEP, *(f"{STEP}-{number}" for number in range(2, context.settings.read.readings + 1))]


async def read(context: RunContext) -> None:
    """Have every document read that the model is to read."""
    found, paths = ids(context), paths_of(context)
    documents = {one.id: one for one in chosen(context)}
    see = context.settings.read.see
    for number, step in enumerate(steps(context) if documents else []):
        program = open_program(context, number)

        async def work(document: Document, program: Read = program) -> Made:
            pages = context.store.pages([found[document.id]])[found[document.id]]
            seen = await in_thread(pictures, document, pages, paths[document.id]) if see != "text" else []
            # A text has no picture, and is shown as it is.
            text = layout.text(pages, plain=program.plain) if see != "image" or not seen else ""
            said = await program.acall(use_case=context.settings.use_case, document=text, pictures=seen)
            return Made(said.record, said)

        await each(context, step, documents, work)


def open_program(context: RunContext, number: int = 0) -> Read:
    """The program of one reading; the embedded model is not asked for lists, in which it loses itself."""
    settings, fields = context.settings, wanted(context)
    if settings.model.name == EMBEDDED:
        fields = fields.model_copy(update={"fields": tuple(singles(fields))})
    return Read(fields, number=number, failures=settings.read.failures, context=settings.model.context)


def pictures(document: Document, pages: Pages, path: str) -> list[str]:
    """A document's pages as JPEGs in base64; none of a text."""
    kind = sources.told(document.text).kind
    if kind not in ("image", "pdf"):
        return []
    first = enumerate(pages.sheets[:MOST_PICTURES])
    return [base64.b64encode(picture(path, kind, at, sheet.turned, LONGEST)).decode() for at, sheet in first]


def chosen(context: RunContext) -> list[Document]:
    """The documents that the model reads: all with pages, or as many as the config says, drawn by chance and kept in order."""
    found, limit = ids(context), context.settings.read.limit
    documents = [one for one in context.store.documents(context.run) if one.id in found]
    if limit is None or limit >= len(documents):
        return documents
    drawn = set(random.Random(context.settings.seed).sample(range(len(documents)), limit))
    return [one for place, one in enumerate(documents) if place in drawn]


def said(context: RunContext, step: str) -> Iterator[tuple[str, Said]]:
    """What one reading says of each document; those of which there is no answer are left out."""
    for item, artifact in context.store.artifacts(context.run, step).items():
        if artifact.status != "failed":
            yield item, json.loads(artifact.value)
