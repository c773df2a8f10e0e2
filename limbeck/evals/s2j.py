"""Published tables of papers by a schema: what is found of them, what the pipeline loses, and what small models make of it.

Data: `table_s2j` (Schema-to-JSON, Bai et al. 2024): MlTables in LaTeX, ChemTables in XML, DiSCoMaT in Markdown. Students learn
from people's records of nine tenths of the papers of the development half and are scored on the other tenth, or on `--test`.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from limbeck.dialects import Body
from limbeck.encoder import Encoder
from limbeck.evals.place import Place, Rows
from limbeck.evals.s2j_cells import found
from limbeck.evals.s2j_runs import Cell, Set, grounded_gold, papers, piped, sets_of
from limbeck.evals.s2j_scripted import Teacher, faulty
from limbeck.progress import Progress
from limbeck.records.answers import Said
from limbeck.records.scoring import score
from limbeck.schemas.tables import Table, Target
from limbeck.sections import EMBEDDED
from limbeck.students import cellwise, writer
from limbeck.students.writer_serving import NAME, writing

FIELDS = {"id": str, "set": str, "paper_id": str, "table": str, "context": str, "target_cells": list, "gold": list}
FILE, SCHEMAS = "table_s2j/dev.jsonl", "table_s2j/schemas.json"
UNSEEN = 0.1
FAULTS = 0.2
MOST_CELLS = 80
"""That models are scored on, of each set, about: whole tables, drawn by chance. On two cores each takes seconds."""
TOKENS = 120_000
"""That a writer learns from, of each set: some minutes on two cores."""

Answers = dict[Cell, Said]
Costs = dict[str, float]


def evaluate(place: Place) -> dict[str, Any]:
    """Score parsing, the pipeline with teachers that know, and three small models."""
    dev, test = place.rows(FILE, FIELDS), place.test_rows(FIELDS)
    learnt, unseen = (dev, test) if test else _split(dev, place.seed)
    with tempfile.TemporaryDirectory(prefix="limbeck-eval-") as name:
        folder = Path(name)
        for part in ("all", "learnt", "unseen", "whole"):
            (folder / part).mkdir()
        every = sets_of(test or dev, place.file(SCHEMAS), folder / "all")
        taught = {one.name: one for one in sets_of(learnt, place.file(SCHEMAS), folder / "learnt")}
        asked = sets_of(_drawn(unseen, place.seed), place.file(SCHEMAS), folder / "unseen")
        whole = {one.name: one for one in sets_of(unseen, place.file(SCHEMAS), folder / "whole")}
        return {
            "tested": place.test.name if place.test else f"{UNSEEN:.0%} of dev's papers",
            **found(test or dev),
            **_scripted(every, folder / "all", place.progress()),
            **_models(asked, whole, taught, folder, place),
        }


def _split(rows: Rows, seed: int) -> tuple[Rows, Rows]:
    """Rows of nine tenths of each set's papers, and those of the others."""
    held: set[str] = set()
    for name in sorted({row["set"] for row in rows}):
        mine = papers([row for row in rows if row["set"] == name])
        held.update(random.Random(seed).sample(mine, max(1, round(UNSEEN * len(mine)))))
    return [row for row in rows if row["paper_id"] not in held], [row for row in rows if row["paper_id"] in held]


def _drawn(rows: Rows, seed: int) -> Rows:
    """Rows of each set, until about enough cells are in them; none that alone has many more, if there is another."""
    cells: dict[str, int] = {}
    kept = []
    for row in random.Random(seed).sample(rows, len(rows)):
        there, more = cells.get(row["set"], 0), len(row["gold"])
        if there < MOST_CELLS and (there + more <= 2 * MOST_CELLS or not there):
            cells[row["set"]] = there + more
            kept.append(row)
    return kept


# ---- the pipeline ----------------------------------------------------------------------------------------------------


