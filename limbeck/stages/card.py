"""The data card of each student: the facts of its run, gathered when it is trained."""

import json
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from limbeck.agreement import annotator_agreement
from limbeck.context import RunContext
from limbeck.limits import limits
from limbeck.reliability import Reliability, reliabilities
from limbeck.schemas import PEOPLE, Decision, Errors, Taxonomy, Vote, content_id
from limbeck.schemas.card import (
    Agreement,
    Annotator,
    Applying,
    Card,
    Confusion,
    Kind,
    LabelSize,
    LeftOut,
    Noise,
    Pair,
    Source,
    Training,
)
from limbeck.schemas.quality import AGGREGATE
from limbeck.stages.errors import errors
from limbeck.stages.labelling import CLUSTERS, votes_of_run
from limbeck.stages.parts import Parts, parts, spared
from limbeck.students import Student
from limbeck.students.student import name_of

CONFUSIONS = 3
"""An annotator's errors that a card names."""
KINDS: dict[str, Kind] = {
    "llm:": "model",
    "encoder:": "encoder",
    CLUSTERS: "clusters",
    "rule:": "rule",
    "neighbours": "examples",
    PEOPLE: "person",
}
"""What an annotator is, by the beginning of its name; all others look for words."""


def cards(context: RunContext, students: Sequence[Student], best: Student) -> list[Card]:
    """One card a student; those of one run differ in how the student was trained."""
    space, looked, parted = context.store.taxonomy(context.run), errors(context), parts(context)
    decision, votes = _decision(context, space.id), votes_of_run(context, space.id)
    answered = len(spared(context, context.store.documents(context.run)))
    left = LeftOut(**{name: len(getattr(parted, name)) for name in LeftOut.model_fields})
    made = []
    for student in students:
        card = Card(
            use_case=context.settings.use_case,
            source=source(context),
            method=decision.method,
            why=bare(context, decision.why),
            applying=_applying(context, space.id),
            annotators=_annotators(context, votes, decision, space.id),
            agreement=_agreement(context, votes),
            labels=_labels(context, space, looked, parted),
            noise=Noise(rate=looked.rate, found=len(looked.found), confused=looked.confused)
            if looked
            else None,
            errors=context.settings.labels.errors,
            left_out=left,
            training=_training(context, student, len(parted.shown), answered, student is best),
        )
        made.append(card.model_copy(update={"limits": limits(card)}))
    return made


def bare(context: RunContext, text: str) -> str:
    """A text in which models and encoders have no folders above them: a card names no machine."""
    settings = context.settings
    encoders = (settings.student.encoder, settings.retrieval.encoder)
    for name in (*(model.name for model in settings.models), *encoders):
        if Path(name).is_absolute() or name.startswith(".."):
            text = text.replace(name, Path(name).name)
    return text


def kind_of(annotator: str) -> Kind:
    """What an annotator is."""
    return next((kind for start, kind in KINDS.items() if annotator.startswith(start)), "patterns")


def source(context: RunContext) -> Source:
    """Where the run's texts came from."""
    places, run = context.store.places(context.run), context.store.run(context.run)
    skipped = json.loads(run.summary).get("skipped", []) if run else []
    return Source(
        file=Path(context.settings.documents.source).name,
        content=content_id([place.document for place in places]),
        rows=len(places),
        documents=len({place.document for place in places}),
        # A sentence begins with the source as it was given.
        skipped=tuple(": ".join(sentence.rsplit(": ", 2)[-2:]) for sentence in skipped),
    )


def _decision(context: RunContext, space: str) -> Decision:
    kept = context.store.artifacts(context.run, AGGREGATE).get(space)
    return (
        Decision.model_validate_json(kept.value)
        if kept
        else Decision(method=context.settings.labels.aggregate)
    )


def _applying(context: RunContext, space: str) -> Applying | None:
    """How all labels that apply were decided; None where one label counts."""
    kept = context.store.artifacts(context.run, AGGREGATE).get(f"{space}/all")
    if kept is None:
        return None
    decision = Decision.model_validate_json(kept.value)
    return Applying(method=decision.method, why=bare(context, decision.why))


def _annotators(
    context: RunContext, votes: Sequence[Vote], decision: Decision, space: str
) -> tuple[Annotator, ...]:
    labels, documents = context.store.labels(context.run, space), context.store.documents(context.run)
    found = reliabilities(votes, labels, len(documents), decision.method)
    return tuple(_annotator(context, one, (decision.weights or {}).get(one.annotator)) for one in found)


def _annotator(context: RunContext, one: Reliability, weight: float | None) -> Annotator:
    return Annotator(
        name=bare(context, one.annotator),
        kind=kind_of(one.annotator),
        voted=one.voted,
        coverage=one.coverage,
        weight=weight,
        accuracy=one.accuracy,
        kappa=one.kappa,
        confusions=tuple(
            Confusion(label=label, voted=voted, share=share)
            for label, voted, share, _ in one.confused(CONFUSIONS)
        ),
    )


def _agreement(context: RunContext, votes: Sequence[Vote]) -> Agreement:
    found = annotator_agreement(votes, context.settings.seed, intervals=False)
    pairs = tuple(
        Pair(first=bare(context, a), second=bare(context, b), kappa=estimate.value, documents=estimate.n)
        for a, b in combinations(found.annotators, 2)
        if (estimate := found.pairs.get(f"{a} | {b}"))
    )
    return Agreement(fleiss=found.fleiss.value, pairs=pairs)


def _labels(
    context: RunContext, taxonomy: Taxonomy, looked: Errors | None, parted: Parts
) -> tuple[LabelSize, ...]:
    labels = {one.item: one.label for one in context.store.labels(context.run, taxonomy.id)}
    every, shown = Counter(labels.values()), Counter(labels[item] for item in parted.shown)
    rates = looked.rates if looked else {}
    return tuple(
        LabelSize(name=name, documents=every[name], shown=shown[name], noise=rates.get(name))
        for name in taxonomy.names
    )


def _training(context: RunContext, student: Student, lessons: int, answered: int, chosen: bool) -> Training:
    return Training(
        kind=student.kind,
        encoder=bare(context, name_of(student.encoder)),
        max_tokens=student.encoder.max_tokens,
        seed=context.settings.seed,
        lessons=lessons,
        spared=answered,
        chosen=chosen,
        # How long it took tells of a machine, not of the student.
        metrics={name: figure for name, figure in student.metrics.items() if name != "seconds"},
        temperature=student.calibration.temperature,
        thresholds=student.calibration.thresholds,
    )
