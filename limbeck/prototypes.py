"""Class probabilities from label names, and from the few documents whose class a person has told, if there are any.

`assign(documents, names)` starts at the embedded names, as zero-shot classification does, and lets the documents move
them: classes are kept from swallowing each other by unbalanced optimal transport (Chizat et al. 2018, arXiv:1607.05816;
Sinkhorn's iteration with a relaxed class marginal), neighbours are made to agree (Zhou et al. 2004, "Learning with local
and global consistency"), and each class vector stays tied to its name, so that classes can't drift. What a person has
told starts a class vector beside its name, and never changes (the clamped labels of Zhu and Ghahramani 2002, "Learning
from labeled and unlabeled data with label propagation").
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck.neighbours import graph, spread, unit

Matrix = npt.NDArray[np.float32]
Vector = npt.NDArray[np.float32]

TEMPERATURE = 0.07
"""Cosines are divided by it; CLIP's learnt value starts here (Radford et al. 2021, arXiv:2103.00020, section 2.5)."""
ANCHOR = 0.5
"""How much a name counts in its class vector, against 1 for the mean of the class's documents."""
SHARPNESS = 2
"""Probabilities are raised to it before a class takes its mean: sure documents move it more than unsure ones. So are those
that neighbours agreed on, which their many opinions leave flat."""
SIZING_STEPS = 30
PULL = 0.9
"""How strictly classes are held to their sizes, from 0 to 1."""
BALANCE = 0.5
"""How far the sizes that votes give classes are drawn together, from 0 to 1."""
EVENNESS_POWER = 4
"""Of the effective number of classes in `evenness`; tried on equally large ones to a Zipf law of exponent 1.5."""
FAR, NEAR = 0.1, 0.45
"""Cosines of a document and a name, what all share taken away, that mean no and yes for certain."""


def phrase(name: str, description: str = "") -> list[str]:
    """Put a label into the phrasings whose mean embedding stands for it.

    Args:
        name: As given, identifiers such as `card_arrival` included.
        description: What the label means, or nothing.

    Returns:
        Texts to embed; average their embeddings. The name itself comes first.
    """
    plain = " ".join(name.replace("_", " ").split())
    texts = [plain, f"{plain}?", f"I want to know about {plain}"]
    return [*texts, f"{plain}: {description}", description] if description.strip() else texts


def assign(
    embeddings: npt.ArrayLike,
    names_embedded: npt.ArrayLike,
    *,
    balance: float | None = None,
    rounds: int = 2,
    known: Mapping[int, int] | None = None,
) -> Matrix:
    """Give each document a probability for each class.

    Args:
        embeddings: [documents, dimensions] from a sentence encoder.
        names_embedded: [classes, dimensions]: for each class the mean embedding of its `phrase` texts.
        balance: From 0 (classes are as large as the similarities say) to 1 (all equally large); where left out, the more
            alike the similarities find the classes, the more alike they are made (`evenness`).
        rounds: How often documents are assigned. The class vectors move between two rounds; with 1 they stay at the
            names, which is the safest where some classes are a hundred times larger than others.
        known: The class number of documents, by row, that a person has labelled.

    Returns:
        [documents, classes], each row adding up to 1. The order of the documents does not matter.

    Raises:
        ValueError: There is no class, or `rounds` is below 1.
    """
    documents, names = np.asarray(embeddings, dtype=np.float32), np.asarray(names_embedded, dtype=np.float32)
    if len(names) == 0 or rounds < 1:
        raise ValueError(f"{len(names)!r} classes in {rounds!r} rounds; give at least one of each")
    if len(documents) == 0 or len(names) == 1:
        return np.ones((len(documents), len(names)), dtype=np.float32)
    documents, names = centred(documents), centred(names)
    links = graph(documents, len(names))
    told = _told(known or {}, len(documents), len(names))
    vectors = unit(names + unit(told.T @ documents))
    probabilities = spread(_softmax(documents @ vectors.T / TEMPERATURE), links, told)
    found = probabilities.mean(axis=0)
    sizes = drawn_together(found, evenness(found) if balance is None else balance)
    for round_number in range(rounds):
        if round_number > 0:
            vectors = _moved(documents, probabilities, names)
        probabilities = spread(sized(documents @ vectors.T / TEMPERATURE, sizes), links, told)
    return probabilities


