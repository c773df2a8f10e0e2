"""Growing: from a group of documents to its categories, by the paper's way or, where the model is too weak, by clusters.

The paper's taxonomy is accepted if the model can use it: labelling with it in two orders of labels must agree better than
slightly (Cohen's κ above 0.2, Landis & Koch 1977). What was done and why goes into the taxonomy's notes.
"""

import json
from typing import Any

from limbeck.batch import Made, one
from limbeck.context import RunContext
from limbeck.errors import GuardrailError
from limbeck.schemas import Category, Taxonomy
from limbeck.stages.chains import REVIEW, free_tokens, trail
from limbeck.stages.clusters import from_clusters
from limbeck.stages.given import given_rows
from limbeck.stages.groups import TOP, group
from limbeck.stages.selection import finished, select
from limbeck.stages.votes import probe, reading

GROWN = "grown"
SLIGHT = 0.2
ENOUGH = 20
"""Held-out documents from which on the probe needs no others."""


def wants_chains(context: RunContext) -> str | None:
    """None where the paper's way can be tried, else why it can't."""
    taxonomy = context.settings.taxonomy
    if taxonomy.method == "clusters":
        return "the config asks for clusters"
    if free_tokens(context) < context.settings.model.context // 8:
        size, room = taxonomy.size, context.settings.model.context
        return f"a table of {size} categories leaves no room for documents in the model's {room} tokens"
    return None


async def choose_table(context: RunContext, name: str) -> None:
    """Keep the group's categories: the chains' best table where it is usable, else clusters.

    Raises:
        GuardrailError: The config asks for the paper's way alone and the model fails at it.
    """
    if name in grown(context):
        return
    why_not = wants_chains(context)
    untried = why_not is not None
    table = None if untried else await select(context, name)
    if table is None and not untried:
        why_not = _failures(context, name)
    if table:
        why_not = await _unusable(context, name, table)
    if why_not and context.settings.taxonomy.method == "paper":
        raise GuardrailError(f"no taxonomy by the paper's way: {why_not}; write `taxonomy: method: auto`, or use a larger model")
    if why_not or table is None:
        await _keep(context, name, "clusters", await from_clusters(context, name, untried), f"{why_not}: made from clusters")
    else:
        await _keep(context, name, "paper", table, "made by generate, update and review, and chosen on held-out documents")


async def _unusable(context: RunContext, name: str, table: tuple[Category, ...]) -> str | None:
    of = group(context, name)
    if context.settings.labels.probe == 0 or len(table) == 1:
        return None
    drawn_from = of.held_out if len(of.held_out) >= ENOUGH else of.documents
    kappa = await probe(reading(context), table, drawn_from, f"table of {name}")
    if kappa > SLIGHT:
        return None
    return f"the model does not label alike with its own table when the rows change places (κ {kappa:.2f})"


def _failures(context: RunContext, name: str) -> str:
    """Why no chain came to its end: how many failed where, and the last error."""
    failed = [step for step in trail(context) if step.status == "failed" and step.item.startswith(f"{name}/chain-")]
    chains = context.settings.taxonomy.chains
    ended = sum(finished(context, name, chain) for chain in range(chains))
    last = failed[-1].error if failed else "no documents"
    return f"{chains - ended} of {chains} chains failed the guardrails ({last})"


async def _keep(context: RunContext, name: str, method: str, rows: tuple[Category, ...], note: str) -> None:
    value: Any = {"method": method, "rows": [row.model_dump(mode="json") for row in rows], "note": note}

    async def made() -> Made:
        return Made(value)

    await one(context, GROWN, name, made())
    context.progress.note(f"{'taxonomy' if name == TOP else repr(name)}: {note}")


def grown(context: RunContext) -> dict[str, dict[str, Any]]:
    """What has been grown so far, by group: `method`, `rows`, `note`."""
    return {item: json.loads(one.value) for item, one in context.store.artifacts(context.run, GROWN).items()}


def assemble(context: RunContext) -> Taxonomy:
    """Put the levels together: a category that was divided becomes its parts' parent."""
    given = given_rows(context.settings)
    if given:
        return Taxonomy(categories=tuple(given), method="given", notes=("categories are taken as the config gives them",))
    found = grown(context)
    top = [Category.model_validate(row) for row in found[TOP]["rows"]]
    names = {row.name for row in top}
    categories: list[Category] = []
    for row in top:
        parts = [Category.model_validate(part) for part in found.get(row.name, {}).get("rows", [])]
        categories.append(row)
        if len(parts) > 1:
            categories += [_below(row, part, names) for part in parts]
    below = (f"{row.name}: {found[row.name]['note']}" for row in top if row.name in found)
    method = found[TOP]["method"]
    return Taxonomy(categories=tuple(categories), method=method, notes=(found[TOP]["note"], *below, *edits(context)))


def _below(parent: Category, part: Category, names: set[str]) -> Category:
    """A part under its parent, its name made distinct in the whole taxonomy."""
    name = part.name if part.name not in names else f"{part.name} ({parent.name})"
    names.add(name)
    return part.model_copy(update={"name": name, "parent": parent.name})


def edits(context: RunContext) -> list[str]:
    """The edits that the chains suggested and why, in order: the trail that a reader of the taxonomy wants."""
    suggested = []
    for artifact in trail(context):
        made = json.loads(artifact.value) or {}
        if made.get("suggestions"):
            step = "review" if artifact.item.endswith(REVIEW) else "update"
            suggested.append(f"{artifact.item} ({step}, {made['score']}/100): {made['suggestions']} — {made['explanation']}")
    return suggested
