"""Clusters of embedded documents, found without any label.

`cluster(embeddings, k=10, seed=0)` gives one cluster number a document. Plain k-means suffers from noise in single
embeddings and from its random start. Here the vectors are first averaged with their nearest neighbours (Shi and Malik's
random walk on the neighbour graph, as in spectral clustering: von Luxburg 2007, arXiv:0711.0189), then with those
documents which many k-means runs put beside them (an ensemble: Fred and Jain 2005, "evidence accumulation"), and Ward's
tree over the result (Ward 1963) starts one last k-means.
"""

import re
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck.neighbours import nearest, unit

Matrix = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

MOST_NEIGHBOURS = 20
FEWEST_NEIGHBOURS = 4
SMOOTHINGS = 3
MEMBERS = 20
"""k-means runs in the ensemble; 50 were not better."""
SAMPLE = 2000
"""Above this many documents, ensemble members and Ward's tree (quadratic in its leaves) see a sample."""
SAMPLE_PER_CLUSTER = 15
K_MEANS_ROUNDS = 40

WORD = re.compile(r"[^\W\d_](?:[^\W_]|['’-](?=[^\W_]))+")
"""A letter of any alphabet and at least one more letter or digit."""
STOP_WORDS = frozenset(
    """a about all am an and any are as at be been but by can could did do does doing don't for from get give go going
    got had has have he her him his how i i'd i'll i'm i've if in into is it it's its just know let let's like may me
    might must my need of off on or our out please she should so some such tell than that that's the their them then
    there these they this those to too up us very want was we well were what what's when where where's which while
    who why will with would you you're your""".split()
)
"""English alone has a list; words that are common in any other language are put down by the scores."""


def cluster(embeddings: npt.ArrayLike, k: int, seed: int) -> Labels:
    """Put documents into at most `k` clusters; their sizes may differ as the data say.

    Args:
        embeddings: [documents, dimensions]; compared by cosine.
        k: How many clusters to make; fewer where there are fewer distinct documents.
        seed: Same seed, same clusters.

    Returns:
        [documents] cluster numbers from 0 without gaps, in order of first appearance. Equal vectors share a cluster.
    """
    distinct, inverse, counts = _distinct(np.asarray(embeddings, dtype=np.float32))
    if len(distinct) <= k:
        return _numbered(inverse)
    if k <= 1:
        return np.zeros(len(inverse), dtype=np.int64)
    smoothed = _with_neighbours(distinct, counts, k)
    steady = _with_ensemble(smoothed, counts, k, np.random.default_rng(seed))
    return _numbered(_tree_then_means(smoothed[0], steady, counts, k, seed)[inverse])


def central(embeddings: npt.ArrayLike, labels: Labels, each: int) -> list[list[int]]:
    """Find the documents nearest to the middle of each cluster.

    Args:
        embeddings: [documents, dimensions].
        labels: [documents] cluster numbers from 0.
        each: How many documents to name for each cluster.

    Returns:
        For each cluster the numbers of its most central documents, the most central first; ties go to the first.
    """
    directions = unit(np.asarray(embeddings, dtype=np.float32))
    found = []
    for number in range(_count(labels)):
        rows = np.flatnonzero(labels == number)
        near = directions[rows] @ directions[rows].mean(axis=0)
        found.append([int(row) for row in rows[np.argsort(-near, kind="stable")[:each]]])
    return found


def distinctive_words(texts: Sequence[str], labels: Sequence[int] | Labels, each: int) -> list[list[str]]:
    """Find the words and word pairs that set each cluster apart.

    Scored by the z-score of the log-odds against all other clusters with an informative Dirichlet prior (Monroe,
    Colaresi and Quinn 2008, section 3.5.1), which puts down common words in any language and rare ones alike.

    Args:
        texts: The documents.
        labels: Their cluster numbers, from 0.
        each: The most words or pairs to return for each cluster.

    Returns:
        For each cluster its most distinctive words and pairs in lower case, the best first; fewer where it has fewer.
    """
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import CountVectorizer

    if not any(_terms(text) for text in texts):
        return [[] for _ in range(_count(np.asarray(labels)))]
    vectorizer = CountVectorizer(analyzer=_terms, binary=True)
    documents = vectorizer.fit_transform(texts)
    members = csr_matrix((np.ones(len(texts)), (np.asarray(labels), np.arange(len(texts)))))
    counts = np.asarray((members @ documents).todense(), dtype=np.float64)
    scores, words = _log_odds(counts), vectorizer.get_feature_names_out()
    best = np.argsort(-scores, axis=1, kind="stable")[:, :each]
    return [[str(words[j]) for j in row if counts[i, j] > 0] for i, row in enumerate(best)]


def _terms(text: str) -> list[str]:
    """Words that are no stop words, and pairs of such words that stand side by side."""
    words = [word if word not in STOP_WORDS else "" for word in WORD.findall(text.lower())]
    pairs = [f"{first} {second}" for first, second in zip(words, words[1:], strict=False) if first and second]
    return [word for word in words if word] + pairs


