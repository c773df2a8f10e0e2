"""BANKING77 with its label names and none of its labels: how good is the student on texts it has not seen?

With reviews, limbeck chooses the messages that a person is asked about, and the gold label answers in the person's place.
"""

from typing import Any

from limbeck.evals.names import from_names, table
from limbeck.evals.place import Place

USE_CASE = "Route a customer's message to the bank's team that can answer it."
READ_BY_LLM = 200
"""Messages that the model labels too."""
FIELDS = {"text": str, "label": str}


def evaluate(place: Place) -> dict[str, Any]:
    """Train on the texts of the development file, score on `--test`, or else on a fifth of the texts kept aside."""
    learning, testing = place.split("class_banking77/dev.jsonl", FIELDS)
    names = {label: label.replace("_", " ") for label in sorted({row["label"] for row in learning})}
    found = from_names(
        place,
        USE_CASE,
        list(names.values()),
        [row["text"] for row in learning],
        [row["text"] for row in testing],
        read_by_llm=READ_BY_LLM,
        answers=[names[row["label"]] for row in learning],
    )
    # From here on gold is read.
    gold, unseen = ([{str(names.get(row["label"], row["label"]))} for row in rows] for rows in (learning, testing))
    scores = table(found, gold, unseen, several=False)
    before = table(found.before, gold, unseen, several=False) if found.before else {}
    return {
        "student_accuracy": scores["student"]["accuracy"],
        "student_macro_f1": scores["student"]["macro_f1"],
        "labels_accuracy": scores["labels"]["accuracy"],
        "table": scores,
        **({"without_reviews": {name: before[name] for name in ("labels", "student")}} if before else {}),
        "student": {"kind": "lora", **found.metrics},
        "reviews": place.reviews,
        "learned_from": len(learning),
        "tested_on": len(testing),
        "test": place.tested,
    }
