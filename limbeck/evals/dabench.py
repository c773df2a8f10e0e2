"""InfiAgent-DABench: closed-form questions over one CSV each, answered by the pipeline `analysis`, scored by its published rules.

The run sees the question, its constraints, the form of the answer, and a folder with the one file.
"""

from typing import Any

from limbeck.evals.asking_data import Question, alone, asked, files_of, tested
from limbeck.evals.asking_figures import by, mean, row_of, summary
from limbeck.evals.dabench_scoring import said, score
from limbeck.evals.place import Place, found

NAME = "agent_dabench"
FIELDS = {"id": int, "file": str, "level": str, "question": str, "constraints": str, "format": str, "answers": list}


def evaluate(place: Place) -> dict[str, Any]:
    """Ask the questions of `--test`, or else all of dev: nothing is learnt from them.

    `accuracy` is the share of questions whose values are all right (the authors' ABQ), `by_value` that of values.
    """
    rows = (place.test_rows(FIELDS) or place.rows(f"{NAME}/dev.jsonl", FIELDS))[: place.limit]
    files = files_of(place, NAME)
    folders = {name: alone(found(files / name), "dabench") for name in sorted({row["file"] for row in rows})}
    questions = [Question(str(row["id"]), folders[row["file"]], _text(row), row["format"]) for row in rows]
    answers = asked("dabench", questions, place)
    # From here on gold is read.
    shown, values = [], []
    for row, question in zip(rows, questions, strict=True):
        answer = answers[question.id]
        right = score(answer.answer, row["answers"])
        values += list(right.values())
        readable = right.keys() <= said(answer.answer).keys()
        shown.append({**row_of(question, answer, float(all(right.values())), readable), "level": row["level"]})
    accuracy = mean(row["score"] for row in shown)
    return {"accuracy": accuracy, "by_value": mean(values), "by_level": by("level", shown), "tested_on": len(rows), "test": tested(place), **summary(shown)}


def _text(row: dict[str, Any]) -> str:
    return f"{row['question']}\n{row['constraints']}".strip()
