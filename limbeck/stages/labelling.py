"""Labelling: every document gets votes by the model, the encoder and, where there are any, the clusters; votes become labels.

One primary label and all that apply (TnT-LLM, section 3.2). `Other` is on offer here and nowhere else. What people have
answered in a review is a vote that outweighs all others, and a beginning for the encoder's.

Where the model may not read every document, it reads those where its answer is worth most (`limbeck/asking.py`), given
what is believed before it is asked.
"""

import json
from collections.abc import Sequence

import numpy as np

from limbeck.aggregate import aggregate, applicable, chances, distribution
from limbeck.asking import MODELS_ERR, choose
from limbeck.batch import Made, one
from limbeck.context import RunContext
from limbeck.labelmodels import Aggregated, Method, VoteTable, applying, choose_applying, fit
from limbeck.labelmodels.multilabel import one_hot
from limbeck.prototypes import assign, nearness, phrase
from limbeck.schemas import OTHER, PEOPLE, YES, Artifact, Category, Decision, Document, Label, Vote
from limbeck.schemas.quality import AGGREGATE
from limbeck.stages.clusters import members, shares_of_members
from limbeck.stages.votes import (
    MOST_CANDIDATES,
    Near,
    Reading,
    encoder_name,
    label_by_llm,
    probe,
    readings,
    votes_of_llm,
    votes_of_shares,
)

CLUSTERS = "clusters"
WEIGHTS = "weights"
ANNOTATORS = "annotators"
"""The step whose artifacts name the annotators of a space that are no models; see `annotating.py`."""
ASKED = "asked"
"""The step whose artifacts hold the documents that models label, by space, the most valuable first."""
WRITTEN = "ngrams"
"""The annotator whose rules limbeck writes."""
PERSON_WEIGHT = 100.0
ECHO = 0.1
"""The weight of rules that limbeck learnt from the first labels, as a share of the encoder's: they repeat labels and their
errors, and decide where votes are nearly even. To a label model they are nobody, as they would confirm what they learnt."""
LEAST_WEIGHT = 0.01

Shares = np.ndarray[tuple[int, int], np.dtype[np.float32]]


async def label(context: RunContext, leaves: tuple[Category, ...], documents: Sequence[Document], space: str) -> None:
    """Label documents with the leaves, in a space of the vote table."""
    await _llm_votes(context, leaves, documents, space)
    relabel(context, leaves, documents, space)


async def _to_ask(
    context: RunContext, leaves: tuple[Category, ...], documents: Sequence[Document], space: str
) -> list[Document]:
    """The documents that the models label: all, or the config's number where answers are worth most; chosen once."""
    limit = context.settings.labels.llm_limit
    if limit is None or limit >= len(documents):
        return list(documents)
    if space not in context.store.artifacts(context.run, ASKED):
        chosen = _worth_most(context, leaves, documents, space, limit)

        async def made() -> Made:
            return Made([document.id for document in chosen])

        await one(context, ASKED, space, made())
    kept = json.loads(context.store.artifacts(context.run, ASKED)[space].value)
    by_id = {document.id: document for document in documents}
    return [by_id[id] for id in kept]


def _worth_most(
    context: RunContext, leaves: tuple[Category, ...], documents: Sequence[Document], space: str, count: int
) -> list[Document]:
    """Choose by the votes of all that are no models; what a person has answered needs no model."""
    _encoder_votes(context, leaves, documents, space)
    names, told = [leaf.name for leaf in leaves], answers(context, space)
    shares = believed(context, space, [document.id for document in documents], names)
    answered = [row for row, document in enumerate(documents) if document.id in told]
    rows = choose(context.embed(documents), shares, answered, count, context.settings.seed, errs=MODELS_ERR)
    return [documents[row] for row in rows]


def relabel(
    context: RunContext, leaves: tuple[Category, ...], documents: Sequence[Document], space: str
) -> None:
    """Let the encoder vote anew, with what people have answered since, and make labels of all votes; asks no model."""
    _encoder_votes(context, leaves, documents, space)
    _aggregate(context, space, weights_of(context, space))


def answers(context: RunContext, space: str) -> dict[str, str]:
    """What people say of documents, by document; most people's word where they differ."""
    people = [name for name in context.store.annotators(space) if name.startswith(PEOPLE)]
    said = aggregate(context.store.votes(space, people), "majority") if people else []
    return {label.item: label.label for label in said}


