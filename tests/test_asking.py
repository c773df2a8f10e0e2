import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck import asking
from limbeck.asking import choose, doubt, reliance
from limbeck.neighbours import unit
from limbeck.prototypes import assign

SURE, TORN = [0.98, 0.02], [0.5, 0.5]


def groups(sizes: list[int], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors around orthogonal directions, and each one's group."""
    rng, of = np.random.default_rng(seed), np.repeat(np.arange(len(sizes)), sizes)
    vectors = np.eye(12)[of] + 0.1 * rng.normal(size=(len(of), 12))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), of


def test_doubt_is_what_is_missing_to_a_clear_margin() -> None:
    assert doubt([[1.0, 0.0], [0.5, 0.5], [0.75, 0.25]]).tolist() == [0.0, 1.0, 0.25]
    assert doubt([[1.0], [1.0]]).tolist() == [0.0, 0.0]


def test_the_largest_group_in_doubt_is_asked_about_first_and_no_group_twice() -> None:
    embeddings, of = groups([10, 30, 20, 40])
    shares = np.array([TORN if group < 3 else SURE for group in of])
    assert of[choose(embeddings, shares, [], 3, seed=0)].tolist() == [1, 2, 0]


def test_what_was_asked_is_not_asked_again_and_speaks_for_its_neighbours() -> None:
    embeddings, of = groups([10, 30, 40])
    shares = np.array([TORN] * 40 + [SURE] * 40)
    (asked,) = choose(embeddings, shares, [], 1, seed=0)
    assert of[asked] == 1
    (then,) = choose(embeddings, shares, [asked], 1, seed=0)
    assert of[then] == 0
    assert set(choose(embeddings, shares, list(range(78)), 9, seed=0)) == {78, 79}
    assert choose(embeddings, shares, list(range(80)), 9, seed=0).tolist() == []


@given(st.integers(0, 30), st.integers(0, 12), st.integers(0, 5))
def test_as_many_as_wanted_all_different_and_none_asked_before(n: int, count: int, asked: int) -> None:
    rng = np.random.default_rng(n)
    embeddings, shares = rng.normal(size=(n, 6)), rng.dirichlet(np.ones(4), size=n).reshape(n, 4)
    seen = list(range(min(asked, n)))
    chosen = choose(embeddings, shares, seen, count, seed=0).tolist()
    assert len(chosen) == len(set(chosen)) == min(count, n - len(seen))
    assert not set(chosen) & set(seen)


