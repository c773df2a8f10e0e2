"""Several labels an item: each label is decided on its own, with who is to be believed estimated over all labels.

An annotator that voted on an item says no to every label that it did not name there, but does name elsewhere; one without a
vote there, or that never names a label, says nothing of it.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from limbeck.labelmodels.table import Floats, VoteTable
from limbeck.schemas import Label

Choices = npt.NDArray[np.bool_]

ROUNDS = 50
SETTLED = 1e-4
PRIOR_YES, PRIOR_NO, PRIOR_VOTES = 0.7, 0.05, 10.0
"""What is taken of each annotator at first: how often it names a label that applies, and one that does not."""


def applying(table: VoteTable) -> Floats:
    """The probability of each label to apply to each item (Dawid and Skene with two classes, tied over the labels).

    Args:
        table: Votes; here an annotator's votes on an item are not shared out, each is a yes, whatever its score.

    Returns:
        [n, k]; each label's base rate where nobody voted.
    """
    n, m, k = table.shape
    said, spoke = yeses(table), spoken(table)
    probabilities = np.asarray(said.sum(axis=0) / np.maximum(spoke.sum(axis=0), 1), dtype=np.float32)
    voted = spoke.any(axis=(0, 2))
    if not probabilities.size:
        return probabilities
    for _ in range(ROUNDS):
        before = probabilities
        base = np.clip(probabilities[voted].mean(axis=0) if voted.any() else np.full(k, 0.5), 1e-4, 1 - 1e-4)
        odds = np.tile(np.log(base / (1 - base)), (n, 1))
        for j in range(m):
            odds += np.where(spoke[j], _evidence(said[j], probabilities, spoke[j]), 0)
        probabilities = np.asarray((np.tanh(odds / 2) + 1) / 2, dtype=np.float32)
        # That a label applies says nothing of the others.
        probabilities[list(table.known), list(table.known.values())] = 1
        if np.abs(probabilities - before).mean() < SETTLED:
            break
    return probabilities


def judges(table: VoteTable) -> float:
    """How many annotators say yes or no to a label of an item, on the mean of all that anybody judged."""
    spoke = spoken(table)
    return float(spoke.sum() / max(1, spoke.any(axis=0).sum()))


def yeses(table: VoteTable) -> Floats:
    """[m, n, k]: 1 for an annotator's yes, 0 for a no."""
    n, m, k = table.shape
    said = np.zeros((m, n, k), dtype=np.float32)
    said[table.annotator, table.item, table.label] = 1
    return said


def spoken(table: VoteTable) -> Choices:
    """[m, n, k]: whether an annotator's silence on a label is a no: it voted on the item, and names the label somewhere."""
    n, m, k = table.shape
    spoke, knows = np.zeros((m, n), dtype=bool), np.zeros((m, k), dtype=bool)
    spoke[table.annotator, table.item] = True
    knows[table.annotator, table.label] = True
    return np.asarray(spoke[:, :, None] & knows[:, None, :])


def one_hot(labels: Iterable[Label], items: Sequence[str], names: Sequence[str]) -> Floats:
    """[items, names]: 1 where a label was said to apply to an item, else 0; labels of other items or names are left out."""
    rows, columns = ({name: place for place, name in enumerate(one)} for one in (items, names))
    applies = np.zeros((len(items), len(names)), dtype=np.float32)
    for label in labels:
        if label.item in rows and label.label in columns:
            applies[rows[label.item], columns[label.label]] = 1
    return applies


def _evidence(said: Floats, probabilities: Floats, spoke: Choices) -> Floats:
    """[n, k]: log odds that an annotator's yes and no add, by how often it says yes to what applies and what does not."""
    applies, not_applies = float(probabilities[spoke].sum()), float((1 - probabilities)[spoke].sum())
    yes = (float((said * probabilities).sum()) + PRIOR_YES * PRIOR_VOTES) / (applies + PRIOR_VOTES)
    wrong = (float((said * (1 - probabilities)).sum()) + PRIOR_NO * PRIOR_VOTES) / (not_applies + PRIOR_VOTES)
    yes, wrong = np.clip([yes, wrong], 1e-3, 1 - 1e-3)
    return np.asarray(said * np.log(yes / wrong) + (1 - said) * np.log((1 - yes) / (1 - wrong)), dtype=np.float32)
