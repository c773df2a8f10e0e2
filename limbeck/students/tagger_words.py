"""What a tagger sees of a word beside its pieces: where it stands, how large it is, and what its letters look like, in bins.

Boxes are binned as in LayoutLM (Xu et al. 2020, arXiv:1912.13318, section 2.2), relative to the part of a sheet that has words,
as a photo's margins say nothing. The shape of letters is there as vocabularies may be uncased and cut numbers into pieces;
how an amount compares to the page's other amounts, as no encoder can calculate.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt

from limbeck.schemas.pages import Pages, Word

Bins = npt.NDArray[np.int64]

FINE = 32
"""Bins of a coordinate."""
ROWS, PLACES = 32, 8
"""Rows and places in a row that are told apart."""
SIZES = (0.5, 0.7, 0.85, 0.95, 1.05, 1.2, 1.5, 2.0, 3.0)
"""Bounds of a height, as a share of the median one."""
GAPS = (0.0, 0.3, 0.6, 1.0, 2.0, 4.0, 8.0)
"""Bounds of the blank to the left of a word, in heights."""
SHAPES = tuple(
    re.compile(one)
    for one in (
        r"[$€£¥₹]|[A-Z]{1,3}\$|RM|USD|EUR|GBP|CHF",
        r"[^\w]*\d{1,4}[./-]\d{1,2}[./-]\d{1,4}[^\w]*|\d{1,2}[-/.]?[A-Za-z]{3,9}[-/.,]?\d{2,4}",
        r"\W*\d{1,2}:\d{2}(?::\d{2})?\W*(?:[AaPp]\.?[Mm]\.?)?",
        r"[^\d]{0,4}-?\d{1,3}(?:[,.' ]?\d{3})*[.,]\d{2}[^\d]{0,4}",
        r"\d+(?:[.,]\d+)?%",
        r"\d{1,2}",
        r"\d{3,4}",
        r"\d{5}",
        r"\d{6,}",
        r"\+?[\d()/-]{7,}",
        r"[^\W\d_]\.?",
        r"[A-Z][A-Z.&'-]+[,:;]?",
        r"[^\W\d_]*[a-z]{2}[^\W\d_]*[,:;]?",
        r"(?=.*\d)(?=.*[^\W\d_]).*",
        r"\W+",
    )
)
ENDS = (":", ",", ".", ";", ")")
AMOUNT = re.compile(r"\D{0,4}?(\d{1,3}(?:[,' ]?\d{3})*|\d+)[.,](\d{2})\D{0,4}")
MOST_RANK = 7

SIZES_OF_BINS = (
    FINE, FINE, FINE, FINE, FINE, FINE, ROWS, ROWS, PLACES, PLACES, PLACES,
    len(SIZES) + 1, len(GAPS) + 1, len(SHAPES) + 1, len(ENDS) + 1, 3, MOST_RANK + 1, 4, 2,
)  # fmt: skip
"""How many bins each feature has: left, top, right, bottom, width, height; row from top and from bottom; place in its row from
left and from right, words of the row; size, blank before; shape, last character, case of the first letter; rank of an amount,
how often it stands on the page, whether its page is the first.
"""
FEATURES = len(SIZES_OF_BINS)
OFFSETS = np.concatenate([[0], np.cumsum(SIZES_OF_BINS)[:-1]]).astype(np.int64)
ALL_BINS = int(sum(SIZES_OF_BINS))


def look(pages: Pages) -> Bins:
    """[words, features]: rows of one table of `ALL_BINS` embeddings."""
    every = [row for _, words in groupby(pages.words, key=lambda one: one.page) for row in _page(list(words))]
    return np.asarray(every, np.int64).reshape(len(pages.words), FEATURES) + OFFSETS


def rows(words: Sequence[Word]) -> list[list[int]]:
    """The numbers of each row's words, from top to bottom."""
    return [[at for at, _ in same] for _, same in groupby(enumerate(words), key=lambda one: (one[1].page, one[1].line))]


def _page(words: list[Word]) -> list[list[int]]:
    boxes = np.asarray([one.box for one in words], float)
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    span = np.tile(np.maximum(high - low, 1e-6), 2)
    corners = (boxes - np.tile(low, 2)) / span
    sides = (boxes[:, 2:] - boxes[:, :2]) / span[:2]
    where = np.clip(np.concatenate([corners, sides], axis=1) * FINE, 0, FINE - 1).astype(int).tolist()
    in_rows = rows(words)
    heights = boxes[:, 3] - boxes[:, 1]
    usual = max(float(np.median(heights)), 1e-6)
    sums = _amounts(words)
    found: list[list[int]] = []
    for number, row in enumerate(in_rows):
        for place, at in enumerate(row):
            in_page = [min(number, ROWS - 1), min(len(in_rows) - 1 - number, ROWS - 1)]
            in_row = [min(one, PLACES - 1) for one in (place, len(row) - 1 - place, len(row) - 1)]
            size = bisect_right(SIZES, float(heights[at]) / usual)
            gap = bisect_right(GAPS, (boxes[at, 0] - boxes[row[place - 1], 2]) / usual) if place else 0
            found.append([*where[at], *in_page, *in_row, size, gap, *_letters(words[at].text), *sums[at], int(words[at].page == 0)])
    return found


def _letters(text: str) -> list[int]:
    shape = next((at for at, one in enumerate(SHAPES) if one.fullmatch(text)), len(SHAPES))
    end = ENDS.index(text[-1]) if text[-1] in ENDS else len(ENDS)
    return [shape, end, 1 if text[0].isupper() else 2 if text[0].islower() else 0]


def _amounts(words: Sequence[Word]) -> list[tuple[int, int]]:
    """Of each word its rank among the page's amounts, from 1 for the largest, and how often it stands there; 0, 0 of others."""
    values = [_amount(one.text) for one in words]
    often = Counter(one for one in values if one is not None)
    ranks = {one: min(rank, MOST_RANK) for rank, one in enumerate(sorted(often, reverse=True), 1)}
    return [(0, 0) if one is None else (ranks[one], min(often[one], 3)) for one in values]


def _amount(text: str) -> int | None:
    """In hundredths."""
    found = AMOUNT.fullmatch(text)
    return int(re.sub(r"\D", "", found[1]) + found[2]) if found else None
