"""Which of the texts around a value an attribute is: what is known of attributes, and of each candidate for one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from limbeck.schemas.extraction import Attribute, RecordSchema
from limbeck.students import ridge
from limbeck.students.cell_candidates import ROLES, Candidate
from limbeck.students.cell_lessons import CellLesson
from limbeck.students.cell_seen import WORDS, Seen, Texts, words
from limbeck.students.cell_shapes import LOOKS, look
from limbeck.students.ridge import Floats

MOST_CONSTANTS, MOST_PAIRS, MOST_OTHERS = 8, 5, 60
SURE_PAIR = 0.5
ALIKE = 0.5
"""The token F1 from which on a pair is one that the teacher said."""
POSITIVE_WEIGHT = 4.0
"""Of a text that is some attribute's value, against 1 of one that is none, in what tells how values look."""
RISING, SHARED = 16, 25
"""The first columns of a candidate: where one is higher, it is no less likely; those that mean the same for every attribute."""
FEATURES = SHARED + len(ROLES) + LOOKS + 4
"""All of a candidate's."""
ROLE_AT = {role: at for at, role in enumerate(ROLES)}
USUAL = 3.0
"""Cells' roots that what is usual of a role counts as much as."""
LIMITS = 0.25
"""How much looks count beside an encoder's vector."""


@dataclass(frozen=True, eq=False)
class Attributes:
    """The attributes of a schema by name, whatever type they belong to, and what lessons say of their values."""

    schema: RecordSchema
    solved: Floats
    """[d + LOOKS + 1, attributes]: how much a text looks like a value."""
    shares: dict[str, dict[str, float]]
    """Of each attribute's values, in small letters: in which share of the files it comes that say the attribute."""
    rates: Floats
    """[attributes, roles]: how much of the attribute's value a text of a role has."""

    @property
    def every(self) -> dict[str, Attribute]:
        """Each name's first."""
        return every_attribute(self.schema)

    def constants(self, name: str) -> list[str]:
        """What is said most often: offered for every value."""
        shares = self.shares.get(name, {})
        often = sorted(shares, key=lambda text: (-shares[text], text))[:MOST_CONSTANTS]
        return list(dict.fromkeys([*self.every[name].options, *often]))

    def likeness(self, texts: Texts, said: Sequence[str]) -> Floats:
        """[texts, attributes]: how much each looks like a value of each."""
        return ridge.outputs(_looked(texts, said), self.solved)

    def known(self, texts: Texts, seen: Seen) -> "Ranked":
        """What is known of each candidate of a table."""
        return Ranked(self, texts, seen)


def every_attribute(schema: RecordSchema) -> dict[str, Attribute]:
    """Attributes by name; of several types' the first's."""
    return {one.name: one for kind in reversed(schema.types) for one in reversed(kind.attributes)}


def learn(schema: RecordSchema, lessons: Sequence[CellLesson], tables: Sequence[Seen], texts: Texts) -> Attributes:
    """What lessons say of attributes' values.

    Args:
        schema: Theirs.
        lessons: Of any number of files.
        tables: Theirs, in the same order.
        texts: Embeds.
    """
    every = every_attribute(schema)
    names = list(every)
    values: dict[tuple[str, str], set[str]] = {}
    files: dict[str, set[str]] = {}
    for lesson in lessons:
        for name, value in lesson.said.items():
            if name != "type" and value:
                files.setdefault(name, set()).add(lesson.group)
                for text in value.values() if isinstance(value, dict) else (value,):
                    values.setdefault((text.strip(), lesson.group), set()).add(name)
    for seen in tables:
        others = dict.fromkeys(one.text for around in seen.around[::5] for one in around)
        for text in list(others)[:MOST_OTHERS]:
            values.setdefault((text, ""), set())
    around = [each for seen in tables for each in seen.around]
    rows = _looked(texts, [text for text, _ in values])
    wanted = np.array([[float(name in said) for name in names] for said in values.values()]).reshape(len(rows), len(names))
    weights = np.where(wanted.any(axis=1), POSITIVE_WEIGHT, 1.0) if len(names) else np.ones(len(rows))
    shares: dict[str, dict[str, float]] = {name: {} for name in names}
    for (text, group), said in values.items():
        for name in said if group else ():
            shares[name][text.casefold()] = min(1.0, shares[name].get(text.casefold(), 0.0) + 1 / len(files[name]))
    return Attributes(schema, ridge.solve(rows, wanted, weights), shares, _rates(lessons, around, every))


