"""Calibration: from a head's outputs to probabilities that mean what they say, fitted on held-out lessons.

Temperature scaling: Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2; the expected
calibration error (ECE) is that of its section 2, with 15 bins of equal width.
"""

from dataclasses import dataclass

import numpy as np

from limbeck.students.lessons import Choices, Floats, Lessons, Rows

BINS = 15
TEMPERATURES = (0.05, 20.0)
"""Where the temperature is looked for."""
THRESHOLDS = np.round(np.arange(0.05, 0.96, 0.05), 2)


@dataclass(frozen=True)
class Calibration:
    """How outputs become probabilities and applicable labels."""

    temperature: float = 1.0
    """What the primary outputs are divided by before the softmax."""
    threshold: float | None = None
    """The probability from which a label applies; None for a student that was not taught it."""

    def shares(self, outputs: Floats, k: int) -> Floats:
        """[n, k]: the probability of each label to be the primary one."""
        return softmax(outputs[:, :k] / self.temperature)

    def applicable(self, outputs: Floats, k: int) -> Floats:
        """[n, k]: the probability of each label to apply; 0 columns where it was not taught."""
        return sigmoid(outputs[:, k:])


def calibrate(outputs: Floats, lessons: Lessons) -> Calibration:
    """Fit temperature and threshold on lessons that the head has not seen.

    Args:
        outputs: [n, k], or [n, 2k] where `lessons.applicable` is given.
        lessons: The same n texts; with none at all, nothing is scaled and a label applies from 0.5.
    """
    threshold = None
    if lessons.applicable is not None:
        threshold = best_threshold(sigmoid(outputs[:, len(lessons.labels) :]), lessons.applicable)
    return Calibration(best_temperature(outputs[:, : len(lessons.labels)], lessons), threshold)


def best_temperature(outputs: Floats, lessons: Lessons) -> float:
    """The temperature with the least cross-entropy to the soft targets, on a log scale; 1 for no lessons or 1 label."""
    from scipy.optimize import minimize_scalar

    if not lessons.weights.any() or len(lessons.labels) == 1:
        return 1.0

    def loss(log_temperature: float) -> float:
        return negative_log_likelihood(softmax(outputs / np.exp(log_temperature)), lessons)

    found = minimize_scalar(loss, bounds=tuple(np.log(TEMPERATURES)), method="bounded")
    return float(np.exp(found.x))


def best_threshold(probabilities: Floats, applicable: Floats) -> float:
    """The threshold with the best micro-F1; the one nearest 0.5 of several, 0.5 for no lessons."""
    truth = applicable >= 0.5
    scores = [_f1(probabilities >= threshold, truth) for threshold in THRESHOLDS]
    best = [float(t) for t, score in zip(THRESHOLDS, scores, strict=True) if score == max(scores)]
    return min(best, key=lambda threshold: abs(threshold - 0.5))


def _f1(
    chosen: Choices,
    truth: Choices,
) -> float:
    return float(2 * (chosen & truth).sum() / max(1, chosen.sum() + truth.sum()))


def negative_log_likelihood(shares: Floats, lessons: Lessons) -> float:
    """Weighted mean cross-entropy of the shares against the soft targets, in nats."""
    losses = -(lessons.targets * np.log(np.maximum(shares, 1e-12))).sum(axis=1)
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
