"""A student's data card in its folder: `card.json` for programs, `CARD.md` for people."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar, cast

from pydantic import ValidationError

from limbeck.errors import NoCard, StudentError
from limbeck.schemas.card import Annotator, Card, Source
from limbeck.schemas.finder_card import FinderCard
from limbeck.schemas.page_card import PageCard
from limbeck.schemas.reader_card import ReaderCard

JSON, MARKDOWN = "card.json", "CARD.md"
NONE = "–"
Cards = Card | FinderCard | ReaderCard | PageCard
KINDS: dict[str, type[Cards]] = {"finder": FinderCard, "reader": ReaderCard, "pages": PageCard}
AnyCard = TypeVar("AnyCard", bound=Cards)


def write(card: Cards, folder: Path) -> None:
    """Write a card in both forms, in place of an older one.

    Raises:
        StudentError: The folder can't be written.
    """
    try:
        (folder / JSON).write_text(card.model_dump_json(indent=1) + "\n", "utf-8")
        (folder / MARKDOWN).write_text(markdown(card), "utf-8")
    except OSError as error:
        raise StudentError(
            f"can't write a card to {str(folder)!r} ({error.strerror}); make room and run again"
        ) from None


def read(folder: Path) -> Card:
    """The card in the folder of a student of a taxonomy.

    Raises:
        NoCard: There is none.
        StudentError: It is damaged, a finder's, or a later limbeck wrote it.
    """
    return _checked(Card, _text(folder), folder)


def read_any(folder: Path) -> Cards:
    """The card in any student's folder; raises as `read` does."""
    text = _text(folder)
    return _checked(_kind(text), text, folder)


