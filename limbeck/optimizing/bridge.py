"""Between DSPy's optimisers, which are sync and run in threads, and models, whose connections belong to one event loop."""

import asyncio
import contextlib
import io
import logging
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from typing import Any, NoReturn, TypeVar

import dspy
from dspy import lm15
from dspy.utils.exceptions import ContextWindowExceededError, LMError
from tqdm import tqdm

from limbeck.errors import LimbeckError
from limbeck.llm import LLM
from limbeck.programs.predict import final

T = TypeVar("T")
LAST_WORDS = 3.0
"""Seconds that a stopped optimiser has to end, so that nothing it prints comes after."""


class Stopped(BaseException):
    """Ends an optimiser at once; no `Exception`, which optimisers take for one example's failure and go on.

    Attributes:
        error: Why; None where a person stopped it.
    """

    def __init__(self, error: LimbeckError | None = None) -> None:
        super().__init__(str(error or "stopped"))
        self.error = error


class Home:
    """The event loop that models live on, for threads that need something done there."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._waiting: set[Future[Any]] = set()
        self._closed = False

    def do(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Begin work on the loop.

        Raises:
            Stopped: The home is closed.
        """
        with self._lock:  # Else work could be begun that nobody is left to do, and its thread would wait forever.
            if self._closed:
                work.close()
                raise Stopped
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
            self._waiting.add(future)
        future.add_done_callback(self._waiting.discard)
        return future

    def close(self) -> None:
        """Refuse further work, and let go of everyone who waits."""
        with self._lock:
            self._closed = True
        for future in list(self._waiting):
            future.cancel()

    async def elsewhere(self, work: Callable[[], T]) -> T:
        """Run sync work in a thread of its own, which may call back. Where it fails or is cancelled, the home is closed.

        Raises:
            LimbeckError: What the work was stopped by.
        """
        threads = ThreadPoolExecutor(1, "limbeck-optimize")
        with _hushed():
            future = threads.submit(work)
            try:
                return await asyncio.wrap_future(future)
            except Stopped as stopped:
                raise (stopped.error or asyncio.CancelledError()) from None
            finally:
                if not future.done() or future.cancelled() or future.exception():  # Its own threads may still be asking.
                    self.close()
                    wait([future], timeout=LAST_WORDS)
                threads.shutdown(wait=False)


@contextlib.contextmanager
def _hushed() -> Iterator[None]:
    """Optimisers print, log and draw bars; what they say of is counted and shown by us."""
    log = logging.getLogger("dspy")
    level, interval, nowhere = log.level, tqdm.monitor_interval, Nowhere()
    log.setLevel(logging.CRITICAL)
    tqdm.monitor_interval = 0  # Its thread would outlive us, and DuckDB then complains at the end of the process.
    try:
        with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
            yield
    finally:
        log.setLevel(level)
        tqdm.monitor_interval = interval


class Nowhere(io.TextIOBase):
    """A stream that keeps nothing."""

    def write(self, text: str) -> int:
        """Take it."""
        return len(text)


def from_elsewhere(llm: LLM, home: Home, on_call: Callable[[], None]) -> dspy.LM:
    """A model that any thread, and any loop in one, may ask.

    Args:
        llm: The model.
        home: Where it lives.
        on_call: Told of each answer, in the home's thread.
    """
    asked, own = _Asked(llm, home, on_call), llm.lm()
    return Elsewhere(
        own.model, engine=_Sync(asked), async_engine=_Async(asked), cache=False, num_retries=own.num_retries
    )


class Elsewhere(dspy.LM):  # type: ignore[misc]
    """A model as optimisers' own programs ask it: after its retries a failure ends the optimiser, which would go on for hours."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Ask.

        Raises:
            Stopped: The server is gone, or fails or refuses for good.
            ContextWindowExceededError: The prompt is too long; another may not be.
        """
        try:
            return super().__call__(*args, **kwargs)
        except ContextWindowExceededError:
            raise
        except LMError as error:
            stop(final(error, self.model))


class _Asked:
    """Requests on their way home."""

    def __init__(self, llm: LLM, home: Home, on_call: Callable[[], None]) -> None:
        self._llm = llm
        self._home = home
        self._on_call = on_call

    def begin(self, request: lm15.Request) -> "Future[lm15.Response]":
        return self._home.do(self._answered(request))

    async def _answered(self, request: lm15.Request) -> lm15.Response:
        answer = await self._llm.answer(request)
        self._on_call()
        return answer


class _Sync:
    """DSPy's sync engine: its own proposers ask through it."""

    def __init__(self, asked: _Asked) -> None:
        self._asked = asked

    def complete(self, request: lm15.Request) -> lm15.Response:
        try:
            return self._asked.begin(request).result()
        except (CancelledError, LimbeckError) as error:
            stop(error)


class _Async:
    """DSPy's async engine: our programs ask through it, each call in a loop of its own."""

    def __init__(self, asked: _Asked) -> None:
        self._asked = asked

    async def complete(self, request: lm15.Request) -> lm15.Response:
        try:
            return await asyncio.wrap_future(self._asked.begin(request))
        except (asyncio.CancelledError, LimbeckError) as error:
            stop(error)


def stop(error: BaseException) -> NoReturn:
    """End the optimiser because of an error that every further call would meet, or because it is told to end."""
    raise Stopped(error if isinstance(error, LimbeckError) else None) from None
