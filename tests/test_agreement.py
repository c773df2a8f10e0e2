import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from limbeck.agreement import (
    Agreement,
    annotator_agreement,
    bootstrap_interval,
    cohen_kappa,
    fleiss_kappa,
    mean_pairwise_kappa,
    wilson_interval,
)
from limbeck.schemas import Vote

# Fleiss 1971, table 1: 30 patients, 6 diagnoses each, 5 categories; κ = 0.430 there.
PATIENTS = (
    "00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031 "
    "00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006"
)
# The textbook example: 10 subjects, 14 raters (E is 14), 5 categories; κ = 0.210.
SUBJECTS = "0000E 02642 00356 03920 22811 77000 32630 25322 65210 02237"

LABELS = st.sampled_from("abc")
TABLES = st.lists(st.lists(LABELS, max_size=5), max_size=12)


def ratings(table: str) -> list[list[str]]:
    """Each item's labels, from the counts of each category in hexadecimal."""
    return [["abcde"[place] for place, count in enumerate(row) for _ in range(int(count, 16))] for row in table.split()]


@pytest.mark.parametrize(("table", "raters", "published"), [(PATIENTS, 6, 0.430), (SUBJECTS, 14, 0.210)])
def test_fleiss_gives_the_published_figures(table: str, raters: int, published: float) -> None:
    items = ratings(table)
    assert {len(labels) for labels in items} == {raters}
    assert round(fleiss_kappa(items) or 0, 3) == published


@given(st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=40))
def test_cohen_is_sklearns(pairs: list[tuple[str, str]]) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    assume(len({*first, *second}) > 1)
    assert cohen_kappa(first, second) == pytest.approx(cohen_kappa_score(first, second))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("abab", "abab", 1.0),
        ("abab", "baba", -1.0),
        ("aabb", "abab", 0.0),
        ("", "", None),
        ("aaa", "aaa", None),
        ("aaa", "bbb", 0.0),
        ("aaa", "aa", None),
    ],
)
def test_cohen_at_its_ends(first: str, second: str, expected: float | None) -> None:
    assert cohen_kappa(list(first), list(second)) == expected


def test_items_with_many_labels_weigh_no_more_than_others() -> None:
    # Seen: (0 + 1) / 2; by chance: a 1/4, b 3/4.
    assert fleiss_kappa([["a", "b"], ["b"] * 5]) == pytest.approx((1 / 2 - 5 / 8) / (3 / 8))


@pytest.mark.parametrize(
    ("items", "expected"),
    [([], None), (["a", "b"], None), (["aa", "aa"], None), (["aa", "bb"], 1.0), (["ab", "ab"], -1.0), (["aa", "bb", "a"], 1.0)],
)
def test_fleiss_at_its_ends(items: list[str], expected: float | None) -> None:
    assert fleiss_kappa([list(labels) for labels in items]) == expected


@given(TABLES, st.randoms(use_true_random=False))
def test_fleiss_depends_on_neither_order_nor_names_nor_single_ratings(items: list[list[str]], draw: random.Random) -> None:
    renamed = [[f"label {label}" for label in draw.sample(labels, len(labels))] for labels in items] + [["label alone"]]
    draw.shuffle(renamed)
    assert fleiss_kappa(renamed) == pytest.approx(fleiss_kappa(items))


@given(TABLES)
def test_kappa_is_a_number_between_minus_one_and_one_or_nothing(items: list[list[str]]) -> None:
    value = fleiss_kappa(items)
    assert value is None or -1.0 - 1e-12 <= value <= 1.0 + 1e-12


def test_the_mean_is_over_pairs_that_share_items() -> None:
    items = [{"a": "x", "b": "x"}, {"a": "y", "b": "y", "c": "y"}, {"b": "x", "c": "y"}, {"c": "x"}]
    ab, bc = 1.0, cohen_kappa(["y", "x"], ["y", "y"])
    assert bc is not None
    # a and c share one item alone, on which both say y: nothing to tell from chance.
    assert mean_pairwise_kappa(items) == pytest.approx((ab + bc) / 2)
    assert mean_pairwise_kappa([{"a": "x"}, {"b": "x"}]) is None


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def test_bootstrap_of_a_mean_is_the_normal_interval() -> None:
    draw = random.Random(0)
    values = [draw.gauss(3.0, 2.0) for _ in range(200)]
    error = math.sqrt(sum((value - mean(values)) ** 2 for value in values)) / len(values)
    low, high = bootstrap_interval(mean, values, seed=1, rounds=4000)
    assert low is not None and high is not None
    assert (mean(values) - low) / error == pytest.approx(1.96, abs=0.15)
    assert (high - mean(values)) / error == pytest.approx(1.96, abs=0.15)


