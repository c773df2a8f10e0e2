"""Selection: which of the chains' tables is best on held-out documents (TnT-LLM, section 3.1, "model selection").

Each ballot shows the candidates in another order, as models favour places; the most votes win. More candidates than fit
one prompt meet in rounds.
"""

import json
import random
from collections import Counter

from limbeck.batch import Made, each
from limbeck.context import RunContext
from limbeck.programs.taxonomy import numbered
from limbeck.schemas import Category
from limbeck.stages.chains import CHARACTERS_PER_TOKEN, lines, programs, steps
from limbeck.stages.groups import Group, group

STEP = "select"
Table = tuple[Category, ...]
MOST_CANDIDATES = 5
"""Tables shown at once."""
JUDGED_ON = 50
"""Documents shown to a ballot."""


def candidates(context: RunContext, name: str) -> list[Table]:
    """Each chain's reviewed table, and the one before it that the model rated best on the batch that followed."""
    tables: list[Table] = []
    for chain in range(context.settings.taxonomy.chains):
        made = [json.loads(artifact.value) for artifact in steps(context, name, chain)]
        if not made or not finished(context, name, chain):
            continue
        tables.append(_table(made[-1]))
        rated = [(after["score"], before) for before, after in zip(made, made[1:-1], strict=False)]
        if rated:
            tables.append(_table(max(rated, key=lambda one: one[0])[1]))
    return list(dict.fromkeys(tables))


def finished(context: RunContext, name: str, chain: int) -> bool:
    """Whether a chain came through its review."""
    return any(artifact.item.endswith("/review") for artifact in steps(context, name, chain))


async def select(context: RunContext, name: str) -> Table | None:
    """The best table of all chains; None where no chain came to its end."""
    standing, of, level = candidates(context, name), group(context, name), 0
    while len(standing) > 1:
        size = _shown_at_once(context, standing)
        parts = [standing[start : start + size] for start in range(0, len(standing), size)]
        standing = [await _ballots(context, of, part, f"{level}.{place}") for place, part in enumerate(parts)]
        level += 1
    return standing[0] if standing else None


async def _ballots(context: RunContext, of: Group, tables: list[Table], title: str) -> Table:
    if len(tables) == 1:
        return tables[0]
    program, use_case = programs(context).choose, context.settings.use_case
    documents = lines(context, list(of.held_out or of.learning)[:JUDGED_ON])
    numbers = tuple(str(number) for number in range(1, len(tables) + 1))

    async def work(order: list[int]) -> Made:
        shown = "\n\n".join(f"### Table {n}\n{numbered(tables[p])}" for n, p in zip(numbers, order, strict=True))
        question = f"{shown}\n\n### Documents\n{documents}\n\nWhich table is best?"
        said = await program.acall(config={"options": numbers}, use_case=use_case, question=question)
        return Made({"order": order, "chosen": order[int(said.answer) - 1]}, said)

    shuffled = orders(len(tables), context.settings.taxonomy.ballots, f"{context.settings.seed}/{of.name}/{title}")
    items = {f"{of.name}/{title}/ballot-{number}": order for number, order in enumerate(shuffled)}
    votes = [json.loads(one.value) for one in (await each(context, STEP, items, work)).values()]
    counts = Counter(vote["chosen"] for vote in votes if vote)
    return tables[counts.most_common(1)[0][0]] if counts else tables[0]


def orders(candidates: int, ballots: int, seed: str) -> list[list[int]]:
    """Orders for the ballots: a shuffle turned round and round, so that each candidate stands in each place alike.

    The number of ballots is rounded up to a multiple of the candidates, and no order is shown twice.
    """
    base = random.Random(seed).sample(range(candidates), candidates)
    turned = [base[turn:] + base[:turn] for turn in range(candidates)]
    everything = turned if candidates == 2 else turned + [order[::-1] for order in turned]
    return everything[: -(-ballots // candidates) * candidates]


def _shown_at_once(context: RunContext, tables: list[Table]) -> int:
    """At least two, at most five, as many as leave half of the context to the documents."""
    longest = max(len(numbered(table)) for table in tables)
    room = context.settings.model.context * CHARACTERS_PER_TOKEN // 2
    return max(2, min(MOST_CANDIDATES, room // max(1, longest)))


def _table(made: dict[str, list[dict[str, str]]]) -> Table:
    return tuple(Category(**row) for row in made["table"])
