"""The data card of a finder: the facts of its run, gathered when it is trained, and its limits, stated plainly."""

from collections.abc import Iterator
from pathlib import Path

from limbeck.context import RunContext
from limbeck.limits import many
from limbeck.schemas.finder_card import FinderCard, ListedLabels, RankedBy, Taught
from limbeck.stages.card import bare, source
from limbeck.stages.listed import label_set, priors
from limbeck.stages.ranking import mode, ranked, ranker
from limbeck.stages.writing import written
from limbeck.students.finder import RANKED, Finder

FEW = 100
"""Texts below which a finder has hardly learnt anything that is general."""


def finder_card(context: RunContext, finder: Finder, chosen: bool, lessons: int, held_out: int) -> FinderCard:
    """The card of one finder.

    Args:
        context: Its run.
        finder: As it was taught.
        chosen: Whether it is the best of its run.
        lessons: Texts that it was shown, those that a model wrote included.
        held_out: Texts that it was not shown.
    """
    card = FinderCard(
        use_case=context.settings.use_case,
        source=source(context),
        listed=_listed(context),
        ranked=_ranked(context),
        training=_taught(context, finder, chosen, lessons, held_out),
    )
    return card.model_copy(update={"limits": tuple(_limits(card))})


def _listed(context: RunContext) -> ListedLabels:
    labels, (_, lost) = label_set(context.settings), priors(context.settings)
    file = context.settings.labelset.source if context.settings.labelset else ""
    # A sentence begins with the file as it was given.
    notes = tuple(": ".join(sentence.rsplit(": ", 2)[-2:]) for sentence in (*labels.notes, *lost))
    return ListedLabels(file=Path(file).name, content=labels.id, labels=len(labels), notes=notes)


def _ranked(context: RunContext) -> RankedBy:
    asked = mode(context) != "never"
    return RankedBy(
        encoder=bare(context, context.settings.retrieval.encoder),
        model=bare(context, ranker(context).settings.model.name) if asked else "",
        ranked=sum(one.chosen > 0 for one in ranked(context).values()),
        optimised=asked and context.settings.program is not None,
    )


def _taught(context: RunContext, finder: Finder, chosen: bool, lessons: int, held_out: int) -> Taught:
    texts, settings = len(written(context)), context.settings
    encoder = settings.student.encoder if finder.kind == "lora" else settings.retrieval.encoder
    return Taught(
        kind=finder.kind,
        encoder=bare(context, encoder),
        seed=settings.seed,
        shown=lessons - texts,
        held_out=held_out,
        written=texts,
        chosen=chosen,
        agreement=finder.metrics.get("agreement"),
        before=finder.metrics.get("before"),
        share=finder.metrics["share"],
    )


def _limits(card: FinderCard) -> Iterator[str]:
    """One sentence for each thing that a user of the student must know."""
    yield from _scores(card)
    yield from _teachers(card)
    yield from _lessons(card)
    yield f"It gives every text the {min(RANKED, card.listed.labels)} nearest labels of its list, also one that none of them fits."
    yield "Its scores are similarities, not probabilities, and no score tells where the labels that apply end."
    yield "The languages of the texts were not checked; on others than it was shown, nothing is known of it."


def _scores(card: FinderCard) -> Iterator[str]:
    if card.training.agreement is None:
        yield "No text was held out: it has no scores, and how much of what it learnt helps is not known."
    else:
        yield "Its scores are agreement with the run's own ranking on texts held out, not with the truth."
    if not card.training.share:
        yield "Nothing that it learnt helped on texts held out: it ranks as the encoder did before."


def _teachers(card: FinderCard) -> Iterator[str]:
    by = card.ranked
    if not by.model:
        yield "Labels were found and ordered by retrieval alone; no model and no person has checked one."
    else:
        yield f"{by.model} chose labels of {by.ranked:,} of {many(card.source.documents, 'document')}; no person has checked one."
    if by.optimised:
        yield "Gold labels were used to optimise the prompts of the model that ranked."
    else:
        yield "No gold label was used, neither to train it nor for a figure here."


def _lessons(card: FinderCard) -> Iterator[str]:
    texts = card.training.shown + card.training.written
    if texts < FEW:
        yield f"It was taught by {many(texts, 'text')}, which is little for {many(card.listed.labels, 'label')}."
