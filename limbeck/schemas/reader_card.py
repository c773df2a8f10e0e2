"""The data card of a reader: a student that makes records of tables' cells; of the same kind as `schemas/card.py`.

`card.json` in its folder. No text of a table is in it, and nothing that names a machine.
"""

from typing import Literal

from limbeck.schemas.card import Source
from limbeck.schemas.record import Record


class Wanted(Record):
    """The schema whose records it makes."""

    content: str
    """The schema's id: equal for equal schemas."""
    types: dict[str, int]
    """Records of each type among those that it was taught; `Other` too."""


class ReadBy(Record):
    """Who taught it what cells say."""

    model: str
    readings: int
    """How often each table was read."""
    tables: int
    records: int
    values: dict[str, int]
    """What these say, by status: grounded, normalised, inferred, missing."""
    failed: int
    """Values of tables that the model could not describe."""


class Instruction(Record):
    """How the student was made."""

    kind: str
    base: str
    """The encoder whose vectors it reads, or the causal model that it adapts."""
    seed: int
    shown: int
    """Tables that it learnt from."""
    cells: int
    """Values in them that it was shown."""
    held_out: int
    """Tables on which its agreement was measured."""
    chosen: bool
    agreement: float | None = None
    """Micro F1 of what it says of the tables held out, by its teacher's records; None where there were none."""


class ReaderCard(Record):
    """A reader's data card; `card.json` and `CARD.md` in its folder."""

    reader: Literal[1] = 1
    """The version; by its name a card is known to be a reader's."""
    use_case: str
    source: Source
    wanted: Wanted
    read: ReadBy
    training: Instruction
    limits: tuple[str, ...] = ()
    """What a user must know, in sentences."""
