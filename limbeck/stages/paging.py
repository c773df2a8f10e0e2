"""Pages: every document becomes words with boxes, once for all runs of a project (`pages` in the store).

What can't be read, such as a corrupt picture, is a failed artifact with its reason, and the run goes on without it.
"""

import asyncio
import json
import os
from collections.abc import Iterator, Sequence

from limbeck.batch import Made, each
from limbeck.context import RunContext
from limbeck.pages.ocr import Engine, open_engine
from limbeck.pages.reading import cache_key, pages_of
from limbeck.schemas import Document
from limbeck.schemas.pages import Pages
from limbeck.serving import in_thread

STEP = "pages"
AT_ONCE = 256
"""Documents whose pages are in memory at once."""


async def read(context: RunContext) -> None:
    """Make the pages of every document, as many at once as there are cores."""
    engine, paths = open_engine(context.settings.pages.engine, context.settings.pages.languages), paths_of(context)
    cores = asyncio.Semaphore(os.cpu_count() or 1)

    async def work(document: Document) -> Made:
        id = cache_key(document.text, engine)
        if not context.store.pages([id]):
            async with cores:
                context.store.put_pages(id, await in_thread(_read, document, paths[document.id], engine))
        return Made({STEP: id})

    await each(context, STEP, {one.id: one for one in context.store.documents(context.run)}, work)


def _read(document: Document, path: str, engine: Engine) -> Pages:
    return pages_of(document.text, path, engine)


def paths_of(context: RunContext) -> dict[str, str]:
    """Where each document was found first."""
    return {one.document: one.source for one in reversed(context.store.places(context.run))}


def ids(context: RunContext) -> dict[str, str]:
    """By what the store knows each document's pages; documents that could not be read are left out."""
    made = context.store.artifacts(context.run, STEP)
    return {item: json.loads(one.value)[STEP] for item, one in made.items() if one.status != "failed"}


def paged(context: RunContext, documents: Sequence[str] | None = None) -> Iterator[tuple[str, Pages]]:
    """A run's documents with their pages, some in memory at a time; of all that were read, or of those given."""
    found = ids(context)
    wanted = [one for one in (found if documents is None else documents) if one in found]
    for start in range(0, len(wanted), AT_ONCE):
        part = wanted[start : start + AT_ONCE]
        pages = context.store.pages([found[one] for one in part])
        yield from ((one, pages[found[one]]) for one in part)
