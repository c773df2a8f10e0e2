"""DS-STAR (Nam et al. 2025, arXiv:2509.21825): the paper's agents, each one typed call. `agents/analysis.py` is its figure.

Scripts and steps are free text, in which code may stand in a fence or without one; a verdict and a way to go on are
choices, with reasons before them or, for small models, the bare choice. What can't be read as one of the choices is asked
again; it is never taken for a "no", as published re-implementations do. Beyond the paper: the planner sees why the last
plan was not enough, and which steps were tried and taken back.
"""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import dspy

from limbeck.analysis.code import FENCE, code_of, thoughtless
from limbeck.analysis.showing import cut
from limbeck.errors import GuardrailError
from limbeck.programs.predict import RETRIES, CheckedChoice, CheckedPredict
from limbeck.schemas.analysis import ADD

SUFFICIENT, INSUFFICIENT = "sufficient", "insufficient"
AGAIN = 2
"""How often a script is asked for again, which costs most; a step or a decision as often as anything."""
STEP_TOKENS, DECISION_TOKENS = 300, 600
LONGEST_STEP = 600
"""Characters."""
FENCED = (
    "Answer with one Python script between ```python and ```, and nothing else. It is run in an empty folder in which `data/` holds the files, "
    "read-only; open them as `data/NAME`. pandas, numpy, scipy, scikit-learn, duckdb, openpyxl, pyarrow, pdfplumber, PIL and matplotlib are there; "
    "there is no network. What it prints is its result. Let exceptions come up: no try, no except."
)


class Analyze(dspy.Signature):  # type: ignore[misc]
    """Write a Python script that loads one file and prints what somebody needs to know to work with it: how it is built; every
    column, sheet, table or key with its type and a few values; how many rows; for text, what it is about and its headings.
    It prints no more than a hundred lines.
    """

    file: str = dspy.InputField()
    script: str = dspy.OutputField()


class Plan(dspy.Signature):  # type: ignore[misc]
    """Propose the one next step towards the answer to a question over files. It is simple, can be carried out by a short
    Python script, goes on from the steps that there are, and repeats none of those that were rejected. Answer with the step
    alone, in one or two sentences, without a script and without reasons.
    """

    data: str = dspy.InputField()
    so_far: str = dspy.InputField()
    step: str = dspy.OutputField()


class Code(dspy.Signature):  # type: ignore[misc]
    """Write one whole Python script that carries out a plan over files, its new step included. Go on from the script that
    there is, if there is one, and keep what it does. Print the results of the last step, named.
    """

    data: str = dspy.InputField()
    so_far: str = dspy.InputField()
    script: str = dspy.OutputField()


class Verify(dspy.Signature):  # type: ignore[misc]
    """Judge whether a plan, its script and the script's result answer a question over files: whether what is asked for is
    there, from the right files, columns and rows, in the right units, with nothing left out or counted twice. `sufficient`
    only where the answer can be read off the result; else `insufficient`, with what is missing or wrong.
    """

    data: str = dspy.InputField()
    so_far: str = dspy.InputField()
    reason: str = dspy.OutputField(desc="what speaks for and against, in a sentence or two")
    decision: str = dspy.OutputField(desc="`sufficient` or `insufficient`")


class Route(dspy.Signature):  # type: ignore[misc]
    """A plan does not yet answer a question over files. Say how to go on: `Add Step` where every step is right and some are
    missing; or `Step 1`, `Step 2` and so on, the first step that is wrong: it and all after it will be taken back.
    """

    data: str = dspy.InputField()
    so_far: str = dspy.InputField()
    reason: str = dspy.OutputField(desc="why, in a sentence")
    decision: str = dspy.OutputField(desc="`Add Step`, or `Step` and a number")


class Debug(dspy.Signature):  # type: ignore[misc]
    """A Python script fails. Write it anew, whole and mended; it does all that it was to do, and leaves nothing out to be rid
    of the error.
    """

    data: str = dspy.InputField()
    failure: str = dspy.InputField()
    script: str = dspy.OutputField()


class Finalize(dspy.Signature):  # type: ignore[misc]
    """Write one whole Python script that works out the answer to a question over files and prints it, and nothing else, in
    the form that is asked for: with the rounding, units, order and separators that it names. Go on from the script that there
    is; nothing is written down that it can work out.
    """

    data: str = dspy.InputField()
    so_far: str = dspy.InputField()
    script: str = dspy.OutputField()


