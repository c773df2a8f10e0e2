"""Pages as text: with their layout kept by blanks and line breaks (LATIN-Prompt), or some of their words as printed."""

import itertools
from collections.abc import Iterable, Sequence

import numpy as np

from limbeck.pages.scripts import is_han
from limbeck.schemas.pages import Box, Pages, Word

GAP = 6
"""The most blanks between two words: enough to tell columns, few enough to pay for."""
INDENT = 4
"""The most blanks before a row."""
APART = 1.5
"""How many rows' heights of nothing are worth an empty line."""
BREAK = "--- page {} ---"


def rows(pages: Pages) -> list[list[int]]:
    """The rows in reading order, each as the numbers of its words."""
    return [list(group) for _, group in itertools.groupby(range(len(pages.words)), key=lambda at: (pages.words[at].page, pages.words[at].line))]


def text(pages: Pages, *, plain: bool = False) -> str:
    """The pages as text in which blanks and empty lines stand for the layout.

    Args:
        pages: The document.
        plain: Without layout: rows with one blank between words.
    """
    return "\n".join([printed(pages, row) for row in rows(pages)] if plain else _lines(pages))


def beginning(text: str, most: int) -> str:
    """No more letters of a text than this: whole rows; of one that is longer than half of that, whole words; of such a word a part."""
    if len(text) <= most:
        return text
    cuts = (text[: most + 1].rpartition(end)[0] for end in ("\n", " "))
    return next((one for one in cuts if 2 * len(one) >= most), text[:most])


def _lines(pages: Pages) -> Iterable[str]:
    for page, group in itertools.groupby(rows(pages), key=lambda row: pages.words[row[0]].page):
        if len(pages.sheets) > 1:
            yield BREAK.format(page + 1)
        found = [[pages.words[at] for at in row] for row in group]
        letter, edge = _letter(found), min(word.box[0] for row in found for word in row)
        above: list[Word] = []
        for row in found:
            if above and _apart(above, row):
                yield ""
            yield _line(row, letter, edge)
            above = row


def _letter(found: Sequence[Sequence[Word]]) -> float:
    """How wide a letter is, usually."""
    widths = [(word.box[2] - word.box[0]) / len(word.text) for row in found for word in row]
    return max(float(np.median(widths)), 1e-6)


def _apart(above: Sequence[Word], row: Sequence[Word]) -> bool:
    top, bottom = (float(np.median([word.box[at] for word in row])) for at in (1, 3))
    over, under = (float(np.median([word.box[at] for word in above])) for at in (1, 3))
    return top - under > APART * min(bottom - top, under - over)


def _line(row: Sequence[Word], letter: float, edge: float) -> str:
    parts = [" " * min(INDENT, max(0, round((row[0].box[0] - edge) / letter / 4)))]
    for before, word in zip([None, *row], row, strict=False):
        if before is not None:
            parts.append(" " * _blanks(before, word, letter))
        parts.append(word.text)
    return "".join(parts)


def _blanks(before: Word, word: Word, letter: float) -> int:
    if _touch(before, word):
        return 0
    gap = (word.box[0] - before.box[2]) / letter
    return 1 if gap < 2.5 else min(GAP, max(2, round(gap)))


def _touch(before: Word, word: Word) -> bool:
    """Whether two words have no blank between them in print, as parts of a Chinese or Japanese line."""
    near = word.box[0] - before.box[2] < 0.3 * (word.box[3] - word.box[1])
    return near and (is_han(before.text[-1]) or is_han(word.text[0]))


def printed(pages: Pages, words: Iterable[int]) -> str:
    """Some of a document's words as they are printed: in reading order, with a blank between words and between rows."""
    chosen = [pages.words[at] for at in sorted(set(words))]
    parts: list[str] = []
    for before, word in zip([None, *chosen], chosen, strict=False):
        alone = before is None or (before.line == word.line and _touch(before, word))
        parts += [word.text] if alone else [" ", word.text]
    return "".join(parts)


def box(pages: Pages, words: Iterable[int]) -> Box | None:
    """What is around some words of one page, of the first one's; None around nothing."""
    chosen = [pages.words[at] for at in sorted(set(words))]
    boxes = [word.box for word in chosen if word.page == chosen[0].page]
    if not boxes:
        return None
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)
