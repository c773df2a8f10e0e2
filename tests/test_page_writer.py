"""The writer of documents: its lessons, what it is shown, what becomes of its answers, and its folder."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from limbeck.errors import StudentError
from limbeck.pages import layout
from limbeck.pages.texts import pages_of_text
from limbeck.schemas.extraction import RecordSchema
from limbeck.schemas.fields import Field, FieldSet, Findings, Found
from limbeck.schemas.pages import Pages
from limbeck.sections import EMBEDDED
from limbeck.students import page_files, page_writer, writer_training
from limbeck.students.cell_files import is_cell_reader
from limbeck.students.page_lessons import PageLesson
from limbeck.students.page_writer_answers import constraint, heard
from limbeck.students.writer_files import read_writer

ITEMS = Field(name="items", kind="list", fields=(Field(name="name"), Field(name="amount", kind="money")))
FIELDS = FieldSet(
    name="bill",
    fields=(Field(name="shop", kind="name"), Field(name="date", kind="date"), Field(name="phones", kind="phone", several=True), ITEMS, Field(name="total", kind="money")),
)
SHOPS = ("Oak & Ash", "Blue Door", "Mill House", "Salt Works")


def bill(number: int) -> Pages:
    return pages_of_text(f"{SHOPS[number % 4]}\nDate {number % 28 + 1:02d}/03/2019\nTea      2.{number % 10}0\nTotal    3.{number % 10}0\n")


def findings(number: int, score: float = 1.0) -> Findings:
    told = {"shop": SHOPS[number % 4], "date": f"2019-03-{number % 28 + 1:02d}", "total": f"3.{number % 10}0"}
    return {name: [Found(value=value, score=score)] for name, value in told.items()} | {
        "items": [{"name": Found(value="Tea", score=score), "amount": Found(value=f"2.{number % 10}0", score=score)}]
    }


def weighed(lesson: PageLesson) -> list[tuple[str, float]]:
    """A lesson's answer, in parts of one weight."""
    text, weights = page_writer.weighed(lesson, FIELDS)
    parts: list[tuple[str, float]] = []
    for letter, weight in zip(text, weights, strict=True):
        if parts and parts[-1][1] == weight:
            parts[-1] = (parts[-1][0] + letter, weight)
        else:
            parts.append((letter, weight))
    return parts


def test_a_lesson_weighs_as_much_as_is_known() -> None:
    assert weighed(PageLesson(bill(1), findings(1))) == [
        ('{"shop":"Blue Door","date":"2019-03-02","items":[{"name":"Tea","amount":"2.10"}],"total":"3.10"}', 1.0)
    ]
    half = findings(1) | {"date": [Found(value='2" ö', score=0.5)], "phones": [Found(value="1"), Found(value="2", score=0.25)], "items": []}
    assert weighed(PageLesson(bill(1), half, frozenset({"items"}))) == [
        ('{"shop":"Blue Door","date":', 1.0),
        ('"2\\" ö"', 0.5),
        (',"phones":["1",', 1.0),
        ('"2"', 0.25),
        ("]", 1.0),
        (',"total":', 0.0),
        ('"3.10"}', 1.0),
    ]
    assert weighed(PageLesson(bill(1), {}, frozenset({"total"}))) == [("{}", 0.0)]
    assert weighed(PageLesson(bill(1), {})) == [("{}", 1.0)]


def test_tokens_weigh_what_the_least_of_their_letters_weighs(tiny: str) -> None:
    from transformers import AutoTokenizer

    tokens = writer_training.Tokens(AutoTokenizer.from_pretrained(tiny))
    made = page_writer.lesson(PageLesson(bill(1), {"shop": [Found(value="é", score=0.5)], "total": [Found(value="3.10")]}, frozenset({"date"})), FIELDS, tokens)
    # A token a byte: `é` has two.
    assert made.weights == [1.0] * len('{"shop":') + [0.5] * 4 + [0.0] * len(',"total":') + [1.0] * len('"3.10"}') + [1.0]
    assert len(made.said) == len(made.weights)


def test_of_a_long_document_it_sees_the_beginning_and_the_end() -> None:
    pages = pages_of_text("\n".join(f"line number {number} ßßß" for number in range(1000)))
    shown = page_writer.shown(pages)
    assert 0.9 * page_writer.MOST_TEXT < len(shown.encode()) <= page_writer.MOST_TEXT
    assert shown.startswith("line number 0 ßßß\n") and shown.endswith("\nline number 999 ßßß") and page_writer.LEFT_OUT in shown
    middle, last = (tuple(at for at, word in enumerate(pages.words) if word.text == text) for text in ("500", "999"))
    told: Findings = {"shop": [Found(value="500", words=middle)], "total": [Found(value="999.00", words=last)]}
    assert page_writer.weighed(PageLesson(pages, told), FIELDS)[0] == '{"total":"999.00"}'
    assert page_writer.shown(bill(1)) == layout.text(bill(1))


