"""The data card of a finder: a student that ranks the labels of a list; of the same kind as `schemas/card.py`.

`card.json` in its folder. No text of a document is in it, and nothing that names a machine.
"""

from typing import Literal

from limbeck.schemas.card import Source
from limbeck.schemas.record import Record


class ListedLabels(Record):
    """The list whose labels the student ranks."""

    file: str
    """The file's own name."""
    content: str
    """The label set's id: equal for equal lists."""
    labels: int
    notes: tuple[str, ...] = ()
    """What was left out or put right, and why."""


class RankedBy(Record):
    """Who taught it which labels a document has."""

    encoder: str
    """What retrieval found labels with."""
    model: str = ""
    """What put them in order; empty where none did."""
    ranked: int = 0
    """Documents of which the model chose labels."""
    optimised: bool = False
    """Whether the model's prompts came of `limbeck optimize`, which reads gold labels."""


class Taught(Record):
    """How the student was made."""

    kind: str
    encoder: str
    """What was adapted, or what gives the vectors that are corrected."""
    seed: int
    shown: int
    """Documents that it learnt from."""
    held_out: int
    """Documents on which it was found out how much of what was learnt helps."""
    written: int = 0
    """Texts that a model wrote for labels, and that it learnt from, too."""
    chosen: bool
    """Whether it was the best of its run."""
    agreement: float | None = None
    """RP@10 with the run's ranking on texts held out; None where there were none."""
    before: float | None = None
    """The same of the encoder as it was."""
    share: float
    """How much of what was learnt is applied, in [0, 1]."""


class FinderCard(Record):
    """A finder's data card; `card.json` and `CARD.md` in its folder."""

    finder: Literal[1] = 1
    """The version; by its name a card is known to be a finder's."""
    use_case: str
    source: Source
    listed: ListedLabels
    ranked: RankedBy
    training: Taught
    limits: tuple[str, ...] = ()
    """What a user must know, in sentences."""
