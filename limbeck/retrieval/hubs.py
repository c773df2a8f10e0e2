"""Hubs: labels that are near to nearly everything, and how much less their nearness tells.

In many dimensions some vectors are among the nearest of far too many others (Radovanović et al. 2010). CSLS takes from each
similarity how near a label is to its nearest texts (Conneau et al. 2018, arXiv:1710.04087, section 2.3).
"""

import numpy as np

from limbeck.retrieval.nearest import Floats, Nearest

NEIGHBOURS = 10
"""Texts that a label's nearness is measured by."""
FEWEST = 100
"""Texts without which it can't be."""
AT_ONCE = 16_384


def nearness(near: Nearest, labels: int, texts: Floats) -> Floats | None:
    """[labels]: the mean inner product with a label's nearest texts, less the mean of all labels; None for too few texts.

    Args:
        near: Holds the labels' vectors.
        labels: How many there are.
        texts: [texts, dimensions], unit vectors of documents.
    """
    if len(texts) < FEWEST:
        return None
    found = np.empty(labels, np.float32)
    for start in range(0, labels, AT_ONCE):
        rows = np.arange(start, min(labels, start + AT_ONCE))
        products = near.vectors(rows) @ texts.T
        found[rows] = np.partition(products, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS:].mean(axis=1)
    return np.asarray(found - found.mean(), np.float32)
