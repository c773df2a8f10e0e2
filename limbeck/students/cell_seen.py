"""A table as the student `cells` sees it: for each value its headers, what can be counted, and the texts around it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from limbeck.encoder import Encoder
from limbeck.schemas.extraction import RecordSchema
from limbeck.schemas.tables import Table, Target
from limbeck.students.cell_candidates import Candidate, around_table, candidates
from limbeck.students.cell_shapes import Shapes
from limbeck.students.ridge import Floats
from limbeck.tables.describing import column_path, cut, row_path
from limbeck.tables.grid import Grid

MOST_TEXT = 160
WORDS = re.compile(r"[^\W_]+")


class Texts:
    """Vectors of texts, each embedded once."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, Floats] = {"": np.zeros(encoder.dimensions, np.float32)}

    def vectors(self, texts: Sequence[str]) -> Floats:
        """[texts, d]: unit vectors, 0 for an empty text."""
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        self._known.update(zip(new, self._encoder.encode([cut(text, MOST_TEXT) for text in new]), strict=True))
        return np.stack([self._known[text] for text in texts]) if texts else np.zeros((0, self._encoder.dimensions), np.float32)


@dataclass(frozen=True, eq=False)
class Seen:
    """A table and some of its values."""

    table: Table
    targets: Sequence[Target]
    grid: Grid
    around: list[list[Candidate]]
    """Of each value: the texts that its attributes may be."""

    @cached_property
    def above(self) -> list[list[str]]:
        """The headers above each value, from the top."""
        return [column_path(self.grid, one) for one in self.targets]

    @cached_property
    def beside(self) -> list[list[str]]:
        """The headers beside each value, from the left."""
        return [[text for text, _ in row_path(self.grid, one)] for one in self.targets]

    @cached_property
    def places(self) -> Floats:
        """[values, PLACES]: see `cell_shapes`."""
        shapes = Shapes(self.table, self.grid)
        return np.array([shapes.place(one) for one in self.targets], np.float32)

    def vectors(self, texts: Texts) -> Floats:
        """[values, 3d]: of the headers above, those beside, and the caption."""
        above = texts.vectors([" > ".join(path) for path in self.above])
        beside = texts.vectors([" > ".join(path) for path in self.beside])
        caption = np.tile(texts.vectors([self.table.caption]), (len(self.targets), 1))
        return np.concatenate([above, beside, caption], axis=1)

    def nearest(self) -> tuple[list[str], list[str]]:
        """The lowest header above each value, and the first one beside it."""
        return [(path or [""])[-1] for path in self.above], [(path or [""])[0] for path in self.beside]

    def named(self, schema: RecordSchema) -> Floats:
        """[values, types but Other, 5]: how much of a type's name stands above, beside, in the corner, caption and notes."""
        fixed = [words(self.grid.at(0, 0).text), words(self.table.caption), words(" ".join(self.table.notes))]
        found = np.zeros((len(self.targets), len(schema.types), 5), np.float32)
        for at, (above, beside) in enumerate(zip(self.above, self.beside, strict=True)):
            for place, said in enumerate([words(" ".join(above)), words(" ".join(beside)), *fixed]):
                found[at, :, place] = [max(_share(name, said) for name in (kind.name, *kind.aliases)) for kind in schema.types]
        return found


def see(table: Table, targets: Sequence[Target]) -> Seen:
    """Look at a table."""
    grid, shared = Grid(table), around_table(table)
    return Seen(table, targets, grid, [candidates(table, one, grid, shared) for one in targets])


def words(text: str) -> set[str]:
    """The words of a text, in small letters; a number that follows letters belongs to them."""
    return set(WORDS.findall(text.casefold()))


def _share(name: str, said: set[str]) -> float:
    """How many of a name's words were said; one that begins another counts, as `IC50` does in `IC50a`."""
    mine = words(name)
    hits = sum(word in said or (len(word) > 2 and any(other.startswith(word) for other in said)) for word in mine)
    return hits / max(1, len(mine))
