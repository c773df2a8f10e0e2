"""Answers of a writer of documents: the form that they have, and what they say, each value as sure as its tokens are likely."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from pydantic_core import from_json

from limbeck.dialects import Body
from limbeck.fields import answers
from limbeck.fields.grounding import grounded
from limbeck.fields.normalising import normal
from limbeck.schemas.fields import Entry, Field, FieldSet, Findings, Found
from limbeck.schemas.pages import Pages

STRING = re.compile(r'"(?:[^"\\]|\\.)*"')

Named = tuple[str, str]
"""A field, of a list `items.amount`, and a value."""


def constraint(fields: FieldSet) -> dict[str, Any]:
    """The JSON schema of its answers: the fields in their order, any of which may be left out."""
    return _object(fields.fields)


def _object(fields: Sequence[Field]) -> dict[str, Any]:
    return {"type": "object", "properties": {one.name: _form(one) for one in fields}, "additionalProperties": False}


def _form(one: Field) -> dict[str, Any]:
    if one.kind == "list":
        return {"type": "array", "maxItems": answers.MOST_ENTRIES, "items": _object(one.fields)}
    single = {"enum": list(one.options)} if one.kind == "choice" else {"type": "string"}
    return {"type": "array", "maxItems": answers.MOST_ENTRIES, "items": single} if one.several else single


def heard(choice: Body, fields: FieldSet, pages: Pages) -> Findings:
    """What was written of a document, as far as it goes; nothing where it is no record.

    Args:
        choice: Of a server's answer: a message, and its tokens' `logprobs` where the server gives them.
        fields: What the writer was taught.
        pages: The document.
    """
    text = choice["message"].get("content") or ""
    said = answers.read(text, fields)
    if said is None:
        return {}
    tidy = Tidy(_likelihoods(text, (choice.get("logprobs") or {}).get("content") or ()), fields.day_first)
    found = grounded({one.name: tidy.value(said[one.name], one, one.name) for one in fields.fields}, fields, pages)
    return {name: tidy.scored(some, name) for name, some in found.items()}


class Tidy:
    """Values normalised, and how sure each is.

    Args:
        likely: How likely each value is as it was written.
        day_first: How `03/04/2019` is meant.
    """

    def __init__(self, likely: dict[Named, float], day_first: bool | None) -> None:
        self._likely, self._day_first = likely, day_first
        self._sure: dict[Named, float] = {}

    def value(self, said: Any, field: Field, name: str) -> Any:
        """What was said of a field, without what is none of its kind."""
        if field.kind == "list":
            return [{one.name: self.value(entry[one.name], one, f"{name}.{one.name}") for one in field.fields} for entry in said]
        if isinstance(said, list):
            return [value for one in said if (value := self.value(one, field, name))]
        value = normal(said, field, self._day_first) if said else None
        if value:
            self._sure[name, value] = self._likely.get((name, said), 1.0)
        return value

    def scored(self, found: list[Found] | list[Entry], name: str) -> Any:
        """What was found of a field, as sure as it is likely."""
        return [self._one(each, name) if isinstance(each, Found) else {inner: self._one(one, f"{name}.{inner}") for inner, one in each.items()} for each in found]

    def _one(self, found: Found, name: str) -> Found:
        return found.model_copy(update={"score": found.score * self._sure.get((name, found.value), 1.0)})


def _likelihoods(text: str, tokens: Sequence[Body]) -> dict[Named, float]:
    """How likely each value is by its tokens; of equal ones the least, and nothing without tokens."""
    ends = np.cumsum([len(one.get("bytes") or str(one["token"]).encode()) for one in tokens], dtype=int)
    starts, logs = np.concatenate([[0], ends[:-1]]), np.array([one["logprob"] or 0.0 for one in tokens])
    start = text.find("{")
    found: dict[Named, float] = {}
    for named, literal in zip(_strings(from_json(text[start:], allow_partial="trailing-strings"), ""), STRING.finditer(text, start), strict=False):
        if named and len(tokens):
            # Without its first quote, which says that there is a value, not which.
            first, last = (len(text[:at].encode()) for at in (literal.start() + 1, literal.end()))
            likely = math.exp(float(logs[(ends > first) & (starts < last)].sum()))
            found[named] = min(likely, found.get(named, 1.0))
    return found


def _strings(value: Any, name: str) -> Iterator[Named | None]:
    """The strings of a record in the order in which they are written: None for a key."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield None
            yield from _strings(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one, name)
    elif isinstance(value, str):
        yield name, " ".join(value.split())