def nearness(embeddings: npt.ArrayLike, names_embedded: npt.ArrayLike) -> Matrix:
    """How near each label's name is to each document, whatever the other labels: for labels that may all apply, or none.

    Args:
        embeddings: [documents, dimensions] from a sentence encoder.
        names_embedded: [labels, dimensions], as in `assign`.

    Returns:
        [documents, labels] in [0, 1]: 0 up to the cosine `FAR`, 1 from `NEAR` on.
    """
    documents, names = np.asarray(embeddings, dtype=np.float32), np.asarray(names_embedded, dtype=np.float32)
    cosines = centred(documents) @ centred(names).T
    return np.asarray(np.clip((cosines - FAR) / (NEAR - FAR), 0, 1), dtype=np.float32)


def agreed(
    embeddings: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    *,
    known: Mapping[int, int] | None = None,
) -> Matrix:
    """Make documents agree with their neighbours, whatever their probabilities came from.

    A document that nobody voted on (all classes alike) takes its neighbours' opinion.

    Args:
        embeddings: [documents, dimensions] from a sentence encoder.
        probabilities: [documents, classes], such as a label model's.
        known: As in `assign`.

    Returns:
        [documents, classes], each row adding up to 1.
    """
    shares = np.asarray(probabilities, dtype=np.float32)
    documents = np.asarray(embeddings, dtype=np.float32)
    if len(documents) == 0 or shares.shape[1] == 1:
        return shares
    told = _told(known or {}, *shares.shape)
    found = spread(shares, graph(centred(documents), shares.shape[1]), told)
    sizes = drawn_together(shares.mean(axis=0), BALANCE)
    return sized(SHARPNESS * np.log(np.maximum(found, 1e-9)), sizes)


def _told(known: Mapping[int, int], documents: int, classes: int) -> Any:
    """Sparse [documents, classes]: 1 where a person has labelled the document so."""
    from scipy.sparse import csr_matrix

    ones = np.ones(len(known), dtype=np.float32)
    return csr_matrix((ones, (list(known), list(known.values()))), shape=(documents, classes))


def centred(vectors: Matrix) -> Matrix:
    """Take away what all names (or all documents) share, which says nothing about the class, and the gap between them."""
    return unit(vectors - vectors.mean(axis=0)) if len(vectors) > 1 else unit(vectors)


def _moved(documents: Matrix, probabilities: Matrix, names: Matrix) -> Matrix:
    """The class vectors: the direction of each class's documents, held by its name."""
    return unit(unit((probabilities**SHARPNESS).T @ documents) + ANCHOR * names)


def drawn_together(sizes: Vector, balance: float) -> Vector:
    """The classes' shares of the documents, between what they seem to be (`balance` 0) and equal ones (1)."""
    powers = np.maximum(sizes, 1e-12) ** (1 - balance)
    return np.asarray(powers / powers.sum(), dtype=np.float32)


def evenness(sizes: Vector) -> float:
    """How alike classes are in size, from 0 to 1: their effective number (exp of the entropy; Hill 1973), of all, to a power.

    Classes that are found about equally large probably are, and differ by errors; where some are many times larger than
    others, they are what they are.
    """
    shares = np.maximum(sizes / sizes.sum(), 1e-12)
    return float((np.exp(-(shares * np.log(shares)).sum()) / len(shares)) ** EVENNESS_POWER)


def sized(scores: Matrix, sizes: Vector) -> Matrix:
    """Softmax with one offset a class that draws the classes' shares of the documents towards `sizes`.

    The offsets are the fixed point of unbalanced Sinkhorn scaling (Chizat et al. 2018, Algorithm 1). A few documents need
    not fill every class: they are drawn the less, the fewer there are to a class.
    """
    offsets = np.zeros(scores.shape[1], dtype=np.float32)
    pull = PULL * len(scores) / (len(scores) + scores.shape[1])
    for _ in range(SIZING_STEPS):
        mass = np.maximum(_softmax(scores + offsets).mean(axis=0), 1e-12)
        offsets = pull * (offsets - np.log(mass / sizes))
    return _softmax(scores + offsets)


def _softmax(scores: Matrix) -> Matrix:
    return _normalised(np.exp(scores - scores.max(axis=1, keepdims=True)))


def _normalised(weights: Matrix) -> Matrix:
    normalised: Matrix = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return normalised
