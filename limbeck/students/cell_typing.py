"""What type a value is: one row of numbers for each value and each type, so that what is learnt of one type serves the others."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from limbeck.schemas.extraction import RecordSchema
from limbeck.students import cell_trees
from limbeck.students.cell_ranking import Attributes
from limbeck.students.cell_seen import Seen, Texts
from limbeck.students.cell_shapes import LOOKS, PLACES, look
from limbeck.students.ridge import Floats

NAMED, NEAR = 5, 7
RISING = 1 + 2 * NAMED + 2 * NEAR + 1
"""The first columns: where one is higher, the type is no less likely."""
TRUST = 0.5
"""How much of what the trees for any type say is kept, as they are sure of the lessons that they were grown on."""
OWN = RISING + NAMED + 4
"""Those that differ from type to type; the others are the value's."""


def features(types: int, attributes: int) -> int:
    """How many the trees that know so many types apart read."""
    return PLACES + 2 * attributes + 2 * LOOKS + types * OWN


@dataclass(frozen=True, eq=False)
class TypeTrees:
    """Trees that say what type a value is: first those for any type, then those that know the types apart."""

    any_type: Any
    each: Any

    def shares(self, rows: Floats) -> Floats:
        """[values, types]: how likely each is, for what `rows` gave."""
        scores = _any_scores(self.any_type, rows) + cell_trees.raw(self.each, _flat(rows)).reshape(rows.shape[:2])
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def grow(rows: Floats, wanted: Floats, weights: Floats, seed: int) -> TypeTrees:
    """Fit them: rows [values, types, features], wanted [values, types], weights [values]."""
    own = rows[..., :OWN].reshape(-1, OWN)
    every = np.repeat(weights, rows.shape[1])
    any_type = cell_trees.grow(own, wanted.ravel(), every, seed, RISING, own[:, 0])
    return TypeTrees(any_type, cell_trees.grow(_flat(rows), wanted, weights, seed, start=_any_scores(any_type, rows)))


def _any_scores(trees: Any, rows: Floats) -> Floats:
    return np.asarray(rows[..., 0] + TRUST * cell_trees.raw(trees, rows[..., :OWN].reshape(-1, OWN)).reshape(rows.shape[:2]))


def _flat(rows: Floats) -> Floats:
    """[values, features]: what is the value's, and what is each type's, side by side."""
    return np.concatenate([rows[:, 0, OWN:], rows[..., :OWN].reshape(len(rows), -1)], axis=1)


def rows(seen: Seen, first: Floats, attributes: Attributes, texts: Texts, schema: RecordSchema) -> Floats:
    """[values, types, features], the first of which is what is believed beforehand.

    Args:
        seen: The table.
        first: [values, types]: what the headers' and the caption's vectors say.
        attributes: Say whether a header looks like an attribute's value.
        texts: Embeds.
        schema: Its types; `Other` comes last.
    """
    above, beside = seen.nearest()
    shared = np.concatenate(
        [
            seen.places,
            attributes.likeness(texts, above),
            attributes.likeness(texts, beside),
            np.array([look(text) for text in above]),
            np.array([look(text) for text in beside]),
        ],
        axis=1,
    )
    named, near = _with_other(seen.named(schema)), _with_other(_near(seen, texts, schema))
    here = named[..., :2].max(axis=2, keepdims=True)
    elsewhere = here.max(axis=0, keepdims=True) - here
    count = len(schema.names)
    best = np.stack([np.delete(named, at, axis=1).max(axis=1) for at in range(count)], axis=1)
    others = np.stack([np.delete(first, at, axis=1).max(axis=1) for at in range(count)], axis=1)
    is_other = np.broadcast_to((np.arange(count) == count - 1).astype(float)[None, :, None], (len(first), count, 1))
    gap = near - np.stack([np.delete(near, at, axis=1).max(axis=1) for at in range(count)], axis=1)
    rising = [_prior(named, elsewhere, schema), named, named - best, near, gap, first[..., None]]
    own = [*rising, best, elsewhere, others[..., None], np.repeat(first[:, None, -1:], count, axis=1), is_other]
    return np.asarray(np.concatenate([*own, np.repeat(shared[:, None], count, axis=1)], axis=2), np.float32)


def _prior(named: Floats, elsewhere: Floats, schema: RecordSchema) -> Floats:
    """[values, types, 1]: what is to be believed before any lesson, in logits.

    A header that has a code such as `IC50` says what stands under it; a caption does where no header does. A type that is
    called by a common word, such as `Result`, is not known by it.
    """
    whole = np.floor(named) * np.array([[[is_code(name)] for name in schema.names]])
    here, around = whole[..., :2].max(axis=2, keepdims=True), whole[..., 2:].max(axis=2, keepdims=True)
    said = np.maximum(here, 0.75 * around * (1 - np.floor(elsewhere) - here))
    return np.asarray(4 * said - 2)


def is_code(name: str) -> bool:
    """Whether a name is one word with a digit or two capitals in it."""
    return " " not in name and "_" not in name and (any(map(str.isdigit, name)) or sum(map(str.isupper, name)) > 1)


def _near(seen: Seen, texts: Texts, schema: RecordSchema) -> Floats:
    """[values, types but Other, NEAR]: how near what a type and its attributes are called is to the headers and the caption."""
    kinds = texts.vectors([", ".join([one.name, *one.aliases, one.description]) for one in schema.types])
    above, beside = (texts.vectors(one) for one in seen.nearest())
    vectors = np.stack([*np.split(seen.vectors(texts), 3, axis=1), above, beside], axis=1)
    of_types = np.einsum("npd,td->ntp", vectors, kinds)
    of_attributes = np.zeros((len(vectors), len(schema.types), 2))
    for at, one in enumerate(schema.types):
        if one.attributes:
            names = texts.vectors([attribute.name for attribute in one.attributes])
            of_attributes[:, at] = np.einsum("npd,ad->npa", vectors[:, 3:], names).max(axis=2)
    return np.concatenate([of_types, of_attributes], axis=2)


def _with_other(said: Floats) -> Floats:
    """`Other` has no name."""
    return np.concatenate([said, np.zeros_like(said[:, :1])], axis=1)
