"""A schema as a person writes it: plain values in, a checked `RecordSchema` out, or every mistake at once.

    {"types": [{"name": "Result", "attributes": ["metric", {"name": "year", "kind": "number"}, "settings{}"]}]}
    {"Result": ["metric", "settings{}"], "Other": []}

What can be read in one way only may be written shorter: types and attributes as lists or by name, a bare name for a text,
`name{}` for pairs, a list of options for a choice.
"""

import difflib
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from limbeck.errors import ConfigError
from limbeck.schemas.extraction import Attribute, Kind, RecordSchema, RecordType
from limbeck.schemas.labels import OTHER
from limbeck.visible import visible

KINDS: tuple[Kind, ...] = get_args(Kind)
RESERVED = ("value", "type")
"""What every record says of itself."""
PAIRS = "{}"
"""Ends a name that stands for pairs."""
SCHEMA_KEYS = ("name", "description", "types")
TYPE_KEYS = ("description", "aliases", "attributes")
ATTRIBUTE_KEYS = ("kind", "description", "aliases", "options")
EXAMPLE = "write `types: [{name: Result, attributes: [metric, model]}]`"
SHORT = 60
"""Characters of a value that a mistake quotes."""


def schema_of(values: Any, source: str) -> RecordSchema:
    """Check a schema's plain values.

    Args:
        values: What a YAML or JSON file holds.
        source: What mistakes call it.

    Raises:
        ConfigError: One line for each mistake.
    """
    form = _Form(source)
    schema = form.schema(values)
    if form.mistakes:
        raise ConfigError("\n".join(dict.fromkeys(form.mistakes)))
    return schema


def quoted(value: Any) -> str:
    """A value as a mistake quotes it, however large or deep it is."""
    return repr(value) if isinstance(value, str) and len(value) <= SHORT else reprlib.repr(value)


