r"""Environments: where LaTeX's `\begin` and `\end` stand, also where some are missing, and how a table's body is split."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from limbeck.tables.macros import group

TABULAR = re.compile(
    r"(?:long|super|mpsuper|x|deluxe)?tabular[*xy]?|longtable\*?|tabu|longtabu|tblr|longtblr|talltblr|NiceTabular[*X]?|"
    r"array|NiceArray|deluxetable\*?|xltabular|tabularray"
)
FLOAT = re.compile(r"(?:wrap|sideways|sub|mini|long|marg)?table[*]?|threeparttable|SCtable|figure\*?|wrapfigure")
TOKEN = re.compile(r"\\(begin|end)\s*\{\s*([A-Za-z]+\*?)\s*\}|\\(?:[A-Za-z]+|.)", re.S)
PIECES = re.compile(
    r"\\(begin|end)\s*\{\s*[A-Za-z]+\*?\s*\}|\\tabularnewline(?![A-Za-z])|\\cr(?![A-Za-z])|\\\\\*?(?:[ \t]*\[[^\]\n]*\])?|"
    r"\\(?:[A-Za-z]+|.)|[{}&]",
    re.S,
)
DEEP = 20
"""Tables are looked for down to here, so that a thousand that are never closed don't take a thousand times as long."""
WIDTHS = re.compile(r"tabular[*xy]|NiceTabular[*X]|xltabular|tabu|longtabu")
UNCLOSED = re.compile(r"(?:\{[lcrpmbXS|@ *]+(?=[\s\\]))?")
"""What columns are like, where nothing closes it."""
OPTION = re.compile(r"\s*\[[^\]]*\]")


@dataclass
class Environment:
    r"""A `\begin` to its `\end`, or to where its surroundings end."""

    name: str
    start: int
    body: int
    """Where its body begins, after its arguments."""
    stop: int = -1
    """Where its body ends."""
    end: int = -1
    around: "Environment | None" = None
    holds_cells: bool = False
    """Whether it is a table's grid."""
    floats: bool = False
    """Whether it holds a table with its caption."""

    def outside(self) -> "Iterator[Environment]":
        """What it stands in, the innermost first."""
        one = self.around
        while one:
            yield one
            one = one.around


def environments(text: str) -> list[Environment]:
    """All environments in the order of their beginnings."""
    found: list[Environment] = []
    opened: list[Environment] = []
    for token in TOKEN.finditer(text):
        if token[1] == "begin":
            found.append(_begun(text, token, opened))
            opened.append(found[-1])
        elif token[1] and any(one.name == token[2] for one in opened):
            _close(opened, token[2], token.start(), token.end())
    for one in opened:
        one.stop = one.end = len(text)
    for one in found:
        one.body = min(one.body, one.stop)
    return found


def _begun(text: str, token: re.Match[str], opened: list[Environment]) -> Environment:
    grid = bool(TABULAR.fullmatch(token[2])) and len(opened) < DEEP
    body = _body(text, token.end(), token[2]) if grid else token.end()
    around = opened[-1] if opened else None
    return Environment(token[2], token.start(), body, around=around, holds_cells=grid, floats=bool(FLOAT.fullmatch(token[2])))


def _close(opened: list[Environment], name: str, stop: int, end: int) -> None:
    """Close the last of this name, and what was left open inside it."""
    while opened:
        one = opened.pop()
        one.stop, one.end = stop, end if one.name == name else stop
        if one.name == name:
            return


def _body(text: str, at: int, name: str) -> int:
    """The place after a table's options and arguments."""
    for left in range(2 if WIDTHS.fullmatch(name) else 1, 0, -1):
        while option := OPTION.match(text, at):
            at = option.end()
        begin = at + len(text[at : at + 50]) - len(text[at : at + 50].lstrip())
        end = group(text, begin)
        if end is None:
            return at + len(UNCLOSED.match(text, at).group())  # type: ignore[union-attr]
        at = end
        if name in ("tabu", "longtabu") and left == 2:
            return at
    return at


def rows(text: str, start: int, stop: int) -> list[list[tuple[int, int]]]:
    """Where the cells of a table's body stand, row by row; where braces are not balanced, they are not looked at."""
    found, balanced = _split(text, start, stop, True)
    return found if balanced else _split(text, start, stop, False)[0]


def _split(text: str, start: int, stop: int, braces: bool) -> tuple[list[list[tuple[int, int]]], bool]:
    found: list[list[tuple[int, int]]] = []
    row: list[tuple[int, int]] = []
    at, depth, inner, low = start, 0, 0, 0
    for token in PIECES.finditer(text, start, stop):
        what = token.group()
        if what in "{}":
            depth += (1 if what == "{" else -1) if braces else 0
            low = min(low, depth)
        elif token[1]:
            inner = max(0, inner + (1 if token[1] == "begin" else -1))
        elif not depth and not inner and (what == "&" or _ends_row(what)):
            row.append((at, token.start()))
            at = token.end()
            if what != "&":
                found.append(row)
                row = []
    found.append([*row, (at, stop)])
    return found, depth == 0 and low == 0


def _ends_row(what: str) -> bool:
    return what.startswith("\\\\") or what in ("\\tabularnewline", "\\cr")