def _rates(lessons: Sequence[CellLesson], around: Sequence[list[Candidate]], every: dict[str, Attribute]) -> Floats:
    """[attributes, roles]: drawn to what is usual of all attributes where few files say it."""
    hits: dict[str, Floats] = {}
    for lesson, each in zip(lessons, around, strict=True):
        offered = [*each, Candidate("", {"nothing"})]
        counts = hits.setdefault(lesson.group, np.zeros((2, len(every), len(ROLES))))
        roles = _roles(offered)
        for at, attribute in enumerate(every.values()):
            if attribute.name in lesson.said:
                gain = gains(offered, lesson.said[attribute.name], attribute)
                counts[0, at] += gain @ roles / np.maximum(1, roles.sum(axis=0))
                counts[1, at] += roles.max(axis=0, initial=0.0)
    got = sum((counts / np.sqrt(np.maximum(1, counts[1].max())) for counts in hits.values()), np.zeros((2, len(every), len(ROLES))))
    usual = got[0].sum(axis=0) / np.maximum(1e-9, got[1].sum(axis=0))
    return np.asarray((got[0] + USUAL * usual) / (got[1] + USUAL), np.float32)


def _roles(offered: Sequence[Candidate]) -> Floats:
    """[candidates, roles]: where each stands."""
    roles = np.zeros((len(offered), len(ROLES)))
    for row, one in enumerate(offered):
        roles[row, [ROLE_AT[role] for role in one.roles]] = 1
    return roles


def _looked(texts: Texts, said: Sequence[str]) -> Floats:
    looks = np.array([look(text) for text in said]).reshape(len(said), LOOKS)
    return np.concatenate([texts.vectors(said), LIMITS * np.tanh(looks)], axis=1)


class Ranked:
    """The candidates of a table in numbers."""

    def __init__(self, attributes: Attributes, texts: Texts, seen: Seen) -> None:
        self.attributes, self.seen = attributes, seen
        every = attributes.every
        self._pairs = [one.kind == "pairs" for one in every.values()]
        self._at = {name: at for at, name in enumerate(every)}
        constants = {name: attributes.constants(name) for name in every}
        self._constants = constants
        around = {one.text for each in seen.around for one in each}
        said = dict.fromkeys(["", *sorted(around), *(text for each in constants.values() for text in each)])
        self._text = {text: at for at, text in enumerate(said)}
        about = {name for each in seen.around for one in each for name in one.about}
        self._about = {text: at for at, text in enumerate(["", *sorted(about)])}
        names = texts.vectors([_described(one) for one in every.values()])
        self._looks = np.array([look(text) for text in said])
        self._likeness = attributes.likeness(texts, list(said))
        self._near = texts.vectors(list(said)) @ names.T
        self._near_about = texts.vectors(list(self._about)) @ names.T
        self._shared = _overlaps(list(said), list(every.values()))
        self._shared_about = _overlaps(list(self._about), list(every.values()))
        counts = np.zeros(len(said))
        for each in seen.around:
            counts[[self._text[one.text] for one in each]] += 1
        self._common = counts / max(1, len(seen.around))
        caption = words(seen.table.caption)
        told = " ".join([seen.table.caption, *seen.table.paragraphs]).casefold()
        self._told: Floats = np.log1p([told.count(text.casefold()) if len(text) > 2 else 0 for text in said])
        self._in_caption = np.array([len(words(text) & caption) / max(1, len(words(text))) for text in said])

    def offered(self, at: int, name: str) -> list[Candidate]:
        """The candidates for an attribute of one value: those around it, what is said often, and, last, nothing."""
        around = self.seen.around[at]
        there = {one.text.casefold() for one in around}
        constants = [Candidate(text, {"constant"}) for text in self._constants[name] if text.casefold() not in there]
        return [*around, *constants, Candidate("", {"nothing"})]

    def rows(self, at: int, name: str, kind: int) -> Floats:
        """[candidates, features] of those offered.

        Args:
            at: Which value.
            name: The attribute.
            kind: Which type it is asked for.
        """
        offered, a = self.offered(at, name), self._at[name]
        texts = [self._text[one.text] for one in offered]
        about = [[self._about[said] for said in one.about] or [0] for one in offered]
        shares = self.attributes.shares.get(name, {})
        likeness = self._likeness[texts, a].copy()
        roles = _roles(offered)
        rates = roles * self.attributes.rates[a]
        rising = [
            rates.max(axis=1),
            rates.sum(axis=1) / roles.sum(axis=1),
            likeness,
            self._near[texts, a],
            self._shared[texts, a],
            np.array([self._near_about[one, a].max() for one in about]),
            np.array([self._shared_about[one, a].max() for one in about]),
            # What the table says itself needs no other file to say it.
            np.array([shares.get(one.text.casefold(), 0.0) * ("constant" in one.roles) for one in offered]),
        ]
        # Of nothing, what the best of the others has: how much there is to be said.
        best = [column[:-1].max(initial=0.0) for column in rising]
        behind = [column - most for column, most in zip(rising, best, strict=True)]
        for column, most in zip(rising[2:], best[2:], strict=True):
            column[-1] = -most
        rest = [
            self._likeness[texts].max(axis=1) - self._likeness[texts, a],
            self._common[texts],
            self._in_caption[texts],
            self._told[texts],
            self._told[texts] - self._told[texts].max(),
            np.array([float(bool(one.about)) for one in offered]),
            roles[:, ROLE_AT["nothing"]],
            roles[:, ROLE_AT["constant"]],
            np.full(len(offered), float(self._pairs[a])),
        ]
        fixed = [float(kind), float(len(self.seen.above[at])), float(len(self.seen.beside[at])), float(roles[:, ROLE_AT["section"]].any())]
        columns = [*rising, *behind, *rest]
        parts = [np.column_stack(columns), roles, self._looks[texts], np.tile(fixed, (len(offered), 1))]
        return np.asarray(np.concatenate(parts, axis=1), np.float32)


