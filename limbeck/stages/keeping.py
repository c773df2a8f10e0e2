"""Keeping: what training leaves, whatever kind of student it was."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from limbeck import card
from limbeck.batch import Made, one
from limbeck.context import RunContext
from limbeck.schemas import Student, content_id


def keep(
    context: RunContext,
    kind: str,
    metrics: Mapping[str, float],
    *,
    space: str,
    chosen: bool,
    facts: Any,
    save: Callable[[Path], None],
) -> None:
    """Write a student's folder, its data card in it, and its row.

    Args:
        context: The run.
        kind: The student's.
        metrics: Its scores.
        space: What it labels with.
        chosen: Whether it is the best of its run.
        facts: Its card.
        save: Writes the student to a folder.
    """
    path = Path("students") / f"{context.run.removeprefix('b2:')[:8]}-{kind}"
    save(context.project / path)
    card.write(facts, context.project / path)
    row = Student(
        id=content_id([context.run, kind]),
        run=context.run,
        kind=kind,
        space=space,
        path=str(path),
        metrics=json.dumps(metrics),
        chosen=chosen,
    )
    context.store.put([row])


async def trained(context: RunContext, step: str, note: str, started: float | None = None) -> None:
    """Keep that training is over, what there is to say of it, and how long it took since `started`."""

    async def made() -> Made:
        return Made({"note": note, "seconds": time.perf_counter() - started if started else 0.0})

    await one(context, step, step, made())
    if note:
        context.progress.note(f"students: {note}")
