"""A taxonomy: categories in the order in which they are shown, one or two levels deep.

`Category(name="Card delivery", description="Asks where a new card is", parent=None, examples=("b2:…",))`
"""

from typing import Literal

from limbeck.schemas.record import Record, content_id

Method = Literal["given", "paper", "clusters"]


class Category(Record):
    """One label."""

    name: str
    """At most 10 words (TnT-LLM, App. C.2); distinct within the taxonomy."""
    description: str = ""
    """At most 30 words; what tells it from the others."""
    parent: str | None = None
    """The name of its first-level category; None on the first level."""
    examples: tuple[str, ...] = ()
    """Ids of documents at its centre, where it was found in the data."""


class Taxonomy(Record):
    """The categories that documents are labelled with."""

    categories: tuple[Category, ...]
    method: Method
    """How it came about: given by a person, by the paper's prompts, or from clusters."""
    notes: tuple[str, ...] = ()
    """What a reader should know: fallbacks taken, edits suggested and why, in order."""

    @property
    def id(self) -> str:
        """Named by its categories alone: how they were found does not change what they are."""
        return content_id([category.model_dump(mode="json") for category in self.categories])

    @property
    def leaves(self) -> tuple[Category, ...]:
        """The categories that documents are labelled with: those that are nobody's parent."""
        parents = {category.parent for category in self.categories}
        return tuple(category for category in self.categories if category.name not in parents)

    @property
    def names(self) -> tuple[str, ...]:
        """The leaves' names, in order; a label's index is its place here, from 1."""
        return tuple(category.name for category in self.leaves)
