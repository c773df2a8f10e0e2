"""Neighbours in embedding space: found (exactly, on the GPU where there is one), and made to agree.

Agreement is that of Zhou et al. 2004, "Learning with local and global consistency".
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck.device import device

Matrix = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

MOST = 15
FEWEST = 4
CLASS_PER_NEIGHBOUR = 8
"""An average class is this many times larger than a neighbourhood, so that most neighbours are of the same class."""
NEIGHBOURS_SAY = 0.9
"""The share of a document's probabilities that its neighbours decide, where classes are large enough to have some."""
STEPS = 20
LONELY = 1e-4
"""Weight of a document's link to itself, so that one with no similar neighbour keeps its own opinion."""
ROWS_AT_A_TIME = 1024


def unit(vectors: Matrix) -> Matrix:
    """Rows made one long; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


def nearest(queries: Matrix, known: Matrix, count: int, *, themselves: bool = False) -> tuple[Rows, Matrix]:
    """Find the nearest known vectors of each query, by the cosine.

    Args:
        queries: [q, dimensions], unit vectors.
        known: [n, dimensions], unit vectors.
        count: How many to find for each query; all, where there are fewer.
        themselves: The queries are the known vectors, and none is its own neighbour.

    Returns:
        Row numbers in `known` [q, count] and their cosines [q, count], the nearest first.
    """
    import torch

    place = device()
    there = torch.tensor(known, device=place).T
    count = min(count, len(known) - themselves)
    rows, cosines = np.empty((len(queries), count), dtype=np.int64), np.empty((len(queries), count), dtype=np.float32)
    for start in range(0, len(queries), ROWS_AT_A_TIME):
        batch = slice(start, start + ROWS_AT_A_TIME)
        found = torch.tensor(queries[batch], device=place) @ there
        if themselves:
            found.diagonal(start).fill_(-torch.inf)
        best = found.topk(count, dim=1)
        rows[batch], cosines[batch] = best.indices.cpu().numpy(), best.values.cpu().numpy()
    return rows, cosines


def graph(documents: Matrix, classes: int = 1) -> Any:
    """Sparse [n, n] of cosines to the nearest documents, rows adding up to 1; None where a document has no other.

    Args:
        documents: [n, dimensions], unit vectors.
        classes: How many classes they are of: the smaller these, the fewer neighbours are linked, from 15 to 4.
    """
    from scipy.sparse import csr_matrix, diags, identity

    n = len(documents)
    m = min(max(n // (CLASS_PER_NEIGHBOUR * max(1, classes)), FEWEST), MOST, n - 1)
    if m < 1:
        return None
    near, weight = nearest(documents, documents, m, themselves=True)
    links = csr_matrix((np.maximum(weight, 0).ravel(), (np.repeat(np.arange(n), m), near.ravel())), shape=(n, n))
    links = links + links.T + LONELY * identity(n)
    return (diags(1 / np.asarray(links.sum(axis=1)).ravel()) @ links).tocsr().astype(np.float32)


def heard(documents: int, classes: int) -> float:
    """How far others can be heard, from 0 to 1: less, the fewer documents an average class has to be told from."""
    return min(1.0, documents / (CLASS_PER_NEIGHBOUR * max(1, classes)))


def spread(own: Matrix, links: Any, told: Any = None) -> Matrix:
    """Let each document take over its neighbours' opinion, theirs that of their neighbours, and so on.

    It takes over most of it, and the less, the fewer documents an average class has.

    Args:
        own: [n, k]: what each document's probabilities would be without its neighbours.
        links: Of `graph`, or None.
        told: Sparse [n, k], 1 where a person has told a document's class; that stays.

    Returns:
        [n, k], rows adding up to 1.
    """
    rows = np.empty(0, dtype=np.int64) if told is None else np.unique(told.nonzero()[0])
    fixed = own[rows] if told is None else told[rows].toarray()
    found = own.copy()
    found[rows] = fixed
    say = NEIGHBOURS_SAY * heard(*own.shape)
    for _ in range(STEPS if links is not None else 0):
        found = (1 - say) * own + say * (links @ found)
        found[rows] = fixed
    return np.asarray(found / found.sum(axis=1, keepdims=True), dtype=np.float32)
