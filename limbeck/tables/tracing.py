"""Tracing: text that was changed on the way, where each character still knows which of the source's it came from."""

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Traced:
    """A text and, for each of its characters, the first source character and the one after the last."""

    text: str
    starts: list[int]
    ends: list[int]

    @classmethod
    def of(cls, text: str) -> "Traced":
        """The source itself."""
        return cls(text, list(range(len(text))), list(range(1, len(text) + 1)))

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where characters `start` to `end` (at least one) stand in the source."""
        return self.starts[start], self.ends[end - 1]

    def cut(self, start: int, end: int) -> "Traced":
        """A part."""
        return Traced(self.text[start:end], self.starts[start:end], self.ends[start:end])

    def replaced(self, pattern: re.Pattern[str], by: Callable[[re.Match[str]], str | None]) -> "Traced":
        """Put something in place of each match: what is put there stands where the match stood; None keeps it."""
        parts: list[Traced] = []
        done = 0
        for found in pattern.finditer(self.text):
            new = by(found)
            if new is None or not found.group():
                continue
            start, end = self.span(found.start(), found.end())
            parts += [self.cut(done, found.start()), Traced(new, [start] * len(new), [end] * len(new))]
            done = found.end()
        return joined([*parts, self.cut(done, len(self.text))]) if done else self


def joined(parts: list[Traced]) -> Traced:
    """Texts one after another."""
    text = "".join(one.text for one in parts)
    return Traced(text, [at for one in parts for at in one.starts], [at for one in parts for at in one.ends])
