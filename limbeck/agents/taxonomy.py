"""TnT-LLM as a graph (Wan et al. 2024, figures 1 and 2).

    summarise → grow → [label the first level → divide each category] → assemble → label → doubt → train → measure

    grow:   chain × 10 → choose (the best table, or clusters where the model is too weak)
    chain:  generate → update ↺ → review

State is small and JSON; everything that a step makes is an artifact in the store, so a graph that is started again goes
through what is done without a call.
"""

from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Send

from limbeck.context import RunContext
from limbeck.schemas import Category
from limbeck.stages import (
    annotating,
    chains,
    errors,
    groups,
    growing,
    labelling,
    measuring,
    summaries,
    training,
)
from limbeck.stages.given import given_rows


class ChainState(TypedDict, total=False):
    """One chain of one group: which minibatch is next, and whether a step found no usable answer."""

    group: str
    chain: int
    batch: int
    failed: bool


class TaxonomyState(TypedDict, total=False):
    """The group that is grown; empty for the whole sample."""

    group: str


Ctx = Runtime[RunContext]


# ---- chain: generate → update ↺ → review -----------------------------------------------------------------------------


async def generate(state: ChainState, runtime: Ctx) -> ChainState:
    """Write the first table."""
    made = await chains.generate(runtime.context, state["group"], state["chain"])
    return {"batch": 1, "failed": not made}


async def update(state: ChainState, runtime: Ctx) -> ChainState:
    """Improve it with the next minibatch."""
    made = await chains.update(runtime.context, state["group"], state["chain"], state["batch"])
    return {"batch": state["batch"] + 1, "failed": not made}


async def review(state: ChainState, runtime: Ctx) -> ChainState:
    """Check it without documents."""
    made = await chains.review(runtime.context, state["group"], state["chain"], state["batch"] - 1)
    return {"failed": not made}


def after_step(state: ChainState, runtime: Ctx) -> str:
    """To the next minibatch, to the review, or out."""
    if state["failed"]:
        return END
    of = groups.group(runtime.context, state["group"])
    return "update" if state["batch"] < len(chains.minibatches(runtime.context, of, state["chain"])) else "review"


def chain_graph() -> Any:
    """One chain."""
    graph = StateGraph(ChainState, context_schema=RunContext)
    graph.add_node("generate", generate)
    graph.add_node("update", update)
    graph.add_node("review", review)
    graph.add_edge(START, "generate")
    graph.add_conditional_edges("generate", after_step, ["update", "review", END])
    graph.add_conditional_edges("update", after_step, ["update", "review", END])
    graph.add_edge("review", END)
    return graph.compile()


# ---- grow: chains → choose -------------------------------------------------------------------------------------------


def to_chains(state: TaxonomyState, runtime: Ctx) -> list[Send] | str:
    """Start every chain at once, or none where the paper's way can't be tried."""
    if growing.wants_chains(runtime.context) or state["group"] in growing.grown(runtime.context):
        return "choose"
    count = runtime.context.settings.taxonomy.chains
    return [Send("chain", {"group": state["group"], "chain": number}) for number in range(count)]


async def choose(state: TaxonomyState, runtime: Ctx) -> TaxonomyState:
    """Keep the best table of all chains, or clusters."""
    await growing.choose_table(runtime.context, state["group"])
    return {}


def grow_graph() -> Any:
    """One group's categories."""
    chain = chain_graph()

    async def run_chain(state: ChainState, runtime: Ctx) -> TaxonomyState:
        await chain.ainvoke(state, context=runtime.context)
        return {}

    graph = StateGraph(TaxonomyState, context_schema=RunContext)
    graph.add_node("chain", run_chain)
    graph.add_node("choose", choose)
    graph.add_conditional_edges(START, to_chains, ["chain", "choose"])
    graph.add_edge("chain", "choose")
    graph.add_edge("choose", END)
    return graph.compile()


# ---- the whole -------------------------------------------------------------------------------------------------------


async def summarise(state: TaxonomyState, runtime: Ctx) -> TaxonomyState:
    """Summarise the sample for the use case."""
    await summaries.summarise(runtime.context)
    return {"group": groups.TOP}


def to_start(state: TaxonomyState, runtime: Ctx) -> str:
    """Nothing is grown where the labels are given."""
    return "assemble" if given_rows(runtime.context.settings) else "summarise"


def after_growing(state: TaxonomyState, runtime: Ctx) -> str:
    """A second level, if the config asks for one."""
    return "first_level" if runtime.context.settings.taxonomy.levels == 2 else "assemble"


async def first_level(state: TaxonomyState, runtime: Ctx) -> TaxonomyState:
    """Label the sample with the first level, to divide it."""
    context = runtime.context
    context.store.put_taxonomy(context.run, growing.assemble(context))
    leaves = tuple(Category.model_validate(row) for row in growing.grown(context)[groups.TOP]["rows"])
    await labelling.label(context, leaves, summaries.sample(context), groups.first_level_space(context))
    return {}


def to_categories(state: TaxonomyState, runtime: Ctx) -> list[Send] | str:
    """Grow every category that is large enough, at once."""
    return [Send("divide", {"group": name}) for name in groups.to_divide(runtime.context)] or "assemble"


async def assemble(state: TaxonomyState, runtime: Ctx) -> TaxonomyState:
    """Put the levels together."""
    runtime.context.store.put_taxonomy(runtime.context.run, growing.assemble(runtime.context))
    return {}


async def label(state: TaxonomyState, runtime: Ctx) -> TaxonomyState:
    """Label every document with the leaves."""
    context = runtime.context
    taxonomy = context.store.taxonomy(context.run)
    to_label = taxonomy.leaves, context.store.documents(context.run), taxonomy.id
    await annotating.annotate(context, *to_label)
    await labelling.label(context, *to_label)
    await annotating.write(context, *to_label)
    return {}


async def doubt(state: TaxonomyState, runtime: Ctx) -> TaxonomyState:
    """Look for labels that are probably wrong."""
    await errors.look(runtime.context)
    return {}


async def train(state: TaxonomyState, runtime: Ctx) -> TaxonomyState:
    """Train the students."""
    await training.train(runtime.context)
    return {}


async def measure(state: TaxonomyState, runtime: Ctx) -> TaxonomyState:
    """Take the paper's measures."""
    await measuring.measure(runtime.context)
    return {}


def graph() -> Any:
    """The pipeline, not yet compiled: `run.py` adds the checkpointer, LangGraph's own tools theirs."""
    grow = grow_graph()

    async def run_grow(state: TaxonomyState, runtime: Ctx) -> TaxonomyState:
        await grow.ainvoke(state, context=runtime.context)
        return {}

    flow = StateGraph(TaxonomyState, context_schema=RunContext)
    for name, node in {
        "summarise": summarise,
        "grow": run_grow,
        "first_level": first_level,
        "divide": run_grow,
        "assemble": assemble,
        "label": label,
        "doubt": doubt,
        "train": train,
        "measure": measure,
    }.items():
        flow.add_node(name, node)
    flow.add_conditional_edges(START, to_start, ["summarise", "assemble"])
    flow.add_edge("summarise", "grow")
    flow.add_conditional_edges("grow", after_growing, ["first_level", "assemble"])
    flow.add_conditional_edges("first_level", to_categories, ["divide", "assemble"])
    flow.add_edge("divide", "assemble")
    flow.add_edge("assemble", "label")
    flow.add_edge("label", "doubt")
    flow.add_edge("doubt", "train")
    flow.add_edge("train", "measure")
    flow.add_edge("measure", END)
    return flow
