"""A label model with one accuracy an annotator and a class balance, in the manner of Snorkel (Ratner et al. 2016,
arXiv:1605.07723; 2019, arXiv:1810.02840, where the class balance is part of the model).

Given the label, annotators err on their own, a wrong vote falls on any other label alike, and whether somebody abstains
says nothing. With so few parameters it stands where Dawid and Skene's k² an annotator would fit noise. The labels' sizes
are held to the class balance at every step (posterior regularisation, Ganchev et al. 2010): rules that vote for one label
each would else be explained best by giving all items one label.
"""

import numpy as np
import numpy.typing as npt

from limbeck.labelmodels.table import Aggregated, Floats, VoteTable, softmax
from limbeck.labelmodels.voting import soft

ROUNDS = 100
SETTLED = 1e-4
PRIOR_RIGHT, PRIOR_VOTES = 0.7, 10.0
"""An annotator is taken to be right so often until more votes than these say otherwise (the 0.7 is Snorkel's start)."""
BALANCING_STEPS = 10
BOUNDS = (0.01, 0.99)
"""No accuracy is thought to be outside."""


def balanced(table: VoteTable, balance: npt.ArrayLike | None = None) -> Aggregated:
    """Accuracies and probabilities in turn.

    Args:
        table: The votes.
        balance: [k]: the labels' shares of the items, where they are known; else those of the votes.
    """
    if not len(table.item):
        return soft(table)
    probabilities = soft(table).probabilities
    sizes = _floored(table, probabilities[table.voted_on].mean(axis=0) if balance is None else np.asarray(balance))
    for _ in range(ROUNDS):
        before, probabilities = probabilities, _expected(table, estimates(table, probabilities)[0], sizes)
        if np.abs(probabilities - before).sum() < SETTLED * len(probabilities):
            break
    return Aggregated(table, probabilities, "balanced")


def estimates(table: VoteTable, probabilities: Floats) -> tuple[Floats, Floats]:
    """Accuracies [m] and class balance [k], with the labels' probabilities [n, k] as they are believed."""
    m = table.shape[1]
    right = np.bincount(table.annotator, table.share * probabilities[table.item, table.label], m)
    given = np.bincount(table.annotator, table.share, m)
    accuracies = (right + PRIOR_RIGHT * PRIOR_VOTES) / (given + PRIOR_VOTES)
    balance = _floored(table, probabilities[table.voted_on].mean(axis=0)) if len(table.item) else probabilities[:1].mean(axis=0)
    return np.clip(accuracies, *BOUNDS).astype(np.float32), balance


def _floored(table: VoteTable, balance: Floats) -> Floats:
    """No label is thought to be impossible."""
    return np.maximum(balance, 1 / (10 * max(1, len(table.items)) * table.shape[2])).astype(np.float32)


def weights_of(accuracies: Floats, k: int) -> Floats:
    """[m]: what a vote adds to its label's log odds."""
    return np.asarray(np.log(accuracies * max(1, k - 1) / (1 - accuracies)), dtype=np.float32)


def log_likelihood(table: VoteTable, result: Aggregated) -> float:
    """Of the votes, in nats."""
    k = table.shape[2]
    accuracies, balance = estimates(table, result.probabilities)
    logs = table.summed(weights_of(accuracies, k)) + np.log(balance)
    wrong = np.log((1 - accuracies) / max(1, k - 1))
    base = np.bincount(table.item, table.share * wrong[table.annotator], len(table.items))
    highest = logs.max(axis=1)
    each = highest + np.log(np.exp(logs - highest[:, None]).sum(axis=1)) + base
    return float(each[table.voted_on].sum())


def _expected(table: VoteTable, accuracies: Floats, balance: Floats) -> Floats:
    """[n, k], with the sizes of the class balance; uniform where nobody voted."""
    scores = table.summed(weights_of(accuracies, table.shape[2]))[table.voted_on]
    offsets = np.log(balance)
    for _ in range(BALANCING_STEPS):
        sizes = softmax(scores + offsets).mean(axis=0)
        offsets += np.log(balance / np.maximum(sizes, 1e-12))
    probabilities = np.full((len(table.items), table.shape[2]), 1 / table.shape[2], dtype=np.float32)
    probabilities[table.voted_on] = softmax(scores + offsets)
    return probabilities
