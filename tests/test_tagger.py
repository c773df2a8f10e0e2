"""The student `tagger`: taught by rules on invented receipts, it reads others; windows, masks, folders."""

import dataclasses
import json
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limbeck.encoder import Encoder
from limbeck.errors import StudentError
from limbeck.schemas.fields import Field, FieldSet, Findings, Found
from limbeck.schemas.pages import Pages, Sheet, Word
from limbeck.students import page_files, tagger, tagger_tags, tagger_windows, tagger_words
from limbeck.students.page_lessons import PageLesson
from limbeck.students.tagger_decoding import Chance, Reading
from limbeck.students.tagger_hints import hints
from limbeck.students.tagger_model import Network
from limbeck.students.tagger_training import adapt, lessons_of

FIELDS = FieldSet(
    name="bill",
    day_first=True,
    fields=(
        Field(name="shop", kind="name"),
        Field(name="date", kind="date"),
        Field(name="items", kind="list", fields=(Field(name="name", kind="name"), Field(name="amount", kind="money"))),
        Field(name="total", kind="money"),
    ),
)
SHOPS = ("Blue Lantern Ltd", "Corner Kiosk", "Hill Farm Store", "Old Mill Bakery", "Quick Wheels Inc", "Sunny Books")
THINGS = ("bread", "green tea", "olive oil", "paper", "red apples", "soap")


def page(*lines: str) -> Pages:
    """Rows of words, a letter 10 wide and 20 high; two blanks and more are columns."""
    words = []
    for number, line in enumerate(lines):
        at = 0
        for part in line.split(" "):
            if part:
                box = (at * 10.0, number * 30.0, (at + len(part)) * 10.0, number * 30.0 + 20)
                words.append(Word(text=part, box=box, line=number))
            at += len(part) + 1
    return Pages(sheets=(Sheet(width=400, height=30.0 * len(lines)),), words=tuple(words))


def receipt(seed: int) -> Pages:
    draw = random.Random(seed)
    amounts = [draw.randrange(100, 2000) for _ in range(draw.randrange(1, 4))]
    items = [f"{draw.choice(THINGS):20}{one / 100:.2f}" for one in amounts]
    day = f"{draw.randrange(1, 29):02}/{draw.randrange(1, 13):02}/2021"
    total = sum(amounts)
    return page(
        draw.choice(SHOPS),
        f"Till {draw.randrange(1, 9)}",
        f"Date: {day}",
        *items,
        f"{'Total':20}{total / 100:.2f}",
        f"{'Cash':20}{total / 100 + 5:.2f}",
        "Thank you",
    )


def taught(pages: Pages) -> PageLesson:
    """What rules find: the first row, what follows `Date:`, the amount after `Total`, and rows between."""
    rows = tagger_words.rows(pages.words)
    text = [pages.words[row[0]].text for row in rows]
    total, day = rows[text.index("Total")], rows[text.index("Date:")]
    entries = [{"name": found(pages, row[:-1]), "amount": found(pages, row[-1:])} for row in rows[3 : text.index("Total")]]
    date = "-".join(reversed(pages.words[day[1]].text.split("/")))
    findings: Findings = {
        "shop": [found(pages, rows[0])],
        "date": [Found(value=date, words=(day[1],))],
        "items": entries,
        "total": [found(pages, total[1:])],
    }
    return PageLesson(pages, findings)


def found(pages: Pages, words: list[int]) -> Found:
    return Found(value=" ".join(pages.words[at].text for at in words), words=tuple(words))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    """An encoder of two layers that knows nothing, with pieces of one letter and of a few words."""
    import string

    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    known = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "total", "cash", "date", "till", "thank", "you", "bread", "tea", "paper"]
    signs = string.ascii_lowercase + string.digits + string.punctuation
    vocabulary = {piece: at for at, piece in enumerate([*known, *signs, *(f"##{one}" for one in signs)])}
    made = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.BertPreTokenizer()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]")  # type: ignore[no-untyped-call]
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=128
    )
    folder = tmp_path_factory.mktemp("small")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertModel(config).save_pretrained(folder)  # type: ignore[no-untyped-call]
    tokenizer.save_pretrained(folder)
    return Encoder.load(str(folder))


def learnt(encoder: Encoder, lessons: list[PageLesson], held: list[PageLesson], tokens: int = 60_000) -> tagger.Tagger:
    return tagger.fit(lessons, held, FIELDS, encoder, 0, lambda note: None, most_tokens=tokens)


