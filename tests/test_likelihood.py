"""Labelling by log P(text | label): the arithmetic, and what servers say and don't say."""

import json
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import dspy
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from limbeck.dialects import PROMPT_LOGPROBS, Body, heard
from limbeck.errors import CallFailed, LimbeckError, NoLikelihood
from limbeck.fakes import FakeLLM
from limbeck.llm import LLM, OpenAIServer, Spent
from limbeck.programs.likelihood import TEMPERATURE, Likelihood, Logprobs, likelihoods
from limbeck.schemas import Category
from limbeck.sections import BudgetSettings, ModelSettings
from limbeck.store import Store

NONE = "the server of 'm' does not say how likely a prompt is (`prompt_logprobs`, as vLLM does); write `mode: reasoned` under `labels:` or `rank:`"
LABELS = (Category(name="lost_card"), Category(name="refund", description="Money is asked back."))

# ---- the arithmetic --------------------------------------------------------------------------------------------------

SUMS: dict[str, tuple[list[Logprobs], list[float]]] = {
    "the document alone counts": ([[(1, -9.0), (7, -1.0), (8, -2.0)], [(2, -1.0), (7, -3.0), (8, -4.0)]], [-3.0, -7.0]),
    "prompts of different lengths": (
        [[(1, -9.0), (7, -1.0)], [(1, -9.0), (3, -5.0), (4, -5.0), (7, -2.0)]],
        [-1.0, -2.0],
    ),
    "a document that begins as a label ends": ([[(1, 0.0), (7, -1.0), (7, -2.0)], [(7, -4.0), (7, -8.0)]], [-3.0, -12.0]),
    "a single prompt": ([[(1, -1.0), (7, -2.0)]], [-3.0]),
    "the same prompt twice": ([[(1, -1.0), (7, -2.0)]] * 2, [-3.0, -3.0]),
    "nothing in common": ([[(1, -1.0)], [(2, -2.0)]], [0.0, 0.0]),
    "an empty prompt": ([[], [(2, -2.0)]], [0.0, 0.0]),
}


@pytest.mark.parametrize("case", SUMS)
def test_what_all_prompts_end_in_is_weighed(case: str) -> None:
    prompts, sums = SUMS[case]
    assert likelihoods(prompts) == sums


tokens = st.lists(st.tuples(st.integers(0, 9), st.floats(-20, 0)), max_size=8)


@given(st.lists(tokens, min_size=2, max_size=5), st.lists(st.integers(0, 9), min_size=1, max_size=6), st.data())
def test_no_more_and_no_less_than_the_common_end(labels: list[Logprobs], document: list[int], data: Any) -> None:
    told = [[(token, data.draw(st.floats(-20, 0))) for token in document] for _ in labels]
    prompts = [[(100 + place, -5.0), *ending] for place, ending in enumerate(told)]
    assert likelihoods(prompts) == pytest.approx([sum(value for _, value in one) for one in told])
    # What comes before the document, however different, changes nothing.
    longer = [[*label, *prompt] for label, prompt in zip(labels, prompts, strict=True)]
    assert likelihoods(longer) == likelihoods(prompts)


# ---- the program -----------------------------------------------------------------------------------------------------


class Weighing:
    """A server that says how likely a document is under each label; `nats` by what the prompt names."""

    def __init__(self, **nats: float) -> None:
        self.nats = nats
        self.history: list[Body] = []

    async def __call__(self, body: Body) -> Body:
        self.history.append(body)
        label = next(name for name in self.nats if name in body["messages"][-2]["content"])
        pairs = [[ord(label[0]), -1.0], [500, self.nats[label] / 2], [501, self.nats[label] / 2]]
        choice = {"message": {"role": "assistant", "content": json.dumps(pairs)}, "finish_reason": "stop"}
        return {"choices": [choice], "usage": {}}


async def labelled(folder: Path, send: Any, candidates: list[str], wording: int = 0, text: str = "it is gone") -> dspy.Prediction:
    settings = ModelSettings(name="m", retries=0)
    with Store.open(folder / "a.duckdb") as store:
        llm = LLM("m", store, send, settings, BudgetSettings(), Spent())
        with dspy.context(lm=llm.lm()):
            return await Likelihood(LABELS, wording).acall(use_case="Route it.", document=text, candidates=candidates)


async def test_the_likeliest_label_wins_and_shares_the_vote_by_nats(tmp_path: Path) -> None:
    server = Weighing(**{"lost card": -8.0, "refund": -4.0})
    said = await labelled(tmp_path, server, ["lost_card", "refund"])
    odds = math.exp(4.0 / TEMPERATURE)
    assert said.label == "refund" and list(said.shares) == ["refund", "lost_card"]
    assert said.shares == {"refund": pytest.approx(odds / (1 + odds)), "lost_card": pytest.approx(1 / (1 + odds))}
    assert (len(said.calls), said.repaired, said.error) == (2, False, None)


