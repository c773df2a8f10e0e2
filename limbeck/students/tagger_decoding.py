"""From the log-odds of words to values: runs of words that stand together and are of their field's kind.

A document mostly has one total, so that of a field without `several` the best run counts, if it is likely enough, rather than
every word above a line. A run is a row's words with the largest sum of log-odds, raised to `LIKELIEST`; names, addresses and
texts go on in the next rows.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from limbeck.fields.normalising import canonical, normal
from limbeck.schemas.fields import Entry, Field, Found
from limbeck.schemas.pages import Pages, Word
from limbeck.students.tagger_tags import Floats
from limbeck.students.tagger_words import rows

LONG = ("text", "name", "address", "duration")
"""Kinds whose values may go on in the next row."""
MOST_WORDS = 6
"""Of a value of another kind."""
ROWS_TRIED = 8
"""Of a field: those with the likeliest words."""
SMOOTH = {"address": 0.3}
"""How much of a word's log-odds are its row's: addresses are mostly whole rows."""
LESS_SMOOTH = 0.1
"""The same of other long kinds, beside which other things may stand."""
LIKELIEST = 2.0
"""To this the log-odds of a document's likeliest word are raised, and all others with them: a value of two words that are unlikely is no shorter."""
BEGUN = 1.5
"""Log-odds of beginning a value from which on a row doesn't go on with the one before."""
FAR = 2.5
"""Heights between rows that are still next to each other."""


@dataclass(frozen=True)
class Run:
    """A value that a document may have."""

    value: str
    words: tuple[int, ...]
    odds: float
    """The mean log-odds of its words."""
    total: float
    """Their sum, raised."""


@dataclass(frozen=True)
class Chance:
    """How sure a tagger is of a field's values, by their log-odds."""

    slope: float = 1.0
    start: float = 0.0
    least: float = 0.0
    """Log-odds below which a value is left out."""
    reach: float = 0.0
    """What is added to the log-odds of words that may be part of a name, an address or a text."""

    def score(self, odds: float) -> float:
        """How likely a value is right, in [0, 1]."""
        return float(1 / (1 + np.exp(-np.clip(self.slope * odds + self.start, -30, 30))))


