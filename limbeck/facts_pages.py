"""What a report says of a run that reads documents: filled by `reporting_pages.py`, drawn by `report_pages.py`."""

from limbeck.facts import Frame, Part, ReaderFacts, ScoredFacts
from limbeck.schemas.claims import Mismatch
from limbeck.schemas.extraction import Extracted, Status, Value
from limbeck.schemas.pages import Box


class FieldFacts(Part):
    """A field, counted over the records that could say something of it."""

    type: str
    """Of the document itself or of a list's entries."""
    name: str
    records: int
    found: int
    """Records that say something of it."""
    said: dict[Status, int]
    """Values by status; a field may have several."""
    sure: int
    """Values as sure as the config wants."""


class ReviewFacts(Part):
    """A value that a person should look at."""

    key: str
    document: str
    record: int
    """The place of its record among the document's, from 0."""
    place: int
    """Its own within the record."""
    entry: str
    """Of a list's entry, which one; else empty."""
    value: Value
    why: str


class WordFacts(Part):
    """A word where it stands."""

    text: str
    box: Box
    line: int
    number: int
    """In its document."""


class PageFacts(Part):
    """A page as it is drawn: its picture, or its words where there is none."""

    number: int
    """From 0."""
    width: float
    height: float
    picture: bytes | None = None
    """A JPEG."""
    words: tuple[WordFacts, ...] = ()


class DocumentFacts(Part):
    """A document with its pages and records."""

    key: str
    document: str
    kind: str
    """`image`, `pdf`, `text` or `pages`."""
    pages: tuple[PageFacts, ...] = ()
    """Those that values stand on, and the first ones."""
    sheets: int = 0
    """How many pages it has."""
    records: tuple[Extracted, ...] = ()
    """Its own, then its lists' entries."""
    gone: bool = False
    """Whether its file is not there any more, so that there is no picture."""


class PagesFacts(Frame):
    """Everything that the report of documents says."""

    fields: tuple[FieldFacts, ...] = ()
    """In the order of the field set, those of lists last."""
    read: int = 0
    """Documents with a record."""
    review: float = 0.5
    """Values less sure than this are to be looked at."""
    reviews: tuple[ReviewFacts, ...] = ()
    """The least sure first."""
    doubted: int = 0
    """How many there are in all."""
    claimed: bool = False
    """Whether claims were compared."""
    mismatches: tuple[Mismatch, ...] = ()
    """The first of them, ranked."""
    mismatched: int = 0
    at_stake: float = 0.0
    """Money of all sure mismatches; of one claim once."""
    drawn: tuple[DocumentFacts, ...] = ()
    """Documents in full, the doubtful ones first."""
    left_out: int = 0
    """Further documents with a record."""
    show_all: str = ""
    """How to see these."""
    readers: tuple[ReaderFacts, ...] = ()
    scored: tuple[ScoredFacts, ...] = ()
