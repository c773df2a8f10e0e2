"""Labels with a distance: spans, numbers, rankings (Shin et al. 2022, "Universalizing Weak Supervision", arXiv:2112.03865).

Annotators err on their own, so the mean squared distance of two of them is the sum of their errors, and three of them
give each one's error without any gold (the paper's triplets, section 4). An item's label is then the value with the least
weighted squared distance to all votes: the weighted Fréchet mean, sought among the votes and what a kind adds to them.
"""

import itertools
import json
import math
import random
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from limbeck.errors import UnreadableLabel
from limbeck.labelmodels.table import VoteTable
from limbeck.schemas import Vote

V = TypeVar("V", bound=Hashable)
Span = tuple[int, int]
Ranking = tuple[str, ...]
Shared = list[tuple[V, float]]
"""Values and their weights; of an annotator's one vote on an item, values and the shares of the vote that they have."""
Given = Mapping[str, Mapping[str, Shared[V]]]
"""The votes of a space by item, then annotator; who is missing abstained."""
Apart = Mapping[str, Mapping[str, float]]
"""The mean squared distance of two annotators, by either and then the other; who never voted together is missing."""
LEAST_ERROR = 0.05
"""An annotator's squared error, as a share of the mean one, is not thought to be smaller."""
MOST_TRIPLETS = 1000
"""That an annotator is judged by: the median of as many, drawn from all, hardly differs from that of all."""
MOST_WITH_ONE = 50
"""Of them, those with one and the same other, whose chance errors they share; a thousand hold 20 such others at least."""
TOO_LARGE = 1e100
"""Numbers from here on are refused: their squares could not be added up."""


@dataclass(frozen=True)
class Kind(Generic[V]):
    """A kind of label: how it is written in a vote, and how far two are apart."""

    read: Callable[[str], V]
    """A vote's label as a value; raises UnreadableLabel."""
    write: Callable[[V], str]
    """A value as a label that `read` reads."""
    distance: Callable[[V, V], float]
    candidates: Callable[[Sequence[tuple[V, float]]], list[V]]
    """Values that may be nearer to all votes than any vote; asked with (vote, weight) pairs."""


@dataclass(frozen=True)
class Fused(Generic[V]):
    """What the votes on one item come to."""

    item: str
    space: str
    label: str
    """The value as a vote would write it."""
    value: V
    spread: float
    """Weighted mean squared distance of the votes to it; 0 where all agree."""


def fuse(votes: Iterable[Vote], kind: Kind[V]) -> list[Fused[V]]:
    """One value an item, in each space; annotators are judged in each space anew, as numbers may have other units there.

    Args:
        votes: In any order. An annotator has one vote on an item; where it names several values there, their scores
            share it out, as in `aggregate`. So the score of an only value says nothing, unless it is 0: no vote.
        kind: `SPANS` (labels such as `3:17`: from character 3 to before 17), `NUMBERS` (`12.5`) or `RANKINGS` (a JSON
            list, the first the best: `["a", "b"]`).

    Returns:
        By space, in the order of the items' first votes; an item whose votes weigh nothing is left out.

    Raises:
        UnreadableLabel: A label is not of this kind.
        ValueError: There are gold votes among them.
    """
    spaces: dict[str, list[Vote]] = {}
    for vote in votes:
        spaces.setdefault(vote.space, []).append(vote)
    return [fused for space, given in spaces.items() for fused in _fused(space, _given(VoteTable.of(given), kind), kind)]


def _given(table: VoteTable, kind: Kind[V]) -> dict[str, dict[str, Shared[V]]]:
    """A table's votes as values, by item, then annotator."""
    values = [kind.read(label) for label in table.labels]
    given: dict[str, dict[str, Shared[V]]] = {}
    for item, by, label, share in zip(table.item, table.annotator, table.label, table.share.tolist(), strict=True):
        given.setdefault(table.items[item], {}).setdefault(table.annotators[by], []).append((values[label], share))
    return given


def _fused(space: str, given: Given[V], kind: Kind[V]) -> list[Fused[V]]:
    weights = {name: 1 / error for name, error in errors(given, kind).items()}
    found = []
    for item, said in given.items():
        value, spread = _mean([(value, weights[name] * share) for name, vote in said.items() for value, share in vote], kind)
        found.append(Fused(item, space, kind.write(value), value, spread))
    return found


def errors(votes: Given[V], kind: Kind[V]) -> dict[str, float]:
    """Each annotator's mean squared distance to the truth, as a share of all annotators' mean; 1 where nothing tells."""
    names = sorted({name for given in votes.values() for name in given})
    apart = _apart(votes, kind)
    found = {name: _by_triplets(name, apart) for name in names}
    known = [error for error in found.values() if error is not None]
    mean = float(np.mean(known)) if known else 0.0
    if mean <= 0:
        return dict.fromkeys(names, 1.0)
    return {name: 1.0 if error is None else max(error / mean, LEAST_ERROR) for name, error in found.items()}


