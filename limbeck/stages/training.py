"""Training: students learn the labels of most documents and are tested on the rest, which none of them has seen."""

import time

from limbeck.context import RunContext
from limbeck.encoder import Embeddings
from limbeck.stages.card import cards
from limbeck.stages.keeping import keep, trained
from limbeck.stages.labelling import answers, believed, likely_to_apply
from limbeck.stages.parts import parts
from limbeck.students import Lessons, fit_best, kinds_for
from limbeck.students.student import KINDS
from limbeck.teaching import lessons_of

STEP = "train"
FEWEST = 2
"""Labelled documents without which there is nothing to learn."""


async def train(context: RunContext) -> None:
    """Train every kind of student that the config names, keep them all, and mark the best.

    Students of before a review learnt labels that are no longer so, and are no longer the run's.
    """
    if STEP in context.store.artifacts(context.run, STEP):
        return
    before = context.store.students(context.run)
    context.store.forget_students(context.run)
    made = make_lessons(context) if context.settings.student.kinds else None
    if made is None:
        why = "too few labelled documents" if context.settings.student.kinds else "the config asks for none"
        await trained(context, STEP, f"{why}; those of before learnt other labels" if before else why)
        return
    lessons, vectors = made
    # The others are students of other pipelines; the config was refused if one is here.
    wanted = tuple(kind for kind in KINDS if kind in context.settings.student.kinds)
    worthwhile = kinds_for(len(lessons.labels))
    kinds = [kind for kind in wanted if kind in worthwhile] or list(wanted)
    started = time.perf_counter()
    with context.progress.stage("train", len(kinds), "students") as stage:
        seed, note = context.settings.seed, context.progress.note
        students, best = fit_best(kinds, lessons, context.encoder, seed, note, vectors)
        stage.advance(len(kinds))
    space = context.store.taxonomy(context.run).id
    for student, facts in zip(students, cards(context, students, best), strict=True):
        best_one = student is best
        keep(context, student.kind, student.metrics, space=space, chosen=best_one, facts=facts, save=student.save)
    left_out = sorted(set(wanted) - set(kinds))
    await trained(context, STEP, f"{', '.join(left_out)} left out: too many labels" if left_out else "", started)


def make_lessons(context: RunContext) -> tuple[Lessons, Embeddings] | None:
    """What students are shown, and its embeddings."""
    documents = context.store.documents(context.run)
    taxonomy = context.store.taxonomy(context.run)
    labels = {one.item: one for one in context.store.labels(context.run, taxonomy.id)}
    wanted = set(parts(context).shown)
    rows = [row for row, one in enumerate(documents) if one.id in wanted]
    if len(rows) < FEWEST:
        return None
    shown = [documents[row] for row in rows]
    items, told = [one.id for one in shown], answers(context, taxonomy.id)
    known = {row: taxonomy.names.index(told[item]) for row, item in enumerate(items) if told.get(item) in taxonomy.names}
    vectors = context.embed(documents)[rows]
    lessons = lessons_of(
        [one.text for one in shown],
        taxonomy.names,
        believed(context, taxonomy.id, items, taxonomy.names),
        vectors,
        known=known,
        weights=[labels[item].confidence for item in items],
        applicable=likely_to_apply(context, taxonomy.names, taxonomy.id, items),
    )
    return lessons, vectors
