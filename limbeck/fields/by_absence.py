"""What isn't on a page: a field of a kind that is known by its form has no value where nothing looks like one, an amount none where nothing
announces it, though other amounts are announced: the page speaks a language that the field set knows.
"""

from limbeck.fields.candidates import places_in
from limbeck.fields.cues import cues
from limbeck.fields.view import View
from limbeck.labelmodels.open_vocabulary import ABSENT
from limbeck.schemas.fields import Field, Findings, Found

PRINTED = ("date", "time", "phone", "money")
"""Kinds whose values are on the page or nowhere; a currency can be told from an address."""


def by_absence(view: View) -> Findings:
    """The fields that may be absent, and are: those of which the field set says what is to be given then."""
    named = {name for row in view.rows for cue in cues(row, view.fields) for name in cue.announces}
    known = any(one.kind == "money" and one.name in named for one in view.fields.fields)
    optional = [one for one in view.fields.fields if one.absent and one.kind in PRINTED and not one.several]
    return {one.name: [Found(value=ABSENT)] for one in optional if (known and _unannounced(one, named)) or not _looks(view, one)}


def _unannounced(field: Field, named: set[str]) -> bool:
    """Whether it is an amount that is found by what announces it alone, and nothing does."""
    return field.kind == "money" and field.place != "bottom" and bool(field.aliases) and not field.patterns and field.name not in named


def _looks(view: View, field: Field) -> bool:
    """Whether anything looks like a value."""
    return any(places_in(view, row, field) for row in view.rows)
