"""TAIL as a graph (Bhattacharyya and Tripathi, WACV 2025): corpus, labelling, distillation, and what a claim is checked by.

    pages → interpret → decide → distil → read the rest → check claims → measure

Every step goes through what is done without a call; the student reads documents for which nobody has voted.
"""

from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from limbeck.context import RunContext
from limbeck.stages import claiming, fieldmeasures, interpreting, page_students, paging, resolving


class DocumentsState(TypedDict, total=False):
    """Nothing but the artifacts and records in the store is passed on."""

    group: str


Ctx = Runtime[RunContext]


async def pages(state: DocumentsState, runtime: Ctx) -> DocumentsState:
    """Read words with boxes from files."""
    await paging.read(runtime.context)
    return {}


async def interpret(state: DocumentsState, runtime: Ctx) -> DocumentsState:
    """Have a model read documents by task-aware instructions, several times."""
    await interpreting.read(runtime.context)
    return {}


async def decide(state: DocumentsState, runtime: Ctx) -> DocumentsState:
    """Let readings, rules and layout vote on each field, and check what comes of it."""
    await resolving.make_records(runtime.context)
    return {}


async def distil(state: DocumentsState, runtime: Ctx) -> DocumentsState:
    """Train the students on what is sure."""
    await page_students.distil(runtime.context)
    return {}


async def read_rest(state: DocumentsState, runtime: Ctx) -> DocumentsState:
    """Let a student read the documents of which nobody said anything."""
    await page_students.read_rest(runtime.context)
    return {}


async def check_claims(state: DocumentsState, runtime: Ctx) -> DocumentsState:
    """Compare what was claimed with what documents say."""
    await claiming.check(runtime.context)
    return {}


async def measure(state: DocumentsState, runtime: Ctx) -> DocumentsState:
    """Publish the records as tables, and count what is sure."""
    await fieldmeasures.measure(runtime.context)
    return {}


def graph() -> Any:
    """The pipeline, not yet compiled: `run.py` adds the checkpointer, LangGraph's own tools theirs."""
    flow = StateGraph(DocumentsState, context_schema=RunContext)
    steps = {
        "pages": pages,
        "interpret": interpret,
        "decide": decide,
        "distil": distil,
        "read_rest": read_rest,
        "check_claims": check_claims,
        "measure": measure,
    }
    for name, node in steps.items():
        flow.add_node(name, node)
    for before, after in zip([START, *steps], [*steps, END], strict=True):
        flow.add_edge(before, after)
    return flow
