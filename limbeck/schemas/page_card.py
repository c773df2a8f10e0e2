"""The data card of a student that reads documents; of the same kind as `schemas/card.py`.

`card.json` in its folder. No text of a document is in it, and nothing that names a machine.
"""

from typing import Literal

from limbeck.schemas.card import Source
from limbeck.schemas.record import Record


class Taught(Record):
    """One field, and what was learnt of it."""

    name: str
    kind: str
    shown: int
    """Documents shown in which it has a value."""
    absent: int
    """Documents shown that lack it."""
    doubtful: int
    """Documents shown of which its value was left out."""
    agreement: float | None = None
    """F1 on documents held out, by its teachers' values; None where none of these has it."""


class Sought(Record):
    """The field set whose values it finds."""

    name: str
    content: str
    """The set's id: equal for equal sets."""
    fields: tuple[Taught, ...]
    checks: tuple[str, ...] = ()
    """Sums that had to hold."""


class Teachers(Record):
    """Who said what documents say."""

    model: str = ""
    """Empty where none read."""
    readings: int = 0
    """How often it read each document."""
    documents: int = 0
    """That it read."""
    rules: tuple[str, ...] = ()
    """Rules and layout that voted, too."""
    records: int
    """Documents and entries of which something is said."""
    values: dict[str, int]
    """What records say, by status: grounded, normalised, inferred, missing."""
    unread: int
    """Files that could not be read."""


class PageTraining(Record):
    """How the student was made."""

    kind: str
    base: str
    """The encoder or the causal model that it adapts."""
    seed: int
    shown: int
    """Documents that it could learn from."""
    held_out: int
    """Documents on which its agreement was measured."""
    chosen: bool
    agreement: float | None = None
    """Micro F1 of what it says of the documents held out, by its teachers' values; None where there were none."""


class PageCard(Record):
    """A data card; `card.json` and `CARD.md` in the student's folder."""

    pages: Literal[1] = 1
    """The version; by its name a card is known to be of a reader of documents."""
    use_case: str
    source: Source
    sought: Sought
    teachers: Teachers
    training: PageTraining
    limits: tuple[str, ...] = ()
    """What a user must know, in sentences."""
