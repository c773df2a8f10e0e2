"""A head that remembers its lessons: what a linear layer says of a vector, and what the nearest lessons were taught.

Labels lie in the encoder's space in patches, not in cones, and where they were made to agree with their neighbours, the
neighbours know more than one direction a label can say (nearest neighbours beside a network's own softmax: Khandelwal et
al. 2020, arXiv:1911.00172, section 2; for classifiers Papernot & McDaniel 2018, arXiv:1803.04765).
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from limbeck.neighbours import nearest, unit
from limbeck.students.calibration import softmax
from limbeck.students.dense import Dense
from limbeck.students.lessons import Floats, Lessons, Rows

FILE = "memory.safetensors"
MOST_LESSONS = 20_000
"""Lessons that are remembered, at most; drawn by chance."""
MOST_LABELS = 5
"""Labels of one lesson that are remembered."""
NEIGHBOURS = 8
SHARPNESS = 3
"""Power of the cosine, by which nearer lessons count more."""
LEAST_SHARE = 1e-3
"""Of what no neighbour was taught; else its logarithm would be without bounds."""
ROWS_AT_A_TIME = 1024


@dataclass(frozen=True, eq=False)
class Remembering:
    """A dense head with m lessons beside it; for the primary label alone, what applies is left to the dense head."""

    dense: Dense
    vectors: Floats
    """[m, d]: the lessons' vectors as the student's encoder makes them, kept in half precision."""
    labels: Rows
    """[m, ≤ 5]: the numbers of each lesson's likeliest labels."""
    shares: Floats
    """[m, ≤ 5]: their shares."""
    k: int
    """How many labels there are."""

    @classmethod
    def of(cls, dense: Dense, vectors: Floats, lessons: Lessons, seed: int) -> "Remembering":
        """Remember lessons, or as many as there is room for.

        Args:
            dense: The head that was trained on them.
            vectors: [n, d] of the lessons' texts, by the encoder that was trained with it.
            lessons: The n lessons.
            seed: Of what is kept where there are too many.
        """
        kept = np.sort(np.random.default_rng(seed).permutation(len(lessons))[:MOST_LESSONS])
        targets = lessons.targets[kept]
        labels = np.argsort(-targets, axis=1, kind="stable")[:, :MOST_LABELS]
        shares = np.take_along_axis(targets, labels, axis=1)
        return cls(dense, vectors[kept].astype(np.float16), labels, shares, targets.shape[1])

    def outputs(self, vectors: Floats) -> Floats:
        """[n, d] to [n, k or 2k]: log of the product of both opinions for the primary label, the rest as `dense` says."""
        outputs = self.dense.outputs(vectors)
        for start in range(0, len(vectors), ROWS_AT_A_TIME):
            rows = slice(start, start + ROWS_AT_A_TIME)
            near = np.log(self.neighbours(vectors[rows]) + LEAST_SHARE)
            outputs[rows, : self.k] = np.log(softmax(outputs[rows, : self.k]) + LEAST_SHARE) + near
        return outputs

    def neighbours(self, vectors: Floats) -> Floats:
        """[n, k]: what the nearest lessons of each vector were taught; rows add up to 1, or to 0 where all are far."""
        known, centre = self._centred
        near, cosines = nearest(unit(vectors - centre), known, NEIGHBOURS)
        weights = np.maximum(cosines, 0) ** SHARPNESS
        shares = np.zeros((len(vectors), self.k), dtype=np.float32)
        rows = np.arange(len(vectors))[:, None, None]
        np.add.at(shares, (rows, self.labels[near]), weights[:, :, None] * self.shares[near])
        return np.asarray(shares / np.maximum(weights.sum(axis=1, keepdims=True), 1e-12), dtype=np.float32)

    @cached_property
    def _centred(self) -> tuple[Floats, Floats]:
        """The lessons' vectors without what all share, as unit vectors [m, d], and what all share [d]."""
        vectors = self.vectors.astype(np.float32)
        centre = vectors.mean(axis=0)
        return unit(vectors - centre), centre

    def save(self, folder: Path) -> None:
        """Write `head.safetensors` and `memory.safetensors` in the folder."""
        from safetensors.numpy import save_file

        self.dense.save(folder)
        kept = {"vectors": self.vectors, "labels": self.labels.astype(np.int32), "shares": self.shares}
        save_file(kept, folder / FILE, metadata={"k": str(self.k)})

    @classmethod
    def load(cls, folder: Path) -> "Remembering":
        """Read what `save` wrote.

        Raises:
            OSError, KeyError, ValueError, safetensors.SafetensorError: A file is missing or damaged.
        """
        from safetensors import safe_open

        with safe_open(folder / FILE, "np") as kept:
            vectors, labels, shares = (kept.get_tensor(name) for name in ("vectors", "labels", "shares"))
            return cls(Dense.load(folder), vectors, labels, shares, int(kept.metadata()["k"]))
