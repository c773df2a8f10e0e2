"""What cues, layout, patterns and sums point at on a page: one more thing that a tagger sees of its words.

The annotators are those that a field set's aliases, patterns and checks drive (`limbeck.fields.annotators`), so that the student
knows of them what a person wrote down; a teacher's answers are not among them.
"""

from collections.abc import Iterator

import numpy as np

from limbeck.fields.annotators import annotate
from limbeck.fields.fusing import fuse
from limbeck.fields.recording import entries_of, found_of
from limbeck.schemas.fields import Field, FieldSet, Findings
from limbeck.schemas.pages import Pages
from limbeck.students.tagger_tags import Floats, count, parts

Pointed = tuple[int, int, float]
"""A word, which of its field's tags, and how sure."""


def hints(pages: Pages, fields: FieldSet) -> Floats:
    """[words, tags]: how surely a word has a tag, in [0, 1]; of the other words, as a negative number, how surely it is elsewhere."""
    pointed = np.zeros((len(pages.words), count(fields)), np.float32)
    if not pages.words:
        return pointed
    found = fuse([annotate(pages, fields)], fields)[0]
    for one, part in parts(fields):
        for word, tag, sure in _pointed(found, one):
            pointed[word, part.start + tag] = max(sure, pointed[word, part.start + tag])
    return np.where(pointed > 0, pointed, -pointed.max(axis=0))


def _pointed(found: Findings, field: Field) -> Iterator[Pointed]:
    for one in found_of(found, field.name):
        yield from ((word, 0, one.score) for word in one.words)
        yield from ((word, 1, one.score) for word in one.words[:1])
    for entry in entries_of(found, field.name):
        first = min((min(one.words) for one in entry.values() if one.words), default=None)
        if first is not None:
            yield first, 0, max(one.score for one in entry.values())
        for tag, inner in enumerate(field.fields, 1):
            if inner.name in entry:
                yield from ((word, tag, entry[inner.name].score) for word in entry[inner.name].words)