def test_the_form_of_its_answers() -> None:
    text = {"type": "string"}
    entry = {"type": "object", "properties": {"name": text, "amount": text}, "additionalProperties": False}
    assert constraint(FIELDS) == {
        "type": "object",
        "properties": {
            "shop": text,
            "date": text,
            "phones": {"type": "array", "maxItems": 60, "items": text},
            "items": {"type": "array", "maxItems": 60, "items": entry},
            "total": text,
        },
        "additionalProperties": False,
    }
    assert constraint(FieldSet(name="a", fields=(Field(name="paid", kind="choice", options=("cash", "card")),)))["properties"] == {"paid": {"enum": ["cash", "card"]}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"shop":"Blue Door","date":"2019-03-02","total":"3.10"}', {"shop": ("Blue Door", 2, 1.0), "date": ("2019-03-02", 1, 1.0), "total": ("3.10", 1, 1.0)}),
        ('{"shop":"Green Door","total":"3.1"}', {"shop": ("Green Door", 0, 0.5), "total": ("3.10", 1, 1.0)}),
        ('{"date":"someday","shop":"Blue Do', {"shop": ("Blue Do", 0, 0.5)}),
        ('{"total":null}', {}),
        ('{"unknown":"x"}', {}),
        ("[" * 3000, {}),
        ("", {}),
    ],
)
async def test_what_it_writes_becomes_findings(text: str, said: Any) -> None:
    asked = []

    async def send(body: dict[str, Any]) -> dict[str, Any]:
        asked.append(body)
        return {"choices": [{"message": {"content": text}}]}

    found = await page_writer.read(send, "writer", FIELDS, bill(1))
    assert {name: (one.value, len(one.words), one.score) for name, some in found.items() for one in some} == said  # type: ignore[union-attr]
    assert asked[0]["messages"] == page_writer.messages(bill(1)) and asked[0]["response_format"]["schema"] == constraint(FIELDS)


def test_it_is_as_sure_as_its_tokens_are_likely() -> None:
    written = [('{"', 0.1), ('shop":"', 0.1), ("Blue", 0.5), (" Door", 0.8), ('","', 1.0), ("items", 0.1), ('":[{"amount":"2', 0.9), (".10", 0.9), ('"}', 1.0), ('],"total":"', 0.2), ("9.99", 0.5), ('"}', 1.0)]  # fmt: skip
    tokens = [{"token": "?", "bytes": list(token.encode()), "logprob": math.log(likely)} for token, likely in written]
    choice = {"message": {"content": "".join(token for token, _ in written)}, "logprobs": {"content": tokens}}
    found: Any = heard(choice, FIELDS, bill(1))
    assert found["shop"][0].score == pytest.approx(0.4) and found["items"][0]["amount"].score == pytest.approx(0.81)
    assert found["total"][0].score == pytest.approx(0.25) and found["total"][0].words == ()


def test_it_learns_and_its_folder_tells_what(tiny: str, tmp_path: Path) -> None:
    told: list[str] = []
    lessons = [PageLesson(bill(number), findings(0) | {"items": []}) for number in range(24)]
    made = page_writer.fit(lessons[:20], lessons[20:], FIELDS, tiny, 0, told.append, 40_000)
    losses = [float(line.split("held out ")[1]) for line in told]
    assert len(losses) == writer_training.MOST_EPOCHS and losses[-1] < losses[0]
    assert made.metrics["documents"] == 20 and made.metrics["tokens"] <= 40_000
    made.save(tmp_path / "student")
    assert page_files.is_page_reader(tmp_path / "student") and not is_cell_reader(tmp_path / "student")
    assert read_writer(tmp_path / "student", FieldSet) == (FIELDS, tiny)
    with pytest.raises(StudentError, match=r"is damaged .*train it again"):
        read_writer(tmp_path / "student", RecordSchema)
    few = page_writer.fit(lessons, [], FIELDS, tiny, 0, told.append, 2_000)
    assert 2 <= few.metrics["documents"] < 10 and few.metrics["tokens"] <= 2_000
    with pytest.raises(StudentError, match="from no documents"):
        page_writer.fit([], [], FIELDS, tiny, 0, told.append)


@pytest.mark.parametrize(
    ("sizes", "batches"),
    [([], []), ([5], [1]), ([9] * 9, [4, 4, 1]), ([1024] * 5, [4, 1]), ([1000, 1030, 2000, 2048, 2049, 3000, 9000], [2, 2, 1, 1, 1])],
)
def test_long_lessons_are_learnt_fewer_at_once(sizes: list[int], batches: list[int]) -> None:
    made = writer_training._grouped(sizes)
    assert [len(one) for one in made] == batches and [at for one in made for at in one] == list(range(len(sizes)))


@pytest.mark.parametrize(("file", "content"), [("writer.json", {}), ("writer.json", {"version": 99}), ("adapter_config.json", None)])
async def test_a_damaged_folder_says_what_to_do(file: str, content: Any, tmp_path: Path) -> None:
    told = {"version": writer_training.VERSION, "fields": FIELDS.model_dump(mode="json"), "base": EMBEDDED}
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (tmp_path / name).write_text("{}", "utf-8")
    (tmp_path / "writer.json").write_text(json.dumps(told), "utf-8")
    assert read_writer(tmp_path, FieldSet) == (FIELDS, EMBEDDED)
    if content is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_text(json.dumps({**told, **content} if content else {"fields": {}}), "utf-8")
    with pytest.raises(StudentError, match="train it again"):
        async with page_files.opened(tmp_path, tmp_path / "log"):
            pass


@pytest.mark.vllm
async def test_a_writer_of_documents_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMBECK_CALLS", "on")
    made = page_writer.fit([PageLesson(bill(number), findings(number)) for number in range(12)], [], FIELDS, EMBEDDED, 0, lambda _: None, 2_500)
    made.save(tmp_path / "student")
    async with page_files.opened(tmp_path / "student", tmp_path / "vllm.log") as (fields, read):
        said: Any = await read([bill(20), bill(21)])
    assert fields == FIELDS and all(said) and all(set(one) <= {field.name for field in FIELDS.fields} for one in said)
    assert all(0 < one.score <= 1 for found in said for name, some in found.items() if name != "items" for one in some)
