"""What in a schema of records can be used, and is probably a mistake."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from limbeck.records.forms import RESERVED
from limbeck.schemas.extraction import Attribute, RecordSchema, RecordType
from limbeck.schemas.labels import OTHER

MOST_ATTRIBUTES = 40
"""Of one type; a model that is asked for more says less of each."""
LONGEST = 500
"""Characters of a description: all of them are in every prompt."""


def notes(schema: RecordSchema) -> list[str]:
    """Sentences on what a person should look at again, in the schema's order; none where all is well."""
    found = list(_alike("types", "the schema", [*(one.name for one in schema.types), OTHER]))
    for type in schema.types:
        found += _of_type(type, schema)
    return found


def _of_type(type: RecordType, schema: RecordSchema) -> Iterator[str]:
    name, where = repr(type.name), f"type {type.name!r}"
    if not type.description:
        yield f"{where} has no description; say in a sentence which values are such records"
    others = {_folded(one.name): one.name for one in schema.types if one != type}
    yield from (f"alias {alias!r} of {where} is the name of another type" for alias in type.aliases if _folded(alias) in others)
    if not type.attributes:
        yield f"{where} has no attributes; its records say nothing but a value"
    if len(type.attributes) > MOST_ATTRIBUTES:
        yield f"{where} has {len(type.attributes)} attributes; divide it into types of {MOST_ATTRIBUTES} at most"
    bare = [repr(one.name) for one in type.attributes if not one.description]
    if bare:
        yield f"no description of {', '.join(bare)} in {where}; a model that is told what a name means reads better"
    yield from _alike("attributes", where, [*(one.name for one in type.attributes), *RESERVED])
    yield from _aliases(type.attributes, where)
    texts = [(type.description, where), *((one.description, f"{one.name!r} of {where}") for one in type.attributes)]
    for text, whose in texts:
        if len(text) > LONGEST:
            yield f"the description of {whose} has {len(text)} characters; it is in every prompt, so be brief"
    for one in type.attributes:
        yield from _options(one, f"{one.name!r} of {name}")


def _aliases(attributes: Sequence[Attribute], where: str) -> Iterator[str]:
    owners: dict[str, list[str]] = defaultdict(list)
    for attribute in attributes:
        owners[_folded(attribute.name)].append(attribute.name)
    for attribute in attributes:
        for alias in attribute.aliases:
            others = [one for one in owners[_folded(alias)] if one != attribute.name]
            if others:
                yield f"alias {alias!r} of attribute {attribute.name!r} in {where} stands for {others[0]!r}, too"
            elif attribute.name in owners[_folded(alias)]:
                yield f"alias {alias!r} of attribute {attribute.name!r} in {where} is its name; leave it out"
            owners[_folded(alias)].append(attribute.name)


def _options(attribute: Attribute, whose: str) -> Iterator[str]:
    if attribute.kind == "choice" and len(attribute.options) == 1:
        yield f"{whose} has one option, {attribute.options[0]!r}; a choice needs another"
    yield from _alike("options", whose, attribute.options)


def _alike(what: str, where: str, names: Iterable[str]) -> Iterator[str]:
    """Names that only capitals, `-`, `_` and space tell apart."""
    seen: dict[str, str] = {}
    for name in names:
        before = seen.setdefault(_folded(name), name)
        if before != name:
            yield f"{what} {before!r} and {name!r} of {where} look alike; name one otherwise"


def _folded(name: str) -> str:
    return " ".join(name.replace("_", " ").replace("-", " ").split()).casefold()
