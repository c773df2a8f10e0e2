"""Metrics: how far a student agrees with the teacher on lessons it has not seen.

These are scores against pseudo-labels, not against the truth: a student that repeats its teacher's errors scores well.
"""

import numpy as np

from limbeck.students.calibration import Calibration, expected_calibration_error, negative_log_likelihood
from limbeck.students.lessons import Choices, Floats, Lessons, Rows


def measure(outputs: Floats, lessons: Lessons, calibration: Calibration) -> dict[str, float]:
    """Score a head's outputs on held-out lessons.

    Args:
        outputs: [n, k], or [n, 2k] where `lessons.applicable` is given.
        lessons: The same n texts.
        calibration: Fitted on the same lessons, so `ece` is on the kind side by its few numbers.

    Returns:
        `held_out` (texts), `accuracy` (share that agrees with the likeliest label), `weighted_accuracy` (the same by
        confidence), `macro_f1`, `nll`, `ece` (against the likeliest labels, so a student that is rightly modest about a
        teacher that errs has a high one); for all-applicable labels also `exact_match`, `micro_precision` and
        `micro_recall` (TnT-LLM, section 4). Only `held_out` where there are no lessons.
    """
    found = {"held_out": float(len(lessons))}
    if not lessons.weights.any():
        return found
    k, hard = len(lessons.labels), lessons.hard
    shares = calibration.shares(outputs, k)
    right = shares.argmax(axis=1) == hard
    found["accuracy"] = float(right.mean())
    found["weighted_accuracy"] = float((right * lessons.weights).sum() / lessons.weights.sum())
    found["macro_f1"] = macro_f1(shares.argmax(axis=1), hard)
    found["nll"] = negative_log_likelihood(shares, lessons)
    found["ece"] = expected_calibration_error(shares, hard)
    if lessons.applicable is not None and calibration.thresholds is not None:
        found |= measure_applicable(calibration.applies(outputs, k), lessons.applicable >= 0.5)
    return found


def macro_f1(
    chosen: Rows,
    hard: Rows,
) -> float:
    """Mean F1 over the labels that were chosen or taught."""
    scores = []
    for label in np.union1d(chosen, hard):
        hits = int(((chosen == label) & (hard == label)).sum())
        scores.append(2 * hits / int((chosen == label).sum() + (hard == label).sum()))
    return float(np.mean(scores))


def measure_applicable(
    chosen: Choices,
    truth: Choices,
) -> dict[str, float]:
    """Exact match, micro-precision and micro-recall of sets of labels; precision and recall of nothing are 0."""
    hits = int((chosen & truth).sum())
    return {
        "exact_match": float((chosen == truth).all(axis=1).mean()),
        "micro_precision": hits / max(1, int(chosen.sum())),
        "micro_recall": hits / max(1, int(truth.sum())),
    }
