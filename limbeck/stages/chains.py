"""Chains: generate, update with one minibatch after another, review (TnT-LLM, section 3.1 and figure 2).

Each step is one artifact, `<group>/chain-<c>/<batch>`, with the table, the model's rating of the table before, its reasons
and the edits it suggested. A chain whose step finds no usable answer ends there and has no candidate.
"""

import json
import random
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any

import dspy
import numpy as np

from limbeck.batch import QUICK, Made, one
from limbeck.context import RunContext
from limbeck.programs.taxonomy import Taxonomist, numbered
from limbeck.schemas import Artifact, Category, Document
from limbeck.stages.given import seed_rows
from limbeck.stages.groups import TOP, Group, group
from limbeck.stages.summaries import read_as

STEP = "chain"
REVIEW = "review"
CHARACTERS_PER_TOKEN = 3
"""A cautious guess, for how many documents fit a prompt."""


def programs(context: RunContext) -> Taxonomist:
    """The programs, told this run's limits."""
    return _programs(context.settings.taxonomy.size, context.settings.taxonomy.language)


_programs = lru_cache(maxsize=4)(Taxonomist)


def minibatches(context: RunContext, of: Group, chain: int) -> list[list[Document]]:
    """Part a group for a chain, each chain in its own order: equal parts, so that the last is never short.

    As many documents go into one as the config says, or as fit the model's context. With a seed taxonomy nothing is
    generated, and the first part is empty.
    """
    documents = list(of.learning)
    random.Random(f"{context.settings.seed}/{of.name}/{chain}").shuffle(documents)
    size = min(context.settings.taxonomy.minibatch, _most_that_fit(context, documents))
    parts = np.array_split(np.arange(len(documents)), max(1, -(-len(documents) // size)))
    batches = [[documents[place] for place in part] for part in parts]
    return [[], *batches] if _seed(context, of.name) else batches


def _seed(context: RunContext, name: str) -> list[Category]:
    return seed_rows(context.settings) if name == TOP else []


def _most_that_fit(context: RunContext, documents: list[Document]) -> int:
    free = free_tokens(context) * CHARACTERS_PER_TOKEN
    longest = sorted((len(text) + 8 for text in read_as(context, documents).values()), reverse=True)
    return max(1, int(np.searchsorted(np.cumsum(longest), free)))


def free_tokens(context: RunContext) -> int:
    """The tokens of the model's context that instructions, table and answer leave for documents; may be negative."""
    table = programs(context).update.config["max_tokens"]
    return int(context.settings.model.context - 2 * table - 500)


def lines(context: RunContext, documents: list[Document]) -> str:
    """Documents as the prompts list them."""
    return "\n".join(f"- {text}" for text in read_as(context, documents).values())


async def generate(context: RunContext, name: str, chain: int) -> bool:
    """Write the first table, from the first minibatch or from the seed taxonomy; False where that fails."""
    program = programs(context).generate
    first = minibatches(context, group(context, name), chain)[0]

    async def work() -> Made:
        if seed := _seed(context, name):
            return Made({"table": [row.model_dump(include={"name", "description"}) for row in seed]})
        said = await program.acall(use_case=_asked(context, name), documents=lines(context, first))
        return Made({"table": _rows(said), "explanation": said.explanation}, said)

    return await _step(context, _item(name, chain, 0), work)


async def update(context: RunContext, name: str, chain: int, batch: int) -> bool:
    """Rate the table on the next minibatch and write it anew; False where that fails."""
    program = programs(context).update
    before = table(context, name, chain, batch - 1)
    documents = minibatches(context, group(context, name), chain)[batch]

    async def work() -> Made:
        said = await program.acall(
            use_case=_asked(context, name), table=numbered(before), documents=lines(context, documents)
        )
        return Made(_rated(said), said)

    return await _step(context, _item(name, chain, batch), work)


async def review(context: RunContext, name: str, chain: int, batch: int) -> bool:
    """Check the last table without any documents; False where that fails."""
    program = programs(context).review
    before = table(context, name, chain, batch)

    async def work() -> Made:
        said = await program.acall(use_case=_asked(context, name), table=numbered(before))
        return Made(_rated(said), said)

    return await _step(context, _item(name, chain, REVIEW), work)


def table(context: RunContext, name: str, chain: int, batch: int | str) -> tuple[Category, ...]:
    """The table that a chain's step wrote."""
    artifact = context.store.artifacts(context.run, STEP)[_item(name, chain, batch)]
    return tuple(Category(**row) for row in json.loads(artifact.value)["table"])


def steps(context: RunContext, name: str, chain: int) -> list[Artifact]:
    """A chain's artifacts that have a table, in order."""
    prefix = _item(name, chain, "")
    found = context.store.artifacts(context.run, STEP).values()
    return [one for one in found if one.item.startswith(prefix) and one.status != "failed"]


def trail(context: RunContext) -> list[Artifact]:
    """Every chain's artifacts, chain by chain and in order, whichever chain was faster."""
    return sorted(context.store.artifacts(context.run, STEP).values(), key=lambda one: one.item.rpartition("/")[0])


async def _step(context: RunContext, item: str, work: Callable[[], Awaitable[Made]]) -> bool:
    done = context.store.artifacts(context.run, STEP)
    with dspy.context(lm=context.lm, **QUICK):
        artifact = done.get(item) or await one(context, STEP, item, work())
    return artifact.status != "failed"


def _item(name: str, chain: int, batch: int | str) -> str:
    return f"{name}/chain-{chain}/{batch}"


def _asked(context: RunContext, name: str) -> str:
    """The use case, and below the first level the category that is being divided."""
    use_case = context.settings.use_case
    return use_case if name == TOP else f"{use_case} All documents belong to the category {name!r}; divide it."


def _rows(said: Any) -> list[dict[str, str]]:
    return [row.model_dump() for row in said.categories]


def _rated(said: Any) -> dict[str, Any]:
    return {
        "table": _rows(said),
        "score": said.score,
        "explanation": said.explanation,
        "suggestions": said.suggestions,
    }
