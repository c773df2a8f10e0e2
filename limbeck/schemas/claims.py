"""Claims: what somebody wants to be paid back for, and where documents say otherwise (TAIL's overpayment check).

`Claim(row=3, document="r17.jpg", merchant="Blue Fig Cafe", date="04/03/2019", days=("2019-03-04",), amount=12.5)`
`Mismatch(kind="amount", claims=(…,), documents=("b2:…",), claimed="21.50", said="12.50", over=9.0, stake=9.0, confidence=0.9)`
"""

from typing import Literal

from limbeck.schemas.pages import Box
from limbeck.schemas.record import Record

MismatchKind = Literal["amount", "date", "merchant", "unread", "no document", "no claim", "claimed twice", "same receipt"]
"""Another amount, date or merchant; an amount that was not read; a claim or a document that stands alone; several claims of one
document; one receipt in two documents.
"""
Role = Literal["merchant", "date", "amount"]
"""What of a document a claim is compared with."""


class Claim(Record):
    """A row of the claims, with its cells as they are and as they are meant."""

    row: int
    """From 1, the header not counted."""
    document: str | None = None
    """What the claim calls its document."""
    merchant: str | None = None
    date: str | None = None
    """As it is written."""
    days: tuple[str, ...] = ()
    """Which days that may be, as `2019-03-04`; two where nothing tells the day from the month."""
    written: str | None = None
    """The amount as it is written."""
    amount: float | None = None
    """None also where it is no amount."""


class Evidence(Record):
    """What a document says, and where."""

    document: str
    key: str
    role: Role
    said: str
    """As its field is normalised."""
    printed: str = ""
    """As the page has it, where that is known."""
    page: int | None = None
    """From 0."""
    box: Box | None = None
    confidence: float
    """Of the reading, in [0, 1]."""


class Mismatch(Record):
    """Something of claims and documents that doesn't go together."""

    kind: MismatchKind
    claims: tuple[Claim, ...] = ()
    documents: tuple[str, ...] = ()
    """Ids."""
    keys: tuple[str, ...] = ()
    """What the user calls these."""
    claimed: str = ""
    said: str = ""
    """By the document."""
    over: float | None = None
    """By how much more is claimed than the document says; less than 0 where it is less."""
    stake: float = 0.0
    """The money that may be paid wrongly; 0 where nobody would pay too much."""
    confidence: float
    """That it is so, as far as it depends on reading: in [0, 1]."""
    sure: bool
    """Whether that is enough to say so; else a person should look first."""
    evidence: tuple[Evidence, ...] = ()

    @property
    def weight(self) -> float:
        """By which mismatches are ranked."""
        return self.stake * self.confidence
