"""How a model is asked about documents: instructions, the answer's form, pictures, and what is read of whatever it answers."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dspy
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from limbeck.dialects import neutral, without_pictures
from limbeck.errors import CallFailed, GuardrailError
from limbeck.fakes import FakeLLM
from limbeck.fields import answers
from limbeck.fields.reading import read_fields
from limbeck.llm import LLM, OpenAIServer, Spent
from limbeck.programs.documents import Read, turned
from limbeck.schemas.fields import Field, FieldSet
from limbeck.sections import FIELD_SETS, BudgetSettings, ModelSettings
from limbeck.store import Store

BILL = FieldSet(
    name="bill",
    description="A bill of a café.",
    fields=(
        Field(name="shop", kind="name", meaning="who sold", rules=("Not the guest.",)),
        Field(name="total", kind="money", meaning="what was to be paid", absent="null where nothing was paid"),
        Field(name="paid", kind="choice", options=("cash", "card")),
        Field(name="guests", kind="name", several=True),
        Field(name="lines", kind="list", fields=(Field(name="what"), Field(name="amount", kind="money"))),
    ),
)
NOTHING: dict[str, Any] = {"shop": None, "total": None, "paid": None, "guests": [], "lines": []}


def test_instructions_say_what_a_field_is_and_is_not_how_it_is_written_and_what_to_give_without_it() -> None:
    assert answers.template(BILL) == (
        "A bill of a café.\n"
        "- shop: who sold. Not the guest. Written as printed. null where there is none.\n"
        "- total: what was to be paid. Written as a number with a point, without a currency. null where nothing was paid.\n"
        "- paid: Written one of cash, card. null where there is none.\n"
        "- guests: Written as printed. A list, as there may be several. null where there is none.\n"
        "- lines: A list with one object for each, in the order of the page:\n"
        "  - what: Written as printed. null where there is none.\n"
        "  - amount: Written as a number with a point, without a currency. null where there is none."
    )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ('{"shop": "Blue Door", "total": 12.4}', {**NOTHING, "shop": "Blue Door", "total": "12.4"}),
        ('Here it is: ```json\n{"shop": "Blue  Door\\n", "guests": "Ann"}```', {**NOTHING, "shop": "Blue Door", "guests": ["Ann"]}),
        ('{"shop": "Blue Door", "lines": [{"what": "Tea", "amount": "2.4', {**NOTHING, "shop": "Blue Door", "lines": [{"what": "Tea", "amount": "2.4"}]}),
        ('{"shop": "N/A", "total": "null", "guests": ["Ann", "Ann", "", null, "Bo"]}', {**NOTHING, "guests": ["Ann", "Bo"]}),
        ('{"shop": {"name": "Blue Door"}, "lines": "none", "tip": 3}', NOTHING),
        ('{"shop": ["Blue Door", "Red Door"], "lines": {"what": "Tea"}}', {**NOTHING, "shop": "Blue Door", "lines": [{"what": "Tea", "amount": None}]}),
        ('{"lines": [{"what": null}, 3, {"amount": "2"}]}', {**NOTHING, "lines": [{"what": None, "amount": "2"}]}),
        ('{"tip": 3}', None),
        ("I can't see a bill.", None),
        ("", None),
        ("[1]", None),
    ],
)
def test_whatever_an_answer_is_what_it_says_of_the_fields_is_read(answer: str, said: Any) -> None:
    assert answers.read(answer, BILL) == said


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["shop", "lines", "what", "guests"]), inner)))
def test_no_json_is_too_odd_to_be_read(value: Any) -> None:
    said = answers.read(json.dumps(value), BILL)
    assert said is None or set(said) == set(NOTHING)


def test_a_cut_answer_is_valid_to_the_constraint_and_nothing_else_may_be_said() -> None:
    schema = answers.constraint(BILL)
    assert schema["required"] == ["shop", "total", "paid", "guests", "lines"] and schema["additionalProperties"] is False
    assert schema["properties"]["paid"] == {"anyOf": [{"type": "string", "enum": ["cash", "card"]}, {"type": "null"}]}
    assert schema["properties"]["lines"]["items"]["required"] == ["what", "amount"]


@pytest.mark.parametrize("name", FIELD_SETS)
def test_field_sets_that_come_with_limbeck_tell_each_field_from_its_neighbours(name: str) -> None:
    fields = read_fields(name)
    assert fields.name == name and len(fields.fields) >= 4
    every = [*fields.fields, *(inner for one in fields.fields for inner in one.fields)]
    assert [one.name for one in every if not one.meaning] == []
    assert [one.name for one in fields.fields if one.kind == "money" and not one.rules] == []


# ---- asking ----------------------------------------------------------------------------------------------------------


async def asked(send: Any, tmp_path: Path, number: int = 0, **more: Any) -> Any:
    with Store.open(tmp_path / "a.duckdb") as store:
        llm = LLM("m", store, send, ModelSettings(name="m"), BudgetSettings(), Spent())
        with dspy.context(lm=llm.lm()):
            return await Read(BILL, number=number).acall(use_case="Keep the books.", document="BLUE DOOR\nTea 2.40", **more)


async def test_a_model_is_shown_its_mistake_and_asked_again(tmp_path: Path) -> None:
    fake = FakeLLM(["no", '{"shop": "Blue Door"}'])
    said = await asked(fake, tmp_path)
    assert said.record == {**NOTHING, "shop": "Blue Door"} and said.repaired
    system, *talk = (one["content"] for one in fake.history[1]["messages"])
    assert "A bill of a café." in system and "Keep the books." in system and "BLUE DOOR" not in system
    assert talk[0] == "BLUE DOOR\nTea 2.40" and "no JSON object" in talk[2]


async def test_three_answers_that_are_none_fail(tmp_path: Path) -> None:
    with pytest.raises(GuardrailError, match="no usable answer in 3 attempts"):
        await asked(FakeLLM(["no"] * 3), tmp_path)


async def test_each_reading_asks_in_another_way(tmp_path: Path) -> None:
    fake = FakeLLM(['{"shop": "Blue Door"}'] * 3)
    for number in range(3):
        await asked(fake, tmp_path, number)
    first, second, third = fake.history
    assert (first["temperature"], second["temperature"], third["temperature"]) == (0.0, 0.3, 0.4)
    assert len({one["messages"][0]["content"] for one in fake.history}) == 3
    assert [one.name for one in turned(BILL, 2).fields] == ["paid", "guests", "lines", "shop", "total"]


async def test_of_a_long_document_the_beginning_is_shown_and_the_call_says_so(tmp_path: Path) -> None:
    fake = FakeLLM(['{"shop": "Blue Door"}'] * 2)
    with Store.open(tmp_path / "a.duckdb") as store:
        llm = LLM("m", store, fake, ModelSettings(name="m"), BudgetSettings(), Spent())
        with dspy.context(lm=llm.lm()):
            program = Read(BILL, context=2048)
            cut = await program.acall(use_case="Keep the books.", document="Blue Door sold tea. " * 1000)
            whole = await program.acall(use_case="Keep the books.", document="Blue Door sold tea.")
    shown = fake.history[0]["messages"][-1]["content"]
    assert program.room / 2 <= len(shown) <= program.room and shown.split()[-1] in ("Blue", "Door", "sold", "tea.")
    assert (cut.repaired, whole.repaired) == (True, False)
    assert (cut.error, whole.error) == ("the document was longer than the model reads; only its beginning was shown", None)


PICTURE = base64.b64encode(b"\xff\xd8 a picture" * 100).decode()


async def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Callable[[], web.Response]) -> tuple[Any, Any]:
    """What is said of a picture by a server that answers so, and what it was sent."""
    sent: list[Any] = []

    async def chat(request: web.Request) -> web.Response:
        sent.append(await request.json())
        return answer()

    app = web.Application(client_max_size=2**24)
    app.router.add_post("/v1/chat/completions", chat)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setenv("LIMBECK_CALLS", "on")
    try:
        async with OpenAIServer(ModelSettings(name="m"), f"http://127.0.0.1:{runner.addresses[0][1]}/v1", "m") as send:
            return await asked(send, tmp_path, pictures=[PICTURE]), sent[0]
    finally:
        await runner.cleanup()


async def test_a_model_that_sees_is_sent_pictures_and_the_ledger_keeps_their_names_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"choices": [{"message": {"content": '{"total": "2.40"}'}, "finish_reason": "stop"}]}
    said, sent = await shown(tmp_path, monkeypatch, lambda: web.json_response(answer))
    assert said.record["total"] == "2.40"
    assert sent["messages"][1]["content"] == [
        {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{PICTURE}"}},
        {"type": "text", "text": "BLUE DOOR\nTea 2.40"},
    ]
    with Store.open(tmp_path / "a.duckdb") as store:
        call = store.call(said.calls[0])
    assert call and PICTURE not in call.request and "b2:" in call.request


async def test_a_model_that_refuses_pictures_is_told_to_be_shown_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = {"error": {"message": "m is not a multimodal model", "type": "BadRequestError"}}
    with pytest.raises(CallFailed, match=r"'m' refused or failed: .*not a multimodal model.*a model that can't see needs `read: \{see: text\}`"):
        await shown(tmp_path, monkeypatch, lambda: web.json_response(refused, status=400))


def test_other_pictures_are_another_call() -> None:
    from dspy import lm15

    def body(data: bytes) -> Any:
        parts = (lm15.ImagePart(media_type="image/jpeg", data=base64.b64encode(data).decode()), lm15.TextPart("?"))
        return without_pictures(neutral(lm15.Request(model="m", messages=(lm15.Message(role="user", parts=parts),), config=lm15.Config())))

    assert body(b"one") == body(b"one") != body(b"two")
