"""Which documents to ask a person, or a large model, about: those whose answers clear up most others.

An answer is worth the doubt of all documents that it speaks for: the more alike a doubtful document is, the more of its
doubt goes. Choosing greedily for that is weighted facility location, monotone and submodular, so the choice is within
1 - 1/e of the best (Nemhauser et al. 1978; Wei et al. 2015, "Submodularity in data subset selection and active
learning"). It asks about documents in doubt that stand for many, and about no neighbourhood twice.

A person's answers are right. A model's may not be, least so where doubt is greatest: it is worth asking where its answer
informs and is likely to be right, too, the aim of Robust Active Distillation (Baykal et al. 2023, arXiv:2210.01213). That
paper supposes the worst, errors on the most informative documents, and draws these less often. Here the chance of an error
is estimated for each document, by how far off its nearest neighbours are (`reliance`): among documents in doubt this tells
hard ones from those whose label's name misleads, which doubt itself hardly does. What an answer adds is multiplied by it,
for which the bound above is not proved.

The paper's distribution is not used. On BANKING77 and CLINC150, labelled by names, with simulated models that are right 75 to
95 times in 100 and err on hard texts, it makes labels of all 0.4 to 1.4 points worse than doubt alone with 300 answers, and
0.6 worse to 1.0 better with 1,000; `reliance` makes them 0.0 to 2.1 better, and at most 0.2 worse than the paper's. Where
errors are spread evenly, `reliance` is from 0.3 worse (CLINC150) to 0.9 better (BANKING77) than doubt alone.
"""

import heapq

import numpy as np
import numpy.typing as npt

from limbeck.neighbours import MOST, nearest
from limbeck.prototypes import Matrix, centred

Rows = npt.NDArray[np.int64]

DOUBT = 2
"""Power of (1 - margin): documents that are nearly clear count little, however many they are."""
LIKENESS = 4
"""Power of the cosine: only near neighbours are spoken for."""
CANDIDATES, AMPLE = 2000, 4
"""Documents that may be asked about, the most doubtful ones: so many, or so many for each that is wanted."""
SPOKEN_FOR = 4000
"""Documents whose doubt counts, at most; drawn by chance."""
CELLS = 32_000_000
"""Similarities of the former to the latter that are held at once, at most."""
MODELS_ERR = 0.2
"""The share of a model's answers that is taken to be wrong before it was asked. It serves better and worse models, too."""


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
    errs: float = 0.0,
) -> Rows:
    """The documents where an answer is worth most, the most valuable first.

    Args:
        embeddings: [n, dimensions] from a sentence encoder.
        probabilities: [n, k]: what is believed of each document so far.
        asked: Row numbers of the documents that a person has seen; they are not asked about, and speak for others.
        count: How many to choose.
        seed: Of the sample where there are very many documents.
        suspected: Row numbers of documents whose label is probably wrong, however sure it looks: as doubtful as can be.
        errs: The share of answers that will be wrong, from 0, a person's, to 0.5.

    Returns:
        At most `count` row numbers, none of them asked before.
    """
    documents, doubts, seen = centred(np.asarray(embeddings, dtype=np.float32)), doubt(probabilities), _rows(asked)
    doubts[_rows(suspected)] = 1
    open_rows = np.setdiff1d(np.arange(len(documents)), seen)
    ranked = open_rows[np.argsort(-doubts[open_rows], kind="stable")]
    candidates = ranked[: max(CANDIDATES, min(AMPLE * count, CELLS // SPOKEN_FOR))]
    others = np.sort(np.random.default_rng(seed).permutation(len(documents))[:SPOKEN_FOR])
    covered = _likeness(documents[seen], documents[others]).max(axis=0, initial=0.0)
    relied = reliance(documents, errs)[candidates]
    places = _greedy(_likeness(documents[candidates], documents[others]), covered, doubts[others], relied, count)
    # Where all doubt is spoken for, the most doubtful are asked about next.
    first = candidates[places]
    return np.append(first, ranked[~np.isin(ranked, first)][: max(0, count - len(first))])


def reliance(documents: Matrix, errs: float) -> Matrix:
    """[n]: how much likelier an answer is right than wrong, by document; 0 where it is no likelier.

    Wrong answers are taken to be the more frequent, the less like its nearest neighbours a document is: their chance rises
    with its rank from 0 to twice `errs`.

    Args:
        documents: [n, dimensions], unit vectors.
        errs: The share of answers that will be wrong, from 0 to 0.5.
    """
    from scipy.stats import rankdata

    if errs == 0 or len(documents) < 2:
        return np.ones(len(documents), dtype=np.float32)
    _, cosines = nearest(documents, documents, MOST, themselves=True)
    far = (rankdata(-cosines.mean(axis=1)) - 0.5) / len(documents)
    return np.asarray(np.maximum(1 - 2 * (2 * errs * far), 0), dtype=np.float32)


def _greedy(likeness: Matrix, covered: Matrix, doubts: Matrix, relied: Matrix, count: int) -> list[int]:
    """The candidates that speak for most doubt, one after another, until there is none.

    What a candidate adds can only shrink, so it is computed anew only where it might still be the most (Minoux 1978,
    "Accelerated greedy algorithms for maximizing submodular set functions").

    Args:
        likeness: [candidates, others].
        covered: [others]: how much each is spoken for already.
        doubts: [others].
        relied: [candidates]: what a candidate adds is multiplied by it.
        count: How many to take at most.
    """
    bounds = relied * (np.maximum(likeness - covered, 0) @ doubts)
    heap = [(-gain, place) for place, gain in enumerate(bounds.tolist())]
    heapq.heapify(heap)
    chosen: list[int] = []
    while heap and len(chosen) < count and heap[0][0] < 0:
        place = heap[0][1]
        gain = float(relied[place] * (np.maximum(likeness[place] - covered, 0) @ doubts))
        heapq.heapreplace(heap, (-gain, place))
        if heap[0][1] == place and gain > 0:
            heapq.heappop(heap)
            chosen.append(place)
            covered = np.maximum(covered, likeness[place])
    return chosen


def _likeness(some: Matrix, others: Matrix) -> Matrix:
    return np.asarray(np.maximum(some @ others.T, 0) ** LIKENESS, dtype=np.float32)


def _rows(numbers: npt.ArrayLike) -> Rows:
    return np.asarray(numbers, dtype=np.int64).reshape(-1)
