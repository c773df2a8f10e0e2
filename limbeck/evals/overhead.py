"""What limbeck costs on top of the model: against a bare client at the same vLLM, and at a server that answers at once."""

import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp

from limbeck.context import RunContext
from limbeck.dialects import Body, spoken
from limbeck.documents import read
from limbeck.evals.place import Place
from limbeck.evals.stub import MODEL, serving
from limbeck.llm import LLM, InlineExecutor, OpenAIServer, Sender, Spent
from limbeck.progress import Progress
from limbeck.schemas import Category, Document
from limbeck.sections import EMBEDDED, DocumentsSettings, LabelSettings, ModelSettings
from limbeck.serving import Served
from limbeck.settings import Settings
from limbeck.stages.votes import label_by_llm, readings
from limbeck.store import Store

DOCUMENTS = 500
ROUNDS = 5
"""Of the two clients in turn, each going first every other time, as whatever else the machine does comes and goes."""
STUB_DOCUMENTS = 5_000
CATEGORIES = tuple(
    Category(name=name, description=about)
    for name, about in {
        "Files and paths": "Reading, writing and finding files and folders.",
        "Text": "Strings, patterns, formats and encodings.",
        "Numbers": "Arithmetic, statistics and random numbers.",
        "Network": "Sockets, protocols, servers and mail.",
        "Concurrency": "Threads, processes, tasks and locks.",
        "Language": "Python itself: code, types, imports, tests and debugging.",
    }.items()
)


def evaluate(place: Place) -> dict[str, Any]:
    """Both figures."""
    documents = list(read("stdlib").documents)
    # Short texts, as they are where a client's own time would show most.
    short = sorted(documents, key=lambda one: (len(one.text), one.id))
    stub = asyncio.run(_stub(short[:STUB_DOCUMENTS]))
    ratios = asyncio.run(_ratio(short[200 : 200 + DOCUMENTS], place.progress()))
    return {**ratios, **stub}


async def _stub(documents: list[Document]) -> dict[str, Any]:
    settings = _settings("stub", concurrency=32)
    asyncio.get_running_loop().set_default_executor(InlineExecutor())
    with serving() as address:
        async with OpenAIServer(settings.model, f"{address}/v1", MODEL) as server:
            await server.check()
            seconds = [await _limbeck(documents, settings, server) for _ in range(ROUNDS)]
    return {
        "stub_docs_per_s": round(len(documents) / statistics.median(seconds), 1),
        "stub_documents": len(documents),
    }


async def _ratio(documents: list[Document], progress: Progress) -> dict[str, Any]:
    settings = _settings(EMBEDDED, concurrency=16)
    asyncio.get_running_loop().set_default_executor(InlineExecutor())
    bodies: list[Body] = []
    with tempfile.TemporaryDirectory() as folder:
        async with Served(settings.model, Path(folder) / "vllm.log", progress) as server:

            async def noting(body: Body) -> Body:
                bodies.append(body)
                return await server(body)

            # The first round warms the server's prefix cache and gives the bare client the same requests.
            await _limbeck(documents, settings, noting)
            requests = [spoken(body, "vllm") for body in bodies]
            ours, bare = [], []
            for turn in range(2 * ROUNDS):
                if turn % 4 in (0, 3):
                    bare.append(await _bare(requests, server.base_url, settings.model.concurrency))
                else:
                    ours.append(await _limbeck(documents, settings, server))
    return {
        "ratio": round(statistics.median(ours) / statistics.median(bare), 4),
        "limbeck_s": [round(one, 2) for one in ours],
        "bare_s": [round(one, 2) for one in bare],
        "documents": len(documents),
        "calls": len(requests),
    }


async def _limbeck(documents: list[Document], settings: Settings, send: Sender) -> float:
    """Seconds to label documents through the pipeline into a new store, all on disk at the end."""
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "limbeck.duckdb") as store:
        llm = LLM(settings.model.name, store, send, settings.model, settings.budget, Spent())
        context = RunContext("overhead", settings, store, llm, llm.lm(), Progress(quiet=True))
        started = time.perf_counter()
        store.put(documents)
        (reading,) = readings(context)
        artifacts = await label_by_llm(reading, reading.programs(CATEGORIES)["forth"], documents, "label")
        store.flush()
        seconds = time.perf_counter() - started
        if any(artifact.status == "failed" for artifact in artifacts.values()):
            raise AssertionError("a document was not labelled, so the time means nothing")
    return seconds


async def _bare(requests: list[Body], base_url: str, concurrency: int) -> float:
    """Seconds for the same requests by a bare asyncio client that keeps the answers in a list."""
    waiting, answers = iter(requests), []

    async def worker(session: aiohttp.ClientSession) -> None:
        for body in waiting:
            async with session.post(f"{base_url}/chat/completions", json=body) as got:
                answers.append(json.loads(await got.read())["choices"][0]["message"]["content"])

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency)) as session:
        started = time.perf_counter()
        await asyncio.gather(*(worker(session) for _ in range(concurrency)))
        return time.perf_counter() - started


def _settings(model: str, concurrency: int) -> Settings:
    return Settings(
        use_case="Find the part of the library that a docstring belongs to.",
        documents=DocumentsSettings(source="stdlib"),
        model=ModelSettings(name=model, concurrency=concurrency),
        labels=LabelSettings(mode="choice"),
    )