def test_bootstrap_is_repeatable_and_leaves_out_what_is_not_defined() -> None:
    items = [1.0, 2.0, 5.0, 9.0]
    assert bootstrap_interval(mean, items, seed=3) == bootstrap_interval(mean, items, seed=3)
    assert bootstrap_interval(mean, items, seed=3) != bootstrap_interval(mean, items, seed=4)
    assert bootstrap_interval(mean, [], seed=0) == (None, None)
    assert bootstrap_interval(mean, [4.0], seed=0) == (4.0, 4.0)
    assert bootstrap_interval(lambda _: None, items, seed=0) == (None, None)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_bounds_are_the_shares_that_just_fit(counts: tuple[int, int]) -> None:
    successes, n = counts
    seen, (low, high) = successes / n, wilson_interval(successes, n)
    assert 0.0 <= low <= seen + 1e-12 and seen - 1e-12 <= high <= 1.0 and low < high
    for bound in (low, high):
        if 1e-12 < bound < 1 - 1e-12:
            assert abs(seen - bound) == pytest.approx(1.959963984540054 * math.sqrt(bound * (1 - bound) / n), abs=1e-9)
    assert wilson_interval(n - successes, n) == pytest.approx((1 - high, 1 - low))


def test_wilson_of_nothing_is_everything() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)
    assert wilson_interval(0, 10) == pytest.approx((0.0, 0.27753), abs=1e-5)
    assert wilson_interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)


def vote(item: int, annotator: str, label: str, score: float = 1.0) -> Vote:
    return Vote(item=f"d{item}", space="s", annotator=annotator, label=label, score=score)


def votes_of_three(n: int) -> list[Vote]:
    """Two that agree on 9 of 10 items; one that draws lots."""
    draw, votes = random.Random(0), []
    for item in range(n):
        label = draw.choice("xyz")
        votes += [
            vote(item, "a", label),
            vote(item, "b", label if draw.random() < 0.9 else draw.choice("xyz")),
            vote(item, "dice", draw.choice("xyz")),
        ]
    return votes


def test_the_table_tells_who_agrees_with_whom() -> None:
    found = annotator_agreement(votes_of_three(150), seed=0)
    assert found.annotators == ("a", "b", "dice")
    assert set(found.pairs) == {"a | b", "a | dice", "b | dice"}
    for estimate in (found.fleiss, found.mean_cohen, *found.pairs.values()):
        assert estimate.value is not None and estimate.low is not None and estimate.high is not None
        assert estimate.low < estimate.value < estimate.high
        assert estimate.n == 150
    good, bad = found.pairs["a | b"], found.pairs["a | dice"]
    assert good.low is not None and good.low > 0.8
    assert bad.low is not None and bad.high is not None and bad.low < 0 < bad.high
    values = [one.value for one in found.pairs.values() if one.value is not None]
    assert found.mean_cohen.value == pytest.approx(sum(values) / 3)
    assert annotator_agreement(votes_of_three(150), seed=0) == found


def test_each_annotator_counts_with_its_best_label_whatever_the_order_of_votes() -> None:
    votes = [vote(1, "a", "x", 0.4), vote(1, "a", "y", 0.6), vote(1, "b", "y"), vote(2, "a", "z", 0.5), vote(2, "a", "x", 0.5)]
    votes += [vote(2, "b", "x"), vote(3, "b", "z")]
    found = annotator_agreement(votes, seed=0)
    assert (found.fleiss.value, found.fleiss.n, found.pairs["a | b"].value) == (1.0, 2, 1.0)
    assert annotator_agreement(votes[::-1], seed=0).fleiss.value == 1.0


@pytest.mark.parametrize(
    ("votes", "annotators"),
    [
        ([], ()),
        ([vote(1, "a", "x"), vote(2, "a", "y")], ("a",)),
        ([vote(1, "a", "x"), vote(2, "b", "y")], ("a", "b")),
        ([vote(1, "a", "x"), vote(1, "b", "x"), vote(2, "a", "x"), vote(2, "b", "x")], ("a", "b")),
    ],
    ids=["no items", "one annotator", "no shared items", "one label"],
)
def test_what_is_not_defined_is_none_not_a_number(votes: list[Vote], annotators: tuple[str, ...]) -> None:
    found = annotator_agreement(votes, seed=0)
    assert found.annotators == annotators
    for estimate in (found.fleiss, found.mean_cohen, *found.pairs.values()):
        assert (estimate.value, estimate.low, estimate.high) == (None, None, None)
    assert Agreement.model_validate_json(found.model_dump_json()) == found


def test_of_a_rule_with_one_label_no_kappa_is_told() -> None:
    said = {"rule": "xx", "words": "xy"}
    votes = [
        Vote(item=str(at), space="s", annotator=name, label=label)
        for name, labels in said.items()
        for at, label in enumerate(labels)
    ]
    pair = annotator_agreement(votes, 0, intervals=False).pairs["rule | words"]
    assert (pair.value, pair.n) == (None, 2)
