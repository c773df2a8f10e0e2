"""The data card of a student: what it was taught, by whom, how sure that is, and where to be careful.

A nutrition label in the spirit of Holland et al. 2018 (arXiv:1805.03677) and Chmielinski et al. 2022 (arXiv:2201.03954):
figures first, drawn small, no judgement that a figure does not carry. `CARD.md` is for people, `card.json` for programs.

`Source(file="tickets.csv", rows=1200)`
`Annotator(name="llm:smollm2-135m", kind="llm", votes=900, coverage=0.75, accuracy=0.61, weight=0.4, kappa=0.52)`
"""

import datetime
import html
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from pydantic import Field, NonNegativeInt, model_validator

from limbeck.agreement import Estimate, cohen_kappa
from limbeck.errors import StudentError
from limbeck.labelmodels import Aggregated
from limbeck.schemas import Record

MOST_ROWS = 40
"""Labels in the table; the others are counted together."""
MOST_NAMED = 3
BAR = 20
"""Characters of the longest bar."""
FEW_EXAMPLES, FEW_UNSEEN = 10, 100
LOW_KAPPA = 0.4
"""Below, agreement is at most fair (Landis and Koch 1977)."""
HIGH_NOISE, HIGH_LOSS, HIGH_ECE = 0.2, 0.2, 0.1

TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""They would turn the rest of a line round."""
SPECIAL = re.compile(r"[\\`*|~\[\]#!$]|(?<![^\W_])_|_(?![^\W_])")
"""What Markdown reads as more than text; an underscore inside of a word is but text."""

Share = float | None


class Source(Record):
    """A file that documents came from."""

    file: str
    rows: NonNegativeInt
    """Rows with a text in them."""


class Annotator(Record):
    """Somebody or something that voted."""

    name: str
    kind: str
    """`llm`, `encoder`, `rule`, `person`, …"""
    votes: NonNegativeInt
    """Documents voted on."""
    coverage: float
    """Their share of all documents."""
    accuracy: Share = None
    """Estimated from the votes alone."""
    weight: Share = None
    kappa: Share = None
    """Cohen's κ with the labels that the votes came to."""


class Size(Record):
    """A label's examples."""

    label: str
    count: NonNegativeInt
    """Documents that the student was taught it with."""
    noise: Share = None
    """The estimated share of those that should have another label."""


class Confusion(Record):
    """Documents that were probably given the wrong label."""

    given: str
    right: str
    documents: float


class Card(Record):
    """All that is known of a student's lessons.

    Raises:
        ValueError: The counts don't add up.
    """

    use_case: str
    date: datetime.date
    """Of the run."""
    kind: str
    """The student's: `logistic`, `lora`, …"""
    encoder: str
    licence: str | None = None
    """Of the encoder or model; None where it is not known."""
    languages: tuple[str, ...] = ()
    """That the encoder was made for; none where that is not known."""

    sources: tuple[Source, ...]
    skipped: tuple[str, ...] = ()
    """A sentence for each row or file that was left out."""
    duplicates: NonNegativeInt = 0
    """Rows whose text another row has, too."""
    documents: NonNegativeInt
    """Distinct texts."""
    taught: NonNegativeInt
    held_out: NonNegativeInt = 0
    """Documents to test on."""
    left_out: dict[str, NonNegativeInt] = Field(default_factory=dict)
    """Documents that taught nothing, by the reason: abstained, Other, likely error, below confidence, …"""

    annotators: tuple[Annotator, ...]
    agreement: Estimate | None = None
    """Mean κ of pairs of annotators."""
    method: str
    """The label model."""
    why: str = ""
    """Why it was chosen."""
    answers: dict[str, NonNegativeInt] = Field(default_factory=dict)
    """People's answers, by person."""

    labels: tuple[Size, ...]
    """Of the taught documents."""
    noise: Share = None
    """The estimated share of wrong labels."""
    confused: tuple[Confusion, ...] = ()

    unseen: NonNegativeInt = 0
    """Documents that the student was tested on."""
    unseen_agreement: Share = None
    """The share of them that it labels as the annotators did."""
    ece_before: Share = None
    """Expected calibration error as trained."""
    ece_after: Share = None
    """The same with temperature."""
    limits: tuple[str, ...] = ()
    """What to be careful about; see `limits`."""

    @model_validator(mode="after")
    def _adds_up(self) -> "Card":
        for what, parts, whole in (
            ("rows", self.duplicates + self.documents, sum(one.rows for one in self.sources)),
            ("documents", self.taught + self.held_out + sum(self.left_out.values()), self.documents),
            ("taught documents", sum(one.count for one in self.labels), self.taught),
        ):
            if parts != whole:
                raise ValueError(f"the parts of {whole!r} {what} add up to {parts!r}; count each of them once")
        return self


