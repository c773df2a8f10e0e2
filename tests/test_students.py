"""Students: lessons, the six kinds, what they say, and what they leave on disk."""

import functools
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.encoder import Encoder
from limbeck.errors import StudentError
from limbeck.students import KINDS, Kind, Lessons, Prediction, Student, fit, fit_best, kinds_for, load, lora
from limbeck.students.calibration import (
    Calibration,
    best_applicable_temperature,
    best_temperature,
    best_thresholds,
    expected_calibration_error,
)
from limbeck.students.logistic import solve
from limbeck.students.metrics import macro_f1, measure
from limbeck.students.objective import loss_and_gradient
from limbeck.students.student import TUNED
from limbeck.students.torching import asymmetric

CARD = (
    "my card has not arrived",
    "where is my new card",
    "the card is still in the post",
    "card delivery is late",
)
MONEY = (
    "exchange my euros",
    "what is the exchange rate",
    "change dollars to pounds",
    "currency conversion fee",
)
HELLO = ("hello there", "good morning", "hi, how are you", "hey")
TEXTS = CARD + MONEY + HELLO
CHOSEN = ("Card",) * 4 + ("Money",) * 4 + ("Other",) * 4


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load(max_tokens=32)


def lessons(applicable: bool = False) -> Lessons:
    """Twelve texts; every text about money is about the card too, where all applicable labels are taught."""
    plain = Lessons.of(TEXTS, CHOSEN)
    if not applicable:
        return plain
    both = plain.targets.copy()
    both[4:8, 0] = 1
    return Lessons(TEXTS, plain.labels, plain.targets, plain.weights, both)


def labels_of(predictions: Sequence[Prediction]) -> list[str]:
    return [prediction.label for prediction in predictions]


# -- lessons


@given(
    chosen=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=60),
    share=st.floats(0, 0.9),
    seed=st.integers(0, 9),
)
def test_split_is_a_partition_that_keeps_each_label_in_train(
    chosen: list[str], share: float, seed: int
) -> None:
    whole = Lessons.of([f"text {number}" for number in range(len(chosen))], chosen)
    train, held = whole.split(share, seed)
    assert sorted([*train.texts, *held.texts]) == sorted(whole.texts)
    assert set(train.hard) == set(whole.hard)
    assert len(held) <= share * len(whole) + 0.5
    again = whole.split(share, seed)
    assert (train.texts, held.texts) == (again[0].texts, again[1].texts)
    row = {text: number for number, text in enumerate(whole.texts)}
    assert (held.targets == whole.targets[[row[text] for text in held.texts]]).all()


@pytest.mark.parametrize(
    ("chosen", "held"),
    [
        (("a",), 0),
        (("a", "b"), 0),
        (("a", "a"), 1),
        (("a", "a", "b"), 1),
        (("a",) * 10, 5),
        (("a", "b") * 10, 10),
        (tuple("abcdefgh"), 0),
    ],
)
def test_split_holds_out_what_can_be_spared(chosen: tuple[str, ...], held: int) -> None:
    train, out = Lessons.of(chosen, chosen).split(0.5, seed=0)
    assert (len(train), len(out)) == (len(chosen) - held, held)


def test_split_carries_rounding_over_so_that_small_labels_are_held_out_too() -> None:
    names = [f"label {n}" for n in range(20) for _ in range(3)]
    assert len(Lessons.of(names, names).split(0.15, seed=0)[1]) == 9


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_split_refuses_a_share_that_is_none(share: float) -> None:
    with pytest.raises(StudentError, match=r"can't hold out .* type a share"):
        lessons().split(share, seed=0)


@pytest.mark.parametrize(
    ("targets", "weights", "applicable", "message"),
    [
        ([[0.5, 0.4]], [1], None, "'targets' is no distribution"),
        ([[1.5, -0.5]], [1], None, "'targets' is no distribution"),
        ([[1, 0, 0]], [1], None, r"'targets' has the shape \(1, 3\); give one of \(1, 2\)"),
        ([[np.nan, 1]], [1], None, "'targets' holds a number that is not finite"),
        ([[1, 0]], [1, 1], None, "'weights' has the shape"),
        ([[1, 0]], [-1], None, "'weights' has a number below 0"),
        ([[1, 0]], [1], [[1]], "'applicable' has the shape"),
        ([[1, 0]], [1], [[1, 2]], r"'applicable' has a number outside \[0, 1\]"),
    ],
)
def test_lessons_that_do_not_fit_are_refused(
    targets: object, weights: object, applicable: object, message: str
) -> None:
    with pytest.raises(StudentError, match=message):
        Lessons(("a text",), ("a", "b"), targets, weights, applicable)  # type: ignore[arg-type]


