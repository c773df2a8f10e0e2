"""BANKING77 with its label names and none of its labels: how good is the student on texts it has not seen?

With reviews, limbeck chooses the messages that a person is asked about, and the gold label answers in the person's place.
"""

import json
import random
from typing import Any

from limbeck.evals.place import Place, scratch
from limbeck.metrics import against_gold
from limbeck.reviewing import AT_A_TIME, opened
from limbeck.run import Outcome, run
from limbeck.settings import (
    DocumentsSettings,
    LabelSettings,
    MeasureSettings,
    Settings,
    StudentSettings,
    TaxonomySettings,
)
from limbeck.show import rows as ask_rows
from limbeck.stages.review import learn, questions, record
from limbeck.students import load

USE_CASE = "Route a customer's message to the bank's team that can answer it."
READ_BY_LLM, PROBED = 200, 24
"""Messages that the model labels too; the encoder labels all."""
UNSEEN = 0.2
FIELDS = ("text", "label")


def evaluate(place: Place) -> dict[str, Any]:
    """Train on the texts of the development file, score on `--test`, or else on a fifth of the texts kept aside."""
    learning, testing = _split(place.rows("class_banking77/dev.jsonl", FIELDS), place.test_rows(FIELDS), place.seed)
    names = {label: label.replace("_", " ") for label in sorted({row["label"] for row in learning})}
    with scratch([row["text"] for row in learning]) as (folder, source):
        settings = Settings(
            project=str(folder / "project"),
            use_case=USE_CASE,
            documents=DocumentsSettings(source=str(source), text="text", key="key"),
            taxonomy=TaxonomySettings(given=tuple(names.values())),
            labels=LabelSettings(llm_limit=READ_BY_LLM, probe=PROBED),
            student=StudentSettings(kinds=("lora",), held_out=0.05),
            measures=MeasureSettings(sample=0),
            seed=place.seed,
        )
        outcome = run(settings, place.progress())
        if place.reviews:
            _review(outcome, {str(at): names[row["label"]] for at, row in enumerate(learning)}, place.reviews)
            outcome = run(settings, place.progress())
        found = ask_rows(outcome.store, "SELECT path, metrics FROM students")[0]
        said = load(outcome.store.parent / found["path"]).predict([row["text"] for row in testing])
        labels = ask_rows(
            outcome.store, "SELECT p.key, l.label FROM places p JOIN labels l ON l.item = p.document WHERE NOT "
            "ends_with(l.space, '/all')"
        )
        votes = ask_rows(
            outcome.store,
            "SELECT annotator, p.key, arg_max(v.label, v.score) AS label FROM votes v JOIN places p "
            "ON p.document = v.item WHERE NOT ends_with(space, '/all') GROUP BY ALL",
        )
    # From here on gold is read.
    gold = [names.get(row["label"], row["label"]) for row in testing]
    scores = against_gold([one.label for one in said], gold)
    return {
        "student_accuracy": round(scores.accuracy, 4),
        "student_macro_f1": round(scores.macro_f1, 4),
        "labels_accuracy": _accuracy(labels, learning, names),
        "annotators": {
            name: _accuracy([vote for vote in votes if vote["annotator"] == name], learning, names)
            for name in sorted({vote["annotator"] for vote in votes})
        },
        "student": {"kind": "lora", **json.loads(found["metrics"])},
        "reviews": place.reviews,
        "learned_from": len(learning),
        "tested_on": len(testing),
        "test": str(place.test.name) if place.test else f"{UNSEEN:.0%} of dev",
    }


def _review(outcome: Outcome, gold: dict[str, str], count: int) -> None:
    """Answer `count` questions with the gold label, as a session in the terminal would."""
    with opened(outcome.store.parent, outcome.run) as context:
        right = {place.document: gold[place.key] for place in context.store.places(context.run)}
        for start in range(0, count, AT_A_TIME):
            asked = [one.document.id for one in questions(context, min(AT_A_TIME, count - start))]
            record(context, "gold-in-their-place", {item: right[item] for item in asked})
            learn(context)


def _split(dev: list[dict[str, Any]], test: list[dict[str, Any]] | None, seed: int) -> tuple[list[Any], list[Any]]:
    if test is not None:
        return dev, test
    shuffled = random.Random(seed).sample(dev, len(dev))
    held = int(len(shuffled) * UNSEEN)
    return shuffled[held:], shuffled[:held]


def _accuracy(said: list[dict[str, Any]], learning: list[dict[str, Any]], names: dict[str, str]) -> float:
    right = [row["label"] == names[learning[int(row["key"])]["label"]] for row in said]
    return float(round(sum(right) / len(right), 4))
