"""Votes and labels: what annotators said, and what was made of it.

`Vote(item="b2:…", space="b2:taxonomy…", annotator="llm:smollm2-135m", label="Billing", score=1.0)`
`Label(item="b2:…", space="b2:taxonomy…", label="Billing", confidence=0.91, method="soft")`
"""

from pydantic import Field

from limbeck.schemas.record import Record

OTHER = "Other"
"""The way out of a forced choice: offered at assignment only, never a category of a taxonomy."""


GOLD = "gold"
"""The annotator name that is reserved for true answers; scorers read them, label models refuse them."""

PEOPLE = "person:"
"""How the name of a person begins as an annotator's; a person's votes outweigh all others."""

YES = 0.5
"""A score from which on a label counts as one that applies, where several may."""


class Vote(Record):
    """One annotator's word on one item. A model, a prompt, an embedding, a rule and a person are all annotators."""

    item: str
    """The document's id."""
    space: str
    """What is being decided: a taxonomy's id, `…/all` for all-applicable labels, `gold` for gold answers."""
    annotator: str
    label: str
    score: float = Field(1.0, allow_inf_nan=False)
    """How much of its vote goes to this label, in [0, 1]."""


class Label(Record):
    """What the votes on one item come to."""

    item: str
    space: str
    label: str
    confidence: float
    method: str
    """The label model that decided: `majority`, `soft`, …"""
