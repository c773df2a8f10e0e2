"""Dawid and Skene's label model (1979, "Maximum likelihood estimation of observer error-rates using the EM algorithm").

Each annotator has a confusion matrix, each label a share of the items; both are found by expectation and maximisation,
beginning at the soft average. Annotators may abstain and votes be sparse; a vote that is shared out among labels counts
for each by its share.
"""

import numpy as np

from limbeck.labelmodels.table import Aggregated, Floats, VoteTable, confusions, softmax
from limbeck.labelmodels.voting import soft

ROUNDS = 100
SETTLED = 1e-4
"""Mean change of the probabilities at which it ends."""
PRIOR = 0.01
"""Votes added to each cell of a confusion matrix: what was never seen is unlikely, not impossible."""


def dawid_skene(table: VoteTable, rounds: int = ROUNDS, prior: float = PRIOR) -> Aggregated:
    """Expectation and maximisation in turn.

    Args:
        table: The votes.
        rounds: How often at most.
        prior: Pseudo-counts of each annotator's confusion of two labels (a symmetric Dirichlet prior), above 0.
    """
    probabilities = soft(table).probabilities
    for _ in range(rounds if len(table.item) else 0):
        before, probabilities = probabilities, _expected(table, *_maximised(table, probabilities, prior))
        before -= probabilities
        if np.abs(before, out=before).sum() < SETTLED * len(probabilities):
            break
    return Aggregated(table, probabilities, "dawid-skene")


def log_likelihood(table: VoteTable, result: Aggregated, prior: float = PRIOR) -> float:
    """Of the votes, in nats, under the model's confusion matrices."""
    logs = _joint(table, *_maximised(table, result.probabilities, prior))
    highest = logs.max(axis=1)
    return float((highest + np.log(np.exp(logs - highest[:, None]).sum(axis=1)))[table.voted_on].sum())


def _maximised(table: VoteTable, probabilities: Floats, prior: float) -> tuple[Floats, Floats]:
    """Log class balance [k] and log confusion matrices [m, k, k]."""
    balance = probabilities[table.voted_on].mean(axis=0)
    return np.log(np.maximum(balance, 1e-30)), np.log(np.maximum(confusions(table, probabilities, prior), 1e-30))


def _expected(table: VoteTable, balance: Floats, confused: Floats) -> Floats:
    """[n, k]: the labels' probabilities, what is known among them; uniform where nobody voted."""
    probabilities = softmax(_joint(table, balance, confused))
    probabilities[~table.voted_on] = 1 / table.shape[2]
    return table.clamped(probabilities)


def _joint(table: VoteTable, balance: Floats, confused: Floats) -> Floats:
    """[n, k]: log probability of each label together with the votes on the item."""
    _, m, k = table.shape
    by_vote = confused.transpose(0, 2, 1).reshape(m * k, k)
    return np.asarray(table.votes_of_items @ np.ascontiguousarray(by_vote) + balance, dtype=np.float32)
