"""DSPy's optimisers, each set up for one step: sync functions that a thread runs.

`bootstrap` is the paper's random search over demonstrations that a teacher makes (Khattab et al. 2023, BootstrapFewShot),
but with the unoptimised step in the pool, which the published code leaves out. `mipro`: Opsahl-Ong et al. 2024. `gepa`:
Agrawal et al. 2025.
"""

import importlib.util
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import dspy
from dspy.utils.exceptions import AdapterParseError, ContextWindowExceededError

from limbeck.errors import CallFailed, ConfigError
from limbeck.optimizing.steps import Step, judged, score
from limbeck.sections import OptimizeSettings

MINIBATCH = 35
"""Validation documents by which MIPROv2 compares two programs for the time being, where there are more."""


@dataclass(frozen=True)
class Lesson:
    """All that an optimiser is given."""

    step: Step
    train: Sequence[dspy.Example]
    validation: Sequence[dspy.Example]
    student: Any
    teacher: Any
    settings: OptimizeSettings
    seed: int
    threads: int


def compiled(lesson: Lesson) -> Step:
    """The step as an optimiser leaves it; for a thread without an event loop.

    Raises:
        CallFailed: The teacher's proposals can't be read, or it can't read what it is shown.
        Stopped: No model can be asked any more.
    """
    try:
        with dspy.context(
            lm=lesson.student, num_threads=lesson.threads, disable_history=True, trace=None, warn_on_type_mismatch=False
        ):
            return METHODS[lesson.settings.method](lesson)
    except (AdapterParseError, ContextWindowExceededError):
        raise CallFailed(
            f"{lesson.teacher.model!r} proposes nothing that can be read; name a larger model in `optimize: {{teacher: …}}`, "
            "or write `optimize: {method: bootstrap}`"
        ) from None


def check(method: str) -> None:
    """Whether all that a method needs is installed.

    Raises:
        ConfigError: It isn't.
    """
    if method == "mipro" and importlib.util.find_spec("optuna") is None:
        raise ConfigError(f"method {method!r} needs optuna; install it with: pip install 'limbeck[optimize]'")


def bootstrap(lesson: Lesson) -> Step:
    """Random search over sets of bootstrapped demonstrations; the first candidate has none."""
    tries = lesson.settings.candidates - 1  # The one that takes the examples in their order comes besides.
    search = dspy.BootstrapFewShotWithRandomSearch(
        metric=score,
        teacher_settings={"lm": lesson.teacher},
        max_bootstrapped_demos=lesson.settings.demos,
        max_labeled_demos=0,
        max_rounds=1,
        num_candidate_programs=tries,
        num_threads=lesson.threads,
    )
    kinds = {-3, -1, *range(tries)}  # -2 is a program with labelled demonstrations, of which there are none.
    found: Step = search.compile(
        lesson.step, trainset=list(lesson.train), valset=list(lesson.validation), restrict=kinds
    )
    return found


def mipro(lesson: Lesson) -> Step:
    """Bayesian search over bootstrapped demonstrations and instructions that the teacher proposes."""
    tries, many = lesson.settings.candidates, len(lesson.validation) > MINIBATCH
    search = dspy.MIPROv2(
        metric=score,
        prompt_model=lesson.teacher,
        task_model=lesson.student,
        teacher_settings={"lm": lesson.teacher},
        max_bootstrapped_demos=lesson.settings.demos,
        max_labeled_demos=0,
        auto=None,
        num_candidates=tries,
        num_threads=lesson.threads,
        seed=lesson.seed,
        track_stats=False,
    )
    found: Step = search.compile(
        lesson.step,
        trainset=list(lesson.train),
        valset=list(lesson.validation),
        num_trials=math.ceil(max(4 * math.log2(tries), 1.5 * tries)),  # What DSPy recommends for one predictor.
        minibatch=many,
        minibatch_size=MINIBATCH if many else len(lesson.validation),
    )
    return found


def gepa(lesson: Lesson) -> Step:
    """Instructions rewritten by the teacher after reflection on what went wrong."""
    search = dspy.GEPA(
        metric=judged,
        max_full_evals=lesson.settings.candidates,
        reflection_lm=lesson.teacher.copy(temperature=1.0),
        num_threads=lesson.threads,
        use_merge=False,
        seed=lesson.seed,
    )
    found: Step = search.compile(lesson.step, trainset=list(lesson.train), valset=list(lesson.validation))
    return found


METHODS: dict[str, Callable[[Lesson], Step]] = {"bootstrap": bootstrap, "mipro": mipro, "gepa": gepa}