@pytest.fixture(scope="module")
def student(small: Encoder) -> tagger.Tagger:
    lessons = [taught(receipt(seed)) for seed in range(50)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("limbeck.students.tagger_training.OWN_RATE", 1e-2)
        patch.setattr("limbeck.students.tagger_training.TOKENS_IN_BATCH", 300)
        return learnt(small, lessons[:40], lessons[40:])


def test_it_reads_receipts_that_it_has_not_seen(student: tagger.Tagger) -> None:
    others = [receipt(seed) for seed in range(100, 110)]
    wanted = [taught(one).findings for one in others]
    read = student.read_many(others)
    assert [values(one) for one in read] == [values(one) for one in wanted]
    every = [one for findings in read for name in ("shop", "date", "total") for one in findings[name]]
    assert all(isinstance(one, Found) and 0.5 < one.score <= 1 and one.words for one in every)
    assert [values(student.read(one)) for one in others[:3]] == [values(one) for one in read[:3]]


def values(findings: Findings) -> dict[str, Any]:
    return {
        name: [one.value if isinstance(one, Found) else {inner: each.value for inner, each in one.items()} for one in found]
        for name, found in findings.items()
    }


def test_a_saved_student_reads_the_same(student: tagger.Tagger, tmp_path: Path) -> None:
    student.save(tmp_path / "new" / "student")
    others = [receipt(seed) for seed in range(200, 204)]
    assert tagger.load(tmp_path / "new" / "student").read_many(others) == student.read_many(others)
    assert page_files.is_page_reader(tmp_path / "new" / "student")
    assert not page_files.is_page_reader(tmp_path)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / "tagger.safetensors").write_bytes(b"no"), "is damaged"),
        (lambda folder: (folder / "tagger.safetensors").unlink(), "is damaged"),
        (lambda folder: (folder / "adapter_model.safetensors").unlink(), "adapter_model.safetensors is missing"),
        (lambda folder: (folder / "student.json").write_text("{}"), "is damaged"),
        (lambda folder: changed(folder, tagger=99), "has the version 99"),
        (lambda folder: changed(folder, chances=[]), "its thresholds are not those of its fields"),
        (lambda folder: changed(folder, encoder=7, max_tokens="many"), "is damaged"),
    ],
)
def test_a_damaged_folder_is_named(student: tagger.Tagger, tmp_path: Path, damage: Any, said: str) -> None:
    student.save(tmp_path / "whole")
    shutil.copytree(tmp_path / "whole", tmp_path / "broken")
    damage(tmp_path / "broken")
    with pytest.raises(StudentError, match=said) as raised:
        tagger.load(tmp_path / "broken")
    assert str(tmp_path / "broken") in str(raised.value)
    assert "train it again" in str(raised.value)


def changed(folder: Path, **told: Any) -> None:
    file = folder / "student.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **told}))


def test_the_same_seed_gives_the_same_student(small: Encoder) -> None:
    lessons = [taught(receipt(seed)) for seed in range(8)]
    one, other = (learnt(small, lessons, [], tokens=3000) for _ in range(2))
    said, again = (tagger.outputs_of(each.network, [receipt(300)], FIELDS)[0] for each in (one, other))
    assert np.array_equal(said, again)
    assert one.chances == other.chances


def test_a_page_without_words_has_nothing(student: tagger.Tagger) -> None:
    empty = Pages(sheets=(Sheet(width=1, height=1),), words=())
    full = receipt(1)
    assert list(map(values, student.read_many([empty, full, empty]))) == [{}, values(taught(full).findings), {}]
    assert student.read_many([]) == []


def test_unknown_fields_move_nothing(small: Encoder) -> None:
    """Their tags' weights in the head have a gradient of exactly 0."""
    import torch

    from limbeck.students.tagger_training import _Run

    lesson = dataclasses.replace(taught(receipt(3)), unknown=frozenset({"date", "items"}))
    shown = lessons_of([lesson], FIELDS, small)
    with torch.random.fork_rng():
        run = _Run(Network(adapt(small), tagger_tags.count(FIELDS)), shown, 1, 0)
        run.epoch()
    gradient = run.network.head.weight.grad
    assert gradient is not None
    moved = gradient.abs().sum(dim=1) > 0
    known = {"shop": [True, True], "date": [False, False], "items": [False] * 3, "total": [True, True]}
    assert moved.tolist() == [each for one in FIELDS.fields for each in known[one.name]]


def test_what_is_taught() -> None:
    pages = page("Kiosk", "Sum 9.00", "Cash 9.00")
    lesson = PageLesson(pages, {"total": [Found(value="9.00", words=(2,), score=0.8)]}, frozenset({"items"}))
    wanted, counts = tagger_tags.taught(lesson, FIELDS)
    assert wanted[:, -2].tolist() == [0, 0, 1, 0, 0]
    # What reads alike elsewhere is neither right nor wrong; what was not found counts less; what is unknown nothing.
    assert counts[:, -2] == pytest.approx([0.8, 0.8, 0.8, 0.8, 0.0])
    assert counts[0].tolist() == pytest.approx([0.5] * 4 + [0] * 3 + [0.8] * 2)


def test_a_finding_that_stands_nowhere_is_no_lesson(small: Encoder) -> None:
    lesson = PageLesson(receipt(1), {"total": [Found(value="9.00")]}, frozenset({"shop", "date", "items"}))
    assert not tagger_tags.taught(lesson, FIELDS)[1].any()
    with pytest.raises(StudentError, match="stand nowhere on a page"):
        learnt(small, [lesson], [])


