"""Which labels are probably wrong: confident learning (Northcutt et al. 2021, arXiv:1911.00068), from the paper.

A judge that was not shown a text's label says how likely each label is. Label by label, its mean probability on the texts
that were given the label is a threshold; a text counts for the likeliest label whose threshold it reaches. Those counts
against the given labels are the confident joint (section 3.1), from which noise rates and the errors follow (section 3.2).

The judge is the mean of a regression on embeddings, cross-validated, and of the labels of a text's neighbours, which
betray errors without any training (Zhu et al. 2022, arXiv:2110.06283). Errors that an annotator makes again and again
are learnt by both, and can't be found so. No gold is read.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from limbeck.neighbours import graph
from limbeck.prototypes import centred
from limbeck.students import logistic
from limbeck.students.calibration import sigmoid, softmax
from limbeck.students.lessons import Choices, Floats, Lessons, Rows

FOLDS = 5
STRENGTH = 1.0
"""λ of the regression that judges."""
PRIOR = 5.0
"""Texts of a label that what all labels' texts tell counts for."""


@dataclass(frozen=True, eq=False)
class Noise:
    """What is probably wrong with n labels out of k."""

    joint: Floats
    """[k, k]: the estimated number of texts that were given label a (row) and should have label b (column)."""
    errors: Rows
    """Texts whose label is probably wrong, the likeliest first; never all texts of a label."""
    margins: Floats
    """[n]: probability of the given label less that of the likeliest other one; the lower, the likelier it is wrong."""

    @property
    def rate(self) -> float:
        """The estimated share of wrong labels; 0 where there are no labels."""
        return float(1 - np.trace(self.joint) / self.joint.sum()) if self.joint.any() else 0.0

    @property
    def rates(self) -> Floats:
        """[k]: of the texts that were given each label, the share that should not have it; 0 where there are none."""
        given = self.joint.sum(axis=1)
        return np.asarray((given - np.diag(self.joint)) / np.maximum(given, 1e-12), dtype=np.float32)

    @property
    def matrix(self) -> Floats:
        """[k, k]: how often label b (column) is given where a (row) is right; rows add up to 1, or are 0."""
        right = self.joint.T
        return np.asarray(right / np.maximum(right.sum(axis=1, keepdims=True), 1e-12), dtype=np.float32)

    @property
    def likelihoods(self) -> Floats:
        """[k, k]: how likely label a (row) is to be given where b (column) is right, a hundredth of it to any label.

        Where few texts tell of a label, it is what all labels' texts tell together: right, or any other label alike.
        """
        k, right = len(self.joint), self.joint.T
        others = np.full((k, k), self.rate / max(1, k - 1))
        np.fill_diagonal(others, 1 - self.rate)
        matrix = (right + PRIOR * others) / (right.sum(axis=1, keepdims=True) + PRIOR)
        return np.asarray(0.99 * matrix + 0.01 / k, dtype=np.float32).T

    def confused(self, top: int) -> list[tuple[int, int, float]]:
        """(given, right, estimated number of texts): the most frequent errors, the label's number breaking ties."""
        wrong = self.joint * (1 - np.eye(len(self.joint), dtype=np.float32))
        order = np.argsort(-wrong, axis=None, kind="stable")[:top]
        given, right = np.unravel_index(order, wrong.shape)
        cells = zip(given.tolist(), right.tolist(), wrong[given, right].tolist(), strict=True)
        return [cell for cell in cells if cell[2] > 0]


