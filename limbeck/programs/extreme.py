"""Infer–Retrieve–Rank (D'Oosterlinck et al. 2024, arXiv:2401.12178): what models are asked where labels are thousands.

Infer guesses labels of a text in words of its own, Retrieve looks up the listed labels that come nearest, Rank puts the
best of these in order. Beyond the paper: every part of a long text is read, labels are lists and never cut at commas, and
Rank may say which labels the list lacks (GROOV, Simig et al. 2022).
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Annotated, Any

import dspy
from pydantic import BeforeValidator, Field

from limbeck.errors import CallFailed, GuardrailError
from limbeck.programs.guardrails import letters
from limbeck.programs.predict import CheckedPredict
from limbeck.retrieval.labelset import plain
from limbeck.retrieval.options import Options, digest

MOST_INFERRED = 10
MOST_MISSING = 10
LABEL_WORDS = 8
WRITE_TEMPERATURE = 0.7
"""Texts should differ from label to label, and from each other."""
ROOM = 400
"""Tokens for an answer."""

def cut(most: int) -> BeforeValidator:
    """What is longer than that is cut, not refused: a server that constrains doesn't write it, and of others it may be used."""
    return BeforeValidator(lambda value: value[:most] if isinstance(value, list | str) else value)


Guess = Annotated[str, Field(max_length=letters(LABEL_WORDS)), cut(letters(LABEL_WORDS))]


class GuessLabels(dspy.Signature):  # type: ignore[misc]
    """Name all labels that apply to the document, for the use case. The labels are short names; write those that the
    document itself speaks of, each as a label could be called. Always name at least one.
    """

    use_case: str = dspy.InputField()
    document: str = dspy.InputField()
    labels: Annotated[list[Guess], Field(min_length=1, max_length=MOST_INFERRED), cut(MOST_INFERRED)] = dspy.OutputField(
        desc="a list of short names, the surest first"
    )


class OrderOptions(dspy.Signature):  # type: ignore[misc]
    """Below are a document and options, which are labels. Choose as many options as asked for that apply to it best, for
    the use case: those that the document directly speaks of. Write them word for word, the best one first.
    """

    use_case: str = dspy.InputField()
    question: str = dspy.InputField()
    reason: str = dspy.OutputField(desc="at most 30 words", max_length=letters(30))
    ranked: list[str] = dspy.OutputField(desc="the options that apply, word for word, the best first")


class OrderAndAdd(OrderOptions):
    """Below are a document and options, which are labels. Choose as many options as asked for that apply to it best, for
    the use case: those that the document directly speaks of. Write them word for word, the best one first. Then write labels that
    the document speaks of and that no option covers, if there are any.
    """

    missing: Annotated[list[Guess], Field(max_length=MOST_MISSING), cut(MOST_MISSING)] = dspy.OutputField(
        desc="short names of labels that apply and that the options lack; often none"
    )


class WriteTexts(dspy.Signature):  # type: ignore[misc]
    """Write two short texts to which the label applies, as they could stand among the documents of the use case. They speak
    of what the label means, in other words than its own.
    """

    use_case: str = dspy.InputField()
    label: str = dspy.InputField()
    texts: Annotated[list[Annotated[str, Field(max_length=letters(40))]], Field(min_length=1, max_length=3)] = dspy.OutputField(
        desc="two texts of one or two sentences"
    )


Look = Callable[[str, Sequence[str]], Awaitable[Options]]
"""Takes a document's text and the labels inferred of it; gives the listed labels found for them."""
QUOTES = "\"'`“”‘’"
AFTER = re.compile(r"(?:\s*\([^()]*\)|[.,;:])+$")
BULLET = re.compile(r"^(?:[-*•]|\(?\d+[.):])\s+")


