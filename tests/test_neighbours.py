"""Nearest neighbours are the nearest, and each document's links to its neighbours add up to 1."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck import neighbours
from limbeck.neighbours import Matrix, graph, nearest, unit


def some(n: int, seed: int) -> Matrix:
    return unit(np.random.default_rng(seed).standard_normal((n, 5)).astype(np.float32))


@given(
    queries=st.integers(0, 9),
    known=st.integers(1, 9),
    count=st.integers(1, 12),
    batch=st.integers(1, 4),
    seed=st.integers(0, 99),
)
def test_the_nearest_are_found_however_many_at_a_time(queries: int, known: int, count: int, batch: int, seed: int) -> None:
    asked, there = some(queries, seed), some(known, seed + 100)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "ROWS_AT_A_TIME", batch)
        rows, cosines = nearest(asked, there, count)
    wanted = np.argsort(-(asked @ there.T), axis=1)[:, :count]
    assert rows.tolist() == wanted.tolist()
    assert cosines == pytest.approx(np.take_along_axis(asked @ there.T, wanted, axis=1), abs=1e-5)


@given(n=st.integers(1, 9), count=st.integers(1, 12), batch=st.integers(1, 4), seed=st.integers(0, 99))
def test_nobody_is_a_neighbour_of_themselves(n: int, count: int, batch: int, seed: int) -> None:
    there = some(n, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "ROWS_AT_A_TIME", batch)
        rows, cosines = nearest(there, there, count, themselves=True)
    cosine = there @ there.T
    np.fill_diagonal(cosine, -np.inf)
    assert rows.tolist() == np.argsort(-cosine, axis=1)[:, : min(count, n - 1)].tolist()
    assert np.isfinite(cosines).all()


@given(n=st.integers(2, 30), classes=st.integers(0, 40), seed=st.integers(0, 99))
def test_links_of_a_document_add_up_to_one(n: int, classes: int, seed: int) -> None:
    links = graph(some(n, seed), classes)
    assert np.asarray(links.sum(axis=1)).ravel() == pytest.approx(np.ones(n), abs=1e-5)
    assert links.min() >= 0


def test_one_document_has_no_neighbours() -> None:
    assert graph(some(1, 0)) is None


def test_vectors_that_may_not_be_written_to_are_taken() -> None:
    there = some(4, 0)
    there.setflags(write=False)
    assert nearest(there, there, 1)[0].ravel().tolist() == [0, 1, 2, 3]
