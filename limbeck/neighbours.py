"""Neighbours in embedding space are made to agree (Zhou et al. 2004, "Learning with local and global consistency")."""

from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]

MOST = 15
FEWEST = 4
NEIGHBOURS_SAY = 0.9
"""The share of a document's probabilities that its neighbours decide."""
STEPS = 20
LONELY = 1e-4
"""Weight of a document's link to itself, so that one with no similar neighbour keeps its own opinion."""
ROWS_AT_A_TIME = 1024


def unit(vectors: Matrix) -> Matrix:
    """Rows made one long; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


def graph(documents: Matrix, wanted: int = MOST) -> Any:
    """Sparse [n, n] of cosines to the nearest documents, rows adding up to 1; None where a document has no other.

    Args:
        documents: [n, dimensions], unit vectors.
        wanted: Neighbours a document; from 4 to 15 are taken.
    """
    from scipy.sparse import csr_matrix, diags, identity

    n = len(documents)
    m = min(max(wanted, FEWEST), MOST, n - 1)
    if m < 1:
        return None
    near, weight = np.empty((n, m), dtype=np.int64), np.empty((n, m), dtype=np.float32)
    for start in range(0, n, ROWS_AT_A_TIME):
        cosines = documents[start : start + ROWS_AT_A_TIME] @ documents.T
        rows = np.arange(start, start + len(cosines))
        cosines[rows - start, rows] = -np.inf
        near[rows] = np.argpartition(-cosines, m - 1, axis=1)[:, :m]
        weight[rows] = np.take_along_axis(cosines, near[rows], axis=1)
    links = csr_matrix((np.maximum(weight, 0).ravel(), (np.repeat(np.arange(n), m), near.ravel())), shape=(n, n))
    links = links + links.T + LONELY * identity(n)
    return (diags(1 / np.asarray(links.sum(axis=1)).ravel()) @ links).tocsr().astype(np.float32)


def spread(own: Matrix, links: Any, told: Any = None) -> Matrix:
    """Let each document take over most of its neighbours' opinion, theirs that of their neighbours, and so on.

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
    for _ in range(STEPS if links is not None else 0):
        found = (1 - NEIGHBOURS_SAY) * own + NEIGHBOURS_SAY * (links @ found)
        found[rows] = fixed
    return np.asarray(found / found.sum(axis=1, keepdims=True), dtype=np.float32)