def _described(one: Attribute) -> str:
    return ", ".join([one.name, *one.aliases]) + (f": {one.description}" if one.description else "")


def _overlaps(texts: Sequence[str], attributes: Sequence[Attribute]) -> Floats:
    """[texts, attributes]: the best token F1 of each text and any of the attribute's names."""
    return np.array([[max(token_f1(text, name) for name in (one.name, *one.aliases)) for one in attributes] for text in texts]).reshape(
        len(texts), len(attributes)
    )


def token_f1(said: str, wanted: str) -> float:
    """The harmonic mean of precision and recall over words, in [0, 1]."""
    first, second = WORDS.findall(said.casefold()), WORDS.findall(wanted.casefold())
    common = sum(min(first.count(word), second.count(word)) for word in set(first))
    return 2 * common / (len(first) + len(second)) if common else float(said.casefold() == wanted.casefold() != "")


def gains(offered: Sequence[Candidate], value: Any, attribute: Attribute) -> Floats:
    """[candidates]: how much of the teacher's value each has, in [0, 1]; `nothing` has all of what was not said."""
    if not value:
        return np.array([float("nothing" in one.roles) for one in offered])
    if isinstance(value, dict):
        pairs = [f"{key} {text}" for key, text in value.items()]
        return np.array([float(max(token_f1(" ".join(pair_of(one, attribute)), pair) for pair in pairs) >= ALIKE) for one in offered])
    found = np.array([token_f1(one.text, str(value)) for one in offered])
    constant = np.array(["constant" in one.roles for one in offered])
    # What the table says in its own words need not be taken from another.
    return np.where(constant & (found[~constant].max(initial=0.0) >= ALIKE), 0.0, found)


def pair_of(one: Candidate, attribute: Attribute) -> tuple[str, str]:
    """A candidate as a pair: what names it, and itself."""
    return (min(one.about, key=lambda text: (len(text), text)) if one.about else attribute.name), one.text


def choose(scores: Floats, offered: Sequence[Candidate], attribute: Attribute) -> Any:
    """What an attribute is, by how much of its value each candidate is believed to have; None where it is not said."""
    order = np.argsort(-scores, kind="stable").tolist()
    if attribute.kind != "pairs":
        options = {one.casefold() for one in ("", *attribute.options)} if attribute.options else None
        return next(offered[at].text for at in order if options is None or offered[at].text.casefold() in options) or None
    sure = [offered[at] for at in order if scores[at] >= SURE_PAIR and offered[at].text][:MOST_PAIRS]
    return dict(pair_of(one, attribute) for one in sure)
