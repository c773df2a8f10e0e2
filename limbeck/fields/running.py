"""Running text: the words of pages as one line, where sentences go on over the ends of rows, and the way back to the words."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from limbeck.schemas.pages import Pages

WORDS_A_ROW = 8
"""The longer rows of prose have more words than this; those of receipts and forms have fewer."""
NARROW, SMALL = 5, 0.6
"""Prose in narrow columns has more words a row than the one, and a greater share of words in small letters than the other."""


@dataclass(frozen=True)
class Running:
    """A document as one line of text."""

    text: str
    words: tuple[str, ...]
    starts: tuple[int, ...]
    """Where each word starts in the text."""
    rows: tuple[tuple[int, int], ...]
    """Of each row its first word and the word after its last."""

    def numbers(self, start: int, end: int) -> tuple[int, ...]:
        """The words that a piece of the text touches."""
        first = max(0, bisect_right(self.starts, start) - 1)
        while first < len(self.words) and self.starts[first] + len(self.words[first]) <= start:
            first += 1
        last = bisect_right(self.starts, max(start, end - 1))
        return tuple(range(first, last))

    def word_at(self, place: int) -> int:
        """The first word that starts at a place of the text or after it."""
        return bisect_right(self.starts, place - 1)

    def place_of(self, word: int) -> int:
        """Where a word starts; the text's end for the word after the last."""
        return self.starts[word] if word < len(self.starts) else len(self.text)

    def row(self, number: int) -> str:
        """The text of a row."""
        start, end = self.rows[number]
        return " ".join(self.words[start:end])

    @cached_property
    def prose(self) -> bool:
        """Whether it is running text rather than a form, by the length of its longer rows."""
        lengths = sorted(end - start for start, end in self.rows)
        longer = lengths[len(lengths) * 3 // 4] if lengths else 0
        return longer > WORDS_A_ROW or (longer > NARROW and sum(word[0].islower() for word in self.words) > SMALL * len(self.words))


def running(pages: Pages) -> Running:
    """The running text of pages, in their reading order."""
    words = tuple(re.sub(r"\s", "", word.text) or "_" for word in pages.words)
    starts, rows, at = [], [], 0
    for number, word in enumerate(words):
        starts.append(at)
        at += len(word) + 1
        if number == 0 or pages.words[number].line != pages.words[number - 1].line:
            rows.append(number)
    bounds = tuple(pairwise([*rows, len(words)]))
    return Running(" ".join(words), words, tuple(starts), bounds)