class EndKept:
    """Of calls whose message ends with what is to be done: where it doesn't fit the model, its middle is left out."""

    def shortened(self, user: str) -> str | None:
        """Half of a message, its ends; None where it is short as it is."""
        return cut(user, len(user) // 2) if len(user) >= 400 else None


class CheckedText(EndKept, CheckedPredict):
    """Call a model for free text, and take from its answer what is wanted.

    Args:
        signature: Its last output is what `read` gives.
        read: Takes an answer and the call's `config`, gives what is wanted; raises `GuardrailError` with a sentence that the model is shown.
        form: What the prompt says of the answer's form.
        max_tokens: Room for the answer; what is cut off is looked at all the same.
    """

    uncut = False

    def __init__(self, signature: Any, read: Callable[[str, dict[str, Any]], str], form: str, *, max_tokens: int, retries: int) -> None:
        super().__init__(signature, max_tokens=max_tokens, retries=retries)
        self.read, self.form = read, form

    def _form(self, signature: Any) -> str:
        return self.form

    def _constraint(self, signature: Any, config: dict[str, Any]) -> dict[str, Any]:
        return {}

    def _parsed(self, signature: Any, config: dict[str, Any], answer: str) -> Any:
        return SimpleNamespace(**{list(signature.output_fields)[-1]: self.read(answer, config)})


class CheckedDecision(EndKept, CheckedPredict):
    """Call a model for reasons and one of several decisions, `config={"options": (…)}`, in one JSON object."""

    def _constraint(self, signature: Any, config: dict[str, Any]) -> dict[str, Any]:
        made = super()._constraint(signature, config)["response_format"]
        properties = made["schema"]["properties"]
        decision = {**properties["decision"], "enum": list(config["options"])}
        return {"response_format": {**made, "schema": {**made["schema"], "properties": {**properties, "decision": decision}}}}

    def _parsed(self, signature: Any, config: dict[str, Any], answer: str) -> Any:
        found = super()._parsed(signature, config, answer)
        said = " ".join(found.decision.split()).strip("\"'`. ").casefold()
        option = next((one for one in config["options"] if one.casefold() == said), None)
        if option is None:
            raise GuardrailError(f"the decision {found.decision[:80]!r} is none of {', '.join(config['options'])}; write one of them")
        return found.model_copy(update={"decision": option})


class BareDecision(EndKept, CheckedChoice):
    """Call a model for one of several decisions, without reasons."""


class DSStar(dspy.Module):  # type: ignore[misc]
    """The agents.

    Args:
        reasoned: Whether decisions come with reasons; else they are bare choices.
        tokens: Room for a script.
    """

    def __init__(self, *, reasoned: bool = True, tokens: int = 4096) -> None:
        super().__init__()
        self.reasoned = reasoned
        self.analyze, self.code, self.debug, self.finalize = (
            CheckedText(one, lambda answer, _: code_of(answer), FENCED, max_tokens=tokens, retries=AGAIN) for one in (Analyze, Code, Debug, Finalize)
        )
        self.plan = CheckedText(Plan, step_of, "Answer with the step as plain text, and nothing else.", max_tokens=STEP_TOKENS, retries=RETRIES)
        self.verify, self.route = (self._decide(one) for one in (Verify, Route))

    def _decide(self, signature: Any) -> CheckedPredict:
        if self.reasoned:
            return CheckedDecision(signature, max_tokens=DECISION_TOKENS)
        return BareDecision(signature.delete("reason"), max_tokens=16)

    async def verdict(self, **inputs: str) -> dspy.Prediction:
        """Whether a result is enough: `decision` is `SUFFICIENT` or `INSUFFICIENT`, `reason` may be empty."""
        return await self._decided(self.verify, (SUFFICIENT, INSUFFICIENT), inputs)

    async def way(self, steps: int, **inputs: str) -> dspy.Prediction:
        """How to go on from a plan of so many steps: `decision` is `Add Step` or `Step k`."""
        return await self._decided(self.route, (ADD, *(f"Step {number}" for number in range(1, steps + 1))), inputs)

    async def _decided(self, program: CheckedPredict, options: Sequence[str], inputs: dict[str, str]) -> dspy.Prediction:
        said = await program.acall(**inputs, config={"options": tuple(options)})
        said.reason = said.get("reason") or ""
        return said


def step_of(answer: str, config: dict[str, Any]) -> str:
    """The step in a planner's answer: its first paragraph that is neither code, a heading nor an announcement, on one line.

    Raises:
        GuardrailError: There is none, or it is one of `config["refused"]`.
    """
    prose = FENCE.sub("", thoughtless(answer))
    paragraphs = [line for part in prose.split("\n\n") if (line := " ".join(part.split())) and not line.startswith("#")]
    step = next((part for part in paragraphs if not part.endswith(":")), "".join(paragraphs[-1:]))[:LONGEST_STEP]
    if not any(sign.isalpha() for sign in step):
        raise GuardrailError("there is no step in it; answer with one sentence that says what to do next")
    if _plainly(step) in map(_plainly, config.get("refused", ())):
        raise GuardrailError("that step was tried and rejected; propose another one")
    return step


def _plainly(step: str) -> str:
    return " ".join("".join(sign if sign.isalnum() else " " for sign in step.casefold()).split())
