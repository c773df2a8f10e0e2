"""`limbeck distill`: students for the records of a run that is over, as if its config had named them."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from limbeck.context import RunContext
from limbeck.errors import ConfigError
from limbeck.fields.reading import read_fields
from limbeck.fields.recording import as_schema
from limbeck.progress import Progress
from limbeck.records.reading import read_schema
from limbeck.run import STORE, resting
from limbeck.schemas import Run, Student
from limbeck.schemas.extraction import RecordSchema
from limbeck.settings import KINDS_OF, Settings
from limbeck.stages import fieldmeasures, page_students, reading_cells, recordmeasures
from limbeck.store import Store

Stage = Callable[[RunContext], Coroutine[Any, Any, None]]


class Distilled(NamedTuple):
    """How a pipeline distils."""

    step: str
    distil: Stage
    measure: Stage
    read: Callable[[str], RecordSchema]
    """What a config's source asks for now."""


PIPELINES = {
    "tables": Distilled(reading_cells.STEP, reading_cells.distil, recordmeasures.measure, read_schema),
    "documents": Distilled(page_students.STEP, page_students.distil, fieldmeasures.measure, lambda source: as_schema(read_fields(source))),
}


def distill(project: Path, run: Run, kinds: Sequence[str], base: str | None, progress: Progress) -> list[Student]:
    """Train students of a run anew: those that it has, and those asked for.

    Args:
        project: Its folder.
        run: Of the pipeline `tables` or `documents`.
        kinds: `cells` or `tagger`, `writer`; all that its pipeline knows where none is given.
        base: The causal model that a `writer` adapts; the config's where it isn't given.
        progress: What a person sees.

    Returns:
        The run's students, the best first.

    Raises:
        ConfigError: The run is another pipeline's, a kind is none of these, or the schema has changed since.
        StudentError, EngineError: A student can't be trained or served.
    """
    pipeline = PIPELINES.get(run.pipeline)
    if pipeline is None:
        teaches = "trains students itself" if KINDS_OF[run.pipeline] else "has no students; its script answers without a model"
        raise ConfigError(f"run {run.id!r} is of pipeline {run.pipeline!r}, which {teaches}; type: limbeck run YOUR.yaml")
    known = KINDS_OF[run.pipeline]
    if unknown := set(kinds) - set(known):
        raise ConfigError(f"no student {min(unknown)!r}; type --kind with one of: {', '.join(known)}")
    settings, path = Settings.model_validate_json(run.config), project / STORE
    with Store.open(path) as store:
        there = {one.kind for one in store.students(run.id)}
        wanted = store.record_schema(run.id)
    _check(wanted, pipeline, settings)
    chosen = [kind for kind in known if kind in {*there, *(kinds or known)}]
    student = settings.student.model_copy(update={"kinds": tuple(chosen), **({"base": base} if base else {})})
    settings = settings.model_copy(update={"student": student, "project": str(project)})
    with resting(run.id, settings, path, progress) as context:
        context.store.forget(run.id, [pipeline.step])
        asyncio.run(pipeline.distil(context))
        asyncio.run(pipeline.measure(context))
        return context.store.students(run.id)


def _check(wanted: RecordSchema | None, pipeline: Distilled, settings: Settings) -> None:
    """Raise where a config asks for something else than its run did."""
    section = settings.records or settings.fields
    source = section.source if section else ""
    # The pattern of the values isn't the file's, but the config's.
    if not wanted or wanted.model_copy(update={"targets": None}) != pipeline.read(source):
        raise ConfigError(f"the schema {source!r} has changed since the run; type: limbeck run YOUR.yaml")
