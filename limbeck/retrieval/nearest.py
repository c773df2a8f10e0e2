"""The nearest labels of many queries: exactly up to 100,000 labels, by an index of faiss beyond.

Both give the largest inner products. The index (inverted lists, vectors of 16-bit floats; Douze et al. 2024,
arXiv:2401.08281) looks at the labels around a query alone, so that a few of the farther ones are missed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from limbeck.device import device

MOST_EXACT = 100_000
"""Labels that are compared with each query, one and all."""
LISTS_PER_ROOT = 4
"""Lists of the index, times the root of the number of labels; faiss's own advice."""
PROBED = 64
"""Lists that a query looks through."""
LEARNT_FROM = 40
"""Labels a list that its centre is learnt from."""
AT_ONCE = 256
"""Queries compared at once, or fewer:"""
MOST_SCORES = 2**25
"""Scores of labels that are in memory at once."""
ADDED_AT_ONCE = 65_536
BLOCK = 64
"""Columns whose maximum is looked at first."""

Floats = npt.NDArray[np.float32]
Halves = npt.NDArray[np.float16]
Rows = npt.NDArray[np.int64]


def at_once(labels: int) -> int:
    """How many queries are compared with that many labels at once."""
    return max(1, min(AT_ONCE, MOST_SCORES // max(1, labels)))


def batches(queries: int, labels: int) -> Iterator[slice]:
    """That many queries, some at once."""
    size = at_once(labels)
    return (slice(start, start + size) for start in range(0, queries, size))


def largest(scores: Any, count: int) -> tuple[Rows, Floats]:
    """Columns of the largest scores of each row, and these, the largest first: `topk` of torch, in half the time on the CPU.

    They are in the blocks of columns with the largest maxima, so that others are never put in order.

    Args:
        scores: A tensor [rows, columns], on the CPU of some whole blocks.
        count: No more than there are columns.
    """
    if scores.device.type != "cpu":
        best = scores.topk(count, dim=1)
        return best.indices.cpu().numpy(), best.values.cpu().numpy()
    blocks = scores.unflatten(1, (-1, BLOCK))
    chosen = blocks.amax(dim=2).topk(min(count, blocks.shape[1]), dim=1).indices
    best = blocks.gather(1, chosen[:, :, None].expand(-1, -1, BLOCK)).flatten(1).topk(count, dim=1)
    columns = chosen.gather(1, best.indices // BLOCK) * BLOCK + best.indices % BLOCK
    return columns.numpy(), best.values.numpy()


class Nearest(Protocol):
    """Finds labels."""

    def top(self, queries: Floats, count: int) -> tuple[Rows, Floats]:
        """Rows of the labels with the largest inner products, and these: [queries, count], the largest first."""

    def vectors(self, rows: Rows) -> Floats:
        """[rows, dimensions]: the labels' vectors."""


def nearest(vectors: Floats | Halves, most_exact: int = MOST_EXACT) -> Nearest:
    """What finds labels among these vectors [labels, dimensions]."""
    return Exact.of(vectors.astype(np.float32)) if len(vectors) <= most_exact else Lists.of(vectors)


@dataclass(frozen=True, eq=False)
class Exact:
    """Every query with every label; on the GPU where there is one."""

    known: Floats
    there: Any = None
    """The same on the GPU where there is one, [dimensions, labels]."""

    @classmethod
    def of(cls, vectors: Floats) -> "Exact":
        """Take vectors [labels, dimensions]."""
        import torch

        return cls(vectors, torch.from_numpy(vectors).to(device()).T if device() != "cpu" else None)

    def top(self, queries: Floats, count: int) -> tuple[Rows, Floats]:
        """See `Nearest`; `count`, or all labels where there are fewer."""
        count = min(count, len(self.known))
        rows, products = np.empty((len(queries), count), np.int64), np.empty((len(queries), count), np.float32)
        room = self._room(min(len(queries), at_once(len(self.known))))
        for part in batches(len(queries), len(self.known)):
            rows[part], products[part] = largest(self._products(queries[part], room), count)
        return rows, products

    def _room(self, queries: int) -> Floats:
        """Where the CPU writes products, all of it at once; memory that was written to before is quicker to write to."""
        columns = -(-len(self.known) // BLOCK) * BLOCK if self.there is None else 0
        return np.full((queries, columns), -np.inf, np.float32)

    def _products(self, queries: Floats, room: Floats) -> Any:
        """[queries, labels] for torch; on the CPU in the room given, by numpy, whose library is quick on any of them."""
        import torch

        if self.there is not None:
            return torch.from_numpy(queries).to(self.there.device) @ self.there
        np.matmul(queries, self.known.T, out=room[: len(queries), : len(self.known)])
        return torch.from_numpy(room[: len(queries)])

    def vectors(self, rows: Rows) -> Floats:
        """See `Nearest`."""
        return self.known[rows]


@dataclass(frozen=True, eq=False)
class Lists:
    """The lists of faiss."""

    index: Any

    @classmethod
    def of(cls, vectors: Floats | Halves, seed: int = 0) -> "Lists":
        """Learn the lists from some vectors [labels, dimensions], and put all into them."""
        lists = max(1, int(LISTS_PER_ROOT * len(vectors) ** 0.5))
        drawn = np.random.default_rng(seed).choice(len(vectors), min(len(vectors), LEARNT_FROM * lists), replace=False)
        parts = (vectors[at : at + ADDED_AT_ONCE].astype(np.float32) for at in range(0, len(vectors), ADDED_AT_ONCE))
        return cls.streamed(vectors[np.sort(drawn)].astype(np.float32), parts)

    @classmethod
    def streamed(cls, learnt_from: Floats, parts: Iterator[Floats]) -> "Lists":
        """The same of vectors that come in parts, so that all of them are never in memory as they are."""
        import faiss

        width, lists = learnt_from.shape[1], max(1, len(learnt_from) // LEARNT_FROM)
        index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(width), width, lists, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        index.train(learnt_from)
        for part in parts:
            index.add(part)
        index.make_direct_map()
        index.nprobe = PROBED
        return cls(index)

    def top(self, queries: Floats, count: int) -> tuple[Rows, Floats]:
        """See `Nearest`; where the lists looked through hold fewer, the row is -1 and the product -inf."""
        products, rows = self.index.search(np.ascontiguousarray(queries), min(count, self.index.ntotal))
        return rows, np.where(rows < 0, -np.inf, products).astype(np.float32)

    def vectors(self, rows: Rows) -> Floats:
        """See `Nearest`."""
        found: Floats = self.index.reconstruct_batch(rows)
        return found
