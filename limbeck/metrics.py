"""Scores of labels: coverage, agreement with gold, clusterings, label sets, and which labels are mixed up."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from pydantic import BaseModel, ConfigDict

from limbeck.schemas import OTHER


class Scores(BaseModel):
    """Labels against gold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    accuracy: float
    """0 where the labels have other names than gold; then NMI and ARI tell."""
    macro_f1: float
    """Over the labels that occur in gold."""
    nmi: float
    """Normalised mutual information, arithmetic mean."""
    ari: float
    """Adjusted Rand index."""
    n: int


def coverage(labels: Sequence[str]) -> float | None:
    """The share of documents that some category fits: not `Other` (TnT-LLM, section 4.1); None without documents."""
    return 1.0 - sum(label == OTHER for label in labels) / len(labels) if labels else None


def against_gold(predicted: Sequence[str], gold: Sequence[str]) -> Scores:
    """Labels against gold, item by item."""
    from sklearn.metrics import f1_score

    if not gold:
        return Scores(accuracy=0.0, macro_f1=0.0, nmi=0.0, ari=0.0, n=0)
    names = sorted(set(gold))
    right = sum(a == b for a, b in zip(predicted, gold, strict=True))
    return Scores(
        accuracy=right / len(gold),
        macro_f1=float(f1_score(gold, predicted, labels=names, average="macro", zero_division=0)),
        n=len(gold),
        **clustering(predicted, gold),
    )


def clustering(predicted: Sequence[str], gold: Sequence[str]) -> dict[str, float]:
    """`nmi` and `ari`: how far two groupings agree, whatever the groups are called."""
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    return {
        "nmi": float(normalized_mutual_info_score(gold, predicted)),
        "ari": float(adjusted_rand_score(gold, predicted)),
    }


def multilabel(predicted: Sequence[Collection[str]], gold: Sequence[Collection[str]]) -> dict[str, float]:
    """`exact_match`, micro `precision`, `recall` and `f1` (TnT-LLM, section 4.2), and `macro_f1` over the labels in gold."""
    pairs = [(set(a), set(b)) for a, b in zip(predicted, gold, strict=True)]
    hits = sum(len(a & b) for a, b in pairs)
    said, true = sum(len(a) for a, _ in pairs), sum(len(b) for _, b in pairs)
    precision, recall = hits / said if said else 0.0, hits / true if true else 0.0
    return {
        "exact_match": sum(a == b for a, b in pairs) / len(pairs) if pairs else 0.0,
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if hits else 0.0,
        "macro_f1": _macro_f1(pairs),
    }


def _macro_f1(pairs: Sequence[tuple[set[str], set[str]]]) -> float:
    labels = {label for _, true in pairs for label in true}
    scores = []
    for label in labels:
        hits = sum(label in said and label in true for said, true in pairs)
        scores.append(2 * hits / sum((label in said) + (label in true) for said, true in pairs))
    return sum(scores) / len(scores) if scores else 0.0


def confusable_pairs(shares: Sequence[Sequence[float]], labels: Sequence[str], top: int) -> list[tuple[str, str, float]]:
    """Pairs of labels that votes waver between.

    Args:
        shares: [n, k] soft labels.
        labels: The k labels.
        top: How many pairs.

    Returns:
        (label, label, sum over items of the product of both shares), the most confusable first.
    """
    mixed: dict[tuple[int, int], float] = defaultdict(float)
    for row in shares:
        likely = [place for place, share in enumerate(row) if share >= 0.05]
        for start, a in enumerate(likely):
            for b in likely[start + 1 :]:
                mixed[a, b] += row[a] * row[b]
    ranked = sorted(mixed.items(), key=lambda one: (-one[1], one[0]))[:top]
    return [(labels[a], labels[b], value) for (a, b), value in ranked]
