"""A first schema for tables, from a few of them: what their headers name, for a person to edit.

Values are measurements, or counts; a measure that several tables have becomes a type of its own. What columns of names are
called, the levels of column headers, sections and units become attributes. Nothing is asked of a model.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from limbeck.errors import ConfigError
from limbeck.records.forms import RESERVED
from limbeck.records.headings import Heading, heading
from limbeck.records.numbers import number
from limbeck.schemas.extraction import Attribute, Kind, RecordSchema, RecordType
from limbeck.schemas.labels import OTHER
from limbeck.schemas.tables import Cell, Table
from limbeck.tables.grid import Grid
from limbeck.tables.targets import targets
from limbeck.visible import on_one_line

NOTE = """\
A DRAFT, made from {made}: edit it. Name types and attributes as you
speak of them, throw out what you don't need, and say of the rest in a few words what it means.

"""
MOST_TYPES, MOST_ATTRIBUTES, MOST_OPTIONS, MOST_EXAMPLES = 6, 8, 6, 3
SHOWN, CAPTION = 40, 70
"""Characters of an example."""
MEASURE, UNIT, SECTION, GROUP, COLUMN, ROW, REST = "measure", "unit", "section", "group", "column", "row", "conditions"
USUAL = {"Measurement": "a number that was measured", "Count": "a number that was counted"}
MARKS = frozenset("✓✔√✗✘")
TRUTH = MARKS | {"yes", "no", "true", "false", "y", "n", "x", "×", "∘", "○", "●"}


@dataclass
class Named:
    """One thing that tables say of their values, and what they say."""

    about: str
    texts: dict[str, set[int]] = field(default_factory=dict)
    """With the tables that say them."""
    tables: set[int] = field(default_factory=set)
    spellings: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Column:
    """A column of values."""

    table: int
    levels: tuple[Heading, ...]
    """What stands above it, from the top."""
    measure: int | None
    """Which of these names what was measured."""

    @property
    def head(self) -> Heading | None:
        """What was measured."""
        return self.levels[self.measure] if self.measure is not None else None


def draft(tables: Sequence[Table]) -> RecordSchema:
    """Propose a schema.

    Args:
        tables: A few of those that it is for.

    Raises:
        ConfigError: None of them holds a value.
    """
    columns = [one for place, table in enumerate(tables) for one in _columns(place, table)]
    if not columns:
        raise ConfigError("no number in the tables; name files whose tables hold some")
    groups = _groups(columns)
    types = tuple(_type(name, group, tables) for name, group in groups.items())
    return RecordSchema(name="my records", types=types)


# ---- columns ---------------------------------------------------------------------------------------------------------


def _columns(place: int, table: Table) -> Iterator[Column]:
    """The columns that hold values outside of headers."""
    grid = Grid(table)
    firsts: dict[int, int] = {}
    for target in targets(table):
        if grid.at(target.row, target.column).header is None:
            firsts.setdefault(target.column, target.row)
    levels = {column: _levels(grid, row, column) for column, row in firsts.items()}
    measure = _measuring(list(levels.values()))
    for above in levels.values():
        yield Column(place, above, _place(above, measure))


def _levels(grid: Grid, row: int, column: int) -> tuple[Heading, ...]:
    """What stands above a place, each name once: some files repeat a cell that spans others."""
    heads = (heading(cell.text) for cell in grid.above(row, column) if cell.header == "column")
    return tuple(dict.fromkeys(one for one in heads if one.name or one.unit))


def _measuring(columns: Sequence[tuple[Heading, ...]]) -> int | None:
    """The level of headers, counted from the bottom, that names measures in most columns; None where none does."""
    found = Counter(
        len(levels) - place for levels in columns for place, one in enumerate(levels) if one.is_measure or one.is_count
    )
    return min(found, key=lambda level: (-found[level], level)) if found else None


def _place(levels: tuple[Heading, ...], measure: int | None) -> int | None:
    """The level that names the measure of one column: that of most, or the lowest one that may."""
    if measure is None or measure <= len(levels):
        return None if measure is None else len(levels) - measure
    return max((place for place, one in enumerate(levels) if one.is_measure or one.is_count), default=None)


def _groups(columns: Sequence[Column]) -> dict[str, list[Column]]:
    """Columns by the type of their records."""
    tables: dict[str, set[int]] = defaultdict(set)
    spelt: dict[str, Counter[str]] = defaultdict(Counter)
    for one in columns:
        if one.head and one.head.is_measure and one.head.name and not one.head.is_count:
            tables[one.head.key].add(one.table)
            spelt[one.head.key][one.head.name] += 1
    several = [key for key in sorted(tables) if len(tables[key]) > 1]
    several = several if len(several) <= MOST_TYPES else []  # So many are values of an attribute.
    names = {key: min(spelt[key], key=lambda name: (-spelt[key][name], name)) for key in several}
    groups: dict[str, list[Column]] = {_fresh(name, (OTHER,)): [] for name in names.values()}
    for one in columns:
        usual = list(USUAL)[bool(one.head and one.head.is_count)]
        groups.setdefault(_fresh(names.get(one.head.key, usual) if one.head else usual, (OTHER,)), []).append(one)
    return {name: group for name, group in groups.items() if group}


# ---- types -----------------------------------------------------------------------------------------------------------


def _type(name: str, columns: Sequence[Column], tables: Sequence[Table]) -> RecordType:
    own = sorted({one.table for one in columns})
    found = _Attributes()
    for place in own:
        found.add_rows(place, tables[place])
    heads = [(one.head.name, one.table) for one in columns if one.head]
    if name in USUAL:
        found.add(MEASURE, "what was measured", heads or [("", place) for place in own])
    for one in columns:
        found.add_levels(one)
    found.add(UNIT, "the value's unit", [(one.unit, column.table) for column in columns for one in column.levels if one.unit])
    about = USUAL.get(name, name) + _examples((tables[place].caption for place in own), CAPTION)
    rest = Attribute(name=REST, kind="pairs", description="what else the table, its caption and its notes say of the value")
    return RecordType(name=name, description=about, attributes=(*found.attributes(), rest))


class _Attributes:
    """What tables say of the values of one type."""

    def __init__(self) -> None:
        self._found: dict[str, Named] = {}

    def add(self, name: str, about: str, said: Iterable[tuple[str, int]]) -> None:
        """Note what tables say, each text with its table; of nothing, nothing."""
        for text, table in said:
            own = self._found.setdefault(Heading(name).key, Named(about))
            own.tables.add(table)
            own.spellings[name] += 1
            if text:
                own.texts.setdefault(text, set()).add(table)

    def add_rows(self, place: int, table: Table) -> None:
        """What a table says of its rows: columns of names and of words, and sections."""
        grid, values = Grid(table), {target.column for target in targets(table)}
        sides: dict[int, list[Cell]] = defaultdict(list)
        for cell in table.cells:
            if cell.header == "section" and cell.text:
                self.add(SECTION, "the part of the table that the value stands in", [(cell.text, place)])
            elif cell.columns == 1 and cell.text and _is_side(cell, values):
                sides[cell.column].append(cell)
        for column, cells in sorted(sides.items()):
            if not _are_decimals([cell.text for cell in cells]):
                levels = _levels(grid, cells[-1].row, column)
                name = levels[-1].name if levels and levels[-1].name else ROW
                about = "what the row is about" if cells[0].header == "row" else "said of the row"
                self.add(name, about, [(cell.text, place) for cell in cells])

    def add_levels(self, column: Column) -> None:
        """The levels of column headers that name no measure: the lowest is the column's own."""
        for place, one in enumerate(column.levels):
            if place != column.measure and one.name:
                lowest = place == len(column.levels) - 1
                about = "what the column is about" if lowest else "what the columns have in common"
                self.add(COLUMN if lowest else GROUP, about, [(one.name, column.table)])

    def attributes(self) -> Iterator[Attribute]:
        """Those that every kind of table has, and of the others those that most tables have."""
        always = (MEASURE, UNIT, COLUMN, GROUP)
        ranked = sorted(self._found, key=lambda key: (key not in always, -len(self._found[key].tables)))
        taken: list[str] = [REST]
        for key in [key for key in self._found if key in ranked[:MOST_ATTRIBUTES]]:
            spelt = self._found[key].spellings
            name = _lower(min(spelt, key=lambda name: (-spelt[name], name)))
            name = _fresh(f"{name} of row" if name in RESERVED else name, taken)
            taken.append(name)
            yield _attribute(name, self._found[key])


