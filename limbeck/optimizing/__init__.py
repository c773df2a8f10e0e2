"""`limbeck optimize`: better prompts for Infer and Rank, from a few documents whose labels are known.

    documents with gold → train, validation → Infer's candidates → Infer → its options → Rank's candidates → Rank → program.json

A step that does not beat the unoptimised one on the validation documents stays as it was, and so does the whole program.
All candidates are compared on these documents, so that the winner's score there is a little flattering; it is never one on
the documents that it learned from.
"""

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import dspy

from limbeck.context import RunContext
from limbeck.documents import read
from limbeck.errors import CallFailed, ConfigError, GuardrailError
from limbeck.fakes import FakeLLM
from limbeck.llm import LLM, InlineExecutor, OpenAIServer, Sender, Spent
from limbeck.optimizing.bridge import Home, from_elsewhere
from limbeck.optimizing.examples import Examples, Labelled, draw
from limbeck.optimizing.methods import Lesson, check, compiled
from limbeck.optimizing.steps import InferStep, Look, RankStep, Step, infer_example, rank_example, score
from limbeck.programs.extreme import InferRetrieveRank
from limbeck.progress import Progress
from limbeck.retrieval.retriever import Retriever
from limbeck.run import STORE, stoppable
from limbeck.schemas import content_id
from limbeck.serving import Served
from limbeck.settings import FAKE, ModelSettings, Settings
from limbeck.stages import inferring, ranking
from limbeck.stages.listed import label_set, open_program, open_retriever
from limbeck.stages.retrieving import Options
from limbeck.store import Store

PROGRAM = "program.json"
MOST_THREADS = 8
"""In which an optimiser compares programs; the paper's number."""


@dataclass(frozen=True)
class Optimized:
    """What came of it."""

    program: Path
    """The file for `program:` in the config; what it was made with is beside it, in `….about.json`."""
    about: dict[str, Any]


@dataclass(frozen=True)
class Models:
    """Who answers."""

    infer: LLM
    rank: LLM
    teacher: LLM


def optimize(settings: Settings, progress: Progress, out: Path | None = None, send: Sender | None = None) -> Optimized:
    """Optimise the prompts of a config's program and save it.

    Args:
        settings: The checked config, of the pipeline `extreme`.
        progress: What a person sees meanwhile.
        out: The program's file, by default `program.json` in the project.
        send: Answers in place of the config's models, for tests.

    Raises:
        ConfigError: There is nothing to optimise or to learn from, or something is missing; nothing was written.
        BudgetSpent, ModelUnreachable, EngineError: It can't go on now. No program was written; answers are kept, and free
            the next time.
        StoreBusy: Another process works on the project.
    """
    labels, source = label_set(settings), settings.documents
    check(settings.optimize.method)
    corpus = read(source.source, text=source.text, key=source.key, gold=source.gold, limit=source.limit)
    examples = draw(settings, corpus, labels)
    path = _file(out or Path(settings.project) / PROGRAM)
    fresh = settings.model_copy(update={"program": None})  # Its beginning is the program as it comes.
    steps = _steps(fresh, progress)
    work = Work(fresh, examples, progress, path, steps)
    result: list[Optimized] = []

    async def whole() -> None:
        result.append(await work.done(send))

    asyncio.run(_through(whole()))
    return result[0]


async def _through(work: Any) -> None:
    asyncio.get_running_loop().set_default_executor(InlineExecutor())
    await stoppable(work)


def _file(path: Path) -> Path:
    """The path, if a program can be saved there; to find that out at the end would be dear."""
    folder = next(one for one in path.absolute().parents if one.exists())
    if path.suffix != ".json" or path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise ConfigError(
            f"a program can't be saved as {str(path)!r}; name a file that ends in .json, in a folder that you may write to"
        )
    return path


def _steps(settings: Settings, progress: Progress) -> tuple[str, ...]:
    """The steps in which a model is asked something that a prompt can improve."""
    nothing: Any = None
    context = RunContext("", settings, nothing, nothing, nothing, progress)
    if settings.rank.model:
        context.others = (replace(context, settings=settings.model_copy(update={"model": settings.rank.model})),)
    reasoned = ranking.mode(context) == "reasoned"
    steps = tuple(name for name, wanted in (("infer", inferring.wanted(context)), ("rank", reasoned)) if wanted)
    if not steps:
        raise ConfigError(
            f"model {settings.model.name!r} is asked nothing that a better prompt could improve; write "
            "`infer: {mode: always}` or `rank: {mode: reasoned}`, or name a larger model"
        )
    return steps


