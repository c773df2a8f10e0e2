"""Cross-fitting: an annotator that learns from shares must not vote on a text whose own shares it has learnt.

The texts are split into folds; what was learnt on all others votes on a fold (Chernozhukov et al. 2018, "Double/debiased
machine learning", section 3). So the votes are honest: they err as on texts that were never seen.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from limbeck.annotators.ballots import Floats

Said = TypeVar("Said")
Places = npt.NDArray[np.intp]


def cross_fitted(
    shares: Floats, learn: Callable[[Places, Places], Sequence[Said]], silent: Said, *, folds: int = 5, seed: int = 0
) -> list[Said]:
    """What is said of each text by what was learnt from other texts' shares.

    Args:
        shares: [n, k]; a row of zeros is a text of which nothing is known. To those all others are taught.
        learn: Learns from the texts at the first places, and says something of each text at the second.
        silent: Said where there is nothing to learn from.
        folds: In how many parts the known texts are split; with fewer known texts, in as many as there are.
        seed: Of the split.
    """
    said = [silent] * len(shares)
    known = np.flatnonzero(shares.any(axis=1))
    fold = np.full(len(shares), -1)
    fold[np.random.default_rng(seed).permutation(known)] = np.arange(len(known)) % folds
    for part in np.unique(fold):
        taught, held = known[fold[known] != part], np.flatnonzero(fold == part)
        if len(taught):
            for place, one in zip(held, learn(taught, held), strict=True):
                said[place] = one
    return said
