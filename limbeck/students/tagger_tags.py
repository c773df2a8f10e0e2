"""What a tagger is taught of a document's words: by tag whether a word is part of it, and how much that counts.

A field has two tags: that a word is part of its value, and that its value begins there; a `list` has one for the word at which an
entry begins, and one for each of its fields, `items.amount`. Tags don't exclude each other, so that a field of which nothing is
known is simply left out, and each has its own threshold.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from limbeck.schemas.fields import Entry, Field, FieldSet, Found
from limbeck.schemas.pages import Pages
from limbeck.students.page_lessons import PageLesson

Floats = npt.NDArray[np.float32]

ABSENT = 0.5
"""How much it counts that a teacher found nothing: it overlooks more than it invents."""


def width(field: Field) -> int:
    """How many tags a field has."""
    return 1 + len(field.fields) if field.kind == "list" else 2


def parts(fields: FieldSet) -> Iterator[tuple[Field, slice]]:
    """Each field, and where its tags are among all."""
    start = 0
    for one in fields.fields:
        yield one, slice(start, start + width(one))
        start += width(one)


def count(fields: FieldSet) -> int:
    """How many tags there are."""
    return sum(map(width, fields.fields))


def taught(lesson: PageLesson, fields: FieldSet) -> tuple[Floats, Floats]:
    """What the tags of words are and how much each counts: both [words, tags]; 0 counts what is not known."""
    shape = len(lesson.pages.words), count(fields)
    wanted, counts = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for one, part in parts(fields):
        if one.name not in lesson.unknown:
            _teach(lesson, one, wanted[:, part], counts[:, part])
    return wanted, counts


def _teach(lesson: PageLesson, one: Field, wanted: Floats, counts: Floats) -> None:
    found = lesson.findings.get(one.name, [])
    if one.kind == "list":
        _list(lesson, one, [each for each in found if isinstance(each, dict)], wanted, counts)
    else:
        _field([each for each in found if isinstance(each, Found)], lesson.pages, wanted, counts)


def _field(found: Sequence[Found], pages: Pages, wanted: Floats, counts: Floats) -> None:
    """One that stands nowhere is no lesson; what reads alike elsewhere is neither right nor wrong."""
    placed = [each for each in found if each.words]
    if found and not placed:
        return
    counts[:] = float(np.mean([each.score for each in placed])) if placed else ABSENT
    for each in placed:
        for run in _alike(each.words, pages):
            counts[run] = 0.0
    for each in placed:
        wanted[list(each.words), 0] = 1.0
        wanted[min(each.words), 1] = 1.0
        counts[list(each.words)] = each.score


def _alike(words: Sequence[int], pages: Pages) -> Iterator[list[int]]:
    """All runs of words that read as some do."""
    texts = [_key(one.text) for one in pages.words]
    wanted = [texts[at] for at in words]
    if not any(wanted):
        return
    for start in range(len(texts) - len(wanted) + 1):
        if texts[start] == wanted[0] and texts[start : start + len(wanted)] == wanted:
            yield list(range(start, start + len(wanted)))


def _key(text: str) -> str:
    """An amount's digits; else letters and digits."""
    letters = "".join(letter for letter in text.casefold() if letter.isalnum())
    digits = "".join(letter for letter in letters if letter.isdigit())
    return digits if len(digits) > 1 and "." in text else letters


def _list(lesson: PageLesson, one: Field, entries: Sequence[Entry], wanted: Floats, counts: Floats) -> None:
    every = [each for entry in entries for each in entry.values()]
    if every and not any(each.words for each in every):
        return
    counts[:] = float(np.mean([each.score for each in every])) if every else ABSENT
    for column, inner in enumerate(one.fields, 1):
        if f"{one.name}.{inner.name}" in lesson.unknown:
            counts[:, column] = 0.0
        for entry in entries:
            if inner.name in entry:
                wanted[list(entry[inner.name].words), column] = 1.0
    for entry in entries:
        places = [at for each in entry.values() for at in each.words]
        if places:
            wanted[min(places), 0] = 1.0
