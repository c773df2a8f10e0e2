"""Folders of students that read tables: which kind one holds, and either kind as something that reads.

A `cells` student's folder has a `student.json`, a `writer`'s a `writer.json` and a PEFT adapter.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from limbeck.records.answers import Said
from limbeck.schemas.extraction import RecordSchema
from limbeck.schemas.tables import Table, Target
from limbeck.students import cell_reader, writer
from limbeck.students.loading import told
from limbeck.students.student import MANIFEST
from limbeck.students.writer_files import is_writer, read_writer
from limbeck.students.writer_serving import NAME, writing

Read = Callable[[Table, Sequence[Target]], Awaitable[list[tuple[Said, float]]]]
"""The record of each value of a table, and how sure its reader is of the type, in [0, 1]."""


def is_cell_reader(folder: Path) -> bool:
    """Whether a folder holds a student that reads tables."""
    return is_writer(folder, RecordSchema) or "cells" in told(folder / MANIFEST)


@asynccontextmanager
async def opened(folder: Path, log: Path) -> AsyncIterator[tuple[RecordSchema, Read]]:
    """What a student of either kind was taught to read, and how it reads; a `writer` is served by vLLM meanwhile.

    Args:
        folder: The student's.
        log: Where vLLM's output goes.

    Raises:
        StudentError: The folder is damaged, or a later limbeck wrote it.
        ConfigError: Its encoder can't be loaded here.
        EngineError: vLLM is not installed or does not start.
    """
    if is_writer(folder, RecordSchema):
        schema, base = read_writer(folder, RecordSchema)
        async with writing(base, folder, log) as send:
            yield schema, partial(writer.read, send, NAME, schema)
        return
    reader = cell_reader.load(folder)

    async def at_once(table: Table, targets: Sequence[Target]) -> list[tuple[Said, float]]:
        return reader.read(table, targets)

    yield reader.schema, at_once
