"""What the pipeline `tables` reads: tables, and the schema of the records that are wanted."""

from functools import lru_cache
from typing import Any

from limbeck import serving
from limbeck.context import RunContext
from limbeck.errors import ConfigError
from limbeck.progress import Progress
from limbeck.records.checking import notes
from limbeck.records.reading import read_schema
from limbeck.schemas import Corpus
from limbeck.schemas.extraction import RecordSchema
from limbeck.schemas.tables import Table, Target
from limbeck.settings import Settings
from limbeck.tables import reading
from limbeck.tables.targets import targets


def read(settings: Settings) -> Corpus:
    """The tables that a config names.

    Raises:
        DocumentsError, ConfigError: They can't be read.
    """
    _read.cache_clear()  # A schema that was edited meanwhile makes another run.
    where = settings.documents
    if where.gold:
        raise ConfigError("`documents: gold:` is not read by pipeline 'tables'; leave it out")
    return reading.read(where.source, table=where.text, context=where.context, key=where.key, limit=where.limit)


def schema_of(settings: Settings) -> RecordSchema:
    """What a config wants of tables: its schema, read once, of the values that it names.

    Raises:
        ConfigError: It names none, or it can't be read.
    """
    if settings.records is None:
        raise ConfigError(f"pipeline {settings.pipeline!r} has no schema; write `pipeline: tables` and `records:`")
    return _read(settings.records.source).model_copy(update={"targets": settings.records.targets})


@lru_cache(maxsize=1)
def _read(source: str) -> RecordSchema:
    return read_schema(source)


def check(settings: Settings, progress: Progress) -> None:
    """Whether the schema and the pattern of targets can be used; says what of the schema is probably a mistake.

    Raises:
        ConfigError: One of them can't; nothing was written.
    """
    schema = schema_of(settings)
    for note in notes(schema):
        progress.note(f"schema: {note}")
    targets(Table(format="csv", rows=0, columns=0, cells=()), schema.targets)
    if "writer" in settings.kinds:
        serving.check(settings.student.base)


def written_down(settings: Settings) -> Any:
    """The schema, as what a run is named by; its descriptions are in it, as the model reads them."""
    return schema_of(settings).model_dump(mode="json", exclude={"targets"})  # Those stand in the config.


def others(settings: Settings) -> list[str]:
    """Whatever else the outcome depends on; nothing."""
    return []


def cells(context: RunContext, table: Table) -> list[Target]:
    """The values of a table that become records."""
    return targets(table, schema_of(context.settings).targets)


def tables(context: RunContext) -> dict[str, Table]:
    """A run's tables, by their documents' ids."""
    return {one.id: reading.table_of(one.text) for one in context.store.documents(context.run)}
