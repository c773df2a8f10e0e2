"""Measures of rankings: against gold, where the input has some, and students against their teacher."""

from collections.abc import Sequence

from limbeck.batch import Made, one
from limbeck.context import RunContext
from limbeck.retrieval import measures
from limbeck.retrieval.labelset import LabelSet
from limbeck.stages.distilling import unseen
from limbeck.stages.listed import label_set, priors
from limbeck.stages.ranking import ranked
from limbeck.stages.retrieving import options
from limbeck.students import finder_files

STEP = "measures"
SCORES = (("rp", 5), ("rp", 10), ("recall", 50), ("ndcg", 10))


async def measure(context: RunContext) -> None:
    """Score once; gold is read here and nowhere else in a run."""
    if STEP in context.store.artifacts(context.run, STEP):
        return
    labels, gold = label_set(context.settings), true_labels(context)
    made = {
        "labels": _labels(context, labels),
        "gold": await _against_gold(context, labels, gold) if any(gold.values()) else {},
    }

    async def kept() -> Made:
        return Made(made)

    await one(context, STEP, STEP, kept())


def true_labels(context: RunContext) -> dict[str, list[str]]:
    """The labels that the gold column gives each document, in all its places, under the list's own spelling where they are on it."""
    labels = label_set(context.settings)
    gold: dict[str, dict[str, None]] = {}
    for place in context.store.places(context.run):
        gold.setdefault(place.document, {}).update(dict.fromkeys(labels.spelt(place.gold) if place.gold else ()))
    return {document: list(said) for document, said in gold.items()}


def _labels(context: RunContext, labels: LabelSet) -> dict[str, object]:
    """Facts on the list, and what models said that is not on it."""
    order = ranked(context).values()
    _, lost = priors(context.settings)
    return {
        "listed": len(labels),
        "notes": [*labels.notes, *lost],
        "invented": sum(len(one.invented) for one in order),
        "missing": sum(len(one.missing) for one in order),
    }


async def _against_gold(context: RunContext, labels: LabelSet, gold: dict[str, list[str]]) -> dict[str, dict[str, float]]:
    """By what ranked: its scores."""
    found, order = options(context), ranked(context)
    documents = context.store.documents(context.run)
    rankings = {
        "retrieve": {id: list(one.labels) for id, one in found.items()},
        "rank": {id: list(dict.fromkeys([*order[id].labels, *one.labels])) for id, one in found.items()},
    }
    table = {name: _scores(labels, by, gold) for name, by in rankings.items()}
    held = set(unseen(context))
    texts = {document.id: document.text for document in documents if document.id in held and gold.get(document.id)}
    if texts:
        for student in context.store.students(context.run):
            said = await finder_files.load(context.project / student.path).rank(list(texts.values()), count=50)
            by = {id: [label for label, _ in one] for id, one in zip(texts, said, strict=True)}
            table[f"student {student.kind}"] = _scores(labels, by, gold)
        table["rank, where students are tested"] = _scores(labels, {id: rankings["rank"][id] for id in texts}, gold)
    return table


def _scores(labels: LabelSet, ranking: dict[str, list[str]], gold: dict[str, list[str]]) -> dict[str, float]:
    def above(name: str) -> Sequence[str]:
        return [labels.names[row] for row in labels.lineage(labels.rows[name])] if name in labels.rows else ()

    scored = measures.measure(
        [ranking[id] for id in ranking],
        [gold.get(id, []) for id in ranking],
        (5, 10, 50),
        listed=labels.rows,
        lineage=above if labels.parents else None,
    )
    at = {f"{name}{k}": round(scored.at[name][k], 4) for name, k in SCORES}
    hierarchy = {"hf1": round(scored.at["hf1"][5], 4)} if labels.parents else {}
    counts = {"documents": scored.documents, "without_gold": scored.without_gold, "unlisted": scored.unlisted}
    return {**at, **hierarchy, **counts}
