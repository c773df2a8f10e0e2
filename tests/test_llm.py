"""Sending: the cache, the ledger, the budget, and a server that misbehaves."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import dspy
import pytest
from aiohttp import web
from dspy import lm15

from limbeck.dialects import CHOICE, Body, neutral, spoken
from limbeck.errors import BudgetSpent, CallFailed, LimbeckError, ModelCallsOff, ModelUnreachable
from limbeck.fakes import FakeLLM
from limbeck.llm import LLM, OpenAIServer, Sender, Spent, reason
from limbeck.sections import BudgetSettings, ModelSettings, PriceSettings
from limbeck.store import Store

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def request(text: str, **config: Any) -> lm15.Request:
    return lm15.Request(
        model="m", system="You label.", messages=(lm15.Message.user(text),), config=lm15.Config(temperature=0.0, **config)
    )


def model(store: Store, send: Sender, budget: dict[str, Any] | None = None, spent: Spent | None = None, **settings: Any) -> LLM:
    return LLM("m", store, send, ModelSettings(name="m", **settings), BudgetSettings(**(budget or {})), spent or Spent())


def said(response: lm15.Response) -> str:
    return "".join(part.text for part in response.message.parts if isinstance(part, lm15.TextPart))


async def ask_all(llm: LLM, texts: list[str]) -> list[str | BaseException]:
    """Ask as the programs do, through DSPy."""
    lm = llm.lm()
    answers = await asyncio.gather(*(lm.acall(request(text)) for text in texts), return_exceptions=True)
    return [one if isinstance(one, BaseException) else said(one) for one in answers]


# ---- the cache and the ledger ----------------------------------------------------------------------------------------


async def test_the_same_request_is_answered_from_the_store(tmp_path: Path) -> None:
    fake = FakeLLM(["one", "two"])
    with Store.open(tmp_path / "a.duckdb") as store:
        llm = model(store, fake)
        assert [said(await llm.answer(request("a"))) for _ in range(3)] == ["one"] * 3
        assert (llm.spent.calls, llm.spent.cached, len(fake.history)) == (1, 2, 1)
        assert said(await llm.answer(request("b"))) == "two"
    with Store.open(tmp_path / "a.duckdb") as store:
        again = model(store, FakeLLM([]))
        assert said(await again.answer(request("a"))) == "one"
        assert (again.spent.calls, again.spent.cached) == (0, 1)


@pytest.mark.parametrize("other", [{"temperature": 0.1}, {"max_tokens": 5}, {"top_p": 0.5}, {"extensions": {CHOICE: ["a", "b"]}}])
async def test_another_request_is_another_call(other: dict[str, Any], tmp_path: Path) -> None:
    fake = FakeLLM(["one", "two"])
    with Store.open(tmp_path / "a.duckdb") as store:
        llm = model(store, fake)
        await llm.answer(request("a"))
        changed = lm15.Request(model="m", system="You label.", messages=(lm15.Message.user("a"),), config=lm15.Config(**{"temperature": 0.0, **other}))
        assert said(await llm.answer(changed)) == "two"


async def test_a_call_is_written_down_whole(tmp_path: Path) -> None:
    price = PriceSettings(prompt=2.0, completion=10.0)
    with Store.open(tmp_path / "a.duckdb") as store:
        llm = model(store, FakeLLM(["three words here"]), price=price)
        response = await llm.answer(request("four words of text", max_tokens=9))
        call = store.call(str(response.id))
        assert call
        expected = {"prompt_tokens": 6, "completion_tokens": 3, "price": (6 * 2.0 + 3 * 10.0) / 1e6, "finish": "stop", "model": "m"}
        assert {name: getattr(call, name) for name in expected} == expected
        assert call.seconds >= 0 and call.ended > 1e9
        assert json.loads(call.request) == {
            "model": "m",
            "messages": [{"role": "system", "content": "You label."}, {"role": "user", "content": "four words of text"}],
            "max_tokens": 9,
            "temperature": 0.0,
        }
        assert llm.spent == Spent(calls=1, prompt_tokens=6, completion_tokens=3, money=call.price, cached=0)


async def test_the_same_request_at_once_is_sent_once(tmp_path: Path) -> None:
    opened = asyncio.Event()
    sent: list[Body] = []

    async def slow(body: Body) -> Body:
        sent.append(body)
        await opened.wait()
        return await FakeLLM(["one"])(body)

    with Store.open(tmp_path / "a.duckdb") as store:
        llm = model(store, slow)
        asking = asyncio.gather(*(llm.answer(request("a")) for _ in range(10)))
        await asyncio.sleep(0.01)
        opened.set()
        assert [said(one) for one in await asking] == ["one"] * 10
    assert len(sent) == 1 and llm.spent.calls == 1


async def test_an_error_is_not_remembered(tmp_path: Path) -> None:
    fake = FakeLLM([])
    with Store.open(tmp_path / "a.duckdb") as store:
        llm = model(store, fake)
        with pytest.raises(CallFailed):
            await llm.answer(request("a"))
        assert llm.spent.calls == 0
        fake._queue = None
        assert said(await llm.answer(request("a")))


@pytest.mark.parametrize("concurrency", [1, 3, 16])
async def test_no_more_are_in_flight_than_the_config_says(concurrency: int, tmp_path: Path) -> None:
    flying, most = 0, 0

    async def slow(body: Body) -> Body:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await asyncio.sleep(0.002)
        flying -= 1
        return await FakeLLM(lambda _: "x")(body)

    with Store.open(tmp_path / "a.duckdb") as store:
        await ask_all(model(store, slow, concurrency=concurrency), [str(n) for n in range(40)])
    assert most == concurrency


# ---- the budget ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("limit", "concurrency"), [(0, 4), (1, 4), (7, 1), (7, 16), (20, 4)])
async def test_a_budget_of_calls_is_kept_to_the_call(limit: int, concurrency: int, tmp_path: Path) -> None:
    fake = FakeLLM(lambda body: body["messages"][-1]["content"])
    texts = [str(n) for n in range(20)]
    with Store.open(tmp_path / "a.duckdb") as store:
        llm = model(store, fake, {"calls": limit}, concurrency=concurrency)
        answers = await ask_all(llm, texts)
        assert len(fake.history) == limit == sum(isinstance(one, str) for one in answers)
        refused = [reason(one) for one in answers if isinstance(one, BaseException)]
        assert {str(one) for one in refused} <= {f"budget.calls of {limit} is spent; raise it in the config and run again to go on"}
        assert all(isinstance(one, BudgetSpent) for one in refused)
        raised = model(store, fake, {"calls": 20}, llm.spent, concurrency=concurrency)
        assert await ask_all(raised, texts) == texts
        assert len(fake.history) == 20


async def test_budgets_of_tokens_and_money(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.duckdb") as store:
        for budget, price in (({"tokens": 12}, {}), ({"money": 8e-6}, {"prompt": 1.0, "completion": 1.0})):
            fake = FakeLLM(lambda _: "x")
            llm = model(store, fake, budget, concurrency=1, price=PriceSettings(**price))
            answers = await ask_all(llm, [f"{sorted(budget)} {n}" for n in range(9)])
            # Each costs 4 + 1; the one that goes over the limit is the last.
            spent = len(fake.history)
            assert spent == (3 if "tokens" in budget else 2)
            assert all(f"budget.{next(iter(budget))} of" in str(reason(one)) for one in answers[spent:] if isinstance(one, BaseException))


async def test_what_is_cached_costs_nothing(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.duckdb") as store:
        await model(store, FakeLLM(["x"])).answer(request("a"))
        assert said(await model(store, FakeLLM([]), {"calls": 0}).answer(request("a"))) == "x"


async def test_dspy_tries_a_spent_budget_once(tmp_path: Path) -> None:
    asked = 0

    async def spent(body: Body) -> Body:
        nonlocal asked
        asked += 1
        raise BudgetSpent("spent")

    with Store.open(tmp_path / "a.duckdb") as store:
        (error,) = await ask_all(model(store, spent), ["a"])
    assert isinstance(error, BaseException) and isinstance(reason(error), BudgetSpent)
    assert asked == 1


def test_programs_are_asked_in_an_event_loop(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.duckdb") as store:
        lm = model(store, FakeLLM(["x"])).lm()
        with pytest.raises(Exception) as error:
            lm(request("a"))
        assert isinstance(found := reason(error.value), LimbeckError) and "write: await program.acall" in str(found)


def test_the_reason_is_our_own_error_or_none() -> None:
    ours, outer = CallFailed("x"), RuntimeError("y")
    outer.__cause__ = ours
    assert (reason(ours), reason(outer), reason(ValueError("z"))) == (ours, ours, None)


# ---- dialects --------------------------------------------------------------------------------------------------------

SCHEMA = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 8}}, "required": ["a"], "additionalProperties": False}
OF_FORM: Body = {"model": "m", "messages": [], "response_format": {"type": "json_schema", "name": "N", "schema": SCHEMA, "strict": True}}
OF_CHOICE: Body = {"model": "m", "messages": [], CHOICE: ["1. a", "2. b"]}
LOOSE = {**SCHEMA, "properties": {"a": {"type": "string"}}}
ENUM = {
    "type": "object",
    "properties": {"choice": {"type": "string", "enum": ["1. a", "2. b"]}},
    "required": ["choice"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("body", "dialect", "expected"),
    [
        (OF_FORM, "vllm", {"response_format": {"type": "json_schema", "json_schema": {"name": "N", "schema": SCHEMA, "strict": True}}}),
        (OF_FORM, "openai", {"response_format": {"type": "json_schema", "json_schema": {"name": "N", "schema": LOOSE, "strict": True}}}),
        (OF_FORM, "plain", {}),
        (OF_CHOICE, "vllm", {"structured_outputs": {"choice": ["1. a", "2. b"]}}),
        (OF_CHOICE, "openai", {"response_format": {"type": "json_schema", "json_schema": {"name": "choice", "schema": ENUM, "strict": True}}}),
        (OF_CHOICE, "plain", {}),
    ],
)
def test_constraints_in_each_dialect(body: Body, dialect: Any, expected: Body) -> None:
    before = json.dumps(body)
    assert spoken(body, dialect) == {"model": "m", "messages": [], **expected}
    assert json.dumps(body) == before


def test_a_request_is_named_before_it_is_put_into_a_dialect() -> None:
    found = neutral(request("a", extensions={CHOICE: ["x"]}))
    assert found[CHOICE] == ["x"] and "structured_outputs" not in found


# ---- a server --------------------------------------------------------------------------------------------------------


class Local:
    """A server on the loopback interface that answers as a test says, and keeps what it was asked."""

    def __init__(self, answers: list[Any], owner: str = "someone", status: int = 200) -> None:
        self.asked: list[Body] = []
        self.keys: list[str | None] = []
        self.base_url = ""
        self._answers = answers
        self._models = (owner, status)

    async def models(self, got: web.Request) -> web.Response:
        owner, status = self._models
        return web.json_response({"data": [{"id": "m", "owned_by": owner}]}, status=status)

    async def chat(self, got: web.Request) -> web.Response:
        self.asked.append(await got.json())
        self.keys.append(got.headers.get("Authorization"))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if answer is None:
            assert got.transport
            got.transport.close()
            return web.Response()
        if isinstance(answer, web.Response):
            return answer
        return web.json_response({"choices": [{"message": {"content": answer}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 2}})


def refusal(status: int, message: str = "no", **headers: str) -> web.Response:
    return web.json_response({"error": {"message": message}}, status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})


@asynccontextmanager
async def served(local: Local) -> AsyncIterator[OpenAIServer]:
    app = web.Application()
    app.router.add_get("/v1/models", local.models)
    app.router.add_post("/v1/chat/completions", local.chat)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    local.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        async with OpenAIServer(ModelSettings(name="m", timeout=5.0), local.base_url, "m") as server:
            yield server
    finally:
        await runner.cleanup()


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMBECK_CALLS", "on")


async def through(local: Local, tmp_path: Path, one: lm15.Request | None = None, **settings: Any) -> Any:
    """One request, the way a program's goes; the answer or the error that DSPy raises."""
    async with served(local) as server:
        await server.check()
        with Store.open(tmp_path / "a.duckdb") as store:
            lm = model(store, server, **settings).lm()
            try:
                return said(await lm.acall(one or request("a")))
            except dspy.utils.exceptions.LMError as error:
                return error


