"""What stands right of the words that announce it, or below them; what announces something else repels."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from limbeck.fields.by_pattern import compiled
from limbeck.fields.candidates import Candidate, found, places_in
from limbeck.fields.cues import Cue, cues
from limbeck.fields.view import Row, View
from limbeck.schemas.fields import Field, Findings

LEAST = 0.45
"""What is announced by less than this isn't."""
RIVAL = 0.8
"""Another value that is announced nearly as well halves an annotator's certainty."""
MOST_DIGITS = 6
"""Of an amount without cents."""
BELOW = 2
"""Rows under a cue in which its value may stand."""
SHAPED = ("date", "time", "phone", "number", "currency")
"""Kinds whose values are known by their form, so that the first one after a cue is the one."""


@dataclass(frozen=True)
class Told:
    """A candidate, and how well it is announced."""

    candidate: Candidate
    strength: float


def by_cue(view: View) -> Findings:
    """The best announced value of each field."""
    findings: Findings = {}
    for field in view.fields.fields:
        if field.kind == "list" or not field.aliases:
            continue
        told = _amounts(view, field) if field.kind == "money" else _shaped(view, field) if field.kind in SHAPED else _written(view, field)
        if best := _best(told, field):
            findings[field.name] = [found(view, one.candidate, one.strength) for one in best]
    return findings


def _best(told: list[Told], field: Field) -> list[Told]:
    """The strongest; of equals the last where the field stands at the bottom, else the first."""
    told = [one for one in told if one.strength >= LEAST]
    if not told:
        return []
    if field.several:
        return list({one.candidate.value: one for one in told}.values())
    order = list(reversed(told)) if field.place == "bottom" else told
    best = max(order, key=lambda one: round(one.strength, 3))
    rivals = [one for one in told if one.candidate.value != best.candidate.value and one.strength >= RIVAL * best.strength]
    return [Told(best.candidate, min(1.0, best.strength) * (0.5 if rivals else 1.0))]


# ---- money: each amount belongs to the words before it in its row ------------------------------------------------------


def _amounts(view: View, field: Field) -> list[Told]:
    told: list[Told] = []
    whole = not view.priced
    for row in view.rows:
        before = 0
        label: Sequence[Cue] = _hanging(view, row)
        share = 0.9 if label else 1.0
        for candidate in places_in(view, row, field):
            own = [cue for cue in cues(row, view.fields) if before <= cue.start < candidate.start]
            # What has no words of its own is of the column before it.
            label, share = (own, 1.0) if own else (label, share * 0.85)
            strength = _strength(label, row.text[before : candidate.start], field) * share
            told.append(Told(candidate, strength * _shape(row, candidate, whole) * _likely(candidate, field)))
            before = candidate.end
    return told


def _shape(row: Row, candidate: Candidate, whole: bool) -> float:
    """How much a number looks like an amount: with cents, or where a page has none; not glued to letters (`Gst2`), and no long number."""
    if candidate.sure:
        return 1.0
    glued = candidate.start > 0 and row.text[candidate.start - 1].isalpha()
    if glued or candidate.end - candidate.start > MOST_DIGITS:
        return 0.3
    return 1.0 if whole else 0.55


def _likely(candidate: Candidate, field: Field) -> float:
    """What a page comes to is hardly ever nothing or less."""
    return 0.4 if field.place == "bottom" and Decimal(candidate.value) <= 0 else 1.0


def _hanging(view: View, row: Row) -> Sequence[Cue]:
    """The cues of the row above, where that has no amount and this one has nothing else."""
    if row.number == 0 or re.search(r"[^\W\d_]{4}", row.text):
        return []
    above = view.rows[row.number - 1]
    amount = Field(name="amount", kind="money")
    near = row.box[1] - above.box[3] < 1.5 * view.height
    found = cues(above, view.fields)
    # Several are the head of a table.
    return found if near and len(found) == 1 and not any(one.sure for one in places_in(view, above, amount)) else []


def _strength(label: Sequence[Cue], text: str, field: Field) -> float:
    """How well a label announces a field."""
    places = [place for place, cue in enumerate(label) if field.name in cue.announces]
    if not places:
        return 0.0
    cue = label[places[0]]
    repelled = any(field.name in other.repels for other in label)
    others = any(other.announces and field.name not in other.announces for other in label[: places[0]])
    rank = cue.announces[field.name] / max(1, len(field.aliases))
    letters = sum(one.isalpha() for one in text)
    covered = min(1.0, sum(len(one.phrase) for one in label) / letters) if letters else 1.0
    return (1 - 0.2 * rank) * (0.8 + 0.2 * covered) * (1.0 if cue.exact else 0.9) * (0.4 if repelled else 1.0) * (0.5 if others else 1.0)


