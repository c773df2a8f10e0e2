"""Words of a line, also in scripts that put no blanks between them."""

import re

HAN = "\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff01-\uff0f\uff1a-\uff60"
"""Chinese, Japanese and their punctuation, and Korean, whose words often have other letters' numbers behind them."""
WORD = re.compile(rf"[{HAN}]+|[^\s{HAN}]+")
OF_HAN = re.compile(f"[{HAN}]")


def words_of(line: str) -> list[tuple[int, int]]:
    """From where to where in a line its words are: between blanks, and where Chinese or Japanese meets other letters.

    A run of Chinese stays whole, as nothing on the page parts it; the number behind it is a word of its own.
    """
    return [one.span() for one in WORD.finditer(line)]


def is_han(letter: str) -> bool:
    """Whether a letter is of a script that puts no blanks between words."""
    return OF_HAN.match(letter) is not None
