"""From what is believed of documents to what students are taught: single errors go, and the likelier label leans forward.

Neighbours are made to agree (Zhou et al. 2004; Zhu et al. 2022, arXiv:2110.06283), a judge learns from them, and outvotes a
document's own votes as far as votes are found to be wrong (confident learning; Northcutt et al. 2021, arXiv:1911.00068).
Where classes have too few documents to learn from, votes stay as they are. Correlated errors stay. What a person has said is
never outvoted. How sure a student may be, it is told beside: as sure as shares were before they leaned.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from limbeck.neighbours import heard
from limbeck.noise import find, out_of_sample
from limbeck.prototypes import BALANCE, agreed, drawn_together, sized
from limbeck.students import Lessons
from limbeck.students.lessons import Floats

SHARPNESS = 2
"""Neighbours that agree leave shares flat, and a student taught by them is unsure and less often right."""
VOTES = 0.5
"""The power of the votes' likelihood beside the judge's opinion."""


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
    votes = _floats(shares)
    close = agreed(embeddings, votes, known=known)
    surely = heard(*votes.shape)
    told = surely * posterior(votes, out_of_sample(embeddings, leaning(close))) + (1 - surely) * close
    for row, label in (known or {}).items():
        told[row] = np.eye(len(labels), dtype=np.float32)[label]
    counts = np.ones(len(texts)) if weights is None else weights
    applies = None if applicable is None else _floats(applicable)
    return Lessons(tuple(texts), tuple(labels), leaning(told), _floats(counts), applies, told)


def posterior(votes: Floats, judged: Floats) -> Floats:
    """What the labels probably are, once a judge is heard that was not shown a text's own votes, and these votes.

    Votes count by how likely they are where each label is right, which is estimated from what the judge finds wrong: reliable
    votes stay, unreliable ones are overruled. They count by the root of it, as the judge's neighbours have heard them, too.
    Classes keep the sizes that votes give them, half drawn together.

    Args:
        votes: [n, k]: how much each label is believed of each text.
        judged: [n, k]: what each text's label is, told from other texts.

    Returns:
        [n, k], rows adding up to 1.
    """
    if len(votes) == 0:
        return votes
    voted = votes.max(axis=1) > votes.min(axis=1)
    noise = find(votes[voted].argmax(axis=1), judged[voted])
    likely = votes @ noise.likelihoods
    return sized(_log(judged) + VOTES * _log(likely), drawn_together(votes.mean(axis=0), BALANCE))


def _log(shares: Floats) -> Floats:
    return _floats(np.log(np.maximum(shares, 1e-6)))


def leaning(shares: Floats) -> Floats:
    """Shares that lean towards the likeliest label: which one it is, is surer than they say."""
    powers = (shares / np.maximum(shares.max(axis=1, keepdims=True), 1e-12)) ** SHARPNESS
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


def _floats(values: npt.ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float32)
