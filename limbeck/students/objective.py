"""The objective of the light students: soft cross-entropy for the primary label, one-vs-rest for the applicable ones.

One function for the logistic student and the trees: outputs in, loss and its gradient out. The first k columns of the
outputs go through a softmax, the last k, where there are any, through k sigmoids.
"""

import numpy as np

from limbeck.students.calibration import best_temperature, sigmoid, softmax
from limbeck.students.lessons import Floats, Lessons


def outputs_of(lessons: Lessons) -> int:
    """How many outputs a head needs: k, or 2k where all applicable labels are taught too."""
    return len(lessons.labels) * (1 if lessons.applicable is None else 2)


def probabilities(outputs: Floats, k: int) -> Floats:
    """[n, k or 2k]: softmax of the first k columns, sigmoid of the others."""
    return np.concatenate([softmax(outputs[:, :k]), sigmoid(outputs[:, k:])], axis=1)


def truth(lessons: Lessons) -> Floats:
    """[n, k or 2k]: what the probabilities should be; chances to apply lean towards yes or no, whichever is likelier.

    Taught as they are, a student of annotators that disagree is unsure of everything; how far to go with a teacher's yes
    is then for the thresholds, which are fitted to the chances themselves.
    """
    if lessons.applicable is None:
        return lessons.targets
    yes, no = lessons.applicable**2, (1 - lessons.applicable) ** 2
    return np.concatenate([lessons.targets, yes / (yes + no)], axis=1)


def loss_and_gradient(outputs: Floats, lessons: Lessons) -> tuple[float, Floats]:
    """Weighted sum of the negative log-likelihoods over the texts, in nats, and its gradient by the outputs."""
    predicted, wanted = probabilities(outputs, len(lessons.labels)), truth(lessons)
    return _loss(predicted, wanted, lessons), (predicted - wanted) * lessons.weights[:, None]


def _loss(predicted: Floats, wanted: Floats, lessons: Lessons) -> float:
    """Weighted sum of the cross-entropies, in nats."""
    k = len(lessons.labels)
    safe = np.clip(predicted, 1e-12, 1.0)
    losses = -(wanted * np.log(safe)).sum(axis=1)
    rest = np.clip(1 - predicted[:, k:], 1e-12, 1.0)
    losses -= ((1 - wanted[:, k:]) * np.log(rest)).sum(axis=1)
    return float((losses * lessons.weights).sum())


def held_loss(outputs: Floats, lessons: Lessons) -> float:
    """Loss a text, in nats, against what is believed, after the best temperature: 0 for no lessons.

    What strengths, widths and epochs are chosen by: without the temperature, the choice would be about scale, which
    calibration settles anyway.
    """
    if not lessons.weights.any():
        return 0.0
    scaled, k = outputs.copy(), len(lessons.labels)
    scaled[:, :k] /= best_temperature(outputs[:, :k], lessons)
    wanted = np.concatenate([lessons.believed, truth(lessons)[:, k:]], axis=1)
    return _loss(probabilities(scaled, k), wanted, lessons) / float(lessons.weights.sum())