async def test_calls_that_are_switched_off_send_nothing(tmp_path: Path) -> None:
    local = Local(["x"])
    error = await through(local, tmp_path)
    assert isinstance(reason(error), ModelCallsOff) and local.asked == []
    assert str(reason(error)) == "model 'm' was called; allow it with: LIMBECK_CALLS=on"


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize(
    "trouble",
    [
        [refusal(429, Retry_After="0")],
        [refusal(500, Retry_After="0")],
        [refusal(503, Retry_After="0"), refusal(429, Retry_After="0.0")],
        [None],
        [web.Response(status=502, text="<html>bad gateway</html>", headers={"Retry-After": "0"})],
    ],
    ids=["429", "500", "503 then 429", "connection closed", "502 without JSON"],
)
async def test_what_passes_is_tried_again(trouble: list[Any], tmp_path: Path) -> None:
    local = Local([*trouble, "fine"])
    assert await through(local, tmp_path) == "fine"
    assert len(local.asked) == len(trouble) + 1 and all(one == local.asked[0] for one in local.asked)


@pytest.mark.usefixtures("on")
async def test_a_server_that_stays_down_is_given_up(tmp_path: Path) -> None:
    local = Local([refusal(429, Retry_After="0")])
    error = await through(local, tmp_path, retries=2)
    assert isinstance(error, dspy.utils.exceptions.LMError) and len(local.asked) == 3


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, "bad field", "LMInvalidRequestError"),
        (401, "bad key", "LMAuthError"),
        (403, "not yours", "LMAuthError"),
        (400, "This model's maximum context length is 8192 tokens", "ContextWindowExceededError"),
    ],
)
async def test_what_does_not_pass_is_not_tried_again(status: int, message: str, kind: str, tmp_path: Path) -> None:
    local = Local([refusal(status, message)])
    error = await through(local, tmp_path)
    assert (type(error).__name__, len(local.asked)) == (kind, 1) and message in str(error)


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize(("owner", "expected"), [("vllm", "structured_outputs"), ("someone", "response_format")])
async def test_a_choice_is_enforced_as_the_server_can(owner: str, expected: str, tmp_path: Path) -> None:
    local = Local(["2. b" if owner == "vllm" else '{"choice": "2. b"}'], owner)
    assert await through(local, tmp_path, request("a", extensions={CHOICE: ["1. a", "2. b"]})) == "2. b"
    (asked,) = local.asked
    assert expected in asked and CHOICE not in asked


