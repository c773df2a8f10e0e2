import random
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.aggregate import Weights, aggregate, applicable, chances, distribution
from limbeck.schemas import Label, Vote

Method = Literal["majority", "soft"]
LABELS = ["Billing", "Cards", "Loans"]


def vote(item: str, annotator: str, label: str, score: float = 1.0, space: str = "s") -> Vote:
    return Vote(item=item, space=space, annotator=annotator, label=label, score=score)


def decided(votes: list[Vote], method: Method, weights: Weights | None = None) -> tuple[str, float]:
    (label,) = aggregate(votes, method, weights)
    assert label.method == method
    return label.label, round(label.confidence, 9)


VOTES = st.lists(
    st.builds(
        vote,
        st.sampled_from(["d1", "d2", "d3"]),
        st.sampled_from(["llm", "encoder", "rule"]),
        st.sampled_from(LABELS),
        st.floats(0.01, 1.0),
        st.sampled_from(["s", "t"]),
    ),
    max_size=25,
)
WEIGHTS = st.none() | st.dictionaries(st.sampled_from(["llm", "encoder", "rule"]), st.floats(0.01, 100.0))
METHODS: st.SearchStrategy[Method] = st.sampled_from(["majority", "soft"])


def test_labels_stand_in_the_order_of_their_items_first_votes() -> None:
    votes = [vote("d2", "llm", "Cards"), vote("d1", "llm", "Loans"), vote("d2", "rule", "Cards"), vote("d1", "llm", "Cards", space="t")]
    assert aggregate(votes) == [
        Label(item="d2", space="s", label="Cards", confidence=1.0, method="soft"),
        Label(item="d1", space="s", label="Loans", confidence=1.0, method="soft"),
        Label(item="d1", space="t", label="Cards", confidence=1.0, method="soft"),
    ]
    assert aggregate([]) == []


CASES = {
    "two against one": ([("a", "Cards", 1.0), ("b", "Cards", 1.0), ("c", "Loans", 1.0)], "Cards", 2 / 3, "Cards", 2 / 3),
    "one sure against two unsure": (
        [("a", "Cards", 1.0)] + [(name, label, score) for name in "bc" for label, score in (("Loans", 0.6), ("Cards", 0.4))],
        "Loans",
        2 / 3,
        "Cards",
        1.8 / 3,
    ),
    "scores of one annotator are shares of its one vote": (
        [("a", "Cards", 0.2), ("a", "Loans", 0.6), ("b", "Cards", 0.01)],
        "Cards",
        1 / 2,
        "Cards",
        1.25 / 2,
    ),
    "a tie goes to the first in the alphabet": ([("a", "Loans", 1.0), ("b", "Cards", 1.0)], "Cards", 1 / 2, "Cards", 1 / 2),
    "the same vote twice counts once": ([("a", "Loans", 1.0), ("a", "Loans", 1.0), ("b", "Cards", 1.0)], "Cards", 0.5, "Cards", 0.5),
}


@pytest.mark.parametrize("case", CASES)
def test_both_methods_by_example(case: str) -> None:
    told, majority, majority_share, soft, soft_share = CASES[case]
    votes = [vote("d", *one) for one in told]
    assert decided(votes, "majority") == (majority, round(majority_share, 9))
    assert decided(votes, "soft") == (soft, round(soft_share, 9))


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (None, ("Cards", 2 / 3)),
        ({"a": 3.0}, ("Loans", 3 / 5)),
        ({"b": 0.0, "c": 0.0}, ("Loans", 1.0)),
        ({"a": 0.3, "b": 0.1, "c": 0.2}, ("Cards", 0.5)),
        ({"stranger": 9.0}, ("Cards", 2 / 3)),
    ],
)
def test_weights(weights: Weights | None, expected: tuple[str, float]) -> None:
    votes = [vote("d", "a", "Loans"), vote("d", "b", "Cards"), vote("d", "c", "Cards")]
    assert decided(votes, "soft", weights) == (expected[0], round(expected[1], 9))


def test_equal_shares_are_a_tie_even_where_their_sums_differ_in_the_last_bit() -> None:
    votes = [vote("d", "a", "Loans"), vote("d", "b", "Loans"), vote("d", "c", "Cards")]
    assert 0.1 + 0.2 > 0.3
    assert decided(votes, "soft", {"a": 0.1, "b": 0.2, "c": 0.3}) == ("Cards", 0.5)


@pytest.mark.parametrize("method", ["majority", "soft"])
def test_votes_that_weigh_nothing_decide_nothing(method: Method) -> None:
    votes = [vote("d", "a", "Cards", 0.0), vote("e", "b", "Cards"), vote("f", "c", "Loans")]
    labels = aggregate(votes, method, {"b": 0.0})
    assert [label.item for label in labels] == ["f"]
    assert applicable(votes, weights={"b": 0.0}) == {"d": (), "e": (), "f": ("Loans",)}


def test_the_order_of_votes_does_not_even_change_the_last_bit() -> None:
    votes = [vote("d", name, "Loans" if name == "d" else "Cards") for name in "abcd"]
    weights = {"a": 0.1, "b": 0.2, "c": 0.3, "d": 0.7}
    assert 0.1 + 0.2 + 0.3 != 0.3 + 0.2 + 0.1
    assert aggregate(votes, "soft", weights) == aggregate(votes[::-1], "soft", weights)


