"""DS-STAR as a graph (Nam et al. 2025, figure 2).

    analyze → retrieve → plan → code → execute → verify → finalize
                          ↑              ↓ ↑        ↓
                          │             debug     route
                          └─────────────────────────┘

State is the plan: the rounds whose steps are kept. What a round made is in artifacts of its name, so cutting the plan back
restores the former script and its result. Every node goes through what is done without a call.
"""

from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from limbeck.context import RunContext
from limbeck.stages import answering, asked, describing, judging, stepping


class AnalysisState(TypedDict, total=False):
    """Where an analysis is."""

    group: str
    round: int
    """From 1."""
    steps: list[int]
    """The plan before this round: the rounds whose steps are kept."""
    attempt: int
    """Repairs of this round's script so far."""
    works: bool
    """Whether what the last node was to make is there."""
    ends: str
    """Why the analysis comes to its end, where it isn't because the result is enough."""


Ctx = Runtime[RunContext]


async def analyze(state: AnalysisState, runtime: Ctx) -> AnalysisState:
    """Describe every file by a script of its own."""
    await describing.describe(runtime.context)
    return {}


async def retrieve(state: AnalysisState, runtime: Ctx) -> AnalysisState:
    """Of very many files, keep the likeliest."""
    await describing.retrieve(runtime.context)
    return {"round": 1, "steps": [], "attempt": 0}


async def plan(state: AnalysisState, runtime: Ctx) -> AnalysisState:
    """Propose the next step."""
    trouble = await stepping.plan(runtime.context, state["round"], state["steps"])
    return {"works": not trouble, "ends": f"the planner had no further step: {trouble}" if trouble else ""}


async def code(state: AnalysisState, runtime: Ctx) -> AnalysisState:
    """Write the plan's script."""
    return {"works": await stepping.code(runtime.context, state["round"], state["steps"])}


async def execute(state: AnalysisState, runtime: Ctx) -> AnalysisState:
    """Run it."""
    return {"works": await stepping.execute(runtime.context, state["round"], state["attempt"])}


async def debug(state: AnalysisState, runtime: Ctx) -> AnalysisState:
    """Repair it."""
    attempt = state["attempt"] + 1
    return {"attempt": attempt, "works": await stepping.debug(runtime.context, state["round"], attempt)}


async def verify(state: AnalysisState, runtime: Ctx) -> AnalysisState:
    """Judge its result."""
    verdict = await judging.verify(runtime.context, state["round"], state["steps"])
    if verdict is None:
        return {"works": True, "ends": "the verifier gave no verdict"}
    return {"works": verdict.sufficient, "ends": "" if verdict.sufficient else _over(state, runtime)}


async def route(state: AnalysisState, runtime: Ctx) -> AnalysisState:
    """Keep the plan, or cut it back; on to the next round."""
    kept = await judging.route(runtime.context, state["round"], state["steps"])
    if kept is None:
        return {"ends": "the router gave no decision"}
    ends = _over(state, runtime)
    return {"ends": ends} if ends else {"round": state["round"] + 1, "steps": kept, "attempt": 0, "ends": ""}


async def finalize(state: AnalysisState, runtime: Ctx) -> AnalysisState:
    """Print the answer as it is asked for."""
    await answering.answer(runtime.context, [*state["steps"], state["round"]], state["ends"])
    return {}


def _over(state: AnalysisState, runtime: Ctx) -> str:
    rounds = asked.ask(runtime.context).rounds
    return f"its {rounds} rounds are over" if state["round"] >= rounds else ""


def after_plan(state: AnalysisState) -> str:
    """On, or out where there is no step."""
    return "code" if state["works"] else "finalize"


def after_script(state: AnalysisState) -> str:
    """Run what was written; a step for which nothing was is taken back."""
    return "execute" if state["works"] else "route"


def after_execute(state: AnalysisState, runtime: Ctx) -> str:
    """Judge the result, repair the script, or take the step back."""
    if state["works"]:
        return "verify"
    return "debug" if state["attempt"] < asked.ask(runtime.context).repairs else "route"


def after_verify(state: AnalysisState) -> str:
    """Out where it is enough, where no verdict can be had, and after the last round."""
    return "finalize" if state["works"] or state["ends"] else "route"


def after_route(state: AnalysisState) -> str:
    """The next round, if there is one."""
    return "finalize" if state["ends"] else "plan"


def graph() -> Any:
    """The pipeline, not yet compiled: `run.py` adds the checkpointer, LangGraph's own tools theirs."""
    flow = StateGraph(AnalysisState, context_schema=RunContext)
    for node in (analyze, retrieve, plan, code, execute, debug, verify, route, finalize):
        flow.add_node(node.__name__, node)
    flow.add_edge(START, "analyze")
    flow.add_edge("analyze", "retrieve")
    flow.add_edge("retrieve", "plan")
    flow.add_conditional_edges("plan", after_plan, ["code", "finalize"])
    flow.add_conditional_edges("code", after_script, ["execute", "route"])
    flow.add_conditional_edges("execute", after_execute, ["verify", "debug", "route"])
    flow.add_conditional_edges("debug", after_script, ["execute", "route"])
    flow.add_conditional_edges("verify", after_verify, ["finalize", "route"])
    flow.add_conditional_edges("route", after_route, ["plan", "finalize"])
    flow.add_edge("finalize", END)
    return flow
