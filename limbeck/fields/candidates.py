"""All places in a document where a value of a field's kind could stand.

OCR splits numbers (`9 . 00`) and glues words (`TOTAL:9.00`); a value's words are whole words of the page, its value is the part of
them that is of the kind.
"""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass

from limbeck.fields.amounts import amounts, currency
from limbeck.fields.dates import dates, times
from limbeck.fields.normalising import PHONE, normal, phone
from limbeck.fields.view import COLUMN, Row, View
from limbeck.schemas.fields import Field, Found
from limbeck.schemas.pages import Pages


@dataclass(frozen=True)
class Candidate:
    """A value in a row."""

    value: str
    row: int
    start: int
    """In the row's text."""
    end: int
    sure: bool = True
    """Whether its form is plainly that of its kind: an amount has cents, a time a colon."""


def candidates(pages: Pages, field: Field, view: View) -> list[Found]:
    """Where a field's value could stand, in reading order; of texts, names and addresses each column of a row."""
    return [found(view, one) for one in places(view, field)]


def found(view: View, candidate: Candidate, score: float = 1.0) -> Found:
    """A candidate as a finding."""
    return Found(value=candidate.value, words=view.rows[candidate.row].touched(candidate.start, candidate.end), score=score)


def places(view: View, field: Field) -> list[Candidate]:
    """As `candidates`, with where in a row they stand."""
    within = _FINDERS.get(field.kind, functools.partial(_cells, field=field))
    return [one for row in view.rows for one in within(view, row)]


def places_in(view: View, row: Row, field: Field) -> list[Candidate]:
    """The candidates of one row."""
    return _FINDERS.get(field.kind, functools.partial(_cells, field=field))(view, row)


def _dates(view: View, row: Row) -> list[Candidate]:
    return [Candidate(one.value, row.number, one.start, one.end, True) for one in dates(row.text, view.day_first)]


def _times(view: View, row: Row) -> list[Candidate]:
    # Dates with dots, `25.12.18`, and amounts look like times.
    taken = [(one.start, one.end) for one in dates(row.text)]
    free = [one for one in times(row.text) if all(one.end <= start or end <= one.start or one.clear for start, end in taken)]
    return [Candidate(one.value, row.number, one.start, one.end, one.clear) for one in free]


def _amounts(view: View, row: Row) -> list[Candidate]:
    taken = [(one.start, one.end) for one in (*dates(row.text), *(each for each in times(row.text) if each.clear))]
    free = [one for one in amounts(row.text, view.decimal) if all(one.end <= start or end <= one.start for start, end in taken)]
    return [Candidate(one.text, row.number, one.start, one.end, one.cents or one.currency is not None) for one in free]


def _numbers(view: View, row: Row) -> list[Candidate]:
    as_number = Field(name="number", kind="number")
    return [
        Candidate(normal(one.value, as_number) or one.value, one.row, one.start, one.end, not row.text[one.end : one.end + 1].isalpha())
        for one in _amounts(view, row)
    ]


def _phones(view: View, row: Row) -> list[Candidate]:
    taken = [(one.start, one.end) for one in dates(row.text)]
    candidates = []
    for match in PHONE.finditer(row.text.replace(COLUMN, "\n")):
        value = phone(match[0])
        if value and all(match.end() <= start or end <= match.start() for start, end in taken):
            digits = sum(one.isdigit() for one in match[0])
            plain = 7 <= digits <= (15 if "+" in match[0] else 12) and re.search(r"[ ()+./-]", match[0]) is not None
            candidates.append(Candidate(value, row.number, match.start(), match.end(), plain))
    return candidates


def _currencies(view: View, row: Row) -> list[Candidate]:
    """Signs beside amounts, and words that are nothing but a currency."""
    beside = [Candidate(one.currency, row.number, *one.sign) for one in amounts(row.text, view.decimal) if one.currency and one.sign]
    alone = [
        Candidate(code, row.number, match.start(), match.end())
        for match in re.finditer(r"[^\s:()]+", row.text)
        if not any(letter.isdigit() for letter in match[0]) and len(match[0]) <= 4 and (code := currency(match[0]))
    ]
    return sorted((*beside, *(one for one in alone if all(one.start >= each.end or one.end <= each.start for each in beside))), key=lambda one: one.start)


def _cells(view: View, row: Row, field: Field) -> list[Candidate]:
    """Texts, names, addresses and choices: a column's whole text."""
    spans = ((row.text[start:end], start, end) for start, end in row.cells())
    return [Candidate(value, row.number, start, end) for text, start, end in spans if (value := normal(text, field))]


_FINDERS: dict[str, Callable[[View, Row], list[Candidate]]] = {
    "date": _dates,
    "time": _times,
    "money": _amounts,
    "number": _numbers,
    "phone": _phones,
    "currency": _currencies,
}
