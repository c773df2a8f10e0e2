"""What was found for a document: labels, and what in it speaks for them; and how much of a long document that leaves to read."""

from collections.abc import Sequence

from pydantic import Field

from limbeck.retrieval.chunks import CHUNK, Span, merged
from limbeck.retrieval.retriever import Found
from limbeck.schemas.record import Record

AROUND = 200
"""Characters shown before and after what speaks for a label."""


class Options(Record):
    """The labels found for a document, the best first."""

    labels: tuple[str, ...]
    scores: tuple[float, ...] = Field(())
    """From about 0 to 1."""
    said: tuple[Span | str, ...] = ()
    """Where the document comes nearest to each label, in characters; or the inferred label that does."""
    passages: tuple[Span, ...] = ()
    """The passage that comes nearest to each label."""

    @classmethod
    def of(cls, found: Found, names: Sequence[str]) -> "Options":
        """What a retriever found, with the labels' names for their rows."""
        return cls(
            labels=tuple(names[row] for row in found.rows.tolist()),
            scores=tuple(round(score, 4) for score in found.scores.tolist()),
            said=found.said,
            passages=found.passages,
        )

    def passage(self, text: str, place: int) -> str:
        """What speaks for a label: words of the document, or what was inferred of it."""
        where = self.said[place]
        return where if isinstance(where, str) else text[where[0] : where[1]]


def digest(text: str, found: Options) -> str:
    """A document as Rank is shown it: the whole, or the passages that speak for its labels, as many as fit in a chunk."""
    if len(text) <= CHUNK:
        return text
    kept: list[Span] = []
    for said, passage in zip(found.said, found.passages, strict=True):
        start, end = passage if isinstance(said, str) else said
        around = 0 if (start, end) == passage else AROUND
        wider = max(0, start - around), min(len(text), end + around)
        if _size(merged([*kept, wider])) <= CHUNK:
            kept.append(wider)
    return " … ".join(text[start:end] for start, end in merged(kept)) or text[:CHUNK]


def _size(spans: Sequence[Span]) -> int:
    return sum(end - start for start, end in spans)
