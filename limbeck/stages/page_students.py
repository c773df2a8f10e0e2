"""Distil: students learn from what is sure of documents (response-based distillation: teachers' answers alone), and read the rest.

What is doubtful is no lesson: a document's field that goes to review is unknown there, and a document of which sums don't
add up teaches nothing of the fields in them.
"""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from limbeck.context import RunContext
from limbeck.fields import comparing
from limbeck.fields.recording import entries_of
from limbeck.schemas import content_id
from limbeck.schemas.fields import Findings
from limbeck.stages import paging, resolving
from limbeck.stages.documented import wanted
from limbeck.stages.keeping import answering, train
from limbeck.stages.page_card import page_card
from limbeck.students import page_writer, tagger
from limbeck.students.page_files import Read, opened
from limbeck.students.page_lessons import PageLesson

STEP = "distil"
FEWEST = 4
"""Documents with something sure without which there is nothing to learn."""
MOST_SHOWN = 4_000
"""Documents that students are shown; more change little and are much to hold in memory."""


async def distil(context: RunContext) -> None:
    """Train every kind of student that the config names, keep them all, and mark the one that agrees best."""
    if STEP in context.store.artifacts(context.run, STEP):
        return
    shown, held = lessons(context)

    async def agreed(kind: str, folder: Path) -> dict[str, float]:
        async with reading(context, kind, folder) as read:
            return await agreement(context, read, held)

    few = "too few documents with something sure" if len(shown) < FEWEST else ""
    await train(
        context,
        STEP,
        wanted(context).id,
        few,
        teach=lambda kind: taught(context, kind, shown, held),
        measure=agreed,
        facts=lambda kind, metrics, chosen: page_card(context, kind, shown, held, metrics, chosen),
    )


def taught(context: RunContext, kind: str, shown: Sequence[PageLesson], held: Sequence[PageLesson]) -> Any:
    """A student of one kind."""
    fields, settings, note = wanted(context), context.settings, context.progress.note
    if kind == "tagger":
        return tagger.fit(shown, held, fields, context.encoder, settings.seed, note)
    return page_writer.fit(shown, held, fields, settings.student.base, settings.seed, note)


def lessons(context: RunContext) -> tuple[list[PageLesson], list[PageLesson]]:
    """What students are shown, and what is held out: whole documents."""
    found, doubts = resolving.found(context), resolving.doubts(context)
    documents = sorted(found, key=lambda one: content_id([context.settings.seed, one]))[:MOST_SHOWN]
    left_out = set(documents[: _held(context, len(documents))])
    shown: list[PageLesson] = []
    held: list[PageLesson] = []
    for document, pages in paging.paged(context, documents):
        unknown = _unknown(found[document], doubts[document], context)
        sure: Findings = {name: some for name, some in found[document].items() if name not in unknown}
        if sure:
            (held if document in left_out else shown).append(PageLesson(pages, sure, unknown))
    return shown, held


def _unknown(found: Findings, doubts: Collection[str], context: RunContext) -> frozenset[str]:
    """What is doubtful of a document: fields, and of a list those of its own fields that are unsure in any entry."""
    unknown: set[str] = set()
    for field in wanted(context).fields:
        inner = {name for entry in entries_of(found, field.name) for name in entry}
        unsure = {name for entry in entries_of(found, field.name) for name, one in entry.items() if not one.words or one.score < context.settings.read.review}
        if field.name in doubts:
            unknown |= {f"{field.name}.{name}" for name in unsure} if unsure and unsure != inner else {field.name}
    return frozenset(unknown)


def _held(context: RunContext, documents: int) -> int:
    """The share of the documents that is held out, one of two at most."""
    return min(max(1, round(context.settings.student.held_out * documents)), documents // 2)


async def agreement(context: RunContext, read: Read, held: Sequence[PageLesson]) -> dict[str, float]:
    """How far a student says of documents held out what its teachers say, by field and in all; nothing where none are."""
    said = await read([one.pages for one in held]) if held else []
    return comparing.agreement([one.findings for one in held], said, wanted(context), [one.unknown for one in held])


def reading(context: RunContext, kind: str, folder: Path) -> AbstractAsyncContextManager[Read]:
    """A student that answers, from its folder."""
    return answering(context, kind, opened(folder, context.project / "vllm-writer.log"))


async def read_rest(context: RunContext) -> None:
    """Records of the documents of which neither model nor rules said anything, by the best student."""
    there = context.store.records(context.run)
    left = [one for one in paging.ids(context) if one not in there]
    best = next((one for one in context.store.students(context.run) if one.chosen), None)
    if not left or best is None:
        return
    on = resolving.today(context)
    with context.progress.stage("read", len(left), "documents") as stage:
        async with reading(context, best.kind, context.project / best.path) as read:
            for document, pages in paging.paged(context, left):
                await resolving.keep(context, document, pages, (await read([pages]))[0], on)
                stage.advance(1)
