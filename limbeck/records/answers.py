"""A model's answer about cells: the form that it is given, and how it is read.

An answer is one JSON object with a record a cell, named by row and column, so that equal values can't be mixed up:

    {"3,1": {"value": "0.88", "type": "Result", "metric": "F1", "settings": [{"key": "size", "value": "345M"}]}, "3,2": …}

A server that constrains can write nothing else; of others, whatever stands before the first mistake is used.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from limbeck.records.numbers import number
from limbeck.records.spelling import folded
from limbeck.schemas import OTHER
from limbeck.schemas.extraction import Attribute, RecordSchema, RecordType
from limbeck.schemas.tables import Target
from limbeck.visible import on_one_line

Said = dict[str, Any]
"""What a model says of a cell: `type`, and its attributes by name; None where it says nothing, `pairs` as a dict."""
MOST_PAIRS = 5
"""Of one attribute; more are not kept (Schema-to-JSON, post-processing)."""
LONGEST = 200
"""Characters of an attribute's value."""
VALUE, TYPE = "value", "type"
BOOLEAN = {"true": "true", "yes": "true", "false": "false", "no": "false"}
BEGINNING = re.compile(r'\{\s*(?=")')
"""Of the answer, whatever braces stand in words before it."""
NOTHING = {"", "null", "none", "n/a", "not said"}
"""How models write that they have nothing to say."""


def constraint(schema: RecordSchema, cells: Sequence[Target]) -> dict[str, Any]:
    """The JSON schema of an answer about these cells, in this order; each value is given."""
    return _object({cell.key: {"anyOf": [_record(one, cell) for one in _types(schema)]} for cell in cells})


def template(schema: RecordSchema) -> str:
    """What a prompt says of the schema: one line a type with its attributes, and what they mean."""
    return "\n".join(_lines(schema))


def _lines(schema: RecordSchema) -> Iterator[str]:
    if schema.description:
        yield schema.description
    for one in schema.types:
        yield f"- {_named(one.name, one.aliases)}" + (f": {one.description}" if one.description else "")
        yield from (f"  - {_attribute(attribute)}" for attribute in one.attributes)
    yield f"- {OTHER}: any other cell; nothing more is said of it"


def _attribute(one: Attribute) -> str:
    wanted = {"pairs": " (keys and values as the table has them)", "choice": f" (one of: {', '.join(one.options)})"}
    kind = wanted.get(one.kind, "" if one.kind == "text" else f" ({one.kind})")
    return _named(one.name, one.aliases) + kind + (f": {one.description}" if one.description else "")


def _named(name: str, aliases: Sequence[str]) -> str:
    return f"{name} (also {', '.join(aliases)})" if aliases else name


def _types(schema: RecordSchema) -> tuple[RecordType, ...]:
    return (*schema.types, RecordType(name=OTHER))


def _record(one: RecordType, cell: Target) -> dict[str, Any]:
    given = {VALUE: _one_of(cell.value), TYPE: _one_of(one.name)}
    return _object({**given, **{attribute.name: _value(attribute) for attribute in one.attributes}})


def _value(one: Attribute) -> dict[str, Any]:
    short = {"type": "string", "maxLength": LONGEST}
    if one.kind == "pairs":
        return {"type": "array", "maxItems": MOST_PAIRS, "items": _object({"key": short, VALUE: short})}
    kinds: dict[str, dict[str, Any]] = {"choice": _one_of(*one.options), "boolean": {"type": "boolean"}}
    return {"anyOf": [kinds.get(one.kind, short), {"type": "null"}]}


def _one_of(*texts: str) -> dict[str, Any]:
    """One of these texts; OpenAI's servers want the type named beside them."""
    return {"type": "string", "enum": list(texts)}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def beginning(cell: Target) -> str:
    """How an answer has to begin: the first cell, its value, and then its type (the paper's forced prefix)."""
    return json.dumps({cell.key: {VALUE: cell.value}}, ensure_ascii=False)[:-2] + f', "{TYPE}": "'


# ---- reading ---------------------------------------------------------------------------------------------------------


