"""Retrieve: the listed labels that each document may have, and what in it speaks for them (section 3.2)."""

import json
from collections.abc import Iterator, Sequence

from limbeck.context import RunContext
from limbeck.retrieval.options import Options
from limbeck.retrieval.retriever import Found
from limbeck.schemas import Artifact, Document
from limbeck.stages.inferring import inferred
from limbeck.stages.listed import open_retriever

STEP = "retrieve"
KEPT_AT_ONCE = 64
"""Documents whose labels are found, and kept, at once."""


async def retrieve(context: RunContext) -> None:
    """Find labels for every document that has none found yet."""
    done, guesses = context.store.artifacts(context.run, STEP), inferred(context)
    documents = context.store.documents(context.run)
    todo = [one for one in documents if one.id not in done]
    if not todo:
        return
    retriever = await open_retriever(context)
    with context.progress.stage("retrieve", len(documents), "documents") as stage:
        stage.advance(len(done))
        for part in _parts(todo):
            given = [guesses.get(one.id, []) for one in part]
            found = await retriever.find([one.text for one in part], given, context.settings.retrieval.options)
            _keep(context, part, found, retriever.labels.names)
            stage.advance(len(part))


def options(context: RunContext) -> dict[str, Options]:
    """The labels found for each document."""
    made = context.store.artifacts(context.run, STEP).items()
    return {id: Options.model_validate_json(one.value) for id, one in made}


def _parts(documents: Sequence[Document]) -> Iterator[Sequence[Document]]:
    return (documents[start : start + KEPT_AT_ONCE] for start in range(0, len(documents), KEPT_AT_ONCE))


def _keep(context: RunContext, documents: Sequence[Document], found: Sequence[Found], names: Sequence[str]) -> None:
    for document, one in zip(documents, found, strict=True):
        value = json.dumps(Options.of(one, names).model_dump(mode="json"), ensure_ascii=False)
        context.store.put([Artifact(run=context.run, step=STEP, item=document.id, value=value)])
    context.store.flush()
