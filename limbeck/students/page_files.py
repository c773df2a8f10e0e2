"""Folders of students that read documents: which kind one holds, and either kind as something that reads.

A `tagger`'s folder has a `student.json` that says so, a `writer`'s a `writer.json`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from limbeck.schemas.fields import FieldSet, Findings
from limbeck.schemas.pages import Pages
from limbeck.students import page_writer, tagger
from limbeck.students.loading import told
from limbeck.students.student import MANIFEST
from limbeck.students.writer_files import is_writer, read_writer
from limbeck.students.writer_serving import NAME, writing

Read = Callable[[Sequence[Pages]], Awaitable[list[Findings]]]
"""What a student finds in each document."""
AT_ONCE = 32
"""Documents that a writer's server is asked about at the same time."""


def is_page_reader(folder: Path) -> bool:
    """Whether a folder holds a student that reads documents."""
    return is_writer(folder, FieldSet) or "tagger" in told(folder / MANIFEST)


@asynccontextmanager
async def opened(folder: Path, log: Path) -> AsyncIterator[tuple[FieldSet, Read]]:
    """What a student of either kind was taught to find, and how it reads; a `writer` is served by vLLM meanwhile.

    Args:
        folder: The student's.
        log: Where vLLM's output goes.

    Raises:
        StudentError: The folder is damaged, or another limbeck wrote it.
        ConfigError: Its encoder can't be loaded here.
        EngineError: vLLM is not installed or does not start.
    """
    if is_writer(folder, FieldSet):
        fields, base = read_writer(folder, FieldSet)
        async with writing(base, folder, log, page_writer.CONTEXT) as send:
            places = asyncio.Semaphore(AT_ONCE)

            async def one(pages: Pages) -> Findings:
                async with places:
                    return await page_writer.read(send, NAME, fields, pages)

            async def each(documents: Sequence[Pages]) -> list[Findings]:
                return list(await asyncio.gather(*map(one, documents)))

            yield fields, each
        return
    student = tagger.load(folder)

    async def at_once(documents: Sequence[Pages]) -> list[Findings]:
        return student.read_many(documents)

    yield student.fields, at_once
