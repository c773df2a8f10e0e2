"""A teacher that errs on purpose: how good is a student whose labels are wrong at 10 to 50%, and are the errors found?

Gold labels are flipped, either to any other label or always to the one that is most easily confused with it; the flipped
ones are all that the student and the search for errors are shown. Gold comes back to score, on unseen texts.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from limbeck.encoder import Encoder
from limbeck.evals.place import Place
from limbeck.noise import find, out_of_sample
from limbeck.prototypes import centred
from limbeck.students import fit_best
from limbeck.teaching import lessons_of

RATES = (0.1, 0.2, 0.3, 0.4, 0.5)
FIELDS = {"text": str, "label": str}

Rows = np.ndarray[Any, np.dtype[np.int64]]


def evaluate(place: Place) -> dict[str, Any]:
    """Train on the development file with flipped labels, score on `--test`, or else on a fifth of the texts kept aside."""
    learning, testing = place.split("class_banking77/dev.jsonl", FIELDS)
    names = sorted({row["label"] for row in learning})
    encoder = Encoder.load()
    texts, unseen = [row["text"] for row in learning], [row["text"] for row in testing]
    embeddings = encoder.encode(texts)
    gold = np.array([names.index(row["label"]) for row in learning])
    answers = [row["label"] for row in testing]
    curves: dict[str, list[dict[str, float]]] = {}
    for kind, flip in flips(embeddings, gold, len(names)).items():
        for rate in RATES:
            given = flip(rate, np.random.default_rng(place.seed))
            shares = np.eye(len(names), dtype=np.float32)[given]
            lessons = lessons_of(texts, names, shares, embeddings)
            student = fit_best(("lora",), lessons, encoder, place.seed, place.progress().note, embeddings)[1]
            right = [said.label == label for said, label in zip(student.predict(unseen), answers, strict=True)]
            curves.setdefault(kind, []).append(
                {
                    "rate": rate,
                    "teacher": round(float((given == gold).mean()), 4),
                    "agreed": round(float((lessons.hard == gold).mean()), 4),
                    "student": round(sum(right) / len(right), 4),
                    **_search(given, gold, shares, embeddings, place.seed),
                }
            )
    points = [point for curve in curves.values() for point in curve]
    return {
        "above_teacher": all(point["student"] > point["teacher"] for point in points),
        "least_gain": round(min(point["student"] - point["teacher"] for point in points), 4),
        "curves": curves,
        "learned_from": len(learning),
        "tested_on": len(testing),
        "test": place.tested,
    }


Flip = Callable[[float, np.random.Generator], Rows]


def flips(embeddings: Any, gold: Rows, k: int) -> dict[str, Flip]:
    """Both kinds of noise: from a rate to labels of which that share is wrong."""
    directions = centred(embeddings)
    centres = centred(np.stack([directions[gold == label].mean(axis=0) for label in range(k)]))
    confused = (centres @ centres.T - 2 * np.eye(k)).argmax(axis=1)

    def uniform(rate: float, draw: np.random.Generator) -> Rows:
        others = (gold + draw.integers(1, k, len(gold))) % k
        return np.where(draw.random(len(gold)) < rate, others, gold)

    def confusable(rate: float, draw: np.random.Generator) -> Rows:
        return np.where(draw.random(len(gold)) < rate, confused[gold], gold)

    return {"uniform": uniform, "confusable": confusable}


def _search(given: Rows, gold: Rows, shares: Any, embeddings: Any, seed: int) -> dict[str, float]:
    """How well confident learning estimates the noise, and finds the errors."""
    noise = find(given, out_of_sample(embeddings, shares, seed=seed))
    wrong = given != gold
    return {
        "estimated_rate": round(noise.rate, 4),
        "errors_precision": round(float(wrong[noise.errors].mean()) if len(noise.errors) else 0.0, 4),
        "errors_recall": round(float(wrong[noise.errors].sum() / wrong.sum()), 4),
    }
