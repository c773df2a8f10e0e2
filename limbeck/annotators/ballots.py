"""Ballots: what one annotator says of many texts.

`Ballots("rule:refund", ((("Refunds", 1.0),), ()))`: of two texts, the first is about refunds; on the second it abstains.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ballot = tuple[tuple[str, float], ...]
"""The labels voted for on one text, each with its score in [0, 1], the best first; empty where it abstains."""
LEAST = 0.01
"""Smaller shares decide nothing and are left out."""


@dataclass(frozen=True)
class Ballots:
    """An annotator's ballots, one for each text, in the order of the texts."""

    annotator: str
    votes: tuple[Ballot, ...]
    failed: int = 0
    """Texts on which it abstains because it failed."""
    first_failure: str = ""
    """What went wrong first, for a person to read."""

    @classmethod
    def of_shares(cls, annotator: str, shares: Floats, labels: Sequence[str]) -> "Ballots":
        """The ballots that [n, k] shares over k labels come to; a row of zeros abstains."""
        return cls(annotator, tuple(_ballot(row, labels) for row in shares))


def _ballot(row: Floats, labels: Sequence[str]) -> Ballot:
    places = sorted(np.flatnonzero(row >= LEAST).tolist(), key=lambda place: (-row[place], labels[place]))
    return tuple((labels[place], min(1.0, float(row[place]))) for place in places)


def label_named(name: str, labels: Sequence[str]) -> str:
    """The label of this name; capitals and spaces around it don't matter. Any name will do where no label is known yet.

    Raises:
        ValueError: There is none; the message names the nearest.
    """
    if not labels:
        return name
    folded = {label.strip().casefold(): label for label in reversed(labels)}
    found = name if name in labels else folded.get(name.strip().casefold())
    if found is None:
        near = difflib.get_close_matches(name.strip().casefold(), folded, 1)
        hint = f"did you mean {folded[near[0]]!r}?" if near else f"write one of the labels, such as {labels[0]!r}"
        raise ValueError(f"no label {name!r}; {hint}")
    return found
