"""What students of tables learn from: a cell, and what a teacher said of it.

`Said`: `{"type": "Result", "task": "Intent Classification", "metric": None, "model settings": {"size": "345M"}}`
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from limbeck.schemas.extraction import RecordSchema
from limbeck.schemas.labels import OTHER
from limbeck.schemas.tables import Table, Target

Said = dict[str, Any]
"""A type and its attributes by name: a text, pairs of texts, or None where it is not said; `Other` has none."""


@dataclass(frozen=True, eq=False)
class CellLesson:
    """One value in a table and its record."""

    table: Table
    target: Target
    said: Said

    @property
    def group(self) -> str:
        """The file that its table stands in; the table itself where none is known."""
        return self.table.source.partition("#")[0] or self.table.caption + self.table.markup[:200]


def drawn(lessons: Sequence[CellLesson], each: int, most: int, seed: int) -> list[CellLesson]:
    """Some of the lessons, evenly over tables, in their order.

    Args:
        lessons: Those of a table next to each other.
        each: At most so many of one table.
        most: At most so many in all: tables give in turn until they are reached.
        seed: Of the draw.
    """
    order = np.random.default_rng(seed).permutation(len(lessons))
    turns: list[tuple[int, int, int]] = []
    start = 0
    for _, table in groupby(lessons, key=lambda lesson: id(lesson.table)):
        size = len(list(table))
        mine = sorted(range(start, start + size), key=lambda at: int(order[at]))
        turns += [(turn, int(order[at]), at) for turn, at in enumerate(mine[:each])]
        start += size
    return [lessons[at] for at in sorted(at for _, _, at in sorted(turns)[:most])]


def tidy(said: Said, schema: RecordSchema) -> Said:
    """What was said, in the schema's order and with nothing that it does not know; empty texts are None."""
    kind = schema.type(str(said.get("type")))
    if kind.name not in schema.names or kind.name == OTHER:
        return {"type": OTHER}
    return {"type": kind.name} | {one.name: _value(said.get(one.name), one.kind) for one in kind.attributes}


def _value(value: Any, kind: str) -> Any:
    if kind == "pairs":
        pairs = value.items() if isinstance(value, dict) else ()
        return {str(key): str(text) for key, text in pairs if key and text} or None
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) and str(value).strip() else None
