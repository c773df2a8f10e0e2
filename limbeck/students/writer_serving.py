"""A writer at work: vLLM with its base and its adapter."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from dspy import lm15

from limbeck.dialects import Body
from limbeck.engine import Server, is_cpu_build, serve
from limbeck.errors import EngineError
from limbeck.llm import OpenAIServer
from limbeck.sections import ModelSettings
from limbeck.serving import in_thread
from limbeck.students.writer import Send
from limbeck.students.writer_training import RANK, folder_of, merge

NAME = "writer"
"""What requests call it."""
CONTEXT = 2048
PATIENCE = 3600.0
"""Seconds for an answer: on a machine of few processors a long record takes minutes, and a server that died is noticed at once."""


@asynccontextmanager
async def writing(base: str, adapter: Path, log: Path, context: int = CONTEXT) -> AsyncIterator[Send]:
    """Serve a writer until the context ends.

    Args:
        base: The causal model that it adapts: `embedded`, a folder or a hub id.
        adapter: The student's folder.
        log: Where vLLM's output goes.
        context: Tokens that it can read at once.

    Raises:
        EngineError: vLLM is not installed or does not start; so does sending where it fails.
        StudentError: The adapter is damaged, or none of this base.
        ConfigError: The base can't be loaded.
    """
    with tempfile.TemporaryDirectory(prefix="limbeck-writer-") as room:
        server = await in_thread(lambda: _served(base, adapter, Path(room), log, context))
        async with _asked(server, log) as send:
            yield send


def _served(base: str, adapter: Path, room: Path, log: Path, context: int) -> Server:
    """Base and adapter side by side; on a CPU, where a token takes four times as long that way, as one model in a folder of their own."""
    if is_cpu_build():
        merge(base, adapter, room)
        return serve(room, name=NAME, log=log, context=context)
    options = ("--enable-lora", "--max-lora-rank", str(RANK), "--lora-modules", f"{NAME}={adapter}")
    return serve(folder_of(base), name="base", log=log, context=context, options=options)


@asynccontextmanager
async def _asked(server: Server, log: Path) -> AsyncIterator[Send]:
    """What sends requests to a server, which is stopped in the end."""
    try:
        settings = ModelSettings(name=NAME, base_url=server.base_url, timeout=PATIENCE)
        async with OpenAIServer(settings, server.base_url, NAME) as client:
            await client.check()

            async def send(body: Body) -> Body:
                try:
                    return await client(body)
                except lm15.LM15Error as error:
                    said = str(error).strip().partition("\n")[0]
                    raise EngineError(f"the server of a writer failed ({said}); see its log {str(log)!r}") from None

            yield send
    finally:
        await in_thread(server.stop)