def _log_odds(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """z-scores [clusters, words] of each word's log-odds in a cluster against the others, shrunk to the whole corpus."""
    total = counts.sum(axis=0, keepdims=True)
    prior = total / total.sum() * total.shape[1] * 0.1
    mass = prior.sum()
    rest = total - counts
    inside, outside = counts + prior, rest + prior
    odds = np.log(inside / (counts.sum(axis=1, keepdims=True) + mass - inside + 1e-9))
    odds -= np.log(outside / (rest.sum(axis=1, keepdims=True) + mass - outside + 1e-9))
    scores: npt.NDArray[np.float64] = odds / np.sqrt(1 / inside + 1 / outside)
    return scores


def choose_k(embeddings: npt.ArrayLike, limit: int, seed: int) -> int:
    """Choose a number of clusters from the data: the one with the best mean silhouette (Rousseeuw 1987).

    Args:
        embeddings: [documents, dimensions].
        limit: The most clusters that may be chosen.
        seed: For the clustering and for the sample that is looked at.

    Returns:
        A number from 1 to `limit`; 1 where fewer than three distinct documents leave nothing to compare.
    """
    from sklearn.metrics import silhouette_score

    distinct, _, _ = _distinct(np.asarray(embeddings, dtype=np.float32))
    rows = np.random.default_rng(seed).permutation(len(distinct))[:SAMPLE]
    sample = distinct[np.sort(rows)]
    best, best_score = 1, -np.inf
    for k in _candidates(min(limit, len(sample) - 1)):
        labels = cluster(sample, k, seed)
        score = float(silhouette_score(sample, labels, metric="cosine"))
        if score > best_score:
            best, best_score = k, score
    return best


def _candidates(limit: int) -> list[int]:
    """Try every small number, then steps of about a seventh: 2, 3, …, 8, 9, 10, 12, 14, …, limit."""
    steps = []
    k = 2
    while k < limit:
        steps.append(k)
        k += max(1, k // 7)
    return [*steps, limit] if limit >= 2 else []


def _distinct(embeddings: Matrix) -> tuple[Matrix, Labels, Labels]:
    """Return the distinct unit vectors in order of first appearance, each row's place in them, and their counts."""
    if len(embeddings) == 0:
        return embeddings, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    directions = unit(embeddings)
    _, first, inverse = np.unique(directions.round(5), axis=0, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    placed = rank[inverse.reshape(-1)]
    return directions[np.sort(first)], placed, np.bincount(placed)


def _with_neighbours(points: Matrix, counts: Labels, k: int) -> list[Matrix]:
    """Average each vector half with its neighbours, once, twice, …; they are no more than a cluster has documents."""
    from scipy.sparse import csr_matrix, diags

    n = len(points)
    m = min(max(n // k, FEWEST_NEIGHBOURS), MOST_NEIGHBOURS, n - 1)
    near, cosines = nearest(points, points, m, themselves=True)
    rows = np.repeat(np.arange(n), m)
    graph = csr_matrix((np.maximum(cosines, 0).ravel(), (rows, near.ravel())), shape=(n, n))
    graph = (graph + graph.T) @ diags(counts.astype(np.float32))
    degree = np.maximum(np.asarray(graph.sum(axis=1)), 1e-9)
    smoothed = []
    for _ in range(SMOOTHINGS):
        points = unit(np.asarray(points + (graph @ points) / degree, dtype=np.float32))
        smoothed.append(points)
    return smoothed


def _with_ensemble(smoothed: list[Matrix], counts: Labels, k: int, rng: np.random.Generator) -> Matrix:
    """Replace each vector by the mean of the centres that k-means runs of k to 2k clusters gave it.

    Each run takes one of the smoothings at random, and sees a sample of its own where there are many documents; the others go to the nearest centre.
    """
    total = np.zeros_like(smoothed[0])
    for _ in range(MEMBERS):
        clusters = int(rng.integers(k, 2 * k + 1))
        rows = rng.permutation(len(total))[: max(SAMPLE, SAMPLE_PER_CLUSTER * clusters)]
        clusters, seed = min(clusters, len(rows)), int(rng.integers(2**31))
        points = smoothed[int(rng.integers(len(smoothed)))]
        means = _k_means(points[rows], counts[rows], clusters, "random", seed)
        total += means.cluster_centers_[means.predict(points)]
    return unit(total)


def _tree_then_means(points: Matrix, steady: Matrix, counts: Labels, k: int, seed: int) -> Labels:
    """Cut Ward's tree over (a sample of) the steady vectors into k; k-means over the points starts at its branches."""
    from sklearn.cluster import AgglomerativeClustering

    rows = np.random.default_rng(seed).permutation(len(points))[: max(SAMPLE, SAMPLE_PER_CLUSTER * k)]
    tree = AgglomerativeClustering(n_clusters=k, linkage="ward").fit_predict(steady[rows])
    start = np.stack([np.average(points[rows][tree == j], axis=0, weights=counts[rows][tree == j]) for j in range(k)])
    labels: Labels = _k_means(points, counts, k, start, seed).labels_.astype(np.int64)
    return labels


def _k_means(points: Matrix, counts: Labels, k: int, start: Matrix | str, seed: int) -> Any:
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    means = KMeans(k, init=start, n_init=1, max_iter=K_MEANS_ROUNDS, random_state=seed)
    with warnings.catch_warnings():  # averaging can make two vectors equal; an empty cluster is no harm then
        warnings.simplefilter("ignore", ConvergenceWarning)
        return means.fit(points, sample_weight=counts)


def _count(labels: Labels) -> int:
    return int(labels.max()) + 1 if len(labels) else 0


def _numbered(labels: npt.NDArray[Any]) -> Labels:
    """Number clusters from 0 in order of first appearance, without gaps."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    numbered: Labels = rank[inverse].astype(np.int64)
    return numbered
