"""Which entries of several annotators' lists are the same one: those that share words or say much the same, in the same order."""

from collections.abc import Mapping, Sequence

from limbeck.fields.normalising import same
from limbeck.schemas.fields import Entry, Field

LEAST = 0.5
"""Entries that have less than this in common are two."""
Line = dict[str, Entry]
"""One entry, as each annotator that found it has it."""


def aligned(lists: Mapping[str, Sequence[Entry]], field: Field) -> list[Line]:
    """The lists of a document as one: annotator by annotator, each in its order."""
    lines: list[Line] = []
    for who in sorted(lists, key=lambda who: (-len(lists[who]), who)):
        lines = _merged(lines, who, lists[who], field)
    return lines


def _merged(lines: list[Line], who: str, entries: Sequence[Entry], field: Field) -> list[Line]:
    """Lines with one more annotator's entries, each with the best of the lines that come after the one before."""
    merged, at = list(lines), 0
    for entry in entries:
        common = [(max(_common(entry, other, field) for other in line.values()), -place) for place, line in enumerate(merged) if place >= at]
        share, place = max(common, default=(0.0, 0))
        if share >= LEAST:
            merged[-place] = {**merged[-place], who: entry}
            at = 1 - place
        else:
            merged.insert(at, {who: entry})
            at += 1
    return merged


def _common(one: Entry, other: Entry, field: Field) -> float:
    """The share of fields that two entries say alike, or the words they share."""
    here, there = ({word for found in entry.values() for word in found.words} for entry in (one, other))
    if here and there:
        return len(here & there) / min(len(here), len(there))
    both = [inner for inner in field.fields if inner.name in one and inner.name in other]
    equal = [inner for inner in both if same(one[inner.name].value, other[inner.name].value, inner)]
    return len(equal) / len(both) if both else 0.0