def _is_side(cell: Cell, values: set[int]) -> bool:
    return cell.header == "row" or (cell.header is None and cell.column not in values)


def _are_decimals(texts: Sequence[str]) -> bool:
    """Whether they are values rather than names."""
    return sum("." in text and number(text) is not None for text in texts) * 2 > len(texts)


def _attribute(name: str, one: Named) -> Attribute:
    kind, options = _kind(Heading(name), one.texts)
    return Attribute(name=name, kind=kind, options=options, description=one.about + ("" if options else _examples(one.texts)))


def _kind(name: Heading, texts: Mapping[str, set[int]]) -> tuple[Kind, tuple[str, ...]]:
    """Truth values; numbers; a choice where several tables say the same few words; else a text."""
    said = {text.casefold() for text in texts}
    if said and said <= TRUTH and (said & MARKS or len(said) > 1):
        return "boolean", ()
    if (name.is_count or name.is_measure or name.key == "year") and said and all(number(text) is not None for text in said):
        return "number", ()
    few = 1 < len(texts) <= MOST_OPTIONS and all(len(tables) > 1 for tables in texts.values()) and max(map(len, texts)) <= SHOWN
    return ("choice", tuple(dict.fromkeys(map(on_one_line, texts)))) if few else ("text", ())


# ---- words -----------------------------------------------------------------------------------------------------------


def _examples(texts: Iterable[str], most: int = SHOWN) -> str:
    """Some of them in words: `, as "BERT", "GPT-2"`."""
    plain = (on_one_line(text).replace('"', "'") for text in texts)
    short = (one if len(one) <= most else one[:most].rstrip() + "…" for one in plain if one)
    distinct = {one.casefold(): one for one in reversed(list(short))}
    some = list(itertools.islice(reversed(distinct.values()), MOST_EXAMPLES))
    return ", as " + ", ".join(f'"{one}"' for one in some) if some else ""


def _lower(name: str) -> str:
    """A name without the capitals that begin words; those of abbreviations and symbols stay."""
    return " ".join(word.lower() if word[1:].islower() else word for word in name.split())


def _fresh(name: str, taken: Iterable[str]) -> str:
    """A name that can be shown and is not taken."""
    name = on_one_line(name) or ROW
    keys = {Heading(one).key for one in taken}
    counted = (f"{name} {count}" for count in itertools.count(2))
    return next(one for one in itertools.chain([name], counted) if Heading(one).key not in keys)
