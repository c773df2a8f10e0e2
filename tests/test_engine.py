"""A real vLLM with the embedded model: started once, talked to, stopped; nothing of it may be left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import dspy
import pytest

from limbeck import engine, serving, show
from limbeck.embedded import embedded_model
from limbeck.engine import Server, serve
from limbeck.errors import EngineError
from limbeck.llm import LLM, OpenAIServer, Spent
from limbeck.programs.likelihood import Likelihood
from limbeck.programs.taxonomy import Labeller, Taxonomist
from limbeck.progress import Progress
from limbeck.run import run
from limbeck.schemas import Category
from limbeck.sections import (
    BudgetSettings,
    DocumentsSettings,
    LabelSettings,
    MeasureSettings,
    ModelSettings,
    StudentSettings,
    TaxonomySettings,
)
from limbeck.serving import Served
from limbeck.settings import Settings
from limbeck.store import Store

pytestmark = pytest.mark.vllm
CATEGORIES = (Category(name="Cards", description="Bank cards."), Category(name="Weather", description="Rain and sun."))
TEXTS = ["my card is lost", "will it rain tomorrow", "block my card", "is it sunny in Rome", "a new card please", "snow?"]


@pytest.fixture(scope="module")
def served_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(embedded_model(), name="embedded", log=tmp_path_factory.mktemp("vllm") / "vllm.log") as server:
        yield server


@pytest.fixture(autouse=True)
def calls_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMBECK_CALLS", "on")


def model(server: Server) -> ModelSettings:
    return ModelSettings(name="embedded", base_url=server.base_url)


async def test_choices_and_schemas_are_kept_to(served_model: Server, tmp_path: Path) -> None:
    settings = model(served_model)
    with Store.open(tmp_path / "limbeck.duckdb") as store:
        async with OpenAIServer(settings, served_model.base_url, "embedded") as server:
            await server.check()
            llm = LLM("embedded", store, server, settings, BudgetSettings(), Spent())
            with dspy.context(lm=llm.lm()):
                labeller = Labeller(CATEGORIES, "choice")
                said = await asyncio.gather(*(labeller.acall(use_case="Route.", document=text) for text in TEXTS))
                named = await Taxonomist(5).relevant.acall(
                    config={"options": ("yes", "no")}, use_case="Route.", question="my card is lost: Cards"
                )
    assert {one.label for one in said} <= {"Cards", "Weather", "Other"}
    assert named.answer in ("yes", "no")
    assert llm.spent.calls == len(TEXTS) + 1
    assert llm.spent.prompt_tokens > 0


async def test_the_right_label_makes_a_text_likelier(served_model: Server, tmp_path: Path) -> None:
    told = {"My credit card was stolen, please block the card.": "Cards", "It rains and the wind is cold.": "Weather"}
    settings = model(served_model)
    with Store.open(tmp_path / "limbeck.duckdb") as store:
        async with OpenAIServer(settings, served_model.base_url, "embedded") as server:
            llm = LLM("embedded", store, server, settings, BudgetSettings(), Spent())
            with dspy.context(lm=llm.lm()):
                channel = Likelihood(CATEGORIES)
                asked = (
                    channel.acall(use_case="Route.", document=text, candidates=("Cards", "Weather")) for text in told
                )
                said = await asyncio.gather(*asked)
    assert [one.label for one in said] == list(told.values())
    assert [sum(one.shares.values()) for one in said] == pytest.approx([1, 1])
    assert llm.spent.calls == 2 * len(told)


def test_a_pipeline_runs_against_it_and_its_second_run_asks_nothing(served_model: Server, tmp_path: Path) -> None:
    source = tmp_path / "texts.txt"
    source.write_text("\n".join(TEXTS), "utf-8")
    settings = Settings(
        project=str(tmp_path / "project"),
        use_case="Route each message.",
        documents=DocumentsSettings(source=str(source)),
        model=model(served_model),
        taxonomy=TaxonomySettings(given=("Cards", "Weather")),
        labels=LabelSettings(mode="choice", probe=4),
        student=StudentSettings(kinds=("logistic",)),
        measures=MeasureSettings(sample=3),
    )
    first = run(settings, Progress(quiet=True))
    found = show.find(first.store, first.run)
    assert found.status == "finished"
    assert show.failures(first.store, found) == []
    labels = show.rows(first.store, "SELECT count(*) AS n FROM labels WHERE NOT ends_with(space, '/all')")
    assert labels == [{"n": len(TEXTS)}]
    calls = show.rows(first.store, "SELECT count(*) AS n FROM calls")
    assert run(settings, Progress(quiet=True)).already
    assert show.rows(first.store, "SELECT count(*) AS n FROM calls") == calls


def test_a_model_that_is_none_ends_with_the_log(tmp_path: Path) -> None:
    log = tmp_path / "vllm.log"
    with pytest.raises(EngineError, match=r"(?s)vLLM ended with .*vllm\.log.* and run again"):
        serve(tmp_path / "no-model", name="none", log=log)
    assert log.read_text("utf-8", "replace")


async def test_a_server_that_does_not_start_is_tried_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tries = []

    def broken(*_: object, **__: object) -> Server:
        tries.append(1)
        raise EngineError("vLLM ended with 1; run again")

    monkeypatch.setattr(serving, "serve", broken)
    (tmp_path / "model").mkdir()
    async with Served(ModelSettings(name=str(tmp_path / "model")), tmp_path / "vllm.log", Progress(quiet=True)) as send:
        failed = await asyncio.gather(*(send({"messages": []}) for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in failed] == [EngineError] * 5 and len(tries) == 1


def test_without_vllm_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(engine, "version", missing)
    with pytest.raises(EngineError, match=r"pip install 'limbeck\[cpu\]'"):
        serve("model", name="none", log=tmp_path / "vllm.log")


def test_nothing_is_left_when_limbeck_is_killed(tmp_path: Path) -> None:
    port = engine.free_port()
    code = (
        "from pathlib import Path; from limbeck.embedded import embedded_model; from limbeck.engine import serve; "
        f"serve(embedded_model(), name='embedded', log=Path({str(tmp_path / 'vllm.log')!r}), port={port})"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as parent:
        assert wait_for(lambda: len(processes(port)) >= 2, 60), "the watchdog and vLLM never came up"
        os.kill(parent.pid, signal.SIGKILL)
    assert wait_for(lambda: not processes(port), 30), f"left behind: {processes(port)}"


def processes(port: int) -> list[str]:
    """Command lines of processes that serve at a port."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue  # It ended meanwhile.
        if f"--port {port} " in command and "vllm" in command:
            found.append(command)
    return found


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.2)
    return False
