"""What each pipeline reads, documents and others: checked before anything is written, and part of what a run is named by."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from limbeck.documents import read
from limbeck.errors import ConfigError
from limbeck.progress import Progress
from limbeck.schemas import Corpus
from limbeck.settings import Settings
from limbeck.stages import annotating, asked, documented, given, listed, tabled


@dataclass(frozen=True)
class Inputs:
    """One pipeline's."""

    read: Callable[[Settings], Corpus]
    """The documents."""
    check: Callable[[Settings, Progress], None]
    """Raises ConfigError for what can't be used."""
    labels: Callable[[Settings], Any]
    """The labels given, as JSON."""
    others: Callable[[Settings], Any]
    """Whatever else the outcome depends on, as JSON."""


def texts(settings: Settings) -> Corpus:
    """The texts that a config names."""
    named = settings.documents
    if named.context:
        raise ConfigError(f"`documents: context:` is not read by pipeline {settings.pipeline!r}; leave it out")
    return read(named.source, text=named.text, key=named.key, gold=named.gold, limit=named.limit)


INPUTS = {
    "taxonomy": Inputs(texts, annotating.check, given.written_down, annotating.written_down),
    "extreme": Inputs(texts, listed.check, listed.written_down, listed.others),
    "tables": Inputs(tabled.read, tabled.check, tabled.written_down, tabled.others),
    "documents": Inputs(documented.read, documented.check, documented.written_down, documented.others),
    "analysis": Inputs(asked.read, asked.check, asked.written_down, asked.others),
}
"""By the name that a config gives a pipeline."""
