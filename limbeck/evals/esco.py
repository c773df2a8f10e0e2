"""ESCO: which of 13,896 skills does a sentence of a job advertisement ask for? No gold, and no model but the embedded ones.

    cosine           vectors of names, against the sentence's
    bm25             words of names
    fused            both, with windows and late interaction
    described        and with what the list says of labels besides their names
    adapted          the student `adapter`: one vector a sentence, names' words, BM25
    infer_retrieve   described, and labels that the embedded model infers looked up as well
    irera            and its ten best put in order by the embedded model's likelihood
    student          the student `lora`: one vector a sentence, names' words, BM25

Students never see a text that they are scored on: without `--test` they are trained on one half of the sentences and scored
on the other, and the other way round.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limbeck.evals.place import Place, Rows, scratch
from limbeck.progress import Progress
from limbeck.retrieval.labelset import LabelSet, of_names, read
from limbeck.retrieval.lexical import Lexical
from limbeck.retrieval.measures import measure, propensities_of
from limbeck.retrieval.retriever import build
from limbeck.run import STORE, Outcome, resting, run
from limbeck.sections import (
    DocumentsSettings,
    InferSettings,
    LabelsetSettings,
    RankSettings,
    RetrievalSettings,
    StudentSettings,
)
from limbeck.settings import Settings
from limbeck.stages.listed import cached
from limbeck.stages.ranking import ranked
from limbeck.stages.retrieving import options
from limbeck.students import finder_files

USE_CASE = "Find the skills that a sentence of a job advertisement asks for."
FIELDS = {"id": str, "set": str, "text": str, "labels": list}
DEEP = 50
"""How far down rankings are read."""
SCORES = {"rp5": ("rp", 5), "rp10": ("rp", 10), "recall50": ("recall", 50), "ndcg10": ("ndcg", 10), "psp5": ("psp", 5)}
KINDS = {"adapted": "adapter", "student": "lora"}

Rankings = list[list[str]]
"""Of each text: labels, the best first."""


@dataclass(frozen=True)
class Desk:
    """Where an eval's runs are made: one project, so that the labels are embedded once."""

    folder: Path
    labels: Path
    seed: int
    progress: Progress

    def settings(self, **sections: Any) -> Settings:
        """A run's."""
        return Settings(
            pipeline="extreme",
            project=str(self.folder / "project"),
            use_case=USE_CASE,
            labelset=LabelsetSettings(source=str(self.labels), description="text"),
            seed=self.seed,
            **sections,
        )

    def run(self, texts: Sequence[str], **sections: Any) -> tuple[Settings, Outcome]:
        """Run the pipeline over texts."""
        with scratch(list(texts)) as (_, source):
            settings = self.settings(documents=DocumentsSettings(source=str(source), text="text", key="key"), **sections)
            return settings, run(settings, self.progress)


def evaluate(place: Place) -> dict[str, Any]:
    """Rank the labels for `--test`, or else for the development sentences."""
    source = place.file("xmc_esco/labels.jsonl")
    dev, test = place.rows("xmc_esco/dev.jsonl", FIELDS), place.test_rows(FIELDS)
    labels, tested = read(source, {"description": "text"}), dev if test is None else test
    learning, texts = [row["text"] for row in dev], [row["text"] for row in tested]
    with scratch(texts) as (folder, _):
        desk = Desk(folder, source, place.seed, place.progress())
        rankings = _students(desk, learning, texts if test is not None else None)
        rankings |= _by_models(desk, texts)
        rankings |= asyncio.run(_frozen(desk, labels, texts))
    # From here on gold is read.
    return _figures(rankings, tested, labels) | {"labels": len(labels), "test": place.test.name if place.test else "dev"}


def _students(desk: Desk, learning: Sequence[str], texts: Sequence[str] | None) -> dict[str, Rankings]:
    """What students say of texts: of other ones than they learnt from, or of each half by those that learnt the other."""
    if texts is not None:
        return _taught(desk, learning, texts)
    order = random.Random(desk.seed).sample(range(len(learning)), len(learning))
    halves = order[::2], order[1::2]
    said: dict[str, Rankings] = {row: [[] for _ in learning] for row in KINDS}
    for shown, kept in (halves, halves[::-1]):
        found = _taught(desk, [learning[at] for at in shown], [learning[at] for at in kept])
        for row, rankings in found.items():
            for at, ranking in zip(kept, rankings, strict=True):
                said[row][at] = ranking
    return said


