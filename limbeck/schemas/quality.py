"""How far labels can be trusted: how votes became labels, and which of them are probably wrong.

`Decision(method="balanced", why="one competence each explains …", annotators=("rule:a", "words"))`
`Errors(rate=0.08, rates={"A": 0.1}, found=(("b2:…", "A", "B"),), confused=(("A", "B", 2.1),))`
"""

from limbeck.schemas.record import Record

AGGREGATE, ERRORS = "aggregate", "errors"
"""The steps whose artifacts hold a `Decision`, by space, and `Errors`."""


class Decision(Record):
    """How the votes of a space became labels."""

    method: str
    """The label model: `soft`, `dawid-skene`, …"""
    why: str = ""
    """Why it was chosen, where limbeck chose."""
    annotators: tuple[str, ...] = ()
    """Whose votes counted; some of them may have none."""
    weights: dict[str, float] | None = None
    """What each annotator's votes weigh; None for a label model that finds that out itself."""


class Errors(Record):
    """What is probably wrong with a run's labels."""

    rate: float
    """The estimated share of wrong labels."""
    rates: dict[str, float]
    """The same, of the documents with each label."""
    found: tuple[tuple[str, str, str], ...]
    """(document, its label, the label it probably should have), the likeliest error first."""
    confused: tuple[tuple[str, str, float], ...]
    """(label, probably right label, estimated number of documents), the most frequent first."""
