"""Run a pipeline over documents: checked before anything is written, resumable at any point, finished once.

A run is named by its pipeline, what in its config the outcome depends on, and its documents. The same again is the same
run: it goes on where it was, or has long been finished and says so. LangGraph keeps the place in the graph (a SQLite
checkpoint beside the store), the store keeps everything made.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from limbeck import encoder
from limbeck.agents import GRAPHS
from limbeck.context import RunContext
from limbeck.errors import BudgetSpent, LimbeckError, NoSuchRun
from limbeck.fakes import FakeLLM
from limbeck.llm import LLM, InlineExecutor, OpenAIServer, Sender, Spent
from limbeck.progress import Progress
from limbeck.query import ask
from limbeck.schemas import Corpus, Run, content_id
from limbeck.schemas.quality import ERRORS
from limbeck.sections import FAKE, ModelSettings
from limbeck.serving import Served
from limbeck.settings import Settings
from limbeck.stages.inputs import INPUTS
from limbeck.store import Store

STORE = "limbeck.duckdb"
CHECKPOINTS = "checkpoints.sqlite"
BEST_SO_FAR = "analysis"
"""The pipeline that has an answer of some kind before its end."""


@dataclass(frozen=True)
class Outcome:
    """What came of `run`."""

    run: str
    store: Path
    already: bool
    """It had been finished before; nothing was done."""
    stopped: str = ""
    """Which limit of its budget ended an analysis; what there is so far counts."""


def run(settings: Settings, progress: Progress, send: Sender | None = None) -> Outcome:
    """Run to the end, or go on with what an earlier attempt left.

    Args:
        settings: The checked config.
        progress: What a person sees meanwhile.
        send: Answers in place of the config's model, for tests.

    Raises:
        ConfigError: Documents, labels, annotators, encoder or model can't be had; nothing was written.
        BudgetSpent (but for an analysis), ModelUnreachable, EngineError: It can't go on now; the same command goes on later.
        StoreBusy: Another process works on the project.
    """
    corpus = INPUTS[settings.pipeline].read(settings)
    id, store = run_id(settings, corpus), Path(settings.project) / STORE
    if is_finished(store, id):
        return Outcome(id, store, already=True)
    INPUTS[settings.pipeline].check(settings, progress)
    encoder.check(settings.student.encoder)
    try:
        asyncio.run(_run(id, store, settings, corpus, progress, send))
    except BudgetSpent as error:
        if settings.pipeline != BEST_SO_FAR:
            raise
        progress.warn(str(error))
        return Outcome(id, store, already=False, stopped=str(error))
    return Outcome(id, store, already=False)


def run_id(settings: Settings, corpus: Corpus) -> str:
    """The run's name: a hash of what it is told to do and of all that it read."""
    inputs = INPUTS[settings.pipeline]
    documents = [[row.document, row.key, row.gold] for row in corpus.places]
    return content_id([settings.outcome(), inputs.labels(settings), documents, inputs.others(settings)])


def is_finished(store: Path, id: str) -> bool:
    """Whether a run has been finished, without touching anything."""
    with contextlib.suppress(NoSuchRun):
        return bool(ask(store, f"SELECT 1 FROM runs WHERE id = '{id}' AND status = 'finished'").num_rows)
    return False


async def _run(
    id: str, path: Path, settings: Settings, corpus: Corpus, progress: Progress, send: Sender | None
) -> None:
    asyncio.get_running_loop().set_default_executor(InlineExecutor())
    async with contextlib.AsyncExitStack() as open_:
        senders = [await open_.enter_async_context(sender(one, log_of(settings.models.index(one), settings), send, progress)) for one in settings.models]
        store = open_.enter_context(Store.open(path))
        spent = spent_before(store, id)
        llms = [
            LLM(model.name, store, sender, model, settings.budget, spent)
            for model, sender in zip(settings.models, senders, strict=True)
        ]
        context = RunContext(id, settings, store, llms[0], llms[0].lm(), progress)
        context.others = tuple(
            replace(context, settings=settings.model_copy(update={"model": model}), llm=llm, lm=llm.lm())
            for model, llm in zip(settings.models[1:], llms[1:], strict=True)
        )
        context.served = tuple(one for one in senders if isinstance(one, Served))
        reviewed = _begin(context, corpus)
        status, why = "stopped", ""
        try:
            await stoppable(_through(context, anew=reviewed))
            status = "finished"
        except LimbeckError as error:
            why = str(error)
            raise
        finally:
            _end(context, status, why)


