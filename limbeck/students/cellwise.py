"""The student `cells`: what a cell is, and which text around it each attribute is, by an encoder and boosted trees.

Two questions, each asked in two steps. What type: first by the encoder's vectors of the headers and the caption (ridge), then by
that and what can be counted (trees). Which text: first how much a text looks like the attribute's other values (ridge), then by
that, by where the text stands and by how near what names it is to the attribute's name (trees, for each attribute, that say how
much of the value a candidate has). The second steps learn from what the first ones say of files that they did not learn from.

    reader = fit(lessons, schema, Encoder.load(), seed=0)
    reader.read(table, targets)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from limbeck.encoder import Encoder
from limbeck.errors import StudentError
from limbeck.schemas.extraction import Attribute, RecordSchema
from limbeck.schemas.labels import OTHER
from limbeck.schemas.tables import Table, Target
from limbeck.students import cell_ranking, cell_typing, ridge
from limbeck.students.cell_lessons import CellLesson, Said, drawn, tidy
from limbeck.students.cell_ranking import Attributes, Ranked, choose, gains, learn
from limbeck.students.cell_seen import Seen, Texts, see
from limbeck.students.ridge import Floats

EACH_TABLE, MOST_LESSONS = 40, 3000
TREES: dict[str, Any] = {
    "num_leaves": 12, "learning_rate": 0.08, "feature_fraction": 0.4, "bagging_fraction": 0.8, "bagging_freq": 1,
    "lambda_l2": 2.0, "min_data_in_bin": 1, "max_bin": 63, "verbosity": -1, "deterministic": True, "force_row_wise": True,
    "feature_pre_filter": False, "num_threads": 1,
}  # fmt: skip
ROUNDS = 80


@dataclass(frozen=True, eq=False)
class CellReader:
    """A student that reads cells."""

    schema: RecordSchema
    encoder: Encoder
    attributes: Attributes
    """What is known of the schema's attributes, whatever type they belong to."""
    first: Floats
    """[3d + 1, types]: the first step for types."""
    types: Any
    """Trees that say of a value and a type whether it is one."""
    rankers: dict[str, Any]
    """Trees for each attribute; none for one of a type that no lesson had."""
    metrics: dict[str, float]

    def read(self, table: Table, targets: Sequence[Target]) -> list[tuple[Said, float]]:
        """The record of each value, and how sure it is of its type, in [0, 1]."""
        if not targets:
            return []
        texts, seen = Texts(self.encoder), see(table, targets)
        rows = cell_typing.rows(seen, ridge.outputs(seen.vectors(texts), self.first), self.attributes, texts, self.schema)
        scores = self.types.predict(rows.reshape(-1, rows.shape[2]), num_threads=1).reshape(len(targets), -1)
        shares = scores / scores.sum(axis=1, keepdims=True)
        best = shares.argmax(axis=1)
        said: list[Said] = [{"type": self.schema.names[kind]} for kind in best.tolist()]
        known = self.attributes.known(texts, seen)
        for kind, one in enumerate(self.schema.types):
            for attribute in one.attributes:
                self._answer(attribute, kind, np.flatnonzero(best == kind).tolist(), known, said)
        return [(one, float(shares[at].max())) for at, one in enumerate(said)]

    def _answer(self, attribute: Attribute, kind: int, places: list[int], known: Ranked, said: list[Said]) -> None:
        """Put what an attribute is into the records of some values."""
        ranker = self.rankers.get(attribute.name)
        if ranker is None or not places:
            return said.__setitem__(slice(None), [one | {attribute.name: None} if at in places else one for at, one in enumerate(said)])
        rows = [known.rows(at, attribute.name, kind) for at in places]
        scores = ranker.predict(np.concatenate(rows), num_threads=1)
        ends = np.cumsum([len(one) for one in rows])
        for at, part in zip(places, np.split(scores, ends[:-1]), strict=True):
            said[at][attribute.name] = choose(part, known.offered(at, attribute.name), attribute)


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
    tables: dict[int, list[CellLesson]] = {}
    for one in lessons:
        tables.setdefault(id(one.table), []).append(CellLesson(one.table, one.target, tidy(one.said, schema)))
    chosen = drawn([one for table in tables.values() for one in table], EACH_TABLE, MOST_LESSONS, seed)
    return _Teaching(chosen, schema, encoder, seed).reader()


