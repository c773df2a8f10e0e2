"""A student of the kind `cells` at work, and its folder: `student.json`, `cells.safetensors`, and trees in LightGBM's own text."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from limbeck.encoder import Encoder
from limbeck.errors import StudentError
from limbeck.records.answers import Said
from limbeck.schemas.extraction import Attribute, RecordSchema
from limbeck.schemas.tables import Table, Target
from limbeck.students import cell_ranking, cell_trees, cell_typing, ridge
from limbeck.students.cell_candidates import ROLES
from limbeck.students.cell_lessons import tidy
from limbeck.students.cell_ranking import Attributes, Ranked, choose, every_attribute
from limbeck.students.cell_seen import Texts, see
from limbeck.students.cell_shapes import LOOKS
from limbeck.students.cell_typing import TypeTrees
from limbeck.students.loading import damaged, other_version
from limbeck.students.ridge import Floats
from limbeck.students.student import MANIFEST, name_of

VERSION = 1
ARRAYS, TYPES, EACH, POOLED, RANKER = "cells.safetensors", "any-type.txt", "types.txt", "any-attribute.txt", "attribute-{}.txt"


@dataclass(frozen=True, eq=False)
class CellReader:
    """A student that reads cells."""

    schema: RecordSchema
    encoder: Encoder
    attributes: Attributes
    """What is known of the schema's attributes, whatever type they belong to."""
    first: Floats
    """[3d + 1, types]: the first step for types."""
    types: TypeTrees
    pooled: Any
    """Trees that say how much of any attribute's value a candidate has; None where no lesson had a type with attributes."""
    rankers: dict[str, Any]
    """Trees that add what is special of an attribute; none for one of a type that no lesson had."""
    metrics: dict[str, float]

    def read(self, table: Table, targets: Sequence[Target]) -> list[tuple[Said, float]]:
        """The record of each value, and how sure it is of its type, in [0, 1]."""
        if not targets:
            return []
        texts, seen = Texts(self.encoder), see(table, targets)
        rows = cell_typing.rows(seen, ridge.outputs(seen.vectors(texts), self.first), self.attributes, texts, self.schema)
        shares = self.types.shares(rows)
        best = shares.argmax(axis=1)
        said: list[Said] = [{"type": self.schema.names[kind]} for kind in best.tolist()]
        known = self.attributes.known(texts, seen)
        for kind, one in enumerate(self.schema.types):
            for attribute in one.attributes:
                self._answer(attribute, kind, np.flatnonzero(best == kind).tolist(), known, said)
        return [(tidy(one, self.schema), float(shares[at].max())) for at, one in enumerate(said)]

    def _answer(self, attribute: Attribute, kind: int, places: list[int], known: Ranked, said: list[Said]) -> None:
        """Put what an attribute is into the records of some values."""
        if not places or self.pooled is None:
            return
        rows = [known.rows(at, attribute.name, kind) for at in places]
        every = np.concatenate(rows)
        scores = cell_trees.raw(self.pooled, every[:, : cell_ranking.SHARED])
        if attribute.name in self.rankers:
            scores = scores + cell_trees.raw(self.rankers[attribute.name], every)
        ends = np.cumsum([len(one) for one in rows])
        for at, part in zip(places, np.split(1 / (1 + np.exp(-scores)), ends[:-1]), strict=True):
            said[at][attribute.name] = choose(part, known.offered(at, attribute.name), attribute)

    def save(self, folder: Path) -> None:
        """Write the student to a folder, which is made where it is missing; `cell_files.load` reads it.

        Raises:
            StudentError: The folder can't be written.
        """
        from safetensors.numpy import save_file

        arrays = {"first": self.first, "solved": self.attributes.solved, "rates": self.attributes.rates}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            save_file({name: np.ascontiguousarray(one, np.float32) for name, one in arrays.items()}, folder / ARRAYS)
            for name, trees in self._trees():
                cell_trees.save(trees, folder / name)
            (folder / MANIFEST).write_text(json.dumps(self._manifest(), indent=1, ensure_ascii=False) + "\n", "utf-8")
        except OSError as error:
            raise StudentError(f"can't write a student to {str(folder)!r} ({error}); give another folder") from error

    def _trees(self) -> Iterator[tuple[str, Any]]:
        yield from ((TYPES, self.types.any_type), (EACH, self.types.each))
        if self.pooled is not None:
            yield POOLED, self.pooled
        yield from ((RANKER.format(at), trees) for at, trees in enumerate(self.rankers.values()))

    def _manifest(self) -> dict[str, Any]:
        return {
            "cells": VERSION,
            "kind": "cells",
            "encoder": name_of(self.encoder),
            "max_tokens": self.encoder.max_tokens,
            "schema": self.schema.model_dump(mode="json"),
            "shares": self.attributes.shares,
            "rankers": list(self.rankers),
            "pooled": self.pooled is not None,
            "metrics": self.metrics,
        }


def load(folder: Path) -> CellReader:
    """Read a student of the kind `cells`.

    Raises:
        StudentError: The folder is damaged, or a later limbeck wrote it.
        ConfigError: Its encoder can't be loaded here.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        told = json.loads((folder / MANIFEST).read_text("utf-8"))
        version, encoder, most = told["cells"], str(told["encoder"]), int(told["max_tokens"])
        schema, metrics = RecordSchema.model_validate(told["schema"]), dict(told["metrics"])
        shares = {str(name): {str(text): float(share) for text, share in each.items()} for name, each in told["shares"].items()}
        arrays = load_file(folder / ARRAYS)
        attributes = Attributes(schema, arrays["solved"], shares, arrays["rates"])
        trees = _trees(folder, schema, list(told["rankers"]), bool(told["pooled"]))
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RecursionError, ValidationError, SafetensorError) as error:
        raise damaged(folder, "cells", error) from error
    if version != VERSION:
        raise other_version(folder, version, VERSION)
    loaded = Encoder.load(encoder, max_tokens=most)
    _check(folder, schema, loaded.dimensions, arrays)
    return CellReader(schema, loaded, attributes, arrays["first"], *trees, metrics)


def _trees(folder: Path, schema: RecordSchema, rankers: list[str], pooled: bool) -> tuple[TypeTrees, Any, dict[str, Any]]:
    count = cell_typing.features(len(schema.names), len(every_attribute(schema)))
    types = TypeTrees(cell_trees.load(folder / TYPES, cell_typing.OWN), cell_trees.load(folder / EACH, count))
    shared = cell_trees.load(folder / POOLED, cell_ranking.SHARED) if pooled else None
    every = {name: cell_trees.load(folder / RANKER.format(at), cell_ranking.FEATURES) for at, name in enumerate(rankers)}
    return types, shared, every


def _check(folder: Path, schema: RecordSchema, dimensions: int, arrays: dict[str, Any]) -> None:
    """Raise where the parts of a folder, by their shapes, are not one student's."""
    attributes = len(every_attribute(schema))
    wanted = {
        "first": (3 * dimensions + 1, len(schema.names)),
        "solved": (dimensions + LOOKS + 1, attributes),
        "rates": (attributes, len(ROLES)),
    }
    for name, shape in wanted.items():
        if name not in arrays or arrays[name].shape != shape:
            raise damaged(folder, ARRAYS, ValueError(f"{name!r} is not of the shape {shape!r}"))
