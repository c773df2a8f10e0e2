"""What students are taught: right votes stay, single errors go, and a person is never outvoted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.neighbours import Matrix, unit
from limbeck.students.lessons import Rows
from limbeck.teaching import lessons_of

K, N, DIMENSIONS = 4, 400, 16


@pytest.fixture(scope="module")
def texts() -> tuple[Matrix, Rows]:
    """Vectors of classes that overlap, and the classes."""
    draw = np.random.default_rng(0)
    classes = draw.integers(0, K, N)
    means = 2.8 * draw.standard_normal((K, DIMENSIONS)) / np.sqrt(DIMENSIONS)
    return unit((means[classes] + draw.standard_normal((N, DIMENSIONS))).astype(np.float32)), classes


def taught(vectors: Matrix, votes: Matrix, known: dict[int, int] | None = None) -> Matrix:
    names = [str(number) for number in range(votes.shape[1])]
    return lessons_of([""] * len(votes), names, votes, vectors, known=known).targets


def flipped(classes: Rows, rate: float) -> Rows:
    draw = np.random.default_rng(1)
    others = (classes + draw.integers(1, K, len(classes))) % K
    return np.where(draw.random(len(classes)) < rate, others, classes)


def test_votes_that_are_all_right_stay(texts: tuple[Matrix, Rows]) -> None:
    vectors, classes = texts
    right = (taught(vectors, np.eye(K, dtype=np.float32)[classes]).argmax(axis=1) == classes).mean()
    assert right > 0.97


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5])
def test_single_errors_go(rate: float, texts: tuple[Matrix, Rows]) -> None:
    vectors, classes = texts
    votes = flipped(classes, rate)
    right = (taught(vectors, np.eye(K, dtype=np.float32)[votes]).argmax(axis=1) == classes).mean()
    assert right > (votes == classes).mean() + rate / 3


def test_a_person_is_never_outvoted(texts: tuple[Matrix, Rows]) -> None:
    vectors, classes = texts
    votes = np.eye(K, dtype=np.float32)[classes]
    told = {row: int(classes[row] + 1) % K for row in range(20)}
    votes[list(told)] = np.eye(K)[list(told.values())]
    assert taught(vectors, votes, told)[list(told)].tolist() == votes[list(told)].tolist()


def test_of_whom_nobody_voted_on_neighbours_tell(texts: tuple[Matrix, Rows]) -> None:
    vectors, classes = texts
    votes = np.eye(K, dtype=np.float32)[classes]
    silent = np.arange(N) % 3 == 0
    votes[silent] = 1 / K
    found = taught(vectors, votes).argmax(axis=1)
    assert (found[silent] == classes[silent]).mean() > 0.8
    assert (found[~silent] == classes[~silent]).mean() > 0.97


@given(n=st.integers(0, 12), k=st.integers(1, 5), voted=st.integers(0, 12), seed=st.integers(0, 99))
def test_every_text_has_shares_however_few_there_are(n: int, k: int, voted: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    votes = np.full((n, k), 1 / k, dtype=np.float32)
    votes[:voted] = draw.dirichlet(np.ones(k), len(votes[:voted]))
    targets = taught(unit(draw.standard_normal((n, 3)).astype(np.float32)), votes)
    assert targets.shape == (n, k)
    assert targets.sum(axis=1) == pytest.approx(np.ones(n), abs=1e-4)


@pytest.mark.parametrize("classes", [8, 40])
def test_where_classes_have_few_texts_right_votes_stay(classes: int) -> None:
    draw = np.random.default_rng(2)
    right = draw.integers(0, classes, 3 * classes)
    means = 2.8 * draw.standard_normal((classes, DIMENSIONS)) / np.sqrt(DIMENSIONS)
    vectors = unit((means[right] + draw.standard_normal((len(right), DIMENSIONS))).astype(np.float32))
    found = taught(vectors, np.eye(classes, dtype=np.float32)[right]).argmax(axis=1)
    assert (found == right).mean() > 0.95