@pytest.mark.usefixtures("on")
async def test_a_server_that_knows_no_response_format_is_asked_plainly_from_then_on(tmp_path: Path) -> None:
    local = Local([refusal(400, "response_format is not supported"), "2. b", "1. a"])
    async with served(local) as server:
        await server.check()
        for text, answer in (("a", "2. b"), ("b", "1. a")):
            found = await server(neutral(request(text, extensions={CHOICE: ["1. a", "2. b"]})))
            assert found["choices"][0]["message"]["content"] == answer
    assert ["response_format" in one for one in local.asked] == [True, False, False]


@pytest.mark.usefixtures("on")
async def test_many_at_once_to_a_server_that_knows_no_response_format(tmp_path: Path) -> None:
    """The first refusal changes the dialect while others are still on their way."""
    local = Local(["unused"])

    async def picky(got: web.Request) -> web.Response:
        body = await got.json()
        await asyncio.sleep(0.01)
        if "response_format" in body:
            return refusal(400, "response_format is not supported")
        return web.json_response({"choices": [{"message": {"content": "1. a"}}]})

    local.chat = picky  # type: ignore[method-assign]
    async with served(local) as server:
        await server.check()
        bodies = [neutral(request(str(n), extensions={CHOICE: ["1. a", "2. b"]})) for n in range(4)]
        answers = await asyncio.gather(*map(server, bodies), return_exceptions=True)
    assert [one["choices"][0]["message"]["content"] if isinstance(one, dict) else repr(one) for one in answers] == ["1. a"] * 4


