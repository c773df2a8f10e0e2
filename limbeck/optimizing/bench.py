"""Where steps are optimised and compared, each with the options that the step before it finds."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import dspy

from limbeck.errors import CallFailed, GuardrailError
from limbeck.llm import LLM
from limbeck.optimizing.bridge import Home, from_elsewhere
from limbeck.optimizing.examples import Examples, Labelled
from limbeck.optimizing.methods import Lesson, compiled
from limbeck.optimizing.steps import InferStep, Look, RankStep, Step, infer_example, rank_example, score
from limbeck.programs.extreme import InferRetrieveRank
from limbeck.progress import Progress
from limbeck.retrieval.options import Options
from limbeck.retrieval.retriever import Retriever
from limbeck.settings import Settings

MOST_THREADS = 8
"""In which an optimiser compares programs; the paper's number."""


@dataclass(frozen=True)
class Models:
    """Who answers."""

    infer: LLM
    rank: LLM
    teacher: LLM


def looking(retriever: Retriever, count: int, home: Home) -> Look:
    """What looks options up, each question once; it may be awaited in any loop."""
    known: dict[tuple[str, ...], Options] = {}

    async def find(text: str, inferred: Sequence[str]) -> Options:
        key = (text, *inferred)
        if key not in known:
            known[key] = Options.of((await retriever.find([text], [inferred], count))[0], retriever.labels.names)
        return known[key]

    async def look(text: str, inferred: Sequence[str]) -> Options:
        return await asyncio.wrap_future(home.do(find(text, inferred)))

    return look


@dataclass(frozen=True)
class Bench:
    """Where steps are optimised and compared."""

    settings: Settings
    examples: Examples
    steps: tuple[str, ...]
    """Those to optimise, by name."""
    models: Models
    progress: Progress
    home: Home
    look: Look

    async def left_to_right(self, program: InferRetrieveRank) -> tuple[InferRetrieveRank, dict[str, Any]]:
        """Optimise Infer, then Rank over its options; the better of the whole and the unoptimised program, and all scores."""
        steps: dict[str, dict[str, Any]] = {}
        infer, rank = InferStep(program.infer, self.look), RankStep(program.rank)
        best_infer, best_rank = infer, rank
        if "infer" in self.steps:
            train, validation = self._infer_examples()
            best_infer, steps["infer"] = await self._improved(infer, train, validation, self.models.infer)
        whole = steps.get("infer", {})
        if "rank" in self.steps:
            train, validation = await self._rank_examples(best_infer)
            best_rank, steps["rank"] = await self._improved(rank, train, validation, self.models.rank)
            first = (await self._rank_examples(infer))[1]
            before, after = await self._ranked(rank, first), await self._ranked(best_rank, validation)
            whole = {"unoptimized": before, "optimized": after}
        better = whole["optimized"] > whole["unoptimized"]
        if better:
            _settle(program, best_infer, best_rank)
        both = {name: whole[name] for name in ("unoptimized", "optimized")}
        return program, {"kept": "optimized" if better else "unoptimized", "rp@10": both, "steps": steps}

    async def _improved(
        self, step: Any, train: Sequence[dspy.Example], validation: Sequence[dspy.Example], student: LLM
    ) -> tuple[Any, dict[str, Any]]:
        """The better of a step and its optimised form, the step itself where they are equal; and both scores."""
        settings = self.settings
        threads = min(MOST_THREADS, settings.model.concurrency)
        with self.progress.stage(f"optimize {step.name}", None, "calls") as stage:
            asked, taught = (from_elsewhere(llm, self.home, stage.advance) for llm in (student, self.models.teacher))
            lesson = Lesson(step, train, validation, asked, taught, settings.optimize, settings.seed, threads)
            found = await self.home.elsewhere(lambda: compiled(lesson))
            before, after = await self._mean(step, validation, student), await self._mean(found, validation, student)
        kept = found if after > before else step
        return kept, {"unoptimized": before, "optimized": after, **_prompt(step, kept)}

    async def _mean(self, step: Step, examples: Sequence[dspy.Example], llm: LLM) -> float:
        """A step's mean score."""
        with dspy.context(lm=llm.lm(), disable_history=True, trace=None):
            said = await together([step.as_in_a_run(**one.inputs()) for one in examples])
        return round(fmean(score(one, prediction) for one, prediction in zip(examples, said, strict=True)), 4)

    async def _ranked(self, rank: RankStep, examples: Sequence[dspy.Example]) -> float:
        return await self._mean(rank, examples, self.models.rank)

    def _infer_examples(self) -> list[list[dspy.Example]]:
        """What Infer learns from, and what it is compared by."""
        return [[infer_example(self.settings.use_case, one) for one in part] for part in self.examples.parts]

    async def _rank_examples(self, infer: InferStep) -> list[list[dspy.Example]]:
        """The same for Rank: documents with the options that Infer and Retrieve find for them."""

        async def found(one: Labelled) -> dspy.Example:
            guesses = await self._guesses(infer, one) if "infer" in self.steps else []
            return rank_example(self.settings.use_case, one, await self.look(one.document.text, guesses))

        with dspy.context(lm=self.models.infer.lm(), disable_history=True, trace=None):
            return [await together([found(one) for one in part]) for part in self.examples.parts]

    async def _guesses(self, infer: InferStep, one: Labelled) -> list[str]:
        """What Infer says; nothing where no answer could be used, as in a run."""
        inputs = infer_example(self.settings.use_case, one)
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
