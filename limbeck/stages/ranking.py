"""Rank: a model puts the labels found in order (section 3.3), and labels come of it.

A model that can't choose may still find a text likelier under one label than under another (`programs/likelihood.py`): then
its word is added to what retrieval found.
"""

import random
from collections.abc import Awaitable, Callable, Sequence

import numpy as np

from limbeck.batch import Made, each
from limbeck.context import RunContext
from limbeck.programs.likelihood import Likelihood
from limbeck.retrieval.options import Options, digest
from limbeck.schemas import Category, Document, Label, Vote
from limbeck.schemas.record import Record
from limbeck.sections import EMBEDDED
from limbeck.stages.listed import label_set, open_program, open_retriever
from limbeck.stages.retrieving import options

STEP = "rank"
OPEN = "/open"
"""What is put to a space's name for labels that the list lacks."""
SCORED = 10
"""Options of a document that a model scores by likelihood: a call each."""
LIKELIHOOD = 0.25
"""How much a model's likelihood counts, against 1 for retrieval, both as shares of their spread over the options."""

Work = Callable[[Document], Awaitable[Made]]
"""Ranks one document."""


class Ranked(Record):
    """The order of a document's options."""

    labels: tuple[str, ...]
    """The best first, as many as a document gets."""
    chosen: int = 0
    """How many of them the model chose."""
    invented: tuple[str, ...] = ()
    """What it named and nobody had offered."""
    missing: tuple[str, ...] = ()
    """Labels that it says the list lacks, and that it does lack."""


def mode(context: RunContext) -> str:
    """How options are put in order where nobody says it: small models don't, others reason."""
    said = context.settings.rank.mode
    small = ranker(context).settings.model.name == EMBEDDED
    return ("never" if small else "reasoned") if said == "auto" else said


def ranker(context: RunContext) -> RunContext:
    """The run with the model that ranks."""
    return context.others[-1] if context.settings.rank.model else context


async def rank(context: RunContext) -> None:
    """Let the model put options in order, and make labels of it."""
    if mode(context) != "never":
        await _ask(context)
    await _label(context)


async def _ask(context: RunContext) -> None:
    found, asked = options(context), ranker(context)
    documents = _to_rank(context, context.store.documents(context.run))
    work = _likeliest(asked, found) if mode(context) == "likelihood" else _ordered(asked, found)
    await each(asked, STEP, {one.id: one for one in documents}, work)


def _to_rank(context: RunContext, documents: Sequence[Document]) -> list[Document]:
    """The documents that the model ranks: all, or the config's number, drawn by chance."""
    limit = context.settings.rank.limit
    if limit is None or limit >= len(documents):
        return list(documents)
    return random.Random(context.settings.seed).sample(list(documents), limit)


def _ordered(context: RunContext, found: dict[str, Options]) -> Work:
    """What asks the model to choose and order."""
    program = open_program(context)
    labels = label_set(context.settings)

    async def work(document: Document) -> Made:
        one = found[document.id]
        text = digest(document.text, one)
        said = await program.rank.acall(use_case=context.settings.use_case, document=text, options=one.labels)
        # What the model calls missing may be on the list all the same, further down or under another name.
        rows = {label: labels.row_of(label) for label in said.missing}
        there = (labels.names[row] for row in rows.values() if row is not None)
        chosen = list(dict.fromkeys([*said.labels[: said.chosen], *there]))[: context.settings.rank.ranked]
        kept = list(dict.fromkeys([*chosen, *said.labels]))[: context.settings.rank.ranked]
        missing = tuple(label for label, row in rows.items() if row is None)
        return Made(Ranked(labels=kept, chosen=len(chosen), invented=said.invented, missing=missing).model_dump(), said)

    return work


def _likeliest(context: RunContext, found: dict[str, Options]) -> Work:
    """What asks the model under which option a text is likeliest."""
    labels = label_set(context.settings)

    async def work(document: Document) -> Made:
        one = found[document.id]
        best = one.labels[:SCORED]
        if len(best) < 2:
            return Made(Ranked(labels=best).model_dump())
        described = [Category(name=name, description=labels.about(name)) for name in best]
        said = await Likelihood(described).acall(
            use_case=context.settings.use_case, document=digest(document.text, one), candidates=best
        )
        logs = np.log(np.maximum([said.shares[name] for name in best], 1e-12))
        total = _spread(np.array(one.scores[: len(best)])) + LIKELIHOOD * _spread(logs)
        order = [best[place] for place in np.argsort(-total, kind="stable").tolist()]
        kept = (*order, *one.labels[SCORED:])[: context.settings.rank.ranked]
        return Made(Ranked(labels=kept, chosen=min(len(best), len(kept))).model_dump(), said)

    return work


def _spread(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.asarray((values - values.mean()) / max(float(values.std()), 1e-9))


def ranked(context: RunContext) -> dict[str, Ranked]:
    """Each document's labels in order: the model's, or as they were found where it wasn't asked or gave no usable answer."""
    asked = context.store.artifacts(context.run, STEP)
    count = context.settings.rank.ranked
    return {
        id: Ranked.model_validate_json(asked[id].value)
        if id in asked and asked[id].status != "failed"
        else Ranked(labels=one.labels[:count])
        for id, one in options(context).items()
    }


async def _label(context: RunContext) -> None:
    """Put the votes of retriever and model, and the labels that come of them; labels that the list lacks apart."""
    space, found, order = label_set(context.settings).id, options(context), ranked(context)
    looked, asked = f"retriever:{context.settings.retrieval.encoder}", f"llm:{ranker(context).settings.model.name}/rank"
    votes: dict[str, list[Vote]] = {looked: [], asked: []}
    labels: list[Label] = []
    for item, one in order.items():
        scores = dict(zip(found[item].labels, found[item].scores, strict=True))
        for label in found[item].labels[: len(one.labels)]:
            votes[looked].append(Vote(item=item, space=space, annotator=looked, label=label, score=scores[label]))
        for place, label in enumerate(one.labels[: one.chosen]):
            score = 1 - place / len(one.labels)
            votes[asked].append(Vote(item=item, space=space, annotator=asked, label=label, score=score))
        for place, label in enumerate(one.labels):
            # What a model put in order has no score but its place.
            confidence = 1 - place / len(one.labels) if one.chosen else max(scores[label], 0.0)
            method = "rank" if one.chosen else "retrieve"
            labels.append(Label(item=item, space=space, label=label, confidence=confidence, method=method))
    for annotator, said in votes.items():
        context.store.put_votes(space, annotator, said, order)
    context.store.put_labels(context.run, space, labels)
    await _put_missing(context, space, order)


async def _put_missing(context: RunContext, space: str, order: dict[str, Ranked]) -> None:
    """Labels that the list lacks, each with the listed one that comes nearest to it as the method, and how near as confidence."""
    names = list(dict.fromkeys(label for one in order.values() for label in one.missing))
    near: dict[str, tuple[str, float]] = {}
    if names:
        retriever = await open_retriever(context)
        near = dict(zip(names, await retriever.nearest_listed(names), strict=True))
    rows = [
        Label(item=item, space=space + OPEN, label=label, confidence=near[label][1], method=f"near {near[label][0]}")
        for item, one in order.items()
        for label in one.missing
    ]
    context.store.put_labels(context.run, space + OPEN, rows)
