"""Votes: what the model and the encoder say about documents, and how much the model's word weighs.

No gold is needed to weigh it: some documents are labelled twice, with the labels in two orders. Cohen's κ between the
two is what is left of an annotator once its liking for places is taken away. A large model answers alike and decides
(κ near 1); a tiny one answers by place (κ near 0), and the encoder decides.
"""

import json
import random
from collections.abc import Mapping, Sequence

import numpy as np

from limbeck.agreement import cohen_kappa
from limbeck.batch import Made, each
from limbeck.context import RunContext
from limbeck.programs.taxonomy import Labeller
from limbeck.schemas import OTHER, Artifact, Category, Document, Vote, content_id
from limbeck.stages.summaries import excerpt

SMALLEST_SCORE = 0.01
"""An encoder's shares below this are not kept."""
MOST_SCORES = 10
"""Shares of one document that are kept."""


def llm_name(context: RunContext) -> str:
    """The model as an annotator."""
    return f"llm:{context.settings.model.name}/{context.mode}"


def encoder_name(context: RunContext) -> str:
    """The encoder as an annotator."""
    return f"encoder:{context.settings.student.encoder}"


async def label_by_llm(
    context: RunContext, categories: tuple[Category, ...], documents: Sequence[Document], step: str
) -> dict[str, Artifact]:
    """Let the model label documents; the artifacts hold `label`, `also` and `reason`."""
    program, use_case = Labeller(categories, context.mode), context.settings.use_case

    async def work(document: Document) -> Made:
        said = await program.acall(use_case=use_case, document=excerpt(context, document.text))
        return Made({"label": said.label, "also": said.also, "reason": said.reason}, said)

    return await each(context, step, {one.id: one for one in documents}, work, title="label")


async def probe(
    context: RunContext, categories: tuple[Category, ...], documents: Sequence[Document], title: str
) -> float:
    """Cohen's κ of the model with itself, the labels in their order and turned around; 0 where it says too little.

    Args:
        context: The run.
        categories: What to label with.
        documents: A sample is drawn from these.
        title: Tells this probe's artifacts from others'.
    """
    size = min(context.settings.labels.probe, len(documents))
    drawn = random.Random(context.settings.seed).sample(list(documents), size)
    orders = {"forth": categories, "back": categories[::-1]}
    answers = [
        await label_by_llm(context, order, drawn, f"probe/{content_id([title, place])}")
        for place, order in orders.items()
    ]
    pairs = [(said_label(answers[0][one.id]), said_label(answers[1][one.id])) for one in drawn]
    both = [(forth, back) for forth, back in pairs if forth and back]
    return agreement_with_itself(both)


def agreement_with_itself(pairs: Sequence[tuple[str, str]]) -> float:
    """Cohen's κ of label pairs, 0 for less than chance; 1 where all are one and the same label and it is not `Other`."""
    kappa = cohen_kappa([forth for forth, _ in pairs], [back for _, back in pairs])
    if kappa is None:
        return float(bool(pairs) and pairs[0][0] != OTHER)
    return max(0.0, kappa)


def said_label(artifact: Artifact) -> str | None:
    """The label in an artifact of `label_by_llm`; None where it failed."""
    value = json.loads(artifact.value)
    return value["label"] if value else None


def votes_of_llm(context: RunContext, artifacts: Mapping[str, Artifact], space: str) -> tuple[list[Vote], list[Vote]]:
    """The model's votes for the primary label, and for all labels that apply."""
    name, primary, applicable = llm_name(context), [], []
    for item, artifact in artifacts.items():
        value = json.loads(artifact.value)
        if value:
            primary.append(Vote(item=item, space=space, annotator=name, label=value["label"]))
            applicable += [Vote(item=item, space=f"{space}/all", annotator=name, label=one) for one in value["also"]]
    return primary, applicable


def votes_of_shares(
    name: str, space: str, documents: Sequence[Document], labels: Sequence[str], shares: np.ndarray[tuple[int, int], np.dtype[np.float32]]
) -> list[Vote]:
    """An annotator's shares [documents, labels] as votes, the small ones left out."""
    votes = []
    for document, row in zip(documents, shares, strict=True):
        for place in np.argsort(-row, kind="stable")[:MOST_SCORES]:
            if row[place] >= SMALLEST_SCORE:
                score = float(row[place])
                votes.append(Vote(item=document.id, space=space, annotator=name, label=labels[place], score=score))
    return votes
