"""What isn't on a page: a field of a kind that is known by its form has no value where nothing looks like one, an amount none where nothing announces it."""

from limbeck.fields.candidates import places_in
from limbeck.fields.cues import cues
from limbeck.fields.view import View
from limbeck.labelmodels.open_vocabulary import ABSENT
from limbeck.schemas.fields import Field, Findings, Found

PRINTED = ("date", "time", "phone", "money")
"""Kinds whose values are on the page or nowhere; a currency can be told from an address."""


def by_absence(view: View) -> Findings:
    """The fields that may be absent, and are."""
    named = {name for row in view.rows for cue in cues(row, view.fields) for name in cue.announces}
    return {one.name: [Found(value=ABSENT)] for one in view.fields.fields if one.absent and _is_absent(view, one, named)}


def _is_absent(view: View, field: Field, named: set[str]) -> bool:
    if field.kind == "money" and field.place != "bottom" and field.aliases:
        return field.name not in named
    return field.kind in PRINTED and not any(places_in(view, row, field) for row in view.rows)