def _taught(desk: Desk, learning: Sequence[str], texts: Sequence[str]) -> dict[str, Rankings]:
    """Run the pipeline over some texts without a large model, and let its students rank others."""
    never = {"infer": InferSettings(mode="never"), "rank": RankSettings(mode="never")}
    settings, outcome = desk.run(learning, student=StudentSettings(kinds=("adapter", "lora")), **never)
    with resting(outcome.run, settings, outcome.store) as context:
        paths = {one.kind: context.project / one.path for one in context.store.students(outcome.run)}

    async def said(kind: str) -> Rankings:
        found = await finder_files.load(paths[kind]).rank(texts, DEEP)
        return [[label for label, _ in one] for one in found]

    return {row: asyncio.run(said(kind)) for row, kind in KINDS.items()}


def _by_models(desk: Desk, texts: Sequence[str]) -> dict[str, Rankings]:
    """What the paper's program says with the embedded model."""
    settings, outcome = desk.run(
        texts,
        infer=InferSettings(mode="always"),
        rank=RankSettings(mode="likelihood"),
        student=StudentSettings(kinds=()),
    )
    with resting(outcome.run, settings, outcome.store) as context:
        found, order = options(context), ranked(context)
        documents = {document.text: document.id for document in context.store.documents(outcome.run)}
    by_retrieval = {id: list(one.labels) for id, one in found.items()}
    by_rank = {id: list(dict.fromkeys([*order[id].labels, *one])) for id, one in by_retrieval.items()}
    ids = [documents.get(text, "") for text in texts]  # A text of nothing but white space is no document.
    return {"infer_retrieve": [by_retrieval.get(id, []) for id in ids], "irera": [by_rank.get(id, []) for id in ids]}


async def _frozen(desk: Desk, labels: LabelSet, texts: Sequence[str]) -> dict[str, Rankings]:
    """What retrieval says by itself."""
    bare = of_names(labels.names)
    with resting("", desk.settings(documents=DocumentsSettings(source="-")), desk.folder / "project" / STORE) as context:
        embedder, embed = cached(context, RetrievalSettings())
        retrievers = {
            "cosine": await build(bare, embedder, embed=embed, words=0, late=False, windowed=False),
            "fused": await build(bare, embedder, embed=embed),
            "described": await build(labels, embedder, embed=embed),
        }
        said = {"bm25": _by_words(bare, texts)}
        for row, retriever in retrievers.items():
            found = await retriever.find(texts, count=DEEP)
            said[row] = [[labels.names[at] for at in one.rows.tolist()] for one in found]
    return said


def _by_words(labels: LabelSet, texts: Sequence[str]) -> Rankings:
    """BM25 of names, alone."""
    rows, _ = Lexical.of(labels.names).top(texts, DEEP)
    return [[labels.names[at] for at in row if at >= 0] for row in rows.tolist()]


def _figures(rankings: dict[str, Rankings], tested: Rows, labels: LabelSet) -> dict[str, Any]:
    """Every score of every row, each set apart."""
    sets = sorted({row["set"] for row in tested})
    weights = propensities_of([row["labels"] for row in tested], labels.names)
    figures: dict[str, Any] = {score: {row: {} for row in ROWS} for score in SCORES}
    counts: dict[str, Any] = {}
    for one in sets:
        places = [at for at, row in enumerate(tested) if row["set"] == one]
        gold = [tested[at]["labels"] for at in places]
        for row in ROWS:
            scored = measure([rankings[row][at] for at in places], gold, (5, 10, 50), listed=labels.rows, propensities=weights)
            for name, (score, k) in SCORES.items():
                figures[name][row][one] = round(100 * scored.at[score][k], 2)
            counts[one] = {"scored": scored.documents, "without_gold": scored.without_gold, "unlisted": scored.unlisted}
    return {**figures, "sentences": counts}


ROWS = ("cosine", "bm25", "fused", "described", "adapted", "infer_retrieve", "irera", "student")
