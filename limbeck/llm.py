"""The one place that sends: every call to a language model, cached, counted, bounded and written down.

    documents → programs → dspy.LM → `LLM.answer` → cache? → budget → a free place → sender → store

`LLM.lm()` gives the `dspy.LM` that programs run with. DSPy does the retries with backoff (429, 5xx, lost connections;
it honours Retry-After); this module does everything else. A request is named by its content in a neutral form, so the
cache does not care which server answered. `LIMBECK_CALLS=off` in the environment makes sending an error, as in tests.
"""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import InitVar, dataclass
from typing import Any

import aiohttp
import dspy
from dspy import lm15

from limbeck.dialects import (
    Body,
    Dialect,
    constrained,
    heard,
    neutral,
    parsed,
    spoken,
    without_likelihood,
    without_pictures,
)
from limbeck.errors import (
    BudgetSpent,
    CallFailed,
    LimbeckError,
    ModelCallsOff,
    ModelUnreachable,
    NoLikelihood,
)
from limbeck.schemas import Call
from limbeck.schemas.record import canonical, named
from limbeck.sections import BudgetSettings, ModelSettings
from limbeck.store import Store

Sender = Callable[[Body], Awaitable[Body]]
"""Takes an OpenAI chat completion request, returns the server's answer; raises lm15's errors."""
EMBEDDED_AT_ONCE = 128
"""Texts in one request for vectors."""
NOWHERE = (404, 405, 501)
"""Statuses that say that nobody chats at an address."""


@dataclass
class Spent:
    """What a run has cost so far, the calls of earlier attempts included."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    money: float = 0.0
    cached: int = 0
    """Answers taken from the store in this process."""
    seconds: InitVar[float] = 0.0
    """By the clock, of earlier attempts."""

    def __post_init__(self, seconds: float) -> None:
        self._began = time.monotonic() - seconds

    @property
    def elapsed(self) -> float:
        """Seconds by the clock, of this attempt and those before."""
        return time.monotonic() - self._began

    def check(self, budget: BudgetSettings) -> None:
        """Refuse to go on when the budget is used up.

        Raises:
            BudgetSpent: It is; names the limit reached.
        """
        used = {"calls": self.calls, "tokens": self.prompt_tokens + self.completion_tokens, "money": self.money, "seconds": self.elapsed}
        for name, value in used.items():
            limit = getattr(budget, name)
            if limit is not None and value >= limit:
                raise BudgetSpent(f"budget.{name} of {limit!r} is spent; raise it in the config and run again to go on")


class LLM:
    """A language model behind the cache and the ledger."""

    def __init__(
        self, model: str, store: Store, send: Sender, settings: ModelSettings, budget: BudgetSettings, spent: Spent
    ) -> None:
        self.model = model
        self.spent = spent
        self._store = store
        self._send = send
        self._settings = settings
        self._budget = budget
        self._places = asyncio.Semaphore(settings.concurrency)
        self._asked: dict[str, asyncio.Future[Call]] = {}

    def lm(self) -> dspy.LM:
        """The model as DSPy's programs know it."""
        # It warns of every answer that was cut off; ours are shown to the model and counted.
        logging.getLogger("dspy.clients.lm").setLevel(logging.ERROR)
        return dspy.LM(
            self.model,
            engine=_Blocking(self),
            async_engine=_Awaited(self),
            cache=False,
            num_retries=self._settings.retries,
        )

    async def answer(self, request: lm15.Request) -> lm15.Response:
        """Answer from the store, or ask the model; the same request at the same time is asked once."""
        body = neutral(request)
        written = canonical(without_pictures(body))
        id = named(written)
        call = self._store.call(id)
        if call:
            self.spent.cached += 1
        else:
            call = await self._ask_once(id, body, written)
        return lm15.Response(
            id=call.id,
            model=call.model,
            message=lm15.Message.assistant(call.text),
            finish_reason="length" if call.finish == "length" else "stop",
            usage=lm15.Usage(input_tokens=call.prompt_tokens, output_tokens=call.completion_tokens),
        )

    async def _ask_once(self, id: str, body: Body, written: str) -> Call:
        if id in self._asked:
            return await asyncio.shield(self._asked[id])
        asked = self._asked[id] = asyncio.get_running_loop().create_future()
        try:
            call = await self._ask(id, body, written)
        except BaseException as error:
            asked.set_exception(error)
            asked.exception()  # Seen, even if nobody else waits for it.
            raise
        finally:
            del self._asked[id]
        asked.set_result(call)
        return call

    async def _ask(self, id: str, body: Body, written: str) -> Call:
        async with self._places:
            self.spent.check(self._budget)
            self.spent.calls += 1  # Before sending, so that parallel calls can't overshoot the budget.
            started = time.perf_counter()
            try:
                answer = await self._send(body)
            except BaseException:
                self.spent.calls -= 1
                raise
        call = self._kept(id, written, answer, time.perf_counter() - started)
        self._store.put([call])
        return call

    def _kept(self, id: str, written: str, answer: Body, seconds: float) -> Call:
        choice, usage = answer["choices"][0], answer.get("usage") or {}
        prompt, completion = usage.get("prompt_tokens") or 0, usage.get("completion_tokens") or 0
        price = (prompt * self._settings.price.prompt + completion * self._settings.price.completion) / 1e6
        self.spent.prompt_tokens += prompt
        self.spent.completion_tokens += completion
        self.spent.money += price
        return Call(
            id=id,
            model=self.model,
            request=written,
            # Half of a surrogate pair, as of an emoji cut in two, can't be written.
            text=(choice["message"].get("content") or "").encode("utf-8", "replace").decode(),
            finish=choice.get("finish_reason") or "stop",
            prompt_tokens=prompt,
            completion_tokens=completion,
            seconds=seconds,
            price=price,
            ended=time.time(),
        )


