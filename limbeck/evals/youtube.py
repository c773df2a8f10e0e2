"""Spam comments and ten weak labellers: are label model, and a student that reads the text, better than counting votes?

The votes of all comments are read, the gold of none: it scores. Every row is scored on the same comments, which the
student has not seen. A comment on which a model has no label counts as a guess (1 / labels), a tie by its share.
"""

from typing import Any

import numpy as np

from limbeck.encoder import Encoder
from limbeck.evals.place import Place
from limbeck.evals.rivals import crowd_kit, snorkel
from limbeck.labelmodels import VoteTable, fit
from limbeck.prototypes import agreed
from limbeck.students import fit_best
from limbeck.teaching import lessons_of

FIELDS = {"text": str, "label": int, "weak_labels": list}
MODELS = ("majority", "weighted", "balanced", "dawid-skene", "auto")
CROWD_KIT = ("MajorityVote", "DawidSkene", "OneCoinDawidSkene", "GLAD", "MACE")
LABELS = ("0", "1")


def evaluate(place: Place) -> dict[str, Any]:
    """Learn without gold on the development file, score on `--test`, or else on a fifth of the comments kept aside."""
    learning, testing = place.split("weak_youtube/dev.jsonl", FIELDS)
    rows = learning + testing
    table = VoteTable.of_matrix([row["weak_labels"] for row in rows], len(LABELS))
    gold = np.array([row["label"] for row in rows])
    tested = np.arange(len(rows)) >= len(learning)
    encoder = Encoder.load()
    embeddings = encoder.encode([row["text"] for row in rows])
    fitted = {name: fit(table, name) for name in MODELS}  # type: ignore[arg-type]
    said = {name: one.probabilities for name, one in fitted.items()}
    neighbours = agreed(embeddings, said["auto"])
    rivals = {f"crowd-kit {name}": crowd_kit(table, name) for name in CROWD_KIT}
    rivals |= {f"snorkel {name}": snorkel(table, name, place.seed) for name in ("LabelModel", "MajorityLabelVoter")}
    said |= {"neighbours": neighbours} | {name: _whole(one) for name, one in rivals.items()}
    lessons = lessons_of([row["text"] for row in learning], LABELS, said["auto"][~tested], embeddings[~tested])
    student = fit_best(("lora",), lessons, encoder, place.seed, vectors=embeddings[~tested])[1]
    said["student"] = np.zeros_like(neighbours)
    said["student"][tested] = [one.scores for one in student.predict([row["text"] for row in testing])]
    accuracy = {name: _accuracy(one[tested], gold[tested]) for name, one in said.items()}
    return {
        "student_accuracy": accuracy["student"],
        "label_model": accuracy["auto"],
        "majority": accuracy["majority"],
        "accuracy": accuracy,
        "auto": f"{fitted['auto'].method}: {fitted['auto'].why}",
        "learned_from": len(learning),
        "tested_on": len(testing),
        "without_votes": int((~table.voted_on[tested]).sum()),
        "test": place.tested,
    }


def _whole(chosen: Any) -> Any:
    """Chosen labels as probabilities; no label is any label."""
    return np.where(chosen[:, None] < 0, 1 / len(LABELS), np.eye(len(LABELS))[np.maximum(chosen, 0)])


def _accuracy(said: Any, gold: Any) -> float:
    """The share that is right, a tie counted by its share."""
    best = np.isclose(said, said.max(axis=1, keepdims=True), atol=1e-6)
    return round(float((best / best.sum(axis=1, keepdims=True))[np.arange(len(gold)), gold].mean()), 4)
