"""Cluster-guided taxonomies: where a model is too weak to write tables, the data's own clusters become the categories.

Embed, cluster, and name each cluster from its central documents and distinctive words: by the model where it names the
same clusters alike twice, else by phrases of the documents. The paper's own baseline (TnT-LLM, section 4.1), made robust.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from limbeck.batch import Made, each
from limbeck.cluster import central, cluster, distinctive_words
from limbeck.context import RunContext
from limbeck.encoder import Embeddings
from limbeck.names import descriptions, readable_names
from limbeck.programs.guardrails import plain
from limbeck.schemas import Artifact, Category, Document
from limbeck.stages.chains import programs
from limbeck.stages.groups import TOP, group
from limbeck.stages.summaries import read_as

STEP = "cluster"
NAMING = "name"
CENTRAL, SHOWN, WORDS = 20, 6, 8
"""Central documents looked at for phrases, shown to the model, and distinctive words shown to it."""
TRIED, ALIKE = 5, 0.5
"""Clusters that the model names twice, and the share of words that both names must have in common."""
MOST_DOCUMENTS = 20_000
"""Documents that clusters are found on; clustering costs little, so that is more than the prompts' sample."""
DOCUMENTS_EACH = 4
"""There are no more clusters than one for so many documents."""


@dataclass(frozen=True)
class Cluster:
    """One cluster before it has a name."""

    members: tuple[str, ...]
    """Documents' ids, the most central first."""
    words: tuple[str, ...]
    texts: tuple[str, ...]
    """The central documents, as prompts show them."""
    embeddings: Embeddings
    """The central documents' embeddings."""


async def from_clusters(context: RunContext, name: str, model_can_name: bool) -> tuple[Category, ...]:
    """Make a group's categories from its clusters, largest first, and remember which document is in which.

    Args:
        context: The run.
        name: The group's.
        model_can_name: Whether the model is asked for names at all; not where it has just failed at a taxonomy.
    """
    documents = context.store.documents(context.run)[:MOST_DOCUMENTS] if name == TOP else group(context, name).documents
    clusters = find(context, documents)
    rows = await _named(context, name, clusters, model_can_name)
    members = {id: row.name for row, one in zip(rows, clusters, strict=True) for id in one.members}
    value = json.dumps(members, ensure_ascii=False)
    context.store.put([Artifact(run=context.run, step=STEP, item=f"{name}/members", value=value)])
    return rows


def find(context: RunContext, documents: Sequence[Document]) -> list[Cluster]:
    """Cluster documents into as many as the taxonomy may have, or fewer where there are few documents."""
    # The last layer alone: what texts are about, less of how they say it.
    embeddings, texts = context.layers(documents)[:, 0], list(read_as(context, documents).values())
    k = min(context.settings.taxonomy.size, max(1, len(documents) // DOCUMENTS_EACH))
    labels = cluster(embeddings, k, context.settings.seed)
    order = central(embeddings, labels, len(documents))
    words = distinctive_words(texts, labels, WORDS)
    found = [
        Cluster(
            tuple(documents[row].id for row in rows),
            tuple(words[place]),
            tuple(texts[row] for row in rows[:CENTRAL]),
            embeddings[rows[:CENTRAL]],
        )
        for place, rows in enumerate(order)
    ]
    return sorted(found, key=lambda one: -len(one.members))


async def _named(
    context: RunContext, name: str, clusters: list[Cluster], model_can_name: bool
) -> tuple[Category, ...]:
    """Name clusters by the model, if it gives its first ones alike twice, else by phrases of their documents."""
    answers: list[dict[str, str] | None] = [None] * len(clusters)
    if model_can_name and await _names_alike(context, name, clusters[:TRIED]):
        answers = await _asked(context, f"{name}/forth", clusters)
    listed = [list(one.words) for one in clusters], [list(one.texts) for one in clusters]
    phrases = readable_names(*listed, [one.embeddings for one in clusters], context.encoder.last_layer)
    taken: set[str] = set()
    return tuple(
        _category(*one, taken)
        for one in zip(clusters, answers, phrases, descriptions(*listed), strict=True)
    )


async def _names_alike(context: RunContext, name: str, clusters: list[Cluster]) -> bool:
    """Whether the model's names for the same clusters share most words when the documents are shown in another order."""
    turned = [replace(one, words=one.words[::-1], texts=one.texts[:SHOWN][::-1]) for one in clusters]
    forth, back = await _asked(context, f"{name}/forth", clusters), await _asked(context, f"{name}/back", turned)
    alike = [a and b and _overlap(a["name"], b["name"]) >= ALIKE for a, b in zip(forth, back, strict=True)]
    return sum(map(bool, alike)) > len(clusters) / 2


def _overlap(first: str, second: str) -> float:
    """The share of words that two names have in common (Jaccard)."""
    a, b = set(plain(first).split()), set(plain(second).split())
    return len(a & b) / len(a | b) if a | b else 0.0


async def _asked(context: RunContext, title: str, clusters: list[Cluster]) -> list[dict[str, str] | None]:
    """The model's names and descriptions; None where it has no usable one."""
    program, use_case = programs(context).name_cluster, context.settings.use_case

    async def work(one: Cluster) -> Made:
        listed = "\n".join(f"- {text}" for text in one.texts[:SHOWN])
        shown = f"Keywords: {', '.join(one.words)}\n\nDocuments:\n{listed}"
        said = await program.acall(use_case=use_case, documents=shown)
        return Made({"name": said.name.strip(), "description": said.description.strip()}, said)

    items = {f"{title}/{place}": one for place, one in enumerate(clusters)}
    return [json.loads(one.value) for one in (await each(context, NAMING, items, work)).values()]


def _category(
    one: Cluster, answer: dict[str, str] | None, phrase: str, description: str, taken: set[str]
) -> Category:
    if answer and plain(answer["name"]) not in taken:
        name, description = answer["name"], answer["description"]
    else:
        name = phrase
    number = 2
    while plain(name) in taken:
        name, number = f"{phrase} {number}", number + 1
    taken.add(plain(name))
    return Category(name=name, description=description, examples=one.members[:5])


def members(context: RunContext, leaves: Sequence[Category]) -> dict[str, str]:
    """Which documents are in which leaf's cluster, by document; empty where the taxonomy has other origins."""
    found: dict[str, str] = {}
    for artifact in context.store.artifacts(context.run, STEP).values():
        of = artifact.item.removesuffix("/members") or None
        # A name that occurs twice in the taxonomy has its parent's name behind it.
        names = {leaf.name.removesuffix(f" ({of})"): leaf.name for leaf in leaves if leaf.parent == of}
        found |= {id: names[name] for id, name in json.loads(artifact.value).items() if name in names}
    return found


def shares_of_members(
    documents: Sequence[Document], leaves: Sequence[str], found: dict[str, str]
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Membership as shares [documents, leaves]: 1 for a member, all 0 for a document that was not clustered."""
    shares = np.zeros((len(documents), len(leaves)), dtype=np.float32)
    for row, document in enumerate(documents):
        if document.id in found:
            shares[row, leaves.index(found[document.id])] = 1.0
    return shares
