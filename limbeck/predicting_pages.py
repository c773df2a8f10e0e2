"""A student of documents at work: a row for each file, with its fields, how sure they are and where they stand."""

import asyncio
import os
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limbeck.embedded import cache
from limbeck.errors import PagesError
from limbeck.fields.recording import origin_of
from limbeck.pages.ocr import Engine, Reading, open_engine
from limbeck.pages.reading import pages_of
from limbeck.progress import Progress
from limbeck.schemas import Corpus, Place
from limbeck.schemas.fields import Entry, Field, FieldSet, Findings, Found
from limbeck.schemas.pages import Pages
from limbeck.serving import in_thread
from limbeck.students.page_files import opened

if TYPE_CHECKING:
    from PIL.Image import Image

AT_ONCE = 32
"""Documents that are held in memory."""
Row = dict[str, Any]


async def rows(student: Path, corpus: Corpus, progress: Progress) -> list[Row]:
    """A row for each document.

    `{"key": "taxi.jpg", "fields": {"total": "12.40", "tip": null}, "confidence": {"total": 0.97}, "where": {"total": {"page": 0,
    "box": [61.0, 402.0, 118.0, 417.0], "words": [31]}}, "error": null}`; one that can't be read has its `error` alone.

    Args:
        student: Its folder.
        corpus: As `limbeck.pages.sources.read` gives it.
        progress: What a person sees.

    Raises:
        StudentError, ConfigError, EngineError: The student can't be opened, or a package that reads documents is missing.
    """
    texts = {document.id: document.text for document in corpus.documents}
    engine, made = LateEngine(), list[Row]()
    with progress.stage("predict", len(corpus.places), "documents") as stage:
        async with opened(student, cache() / "vllm-writer.log") as (fields, read):
            for start in range(0, len(corpus.places), AT_ONCE):
                part = corpus.places[start : start + AT_ONCE]
                found = await _pages(part, texts, engine)
                there = [one for one in found if isinstance(one, Pages)]
                said = iter(await read(there) if there else [])
                made += [_row(place, one, next(said) if isinstance(one, Pages) else {}, fields) for place, one in zip(part, found, strict=True)]
                stage.advance(len(part))
    return made


async def _pages(places: Sequence[Place], texts: dict[str, str], engine: Engine) -> list[Pages | PagesError]:
    """The pages of documents, or why they have none; as many at once as there are processors."""
    free = asyncio.Semaphore(os.cpu_count() or 1)

    async def one(place: Place) -> Pages | PagesError:
        async with free:
            try:
                return await in_thread(pages_of, texts[place.document], place.source, engine)
            except PagesError as error:
                return error

    return list(await asyncio.gather(*map(one, places)))


class LateEngine:
    """An OCR engine that is opened when the first picture comes: texts need none."""

    name, note = "auto", ""
    languages: tuple[str, ...] = ()

    @cached_property
    def _engine(self) -> Engine:
        return open_engine()

    @property
    def version(self) -> str:
        """Of the engine."""
        return self._engine.version

    def read(self, picture: "Image") -> Reading:
        """The words of a picture.

        Raises:
            ConfigError: No OCR is installed.
        """
        return self._engine.read(picture)


# ---- rows ------------------------------------------------------------------------------------------------------------


def _row(place: Place, pages: Pages | PagesError, said: Findings, fields: FieldSet) -> Row:
    if isinstance(pages, PagesError):
        return {"key": place.key, "fields": {}, "confidence": {}, "where": {}, "error": str(pages)}
    found = {one.name: said[one.name] for one in fields.fields if said.get(one.name)}
    parts: dict[str, Callable[[Found], Any]] = {
        "fields": lambda one: one.value,
        "confidence": lambda one: round(one.score, 4),
        "where": lambda one: _where(one, pages),
    }
    shaped = {name: {one.name: _shaped(found.get(one.name, ()), one, of) for one in fields.fields} for name, of in parts.items()}
    for name in ("confidence", "where"):
        shaped[name] = {field: value for field, value in shaped[name].items() if field in found}
    return {"key": place.key, **shaped, "error": None}


def _shaped(found: Sequence[Found | Entry], field: Field, of: Callable[[Found], Any]) -> Any:
    """Something of each value: one, a list, or for entries a list of objects."""
    if field.kind == "list":
        return [{name: of(one) for name, one in entry.items()} for entry in found if isinstance(entry, dict)]
    values = [of(one) for one in found if isinstance(one, Found)]
    return values if field.several else next(iter(values), None)


def _where(found: Found, pages: Pages) -> Row | None:
    """The page and the box; None of what stands nowhere."""
    if not found.words:
        return None
    origin = origin_of(found.words, pages)
    return {"page": origin.place, "box": list(origin.box or ()), "words": list(found.words)}
