"""The head that remembers its lessons, and how the joint student weighs and chooses them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from limbeck.students import Lessons, memory
from limbeck.students.calibration import softmax
from limbeck.students.dense import Dense
from limbeck.students.joint import DISPUTED, DOUBTFUL, surest, trusted, weights_by
from limbeck.students.lessons import Floats
from limbeck.students.memory import Remembering


def circle(*degrees: float) -> Floats:
    """Unit vectors in the plane."""
    turned = np.radians(np.asarray(degrees, dtype=np.float32))
    return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)


def remembering(degrees: list[float], chosen: list[str], dense: Dense | None = None) -> Remembering:
    lessons = Lessons.of([str(one) for one in degrees], chosen)
    silent = Dense([(np.zeros((len(lessons.labels), 2), np.float32), np.zeros(len(lessons.labels), np.float32))])
    return Remembering.of(dense or silent, circle(*degrees), lessons, seed=0)


def test_labels_in_patches_that_no_line_parts_are_told_apart() -> None:
    head = remembering([0, 90, 180, 270] * 3, ["A", "B", "A", "B"] * 3)
    assert head.outputs(circle(2, 92, 178, 268)).argmax(axis=1).tolist() == [0, 1, 0, 1]


def test_where_all_lessons_are_far_the_dense_head_decides() -> None:
    lines = Dense([(np.array([[0, 9], [0, -9]], np.float32), np.zeros(2, np.float32))])
    head = remembering([0, 20], ["A", "B"], lines)
    head = Remembering(head.dense, np.zeros((2, 2), np.float16), head.labels, head.shares, head.k)
    assert head.neighbours(circle(90)).tolist() == [[0, 0]]
    assert head.outputs(circle(90, 270)).argmax(axis=1).tolist() == [0, 1]


def test_what_applies_is_left_to_the_dense_head() -> None:
    four = Dense([(np.ones((4, 2), np.float32), np.arange(4, dtype=np.float32))])
    taught = Lessons(("a", "b"), ("A", "B"), np.eye(2, dtype=np.float32), np.ones(2, np.float32), np.eye(2, dtype=np.float32))
    head = Remembering.of(four, circle(0, 90), taught, seed=0)
    assert head.outputs(circle(45))[:, 2:].tolist() == four.outputs(circle(45))[:, 2:].tolist()


def test_no_more_lessons_are_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST_LESSONS", 3)
    head = remembering(list(range(10)), ["A", "B"] * 5)
    assert head.vectors.shape == (3, 2)
    assert head.labels.shape == head.shares.shape == (3, 2)


@given(
    scores=arrays(np.float32, st.tuples(st.integers(1, 12), st.integers(1, 7)), elements=st.floats(-5, 5, width=32)),
    seed=st.integers(0, 99),
)
def test_neighbours_share_out_at_most_one_vote_whatever_they_were_taught(scores: Floats, seed: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(len(scores), 3)).astype(np.float32)
    k = scores.shape[1]
    labels = tuple(str(label) for label in range(k))
    lessons = Lessons(("x",) * len(scores), labels, softmax(scores), np.ones(len(scores), np.float32))
    dense = Dense([(np.zeros((k, 3), np.float32), np.zeros(k, np.float32))])
    shares = Remembering.of(dense, vectors, lessons, seed).neighbours(vectors)
    assert (shares >= 0).all() and (shares.sum(axis=1) <= 1 + 1e-3).all()
    assert np.isfinite(Remembering.of(dense, vectors, lessons, seed).outputs(vectors)).all()


def test_a_memory_comes_back_from_its_folder_as_it_was(tmp_path: Path) -> None:
    head = remembering([0, 90, 180], ["A", "B", "C"])
    head.save(tmp_path)
    assert Remembering.load(tmp_path).outputs(circle(10, 100)).tolist() == head.outputs(circle(10, 100)).tolist()


# ---- the joint student: whom to believe, and what to learn first ---------------------------------------------------


def test_a_label_that_is_hard_to_learn_has_a_lower_threshold() -> None:
    easy, hard = [0.9, 0.1], [0.45, 0.55]
    shares = np.array([easy] * 8 + [hard] * 2, dtype=np.float32)
    assert trusted(shares).tolist() == [True] * 10
    assert trusted(np.array([easy] * 8 + [[0.55, 0.45]] * 2, dtype=np.float32)).tolist() == [True] * 8 + [False] * 2


def test_texts_count_by_the_other_networks_sureness_and_by_dispute() -> None:
    other = np.array([[0.9, 0.1], [0.9, 0.1], [0.55, 0.45], [0.1, 0.9]], dtype=np.float32)
    own = np.array([[0.8, 0.2], [0.2, 0.8], [0.8, 0.2], [0.1, 0.9]], dtype=np.float32)
    assert weights_by(own, other).tolist() == pytest.approx([1, DISPUTED, DOUBTFUL, 1])


@given(st.lists(st.sampled_from("AABC"), min_size=1, max_size=30), st.floats(0.05, 1))
def test_the_surest_texts_of_every_label_come_first(chosen: list[str], share: float) -> None:
    confidences = [1 / (at + 1) for at in range(len(chosen))]
    lessons = Lessons.of([str(at) for at in range(len(chosen))], chosen, confidences)
    rows = surest(lessons, share)
    for label in set(chosen):
        members = [at for at, one in enumerate(chosen) if one == label]
        kept = [at for at in rows if chosen[at] == label]
        assert kept == members[: max(1, round(share * len(members)))]