@dataclass(frozen=True)
class Work:
    """One optimisation, as it is told."""

    settings: Settings
    examples: Examples
    progress: Progress
    path: Path
    steps: tuple[str, ...]

    async def done(self, send: Sender | None) -> Optimized:
        """Optimise, compare, save."""
        started, spent = time.perf_counter(), Spent()
        async with contextlib.AsyncExitStack() as open_:
            senders = {
                one: await open_.enter_async_context(self._sender(one, place, send))
                for place, one in enumerate(self._models())
            }
            store = open_.enter_context(Store.open(Path(self.settings.project) / STORE))
            llms = {
                one: LLM(one.name, store, sender, one, self.settings.budget, spent) for one, sender in senders.items()
            }
            infer, rank, teacher = self._asked()
            models = Models(llms[infer], llms[rank], llms[teacher])
            context = RunContext("", self.settings, store, models.infer, models.infer.lm(), self.progress)
            retriever = await open_retriever(context)
            home = open_.enter_context(contextlib.closing(Home()))
            bench = Bench(self, models, home, looking(retriever, self.settings.retrieval.options, home))
            program, scores = await bench.left_to_right(open_program(context, retriever))
        about = {**self._about(), **scores, "spent": asdict(spent), "seconds": round(time.perf_counter() - started, 1)}
        _save(program, self.path, about)
        return Optimized(self.path, about)

    def _asked(self) -> tuple[ModelSettings, ModelSettings, ModelSettings]:
        """The models of Infer and of Rank, and the teacher."""
        own = self.settings.model
        return own, self.settings.rank.model or own, self.settings.optimize.teacher or own

    def _models(self) -> tuple[ModelSettings, ...]:
        return tuple(dict.fromkeys(self._asked()))

    @contextlib.asynccontextmanager
    async def _sender(self, model: ModelSettings, place: int, send: Sender | None) -> AsyncIterator[Sender]:
        """What answers: a fake, a server that is there (and is asked at once), or one that is started when needed."""
        if send or model.name == FAKE:
            yield send or FakeLLM()
        elif model.base_url:
            async with OpenAIServer(model, model.base_url, model.name) as server:
                await server.check()
                yield server
        else:
            log = Path(self.settings.project) / (f"vllm-{place + 1}.log" if place else "vllm.log")
            async with Served(model, log, self.progress) as served:
                yield served

    def _about(self) -> dict[str, Any]:
        infer, rank, teacher = self._asked()
        names = {"infer": infer.name, "rank": rank.name}
        return {
            "method": self.settings.optimize.method,
            "models": {step: names[step] for step in self.steps},
            "teacher": teacher.name,
            "seed": self.settings.seed,
            "data": content_id([label_set(self.settings).id, self.examples.id]),
            "documents": {
                "train": len(self.examples.train),
                "validation": len(self.examples.validation),
                "without_gold": self.examples.without_gold,
            },
            "unlisted": self.examples.unlisted,
        }


def looking(retriever: Retriever, count: int, home: Home) -> Look:
    """What looks options up, each question once; it may be awaited in any loop."""
    known: dict[tuple[str, ...], Options] = {}

    async def find(text: str, inferred: Sequence[str]) -> Options:
        key = (text, *inferred)
        if key not in known:
            found = (await retriever.find([text], [inferred], count))[0]
            names = tuple(retriever.labels.names[row] for row in found.rows.tolist())
            known[key] = Options(labels=names, said=found.said)
        return known[key]

    async def look(text: str, inferred: Sequence[str]) -> Options:
        return await asyncio.wrap_future(home.do(find(text, inferred)))

    return look


