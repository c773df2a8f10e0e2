import itertools
import json
import math
import os
import re
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from limbeck.errors import UnreadableLabel
from limbeck.labelmodels import (
    NUMBERS,
    RANKINGS,
    SPANS,
    Aggregated,
    Certificate,
    Fused,
    Kind,
    VoteTable,
    applying,
    balanced,
    certify,
    choose_applying,
    dawid_skene,
    fit,
    fuse,
    majority,
    soft,
    weighted,
)
from limbeck.labelmodels.certificate import smallest_margin
from limbeck.labelmodels.metric import LEAST_ERROR, errors
from limbeck.schemas import Vote

DATA = Path(os.environ.get("LIMBECK_DATA", "../shared/data"))
V = TypeVar("V", bound=Hashable)
METHODS = ("auto", "soft", "majority", "weighted", "dawid-skene", "balanced")


def planted(
    accuracies: list[float], n: int = 400, k: int = 4, seed: int = 0, asked: float = 1.0
) -> tuple[VoteTable, np.ndarray[Any, Any]]:
    """Votes of annotators that err alike on all labels, each asked about a share of the items; and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    said = np.array([np.where(rng.random(n) < a, truth, (truth + rng.integers(1, k, n)) % k) for a in accuracies])
    by, item = np.nonzero(rng.random(said.shape) < asked)
    table = VoteTable.of_arrays(item, by, said[by, item])
    return table, truth[np.asarray(table.items)]


def right(result: Aggregated, truth: np.ndarray[Any, Any]) -> float:
    return float((result.chosen == truth).mean())


# ---- the table -------------------------------------------------------------------------------------------------------


def test_a_table_of_votes() -> None:
    votes = [
        Vote(item="d2", space="s", annotator="llm", label="b"),
        Vote(item="d1", space="s", annotator="rule", label="a", score=0.2),
        Vote(item="d1", space="s", annotator="rule", label="b", score=0.6),
        Vote(item="d1", space="s", annotator="rule", label="b", score=0.1),
        Vote(item="d1", space="s", annotator="llm", label="a", score=0.0),
        Vote(item="d1", space="s", annotator="llm", label="unknown"),
    ]
    table = VoteTable.of(votes, items=["d1", "d2", "d3"], labels=["a", "b"])
    assert (table.items, table.annotators, table.labels) == (["d1", "d2", "d3"], ["llm", "rule"], ["a", "b"])
    rows = list(zip(table.item.tolist(), table.annotator.tolist(), table.label.tolist(), table.share.tolist(), strict=True))
    assert rows == [(0, 1, 0, 0.25), (0, 1, 1, 0.75), (1, 0, 1, 1.0)]
    assert table.coverage.tolist() == pytest.approx([1 / 3, 1 / 3])
    assert fit(table, "soft").probabilities.tolist() == [[0.25, 0.75], [0.0, 1.0], [0.5, 0.5]]
    assert fit(table, "majority").chosen.tolist() == [1, 1, -1]


def test_gold_never_enters() -> None:
    with pytest.raises(ValueError, match="gold vote on 'd'"):
        VoteTable.of([Vote(item="d", space="s", annotator="gold", label="a")])


@pytest.mark.parametrize("method", METHODS)
def test_no_votes_no_labels(method: Any) -> None:
    table = VoteTable.of([], items=["d1", "d2"], labels=["a", "b"])
    result = fit(table, method)
    assert result.probabilities.tolist() == [[0.5, 0.5]] * 2
    assert result.chosen.tolist() == [-1, -1]


EMPTY = {
    "no votes": VoteTable.of([]),
    "items without votes": VoteTable.of([], items=["d"]),
    "labels without votes": VoteTable.of([], labels=["a", "b"]),
    "a vote for none of the labels": VoteTable.of([Vote(item="d", space="s", annotator="a", label="b")], labels=["a"]),
    "a vote, and no label": VoteTable.of([Vote(item="d", space="s", annotator="a", label="b")], labels=[]),
    "a vote that weighs nothing": VoteTable.of([Vote(item="d", space="s", annotator="a", label="b", score=0.0)]),
    "no rows": VoteTable.of_matrix(np.zeros((0, 3), dtype=int), 0),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("table", EMPTY.values(), ids=EMPTY)
def test_an_empty_table_comes_to_nothing(table: VoteTable, method: Any) -> None:
    n, m, k = table.shape
    result = fit(table, method)
    assert (result.probabilities == np.full((n, k), 1 / max(1, k), dtype=np.float32)).all()
    assert result.chosen.tolist() == [-1] * n
    assert result.accuracies.tolist() == [0.0] * m
    assert not result.confusions.any()
    assert certify(result) == Certificate(holds=False, margin=0.0, differing=0.0)
    assert applying(table).shape == (n, k)


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_a_score_is_a_number(score: float) -> None:
    with pytest.raises(ValidationError, match="finite number"):
        Vote(item="d", space="s", annotator="a", label="b", score=score)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40), st.sampled_from(METHODS))
def test_probabilities_add_up_and_only_items_with_votes_have_labels(rows: list[tuple[int, int, int]], method: Any) -> None:
    item, by, label = (np.array(column) for column in zip(*rows, strict=True))
    result = fit(VoteTable.of_arrays(item, by, label), method)
    n, m, k = result.table.shape
    assert result.probabilities.shape == (n, k)
    assert result.probabilities.sum(axis=1) == pytest.approx(np.ones(n), abs=1e-4)
    assert (result.chosen >= 0).all()
    assert result.confusions.shape == (m, k, k)
    assert ((result.accuracies >= 0) & (result.accuracies <= 1 + 1e-6)).all()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40), st.randoms())
def test_the_order_of_votes_does_not_matter(rows: list[tuple[int, int, int]], draw: Any) -> None:
    turned = list(rows)
    draw.shuffle(turned)
    ours, theirs = (
        fit(VoteTable.of_arrays(*(np.array(column) for column in zip(*some, strict=True))), "dawid-skene")
        for some in (rows, turned)
    )
    assert ours.probabilities == pytest.approx(theirs.probabilities, abs=1e-5)


# ---- the models ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [weighted, balanced, dawid_skene])
def test_models_learn_whom_to_believe(model: Any) -> None:
    table, truth = planted([0.95, 0.4, 0.4, 0.4, 0.4], seed=1)
    result = model(table)
    assert right(result, truth) > right(majority(table), truth) + 0.05
    assert result.accuracies[0] > result.accuracies[1:].max() + 0.15
    assert result.accuracies[1:] == pytest.approx([0.4] * 4, abs=0.15)


def test_dawid_skene_learns_who_takes_one_label_for_another() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 600)
    swaps = np.where(truth == 2, 1, truth)  # calls 2 always 1
    said = np.stack([swaps, np.where(rng.random(600) < 0.7, truth, rng.integers(0, 3, 600)), np.where(rng.random(600) < 0.7, truth, rng.integers(0, 3, 600))])
    by, item = np.nonzero(np.ones_like(said))
    result = dawid_skene(VoteTable.of_arrays(item, by, said[by, item]))
    assert result.confusions[0, 2, 1] > 0.9
    assert right(result, truth) > 0.88


def test_the_class_balance_decides_where_votes_are_torn() -> None:
    rows = [(i, 0, 0) for i in range(8)] + [(i, 1, 0) for i in range(8)] + [(8, 0, 0), (8, 1, 1), (9, 0, 1), (9, 1, 1)]
    item, by, label = (np.array(column) for column in zip(*rows, strict=True))
    table = VoteTable.of_arrays(item, by, label)
    assert balanced(table, [0.9, 0.1]).probabilities[8, 0] > 0.5
    assert balanced(table, [0.1, 0.9]).probabilities[8, 0] < 0.5


def test_rules_that_know_one_label_each_do_not_make_all_items_one_label() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 1000)
    by, item, label = [], [], []
    for j, (says, hit, miss) in enumerate([(1, 0.4, 0.02), (1, 0.3, 0.02), (1, 0.3, 0.01), (0, 0.4, 0.1), (0, 0.5, 0.2)]):
        votes = np.flatnonzero(rng.random(1000) < np.where(truth == says, hit, miss))
        by += [j] * len(votes)
        item += votes.tolist()
        label += [says] * len(votes)
    table = VoteTable.of_arrays(np.array(item), np.array(by), np.array(label))
    result = balanced(table)
    assert right(result, truth[np.asarray(table.items)]) > 0.8
    assert 0.3 < result.probabilities[:, 0].mean() < 0.7


# ---- when counting is best, and what to use ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weights", "margin"),
    [
        pytest.param([1.0, 1.0, 1.0], 1.0, id="equals outweigh a smaller number of equals by one"),
        pytest.param([3.0, 1.0, 1.0], -1.0, id="one expert outweighs two laymen"),
        pytest.param([1.9, 1.0, 1.0], 0.1, id="one good annotator does not outweigh two"),
        pytest.param([1.0, 1.0, -0.5], -0.5, id="somebody who is wrong more often than right"),
        pytest.param([2.0, 1.0], 1.0, id="two can only agree, be alone or be torn"),
        pytest.param([], 0.0, id="nobody"),
    ],
)
def test_the_smallest_margin_of_a_majority(weights: list[float], margin: float) -> None:
    assert smallest_margin(*[np.array(weights, dtype=np.float32)] * 2) == pytest.approx(margin)


@settings(deadline=None)
@given(st.lists(st.floats(-2, 4), min_size=1, max_size=6))
def test_no_minority_outweighs_a_majority_where_the_margin_is_above_0(weights: list[float]) -> None:
    m, margin = len(weights), smallest_margin(*[np.array(weights, dtype=np.float32)] * 2)
    gaps = []
    for votes in np.ndindex(*[3] * m):  # 0: for A, 1: for B, 2: abstains
        a = [w for w, vote in zip(weights, votes, strict=True) if vote == 0]
        b = [w for w, vote in zip(weights, votes, strict=True) if vote == 1]
        if len(a) > len(b):
            gaps.append(sum(a) - sum(b))
    assert margin == pytest.approx(min(gaps), abs=1e-4)


def test_auto_counts_votes_of_equals_and_says_why() -> None:
    result = fit(planted([0.8, 0.8, 0.8, 0.8, 0.8], n=4000)[0])
    assert result.method == "majority"
    assert "no minority of annotators outweighs a majority (by " in result.why


def test_auto_weighs_an_expert_among_laymen() -> None:
    table, truth = planted([0.95, 0.4, 0.4, 0.4, 0.4], seed=1)
    result = fit(table)
    assert result.method == "balanced"
    assert "some minority of annotators outweighs a majority" in result.why
    assert not certify(result).holds
    assert 0 < certify(result).differing < 0.05
    assert right(result, truth) > right(majority(table), truth) + 0.1


def test_auto_takes_confusion_matrices_where_they_explain_more() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 900)
    mixes_up = [np.where((truth == label) & (rng.random(900) < 0.8), (label + 1) % 3, truth) for label in (0, 1, 2, 0)]
    mixes_up = [np.where(rng.random(900) < 0.25, rng.integers(0, 3, 900), said) for said in mixes_up]
    table = VoteTable.of_matrix(np.stack(mixes_up, axis=1), 3)
    result = fit(table)
    assert result.method == "dawid-skene"
    assert result.why.startswith("confusion matrices explain the votes better than one competence each (BIC ")
    assert right(result, truth) > right(majority(table), truth)


def test_auto_does_not_ask_matrices_about_rules_that_know_one_label_each() -> None:
    table = VoteTable.of_arrays(np.array([0, 0, 0, 1, 1, 2, 2] * 9), np.array([0, 1, 2, 0, 2, 1, 2] * 9), np.array([0, 1, 1, 0, 1, 1, 1] * 9))
    assert "100% of the votes come from annotators that vote for one label alone" in fit(table).why

def test_auto_averages_votes_that_hardly_overlap() -> None:
    result = fit(planted([0.9, 0.6, 0.6], asked=0.3)[0])
    assert result.method == "soft"
    assert result.why.endswith("too few to tell who is right: votes are averaged")


# ---- several labels, and labels with a distance ------------------------------------------------------------------------


def test_several_labels_an_item() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random((300, 5)) < 0.3
    table_rows = []
    for j, (hit, false) in enumerate([(0.95, 0.02), (0.6, 0.3), (0.6, 0.3), (0.6, 0.3)]):
        said = np.where(truth, rng.random(truth.shape) < hit, rng.random(truth.shape) < false)
        table_rows += [(i, j, label) for i, label in zip(*np.nonzero(said), strict=True)]
    item, by, label = (np.array(column) for column in zip(*table_rows, strict=True))
    table = VoteTable.of_arrays(item, by, label)
    found = applying(table) >= 0.5
    gold = truth[np.asarray(table.items)]
    assert (found == gold).mean() > 0.9
    counted = np.zeros(gold.shape)
    np.add.at(counted, (table.item, table.label), 1)
    assert (found == gold).mean() > ((counted >= 2) == gold).mean() + 0.05


VOTERS = {
    "two annotators": ([(1.0, range(5))] * 2, "soft", "2 annotators give 2.0 votes a label of an item, too few"),
    "three": ([(1.0, range(5))] * 3, "dawid-skene", "3 annotators give 3.0 votes a label of an item, enough to tell"),
    "three that hardly meet": ([(0.3, range(5))] * 3, "soft", "3 annotators give 1.3 votes a label of an item, too few"),
    "five that know one label each": ([(1.0, [j]) for j in range(5)], "soft", "5 annotators give 1.0 votes a label"),
    "nobody": ([], "soft", "0 annotators give 0.0 votes a label of an item, too few"),
}


@pytest.mark.parametrize(("voters", "method", "why"), VOTERS.values(), ids=VOTERS)
def test_several_labels_are_averaged_where_too_few_judge_each(voters: list[tuple[float, Sequence[int]]], method: str, why: str) -> None:
    rng = np.random.default_rng(0)
    votes = [
        Vote(item=str(i), space="s", annotator=str(j), label=str(label))
        for j, (asked, known) in enumerate(voters)
        for i in np.flatnonzero(rng.random(400) < asked).tolist()
        for label in known
    ]
    chosen, said = choose_applying(VoteTable.of(votes))
    assert chosen == method and said.startswith(why)


def fused(said: Mapping[str, Mapping[str, V]], kind: Kind[V]) -> dict[str, Fused[V]]:
    """What is made of values by item, then annotator, written as votes."""
    votes = [
        Vote(item=item, space="s", annotator=name, label=kind.write(value))
        for item, given in said.items()
        for name, value in given.items()
    ]
    return {one.item: one for one in fuse(votes, kind)}


def test_spans_numbers_and_rankings_by_example() -> None:
    spans = {"d": {"a": (0, 10), "b": (1, 11), "c": (50, 60)}}
    assert fused(spans, SPANS)["d"].value in ((0, 10), (1, 11), (0, 11), (1, 10))
    assert fused({"d": {"a": 1.0, "b": 3.0}}, NUMBERS)["d"].value == 2.0
    rankings = {"d": {"a": ("x", "y", "z"), "b": ("x", "z", "y"), "c": ("y", "x", "z")}}
    assert fused(rankings, RANKINGS)["d"].value == ("x", "y", "z")
    assert fused({"d": {"a": 7.0}, "e": {}}, NUMBERS)["d"].spread == 0.0
    assert "e" not in fused({"d": {"a": 7.0}, "e": {}}, NUMBERS)


def test_numbers_of_the_careful_weigh_more() -> None:
    rng = np.random.default_rng(0)
    truth = rng.uniform(0, 100, 200)
    votes = {
        str(i): {name: float(value + rng.normal() * noise) for name, noise in (("a", 1), ("b", 8), ("c", 8))}
        for i, value in enumerate(truth)
    }
    found = fused(votes, NUMBERS)
    error = np.mean([abs(found[str(i)].value - value) for i, value in enumerate(truth)])
    mean = np.mean([abs(np.mean(list(votes[str(i)].values())) - value) for i, value in enumerate(truth)])
    assert error < mean / 2


@settings(deadline=None)
@given(st.lists(st.permutations(["x", "y", "z", "w"]), min_size=1, max_size=4))
def test_a_ranking_is_one_of_all_that_were_ranked(orders: list[list[str]]) -> None:
    (found,) = fused({"d": {str(n): tuple(order) for n, order in enumerate(orders)}}, RANKINGS).values()
    assert sorted(found.value) == ["w", "x", "y", "z"]
    assert found.spread >= 0


def test_a_short_ranking_is_not_next_to_all_others() -> None:
    found = fused({"d": {"a": (), "b": ("x",), "c": ("x", "y", "z"), "d": ("x", "y", "z")}}, RANKINGS)
    assert found["d"].value == ("x", "y", "z")


def test_values_in_each_space_with_shares_and_without_votes_that_weigh_nothing() -> None:
    votes = [
        Vote(item="d2", space="age", annotator="a", label="40"),
        Vote(item="d1", space="age", annotator="a", label="10", score=0.75),
        Vote(item="d1", space="age", annotator="a", label="30", score=0.25),
        Vote(item="d2", space="pay", annotator="a", label="1e3"),
        Vote(item="d1", space="pay", annotator="a", label="5", score=0.0),
    ]
    assert fuse(votes, NUMBERS) == [
        Fused("d2", "age", "40", 40.0, 0.0),
        Fused("d1", "age", "15", 15.0, 75.0),
        Fused("d2", "pay", "1000", 1000.0, 0.0),
    ]
    assert fuse([], NUMBERS) == []


def test_who_is_careful_in_one_space_need_not_be_in_another() -> None:
    rng = np.random.default_rng(0)
    noise = {"s": {"a": 1, "b": 8, "c": 8}, "t": {"a": 8, "b": 8, "c": 1}}
    votes = [
        Vote(item=str(i), space=space, annotator=name, label=repr(float(rng.normal() * scale)))
        for space, scales in noise.items()
        for i in range(200)
        for name, scale in scales.items()
    ]
    found = fuse(votes, NUMBERS)
    assert [(one.item, one.space) for one in found] == [(str(i), space) for space in "st" for i in range(200)]
    assert {space: np.mean([abs(one.value) for one in found if one.space == space]) < 1.5 for space in "st"} == {"s": True, "t": True}


def errors_by_all_triplets(votes: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """As the paper has it: every pair of others, whether they ever voted together or not."""
    names = sorted({name for said in votes.values() for name in said})
    both = {
        pair: [(said[pair[0]] - said[pair[1]]) ** 2 for said in votes.values() if {*pair} <= said.keys()]
        for pair in itertools.permutations(names, 2)
    }
    apart = {pair: float(np.mean(distances)) for pair, distances in both.items() if distances}
    found = {}
    for a in names:
        pairs = itertools.combinations([name for name in names if name != a], 2)
        halves = [(apart[a, b] + apart[a, c] - apart[b, c]) / 2 for b, c in pairs if {(a, b), (a, c), (b, c)} <= apart.keys()]
        found[a] = max(0.0, float(np.median(halves))) if halves else None
    known = [error for error in found.values() if error is not None]
    mean = float(np.mean(known)) if known else 0.0
    return {a: 1.0 if error is None or mean <= 0 else max(error / mean, LEAST_ERROR) for a, error in found.items()}


@settings(deadline=None)
@given(st.dictionaries(st.integers(0, 9).map(str), st.dictionaries(st.integers(0, 8).map(str), st.integers(0, 9).map(float))))
def test_few_annotators_are_judged_by_all_triplets(votes: dict[str, dict[str, float]]) -> None:
    given = {item: {name: [(value, 1.0)] for name, value in said.items()} for item, said in votes.items()}
    assert errors(given, NUMBERS) == pytest.approx(errors_by_all_triplets(votes), rel=1e-6, abs=1e-9)


def crowd(annotators: int, items: int, asked: int) -> dict[str, dict[str, float]]:
    """Each item numbered by a few of a crowd, every third of whom is careless."""
    rng = np.random.default_rng(0)
    drawn = [(rng.normal() * 10, rng.choice(annotators, asked, replace=False).tolist()) for _ in range(items)]
    return {
        str(i): {f"{name:03}": float(truth + rng.normal() * (8 if name % 3 == 0 else 1)) for name in names}
        for i, (truth, names) in enumerate(drawn)
    }


def test_a_crowd_is_judged_by_a_part_of_its_triplets() -> None:
    found = errors({item: {name: [(value, 1.0)] for name, value in said.items()} for item, said in crowd(300, 6000, 5).items()}, NUMBERS)
    careless = [error for name, error in found.items() if int(name) % 3 == 0]
    careful = [error for name, error in found.items() if int(name) % 3]
    assert (len(careless), len(careful)) == (100, 200)
    assert min(careless) > max(careful)


def test_a_part_of_the_triplets_tells_what_all_tell() -> None:
    votes = crowd(80, 400, 20)
    found = errors({item: {name: [(value, 1.0)] for name, value in said.items()} for item, said in votes.items()}, NUMBERS)
    assert found == pytest.approx(errors_by_all_triplets(votes), rel=0.15, abs=0.15)


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 9)] * 3, st.floats(0, 1)), max_size=20), st.sampled_from([1e-6, 1.0, 1e6]), st.randoms())
def test_neither_the_order_of_votes_nor_the_unit_of_numbers_matters(rows: list[tuple[int, int, int, float]], unit: float, draw: Any) -> None:
    votes = [Vote(item=str(i), space="s", annotator=str(by % 4), label=str(said), score=score) for i, by, said, score in rows]
    turned = [vote.model_copy(update={"label": repr(float(vote.label) * unit)}) for vote in votes]
    draw.shuffle(turned)
    ours, theirs = ({one.item: one.value for one in fuse(some, NUMBERS)} for some in (votes, turned))
    assert theirs == pytest.approx({item: value * unit for item, value in ours.items()}, rel=1e-6, abs=1e-9 * unit)


@given(st.tuples(st.integers(0, 99), st.integers(0, 99)), st.floats(-1e99, 1e99), st.lists(st.text(), unique=True))
def test_values_are_read_as_they_were_written(ends: tuple[int, int], number: float, names: list[str]) -> None:
    span = (min(ends), max(ends))
    assert SPANS.read(SPANS.write(span)) == span
    assert NUMBERS.read(NUMBERS.write(number)) == number
    assert RANKINGS.read(RANKINGS.write(tuple(names))) == tuple(names)


UNREADABLE = [
    (SPANS, "17", "label '17' is no span; write the first character and the one after the last, as in '3:17'"),
    *((SPANS, label, "as in '3:17'") for label in ("17:3", "3:17 ", "-1:4", "3-17", "", "1:" + "9" * 5000)),
    (NUMBERS, "12,5", "label '12,5' is no number; write digits, below 1e+100, as in '12.5'"),
    *((NUMBERS, label, "as in '12.5'") for label in ("nan", "inf", "-1e200", "", "twelve")),
    (RANKINGS, "a > b", """label 'a > b' is no ranking; write a JSON list of names, each once, as in '["a", "b"]'"""),
    *((RANKINGS, label, """as in '["a", "b"]'""") for label in ('["a", "a"]', "[1, 2]", '"ab"', "{}", "")),
    (RANKINGS, "[" * 100_000, """as in '["a", "b"]'"""),
]


@pytest.mark.parametrize(("kind", "label", "said"), UNREADABLE)
def test_what_a_vote_can_not_be_read_as(kind: Kind[Any], label: str, said: str) -> None:
    with pytest.raises(UnreadableLabel, match=re.escape(said) + "$"):
        fuse([Vote(item="d", space="s", annotator="a", label=label)], kind)


def test_gold_is_no_value() -> None:
    with pytest.raises(ValueError, match="gold vote on 'd'"):
        fuse([Vote(item="d", space="s", annotator="gold", label="1")], NUMBERS)


def test_crowd_answers_of_medical_relations() -> None:
    path = DATA / "crowd_medrel" / "dev.jsonl"
    if not path.exists():
        pytest.skip(f"no {path}; set LIMBECK_DATA to the folder of the data")
    rows = [one for line in path.read_text("utf-8").splitlines() if (one := json.loads(line))["adjudicated"]]
    votes = [
        (number, vote["w"], int(bool(set(vote["options"]) & set(row["yes_options"]))))
        for number, row in enumerate(rows)
        for vote in row["votes"]
    ]
    item, by, label = (np.array(column) for column in zip(*votes, strict=True))
    result = fit(VoteTable.of_arrays(item, by, label), "dawid-skene")
    gold = np.array([row["adjudicated"] == 1 for row in rows])
    assert (result.chosen.astype(bool) == gold).mean() > 0.8


@pytest.mark.parametrize("method", ["weighted", "balanced", "dawid-skene"])
def test_what_is_known_of_some_items_tells_who_is_right_on_the_others(method: Any) -> None:
    right = [n % 3 for n in range(36)]
    wrong = [(n + 1) % 3 for n in right]
    said = {"copy 1": wrong, "copy 2": wrong, "copy 3": wrong, "good": right}
    votes = [
        Vote(item=str(n), space="s", annotator=name, label="abc"[label]) for name, row in said.items() for n, label in enumerate(row)
    ]
    known = {str(n): "abc"[right[n]] for n in range(30)}
    blind, told = fit(VoteTable.of(votes), method), fit(VoteTable.of(votes, known=known), method)
    assert blind.chosen.tolist() == wrong
    assert told.chosen.tolist() == right


def test_a_known_label_that_nobody_votes_for_counts_and_unknown_items_do_not() -> None:
    votes = [Vote(item=item, space="s", annotator="a", label="x") for item in ("1", "2")]
    table = VoteTable.of(votes, known={"1": "y", "9": "z"})
    assert (table.labels, table.known) == (["x", "y"], {0: 1})
    assert soft(table).probabilities.tolist() == [[0, 1], [1, 0]]