def find(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> Noise:
    """Find the labels that are probably wrong.

    A label is called wrong where the judge prefers another, and both prunings of the paper agree: by class (the texts of
    a label that the judge is the least sure of) and by noise rate (those that look most like a certain other label). As
    many are taken as the joint counts. The surest text of a label is kept, so that no label vanishes.

    Args:
        labels: [n]: the number of each text's given label, below k.
        probabilities: [n, k] by a judge that was not shown the text's label; see `out_of_sample`.

    Raises:
        ValueError: The shapes don't fit together, or a label is no number from 0 to k-1.
    """
    given, shares = _checked(labels, probabilities)
    joint, margins = confident_joint(given, shares), _margins(given, shares)
    wrong = _by_noise_rate(given, shares, joint) & _by_class(given, shares, joint) & (margins < 0)
    for label in np.unique(given[wrong]):
        members = np.flatnonzero(given == label)
        wrong[members[np.argmax(margins[members])]] = False
    rows = np.flatnonzero(wrong)
    return Noise(joint, rows[np.argsort(margins[rows], kind="stable")], margins)


def confident_joint(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> Floats:
    """Count the texts of each given label that are confidently of each label.

    Args:
        labels: [n], as in `find`.
        probabilities: [n, k], as in `find`.

    Returns:
        [k, k], each row scaled to the number of texts that were given its label. A label that no text was given is
        nobody's right label either: there is nothing to tell its threshold from.

    Raises:
        ValueError: As `find` does.
    """
    given, shares = _checked(labels, probabilities)
    n, k = shares.shape
    if n == 0:
        return np.zeros((k, k), dtype=np.float32)
    counts = np.bincount(given, minlength=k)
    sums = np.bincount(given, shares[np.arange(n), given], k)
    thresholds = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    confident = np.where(shares >= thresholds, shares, -1.0)
    rows = np.flatnonzero(confident.max(axis=1) >= 0)
    joint = np.zeros((k, k))
    np.add.at(joint, (given[rows], confident[rows].argmax(axis=1)), 1)
    # Of a label whose texts count for none, nothing is known: it is taken to be right.
    joint[np.arange(k), np.arange(k)] += joint.sum(axis=1) == 0
    return np.asarray(joint / joint.sum(axis=1, keepdims=True) * counts[:, None], dtype=np.float32)


def _checked(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> tuple[Rows, Floats]:
    given, shares = np.asarray(labels, dtype=np.int64), np.asarray(probabilities, dtype=np.float32)
    if shares.ndim != 2 or given.shape != shares.shape[:1]:
        raise ValueError(f"labels of shape {given.shape!r}, probabilities of {shares.shape!r}; give [n] and [n, k]")
    strange = given[(given < 0) | (given >= shares.shape[1])]
    if len(strange):
        raise ValueError(f"{int(strange[0])!r} is none of {shares.shape[1]!r} labels; leave out texts without a label")
    return given, shares


def _margins(given: Rows, shares: Floats) -> Floats:
    rows, others = np.arange(len(given)), shares.copy()
    others[rows, given] = 0
    return np.asarray(shares[rows, given] - others.max(axis=1, initial=0.0), dtype=np.float32)


def _by_noise_rate(given: Rows, shares: Floats, joint: Floats) -> Choices:
    """As many texts of label a as should have label b: those that look most like b ("prune by noise rate")."""
    wrong = np.zeros(len(given), dtype=bool)
    for a, b in zip(*np.nonzero(np.round(joint)), strict=True):
        if a != b:
            members = np.flatnonzero(given == a)
            gains = shares[members, b] - shares[members, a]
            wrong[members[np.argsort(-gains, kind="stable")[: round(float(joint[a, b]))]]] = True
    return wrong


def _by_class(given: Rows, shares: Floats, joint: Floats) -> Choices:
    """As many texts of label a as should have another: those that look least like a ("prune by class")."""
    wrong = np.zeros(len(given), dtype=bool)
    for a in np.unique(given):
        members = np.flatnonzero(given == a)
        few = round(float(joint[a].sum() - joint[a, a]))
        wrong[members[np.argsort(shares[members, a], kind="stable")[:few]]] = True
    return wrong


# ---- several labels a text -------------------------------------------------------------------------------------------


def find_applicable(applies: npt.ArrayLike, probabilities: npt.ArrayLike) -> tuple[Rows, Floats]:
    """The same for several labels a text: each label is judged for itself, then pooled (cf. arXiv:2211.13895).

    Args:
        applies: [n, k]: 1 where a label was given, else 0.
        probabilities: [n, k] of each label to apply, by a judge that was not shown the text's labels.

    Returns:
        Texts with a label that is probably wrong or missing, the likeliest first; and every text's score [n]: how sure
        the judge is of the text's worst yes or no, 1 being what is usual for that answer to that label. The paper's
        exponential average of all yeses and noes ranks errors far worse where labels are many and rare.

    Raises:
        ValueError: The shapes differ.
    """
    given, shares = np.asarray(applies) >= 0.5, np.asarray(probabilities, dtype=np.float32)
    if given.shape != shares.shape or given.ndim != 2:
        raise ValueError(f"labels of shape {given.shape!r}, probabilities of {shares.shape!r}; give [n, k] twice")
    wrong = np.zeros(len(given), dtype=bool)
    for yes, share in zip(given.T, shares.T, strict=True):
        wrong[find(yes, np.stack([1 - share, share], axis=1)).errors] = True
    rows, scores = np.flatnonzero(wrong), _worst(given, np.where(given, shares, 1 - shares))
    return rows[np.argsort(scores[rows], kind="stable")], scores


def _worst(given: Choices, sure: Floats) -> Floats:
    """[n]: the smallest of a text's confidences, each divided by what is usual for the same answer to the same label."""
    yes, no = (np.sum(sure * one, axis=0) / np.maximum(one.sum(axis=0), 1) for one in (given, ~given))
    return np.asarray((sure / np.maximum(np.where(given, yes, no), 1e-12)).min(axis=1, initial=np.inf), dtype=np.float32)


# ---- the judge -------------------------------------------------------------------------------------------------------


def out_of_sample(embeddings: npt.ArrayLike, targets: npt.ArrayLike, *, several: bool = False, seed: int = 0) -> Floats:
    """Judge each text by the labels of others.

    Args:
        embeddings: [n, d] of the texts.
        targets: [n, k]: how each text's label is shared out, rows adding up to 1; or what applies, each in [0, 1].
        several: Whether several labels may apply to a text.
        seed: Of the folds. A label whose few texts all fall in one fold is judged by neighbours alone there.

    Returns:
        [n, k]: the probability of each label to be the right one, or to apply. With fewer than 2 texts there are no
        others: all alike, or 0.5.
    """
    vectors, wanted = np.asarray(embeddings, dtype=np.float32), np.asarray(targets, dtype=np.float32)
    n, k = wanted.shape
    links = graph(centred(vectors), 1 if several else k) if n > 1 and k else None
    if links is None:
        return np.full((n, k), 0.5 if several else 1 / max(1, k), dtype=np.float32)
    fold = np.random.default_rng(seed).permutation(n) % FOLDS
    shares = np.asarray(links @ wanted, dtype=np.float32)
    for number in np.unique(fold):
        shown, judged = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        shares[judged] += _regressed(vectors[shown], wanted[shown], vectors[judged], several)
    return np.asarray(shares / 2, dtype=np.float32)


def _regressed(shown: Floats, targets: Floats, judged: Floats, several: bool) -> Floats:
    """[judged, k] by a regression on what was shown."""
    n, k = targets.shape
    lessons = Lessons(
        texts=("",) * n,
        labels=tuple(str(label) for label in range(k)),
        targets=np.full((n, k), 1 / k, dtype=np.float32) if several else targets,
        weights=np.ones(n, dtype=np.float32),
        applicable=targets if several else None,
    )
    outputs = logistic.solve(shown, lessons, STRENGTH).outputs(judged)
    return sigmoid(outputs[:, k:]) if several else softmax(outputs)