class Infer(dspy.Module):  # type: ignore[misc]
    """Guess at a text's labels in the model's own words, of all its chunks."""

    def __init__(self) -> None:
        super().__init__()
        self.guess = CheckedPredict(GuessLabels, max_tokens=ROOM)

    async def aforward(self, use_case: str, chunks: Sequence[str]) -> dspy.Prediction:
        """Guess.

        Returns:
            A prediction with `labels`, distinct, the first chunk's first; and `calls`, `repaired`, `error`. A chunk of which
            no answer could be used is left out.

        Raises:
            GuardrailError, CallFailed: No answer could be used of any.
        """
        asked = (self.guess.acall(use_case=use_case, document=chunk) for chunk in chunks)
        said, lost = parted(await asyncio.gather(*asked, return_exceptions=True))
        if lost and not said:
            raise lost[0]
        labels: dict[str, str] = {}
        for label in (label for one in said for label in one["labels"]):
            labels.setdefault(plain(label), " ".join(label.split()))
        return _together(said, lost, labels=[label for key, label in labels.items() if key])


class Retrieve(dspy.Module):  # type: ignore[misc]
    """Look up the listed labels that come nearest to a text and to what was inferred of it.

    Args:
        look: Does it.
        options: How many labels to give.
    """

    def __init__(self, look: Look, options: int = 50) -> None:
        super().__init__()
        self.look = look
        self.options = options

    async def aforward(self, document: str, labels: Sequence[str]) -> dspy.Prediction:
        """Look up.

        Returns:
            A prediction with `labels`, the nearest first, and `shown`: the document, or its passages that speak for them.
        """
        found = await self.look(document, labels)
        return Ranking(labels=list(found.labels[: self.options]), shown=digest(document, found))


class Rank(dspy.Module):  # type: ignore[misc]
    """Put the best options in order; the rest follows as it was found.

    Args:
        ranked: How many options the model is asked for.
        adds: Whether it may name labels that the options lack.
    """

    def __init__(self, ranked: int = 10, adds: bool = False) -> None:
        super().__init__()
        self.order = CheckedPredict(OrderAndAdd if adds else OrderOptions, some_option, max_tokens=ROOM)
        self.ranked = ranked

    async def aforward(self, use_case: str, document: str, options: Sequence[str]) -> dspy.Prediction:
        """Put in order.

        Returns:
            A prediction with `labels` (all options, the model's choice first), `chosen` (how many of them the model chose),
            `invented` (what it named and nobody offered), `missing` (what it says the options lack), and `calls`,
            `repaired`, `error`.
        """
        if not options:
            return _together([], labels=[], chosen=0, invented=[], missing=[])
        said = await self.order.acall(use_case=use_case, question=question(document, options, self.ranked))
        chosen, invented = among(said.ranked, options)
        chosen = chosen[: self.ranked]
        rest = [option for option in options if option not in set(chosen)]
        missing = [*{plain(label): " ".join(label.split()) for label in said.get("missing") or [] if plain(label)}.values()]
        return _together([said], labels=[*chosen, *rest], chosen=len(chosen), invented=invented, missing=missing)


class Write(dspy.Module):  # type: ignore[misc]
    """Write texts to which a label applies: pairs that a student learns from, as where labels are too many to be found."""

    def __init__(self) -> None:
        super().__init__()
        self.texts = CheckedPredict(WriteTexts, temperature=WRITE_TEMPERATURE, max_tokens=ROOM)

    async def aforward(self, use_case: str, label: str, description: str = "") -> dspy.Prediction:
        """Write.

        Returns:
            A prediction with `texts`, distinct, and `calls`, `repaired`, `error`.
        """
        said = await self.texts.acall(use_case=use_case, label=f"{label}: {description}" if description else label)
        texts = dict.fromkeys(" ".join(text.split()) for text in said.texts)
        return _together([said], texts=[text for text in texts if text])


