"""What a report says of a run: frozen records that are filled from the store and drawn as a page.

`Facts` of a taxonomy, by `reporting.py` and `report.py`; `RankedFacts` of ranked labels, by `reporting_ranked.py` and
`report_ranked.py`; `RecordFacts` of records, by `reporting_records.py` and `report_records.py`; what all say is a `Frame`.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from limbeck.schemas.extraction import Extracted, Status, Value
from limbeck.schemas.tables import Table


class Part(BaseModel):
    """A frozen piece of `Facts`."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CategoryFacts(Part):
    """A category with the documents it got itself, those of its parts not included."""

    name: str
    description: str = ""
    parent: str | None = None
    count: int = 0
    examples: tuple[str, ...] = ()
    """Texts, as they are."""


class PairFacts(Part):
    """Two labels that are mixed up (`metrics.confusable_pairs`)."""

    first: str
    second: str
    weight: float
    examples: tuple[str, ...] = ()
    """Texts between the two."""


class Measure(Part):
    """A figure between -1 and 1; `value` is None where it was not measured, and `note` says why."""

    name: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    """95% interval."""
    n: int | None = None
    note: str = ""
    """What it means, or why it is missing."""


class StudentFacts(Part):
    """A small model and its scores on texts that it has not seen."""

    kind: str
    agreement: float | None = None
    """Share of unseen texts that it labels as the large model and the encoder did."""
    unseen: int = 0
    macro_f1: float | None = None
    ece: float | None = None
    """Expected calibration error."""
    seconds: float | None = None
    chosen: bool = False
    path: str = ""


class StageFacts(Part):
    """What a step spent; `seconds` are the model's, added up over parallel calls."""

    name: str
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    price: float = 0.0


class ConfusionFacts(Part):
    """An annotator's votes against the labels, or, where labels are many, its most frequent errors."""

    labels: tuple[str, ...] = ()
    """The k labels of `matrix`, in order."""
    matrix: tuple[tuple[float, ...], ...] = ()
    """[k, k]: where the row's label is right, how often the annotator votes for the column's."""
    errors: tuple[tuple[str, str, float], ...] = ()
    """(label, voted for, share of its votes on the label)."""


class AnnotatorFacts(Part):
    """Who labelled, and how well, as far as that can be estimated without gold."""

    name: str
    voted: int = 0
    """Documents that it voted on."""
    coverage: float = 0.0
    weight: float | None = None
    accuracy: float = 0.0
    kappa: float | None = None
    """Cohen's κ with the labels."""
    confusion: ConfusionFacts = ConfusionFacts()


class ErrorFacts(Part):
    """A document whose label is probably wrong."""

    text: str
    label: str
    better: str


class NoiseFacts(Part):
    """What is probably wrong with the labels."""

    rate: float
    """The estimated share of wrong labels."""
    found: int
    """Documents that stand out."""
    errors: tuple[ErrorFacts, ...] = ()
    """The first of them."""


class ExampleFacts(Part):
    """A document with its label."""

    text: str
    label: str
    confidence: float | None = None


class Frame(Part):
    """What the report of any run says."""

    title: str
    run: str
    """The id's beginning, as a person types it."""
    pipeline: str
    status: Literal["running", "finished", "stopped"]
    model: str
    started: float
    """Unix time."""
    seconds: float | None = None
    """From start to end by the clock."""
    documents: int = 0
    use_case: str = ""
    notes: tuple[str, ...] = ()
    """What a reader must know before trusting the rest: fallbacks, warnings."""
    stages: tuple[StageFacts, ...] = ()
    total: StageFacts = StageFacts(name="Total")
    """Each call counted once, though stages may share some."""
    failed: int = 0
    repaired: int = 0
    show_failed: str = ""
    """The command that lists what failed."""


class Facts(Frame):
    """Everything that the report of a taxonomy says."""

    categories: tuple[CategoryFacts, ...] = ()
    """In the taxonomy's order, one or two levels."""
    other: int = 0
    """Documents that no category fits."""
    pairs: tuple[PairFacts, ...] = ()
    coverage: float | None = None
    measures: tuple[Measure, ...] = ()
    gold: tuple[Measure, ...] = ()
    """Empty where no gold column was named."""
    method: str = ""
    """How votes became labels, and why so where limbeck chose."""
    annotators: tuple[AnnotatorFacts, ...] = ()
    noise: NoiseFacts | None = None
    """None where nobody has looked, or there were too few labels to tell."""
    show_errors: str = ""
    """The command that lists all labels that are probably wrong."""
    students: tuple[StudentFacts, ...] = ()
    examples: tuple[ExampleFacts, ...] = ()


