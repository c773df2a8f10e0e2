"""Figures of questions over folders of data: a row a question, and what they come to."""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from limbeck.evals.asking_data import Asked, Question

COSTS = ("rounds", "calls", "prompt_tokens", "completion_tokens", "money", "seconds")
WRONG = ("wrong value", "not verified")
"""Answers of the right form that are wrong: by the model's own verdict right, or no more than the best so far."""


def row_of(question: Question, said: Asked, score: float, readable: bool) -> dict[str, Any]:
    """What is shown of a question: `id`, `score`, `status`, costs and why it isn't right.

    Args:
        question: What was asked.
        said: What came of it.
        score: From 0 to 1.
        readable: Whether the answer has the form that was asked for.
    """
    spent = {**said.spent, "rounds": len(said.trace.rounds) if said.trace else 0}
    costs = {name: round(spent.get(name, 0), 6) for name in COSTS}
    return {"id": question.id, "score": round(score, 6), "status": said.status, **costs, "failure": _failure(said, score, readable)}


def _failure(said: Asked, score: float, readable: bool) -> str:
    """Why an answer isn't right, in a word or two; empty where it is."""
    if score == 1:
        return ""
    if said.error:
        return type(said.error).__name__
    if not said.answer.strip():
        ran = [one.ran for one in said.trace.rounds if one.ran] if said.trace else []
        return "script failed" if ran and all(one.error is not None for one in ran) else "no answer"
    if not readable:
        return "wrong format"
    return WRONG[said.status != "verified"]


def summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Costs a question, how answers ended, how often each failure came, and the rows themselves."""
    return {
        **{name: mean(row[name] for row in rows) for name in COSTS[:-1]},
        "seconds_a_task": mean(row["seconds"] for row in rows),
        "statuses": dict(Counter(row["status"] for row in rows)),
        "failures": dict(Counter(row["failure"] for row in rows if row["failure"])),
        "tasks": [dict(row) for row in rows],
    }


def by(key: str, rows: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """The mean score of rows that have the same value under a key."""
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(row[key], []).append(row["score"])
    return {value: mean(scores) for value, scores in sorted(found.items())}


def mean(values: Iterable[float]) -> float:
    """The mean, 0 of none."""
    found = list(values)
    return round(statistics.fmean(found), 4) if found else 0.0
