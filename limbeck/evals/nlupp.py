"""NLU++ with the names and descriptions of 62 intents and none of its labels: several may apply to a sentence, or none."""

import json
from typing import Any

from limbeck.evals.names import from_names, table
from limbeck.evals.place import Place

USE_CASE = "Understand what a customer of a bank or a hotel wants; several intents may be in a message, or none."
READ_BY_LLM = 100
FIELDS = {"text": str, "labels": list}


def evaluate(place: Place) -> dict[str, Any]:
    """Train on the texts of the development file, score on `--test`, or else on a fifth of the texts kept aside."""
    learning, testing = place.split("multilabel_nlupp/dev.jsonl", FIELDS)
    described = json.loads(place.file("multilabel_nlupp/labels.json").read_text("utf-8"))
    found = from_names(
        place,
        USE_CASE,
        [f"{name}: {one['description']}" for name, one in described.items()],
        [row["text"] for row in learning],
        [row["text"] for row in testing],
        read_by_llm=READ_BY_LLM,
        several=True,
    )
    # From here on gold is read.
    gold, unseen = ([set(row["labels"]) for row in rows] for rows in (learning, testing))
    scores = table(found, gold, unseen, several=True)
    return {
        **{f"student_{name}": scores["student"][name] for name in ("micro_f1", "macro_f1")},
        **{f"labels_{name}": scores["labels"][name] for name in ("micro_f1", "macro_f1")},
        "table": scores,
        "student": {"kind": "lora", **found.metrics},
        "learned_from": len(learning),
        "tested_on": len(testing),
        "test": place.tested,
    }
