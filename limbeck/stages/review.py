"""Review: people are asked about the documents where an answer is worth most; their answers are votes like any other."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from limbeck.asking import choose
from limbeck.context import RunContext
from limbeck.schemas import PEOPLE, Document, Vote
from limbeck.stages.errors import errors
from limbeck.stages.labelling import answers, believed, relabel

MADE_OF_LABELS = ("train", "measures", "measure/accuracy", "measure/relevance")
"""Steps that have to be done anew when labels change; likely errors as well, but not before the run goes on (`run.py`), as
a session asks about them."""


@dataclass(frozen=True)
class Question:
    """A document, and what is believed of it so far."""

    document: Document
    guesses: tuple[tuple[str, float], ...]
    """Every label with its share of the votes, the likeliest first."""


def questions(context: RunContext, count: int, skipped: frozenset[str] = frozenset()) -> list[Question]:
    """The documents to ask about next.

    Args:
        context: A run that has labels.
        count: How many at most.
        skipped: Ids of documents that the person would not decide.
    """
    documents, taxonomy = context.store.documents(context.run), context.store.taxonomy(context.run)
    names, told = taxonomy.names, answers(context, taxonomy.id)
    shares = believed(context, taxonomy.id, [one.id for one in documents], names)
    seen = [row for row, one in enumerate(documents) if one.id in told or one.id in skipped]
    wrong = {item for item, _, _ in found.found} if (found := errors(context)) else set()
    suspected = [row for row, one in enumerate(documents) if one.id in wrong]
    rows = choose(context.embed(documents), shares, seen, count, context.settings.seed, suspected)
    return [Question(documents[row], _ranked(names, shares[row])) for row in rows]


def _ranked(names: tuple[str, ...], shares: np.ndarray[tuple[int], np.dtype[np.float32]]) -> tuple[tuple[str, float], ...]:
    order = np.argsort(-shares, kind="stable")
    return tuple((names[place], float(shares[place])) for place in order)


def record(context: RunContext, person: str, said: Mapping[str, str]) -> None:
    """Keep a person's answers: a label, or `Other`, by document id.

    The run is then to be run again, and so is every other that labels with the same taxonomy: they share the votes.
    """
    store, space, name = context.store, context.store.taxonomy(context.run).id, PEOPLE + person
    for run in store.runs_of(space):
        if run.status != "reviewed":
            store.forget(run.id, MADE_OF_LABELS)
            store.put([run.model_copy(update={"status": "reviewed"})])
            store.flush()
    for kind in ("", "/all"):
        votes = [Vote(item=item, space=space + kind, annotator=name, label=label) for item, label in said.items()]
        store.put_votes(space + kind, name, votes)


def withdraw(context: RunContext, person: str, item: str) -> None:
    """Take a person's answer on a document back."""
    space = context.store.taxonomy(context.run).id
    for kind in ("", "/all"):
        context.store.put_votes(space + kind, PEOPLE + person, [], [item])


def learn(context: RunContext) -> None:
    """Label all documents anew with what was answered; students learn when the run is run again."""
    taxonomy = context.store.taxonomy(context.run)
    relabel(context, taxonomy.leaves, context.store.documents(context.run), taxonomy.id)
