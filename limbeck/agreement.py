"""Agreement between annotators: Cohen's and Fleiss' κ, with intervals (TnT-LLM, section 4, uses both)."""

import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from limbeck.schemas import Vote

T = TypeVar("T")
Ratings = Mapping[str, str]
"""One item's labels, by annotator."""
ROUNDS = 500
Z95 = 1.959963984540054


class Estimate(BaseModel):
    """A figure with its 95% interval; None where it is not defined."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    """Items it stands on."""


class Agreement(BaseModel):
    """How far annotators agree on the same items."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    annotators: tuple[str, ...]
    fleiss: Estimate
    mean_cohen: Estimate
    pairs: dict[str, Estimate]
    """Cohen's κ of each pair, by `a | b`."""


def cohen_kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Agreement of two annotators beyond chance (Cohen 1960); None where both gave one and the same label throughout."""
    n = len(first)
    if n == 0 or len(second) != n:
        return None
    seen = sum(a == b for a, b in zip(first, second, strict=True)) / n
    counts, others = Counter(first), Counter(second)
    chance = sum(counts[label] * others[label] for label in counts) / n**2
    return None if chance == 1 else (seen - chance) / (1 - chance)


def telling_kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Cohen's κ; None where one of both gave but one label, as a rule may: it is 0 then, whatever the other said."""
    return cohen_kappa(first, second) if len(set(first)) > 1 and len(set(second)) > 1 else None


def fleiss_kappa(items: Sequence[Sequence[str]]) -> float | None:
    """Agreement of any number of annotators beyond chance (Fleiss 1971), items with fewer than two labels left out.

    Args:
        items: Each item's labels. Where items have different numbers of them, each item counts alike, for chance too:
            pooled labels would let κ fall below -1.

    Returns:
        κ, or None where there is no item to compare or only one label was used.
    """
    rated = [Counter(labels) for labels in items if len(labels) > 1]
    if not rated:
        return None
    seen = sum(_agreeing_pairs(counts) for counts in rated) / len(rated)
    shares: dict[str, float] = defaultdict(float)
    for counts in rated:
        for label, count in counts.items():
            shares[label] += count / counts.total() / len(rated)
    if len(shares) == 1:
        return None
    chance = sum(share**2 for share in shares.values())
    return (seen - chance) / (1 - chance)


def _agreeing_pairs(counts: Counter[str]) -> float:
    n = counts.total()
    return sum(count * (count - 1) for count in counts.values()) / (n * (n - 1))


def mean_pairwise_kappa(items: Sequence[Ratings]) -> float | None:
    """The mean of Cohen's κ over all pairs of annotators that share items."""
    found = [_pair(items, a, b) for a, b in combinations(_names(items), 2)]
    values = [value for value in found if value is not None]
    return sum(values) / len(values) if values else None


def _pair(
    items: Sequence[Ratings], a: str, b: str, kappa: Callable[..., float | None] = cohen_kappa
) -> float | None:
    both = [(one[a], one[b]) for one in items if a in one and b in one]
    return kappa([first for first, _ in both], [second for _, second in both])


def _names(items: Sequence[Ratings]) -> list[str]:
    return sorted({name for one in items for name in one})


def bootstrap_interval(
    statistic: Callable[[Sequence[T]], float | None], items: Sequence[T], seed: int, rounds: int = ROUNDS
) -> tuple[float | None, float | None]:
    """A 95% interval by resampling items with replacement (percentile method); None where it is not defined."""
    draw = random.Random(seed)
    values = [statistic(draw.choices(items, k=len(items))) for _ in range(rounds)] if items else []
    found = sorted(value for value in values if value is not None)
    if not found:
        return None, None
    return found[int(0.025 * (len(found) - 1))], found[math.ceil(0.975 * (len(found) - 1))]


def wilson_interval(successes: int, n: int) -> tuple[float, float]:
    """A 95% interval of a share (Wilson 1927), which stays in [0, 1]; the whole of it where n is 0."""
    if n == 0:
        return 0.0, 1.0
    share, z2 = successes / n, Z95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def annotator_agreement(votes: Sequence[Vote], seed: int, *, intervals: bool = True) -> Agreement:
    """How far the annotators of one space agree, each counted with its best label of an item.

    Args:
        votes: Of one space.
        seed: Of the resampling.
        intervals: Whether to resample; that is what takes time.
    """
    items = list(_best_labels(votes).values())
    names = _names(items)
    shared = [one for one in items if len(one) > 1]
    pairs, rounds = {}, ROUNDS if intervals else 0
    for a, b in combinations(names, 2):
        both = [one for one in shared if a in one and b in one]
        if both:
            pairs[f"{a} | {b}"] = _estimate(lambda some, a=a, b=b: _pair(some, a, b, telling_kappa), both, seed, rounds)  # type: ignore[misc]
    return Agreement(
        annotators=tuple(names),
        fleiss=_estimate(lambda some: fleiss_kappa([list(one.values()) for one in some]), shared, seed, rounds),
        mean_cohen=_estimate(mean_pairwise_kappa, shared, seed, rounds),
        pairs=pairs,
    )


def _estimate(
    statistic: Callable[[Sequence[Ratings]], float | None], items: Sequence[Ratings], seed: int, most: int
) -> Estimate:
    value = statistic(items) if items else None
    # κ of 50,000 items needs no 500 resamples to have a narrow interval.
    rounds = min(most, max(50, 1_000_000 // max(1, len(items))))
    low, high = bootstrap_interval(statistic, items, seed, rounds) if value is not None else (None, None)
    return Estimate(value=value, low=low, high=high, n=len(items))


def _best_labels(votes: Sequence[Vote]) -> dict[str, dict[str, str]]:
    best: dict[str, dict[str, tuple[float, str]]] = {}
    for vote in votes:
        ours = best.setdefault(vote.item, {})
        known = ours.get(vote.annotator)
        if known is None or (-vote.score, vote.label) < (-known[0], known[1]):
            ours[vote.annotator] = (vote.score, vote.label)
    return {item: {name: label for name, (_, label) in ours.items()} for item, ours in best.items()}
