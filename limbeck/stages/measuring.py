"""Measuring: TnT-LLM's measures (section 4 and appendix A), and gold where there is any. Nothing here changes a result.

Coverage, label accuracy by forced choice, relevance to the use case, κ between annotators, the student's agreement with
labels that it has not seen. Gold labels are read here and nowhere before.
"""

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

from limbeck.agreement import annotator_agreement, wilson_interval
from limbeck.batch import Made, each, one
from limbeck.context import RunContext
from limbeck.metrics import against_gold, coverage
from limbeck.schemas import OTHER, Document, Label
from limbeck.stages.chains import programs
from limbeck.stages.labelling import votes_of_run
from limbeck.stages.parts import unseen
from limbeck.stages.summaries import excerpt
from limbeck.students import load

STEP = "measures"
JUDGED = ("accuracy", "relevance")
NONE = "None"


async def measure(context: RunContext) -> None:
    """Take every measure that the run allows, and keep them as one artifact."""
    taxonomy = context.store.taxonomy(context.run)
    labels = context.store.labels(context.run, taxonomy.id)
    documents = context.store.documents(context.run)
    value: dict[str, Any] = {
        "coverage": coverage([label.label for label in labels]),
        "accuracy": await _forced_choice(context, labels, documents),
        "relevance": await _relevance(context, labels, documents),
        "agreement": annotator_agreement(votes_of_run(context, taxonomy.id), context.settings.seed).model_dump(),
        **_student(context, labels, documents),
    }
    if gold := _gold(context):
        chosen = {label.item: label.label for label in labels}
        value["gold"] = _against(chosen, gold)

    async def made() -> Made:
        return Made(value)

    await one(context, STEP, STEP, made())


async def _forced_choice(context: RunContext, labels: Sequence[Label], documents: Sequence[Document]) -> Any:
    """The share of documents whose label the model prefers to a random other one (or to none of the two)."""
    rows = {row.name: row for row in context.store.taxonomy(context.run).leaves}
    program, use_case = programs(context).prefer, context.settings.use_case
    texts = {document.id: document.text for document in documents}

    async def work(label: Label) -> Made:
        draw = random.Random(f"{context.settings.seed}/{label.item}")
        other = draw.choice([name for name in rows if name != label.label])
        pair = [label.label, other]
        draw.shuffle(pair)
        shown = "\n".join(f"{letter}. {name}: {rows[name].description}" for letter, name in zip("AB", pair, strict=True))
        question = f"### Document\n{excerpt(context, texts[label.item])}\n\n### Labels\n{shown}"
        said = await program.acall(config={"options": ("A", "B", NONE)}, use_case=use_case, question=question)
        return Made({"right": said.answer != NONE and pair["AB".index(said.answer)] == label.label}, said)

    if len(rows) < 2:
        return None
    return _share(await each(context, "measure/accuracy", _judged(context, labels), work))


async def _relevance(context: RunContext, labels: Sequence[Label], documents: Sequence[Document]) -> Any:
    """The share of labels that the model calls relevant to the use case."""
    program, use_case = programs(context).relevant, context.settings.use_case
    texts = {document.id: document.text for document in documents}

    async def work(label: Label) -> Made:
        question = f"### Document\n{excerpt(context, texts[label.item])}\n\n### Label\n{label.label}"
        said = await program.acall(config={"options": ("yes", "no")}, use_case=use_case, question=question)
        return Made({"right": said.answer == "yes"}, said)

    return _share(await each(context, "measure/relevance", _judged(context, labels), work))


def _judged(context: RunContext, labels: Sequence[Label]) -> dict[str, Label]:
    """The labels that are judged: a sample of those that are not `Other`."""
    named = [label for label in labels if label.label != OTHER]
    size = min(context.settings.measures.sample, len(named))
    return {label.item: label for label in random.Random(context.settings.seed).sample(named, size)}


def _share(artifacts: Mapping[str, Any]) -> dict[str, float] | None:
    """The share of right ones, with Wilson's 95% interval."""
    answers = [json.loads(one.value) for one in artifacts.values() if one.status != "failed"]
    if not answers:
        return None
    right = sum(answer["right"] for answer in answers)
    low, high = wilson_interval(right, len(answers))
    return {"value": right / len(answers), "low": low, "high": high, "n": len(answers)}


def _student(context: RunContext, labels: Sequence[Label], documents: Sequence[Document]) -> dict[str, Any]:
    """Each student's agreement with the labels on documents it has not seen, and with gold where there is any."""
    held, chosen = unseen(context, list(documents)), {label.item: label.label for label in labels}
    texts = [one for one in documents if one.id in held and chosen.get(one.id, OTHER) != OTHER]
    gold = _gold(context)
    found: dict[str, Any] = {}
    for student in context.store.students(context.run):
        said = load(context.project / student.path).predict([one.text for one in texts])
        answers = {one.id: prediction.label for one, prediction in zip(texts, said, strict=True)}
        scores: dict[str, Any] = {"unseen": len(texts), "agreement": _agreement(answers, chosen)}
        known = {item: gold[item] for item in answers if item in gold}
        if known:
            scores["gold"] = _against(answers, known)
        found[student.kind] = scores
    return {"students": found}


def _agreement(answers: Mapping[str, str], chosen: Mapping[str, str]) -> float | None:
    return sum(chosen[item] == label for item, label in answers.items()) / len(answers) if answers else None


def _gold(context: RunContext) -> dict[str, str]:
    return {place.document: place.gold for place in context.store.places(context.run) if place.gold is not None}


def _against(chosen: Mapping[str, str], gold: Mapping[str, str]) -> dict[str, Any]:
    items = [item for item in gold if item in chosen]
    return against_gold([chosen[item] for item in items], [gold[item] for item in items]).model_dump()