def test_labels_must_be_distinct() -> None:
    with pytest.raises(StudentError, match="give each label once"):
        Lessons(("a text",), ("a", "a"), np.ones((1, 2), np.float32), np.ones(1, np.float32))


# -- objective, calibration, metrics


@given(seed=st.integers(0, 200))
@settings(max_examples=20)
def test_gradient_is_that_of_the_loss(seed: int) -> None:
    chance = np.random.default_rng(seed)
    targets = chance.dirichlet(np.ones(3), 4).astype(np.float32)
    weights, applicable = chance.random(4, dtype=np.float32), chance.random((4, 3), dtype=np.float32)
    taught = Lessons(("a", "b", "c", "d"), ("x", "y", "z"), targets, weights, applicable)
    outputs = chance.normal(size=(4, 6))
    gradient = loss_and_gradient(outputs, taught)[1]  # type: ignore[arg-type]
    for row, column in ((0, 0), (1, 2), (2, 3), (3, 5)):
        step = np.zeros_like(outputs)
        step[row, column] = 1e-5
        up, down = (loss_and_gradient(outputs + sign * step, taught)[0] for sign in (1, -1))  # type: ignore[arg-type]
        assert gradient[row, column] == pytest.approx((up - down) / 2e-5, abs=1e-4)


def test_logistic_learns_the_shares_themselves() -> None:
    """Equal vectors can only be told apart by nothing: the fit must come to the weighted mean of their targets."""
    targets = np.array([[0.9, 0.1], [0.2, 0.8]], dtype=np.float32)
    taught = Lessons(("a", "b"), ("x", "y"), targets, np.array([3, 1], dtype=np.float32))
    head = solve(np.ones((2, 3), dtype=np.float32), taught, strength=1e-3)
    shares = Calibration().shares(head.outputs(np.ones((1, 3), dtype=np.float32)), 2)
    assert shares[0] == pytest.approx([(3 * 0.9 + 0.2) / 4, (3 * 0.1 + 0.8) / 4], abs=2e-3)


def test_temperature_undoes_overconfidence() -> None:
    """Outputs three times too large need a temperature of three."""
    true = np.random.default_rng(0).normal(size=(400, 3)).astype(np.float32)
    targets = Calibration().shares(true, 3)
    taught = Lessons(["text"] * 400, ("a", "b", "c"), targets, np.ones(400, dtype=np.float32))
    assert best_temperature(3 * true, taught) == pytest.approx(3, rel=0.01)


@pytest.mark.parametrize(
    ("chances", "applicable", "thresholds"),
    [
        ([], [], [0.5, 0.5]),
        ([[0.1, 0.225], [0.315, 0.05]], [[0, 1], [1, 0]], [0.22, 0.22]),
        ([[0.9, 0.9]], [[0, 0]], [0.5, 0.5]),
        ([[0.605, 0.305]] * 30 + [[0.595, 0.1]] * 30, [[1, 1]] * 30 + [[0, 0]] * 30, [(0.6 + 0.3) / 2, 0.3]),
    ],
)
def test_each_label_has_a_threshold_drawn_to_the_common_one(
    chances: list[list[float]], applicable: list[list[int]], thresholds: list[float]
) -> None:
    given, wanted = (np.array(rows, dtype=np.float32).reshape(-1, 2) for rows in (chances, applicable))
    assert best_thresholds(given, wanted) == pytest.approx(thresholds)


