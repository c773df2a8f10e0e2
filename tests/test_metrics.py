import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.metrics import Scores, against_gold, clustering, confusable_pairs, coverage, multilabel

LABELS = st.lists(st.sampled_from(["a", "b", "c", "Other"]), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [([], None), (["Other"], 0.0), (["a", "b"], 1.0), (["a", "Other", "b", "Other"], 0.5), (["other"], 1.0)],
)
def test_coverage(labels: list[str], expected: float | None) -> None:
    assert coverage(labels) == expected


def entropy(*counts: int) -> float:
    return -sum(count / sum(counts) * math.log(count / sum(counts)) for count in counts)


def test_against_gold_by_hand() -> None:
    gold, predicted = list("aaabbc"), list("aabbbb")
    found = against_gold(predicted, gold)
    # a: precision 1, recall 2/3; b: precision 1/2, recall 1; c: never said.
    macro = (2 * 2 / (2 + 3) + 2 * 2 / (4 + 2) + 0) / 3
    shared = entropy(3, 2, 1) + entropy(2, 4) - entropy(2, 1, 2, 1)
    nmi = shared / ((entropy(3, 2, 1) + entropy(2, 4)) / 2)
    # Pairs of items: 15; together in gold 3 + 1, in predicted 1 + 6, in both 1 + 1.
    ari = (2 - 4 * 7 / 15) / ((4 + 7) / 2 - 4 * 7 / 15)
    expected = Scores(accuracy=4 / 6, macro_f1=macro, nmi=nmi, ari=ari, n=6)
    assert found.model_dump() == pytest.approx(expected.model_dump())


def test_against_no_gold_and_against_gold_of_another_length() -> None:
    assert against_gold([], []) == Scores(accuracy=0.0, macro_f1=0.0, nmi=0.0, ari=0.0, n=0)
    with pytest.raises(ValueError):
        against_gold(["a"], ["a", "b"])


@given(LABELS)
def test_perfect_labels_score_one(gold: list[str]) -> None:
    assert against_gold(gold, gold).model_dump() == pytest.approx(
        {"accuracy": 1.0, "macro_f1": 1.0, "nmi": 1.0, "ari": 1.0, "n": len(gold)}
    )


@given(LABELS, st.permutations(["a", "b", "c", "Other"]))
def test_names_of_groups_count_for_accuracy_and_not_for_clusterings(gold: list[str], names: list[str]) -> None:
    renamed = [f"cluster {names.index(label)}" for label in gold]
    assert clustering(renamed, gold) == pytest.approx({"nmi": 1.0, "ari": 1.0})
    assert against_gold(renamed, gold).accuracy == against_gold(renamed, gold).macro_f1 == 0.0


def test_labels_that_gold_never_uses_do_not_enter_the_mean() -> None:
    assert against_gold(["a", "x"], ["a", "a"]).macro_f1 == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("predicted", "gold", "exact", "precision", "recall", "f1", "macro"),
    [
        ([], [], 0.0, 0.0, 0.0, 0.0, 0.0),
        ([{"a"}], [{"a"}], 1.0, 1.0, 1.0, 1.0, 1.0),
        ([{"a", "b"}, {"c"}], [{"a"}, {"c", "a"}], 0.0, 2 / 3, 2 / 3, 2 / 3, 5 / 6),
        ([{"a", "b", "c"}], [{"a"}], 0.0, 1 / 3, 1.0, 1 / 2, 1.0),
        ([set(), {"a"}], [set(), {"b"}], 0.5, 0.0, 0.0, 0.0, 0.0),
        ([set()], [{"a"}], 0.0, 0.0, 0.0, 0.0, 0.0),
        ([["a", "a"]], [("a",)], 1.0, 1.0, 1.0, 1.0, 1.0),
    ],
)
def test_label_sets(
    predicted: list[set[str]], gold: list[set[str]], exact: float, precision: float, recall: float, f1: float,
    macro: float,
) -> None:
    expected = {"exact_match": exact, "precision": precision, "recall": recall, "f1": f1, "macro_f1": macro}
    assert multilabel(predicted, gold) == pytest.approx(expected)


def test_the_pairs_that_share_most_doubt_come_first() -> None:
    shares = [[0.5, 0.5, 0.0], [0.6, 0.4, 0.0], [0.0, 0.3, 0.7], [1.0, 0.0, 0.0], [0.96, 0.0, 0.04]]
    found = confusable_pairs(shares, ["a", "b", "c"], top=5)
    assert [pair[:2] for pair in found] == [("a", "b"), ("b", "c")]
    assert [pair[2] for pair in found] == pytest.approx([0.5 * 0.5 + 0.6 * 0.4, 0.3 * 0.7])
    assert [pair[:2] for pair in confusable_pairs(shares, ["a", "b", "c"], top=1)] == [("a", "b")]
    assert confusable_pairs([], ["a", "b"], top=3) == []
    assert confusable_pairs([[1.0, 0.0]], ["a", "b"], top=3) == []
