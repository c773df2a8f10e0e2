"""Scores of rankings: worked out by hand, and what holds of all of them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.retrieval.measures import hierarchical_f1, measure, ndcg_at, propensities_of, psp_at, rp_at

# A ranking, gold, K, and rank-precision, recall and nDCG by hand.
BY_HAND = {
    "all right": (["a", "b"], {"a", "b"}, 2, 1.0, 1.0, 1.0),
    "the second is right": (["x", "a"], {"a"}, 2, 1.0, 1.0, 1 / math.log2(3)),
    "the second is right, one is read": (["x", "a"], {"a"}, 1, 0.0, 0.0, 0.0),
    "one of two, two are read": (["a", "x"], {"a", "b"}, 2, 0.5, 0.5, 1 / (1 + 1 / math.log2(3))),
    "one of two, one is read": (["a", "x"], {"a", "b"}, 1, 1.0, 0.5, 1.0),
    "one of three, two are read": (["x", "a"], {"a", "b", "c"}, 2, 0.5, 1 / 3, (1 / math.log2(3)) / (1 + 1 / math.log2(3))),
    "a ranking that is too short": (["a"], {"a", "b"}, 5, 0.5, 0.5, 1 / (1 + 1 / math.log2(3))),
    "an empty ranking": ([], {"a"}, 5, 0.0, 0.0, 0.0),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_scores_by_hand(case: str) -> None:
    ranked, gold, k, rp, recall, ndcg = BY_HAND[case]
    scores = measure([ranked], [gold], [k]).at
    assert {name: one[k] for name, one in scores.items()} == pytest.approx({"rp": rp, "recall": recall, "ndcg": ndcg})
    assert (rp_at(ranked, gold, k), ndcg_at(ranked, gold, k)) == pytest.approx((rp, ndcg))


def test_scores_are_means_over_documents_with_gold() -> None:
    found = measure([["a"], ["a"], ["b", "a"]], [{"a"}, set(), {"a", "elsewhere"}], [1, 2], listed={"a", "b"})
    assert found.at["rp"] == {1: 0.5, 2: 0.75}
    assert found.at["recall"] == {1: 0.5, 2: 0.75}
    assert (found.documents, found.without_gold, found.unlisted) == (2, 1, 1)


def test_unlisted_gold_is_counted_on_every_document_and_can_t_be_ranked() -> None:
    found = measure([["a"]] * 3, [{"new"}, {"new", "a"}, {"a"}], [10], listed={"a"})
    assert found.unlisted == 2
    assert found.at["recall"][10] == pytest.approx((0 + 0.5 + 1) / 3)


def test_without_gold_there_is_nothing_to_score() -> None:
    found = measure([["a"]], [set()], [1], propensities={"a": 1.0}, lineage=lambda label: [])
    assert found.at == {name: {1: 0.0} for name in ("rp", "recall", "ndcg", "psp", "hf1")}
    assert (found.documents, found.without_gold) == (0, 1)


def test_every_document_needs_its_gold() -> None:
    with pytest.raises(ValueError, match="zip"):
        measure([["a"]], [{"a"}, {"b"}])


# ---- rare labels -----------------------------------------------------------------------------------------------------


def test_a_rare_label_counts_more() -> None:
    # Found: a on the first, b on the second; 1/p is 1 and 4. The best ranking finds both.
    pairs = [(["a", "x"], {"a"}), (["x", "b"], {"a", "b"})]
    propensities = {"a": 1.0, "b": 0.25}
    assert psp_at(pairs, propensities, 1) == pytest.approx(1 / (1 + 4))
    assert psp_at(pairs, propensities, 2) == pytest.approx((1 + 4) / (1 + 1 + 4))


def test_propensities_by_hand() -> None:
    # N = 10, A = 0.55, B = 1.5: C = (ln 10 - 1) · 2.5^0.55.
    c = (math.log(10) - 1) * 2.5**0.55
    found = propensities_of([{"a"}] * 9 + [{"a", "b"}], ["never"])
    expected = {"a": 10, "b": 1, "never": 0}
    assert found == pytest.approx({label: 1 / (1 + c * (n + 1.5) ** -0.55) for label, n in expected.items()})
    assert 0 < found["never"] < found["b"] < found["a"] < 1


def test_gold_that_was_never_seen_counts_as_the_rarest() -> None:
    propensities = {"a": 1.0, "b": 0.25}
    assert psp_at([(["a"], {"a", "new"})], propensities, 2) == pytest.approx(1 / (1 + 4))
    assert measure([["a"]], [{"a", "new"}], [1], propensities=propensities).at["psp"] == {1: pytest.approx(1 / 4)}


# ---- a hierarchy -----------------------------------------------------------------------------------------------------

ABOVE = {"cat": ["animal"], "dog": ["animal"], "oak": ["plant"]}


def above(label: str) -> list[str]:
    return ABOVE.get(label, [])


HIERARCHICAL = {
    "right": (["cat"], {"cat"}, 1, 1.0),
    "a sibling is half right": (["dog"], {"cat"}, 1, 0.5),
    "of another family": (["oak"], {"cat"}, 1, 0.0),
    "its parent": (["animal"], {"cat"}, 1, 2 * 1 / (1 + 2)),
    "as many are read as gold has": (["cat", "oak"], {"cat"}, 2, 1.0),
    "K is less than gold": (["cat", "oak"], {"cat", "oak"}, 1, 2 * 2 / (2 + 4)),
}


@pytest.mark.parametrize("case", HIERARCHICAL)
def test_hierarchical_f1_by_hand(case: str) -> None:
    ranked, gold, k, score = HIERARCHICAL[case]
    assert hierarchical_f1([(ranked, gold)], above, k) == pytest.approx(score)


def test_hits_of_all_documents_are_counted_together() -> None:
    pairs = [(["cat"], {"cat"}), (["oak"], {"dog"})]
    assert hierarchical_f1(pairs, above, 1) == pytest.approx(2 * 2 / (4 + 4))


# ---- what holds of all ------------------------------------------------------------------------------------------------

LABELS = st.sampled_from("abcdefgh")
RANKINGS = st.lists(st.tuples(st.lists(LABELS, unique=True), st.frozensets(LABELS)), max_size=6)
KS = (1, 2, 5, 10)
LINEAGE = {label: list("abcdefgh"[:place]) for place, label in enumerate("abcdefgh")}


@given(pairs=RANKINGS, seen=st.lists(st.frozensets(LABELS), max_size=20))
def test_scores_are_from_0_to_1(pairs: list[tuple[list[str], frozenset[str]]], seen: list[frozenset[str]]) -> None:
    ranked, gold = [one for one, _ in pairs], [one for _, one in pairs]
    found = measure(ranked, gold, KS, propensities=propensities_of(seen), lineage=LINEAGE.__getitem__, listed="abcd")
    assert all(0 <= score <= 1 + 1e-9 for scores in found.at.values() for score in scores.values())
    assert found.documents + found.without_gold == len(pairs)
    assert found.unlisted == sum(len(one - set("abcd")) for one in gold)


@given(gold=st.lists(st.frozensets(LABELS, min_size=1), min_size=1, max_size=6), seen=st.lists(st.frozensets(LABELS), max_size=20))
def test_a_perfect_ranking_gives_1(gold: list[frozenset[str]], seen: list[frozenset[str]]) -> None:
    propensities = propensities_of(seen, "abcdefgh")
    ranked = [sorted(one, key=lambda label: propensities[label]) for one in gold]  # The rarest first: the best order for PSP.
    found = measure(ranked, gold, KS, propensities=propensities, lineage=LINEAGE.__getitem__)
    for name in ("rp", "ndcg", "psp"):
        assert found.at[name] == pytest.approx(dict.fromkeys(KS, 1.0))
    assert (found.at["recall"][10], found.at["hf1"][10]) == (1.0, 1.0)


@given(pairs=RANKINGS)
def test_more_is_found_further_down(pairs: list[tuple[list[str], frozenset[str]]]) -> None:
    recall = measure([one for one, _ in pairs], [one for _, one in pairs], KS).at["recall"]
    assert [recall[k] for k in KS] == sorted(recall.values())