class _Teaching:
    """One fit: lessons looked at once, table by table."""

    def __init__(self, lessons: list[CellLesson], schema: RecordSchema, encoder: Encoder, seed: int) -> None:
        self.schema, self.encoder, self.seed = schema, encoder, seed
        self.texts = Texts(encoder)
        tables: dict[int, list[CellLesson]] = {}
        for one in lessons:
            tables.setdefault(id(one.table), []).append(one)
        self.tables = list(tables.values())
        self.seen = [see(one[0].table, [each.target for each in one]) for one in self.tables]
        self.kinds = [np.array([schema.names.index(one.said["type"]) for one in table]) for table in self.tables]
        self.weights = [np.full(len(one), len(one) ** -0.5) for one in self.tables]
        files = [one[0].group for one in self.tables]
        self.folds = ridge.folds(files if len(set(files)) > 1 else [str(at) for at in range(len(files))], seed)

    def reader(self) -> CellReader:
        """Fit all of it."""
        every = list(range(len(self.tables)))
        attributes, first = self._first_steps(every)
        types, ranked = [np.zeros(0)] * len(every), [attributes.known(self.texts, one) for one in self.seen[:0]]
        held: dict[int, Ranked] = {}
        for kept, out in self.folds:
            mine, near = self._first_steps(kept)
            for at in out:
                said = ridge.outputs(self.seen[at].vectors(self.texts), near)
                types[at] = cell_typing.rows(self.seen[at], said, mine, self.texts, self.schema)
                held[at] = mine.known(self.texts, self.seen[at])
        ranked = [held[at] for at in every]
        rankers = {name: trees for name, one in attributes.every.items() if (trees := self._ranker(one, ranked)) is not None}
        cells = float(sum(map(len, self.tables)))
        return CellReader(self.schema, self.encoder, attributes, first, self._types(types), rankers, {"cells": cells, "tables": len(every)})

    def _first_steps(self, kept: list[int]) -> tuple[Attributes, Floats]:
        """What some tables say of attributes, and of types by vectors."""
        lessons = [one for at in kept for one in self.tables[at]]
        attributes = learn(self.schema, lessons, [self.seen[at] for at in kept], self.texts)
        vectors = np.concatenate([self.seen[at].vectors(self.texts) for at in kept])
        wanted = np.eye(len(self.schema.names))[np.concatenate([self.kinds[at] for at in kept])]
        return attributes, ridge.solve(vectors, wanted, np.concatenate([self.weights[at] for at in kept]))

    def _types(self, rows: list[Floats]) -> Any:
        every, count = np.concatenate(rows), len(self.schema.names)
        wanted = np.eye(count)[np.concatenate(self.kinds)].ravel()
        return self._trees(every.reshape(-1, every.shape[2]), wanted, np.repeat(np.concatenate(self.weights), count), cell_typing.RISING)

    def _ranker(self, attribute: Attribute, ranked: list[Ranked]) -> Any:
        """Trees that say how much of an attribute's value a candidate has; None where no lesson has its type."""
        name, rows, wanted, weights = attribute.name, [], [], []
        for table, known, kinds, heavy in zip(self.tables, ranked, self.kinds, self.weights, strict=True):
            for at, lesson in enumerate(table):
                if name in lesson.said:
                    rows.append(known.rows(at, name, int(kinds[at])))
                    wanted.append(gains(known.offered(at, name), lesson.said[name], attribute))
                    weights.append(np.full(len(rows[-1]), heavy[at]))
        if not rows:
            return None
        return self._trees(np.concatenate(rows), np.concatenate(wanted), np.concatenate(weights), cell_ranking.RISING)

    def _trees(self, rows: Floats, wanted: Floats, weights: Floats, rising: int) -> Any:
        """Boosted trees from rows [n, features] to what is wanted [n] in [0, 1], that never fall in the first features."""
        import lightgbm

        fewest = max(1, min(20, len(rows) // 50))
        parameters = {**TREES, "objective": "cross_entropy", "min_data_in_leaf": fewest, "seed": self.seed}
        parameters["monotone_constraints"] = [int(at < rising) for at in range(rows.shape[1])]
        data = lightgbm.Dataset(rows, label=wanted, weight=weights / weights.mean(), params=parameters)
        return lightgbm.train(parameters, data, ROUNDS)


__all__ = ["OTHER", "CellReader", "fit"]
