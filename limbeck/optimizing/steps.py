"""The program's steps as DSPy's optimisers take them: one after the other, each sync and on its own.

Left to right (D'Oosterlinck et al. 2024, section 3.4): Infer is optimised with Rank left out; then its options are looked up
once and Rank is optimised over them, so that what was settled stays as it is.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import dspy

from limbeck.errors import CallFailed, GuardrailError, LimbeckError
from limbeck.llm import InlineExecutor
from limbeck.optimizing.bridge import stop
from limbeck.optimizing.examples import Labelled
from limbeck.programs.extreme import Infer, Rank, Ranking, question
from limbeck.retrieval.chunks import chunks
from limbeck.retrieval.measures import rp_at
from limbeck.retrieval.options import Options, digest

K = 10
"""Labels of a ranking that are read; the paper's."""
SHOWN = 5
"""Wrong labels that feedback names."""

Look = Callable[[str, Sequence[str]], Awaitable[Options]]
"""Takes a document's text and what was inferred of it; gives its options. May be awaited in any loop."""


class Step(dspy.Module):  # type: ignore[misc]
    """One step: from an example's inputs to ranked labels, none where no answer could be used."""

    name: str
    """How people call it."""

    async def made(self, *args: Any, **inputs: Any) -> dspy.Prediction:
        """Do the step; the prediction has `labels`.

        Raises:
            LimbeckError: As its calls do.
        """
        raise NotImplementedError

    def asked(self, *args: Any, **inputs: Any) -> tuple[Any, dict[str, Any]]:
        """The step's predictor, and what it is asked first."""
        raise NotImplementedError

    async def as_in_a_run(self, **inputs: Any) -> dspy.Prediction:
        """Do the step; where no answer can be used, a run goes on without one."""
        said = await self.acall(**inputs)
        return await self.without(**inputs) if said.get("error") and not said.labels else said

    async def without(self, *args: Any, **inputs: Any) -> Ranking:
        """What a run has where the model gives nothing."""
        raise NotImplementedError

    @property
    def predictor(self) -> Any:
        """What is optimised."""
        (predictor,) = self.predictors()
        return predictor

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """Do the step; an answer that can't be used is an empty ranking."""
        try:
            return await self.made(**inputs)
        except (GuardrailError, CallFailed) as error:
            failed = Ranking(labels=[], error=str(error))
            if dspy.settings.trace is not None:  # For optimisers that reflect on what went wrong.
                dspy.settings.trace.append((*self.asked(**inputs), failed))
            return failed

    def forward(self, **inputs: Any) -> dspy.Prediction:
        """The same in a thread of an optimiser, which nothing but `Stopped` stops."""
        try:
            return asyncio.run(self._inline(inputs))
        except LimbeckError as error:
            stop(error)

    async def _inline(self, inputs: dict[str, Any]) -> dspy.Prediction:
        asyncio.get_running_loop().set_default_executor(InlineExecutor())
        return await self.aforward(**inputs)


class InferStep(Step):
    """Infer, and Retrieve after it, the ranking being that of the labels found."""

    name = "infer"

    def __init__(self, infer: Infer, look: Look) -> None:
        super().__init__()
        self.infer = infer
        self.look = look

    async def made(self, *, use_case: str, document: str, chunks: Sequence[str]) -> dspy.Prediction:
        """Guess and look up."""
        said = await self.infer.acall(use_case=use_case, chunks=chunks)
        found = await self.look(document, said.labels)
        return Ranking(labels=list(found.labels))

    async def without(self, *, use_case: str, document: str, chunks: Sequence[str]) -> Ranking:
        """What is found without a guess."""
        return Ranking(labels=list((await self.look(document, [])).labels))

    def asked(self, *, use_case: str, document: str, chunks: Sequence[str]) -> tuple[Any, dict[str, Any]]:
        """About the first chunk."""
        return self.infer.guess, {"use_case": use_case, "document": chunks[0]}


class RankStep(Step):
    """Rank over options that are given."""

    name = "rank"

    def __init__(self, rank: Rank) -> None:
        super().__init__()
        self.rank = rank

    async def made(self, *, use_case: str, document: str, options: Sequence[str]) -> dspy.Prediction:
        """Put in order."""
        said = await self.rank.acall(use_case=use_case, document=document, options=options)
        return Ranking(labels=said.labels)

    async def without(self, *, use_case: str, document: str, options: Sequence[str]) -> Ranking:
        """The options as they were found."""
        return Ranking(labels=list(options))

    def asked(self, *, use_case: str, document: str, options: Sequence[str]) -> tuple[Any, dict[str, Any]]:
        """About the options, in one."""
        return self.rank.order, {"use_case": use_case, "question": question(document, options, self.rank.ranked)}


def infer_example(use_case: str, one: Labelled) -> dspy.Example:
    """A document, cut as Infer reads it."""
    text = one.document.text
    parts = [text[start:end] for start, end in chunks(text)]
    example = dspy.Example(use_case=use_case, document=text, chunks=parts, gold=list(one.gold))
    return example.with_inputs("use_case", "document", "chunks")


def rank_example(use_case: str, one: Labelled, found: Options) -> dspy.Example:
    """A document and its options, as Rank reads them."""
    shown = digest(one.document.text, found)
    example = dspy.Example(use_case=use_case, document=shown, options=list(found.labels), gold=list(one.gold))
    return example.with_inputs("use_case", "document", "options")


def score(example: dspy.Example, prediction: Ranking, trace: Any = None) -> float:
    """RP@10 of a prediction, from 0 to 1."""
    return rp_at(prediction.labels, example.gold, K)


def judged(
    gold: dspy.Example, pred: Ranking, trace: Any = None, pred_name: Any = None, pred_trace: Any = None
) -> dspy.Prediction:
    """`score`, and what a person would say of it, for optimisers that read; the arguments have the names that GEPA gives."""
    return dspy.Prediction(score=score(gold, pred), feedback=feedback(gold, pred))


def feedback(example: dspy.Example, prediction: Ranking) -> str:
    """What was missed, and what stood where it should have been."""
    best = prediction.labels[:K]
    missed = [label for label in example.gold if label not in best]
    wrong = [label for label in best if label not in example.gold][:SHOWN]
    parts = [f"Of the first {K} labels, {score(example, prediction):.2f} of what could be right is right (RP@{K})."]
    if error := prediction.get("error"):
        parts.append(f"The answer could not be used: {error}.")
    parts += [f"True labels that were missed: {'; '.join(missed)}."] if missed else []
    parts += [f"Wrong labels that were ranked high: {'; '.join(wrong)}."] if missed and wrong else []
    return " ".join(parts)
