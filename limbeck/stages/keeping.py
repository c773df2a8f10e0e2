"""Keeping: what training leaves, whatever kind of student it was; and training where each kind is measured as it will be used."""

import json
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from limbeck import card
from limbeck.batch import Made, one
from limbeck.context import RunContext
from limbeck.schemas import Student, content_id

Read = TypeVar("Read")


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


async def train(
    context: RunContext,
    step: str,
    space: str,
    few: str,
    *,
    teach: Callable[[str], Any],
    measure: Callable[[str, Path], Awaitable[dict[str, float]]],
    facts: Callable[[str, Mapping[str, float], bool], Any],
) -> None:
    """Train every kind of student that the config names, keep them all, and mark the one that agrees best.

    Args:
        context: The run.
        step: What the artifact is called that says that training is over.
        space: What students label with.
        few: Why nothing can be learnt; empty where something can.
        teach: Makes a student of a kind.
        measure: Its scores, `agreement` among them, from its kind and its folder.
        facts: Its card, from its kind, its scores, and whether it is the best.
    """
    kinds = context.settings.kinds
    if few or not kinds:
        await trained(context, step, few if kinds else "the config asks for none")
        return
    started = time.perf_counter()
    made: list[tuple[str, Any, dict[str, float]]] = []
    with context.progress.stage("train", len(kinds), "students") as stage:
        for kind in kinds:
            student = teach(kind)
            with tempfile.TemporaryDirectory() as folder:
                student.save(Path(folder))
                made.append((kind, student, await measure(kind, Path(folder))))
            stage.advance(1)
    best, *_ = max(made, key=lambda one: one[2].get("agreement", 0.0))
    for kind, student, metrics in made:
        chosen = kind == best
        keep(context, kind, metrics, space=space, chosen=chosen, facts=facts(kind, metrics, chosen), save=student.save)
    await trained(context, step, "", started)


@asynccontextmanager
async def answering(context: RunContext, kind: str, opened: AbstractAsyncContextManager[tuple[Any, Read]]) -> AsyncIterator[Read]:
    """What a student opened reads with; while a writer is served, the servers of the run's models rest."""
    for server in context.served if kind == "writer" else ():
        await server.rest()
    async with opened as (_, read):
        yield read


async def trained(context: RunContext, step: str, note: str, started: float | None = None) -> None:
    """Keep that training is over, what there is to say of it, and how long it took since `started`."""

    async def made() -> Made:
        return Made({"note": note, "seconds": time.perf_counter() - started if started else 0.0})

    await one(context, step, step, made())
    if note:
        context.progress.note(f"students: {note}")
