"""KramaBench: questions over a domain's whole folder of data, answered by the pipeline `analysis`, scored by its published rules.

The run sees the question and the folder: neither an answer's type, nor which files it needs, nor the steps that lead there.
"""

import re
from collections.abc import Sequence
from typing import Any

from limbeck.errors import ConfigError
from limbeck.evals.asking_data import Asked, Question, asked, files_of, tested
from limbeck.evals.asking_figures import WRONG, by, mean, row_of, summary
from limbeck.evals.kramabench_scoring import is_judged, is_readable, score
from limbeck.evals.place import Place, Rows

NAME = "agent_kramabench"
FIELDS = {"id": str, "domain": str, "level": str, "question": str, "answer_type": str, "sources": list}
FORMAT = (
    "the answer alone, nothing about it: a number in plain digits, without unit or thousands separators; a text as the data has it; "
    "several values as a JSON list"
)


def evaluate(place: Place) -> dict[str, Any]:
    """Ask the questions of `--test`, or else all of dev: nothing is learnt from them.

    `accuracy` is the mean score of the tasks that can be scored by rule; `judged` are the others, which the authors have a GPT
    judge: `rouge1` is a stand-in for that, and no part of `accuracy`. `recall_files` is the share of gold's files that the last
    script or its plan names, each by its path or its name; those that a pattern or a loop reads aren't counted.
    """
    rows = _with_gold(place.test_rows(FIELDS) or place.rows(f"{NAME}/dev.jsonl", FIELDS))[: place.limit]
    files = files_of(place, NAME)
    questions = [Question(row["id"], files / row["domain"], row["question"], FORMAT) for row in rows]
    answers = asked("kramabench", questions, place)
    # From here on gold is read.
    shown = [_scored(row, question, answers[question.id]) for row, question in zip(rows, questions, strict=True)]
    ruled, judged = ([one for one in shown if one["judged"] is which] for which in (False, True))
    return {
        "accuracy": mean(row["score"] for row in ruled),
        "by_level": by("level", ruled),
        "by_domain": by("domain", ruled),
        "judged": {"tasks": len(judged), "rouge1": mean(row["score"] for row in judged)},
        "recall_files": mean(row["recall_files"] for row in shown),
        "tested_on": len(rows),
        "test": tested(place),
        **summary(shown),
    }


def _with_gold(rows: Rows) -> Rows:
    if missing := next((row["id"] for row in rows if row.get("answer") is None), None):
        raise ConfigError(f'task {missing!r} has no gold to score with; write "answer": a number, a text or a list')
    return rows


def _scored(row: dict[str, Any], question: Question, said: Asked) -> dict[str, Any]:
    gold, kind = row["answer"], row["answer_type"]
    shown = row_of(question, said, score(said.answer, gold, kind), is_readable(said.answer, gold))
    judged = is_judged(gold, kind)
    if judged and shown["failure"] in WRONG:
        shown["failure"] = "not scored by rule"
    where = {"domain": row["domain"], "level": row["level"], "judged": judged}
    return {**shown, **where, "recall_files": round(_recall(row["sources"], said), 4)}


def _recall(sources: Sequence[str], said: Asked) -> float:
    if said.trace is None or not sources:
        return 0.0
    kept = [one for one in said.trace.rounds if one.number in said.trace.steps]
    text = "\n".join([*(one.plan for one in kept), *(one.script for one in kept[-1:])])
    return sum(_names(text, source) for source in sources) / len(sources)


def _names(text: str, source: str) -> bool:
    """Whether a text has a file's path or name, and not as part of another's."""
    name = re.escape(source.rpartition("/")[2])
    return re.search(rf"(?<![\w.-]){name}(?![\w-]|\.\w)", text) is not None
