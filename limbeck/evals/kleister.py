"""Kleister-NDA (Graliński et al. 2020): the parties, date, law and term of contracts, as texts; F1 as its authors score it."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from limbeck.evals.kie import Row
from limbeck.evals.kleister_scoring import as_kleister, score
from limbeck.evals.place import Place
from limbeck.evals.receipts import Compared, compared, told
from limbeck.fields.reading import read_fields
from limbeck.pages.texts import pages_of_text
from limbeck.schemas.fields import FieldSet, Said

FILE = "kie_kleister_nda/dev.jsonl"
FIELDS = {"id": str, "text": str, "gold": dict}
NAMES = ("effective_date", "jurisdiction", "party", "term")


def evaluate(place: Place) -> dict[str, Any]:
    """Score everybody on a fifth of the development contracts, or on `--test`."""
    learning, testing = ([row_of(row) for row in rows] for rows in place.split(FILE, FIELDS))
    fields = of_kleister(read_fields("contract"))
    with tempfile.TemporaryDirectory(prefix="limbeck-eval-") as name:
        done = compared(learning, testing, fields, Path(name), place)
    scored = scores(done, testing, fields)
    return {
        "learned_from": len(learning),
        "tested_on": len(testing),
        "test": place.tested,
        "f1": {row: {**{name: round(one["by_key"].get(name, 0.0), 4) for name in NAMES}, "all": round(one["f1"], 4)} for row, one in scored.items()},
        "precision": {row: round(one["precision"], 4) for row, one in scored.items()},
        "recall": {row: round(one["recall"], 4) for row, one in scored.items()},
        "seconds_a_document": {row: round(seconds, 4) for row, seconds in done.seconds.items()},
        "speedup": round(done.seconds["llm"] / max(done.seconds["student"], 1e-9), 1),
    }


def of_kleister(fields: FieldSet) -> FieldSet:
    """The contract's field set, of the fields that Kleister has."""
    return fields.model_copy(update={"fields": tuple(one for one in fields.fields if one.name in NAMES)})


def row_of(row: Mapping[str, Any]) -> Row:
    """A contract; its name is a file's."""
    return Row(row["id"].removesuffix(".pdf"), pages_of_text(row["text"]), row["gold"])


def scores(done: Compared, rows: list[Row], fields: FieldSet) -> dict[str, dict[str, Any]]:
    """Precision, recall and F1 of everybody."""
    gold = [row.gold for row in rows]
    found = {row: told(some, fields) for row, some in done.found.items()}
    return {row: score(gold, [pairs(said.get(one.id, {}), fields) for one in rows]) for row, said in found.items()}


def pairs(said: Said, fields: FieldSet) -> dict[str, list[str]]:
    """What is said of a contract as Kleister writes it."""
    found: dict[str, list[str]] = {}
    for field in fields.fields:
        value = said.get(field.name) or []
        texts = [as_kleister(field, one) for one in (value if isinstance(value, list) else [value])]
        if texts:
            found[field.name] = list(dict.fromkeys(texts))
    return found