def read(answer: str, schema: RecordSchema, cells: Sequence[Target]) -> tuple[dict[str, Said], str]:
    """The records before the first mistake, by the cells' keys, and what the mistake is; empty where there is none.

    A record counts if it is the next cell's: by its key, and by the value that it repeats. With the first that is not, it
    and all after it are dropped, as a model that skips or doubles a cell may have gone on one cell off.
    """
    found: dict[str, Said] = {}
    pairs = _pairs(answer)
    for cell in cells:
        key, record = next(pairs, (None, None))
        if key is None:
            return found, f"nothing is said of {cell.key!r}, whose value is {cell.value!r}"
        if _place(key) != cell.key:
            return found, f"{key!r} comes where {cell.key!r} must, whose value is {cell.value!r}"
        if not isinstance(record, dict) or not _repeats(record.get(VALUE), cell.value):
            return found, f"{cell.key!r} must repeat the value {cell.value!r}"
        said = said_of(record, schema)
        if said is None:
            return found, f"the 'type' of {cell.key!r} must be one of: {', '.join(schema.names)}"
        found[cell.key] = said
    return found, ""


def _repeats(said: Any, value: str) -> bool:
    """Whether it is the value, or the same number as a model writes it: `-0.9` for `−0.90`."""
    plain = str(said)
    if "".join(folded(plain).split()) == "".join(folded(value).split()):
        return True
    wanted = number(value)
    return wanted is not None and number(plain) == wanted


def said_of(record: Mapping[str, Any], schema: RecordSchema) -> Said | None:
    """A record as the schema has it: its type, and each attribute's value or None; None where there is no such type."""
    wanted = str(record.get(TYPE, "")).strip()
    alike = [one for one in schema.names if one.casefold() == wanted.casefold()]
    name = wanted if wanted in alike else next(iter(alike), None)
    if name is None:
        return None
    attributes, by_name = schema.type(name).attributes, {key.casefold(): value for key, value in record.items()} | dict(record)
    return {TYPE: name, **{one.name: _read(by_name.get(one.name, by_name.get(one.name.casefold())), one) for one in attributes}}


def _read(value: Any, attribute: Attribute) -> Any:
    """A value as its kind wants it."""
    if attribute.kind == "pairs":
        return dict(list(_as_pairs(value))[:MOST_PAIRS])
    if isinstance(value, bool):
        return str(value).lower()
    text = _plain(value) if isinstance(value, str | int | float) else ""
    if attribute.kind == "boolean":
        return BOOLEAN.get(text.casefold())
    if attribute.kind == "choice":
        return next((one for one in attribute.options if one.casefold() == text.casefold()), None)
    return None if text.casefold() in NOTHING else text


def _plain(value: Any) -> str:
    """A text on one line, without what no file or terminal takes, such as half of a surrogate pair; not too long."""
    return on_one_line(str(value))[:LONGEST]


def _as_pairs(value: Any) -> Iterator[tuple[str, str]]:
    """Pairs, whether a list of them or an object was written."""
    if isinstance(value, list):
        value = {str(one.get("key")): one.get(VALUE) for one in value if isinstance(one, dict)}
    for key, said in value.items() if isinstance(value, dict) else ():
        short = [_plain("" if one is None else one) for one in (key, said)]
        if not NOTHING & {one.casefold() for one in short}:
            yield short[0], short[1]


def _pairs(answer: str) -> Iterator[tuple[str, Any]]:
    """The outermost object's pairs in the order in which they are written, doubles too, as far as it is JSON."""
    # Numbers stay as they are written: a value may be 0.90.
    decoder, begun = json.JSONDecoder(parse_float=str, parse_int=str), BEGINNING.search(answer)
    at = begun.end() if begun else 0
    while at:
        at = _past(answer, at, " \t\r\n,")
        try:
            key, at = decoder.raw_decode(answer, at)
            at = _past(answer, at, " \t\r\n")
            if not isinstance(key, str) or answer[at : at + 1] != ":":
                return
            value, at = decoder.raw_decode(answer, _past(answer, at + 1, " \t\r\n"))
        except (ValueError, RecursionError):
            return
        yield key, value


def _past(text: str, at: int, blanks: str) -> int:
    while at < len(text) and text[at] in blanks:
        at += 1
    return at


def _place(key: str) -> str:
    """A cell's key, however its blanks and brackets are written."""
    return key.replace(" ", "").strip("()[]r")


def written(records: Mapping[str, Said], cells: Sequence[Target]) -> list[str]:
    """Records as an answer has them, a line each, nothing that they leave unsaid: what a prompt shows of those there are."""
    values = {cell.key: cell.value for cell in cells}
    shown = ({key: {VALUE: values[key], **_spoken(one)}} for key, one in records.items())
    return [json.dumps(one, ensure_ascii=False)[1:-1] for one in shown]


def _spoken(record: Said) -> Said:
    as_list = {
        name: [{"key": key, VALUE: value} for key, value in said.items()] if isinstance(said, dict) else said
        for name, said in record.items()
    }
    return {name: said for name, said in as_list.items() if said}
