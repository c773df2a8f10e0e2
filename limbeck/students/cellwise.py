"""The student `cells`: what a cell is, and which text around it each attribute is, by an encoder and boosted trees.

Two questions, each asked in two steps. What type: first by the encoder's vectors of the headers and the caption (ridge), then by
that and what can be counted (trees). Which text: first how much a text looks like the attribute's other values (ridge), then by
that, by where the text stands and by how near what names it is to the attribute's name (trees, for each attribute, that say how
much of the value a candidate has). The second steps learn from what the first ones say of files that they did not learn from.

    reader = fit(lessons, schema, Encoder.load(), seed=0)
    reader.read(table, targets)
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limbeck.encoder import Encoder
from limbeck.errors import StudentError
from limbeck.schemas.extraction import Attribute, RecordSchema
from limbeck.students import cell_ranking, cell_trees, cell_typing, ridge
from limbeck.students.cell_lessons import CellLesson, by_table, drawn, tidy
from limbeck.students.cell_ranking import Attributes, Ranked, gains, learn
from limbeck.students.cell_reader import CellReader, load
from limbeck.students.cell_seen import Texts, see
from limbeck.students.cell_typing import TypeTrees
from limbeck.students.ridge import Floats

__all__ = ["CellReader", "fit", "load"]

EACH_TABLE, MOST_LESSONS = 40, 3000
POOLED_CELLS = 12
"""Of each table, that tell what is true of candidates for any attribute."""


def fit(lessons: Sequence[CellLesson], schema: RecordSchema, encoder: Encoder, seed: int) -> CellReader:
    """Teach a reader.

    Args:
        lessons: At least one; those of one table hold the same `Table`.
        schema: What the lessons' records are of.
        encoder: Of the texts; stays as it is.
        seed: Of the draw of lessons, folds and trees.

    Raises:
        StudentError: There is no lesson.
    """
    if not lessons:
        raise StudentError("a student of tables can't learn from no cell; let the run read more tables")
    tables = by_table([CellLesson(one.table, one.target, tidy(one.said, schema)) for one in lessons])
    chosen = drawn([one for table in tables for one in table], EACH_TABLE, MOST_LESSONS, seed)
    return _Teaching(chosen, schema, encoder, seed).reader()


class _Teaching:
    """One fit: lessons looked at once, table by table."""

    def __init__(self, lessons: list[CellLesson], schema: RecordSchema, encoder: Encoder, seed: int) -> None:
        self.schema, self.encoder, self.seed = schema, encoder, seed
        self.texts = Texts(encoder)
        self.tables = by_table(lessons)
        self.seen = [see(one[0].table, [each.target for each in one]) for one in self.tables]
        self.kinds = [np.array([schema.names.index(one.said["type"]) for one in table]) for table in self.tables]
        self.weights = [np.full(len(one), len(one) ** -0.5) for one in self.tables]
        files = [one[0].group for one in self.tables]
        self.folds = ridge.folds(files if len(set(files)) > 1 else [str(at) for at in range(len(files))], seed)

    def reader(self) -> CellReader:
        """Fit all of it."""
        attributes, first = self._first_steps(range(len(self.tables)))
        types: dict[int, Floats] = {}
        held: dict[int, Ranked] = {}
        for kept, out in self.folds:
            mine, near = self._first_steps(kept)
            for at in out:
                said = ridge.outputs(self.seen[at].vectors(self.texts), near)
                types[at] = cell_typing.rows(self.seen[at], said, mine, self.texts, self.schema)
                held[at] = mine.known(self.texts, self.seen[at])
        kinds = self._types([types[at] for at in range(len(self.tables))])
        pooled, rankers = self._rankers([held[at] for at in range(len(self.tables))], attributes.every)
        counts = {"cells": float(sum(map(len, self.tables))), "tables": float(len(self.tables))}
        return CellReader(self.schema, self.encoder, attributes, first, kinds, pooled, rankers, counts)

    def _first_steps(self, kept: Sequence[int]) -> tuple[Attributes, Floats]:
        """What some tables say of attributes, and of types by vectors."""
        lessons = [one for at in kept for one in self.tables[at]]
        attributes = learn(self.schema, lessons, [self.seen[at] for at in kept], self.texts)
        vectors = np.concatenate([self.seen[at].vectors(self.texts) for at in kept])
        wanted = np.eye(len(self.schema.names))[np.concatenate([self.kinds[at] for at in kept])]
        return attributes, ridge.solve(vectors, wanted, np.concatenate([self.weights[at] for at in kept]))

    def _types(self, rows: list[Floats]) -> TypeTrees:
        wanted = np.eye(len(self.schema.names))[np.concatenate(self.kinds)]
        return cell_typing.grow(np.concatenate(rows), wanted, np.concatenate(self.weights), self.seed)

    def _rankers(self, ranked: list[Ranked], every: dict[str, Attribute]) -> tuple[Any, dict[str, Any]]:
        """Trees for any attribute, and for each those that say what the former leave to be said."""
        parts = [part for attribute in every.values() if (part := self._rows(attribute, ranked, POOLED_CELLS))]
        if not parts:
            return None, {}
        rows, wanted, weights = (np.concatenate(one) for one in zip(*parts, strict=True))
        shared, rising = cell_ranking.SHARED, cell_ranking.RISING
        pooled = cell_trees.grow(rows[:, :shared], wanted, weights, self.seed, rising)
        rankers = {}
        for name, attribute in every.items():
            if found := self._rows(attribute, ranked, EACH_TABLE):
                rankers[name] = cell_trees.grow(*found, self.seed, rising, cell_trees.raw(pooled, found[0][:, :shared]))
        return pooled, rankers

    def _rows(self, attribute: Attribute, ranked: list[Ranked], most: int) -> tuple[Floats, Floats, Floats] | None:
        """(rows, wanted, weights) of the candidates of at most so many cells a table; None for none."""
        name, rows, wanted, weights = attribute.name, [], [], []
        for table, known, kinds, heavy in zip(self.tables, ranked, self.kinds, self.weights, strict=True):
            mine = [at for at, lesson in enumerate(table) if name in lesson.said]
            for at in mine[:: -(-len(mine) // most) or 1]:
                rows.append(known.rows(at, name, int(kinds[at])))
                wanted.append(gains(known.offered(at, name), table[at].said[name], attribute))
                weights.append(np.full(len(rows[-1]), heavy[at]))
        return (np.concatenate(rows), np.concatenate(wanted), np.concatenate(weights)) if rows else None
