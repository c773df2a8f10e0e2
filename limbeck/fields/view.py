"""A document as annotators look at it: its rows as text with columns kept apart, and the way back to its words."""

import re
import statistics
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from limbeck.fields.amounts import amounts
from limbeck.pages.layout import rows as rows_of
from limbeck.schemas.fields import FieldSet
from limbeck.schemas.pages import Box, Pages, Word

COLUMN = "\t"
"""Between words that stand too far apart to be of one phrase."""
MOST_WORDS, MOST_LETTERS = 150, 300
"""Of a row and of a word; a longer row is looked at in parts, a longer word says nothing, and would take for ever to search."""
MOST_ROWS = 2000
"""From the beginning, and as many before the end: a form has no more."""
APART = 2.5
"""How many letters' widths of nothing part columns."""
US_STATE = re.compile(
    r"\b(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])[ .,]*\d{5}(?:-\d{4})?\b", re.IGNORECASE
)
"""A state of the United States and its ZIP code, also without a blank between them."""


@dataclass(frozen=True)
class Row:
    """What stands side by side."""

    number: int
    """From 0, through all sheets."""
    words: tuple[int, ...]
    """Numbers of words, from left to right."""
    text: str
    """The words with a blank between them, or `COLUMN`."""
    starts: tuple[int, ...]
    """Where each word starts in the text."""
    box: Box
    page: int
    height: float
    """Of its letters."""

    def touched(self, start: int, end: int) -> tuple[int, ...]:
        """The words, whole, that a piece of its text touches."""
        piece = self.text[start:end]
        start += len(piece) - len(piece.lstrip())
        end -= len(piece) - len(piece.rstrip())
        first = max(0, bisect_right(self.starts, start) - 1)
        return self.words[first : bisect_right(self.starts, max(start, end - 1))]

    def cells(self) -> list[tuple[int, int]]:
        """From where to where each of its columns stands in the text."""
        return [match.span() for match in re.finditer(f"[^{COLUMN}]+", self.text)]


@dataclass(frozen=True)
class View:
    """A document and what is wanted of it."""

    pages: Pages
    fields: FieldSet

    @cached_property
    def rows(self) -> list[Row]:
        """From top to bottom, sheet by sheet."""
        return [_row(self.pages, number, words) for number, words in enumerate(_short(self.pages))]

    @cached_property
    def height(self) -> float:
        """Of letters, usually."""
        return statistics.median([row.height for row in self.rows] or [1.0])

    @cached_property
    def day_first(self) -> bool:
        """How `03/04/2019` is meant: as the page's other dates tell, its places, or else the field set."""
        written = [row.text for row in self.rows]
        told = _told(written)
        if told is not None:
            return told
        if self.fields.day_first is not None:
            return self.fields.day_first
        return not any(US_STATE.search(text) for text in written)

    @cached_property
    def decimal(self) -> Literal[".", ","]:
        """The decimal mark of its amounts."""
        text = "\n".join(row.text for row in self.rows)
        points, commas = (len(re.findall(rf"\d[{mark}]\d\d(?![\d.,])", text)) for mark in ".,")
        thousands = len(re.findall(r"\d\.\d{3}(?!\d)", text))
        return "," if commas > points or (not points and thousands > 1) else "."

    def word(self, number: int) -> Word:
        """A word by its number."""
        return self.pages.words[number]

    @cached_property
    def priced(self) -> list[int]:
        """Rows with an amount that has cents."""
        return [row.number for row in self.rows if any(one.cents for one in amounts(row.text, self.decimal))]


def _told(written: list[str]) -> bool | None:
    """What dates with a day after the 12th tell of the others."""
    for text in written:
        for one in re.finditer(r"(?<![\d.,/-])(\d{1,2})[/-](\d{1,2})[/-](?:\d{4}|\d\d)(?!\d)", text):
            first, second = int(one[1]), int(one[2])
            if (first > 12) != (second > 12) and max(first, second) <= 31:
                return first > 12
    return None


def _short(pages: Pages) -> Iterator[list[int]]:
    """Rows without words that are too long, in parts where there are too many; the first and the last ones of very many."""
    rows = rows_of(pages)
    for row in rows if len(rows) <= 2 * MOST_ROWS else rows[:MOST_ROWS] + rows[-MOST_ROWS:]:
        words = [word for word in row if len(pages.words[word].text) <= MOST_LETTERS]
        yield from (words[start : start + MOST_WORDS] for start in range(0, len(words), MOST_WORDS))


def _row(pages: Pages, number: int, words: list[int]) -> Row:
    found = [pages.words[at] for at in words]
    letter = statistics.median((word.box[2] - word.box[0]) / max(1, len(word.text)) for word in found)
    parts, starts, at = [], [], 0
    for before, word in zip([None, *found], found, strict=False):
        if before is not None:
            parts.append(COLUMN if word.box[0] - before.box[2] > APART * letter else " ")
            at += 1
        starts.append(at)
        parts.append(word.text)
        at += len(word.text)
    lefts, tops, rights, bottoms = zip(*(word.box for word in found), strict=True)
    around = min(lefts), min(tops), max(rights), max(bottoms)
    height = statistics.median(word.box[3] - word.box[1] for word in found)
    return Row(number, tuple(words), "".join(parts), tuple(starts), around, found[0].page, height)
