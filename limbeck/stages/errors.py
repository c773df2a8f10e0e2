"""Likely label errors of a run: labels that a judge which was not shown them finds wrong; for reviewers and the data card."""

import numpy as np

from limbeck.batch import Made, one
from limbeck.context import RunContext
from limbeck.encoder import Embeddings
from limbeck.noise import find, find_applicable, out_of_sample
from limbeck.schemas import OTHER, YES, Errors
from limbeck.schemas.quality import ERRORS as STEP
from limbeck.stages.labelling import answers, applied, believed
from limbeck.students.lessons import Floats

MOST_CONFUSED = 10
FEWEST = 10
"""Labels without which nothing can be said of them."""
NONE = "none"
"""What is listed where no label applies."""


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
    labels = {one.item: one.label for one in context.store.labels(context.run, taxonomy.id) if one.label != OTHER}
    rows = [row for row, one in enumerate(documents) if one.id in labels]
    if len(rows) < FEWEST:
        return None
    items, vectors = [documents[row].id for row in rows], context.embed(documents)[rows]
    if context.settings.labels.several:
        return _among_several(context, list(taxonomy.names), taxonomy.id, items, vectors)
    names = list(taxonomy.names)
    given = np.array([names.index(labels[item]) for item in items])
    judge = out_of_sample(vectors, believed(context, taxonomy.id, items, names), seed=context.settings.seed)
    noise, checked, best = find(given, judge), answers(context, taxonomy.id), judge.argmax(axis=1)
    return Errors(
        rate=noise.rate,
        rates={name: float(rate) for name, rate in zip(names, noise.rates, strict=True)},
        found=tuple((items[row], names[given[row]], names[best[row]]) for row in noise.errors if items[row] not in checked),
        confused=tuple((names[a], names[b], count) for a, b, count in noise.confused(MOST_CONFUSED)),
    )


def _among_several(
    context: RunContext, names: list[str], space: str, items: list[str], vectors: Embeddings
) -> Errors:
    """The same where several labels may apply: documents with one that is probably wrong or missing.

    `rates` are the share of each label's documents that are among them; who is mixed up with whom can't be told.
    """
    given = applied(context, names, space, items)
    judge = out_of_sample(vectors, given, several=True, seed=context.settings.seed)
    rows, checked = find_applicable(given, judge)[0], answers(context, space)
    wrong = [row for row in rows.tolist() if items[row] not in checked]
    has, doubtful = given.sum(axis=0), given[wrong].sum(axis=0)
    return Errors(
        rate=len(wrong) / len(items),
        rates=dict(zip(names, (doubtful / np.maximum(has, 1)).tolist(), strict=True)),
        found=tuple((items[row], _listed(names, given[row]), _listed(names, judge[row])) for row in wrong),
        confused=(),
    )


def _listed(names: list[str], applies: Floats) -> str:
    return ", ".join(name for name, yes in zip(names, applies, strict=True) if yes >= YES) or NONE
