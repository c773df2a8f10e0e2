"""Macros: what a LaTeX file defines for itself, put in place of its calls, and what it doesn't set taken out."""

import bisect
import functools
import re
from dataclasses import dataclass

from limbeck.tables.tracing import Traced, joined

COMMENT = re.compile(r"\\.|%[^\n]*(?:\n[ \t]*)?", re.S)
UNSET = re.compile(r"\\begin\s*\{(comment|verbatim\*?|lstlisting|minted)\}|\\iffalse(?![A-Za-z])")
SET_AGAIN = re.compile(r"\\(?:fi|else)(?![A-Za-z])")
DEFINITION = re.compile(
    r"\\(?:(?:re)?newcommand|providecommand|DeclareRobustCommand|DeclareMathOperator)\s*\*?\s*"
    r"(?:\{\s*\\([A-Za-z]+)\s*\}|\\([A-Za-z]+))\s*(?:\[(\d)\])?\s*(?:\[([^\]]*)\])?\s*(?=\{)"
)
DEF = re.compile(r"\\[gex]?def\s*\\([A-Za-z]+)\s*((?:#\d)*)\s*(?=\{)")
BRACE = re.compile(r"\\.|[{}]", re.S)
DEEP = 8
"""Definitions that call others are followed this far."""
GROWTH = 1_000_000
"""Characters that calls may add, so that ten definitions that double each other can't take the memory."""


@dataclass(frozen=True)
class Macro:
    """A definition: how many arguments it takes, the first one's default, and what stands for a call."""

    arguments: int
    default: str | None
    body: str


def without_comments(text: Traced) -> Traced:
    r"""Take out comments, what `\iffalse` leaves out, and listings; an escaped percent sign begins no comment."""
    return _without_unset(text.replaced(COMMENT, lambda found: None if found.group()[0] == "\\" else ""))


def _without_unset(text: Traced) -> Traced:
    parts: list[Traced] = []
    done = 0
    ends: dict[str, list[int]] = {}
    for one in UNSET.finditer(text.text):
        if one.start() < done:
            continue
        name = one[1] or ""
        if name not in ends:
            closing = re.compile(rf"\\end\s*\{{{re.escape(name)}\}}") if name else SET_AGAIN
            ends[name] = [found.end() for found in closing.finditer(text.text)]
        at = bisect.bisect(ends[name], one.end())
        if at < len(ends[name]):
            parts.append(text.cut(done, one.start()))
            done = ends[name][at]
    return joined([*parts, text.cut(done, len(text.text))]) if parts else text


def group(text: str, at: int) -> int | None:
    """The place after the brace that closes the one at `at`; None where nothing closes it, or there is none."""
    return _closings(text).get(at)


@functools.lru_cache(8)
def _closings(text: str) -> dict[int, int]:
    """For every brace that is closed, the place after the one that closes it: found in one walk, for all calls."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for one in BRACE.finditer(text):
        if one.group() == "{":
            opened.append(one.start())
        elif one.group() == "}" and opened:
            found[opened.pop()] = one.end()
    return found


def definitions(text: str) -> dict[str, Macro]:
    """What a file defines; the last definition of a name counts."""
    found: dict[str, Macro] = {}
    for one in DEFINITION.finditer(text):
        end = group(text, one.end())
        if end:
            name, count = one[1] or one[2], int(one[3] or 0)
            found[name] = Macro(count, one[4] if count else None, text[one.end() + 1 : end - 1])
    for one in DEF.finditer(text):
        end = group(text, one.end())
        if end:
            found[one[1]] = Macro(len(one[2]) // 2, None, text[one.end() + 1 : end - 1])
    return {name: macro for name, macro in found.items() if f"\\{name}" not in macro.body}


def expanded(text: Traced) -> Traced:
    """Put definitions in place of calls; what stands for a call stands where the call stood."""
    known = definitions(text.text)
    if not known:
        return text
    names = "|".join(sorted(map(re.escape, known), key=len, reverse=True))
    call = re.compile(rf"\\({names})(?![A-Za-z])")
    defined = _defined(text.text)
    room = GROWTH
    for _ in range(DEEP):
        more = _once(text, call, known, defined, room)
        if more is text:
            break
        room -= max(0, len(more.text) - len(text.text))
        text, defined = more, _defined(more.text)
    return text


def _defined(text: str) -> list[tuple[int, int]]:
    """Where definitions stand, in which no call is one."""
    heads = [*DEFINITION.finditer(text), *DEF.finditer(text)]
    return sorted((one.start(), group(text, one.end()) or one.end()) for one in heads)


def _once(text: Traced, call: re.Pattern[str], known: dict[str, Macro], defined: list[tuple[int, int]], room: int) -> Traced:
    parts: list[Traced] = []
    done = 0
    inside = iter([*defined, (len(text.text) + 1, len(text.text) + 1)])
    start, end = next(inside)
    for one in call.finditer(text.text):
        while one.start() >= end:
            start, end = next(inside)
        if one.start() < done or start <= one.start() < end:
            continue
        after, body = _called(text.text, one.end(), known[one[1]])
        room -= len(body)
        if room < 0:
            break
        first, last = text.span(one.start(), after)
        parts += [text.cut(done, one.start()), Traced(body, [first] * len(body), [last] * len(body))]
        done = after
    return joined([*parts, text.cut(done, len(text.text))]) if parts else text


def _called(text: str, at: int, macro: Macro) -> tuple[int, str]:
    """The place after a call's arguments, and what stands for it."""
    given: list[str] = []
    if macro.default is not None:
        option = re.compile(r"\s*\[([^\]]*)\]").match(text, at)
        given.append(option[1] if option else macro.default)
        at = option.end() if option else at
    while len(given) < macro.arguments:
        begin = at + len(text[at : at + 100]) - len(text[at : at + 100].lstrip())
        end = group(text, begin) or min(begin + 1, len(text))
        given.append(text[begin + 1 : end - 1] if text[begin:end].startswith("{") and end > begin + 1 else text[begin:end])
        at = end
    if not macro.arguments:
        at += len(re.compile(r"[ \t]*(?:\{\})?").match(text, at)[0])  # type: ignore[index]
    body = re.sub(r"#([1-9])", lambda found: given[int(found[1]) - 1] if int(found[1]) <= len(given) else "", macro.body)
    # A control word at the end must not run into the letters that follow the call.
    return at, f"{body} " if re.search(r"\\[A-Za-z]+$", body) else body