class InlineExecutor(ThreadPoolExecutor):
    """Runs at once what it is given. For `loop.set_default_executor`.

    DSPy goes through the loop's default executor twice a call, for work of microseconds; two changes of thread cost a
    multiple of it, and a quarter of the whole throughput at a fast server.
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run now; the future is done when it is returned."""
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # An executor hands any error to whoever awaits the future.
            done.set_exception(error)
        return done


class _Awaited:
    """DSPy's async engine."""

    def __init__(self, llm: LLM) -> None:
        self._llm = llm

    async def complete(self, request: lm15.Request) -> lm15.Response:
        return await self._llm.answer(request)


class _Blocking:
    """DSPy's sync engine; DSPy wants one, our programs never reach it."""

    def __init__(self, llm: LLM) -> None:
        self._llm = llm

    def complete(self, request: lm15.Request) -> lm15.Response:
        raise CallFailed(f"{self._llm.model!r} is asked outside of an event loop; write: await program.acall(…)")


def reason(error: BaseException) -> LimbeckError | None:
    """Our own error inside one of DSPy's, which wraps what engines raise; else None."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, LimbeckError):
            return cause
        cause = cause.__cause__
    return None


class OpenAIServer:
    """Sends to an OpenAI-compatible server, in the dialect that the server takes."""

    def __init__(self, settings: ModelSettings, base_url: str, model: str) -> None:
        self.base_url = base_url.rstrip("/")
        self.model = model
        self._settings = settings
        self._dialect: Dialect = "openai"
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "OpenAIServer":
        key = os.environ.get(self._settings.api_key_env)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._settings.concurrency, force_close=False),
            timeout=aiohttp.ClientTimeout(total=self._settings.timeout),
            headers={"Authorization": f"Bearer {key}"} if key else {},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session:
            await self._session.close()

    async def check(self) -> None:
        """See that the server answers and has the model, and learn its dialect.

        Raises:
            ModelUnreachable: It doesn't.
        """
        status, answer = await self._listed()
        if status in (401, 403):
            key = self._settings.api_key_env
            raise ModelUnreachable(f"{self.base_url!r} refuses the key; set it with: export {key}=…")
        models = {one["id"]: one.get("owned_by") for one in answer.get("data") or [] if "id" in one}
        if not models and await self._chats() in NOWHERE:
            raise ModelUnreachable(
                f"no model server at {self.base_url!r} (nothing at /chat/completions there); start it or correct "
                "`model: base_url:`, as in http://127.0.0.1:8000/v1"
            )
        if models and self.model not in models:
            known = ", ".join(sorted(models)[:5])
            raise ModelUnreachable(f"{self.base_url!r} has no model {self.model!r}; write `model: name:` one of: {known}")
        if models.get(self.model) == "vllm":
            self._dialect = "vllm"

    async def _listed(self) -> tuple[int, Body]:
        try:
            async with self._opened().get(f"{self.base_url}/models", timeout=aiohttp.ClientTimeout(total=20)) as got:
                answer = await got.json(content_type=None) if got.status == 200 else {}
                return got.status, answer if isinstance(answer, dict) else {}
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise ModelUnreachable(
                f"no model server at {self.base_url!r} ({type(error).__name__}); start it or correct "
                "`model: base_url:`, as in http://127.0.0.1:8000/v1"
            ) from None

    async def _chats(self) -> int:
        """The status of an empty request, which costs nothing: a server that has no list of models refuses it all the same."""
        try:
            address = f"{self.base_url}/chat/completions"
            async with self._opened().post(address, json={}, timeout=aiohttp.ClientTimeout(total=20)) as got:
                return got.status
        except (aiohttp.ClientError, TimeoutError):
            return NOWHERE[0]

    async def __call__(self, body: Body) -> Body:
        """Send one request.

        Raises:
            ModelCallsOff: `LIMBECK_CALLS=off`.
            NoLikelihood: It was asked how likely the prompt is, and can't say.
            lm15.LM15Error: The server refused it, failed, or was lost; DSPy retries where that helps.
        """
        dialect = self._dialect  # Another request may change it while this one is on its way.
        status, headers, answer = await self._post(spoken(body, dialect))
        if status == 400 and dialect == "openai" and constrained(body) and "response_format" in str(answer):
            self._dialect = dialect = "plain"
            status, headers, answer = await self._post(spoken(body, dialect))
        if status in (400, 422) and without_likelihood(answer, body):
            raise NoLikelihood(body["model"])
        if status != 200:
            raise _refusal(status, headers, answer)
        if not answer.get("choices"):
            raise lm15.ServerError(f"{self.base_url} answered without choices: {str(answer)[:200]}")
        return heard(answer, body, dialect)

    async def embed(self, texts: Sequence[str], on_batch: Callable[[int], None] | None = None) -> list[list[float]]:
        """Vectors of texts, some at a time and as many requests at once as the settings allow.

        Raises:
            ModelCallsOff: `LIMBECK_CALLS=off`.
            ModelUnreachable: The server is gone, takes no key or doesn't embed, and trying again doesn't help.
        """
        places = asyncio.Semaphore(self._settings.concurrency)

        async def part(start: int) -> list[list[float]]:
            async with places:
                found = await self._embedded(list(texts[start : start + EMBEDDED_AT_ONCE]))
            if on_batch:
                on_batch(len(found))
            return found

        parts = await asyncio.gather(*(part(start) for start in range(0, len(texts), EMBEDDED_AT_ONCE)))
        return [vector for one in parts for vector in one]

    async def _embedded(self, texts: list[str]) -> list[list[float]]:
        body = {"model": self.model, "input": texts, "encoding_format": "float"}
        for attempt in range(self._settings.retries + 1):
            try:
                status, headers, answer = await self._post(body, "embeddings")
                if status == 200:
                    return _vectors(answer, len(texts))
                error: lm15.LM15Error = _refusal(status, headers, answer)
            except lm15.LM15Error as lost:
                error = lost
            again = isinstance(error, lm15.RateLimitError | lm15.ServerError | lm15.TransportError | lm15.TimeoutError)
            if not again or attempt == self._settings.retries:
                break
            await asyncio.sleep(getattr(error, "retry_after", None) or min(2.0**attempt, 30.0))
        if isinstance(error, lm15.AuthError):
            raise ModelUnreachable(f"{self.base_url!r} refuses the key; set it with: export {self._settings.api_key_env}=…")
        said = str(error).strip().partition("\n")[0]  # Advice on how to write code follows.
        raise ModelUnreachable(f"{self.base_url!r} does not embed with {self.model!r}: {said}; see to it, or correct `retrieval:`")

    async def _post(self, body: Body, path: str = "chat/completions") -> tuple[int, Any, Body]:
        if os.environ.get("LIMBECK_CALLS") == "off":
            raise ModelCallsOff(f"model {self.model!r} was called; allow it with: LIMBECK_CALLS=on")
        try:
            async with self._opened().post(f"{self.base_url}/{path}", json=body) as got:
                raw = await got.read()
                return got.status, got.headers, parsed(raw)
        except TimeoutError as error:
            raise lm15.TimeoutError(f"no answer within {self._settings.timeout} s") from error
        except aiohttp.ClientError as error:
            raise lm15.TransportError(f"{self.base_url}: {error}") from error

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise CallFailed(f"{self.base_url!r} is not open; write: async with OpenAIServer(…) as server")
        return self._session


def _vectors(answer: Body, count: int) -> list[list[float]]:
    """A server's vectors in the order of the texts; InvalidRequestError where they are not that many."""
    try:
        found = [one["embedding"] for one in sorted(answer["data"], key=lambda one: one["index"])]
    except (KeyError, TypeError):
        found = []
    if len(found) != count:
        raise lm15.InvalidRequestError(f"it answered {len(found)} vectors for {count} texts: {str(answer)[:200]}")
    return found


def _refusal(status: int, headers: Any, answer: Body) -> lm15.LM15Error:
    said = answer.get("error", answer.get("message", answer))
    message = str(said.get("message", said) if isinstance(said, dict) else said)[:500]
    if status == 429 or status >= 500:
        kind = lm15.RateLimitError if status == 429 else lm15.ServerError
        return kind(message, status=status, retry_after=_seconds(headers.get("Retry-After")))
    if status in (401, 403):
        return lm15.AuthError(message, status=status)
    if "context" in message.lower() and ("length" in message.lower() or "token" in message.lower()):
        return lm15.ContextLengthError(message, status=status)
    return lm15.InvalidRequestError(message, status=status)


def _seconds(header: str | None) -> float | None:
    return float(header) if header and header.replace(".", "", 1).isdigit() else None
