"""From what is believed of documents to what students are taught: neighbours agree, and the likelier label leans forward.

Correlated errors stay, single ones are outvoted by the document's neighbours (Zhu et al. 2022, arXiv:2110.06283; Zhou et al.
2004). What a person has said is never outvoted.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from limbeck.prototypes import agreed
from limbeck.students import Lessons
from limbeck.students.lessons import Floats

SHARPNESS = 2
"""Neighbours that agree leave shares flat, and a student taught by them is unsure and less often right."""


def lessons_of(
    texts: Sequence[str],
    labels: Sequence[str],
    shares: npt.ArrayLike,
    embeddings: npt.ArrayLike,
    *,
    known: Mapping[int, int] | None = None,
    weights: npt.ArrayLike | None = None,
    applicable: npt.ArrayLike | None = None,
) -> Lessons:
    """Lessons of n texts with k labels.

    Args:
        texts: n texts.
        labels: k names.
        shares: [n, k]: how much each label is believed of each text, rows adding up to 1.
        embeddings: [n, dimensions] of the texts.
        known: The label number of texts, by row, that a person has labelled.
        weights: [n]: how much each text counts; all 1 where left out.
        applicable: [n, k], for students that are to learn all that apply.
    """
    told = agreed(embeddings, shares, known=known)
    counts = np.ones(len(texts)) if weights is None else weights
    return Lessons(tuple(texts), tuple(labels), leaning(told), np.asarray(counts, dtype=np.float32), _floats(applicable))


def leaning(shares: Floats) -> Floats:
    """Shares that lean towards the likeliest label: which one it is, is surer than they say."""
    powers = (shares / np.maximum(shares.max(axis=1, keepdims=True), 1e-12)) ** SHARPNESS
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


def _floats(values: npt.ArrayLike | None) -> Floats | None:
    return None if values is None else np.asarray(values, dtype=np.float32)
