"""Schema-to-JSON as a graph (Bai et al. 2024, figure 1), with what comes after it.

    extract → ground → distil → read the rest → measure

Every step goes through what is done without a call; students read the rest where the model was not to read all tables.
"""

from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from limbeck.context import RunContext
from limbeck.stages import deciding, extracting, reading_cells, recordmeasures


class TablesState(TypedDict, total=False):
    """Nothing but the artifacts and records in the store is passed on."""

    group: str


Ctx = Runtime[RunContext]


async def extract(state: TablesState, runtime: Ctx) -> TablesState:
    """Describe the values of tables."""
    await extracting.extract(runtime.context)
    return {}


async def ground(state: TablesState, runtime: Ctx) -> TablesState:
    """Decide on one record a value, and find where each attribute stands."""
    await deciding.make_records(runtime.context)
    return {}


async def distil(state: TablesState, runtime: Ctx) -> TablesState:
    """Train the students."""
    await reading_cells.distil(runtime.context)
    return {}


async def read_rest(state: TablesState, runtime: Ctx) -> TablesState:
    """Let a student read the tables that the model was not to read."""
    await reading_cells.read_rest(runtime.context)
    return {}


async def measure(state: TablesState, runtime: Ctx) -> TablesState:
    """Publish the records as tables, and count what is grounded."""
    await recordmeasures.measure(runtime.context)
    return {}


def graph() -> Any:
    """The pipeline, not yet compiled: `run.py` adds the checkpointer, LangGraph's own tools theirs."""
    flow = StateGraph(TablesState, context_schema=RunContext)
    steps = {"extract": extract, "ground": ground, "distil": distil, "read_rest": read_rest, "measure": measure}
    for name, node in steps.items():
        flow.add_node(name, node)
    for before, after in zip([START, *steps], [*steps, END], strict=True):
        flow.add_edge(before, after)
    return flow
