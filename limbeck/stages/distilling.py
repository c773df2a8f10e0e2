"""Distil: students learn which labels retrieval and the model found, and find them without either."""

import random
import time
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from limbeck.context import RunContext
from limbeck.retrieval.chunks import Span, chunks
from limbeck.retrieval.options import Options
from limbeck.retrieval.retriever import PASSAGE
from limbeck.schemas import Document
from limbeck.stages.finder_card import finder_card
from limbeck.stages.keeping import keep, trained
from limbeck.stages.listed import label_set, open_retriever
from limbeck.stages.ranking import Ranked, ranked
from limbeck.stages.retrieving import options
from limbeck.stages.writing import written
from limbeck.students import finder_files
from limbeck.students.finder import KINDS, Kind, teach
from limbeck.students.finding import Pairs

STEP = "distil"
FEWEST = 2
"""Documents without which there is nothing to learn."""
FEW = "too few documents that aren't held out; give more, or write a smaller `student: {held_out: …}`"
SHARPNESS = 0.05
"""Scores of labels are divided by it before they become shares."""
CHOSEN = 0.8
"""The part of the shares that the labels have that a model chose, the first of them the most."""
MOST_HELD_OUT = 600


async def distil(context: RunContext) -> None:
    """Train every kind of student that the config names, keep them all, and mark the one that agrees best."""
    if STEP in context.store.artifacts(context.run, STEP):
        return
    (kinds, why), (shown, held) = _possible(context), lessons(context)
    if len(shown) < FEWEST or not kinds:
        await trained(context, STEP, why or (FEW if kinds else "the config asks for none"))
        return
    started = time.perf_counter()
    retriever = await open_retriever(context)
    with context.progress.stage("train", len(kinds), "students") as stage:
        finders = []
        for kind in kinds:
            note, seed = context.progress.note, context.settings.seed
            finders.append(await teach(kind, shown, held, retriever, context.encoder, seed, note))
            stage.advance(1)
    best = max(finders, key=lambda finder: finder.metrics.get("agreement", 0.0))
    for finder in finders:
        facts = finder_card(context, finder, finder is best, len(shown), len(held))
        save = partial(finder_files.save, finder, settings=context.settings.retrieval)
        space = retriever.labels.id
        keep(context, finder.kind, finder.metrics, space=space, chosen=finder is best, facts=facts, save=save)
    await trained(context, STEP, why, started)


def _possible(context: RunContext) -> tuple[list[Kind], str]:
    """The kinds that can be trained, and why others can't: LoRA moves the texts of the encoder that labels are found with."""
    settings = context.settings
    kinds: list[Kind] = [kind for kind in KINDS if kind in settings.kinds]
    if settings.retrieval.encoder == settings.student.encoder and not settings.retrieval.base_url:
        return kinds, ""
    left: list[Kind] = [kind for kind in kinds if kind != "lora"]
    return left, "lora left out: `retrieval: encoder:` is not `student: encoder:`" if "lora" in kinds else ""


def lessons(context: RunContext) -> tuple[Pairs, Pairs]:
    """What students are shown, and what is held out: documents with what was found of them, and texts that the model wrote."""
    found, order, labels = options(context), ranked(context), label_set(context.settings)
    documents = [one for one in context.store.documents(context.run) if found[one.id].labels]
    held_out = set(unseen(context))
    width = context.settings.retrieval.options
    shown = [_lesson(one, found[one.id], order[one.id]) for one in documents if one.id not in held_out]
    shown += [(text, {label: 1.0}) for text, label in written(context)]
    held = [_lesson(one, found[one.id], order[one.id]) for one in documents if one.id in held_out]
    return _pairs(shown, labels.rows, width), _pairs(held, labels.rows, width)


def unseen(context: RunContext) -> list[str]:
    """The documents that students are not shown, drawn by chance."""
    ids = [one.id for one in context.store.documents(context.run)]
    count = min(round(len(ids) * context.settings.student.held_out), MOST_HELD_OUT)
    return sorted(random.Random(context.settings.seed).sample(ids, count))


def _lesson(document: Document, found: Options, order: Ranked) -> tuple[str, dict[str, float]]:
    """The passage of a document that speaks for most of its labels, and how far each label is believed."""
    shares = np.exp((np.array(found.scores) - max(found.scores)) / SHARPNESS)
    believed = dict(zip(found.labels, (shares / shares.sum()).tolist(), strict=True))
    if order.chosen:
        weights = {label: 1 / (place + 1) for place, label in enumerate(order.labels[: order.chosen])}
        total = sum(weights.values())
        believed = {label: (1 - CHOSEN) * share for label, share in believed.items()}
        for label, weight in weights.items():
            believed[label] = believed.get(label, 0.0) + CHOSEN * weight / total
    best = max(chunks(document.text, PASSAGE), key=lambda part: _spoken(part, found, believed))
    return document.text[best[0] : best[1]], believed


def _spoken(part: Span, found: Options, believed: dict[str, float]) -> float:
    """How much of what is believed of a document a part of it speaks for."""
    return sum(believed[label] for label, passage in zip(found.labels, found.passages, strict=True) if passage == part)


def _pairs(made: Sequence[tuple[str, dict[str, float]]], rows: Mapping[str, int], width: int) -> Pairs:
    """Lessons as arrays, the likeliest labels of each; what is cut off is shared out among them."""
    numbers, shares = np.zeros((len(made), width), np.int64), np.zeros((len(made), width), np.float32)
    for at, (_, believed) in enumerate(made):
        best = sorted(believed.items(), key=lambda one: -one[1])[:width]
        numbers[at, : len(best)] = [rows[label] for label, _ in best]
        shares[at, : len(best)] = [share for _, share in best]
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-9)
    return Pairs(tuple(text for text, _ in made), numbers, shares)
