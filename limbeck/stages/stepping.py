"""One step of an analysis: planned, coded, run and repaired (DS-STAR's planner, coder and debugger)."""

from collections.abc import Sequence
from typing import Any

from limbeck.analysis import showing
from limbeck.batch import Made
from limbeck.context import RunContext
from limbeck.schemas.analysis import ADD
from limbeck.stages import asked, describing, rounds, scripts
from limbeck.stages.rounds import CODE, DEBUG, EXECUTE, PLAN, named, once, so_far


async def plan(context: RunContext, round: int, steps: Sequence[int]) -> str | None:
    """Propose a round's step after those of the rounds given; why, where the planner has none."""

    async def work() -> Made:
        agents = asked.agents(context)
        refused = rounds.refused(context, round)
        more = ("Why this is not enough", _missing(context, round)), ("Rejected steps", showing.rejected(refused))
        said = await agents.plan.acall(
            data=describing.data(context),
            so_far=so_far(context, steps, *more, now="Propose the next step."),
            config={"refused": [step for step, _ in refused]},
        )
        return Made({"step": said.step, "after": list(steps)}, said)

    await once(context, PLAN, named(round), work, lambda value: f"step {len(steps) + 1}: {value['step']}", round)
    return rounds.error(context, PLAN, round)


def _missing(context: RunContext, round: int) -> str:
    """The verdict on the round before, where its step was kept; of one that was taken back the rejected steps tell."""
    decision = rounds.value(context, rounds.ROUTE, named(round - 1)) or {}
    verdict = rounds.verdict(context, round - 1)
    return verdict.reason if verdict and decision.get("decision") == ADD else ""


async def code(context: RunContext, round: int, steps: Sequence[int]) -> bool:
    """Write the script of a plan with a round's step, going on from the script before; False where there is none."""

    async def work() -> Made:
        new = ("New step", rounds.step(context, round))
        said = await asked.agents(context).code.acall(
            data=describing.data(context), so_far=so_far(context, steps, new, now="Write the script.")
        )
        return Made({"script": said.script}, said)

    return (await once(context, CODE, named(round), work, _lines, round)).status != "failed"


async def execute(context: RunContext, round: int, attempt: int) -> bool:
    """Run a round's script, or the one of this repair; False where it fails."""

    async def work() -> Made:
        script = rounds.value(context, DEBUG, f"{named(round)}/{attempt}") if attempt else rounds.value(context, CODE, named(round))
        ran = await scripts.run(context, script["script"], f"{named(round)}-{attempt}")
        return Made({"script": script["script"], "ran": ran.model_dump(mode="json")})

    await once(context, EXECUTE, f"{named(round)}/{attempt}", work, lambda value: _last(value["ran"]), round)
    return rounds.runs_well(context, round)


async def debug(context: RunContext, round: int, attempt: int) -> bool:
    """Write a round's script anew after it failed; False where the debugger has no answer."""

    async def work() -> Made:
        failure = scripts.failure(rounds.tried(context, round)[-1])
        said = await asked.agents(context).debug.acall(data=describing.data(context), failure=failure)
        return Made({"script": said.script}, said)

    return (await once(context, DEBUG, f"{named(round)}/{attempt}", work, _lines, round)).status != "failed"


def _lines(value: Any) -> str:
    return f"a script of {len(value['script'].splitlines())} lines"


def _last(ran: Any) -> str:
    """The last line of an output, or of an error."""
    lines = (ran["error"] or ran["output"]).strip().splitlines() or ["nothing printed"]
    return f"fails: {lines[-1]}" if ran["error"] else lines[-1][:100]