# ---- from a run's figures --------------------------------------------------------------------------------------------


def annotators_of(result: Aggregated, weights: Mapping[str, float] | None = None) -> tuple[Annotator, ...]:
    """What each annotator of a vote table did, and what a label model thinks of it."""
    table, chosen, found = result.table, result.chosen, []
    for place, name in enumerate(table.annotators):
        rows = np.flatnonzero(table.annotator == place)
        # Its surest label of an item comes last, the first of equals, and so is what stays.
        rows = rows[np.lexsort((-table.label[rows], table.share[rows]))]
        said = dict(zip(table.item[rows].tolist(), table.label[rows].tolist(), strict=True))
        found.append(
            Annotator(
                name=name,
                kind=name.partition(":")[0],
                votes=len(said),
                coverage=len(said) / max(1, len(table.items)),
                accuracy=float(result.accuracies[place]) if said else None,
                weight=None if weights is None else weights.get(name),
                kappa=cohen_kappa([str(label) for label in said.values()], [str(chosen[item]) for item in said]),
            )
        )
    return tuple(found)


def balance(labels: Sequence[str], given: Iterable[str], noise: Sequence[float] | None = None) -> tuple[Size, ...]:
    """Every label with its examples, the largest first.

    Args:
        labels: The k labels, those without an example included.
        given: The label of each taught document.
        noise: [k]: the estimated share of each label's examples that are wrong.
    """
    counts = Counter(given)
    sizes = [
        Size(label=label, count=counts[label], noise=None if noise is None else float(noise[place]))
        for place, label in enumerate(labels)
    ]
    return tuple(sorted(sizes, key=lambda size: (-size.count, size.label)))


def save(card: Card, folder: Path) -> Card:
    """Write `card.json` and `CARD.md` beside a student, with the limits that its figures show.

    Raises:
        StudentError: The folder can't be written.
    """
    card = card.model_copy(update={"limits": tuple(limits(card))})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        value = json.dumps(card.model_dump(mode="json"), indent=1, ensure_ascii=True)
        (folder / "card.json").write_text(value + "\n", "utf-8")
        (folder / "CARD.md").write_text(markdown(card), "utf-8")
    except OSError as error:
        raise StudentError(f"can't write a card to {str(folder)!r} ({error}); give another folder") from error
    return card


# ---- limits ----------------------------------------------------------------------------------------------------------


def limits(card: Card) -> list[str]:
    """What to be careful about: a sentence for each figure that asks for one."""
    return [
        "No true answers were read: accuracies are estimates, and agreement is with the annotators, not with the truth.",
        *_of_labels(card),
        *_of_annotators(card),
        *_of_student(card),
    ]


def _of_labels(card: Card) -> list[str]:
    few = [one for one in reversed(card.labels) if one.count < FEW_EXAMPLES]
    lost, found = card.documents - card.taught - card.held_out, []
    if few:
        named = ", ".join(f"{one.label} ({one.count})" for one in few[:MOST_NAMED])
        found.append(f"{len(few)} of {len(card.labels)} labels have fewer than {FEW_EXAMPLES} examples, such as {named}.")
    if card.noise is not None:
        if card.noise >= HIGH_NOISE:
            found.append(f"Probably {card.noise:.0%} of the labels are wrong.")
        found.append("Errors that the annotators make again and again are not in the noise estimate.")
    if card.documents and lost / card.documents >= HIGH_LOSS:
        found.append(f"{lost / card.documents:.0%} of the documents taught nothing; on others like them it may err more.")
    return found


def _of_annotators(card: Card) -> list[str]:
    voters, found = [one for one in card.annotators if one.votes], []
    pull = {one.name: one.coverage * (1.0 if one.weight is None else one.weight) for one in voters}
    strongest = max(pull, key=lambda name: pull[name], default="")
    if len(voters) == 1:
        found.append(f"All labels come from one annotator, {strongest}: the student learns its errors.")
    elif voters and pull[strongest] > sum(pull.values()) / 2:
        found.append(f"One annotator, {strongest}, outweighs all others together.")
    if card.agreement and card.agreement.value is not None and card.agreement.value < LOW_KAPPA:
        found.append(f"The annotators agree little with each other (mean κ {card.agreement.value:.2f}).")
    if not sum(card.answers.values()):
        found.append("No person has checked a label.")
    return found


def _of_student(card: Card) -> list[str]:
    found = []
    if card.unseen < FEW_UNSEEN:
        found.append(f"The student was tested on {card.unseen} documents, too few to tell much.")
    if card.ece_after is not None and card.ece_after > HIGH_ECE:
        found.append(f"Its probabilities are off by {100 * card.ece_after:.0f} points on average.")
    made_for = ", ".join(card.languages)
    found.append(
        f"The encoder was made for {made_for}; documents in other languages were not tried."
        if made_for
        else "Which languages the encoder was made for is not known."
    )
    if card.licence is None:
        found.append("The encoder's licence is not known; look it up before you pass the student on.")
    return found


