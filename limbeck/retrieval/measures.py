"""Scores of ranked labels against gold: RP@K, recall@K, nDCG@K, propensity-scored P@K, and hierarchical F1.

    measure([["maths", "music"]], [{"music"}]).at["rp"][10]

A document without gold says nothing of a ranking: it is left out and counted, where the published code gives it a 0.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

KS = (1, 5, 10, 50)
A, B = 0.55, 1.5
"""Of the propensity model; Jain et al. 2016, section 4, for all data sets but two."""

Ranked = Sequence[str]
Gold = Collection[str]
Lineage = Callable[[str], Collection[str]]
"""A label's ancestors."""


@dataclass(frozen=True)
class RankScores:
    """How good rankings are."""

    at: Mapping[str, Mapping[int, float]]
    """`rp`, `recall`, `ndcg`, and `psp` and `hf1` where they can be had: by K, from 0 to 1."""
    documents: int
    """Those with gold, over which the scores are means."""
    without_gold: int
    """Documents left out because they have none."""
    unlisted: int
    """Gold labels, each counted on every document, that are not on the list; no ranking can have them."""


def measure(
    ranked: Sequence[Ranked],
    gold: Sequence[Gold],
    ks: Sequence[int] = KS,
    *,
    listed: Collection[str] | None = None,
    propensities: Mapping[str, float] | None = None,
    lineage: Lineage | None = None,
) -> RankScores:
    """Score rankings.

    Args:
        ranked: Distinct labels of each document, the best first.
        gold: The labels that each document truly has.
        ks: How far down a ranking is read.
        listed: The labels that a ranking may have, to count gold that is not among them.
        propensities: How likely a true label is to be seen as one; from `propensities_of`.
        lineage: A label's ancestors, where there is a hierarchy.
    """
    pairs = [(list(a), set(b)) for a, b in zip(ranked, gold, strict=True) if b]
    scores: dict[str, Callable[[int], float]] = {
        "rp": lambda k: _mean([rp_at(a, b, k) for a, b in pairs]),
        "recall": lambda k: _mean([len(b & set(a[:k])) / len(b) for a, b in pairs]),
        "ndcg": lambda k: _mean([ndcg_at(a, b, k) for a, b in pairs]),
    }
    if propensities is not None:
        scores["psp"] = lambda k: psp_at(pairs, propensities, k)
    if lineage is not None:
        scores["hf1"] = lambda k: hierarchical_f1(pairs, lineage, k)
    unlisted = 0 if listed is None else sum(label not in listed for _, labels in pairs for label in labels)
    at = {name: {k: score(k) for k in ks} for name, score in scores.items()}
    return RankScores(at, len(pairs), len(gold) - len(pairs), unlisted)


def rp_at(ranked: Ranked, gold: Gold, k: int) -> float:
    """Rank-precision: hits in the first k, of as many as there can be (D'Oosterlinck et al. 2024, section 4; k or all gold)."""
    return len(set(ranked[:k]) & set(gold)) / min(k, len(gold))


def ndcg_at(ranked: Ranked, gold: Gold, k: int) -> float:
    """Discounted gain of the first k, as a share of the best order's (Järvelin & Kekäläinen 2002; every hit gains 1)."""
    gain = sum(1 / math.log2(place + 2) for place, label in enumerate(ranked[:k]) if label in gold)
    return gain / sum(1 / math.log2(place + 2) for place in range(min(k, len(gold))))


def psp_at(pairs: Sequence[tuple[Ranked, Gold]], propensities: Mapping[str, float], k: int) -> float:
    """Propensity-scored precision of the first k, as a share of what the best ranking gets (Jain et al. 2016, section 4)."""
    rarest = min(propensities.values(), default=1.0)  # For gold that is neither listed nor seen where these were counted.
    weight = {label: 1 / propensities.get(label, rarest) for _, gold in pairs for label in gold}
    got = sum(weight[label] for ranked, gold in pairs for label in ranked[:k] if label in gold)
    weights = [sorted((weight[label] for label in gold), reverse=True)[:k] for _, gold in pairs]
    best = sum(map(sum, weights))
    return got / best if best else 0.0


def propensities_of(gold: Sequence[Gold], labels: Collection[str] = ()) -> dict[str, float]:
    """How likely a true label is to be seen as one, by how often it is (Jain et al. 2016, section 4).

    Args:
        gold: Labelled documents, best of another set than the one that is scored.
        labels: Further labels, which none of them has.
    """
    counts = Counter(label for one in gold for label in set(one))
    c = (math.log(max(len(gold), 3)) - 1) * (B + 1) ** A
    return {label: 1 / (1 + c * math.exp(-A * math.log(counts[label] + B))) for label in {*counts, *labels}}


def hierarchical_f1(pairs: Sequence[tuple[Ranked, Gold]], lineage: Lineage, k: int) -> float:
    """F1 over labels and all their ancestors, hits of all documents together (Plaud et al. 2024, section 4; Kiritchenko 2006).

    A sibling of the right label shares its ancestors and is half right. As many labels are read as gold has, and k at most:
    a ranking says nothing of where it ends.
    """
    hits = said = true = 0
    for ranked, gold in pairs:
        a, b = _upward(ranked[: min(k, len(gold))], lineage), _upward(gold, lineage)
        hits, said, true = hits + len(a & b), said + len(a), true + len(b)
    return 2 * hits / (said + true) if said + true else 0.0


def _upward(labels: Collection[str], lineage: Lineage) -> set[str]:
    return {*labels, *(above for label in labels for above in lineage(label))}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