@given(seed=st.integers(0, 200), n=st.integers(0, 30))
@settings(max_examples=30)
def test_a_label_that_no_text_has_takes_the_common_threshold(seed: int, n: int) -> None:
    """And the order of labels changes nothing."""
    chance = np.random.default_rng(seed)
    chances, wanted = (
        chance.random((n, 4), dtype=np.float32),
        chance.integers(0, 2, (n, 4)).astype(np.float32),
    )
    wanted[:, 2:] = 0
    found = best_thresholds(chances, wanted)
    assert found[2] == found[3]
    assert all(0 < threshold < 1 for threshold in found)
    assert best_thresholds(chances[:, ::-1], wanted[:, ::-1]) == found[::-1]


def test_temperature_of_the_applicable_labels_undoes_overconfidence() -> None:
    true = np.random.default_rng(0).normal(size=(400, 3)).astype(np.float32)
    targets = np.full((400, 3), 1 / 3, dtype=np.float32)
    applies = Calibration().applicable(true, 0)
    taught = Lessons(["text"] * 400, ("a", "b", "c"), targets, np.ones(400, dtype=np.float32), applies)
    found = best_applicable_temperature(3 * true, taught)
    assert found == pytest.approx(3, rel=0.01)
    assert Calibration(1.0, found).applicable(3 * true, 0) == pytest.approx(applies, abs=0.01)
    assert best_applicable_temperature(true[:0], taught.take([])) == 1.0


@given(seed=st.integers(0, 200))
@settings(max_examples=20)
def test_asymmetric_loss_without_asymmetry_is_binary_cross_entropy(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    outputs = 8 * torch.randn((5, 3), generator=generator)
    wanted = torch.rand((5, 3), generator=generator)
    plain = torch.nn.functional.binary_cross_entropy_with_logits(outputs, wanted, reduction="none")
    assert torch.allclose(asymmetric(outputs, wanted, 0.0, 0.0, 0.0), plain, atol=1e-5)
    assert (asymmetric(outputs, wanted, 1.0, 4.0, 0.05) <= plain + 1e-5).all()


@pytest.mark.parametrize(
    ("chance", "wanted", "loss"),
    [
        (0.8, 1.0, -0.2 * np.log(0.8)),
        (0.8, 0.0, -(0.7**2) * np.log(0.3)),
        (0.05, 0.0, 0.0),
        (0.8, 0.5, -0.1 * np.log(0.8) - 0.5 * 0.7**2 * np.log(0.3)),
    ],
)
def test_asymmetric_loss_by_hand(chance: float, wanted: float, loss: float) -> None:
    outputs = torch.tensor([np.log(chance / (1 - chance))])
    found = asymmetric(outputs, torch.tensor([wanted]), gamma_positive=1.0, gamma_negative=2.0, margin=0.1)
    assert found.item() == pytest.approx(loss, abs=1e-5)


def test_calibration_error_is_the_gap_between_confidence_and_agreement() -> None:
    shares = np.array([[0.8, 0.2]] * 4, dtype=np.float32)
    assert expected_calibration_error(shares, np.array([0, 0, 1, 1])) == pytest.approx(0.3)


def test_macro_f1_counts_each_label_once() -> None:
    assert macro_f1(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 2])) == pytest.approx((0.8 + 0 + 0) / 3)


def test_metrics_by_hand() -> None:
    ones = np.array([[1, 0], [1, 1]], dtype=np.float32)
    taught = Lessons(("a", "b"), ("x", "y"), np.eye(2, dtype=np.float32), 2 * ones[0] + 1, ones)
    outputs = np.array([[9, -9, 9, -9], [9, -9, 9, -9]], dtype=np.float32)
    found = measure(outputs, taught, Calibration(thresholds=(0.5, 0.5)))
    nll = found.pop("nll")
    assert nll == pytest.approx(18 / 4, rel=1e-3)
    assert found == {
        "held_out": 2,
        "accuracy": 0.5,
        "weighted_accuracy": 0.75,
        "macro_f1": pytest.approx((2 / 3) / 2),
        "ece": pytest.approx(0.5),
        "exact_match": 0.5,
        "micro_precision": 1.0,
        "micro_recall": pytest.approx(2 / 3),
    }


