"""JSON Schema as a schema of records, also what pydantic writes of a class.

    {"title": "Result", "type": "object", "properties": {"metric": {"type": "string"}, "year": {"type": ["integer", "null"]}}}

An object is a type of records. Several stand in `oneOf`, `anyOf`, `$defs`, an array's items, or an object of such arrays.
References must be local. `x-aliases` lists other names.
"""

import difflib
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from limbeck.errors import ConfigError
from limbeck.records.forms import quoted, schema_of, word
from limbeck.schemas.extraction import RecordSchema

Node = Mapping[str, Any]

MARKS = frozenset(["$schema", "$defs", "definitions", "$ref", "properties", "oneOf", "anyOf", "allOf", "items"])
"""A key of these makes it JSON Schema."""
SCALARS = {"string": "text", "integer": "number", "number": "number", "boolean": "boolean"}
DATES = ("date", "date-time")


def is_json_schema(values: Any) -> bool:
    """Whether values are JSON Schema, and not a schema in our own form."""
    if not isinstance(values, Mapping) or "types" in values:
        return False
    return not MARKS.isdisjoint(values) or values.get("type") in ("object", "array")


def schema_of_json(values: Node, source: str) -> RecordSchema:
    """Check a JSON Schema, and take it for a schema of records.

    Args:
        values: What a file holds, or a class's `model_json_schema()`.
        source: What mistakes call it.

    Raises:
        ConfigError: Something in it has no place in a record; one line for each mistake.
    """
    reading = _Reading(values, source)
    types = list(reading.types())
    several = len(types) > 1  # Else title and description are the type's own.
    about = {key: values.get(of) for key, of in (("name", "title"), ("description", "description")) if several}
    try:
        schema = schema_of({**about, "types": types}, source)
    except ConfigError as error:
        reading.mistakes += [] if reading.mistakes and not types else str(error).splitlines()
    if reading.mistakes:
        raise ConfigError("\n".join(dict.fromkeys(reading.mistakes)))
    return schema


