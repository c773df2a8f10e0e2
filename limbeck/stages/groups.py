"""Groups: the sets of documents that a taxonomy is grown on. The whole sample first, then each category's share of it.

A group's name is empty for the whole sample and a first-level category's name below it.
"""

import random
from dataclasses import dataclass

from limbeck.context import RunContext
from limbeck.schemas import Document, Label, content_id
from limbeck.stages.summaries import sample

TOP = ""
SMALLEST = 20
"""A category with fewer documents in the sample is not divided again."""


@dataclass(frozen=True)
class Group:
    """Documents to grow a taxonomy on, parted for validation."""

    name: str
    learning: tuple[Document, ...]
    held_out: tuple[Document, ...]
    """Seen by selection alone (TnT-LLM, section 3.1); empty where there are too few documents."""

    @property
    def documents(self) -> tuple[Document, ...]:
        """All of them."""
        return self.learning + self.held_out


def group(context: RunContext, name: str) -> Group:
    """The group of this name."""
    documents = sample(context)
    if name != TOP:
        members = {label.item for label in first_level(context) if label.label == name}
        documents = [one for one in documents if one.id in members]
    random.Random(f"{context.settings.seed}/{name}").shuffle(documents)
    held = int(len(documents) * context.settings.taxonomy.held_out)
    return Group(name, tuple(documents[held:]), tuple(documents[:held]))


def first_level_space(context: RunContext) -> str:
    """The space in which the sample is labelled with the first level, to be divided again."""
    return content_id([context.run, "first level"])


def first_level(context: RunContext) -> list[Label]:
    """The sample's labels on the first level."""
    return context.store.labels(context.run, first_level_space(context))


def to_divide(context: RunContext) -> list[str]:
    """The first-level categories that are large enough to be divided again."""
    counts: dict[str, int] = {}
    for label in first_level(context):
        counts[label.label] = counts.get(label.label, 0) + 1
    names = context.store.taxonomy(context.run).names
    return [name for name in names if counts.get(name, 0) >= SMALLEST]
