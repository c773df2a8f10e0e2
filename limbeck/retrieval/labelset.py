"""The list of labels: thousands, or a million, in columns.

`read("skills.csv")` takes a CSV, TSV, JSON Lines, JSON, Parquet or text file of one label a row:

    label,description,synonyms,parent
    manage staff,Lead people at work.,"lead a team|supervise staff",management
"""

import itertools
import json
import math
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np
import numpy.typing as npt

from limbeck.decoding import Skipped
from limbeck.documents import HEAD, cell, column
from limbeck.errors import ConfigError, DocumentsError, NoLabels
from limbeck.readers import TEXT, Row, rows_of
from limbeck.retrieval.lexical import folded
from limbeck.schemas import content_id

NAME = ("label", "name")
"""Columns that hold the labels where none is named; else the only column there is."""
OPTIONAL = ("description", "synonyms", "parent")
"""Columns that are read where they are there, or where the config gives their names."""
SEPARATORS = ("\n", "|")
"""Of several synonyms in one cell that is no list; a comma may be part of one."""


@dataclass(frozen=True, eq=False)
class LabelSet:
    """Labels, a row each; equal rows of all columns are about one label."""

    names: tuple[str, ...]
    """Distinct, never empty."""
    descriptions: tuple[str, ...] = ()
    """Empty where there is none; the whole is empty where no label has one."""
    synonyms: tuple[tuple[str, ...], ...] = ()
    parents: tuple[int, ...] = ()
    """The row of each label's parent, or -1."""
    notes: tuple[str, ...] = field(default=())
    """What was left out or put right in the file, a sentence each."""

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def rows(self) -> Mapping[str, int]:
        """A label's row, by its name."""
        return {name: row for row, name in enumerate(self.names)}

    @cached_property
    def found(self) -> Mapping[str, int]:
        """A label's row by `plain` of its name or of a synonym; where two share one, the name counts, then the first."""
        rows: dict[str, int] = {}
        for row, name in enumerate(self.names):
            rows.setdefault(plain(name), row)
        for row, others in enumerate(self.synonyms):
            for other in others:
                rows.setdefault(plain(other), row)
        return rows

    def row_of(self, name: str) -> int | None:
        """The row of a label that is called so: word for word, else as `found` compares; None where there is none."""
        row = self.rows.get(name)
        return self.found.get(plain(name)) if row is None else row

    def spelt(self, cell: str) -> list[str]:
        """The labels that a cell names, as the list spells them where they are on it; a label may hold what parts others."""
        said = [cell] if self.row_of(cell) is not None else several(cell)
        return [self.names[row] if (row := self.row_of(name)) is not None else name for name in said]

    @cached_property
    def id(self) -> str:
        """Named by its content."""
        return content_id([self.names, self.descriptions, self.synonyms, self.parents])

    @property
    def described(self) -> bool:
        """Whether more is said of labels than their names."""
        return bool(self.descriptions or self.synonyms)

    def about(self, name: str) -> str:
        """A label's description; empty where it has none."""
        return self.descriptions[self.rows[name]] if self.descriptions else ""

    def phrases(self, row: int) -> list[str]:
        """A label's texts: its name, its synonyms, its description."""
        others = self.synonyms[row] if self.synonyms else ()
        about = self.descriptions[row] if self.descriptions else ""
        return [self.names[row], *others, *([about] if about else [])]

    def said(self, row: int) -> str:
        """All that is said of a label, in one text."""
        return " ".join(self.phrases(row))

    def lineage(self, row: int) -> list[int]:
        """A label's ancestors, its parent first; it is none of its own where parents go round in a circle."""
        above = [row]
        while self.parents and self.parents[above[-1]] >= 0 and self.parents[above[-1]] not in above:
            above.append(self.parents[above[-1]])
        return above[1:]


def plain(text: str) -> str:
    """A label's name for comparing: case, white space and how Unicode writes a letter don't matter."""
    return " ".join(folded(text).split())


def read(source: str | Path, columns: Mapping[str, str | None] | None = None) -> LabelSet:
    """Read a label file.

    Args:
        source: Its path.
        columns: The columns of `label`, `description`, `synonyms` and `parent`, where they are called otherwise.

    Raises:
        DocumentsError: There is no such file, or it can't be read; or it lacks a column that was named.
        NoLabels: It holds no label.
    """
    skipped: Skipped = Counter()
    rows = rows_of(source, skipped, None)
    if not (head := list(itertools.islice(rows, HEAD))):
        raise NoLabels(str(source), None)
    names = _named(list(dict.fromkeys(name for row in head for name in row)), str(source), columns or {})
    if str(names["label"]).lower() not in (*NAME, TEXT) and not (columns or {}).get("label"):
        skipped[f"its first row, {names['label']!r}, taken for the column's name, and for no label"] += 1
    kept = _Columns()
    for row in itertools.chain(head, rows):
        kept.add({key: row.get(name) if name else None for key, name in names.items()}, skipped)
    if not kept.names:
        raise NoLabels(str(source), names["label"])
    return kept.label_set(skipped, str(source))


def of_names(names: Sequence[str]) -> LabelSet:
    """A label set of nothing but names."""
    return LabelSet(tuple(dict.fromkeys(names)))