# ---- ranked labels ---------------------------------------------------------------------------------------------------


class UsedFacts(Part):
    """A listed label and the documents that have it."""

    name: str
    count: int
    first: int = 0
    """Of them, those whose best label it is."""
    examples: tuple[str, ...] = ()
    """Texts of some of these."""


class SpokenFacts(Part):
    """A label of a document."""

    name: str
    score: float
    """About 0 to 1."""
    said: tuple[int, int] | str = ""
    """From where to where the document speaks for it, in characters; or the label that a model inferred; empty for neither."""


class RankingFacts(Part):
    """A document with its labels, the best first."""

    key: str
    text: str
    labels: tuple[SpokenFacts, ...] = ()
    inferred: tuple[str, ...] = ()
    """What a model guessed of it in its own words."""


class MissingFacts(Part):
    """A label that a model found documents to have, and that the list lacks."""

    name: str
    count: int
    near: str
    """The listed label that comes nearest."""
    similarity: float


class ScoreFacts(Part):
    """How good a ranking is, by gold."""

    name: str
    scores: tuple[tuple[str, float | None], ...]
    """(measure, figure in [0, 1]); the same measures for all that ranked."""
    documents: int = 0
    """That have gold."""
    unlisted: int = 0
    """Gold labels that are not on the list, which nothing could find."""


class FinderFacts(Part):
    """A student that ranks labels, and how it agrees with the ranking on texts held out (RP@10)."""

    kind: str
    agreement: float | None = None
    """None where no text was held out."""
    before: float | None = None
    """The same of the encoder as it was."""
    share: float | None = None
    """How much of what was learnt is applied."""
    chosen: bool = False
    path: str = ""


class RankedFacts(Frame):
    """Everything that the report of ranked labels says."""

    listed: int | None = None
    """Labels on the list; None before the run's end."""
    used: tuple[UsedFacts, ...] = ()
    """The most frequent labels, in that order."""
    others: int = 0
    """Further labels that documents have."""
    rankings: tuple[RankingFacts, ...] = ()
    """The first documents."""
    invented: int = 0
    """What a model named and nobody had offered."""
    missing: tuple[MissingFacts, ...] = ()
    gold: tuple[ScoreFacts, ...] = ()
    """Empty where no gold column was named."""
    finders: tuple[FinderFacts, ...] = ()


# ---- records of tables -----------------------------------------------------------------------------------------------


class AttributeFacts(Part):
    """An attribute, with what records say of it counted by status."""

    name: str
    said: dict[Status, int]


class TypeFacts(Part):
    """A record type."""

    name: str
    records: int
    tables: int
    """That have some."""
    attributes: tuple[AttributeFacts, ...] = ()

    def count(self, status: Status) -> int:
        """Values of a status."""
        return sum(one.said.get(status, 0) for one in self.attributes)


class TableFacts(Part):
    """A table and its records."""

    key: str
    document: str
    table: Table
    """Its first cells, where it has very many."""
    records: tuple[Extracted, ...] = ()
    """The first."""
    cells_left_out: int = 0
    records_left_out: int = 0


class DoubtFacts(Part):
    """What records of one table say alike, and may be wrong."""

    key: str
    document: str
    row: int
    """Of the first of these records; so are column, part and its value."""
    column: int
    part: int
    first: str
    records: int
    type: str
    value: Value


class ReaderFacts(Part):
    """A reading of the tables that voted."""

    name: str
    cells: int
    agreed: float
    """The share of these whose type it found."""


class ScoredFacts(Part):
    """A student and what was measured of it."""

    kind: str
    scores: tuple[tuple[str, float], ...] = ()
    chosen: bool = False
    path: str = ""


class RecordFacts(Frame):
    """Everything that the report of records says."""

    types: tuple[TypeFacts, ...] = ()
    """The most frequent first."""
    unread: int = 0
    """Values without a record."""
    tables: tuple[TableFacts, ...] = ()
    """The first of the input."""
    tables_left_out: int = 0
    doubts: tuple[DoubtFacts, ...] = ()
    """Those that stand nowhere in the source first."""
    doubted: int = 0
    """How many there are in all."""
    readers: tuple[ReaderFacts, ...] = ()
    """None where tables were read once."""
    scored: tuple[ScoredFacts, ...] = ()
