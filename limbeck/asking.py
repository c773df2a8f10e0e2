"""Which documents to ask a person about: those whose answers clear up most others.

An answer is worth the doubt of all documents that it speaks for: the more alike a doubtful document is, the more of its
doubt goes. Choosing greedily for that is weighted facility location, monotone and submodular, so the choice is within
1 - 1/e of the best (Nemhauser et al. 1978; Wei et al. 2015, "Submodularity in data subset selection and active
learning"). It mixes what Robust Active Distillation (Baykal et al. 2023, arXiv:2210.01213) asks for: documents in doubt,
and documents that stand for many; and asks about no neighbourhood twice.
"""

import numpy as np
import numpy.typing as npt

from limbeck.prototypes import Matrix, centred

Rows = npt.NDArray[np.int64]

DOUBT = 2
"""Power of (1 - margin): documents that are nearly clear count little, however many they are."""
LIKENESS = 4
"""Power of the cosine: only near neighbours are spoken for."""
CANDIDATES = 2000
"""Documents that may be asked about, at most; the most doubtful ones."""
SPOKEN_FOR = 4000
"""Documents whose doubt counts, at most; drawn by chance."""


def doubt(probabilities: npt.ArrayLike) -> Matrix:
    """[n]: 0 where one label is certain, 1 where the two likeliest are as likely.

    Args:
        probabilities: [n, k], rows adding up to 1.
    """
    shares = np.sort(np.asarray(probabilities, dtype=np.float32), axis=1)
    runner_up = shares[:, -2] if shares.shape[1] > 1 else 0.0
    return np.asarray((1 - (shares[:, -1] - runner_up)) ** DOUBT, dtype=np.float32)


def choose(
    embeddings: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    asked: npt.ArrayLike,
    count: int,
    seed: int,
    suspected: npt.ArrayLike = (),
) -> Rows:
    """The documents where an answer is worth most, the most valuable first.

    Args:
        embeddings: [n, dimensions] from a sentence encoder.
        probabilities: [n, k]: what is believed of each document so far.
        asked: Row numbers of the documents that a person has seen.
        count: How many to choose.
        seed: Of the sample where there are very many documents.
        suspected: Row numbers of documents whose label is probably wrong, however sure it looks: as doubtful as can be.

    Returns:
        At most `count` row numbers, none of them asked before.
    """
    documents, doubts, seen = centred(np.asarray(embeddings, dtype=np.float32)), doubt(probabilities), _rows(asked)
    doubts[_rows(suspected)] = 1
    open_rows = np.setdiff1d(np.arange(len(documents)), seen)
    candidates = open_rows[np.argsort(-doubts[open_rows], kind="stable")[:CANDIDATES]]
    others = np.sort(np.random.default_rng(seed).permutation(len(documents))[:SPOKEN_FOR])
    likeness = _likeness(documents[candidates], documents[others])
    covered = _likeness(documents[seen], documents[others]).max(axis=0, initial=0.0)
    chosen: list[int] = []
    for _ in range(min(count, len(candidates))):
        gains = np.maximum(likeness - covered, 0) @ doubts[others] + doubts[candidates] * TINY
        gains[chosen] = -1
        chosen.append(int(gains.argmax()))
        covered = np.maximum(covered, likeness[chosen[-1]])
    return candidates[chosen]


TINY = 1e-6
"""Where all doubt is spoken for, the most doubtful is asked about next."""


def _likeness(some: Matrix, others: Matrix) -> Matrix:
    return np.asarray(np.maximum(some @ others.T, 0) ** LIKENESS, dtype=np.float32)


def _rows(numbers: npt.ArrayLike) -> Rows:
    return np.asarray(numbers, dtype=np.int64).reshape(-1)
