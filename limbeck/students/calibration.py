"""Calibration: from a head's outputs to probabilities that mean what they say, fitted on held-out lessons.

Temperature scaling: Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2; the expected
calibration error (ECE) is that of its section 2, with 15 bins of equal width. The temperature is fitted to what the
teacher believes, not to its likeliest label alone: that would bring the ECE against pseudo-labels down and the one
against the truth up, as a teacher's errors are learnt along with the rest and agreed with.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from limbeck.students.lessons import Choices, Floats, Lessons, Rows

BINS = 15
TEMPERATURES = (0.05, 20.0)
"""Where the temperature is looked for."""
THRESHOLDS = np.round(np.arange(0.02, 0.97, 0.01), 2)
PRIOR = 30
"""A label's own threshold counts as much as the common one where so many held-out texts have the label."""


@dataclass(frozen=True)
class Calibration:
    """How outputs become probabilities and applicable labels."""

    temperature: float = 1.0
    """What the primary outputs are divided by before the softmax."""
    applicable_temperature: float = 1.0
    """What the others are divided by before the sigmoid."""
    thresholds: tuple[float, ...] | None = None
    """[k]: the probability from which each label applies; None for a student that was not taught it."""

    def shares(self, outputs: Floats, k: int) -> Floats:
        """[n, k]: the probability of each label to be the primary one."""
        return softmax(outputs[:, :k] / self.temperature)

    def applicable(self, outputs: Floats, k: int) -> Floats:
        """[n, k]: the probability of each label to apply; 0 columns where it was not taught."""
        return sigmoid(outputs[:, k:] / self.applicable_temperature)

    def applies(self, outputs: Floats, k: int) -> Choices:
        """[n, k]: whether each label applies; 0 columns where it was not taught."""
        return self.applicable(outputs, k) >= np.asarray(self.thresholds or ())


def calibrate(outputs: Floats, lessons: Lessons) -> Calibration:
    """Fit temperatures and thresholds on lessons that the head has not seen.

    Args:
        outputs: [n, k], or [n, 2k] where `lessons.applicable` is given.
        lessons: The same n texts; with none at all, nothing is scaled and a label applies from 0.5.
    """
    k = len(lessons.labels)
    temperature = best_temperature(outputs[:, :k], lessons)
    if lessons.applicable is None:
        return Calibration(temperature)
    other = best_applicable_temperature(outputs[:, k:], lessons)
    chances = sigmoid(outputs[:, k:] / other)
    return Calibration(temperature, other, best_thresholds(chances, lessons.applicable))


def best_temperature(outputs: Floats, lessons: Lessons) -> float:
    """The temperature with the least cross-entropy to what is believed, on a log scale; 1 for no lessons or 1 label."""
    if not lessons.weights.any() or len(lessons.labels) == 1:
        return 1.0
    return _where_least(lambda t: negative_log_likelihood(softmax(outputs / t), lessons))


def best_applicable_temperature(outputs: Floats, lessons: Lessons) -> float:
    """The one temperature of all labels with the least binary cross-entropy; 1 for no lessons."""
    if lessons.applicable is None or not lessons.weights.any():
        return 1.0
    wanted, weights = lessons.applicable, lessons.weights[:, None]

    def loss(t: float) -> float:
        # log(1 + e^x) - wanted * x: the cross-entropy of a sigmoid without its overflow.
        return float(((np.logaddexp(0, outputs / t) - wanted * outputs / t) * weights).sum())

    return _where_least(loss)


def _where_least(loss: Callable[[float], float]) -> float:
    """The temperature with the least loss, on a log scale."""
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda log: loss(float(np.exp(log))), bounds=tuple(np.log(TEMPERATURES)), method="bounded"
    )
    return float(np.exp(found.x))


def best_thresholds(probabilities: Floats, applicable: Floats) -> tuple[float, ...]:
    """Each label's threshold with the best F1, drawn to the one with the best micro-F1 where few texts have the label.

    A rare label's own threshold is noise: alone it costs more micro-F1 than it brings macro-F1. F1 is the one that is
    expected if the teacher's chances are right (Ye et al. 2012, arXiv:1206.4625, section 2.2): a teacher that says yes
    where it is sure alone has named too few, and a student that is held to its yeses names fewer still.

    Args:
        probabilities: [n, k]: of each label to apply; n may be 0, then all thresholds are 0.5.
        applicable: [n, k]: the teacher's, of the same.
    """
    chosen = (probabilities >= threshold for threshold in THRESHOLDS)
    counts = np.array([((one * applicable).sum(axis=0), one.sum(axis=0)) for one in chosen])
    hits, said = counts[:, 0], counts[:, 1]
    positives = applicable.sum(axis=0)
    common = _best(hits.sum(axis=1), said.sum(axis=1) + positives.sum(), 0.5)
    own = [_best(hits[:, at], said[:, at] + positives[at], common) for at in range(len(positives))]
    drawn = (positives * np.asarray(own) + PRIOR * common) / (positives + PRIOR)
    return tuple(drawn.tolist())


def _best(hits: Floats, both: Floats, wish: float) -> float:
    """The threshold with the best F1, which is 2 * hits / both; of several the one nearest the wish."""
    scores = np.round(2 * hits / np.maximum(1, both), 9)
    return float(min(THRESHOLDS[scores == scores.max()], key=lambda threshold: abs(threshold - wish)))


def negative_log_likelihood(shares: Floats, lessons: Lessons) -> float:
    """Weighted mean cross-entropy of the shares against what is believed, in nats."""
    losses = -(lessons.believed * np.log(np.maximum(shares, 1e-12))).sum(axis=1)
    return float((losses * lessons.weights).sum() / lessons.weights.sum())


def expected_calibration_error(shares: Floats, hard: Rows) -> float:
    """Mean gap between confidence and agreement over 15 bins of confidence, weighted by the texts in each."""
    confidence, right = shares.max(axis=1), shares.argmax(axis=1) == hard
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs(float((confidence[bins == b] - right[bins == b]).sum())) for b in range(BINS)]
    return sum(gaps) / len(hard)


def softmax(outputs: Floats) -> Floats:
    """Row-wise softmax."""
    powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=outputs.dtype)


def sigmoid(outputs: Floats) -> Floats:
    """Logistic function without overflow."""
    return np.asarray((np.tanh(outputs / 2) + 1) / 2, dtype=outputs.dtype)
