"""What a run's rounds came to, read from its artifacts: the plan, each step's script and its result.

A plan is a list of rounds, one for each step that was kept; what a round made is in artifacts of its name. So a plan that
is cut back has its former script and result again.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import dspy

from limbeck.analysis import showing
from limbeck.batch import QUICK, Made, one
from limbeck.context import RunContext
from limbeck.schemas import Artifact
from limbeck.schemas.analysis import Tried, Verdict, kept
from limbeck.stages import asked

PLAN, CODE, EXECUTE, DEBUG, VERIFY, ROUTE = "plan", "code", "execute", "debug", "verify", "route"
AGENTS = {PLAN: "planner", CODE: "coder", EXECUTE: "sandbox", DEBUG: "debugger", VERIFY: "verifier", ROUTE: "router", "finalize": "finalizer"}
"""Who makes a step's artifacts, as people are told."""


def named(round: int) -> str:
    """A round's name among artifacts."""
    return f"{round:03}"


async def once(
    context: RunContext, step: str, item: str, work: Callable[[], Awaitable[Made]], told: Callable[[Any], str], round: int | None = None
) -> Artifact:
    """Make an artifact, or take what an earlier attempt made; people see who is at work, and what came of it.

    Args:
        context: The run.
        step: The step's name.
        item: The artifact's.
        work: Makes its value.
        told: Says a value in a few words.
        round: Which round it is, if any.
    """
    if artifact := context.store.artifacts(context.run, step).get(item):
        return artifact
    who = AGENTS[step] if round is None else f"round {round}: {AGENTS[step]}"
    with context.progress.stage(who, None) as stage, dspy.context(lm=context.lm, **QUICK):
        artifact = await one(context, step, item, work())
        stage.result = told(json.loads(artifact.value)) if artifact.status != "failed" else f"nothing: {artifact.error}"
    return artifact


def value(context: RunContext, step: str, item: str) -> Any:
    """What an artifact holds; None where it failed or is not there."""
    artifact = context.store.artifacts(context.run, step).get(item)
    return json.loads(artifact.value) if artifact else None


def error(context: RunContext, step: str, round: int) -> str | None:
    """Why a round's step came to nothing, if it did."""
    artifact = context.store.artifacts(context.run, step).get(named(round))
    return artifact.error or "no answer" if artifact and artifact.status == "failed" else None


def tried(context: RunContext, round: int) -> list[Tried]:
    """A round's scripts and what came of them, in order; the last counts."""
    made = context.store.artifacts(context.run, EXECUTE)
    found = sorted((one for one in made.values() if one.item.startswith(f"{named(round)}/")), key=lambda one: int(one.item.rpartition("/")[2]))
    return [Tried.model_validate_json(one.value) for one in found]


def runs_well(context: RunContext, round: int) -> bool:
    """Whether a round's script came to its end."""
    made = tried(context, round)
    return bool(made) and not made[-1].ran.error


def step(context: RunContext, round: int) -> str:
    """The step that a round planned."""
    return str((value(context, PLAN, named(round)) or {}).get("step", ""))


def plan(context: RunContext, round: int) -> list[int]:
    """The plan that a round carried out: the rounds of its steps, itself last."""
    return [*(value(context, PLAN, named(round)) or {"after": []})["after"], round]


def verdict(context: RunContext, round: int) -> Verdict | None:
    """The verdict on a round's result, if there is one."""
    said = value(context, VERIFY, named(round))
    return Verdict.model_validate(said) if said else None


def refused(context: RunContext, before: int) -> list[tuple[str, str]]:
    """Steps that were taken back in the rounds before one, with why; each once."""
    found: dict[str, str] = {}
    for round in range(1, before):
        decided, tried_plan = value(context, ROUTE, named(round)), plan(context, round)
        if decided and (still := kept(tried_plan, decided["decision"])) != tried_plan:
            judged = verdict(context, round)
            reasons = dict.fromkeys(filter(None, [decided["reason"], judged.reason if judged else ""]))
            found[step(context, tried_plan[len(still)])] = " ".join(reasons)
    return list(found.items())


# ---- as prompts have it ----------------------------------------------------------------------------------------------


def so_far(context: RunContext, steps: Sequence[int], *more: tuple[str, str], now: str) -> str:
    """The question, a plan with its last script and result, what else there is to say, by title, and what to do now.

    All of it is in the last message: a small model answers what was said last, and forgets what was asked before.
    """
    before = [showing.section("Question", asked.question(context)), showing.section("Plan", showing.plan([step(context, one) for one in steps]))]
    after = [*(showing.section(title, text) for title, text in more if text), now]
    room = asked.room(context) - sum(map(len, (*before, *after)))
    made = tried(context, steps[-1]) if steps else []
    return "\n\n".join([*before, *(showing.tried(made[-1], room) if made else ()), *after])
