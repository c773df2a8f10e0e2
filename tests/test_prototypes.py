import json
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from limbeck.encoder import Encoder
from limbeck.prototypes import assign, drawn_together, evenness, phrase, sized

DATA = Path(os.environ.get("LIMBECK_DATA", Path(__file__).parents[2] / "shared" / "data"))

Array = npt.NDArray[np.float32]
finite = st.floats(-1, 1, width=32)


def planted(sizes: list[int], seed: int = 0, noise: float = 0.6) -> tuple[Array, npt.NDArray[np.int64], Array]:
    """Documents around hidden class directions; names that lie off them, as label names do."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(len(sizes), 48))
    gold = np.repeat(np.arange(len(sizes)), sizes)
    documents = truth[gold] + noise * rng.normal(size=(len(gold), 48))
    names = truth + 1.5 * rng.normal(size=truth.shape)
    return documents.astype(np.float32), gold, names.astype(np.float32)


def nearest(documents: Array, names: Array) -> npt.NDArray[np.int64]:
    found: npt.NDArray[np.int64] = (documents @ (names / np.linalg.norm(names, axis=1, keepdims=True)).T).argmax(1)
    return found


@settings(max_examples=50, deadline=None)
@given(
    st.integers(1, 30).flatmap(lambda n: arrays(np.float32, (n, 5), elements=finite)),
    st.integers(1, 8).flatmap(lambda k: arrays(np.float32, (k, 5), elements=finite)),
    st.floats(0, 1),
    st.integers(1, 4),
)
def test_rows_are_probabilities(documents: Array, names: Array, balance: float, rounds: int) -> None:
    found = assign(documents, names, balance=balance, rounds=rounds)
    assert found.shape == (len(documents), len(names))
    assert (found >= 0).all()
    assert found.sum(axis=1) == pytest.approx(np.ones(len(documents)), abs=1e-4)


def test_the_order_of_documents_and_of_classes_does_not_matter() -> None:
    documents, _, names = planted([30, 20, 10, 5])
    rows, columns = np.random.default_rng(1).permutation(len(documents)), np.array([2, 0, 3, 1])
    moved = assign(documents[rows], names[columns])
    assert moved == pytest.approx(assign(documents, names)[rows][:, columns], abs=1e-3)


def test_no_documents_one_class_and_no_class() -> None:
    names = np.eye(3, dtype=np.float32)
    assert assign(np.zeros((0, 3)), names).shape == (0, 3)
    assert assign(names, names[:1]).tolist() == [[1.0]] * 3
    with pytest.raises(ValueError, match="0 classes"):
        assign(names, names[:0])


def test_one_document_gets_the_class_it_is_like() -> None:
    names = np.eye(5, dtype=np.float32)
    assert assign(names[2:3] + 0.1, names).argmax() == 2


@pytest.mark.parametrize("sizes", [[60] * 8, [160, 110, 80, 55, 40, 25, 15, 8]], ids=["equal", "unequal"])
def test_documents_correct_the_names(sizes: list[int]) -> None:
    right = [
        ((nearest(documents, names) == gold).mean(), (assign(documents, names).argmax(axis=1) == gold).mean())
        for documents, gold, names in (planted(sizes, seed, noise=1.2) for seed in range(5))
    ]
    before, after = np.mean(right, axis=0)
    assert after > before


def test_balance_draws_the_class_sizes_together() -> None:
    documents, _, names = planted([100, 40, 10, 5])
    spreads = [assign(documents, names, balance=balance).sum(axis=0).std() for balance in (0.0, 0.5, 1.0)]
    assert spreads == sorted(spreads, reverse=True)


@pytest.mark.parametrize(
    ("sizes", "expected"), [([5, 5, 5], 1.0), ([1, 0, 0, 0], 1 / 4**4), ([1, 1, 0, 0], 1 / 2**4), ([7], 1.0)]
)
def test_evenness_is_the_fourth_power_of_the_effective_share_of_classes(sizes: list[float], expected: float) -> None:
    assert evenness(np.array(sizes, dtype=np.float32)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("balance", "expected"), [(0, [0.8, 0.2]), (0.5, [2 / 3, 1 / 3]), (1, [0.5, 0.5])])
def test_sizes_are_drawn_together_between_what_they_seem_and_equal(balance: float, expected: list[float]) -> None:
    assert drawn_together(np.array([0.8, 0.2], dtype=np.float32), balance) == pytest.approx(expected, abs=1e-5)


def test_classes_come_near_their_sizes_the_nearer_the_more_documents_there_are() -> None:
    sizes, rng = np.array([0.6, 0.3, 0.1], dtype=np.float32), np.random.default_rng(0)
    off = []
    for documents in (3, 30, 3000):
        scores = rng.normal(size=(documents, 3)).astype(np.float32) + np.array([0, 0, 2], dtype=np.float32)
        off.append(np.abs(sized(scores, sizes).mean(axis=0) - sizes).sum())
    assert off == sorted(off, reverse=True) and off[-1] < 0.1 < off[0]


@pytest.mark.parametrize(
    ("name", "description", "texts"),
    [
        ("card_arrival", "", ["card arrival", "card arrival?", "I want to know about card arrival"]),
        (
            "Fees",
            "Asks what it costs",
            ["Fees", "Fees?", "I want to know about Fees", "Fees: Asks what it costs", "Asks what it costs"],
        ),
    ],
)
def test_phrases(name: str, description: str, texts: list[str]) -> None:
    assert phrase(name, description) == texts


def test_better_than_nearest_name_on_banking77() -> None:
    path = DATA / "class_banking77" / "dev.jsonl"
    if not path.exists():
        pytest.skip(f"no {path}; set LIMBECK_DATA to the folder of the data")
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    classes = sorted({row["label"] for row in rows})
    chosen = [rows[i] for i in np.random.default_rng(0).permutation(len(rows))[:1500]]
    encoder = Encoder.load()
    documents = encoder.encode([row["text"] for row in chosen])
    names = np.stack([encoder.encode(phrase(name)).mean(axis=0) for name in classes])
    gold = np.array([classes.index(row["label"]) for row in chosen])
    found = assign(documents, names).argmax(axis=1)
    assert (found == gold).mean() > (nearest(documents, names) == gold).mean() + 0.03