# ---- dates, times, phones: the first one after a cue -------------------------------------------------------------------


def _shaped(view: View, field: Field) -> list[Told]:
    told: list[Told] = []
    for row in view.rows:
        listed = cues(row, view.fields)
        for number, cue in enumerate(listed):
            if field.name in cue.announces:
                told += _after(view, row, cue, listed[number + 1 :], field)
    return told


def _after(view: View, row: Row, cue: Cue, later: Iterable[Cue], field: Field) -> list[Told]:
    """What stands behind a cue, before the next one that speaks of something else; else below it."""
    until = min((other.start for other in later if field.name not in other.announces), default=len(row.text))
    right = [one for one in places_in(view, row, field) if cue.end <= one.start < until]
    strength = (1.0 if cue.exact else 0.9) * (1 - 0.1 * cue.announces[field.name] / max(1, len(field.aliases)))
    if right:
        return [Told(one, strength * (1.0 if one.sure else 0.8) - 0.01 * place) for place, one in enumerate(right)]
    left, right_edge = _across(view, row, cue.start, cue.end)
    for below in view.rows[row.number + 1 : row.number + 1 + BELOW]:
        for one in places_in(view, below, field):
            start, end = _across(view, below, one.start, one.end)
            if below.page == row.page and start <= right_edge and left <= end and not _repelled(view, below, one, field):
                return [Told(one, strength * 0.7 * (1.0 if one.sure else 0.6))]
    return []


def _repelled(view: View, row: Row, candidate: Candidate, field: Field) -> bool:
    """Whether the words before a candidate announce something else."""
    before = [cue for cue in cues(row, view.fields) if cue.start < candidate.start]
    return bool(before) and field.name not in before[-1].announces


def _across(view: View, row: Row, start: int, end: int) -> tuple[float, float]:
    """From where to where on the page a piece of a row stands."""
    words = [view.word(number) for number in row.touched(start, end)]
    return min(word.box[0] for word in words), max(word.box[2] for word in words)


# ---- texts, names: what else stands in the row, or the column below ------------------------------------------------------


def _written(view: View, field: Field) -> list[Told]:
    told: list[Told] = []
    for row in view.rows:
        listed = cues(row, view.fields)
        for number, cue in enumerate(listed):
            if field.name in cue.announces and field.kind != "address":
                told += _text_after(view, row, cue, listed[number + 1 :], field)
    return told


def _text_after(view: View, row: Row, cue: Cue, later: Iterable[Cue], field: Field) -> list[Told]:
    until = min((other.start for other in later), default=len(row.text))
    strength = (1.0 if cue.exact else 0.9) * (1 - 0.1 * cue.announces[field.name] / max(1, len(field.aliases)))
    for start, end in row.cells():
        start, end = max(start, cue.end), min(end, until)
        if one := _bare(row, start, end, field):
            return [Told(one, strength)]
    left, right = _across(view, row, cue.start, cue.end)
    for below in view.rows[row.number + 1 : row.number + 2]:
        for one in places_in(view, below, field) if below.page == row.page else ():
            if _across(view, below, one.start, one.end)[0] <= right and left <= _across(view, below, one.start, one.end)[1]:
                bare = _bare(below, one.start, one.end, field)
                return [Told(bare, 0.7 * strength)] if bare and not cues(below, view.fields) else []
    return []


def _bare(row: Row, start: int, end: int, field: Field) -> Candidate | None:
    """A piece of a row without the colon before it; of texts the first word with a digit, if there is one."""
    if start >= end:
        return None
    match = re.compile(r"[\s:#.,;=-]*(.*?)[\s:;,-]*$").match(row.text[:end], start)
    if not match or not match[1]:
        return None
    start, end = match.span(1)
    if field.kind == "text":
        span = _shown(row.text, start, end, field)
        if span is None:
            return None
        start, end = span
    elif sum(one.isalpha() for one in match[1]) < 2:
        return None
    return Candidate(row.text[start:end], row.number, start, end)


def _shown(text: str, start: int, end: int, field: Field) -> tuple[int, int] | None:
    """Where one of the field's patterns fits, else the first word with a digit."""
    for pattern in field.patterns:
        if match := compiled(pattern).search(text, start, end):
            return match.span("value")
    match = re.compile(r"\S*\d\S*").search(text, start, end)
    return match.span() if match else None
