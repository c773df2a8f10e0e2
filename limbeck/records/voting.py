"""Several readings of a table vote, in the one vote table: on each cell's type, and then on each attribute.

The space of the types is the schema's id, that of an attribute the id with the type's and the attribute's names. So only
readings that found the type that won are heard on its attributes. Text is voted on as a whole, pairs each on its own.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from limbeck.aggregate import aggregate, chances
from limbeck.records.answers import TYPE, Said
from limbeck.schemas import YES, Vote
from limbeck.schemas.extraction import RecordSchema

NOT_SAID = "null"
Readings = Mapping[str, Mapping[str, Said]]
"""What each annotator said, by the annotator and the item."""


@dataclass
class Decided:
    """What the readings of a cell come to."""

    said: Said
    sure: dict[str, float] = field(default_factory=dict)
    """The share of readings that said so: for `type`, and by attribute; of pairs, the mean of those kept."""


def item(document: str, key: str) -> str:
    """How votes name a cell."""
    return f"{document}#{key}"


def votes(readings: Readings, schema: RecordSchema) -> list[Vote]:
    """Readings as votes."""
    return [
        Vote(item=item, space=space, annotator=annotator, label=label)
        for annotator, reading in readings.items()
        for item, said in reading.items()
        for space, label in _labels(said, schema)
    ]


def _labels(said: Said, schema: RecordSchema) -> Iterator[tuple[str, str]]:
    """What a record votes for, space by space."""
    yield schema.id, said[TYPE]
    for attribute in schema.type(said[TYPE]).attributes:
        space, value = _space(schema, said[TYPE], attribute.name), said.get(attribute.name)
        if attribute.kind == "pairs" and value:
            yield from ((space, json.dumps(pair, ensure_ascii=False)) for pair in value.items())
        else:
            yield space, json.dumps(value or None, ensure_ascii=False)


def _space(schema: RecordSchema, kind: str, attribute: str) -> str:
    return f"{schema.id}/{kind}/{attribute}"


def decide(given: Iterable[Vote], schema: RecordSchema) -> dict[str, Decided]:
    """One record an item: the majority's type, and of those who said it, the majority's values and the pairs of half of them."""
    by_space: dict[str, list[Vote]] = defaultdict(list)
    for vote in given:
        by_space[vote.space].append(vote)
    types = aggregate(by_space[schema.id], "majority")
    decided = {one.item: Decided({TYPE: one.label}, {TYPE: one.confidence}) for one in types}
    for kind in schema.types:
        for attribute in kind.attributes:
            given = by_space[_space(schema, kind.name, attribute.name)]
            said = [one for one in given if decided[one.item].said[TYPE] == kind.name]
            (_pairs if attribute.kind == "pairs" else _value)(said, attribute.name, decided)
    return {key: _ordered(one, schema) for key, one in decided.items()}


def _value(said: Sequence[Vote], name: str, decided: Mapping[str, Decided]) -> None:
    for one in aggregate(_one_spelling(said), "majority"):
        decided[one.item].said[name] = json.loads(one.label)
        decided[one.item].sure[name] = one.confidence


def _pairs(said: Sequence[Vote], name: str, decided: Mapping[str, Decided]) -> None:
    for key, shares in chances(said).items():
        kept = {label: share for label, share in shares.items() if share >= YES}
        pairs = [json.loads(label) for label in kept if label != NOT_SAID]
        decided[key].said[name] = dict(pairs)
        decided[key].sure[name] = sum(kept.values()) / len(kept) if kept else max(1 - share for share in shares.values())


def _one_spelling(said: Sequence[Vote]) -> Iterator[Vote]:
    """The votes, what differs in case alone spelt as who voted first spelt it."""
    spelt: dict[tuple[str, str], str] = {}
    for one in said:
        label = spelt.setdefault((one.item, one.label.casefold()), one.label)
        yield one.model_copy(update={"label": label})


def _ordered(one: Decided, schema: RecordSchema) -> Decided:
    """The record with its attributes in the schema's order, those of nobody's included."""
    attributes = schema.type(one.said[TYPE]).attributes
    said = {each.name: one.said.get(each.name, {} if each.kind == "pairs" else None) for each in attributes}
    return Decided({TYPE: one.said[TYPE], **said}, one.sure)
