"""Finalize: the answer in the form that is asked for, and a script that prints it by itself (DS-STAR's finalizer)."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from limbeck.analysis.standing import standing
from limbeck.batch import Made
from limbeck.context import RunContext
from limbeck.schemas import Artifact
from limbeck.schemas.analysis import Answer, Tried
from limbeck.stages import asked, describing, rounds, scripts
from limbeck.stages.rounds import once, so_far

FINALIZE, FINAL, ANSWER = "finalize", "final", "answer"


async def answer(context: RunContext, steps: Sequence[int], why: str) -> None:
    """Work the answer out from the plan of these rounds, and keep it.

    Args:
        context: The run.
        steps: The rounds of the plan in the end; where the last one's script fails, the ones before count, and where none is left,
            the last round whose script came to its end.
        why: Why it is no more than the best so far; empty where it was verified.
    """
    ended = [one for one in [*reversed(steps), *range(max(steps), 0, -1)] if rounds.runs_well(context, one)]
    kept = rounds.plan(context, ended[0]) if ended else []
    if not kept:
        _keep(context, None, f"no script came to its end: {why}")
        return
    tried = await _final(context, kept)
    done = next((one for one in reversed(tried) if not one.ran.error), None)
    shown = done or rounds.tried(context, kept[-1])[-1]
    doubts = [why] if why else []
    if done is None:
        doubts.append("no final script came to its end, so this is the last step's result as it is")
    # Of what both the step and the final script left under one name, the latter counts.
    files = tuple({Path(one).name: one for one in (*rounds.tried(context, kept[-1])[-1].ran.files, *shown.ran.files)}.values())
    script = standing(shown.script, asked.ask(context).question, Path(context.settings.documents.source))
    status: Literal["best so far", "verified"] = "best so far" if doubts else "verified"
    _keep(context, Answer(text=shown.ran.output.strip(), status=status, why="; ".join(doubts), script=script, steps=tuple(kept), files=files))


async def _final(context: RunContext, kept: Sequence[int]) -> list[Tried]:
    """The finalizer's scripts; none where it has no answer."""

    async def work() -> Made:
        agents, data = asked.agents(context), describing.data(context)
        said = await agents.finalize.acall(data=data, so_far=so_far(context, kept, now="Write the script that prints the answer."))
        tried, calls = await scripts.until_it_runs(
            context, said.script, "final", lambda failure: agents.debug.acall(data=data, failure=failure), asked.ask(context).repairs
        )
        said.calls += calls
        return Made({"tried": [one.model_dump(mode="json") for one in tried]}, said)

    artifact = await once(context, FINALIZE, FINAL, work, lambda value: f"{len(value['tried'])} script(s)")
    return [Tried.model_validate(one) for one in (json.loads(artifact.value) or {"tried": []})["tried"]]


def _keep(context: RunContext, found: Answer | None, error: str | None = None) -> None:
    value, status = found.model_dump_json() if found else "null", "done" if found else "failed"
    context.store.put([Artifact(run=context.run, step=ANSWER, item=ANSWER, value=value, status=status, error=error)])
    context.store.flush()
