"""What can't be right: sums that don't come out, dates in the future, currencies that don't exist.

`check({"subtotal": "8.00", "tax": "0.50", "total": "9.00"}, fields, today)` says that 8.00 + 0.50 is 8.50, not 9.00.
"""

import datetime
import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from limbeck.errors import ConfigError
from limbeck.fields.amounts import CURRENCIES, written
from limbeck.fields.normalising import normal
from limbeck.schemas.fields import Field, FieldSet, Said

OFF = Decimal("0.02")
"""Sums may differ by this for each amount in them: receipts round."""
EARLIEST = datetime.date(1970, 1, 1)
_TERM = re.compile(r"\s*([+-]?)\s*([\w]+(?:\.[\w]+)?)\s*")


@dataclass(frozen=True)
class Problem:
    """Something that can't be right."""

    fields: tuple[str, ...]
    """Those of which one must be wrong."""
    sentence: str


@dataclass(frozen=True)
class Sum:
    """`subtotal + tax - discount = total`."""

    text: str
    left: tuple[tuple[int, str], ...]
    """Signs, and fields by name; of a list `items.amount`, which is the sum of its entries."""
    right: tuple[tuple[int, str], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All its fields."""
        return tuple(dict.fromkeys(name for _, name in (*self.left, *self.right)))


def check(said: Said, fields: FieldSet, today: datetime.date | None = None) -> list[Problem]:
    """All that can't be right in what is said of a document.

    Args:
        said: Values as their fields' kinds have them; others are normalised.
        fields: The field set.
        today: Dates after the day after it are problems; nothing is too late without it.

    Raises:
        ConfigError: One of the field set's checks is no sum of its fields.
    """
    return [*sums_that_fail(said, fields), *_dates(said, fields, today), *_currencies(said, fields)]


# ---- sums ----------------------------------------------------------------------------------------------------------------


def sums_that_fail(said: Said, fields: FieldSet) -> list[Problem]:
    """Checks with the same right side are ways to come to it: one that holds is enough, and of several that don't the first is told."""
    by_side: dict[tuple[tuple[int, str], ...], list[Sum]] = {}
    for one in parsed(fields):
        by_side.setdefault(one.right, []).append(one)
    problems = []
    for sums in by_side.values():
        told = [(one, _difference(one, said, fields)) for one in sums]
        failing = [one for one, off in told if off is not None and abs(off) > _allowed(one, said)]
        if failing and not any(off is not None and abs(off) <= _allowed(one, said) for one, off in told):
            problems.append(Problem(failing[0].names, _sentence(failing[0], said, fields)))
    return problems


def holds(one: Sum, said: Said, fields: FieldSet) -> bool | None:
    """Whether a sum comes out; None where a side of it says nothing."""
    off = _difference(one, said, fields)
    return None if off is None else abs(off) <= _allowed(one, said)


@functools.lru_cache(maxsize=64)
def parsed(fields: FieldSet) -> tuple[Sum, ...]:
    """A field set's checks.

    Raises:
        ConfigError: One is no sum of its fields.
    """
    return tuple(_parsed(text, fields) for text in fields.checks)


def _parsed(text: str, fields: FieldSet) -> Sum:
    sides = text.split("=")
    if len(sides) != 2:
        raise ConfigError(f"check {text!r} of {fields.name!r} is no sum; write one such as `subtotal + tax = total`")
    left, right = (tuple(_terms(side, text, fields)) for side in sides)
    return Sum(text, left, right)


def _terms(side: str, text: str, fields: FieldSet) -> Iterator[tuple[int, str]]:
    at, first = 0, True
    while at < len(side) or first:
        match = _TERM.match(side, at)
        if not match or not (first or match[1]):
            raise ConfigError(f"check {text!r} of {fields.name!r} can't be read at {side[at:].strip()!r}; write a sum such as `subtotal + tax = total`")
        field = fields.field(match[2])
        if field is None or field.kind not in ("money", "number"):
            known = ", ".join(_summable(fields))
            raise ConfigError(f"check {text!r} of {fields.name!r} adds up {match[2]!r}, which is no amount; write one of {known}")
        yield (-1 if match[1] == "-" else 1), match[2]
        at, first = match.end(), False


def _summable(fields: FieldSet) -> list[str]:
    own = [one.name for one in fields.fields if one.kind in ("money", "number")]
    return own + [f"{one.name}.{inner.name}" for one in fields.fields for inner in one.fields if inner.kind in ("money", "number")]


def _difference(one: Sum, said: Said, fields: FieldSet) -> Decimal | None:
    """By how much the sides differ; None where nothing of one is said, or a part of the left that is no extra."""
    sides = [[_value(name, said, fields) for _, name in side] for side in (one.left, one.right)]
    # What is absent counts 0, but the first of a side is what the others are added to.
    if any(values[0] is None for values in sides):
        return None
    totals = [
        sum(sign * (value or Decimal(0)) for (sign, _), value in zip(side, values, strict=True))
        for side, values in zip((one.left, one.right), sides, strict=True)
    ]
    return Decimal(totals[0] - totals[1])


def _value(name: str, said: Said, fields: FieldSet) -> Decimal | None:
    outer, _, inner = name.partition(".")
    field = fields.field(name)
    given = [entry.get(inner) for entry in said.get(outer) or []] if inner else _listed(said.get(outer))
    if field is None:
        return None
    values = [_number(one, field) for one in given]
    # A line that can't be read leaves the sum unknown.
    known = [one for one in values if one is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(values) else None


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _number(value: object, field: Field) -> Decimal | None:
    text = normal(str(value), field) if value is not None else None
    return Decimal(text) if text else None


def _allowed(one: Sum, said: Said) -> Decimal:
    entries = sum(len(said.get(name.partition(".")[0]) or []) for name in one.names if "." in name)
    return OFF * (len(one.left) + min(entries, 10) // 5)


def _sentence(one: Sum, said: Said, fields: FieldSet) -> str:
    left, right = (_spelt(side, said, fields) for side in (one.left, one.right))
    total = sum((sign * (_value(name, said, fields) or Decimal(0)) for sign, name in one.left), Decimal(0))
    shown = f"{left} is {written(total)}" if len(one.left) > 1 else f"{left}"
    return f"{shown}, but {right} was read"


def _spelt(side: Iterable[tuple[int, str]], said: Said, fields: FieldSet) -> str:
    parts: list[str] = []
    for sign, name in side:
        value = _value(name, said, fields)
        if value is not None:
            parts.append(f"{'- ' if sign < 0 else '+ ' if parts else ''}{name} {written(value)}")
    return " ".join(parts)


# ---- dates and currencies --------------------------------------------------------------------------------------------------


def _dates(said: Said, fields: FieldSet, today: datetime.date | None) -> Iterator[Problem]:
    for field in fields.fields:
        for value in _listed(said.get(field.name)) if field.kind == "date" else ():
            text = normal(str(value), field, fields.day_first)
            if text is None:
                yield Problem((field.name,), f"{field.name} {value!r} is no date")
                continue
            day = datetime.date.fromisoformat(text)
            if day < EARLIEST:
                yield Problem((field.name,), f"{field.name} {text} is before {EARLIEST.year}")
            # Somewhere it is tomorrow already. Things are due later.
            elif today and day > today + datetime.timedelta(days=1) and not _later(field):
                yield Problem((field.name,), f"{field.name} {text} is in the future")


def _later(field: Field) -> bool:
    """Whether a date may be in the future: when something is due, ends or expires."""
    return re.search(r"due|expir|end|until|valid|deliver", " ".join((field.name, field.meaning)), re.IGNORECASE) is not None


def _currencies(said: Said, fields: FieldSet) -> Iterator[Problem]:
    for field in fields.fields:
        for value in _listed(said.get(field.name)) if field.kind == "currency" else ():
            if not (normal(str(value), field) or re.fullmatch("[A-Z]{3}", str(value))):
                yield Problem((field.name,), f"{field.name} {value!r} is no currency; known are {', '.join(sorted(CURRENCIES)[:5])} and others by their three letters")
