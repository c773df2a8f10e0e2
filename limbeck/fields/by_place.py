"""Values that their kind and their place on the page tell, without any words around them."""

import collections
import re

from limbeck.fields.candidates import Candidate, found, places, places_in
from limbeck.fields.cues import cues
from limbeck.fields.view import Row, View
from limbeck.schemas.fields import Field, Findings

MOST_ROWS = 8
"""At the top, in which a number alone in its row may be a phone's."""
BARE = re.compile(r"0?\d{8,10}")
KINDS = ("date", "time", "phone", "currency")


def by_place(view: View) -> Findings:
    """The first date, the time beside it, the first phone number at the top, the commonest currency: of fields whose kind is theirs alone."""
    alone = collections.Counter(field.kind for field in view.fields.fields)
    findings: Findings = {}
    for field in view.fields.fields:
        if field.kind in KINDS and (alone[field.kind] == 1 or field.place == "top"):
            best = _PICK[field.kind](view, field)
            if best:
                findings[field.name] = [found(view, *best)]
    return findings


def _repelled(view: View, one: Candidate, field: Field) -> bool:
    """Whether the words before a candidate announce something that the field isn't."""
    before = [cue for cue in cues(view.rows[one.row], view.fields) if cue.start < one.start]
    return bool(before) and field.name not in before[-1].announces and field.name in before[-1].repels


def _first_date(view: View, field: Field) -> tuple[Candidate, float] | None:
    free = [one for one in places(view, field) if not _repelled(view, one, field)]
    # One that stands with a time is when something was done.
    timed = [one for one in free if _times(view, view.rows[one.row])]
    best = next(iter(timed), next(iter(free), None))
    return (best, 1.0 if len({one.value for one in free}) == 1 else 0.5) if best else None


def _times(view: View, row: Row) -> list[Candidate]:
    return [one for one in places_in(view, row, Field(name="time", kind="time")) if one.sure]


def _time(view: View, field: Field) -> tuple[Candidate, float] | None:
    """In a date's row, or the next one to it."""
    free = [one for one in places(view, field) if one.sure and not _repelled(view, one, field) and not _span(view, one)]
    if not free:
        return None
    dated = [one.row for one in places(view, Field(name="date", kind="date"))]
    near = [min((abs(one.row - row) for row in dated), default=len(view.rows)) for one in free]
    best = min(range(len(free)), key=lambda at: (near[at], at))
    return free[best], 1.0 if near[best] <= 1 else 0.5


def _span(view: View, one: Candidate) -> bool:
    """Whether a time is the end of opening hours: `10:00 - 18:00`."""
    text = view.rows[one.row].text
    return re.match(r"\s*(?:-|–|to|bis)\s*\d", text[one.end :]) is not None or re.search(r"\d\s*(?:am|pm)?\s*(?:-|–|to|bis)\s*$", text[: one.start], re.IGNORECASE) is not None


def _phone(view: View, field: Field) -> tuple[Candidate, float] | None:
    upper = [one for one in places(view, field) if one.sure and one.row < max(8, len(view.rows) // 3)]
    free = [one for one in upper if not _repelled(view, one, field) and (_announced(view, one, field) or not _worded(view, one))]
    if free:
        return free[0], 1.0
    alone = [one for one in places(view, field) if one.row < MOST_ROWS and BARE.fullmatch(view.rows[one.row].text.strip())]
    return (alone[0], 0.5) if alone else None


def _announced(view: View, one: Candidate, field: Field) -> bool:
    before = [cue for cue in cues(view.rows[one.row], view.fields) if cue.start < one.start]
    return bool(before) and field.name in before[-1].announces


def _worded(view: View, one: Candidate) -> bool:
    """Whether words stand right before a number, which say what it is."""
    return re.search(r"[a-z]{3}", view.rows[one.row].text[: one.start][-12:], re.IGNORECASE) is not None


def _currency(view: View, field: Field) -> tuple[Candidate, float] | None:
    named = places(view, field)
    if not named:
        return None
    often = collections.Counter(one.value for one in named)
    (value, count), *others = often.most_common()
    first = next(one for one in named if one.value == value)
    return first, count / sum(often.values())


_PICK = {"date": _first_date, "time": _time, "phone": _phone, "currency": _currency}