@given(VOTES, WEIGHTS, METHODS, st.randoms(use_true_random=False))
def test_the_order_of_votes_does_not_matter(
    votes: list[Vote], weights: Weights | None, method: Method, draw: random.Random
) -> None:
    turned = list(votes)
    draw.shuffle(turned)
    ours, theirs = ({(one.item, one.space): one for one in aggregate(some, method, weights)} for some in (votes, turned))
    assert ours == theirs
    assert applicable([one for one in votes if one.space == "s"], weights=weights) == applicable(
        [one for one in turned if one.space == "s"], weights=weights
    )
    items = ["d1", "d2", "d3"]
    of_space = [[one for one in some if one.space == "t"] for some in (votes, turned)]
    assert distribution(of_space[0], LABELS, items, weights) == distribution(of_space[1], LABELS, items, weights)


@given(VOTES, WEIGHTS, METHODS)
def test_one_label_an_item_and_space_and_it_was_voted_for(votes: list[Vote], weights: Weights | None, method: Method) -> None:
    labels = aggregate(votes, method, weights)
    assert [(one.item, one.space) for one in labels] == list(dict.fromkeys((one.item, one.space) for one in votes))
    for label in labels:
        assert 0.0 < label.confidence <= 1.0
        assert label.label in {one.label for one in votes if (one.item, one.space) == (label.item, label.space)}


@given(st.lists(st.sampled_from("abcde"), min_size=1), st.sampled_from(LABELS), WEIGHTS, METHODS)
def test_unanimous_votes_win(annotators: list[str], label: str, weights: Weights | None, method: Method) -> None:
    assert decided([vote("d", name, label) for name in annotators], method, weights) == (label, 1.0)


@given(VOTES, WEIGHTS)
def test_shares_are_shares_and_agree_with_the_label(votes: list[Vote], weights: Weights | None) -> None:
    votes = [one for one in votes if one.space == "s"]
    rows = distribution(votes, LABELS, ["d1", "d2", "d3", "nobody"], weights)
    assert [sum(row) for row in rows] == pytest.approx([1.0] * 4)
    assert rows[3] == [1 / 3] * 3
    for label in aggregate(votes, "soft", weights):
        row = rows[int(label.item[1]) - 1]
        assert row[LABELS.index(label.label)] == pytest.approx(max(row)) == pytest.approx(label.confidence)


def test_shares_leave_out_labels_that_do_not_count() -> None:
    votes = [vote("d", "a", "Other"), vote("d", "b", "Cards", 0.5), vote("d", "b", "Other", 0.5), vote("e", "a", "Other")]
    assert distribution(votes, LABELS, ["e", "d"]) == [[1 / 3] * 3, [0.0, 1.0, 0.0]]


@pytest.mark.parametrize(
    ("told", "threshold", "weights", "expected"),
    [
        ([("a", "Cards", 1.0), ("a", "Loans", 1.0), ("b", "Cards", 1.0)], 0.5, None, ("Cards", "Loans")),
        ([("a", "Cards", 1.0), ("a", "Loans", 1.0), ("b", "Cards", 1.0)], 0.6, None, ("Cards",)),
        ([("a", "Cards", 0.2), ("a", "Loans", 0.3)], 0.5, None, ("Loans",)),
        ([("a", "Loans", 0.2), ("a", "Cards", 0.2)], 0.5, None, ("Cards",)),
        ([("a", "Cards", 1.0), ("b", "Loans", 1.0)], 0.5, {"a": 3.0}, ("Cards",)),
        # Three thirds of 0.7 are exactly the threshold, in decimals.
        ([(name, "Cards", 0.7) for name in "abc"] + [("a", "Loans", 1.0)], 0.7, None, ("Cards",)),
    ],
)
def test_applicable_labels(
    told: list[tuple[str, str, float]], threshold: float, weights: Weights | None, expected: tuple[str, ...]
) -> None:
    assert applicable([vote("d", *one) for one in told], threshold, weights) == {"d": expected}


@given(VOTES, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_higher_threshold_keeps_a_beginning_of_the_labels(votes: list[Vote], one: float, other: float) -> None:
    votes = [vote for vote in votes if vote.space == "s"]
    many, few = applicable(votes, min(one, other)), applicable(votes, max(one, other))
    assert all(many[item][: len(few[item])] == few[item] for item in many)


def test_gold_never_enters() -> None:
    votes = [vote("d", "llm", "Cards"), vote("d", "gold", "Strange")]
    for take in (aggregate, applicable, lambda some: distribution(some, LABELS, ["d"])):
        with pytest.raises(ValueError, match="gold vote on 'd'"):
            take(votes)


def test_a_rule_says_nothing_of_labels_that_it_does_not_know() -> None:
    votes = [vote("d", "rule:cards", "Cards"), vote("d", "rule:loans", "Loans"), vote("e", "llm", "Cards"), vote("e", "rule:loans", "Loans")]
    assert chances(votes) == {"d": {"Cards": 0.5, "Loans": 0.5}, "e": {"Cards": 0.5, "Loans": 0.5}}
    told = chances(votes, partial=["rule:cards", "rule:loans"])
    assert told == {"d": {"Cards": 1.0, "Loans": 1.0}, "e": {"Cards": 1.0, "Loans": 0.5}}
