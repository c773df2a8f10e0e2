"""Scripts that a model wrote: run in the sandbox, and repaired where they fail (DS-STAR's debugger)."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from limbeck.analysis.code import traceback_of
from limbeck.analysis.showing import fenced, section
from limbeck.context import RunContext
from limbeck.errors import CallFailed, GuardrailError
from limbeck.sandbox import Ended, Sandbox
from limbeck.schemas.analysis import Ran, Tried

KEPT = "files"
"""The folder in the project with what scripts left."""


async def run(context: RunContext, script: str, name: str) -> Ran:
    """Run a script over the run's data.

    Args:
        context: The run.
        script: Python.
        name: Of the folder for what it leaves, such as `001-0`.

    Raises:
        BudgetSpent: There is no time left for it.
    """
    context.llm.spent.check(context.settings.budget)
    if context.sandbox is None:
        context.sandbox = Sandbox(context.settings.sandbox, hidden=(context.project,))
    keep = context.project / KEPT / context.run.removeprefix("b2:")[:8] / name
    left = context.settings.budget.seconds
    ended = await context.sandbox.run(
        script, Path(context.settings.documents.source), keep, seconds=None if left is None else left - context.llm.spent.elapsed
    )
    return Ran(
        output=ended.output,
        error=_trouble(ended),
        seconds=round(ended.seconds, 3),
        files=tuple(Path(os.path.relpath(one, context.project)).as_posix() for one in ended.files),
    )


def _trouble(ended: Ended) -> str | None:
    if ended.stopped:
        return ended.stopped
    if ended.code:
        raised = "Traceback" in ended.errors or "Error" in ended.errors
        return "\n".join(filter(None, [traceback_of(ended.errors), "" if raised else f"it ended with status {ended.code}"]))
    return None if ended.output.strip() or ended.files else "it printed nothing"


def failure(tried: Tried) -> str:
    """A script that failed, as the debugger is shown it."""
    said = section("What it printed before", tried.ran.output[-1000:]) if tried.ran.output.strip() else ""
    return "\n\n".join(part for part in (section("Script", fenced(tried.script)), section("Error", tried.ran.error or ""), said, "Write the whole script anew.") if part)


async def until_it_runs(
    context: RunContext, script: str, name: str, repair: Callable[[str], Awaitable[Any]], repairs: int
) -> tuple[tuple[Tried, ...], tuple[str, ...]]:
    """Run a script, and have it repaired until it runs; the repaired one replaces it.

    Args:
        context: The run.
        script: The first.
        name: Of the folders for what they leave.
        repair: Asks the debugger, who is shown the failure; its answer has `script` and `calls`.
        repairs: How often at most.

    Returns:
        What was tried, in order, and the debugger's calls. The last one fails where repairs, or the debugger, came to an end.
    """
    tried: tuple[Tried, ...] = ()
    calls: tuple[str, ...] = ()
    while True:
        tried += (Tried(script=script, ran=await run(context, script, f"{name}-{len(tried)}")),)
        if not tried[-1].ran.error or len(tried) > repairs:
            return tried, calls
        try:
            said = await repair(failure(tried[-1]))
        except (GuardrailError, CallFailed) as error:
            return tried, calls + (error.calls if isinstance(error, GuardrailError) else ())
        script, calls = said.script, calls + said.calls
