"""A long text in parts: chunks that a model reads, and windows of a few words that labels are looked up by.

All chunks are used, where the published program reads the first alone (D'Oosterlinck et al. 2024; its code cuts at 3,000
characters, with an overlap of 2%).
"""

from collections.abc import Iterator, Sequence

import regex  # type: ignore[import-untyped]

from limbeck.retrieval.lexical import UNSPACED

CHUNK = 3000
"""Characters; fewer where a line, a sentence or a word ends in the second half."""
OVERLAP = 0.02
LONGEST_WINDOW = 3
"""Words; names of labels are about as long."""
_LETTER = rf"[[\p{{L}}\p{{M}}\p{{N}}]--{UNSPACED.pattern}]"
WORD = regex.compile(rf"(?V1){UNSPACED.pattern}|{_LETTER}+(?:[.'’+#&-]+{_LETTER}+)*[+#]*")
"""What stands between spaces and punctuation, `C++` and `full-stack` included; one sign of a script without spaces."""
ENDS = ("\n", ". ", "。", " ")
"""Where a chunk may end, the best first."""

Span = tuple[int, int]
"""Where a part of a text begins and ends, in characters."""


def chunks(text: str, size: int = CHUNK) -> list[Span]:
    """A text's chunks; neighbours overlap a little, so that what is cut in two is whole in one. One for an empty text."""
    found, start = [], 0
    while len(text) - start > size:
        end = _end(text, start, size)
        found.append((start, end))
        start = max(end - int(OVERLAP * size), start + 1)
    return [*found, (start, len(text))]


def _end(text: str, start: int, size: int) -> int:
    """The last good place to end a chunk, in its second half."""
    middle, last = start + size // 2, start + size
    for mark in ENDS:
        at = text.rfind(mark, middle, last)
        if at >= 0:
            return at + len(mark)
    return last


def windows(text: str, longest: int = LONGEST_WINDOW, most: int | None = None) -> Iterator[Span]:
    """All runs of one to `longest` words of a text; where they are more than `most`, of words evenly drawn."""
    words = [found.span() for found in WORD.finditer(text)]
    starts = len(words) if most is None else min(len(words), max(1, most // longest))
    for first in (place * len(words) // starts for place in range(starts)):
        for _, end in words[first : first + longest]:
            yield words[first][0], end


def merged(spans: Sequence[Span]) -> list[Span]:
    """Spans in the text's order, those that meet as one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found
