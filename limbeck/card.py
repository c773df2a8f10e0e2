"""A student's data card in its folder: `card.json` for programs, `CARD.md` for people."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from limbeck.errors import NoCard, StudentError
from limbeck.schemas.card import Annotator, Card

JSON, MARKDOWN = "card.json", "CARD.md"
NONE = "–"


def write(card: Card, folder: Path) -> None:
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
    """The card in a student's folder.

    Raises:
        NoCard: There is none.
        StudentError: It is damaged, or a later limbeck wrote it.
    """
    try:
        return Card.model_validate_json((folder / JSON).read_text("utf-8"))
    except FileNotFoundError:
        raise NoCard(
            f"{str(folder)!r} holds no card (no {JSON!r}); type one of the folders in the project's "
            "`students`, or train an older student anew: limbeck run YOUR.yaml --project NEW"
        ) from None
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        first = str(error).splitlines()[0]
        raise StudentError(
            f"the card in {str(folder)!r} can't be read ({first}); copy it anew, or train it again"
        ) from None


def markdown(card: Card) -> str:
    """The card as a Markdown document."""
    sections = (
        ("Limits", [f"- {safe(sentence)}" for sentence in card.limits]),
        ("Source", _source(card)),
        ("Labels", _labels(card)),
        ("Annotators", _annotators(card)),
        ("Agreement", _agreement(card)),
        ("Noise", _noise(card)),
        ("Left out", _left_out(card)),
        ("Training", _training(card)),
    )
    head = f"# Data card\n\nA student of the kind {card.training.kind}. Its use case: {safe(card.use_case)}\n"
    return head + "".join(f"\n## {title}\n\n" + "\n".join(lines) + "\n" for title, lines in sections)


def safe(text: str) -> str:
    """A text on one line in which Markdown and HTML have no meaning."""
    line = " ".join(text.split())
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#&" else letter for letter in line)


def _source(card: Card) -> list[str]:
    source = card.source
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


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield "| " + " | ".join(heads) + " |"
    yield "| " + " | ".join("---" for _ in heads) + " |"
    for row in rows:
        yield "| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row) + " |"


def _percent(share: float | None) -> str:
    return f"{share:.1%}" if share is not None else NONE


def _figure(value: float | None) -> str:
    return f"{value:.2f}" if value is not None else NONE
