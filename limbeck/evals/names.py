"""From label names alone: a run that is given texts and names, and what each annotator, the labels and the student say.

Gold is no part of it, but for the answers of a person in whose place it stands where reviews are asked for.
"""

import dataclasses
import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from limbeck.evals.place import Place, scratch
from limbeck.metrics import against_gold, multilabel
from limbeck.reviewing import AT_A_TIME, opened
from limbeck.run import Outcome, run
from limbeck.schemas import YES
from limbeck.sections import (
    DocumentsSettings,
    LabelSettings,
    MeasureSettings,
    StudentSettings,
    TaxonomySettings,
)
from limbeck.settings import Settings
from limbeck.show import rows as ask_rows
from limbeck.stages.review import learn, questions, record
from limbeck.students import Prediction, load
from limbeck.students.calibration import expected_calibration_error

PROBED = 24

Said = Sequence[Collection[str]]
"""The labels of each text; none where it abstains."""


@dataclass(frozen=True)
class Found:
    """What came of a run."""

    annotators: Mapping[str, Said]
    """What each says of the texts that were learnt from."""
    labels: Said
    """What the votes came to."""
    student: Sequence[Prediction]
    """What the student says of the texts that it was tested on."""
    names: tuple[str, ...]
    """The labels that the student knows."""
    metrics: dict[str, Any]
    """The student's own, against its teacher."""
    before: "Found | None" = None
    """The same before a person answered."""


def from_names(
    place: Place,
    use_case: str,
    names: Sequence[str],
    learning: Sequence[str],
    testing: Sequence[str],
    *,
    read_by_llm: int,
    several: bool = False,
    answers: Sequence[str] = (),
) -> Found:
    """Label texts by names, and train a LoRA student.

    Args:
        place: The seed, and how many answers a person gives.
        use_case: What the model is told.
        names: `name` or `name: description`.
        learning: Texts to label and learn from.
        testing: Texts that only the student sees, in the end.
        read_by_llm: How many texts the model labels; the encoder labels all.
        several: Whether several labels may apply to a text, or none.
        answers: A person's, for each text to learn from; looked at for the texts that are asked about.
    """
    with scratch(list(learning)) as (folder, source):
        settings = Settings(
            project=str(folder / "project"),
            use_case=use_case,
            documents=DocumentsSettings(source=str(source), text="text", key="key"),
            taxonomy=TaxonomySettings(given=tuple(names)),
            labels=LabelSettings(several=several, llm_limit=read_by_llm, probe=PROBED),
            student=StudentSettings(kinds=("lora",), held_out=0.05),
            measures=MeasureSettings(sample=0),
            seed=place.seed,
        )
        outcome = run(settings, place.progress())
        found = _found(outcome, learning, testing, several)
        if place.reviews:
            _review(outcome, answers, place.reviews)
            outcome = run(settings, place.progress())
            found = dataclasses.replace(_found(outcome, learning, testing, several), before=found)
        return found


def _review(outcome: Outcome, answers: Sequence[str], count: int) -> None:
    """Answer `count` questions, as a session in the terminal would."""
    with opened(outcome.store.parent, outcome.run) as context:
        right = {place.document: answers[int(place.key)] for place in context.store.places(context.run)}
        for start in range(0, count, AT_A_TIME):
            asked = [one.document.id for one in questions(context, min(AT_A_TIME, count - start))]
            record(context, "gold-in-their-place", {item: right[item] for item in asked})
            learn(context)


def _found(outcome: Outcome, learning: Sequence[str], testing: Sequence[str], several: bool) -> Found:
    trained = ask_rows(outcome.store, "SELECT path, metrics FROM students")[0]
    student = load(outcome.store.parent / trained["path"])
    votes, labels = (_said(outcome, table, len(learning), several) for table in ("votes", "labels"))
    return Found(votes, labels["labels"], student.predict(testing), student.labels, json.loads(trained["metrics"]))


def _said(outcome: Outcome, table: str, texts: int, several: bool) -> dict[str, Said]:
    """The labels of each text, by who says them: its best one, or all that it finds likely to apply."""
    who, score = ("annotator", "score") if table == "votes" else ("'labels'", "confidence")
    chosen, kind = ("label", f"{score} >= {YES} AND") if several else (f"arg_max(label, {score})", "NOT")
    sql = (
        f"SELECT {who} AS who, p.key, {chosen} AS label FROM {table} t JOIN places p ON p.document = t.item "
        f"WHERE {kind} ends_with(space, '/all')" + ("" if several else " GROUP BY ALL")
    )
    said: dict[str, list[set[str]]] = defaultdict(lambda: [set() for _ in range(texts)])
    for row in ask_rows(outcome.store, sql):
        said[row["who"]][int(row["key"])].add(row["label"])
    return dict(sorted(said.items()))


def table(found: Found, gold: Said, unseen: Said, several: bool) -> dict[str, Any]:
    """Each annotator, the labels and the student, scored in one table.

    Args:
        found: What came of the run.
        gold: The labels of the texts that were learnt from.
        unseen: Those of the texts that the student was tested on.
        several: As in `from_names`.
    """
    student = [one.applicable if several else {one.label} for one in found.student]
    rows = {**found.annotators, "labels": found.labels}
    return {
        **{name: {"on": "learned from", **_scores(said, gold, several)} for name, said in rows.items()},
        "student": {"on": "tested on", **_scores(student, unseen, several), **({} if several else _calibrated(found, unseen))},
    }


def _calibrated(found: Found, unseen: Said) -> dict[str, float]:
    """The expected calibration error of the student's primary labels, against gold."""
    shares = np.array([one.scores for one in found.student])
    best = shares.argmax(axis=1)
    # A label that was chosen and is not right stands for any other one.
    hard = [at if found.names[at] in labels else -1 for at, labels in zip(best, unseen, strict=True)]
    return {"ece": round(expected_calibration_error(shares, np.array(hard)), 4)}


def _scores(said: Said, gold: Said, several: bool) -> dict[str, float]:
    """Of the texts on which something was said; where several labels may apply, nothing is an answer, too."""
    if several:
        scores = multilabel(said, gold)
        return {"micro_f1": round(scores["f1"], 4), "macro_f1": round(scores["macro_f1"], 4)}
    pairs = [(*one, *right) for one, right in zip(said, gold, strict=True) if one]
    scored = against_gold([one for one, _ in pairs], [right for _, right in pairs])
    return {
        "accuracy": round(scored.accuracy, 4),
        "macro_f1": round(scored.macro_f1, 4),
        "coverage": round(len(pairs) / max(1, len(gold)), 4),
    }