@pytest.mark.usefixtures("on")
async def test_an_answer_without_choices_or_content(tmp_path: Path) -> None:
    empty = web.json_response({"choices": []}, headers={"Retry-After": "0"})
    assert isinstance(await through(Local([empty]), tmp_path, retries=0), dspy.utils.exceptions.LMError)
    nothing = web.json_response({"choices": [{"message": {"content": None}, "finish_reason": "length"}]})
    assert await through(Local([nothing]), tmp_path) == ""


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize(("key", "header"), [("secret", "Bearer secret"), (None, None)])
async def test_the_key_comes_from_the_environment(key: str | None, header: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    if key:
        monkeypatch.setenv("OPENAI_API_KEY", key)
    local = Local(["x"])
    assert await through(local, tmp_path) == "x"
    assert local.keys == [header]
    assert b"secret" not in (tmp_path / "a.duckdb").read_bytes()


@pytest.mark.parametrize(
    ("status", "model_name", "message"),
    [
        (401, "m", "{url!r} refuses the key; set it with: export OPENAI_API_KEY=…"),
        (403, "m", "{url!r} refuses the key; set it with: export OPENAI_API_KEY=…"),
        (200, "other", "{url!r} has no model 'other'; write `model: name:` one of: m"),
    ],
)
async def test_a_server_that_can_not_serve_us(status: int, model_name: str, message: str) -> None:
    local = Local(["x"], status=status)
    async with served(local) as server:
        server.model = model_name
        with pytest.raises(ModelUnreachable) as error:
            await server.check()
        assert str(error.value) == message.format(url=local.base_url)


async def test_a_server_without_a_list_of_models_will_do() -> None:
    local = Local([refusal(400, "no messages")], status=404)
    async with served(local) as server:
        await server.check()
    assert local.asked == [{}]


async def test_an_address_that_lacks_its_v1() -> None:
    async with served(Local(["x"])) as server:
        server.base_url = url = server.base_url.removesuffix("/v1")
        with pytest.raises(ModelUnreachable) as error:
            await server.check()
    assert str(error.value) == (
        f"no model server at {url!r} (nothing at /chat/completions there); start it or correct `model: base_url:`, "
        "as in http://127.0.0.1:8000/v1"
    )


async def test_no_server_at_the_address() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
    async with OpenAIServer(ModelSettings(name="m"), url, "m") as server:
        with pytest.raises(ModelUnreachable) as error:
            await server.check()
    assert str(error.value).startswith(f"no model server at {url!r} (") and "http://127.0.0.1:8000/v1" in str(error.value)


async def test_a_page_that_is_no_server() -> None:
    local = Local(["x"])

    async def page(got: web.Request) -> web.Response:
        return web.Response(text="<html>hello</html>", content_type="text/html")

    local.models = page  # type: ignore[method-assign]
    async with served(local) as server:
        with pytest.raises(ModelUnreachable, match="no model server at"):
            await server.check()
