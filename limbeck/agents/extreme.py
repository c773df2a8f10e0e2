"""Infer–Retrieve–Rank as a graph (D'Oosterlinck et al. 2024, figure 2), with what comes before and after it.

    infer → retrieve → rank → write → distil → measure

Every step goes through what is done without a call; a step that the config leaves out does nothing.
"""

from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from limbeck.context import RunContext
from limbeck.stages import distilling, inferring, ranking, rankmeasures, retrieving, writing


class ExtremeState(TypedDict, total=False):
    """Nothing but the artifacts in the store is passed on."""

    group: str


Ctx = Runtime[RunContext]


async def infer(state: ExtremeState, runtime: Ctx) -> ExtremeState:
    """Guess labels in the model's own words."""
    await inferring.infer(runtime.context)
    return {}


async def retrieve(state: ExtremeState, runtime: Ctx) -> ExtremeState:
    """Find listed labels."""
    await retrieving.retrieve(runtime.context)
    return {}


async def rank(state: ExtremeState, runtime: Ctx) -> ExtremeState:
    """Put them in order."""
    await ranking.rank(runtime.context)
    return {}


async def write(state: ExtremeState, runtime: Ctx) -> ExtremeState:
    """Have texts written for labels."""
    await writing.write(runtime.context)
    return {}


async def distil(state: ExtremeState, runtime: Ctx) -> ExtremeState:
    """Train the students."""
    await distilling.distil(runtime.context)
    return {}


async def measure(state: ExtremeState, runtime: Ctx) -> ExtremeState:
    """Score what there is gold for."""
    await rankmeasures.measure(runtime.context)
    return {}


def graph() -> Any:
    """The pipeline, not yet compiled: `run.py` adds the checkpointer, LangGraph's own tools theirs."""
    flow = StateGraph(ExtremeState, context_schema=RunContext)
    steps = {"infer": infer, "retrieve": retrieve, "rank": rank, "write": write, "distil": distil, "measure": measure}
    for name, node in steps.items():
        flow.add_node(name, node)
    for before, after in zip([START, *steps], [*steps, END], strict=True):
        flow.add_edge(before, after)
    return flow