def word(value: Any) -> str | None:
    """A text, number or truth value as a text; None for everything else, and for what is not there."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


class _Form:
    """Reads one schema, and notes what is wrong with it instead of stopping there."""

    def __init__(self, source: str) -> None:
        self.mistakes: list[str] = []
        self._source = source

    def schema(self, values: Any) -> RecordSchema:
        values = self._with_types(values)
        if values is None:
            return RecordSchema(types=())
        self._known(values, SCHEMA_KEYS, "", self._source)
        types = tuple(self._types(values.get("types")))
        if not types and not self.mistakes:
            self._wrong(f"no type of record in {self._source!r}", EXAMPLE)
        return RecordSchema(
            name=self._text(values, "name", ""), description=self._text(values, "description", ""), types=types
        )

    def _with_types(self, values: Any) -> Mapping[str, Any] | None:
        """The values with the key `types`, which a mapping of names to lists does without."""
        if not isinstance(values, Mapping) or not values:
            self._wrong(f"no schema in {self._source!r}", EXAMPLE)
            return None
        if "types" in values or not set(values).isdisjoint(SCHEMA_KEYS):
            return values
        if all(isinstance(one, list) for one in values.values()):
            return {"types": values}
        if all(_lists(one) for one in values.values()):
            names = ", ".join(map(quoted, values))
            self._wrong(f"{self._source!r} holds several schemas ({names})", "write each into a file of its own")
            return None
        return values

    # ---- types and attributes ----------------------------------------------------------------------------------------

    def _types(self, raw: Any) -> Iterator[RecordType]:
        where = f"in {self._source!r}"
        for name, spec in self._named(raw, "type", where, TYPE_KEYS):
            place = f"in type {quoted(name)} of {self._source!r}"
            values = {"attributes": spec} if isinstance(spec, list) else {} if spec is None else spec
            if not isinstance(values, Mapping):
                self._wrong(f"type {quoted(name)} {where} can't be {quoted(spec)}", f"write `{name}: [metric, model]`")
                continue
            self._known(values, TYPE_KEYS, "", place)
            attributes = tuple(self._attributes(values.get("attributes"), place))
            if name != OTHER:
                texts = self._text(values, "description", place), self._words(values, "aliases", place)
                yield RecordType(name=name, description=texts[0], aliases=texts[1], attributes=attributes)
            elif attributes:
                self._wrong(f"type {OTHER!r} {where} has attributes, and stands for what is of no type", "leave it out")

    def _attributes(self, raw: Any, where: str) -> Iterator[Attribute]:
        for name, spec in self._named(raw, "attribute", where, ATTRIBUTE_KEYS):
            values = self._spelled_out(name, spec, where)
            if values is None:
                continue
            name, marked = name.removesuffix(PAIRS).rstrip(), name.endswith(PAIRS)
            place = f"of attribute {quoted(name)} {where}"
            if name in RESERVED:
                self._wrong(f"attribute {name!r} {where} is what every record has", "leave it out, or name it otherwise")
            self._known(values, ATTRIBUTE_KEYS, " of attribute " + quoted(name), where)
            options = self._words(values, "options", place)
            kind = self._kind(values, "pairs" if marked else "choice" if options else "text", place)
            if kind == "choice" and not options:
                self._wrong(f"no options {place}", "add `options: [dev, test]`, or write another kind")
            elif options and kind != "choice":
                self._wrong(f"options {place}, whose kind is {kind!r}", "write `kind: choice`, or leave them out")
            elif marked and kind != "pairs":
                self._wrong(f"kind {kind!r} {place}, whose name ends in {PAIRS!r}", "write `kind: pairs`")
            texts = self._text(values, "description", place), self._words(values, "aliases", place)
            yield Attribute(name=name, kind=kind, description=texts[0], aliases=texts[1], options=options)

    def _spelled_out(self, name: str, spec: Any, where: str) -> Mapping[str, Any] | None:
        """An attribute's keys, where the name alone, a kind or options were written."""
        if spec is None:
            return {}
        if isinstance(spec, list):
            return {"kind": "choice", "options": spec}
        if isinstance(spec, str) and spec in KINDS:
            return {"kind": spec}
        if isinstance(spec, Mapping):
            return spec
        hint = f"write one of {', '.join(KINDS)}, or `{name}: {{description: …}}`"
        self._wrong(f"attribute {quoted(name)} {where} can't be {quoted(spec)}", hint)
        return None

    def _kind(self, values: Mapping[str, Any], usual: Kind, place: str) -> Kind:
        said = values.get("kind")
        if said is None:
            return usual
        for kind in KINDS:
            if said == kind:
                return kind
        near = difflib.get_close_matches(said, KINDS, 1) if isinstance(said, str) else []
        self._wrong(f"unknown kind {quoted(said)} {place}", f"write {near[0]!r}" if near else f"write one of: {', '.join(KINDS)}")
        return usual

    # ---- names and texts ---------------------------------------------------------------------------------------------

    def _named(self, raw: Any, what: str, where: str, keys: Sequence[str]) -> Iterator[tuple[str, Any]]:
        """Names and what stands by them, each name once."""
        seen: set[str] = set()
        for written, spec in self._entries(raw, what, where, keys):
            said = " ".join((word(written) or "").split())
            name = said.removesuffix(PAIRS).rstrip() if what == "attribute" else said
            if not name:
                self._wrong(f"{quoted(written)} {where} is no name for {_a(what)}", "write a text, in quotes where in doubt")
            elif name in seen:
                self._wrong(f"{what} {quoted(name)} is twice {where}", "write it once, or name one otherwise")
            elif self._showable(said, f"of {what} {quoted(name)} {where}"):
                yield said, spec
            seen.add(name)

    def _entries(self, raw: Any, what: str, where: str, keys: Sequence[str]) -> Iterator[tuple[Any, Any]]:
        if raw is None:
            return
        if isinstance(raw, Mapping):
            yield from raw.items()
        elif isinstance(raw, list):
            for one in raw:
                yield from self._entry(one, what, where, keys)
        else:
            self._wrong(f"'{what}s' {where} can't be {quoted(raw)}", f"write a list: `{what}s: [one, another]`")

    def _entry(self, one: Any, what: str, where: str, keys: Sequence[str]) -> Iterator[tuple[Any, Any]]:
        if not isinstance(one, Mapping):
            yield one, None
        elif "name" in one:
            yield one["name"], {key: value for key, value in one.items() if key != "name"}
        elif len(one) == 1 and set(one).isdisjoint(keys):
            yield from one.items()
        else:
            self._wrong(f"{_a(what)} {where} has no name: {quoted(dict(one))}", "add `name: …` to it")

    def _known(self, values: Mapping[str, Any], keys: Sequence[str], whose: str, where: str) -> None:
        where = where if where.startswith("in ") else f"in {where!r}"
        for key in values:
            if key not in keys:
                near = difflib.get_close_matches(str(key), keys, 1)
                hint = f"write {near[0]!r}" if near else f"write one of: {', '.join(keys)}"
                self._wrong(f"unknown key {quoted(key)}{whose} {where}", hint)

    def _text(self, values: Mapping[str, Any], key: str, place: str) -> str:
        place = place or f"in {self._source!r}"
        said = values.get(key)
        text = "" if said is None else word(said)
        if text is None:
            self._wrong(f"{key!r} {place} can't be {quoted(said)}", "write a text")
            return ""
        return text.strip() if self._showable(text, f"of {key!r} {place}") else ""

    def _words(self, values: Mapping[str, Any], key: str, place: str) -> tuple[str, ...]:
        raw = values.get(key)
        listed = [] if raw is None else [raw] if isinstance(raw, str) and key == "aliases" else raw
        if not isinstance(listed, list | tuple):
            self._wrong(f"{key!r} {place} can't be {quoted(raw)}", f"write a list: `{key}: [one, another]`")
            return ()
        found: list[str] = []
        for one in listed:
            text = " ".join((word(one) or "").split())
            if not text:
                self._wrong(f"{quoted(one)} in {key!r} {place} is no text", "write a text, in quotes where in doubt")
            elif text in found:
                self._wrong(f"{quoted(text)} is twice in {key!r} {place}", "write it once")
            elif self._showable(text, f"in {key!r} {place}"):
                found.append(text)
        return tuple(found)

    def _showable(self, text: str, place: str) -> bool:
        if visible(text) == text.replace("\r\n", "\n"):
            return True
        self._wrong(f"{quoted(text)} {place} has a character that can't be shown", "write it without")
        return False

    def _wrong(self, trouble: str, hint: str) -> None:
        self.mistakes.append(f"{trouble}; {hint}")


def _lists(value: Any) -> bool:
    """Whether it is a schema by itself: names of types and lists of their attributes."""
    return isinstance(value, Mapping) and bool(value) and all(isinstance(one, list) for one in value.values())


def _a(what: str) -> str:
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"
