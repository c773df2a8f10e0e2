"""The nearest labels: exactly, and by an index."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.neighbours import unit
from limbeck.retrieval import nearest as module
from limbeck.retrieval.nearest import Exact, Floats, Lists, nearest


def clustered(labels: int, clusters: int, width: int = 32, seed: int = 0) -> tuple[Floats, Floats]:
    """Labels about centres, and a query near each of 100 labels."""
    rng = np.random.default_rng(seed)
    centres = unit(rng.standard_normal((clusters, width), dtype=np.float32))
    found = unit(centres[rng.integers(0, clusters, labels)] + 0.15 * rng.standard_normal((labels, width), dtype=np.float32))
    near = found[rng.choice(labels, 100)] + 0.1 * rng.standard_normal((100, width), dtype=np.float32)
    return found, unit(near)


@given(labels=st.integers(1, 80), queries=st.integers(0, 9), count=st.integers(1, 90), seed=st.integers(0, 999))
def test_exactly_the_largest_products_in_order(labels: int, queries: int, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    known = rng.standard_normal((labels, 5), dtype=np.float32)
    asked = rng.standard_normal((queries, 5), dtype=np.float32)
    rows, products = Exact.of(known).top(asked, count)
    truly = asked @ known.T
    order = np.argsort(-truly, axis=1)[:, :count]
    assert rows.dtype == np.int64 and products.dtype == np.float32 and rows.shape == (queries, min(count, labels))
    assert np.allclose(products, np.take_along_axis(truly, order, axis=1), atol=1e-5)
    assert np.allclose(products, np.take_along_axis(truly, rows, axis=1), atol=1e-5)
    assert all(len(set(row)) == len(row) for row in rows.tolist())


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    known, asked = clustered(500, 10)
    whole = Exact.of(known).top(asked, 7)
    monkeypatch.setattr(module, "MOST_SCORES", 1500)  # Three queries at once.
    parts = Exact.of(known).top(asked, 7)
    assert [part.stop - part.start for part in module.batches(100, 500)] == [3] * 34
    assert (whole[0] == parts[0]).all() and np.allclose(whole[1], parts[1], atol=1e-6)


@pytest.mark.parametrize(("labels", "queries"), {100_000: 256, 1_000_000: 33, 10**9: 1, 0: 256}.items())
def test_the_more_labels_the_fewer_queries_at_once(labels: int, queries: int) -> None:
    assert module.at_once(labels) == queries


def test_an_index_finds_nearly_all() -> None:
    known, asked = clustered(20_000, 400)
    index = Lists.of(known)
    rows, products = index.top(asked, 10)
    truly, _ = Exact.of(known).top(asked, 10)
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(rows.tolist(), truly.tolist(), strict=True)])
    assert recall >= 0.9
    assert (np.diff(products, axis=1) <= 0).all()
    assert np.allclose(products, np.take_along_axis(asked @ known.T, rows, axis=1), atol=2e-3)  # 16-bit floats.
    assert np.allclose(index.vectors(rows[0]), known[rows[0]], atol=2e-3)


def test_an_index_of_parts_is_that_of_the_whole() -> None:
    known, asked = clustered(3000, 30)
    whole = Lists.streamed(known, iter([known]))
    parts = Lists.streamed(known, (known[at : at + 700] for at in range(0, 3000, 700)))
    assert (whole.top(asked, 5)[0] == parts.top(asked, 5)[0]).all()


def test_where_lists_hold_too_few_rows_are_none() -> None:
    known, asked = clustered(400, 10)
    index = Lists.of(known)
    index.index.nprobe = 1
    rows, products = index.top(asked, 300)
    assert rows.shape == (100, 300)
    assert (rows == -1).any() and (rows[:, 0] >= 0).all()
    assert (products[rows < 0] == -np.inf).all() and np.isfinite(products[rows >= 0]).all()


@pytest.mark.parametrize("labels", [1, 2, 39])
def test_an_index_of_a_few_labels_finds_them_all(labels: int) -> None:
    known, asked = clustered(labels, 3)
    rows, _ = Lists.of(known).top(asked, 50)
    assert (np.sort(rows, axis=1) == np.arange(labels)).all()


def test_few_labels_are_compared_one_and_all() -> None:
    known, _ = clustered(200, 5)
    assert isinstance(nearest(known, 200), Exact) and isinstance(nearest(known, 199), Lists)
    assert np.array_equal(nearest(known).vectors(np.array([3, 3, 0])), known[[3, 3, 0]])
