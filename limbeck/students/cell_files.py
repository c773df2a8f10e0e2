"""Folders of students that read tables: which kind one holds, and either kind as something that reads.

A `cells` student's folder has a `student.json`, a `writer`'s a `writer.json` and a PEFT adapter.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from limbeck.records.answers import Said
from limbeck.schemas.extraction import RecordSchema
from limbeck.schemas.tables import Table, Target
from limbeck.students import cell_reader, writer
from limbeck.students.loading import ADAPTER_FILES, damaged, other_version
from limbeck.students.student import MANIFEST
from limbeck.students.writer_serving import NAME, writing
from limbeck.students.writer_training import MANIFEST as WRITER
from limbeck.students.writer_training import VERSION

Read = Callable[[Table, Sequence[Target]], Awaitable[list[tuple[Said, float]]]]
"""The record of each value of a table, and how sure its reader is of the type, in [0, 1]."""


def is_cell_reader(folder: Path) -> bool:
    """Whether a folder holds a student that reads tables."""
    return (folder / WRITER).is_file() or "cells" in _manifest(folder)


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        told = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


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
    if (folder / WRITER).is_file():
        schema, base = read_writer(folder)
        async with writing(base, folder, log) as send:
            yield schema, partial(writer.read, send, NAME, schema)
        return
    reader = cell_reader.load(folder)

    async def at_once(table: Table, targets: Sequence[Target]) -> list[tuple[Said, float]]:
        return reader.read(table, targets)

    yield reader.schema, at_once


def read_writer(folder: Path) -> tuple[RecordSchema, str]:
    """What a `writer` was taught, and the name of its base.

    Raises:
        StudentError: The folder is damaged, or another limbeck wrote it.
    """
    try:
        told = json.loads((folder / WRITER).read_text("utf-8"))
        schema, base = RecordSchema.model_validate(told["schema"]), str(told["base"])
        for name in ADAPTER_FILES:
            if not (folder / name).is_file():
                raise FileNotFoundError(f"{name} is missing")
        version = told["version"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise damaged(folder, "writer", error) from error
    if version != VERSION:
        raise other_version(folder, version, VERSION)
    return schema, base
