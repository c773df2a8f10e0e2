"""What each pipeline reads besides documents: checked before anything is written, and part of what a run is named by."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from limbeck.progress import Progress
from limbeck.settings import Settings
from limbeck.stages import annotating, given, listed


@dataclass(frozen=True)
class Inputs:
    """One pipeline's."""

    check: Callable[[Settings, Progress], None]
    """Raises ConfigError for what can't be used."""
    labels: Callable[[Settings], Any]
    """The labels given, as JSON."""
    others: Callable[[Settings], Any]
    """Whatever else the outcome depends on, as JSON."""


INPUTS = {
    "taxonomy": Inputs(annotating.check, given.written_down, annotating.written_down),
    "extreme": Inputs(listed.check, listed.written_down, listed.others),
}
"""By the name that a config gives a pipeline."""
