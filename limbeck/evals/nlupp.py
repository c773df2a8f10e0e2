"""NLU++ with the names and descriptions of 62 intents and none of its labels: several may apply to a sentence, or none."""

import json
import random
from collections import defaultdict
from typing import Any

from limbeck.evals.place import Place, checked_rows, found, scratch
from limbeck.metrics import multilabel
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
from limbeck.students import load

USE_CASE = "Understand what a customer of a bank or a hotel wants; several intents may be in a message, or none."
READ_BY_LLM, PROBED = 100, 24
UNSEEN = 0.2
FIELDS = {"text": str, "labels": list}
YES = 0.5
"""A vote from which on a label counts as named."""


def evaluate(place: Place) -> dict[str, Any]:
    """Train on the texts of the development file, score on `--test`, or else on a fifth of the texts kept aside."""
    learning, testing = _split(place)
    described = json.loads(place.file("multilabel_nlupp/labels.json").read_text("utf-8"))
    with scratch([row["text"] for row in learning]) as (folder, source):
        settings = Settings(
            project=str(folder / "project"),
            use_case=USE_CASE,
            documents=DocumentsSettings(source=str(source), text="text", key="key"),
            taxonomy=TaxonomySettings(given=tuple(f"{name}: {one['description']}" for name, one in described.items())),
            labels=LabelSettings(several=True, llm_limit=READ_BY_LLM, probe=PROBED),
            student=StudentSettings(kinds=("lora",), held_out=0.05),
            measures=MeasureSettings(sample=0),
            seed=place.seed,
        )
        outcome = run(settings, place.progress())
        student = ask_rows(outcome.store, "SELECT path, metrics FROM students")[0]
        said = load(outcome.store.parent / student["path"]).predict([row["text"] for row in testing])
        votes, labels = _said(outcome, "votes", f"AND score >= {YES}"), _said(outcome, "labels")
    # From here on gold is read.
    gold = [set(row["labels"]) for row in testing]
    return {
        **_scores("student", [one.applicable for one in said], gold),
        **_scores("labels", _of(labels["labels"], learning), [set(row["labels"]) for row in learning]),
        "annotators": {
            name: _scores("", _of(one, learning), [set(row["labels"]) for row in learning])
            for name, one in sorted(votes.items())
        },
        "student": {"kind": "lora", **json.loads(student["metrics"])},
        "learned_from": len(learning),
        "tested_on": len(testing),
        "test": str(place.test.name) if place.test else f"{UNSEEN:.0%} of dev",
    }


def _split(place: Place) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    dev = checked_rows(place.file("multilabel_nlupp/dev.jsonl"), FIELDS)
    if place.test:
        return dev, checked_rows(found(place.test), FIELDS)
    shuffled = random.Random(place.seed).sample(dev, len(dev))
    held = int(len(shuffled) * UNSEEN)
    return shuffled[held:], shuffled[:held]


Said = dict[str, set[str]]
"""Labels by the text's key."""


def _said(outcome: Outcome, table: str, where: str = "") -> dict[str, Said]:
    """What applies to each text, by who says it."""
    who = "annotator" if table == "votes" else "'labels'"
    sql = (
        f"SELECT {who} AS who, p.key, label FROM {table} t JOIN places p ON p.document = t.item "
        f"WHERE ends_with(space, '/all') {where}"
    )
    said: dict[str, Said] = defaultdict(lambda: defaultdict(set))
    for row in ask_rows(outcome.store, sql):
        said[row["who"]][row["key"]].add(row["label"])
    return said


def _of(said: Said, learning: list[dict[str, Any]]) -> list[set[str]]:
    return [said.get(str(at), set()) for at in range(len(learning))]


def _scores(who: str, said: Any, gold: list[set[str]]) -> dict[str, float]:
    scores, start = multilabel(said, gold), f"{who}_" if who else ""
    return {f"{start}micro_f1": round(scores["f1"], 4), f"{start}macro_f1": round(scores["macro_f1"], 4)}