# -- students


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("applicable", [False, True])
def test_save_and_load_give_the_same_answers(
    kind: Kind, applicable: bool, encoder: Encoder, tmp_path: Path
) -> None:
    taught = lessons(applicable)
    student = fit(kind, taught, taught, encoder, seed=0)
    asked = [*TEXTS, "", "a text of another kind " * 40]
    student.save(tmp_path / "deep" / "student")
    again = load(tmp_path / "deep" / "student")
    assert again.predict(asked) == student.predict(asked)
    assert (again.kind, again.labels, again.metrics) == (student.kind, student.labels, student.metrics)
    assert again.encoder.max_tokens == 32


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_learns(kind: Kind, encoder: Encoder) -> None:
    taught = Lessons.of(TEXTS * 4, CHOSEN * 4)
    student = fit(kind, taught, taught, encoder, seed=0)
    assert labels_of(student.predict(TEXTS)) == list(CHOSEN)
    assert student.metrics["accuracy"] == 1.0
    assert student.predict([]) == []


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_are_calibrated_distributions(kind: Kind, encoder: Encoder) -> None:
    taught = lessons(applicable=True)
    student = fit(kind, taught, taught, encoder, seed=0)
    for prediction in student.predict(TEXTS):
        assert sum(prediction.scores) == pytest.approx(1, abs=1e-5)
        assert prediction.confidence == max(prediction.scores)
        assert prediction.label == student.labels[prediction.scores.index(prediction.confidence)]
        thresholds = student.calibration.thresholds or ()
        rows = zip(student.labels, prediction.applicable_scores, thresholds, strict=True)
        assert prediction.applicable == tuple(label for label, chance, least in rows if chance >= least)


def test_all_applicable_labels_are_learnt_one_by_one(encoder: Encoder) -> None:
    taught = lessons(applicable=True)
    student = fit("logistic", taught, taught, encoder, seed=0)
    assert [prediction.applicable for prediction in student.predict(TEXTS)] == (
        [("Card",)] * 4 + [("Card", "Money")] * 4 + [("Other",)] * 4
    )
    assert student.metrics["exact_match"] == 1.0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("chosen", [("Only",) * 5, ("A", "B", "A", "B", "B")])
@pytest.mark.parametrize("held_out", [False, True])
def test_few_texts_and_single_labels_do_not_crash(
    kind: Kind, count: int, chosen: tuple[str, ...], held_out: bool, encoder: Encoder
) -> None:
    taught = Lessons.of(TEXTS[:count], chosen[:count])
    held = taught if held_out else taught.take([])
    student = fit(kind, taught, held, encoder, seed=0)
    predictions = student.predict(["", "where is my card"])
    assert set(labels_of(predictions)) <= set(taught.labels)
    if len(taught.labels) == 1:
        assert [prediction.confidence for prediction in predictions] == [1.0, 1.0]
    assert ("accuracy" in student.metrics) == held_out
    json.dumps(student.metrics, allow_nan=False)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_student(kind: Kind, encoder: Encoder) -> None:
    train, held = Lessons.of(TEXTS, CHOSEN).split(0.3, seed=1)
    first, second = (fit(kind, train, held, encoder, seed=3) for _ in range(2))
    assert first.predict(TEXTS) == second.predict(TEXTS)


@pytest.mark.parametrize("kind", KINDS)
def test_texts_of_no_weight_teach_nothing(kind: Kind, encoder: Encoder) -> None:
    """Every text stands twice, once with a wrong label that nobody trusts."""
    wrong = ("Money",) * 4 + ("Other",) * 4 + ("Card",) * 4
    taught = Lessons.of(TEXTS * 6, CHOSEN * 3 + wrong * 3, [1.0] * 36 + [0.0] * 36)
    student = fit(kind, taught, taught, encoder, seed=0)
    assert labels_of(student.predict(TEXTS)) == list(CHOSEN)


@pytest.mark.parametrize("kind", TUNED)
def test_the_encoder_stays_as_it_was(kind: Kind, encoder: Encoder) -> None:
    before = encoder.encode(TEXTS)
    student = fit(kind, lessons(), lessons(), encoder, seed=0)
    assert (encoder.encode(TEXTS) == before).all()
    assert not (student.encoder.encode(TEXTS) == before).all()


