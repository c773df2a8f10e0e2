from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.noise import confident_joint, find, find_applicable, out_of_sample

Array = np.ndarray[Any, Any]


def told(k: int, n: int, seed: int, spread: float = 1.0) -> tuple[Array, Array]:
    """Labels of n texts out of k, all labels given, and probabilities."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(k, spread), n)
    return np.append(rng.integers(0, k, n - k), np.arange(k))[rng.permutation(n)], probabilities


def clouds(k: int = 4, each: int = 30, rate: float = 0.2, seed: int = 0) -> tuple[Array, Array, Array]:
    """Embeddings of k clouds, given labels of which a share is wrong, and where they are wrong."""
    rng = np.random.default_rng(seed)
    right = np.repeat(np.arange(k), each)
    vectors = np.eye(k, 16)[right] + 0.15 * rng.normal(size=(len(right), 16))
    wrong = rng.random(len(right)) < rate
    given_labels = np.where(wrong, (right + rng.integers(1, k, len(right))) % k, right)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), given_labels, wrong


SIZES = st.integers(2, 6)
COUNTS = st.integers(6, 60)
SEEDS = st.integers(0, 10_000)


# ---- the confident joint ---------------------------------------------------------------------------------------------

BY_HAND: dict[str, tuple[list[int], list[list[float]], list[list[float]]]] = {
    # Thresholds: 0.6 for label 0 (of 0.9, 0.8, 0.1) and 0.7 for label 1 (of 0.7).
    "a text counts where its likeliest label reaches that label's mean": (
        [0, 0, 0, 1],
        [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.3, 0.7]],
        [[2, 1], [0, 1]],
    ),
    # Thresholds: 0.55 and 0.8. The third text reaches neither, and the other three stand for all four.
    "texts that reach no threshold are scaled away": (
        [0, 0, 0, 0, 1],
        [[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.1, 0.9], [0.2, 0.8]],
        [[8 / 3, 4 / 3], [0, 1]],
    ),
    "of a label whose texts all reach nothing, none is wrong": (
        [0, 1, 2, 2],
        [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.3, 0.6], [0.1, 0.3, 0.6]],
        [[1, 0, 0], [0, 1, 0], [0, 0, 2]],
    ),
    "a label that nobody was given is nobody's right label": ([0, 0], [[0.2, 0.8], [0.4, 0.6]], [[2, 0], [0, 0]]),
    "a tie goes to the first label": ([1, 0], [[0.5, 0.5], [0.5, 0.5]], [[1, 0], [1, 0]]),
    "texts as sure as the mean reach it, whatever rounding does": ([0] * 7 + [1], [[0.3, 0.1]] * 7 + [[0.1, 0.3]], [[7, 0], [0, 1]]),
    "one label alone is right": ([0, 0], [[1.0], [1.0]], [[2]]),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_the_confident_joint_by_hand(case: str) -> None:
    labels, probabilities, expected = BY_HAND[case]
    assert confident_joint(labels, probabilities) == pytest.approx(np.array(expected), abs=1e-6)


@given(SIZES, COUNTS, SEEDS)
def test_rows_of_the_joint_add_up_to_the_labels_counts(k: int, n: int, seed: int) -> None:
    labels, probabilities = told(k, n, seed)
    found = find(labels, probabilities)
    assert found.joint.sum(axis=1) == pytest.approx(np.bincount(labels, minlength=k), rel=1e-5)
    assert 0 <= found.rate <= 1 and (0 <= found.rates).all() and (found.rates <= 1).all()
    assert found.rates @ np.bincount(labels, minlength=k) / n == pytest.approx(found.rate, abs=1e-5)
    sums = found.matrix.sum(axis=1)
    assert sums == pytest.approx((found.joint.sum(axis=0) > 0).astype(float), abs=1e-5)


def test_rates_matrix_and_confused_pairs_by_hand() -> None:
    labels, probabilities, _ = BY_HAND["a text counts where its likeliest label reaches that label's mean"]
    found = find(labels, probabilities)
    assert found.rate == pytest.approx(1 / 4)
    assert found.rates.tolist() == pytest.approx([1 / 3, 0])
    assert found.matrix.tolist() == [[1, 0], [0.5, 0.5]]
    assert [(given, right, round(texts, 5)) for given, right, texts in found.confused(5)] == [(0, 1, 1.0)]
    assert found.confused(0) == []


# ---- errors ----------------------------------------------------------------------------------------------------------


def test_errors_by_hand_the_likeliest_first() -> None:
    labels = [0] * 6 + [1] * 4
    first = [0.9, 0.9, 0.9, 0.9, 0.1, 0.05, 0.1, 0.2, 0.1, 0.9]
    found = find(labels, [[p, 1 - p] for p in first])
    assert found.joint.tolist() == [pytest.approx([4, 2]), pytest.approx([1, 3])]
    assert found.errors.tolist() == [5, 4, 9]
    assert found.margins.tolist() == pytest.approx([2 * p - 1 for p in first[:6]] + [1 - 2 * p for p in first[6:]])


def test_an_error_is_one_by_both_prunings() -> None:
    """By noise rate the fifth text goes, which looks most like label 1; by class the fourth, the least like label 0."""
    sure, labels = [0.95, 0.05, 0.0], [0, 0, 0, 0, 0, 1, 2]
    unsure = [[0.3, 0.4, 0.3], [0.35, 0.65, 0.0], [0.4, 0.6, 0.0], [0.0, 0.0, 1.0]]
    found = find(labels, [sure, sure, sure, *unsure])
    assert found.joint[0].tolist() == [3.75, 1.25, 0]
    assert found.errors.tolist() == []
    assert find(labels, [sure, sure, sure, [0.35, 0.4, 0.25], *unsure[1:]]).errors.tolist() == []
    assert find(labels, [sure, sure, sure, [0.36, 0.39, 0.25], *unsure[1:]]).errors.tolist() == [4]


@given(SIZES, COUNTS, SEEDS, st.sampled_from([0.1, 1.0]))
def test_errors_are_ranked_are_preferred_otherwise_and_leave_every_label_a_text(
    k: int, n: int, seed: int, spread: float
) -> None:
    labels, probabilities = told(k, n, seed, spread)
    found = find(labels, probabilities)
    assert len(set(found.errors.tolist())) == len(found.errors)
    assert (np.diff(found.margins[found.errors]) >= 0).all()
    assert (probabilities.argmax(axis=1)[found.errors] != labels[found.errors]).all()
    assert set(np.delete(labels, found.errors)) == set(labels)


@given(SIZES, COUNTS, SEEDS)
def test_the_order_of_texts_does_not_matter(k: int, n: int, seed: int) -> None:
    labels, probabilities = told(k, n, seed)
    turned = np.random.default_rng(seed).permutation(n)
    ours, theirs = find(labels, probabilities), find(labels[turned], probabilities[turned])
    assert ours.joint == pytest.approx(theirs.joint)
    assert set(ours.errors.tolist()) == set(turned[theirs.errors].tolist())


def test_a_judge_that_agrees_finds_nothing() -> None:
    labels, _ = told(5, 40, 0)
    found = find(labels, np.eye(5)[labels])
    assert (found.rate, found.errors.tolist(), found.confused(3)) == (0.0, [], [])


@pytest.mark.parametrize("k", [0, 1, 3])
def test_no_texts_no_errors(k: int) -> None:
    found = find(np.empty(0), np.empty((0, k)))
    assert (found.joint.shape, found.rate, found.errors.tolist(), found.margins.tolist()) == ((k, k), 0.0, [], [])


@pytest.mark.parametrize(
    ("labels", "shape", "message"),
    [
        ([0, 1], (3, 2), r"labels of shape \(2,\), probabilities of \(3, 2\); give"),
        ([0, 1], (2,), r"probabilities of \(2,\); give"),
        ([0, 2], (2, 2), "2 is none of 2 labels; leave out"),
        ([-1, 1], (2, 2), "-1 is none of 2 labels; leave out"),
    ],
    ids=["of other texts", "one probability a text", "a label too many", "a text without a label"],
)
def test_labels_that_do_not_fit(labels: list[int], shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find(labels, np.full(shape, 0.5))
    with pytest.raises(ValueError, match=message):
        confident_joint(labels, np.full(shape, 0.5))


# ---- several labels a text -------------------------------------------------------------------------------------------


def test_a_missing_and_a_wrong_label_are_found_the_worst_first() -> None:
    applies = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [0, 0], [1, 1]])
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9], [0.92, 0.1], [0.9, 0.05]])
    rows, scores = find_applicable(applies, probabilities)
    assert rows.tolist() == [5, 4]
    assert scores.argsort()[:2].tolist() == [5, 4]
    yes, no = (0.9 + 0.9 + 0.05) / 3, (0.9 + 0.9 + 0.08) / 3
    assert scores[[5, 4]].tolist() == pytest.approx([0.05 / yes, 0.08 / no])


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (4, 0)])
def test_no_texts_or_no_labels_are_no_errors(shape: tuple[int, int]) -> None:
    rows, scores = find_applicable(np.zeros(shape), np.zeros(shape))
    assert (rows.tolist(), len(scores)) == ([], shape[0])


def test_other_labels_than_probabilities() -> None:
    with pytest.raises(ValueError, match=r"shape \(2, 3\), probabilities of \(2, 2\); give"):
        find_applicable(np.zeros((2, 3)), np.zeros((2, 2)))


def test_flipped_labels_are_found_among_several() -> None:
    vectors, labels, _ = clouds(rate=0.0)
    applies = np.eye(4)[labels]
    applies[:, 3] = np.maximum(applies[:, 3], applies[:, 0])  # The first cloud has two labels.
    flipped = np.random.default_rng(1).choice(len(labels), 12, replace=False)
    applies[flipped, flipped % 4] = 1 - applies[flipped, flipped % 4]
    rows, scores = find_applicable(applies, out_of_sample(vectors, applies, several=True))
    assert set(rows) <= set(flipped) and len(rows) >= 8
    assert len(set(scores.argsort()[:12]) & set(flipped)) >= 10


# ---- the judge -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.1, 0.3])
def test_flipped_labels_are_found(rate: float) -> None:
    vectors, labels, wrong = clouds(rate=rate)
    found = find(labels, out_of_sample(vectors, np.eye(4)[labels]))
    assert found.rate == pytest.approx(wrong.mean(), abs=0.05)
    assert wrong[found.errors].mean() > 0.95
    assert wrong[found.errors].sum() > 0.9 * wrong.sum()


def test_no_text_is_judged_by_its_own_label() -> None:
    """Where labels say nothing of the texts, a judge that had seen them would agree with them all the same."""
    vectors = clouds()[0]
    labels = np.random.default_rng(5).integers(0, 4, len(vectors))
    shares = out_of_sample(vectors, np.eye(4)[labels])
    assert (shares.argmax(axis=1) == labels).mean() < 0.4


@given(st.integers(0, 25), st.integers(1, 5), SEEDS, st.booleans())
def test_probabilities_are_probabilities_however_few_texts_there_are(n: int, k: int, seed: int, several: bool) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, 3))
    targets = rng.integers(0, 2, (n, k)) if several else np.eye(k)[rng.integers(0, k, n)]
    shares = out_of_sample(vectors, targets, several=several, seed=seed)
    assert shares.shape == (n, k) and shares.dtype == np.float32
    assert (shares >= 0).all() and (shares <= 1 + 1e-5).all()
    if not several:
        assert shares.sum(axis=1) == pytest.approx(np.ones(n), abs=1e-4)
        find(targets.argmax(axis=1), shares)
    assert (shares == out_of_sample(vectors, targets, several=several, seed=seed)).all()


@pytest.mark.parametrize(("n", "several", "expected"), [(0, False, []), (1, False, [[0.5, 0.5]]), (1, True, [[0.5, 0.5]])])
def test_a_text_alone_is_judged_by_nobody(n: int, several: bool, expected: list[list[float]]) -> None:
    assert out_of_sample(np.ones((n, 3)), np.tile([1.0, 0.0], (n, 1)), several=several).tolist() == expected


def test_the_two_texts_of_a_small_label_vouch_for_each_other_in_whatever_folds_they_are() -> None:
    vectors, labels, _ = clouds(k=3, each=30, rate=0.0)
    kept = np.append(np.flatnonzero(labels < 2), np.flatnonzero(labels == 2)[:2])
    for seed in range(20):
        shares = out_of_sample(vectors[kept], np.eye(3)[labels[kept]], seed=seed)
        assert (shares[-2:, 2] > 4 * shares[:-2, 2].max()).all(), seed
        assert find(labels[kept], shares).errors.tolist() == []
