"""Votes to labels: pure functions over the one vote table.

An annotator has one vote on an item, which it may share out among labels by its scores. Gold never enters.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

from limbeck.schemas import GOLD, Label, Vote

Weights = Mapping[str, float]
Shares = dict[str, float]


def aggregate(
    votes: Iterable[Vote], method: Literal["majority", "soft"] = "soft", weights: Weights | None = None
) -> list[Label]:
    """Make one label of the votes on each item, in each space.

    Args:
        votes: In any order.
        method: `soft`: the label with the largest weighted share of the annotators' votes. `majority`: each annotator
            votes for its best label alone.
        weights: Each annotator's; 1 where it is not named.

    Returns:
        Labels in the order of their item's first vote; `confidence` is the label's share of all votes. Equal shares go
        to the label that comes first in the alphabet. An item whose votes weigh nothing gets no label.

    Raises:
        ValueError: There are gold votes among them.
    """
    labels = []
    for (item, space), by_annotator in _grouped(votes).items():
        shares = _shares(by_annotator, weights, best_only=method == "majority")
        if shares:
            # Rounded, so that equal shares are equal whatever the sums' last bits say.
            label, share = min(shares.items(), key=lambda one: (-round(one[1], 12), one[0]))
            labels.append(Label(item=item, space=space, label=label, confidence=min(share, 1.0), method=method))
    return labels


def distribution(
    votes: Iterable[Vote], labels: Sequence[str], items: Sequence[str], weights: Weights | None = None
) -> list[list[float]]:
    """How the votes on each item are shared out among labels.

    Args:
        votes: Of one space.
        labels: The k labels that count; votes for others are left out.
        items: The n items wanted.
        weights: Each annotator's.

    Returns:
        [n, k]; each row sums to 1, and is uniform where nobody voted.

    Raises:
        ValueError: There are gold votes among them.
    """
    known = set(labels)
    grouped = {item: one for (item, _), one in _grouped(votes).items()}
    rows = []
    for item in items:
        shares = _shares(_only(known, grouped.get(item, {})), weights)
        rows.append([shares.get(label, 0.0) if shares else 1.0 / len(labels) for label in labels])
    return rows


def applicable(
    votes: Iterable[Vote], threshold: float = 0.5, weights: Weights | None = None, least: int = 1
) -> dict[str, tuple[str, ...]]:
    """Which labels apply to each item, each label judged on its own.

    An annotator that voted on an item gives every label it did not name a 0.

    Args:
        votes: Of one space of all-applicable labels; scores in [0, 1].
        threshold: The weighted mean of scores from which on a label applies.
        weights: Each annotator's.
        least: How many labels an item gets at least, where any has a vote.

    Returns:
        The labels by item, the surest first; none where no vote weighs anything.

    Raises:
        ValueError: There are gold votes among them.
    """
    found = {}
    for item, scores in chances(votes, weights).items():
        ranked = sorted(scores, key=lambda label: (-scores[label], label))
        found[item] = tuple(label for label in ranked if scores[label] >= threshold) or tuple(ranked[:least])
    return found


def chances(votes: Iterable[Vote], weights: Weights | None = None, partial: Collection[str] = ()) -> dict[str, Shares]:
    """How likely each label is to apply to each item: the weighted mean of its scores, as in `applicable`.

    Args:
        votes: As in `applicable`.
        weights: Each annotator's.
        partial: Annotators that know but the labels that they name somewhere, as a rule does: they say nothing of others.

    Raises:
        ValueError: There are gold votes among them.
    """
    grouped = _grouped(votes)
    knows: dict[str, set[str]] = {name: set() for name in partial}
    for by_annotator in grouped.values():
        for name in by_annotator.keys() & knows.keys():
            knows[name].update(by_annotator[name])
    return {item: _means(by_annotator, weights, knows) for (item, _), by_annotator in grouped.items()}


def _means(by_annotator: dict[str, Shares], weights: Weights | None, knows: Mapping[str, set[str]]) -> Shares:
    """Each label's weighted mean score, over those who know it; labels with none are left out."""
    parts: dict[str, list[float]] = defaultdict(list)
    for name, scores in by_annotator.items():
        for label, score in scores.items():
            parts[label].append(_weight(name, weights) * score)
    # `fsum` is exact, so that neither the order of votes nor rounding can move a label over the threshold.
    sums = {label: math.fsum(scores) for label, scores in parts.items()}
    whole = {
        label: math.fsum(_weight(name, weights) for name in by_annotator if label in knows.get(name, sums))
        for label in sums
    }
    return {label: round(total / whole[label], 12) for label, total in sums.items() if total > 0}


def _only(labels: set[str], by_annotator: dict[str, Shares]) -> dict[str, Shares]:
    """The votes for some labels."""
    return {
        name: {label: score for label, score in scores.items() if label in labels}
        for name, scores in by_annotator.items()
    }


def _grouped(votes: Iterable[Vote]) -> dict[tuple[str, str], dict[str, Shares]]:
    """Scores by item and space, then annotator, then label."""
    grouped: dict[tuple[str, str], dict[str, Shares]] = {}
    for vote in votes:
        if vote.annotator == GOLD:
            raise ValueError(f"gold vote on {vote.item!r}; gold is for scorers, leave it out of aggregation")
        scores = grouped.setdefault((vote.item, vote.space), {}).setdefault(vote.annotator, {})
        scores[vote.label] = max(vote.score, scores.get(vote.label, 0.0))
    return grouped


def _shares(by_annotator: dict[str, Shares], weights: Weights | None, best_only: bool = False) -> Shares:
    """Each label's share of all votes; empty where no vote weighs anything."""
    shares: Shares = defaultdict(float)
    # Sorted, so that the order of votes can't change the last bit of a sum.
    for name, scores in sorted(by_annotator.items()):
        if best_only and any(scores.values()):
            scores = {min(scores, key=lambda label: (-scores[label], label)): 1.0}
        whole = sum(sorted(scores.values()))
        for label, score in scores.items():
            shares[label] += _weight(name, weights) * score / whole if whole > 0 else 0.0
    whole = sum(sorted(shares.values()))
    return {label: share / whole for label, share in shares.items()} if whole > 0 else {}


def _weight(name: str, weights: Weights | None) -> float:
    return 1.0 if weights is None else weights.get(name, 1.0)
