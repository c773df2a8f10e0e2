"""The data card of a student: what it was taught, by whom, how far that can be trusted, and its limits.

In the spirit of the Dataset Nutrition Label (Holland et al. 2018, arXiv:1805.03677): facts that a program
gathers and that travel with the product, for people who were not there. No text of a document is in it, and
nothing that names a machine.
"""

from typing import Literal

from limbeck.schemas.record import Record

Kind = Literal["model", "encoder", "clusters", "rule", "patterns", "examples", "person"]


class Source(Record):
    """Where the texts came from."""

    file: str
    """The file's or folder's own name."""
    content: str
    """`content_id` of the documents' ids in the input's order: equal for equal texts."""
    rows: int
    documents: int
    """Distinct texts among the rows."""
    skipped: tuple[str, ...] = ()
    """What was not read, and why."""


class Confusion(Record):
    """A label that an annotator mistakes for another."""

    label: str
    voted: str
    share: float
    """Of its votes on the label's documents."""


class Annotator(Record):
    """Who labelled, and how well, as far as that can be estimated without gold."""

    name: str
    kind: Kind
    voted: int
    """Documents that it voted on; for a person, answers."""
    coverage: float
    """Their share of all documents."""
    weight: float | None = None
    """What its votes weigh; None where a label model found that out itself."""
    accuracy: float
    """The expected share of its votes that are right, by what all votes came to."""
    kappa: float | None = None
    """Cohen's κ with the labels; None where it is not defined."""
    confusions: tuple[Confusion, ...] = ()
    """Its most frequent errors."""


class Pair(Record):
    """How far two annotators agree."""

    first: str
    second: str
    kappa: float | None
    """Cohen's κ; None where both gave one and the same label throughout."""
    documents: int
    """That both voted on."""


class Agreement(Record):
    """How far the annotators agree with each other."""

    fleiss: float | None
    """Fleiss' κ of all of them."""
    pairs: tuple[Pair, ...] = ()
    """Those that share documents."""


class Applying(Record):
    """How it was decided which labels apply, where several may."""

    method: str
    """`soft`: the mean of the votes on each label; `dawid-skene`: by each annotator's hits and false alarms."""
    why: str = ""
    """Why so, where limbeck chose."""


class LabelSize(Record):
    """One label that the student can give."""

    name: str
    documents: int
    """That have the label."""
    shown: int
    """Of them, those that students were shown."""
    noise: float | None = None
    """The estimated share of them that should have another label; None where there were too few to tell."""


class Noise(Record):
    """What is probably wrong with the labels (confident learning, Northcutt et al. 2021)."""

    rate: float
    """The estimated share of wrong labels."""
    found: int
    """Documents that stand out as wrong and that no person has answered."""
    confused: tuple[tuple[str, str, float], ...] = ()
    """(label, probably right label, estimated number of documents), the most frequent first."""


class LeftOut(Record):
    """Documents that students were not shown."""

    unlabelled: int
    """Nobody voted on them."""
    other: int
    """No label fits."""
    held_out: int
    """Kept for measuring."""
    doubted: int
    """Dropped, because their labels are probably wrong."""


class Training(Record):
    """How the student was made."""

    kind: str
    encoder: str
    max_tokens: int
    """Longer texts are cut here."""
    seed: int
    lessons: int
    """Documents that students were shown; a part of them chose settings and calibrated."""
    spared: int = 0
    """Of them, those that were drawn for measuring and that people had answered."""
    chosen: bool
    """Whether it was the best of its run."""
    metrics: dict[str, float]
    """Scores against pseudo-labels of lessons that it was not fitted to, and what its search chose."""
    temperature: float
    """What its outputs are divided by; 1 where nothing was held out to fit it."""
    thresholds: tuple[float, ...] | None = None
    """The probability from which each label applies; None for a student that was not taught it."""


class Card(Record):
    """A student's data card; `card.json` and `CARD.md` in its folder."""

    version: Literal[1] = 1
    use_case: str
    source: Source
    method: str
    """How votes became labels."""
    why: str = ""
    """Why so, where limbeck chose."""
    applying: Applying | None = None
    """None where one label counts, the primary one, of which `method` tells."""
    annotators: tuple[Annotator, ...]
    agreement: Agreement
    labels: tuple[LabelSize, ...]
    """In the taxonomy's order."""
    noise: Noise | None
    """None where there were too few labels to tell."""
    errors: Literal["keep", "drop"]
    """Whether labels that are probably wrong were shown to students."""
    left_out: LeftOut
    training: Training
    limits: tuple[str, ...] = ()
    """What a user must know, in sentences."""
