"""Texts as pages: each line is a row, each form feed a new page, and boxes are counted in letters."""

import re
from collections.abc import Sequence

from limbeck.pages.scripts import words_of
from limbeck.schemas.pages import Pages, Sheet, Word

TAB = 8


def pages_of_text(text: str) -> Pages:
    """The pages of a text; a word's box is `(column, line, column behind it, next line)` on its page."""
    sheets: list[Sheet] = []
    words: list[Word] = []
    row = 0
    for number, part in enumerate(text.split("\f")):
        lines = [line.expandtabs(TAB) for line in re.split(r"\r\n|[\n\r\v\x85\u2028\u2029]", part)]
        sheets.append(Sheet(width=float(max(map(len, lines)) or 1), height=float(len(lines))))
        for at, line in enumerate(lines):
            found = _words(line, at, number, row)
            words += found
            row += bool(found)
    return Pages(sheets=tuple(sheets), words=tuple(words))


def _words(line: str, at: int, page: int, row: int) -> Sequence[Word]:
    spans = words_of(line)
    return [Word(text=line[start:end], box=(float(start), float(at), float(end), at + 1.0), page=page, line=row) for start, end in spans]