class _Reading:
    """Goes through one JSON Schema, and notes what is wrong with it instead of stopping there."""

    def __init__(self, root: Node, source: str) -> None:
        self.mistakes: list[str] = []
        self._root = root
        self._source = source

    # ---- types -------------------------------------------------------------------------------------------------------

    def types(self) -> Iterator[dict[str, Any]]:
        """Every type of records, in the order in which they are met."""
        waiting: deque[tuple[Any, str]] = deque([(self._root, "")])
        seen: set[int] = set()  # Of nodes that the root holds: it keeps them, and so their ids, alive.
        while waiting:
            for node, name in self._leaves(*waiting.popleft()):
                if id(node) not in seen:
                    seen.add(id(node))
                    inner = self._held(node, name)
                    waiting.extend(inner)
                    if not inner:
                        yield from self._type(node, word(node.get("title")) or name)

    def _held(self, node: Node, name: str) -> list[tuple[Any, str]]:
        """What a node holds that is no type itself: an array's items, an object's arrays of objects, definitions."""
        if "items" in node:
            return [(node["items"], name)]
        properties = _mapping(node, "properties")
        if properties and all(self._is_of_objects(one) for one in properties.values()):
            return [(one, key) for key, one in properties.items()]
        defined = {**_mapping(node, "$defs"), **_mapping(node, "definitions")} if not properties else {}
        return [(one, key) for key, one in defined.items() if isinstance(one, Mapping) and _mapping(one, "properties")]

    def _is_of_objects(self, node: Any) -> bool:
        items = [leaf["items"] for leaf, _ in self._leaves(node, "") if "items" in leaf]
        return any(_mapping(leaf, "properties") for one in items for leaf, _ in self._leaves(one, ""))

    def _type(self, node: Node, name: str) -> Iterator[dict[str, Any]]:
        if not name:
            self._wrong("an object has no title", 'add `"title": "Result"`, the name of its type')
        elif "properties" not in node and node.get("type") != "object":
            self._wrong(f"{quoted(name)} is no object", 'write `"type": "object"` and `"properties": {…}`')
        else:
            properties = _mapping(node, "properties").items()
            attributes = [one for key, inner in properties for one in self._attribute(key, inner, name)]
            yield {
                "name": name,
                "description": node.get("description"),
                "aliases": node.get("x-aliases"),
                "attributes": attributes,
            }

    # ---- attributes --------------------------------------------------------------------------------------------------

    def _attribute(self, name: str, node: Any, type: str) -> Iterator[dict[str, Any]]:
        place = f"attribute {quoted(name)} of type {quoted(type)}"
        leaves = [leaf for leaf, _ in self._leaves(node, name)]
        if not leaves:
            self._wrong(f"{place} refers to itself or to nothing", 'write what it is: `{"type": "string"}`')
            return
        kinds = [_kind(leaf) for leaf in leaves]
        kind = _of_all(kinds)
        if kind is None:
            hint = "make the object a type of its own, write an object with `additionalProperties` for pairs, or a text"
            self._wrong(f"{place} holds an object or a list", hint)
            return
        options = list(dict.fromkeys(one for leaf in leaves for one in _options(leaf))) if kind == "choice" else None
        if name == "type" and options and len(options) == 1:
            return  # What tells the types of a union apart; ours have it by themselves.
        own = node if isinstance(node, Mapping) else {}
        about = {key: next((one[of] for one in (own, *leaves) if of in one), None) for key, of in ABOUT.items()}
        title = word(own.get("title")) if "$ref" not in own else None
        aliases = _listed(about["aliases"], title if title and _folded(title) != _folded(name) else None)
        yield {"name": name, "kind": kind, "options": options, "description": about["description"], "aliases": aliases}

    # ---- nodes -------------------------------------------------------------------------------------------------------

    def _leaves(self, node: Any, name: str) -> list[tuple[Node, str]]:
        """The alternatives that a node stands for, references resolved and null left out; each is looked at once."""
        found: list[tuple[Node, str]] = []
        seen: set[int] = set()
        waiting: deque[tuple[Any, str]] = deque([(node, name)])
        while waiting:
            node, name = waiting.popleft()
            node = ANYTHING if node is True or node == "true" else node
            if not isinstance(node, Mapping):
                self._wrong(f"{quoted(node)} is no JSON Schema", 'write `{"type": "string"}`')
            elif id(node) not in seen:
                seen.add(id(node))
                inner = self._meant(node, name)
                waiting.extendleft(reversed(inner or []))
                if inner is None and not _is_null(node):
                    found.append((node, name))
        return found

    def _meant(self, node: Node, name: str) -> list[tuple[Any, str]] | None:
        """What stands for a node; None where it stands for itself."""
        if "$ref" in node:
            return self._pointed(node["$ref"])
        several = node.get("anyOf") or node.get("oneOf") or node.get("allOf")
        if not isinstance(several, list) or "properties" in node:
            return None
        if len(node.get("allOf") or []) > 1:
            self._wrong(f"{quoted(name or self._source)} has several parts in `allOf`", "write them as one object")
        # An alternative without a title has the name of what holds it, a definition its own.
        return [(one, name) for one in several]

    def _pointed(self, pointer: Any) -> list[tuple[Any, str]]:
        """The node that a local reference points at, with its name."""
        node: Any = self._root
        path = [unquote(part).replace("~1", "/").replace("~0", "~") for part in str(pointer).split("/")]
        for part in path[1:]:
            node = node.get(part) if isinstance(node, Mapping) else None
        if path[0] == "#" and node is not None:
            return [(node, path[-1] if len(path) > 1 else "")]
        known = [f"#/{key}/{one}" for key in ("$defs", "definitions") for one in _mapping(self._root, key)]
        near = difflib.get_close_matches(str(pointer), known, 1, 0.0)
        self._wrong(f"`$ref` {quoted(pointer)} points nowhere", f"write {near[0]!r}" if near else "write a local one, '#/$defs/…'")
        return []

    def _wrong(self, trouble: str, hint: str) -> None:
        self.mistakes.append(f"{trouble} in {self._source!r}; {hint}")


ABOUT = {"description": "description", "aliases": "x-aliases"}
ANYTHING: Node = {}


def _kind(node: Node) -> str | None:
    """Our kind for one alternative; None where a record has no place for it."""
    if "const" in node or "enum" in node:
        return "choice"
    types = _types(node)
    if not types:
        nested = _mapping(node, "properties") or "items" in node
        return None if nested else "pairs" if "additionalProperties" in node else "text"
    return _of_all([_of(one, node) for one in types])


def _of(type: str, node: Node) -> str | None:
    if type == "string" and node.get("format") in DATES:
        return "date"
    if type == "object":
        return None if _mapping(node, "properties") else "pairs"
    return SCALARS.get(type)


def _of_all(kinds: list[str | None]) -> str | None:
    """The kind of what may be of several: text, where all of them are written as one."""
    distinct = set(kinds)
    if len(distinct) == 1:
        return kinds[0]
    return None if distinct & {None, "pairs"} else "text"


def _types(node: Node) -> list[str]:
    said = node.get("type")
    return [str(one) for one in (said if isinstance(said, list) else [said]) if one is not None and one != "null"]


def _options(node: Node) -> list[str]:
    listed = [node["const"]] if "const" in node else node["enum"]
    return [text for one in (listed if isinstance(listed, list) else [listed]) if (text := word(one)) is not None]


def _is_null(node: Node) -> bool:
    said = node.get("enum", [node["const"]] if "const" in node else None)
    return node.get("type") == "null" or said == [None]


def _mapping(node: Node, key: str) -> Node:
    inner = node.get(key)
    return inner if isinstance(inner, Mapping) else {}


def _listed(aliases: Any, title: str | None) -> Any:
    if title is None:
        return aliases
    listed = [aliases] if isinstance(aliases, str) else list(aliases) if isinstance(aliases, list) else []
    return [*listed, *([] if title in listed else [title])]


def _folded(text: str) -> str:
    return " ".join(text.replace("_", " ").split()).casefold()