def test_fit_best_chooses_by_held_out_agreement(encoder: Encoder) -> None:
    taught = Lessons.of(TEXTS * 3, CHOSEN * 3)
    told: list[str] = []
    students, best = fit_best(("logistic", "mlp"), taught, encoder, seed=0, progress=told.append)
    assert [student.kind for student in students] == ["logistic", "mlp"]
    assert best in students
    assert best.metrics["weighted_accuracy"] == max(s.metrics["weighted_accuracy"] for s in students)
    assert all(student.metrics["held_out"] == 5 for student in students)
    assert told == ["logistic: training on 31 texts", "mlp: training on 31 texts"]


def test_fit_best_with_nothing_to_hold_out_takes_the_first(encoder: Encoder) -> None:
    students, best = fit_best(("mlp", "logistic"), Lessons.of(["one text"], ["A"]), encoder, seed=0)
    assert best is students[0]
    assert best.metrics["held_out"] == 0


def test_kinds_for_leaves_trees_out_where_labels_are_many() -> None:
    assert kinds_for(30) == KINDS
    assert kinds_for(31) == ("logistic", "mlp", "lora", "prompt", "joint")


@pytest.mark.parametrize(("lessons", "epochs"), [(0, 16), (1, 16), (2000, 8), (8000, 2), (100_000, 2)])
def test_many_lessons_are_read_less_often(lessons: int, epochs: int) -> None:
    assert lora.RECIPE.epochs(lessons) == epochs


def test_fit_refuses_what_it_cannot_learn_from(encoder: Encoder) -> None:
    taught = lessons()
    with pytest.raises(StudentError, match=r"no kind of student 'svm'; type one of"):
        fit("svm", taught, taught, encoder, seed=0)  # type: ignore[arg-type]
    with pytest.raises(StudentError, match=r"'mlp' has no lessons; label at least one text"):
        fit("mlp", taught.take([]), taught, encoder, seed=0)
    with pytest.raises(StudentError, match=r"other labels; make both parts with"):
        fit("mlp", taught, Lessons.of(TEXTS, TEXTS), encoder, seed=0)
    with pytest.raises(StudentError, match=r"no kinds of students are given; type some of"):
        fit_best((), taught, encoder, seed=0)


# -- folders


ADAPTED = {
    "student.json",
    "head.safetensors",
    "memory.safetensors",
    "adapter_config.json",
    "adapter_model.safetensors",
}


@functools.cache
def trained(kind: Kind, encoder: Encoder) -> Student:
    return fit(kind, lessons(), lessons(), encoder, seed=0)


def saved(kind: Kind, encoder: Encoder, folder: Path) -> Student:
    student = trained(kind, encoder)
    student.save(folder)
    return student


