"""Medical relations by a crowd: which sentences state a cause or a treatment? Our label models beside crowd-kit's.

Each worker says yes or no of a sentence; gold is what experts adjudicated, unclear cases left out. Nothing is learnt
from gold: the votes are all that the models see.
"""

from typing import Any

import numpy as np

from limbeck.evals.place import Place
from limbeck.evals.rivals import crowd_kit
from limbeck.labelmodels import VoteTable, fit

MODELS = ("majority", "weighted", "soft", "balanced", "dawid-skene", "auto")
FIELDS = {"question": str, "votes": list, "yes_options": list}
QUESTIONS = ("cause", "treat")


def evaluate(place: Place) -> dict[str, Any]:
    """F1 of the positive class, by question and together."""
    rows = place.test_rows(FIELDS) or place.rows("crowd_medrel/dev.jsonl", FIELDS)
    said: dict[str, dict[str, Any]] = {}
    gold: dict[str, Any] = {}
    why = {}
    for question in QUESTIONS:
        asked = [row for row in rows if row["question"] == question]
        table = _table(asked)
        gold[question] = np.array([row.get("adjudicated") or 0 for row in asked])
        fitted = {name: fit(table, name) for name in MODELS}  # type: ignore[arg-type]
        why[question] = f"{fitted['auto'].method}: {fitted['auto'].why}"
        chosen = {name: one.chosen == 1 for name, one in fitted.items()}
        rivals = {f"crowd-kit {name}": crowd_kit(table, name) == 1 for name in ("MajorityVote", "DawidSkene", "OneCoinDawidSkene", "GLAD")}
        said[question] = chosen | rivals
    f1 = {name: _scores(name, said, gold) for name in said[QUESTIONS[0]]}
    return {
        "f1": f1,
        "difference": round(f1["dawid-skene"]["both"] - f1["crowd-kit DawidSkene"]["both"], 4),
        "differences": {q: round(f1["dawid-skene"][q] - f1["crowd-kit DawidSkene"][q], 4) for q in (*QUESTIONS, "both")},
        "auto": why,
        "sentences": {question: int((gold[question] != 0).sum()) for question in QUESTIONS},
    }


def _table(rows: list[dict[str, Any]]) -> VoteTable:
    """A worker's yes is 1, a no 0; every sentence has votes."""
    votes = [
        (place, vote["w"], int(bool(set(vote["options"]) & set(row["yes_options"]))))
        for place, row in enumerate(rows)
        for vote in row["votes"]
    ]
    item, worker, label = zip(*votes, strict=True)
    return VoteTable.of_arrays(np.array(item), np.array(worker), np.array(label))


def _scores(name: str, said: dict[str, dict[str, Any]], gold: dict[str, Any]) -> dict[str, float]:
    pairs = {question: (said[question][name], gold[question]) for question in QUESTIONS}
    together = tuple(np.concatenate(parts) for parts in zip(*pairs.values(), strict=True))
    return {question: _f1(*pair) for question, pair in {**pairs, "both": together}.items()}


def _f1(said: Any, gold: Any) -> float:
    """Of the positive class, on what was adjudicated as 1 or -1."""
    clear = gold != 0
    hits = int((said & (gold == 1))[clear].sum())
    return round(2 * hits / max(1, int(said[clear].sum() + (gold == 1).sum())), 4)
