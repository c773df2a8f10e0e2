"""Fitting: train students of some kinds on the same lessons and choose the best on those held out."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from limbeck.encoder import Encoder
from limbeck.errors import StudentError
from limbeck.students import joint, logistic, lora, mlp, prompt, trees, tuning
from limbeck.students.calibration import calibrate
from limbeck.students.dense import Dense
from limbeck.students.lessons import Floats, Lessons
from limbeck.students.memory import Remembering
from limbeck.students.metrics import measure
from limbeck.students.objective import held_loss
from limbeck.students.student import KINDS, Head, Kind, Student

HELD_OUT, MOST_HELD_OUT = 0.15, 600
"""The share of the lessons that students are compared on, and how many are enough for it."""
MOST_LABELS_FOR_TREES = 30
"""`kinds_for` leaves LightGBM out above: a round grows a tree for each label."""

Progress = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class _Desk:
    """What every fitter is given."""

    train: Lessons
    held: Lessons
    vectors: Floats
    held_vectors: Floats
    encoder: Encoder
    seed: int
    progress: Progress


Fitted = tuple[Encoder, Head, dict[str, float]]
"""The encoder to use, the head, and the grid's choice."""


def kinds_for(labels: int) -> tuple[Kind, ...]:
    """The kinds worth training for a number of labels: all, without LightGBM above 30 labels."""
    return tuple(kind for kind in KINDS if kind != "lightgbm" or labels <= MOST_LABELS_FOR_TREES)


def fit(
    kind: Kind, train: Lessons, held: Lessons, encoder: Encoder, seed: int, progress: Progress | None = None
) -> Student:
    """Train one student; its grid is chosen on the held-out lessons.

    Args:
        kind: One of `KINDS`.
        train: What to learn; at least one text.
        held: Texts not to learn from, with the same labels; may be none, then the grid's middle is taken.
        encoder: What makes vectors of texts.
        seed: The same seed gives the same student on the same machine.
        progress: Told what is going on.

    Raises:
        StudentError: No lessons, a kind that there is not, or labels that differ between the parts.
    """
    vectors, held_vectors = encoder.encode(train.texts), encoder.encode(held.texts)
    return _fit(kind, _Desk(train, held, vectors, held_vectors, encoder, seed, progress or _silent))


def fit_best(
    kinds: Iterable[Kind],
    lessons: Lessons,
    encoder: Encoder,
    seed: int,
    progress: Progress | None = None,
    vectors: Floats | None = None,
) -> tuple[list[Student], Student]:
    """Train a student of each kind on most lessons, and choose the one that agrees best with those held out: 15%, or 600.

    Args:
        kinds: Some of `KINDS`; see `kinds_for`.
        lessons: At least one text.
        encoder: What makes vectors of texts; run once for all kinds.
        seed: Of the split and the students.
        progress: Told what is going on.
        vectors: [n, d]: the encoder's vectors of the texts, where they are had already.

    Returns:
        All students in the order of `kinds`, and the best of them by `weighted_accuracy`, then `nll`; the first where
        nothing could be held out.

    Raises:
        StudentError: As `fit` does; or no kinds.
    """
    train_rows, held_rows = lessons.split_rows(min(HELD_OUT, MOST_HELD_OUT / max(1, len(lessons))), seed)
    vectors = encoder.encode(lessons.texts) if vectors is None else vectors
    train, held = lessons.take(train_rows), lessons.take(held_rows)
    desk = _Desk(train, held, vectors[train_rows], vectors[held_rows], encoder, seed, progress or _silent)
    students = [_fit(kind, desk) for kind in kinds]
    if not students:
        raise StudentError(f"no kinds of students are given; type some of {KINDS!r}")
    return students, max(students, key=_merit)


def _merit(student: Student) -> tuple[float, float]:
    return student.metrics.get("weighted_accuracy", 0.0), -student.metrics.get("nll", 0.0)


def _fit(kind: Kind, desk: _Desk) -> Student:
    if kind not in FITTERS:
        raise StudentError(f"there is no kind of student {kind!r}; type one of {KINDS!r}")
    if not len(desk.train):
        raise StudentError(f"the student {kind!r} has no lessons; label at least one text first")
    if desk.train.labels != desk.held.labels or (desk.train.applicable is None) != (
        desk.held.applicable is None
    ):
        raise StudentError("the held-out lessons have other labels; make both parts with `Lessons.split`")
    desk.progress(f"{kind}: training on {len(desk.train)} texts")
    started = time.perf_counter()
    encoder, head, choice = FITTERS[kind](desk)
    seconds = time.perf_counter() - started
    held_vectors = desk.held_vectors if encoder is desk.encoder else encoder.encode(desk.held.texts)
    outputs = head.outputs(held_vectors)
    calibration = calibrate(outputs, desk.held)
    metrics = measure(outputs, desk.held, calibration) | choice | {"seconds": seconds}
    return Student(kind, desk.train.labels, encoder, head, calibration, metrics)


def _fit_logistic(desk: _Desk) -> Fitted:
    heads: dict[float, Head] = {}
    start = None
    for strength in logistic.STRENGTHS if len(desk.held) else (logistic.DEFAULT_STRENGTH,):
        start = heads[strength] = logistic.solve(desk.vectors, desk.train, strength, start)
    strength, head = _choose(heads, desk)
    return desk.encoder, head, {"lambda": strength}


def _fit_mlp(desk: _Desk) -> Fitted:
    heads: dict[float, Head] = {}
    for hidden in mlp.HIDDEN if len(desk.held) else (mlp.DEFAULT_HIDDEN,):
        heads[hidden] = mlp.train(desk.vectors, desk.train, desk.held_vectors, desk.held, hidden, desk.seed)
    hidden_chosen, head = _choose(heads, desk)
    return desk.encoder, head, {"hidden": float(hidden_chosen)}


def _fit_trees(desk: _Desk) -> Fitted:
    head, depth = trees.grow(desk.vectors, desk.train, desk.held_vectors, desk.held, desk.seed)
    return desk.encoder, head, {"depth": float(depth)}


def _fit_lora(desk: _Desk) -> Fitted:
    return _tuned(partial(tuning.tune, lora.RECIPE), desk)


def _fit_prompt(desk: _Desk) -> Fitted:
    return _tuned(partial(tuning.tune, prompt.RECIPE), desk)


def _fit_joint(desk: _Desk) -> Fitted:
    return _tuned(joint.tune, desk)


def _tuned(tune: Callable[..., tuple[Encoder, Dense]], desk: _Desk) -> Fitted:
    adapted, dense = tune(desk.encoder, desk.vectors, desk.train, desk.held, desk.seed, desk.progress)
    return adapted, Remembering.of(dense, adapted.encode(desk.train.texts), desk.train, desk.seed), {}


FITTERS: dict[Kind, Callable[[_Desk], Fitted]] = {
    "logistic": _fit_logistic,
    "lightgbm": _fit_trees,
    "mlp": _fit_mlp,
    "lora": _fit_lora,
    "prompt": _fit_prompt,
    "joint": _fit_joint,
}


def _choose(heads: dict[float, Head], desk: _Desk) -> tuple[float, Head]:
    """The grid's best by calibrated held-out loss; the only one where nothing is held out."""
    losses = [held_loss(head.outputs(desk.held_vectors), desk.held) for head in heads.values()]
    best = list(heads)[int(np.argmin(losses))]
    return best, heads[best]


def _silent(_: str) -> None:
    """Nobody is told."""