@pytest.mark.parametrize(
    ("kind", "files"),
    [
        ("logistic", {"student.json", "head.safetensors"}),
        ("mlp", {"student.json", "head.safetensors"}),
        ("lightgbm", {"student.json", "trees.txt"}),
        ("lora", ADAPTED),
        ("prompt", ADAPTED),
        ("joint", ADAPTED),
    ],
)
def test_a_folder_holds_no_pickle_and_no_path_of_this_machine(
    kind: Kind, files: set[str], encoder: Encoder, tmp_path: Path
) -> None:
    saved(kind, encoder, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == files
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        assert str(Path(encoder.path).parent).encode() not in content
        assert str(tmp_path).encode() not in content
    assert json.loads((tmp_path / "student.json").read_text())["encoder"] == "minilm"
    if kind in TUNED:
        config = json.loads((tmp_path / "adapter_config.json").read_text())
        assert config["base_model_name_or_path"] == "minilm"


@pytest.mark.parametrize(
    ("kind", "name", "content", "message"),
    [
        ("logistic", "student.json", None, "holds no student .* type one of the folders"),
        ("logistic", "student.json", "{", "is damaged .* train it again"),
        ("logistic", "student.json", "[]", "is damaged .* its kind is none of"),
        ("logistic", "student.json", '{"kind": "logistic", "version": 3}', "is damaged .* train it again"),
        (
            "logistic",
            "student.json",
            '{"kind": "logistic", "version": 99}',
            "version 99, this limbeck reads 3; train",
        ),
        ("logistic", "head.safetensors", None, "is damaged .* copy the folder anew"),
        ("mlp", "head.safetensors", "rubbish", "is damaged .* copy the folder anew"),
        ("lightgbm", "trees.txt", None, "is damaged .* copy the folder anew"),
        ("lightgbm", "trees.txt", "rubbish", "is damaged .* copy the folder anew"),
        (
            "lora",
            "adapter_config.json",
            None,
            "is damaged .*adapter_config.json: missing.* copy the folder anew",
        ),
        ("lora", "adapter_config.json", "{", "is damaged .* copy the folder anew"),
        ("lora", "adapter_model.safetensors", None, "is damaged .* copy the folder anew"),
        ("lora", "adapter_model.safetensors", "rubbish", "is damaged .* copy the folder anew"),
        ("prompt", "adapter_model.safetensors", None, "is damaged .* copy the folder anew"),
        ("lora", "memory.safetensors", None, "is damaged .* copy the folder anew"),
        ("joint", "memory.safetensors", "rubbish", "is damaged .* copy the folder anew"),
    ],
)
def test_a_damaged_folder_says_what_to_do(
    kind: Kind, name: str, content: str | None, message: str, encoder: Encoder, tmp_path: Path
) -> None:
    saved(kind, encoder, tmp_path)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(StudentError, match=message):
        load(tmp_path)


def test_saving_where_a_file_stands_says_what_to_do(encoder: Encoder, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    student = fit("logistic", lessons(), lessons(), encoder, seed=0)
    with pytest.raises(StudentError, match="can't write a student to .* give another folder"):
        student.save(tmp_path / "taken")


# -- real data


def test_a_student_of_noisy_labels_beats_them_on_real_texts(encoder: Encoder) -> None:
    """A third of the pseudo-labels are replaced by a random one; the student must be better than they are."""
    root = Path(os.environ.get("LIMBECK_DATA", Path(__file__).parent.parent.parent / "shared" / "data"))
    source = root / "class_banking77" / "dev.jsonl"
    if not source.is_file():
        pytest.skip(f"no {source.name} of class_banking77; set LIMBECK_DATA to the folder with the data")
    rows = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    names = sorted({row["label"] for row in rows})[:10]
    rows = [row for row in rows if row["label"] in names][:400]
    chance = np.random.default_rng(0)
    noisy = [row["label"] if chance.random() > 1 / 3 else str(chance.choice(names)) for row in rows]
    train = slice(0, None, 2)
    taught = Lessons.of([row["text"] for row in rows[train]], noisy[train])
    student = fit("logistic", *taught.split(0.2, seed=0), encoder, seed=0)
    unseen = rows[1::2]
    right = [
        p.label == row["label"]
        for p, row in zip(student.predict([r["text"] for r in unseen]), unseen, strict=True)
    ]
    pseudo = [label == row["label"] for label, row in zip(noisy[train], rows[train], strict=True)]
    assert np.mean(right) > np.mean(pseudo)


@pytest.mark.parametrize("family", ["Bert", "DistilBert", "MPNet", "ModernBert"])
def test_lora_finds_the_attention_of_the_upper_half(family: str) -> None:
    import transformers

    small = {"hidden_size": 8, "num_hidden_layers": 4, "num_attention_heads": 2, "intermediate_size": 8, "vocab_size": 20}
    settings = {"pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 0, "cls_token_id": 0, "sep_token_id": 0}
    if family == "DistilBert":
        small = {"dim": 8, "n_layers": 4, "n_heads": 2, "hidden_dim": 8, "vocab_size": 20}
    config = getattr(transformers, f"{family}Config")(**small, **(settings if family == "ModernBert" else {}))
    found = lora.targets(getattr(transformers, f"{family}Model")(config))
    assert {2, 3} == {int(number) for name in found for number in name.split(".") if number.isdigit()}
    assert len(found) == (4 if family == "ModernBert" else 8)


def test_lora_says_where_it_finds_no_attention() -> None:
    from torch.nn import Linear

    with pytest.raises(StudentError, match=r"no attention in 'Linear'; choose others"):
        lora.targets(Linear(2, 2))