def weights_of(context: RunContext, space: str) -> dict[str, float]:
    """How much each annotator's votes weigh in a space.

    A model weighs its κ with itself, the encoder and the clusters what the best leaves, and at least a little, for the
    documents that no model was asked about. What a person wrote, rules and keywords, weighs 1, and so do rules that limbeck
    wrote from a person's examples.
    """
    probed = context.store.artifacts(context.run, WEIGHTS).get(space)
    models: dict[str, float] = json.loads(probed.value) if probed else {}
    others = max(1.0 - max(models.values(), default=0.0), LEAST_WEIGHT)
    people = [name for name in context.store.annotators(space) if name.startswith(PEOPLE)]
    return {
        **models,
        encoder_name(context): others,
        CLUSTERS: others,
        **{name: ECHO * others if _echoes(context, name) else 1.0 for name in _written(context, space)},
        **dict.fromkeys(people, PERSON_WEIGHT),
    }


def _echoes(context: RunContext, annotator: str) -> bool:
    """Whether an annotator learnt from the first labels."""
    return annotator == WRITTEN and not context.settings.annotators.examples


def _written(context: RunContext, space: str) -> list[str]:
    """The annotators of a space that a person wrote, or limbeck: rules, keywords, examples."""
    named = context.store.artifacts(context.run, ANNOTATORS).values()
    return [name for one in named for name in json.loads(one.value).get(space, [])]


async def _llm_votes(
    context: RunContext, leaves: tuple[Category, ...], documents: Sequence[Document], space: str
) -> None:
    """Put the models' votes, and find their weights."""
    if context.settings.labels.llm_limit == 0:
        return
    asked, read = readings(context), await _to_ask(context, leaves, documents, space)
    likely = any(reading.mode == "likelihood" for reading in asked)
    near = _nearest(context, leaves, documents) if likely else {}
    weights = {}
    for reading in asked:
        weights[reading.annotator] = await _weight(reading, leaves, documents, space, near)
        await _put_votes_of(reading, leaves, read, space, near)

    async def made() -> Made:
        return Made(weights)

    await one(context, WEIGHTS, space, made())


async def _weight(
    reading: Reading, leaves: tuple[Category, ...], documents: Sequence[Document], space: str, near: Near
) -> float:
    """What a reading's votes weigh: its κ with itself, on a sample of all documents."""
    if not reading.context.settings.labels.probe:
        return 1.0
    return await probe(reading, leaves, documents, f"labels in {space}", near)


async def _put_votes_of(
    reading: Reading, leaves: tuple[Category, ...], documents: Sequence[Document], space: str, near: Near
) -> None:
    """Let a model label documents in one way, and put its votes."""
    store, name = reading.context.store, reading.annotator
    program = reading.programs(leaves)["forth"]
    artifacts = await label_by_llm(reading, program, documents, f"label/{space}/{name}", near)
    primary, every = votes_of_llm(name, artifacts, space)
    store.put_votes(space, name, primary)
    store.put_votes(f"{space}/all", name, every)


def _nearest(context: RunContext, leaves: tuple[Category, ...], documents: Sequence[Document]) -> Near:
    """The labels whose names are nearest to each document."""
    cosines = context.embed(documents) @ named_vectors(context, leaves).T
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :MOST_CANDIDATES]
    return {one.id: [leaves[at].name for at in row] for one, row in zip(documents, order.tolist(), strict=True)}


def _encoder_votes(
    context: RunContext, leaves: tuple[Category, ...], documents: Sequence[Document], space: str
) -> None:
    """Put the votes of clusters for their members, and of the encoder for all others, or for all where people answered."""
    names = [leaf.name for leaf in leaves]
    clustered, told = members(context, leaves), answers(context, space)
    inside = [document for document in documents if document.id in clustered]
    _put(context, CLUSTERS, space, inside, names, shares_of_members(inside, names, clustered))
    rows = [row for row, document in enumerate(documents) if told or document.id not in clustered]
    if rows:
        embeddings, voted = context.embed(documents), [documents[row] for row in rows]
        known = {
            place: names.index(told[document.id])
            for place, document in enumerate(voted)
            if told.get(document.id) in names
        }
        starts = _starts(context, leaves, documents, clustered)
        shares = assign(embeddings[rows], starts, known=known)
        every = nearness(embeddings[rows], starts) if context.settings.labels.several else None
        _put(context, encoder_name(context), space, voted, names, shares, every)


