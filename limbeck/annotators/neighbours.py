"""The nearest labelled examples vote.

Neighbours' votes are weighted by a softmax of their similarity (Wu et al. 2018, arXiv:1805.01978, section 3.4).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from limbeck.annotators.ballots import Ballots, Floats
from limbeck.neighbours import nearest, unit
from limbeck.prototypes import TEMPERATURE


def neighbour_ballots(
    embeddings: npt.ArrayLike,
    examples: npt.ArrayLike,
    example_labels: Sequence[str],
    *,
    neighbours: int = 5,
    least_similarity: float = 0.48,
    least_share: float = 0.5,
) -> Ballots:
    """Let the nearest labelled examples vote on each text; `neighbours` is the annotator.

    It abstains where no example is similar, and where the neighbours disagree. A text that is itself an example gets the
    label that it has there: it is its own nearest neighbour.

    Args:
        embeddings: [n, d] of the texts.
        examples: [m, d] of the labelled examples.
        example_labels: Their m labels.
        neighbours: How many examples vote on a text.
        least_similarity: The cosine from which on an example votes.
        least_share: The share of the votes that the best label needs.

    Raises:
        ValueError: The examples and their labels differ in number.
    """
    texts, told = (unit(np.atleast_2d(np.asarray(one, dtype=np.float32))) for one in (embeddings, examples))
    if len(told) != len(example_labels):
        raise ValueError(f"{len(told)!r} examples with {len(example_labels)!r} labels; give one label an example")
    labels = sorted(set(example_labels))
    shares = np.zeros((len(texts), len(labels)), dtype=np.float32)
    if labels:
        near, cosines = nearest(texts, told, neighbours)
        shares = _voted(cosines, np.searchsorted(labels, example_labels)[near], least_similarity, len(labels))
        shares[shares.max(axis=1) < least_share] = 0
    return Ballots.of_shares("neighbours", shares, labels)


def _voted(cosines: Floats, columns: npt.NDArray[np.intp], least: float, k: int) -> Floats:
    """[n, k] shares of the labels of each text's nearest examples, from both of them [n, m]; zeros where none is near enough."""
    weights = np.where(cosines >= least, np.exp((cosines - 1) / TEMPERATURE), 0)
    shares = np.zeros((len(cosines), k), dtype=np.float32)
    np.add.at(shares, (np.arange(len(cosines))[:, None], columns), weights)
    whole = shares.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(shares, whole, out=shares, where=whole > 0), dtype=np.float32)
