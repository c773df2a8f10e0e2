"""Labels with a distance: spans, numbers, rankings (Shin et al. 2022, "Universalizing Weak Supervision", arXiv:2112.03865).

Annotators err on their own, so the mean squared distance of two of them is the sum of their errors, and three of them
give each one's error without any gold (the paper's triplets, section 4). An item's label is then the value with the least
weighted squared distance to all votes: the weighted Fréchet mean, sought among the votes and what a kind adds to them.
"""

import itertools
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

V = TypeVar("V", bound=Hashable)
Span = tuple[int, int]
Ranking = tuple[str, ...]
FEWEST_ANNOTATORS = 3
LEAST_ERROR = 0.05
"""An annotator's squared error, as a share of the mean one, is not thought to be smaller."""


@dataclass(frozen=True)
class Kind(Generic[V]):
    """A kind of label."""

    distance: Callable[[V, V], float]
    candidates: Callable[[Sequence[tuple[V, float]]], list[V]]
    """Values that may be nearer to all votes than any vote; asked with (vote, weight) pairs."""


@dataclass(frozen=True)
class Fused(Generic[V]):
    """What the votes on one item come to."""

    value: V
    spread: float
    """Weighted mean squared distance of the votes to it; 0 where all agree."""


def fuse(votes: Mapping[str, Mapping[str, V]], kind: Kind[V]) -> dict[str, Fused[V]]:
    """One value an item.

    Args:
        votes: By item, then annotator; who is missing abstained.
        kind: `SPANS`, `NUMBERS` or `RANKINGS`.
    """
    weights = {name: 1 / error for name, error in errors(votes, kind).items()}
    return {item: _mean([(value, weights[name]) for name, value in given.items()], kind) for item, given in votes.items() if given}


def errors(votes: Mapping[str, Mapping[str, V]], kind: Kind[V]) -> dict[str, float]:
    """Each annotator's mean squared distance to the truth, as a share of all annotators' mean; 1 where nothing tells."""
    names = sorted({name for given in votes.values() for name in given})
    apart = _apart(votes, names, kind)
    found = {name: _by_triplets(name, names, apart) for name in names}
    known = [error for error in found.values() if error is not None]
    mean = float(np.mean(known)) if known else 0.0
    if mean <= 0:
        return dict.fromkeys(names, 1.0)
    return {name: 1.0 if error is None else max(error / mean, LEAST_ERROR) for name, error in found.items()}


def _apart(votes: Mapping[str, Mapping[str, V]], names: Sequence[str], kind: Kind[V]) -> dict[frozenset[str], float]:
    """The mean squared distance of each two annotators on the items both voted on."""
    found: dict[frozenset[str], list[float]] = {}
    for given in votes.values():
        for a, b in itertools.combinations(sorted(given), 2):
            found.setdefault(frozenset((a, b)), []).append(kind.distance(given[a], given[b]) ** 2)
    return {pair: float(np.mean(distances)) for pair, distances in found.items()}


def _by_triplets(name: str, names: Sequence[str], apart: Mapping[frozenset[str], float]) -> float | None:
    """(d(a,b) + d(a,c) - d(b,c)) / 2, the median over all pairs of others; None where no three voted together."""
    found = []
    for b, c in itertools.combinations([other for other in names if other != name], 2):
        pairs = [frozenset(pair) for pair in ((name, b), (name, c), (b, c))]
        if all(pair in apart for pair in pairs):
            found.append((apart[pairs[0]] + apart[pairs[1]] - apart[pairs[2]]) / 2)
    return max(0.0, float(np.median(found))) if found else None


def _mean(given: Sequence[tuple[V, float]], kind: Kind[V]) -> Fused[V]:
    """The candidate with the least weighted squared distance to all votes; the first of equals."""
    whole = sum(weight for _, weight in given)

    def spread(value: V) -> float:
        return sum(weight * kind.distance(value, vote) ** 2 for vote, weight in given) / whole

    candidates = dict.fromkeys([*(vote for vote, _ in given), *kind.candidates(given)])
    best = min(candidates, key=lambda value: round(spread(value), 9))
    return Fused(best, spread(best))


def span_distance(a: Span, b: Span) -> float:
    """1 - intersection over union of two half-open spans of characters; 0 for two empty ones at one place."""
    if a == b:
        return 0.0
    common = max(0, min(a[1], b[1]) - max(a[0], b[0]))
    union = (a[1] - a[0]) + (b[1] - b[0]) - common
    return 1 - common / union if union else 1.0


def number_distance(a: float, b: float) -> float:
    """The absolute difference."""
    return abs(a - b)


def ranking_distance(a: Ranking, b: Ranking) -> float:
    """Kendall's: the share of pairs that stand in another order; what one ranking leaves out stands at its end."""
    everything = sorted({*a, *b})
    first, second = ({one: order.index(one) if one in order else len(order) for one in everything} for order in (a, b))
    pairs = list(itertools.combinations(everything, 2))
    turned = sum((first[x] - first[y]) * (second[x] - second[y]) < 0 for x, y in pairs)
    return turned / len(pairs) if pairs else 0.0


def _span_ends(given: Sequence[tuple[Span, float]]) -> list[Span]:
    """Spans from any vote's start to any vote's end."""
    return [(start, end) for (start, _), _ in given for (_, end), _ in given if start < end]


def _mean_number(given: Sequence[tuple[float, float]]) -> list[float]:
    return [sum(value * weight for value, weight in given) / sum(weight for _, weight in given)]


def _by_mean_place(given: Sequence[tuple[Ranking, float]]) -> list[Ranking]:
    """Borda's order, then improved by swapping neighbours (local Kemenization, Dwork et al. 2001)."""
    everything = sorted({one for order, _ in given for one in order})
    place = {
        one: sum(w * (order.index(one) if one in order else len(order)) for order, w in given) for one in everything
    }
    ranking = sorted(everything, key=lambda one: (place[one], one))
    swapped = True
    while swapped:
        swapped = False
        for at in range(len(ranking) - 1):
            if _preferred(given, ranking[at + 1], ranking[at]) > _preferred(given, ranking[at], ranking[at + 1]):
                ranking[at], ranking[at + 1], swapped = ranking[at + 1], ranking[at], True
    return [tuple(ranking)]


def _preferred(given: Sequence[tuple[Ranking, float]], one: str, other: str) -> float:
    """The weight of the votes that put `one` before `other`."""

    def at(order: Ranking, name: str) -> int:
        return order.index(name) if name in order else len(order)

    return sum(weight for order, weight in given if at(order, one) < at(order, other))


SPANS: Kind[Span] = Kind(span_distance, _span_ends)
NUMBERS: Kind[float] = Kind(number_distance, _mean_number)
RANKINGS: Kind[Ranking] = Kind(ranking_distance, _by_mean_place)