def _starts(
    context: RunContext, leaves: tuple[Category, ...], documents: Sequence[Document], clustered: dict[str, str]
) -> Shares:
    """Where each label begins among the embeddings: its cluster's centre, or its name and description."""
    if clustered:
        embeddings = context.embed(documents)
        rows = {leaf.name: [] for leaf in leaves}  # type: dict[str, list[int]]
        for place, document in enumerate(documents):
            if document.id in clustered:
                rows[clustered[document.id]].append(place)
        if all(rows.values()):
            centres = np.stack([embeddings[places].mean(axis=0) for places in rows.values()])
            return np.asarray(centres / np.linalg.norm(centres, axis=1, keepdims=True), dtype=np.float32)
    return named_vectors(context, leaves)


def named_vectors(context: RunContext, leaves: tuple[Category, ...]) -> Shares:
    """[labels, d]: where each label's name and description lie among the embeddings, as unit vectors."""
    phrases = [phrase(leaf.name, leaf.description) for leaf in leaves]
    flat = context.encoder.encode([text for one in phrases for text in one])
    ends = np.cumsum([len(one) for one in phrases])
    centres = np.stack([part.mean(axis=0) for part in np.split(flat, ends[:-1])])
    return np.asarray(centres / np.linalg.norm(centres, axis=1, keepdims=True), dtype=np.float32)


def _put(
    context: RunContext,
    annotator: str,
    space: str,
    documents: Sequence[Document],
    names: list[str],
    shares: Shares,
    every: Shares | None = None,
) -> None:
    """Shares as votes: for the primary label as they are, for all that apply `every`, or else relative to the largest."""
    context.store.put_votes(space, annotator, votes_of_shares(annotator, space, documents, names, shares))
    if every is None:
        every = shares / np.maximum(shares.max(axis=1, keepdims=True), 1e-9) if len(documents) else shares
    votes, items = votes_of_shares(annotator, f"{space}/all", documents, names, every), [one.id for one in documents]
    context.store.put_votes(f"{space}/all", annotator, votes, items)


def _aggregate(context: RunContext, space: str, weights: dict[str, float]) -> None:
    """Make labels of votes, and keep how."""
    labels, decision = _labels(context, votes_of_run(context, space), weights)
    context.store.put_labels(context.run, space, labels)
    context.store.put([Artifact(run=context.run, step=AGGREGATE, item=space, value=decision.model_dump_json())])
    every = _applying(context, space, votes_of_run(context, space, "/all"), weights)
    rows = [
        Label(item=item, space=f"{space}/all", label=name, confidence=1.0, method=method)
        for item, (names, method) in every.items()
        for name in names
    ]
    context.store.put_labels(context.run, f"{space}/all", rows)


def _applying(
    context: RunContext, space: str, votes: list[Vote], weights: dict[str, float]
) -> dict[str, tuple[tuple[str, ...], str]]:
    """All labels that apply to each item, and how that was decided; where several may, that is kept."""
    if not context.settings.labels.several:
        return {item: (names, "threshold") for item, names in applicable(votes, weights=weights).items()}
    decision = _decision(context, votes, weights)
    if decision.why:
        context.progress.note(f"all labels that apply by {decision.method}: {decision.why}")
    value = decision.model_dump_json()
    context.store.put([Artifact(run=context.run, step=AGGREGATE, item=f"{space}/all", value=value)])
    by = "threshold" if decision.method == "soft" else decision.method
    likely = _chances(context, space, votes, decision)
    return {item: (tuple(label for label, chance in scores.items() if chance >= YES), by) for item, scores in likely.items()}


def _chances(context: RunContext, space: str, votes: list[Vote], decision: Decision) -> dict[str, dict[str, float]]:
    """How likely each label is to apply to each item, by what was decided; a person's answer is not in doubt.

    An answer tells that a label applies and leaves the others open; `Other`, that none does. What two people say both applies.
    """
    likely = _modelled_chances(context, space, votes, decision)
    for label in _told(votes):
        if label.label == OTHER:
            likely[label.item] = {}
    for vote in votes:
        if vote.annotator.startswith(PEOPLE) and vote.label != OTHER and likely.get(vote.item) != {}:
            likely.setdefault(vote.item, {})[vote.label] = 1.0
    return likely


def _modelled_chances(
    context: RunContext, space: str, votes: list[Vote], decision: Decision
) -> dict[str, dict[str, float]]:
    if decision.method == "soft":
        others = [vote for vote in votes if not vote.annotator.startswith(PEOPLE)]
        return chances(others, decision.weights, _written(context, space))
    table = _yes(votes)
    shares = applying(table)
    return {item: dict(zip(table.labels, row, strict=True)) for item, row in zip(table.items, shares.tolist(), strict=True)}


