"""One step over many items, resumable: what has an artifact is left alone, the rest is done many at a time.

A program that finds no usable answer makes a failed artifact with its error, never a lost item and never a stopped run.
A spent budget, a server that is gone, a full disk stop the run; what was done is kept.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import dspy

from limbeck.context import RunContext
from limbeck.errors import CallFailed, GuardrailError, LimbeckError, PagesError
from limbeck.schemas import Artifact

T = TypeVar("T")
QUICK = {"disable_history": True, "trace": None, "warn_on_type_mismatch": False}
"""Settings of DSPy without which a call costs half as much again; the store keeps the history."""
AHEAD = 2
"""Items in work for each free place at the server, so that it never waits for us."""


@dataclass(frozen=True)
class Made:
    """What a step made of an item: a JSON value, and the prediction it came from, which knows its calls."""

    value: Any
    prediction: Any = None


async def each(
    context: RunContext, step: str, items: Mapping[str, T], work: Callable[[T], Awaitable[Made]], *, title: str = ""
) -> dict[str, Artifact]:
    """Do `work` on every item that has no artifact of this step yet.

    Args:
        context: The run.
        step: The step's name; with the run and the item it names an artifact.
        items: What to work on, by id.
        work: Makes one item's value; asked for many items at once.
        title: The step's name for people; `step` where it is not given.

    Returns:
        The artifacts of all items, those of earlier attempts included, in the items' order.

    Raises:
        BudgetSpent, ModelUnreachable, StoreError: The run can't go on now; run it again to go on.
    """
    done = context.store.artifacts(context.run, step)
    todo = iter([(name, item) for name, item in items.items() if name not in done])
    with context.progress.stage(title or step, len(items), "documents") as stage:
        stage.advance(sum(name in done for name in items))

        async def worker() -> None:
            for name, item in todo:
                try:
                    artifact = await one(context, step, name, work(item))
                except LimbeckError as error:
                    stopped.append(error)
                if stopped:  # The others finish what they have in hand: it is paid for.
                    return
                done[name] = artifact
                stage.advance(1, failed=artifact.status == "failed")

        stopped: list[LimbeckError] = []
        with dspy.context(lm=context.lm, **QUICK):
            await asyncio.gather(*(worker() for _ in range(context.settings.model.concurrency * AHEAD)))
    if stopped:
        raise stopped[0]
    return {name: done[name] for name in items}


async def one(context: RunContext, step: str, name: str, made: Awaitable[Made]) -> Artifact:
    """Make and keep one artifact."""
    try:
        result = await made
        said = result.prediction
        artifact = Artifact(
            run=context.run,
            step=step,
            item=name,
            value=json.dumps(result.value, ensure_ascii=False),
            calls=said.calls if said else (),
            status="repaired" if said and said.repaired else "done",
            error=said.error if said else None,
        )
    except (GuardrailError, CallFailed, PagesError) as error:
        calls = error.calls if isinstance(error, GuardrailError) else ()
        artifact = Artifact(
            run=context.run, step=step, item=name, value="null", calls=calls, status="failed", error=str(error)
        )
    context.store.put([artifact])
    return artifact