@dataclass(frozen=True)
class Bench:
    """Where steps are optimised and compared."""

    work: Work
    models: Models
    home: Home
    look: Look

    async def left_to_right(self, program: InferRetrieveRank) -> tuple[InferRetrieveRank, dict[str, Any]]:
        """Optimise Infer, then Rank over its options; the better of the whole and the unoptimised program, and all scores."""
        examples, steps = self.work.examples, {}
        infer, rank = InferStep(program.infer, self.look), RankStep(program.rank)
        best_infer, best_rank = infer, rank
        if "infer" in self.work.steps:
            train, validation = ([self._infer_example(one) for one in part] for part in (examples.train, examples.validation))
            best_infer, steps["infer"] = await self._improved(infer, train, validation, self.models.infer)
        whole = steps.get("infer", {})
        if "rank" in self.work.steps:
            train, validation = [await self._rank_examples(best_infer, part) for part in (examples.train, examples.validation)]
            best_rank, steps["rank"] = await self._improved(rank, train, validation, self.models.rank)
            first = await self._rank_examples(infer, examples.validation)
            scores = await self._mean(rank, first, self.models.rank), await self._mean(best_rank, validation, self.models.rank)
            whole = {"unoptimized": scores[0], "optimized": scores[1]}
        better = whole["optimized"] > whole["unoptimized"]
        if better:
            _settle(program, best_infer, best_rank)
        both = {name: whole[name] for name in ("unoptimized", "optimized")}
        return program, {"kept": "optimized" if better else "unoptimized", "rp@10": both, "steps": steps}

    async def _improved(
        self, step: Any, train: Sequence[dspy.Example], validation: Sequence[dspy.Example], student: LLM
    ) -> tuple[Any, dict[str, Any]]:
        """The better of a step and its optimised form, the step itself where they are equal; and both scores."""
        settings = self.work.settings
        threads = min(MOST_THREADS, settings.model.concurrency)
        with self.work.progress.stage(f"optimize {step.name}", None, "calls") as stage:
            asked, taught = (from_elsewhere(llm, self.home, stage.advance) for llm in (student, self.models.teacher))
            lesson = Lesson(step, train, validation, asked, taught, settings.optimize, settings.seed, threads)
            found = await self.home.elsewhere(lambda: compiled(lesson))
            before, after = await self._mean(step, validation, student), await self._mean(found, validation, student)
        kept = found if after > before else step
        return kept, {"unoptimized": before, "optimized": after, **_prompt(step, kept)}

    async def _mean(self, step: Step, examples: Sequence[dspy.Example], llm: LLM) -> float:
        """A step's mean score."""
        with dspy.context(lm=llm.lm(), disable_history=True, trace=None):
            said = await together([step.acall(**one.inputs()) for one in examples])
        return round(fmean(score(one, prediction) for one, prediction in zip(examples, said, strict=True)), 4)

    def _infer_example(self, one: Labelled) -> dspy.Example:
        return infer_example(self.work.settings.use_case, one)

    async def _rank_examples(self, infer: InferStep, part: Sequence[Labelled]) -> list[dspy.Example]:
        """Documents with the options that Infer and Retrieve find for them."""

        async def found(one: Labelled) -> dspy.Example:
            guesses = await self._guesses(infer, one) if "infer" in self.work.steps else []
            options = await self.look(one.document.text, guesses)
            return rank_example(self.work.settings.use_case, one, options)

        with dspy.context(lm=self.models.infer.lm(), disable_history=True, trace=None):
            return await together([found(one) for one in part])

    async def _guesses(self, infer: InferStep, one: Labelled) -> list[str]:
        """What Infer says; nothing where no answer could be used, as in a run."""
        inputs = self._infer_example(one)
        with contextlib.suppress(GuardrailError, CallFailed):
            return list((await infer.infer.acall(use_case=inputs.use_case, chunks=inputs.chunks)).labels)
        return []


async def together(work: Sequence[Any]) -> list[Any]:
    """Await all at once; where one fails, the others end with it."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()


def _prompt(step: Step, kept: Step) -> dict[str, Any]:
    """What a step's prompt has that it had not at first."""
    same = kept.predictor.signature.instructions == step.predictor.signature.instructions
    return {"demos": len(kept.predictor.demos), "instructions": "unchanged" if same else "new"}


def _settle(program: InferRetrieveRank, *steps: Step) -> None:
    """Give a program its steps' instructions and demonstrations, the latter with nothing but what prompts show."""
    for mine, step in zip((program.infer.guess, program.rank.order), steps, strict=True):
        mine.signature = step.predictor.signature
        fields = list(mine.signature.fields)
        mine.demos = [dspy.Example(**{name: demo[name] for name in fields}) for demo in step.predictor.demos]


def _save(program: InferRetrieveRank, path: Path, about: dict[str, Any]) -> None:
    """Write a program, and beside it what it was made with; each file is whole or not there."""
    beside = path.with_suffix(".about.json")
    partial, noted = (one.with_name(f".{one.stem}.{os.getpid()}.json") for one in (path, beside))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        noted.write_text(json.dumps(about, ensure_ascii=False, indent=1) + "\n", "utf-8")
        program.save(str(partial))
        partial.replace(path)
        noted.replace(beside)
    except OSError as error:
        raise ConfigError(f"can't write {str(path)!r} ({error.strerror}); name another file with --out") from None
