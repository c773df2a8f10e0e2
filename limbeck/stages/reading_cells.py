"""Distil: students learn from a model's records to read tables without it, and read those that it was not to read."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from limbeck.context import RunContext
from limbeck.records.answers import TYPE, Said
from limbeck.records.grounding import spoken
from limbeck.records.scoring import GoldCell, score
from limbeck.records.voting import Decided
from limbeck.schemas import content_id
from limbeck.schemas.extraction import Extracted
from limbeck.stages.deciding import grounded
from limbeck.stages.extracting import wanted
from limbeck.stages.keeping import answering, train
from limbeck.stages.reader_card import reader_card
from limbeck.stages.tabled import cells, schema_of, tables
from limbeck.students import cellwise, writer
from limbeck.students.cell_files import Read, opened
from limbeck.students.cell_lessons import CellLesson, by_table

STEP = "distil"
FEWEST = 2
"""Cells with a record without which there is nothing to learn."""
MOST_HELD_OUT = 300
"""Cells on which agreement is measured, about."""
TAUGHT = ("grounded", "normalised")
"""What a student is taught: a value that stands nowhere is no lesson."""


async def distil(context: RunContext) -> None:
    """Train every kind of student that the config names, keep them all, and mark the one that agrees best."""
    if STEP in context.store.artifacts(context.run, STEP):
        return
    shown, held = lessons(context)

    async def agreed(kind: str, folder: Path) -> dict[str, float]:
        async with reading(context, kind, folder) as read:
            return await agreement(read, held)

    few = "too few values with a record" if len(shown) < FEWEST else ""
    await train(
        context,
        STEP,
        schema_of(context.settings).id,
        few,
        teach=lambda kind: taught(context, kind, shown, held),
        measure=agreed,
        facts=lambda kind, metrics, chosen: reader_card(context, kind, shown, held, metrics, chosen),
    )


def taught(context: RunContext, kind: str, shown: Sequence[CellLesson], held: Sequence[CellLesson]) -> Any:
    """A student of one kind."""
    schema, settings = schema_of(context.settings), context.settings
    if kind == "cells":
        return cellwise.fit(shown, schema, context.encoder, settings.seed)
    return writer.fit(shown, held, schema, settings.student.base, settings.seed, context.progress.note)


def lessons(context: RunContext) -> tuple[list[CellLesson], list[CellLesson]]:
    """What students are shown, and what is held out: records of whole tables, told apart by their documents."""
    found, records_of = tables(context), context.store.records(context.run)
    left_out = _drawn(context, list(records_of))
    shown: list[CellLesson] = []
    held: list[CellLesson] = []
    for document, records in records_of.items():
        table, targets = found[document], {one.key: one for one in cells(context, found[document])}
        given = [CellLesson(table, targets[key], said_of(one)) for one in records if (key := one.key) in targets]
        (held if document in left_out else shown).extend(given)
    return shown, held


def _drawn(context: RunContext, documents: Sequence[str]) -> set[str]:
    """The share of the tables that is held out, one of two at most, by chance and always the same."""
    seed, share = context.settings.seed, context.settings.student.held_out
    count = min(max(1, round(share * len(documents))), len(documents) // 2)
    return set(sorted(documents, key=lambda one: content_id([seed, one]))[:count])


def said_of(record: Extracted) -> Said:
    """A record as its teacher said it, but for what stands nowhere; of pairs, a word of each stands somewhere."""
    lost = {value.name for value in record.values if not value.key and value.status not in TAUGHT}
    return {name: None if name in lost else said for name, said in spoken(record).items()}


async def agreement(read: Read, held: Sequence[CellLesson]) -> dict[str, float]:
    """Micro F1 of what a student says of cells held out, by its teacher's records; nothing where none are."""
    gold, said = [], {}
    for number, some in enumerate(by_table(held)):
        for one, (record, _) in zip(some, await read(some[0].table, [each.target for each in some]), strict=True):
            key = (number, one.target.key)
            values = {name: value if isinstance(value, dict) else (value,) for name, value in one.said.items() if value and name != TYPE}
            gold.append(GoldCell(key=key, value=one.target.value, type=one.said[TYPE], values=values))
            said[key] = record
        if len(gold) >= MOST_HELD_OUT:
            break
    return {"agreement": score(gold, said).micro.f1} if gold else {}


def reading(context: RunContext, kind: str, folder: Path) -> AbstractAsyncContextManager[Read]:
    """A student that answers, from its folder."""
    return answering(context, kind, opened(folder, context.project / "vllm-writer.log"))


async def read_rest(context: RunContext) -> None:
    """Records of the tables that the model was not to read, by the best student."""
    left = tables(context)
    for one in wanted(context):
        left.pop(one.id, None)
    best = next((one for one in context.store.students(context.run) if one.chosen), None)
    if not left or best is None:
        return
    folder = context.project / best.path
    with context.progress.stage("read", len(left), "tables") as stage:
        async with reading(context, best.kind, folder) as read:
            for document, table in left.items():
                targets = cells(context, table)
                said = await read(table, targets)
                records = {one.key: Decided(record, {TYPE: sure}) for one, (record, sure) in zip(targets, said, strict=True)}
                context.store.put_records(context.run, document, grounded(context, table, records))
                stage.advance(1)