def _named(found: list[str], source: str, columns: Mapping[str, str | None]) -> dict[str, str | None]:
    """The columns to read; case doesn't matter where none is given."""
    known = {name.lower(): name for name in reversed(found)}
    names: dict[str, str | None] = {"label": _label_column(found, source, columns.get("label"))}
    for key in OPTIONAL:
        given = columns.get(key)
        names[key] = column(given, found, source, key) if given else known.get(key)
    return names


def _label_column(found: list[str], source: str, given: str | None) -> str:
    known = [name for wanted in NAME for name in found if name.lower() == wanted] or (found if len(found) == 1 else [])
    return known[0] if known and not given else column(given or NAME[0], found, source, "label")


class _Columns:
    """Labels as they are read, one after the other."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.rows: dict[str, int] = {}
        """By the name as Unicode composes it: an accent written apart makes no other label."""
        self.descriptions: list[str] = []
        self.synonyms: list[tuple[str, ...]] = []
        self.parents: list[str] = []

    def add(self, row: Row, skipped: Skipped) -> None:
        """One more row; a name that was there already adds its synonyms, and what the first lacks."""
        name = " ".join(cell(row["label"]).split())
        if not name:
            skipped["labels left out because they have no name"] += 1
            return
        about, parent = " ".join(cell(row["description"]).split()), " ".join(cell(row["parent"]).split())
        others = tuple(other for other in several(row["synonyms"]) if other != name)
        key = normalize("NFC", name)
        if key in self.rows:
            skipped["labels that come again, taken for one"] += 1
            at = self.rows[key]
            self.descriptions[at] = self.descriptions[at] or about
            self.parents[at] = self.parents[at] or parent
            self.synonyms[at] = tuple(dict.fromkeys((*self.synonyms[at], *others)))
            return
        self.rows[key] = len(self.names)
        self.names.append(name)
        self.descriptions.append(about)
        self.parents.append(sys.intern(parent))
        self.synonyms.append(others)

    def label_set(self, skipped: Skipped, source: str) -> LabelSet:
        """What was read."""
        parents = [self.rows.get(normalize("NFC", parent), -1) for parent in self.parents]
        lost = sum(bool(parent) and row < 0 for parent, row in zip(self.parents, parents, strict=True))
        if lost:
            skipped["labels whose parent is not a label of the file, taken for having none"] += lost
        return LabelSet(
            tuple(self.names),
            tuple(self.descriptions) if any(self.descriptions) else (),
            tuple(self.synonyms) if any(self.synonyms) else (),
            tuple(parents) if any(row >= 0 for row in parents) else (),
            tuple(f"{source}: {what}: {count}" for what, count in skipped.items()),
        )


def several(value: Any) -> tuple[str, ...]:
    """Texts of one cell: a list, a JSON list, or texts with a line break or a `|` between them; distinct, in order."""
    listed = value if isinstance(value, list) else _listed(cell(value))
    texts = (" ".join(cell(one).split()) for one in listed)
    return tuple(dict.fromkeys(text for text in texts if text))


def _listed(text: str) -> list[Any]:
    if text.lstrip().startswith("["):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, list):
            return value
    separator = next((one for one in SEPARATORS if one in text), None)
    return text.split(separator) if separator else [text]


def read_priors(source: str | Path, labels: LabelSet) -> tuple[npt.NDArray[np.float32], tuple[str, ...]]:
    """How frequent labels are: a file with the columns `label` and `prior`, shares of documents, or counts, which are divided
    by their sum. A synonym's counts where its label's own is not given; of a label that comes again the last counts.

    Returns:
        [labels] shares, 0 for a label that the file lacks; and a sentence on each kind of trouble, such as labels that are
        not on the list.

    Raises:
        DocumentsError: There is no such file, it can't be read, it lacks a column, or is empty.
        ConfigError: A prior is no number from 0 on.
    """
    skipped: Skipped = Counter()
    found, number, named = np.zeros(len(labels), dtype=np.float64), 0, set[int]()
    for number, row in enumerate(rows_of(source, skipped, None), 1):
        if missing := {"label", "prior"} - set(row):
            raise DocumentsError(f"no column {min(missing)!r} in {str(source)!r}; give it the columns `label` and `prior`")
        name, prior = cell(row["label"]), _prior(row["prior"], number, str(source))
        at = labels.row_of(name)
        if at is None:
            skipped["priors left out because their label is not on the list"] += 1
        elif plain(name) == plain(labels.names[at]) or at not in named:
            found[at] = prior
            named |= {at} if plain(name) == plain(labels.names[at]) else set()
    if not number:
        raise DocumentsError(f"no priors in {str(source)!r}; give it the columns `label` and `prior`")
    counts = found.max(initial=0.0) > 1 or (np.count_nonzero(found) > 1 and not (found % 1).any())
    shares = found / found.sum() if counts else found
    return shares.astype(np.float32), tuple(f"{source}: {what}: {count}" for what, count in skipped.items())


def _prior(value: Any, number: int, source: str) -> float:
    try:
        prior = float(value)
    except (TypeError, ValueError, OverflowError):
        prior = math.nan
    if not 0 <= prior < math.inf:
        raise ConfigError(f"prior {value!r} in row {number} of {source!r} is no share and no count; write a number from 0 on")
    return prior