def _scripted(sets: Sequence[Set], folder: Path, progress: Progress) -> dict[str, Any]:
    """F1 with a teacher that knows all, and with one that makes mistakes.

    Pairs that stand in neither table nor text are not kept, whoever says them; they are left out of `scripted_f1` and
    `recovered_f1` and counted, and `scripted_f1_ungrounded` has them.
    """
    perfect: Answers = {}
    mended: Answers = {}
    for one in sets:
        perfect |= piped(one, folder / f"{one.name}-perfect", progress, Teacher(one.known()))[0]
        mended |= piped(one, folder / f"{one.name}-mended", progress, Teacher(one.known(), faulty(FAULTS)))[0]
    gold = [cell for one in sets for cell in one.gold]
    kept, ungrounded = grounded_gold(sets)
    return {
        "scripted_f1": _rounded(score(kept, perfect).micro.f1),
        "recovered_f1": _rounded(score(kept, mended).micro.f1),
        "scripted_f1_ungrounded": _rounded(score(gold, perfect).micro.f1),
        "ungrounded_pairs": ungrounded,
    }


# ---- models ----------------------------------------------------------------------------------------------------------


def _models(
    asked: Sequence[Set], whole: Mapping[str, Set], taught: Mapping[str, Set], folder: Path, place: Place
) -> dict[str, Any]:
    """F1 of each small model on each set, lenient and strict, with seconds and tokens a table; `cells` also on all that is unseen."""
    figures: dict[str, dict[str, dict[str, float]]] = {}
    encoder = Encoder.load()
    for one in asked:
        name, reader = one.name, cellwise.fit(taught[one.name].lessons(), one.schema, encoder, place.seed)
        said = {
            "zero-shot": piped(one, folder / f"{one.name}-zero", place.progress()),
            "cells": _cells(one, reader),
            "writer": asyncio.run(_writer(one, taught[name], folder / f"{name}-writer", place)),
            "cells_whole": _cells(whole[name], reader),
        }
        for row, (answers, costs) in said.items():
            of = whole[name] if row == "cells_whole" else one
            for figure, value in {**_scores(of, answers), **costs, "scored": float(len(of.gold))}.items():
                figures.setdefault(figure, {}).setdefault(row, {})[name] = _rounded(value)
    return figures


def _scores(one: Set, said: Answers) -> dict[str, float]:
    lenient, strict = score(one.gold, said), score(one.gold, said, strict=True)
    return {"f1": lenient.micro.f1, "macro_f1": lenient.macro.f1, "strict_f1": strict.micro.f1, "strict_macro_f1": strict.macro.f1}


def _cells(asked: Set, reader: cellwise.CellReader) -> tuple[Answers, Costs]:
    started = time.perf_counter()
    said = {table: reader.read(table, targets) for table, targets in _targets(asked).items()}
    seconds = time.perf_counter() - started
    return _answers(asked, {table: [record for record, _ in records] for table, records in said.items()}), _costs(asked, seconds, 0)


async def _writer(asked: Set, taught: Set, folder: Path, place: Place) -> tuple[Answers, Costs]:
    note = place.progress().note
    made = writer.fit(taught.lessons(), [], taught.schema, EMBEDDED, place.seed, note, TOKENS)
    made.save(folder)
    tokens = 0
    async with writing(EMBEDDED, folder, folder / "vllm.log") as send:

        async def counted(body: Body) -> Body:
            nonlocal tokens
            answer = await send(body)
            tokens += answer["usage"]["prompt_tokens"] + answer["usage"]["completion_tokens"]
            return answer

        started = time.perf_counter()
        said = {
            table: [record for record, _ in await writer.read(counted, NAME, asked.schema, table, targets)]
            for table, targets in _targets(asked).items()
        }
        seconds = time.perf_counter() - started
    return _answers(asked, said), _costs(asked, seconds, tokens)


def _targets(asked: Set) -> dict[Table, list[Target]]:
    found: dict[Table, list[Target]] = {}
    for _, table, target, _ in asked.placed:
        found.setdefault(table, []).append(target)
    return found


def _answers(asked: Set, said: Mapping[Table, Sequence[Said]]) -> Answers:
    """What was said of the cells that people chose."""
    by_place = {(table, one.key): record for table, targets in _targets(asked).items() for one, record in zip(targets, said[table], strict=True)}
    return {(id, cell): by_place[table, target.key] for id, table, target, cell in asked.placed if cell is not None}


def _costs(asked: Set, seconds: float, tokens: int) -> Costs:
    return {"seconds_a_table": seconds / len(asked.rows), "tokens_a_table": tokens / len(asked.rows)}


def _rounded(value: float) -> float:
    return round(value, 4)
