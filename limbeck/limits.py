"""A student's limits, stated plainly from the facts of its data card."""

from collections.abc import Callable, Iterator

from limbeck.schemas.card import Card
from limbeck.students.student import TUNED

FEW_TEXTS = 10
"""Documents below which a label is hardly learnt."""
LITTLE = 0.2
"""κ below which agreement is but slight (Landis and Koch 1977)."""
NOISY = 0.1
"""Share of wrong labels that is said aloud."""
UNEVEN = 10
"""How many times the smallest label the largest is, from which sizes are called uneven."""
MOST_NAMED = 8


def limits(card: Card) -> tuple[str, ...]:
    """One sentence for each thing that a user of the student must know."""
    return tuple(sentence for find in LIMITS for sentence in find(card))


def _scores(card: Card) -> Iterator[str]:
    yield "Its scores are agreement with held-out pseudo-labels, not with the truth."
    if any(one.kind == "examples" for one in card.annotators):
        yield "Labelled examples voted; no other gold label was used, neither to train it nor for a figure here."
    else:
        yield "No gold label was used, neither to train it nor for a figure here."


def _people(card: Card) -> Iterator[str]:
    people = [one for one in card.annotators if one.kind == "person"]
    if not people:
        yield "No person has checked a label."
    else:
        given = sum(one.voted for one in people)
        answers, documents = many(given, "answer"), many(card.source.documents, "document")
        yield f"People gave {answers} on {documents}; the other labels are unchecked."


def _measured(card: Card) -> Iterator[str]:
    if card.training.spared:
        taught = f"{many(card.training.spared, 'answered text')} that had been drawn for measuring"
        hard = "people are asked about hard texts, so the agreement that its run reports is measured on clearer ones"
        yield f"Students were taught {taught}; {hard}."


def _annotators(card: Card) -> Iterator[str]:
    machines = [one for one in card.annotators if one.kind != "person"]
    if len(machines) == 1:
        yield f"All labels come from {machines[0].name}, so nothing tells how often it errs."
    for pair in card.agreement.pairs:
        if pair.kappa is not None and pair.kappa < LITTLE:
            yield f"{pair.first} and {pair.second} agree little (κ {pair.kappa:.2f})."


def _noise(card: Card) -> Iterator[str]:
    if card.noise is None:
        yield "There are too few labels to estimate how many of them are wrong."
    elif card.noise.rate >= NOISY:
        wrong = f"{card.noise.rate:.0%} of the labels are estimated to be wrong"
        yield f"About {wrong}; errors made again and again come on top."
    else:
        yield "Errors that annotators make again and again are not in the noise estimate."


def many(count: int, what: str) -> str:
    """A count with its word."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _labels(card: Card) -> Iterator[str]:
    few = [one for one in card.labels if one.shown < FEW_TEXTS]
    if few:
        yield f"Labels taught by fewer than {FEW_TEXTS} texts: {_named([one.name for one in few])}."
    noisy = [
        one.name for one in card.labels if (one.noise or 0.0) >= 2 * NOISY and one.documents >= FEW_TEXTS
    ]
    if noisy:
        yield f"Labels of which a fifth or more is estimated to be wrong: {_named(noisy)}."
    sizes = [one.documents for one in card.labels]
    if sizes and max(sizes) >= UNEVEN * max(1, min(sizes)):
        largest, smallest = f"{max(sizes):,}", f"{min(sizes):,}"
        yield f"Sizes are uneven: the largest label has {largest} documents, the smallest {smallest}."


def _named(names: list[str]) -> str:
    listed = ", ".join(repr(name) for name in names[:MOST_NAMED])
    return f"{listed} and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else listed


def _use(card: Card) -> Iterator[str]:
    none = (
        f"; of its own documents that is {many(card.left_out.other, 'text')}" if card.left_out.other else ""
    )
    if card.applying and card.training.thresholds:
        yield f"Its primary label is always one of its labels, also for a text that none of them fits{none}."
        yield "Which labels apply is decided by a threshold for each, and may be none or several of them."
    else:
        yield f"It always gives one of its labels, also to a text that none of them fits{none}."
    yield f"It reads no more than the first {card.training.max_tokens} tokens of a text."
    yield "The languages of the texts were not checked; on others than it was shown, nothing is known of it."
    if card.training.kind in TUNED:
        yield "Its folder holds a vector of each text that it learnt from; words of a text can be guessed from one."
    if not card.training.metrics.get("held_out"):
        yield "No lesson was held out: it has no scores, and its probabilities are not calibrated."


LIMITS: tuple[Callable[[Card], Iterator[str]], ...] = (
    _scores,
    _people,
    _measured,
    _annotators,
    _noise,
    _labels,
    _use,
)
