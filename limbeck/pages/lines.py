"""Rows: which words stand side by side, and the order in which a page is read.

A word's right neighbour is the nearest word to its right at the same height; two words that are each other's neighbours
are linked, and linked words are a row. So a page may be skewed a little, and its letters of different heights.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from limbeck.schemas.pages import Box

OVERLAP = 0.5
"""Of the lower word's height, which two words of a row have in common."""
DOWN = 3.0
"""How much a step down counts against one to the right, when the nearest neighbour is looked for."""
Floats = npt.NDArray[np.float64]


def rows(boxes: Sequence[Box], slope: float = 0.0) -> list[list[int]]:
    """The rows of a page from top to bottom, each from left to right, as numbers of boxes.

    Args:
        boxes: Of words, `left, top, right, bottom`.
        slope: By how much a line of text falls on its way to the right, as a share of it.
    """
    if not boxes:
        return []
    level = _levelled(np.asarray(boxes, dtype=np.float64), slope)
    chains = _chains(_neighbours(level))
    joined = _joined(chains, level)
    return sorted(joined, key=lambda row: (float(np.mean(level[row, 1] + level[row, 3])), row))


def _levelled(boxes: Floats, slope: float) -> Floats:
    """Boxes as they would stand on a level page, each as high as a level word of its shape."""
    level = boxes.copy()
    middle = (boxes[:, 0] + boxes[:, 2]) / 2
    widths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    slack = np.minimum(np.abs(slope) * widths, heights * 0.6) / 2
    level[:, 1] += slack - slope * middle
    level[:, 3] -= slack + slope * middle
    return level


def _neighbours(boxes: Floats) -> list[int]:
    """For each box its neighbour to the right, where they are each other's; else -1."""
    count = len(boxes)
    to_right, to_left = np.full(count, -1), np.full(count, -1)
    best = np.full(count, np.inf)
    for one in range(count):
        costs = _costs(boxes, one)
        other = int(np.argmin(costs))
        if np.isfinite(costs[other]):
            to_right[one] = other
            best[one] = costs[other]
    for one in np.argsort(best, kind="stable"):
        other = to_right[one]
        if other >= 0 and to_left[other] < 0:
            to_left[other] = one
        elif other >= 0:
            to_right[one] = -1
    return [int(other) for other in to_right]


def _costs(boxes: Floats, one: int) -> Floats:
    """How far every box is as the right neighbour of one; infinite for what is none."""
    left, top, right, bottom = boxes[one]
    shared = np.minimum(boxes[:, 3], bottom) - np.maximum(boxes[:, 1], top)
    lower = np.maximum(np.minimum(boxes[:, 3] - boxes[:, 1], bottom - top), 1e-9)
    steps = np.maximum(boxes[:, 0] - right, 0) + DOWN * np.abs((boxes[:, 1] + boxes[:, 3]) - (top + bottom)) / 2
    behind = (boxes[:, 0] + boxes[:, 2]) / 2 <= (left + right) / 2
    overlapping = np.minimum(boxes[:, 2], right) - np.maximum(boxes[:, 0], left) > 0.5 * np.minimum(boxes[:, 2] - boxes[:, 0], right - left)
    costs = np.where(behind | overlapping | (shared < OVERLAP * lower), np.inf, steps)
    costs[one] = np.inf
    return np.asarray(costs, dtype=np.float64)


def _chains(to_right: list[int]) -> list[list[int]]:
    """Linked boxes one after another; a neighbour is always further to the right, so that no chain is a ring."""
    linked = {other for other in to_right if other >= 0}
    chains = []
    for first in range(len(to_right)):
        if first in linked:
            continue
        chain = [first]
        while to_right[chain[-1]] >= 0:
            chain.append(to_right[chain[-1]])
        chains.append(chain)
    return chains


def _joined(chains: list[list[int]], boxes: Floats) -> list[list[int]]:
    """Chains that stand at one height and beside each other are one row, which a word between them had parted."""
    rows: list[list[int]] = []
    for chain in sorted(chains, key=lambda chain: float(np.mean(boxes[chain, 1] + boxes[chain, 3]))):
        for row in reversed(rows[-3:]):
            if _beside(boxes[row], boxes[chain]):
                row += chain
                row.sort(key=lambda one: (boxes[one, 0], one))
                break
        else:
            rows.append(list(chain))
    return rows


def _beside(row: Floats, chain: Floats) -> bool:
    """Whether a chain ends before a row or begins behind it, at the height of the row's nearer end."""
    if chain[:, 0].min() >= row[:, 2].max():
        one, other = row[int(np.argmax(row[:, 2]))], chain[int(np.argmin(chain[:, 0]))]
    elif row[:, 0].min() >= chain[:, 2].max():
        one, other = row[int(np.argmin(row[:, 0]))], chain[int(np.argmax(chain[:, 2]))]
    else:
        return False
    shared = min(one[3], other[3]) - max(one[1], other[1])
    return bool(shared >= OVERLAP * max(one[3] - one[1], other[3] - other[1]))
