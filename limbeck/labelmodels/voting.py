"""Label models that count votes: majority, weighted majority, soft average.

Weighted majority finds its own weights where none are given: iterative weighted majority voting (Li and Yu 2014,
arXiv:1411.4086, section 4), in which an annotator weighs k·a - 1 for an agreement of a with the result so far.
"""

import numpy as np
import numpy.typing as npt

from limbeck.labelmodels.table import Aggregated, Floats, VoteTable, shares_of

MOST_ROUNDS = 20


def majority(table: VoteTable) -> Aggregated:
    """Each annotator has one vote, for its best label (the first of equals); the label with most votes wins."""
    return _counted(table, best_only(table), np.ones(table.shape[1]), "majority")


def soft(table: VoteTable, weights: npt.ArrayLike | None = None) -> Aggregated:
    """The weighted mean of the annotators' shares ("Aggregating Soft Labels from Crowd Annotations", Wu et al. 2023).

    Args:
        table: The votes.
        weights: [m]; all 1 where left out.
    """
    given = np.ones(table.shape[1]) if weights is None else weights
    return _counted(table, table, given, "soft")


def weighted(table: VoteTable, weights: npt.ArrayLike | None = None) -> Aggregated:
    """Weighted majority.

    Args:
        table: The votes.
        weights: [m]; estimated where left out.
    """
    votes = best_only(table)
    if weights is not None:
        return _counted(table, votes, weights, "weighted")
    k, found = table.shape[2], np.ones(table.shape[1], dtype=np.float32)
    result = _counted(votes, votes, found, "weighted")
    for _ in range(MOST_ROUNDS):
        agreed = _agreement(votes, result)
        # Nobody weighs less than nothing: who errs more often than chance is left out, not turned round.
        before, found = found, np.maximum(k * agreed - 1, 0).astype(np.float32)
        result = _counted(votes, votes, found, "weighted")
        if np.allclose(before, found):
            break
    return Aggregated(table, result.probabilities, "weighted")


def _counted(table: VoteTable, votes: VoteTable, weights: npt.ArrayLike, method: str) -> Aggregated:
    """What some form of a table's votes comes to; what is known stays."""
    return Aggregated(table, table.clamped(shares_of(votes.summed(weights))), method)


def best_only(table: VoteTable) -> VoteTable:
    """Each annotator's whole vote for its best label."""
    if (table.share == 1).all():
        return table
    # Rounded, so that equal shares are equal whatever their last bits say.
    order = np.lexsort((table.label, -np.round(table.share, 6), table.annotator, table.item))
    pair = (table.item * table.shape[1] + table.annotator)[order]
    first = np.sort(order[np.append(True, np.diff(pair) != 0)])
    ones = np.ones(len(first), dtype=np.float32)
    parts = table.item[first], table.annotator[first], table.label[first], ones
    return VoteTable(table.items, table.annotators, table.labels, *parts, table.known)


def _agreement(votes: VoteTable, result: Aggregated) -> Floats:
    """[m]: how often each annotator is of the result's opinion."""
    m = votes.shape[1]
    agreed = np.bincount(votes.annotator, votes.label == result.chosen[votes.item], m)
    return np.asarray(agreed / np.maximum(np.bincount(votes.annotator, minlength=m), 1), dtype=np.float32)
