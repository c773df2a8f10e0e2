"""Letters of words: a text without what spelling leaves open, in which other texts are found, and the way back to the words.

Case, accents, blanks and punctuation don't count; but `12.00` is no part of `112.00`, `1200` is not `12.00`, and the `2` of
`2/3/2019` is no number.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

SAME = str.maketrans({"−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "’": "'"})
BETWEEN_DIGITS = ".,:/-"
"""What counts where it stands between two digits."""
LONG = 10
"""Letters of which one may be wrong, as OCR has it."""
MOST_WRONG = 6
ENDLESS = 5000
"""Letters of a word that is none, in which everything would be looked for for ever; a line of Chinese is a word, too."""
LONGEST = 1000
"""Letters of the longest text that is looked for with wrong letters; a model that repeats itself writes longer ones."""
MOST_ENDS = 20
"""Places that are looked at, the nearest first."""

Codes = npt.NDArray[np.int32]
Span = tuple[int, int]
"""The first letter, and the one after the last."""


def plain(text: str) -> str:
    """A text without case and accents."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.translate(SAME).casefold())
    return "".join(one for one in parts if not unicodedata.combining(one)).casefold()


@dataclass(frozen=True, eq=False)
class Letters:
    """The letters and digits of some words."""

    words: tuple[str, ...]
    """Each as `plain` has it."""
    text: str
    owners: tuple[int, ...]
    """Of each letter its word, by its number in `words`."""
    places: tuple[int, ...]
    """Where in its word each letter stands."""

    @cached_property
    def codes(self) -> Codes:
        """The text as numbers."""
        return np.fromiter(map(ord, self.text), np.int32, len(self.text))

    def spans(self, wanted: "Letters") -> Iterator[Span]:
        """Where a text stands word for word, and is no part of something longer."""
        at = self.text.find(wanted.text) if wanted.text else -1
        while at >= 0:
            span = (at, at + len(wanted.text))
            if self.free(span) and self._joins(at, wanted):
                yield span
            at = self.text.find(wanted.text, at + 1)

    def near(self, wanted: "Letters") -> Iterator[Span]:
        """Where a long text stands with a wrong letter in each `LONG`; what is nearest first."""
        most = min(MOST_WRONG, len(wanted.text) // LONG)
        if not most or len(wanted.text) > LONGEST or not _any_part(self.text, wanted.text, most + 1):
            return
        costs = _distances(self.codes, wanted.codes)
        for end in sorted(np.flatnonzero(costs <= most).tolist(), key=lambda one: (costs[one], one))[:MOST_ENDS]:
            # Read backwards from where it ends, the same distances tell where it starts.
            left = max(0, end - len(wanted.text) - most)
            back = _distances(self.codes[left:end][::-1], wanted.codes[::-1], anchored=True)
            lengths = [int(one) for one in np.flatnonzero(back == back.min())[::-1] if one]
            yield from [span for one in lengths if self.free(span := (end - one, end))][:1]

    def free(self, span: Span) -> bool:
        """Whether what stands there is no part of a longer word, number or date."""
        start, end = span[0], span[1] - 1
        before = self.words[self.owners[start]][: self.places[start]]
        after = self.words[self.owners[end]][self.places[end] + 1 :]
        return _starts(before, self.text[start]) and _ends(after, self.text[end])

    def _joins(self, at: int, wanted: "Letters") -> bool:
        """Whether digits that stand together in the wanted text do so here, too."""
        return not any(
            self.owners[at + one] != self.owners[at + one - 1] and wanted.owners[one] == wanted.owners[one - 1]
            for one in range(1, len(wanted.text))
            if wanted.text[one].isdigit() and wanted.text[one - 1].isdigit()
        )


def lettered(words: Sequence[str], exact: bool) -> Letters:
    """The letters of words.

    Args:
        words: Each without blanks.
        exact: Whether signs between digits count, as they do in numbers.
    """
    own = tuple(map(plain, words))
    letters, owners, places = [], [], []
    for number, word in enumerate(own):
        if len(word) > ENDLESS:
            continue
        for place, one in enumerate(word):
            if one.isalnum() or (exact and one in BETWEEN_DIGITS and word[place - 1 : place].isdigit() and word[place + 1 : place + 2].isdigit()):
                letters.append(one)
                owners.append(number)
                places.append(place)
    return Letters(own, "".join(letters), tuple(owners), tuple(places))


def _starts(before: str, first: str) -> bool:
    """Whether something may start after what stands before it in its word."""
    if not any(map(str.isalnum, before)):
        return True
    if before[-1].isalnum():
        return False
    return not first.isdigit() or not (before[-1] in "-." or (before[-1] in ",:/'" and before[-2:-1].isdigit()))


def _ends(after: str, last: str) -> bool:
    """Whether something may end before what stands after it in its word."""
    if not after[:1].isalnum():
        return not (last.isdigit() and after[:1] in tuple(BETWEEN_DIGITS + "'") and after[1:2].isdigit())
    return False


# ---- with wrong letters ----------------------------------------------------------------------------------------------


def _any_part(text: str, wanted: str, parts: int) -> bool:
    """Whether one of so many parts is there as it is, as it must be where fewer letters are wrong."""
    bounds = [len(wanted) * one // parts for one in range(parts + 1)]
    return any(wanted[start:end] in text for start, end in zip(bounds, bounds[1:], strict=False))


def _distances(text: Codes, wanted: Codes, anchored: bool = False) -> Codes:
    """[n + 1]: how many letters of the wanted text are wrong in the best part of the text that ends at each place (Sellers 1980).

    With `anchored`, in what is from the text's start to there.
    """
    steps = np.arange(len(text) + 1, dtype=np.int32)
    row = steps.copy() if anchored else np.zeros_like(steps)
    for number, one in enumerate(wanted.tolist()):
        above = row
        row = above + 1
        row[0] = number + 1
        np.minimum(row[1:], above[:-1] + (text != one), out=row[1:])
        # A letter too many: the least of all to the left, each a step dearer.
        row = np.minimum.accumulate(row - steps) + steps
    return row
