"""The vote table of one space as arrays, and what a label model makes of it.

A vote is a row: item, annotator, label, score. An annotator has one vote on an item, which its scores share out among
labels; where all its scores are 0, or it has no row, it abstained. Gold never enters.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck.schemas import GOLD, Vote

Rows = npt.NDArray[np.int64] | npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class VoteTable:
    """Votes by n items, m annotators and k labels."""

    items: Sequence[Any]
    annotators: Sequence[Any]
    labels: Sequence[Any]
    item: Rows
    """[v]: each vote's place in `items`, ascending."""
    annotator: Rows
    """[v]: its place in `annotators`."""
    label: Rows
    """[v]: its place in `labels`."""
    share: Floats
    """[v], above 0: how much of the annotator's vote on the item goes to the label; each vote's shares sum to 1."""
    known: Mapping[int, int] = field(default_factory=dict)
    """The place of an item's label by the item's, where it is not in doubt; label models learn from it whom to believe."""

    @classmethod
    def of(
        cls,
        votes: Iterable[Vote],
        *,
        items: Sequence[str] | None = None,
        labels: Sequence[str] | None = None,
        known: Mapping[str, str] | None = None,
    ) -> "VoteTable":
        """The table of a space's votes.

        Args:
            votes: Of one space.
            items: The items wanted, those without votes included; else those voted on, in the order of first votes.
            labels: The labels that count; else those voted for or known, sorted.
            known: The labels of items that are not in doubt, by item: what people have said.

        Raises:
            ValueError: There are gold votes among them.
        """
        listed = list(votes)
        for vote in listed:
            if vote.annotator == GOLD:
                raise ValueError(f"gold vote on {vote.item!r}; gold is for scorers, leave it out of aggregation")
        items = list(dict.fromkeys(vote.item for vote in listed)) if items is None else items
        told = {item: known[item] for item in items if item in known} if known else {}
        labels = sorted({*(vote.label for vote in listed), *told.values()}) if labels is None else labels
        annotators = sorted({vote.annotator for vote in listed})
        rows, columns, names = (
            {name: place for place, name in enumerate(vocabulary)} for vocabulary in (items, labels, annotators)
        )
        kept = [vote for vote in listed if vote.item in rows and vote.label in columns]
        table = cls._normalised(
            (items, annotators, labels),
            np.array([rows[vote.item] for vote in kept], dtype=np.int64),
            np.array([names[vote.annotator] for vote in kept], dtype=np.int64),
            np.array([columns[vote.label] for vote in kept], dtype=np.int64),
            np.array([vote.score for vote in kept], dtype=np.float32),
        )
        places = {rows[item]: columns[label] for item, label in told.items() if label in columns}
        return dataclasses.replace(table, known=places)

    @classmethod
    def of_arrays(cls, item: npt.ArrayLike, annotator: npt.ArrayLike, label: npt.ArrayLike) -> "VoteTable":
        """The table of whole votes in three arrays of one length; items, annotators and labels are sorted."""
        (items, rows), (annotators, by), (labels, columns) = (_coded(np.asarray(one)) for one in (item, annotator, label))
        return cls._normalised((items, annotators, labels), rows, by, columns, np.ones(len(rows), dtype=np.float32))

    @classmethod
    def of_matrix(cls, votes: npt.ArrayLike, k: int) -> "VoteTable":
        """The table of [n, m] label numbers below k; a negative one is an abstention."""
        said = np.asarray(votes)
        item, annotator = np.nonzero(said >= 0)
        ones = np.ones(len(item), dtype=np.float32)
        names = tuple(range(size) for size in (*said.shape, k))
        return cls._normalised((names[0], names[1], names[2]), item, annotator, said[item, annotator], ones)

    @classmethod
    def _normalised(cls, names: tuple[Any, Any, Any], item: Rows, annotator: Rows, label: Rows, score: Floats) -> "VoteTable":
        """Sort by item, let a doubled vote count once, and make each vote's shares sum to 1."""
        from scipy.sparse import coo_matrix

        n, m, k = (len(vocabulary) for vocabulary in names)
        whole = score > 0
        rows, columns, score = item[whole], (annotator * k + label)[whole], score[whole]
        # scipy's conversion sorts in linear time, and is the only quick sort here.
        sparse = coo_matrix((score, (rows, columns)), shape=(n, m * k)).tocsr()
        if sparse.nnz < len(score):  # It has added doubled votes up; the surest of them counts instead.
            order = np.lexsort((-score, columns, rows))
            same = np.append(False, (np.diff(rows[order]) == 0) & (np.diff(columns[order]) == 0))
            kept = order[~same]
            sparse = coo_matrix((score[kept], (rows[kept], columns[kept])), shape=(n, m * k)).tocsr()
        item = np.repeat(np.arange(n), np.diff(sparse.indptr))
        annotator, label = np.divmod(sparse.indices, np.int32(max(1, k)))
        begins = np.append(True, (np.diff(item) != 0) | (np.diff(annotator) != 0))[: len(item)]
        score = sparse.data
        if not (begins.all() and (score == 1).all()):
            places = np.flatnonzero(begins)
            counts = np.diff(np.append(places, len(item)))
            score = score / np.repeat(np.add.reduceat(score, places), counts) if len(item) else score
        return cls(*names, item, annotator, label, score.astype(np.float32))

    @property
    def shape(self) -> tuple[int, int, int]:
        """(n items, m annotators, k labels)."""
        return len(self.items), len(self.annotators), len(self.labels)

    @cached_property
    def votes_of_items(self) -> Any:
        """Sparse [n, m·k]: the share of annotator j's vote on an item for label l, in column j·k + l."""
        from scipy.sparse import csr_matrix

        n, m, k = self.shape
        starts = np.append(0, np.cumsum(np.bincount(self.item, minlength=n))).astype(np.int32)
        columns = np.asarray(self.annotator * np.int32(k) + self.label, dtype=np.int32)
        return csr_matrix((self.share, columns, starts), shape=(n, m * k))

    @cached_property
    def coverage(self) -> Floats:
        """[m]: the share of items that an annotator voted on."""
        n, m, _ = self.shape
        return np.asarray(np.bincount(self.annotator, self.share, m) / max(1, n), dtype=np.float32)

    @cached_property
    def voted_on(self) -> npt.NDArray[np.bool_]:
        """[n]: whether anybody voted on an item."""
        return np.bincount(self.item, minlength=len(self.items)) > 0

    def clamped(self, probabilities: Floats) -> Floats:
        """[n, k]: probabilities with what is known in place of what is believed; in place."""
        rows, columns = list(self.known), list(self.known.values())
        probabilities[rows] = 0
        probabilities[rows, columns] = 1
        return probabilities

    def summed(self, weights: npt.ArrayLike) -> Floats:
        """[n, k]: the weighted sum of the votes [m weights]."""
        k = self.shape[2]
        each = np.kron(np.asarray(weights, dtype=np.float32)[:, None], np.eye(k, dtype=np.float32))
        return np.asarray(self.votes_of_items @ each, dtype=np.float32)


