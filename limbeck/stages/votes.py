"""Votes: what models and the encoder say about documents, and how much a model's word weighs.

No gold is needed to weigh it: some documents are labelled twice, with the labels in two orders, or in two wordings where
it scores. Cohen's κ between the two is what is left of an annotator once its liking for places is taken away. A large model
answers alike and decides (κ near 1); a tiny one answers by place (κ near 0), and the encoder decides.
"""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from limbeck.agreement import cohen_kappa
from limbeck.batch import Made, each
from limbeck.context import RunContext
from limbeck.programs.likelihood import Likelihood
from limbeck.programs.taxonomy import Labeller
from limbeck.schemas import OTHER, Artifact, Category, Document, Vote, content_id
from limbeck.sections import EMBEDDED, FAKE
from limbeck.stages.summaries import excerpt

SMALLEST_SCORE = 0.01
"""An encoder's shares below this are not kept."""
MOST_SCORES = 10
"""Shares of one document that are kept."""
MOST_CANDIDATES = 8
"""Labels of one document that a model scores by likelihood: a call each."""

Near = Mapping[str, Sequence[str]]
"""Labels by document, the nearest first."""


@dataclass(frozen=True)
class Reading:
    """One way in which one model labels: an annotator."""

    context: RunContext
    mode: str
    wording: str = ""
    """A person's own instructions; empty for limbeck's."""

    @property
    def annotator(self) -> str:
        """Its name in the vote table."""
        own = f"/{content_id([self.wording])[3:7]}" if self.wording else ""
        return f"llm:{self.context.settings.model.name}/{self.mode}{own}"

    def programs(self, categories: tuple[Category, ...]) -> dict[str, Labeller | Likelihood]:
        """The program that labels, `forth`, and one that should say the same, `back`, to compare it with."""
        if self.mode == "likelihood":
            return {"forth": Likelihood(categories, 0), "back": Likelihood(categories, 1)}
        orders = {"forth": categories, "back": categories[::-1]}
        return {name: Labeller(order, self.mode, self.wording) for name, order in orders.items()}


def readings(context: RunContext) -> list[Reading]:
    """Every model in every mode, and in each of its wordings."""
    modes = context.settings.labels.mode
    return [
        Reading(one, _mode(one, mode), wording)
        for one in (context, *context.others)
        for mode in ((modes,) if isinstance(modes, str) else modes)
        for wording in ("", *context.settings.labels.wordings)
        if not (wording and mode == "likelihood")
    ]


def reading(context: RunContext) -> Reading:
    """How the model reads a table of labels where it does so but for itself."""
    written = [one for one in readings(context) if one.mode != "likelihood"]
    return written[0] if written else Reading(context, _mode(context, "auto"))


def _mode(context: RunContext, mode: str) -> str:
    """How a model labels where nobody says it: small ones choose, others reason."""
    return ("choice" if context.settings.model.name in (EMBEDDED, FAKE) else "reasoned") if mode == "auto" else mode


def encoder_name(context: RunContext) -> str:
    """The encoder as an annotator."""
    return f"encoder:{context.settings.student.encoder}"


async def label_by_llm(
    reading: Reading, program: Labeller | Likelihood, documents: Sequence[Document], step: str, near: Near | None = None
) -> dict[str, Artifact]:
    """Let a model label documents; the artifacts hold `label`, `also`, `reason`, and `shares` where it shares its vote out.

    Args:
        reading: The model and how it reads.
        program: One of `reading.programs`.
        documents: What to label.
        step: The artifacts' step.
        near: The labels worth scoring by likelihood, by document.
    """
    context, use_case = reading.context, reading.context.settings.use_case

    async def work(document: Document) -> Made:
        text = excerpt(context, document.text)
        if isinstance(program, Likelihood):
            said = await program.acall(use_case=use_case, document=text, candidates=(near or {})[document.id])
            return Made({"label": said.label, "also": [said.label], "reason": "", "shares": said.shares}, said)
        said = await program.acall(use_case=use_case, document=text)
        return Made({"label": said.label, "also": said.also, "reason": said.reason}, said)

    return await each(context, step, {one.id: one for one in documents}, work, title="label")


async def probe(
    reading: Reading,
    categories: tuple[Category, ...],
    documents: Sequence[Document],
    title: str,
    near: Near | None = None,
) -> float:
    """Cohen's κ of a model with itself, asked in two ways; 0 where it says too little.

    Args:
        reading: The model and how it reads.
        categories: What to label with.
        documents: A sample is drawn from these.
        title: Tells this probe's artifacts from others'.
        near: As in `label_by_llm`.
    """
    settings = reading.context.settings
    size = min(settings.labels.probe, len(documents))
    drawn = random.Random(settings.seed).sample(list(documents), size)
    answers = [
        await label_by_llm(reading, program, drawn, f"probe/{content_id([title, reading.annotator, place])}", near)
        for place, program in reading.programs(categories).items()
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


def votes_of_llm(name: str, artifacts: Mapping[str, Artifact], space: str) -> tuple[list[Vote], list[Vote]]:
    """A reading's votes for the primary label, and for all labels that apply."""
    primary, applicable = [], []
    for item, artifact in artifacts.items():
        value = json.loads(artifact.value)
        if value:
            shares = value.get("shares") or {value["label"]: 1.0}
            primary += [
                Vote(item=item, space=space, annotator=name, label=label, score=score)
                for label, score in shares.items()
                if score >= SMALLEST_SCORE
            ]
            applicable += [Vote(item=item, space=f"{space}/all", annotator=name, label=one) for one in value["also"]]
    return primary, applicable


def votes_of_shares(
    name: str,
    space: str,
    documents: Sequence[Document],
    labels: Sequence[str],
    shares: np.ndarray[tuple[int, int], np.dtype[np.float32]],
) -> list[Vote]:
    """An annotator's shares [documents, labels] as votes, the small ones left out."""
    votes = []
    for document, row in zip(documents, shares, strict=True):
        for place in np.argsort(-row, kind="stable")[:MOST_SCORES]:
            if row[place] >= SMALLEST_SCORE:
                score = float(row[place])
                votes.append(Vote(item=document.id, space=space, annotator=name, label=labels[place], score=score))
    return votes
