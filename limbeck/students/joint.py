"""The joint student: two LoRA networks that teach each other, for labels with many errors.

JointMatch (Zou & Caragea 2023, EMNLP, section 3), where all texts have labels, only some of them wrong: each network
learns from what the other believes, so that neither confirms its own errors; a text counts in full where the other is
sure of it, by a threshold that is lower for labels that are harder to learn; and where both disagree it counts more.
The surest texts of each label come first, then both networks start anew, on all texts and with what the first two came
to believe (curriculum learning: Bengio et al. 2009, section 3). The better one of the last two is kept.
"""

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck.encoder import Encoder
from limbeck.students import lora
from limbeck.students.dense import Dense
from limbeck.students.lessons import Choices, Floats, Lessons, Rows
from limbeck.students.tuning import Progress, Recipe, Run, begun

COURSES = (0.6, 1.0)
"""The share of each label's texts that is learnt from, before each restart."""
DOUBTFUL = 0.3
"""How much a text counts of which the other network is not sure."""
DISPUTED = 1.5
"""How much one counts of which it is, and of whose label both disagree."""
RECIPE = Recipe("joint", lora.adapt, fewest=2, most=16, learning_rate=1e-3, head_learning_rate=1e-2)


def tune(
    encoder: Encoder, vectors: Floats, lessons: Lessons, held: Lessons, seed: int, progress: Progress
) -> tuple[Encoder, Dense]:
    """Train both networks through all courses, and keep one; the arguments are those of `tuning.tune`."""
    import torch

    believed = lessons
    with torch.random.fork_rng():
        for number, share in enumerate(COURSES):
            rows = surest(believed, share)
            shown = believed.take(rows)
            pair = [begun(RECIPE, encoder, vectors[rows], shown, 2 * seed + at) for at in range(2)]
            epochs = RECIPE.epochs(len(shown))
            for epoch in range(epochs):
                _epoch(pair, epoch)
                progress(f"joint: course {number + 1} of {len(COURSES)}, epoch {epoch + 1} of {epochs}")
            believed = _revised(lessons, pair)
        best = min(pair, key=lambda run: run.held_loss(held))
        best.model.eval()
    return best.adapted, best.dense()


def _epoch(pair: list[Run], number: int) -> None:
    """Each learns from what the other believed before this epoch."""
    k, before = pair[0].k, [run.own.clone() for run in pair]
    for run, own, other in zip(pair, before, reversed(before), strict=True):
        if number:
            run.weigh(weights_by(own[:, :k].numpy(), other[:, :k].numpy()))
        run.epoch(number, other)


def weights_by(own: Floats, other: Floats) -> Floats:
    """[n]: how much each text counts for a network, by what both believe [n, k]."""
    disputed = own.argmax(axis=1) != other.argmax(axis=1)
    return np.where(trusted(other), np.where(disputed, DISPUTED, 1.0), DOUBTFUL).astype(np.float32)


def trusted(shares: Floats) -> Choices:
    """[n]: whether the likeliest label of each text reaches that label's threshold.

    The thresholds adapt to what is believed of all n texts: the mean confidence, times the label's own mean probability
    as a share of the most frequent one's (JointMatch, section 3.2).

    Args:
        shares: [n, k], rows adding up to 1.
    """
    sizes = shares.mean(axis=0)
    thresholds = shares.max(axis=1).mean() * sizes / max(float(sizes.max(initial=0.0)), 1e-12)
    return np.asarray(shares.max(axis=1) >= thresholds[shares.argmax(axis=1)])


def surest(lessons: Lessons, share: float) -> Rows:
    """The rows of the surest share of each label's texts, at least one, in ascending order."""
    sure = lessons.targets.max(axis=1) * lessons.weights
    rows: list[npt.NDArray[Any]] = []
    for label in np.unique(lessons.hard):
        members = np.flatnonzero(lessons.hard == label)
        rows.append(members[np.argsort(-sure[members], kind="stable")[: max(1, round(share * len(members)))]])
    return np.sort(np.concatenate(rows)).astype(np.int64)


def _revised(lessons: Lessons, pair: list[Run]) -> Lessons:
    """The lessons, half as they were and half as both networks have come to believe; what applies stays."""
    said = np.mean([run.shares(lessons.texts) for run in pair], axis=0)
    targets = (lessons.targets + said) / 2
    return dataclasses.replace(lessons, targets=targets)
