"""Which documents students are shown, and why the others are not."""

from dataclasses import dataclass

from limbeck.context import RunContext
from limbeck.schemas import OTHER, Document, content_id
from limbeck.stages.errors import errors
from limbeck.stages.labelling import answers


@dataclass(frozen=True)
class Parts:
    """The ids of a run's documents, each in one part, in the documents' order."""

    unlabelled: tuple[str, ...]
    other: tuple[str, ...]
    """Labelled `Other`: no label fits."""
    held_out: tuple[str, ...]
    """Kept for measuring."""
    doubted: tuple[str, ...]
    """Left out because their labels are probably wrong (`labels: errors: drop`)."""
    shown: tuple[str, ...]


def unseen(context: RunContext, documents: list[Document]) -> set[str]:
    """Documents with a label that no student is shown; drawn by id, so that new documents change nothing for old ones.

    What people have answered is worth most as a lesson and is not held out, as long as half of what was drawn is left to
    measure on.
    """
    # Nothing is measured on what was learnt: after answers, students begin anew, and every figure is taken anew on what is
    # then held out (`review.MADE_OF_LABELS`). A figure from before is of students that had not seen the answered documents.
    return _held(context, _drawn(context, documents))


def spared(context: RunContext, documents: list[Document]) -> set[str]:
    """Documents that were drawn for measuring and are lessons instead, as people have answered them."""
    drawn = _drawn(context, documents)
    return set(drawn) - _held(context, drawn)


def _held(context: RunContext, drawn: list[str]) -> set[str]:
    """Of the documents that were drawn, those that are held out."""
    told = answers(context, context.store.taxonomy(context.run).id)
    held = sorted(drawn, key=lambda item: item in told)  # Sorting keeps the order of those that are alike.
    free = sum(item not in told for item in drawn)
    return set(held[: max(free, -(-len(drawn) // 2))])


def _drawn(context: RunContext, documents: list[Document]) -> list[str]:
    """The share of the documents with a label that is drawn for measuring, by their places."""
    space, share = context.store.taxonomy(context.run).id, context.settings.student.held_out
    named = {one.item for one in context.store.labels(context.run, space) if one.label != OTHER}
    places = {one.id: _place(context, one) for one in documents if one.id in named}
    return sorted((item for item, place in places.items() if place < share), key=places.__getitem__)


def _place(context: RunContext, document: Document) -> float:
    """Where a document stands between 0 and 1, by chance and always the same."""
    return int(content_id([context.settings.seed, document.id])[3:11], 16) / 0x1_0000_0000


def parts(context: RunContext) -> Parts:
    """Part a run's documents by the labels that they have now."""
    documents, space = context.store.documents(context.run), context.store.taxonomy(context.run).id
    labels = {one.item: one.label for one in context.store.labels(context.run, space)}
    held, doubted = unseen(context, documents), _doubted(context, space)
    found: dict[str, list[str]] = {
        name: [] for name in ("unlabelled", "other", "held_out", "doubted", "shown")
    }
    for item in (one.id for one in documents):
        if item not in labels:
            part = "unlabelled"
        elif labels[item] == OTHER:
            part = "other"
        elif item in held:
            part = "held_out"
        else:
            part = "doubted" if item in doubted else "shown"
        found[part].append(item)
    return Parts(**{name: tuple(items) for name, items in found.items()})


def _doubted(context: RunContext, space: str) -> set[str]:
    """Documents whose labels are probably wrong, where such are dropped; never what a person has answered."""
    looked = errors(context) if context.settings.labels.errors == "drop" else None
    return {item for item, _, _ in looked.found} - answers(context, space).keys() if looked else set()
