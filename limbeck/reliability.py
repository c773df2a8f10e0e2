"""How reliable each annotator is: coverage, estimated accuracy, κ with the labels, confusion matrix.

An annotator counts with its best label of an item. What is right, the label model says: its probabilities,
where it models the annotators (Dawid and Skene 1979; `balanced`), else the label that the votes came to, in
which a strong annotator has a large part. A person's answer is certain. No gold is read.

Where several labels may apply, each yes is judged on its own, too: expected precision and recall. Annotators that err
alike confirm each other: then both are too high, though who is better still shows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from limbeck.agreement import cohen_kappa
from limbeck.labelmodels import Aggregated, VoteTable, applying, balanced, dawid_skene
from limbeck.labelmodels.multilabel import one_hot, spoken, yeses
from limbeck.labelmodels.table import Floats
from limbeck.labelmodels.voting import best_only
from limbeck.schemas import PEOPLE, YES, Label, Vote

MODELLED: dict[str, Callable[[VoteTable], Aggregated]] = {"balanced": balanced, "dawid-skene": dawid_skene}
"""Label models whose probabilities say how likely a label is; the others' are shares of votes."""
FEWEST = 0.5
"""Expected items below which there are none."""


@dataclass(frozen=True, eq=False)
class Reliability:
    """What is believed of one annotator and k labels."""

    annotator: str
    voted: int
    """Items that it voted on."""
    coverage: float
    """Their share of all items."""
    accuracy: float
    """The expected share of its votes that are right."""
    kappa: float | None
    """Cohen's κ with the labels; None where both are one and the same label throughout."""
    labels: tuple[str, ...]
    confusion: Floats
    """[k, k]: the expected number of items of label a (row) on which it voted for b (column)."""

    @property
    def shares(self) -> Floats:
        """[k, k]: how often it votes for b where a is right; rows add up to 1, or to 0 with few votes."""
        voted = self.confusion.sum(axis=1, keepdims=True)
        shares = np.where(voted >= FEWEST, self.confusion / np.maximum(voted, FEWEST), 0)
        return np.asarray(shares, dtype=np.float32)

    def confused(self, top: int) -> list[tuple[str, str, float, float]]:
        """(label, voted for, share of its votes there, expected items): the most frequent errors first."""
        wrong = self.confusion * (1 - np.eye(len(self.labels), dtype=np.float32))
        order = np.argsort(-wrong, axis=None, kind="stable")[:top]
        cells = zip(*(one.tolist() for one in np.unravel_index(order, wrong.shape)), strict=True)
        return [
            (self.labels[a], self.labels[b], float(self.shares[a, b]), float(wrong[a, b]))
            for a, b in cells
            if wrong[a, b] >= FEWEST
        ]


def reliabilities(
    votes: Sequence[Vote], labels: Sequence[Label], items: int, method: str
) -> list[Reliability]:
    """Judge every annotator by what the votes came to.

    Args:
        votes: Of one space, gold left out.
        labels: What was made of them: one label an item; votes on other items don't count.
        items: How many items there are in all.
        method: The label model that made the labels.

    Returns:
        The annotators by name.
    """
    chosen = {label.item: label.label for label in labels}
    names = sorted({vote.label for vote in votes} | set(chosen.values()))
    table = best_only(
        VoteTable.of((vote for vote in votes if vote.item in chosen), items=list(chosen), labels=names)
    )
    probabilities = _believed(votes, chosen, names, method)
    _, m, k = table.shape
    counts = np.asarray(table.votes_of_items.T @ probabilities).reshape(m, k, k).transpose(0, 2, 1)
    accuracies = Aggregated(table, probabilities, method).accuracies
    return [
        _reliability(table, place, (float(accuracies[place]), counts[place]), chosen, items)
        for place in range(m)
    ]


def _reliability(
    table: VoteTable, place: int, estimated: tuple[float, Floats], chosen: Mapping[str, str], items: int
) -> Reliability:
    ours = table.annotator == place
    said = [table.labels[label] for label in table.label[ours]]
    labels = [chosen[table.items[item]] for item in table.item[ours]]
    accuracy, confusion = estimated
    return Reliability(
        annotator=table.annotators[place],
        voted=len(said),
        coverage=len(said) / max(1, items),
        accuracy=accuracy,
        kappa=cohen_kappa(said, labels),
        labels=tuple(table.labels),
        confusion=np.asarray(confusion, dtype=np.float32),
    )


def _believed(votes: Sequence[Vote], chosen: Mapping[str, str], names: list[str], method: str) -> Floats:
    """[items, labels]: how likely each label is."""
    column = {name: place for place, name in enumerate(names)}
    certain = np.eye(len(names), dtype=np.float32)[[column[label] for label in chosen.values()]]
    others = [vote for vote in votes if vote.item in chosen and not vote.annotator.startswith(PEOPLE)]
    if method not in MODELLED or not others:
        return certain
    told = {vote.item for vote in votes if vote.annotator.startswith(PEOPLE)}
    table = VoteTable.of(others, items=list(chosen), known={item: chosen[item] for item in told & chosen.keys()})
    likely = MODELLED[method](table).probabilities
    shares = np.zeros_like(certain)
    shares[:, [column[label] for label in table.labels]] = likely
    return np.asarray(np.where(table.voted_on[:, None], shares, certain), dtype=np.float32)


@dataclass(frozen=True)
class Applicable:
    """What is believed of one annotator's yes, where several labels may apply."""

    annotator: str
    voted: int
    """Items on which it says yes to anything."""
    yes: int
    precision: float
    """The expected share of its yes that is right."""
    recall: float | None
    """The expected share that it says yes to of what applies there, among labels that it ever names; None for nothing."""


def applicables(votes: Sequence[Vote], labels: Sequence[Label], method: str) -> list[Applicable]:
    """Judge the annotators, people left out, by all labels that apply.

    Args:
        votes: Of one space of all-applicable labels, gold left out.
        labels: All that were said to apply.
        method: The label model that decided; the chances of `dawid-skene` are used as such.

    Returns:
        The annotators that say yes to anything, by name.
    """
    told = {vote.item for vote in votes if vote.annotator.startswith(PEOPLE)}
    table = VoteTable.of(
        vote for vote in votes if vote.score >= YES and not vote.annotator.startswith(PEOPLE)
    )
    applies, yes, spoke = one_hot(labels, table.items, table.labels), yeses(table), spoken(table)
    if method == "dawid-skene":
        rows = np.array([item not in told for item in table.items], dtype=bool)
        applies = np.where(rows[:, None], applying(table), applies)
    return [
        _applicable(name, applies, yes[place], spoke[place]) for place, name in enumerate(table.annotators)
    ]


def _applicable(name: str, applies: Floats, yes: Floats, spoke: npt.NDArray[np.bool_]) -> Applicable:
    given, right, there = float(yes.sum()), float((yes * applies).sum()), float(applies[spoke].sum())
    recall = right / there if there >= FEWEST else None
    return Applicable(name, int(yes.any(axis=1).sum()), int(given), right / given, recall)
