"""What students of tables learn from: a cell, and what a teacher said of it.

`CellLesson(table, target, {"type": "Result", "task": "Intent Classification", "metric": None, "settings": {"size": "345M"}})`
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from limbeck.records.answers import Said, said_of
from limbeck.schemas.extraction import RecordSchema
from limbeck.schemas.labels import OTHER
from limbeck.schemas.tables import Table, Target


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


def by_table(lessons: Sequence[CellLesson]) -> list[list[CellLesson]]:
    """Lessons, those of one `Table` together."""
    found: dict[int, list[CellLesson]] = {}
    for one in lessons:
        found.setdefault(id(one.table), []).append(one)
    return list(found.values())


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
    """What was said, in the schema's order and with nothing that it does not know."""
    return said_of(said, schema) or {"type": OTHER}