class Reading:
    """A document's words and rows, made once for all fields."""

    def __init__(self, pages: Pages, day_first: bool | None) -> None:
        self.words, self.day_first = pages.words, day_first
        self.rows = rows(pages.words)
        self._sizes = [len(row) for row in self.rows]

    def candidates(
        self, field: Field, odds: Floats, begins: Floats | None = None, within: range | None = None, reach: float = 0.0
    ) -> list[Run]:
        """Runs of words that may be a field's value, the best first; of each value one.

        Args:
            field: Of any kind but `list`.
            odds: [words]: the log-odds to be part of it.
            begins: [words]: the log-odds that it begins there; without them, rows next to each other are one value.
            within: The words that count; all without it.
            reach: Of a `Chance`.
        """
        if not len(odds):
            return []
        raised = max(0.0, LIKELIEST - float(odds.max()))
        likely = odds + raised
        made = self._long(field, likely, begins, within, reach) if field.kind in LONG else self._short(field, likely, within)
        best: dict[str, Run] = {}
        for one in sorted((dataclasses.replace(one, odds=one.odds - raised) for one in made), key=lambda one: -one.total):
            key = canonical(one.value, field)
            known = best.get(key)
            # What stands on a page more than once is likelier.
            best[key] = _joined(known, one) if known else one
        return sorted(best.values(), key=lambda one: -one.total)

    def _tried(self, odds: Floats, within: range | None) -> list[tuple[int, list[int]]]:
        """The rows with the likeliest words, numbered."""
        parts = [(number, [at for at in row if within is None or at in within]) for number, row in enumerate(self.rows)]
        there = [(max(odds[row]), number, row) for number, row in parts if row]
        return [(number, row) for _, number, row in sorted(there, key=lambda one: (-one[0], one[1]))[:ROWS_TRIED]]

    def _short(self, field: Field, odds: Floats, within: range | None) -> Iterator[Run]:
        for _, row in self._tried(odds, within):
            scored = sorted(_runs(odds[row]), key=lambda one: -one[2])
            found = next((made for start, end, _ in scored if (made := self._run(field, row[start:end], odds))), None)
            if found:
                yield self._tight(field, found, odds)

    def _tight(self, field: Field, run: Run, odds: Floats) -> Run:
        """Without the words at its ends that its value doesn't need, such as the `Total` of `Total 9.00`."""
        for fewer in (run.words[1:], run.words[:-1]):
            made = self._run(field, fewer, odds) if fewer else None
            if made and made.value == run.value:
                return self._tight(field, made, odds)
        return run

    def _long(self, field: Field, odds: Floats, begins: Floats | None, within: range | None, reach: float) -> Iterator[Run]:
        raised = self._smooth(odds, SMOOTH.get(field.kind, LESS_SMOOTH)) + reach
        best = {number: _best(raised, row) for number, row in self._tried(odds, within)}
        left = set(best)
        for number in sorted(best, key=lambda one: -float(raised[best[one]].sum())):
            if number not in left:
                continue
            block = [number]
            for step in (-1, 1):
                at = number + step
                while at in left and raised[best[at]].sum() > 0 and self._adjoin(best[at - step], best[at], begins):
                    block.append(at)
                    at += step
            left -= set(block)
            found = [[at for row in sorted(block) for at in best[row]]]
            if field.several:
                found.extend(other for row in block for other in _others(raised, self.rows[row], best[row]))
            yield from filter(None, (self._run(field, words, odds) for words in found))

    def _smooth(self, odds: Floats, share: float) -> Floats:
        sums = np.add.reduceat(odds, np.cumsum([0, *self._sizes[:-1]]))
        means = (sums / self._sizes).astype(np.float32)
        return (1 - share) * odds + share * np.repeat(means, self._sizes)

    def _adjoin(self, one: Sequence[int], other: Sequence[int], begins: Floats | None) -> bool:
        """Whether runs of two rows that follow each other may be one value: one below the other, or a line that is broken."""
        upper, lower = (one, other) if one[0] < other[0] else (other, one)
        if begins is not None and begins[lower[0]] > BEGUN:
            return False
        above, below = [self.words[at] for at in upper], [self.words[at] for at in lower]
        height = max(each.box[3] - each.box[1] for each in (*above, *below))
        near = above[0].page == below[0].page and min(each.box[1] for each in below) - max(each.box[3] for each in above) < FAR * height
        broken = lower[0] == upper[-1] + 1
        return near and (broken or _overlap(above, below))

    def _run(self, field: Field, words: Sequence[int], odds: Floats) -> Run | None:
        value = normal(" ".join(self.words[at].text for at in words), field, self.day_first)
        mine = odds[list(words)]
        return Run(value, tuple(words), float(mine.mean()), float(mine.sum())) if value else None

    def entries(self, field: Field, odds: Floats, chances: Sequence[Chance]) -> list[Entry]:
        """The entries of a `list` field.

        Args:
            field: With fields of its own.
            odds: [words, 1 + fields]: the log-odds of beginning an entry, then of each field.
            chances: Of each column.
        """
        entries = []
        for span in self._spans(odds - np.asarray([one.least for one in chances], np.float32)):
            entry = {}
            for column, inner in enumerate(field.fields, 1):
                run = next(iter(self.candidates(inner, odds[:, column], within=span)), None)
                if run and run.odds >= chances[column].least:
                    entry[inner.name] = Found(value=run.value, words=run.words, score=chances[column].score(run.odds))
            if entry:
                entries.append(entry)
        return entries

    def _spans(self, odds: Floats) -> Iterator[range]:
        """The words of each entry: from where one begins to where the next one does."""
        inner = odds[:, 1:].max(axis=1, initial=-np.inf) > 0
        tagged = [row for row in self.rows if inner[row].any()]
        begins = [row[int(odds[row, 0].argmax())] for row in tagged if odds[row, 0].max() > 0]
        if tagged and not begins:
            begins = [row[0] for row in tagged]
        if begins:
            edges = [min(begins[0], tagged[0][0]), *begins[1:], tagged[-1][-1] + 1]
            yield from (range(*edge) for edge in pairwise(edges))


def _joined(known: Run, other: Run) -> Run:
    """A run whose value stands elsewhere, too."""
    return Run(known.value, known.words, float(np.logaddexp(known.odds, other.odds)), float(np.logaddexp(known.total, other.total)))


def _runs(odds: Floats) -> Iterator[tuple[int, int, float]]:
    """All runs with a row's likeliest word in it: from where to where, and their sum."""
    best, sums = int(odds.argmax()), np.concatenate([[0.0], np.cumsum(odds)])
    for start in range(max(0, best - MOST_WORDS + 1), best + 1):
        for end in range(best + 1, min(len(odds), start + MOST_WORDS) + 1):
            yield start, end, float(sums[end] - sums[start])


def _best(odds: Floats, row: Sequence[int]) -> list[int]:
    """The run of a row with the largest sum (Kadane)."""
    best, total, begin, top = (0, 1), -np.inf, 0, 0.0
    for at, word in enumerate(row):
        if top <= 0:
            begin, top = at, 0.0
        top += float(odds[word])
        if top > total:
            best, total = (begin, at + 1), top
    return list(row[slice(*best)])


def _others(odds: Floats, row: Sequence[int], best: Sequence[int]) -> Iterator[list[int]]:
    """What else is likely in a row, before and after its best run: `Acme Inc. and Bolt LLC` names two."""
    for part in (row[: row.index(best[0])], row[row.index(best[-1]) + 1 :]):
        run = _best(odds, part) if part else []
        if run and odds[run].sum() > 0:
            yield run


def _overlap(above: Sequence[Word], below: Sequence[Word]) -> bool:
    left, right = max(above[0].box[0], below[0].box[0]), min(above[-1].box[2], below[-1].box[2])
    return left < right