def _decision(context: RunContext, votes: list[Vote], weights: dict[str, float]) -> Decision:
    """How it is decided which labels apply, where several may."""
    method, why = context.settings.labels.aggregate, ""
    if method == "auto":
        method, why = choose_applying(_yes(votes))
    counted = weights if method == "soft" else None
    return Decision(method=method, why=why, annotators=tuple(weights), weights=counted)


def _yes(votes: list[Vote]) -> VoteTable:
    """Whose votes say of which labels that they apply, and what people say."""
    return _table([vote for vote in votes if vote.score >= YES and vote.label != OTHER])


def _told(votes: list[Vote]) -> list[Label]:
    """What people say, by most of them where they differ."""
    return aggregate([vote for vote in votes if vote.annotator.startswith(PEOPLE)], "majority")


def _labels(context: RunContext, votes: list[Vote], weights: dict[str, float]) -> tuple[list[Label], Decision]:
    """One label an item, by the label model of the config."""
    method, voters = context.settings.labels.aggregate, tuple(weights)
    if method in ("soft", "majority"):
        return aggregate(votes, method, weights), Decision(method=method, annotators=voters, weights=weights)
    result = _modelled(votes, method)
    if result.why:
        context.progress.note(f"labels by {result.method}: {result.why}")
    labels = {label.item: label for label in _told(votes)}
    for item, place, shares in zip(result.table.items, result.chosen, result.probabilities, strict=True):
        if place >= 0 and item not in labels:
            name, confidence = result.table.labels[place], min(1.0, float(shares[place]))
            labels[item] = Label(item=item, space=votes[0].space, label=name, confidence=confidence, method=result.method)
    return list(labels.values()), Decision(method=result.method, why=result.why, annotators=voters)


def _modelled(votes: list[Vote], method: Method, items: Sequence[str] | None = None, labels: Sequence[str] | None = None) -> Aggregated:
    """A label model's probabilities."""
    return fit(_table(votes, items, labels), method)


def _table(votes: list[Vote], items: Sequence[str] | None = None, labels: Sequence[str] | None = None) -> VoteTable:
    """The votes; what people say is not in doubt, and tells who else is right."""
    others = [vote for vote in votes if not vote.annotator.startswith(PEOPLE)]
    told = {label.item: label.label for label in _told(votes)}
    return VoteTable.of(others, items=items, labels=labels, known=told)


def believed(context: RunContext, space: str, items: Sequence[str], names: Sequence[str]) -> Shares:
    """How much each label is believed of each item, [items, names], by the label model of the config."""
    votes, method = votes_of_run(context, space), context.settings.labels.aggregate
    if method in ("soft", "majority"):
        return np.asarray(distribution(votes, names, items, weights_of(context, space)), dtype=np.float32)
    return _modelled(votes, method, items, names).probabilities


def applied(context: RunContext, names: Sequence[str], space: str, items: Sequence[str]) -> Shares:
    """[items, names]: 1 where a label applies to an item, else 0."""
    return one_hot(context.store.labels(context.run, f"{space}/all"), items, names)


def likely_to_apply(context: RunContext, names: Sequence[str], space: str, items: Sequence[str]) -> Shares:
    """[items, names]: how likely each label is to apply to an item; 1 or 0 where one label is chosen, and others beside it."""
    if not context.settings.labels.several:
        return applied(context, names, space, items)
    votes = votes_of_run(context, space, "/all")
    likely = _chances(context, space, votes, _decision(context, votes, weights_of(context, space)))
    shares = [[likely.get(item, {}).get(name, 0.0) for name in names] for item in items]
    return np.asarray(shares, dtype=np.float32).reshape(len(items), len(names)).clip(0, 1)


def votes_of_run(context: RunContext, space: str, kind: str = "") -> list[Vote]:
    """The votes of this run's annotators and of people on this run's documents.

    The vote table is the project's: runs with the same labels share it.
    """
    ours = {document.id for document in context.store.documents(context.run)}
    modelled = context.settings.labels.aggregate not in ("soft", "majority")
    names = [name for name in weights_of(context, space) if not (modelled and _echoes(context, name))]
    return [vote for vote in context.store.votes(space + kind, names) if vote.item in ours]
