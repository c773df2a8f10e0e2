"""What type a value is: one row of numbers for each value and each type, so that what is learnt of one type serves the others."""

import numpy as np

from limbeck.schemas.extraction import RecordSchema
from limbeck.students.cell_ranking import Attributes
from limbeck.students.cell_seen import Seen, Texts
from limbeck.students.cell_shapes import look
from limbeck.students.ridge import Floats

NAMED, NEAR = 5, 7
RISING = 2 * NAMED + 2 * NEAR + 1
"""The first columns: where one is higher, the type is no less likely."""


def rows(seen: Seen, first: Floats, attributes: Attributes, texts: Texts, schema: RecordSchema) -> Floats:
    """[values, types, features].

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
    count = len(schema.names)
    best = np.stack([np.delete(named, at, axis=1).max(axis=1) for at in range(count)], axis=1)
    others = np.stack([np.delete(first, at, axis=1).max(axis=1) for at in range(count)], axis=1)
    is_other = np.broadcast_to((np.arange(count) == count - 1).astype(float)[None, :, None], (len(first), count, 1))
    gap = near - np.stack([np.delete(near, at, axis=1).max(axis=1) for at in range(count)], axis=1)
    own = [named, named - best, near, gap, first[..., None], best, others[..., None], np.repeat(first[:, None, -1:], count, axis=1), is_other]
    return np.concatenate([*own, np.repeat(shared[:, None], count, axis=1)], axis=2).astype(np.float32)


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