def _apart(votes: Given[V], kind: Kind[V]) -> Apart:
    """The mean squared distance of each two annotators on the items both voted on; of a shared vote, the expected one."""
    found: dict[tuple[str, str], list[float]] = {}
    for given in votes.values():
        for a, b in itertools.combinations(sorted(given), 2):
            parts = (s * t * kind.distance(u, v) ** 2 for u, s in given[a] for v, t in given[b])
            found.setdefault((a, b), []).append(sum(parts))
    apart: dict[str, dict[str, float]] = {}
    for (a, b), distances in found.items():
        apart.setdefault(a, {})[b] = apart.setdefault(b, {})[a] = float(np.mean(distances))
    return apart


def _by_triplets(name: str, apart: Apart) -> float | None:
    """(d(a,b) + d(a,c) - d(b,c)) / 2, the median over pairs of others; None where no three voted together."""
    found = [(apart[name][b] + apart[name][c] - apart[b][c]) / 2 for b, c in _pairs(name, apart)]
    return max(0.0, float(np.median(found))) if found else None


def _pairs(name: str, apart: Apart) -> Iterator[tuple[str, str]]:
    """Pairs that voted with an annotator and with each other: all of them, or `MOST_TRIPLETS` where there are more."""
    others = sorted(apart.get(name, ()))
    random.Random(0).shuffle(others)  # Else who comes late in the alphabet would hardly be heard.
    place = {other: at for at, other in enumerate(others)}
    every = (
        (b, c)
        for b in others
        for c in sorted((c for c in place.keys() & apart[b].keys() if place[c] > place[b]), key=place.__getitem__)[:MOST_WITH_ONE]
    )
    return itertools.islice(every, MOST_TRIPLETS)


def _mean(given: Shared[V], kind: Kind[V]) -> tuple[V, float]:
    """The candidate with the least weighted squared distance to all votes, the first of equals; and that distance."""
    whole = sum(weight for _, weight in given)

    def spread(value: V) -> float:
        return sum(weight * kind.distance(value, vote) ** 2 for vote, weight in given) / whole

    spreads = {value: spread(value) for value in [*(vote for vote, _ in given), *kind.candidates(given)]}
    # Rounded to the largest, so that equals are equal whatever their last bits and their unit.
    largest = max(spreads.values()) or 1.0
    return min(spreads.items(), key=lambda one: round(one[1] / largest, 9))


def read_span(label: str) -> Span:
    """`3:17`: from character 3 to before character 17."""
    found = re.fullmatch(r"(\d{1,15}):(\d{1,15})", label, re.ASCII)
    span = (int(found[1]), int(found[2])) if found else (1, 0)
    if span[0] > span[1]:
        raise UnreadableLabel(label, "span", "the first character and the one after the last, as in '3:17'")
    return span


def read_number(label: str) -> float:
    """`12.5`, `-3`, `1e6`."""
    try:
        number = float(label)
    except ValueError:
        number = math.nan
    if not abs(number) < TOO_LARGE:
        raise UnreadableLabel(label, "number", f"digits, below {TOO_LARGE:g}, as in '12.5'")
    return number


def read_ranking(label: str) -> Ranking:
    """`["a", "b"]`: names, each once, the best first."""
    try:
        names = json.loads(label)
    except (ValueError, RecursionError):  # Brackets may be nested deeper than Python can follow.
        names = None
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names) or len(set(names)) < len(names):
        raise UnreadableLabel(label, "ranking", """a JSON list of names, each once, as in '["a", "b"]'""")
    return tuple(names)


def write_span(span: Span) -> str:
    """As `read_span` reads it."""
    return f"{span[0]}:{span[1]}"


def write_number(number: float) -> str:
    """In as few digits as tell it from all others."""
    return repr(number).removesuffix(".0")


def write_ranking(ranking: Ranking) -> str:
    """As `read_ranking` reads it."""
    return json.dumps(ranking, ensure_ascii=False)


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
    """Kendall's: the share of pairs that stand in another order; what one ranking leaves out stands at its end.

    A pair that but one of them leaves out counts half, else the shortest ranking would be next to all (K½ of Fagin et
    al. 2003, "Comparing top k lists").
    """
    everything = sorted({*a, *b})
    first, second = ({one: order.index(one) if one in order else len(order) for one in everything} for order in (a, b))
    pairs = [(first[x] - first[y], second[x] - second[y]) for x, y in itertools.combinations(everything, 2)]
    apart = sum(1.0 if one * other < 0 else 0.5 * ((one == 0) != (other == 0)) for one, other in pairs)
    return apart / len(pairs) if pairs else 0.0


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


SPANS: Kind[Span] = Kind(read_span, write_span, span_distance, _span_ends)
NUMBERS: Kind[float] = Kind(read_number, write_number, number_distance, _mean_number)
RANKINGS: Kind[Ranking] = Kind(read_ranking, write_ranking, ranking_distance, _by_mean_place)
