"""What programs learn from and are compared by: documents whose labels are known, no document in both parts."""

import random
from dataclasses import dataclass

from limbeck.errors import ConfigError
from limbeck.retrieval.labelset import LabelSet
from limbeck.schemas import Corpus, Document, content_id
from limbeck.settings import Settings


@dataclass(frozen=True)
class Labelled:
    """A document and the labels that it truly has."""

    document: Document
    gold: tuple[str, ...]
    """Names as they are on the list, at least one."""


@dataclass(frozen=True)
class Examples:
    """The documents with gold, drawn."""

    train: tuple[Labelled, ...]
    validation: tuple[Labelled, ...]
    without_gold: int
    """Documents left out because no label of the list is given for them."""
    unlisted: int
    """Gold labels, each counted on every document, that are not on the list; left out."""

    @property
    def parts(self) -> tuple[tuple[Labelled, ...], tuple[Labelled, ...]]:
        """What is learned from, and what programs are compared by."""
        return self.train, self.validation

    @property
    def id(self) -> str:
        """Named by its content."""
        return content_id([[[one.document.id, *one.gold] for one in part] for part in self.parts])


def draw(settings: Settings, corpus: Corpus, labels: LabelSet) -> Examples:
    """Draw by the config's seed.

    Raises:
        ConfigError: No column of gold is named, or too few documents have any.
    """
    if not settings.documents.gold:
        raise ConfigError(
            f"no labels to learn from in {settings.documents.source!r}; name the column with documents' true labels: "
            "`documents: {gold: …}`"
        )
    labelled, without, unlisted = _labelled(corpus, labels)
    wanted = settings.optimize
    if len(labelled) <= wanted.train:
        raise ConfigError(
            f"{len(labelled)!r} documents of {settings.documents.source!r} have labels of the list, too few for "
            f"{wanted.train!r} to learn from and others to compare programs by; label more, or write a smaller "
            "`optimize: {train: …}`"
        )
    random.Random(settings.seed).shuffle(labelled)
    cut = wanted.train, wanted.train + wanted.validation
    return Examples(tuple(labelled[: cut[0]]), tuple(labelled[cut[0] : cut[1]]), without, unlisted)


def _labelled(corpus: Corpus, labels: LabelSet) -> tuple[list[Labelled], int, int]:
    """The documents with gold that is on the list; how many have none; how much gold is not on it.

    A document in several places has the labels of all of them.
    """
    said: dict[str, dict[str, None]] = {one.id: {} for one in corpus.documents}
    for place in corpus.places:
        said[place.document].update(dict.fromkeys(labels.spelt(place.gold or "")))
    listed = {id: tuple(label for label in gold if label in labels.rows) for id, gold in said.items()}
    unlisted = sum(label not in labels.rows for gold in said.values() for label in gold)
    found = [Labelled(one, listed[one.id]) for one in corpus.documents if listed[one.id]]
    return found, len(corpus.documents) - len(found), unlisted