@contextlib.contextmanager
def resting(id: str, settings: Settings, path: Path, progress: Progress | None = None) -> Iterator[RunContext]:
    """A run's context for work that asks no model; it shows nothing without a progress."""
    with Store.open(path) as store:
        llm = LLM(settings.model.name, store, FakeLLM([]), settings.model, settings.budget, Spent())
        yield RunContext(id, settings, store, llm, None, progress or Progress(quiet=True))


@contextlib.asynccontextmanager
async def sender(model: ModelSettings, log: Path, send: Sender | None, progress: Progress) -> AsyncIterator[Sender]:
    """What answers: a fake, a server that is there (and is asked at once), or one that is started when needed."""
    if send or model.name == FAKE:
        yield send or FakeLLM()
    elif model.base_url:
        async with OpenAIServer(model, model.base_url, model.name) as server:
            await server.check()
            yield server
    else:
        async with Served(model, log, progress) as served:
            yield served


def log_of(place: int, settings: Settings) -> Path:
    """Where a server that limbeck starts writes; each model has a file of its own, by its place among them."""
    return Path(settings.project) / (f"vllm-{place + 1}.log" if place else "vllm.log")


def _begin(context: RunContext, corpus: Corpus) -> bool:
    """Put the run and its documents in the store; whether people have answered since the last attempt."""
    store, settings = context.store, context.settings
    store.put(corpus.documents)
    store.flush()
    store.put_places(context.run, corpus.places)
    for note in corpus.skipped:
        context.progress.note(note)
    before = store.run(context.run)
    reviewed = bool(before and before.status == "reviewed")
    if reviewed:
        store.forget(context.run, [ERRORS])
    run = Run(
        id=context.run,
        pipeline=settings.pipeline,
        config=settings.model_dump_json(),
        documents=len(corpus.documents),
        status="running",
        started=before.started if before else time.time(),
        summary=before.summary if before else json.dumps({"skipped": corpus.skipped}),
    )
    store.put([run])
    store.flush()
    return reviewed


async def stoppable(work: Coroutine[Any, Any, None]) -> None:
    """Await work; Ctrl-C ends it, also where a library swallows the first cancellation, as LangGraph does between two steps."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=1)
        raise


async def _through(context: RunContext, anew: bool) -> None:
    """Go through the graph from the last checkpoint, or from the start; what is in the store is not made again."""
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    checkpoints = Path(context.settings.project) / CHECKPOINTS
    async with AsyncSqliteSaver.from_conn_string(str(checkpoints)) as saver:
        graph = GRAPHS[context.settings.pipeline]().compile(checkpointer=saver)
        place: Any = {"configurable": {"thread_id": context.run}, "recursion_limit": 10_000}
        begun = not anew and (await graph.aget_state(place)).next
        await graph.ainvoke(None if begun else {"group": ""}, place, context=context, durability="sync")


def _end(context: RunContext, status: Any, why: str) -> None:
    run = context.store.run(context.run)
    if run is None:
        return
    summary = json.loads(run.summary)
    seconds = summary.get("seconds", {})
    for stage, more in context.progress.seconds.items():
        seconds[stage] = seconds.get(stage, 0.0) + more
    spent = {**asdict(context.llm.spent), "seconds": context.llm.spent.elapsed}
    summary |= {"why": why, "seconds": seconds, "cached": spent.pop("cached"), "spent": spent}
    ended = run.model_copy(update={"status": status, "finished": time.time(), "summary": json.dumps(summary)})
    context.store.put([ended])
    context.store.flush()


def spent_before(store: Store, id: str) -> Spent:
    """What earlier attempts at a run spent: what the last one noted at its end, or after a kill what its artifacts cost."""
    rows = store.rows(
        "SELECT count(*) AS calls, coalesce(sum(prompt_tokens), 0)::BIGINT AS prompt_tokens, "
        "coalesce(sum(completion_tokens), 0)::BIGINT AS completion_tokens, coalesce(sum(price), 0) AS money FROM calls "
        "WHERE id IN (SELECT DISTINCT unnest(calls) FROM artifacts WHERE run = ?)",
        [id],
    )
    before = store.run(id)
    noted = json.loads(before.summary).get("spent", {}) if before else {}
    return Spent(**{name: max(value, noted.get(name, 0)) for name, value in rows[0].items()}, seconds=noted.get("seconds", 0.0))
