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
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from limbeck.context import RunContext
from limbeck.documents import read
from limbeck.errors import ConfigError
from limbeck.llm import LLM, InlineExecutor, Sender, Spent
from limbeck.optimizing.bench import Bench, Models, looking
from limbeck.optimizing.bridge import Home
from limbeck.optimizing.examples import Examples, draw
from limbeck.optimizing.methods import check
from limbeck.programs.extreme import InferRetrieveRank
from limbeck.progress import Progress
from limbeck.run import STORE, log_of, sender, stoppable
from limbeck.schemas import Corpus, content_id
from limbeck.sections import ModelSettings
from limbeck.settings import Settings
from limbeck.stages import inferring, listed, ranking
from limbeck.stages.listed import label_set, open_program, open_retriever
from limbeck.store import Store

PROGRAM = "program.json"
NAMED = "optimize"
"""What the store calls it in the place of a run's id."""


@dataclass(frozen=True)
class Optimized:
    """What came of it."""

    program: Path
    """The file for `program:` in the config; what it was made with is beside it, in `….about.json`."""
    about: dict[str, Any]


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
            the next time. The budget is that of one try.
        StoreBusy: Another process works on the project.
    """
    labels, source = label_set(settings), settings.documents
    check(settings.optimize.method)
    corpus = read(source.source, text=source.text, key=source.key, gold=source.gold, limit=source.limit)
    examples = draw(settings, corpus, labels)
    path = _file(out or Path(settings.project) / PROGRAM)
    fresh = settings.model_copy(update={"program": None})  # Its beginning is the program as it comes.
    steps = _steps(fresh, progress)
    listed.check(fresh, progress)
    work = Work(fresh, corpus, examples, progress, path, steps)
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
    corpus: Corpus
    examples: Examples
    progress: Progress
    path: Path
    steps: tuple[str, ...]

    async def done(self, send: Sender | None) -> Optimized:
        """Optimise, compare, save."""
        started, spent = time.perf_counter(), Spent()
        async with contextlib.AsyncExitStack() as open_:
            senders = {
                one: await open_.enter_async_context(sender(one, log_of(place, self.settings), send, self.progress))
                for place, one in enumerate(dict.fromkeys(self._asked()))
            }
            store = open_.enter_context(Store.open(Path(self.settings.project) / STORE))
            home = open_.enter_context(contextlib.closing(Home()))
            llms = {one: LLM(one.name, store, by, one, self.settings.budget, spent) for one, by in senders.items()}
            program, scores = await self._optimized(Models(*(llms[one] for one in self._asked())), store, home)
        about = {**self._about(), **scores, "spent": asdict(spent), "seconds": round(time.perf_counter() - started, 1)}
        _save(program, self.path, about)
        return Optimized(self.path, about)

    async def _optimized(self, models: Models, store: Store, home: Home) -> tuple[InferRetrieveRank, dict[str, Any]]:
        context = RunContext(NAMED, self.settings, store, models.infer, models.infer.lm(), self.progress)
        if self.settings.retrieval.hubness:  # By the documents, as in a run.
            store.put(self.corpus.documents)
            store.flush()
            store.put_places(NAMED, self.corpus.places)
        retriever = await open_retriever(context)
        look = looking(retriever, self.settings.retrieval.options, home)
        bench = Bench(self.settings, self.examples, self.steps, models, self.progress, home, look)
        return await bench.left_to_right(open_program(context))

    def _asked(self) -> tuple[ModelSettings, ModelSettings, ModelSettings]:
        """The models of Infer and of Rank, and the teacher."""
        own = self.settings.model
        return own, self.settings.rank.model or own, self.settings.optimize.teacher or own

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
