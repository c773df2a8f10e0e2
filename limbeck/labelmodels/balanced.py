"""A label model with one competence an annotator and a class balance.

An annotator that knows an item's label votes for it; one that does not votes by a habit of its own (MACE: Hovy et al.
2013, "Learning Whom to Trust with MACE"). So a rule that has but one label is believed for as often as others agree,
where Dawid and Skene's matrices would hold its constant vote for no evidence at all. As in Snorkel (Ratner et al. 2019,
arXiv:1810.02840) the labels' sizes are part of the model, equal where they are not known, and whether somebody abstains
says nothing. With so few parameters it stands where k² an annotator would fit noise.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from limbeck.labelmodels.table import Aggregated, Floats, VoteTable, softmax
from limbeck.labelmodels.voting import soft

ROUNDS = 100
SETTLED = 1e-4
"""Mean change of the probabilities at which it ends."""
PRIOR_COMPETENCE = 0.5
PRIOR_VOTES = 0.2
"""How much the prior weighs, as a share of the votes that an average annotator gave; too little, and with one-sided rules
the likelihood is highest where nobody knows anything or all items have one label."""
PRIOR_HABIT = 10.0
"""Votes, spread over all labels, that are added to each annotator's habit."""


@dataclass(frozen=True, eq=False)
class Annotators:
    """What is believed of m annotators and k labels."""

    competence: Floats
    """[m]: how often each knows the label."""
    habit: Floats
    """[m, k]: what it votes for where it does not; rows add up to 1."""

    @property
    def weights(self) -> Floats:
        """[m, k]: what a vote for a label adds to its log odds, at least 0."""
        guessed = (1 - self.competence)[:, None] * self.habit
        return np.asarray(np.log((self.competence[:, None] + guessed) / guessed), dtype=np.float32)


def balanced(table: VoteTable, balance: npt.ArrayLike | None = None) -> Aggregated:
    """Competences and probabilities in turn, from the soft average on.

    Args:
        table: The votes.
        balance: [k]: the labels' shares of the items, where they are known, else equal. To estimate them along helps where
            annotators err as the model supposes, and made labels of real votes worse.
    """
    result = soft(table)
    if not len(table.item):
        return result
    annotators = _at_first(table)
    probabilities = result.probabilities
    for _ in range(ROUNDS):
        annotators = estimates(table, probabilities, annotators)
        before, probabilities = probabilities, _expected(table, annotators, balance)
        if np.abs(probabilities - before).sum() < SETTLED * len(probabilities):
            break
    return Aggregated(table, probabilities, "balanced")


def estimates(table: VoteTable, probabilities: Floats, before: Annotators | None = None) -> Annotators:
    """What the labels' probabilities [n, k] and the last estimates tell of the annotators."""
    _, m, k = table.shape
    before = before or _settled(table, probabilities)
    cells = table.annotator * k + table.label
    given = np.bincount(cells, table.share, m * k).reshape(m, k)
    right = np.bincount(cells, table.share * probabilities[table.item, table.label], m * k).reshape(m, k)
    guessed = (1 - before.competence)[:, None] * before.habit
    known = right * before.competence[:, None] / (before.competence[:, None] + guessed)
    prior = PRIOR_VOTES * given.sum() / max(1, m)
    competence = (known.sum(axis=1) + PRIOR_COMPETENCE * prior) / (given.sum(axis=1) + prior)
    habit = given - known + PRIOR_HABIT / k
    return Annotators(
        np.clip(competence, 1e-3, 1 - 1e-3).astype(np.float32), (habit / habit.sum(axis=1, keepdims=True)).astype(np.float32)
    )


def log_likelihood(table: VoteTable, result: Aggregated) -> float:
    """Of the votes, in nats, with all labels as likely."""
    _, m, k = table.shape
    annotators = estimates(table, result.probabilities)
    logs = _evidence(table, annotators) - np.log(k)
    guessed = np.log((1 - annotators.competence)[:, None] * annotators.habit)
    base = np.bincount(table.item, table.share * guessed[table.annotator, table.label], len(table.items))
    highest = logs.max(axis=1)
    each = highest + np.log(np.exp(logs - highest[:, None]).sum(axis=1)) + base
    return float(each[table.voted_on].sum())


def _at_first(table: VoteTable) -> Annotators:
    _, m, k = table.shape
    return Annotators(np.full(m, PRIOR_COMPETENCE, dtype=np.float32), np.full((m, k), 1 / k, dtype=np.float32))


def _settled(table: VoteTable, probabilities: Floats) -> Annotators:
    """Estimates that no longer change while the probabilities stay."""
    found = _at_first(table)
    for _ in range(20):
        found = estimates(table, probabilities, found)
    return found


def _evidence(table: VoteTable, annotators: Annotators) -> Floats:
    """[n, k]: the sum of the weights of the votes for each label."""
    n, _, k = table.shape
    scores = table.share * annotators.weights[table.annotator, table.label]
    return np.bincount(table.item * k + table.label, scores, n * k).reshape(n, k).astype(np.float32)


def _expected(table: VoteTable, annotators: Annotators, balance: npt.ArrayLike | None) -> Floats:
    """[n, k]; uniform where nobody voted."""
    k = table.shape[2]
    sizes = np.full(k, 1 / k) if balance is None else np.maximum(np.asarray(balance), 1e-9)
    probabilities = softmax((_evidence(table, annotators) + np.log(sizes)).astype(np.float32))
    probabilities[~table.voted_on] = 1 / k
    return table.clamped(probabilities)
