"""Whether a plan's result is enough, and how to go on where it isn't (DS-STAR's verifier and router)."""

from collections.abc import Sequence
from typing import Any

from limbeck.batch import Made
from limbeck.context import RunContext
from limbeck.programs.analysis import INSUFFICIENT, SUFFICIENT
from limbeck.schemas.analysis import Verdict, kept
from limbeck.stages import asked, describing, rounds
from limbeck.stages.rounds import ROUTE, VERIFY, named, once, so_far


async def verify(context: RunContext, round: int, steps: Sequence[int]) -> Verdict | None:
    """Judge the result of a plan, a round's step included; None where no verdict can be had, which is no "no"."""

    async def work() -> Made:
        said = await asked.agents(context).verdict(
            data=describing.data(context), so_far=so_far(context, [*steps, round], now="Is the result sufficient to answer the question?")
        )
        return Made({"sufficient": said.decision == SUFFICIENT, "reason": said.reason}, said)

    await once(context, VERIFY, named(round), work, _told, round)
    return rounds.verdict(context, round)


async def route(context: RunContext, round: int, steps: Sequence[int]) -> list[int] | None:
    """Decide how to go on: the rounds whose steps are kept; None where no decision can be had.

    A step whose script could not be made to run is taken back without asking anybody.
    """
    plan = [*steps, round]

    async def work() -> Made:
        if not rounds.runs_well(context, round):
            return Made({"decision": f"Step {len(plan)}", "reason": _broken(context, round)})
        verdict = rounds.verdict(context, round)
        more = ("Why this is not enough", verdict.reason if verdict else "")
        said = await asked.agents(context).way(
            len(plan), data=describing.data(context), so_far=so_far(context, plan, more, now="How is the plan to go on?")
        )
        return Made({"decision": said.decision, "reason": said.reason}, said)

    await once(context, ROUTE, named(round), work, lambda value: str(value["decision"]), round)
    decided = rounds.value(context, ROUTE, named(round))
    return kept(plan, decided["decision"]) if decided else None


def _told(value: Any) -> str:
    verdict = Verdict.model_validate(value)
    return f"{SUFFICIENT if verdict.sufficient else INSUFFICIENT}{verdict.reason and ': '}{verdict.reason}"


def _broken(context: RunContext, round: int) -> str:
    """Why a round has no result."""
    made = rounds.tried(context, round)
    if made:
        return f"its script fails: {(made[-1].ran.error or '').strip().splitlines()[-1]}"
    return f"no script was written for it: {rounds.error(context, rounds.CODE, round)}"
