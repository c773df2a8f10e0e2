"""Likely label errors of a run: labels that a judge which was not shown them finds wrong; for reviewers and the data card."""

import numpy as np

from limbeck.batch import Made, one
from limbeck.context import RunContext
from limbeck.noise import find, out_of_sample
from limbeck.schemas import OTHER, Errors
from limbeck.schemas.quality import ERRORS as STEP
from limbeck.stages.labelling import answers, believed

MOST_CONFUSED = 10
FEWEST = 10
"""Labels without which nothing can be said of them."""


async def look(context: RunContext) -> None:
    """Look for errors among the labels that nobody but annotators gave, and keep what was found."""

    async def made() -> Made:
        found = _judged(context)
        return Made(found.model_dump(mode="json") if found else None)

    await one(context, STEP, STEP, made())


def errors(context: RunContext) -> Errors | None:
    """What `look` found; None where there were too few labels or it has not looked."""
    kept = context.store.artifacts(context.run, STEP).get(STEP)
    return Errors.model_validate_json(kept.value) if kept and kept.value != "null" else None


def _judged(context: RunContext) -> Errors | None:
    taxonomy, documents = context.store.taxonomy(context.run), context.store.documents(context.run)
    names = list(taxonomy.names)
    labels = {one.item: one.label for one in context.store.labels(context.run, taxonomy.id) if one.label != OTHER}
    rows = [row for row, one in enumerate(documents) if one.id in labels]
    if len(rows) < FEWEST:
        return None
    items = [documents[row].id for row in rows]
    given = np.array([names.index(labels[item]) for item in items])
    judge = out_of_sample(
        context.embed(documents)[rows], believed(context, taxonomy.id, items, names), seed=context.settings.seed
    )
    noise = find(given, judge)
    checked = answers(context, taxonomy.id)
    best = judge.argmax(axis=1)
    return Errors(
        rate=noise.rate,
        rates={name: float(rate) for name, rate in zip(names, noise.rates, strict=True)},
        found=tuple((items[row], names[given[row]], names[best[row]]) for row in noise.errors if items[row] not in checked),
        confused=tuple((names[a], names[b], count) for a, b, count in noise.confused(MOST_CONFUSED)),
    )
