"""`limbeck distill`: students for the records of a run that is over, as if its config had named them."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from limbeck.errors import ConfigError
from limbeck.progress import Progress
from limbeck.records.reading import read_schema
from limbeck.run import STORE, resting
from limbeck.schemas import Run, Student
from limbeck.settings import KINDS_OF, Settings
from limbeck.stages import reading_cells, recordmeasures
from limbeck.store import Store

PIPELINE = "tables"


def distill(project: Path, run: Run, kinds: Sequence[str], base: str | None, progress: Progress) -> list[Student]:
    """Train students of a run anew: those that it has, and those asked for.

    Args:
        project: Its folder.
        run: Of the pipeline `tables`.
        kinds: `cells`, `writer`; all of both where none is given.
        base: The causal model that a `writer` adapts; the config's where it isn't given.
        progress: What a person sees.

    Returns:
        The run's students, the best first.

    Raises:
        ConfigError: The run is another pipeline's, a kind is none of these, or the schema has changed since.
        StudentError, EngineError: A student can't be trained or served.
    """
    if run.pipeline != PIPELINE:
        raise ConfigError(f"run {run.id!r} is of pipeline {run.pipeline!r}, which trains students itself; type: limbeck run YOUR.yaml")
    if unknown := set(kinds) - set(KINDS_OF[PIPELINE]):
        raise ConfigError(f"no student {min(unknown)!r}; type --kind with one of: {', '.join(KINDS_OF[PIPELINE])}")
    settings, path = Settings.model_validate_json(run.config), project / STORE
    with Store.open(path) as store:
        there = {one.kind for one in store.students(run.id)}
        wanted = store.record_schema(run.id)
    source = settings.records.source if settings.records else ""
    # The pattern of the values isn't the file's, but the config's.
    if not wanted or wanted.model_copy(update={"targets": None}) != read_schema(source):
        raise ConfigError(f"the schema {source!r} has changed since the run; type: limbeck run YOUR.yaml")
    chosen = [kind for kind in KINDS_OF[PIPELINE] if kind in {*there, *(kinds or KINDS_OF[PIPELINE])}]
    student = settings.student.model_copy(update={"kinds": tuple(chosen), **({"base": base} if base else {})})
    settings = settings.model_copy(update={"student": student, "project": str(project)})
    with resting(run.id, settings, path, progress) as context:
        context.store.forget(run.id, [reading_cells.STEP])
        asyncio.run(reading_cells.distil(context))
        asyncio.run(recordmeasures.measure(context))
        return context.store.students(run.id)