@pytest.mark.parametrize("rows", [1, 40, 41, 200])
def test_windows_hold_every_word_once(small: Encoder, rows: int) -> None:
    pages = page(*(f"row {number} holds some words" for number in range(rows)))
    made = tagger_windows.windows(pages, 7, small.tokenizer, 126, hints(pages, FIELDS))
    assert [at for one in made for at in one.own] == list(range(5 * rows))
    assert all(one.size <= 126 and set(one.own) <= set(one.words) and one.document == 7 for one in made)
    assert (len(made) > 1) == (rows > 1)


def test_a_long_document_is_read_as_its_windows_are(student: tagger.Tagger) -> None:
    pages = page(*(f"row {number} holds some words" for number in range(60)))
    outputs = tagger.outputs_of(student.network, [pages], FIELDS)[0]
    assert outputs.shape == (300, 9) and outputs.any(axis=1).all()


ODDS = -5.0


@pytest.mark.parametrize(
    ("field", "lines", "likely", "value", "words"),
    [
        # What is not of the kind is no candidate, however likely.
        (Field(name="x", kind="date"), ("on 3 May 2020", "soon"), {4: 4.0, 1: 1.0, 2: 1.0, 3: 2.0}, "2020-05-03", (1, 2, 3)),
        (Field(name="x", kind="money"), ("Total 9.00", "Cash 20.00"), {0: 3.0, 1: 1.0, 3: 0.5}, "9.00", (1,)),
        # A value that stands twice is likelier than one that stands once.
        (Field(name="x", kind="money"), ("a 7.00", "b 9.00", "c 9.00"), {1: 0.2, 3: 0.1, 5: 0.1}, "9.00", (3,)),
        # A name goes on in the next row, but not where another begins.
        (Field(name="x", kind="name"), ("Old Mill", "Bakery Ltd", "Till 4"), {0: 3, 1: 3, 2: 3, 3: 3}, "Old Mill Bakery Ltd", (0, 1, 2, 3)),
        (Field(name="x", kind="name"), ("Old Mill", "Cafe Nine", "Till 4"), {0: 3, 1: 3, 2: 2.5, 3: 2.5}, "Old Mill", (0, 1)),
    ],
)
def test_the_best_run_of_its_kind_is_the_value(field: Field, lines: tuple[str, ...], likely: dict[int, float], value: str, words: tuple[int, ...]) -> None:
    pages = page(*lines)
    odds, begins = (np.full(len(pages.words), ODDS, np.float32) for _ in range(2))
    for at, each in likely.items():
        odds[at] = each
    begins[2] = 4.0 if value == "Old Mill" else ODDS
    best = Reading(pages, True).candidates(field, odds, begins)[0]
    assert (best.value, best.words) == (value, words)


def test_a_value_of_two_unlikely_words_is_no_shorter() -> None:
    pages = page("the laws of New York apply", "between us")
    odds = np.asarray([-9, -9, -9, -2, -2.5, -9, -9, -9], np.float32)
    best = Reading(pages, None).candidates(Field(name="law", kind="place"), odds)[0]
    assert (best.value, best.odds) == ("New York", -2.25)


def test_a_row_may_name_several() -> None:
    pages = page("between Acme Inc. and Bolt LLC here")
    odds = np.asarray([-5, 3, 3, -5, 2, 2, -5], np.float32)
    for several, wanted in ((True, ["Acme Inc.", "Bolt LLC"]), (False, ["Acme Inc."])):
        field = Field(name="party", kind="name", several=several)
        assert [one.value for one in Reading(pages, None).candidates(field, odds)] == wanted


def test_entries_begin_where_they_are_said_to() -> None:
    pages = page("red apples  2.00", "each 1.00", "soap  3.00", "Thank you")
    odds = np.full((len(pages.words), 3), ODDS, np.float32)
    odds[[0, 5], 0] = odds[[0, 1, 5], 1] = odds[[2, 6], 2] = 3.0
    entries = Reading(pages, None).entries(FIELDS.fields[2], odds, [Chance()] * 3)
    assert [{name: one.value for name, one in entry.items()} for entry in entries] == [
        {"name": "red apples", "amount": "2.00"},
        {"name": "soap", "amount": "3.00"},
    ]


def test_what_is_seen_of_words() -> None:
    pages = page("Shop", "a 9.00", "b 12,50", "c 9.00")
    seen = tagger_words.look(pages) - tagger_words.OFFSETS
    ranks, often = seen[:, 16], seen[:, 17]
    assert ranks.tolist() == [0, 0, 2, 0, 1, 0, 2]
    assert often.tolist() == [0, 0, 2, 0, 1, 0, 2]
    assert (seen >= 0).all() and (seen < np.asarray(tagger_words.SIZES_OF_BINS)).all()
    assert seen[:, 6].tolist() == [0, 1, 1, 2, 2, 3, 3]
