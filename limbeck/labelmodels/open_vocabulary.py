"""Open vocabularies: each item has values of its own, and what is right for one says nothing of another (dates, names, amounts of documents).

Data fusion as Dong, Berti-Equille and Srivastava (2009, "Integrating conflicting data: the role of source dependence") do it: an annotator
of accuracy a names the true value with probability a, and else one of n false ones, all alike (ACCU). Accuracies and values are found by
expectation and maximisation, in each space anew. Annotators that have errors in common copy from one another, and count once as
far as they do; values that are nearly the same support each other (ACCUSIM).
"""

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from limbeck.schemas import GOLD, Label, Vote

ABSENT = ""
"""The label of a vote that an item has no value."""
FALSE_VALUES = 10
"""How many wrong values an item could have; n in the paper."""
ACCURACY = 0.7
"""What annotators are thought to be before their votes are seen."""
PRIOR = 8.0
"""How many votes that opinion is worth."""
COPIED = 0.8
"""How much of what a copier says is copied; c in the paper."""
COPIERS = 0.2
"""How likely two annotators are to depend on each other before their votes are seen; α in the paper."""
OF_ONE_SOURCE = 0.9
"""The same of two annotators of one source, such as two readings of one model."""
SUPPORT = 0.5
"""How much of its votes a value lends to one that is just like it; ρ in the paper."""
ROUNDS = 30
SETTLED = 1e-4
LOWEST, HIGHEST = 0.05, 0.99
"""Accuracies are kept between these, so that no single annotator decides all."""
Alike = Callable[[str, str], float]
"""How much two values of an item say the same, in [0, 1]."""
_Said = dict[str, dict[str, float]]
"""The votes on one item: by annotator, its labels and their scores."""


@dataclass(frozen=True)
class Decided:
    """What the votes of all spaces come to."""

    labels: list[Label]
    """One an item and space, in the order of first votes; `ABSENT` where that is likeliest."""
    probabilities: Mapping[tuple[str, str], Mapping[str, float]]
    """By item and space, of each value that was voted for; what is missing to 1 is that none of them is right."""
    accuracies: Mapping[tuple[str, str], float]
    """By annotator and space."""
    copies: Mapping[tuple[str, str, str], float] = field(default_factory=dict)
    """By two annotators, in the alphabet's order, and space: how likely one copies from the other."""


def accu(
    votes: Iterable[Vote],
    *,
    known: Mapping[tuple[str, str], str] | None = None,
    accuracies: Mapping[str, float] | None = None,
    sources: Mapping[str, str] | None = None,
    alike: Mapping[str, Alike] | None = None,
) -> Decided:
    """Decide what is true of each item, and whom to believe.

    Args:
        votes: In any order; a score is how much the vote counts. Several labels of one annotator on an item share its vote.
        known: By item and space, values that are not in doubt: what people have said.
        accuracies: By annotator, what it is thought to be beforehand, where not `ACCURACY`.
        sources: By annotator, what it draws on, such as a model: those of one source are thought to depend on each other until
            their votes say otherwise, and in each space to be as right as their votes in all spaces are.
        alike: By space, how much values say the same; not at all where left out.

    Raises:
        ValueError: There are gold votes among them.
    """
    spaces: dict[str, dict[str, _Said]] = {}
    for vote in votes:
        if vote.annotator == GOLD:
            raise ValueError(f"gold vote on {vote.item!r}; gold is for scorers, leave it out of aggregation")
        if vote.score > 0:
            said = spaces.setdefault(vote.space, {}).setdefault(vote.item, {}).setdefault(vote.annotator, {})
            said[vote.label] = max(vote.score, said.get(vote.label, 0.0))
    known, accuracies, sources, alike = known or {}, accuracies or {}, sources or {}, alike or {}
    made = [_Space(space, said, known, accuracies, sources, alike.get(space)) for space, said in spaces.items()]
    for one in made:
        one.settle()
    if elsewhere := _elsewhere(made, sources.keys() - accuracies.keys()):
        for one in made:
            one.settle(elsewhere)
    results = [one.decided() for one in made]
    return Decided(
        [label for one in results for label in one.labels],
        {key: value for one in results for key, value in one.probabilities.items()},
        {key: value for one in results for key, value in one.accuracies.items()},
        {key: value for one in results for key, value in one.copies.items()},
    )


