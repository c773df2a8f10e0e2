"""The LightGBM student: boosted trees of 31 leaves (TnT-LLM, appendix C.2) on frozen vectors, with soft targets.

A round grows one tree for each output, so many labels are slow: no more than `MOST_TREES` trees are grown over all
depths. They are spent by successive halving (Jamieson & Talwalkar 2016): all depths start, after each rung the
better half by held-out loss goes on, and the last one grows until its loss rises or the trees are used up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from limbeck.students.lessons import Floats, Lessons
from limbeck.students.objective import loss_and_gradient, outputs_of, probabilities

FILE = "trees.txt"
DEPTHS = (3, 5, 7, 9)
"""The grid of the paper."""
DEFAULT_DEPTH = 5
LEAVES = 31
MOST_TREES = 6000
MOST_ROUNDS = 200
FIRST_ROUNDS = 4
"""Rounds of the first rung, where the trees allow it."""
BLIND_ROUNDS = 50
"""Rounds where nothing is held out."""
LEARNING_RATE = 0.1
FEW_TEXTS = 2000
"""Below, threads wait for each other longer than they work."""


@dataclass(frozen=True, eq=False)
class Trees:
    """A boosted head."""

    booster: Any
    count: int
    """How many outputs it has."""

    def outputs(self, vectors: Floats) -> Floats:
        """[n, d] to [n, outputs]: raw scores."""
        if not len(vectors):
            return np.zeros((0, self.count), dtype=np.float32)
        raw = self.booster.predict(vectors, raw_score=True)
        return np.asarray(raw, dtype=np.float32).reshape(len(vectors), self.count)

    def save(self, folder: Path) -> None:
        """Write `trees.txt`, LightGBM's own text format, in the folder."""
        self.booster.save_model(str(folder / FILE))

    @classmethod
    def load(cls, folder: Path) -> "Trees":
        """Read what `save` wrote.

        Raises:
            OSError, lightgbm.basic.LightGBMError: The file is missing or damaged.
        """
        import lightgbm

        booster = lightgbm.Booster(model_str=(folder / FILE).read_text(encoding="utf-8"))
        return cls(booster, booster.num_model_per_iteration())


@dataclass(eq=False)
class _Race:
    """One depth's booster on its way, with the held-out outputs so far."""

    depth: int
    booster: Any
    loss: float = np.inf


def grow(
    vectors: Floats, lessons: Lessons, held_vectors: Floats, held: Lessons, seed: int
) -> tuple[Trees, int]:
    """Grow the trees and choose their depth.

    Args:
        vectors: [n, d], one row for each text of the lessons.
        lessons: What to learn.
        held_vectors: [m, d], rows of the held-out lessons; m may be 0, then a depth of 5 grows 50 rounds.
        held: What tells depth and number of rounds.
        seed: Of the columns sampled for each tree.

    Returns:
        The head and its depth.
    """
    count = outputs_of(lessons)
    step = _step(lessons)
    if not len(held):
        race = _start(DEFAULT_DEPTH, vectors, lessons, seed)
        _run(race, max(1, min(BLIND_ROUNDS, MOST_TREES // count)), step)
        return Trees(race.booster, count), race.depth
    races, left = [_start(depth, vectors, lessons, seed) for depth in DEPTHS], MOST_TREES // count
    rounds = max(1, min(FIRST_ROUNDS, left // 12))
    while len(races) > 1:
        for race in races:
            left -= _run(race, rounds, step)
            race.loss = _held_loss(race, held_vectors, held)
        races = sorted(races, key=lambda race: race.loss)[: len(races) // 2]
        rounds *= 2
    return Trees(_finish(races[0], left, step, held_vectors, held), count), races[0].depth


def _finish(race: _Race, left: int, step: Callable[..., Any], held_vectors: Floats, held: Lessons) -> Any:
    """Grow on until the held-out loss rises or nothing is left; return the booster without the rounds that harmed."""
    import lightgbm

    best, stride = race.booster.current_iteration(), 4
    while left > 0 and race.booster.current_iteration() < MOST_ROUNDS:
        grown = _run(race, min(stride, left), step)
        left -= grown
        loss = _held_loss(race, held_vectors, held)
        if loss >= race.loss or not grown:
            break
        best, race.loss = race.booster.current_iteration(), loss
    return lightgbm.Booster(model_str=race.booster.model_to_string(num_iteration=max(1, best)))


def _start(depth: int, vectors: Floats, lessons: Lessons, seed: int) -> _Race:
    """A booster without trees.

    A fifth of the columns for each tree and 63 bins, for speed: the columns of an embedding carry much the same.
    """
    import lightgbm

    parameters = {
        "objective": "none", "num_class": outputs_of(lessons), "num_leaves": LEAVES, "max_depth": depth,
        "learning_rate": LEARNING_RATE, "feature_fraction": 0.2, "max_bin": 63, "seed": seed, "verbosity": -1,
        "deterministic": True, "force_row_wise": True, "feature_pre_filter": False,
        "min_data_in_leaf": max(1, min(20, len(lessons) // 10)), "min_data_in_bin": 1, "min_sum_hessian_in_leaf": 1e-3,
    }  # fmt: skip
    data = lightgbm.Dataset(vectors, label=np.zeros(len(vectors)), params=parameters)
    return _Race(depth, lightgbm.Booster(parameters, data))


def _step(lessons: Lessons) -> Callable[..., Any]:
    """The gradient and the diagonal of the curvature, as LightGBM asks for them."""
    k = len(lessons.labels)

    def step(raw: Any, _: Any) -> tuple[Any, Any]:
        outputs = np.asarray(raw, dtype=np.float32).reshape(len(lessons), -1)
        chances = probabilities(outputs, k)
        curvature = np.maximum(chances * (1 - chances), 1e-6) * lessons.weights[:, None]
        gradient = loss_and_gradient(outputs, lessons)[1]
        return (gradient, curvature) if outputs.shape[1] > 1 else (gradient.ravel(), curvature.ravel())

    return step


def _run(race: _Race, rounds: int, step: Callable[..., Any]) -> int:
    """Grow some rounds, fewer where no split is left; return how many."""
    for number in range(rounds):
        if race.booster.update(fobj=step):
            return number + 1
    return rounds


def _held_loss(race: _Race, held_vectors: Floats, held: Lessons) -> float:
    return loss_and_gradient(Trees(race.booster, outputs_of(held)).outputs(held_vectors), held)[0]
