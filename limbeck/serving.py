"""A model that limbeck serves itself: vLLM is started at the first call that the cache can't answer, and stopped at the end."""

import asyncio
import re
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from limbeck.dialects import Body
from limbeck.embedded import embedded_model
from limbeck.engine import Server, is_cpu_build, serve
from limbeck.errors import ConfigError, EngineError
from limbeck.llm import OpenAIServer
from limbeck.progress import Progress
from limbeck.sections import EMBEDDED, FAKE, ModelSettings

HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
T = TypeVar("T")


class Served:
    """A sender that brings its server along.

    async with Served(settings.model, Path("vllm.log"), progress) as send:
        await send({"model": "embedded", "messages": […]})
    """

    def __init__(self, settings: ModelSettings, log: Path, progress: Progress) -> None:
        self._settings = settings
        self._log = log
        self._progress = progress
        self._starting = asyncio.Lock()
        self._server: Server | None = None
        self._client: OpenAIServer | None = None
        self._failed: EngineError | None = None

    @property
    def base_url(self) -> str:
        """The server's address, once it is up."""
        return self._server.base_url if self._server else ""

    async def __aenter__(self) -> "Served":
        check(self._settings.name)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.rest()

    async def rest(self) -> None:
        """Stop the server and give its memory back; the next request starts it again."""
        client, self._client, server, self._server = self._client, None, self._server, None
        if client:
            await client.__aexit__()
        if server:
            await in_thread(server.stop)

    async def __call__(self, body: Body) -> Body:
        """Send one request, starting the server first where it is not up.

        Raises:
            EngineError: The server does not start; it is tried once.
        """
        async with self._starting:
            client = self._client or await self._started()
        return await client(body)

    def _start(self, name: str) -> Server:
        model = embedded_model() if name == EMBEDDED else name
        return serve(model, name=name, log=self._log, context=self._settings.context)

    async def _started(self) -> OpenAIServer:
        if self._failed:
            raise self._failed
        name = self._settings.name
        try:
            with self._progress.stage("start vLLM", None, "seconds"):
                self._server = await in_thread(self._start, name)
        except EngineError as error:
            self._failed = error
            raise
        client = OpenAIServer(self._settings, self._server.base_url, name)
        await client.__aenter__()
        await client.check()
        self._client = client
        return client


def check(model: str) -> None:
    """Whether there is something to serve, and something to serve it with.

    Raises:
        ConfigError: The model is neither a folder nor a hub id.
        EngineError: vLLM is not installed.
    """
    if model != EMBEDDED and not Path(model).is_dir() and not HUB_ID.fullmatch(model):
        raise ConfigError(
            f"no model folder {model!r}; write {EMBEDDED!r}, {FAKE!r}, a folder or a hub id, or name the server that has "
            "the model in `model: base_url:`"
        )
    is_cpu_build()


async def in_thread(work: Callable[..., T], *args: Any) -> T:
    """Run slow work in a thread of its own, whatever the loop's default executor is."""
    with ThreadPoolExecutor(1) as threads:
        return await asyncio.get_running_loop().run_in_executor(threads, work, *args)


def serve_forever(model: str, port: int) -> None:
    """Serve a model on the loopback interface until Ctrl-C.

    Raises:
        ConfigError: There is no such model.
        EngineError: It does not start.
    """
    check(model)
    found = embedded_model() if model == EMBEDDED else model
    log = Path("vllm.log")
    with serve(found, name=model, port=port, log=log) as server:
        print(f"{model} is served at {server.base_url} (log: {log}); stop it with Ctrl-C")
        signal.pause()
