"""When counting votes is already the best that can be done.

With one accuracy an annotator, the best label is that with the largest sum of its voters' log odds plus its log share of
all items (Bayes' rule; Nitzan and Paroush 1982). Majority vote decides the same, whatever the votes, if no coalition of
annotators outweighs a larger one. That is the condition which "The Majority Vote Paradigm Shift: When Popular Meets
Optimal" (Purificato et al. 2025, arXiv:2502.12581) is about; it is derived here from the weights alone.
"""

from dataclasses import dataclass

import numpy as np

from limbeck.labelmodels.balanced import estimates, weights_of
from limbeck.labelmodels.table import Aggregated, Floats
from limbeck.labelmodels.voting import majority


@dataclass(frozen=True)
class Certificate:
    """Whether majority vote is optimal for these annotators."""

    holds: bool
    """For every pattern of votes that could occur, ties left aside."""
    margin: float
    """In nats: by how much the weakest majority outweighs the strongest minority; below 0 where it does not."""
    differing: float
    """The share of the items voted on where majority vote and the weights decide otherwise, ties left aside."""

    def __str__(self) -> str:
        if self.holds:
            return f"no minority of annotators outweighs a majority (by {self.margin:.2f} nats)"
        return f"some minority of annotators outweighs a majority, and decides {self.differing:.1%} of the items"


def certify(result: Aggregated) -> Certificate:
    """Compare majority vote with the best weights.

    Args:
        result: What `balanced` made of the votes; its probabilities give accuracies and class balance.
    """
    accuracies, balance = estimates(result.table, result.probabilities)
    weights = weights_of(accuracies, result.table.shape[2])
    logs = np.log(balance)
    margin = smallest_margin(weights) - float(logs.max() - logs.min())
    return Certificate(margin > 0, margin, _differing(result))


def smallest_margin(weights: Floats) -> float:
    """The least by which annotators outweigh any smaller number of others; a lone vote must weigh more than none."""
    ascending = np.sort(weights).astype(np.float64)
    m, lowest = len(ascending), np.append(0.0, np.cumsum(np.sort(weights).astype(np.float64)))
    margins = [
        lowest[few + 1 : m - few + 1].min() - ascending[m - few :].sum() for few in range((m + 1) // 2)
    ]
    return float(min(margins, default=0.0))


def _differing(result: Aggregated) -> float:
    """How often majority vote's label, where it has but one, is not the result's."""
    counted = np.round(majority(result.table).probabilities, 6)
    clear = ((counted == counted.max(axis=1, keepdims=True)).sum(axis=1) == 1) & result.table.voted_on
    differs = counted.argmax(axis=1) != result.chosen
    return float((differs & clear).sum() / max(1, result.table.voted_on.sum()))