def plainly(embeddings: np.ndarray, shares: np.ndarray, count: int, errs: float = 0.0) -> list[int]:
    """Facility location by the book: every gain anew at every step."""
    vectors = embeddings - embeddings.mean(axis=0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    likeness = np.maximum(vectors @ vectors.T, 0) ** 4
    covered, doubts, chosen = np.zeros(len(vectors)), doubt(shares), []  # type: ignore[var-annotated]
    for _ in range(count):
        gains = (np.maximum(likeness - covered, 0) @ doubts) * reliance(vectors.astype(np.float32), errs)
        gains[chosen] = -1
        chosen.append(int(gains.argmax()))
        covered = np.maximum(covered, likeness[chosen[-1]])
    return chosen


@given(st.integers(5, 60), st.integers(0, 5), st.integers(0, 1000), st.sampled_from([0.0, 0.25]))
def test_what_is_not_computed_anew_would_not_have_been_chosen(n: int, count: int, seed: int, errs: float) -> None:
    rng = np.random.default_rng(seed)
    embeddings, shares = rng.normal(size=(n, 6)), rng.dirichlet(np.ones(4), size=n)
    assert choose(embeddings, shares, [], count, seed=0, errs=errs).tolist() == plainly(embeddings, shares, count, errs)


@pytest.mark.parametrize(
    ("errs", "relied"),
    [
        (0.0, [1, 1, 1, 1]),
        (0.125, [15 / 16, 13 / 16, 11 / 16, 9 / 16]),
        (0.25, [7 / 8, 5 / 8, 3 / 8, 1 / 8]),
        (0.5, [3 / 4, 1 / 4, 0, 0]),
    ],
)
def test_answers_are_relied_on_by_how_near_a_documents_neighbours_are(errs: float, relied: list[float]) -> None:
    angles = np.array([0.1, 0.0, -0.3, 0.9])
    documents = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert reliance(documents, errs) == pytest.approx(relied)
    assert reliance(documents[[3, 1, 0, 2]], errs) == pytest.approx([relied[row] for row in (3, 1, 0, 2)])


@pytest.mark.parametrize(("documents", "relied"), [([], []), ([[1, 0]], [1]), ([[1, 0]] * 4, [0.5] * 4)])
def test_none_one_and_all_alike_are_relied_on_alike(documents: list[list[int]], relied: list[float]) -> None:
    assert reliance(np.array(documents, dtype=np.float32).reshape(-1, 2), 0.25).tolist() == relied


def test_a_person_is_asked_where_most_doubt_is_and_a_model_rather_where_it_will_be_right() -> None:
    rng, of = np.random.default_rng(0), np.repeat([0, 1, 2], [40, 16, 30])
    vectors = np.eye(12)[of] + np.array([0.15, 0.08, 0.08])[of][:, None] * rng.normal(size=(len(of), 12))
    shares = np.array([TORN if group < 2 else SURE for group in of])
    by_person, by_model = (choose(unit(vectors), shares, [], 1, seed=0, errs=errs) for errs in (0.0, 0.25))
    assert of[by_person].tolist() == [0]
    assert of[by_model].tolist() == [1]


@given(st.integers(0, 30), st.integers(0, 12), st.sampled_from([0.0, 0.1, 0.25, 0.5]))
def test_however_often_answers_are_wrong_as_many_are_chosen_all_different(n: int, count: int, errs: float) -> None:
    rng = np.random.default_rng(n)
    embeddings, shares = rng.normal(size=(n, 6)), rng.dirichlet(np.ones(4), size=n).reshape(n, 4)
    chosen = choose(embeddings, shares, [], count, seed=0, errs=errs).tolist()
    assert len(chosen) == len(set(chosen)) == min(count, n)
    assert set(chosen) <= set(range(n))


def test_where_more_are_wanted_than_can_be_compared_the_most_doubtful_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "CANDIDATES", 4)
    monkeypatch.setattr(asking, "CELLS", asking.SPOKEN_FOR * 6)
    embeddings, _ = groups([10, 10])
    first = np.linspace(0.5, 0.98, 20)
    chosen = choose(embeddings, np.stack([first, 1 - first], axis=1), [], 9, seed=0).tolist()
    assert set(chosen[:6]) == set(range(6)) and chosen[6:] == [6, 7, 8]


def test_a_few_answers_where_limbeck_asks_teach_more_than_answers_anywhere() -> None:
    rng = np.random.default_rng(0)
    names = rng.normal(size=(8, 12))
    of = np.repeat(np.arange(8), [40, 35, 30, 25, 20, 15, 10, 5])
    embeddings = names[of] + 1.2 * rng.normal(size=(len(of), 12))
    wrong = names[[1, 0, 3, 2, 4, 5, 6, 7]]  # four names mislead

    def right(rows: list[int]) -> float:
        shares = assign(embeddings, wrong, known={row: int(of[row]) for row in rows})
        return float((shares.argmax(axis=1) == of).mean())

    asked: list[int] = []
    for _ in range(4):
        shares = assign(embeddings, wrong, known={row: int(of[row]) for row in asked})
        asked += choose(embeddings, shares, asked, 4, seed=0).tolist()
    anywhere = np.mean([right(np.random.default_rng(seed).choice(len(of), 16, replace=False).tolist()) for seed in range(5)])
    assert right(asked) > right([]) + 0.1
    assert right(asked) > anywhere


def test_what_a_person_told_stays() -> None:
    embeddings, of = groups([10, 10])
    shares = assign(embeddings, np.eye(12)[:2], known={0: 1, 19: 0})
    assert shares[0].tolist() == [0.0, 1.0]
    assert shares[19].tolist() == [1.0, 0.0]
    assert shares.sum(axis=1) == pytest.approx(1)
