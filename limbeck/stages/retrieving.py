"""Retrieve: the listed labels that each document may have, and what in it speaks for them (section 3.2)."""

import json
from collections.abc import Iterator, Sequence

from pydantic import Field

from limbeck.context import RunContext
from limbeck.retrieval.chunks import CHUNK, Span
from limbeck.retrieval.retriever import Found
from limbeck.schemas import Artifact, Document
from limbeck.schemas.record import Record
from limbeck.stages.inferring import inferred
from limbeck.stages.listed import open_retriever

STEP = "retrieve"
KEPT_AT_ONCE = 64
"""Documents whose labels are found, and kept, at once."""
AROUND = 200
"""Characters shown before and after a passage."""


class Options(Record):
    """The labels found for a document, the best first."""

    labels: tuple[str, ...]
    scores: tuple[float, ...] = Field(())
    """From about 0 to 1."""
    said: tuple[Span | str, ...] = ()
    """Where the document comes nearest to each label, in characters; or the inferred label that does."""

    def passage(self, text: str, place: int) -> str:
        """What speaks for a label: words of the document, or what was inferred of it."""
        where = self.said[place]
        return where if isinstance(where, str) else text[where[0] : where[1]]


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


def digest(text: str, found: Options) -> str:
    """A document as Rank is shown it: the whole, or the passages that speak for its labels, as many as fit in a chunk."""
    if len(text) <= CHUNK:
        return text
    spans = [where for where in found.said if not isinstance(where, str)]
    kept: list[Span] = []
    for start, end in spans:
        wider = max(0, start - AROUND), min(len(text), end + AROUND)
        if _size(_merged([*kept, wider])) <= CHUNK:
            kept.append(wider)
    return " … ".join(text[start:end] for start, end in _merged(kept)) or text[:CHUNK]


def _size(spans: Sequence[Span]) -> int:
    return sum(end - start for start, end in spans)


def _merged(spans: Sequence[Span]) -> list[Span]:
    """Spans in the text's order, those that meet as one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _parts(documents: Sequence[Document]) -> Iterator[Sequence[Document]]:
    return (documents[start : start + KEPT_AT_ONCE] for start in range(0, len(documents), KEPT_AT_ONCE))


def _keep(context: RunContext, documents: Sequence[Document], found: Sequence[Found], names: Sequence[str]) -> None:
    for document, one in zip(documents, found, strict=True):
        kept = Options(
            labels=tuple(names[row] for row in one.rows.tolist()),
            scores=tuple(round(score, 4) for score in one.scores.tolist()),
            said=one.said,
        )
        value = json.dumps(kept.model_dump(mode="json"), ensure_ascii=False)
        context.store.put([Artifact(run=context.run, step=STEP, item=document.id, value=value)])
    context.store.flush()