def _coded(values: npt.NDArray[Any]) -> tuple[Any, Rows]:
    """Distinct values, sorted, and each value's place among them; small whole numbers without sorting."""
    if values.dtype.kind in "iu" and len(values) and values.min() >= 0 and values.max() < 4 * len(values):
        present = np.flatnonzero(np.bincount(values))
        places = np.zeros(int(present[-1]) + 1, dtype=np.int64)
        places[present] = np.arange(len(present))
        return present, places[values]
    distinct, inverse = np.unique(values, return_inverse=True)
    return distinct, np.asarray(inverse, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Aggregated:
    """What a label model makes of a table of n items, m annotators and k labels."""

    table: VoteTable
    probabilities: Floats
    """[n, k], rows adding up to 1; uniform where nobody voted."""
    method: str
    why: str = ""
    """Why this model was chosen, where it was."""

    @property
    def chosen(self) -> Rows:
        """[n]: the place of each item's likeliest label, the first of equals; -1 where nobody voted."""
        if not self.probabilities.size:
            return np.full(len(self.table.items), -1)
        best = np.round(self.probabilities, 6).argmax(axis=1)
        return np.where(self.table.voted_on, best, -1)

    @cached_property
    def confusions(self) -> Floats:
        """[m, k, k]: how often annotator j votes for label b where the label is a; rows add up to 1, or are 0."""
        return confusions(self.table, self.probabilities)

    @property
    def accuracies(self) -> Floats:
        """[m]: the expected share of an annotator's votes that are right."""
        table = self.table
        right = np.bincount(table.annotator, table.share * self.probabilities[table.item, table.label], table.shape[1])
        given = np.bincount(table.annotator, table.share, table.shape[1])
        return np.asarray(right / np.maximum(given, 1e-12), dtype=np.float32)


def confusions(table: VoteTable, probabilities: Floats, prior: float = 0.0) -> Floats:
    """[m, k, k]: each annotator's votes by the labels' probabilities.

    Args:
        table: The votes.
        probabilities: [n, k].
        prior: Votes added to every cell.
    """
    _, m, k = table.shape
    counts = np.asarray(table.votes_of_items.T @ probabilities).reshape(m, k, k).transpose(0, 2, 1) + prior
    whole = counts.sum(axis=2, keepdims=True)
    return np.asarray(counts / np.maximum(whole, 1e-12), dtype=np.float32)


def shares_of(scores: Floats) -> Floats:
    """Non-negative rows made to add up to 1; uniform where they are all 0."""
    whole = scores.sum(axis=1, keepdims=True)
    shares: Floats = scores / np.maximum(whole, 1e-30)
    shares[whole[:, 0] <= 0] = 1 / max(1, scores.shape[1])
    return shares


def softmax(logs: Floats) -> Floats:
    """Rows of log weights as shares; in place."""
    logs -= logs.max(axis=1, keepdims=True)
    np.exp(logs, out=logs)
    logs /= logs.sum(axis=1, keepdims=True)
    return logs
