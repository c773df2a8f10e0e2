"""When counting votes is already the best that can be done.

The best label is that with the largest sum of its voters' weights, the log odds that each vote adds (Bayes' rule; Nitzan
and Paroush 1982). Majority vote decides the same, whatever the votes, if no coalition of annotators outweighs a larger
one. That is the condition which "The Majority Vote Paradigm Shift: When Popular Meets Optimal" (Purificato et al. 2025,
arXiv:2502.12581) is about; it is derived here from the weights alone.
"""

from dataclasses import dataclass

import numpy as np

from limbeck.labelmodels.balanced import estimates
from limbeck.labelmodels.table import Aggregated, Floats
from limbeck.labelmodels.voting import majority


@dataclass(frozen=True)
class Certificate:
    """Whether majority vote is optimal for these annotators."""

    holds: bool
    """For every pattern of votes that could occur, ties left aside."""
    margin: float
    """In nats: by how much the weakest majority outweighs the strongest minority; below 0 where it may not."""
    differing: float
    """The share of the items voted on where majority vote and the weights decide otherwise, ties left aside."""

    def __str__(self) -> str:
        if self.holds:
            return f"no minority of annotators outweighs a majority (by {self.margin:.2f} nats)"
        return f"some minority of annotators outweighs a majority, and decides {self.differing:.1%} of the items"


def certify(result: Aggregated) -> Certificate:
    """Compare majority vote with the best weights.

    Args:
        result: What `balanced` made of the votes; its probabilities tell what the annotators are worth. Without votes
            the certificate doesn't hold.
    """
    table = result.table
    if not len(table.item):
        return Certificate(False, 0.0, 0.0)
    _, m, k = table.shape
    weights = estimates(table, result.probabilities).weights
    used = np.bincount(table.annotator * k + table.label, minlength=m * k).reshape(m, k) > 0
    voters = used.any(axis=1)
    least = np.where(used, weights, np.inf).min(axis=1)[voters]
    most = np.where(used, weights, -np.inf).max(axis=1)[voters]
    margin = smallest_margin(least, most)
    return Certificate(margin > 0, margin, _differing(result))


def smallest_margin(least: Floats, most: Floats) -> float:
    """The least by which annotators outweigh any smaller number of others.

    Args:
        least: [m]: what each one's vote weighs at least.
        most: [m]: what it weighs at most; where that differs, the margin is a lower bound.
    """
    m, lowest = len(least), np.append(0.0, np.cumsum(np.sort(least.astype(np.float64))))
    highest = np.sort(most.astype(np.float64))
    margins = [lowest[few + 1 : m - few + 1].min() - highest[m - few :].sum() for few in range((m + 1) // 2)]
    return float(min(margins, default=0.0))


def _differing(result: Aggregated) -> float:
    """How often majority vote's label, where it has but one, is not the result's."""
    counted = np.round(majority(result.table).probabilities, 6)
    clear = ((counted == counted.max(axis=1, keepdims=True)).sum(axis=1) == 1) & result.table.voted_on
    differs = counted.argmax(axis=1) != result.chosen
    return float((differs & clear).sum() / max(1, result.table.voted_on.sum()))
