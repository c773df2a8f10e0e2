"""Ridge regression on unit vectors, for many outputs at once, and folds that hold out whole groups."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[Any]
STRENGTH = 0.01
"""λ, for each row."""
FOLDS = 6


def solve(vectors: Floats, wanted: Floats, weights: Floats) -> Floats:
    """[d + 1, k]: weights and, last, biases that bring vectors [n, d] near to what is wanted [n, k]; rows weigh [n]."""
    extended = with_one(vectors)
    heavy = extended * weights[:, None]
    strength = np.full(extended.shape[1], STRENGTH * max(1.0, float(weights.sum())))
    strength[-1] = 1e-3
    found = np.linalg.solve(extended.T @ heavy + np.diag(strength), heavy.T @ wanted)
    return np.asarray(found, np.float32)


def outputs(vectors: Floats, solved: Floats) -> Floats:
    """[n, k]: what it says of vectors [n, d]."""
    return np.asarray(with_one(vectors) @ solved, np.float32)


def with_one(vectors: Floats) -> Floats:
    """Vectors with a 1 at their end."""
    return np.column_stack([vectors, np.ones(len(vectors))])


def folds(groups: Sequence[str], seed: int) -> list[tuple[list[int], list[int]]]:
    """(rows learnt from, rows held out) of at most `FOLDS` folds; no group is on both sides.

    A single group is held out and learnt from at once, for want of another.
    """
    names = sorted(set(groups))
    if len(names) < 2:
        return [(list(range(len(groups))), list(range(len(groups))))]
    order = np.random.default_rng(seed).permutation(len(names))
    fold = {name: int(place) % FOLDS for name, place in zip(names, order, strict=True)}
    mine = [fold[group] for group in groups]
    return [
        ([at for at, one in enumerate(mine) if one != out], [at for at, one in enumerate(mine) if one == out])
        for out in range(min(FOLDS, len(names)))
    ]
