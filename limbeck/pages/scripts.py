"""Words of a line, also in scripts that put no blanks between them."""

import re
from itertools import pairwise

HAN = "\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff01-\uff0f\uff1a-\uff60"
"""Chinese, Japanese and their punctuation, and Korean, whose words often have other letters' numbers behind them."""
WORD = re.compile(rf"[{HAN}]+|[^\s{HAN}]+")
DAY = r"(?:\d{4}([-/.])\d\d\1\d\d|\d\d?([-/.])\d\d?\2(?:\d{4}|\d\d))"
GLUED = re.compile(rf"{DAY}(?=\d\d?:\d\d)|[^\W\d]:(?=[-$€£]?\d)")
"""Before what OCR often loses a blank: the time behind a date, a number behind a name and a colon."""
OF_HAN = re.compile(f"[{HAN}]")


def words_of(line: str) -> list[tuple[int, int]]:
    """From where to where in a line its words are: between blanks, and where Chinese or Japanese meets other letters.

    A run of Chinese stays whole, as nothing on the page parts it; the number behind it is a word of its own.
    """
    return [span for one in WORD.finditer(line) for span in _parted(line, *one.span())]


def _parted(line: str, start: int, end: int) -> list[tuple[int, int]]:
    cuts = [start, *(one.end() for one in GLUED.finditer(line, start, end)), end]
    return list(pairwise(cuts))


def is_han(letter: str) -> bool:
    """Whether a letter is of a script that puts no blanks between words."""
    return OF_HAN.match(letter) is not None