def _elsewhere(spaces: Iterable["_Space"], models: Collection[str]) -> dict[str, float]:
    """What annotators come to in all spaces, by the votes of others alone.

    Where hardly anybody else votes, an annotator would be right by its own word: a model that names a tip on every receipt.
    """
    right: dict[str, float] = defaultdict(lambda: PRIOR * ACCURACY)
    votes: dict[str, float] = defaultdict(lambda: PRIOR)
    for space in spaces:
        for who in sorted(space.priors.keys() & models):
            for share, supported in space.judged(who):
                right[who] += supported
                votes[who] += share
    return {who: min(HIGHEST, max(LOWEST, right[who] / votes[who])) for who in votes}


class _Space:
    """The votes of one space, with whom they make one believe."""

    def __init__(
        self,
        name: str,
        said: Mapping[str, _Said],
        known: Mapping[tuple[str, str], str],
        priors: Mapping[str, float],
        sources: Mapping[str, str],
        alike: Alike | None,
    ) -> None:
        self.name = name
        self.said = {item: {who: _shared(labels) for who, labels in sorted(by.items())} for item, by in said.items()}
        self.known = {item: known[item, name] for item in said if (item, name) in known}
        annotators = sorted({who for by in said.values() for who in by})
        self.priors = {who: priors.get(who, ACCURACY) for who in annotators}
        self.trust: dict[str, float] = {}
        pairs = itertools.combinations(annotators, 2)
        self.sources = {who: sources.get(who, who) for who in annotators}
        self.akin = {pair for pair in pairs if pair[0] in sources and sources[pair[0]] == sources.get(pair[1])}
        self.copies: dict[tuple[str, str], float] = {}
        self.likeness = {item: _likeness(by, alike) for item, by in self.said.items()} if alike else {}
        self.belief: dict[str, dict[str, float]] = {}

    def settle(self, priors: Mapping[str, float] | None = None) -> None:
        """Expectation and maximisation in turn, from what annotators are thought to be; copying is looked at once there is a first belief."""
        self.priors |= {who: prior for who, prior in (priors or {}).items() if who in self.priors}
        self.trust, self.copies = dict(self.priors), dict.fromkeys(self.akin, OF_ONE_SOURCE)
        for _ in range(ROUNDS):
            self.belief = {item: self._believed(item, by) for item, by in self.said.items()}
            before, self.trust = self.trust, self._trusted()
            copies, self.copies = self.copies, self._copied()
            moved = [abs(before[who] - now) for who, now in self.trust.items()]
            moved += [abs(copies.get(pair, 0.0) - now) for pair, now in self.copies.items()]
            if max(moved, default=0.0) < SETTLED:
                break

    def decided(self) -> Decided:
        """What it has come to."""
        labels = [self._label(item, believed) for item, believed in self.belief.items()]
        return Decided(
            labels,
            {(item, self.name): believed for item, believed in self.belief.items()},
            {(who, self.name): trust for who, trust in self.trust.items()},
            {(one, other, self.name): copied for (one, other), copied in self.copies.items()},
        )

    def _label(self, item: str, believed: Mapping[str, float]) -> Label:
        label, sure = min(believed.items(), key=lambda one: (-round(one[1], 9), one[0]))
        return Label(item=item, space=self.name, label=label, confidence=min(1.0, sure), method="accu")

    def _believed(self, item: str, by: _Said) -> dict[str, float]:
        """The probability of each value that was voted for; a value that nobody named may be the true one, too."""
        if item in self.known:
            return {label: float(label == self.known[item]) for label in {self.known[item], *_labels(by)}}
        counts = self._counts(item, by)
        unseen = max(1, FALSE_VALUES + 1 - len(counts))
        highest = max(0.0, *counts.values())
        weights = {label: math.exp(count - highest) for label, count in counts.items()}
        whole = sum(weights.values()) + unseen * math.exp(-highest)
        return {label: weight / whole for label, weight in weights.items()}

    def _counts(self, item: str, by: _Said) -> dict[str, float]:
        """Vote counts: what each annotator's accuracy is worth, less what it copied, and what similar values lend."""
        counts: dict[str, float] = dict.fromkeys(sorted(_labels(by)), 0.0)
        heard: dict[str, list[str]] = defaultdict(list)
        for who in sorted(by, key=lambda who: (-round(self.trust[who], 9), who)):
            for label, share in by[who].items():
                own = math.prod(1 - COPIED * self._copy(who, other) for other in heard[label])
                counts[label] += share * own * math.log(FALSE_VALUES * self.trust[who] / (1 - self.trust[who]))
                heard[label].append(who)
        likeness = self.likeness.get(item)
        if not likeness:
            return counts
        return {label: count + SUPPORT * sum(likeness.get((label, other), 0.0) * more for other, more in counts.items() if other != label) for label, count in counts.items()}

    def _copy(self, one: str, other: str) -> float:
        return self.copies.get((one, other) if one < other else (other, one), 0.0)

    def _trusted(self) -> dict[str, float]:
        """Accuracies: the expected share of votes that are right, and what was thought before; a source that is alone on an item proves nothing."""
        right, given = {who: PRIOR * prior for who, prior in self.priors.items()}, dict.fromkeys(self.priors, PRIOR)
        for item, by in self.said.items():
            if item not in self.known and len({self.sources[who] for who in by}) < 2:
                continue
            for who, labels in by.items():
                for label, share in labels.items():
                    right[who] += share * self._supported(item, label, self.belief[item])
                    given[who] += share
        return {who: min(HIGHEST, max(LOWEST, right[who] / given[who])) for who in self.priors}

    def judged(self, who: str) -> Iterator[tuple[float, float]]:
        """An annotator's votes on what others speak of, too: how much each counts, as far as those are sure, and how right they make it."""
        for item, by in self.said.items():
            others = {one: labels for one, labels in by.items() if self.sources[one] != self.sources[who]}
            if who in by and (others or item in self.known):
                believed = self._believed(item, others)
                sure = min(1.0, sum(believed.values()))
                yield from ((share * sure, share * min(sure, self._supported(item, label, believed))) for label, share in by[who].items())

    def _supported(self, item: str, label: str, believed: Mapping[str, float]) -> float:
        """How right a value is: a value that is nearly the true one is nearly right."""
        likeness = self.likeness.get(item, {})
        return min(1.0, believed.get(label, 0.0) + sum(SUPPORT * likeness.get((label, other), 0.0) * more for other, more in believed.items() if other != label))

    def _copied(self) -> dict[tuple[str, str], float]:
        """How likely two annotators depend on each other: independent ones have hardly any error in common."""
        return {pair: self._dependence(*pair) for pair in itertools.combinations(self.priors, 2)}

    def _dependence(self, one: str, other: str) -> float:
        true = false = apart = 0.0
        for item, by in self.said.items():
            if one in by and other in by:
                both = {label: min(share, by[other].get(label, 0.0)) for label, share in by[one].items()}
                right = sum(share * self.belief[item].get(label, 0.0) for label, share in both.items())
                true, false, apart = true + right, false + sum(both.values()) - right, apart + 1 - min(1.0, sum(both.values()))
        a, b = self.trust[one], self.trust[other]
        same, wrong = a * b, (1 - a) * (1 - b) / FALSE_VALUES
        mean = (a + b) / 2
        free = true * math.log(same) + false * math.log(wrong) + apart * math.log(1 - same - wrong)
        bound = true * math.log(mean * COPIED + same * (1 - COPIED)) + false * math.log((1 - mean) * COPIED + wrong * (1 - COPIED))
        bound += apart * math.log((1 - same - wrong) * (1 - COPIED))
        prior = OF_ONE_SOURCE if (one, other) in self.akin else COPIERS
        odds = math.log(prior / (1 - prior)) + bound - free
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))


def _shared(labels: Mapping[str, float]) -> dict[str, float]:
    """An annotator's labels on an item, of which it has no more than one vote."""
    whole = max(1.0, sum(labels.values()))
    return {label: score / whole for label, score in sorted(labels.items())}


def _labels(by: _Said) -> set[str]:
    return {label for labels in by.values() for label in labels}


def _likeness(by: _Said, alike: Alike) -> dict[tuple[str, str], float]:
    return dict(_likenesses(sorted(_labels(by) - {ABSENT}), alike))


def _likenesses(labels: list[str], alike: Alike) -> Iterator[tuple[tuple[str, str], float]]:
    for one, other in itertools.permutations(labels, 2):
        yield (one, other), alike(one, other)