def _text(folder: Path) -> str:
    try:
        return (folder / JSON).read_text("utf-8")
    except FileNotFoundError:
        raise NoCard(
            f"{str(folder)!r} holds no card (no {JSON!r}); type one of the folders in the project's "
            "`students`, or train an older student anew: limbeck run YOUR.yaml --project NEW"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(folder, error) from None


def _checked(schema: type[AnyCard], text: str, folder: Path) -> AnyCard:
    try:
        return cast(AnyCard, schema.model_validate_json(text))
    except ValidationError as error:
        raise _unreadable(folder, error) from None


def _unreadable(folder: Path, error: Exception) -> StudentError:
    first = str(error).splitlines()[0]
    return StudentError(f"the card in {str(folder)!r} can't be read ({first}); copy it anew, or train it again")


def _kind(text: str) -> type[Cards]:
    """Whose card it is: all but a taxonomy's say so by their version's name."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return Card
    names = said if isinstance(said, dict) else {}
    return next((kind for name, kind in KINDS.items() if isinstance(names.get(name), int)), Card)


def markdown(card: Cards) -> str:
    """The card as a Markdown document."""
    if isinstance(card, FinderCard):
        return _document(card.training.kind, card.use_case, _of_a_finder(card))
    if isinstance(card, ReaderCard):
        return _document(card.training.kind, card.use_case, _of_a_reader(card))
    if isinstance(card, PageCard):
        return _document(card.training.kind, card.use_case, _of_documents(card))
    sections = (
        ("Limits", [f"- {safe(sentence)}" for sentence in card.limits]),
        ("Source", _source(card.source)),
        ("Labels", _labels(card)),
        ("Annotators", _annotators(card)),
        ("Agreement", _agreement(card)),
        ("Noise", _noise(card)),
        ("Left out", _left_out(card)),
        ("Training", _training(card)),
    )
    return _document(card.training.kind, card.use_case, sections)


def _document(kind: str, use_case: str, sections: Iterable[tuple[str, Iterable[str]]]) -> str:
    head = f"# Data card\n\nA student of the kind {kind}. Its use case: {safe(use_case)}\n"
    return head + "".join(f"\n## {title}\n\n" + "\n".join(lines) + "\n" for title, lines in sections)


def safe(text: str) -> str:
    """A text on one line in which Markdown and HTML have no meaning."""
    line = " ".join(text.split())
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#&" else letter for letter in line)


def _source(source: Source) -> list[str]:
    lines = [
        f"- {safe(source.file)}: {source.rows:,} rows, {source.documents:,} distinct texts",
        f"- content: `{source.content}`",
    ]
    return lines + [f"- not read: {safe(one)}" for one in source.skipped]


def _labels(card: Card) -> list[str]:
    rows = ((safe(one.name), one.documents, one.shown, _percent(one.noise)) for one in card.labels)
    listed = _table(("label", "documents", "shown to students", "estimated to be wrong"), rows)
    return [*_how(card), "", *listed]


def _how(card: Card) -> list[str]:
    """How votes became labels; where several may apply, how the primary one and how all of them."""
    if card.applying is None:
        return [f"Labels were made of votes by {_by(card.method, card.why)}."]
    every = _by(card.applying.method, card.applying.why)
    return [
        f"- The primary label was made of votes by {_by(card.method, card.why)}.",
        f"- All labels that apply were made of votes by {every}.",
    ]


def _by(method: str, why: str) -> str:
    return f"`{method}`: {safe(why)}" if why else f"`{method}`"


def _annotators(card: Card) -> list[str]:
    heads = ("annotator", "kind", "documents", "coverage", "weight", "estimated accuracy", "κ with labels")
    rows = (
        (
            safe(a.name),
            a.kind,
            a.voted,
            _percent(a.coverage),
            _figure(a.weight),
            _figure(a.accuracy),
            _figure(a.kappa),
        )
        for a in card.annotators
    )
    told = "Accuracies are estimated by what all votes came to, not by gold."
    return [told, "", *_table(heads, rows), *_confusions(card.annotators)]


def _confusions(annotators: Sequence[Annotator]) -> list[str]:
    rows = [
        (safe(one.name), safe(error.label), safe(error.voted), _percent(error.share))
        for one in annotators
        for error in one.confusions
    ]
    return ["", *_table(("annotator", "label", "voted for", "share"), rows)] if rows else []


def _agreement(card: Card) -> list[str]:
    rows = [
        (safe(one.first), safe(one.second), _figure(one.kappa), one.documents) for one in card.agreement.pairs
    ]
    told = f"Fleiss' κ of all annotators: {_figure(card.agreement.fleiss)}"
    return [told, "", *_table(("annotator", "annotator", "Cohen's κ", "documents"), rows)] if rows else [told]


def _noise(card: Card) -> list[str]:
    if card.noise is None:
        return ["Too few labels to tell."]
    rows = [(safe(label), safe(better), f"{count:.1f}") for label, better, count in card.noise.confused]
    rate, found = _percent(card.noise.rate), card.noise.found
    told = f"{rate} of the labels are estimated to be wrong; {found:,} stand out."
    return [told, "", *_table(("label", "probably", "documents"), rows)] if rows else [told]


def _left_out(card: Card) -> list[str]:
    left = card.left_out
    kept = "" if card.errors == "drop" else " (such documents were kept)"
    return [
        f"- without a label: {left.unlabelled:,}",
        f"- that no label fits: {left.other:,}",
        f"- kept for measuring: {left.held_out:,}",
        f"- dropped, because their labels are probably wrong: {left.doubted:,}{kept}",
    ]


def _training(card: Card) -> list[str]:
    made = card.training
    some = made.thresholds
    applies = f", a label applies from {min(some):.2f} to {max(some):.2f}" if some else ""
    rows = ((safe(name), f"{figure:.3f}".removesuffix(".000")) for name, figure in made.metrics.items())
    best = ", the best of its run" if made.chosen else ""
    return [
        f"- {made.kind} on {safe(made.encoder)}, seed {made.seed}{best}",
        f"- lessons: {made.lessons:,}",
        f"- calibration: temperature {made.temperature:.2f}{applies}",
        "",
        "Scores are against held-out pseudo-labels, not against the truth.",
        "",
        *_table(("metric", "value"), rows),
    ]


# ---- of a finder -------------------------------------------------------------------------------------------


def _of_a_finder(card: FinderCard) -> tuple[tuple[str, list[str]], ...]:
    return (
        ("Limits", [f"- {safe(sentence)}" for sentence in card.limits]),
        ("Source", _source(card.source)),
        ("Labels", _listed(card)),
        ("Teachers", _teachers(card)),
        ("Training", _taught(card)),
    )


def _listed(card: FinderCard) -> list[str]:
    listed = card.listed
    lines = [f"- {safe(listed.file)}: {listed.labels:,} labels", f"- content: `{listed.content}`"]
    return lines + [f"- put right or left out: {safe(note)}" for note in listed.notes]


def _teachers(card: FinderCard) -> list[str]:
    by = card.ranked
    model = f"{safe(by.model)}, which chose labels of {by.ranked:,} of {card.source.documents:,} documents" if by.model else "no model"
    optimised = "; its prompts were optimised with gold labels" if by.optimised else ""
    return [f"- Labels were found by retrieval with {safe(by.encoder)}.", f"- They were put in order by {model}{optimised}."]


def _taught(card: FinderCard) -> list[str]:
    made = card.training
    best = ", the best of its run" if made.chosen else ""
    rows = ((name, f"{figure:.3f}") for name, figure in (("agreement", made.agreement), ("before", made.before)) if figure is not None)
    return [
        f"- {made.kind} on {safe(made.encoder)}, seed {made.seed}{best}",
        f"- documents shown: {made.shown:,}; held out: {made.held_out:,}",
        f"- texts that the model wrote for labels: {made.written:,}",
        f"- share of what was learnt that is applied: {made.share:.0%}",
        "",
        "Agreement is RP@10 with the run's own ranking on texts held out, not with the truth.",
        "",
        *_table(("metric", "value"), rows),
    ]


# ---- of a reader ---------------------------------------------------------------------------------------------


def _of_a_reader(card: ReaderCard) -> tuple[tuple[str, list[str]], ...]:
    return (
        ("Limits", [f"- {safe(sentence)}" for sentence in card.limits]),
        ("Source", _source(card.source)),
        ("Records", _records(card)),
        ("Training", _instruction(card)),
    )


def _records(card: ReaderCard) -> list[str]:
    by = card.read
    often = f", {by.readings} times each" if by.readings > 1 else ""
    return [
        f"- {safe(by.model)} read {by.tables:,} tables{often} and made {by.records:,} records; of {by.failed:,} values it made none",
        f"- schema: `{card.wanted.content}`",
        "",
        *_table(("type", "records"), ((safe(name), count) for name, count in card.wanted.types.items())),
        "",
        *_table(("what records say", "values"), by.values.items()),
    ]


def _instruction(card: ReaderCard) -> list[str]:
    made = card.training
    best = ", the best of its run" if made.chosen else ""
    return [
        f"- {made.kind} on {safe(made.base)}, seed {made.seed}{best}",
        f"- tables shown: {made.shown:,}, with {made.cells:,} values; held out: {made.held_out:,}",
        f"- agreement with its teacher on tables held out (micro F1, lenient): {_figure(made.agreement)}",
    ]


# ---- of a student of documents ---------------------------------------------------------------------------------


def _of_documents(card: PageCard) -> tuple[tuple[str, list[str]], ...]:
    return (
        ("Limits", [f"- {safe(sentence)}" for sentence in card.limits]),
        ("Source", _source(card.source)),
        ("Teachers", _voters(card)),
        ("Fields", _fields(card)),
        ("Training", _lessons(card)),
    )


def _voters(card: PageCard) -> list[str]:
    by = card.teachers
    often = f", {by.readings} times each" if by.readings > 1 else ""
    lines = [f"- {safe(by.model)} read {by.documents:,} documents{often}"] if by.model else ["- no model read"]
    lines += [f"- rules and layout voted: {safe(', '.join(by.rules))}"] if by.rules else []
    lines += [f"- files that could not be read: {by.unread:,}", f"- records: {by.records:,}"]
    return [*lines, "", *_table(("what records say", "values"), by.values.items())]


def _fields(card: PageCard) -> list[str]:
    sought = card.sought
    lines = [f"- {safe(sought.name)}: `{sought.content}`", *(f"- a sum that had to hold: {safe(one)}" for one in sought.checks)]
    heads = ("field", "kind", "documents shown with it", "without it", "left out as doubtful", "agreement (F1)")
    rows = ((safe(one.name), one.kind, one.shown, one.absent, one.doubtful, _figure(one.agreement)) for one in sought.fields)
    return [*lines, "", *_table(heads, rows)]


def _lessons(card: PageCard) -> list[str]:
    made = card.training
    best = ", the best of its run" if made.chosen else ""
    return [
        f"- {made.kind} on {safe(made.base)}, seed {made.seed}{best}",
        f"- documents shown: {made.shown:,}; held out: {made.held_out:,}",
        f"- agreement with its teachers on documents held out (micro F1): {_figure(made.agreement)}",
    ]


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield "| " + " | ".join(heads) + " |"
    yield "| " + " | ".join("---" for _ in heads) + " |"
    for row in rows:
        yield "| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row) + " |"


def _percent(share: float | None) -> str:
    return f"{share:.1%}" if share is not None else NONE


def _figure(value: float | None) -> str:
    return f"{value:.2f}" if value is not None else NONE