# ---- as Markdown -----------------------------------------------------------------------------------------------------


def markdown(card: Card) -> str:
    """The card as GitHub-flavoured Markdown; whatever labels and names hold, each stays in its cell."""
    sections = {
        "": _table(("", ""), _glance(card)),
        "Limits": _list(card.limits or limits(card)),
        "Sources": _table(("File", "Rows"), [(one.file, f"{one.rows:,}") for one in card.sources]),
        "Skipped": _list(card.skipped),
        "What became of the documents": _table(("", "Documents", "Share"), _fate(card)),
        "Annotators": _table(
            ("Annotator", "Kind", "Votes", "Coverage", "Estimated accuracy", "Weight", "κ with the labels"),
            [
                (one.name, one.kind, f"{one.votes:,}", _percent(one.coverage), _percent(one.accuracy))
                + (_number(one.weight), _number(one.kappa))
                for one in card.annotators
            ],
        ),
        "People's answers": _table(("Person", "Answers"), [(name, f"{count:,}") for name, count in card.answers.items()]),
        "Labels": _table(("Label", "Examples", "Share", "Probably wrong", ""), _balance(card)),
        "Most confused": _table(
            ("Given", "Probably right", "Documents"),
            [(one.given, one.right, f"{one.documents:,.1f}") for one in card.confused],
        ),
    }
    parts = [f"## {title}\n\n{body}" if title else body for title, body in sections.items() if body]
    return "\n".join(["# Data card\n", *parts])


def _glance(card: Card) -> list[tuple[str, ...]]:
    kappa = card.agreement or Estimate(value=None)
    spread = f" ({kappa.low:.2f} to {kappa.high:.2f})" if kappa.low is not None and kappa.high is not None else ""
    return [
        ("Use case", card.use_case),
        ("Date of the run", card.date.isoformat()),
        ("Student", f"{card.kind} on {card.encoder}"),
        ("Licence of the encoder", card.licence or "not known"),
        ("Label model", f"{card.method}: {card.why}" if card.why else card.method),
        ("Agreement of annotators, mean κ", _number(kappa.value) + spread),
        ("Estimated share of wrong labels", _percent(card.noise)),
        ("Answers by people", f"{sum(card.answers.values()):,}"),
        (f"Agreement of the student on {card.unseen:,} unseen documents", _percent(card.unseen_agreement)),
        ("Calibration error before and after scaling", f"{_number(card.ece_before)}, {_number(card.ece_after)}"),
    ]


def _fate(card: Card) -> list[tuple[str, ...]]:
    """The documents by what became of them; the rows before the last add up to it."""
    counts = {"taught": card.taught, "held out to test on": card.held_out}
    rows = [*counts.items(), *((f"left out: {reason}", count) for reason, count in card.left_out.items())]
    rows.append(("all distinct documents", card.documents))
    told = [(what, f"{count:,}", _percent(count / card.documents if card.documents else None)) for what, count in rows]
    return [*told, ("duplicate rows besides", f"{card.duplicates:,}", "")]


def _balance(card: Card) -> list[tuple[str, ...]]:
    largest = max((one.count for one in card.labels), default=0)
    rows: list[tuple[str, ...]] = [
        (one.label, f"{one.count:,}", _share(one.count, card.taught), _percent(one.noise), _bar(one.count, largest))
        for one in card.labels[:MOST_ROWS]
    ]
    tail = card.labels[MOST_ROWS:]
    if tail:
        count = sum(one.count for one in tail)
        rows.append((f"{len(tail):,} more labels", f"{count:,}", _share(count, card.taught), "", ""))
    return rows


def _bar(count: int, largest: int) -> str:
    """As long as the count, and never nothing for something."""
    return "█" * max(int(count > 0), round(BAR * count / max(1, largest)))


def _share(count: int, whole: int) -> str:
    return _percent(count / whole if whole else None)


def _percent(value: Share) -> str:
    return "–" if value is None else f"{value:.1%}"


def _number(value: Share) -> str:
    return "–" if value is None else f"{value:.2f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table, or nothing where it has no rows."""
    lines = [head, ["---"] * len(head), *([_plain(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) if rows else ""


def _list(sentences: Iterable[str]) -> str:
    return "".join(f"- {_plain(sentence)}\n" for sentence in sentences)


def _plain(text: str) -> str:
    """Text on one line that means nothing to Markdown or HTML."""
    shown = "".join(" " if unicodedata.category(one) in ("Cc", "Cs") or one in TURNING else one for one in text)
    entities = html.escape(" ".join(shown.split()), quote=False)
    return SPECIAL.sub(r"\\\g<0>", entities)
