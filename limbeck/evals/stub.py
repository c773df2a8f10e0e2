"""A server that answers at once and by rule, in a process of its own; it counts what it was asked.

It speaks OpenAI's protocol as vLLM does. The same request always gets the same answer. `serve()` answers at `PORT [DELAY]`
of the command line until it is killed; `GET /counts` tells how often each request came.
"""

import asyncio
import hashlib
import json
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from limbeck.dialects import CHOICE
from limbeck.engine import free_port
from limbeck.errors import EngineError
from limbeck.fakes import FakeLLM

MODEL = "stub"
SERVE = "from limbeck.evals.stub import serve; serve()"
TRIES = 200


def application(delay: float) -> web.Application:
    """The server."""
    counts: Counter[str] = Counter()
    fake = FakeLLM()

    async def complete(request: web.Request) -> web.Response:
        raw = await request.read()
        counts[hashlib.blake2b(raw, digest_size=16).hexdigest()] += 1
        if delay:
            await asyncio.sleep(delay)
        fake.history.clear()
        return web.Response(body=json.dumps(await fake(_neutral(json.loads(raw)))), content_type="application/json")

    async def listed(_: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": MODEL, "owned_by": "vllm"}]})

    async def counted(_: web.Request) -> web.Response:
        return web.json_response(counts)

    app = web.Application(client_max_size=2**26)
    app.router.add_post("/v1/chat/completions", complete)
    app.router.add_get("/v1/models", listed)
    app.router.add_get("/counts", counted)
    return app


def _neutral(body: dict[str, Any]) -> dict[str, Any]:
    """Back from vLLM's dialect."""
    said = dict(body)
    if "structured_outputs" in said:
        said[CHOICE] = said.pop("structured_outputs")["choice"]
    if form := said.get("response_format"):
        said["response_format"] = form["json_schema"]
    return said


@contextmanager
def serving(delay: float = 0.0) -> Iterator[str]:
    """The address of a running stub.

    Raises:
        EngineError: It does not come up.
    """
    port = free_port()
    command = [sys.executable, "-c", SERVE, str(port), str(delay)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            _wait(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def _wait(port: int) -> None:
    for _ in range(TRIES):
        try:
            counts(f"http://127.0.0.1:{port}")
            return
        except OSError:
            time.sleep(0.1)
    raise EngineError(f"the stub server on port {port!r} does not come up; see its errors with: python -c {SERVE!r} 8001")


def counts(address: str) -> dict[str, int]:
    """How often each request came to a stub."""
    with urllib.request.urlopen(f"{address}/counts", timeout=20) as answer:
        return dict(json.loads(answer.read()))


def serve() -> None:
    """Serve until killed."""
    web.run_app(application(float(sys.argv[2]) if len(sys.argv) > 2 else 0.0), host="127.0.0.1", port=int(sys.argv[1]), print=None)
