"""Folders of students that read documents: which kind one holds, and either kind as something that reads.

A `tagger`'s folder has a `student.json` that says so.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from limbeck.schemas.fields import FieldSet, Findings
from limbeck.schemas.pages import Pages
from limbeck.students import tagger
from limbeck.students.student import MANIFEST

Read = Callable[[Sequence[Pages]], Awaitable[list[Findings]]]
"""What a student finds in each document."""


def is_page_reader(folder: Path) -> bool:
    """Whether a folder holds a student that reads documents."""
    return "tagger" in _told(folder / MANIFEST)


def _told(file: Path) -> dict[str, Any]:
    try:
        told = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


@asynccontextmanager
async def opened(folder: Path, log: Path) -> AsyncIterator[tuple[FieldSet, Read]]:
    """What a student of either kind was taught to find, and how it reads.

    Args:
        folder: The student's.
        log: Where a server's output goes, of a kind that needs one.

    Raises:
        StudentError: The folder is damaged, or another limbeck wrote it.
        ConfigError: Its encoder can't be loaded here.
    """
    student = tagger.load(folder)

    async def at_once(documents: Sequence[Pages]) -> list[Findings]:
        return student.read_many(documents)

    yield student.fields, at_once
