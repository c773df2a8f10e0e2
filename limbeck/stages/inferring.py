"""Infer: a model guesses labels of each document in its own words (Infer–Retrieve–Rank, section 3.1)."""

import json

from limbeck.batch import Made, each
from limbeck.context import RunContext
from limbeck.retrieval.chunks import chunks
from limbeck.schemas import Document
from limbeck.sections import EMBEDDED
from limbeck.stages.listed import open_program

STEP = "infer"


def wanted(context: RunContext) -> bool:
    """Whether the model is asked; by itself not the embedded one, whose guesses say little."""
    mode = context.settings.infer.mode
    return mode == "always" or (mode == "auto" and context.settings.model.name != EMBEDDED)


async def infer(context: RunContext) -> None:
    """Guess labels of every document, from all its chunks."""
    if not wanted(context):
        return
    program = open_program(context)

    async def work(document: Document) -> Made:
        parts = [document.text[start:end] for start, end in chunks(document.text)]
        said = await program.infer.acall(use_case=context.settings.use_case, chunks=parts)
        return Made(said.labels, said)

    await each(context, STEP, {one.id: one for one in context.store.documents(context.run)}, work)


def inferred(context: RunContext) -> dict[str, list[str]]:
    """What the model guessed of each document; nothing where it failed or wasn't asked."""
    return {id: json.loads(one.value) or [] for id, one in context.store.artifacts(context.run, STEP).items()}
