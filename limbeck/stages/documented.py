"""What the pipeline `documents` reads: files, the set of fields that are wanted of them, and claims."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from limbeck import serving
from limbeck.claims import read_claims
from limbeck.context import RunContext
from limbeck.errors import ConfigError
from limbeck.fields import checking
from limbeck.fields.reading import read_fields
from limbeck.pages import sources
from limbeck.pages.ocr import open_engine
from limbeck.progress import Progress
from limbeck.schemas import Corpus
from limbeck.schemas.fields import FieldSet
from limbeck.sections import EMBEDDED
from limbeck.settings import Settings


def read(settings: Settings) -> Corpus:
    """The documents that a config names.

    Raises:
        DocumentsError, ConfigError: They can't be read.
    """
    _read.cache_clear()  # A field set that was edited meanwhile makes another run.
    where = settings.documents
    for key in ("gold", "context"):
        if getattr(where, key):
            raise ConfigError(f"`documents: {key}:` is not read by pipeline 'documents'; leave it out")
    return sources.read(str(Path(where.source).absolute()), text=where.text, key=where.key, limit=where.limit)


def fields_of(settings: Settings) -> FieldSet:
    """What a config wants of documents, read once.

    Raises:
        ConfigError: It names nothing, or it can't be read.
    """
    if settings.fields is None:
        raise ConfigError(f"pipeline {settings.pipeline!r} has no fields; write `pipeline: documents` and `fields: {{source: receipt}}`")
    return _read(settings.fields.source)


@lru_cache(maxsize=1)
def _read(source: str) -> FieldSet:
    return read_fields(source)


def wanted(context: RunContext) -> FieldSet:
    """What a run wants of documents."""
    return fields_of(context.settings)


def check(settings: Settings, progress: Progress) -> None:
    """Whether fields, checks, claims and students can be used.

    Raises:
        ConfigError: One of them can't; nothing was written.
    """
    checking.parsed(fields_of(settings))
    if settings.read.see != "text" and settings.model.name == EMBEDDED:
        raise ConfigError(f"the model {EMBEDDED!r} can't see; write `read: {{see: text}}`, or name a model that sees in `model:`")
    if settings.claims:
        read_claims(settings.claims)
    if "writer" in settings.kinds:
        serving.check(settings.student.base)
    open_engine(settings.pages.engine, settings.pages.languages)


def written_down(settings: Settings) -> Any:
    """The fields, as what a run is named by."""
    return fields_of(settings).model_dump(mode="json")


def others(settings: Settings) -> Any:
    """What was claimed, which the outcome depends on, too."""
    return [one.model_dump(mode="json") for one in read_claims(settings.claims)] if settings.claims else []
