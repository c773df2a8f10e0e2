"""What a report says of a run: frozen records that `reporting.py` fills and `report.py` draws."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


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


class Facts(Part):
    """Everything that the report says."""

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
    stages: tuple[StageFacts, ...] = ()
    total: StageFacts = StageFacts(name="Total")
    """Each call counted once, though stages may share some."""
    failed: int = 0
    repaired: int = 0
    show_failed: str = ""
    """The command that lists what failed."""
    examples: tuple[ExampleFacts, ...] = ()
