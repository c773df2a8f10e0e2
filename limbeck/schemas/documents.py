"""Documents: a text named by its content, and the places where it was found.

`Document(id="b2:6f0c…", text="my card has not arrived")`
`Place(position=0, key="train-0", document="b2:6f0c…", source="tickets.csv", gold="card_arrival")`
"""

from limbeck.schemas.record import Record, content_id


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
