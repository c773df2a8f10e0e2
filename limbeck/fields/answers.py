"""A model's answer about a document: the instructions that it is given, the form of the answer, and how it is read.

Task-aware instructions (TAIL): of each field what it means for this task, how to tell it from its neighbours, how it is
written, and what to give where it is absent. An answer is one JSON object with a value a field:

    {"company": "Blue Door Café", "total": "12.40", "tip": null, "items": [{"name": "Tea", "amount": "2.40"}]}
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic_core import from_json

from limbeck.fields.normalising import normal
from limbeck.schemas.fields import Field, FieldSet, Said

MOST_ENTRIES = 60
"""Of a `list` field, and of one with several values."""
WRITTEN = {
    "date": "as YYYY-MM-DD",
    "time": "as HH:MM",
    "money": "as a number with a point, without a currency",
    "currency": "as its three-letter code: EUR",
    "number": "as a number with a point",
    "phone": "digits, as printed",
    "duration": "as a number and a unit: 2 years",
}
"""How values of a kind are written; all others as they are printed."""
NOTHING = {"", "null", "none", "n/a", "not said", "not stated", "unknown"}
"""How models write that there is none."""


# ---- asking ----------------------------------------------------------------------------------------------------------


def template(fields: FieldSet) -> str:
    """The instructions: a paragraph on the kind of document, then one a field."""
    return "\n".join(([fields.description] if fields.description else []) + list(_lines(fields.fields, "")))


def _lines(fields: Sequence[Field], indent: str) -> Iterator[str]:
    for one in fields:
        yield f"{indent}- {one.name}: {' '.join(_said_of(one))}"
        yield from _lines(one.fields, indent + "  ")


def _said_of(one: Field) -> Iterator[str]:
    if one.meaning:
        yield _sentence(one.meaning)
    yield from map(_sentence, one.rules)
    if one.kind == "list":
        yield "A list with one object for each, in the order of the page:"
        return
    written = f"one of {', '.join(one.options)}" if one.kind == "choice" else one.format or WRITTEN.get(one.kind, "as printed")
    yield _sentence(f"Written {written}")
    if one.several:
        yield "A list, as there may be several."
    yield _sentence(one.absent or "null where there is none")


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."


def constraint(fields: FieldSet) -> dict[str, Any]:
    """The JSON schema of an answer. Values have no length: grammars that count letters have no escapes (xgrammar 0.2)."""
    return _object(fields.fields)


def _object(fields: Sequence[Field]) -> dict[str, Any]:
    properties = {one.name: _value(one) for one in fields}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _value(one: Field) -> dict[str, Any]:
    if one.kind == "list":
        return {"type": "array", "maxItems": MOST_ENTRIES, "items": _object(one.fields)}
    single: dict[str, Any] = {"type": "string", "enum": list(one.options)} if one.kind == "choice" else {"type": "string"}
    if one.several:
        return {"type": "array", "maxItems": MOST_ENTRIES, "items": single}
    return {"anyOf": [single, {"type": "null"}]}


# ---- reading ---------------------------------------------------------------------------------------------------------


def read(answer: str, fields: FieldSet) -> Said | None:
    """What an answer says, as far as it was written; None where it is no JSON object with any of the fields."""
    try:
        said = from_json(answer[answer.find("{") :], allow_partial="trailing-strings")
    except ValueError:
        return None
    return said_of(said, fields.fields) if isinstance(said, Mapping) and any(one.name in said for one in fields.fields) else None


def said_of(said: Mapping[str, Any], fields: Sequence[Field]) -> Said:
    """An object as the fields have it: each with a text or None, a list where there may be several."""
    return {one.name: _of(said.get(one.name), one) for one in fields}


def _of(value: Any, one: Field) -> Any:
    given = value if isinstance(value, list) else [value]
    if one.kind == "list":
        entries = [said_of(each, one.fields) for each in given if isinstance(each, Mapping)]
        return [each for each in entries if any(each.values())][:MOST_ENTRIES]
    texts = [text for each in given if (text := _text(each))]
    return list(dict.fromkeys(texts))[:MOST_ENTRIES] if one.several else (texts[0] if texts else None)


def _text(value: Any) -> str:
    if value is None or isinstance(value, dict | list | bool):
        return ""
    text = " ".join(str(value).split())
    return "" if text.casefold().strip(".") in NOTHING else text


def normalised(said: Said, fields: FieldSet) -> Said:
    """Values as their fields' kinds have them; what is none of its kind, as `soon` is no date, is not said."""
    return _normalised(said, fields.fields, fields.day_first)


def _normalised(said: Mapping[str, Any], fields: Sequence[Field], day_first: bool | None) -> Said:
    found: Said = {}
    for one in fields:
        if one.name not in said:  # It was not asked for.
            continue
        value = said[one.name]
        if one.kind == "list":
            entries = [_normalised(each, one.fields, day_first) for each in value or ()]
            found[one.name] = [each for each in entries if any(each.values())]
        elif one.several:
            found[one.name] = [text for each in value or () if (text := normal(each, one, day_first))]
        else:
            found[one.name] = normal(value, one, day_first) if value else None
    return found
