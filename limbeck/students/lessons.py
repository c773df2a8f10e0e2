"""Lessons: what a student learns from. Texts, the teacher's soft labels for them, and how far to trust each.

`Lessons(texts=("hi",), labels=("Greeting", "Other"), targets=[[0.9, 0.1]], weights=[0.9])`
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck.errors import StudentError

Floats = npt.NDArray[np.float32]
"""An array of 32-bit floats."""
Rows = npt.NDArray[np.int64]
"""Row or label numbers."""
Choices = npt.NDArray[np.bool_]
"""[n, k]: yes or no for each label."""

SUM_TOLERANCE = 1e-3
LEAST_TO_SHARE = 2
"""A label with fewer texts than this teaches nothing if its text is held out."""


@dataclass(frozen=True, eq=False)
class Lessons:
    """Pseudo-labelled texts: n texts, k labels.

    Raises:
        StudentError: The shapes don't fit together, a row of `targets` does not sum to 1, or a number is no number.
    """

    texts: Sequence[str]
    labels: tuple[str, ...]
    """The k label names, distinct; "Other" is a label like any other."""
    targets: Floats
    """[n, k]: how the teacher shares its primary label out, for students to learn; rows sum to 1."""
    weights: Floats
    """[n]: confidence of the teacher in the row, at least 0."""
    applicable: Floats | None = None
    """[n, k] in [0, 1]: how likely each label is to apply at all, judged one by one; None where that was not asked."""
    believed: Floats = None  # type: ignore[assignment]
    """[n, k]: how sure of each label a student may be, as far as the teacher knows; the targets where left out."""

    def __post_init__(self) -> None:
        """Take any array-likes, then check them."""
        if self.believed is None:
            object.__setattr__(self, "believed", self.targets)
        for name in ("targets", "weights", "applicable", "believed"):
            value: Any = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, np.asarray(value, dtype=np.float32))
        _check(self)

    @classmethod
    def of(
        cls, texts: Sequence[str], chosen: Sequence[str], confidences: Sequence[float] | None = None
    ) -> "Lessons":
        """Make lessons of one label a text; the labels are the distinct ones chosen, sorted.

        Args:
            texts: n texts.
            chosen: Each text's label.
            confidences: Each label's weight; all 1 where left out.
        """
        labels = tuple(sorted(set(chosen)))
        place = {label: number for number, label in enumerate(labels)}
        targets = np.zeros((len(chosen), len(labels)), dtype=np.float32)
        targets[np.arange(len(chosen)), [place[label] for label in chosen]] = 1
        weights = np.ones(len(chosen)) if confidences is None else np.asarray(confidences)
        return cls(texts=texts, labels=labels, targets=targets, weights=weights.astype(np.float32))

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def hard(self) -> Rows:
        """[n]: the number of each text's likeliest label."""
        return np.asarray(self.targets.argmax(axis=1), dtype=np.int64)

    def take(self, rows: Sequence[int] | Rows) -> "Lessons":
        """The lessons of these rows, in this order; the labels stay."""
        index = np.asarray(rows, dtype=np.int64)
        applicable = None if self.applicable is None else self.applicable[index]
        texts = tuple(self.texts[row] for row in index)
        return Lessons(texts, self.labels, self.targets[index], self.weights[index], applicable, self.believed[index])

    def split(self, share: float, seed: int) -> "tuple[Lessons, Lessons]":
        """Part the lessons in (train, held out), each label in about the same proportion.

        A label's rounding error is carried over to the next label, so that `held out` has `share` of all texts that
        can be spared, also where every label has few. A label's last text is never held out.

        Args:
            share: The part to hold out, in [0, 1).
            seed: The same seed gives the same parts.

        Raises:
            StudentError: `share` is outside [0, 1).
        """
        train, held = self.split_rows(share, seed)
        return self.take(train), self.take(held)

    def split_rows(self, share: float, seed: int) -> tuple[Rows, Rows]:
        """The row numbers of `split`, each part in ascending order."""
        if not 0 <= share < 1:
            raise StudentError(
                f"can't hold out {share!r} of the lessons; type a share from 0 to below 1, such as 0.2"
            )
        shuffled = np.random.default_rng(seed).permutation(len(self))
        hard, held, owed = self.hard, [], 0.0
        for label in range(len(self.labels)):
            members = shuffled[hard[shuffled] == label]
            if len(members) < LEAST_TO_SHARE:
                continue
            owed += share * len(members)
            taken = min(int(owed + 0.5), len(members) - 1)
            owed -= taken
            held.extend(members[:taken].tolist())
        held_rows = np.asarray(sorted(held), dtype=np.int64)
        return np.setdiff1d(np.arange(len(self), dtype=np.int64), held_rows), held_rows


def _check(lessons: Lessons) -> None:
    """Raise StudentError at the first thing that does not fit."""
    n, k = len(lessons.texts), len(lessons.labels)
    _check_shape("targets", lessons.targets, (n, k))
    _check_shape("believed", lessons.believed, (n, k))
    _check_shape("weights", lessons.weights, (n,))
    if lessons.applicable is not None:
        _check_shape("applicable", lessons.applicable, (n, k))
        if ((lessons.applicable < 0) | (lessons.applicable > 1)).any():
            raise StudentError(
                "'applicable' has a number outside [0, 1]; give 1 where a label applies, else 0"
            )
    if k == 0 or len(set(lessons.labels)) < k:
        raise StudentError(f"the labels {lessons.labels!r} are none or not distinct; give each label once")
    if (lessons.weights < 0).any():
        raise StudentError("'weights' has a number below 0; give a confidence from 0 to 1")
    off = np.abs(lessons.targets.sum(axis=1) - 1) > SUM_TOLERANCE
    if off.any() or (lessons.targets < 0).any():
        raise StudentError("a row of 'targets' is no distribution; give shares of at least 0 that sum to 1")


def _check_shape(name: str, value: Floats, shape: tuple[int, ...]) -> None:
    """Raise StudentError unless the array has the shape and holds finite numbers."""
    if value.shape != shape:
        raise StudentError(
            f"{name!r} has the shape {value.shape!r}; give one of {shape!r}, a row for each text"
        )
    if not np.isfinite(value).all():
        raise StudentError(f"{name!r} holds a number that is not finite; leave that text out")
