"""What type a value is: one row of numbers for each value and each type, so that what is learnt of one type serves the others."""

import numpy as np

from limbeck.schemas.extraction import RecordSchema
from limbeck.students.cell_ranking import Attributes
from limbeck.students.cell_seen import Seen, Texts
from limbeck.students.cell_shapes import look
from limbeck.students.ridge import Floats


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
    named = _with_other(seen.named(schema))
    near = _with_other(_near(seen, texts, schema))
    count = len(schema.names)
    best = np.stack([np.delete(named, at, axis=1).max(axis=1) for at in range(count)], axis=1)
    others = np.stack([np.delete(first, at, axis=1).max(axis=1) for at in range(count)], axis=1)
    own = [named, best, near, first[..., None], others[..., None], np.repeat(first[:, None, -1:], count, axis=1)]
    which = np.repeat(np.eye(count)[None], len(first), axis=0)
    return np.concatenate([*own, which, np.repeat(shared[:, None], count, axis=1)], axis=2).astype(np.float32)


def _near(seen: Seen, texts: Texts, schema: RecordSchema) -> Floats:
    """[values, types but Other, 3]: how near a type's description is to the headers above, those beside and the caption."""
    kinds = texts.vectors([", ".join([one.name, *one.aliases, one.description]) for one in schema.types])
    vectors = seen.vectors(texts).reshape(len(seen.targets), 3, -1)
    return np.asarray(np.einsum("npd,td->ntp", vectors, kinds))


def _with_other(said: Floats) -> Floats:
    """`Other` gets the best of the rest."""
    return np.concatenate([said, said.max(axis=1, keepdims=True)], axis=1)
