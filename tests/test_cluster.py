import json
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from limbeck.cluster import central, choose_k, cluster, distinctive_words
from limbeck.encoder import Encoder

DATA = Path(os.environ.get("LIMBECK_DATA", Path(__file__).parents[2] / "shared" / "data"))

Array = npt.NDArray[np.float32]


def blobs(sizes: list[int], seed: int = 0) -> tuple[Array, npt.NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    gold = np.repeat(np.arange(len(sizes)), sizes)
    points = rng.normal(size=(len(sizes), 24))[gold] + 0.25 * rng.normal(size=(len(gold), 24))
    return points.astype(np.float32), gold


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 40).flatmap(lambda n: arrays(np.float32, (n, 3), elements=st.integers(-2, 2).map(float))),
    st.integers(1, 12),
)
def test_numbers_are_contiguous_at_most_k_and_equal_for_equal_documents(points: Array, k: int) -> None:
    labels = cluster(points, k, seed=0)
    assert len(labels) == len(points)
    assert list(dict.fromkeys(labels.tolist())) == list(range(labels.max() + 1))
    assert labels.max() < k
    for point in np.unique(points, axis=0):
        assert len(set(labels[(points == point).all(axis=1)])) == 1
    assert cluster(points, k, seed=0).tolist() == labels.tolist()


@pytest.mark.parametrize("sizes", [[30] * 6, [200, 60, 30, 12, 6]], ids=["equal", "unequal"])
def test_clear_clusters_are_found_whatever_their_sizes(sizes: list[int]) -> None:
    points, gold = blobs(sizes)
    assert cluster(points, len(sizes), seed=0).tolist() == gold.tolist()


def test_the_order_of_documents_does_not_matter_where_clusters_are_clear() -> None:
    points, gold = blobs([25, 25, 40])
    order = np.random.default_rng(3).permutation(len(points))
    labels = cluster(points[order], 3, seed=0)
    assert len({(a, b) for a, b in zip(labels.tolist(), gold[order].tolist(), strict=True)}) == 3


@pytest.mark.parametrize(
    ("points", "k", "labels"),
    [
        (np.zeros((0, 4)), 3, []),
        (np.ones((1, 4)), 3, [0]),
        (np.ones((5, 4)), 3, [0, 0, 0, 0, 0]),
        (np.eye(3), 5, [0, 1, 2]),
        (np.eye(4), 1, [0, 0, 0, 0]),
    ],
)
def test_few_documents(points: Array, k: int, labels: list[int]) -> None:
    assert cluster(points, k, seed=0).tolist() == labels


def test_central_documents_come_first() -> None:
    points = np.array([[1, 0.5], [1, 0], [1, -0.4], [0, 1]], dtype=np.float32)
    assert central(points, np.array([0, 0, 0, 1]), each=2) == [[1, 2], [3]]


@pytest.mark.parametrize(("groups", "limit", "expected"), [(4, 12, 4), (7, 12, 7), (6, 3, 3)])
def test_the_number_of_clear_clusters_is_found(groups: int, limit: int, expected: int) -> None:
    points, _ = blobs([20] * groups)
    assert choose_k(points, limit, seed=0) == expected


@pytest.mark.parametrize("n", [0, 1, 2])
def test_nothing_to_choose(n: int) -> None:
    assert choose_k(np.eye(3)[:n], limit=5, seed=0) == 1


TEXTS = [
    "I want to check my credit card application",
    "has the credit card application been approved",
    "when will my credit card application be done",
    "the weather in Paris today",
    "is the weather nice today",
    "weather for tomorrow please",
]
LABELS = [0, 0, 0, 1, 1, 1]


def test_words_that_set_clusters_apart() -> None:
    words = distinctive_words(TEXTS, LABELS, each=5)
    assert set(words[0]) == {"credit", "card", "application", "credit card", "card application"}
    assert words[1][0] == "weather"


@pytest.mark.parametrize("texts", [["", "..."], ["the", "a"]])
def test_texts_without_words(texts: list[str]) -> None:
    assert distinctive_words(texts, [0, 1], each=3) == [[], []]


def test_words_of_other_languages() -> None:
    words = distinctive_words(["где моя карта", "моя карта", "погода в Париже", "какая погода"], [0, 0, 1, 1], each=1)
    assert words[1] == ["погода"]


@pytest.mark.parametrize(("field", "k"), [("domain", 10), ("intent", 150)])
def test_better_than_k_means_on_clinc(field: str, k: int) -> None:
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    path = DATA / "taxonomy_clinc150" / "dev_small.jsonl"
    if not path.exists():
        pytest.skip(f"no {path}; set LIMBECK_DATA to the folder of the data")
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    rows = [row for row in rows if row["intent"] != "oos"]
    # As a run does it: the last layer alone.
    vectors, gold = Encoder.load().last_layer([row["text"] for row in rows]), [row[field] for row in rows]
    plain = [KMeans(k, n_init=10, random_state=seed).fit_predict(vectors) for seed in range(2)]
    ours = [cluster(vectors, k, seed) for seed in range(2)]
    for score in (normalized_mutual_info_score, adjusted_rand_score):
        assert np.mean([score(gold, found) for found in ours]) > np.mean([score(gold, found) for found in plain])
