"""Documents: a text named by its content, and the places where it was found.

`Document(id="b2:6f0c…", text="my card has not arrived")`
`Place(position=0, key="train-0", document="b2:6f0c…", source="tickets.csv", gold="card_arrival")`
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import count

from limbeck.schemas.record import Record, content_id

Keyed = tuple[str, str, str]
"""A key, a text and the file that it stands in."""


class Document(Record):
    """One distinct text."""

    id: str
    """`content_id(text)`: the same text is the same document wherever it stands."""
    text: str

    @classmethod
    def of(cls, text: str) -> "Document":
        """Make the document of a text."""
        return cls(id=content_id(text), text=text)


class Place(Record):
    """One row of the input: where a document was found. Three equal rows are three places of one document."""

    position: int
    """0 for the first row read."""
    key: str
    """The user's own id of the row, or its number where there is none."""
    document: str
    source: str
    """The file, as given."""
    gold: str | None = None
    """The gold label of the row, where a gold column is named. Read by scorers alone."""


class Corpus(Record):
    """Everything read from one source, in its order."""

    documents: tuple[Document, ...]
    """The distinct texts, in the order of their first place."""
    places: tuple[Place, ...]
    skipped: tuple[str, ...] = ()
    """One sentence for each row or file that was left out, with why."""

    @classmethod
    def of(cls, found: Iterable[Keyed], source: str, skipped: Mapping[str, int]) -> "Corpus":
        """Make the corpus of texts with keys; a key that comes again is made distinct, as in `7#2`.

        Args:
            found: In order.
            source: What was read.
            skipped: How many of them were left out and why, once all are found.
        """
        documents: dict[str, Document] = {}
        places: list[Place] = []
        seen: set[str] = set()
        for key, text, file in found:
            document = Document.of(text)
            documents.setdefault(document.id, document)
            own = next(name for name in _names(key) if name not in seen)
            seen.add(own)
            places.append(Place(position=len(places), key=own, document=document.id, source=file))
        sentences = tuple(f"{source}: {what}: {count}" for what, count in skipped.items())
        return cls(documents=tuple(documents.values()), places=tuple(places), skipped=sentences)


def _names(key: str) -> Iterator[str]:
    yield key
    yield from (f"{key}#{number}" for number in count(2))
