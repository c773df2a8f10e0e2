"""How a page lies: on its side, upside down, askew; told by the shapes of its lines, and by how well they can be read."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from limbeck.pages.ocr import Turn

Quad = npt.NDArray[np.float64]
"""The corners of a line, `[4, 2]`: upper left, upper right, lower right, lower left as it stands on the picture."""
LONG = 2.0
"""Sides of a line's box, one against the other, from which its direction shows."""
FLIPPED = "180"
"""What the text-line classifier says of lines upside down."""
CLEAR = 0.75
"""Share of the lines' lengths that must agree; below that lines are read both ways."""
WAYS: tuple[Turn, ...] = (0, 180, 90, 270)
"""The likelier ones first."""
Read = TypeVar("Read")


def sideways(quads: Sequence[Quad]) -> bool:
    """Whether most of the text runs up or down."""
    wide, tall = np.array([_sides(quad) for quad in quads]).T
    return bool(tall[tall >= LONG * wide].sum() > wide[wide >= LONG * tall].sum())


def _sides(quad: Quad) -> tuple[float, float]:
    """How wide and how tall a line's box is."""
    return float(np.linalg.norm(quad[1] - quad[0])), float(np.linalg.norm(quad[3] - quad[0]))


def upside_down(quads: Sequence[Quad], votes: Sequence[tuple[str, float]]) -> bool | None:
    """What the text-line classifier says of a page, long lines counting more; None where it isn't clear."""
    weights = np.array([_sides(quad)[0] * sure for quad, (_, sure) in zip(quads, votes, strict=True)])
    flipped = np.array([FLIPPED in label for label, _ in votes])
    share = float(weights[flipped].sum() / max(float(weights.sum()), 1e-9))
    return True if share >= CLEAR else False if share <= 1 - CLEAR else None


def slope(quads: Sequence[Quad]) -> float:
    """By how much lines fall on their way to the right, as a share of it: the median of the long ones."""
    found = [(quad[1] + quad[2] - quad[0] - quad[3]) / 2 for quad in quads]
    steps = sorted((float(down / across), float(across)) for (across, down), quad in zip(found, quads, strict=True) if _shows(quad))
    if not steps:
        return 0.0
    reached = np.cumsum([across for _, across in steps])
    return steps[int(np.searchsorted(reached, reached[-1] / 2))][0]


def _shows(quad: Quad) -> bool:
    wide, tall = _sides(quad)
    return wide >= LONG * tall


def best_way(read: Callable[[Turn], tuple[float, float, Read]], good: float) -> tuple[Turn, Read]:
    """Read a page, and where that went badly, turned each other way; the way with the most sure letters.

    Args:
        read: By degrees clockwise: how sure its letters are, how many sure ones there are, and what was read.
        good: From this on it is taken at once.
    """
    tried: list[tuple[float, Turn, Read]] = []
    for degrees in WAYS:
        sure, letters, found = read(degrees)
        if sure >= good:
            return degrees, found
        tried.append((letters, degrees, found))
    _, degrees, found = max(tried, key=lambda one: one[0])
    return degrees, found