async def test_a_server_is_asked_once_a_label_and_to_write_nothing(tmp_path: Path) -> None:
    server = Weighing(**{"lost card": -8.0, "refund": -4.0})
    await labelled(tmp_path, server, ["refund", "lost_card"], text="x" * 5000)
    bodies = sorted(server.history, key=lambda body: str(body["messages"]))
    assert [body["messages"] for body in bodies] == [
        [
            {"role": "system", "content": "Route it."},
            {"role": "user", "content": f"Write a message whose subject is: {name}."},
            {"role": "assistant", "content": "x" * 2000},
        ]
        for name in ("lost card", "refund (Money is asked back.)")
    ]
    for body in bodies:
        assert {name: body[name] for name in PROMPT_LOGPROBS} == PROMPT_LOGPROBS
        assert (body["max_tokens"], body["temperature"]) == (1, 0.0)


async def test_the_second_wording_says_the_label_in_another_way(tmp_path: Path) -> None:
    server = Weighing(**{"lost card": -8.0})
    said = await labelled(tmp_path, server, ["lost_card"], wording=1)
    assert (said.label, said.shares) == ("lost_card", {"lost_card": 1.0})
    assert server.history[0]["messages"][1]["content"].startswith("lost card\n\nThat is the subject.")


async def test_equally_likely_labels_are_taken_by_name_whatever_their_order(tmp_path: Path) -> None:
    server = Weighing(**{"lost card": -4.0, "refund": -4.0})
    said = await labelled(tmp_path, server, ["refund", "lost_card"])
    assert (said.label, said.shares) == ("lost_card", {"lost_card": 0.5, "refund": 0.5})


async def test_nats_far_apart_overflow_nothing(tmp_path: Path) -> None:
    said = await labelled(tmp_path, Weighing(**{"lost card": -9999.0, "refund": 0.0}), ["lost_card", "refund"])
    assert said.shares == {"refund": 1.0, "lost_card": 0.0}


# ---- servers ---------------------------------------------------------------------------------------------------------

ASKED = {"model": "m", **PROMPT_LOGPROBS}
CHOICE = {"message": {"role": "assistant", "content": "Hi"}, "finish_reason": "length"}


def answer(logprobs: Any) -> Body:
    return {"choices": [CHOICE], "prompt_logprobs": logprobs}


def test_a_prompts_tokens_take_the_place_of_an_answer() -> None:
    told = [None, {"12": {"logprob": -0.5, "rank": 1}}, {"7": {"logprob": -2}, "8": {"logprob": -0.1}}, {}]
    found = heard(answer(told), ASKED, "vllm")["choices"][0]
    assert json.loads(found["message"]["content"]) == [[12, -0.5], [7, -2.0]] and found["finish_reason"] == "stop"


def test_a_token_that_can_not_be_is_as_unlikely_as_can_be_said() -> None:
    found = heard(answer([None, {"12": {"logprob": -math.inf}}]), ASKED, "vllm")["choices"][0]
    assert json.loads(found["message"]["content"]) == [[12, -9999.0]]


SILENT: dict[str, Any] = {
    "nothing": None,
    "an empty list": [],
    "no token": [None],
    "numbers": [None, -0.5],
    "numbers by token": [None, {"12": -0.5}],
    "no number": [None, {"12": {"logprob": None}}],
    "no log-probability": [None, {"12": {"rank": 1}}],
    "words for tokens": [None, {"card": {"logprob": -0.5}}],
    "not a number": [None, {"12": {"logprob": math.nan}}],
    "text": "none",
    "yes": True,
    "an object": {"12": {"logprob": -0.5}},
}


@pytest.mark.parametrize("case", SILENT)
def test_a_server_that_does_not_say_how_likely_a_prompt_is(case: str) -> None:
    with pytest.raises(NoLikelihood) as error:
        heard(answer(SILENT[case]), ASKED, "vllm")
    assert str(error.value) == NONE


@asynccontextmanager
async def serving(status: int, body: Body) -> AsyncIterator[str]:
    """A server that has model `m` and always answers so; its address."""

    async def complete(_: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    async def listed(_: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "m"}]})

    app = web.Application()
    app.router.add_post("/v1/chat/completions", complete)
    app.router.add_get("/v1/models", listed)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


def refusal(message: str) -> Body:
    return {"error": {"message": message}}


SERVERS: dict[str, tuple[int, Body, type[LimbeckError]]] = {
    "ignores the question": (200, answer(None), NoLikelihood),
    "refuses the question": (400, refusal("Unrecognized request argument supplied: prompt_logprobs"), NoLikelihood),
    "refuses the form": (422, {"detail": [{"loc": ["body", "continue_final_message"], "msg": "extra"}]}, NoLikelihood),
    "refuses something else": (400, refusal("this text is not allowed"), CallFailed),
}


@pytest.mark.parametrize("case", SERVERS)
async def test_one_clear_error_whatever_a_server_says(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMBECK_CALLS", "on")
    status, body, kind = SERVERS[case]
    async with serving(status, body) as url, OpenAIServer(ModelSettings(name="m"), url, "m") as server:
        await server.check()
        with pytest.raises(LimbeckError) as error:
            await labelled(tmp_path, server, ["lost_card", "refund"])
    assert type(error.value) is kind
    assert kind is CallFailed or str(error.value) == NONE


async def test_an_answer_that_is_no_list_of_tokens_is_the_same_error(tmp_path: Path) -> None:
    with pytest.raises(NoLikelihood) as error:
        await labelled(tmp_path, FakeLLM(lambda _: "Hello!"), ["lost_card", "refund"])
    assert str(error.value) == NONE