class InferRetrieveRank(dspy.Module):  # type: ignore[misc]
    """The paper's program (figure 2): text → Infer → Retrieve → Rank → ranked labels.

    Args:
        look: How Retrieve looks up.
        options: How many labels Rank is shown.
        ranked: How many of them it chooses.
        adds: Whether Rank may name labels that the list lacks.
    """

    def __init__(self, look: Look, *, options: int = 50, ranked: int = 10, adds: bool = False) -> None:
        super().__init__()
        self.infer = Infer()
        self.retrieve = Retrieve(look, options)
        self.rank = Rank(ranked, adds)

    async def aforward(self, use_case: str, document: str, chunks: Sequence[str]) -> dspy.Prediction:
        """Rank labels for one document."""
        inferred = await self.infer.acall(use_case=use_case, chunks=chunks)
        found = await self.retrieve.acall(document=document, labels=inferred.labels)
        ranked = await self.rank.acall(use_case=use_case, document=found.shown, options=found.labels)
        others = {name: ranked[name] for name in ("chosen", "invented", "missing")}
        return _together([inferred, ranked], labels=ranked.labels, **others)


def question(document: str, options: Sequence[str], ranked: int) -> str:
    """What Rank is asked: the options and how many to choose, then the document, since all differ from text to text."""
    listed = "\n".join(f"- {option}" for option in options)
    return f"Options, of which to choose {ranked} at most:\n{listed}\n\nDocument:\n{document}"


def among(said: Sequence[str], options: Sequence[str]) -> tuple[list[str], list[str]]:
    """What a model named, as options, distinct; and what of it is none.

    Word for word comes first; else case, white space, quotes around it, a bullet or a number before it, and a full stop or
    something in brackets after it don't matter.
    """
    known = {key: option for option in reversed(options) for key in (plain(option).strip(QUOTES), plain(option))}
    exact = set(options)
    chosen: dict[str, None] = {}
    invented: dict[str, None] = {}
    for one in said:
        option = one if one in exact else next((known[key] for key in _bare(plain(one)) if key in known), None)
        if option is not None:
            chosen.setdefault(option)
        elif plain(one):
            invented.setdefault(" ".join(one.split()))
    return list(chosen), list(invented)


class Ranking(dspy.Prediction):  # type: ignore[misc]
    """A prediction with `labels`, which of any other prediction is a method."""

    @property
    def labels(self) -> list[str]:
        """The best first."""
        return list(self["labels"])


def _bare(said: str) -> Iterator[str]:
    """An answer, and what is left of it without what models put around a name."""
    unnumbered = BULLET.sub("", said)
    yield from (said, said.strip(QUOTES), unnumbered, unnumbered.strip(QUOTES))
    yield from (AFTER.sub("", unnumbered), AFTER.sub("", unnumbered).strip(QUOTES))


def some_option(inputs: dict[str, Any], outputs: Any) -> None:
    """The guardrail of Rank: of what it names, something was offered.

    Raises:
        GuardrailError: Nothing was.
    """
    shown = inputs["question"].split("\n\nDocument:\n")[0].splitlines()[1:]
    chosen, invented = among(outputs.ranked, [line.removeprefix("- ") for line in shown])
    if invented and not chosen:
        raise GuardrailError(f"{invented[0][:80]!r} is not one of the options; write options word for word")


def parted(came: Sequence[Any]) -> tuple[list[dspy.Prediction], list[GuardrailError | CallFailed]]:
    """Predictions, and what failed for good; whatever else went wrong is raised."""
    for one in came:
        if isinstance(one, BaseException) and not isinstance(one, GuardrailError | CallFailed):
            raise one
    lost = [one for one in came if isinstance(one, GuardrailError | CallFailed)]
    return [one for one in came if not isinstance(one, BaseException)], lost


def _together(said: Sequence[dspy.Prediction], lost: Sequence[GuardrailError | CallFailed] = (), **outputs: Any) -> Ranking:
    """Outputs with the calls of several predictions, and what went wrong in them."""
    errors = [one.error for one in said if one.error] + [str(one) for one in lost]
    failed = tuple(call for one in lost if isinstance(one, GuardrailError) for call in one.calls)
    calls = tuple(call for one in said for call in one.calls) + failed
    return Ranking(**outputs, calls=calls, repaired=bool(errors), error=errors[-1] if errors else None)
