"""Targets: the values in a table that are to become records, numbers unless told otherwise.

A cell holds a value where it is a number and nothing else but its error (`± 0.2`, `(2)`), its unit, or a remark's mark:
`0.88`, `>32`, `75.3 ± 0.4`, `218M`, `12 ms`, `1e-3`; or several, as in `54.0-56.0`, `50/46.7` and `12 (34%)`. A number
in a name (`B10`, `SnCl2`, `BLEU-1`, `11a`), a power (`224^2`), a factor (`3×`), a list of settings (`1,2,4`), a version
(`1.2.3`), a date and a difference in parentheses are none. In a column's header only a bare number is one, such as `10%`.
"""

import re
from collections import Counter

from limbeck.errors import ConfigError
from limbeck.schemas.tables import Table, Target

DIGITS = r"(?>\d{1,3}(?:\.\d{3})++,\d++|\d{1,3}(?:[, \u00a0\u2009\u202f'’]\d{3})++(?:\.\d+)?|\d++(?:[.,]\d++)?|\.\d++)"
"""`1,234.5`, `12 345`, `1'234`, `0.88`, `0,88`, `1.234,5`, `.5`"""
POWER = r"(?:[eE][-+−–]?\d++|\s?[x×·*⋅]\s?10\s?\^?[-−–+]?\d++)"
PREFIX = re.compile(r"(?:[\s$€£¥(\[<>~≈≤≥∼≃≅=*†‡⩽⩾≲≳≪≫±]|ca\.|[-–—]\s?/\s?)*")
VALUE = re.compile(rf"(?P<value>(?:[-−–+]\s?)?(?:10\^[-−–]?\d++|{DIGITS}{POWER}?+)(?P<suffix>[KMGBTk](?![A-Za-z]))?)")
BEYOND = re.compile(r"[.,]?\d|\^\s?\d|_\s?[A-Za-z]|\s?[x×](?!\s?[A-Za-z]{2})")
"""What a value may not be followed by: further digits of a version, a power, a factor."""
NOTE = re.compile(r"\^\d(?![\d.])")
"""A footnote's number: `45.2^1`, where `224^2` is a power."""
ERROR = re.compile(
    rf"\s*[\^_]?\s?[(\[]?\s*(?:±|\+\s?/?\s?[-−–])\s*{DIGITS}\s?%?\s*[)\]]?|\s*[\^_][-+−–±]\s?{DIGITS}|_{DIGITS}|"
    rf"\s?[\^_]?\({DIGITS}\)|\[\d+\](?!\w)|\s*[\^_]?[(\[]\s?[-+−–±]\s?{DIGITS}\s?%?\s?[)\]]|"
    rf"\s*[\^_]?[(\[]?\s?[↑↓⇑⇓▲▼△▽]\s?{DIGITS}\s?%?\s?[)\]]?|\s\d+\.\d+(?=\s*$)"
)
"""`± 0.2`, `^+0.1`, `_0.3`, `(2)`, `[16]`, `(+1.9)`, `↑ 0.3`, and a smaller number that stands after it."""
BETWEEN = re.compile(r"\s?%?\s?(?:[/:|→]|[-–—−](?!\s?[-–—−])|\bto\b)\s?(?=[.(<>~]?[-−–+]?\.?\d)")
SHARE = re.compile(rf"\s?[(\[]\s?(?P<value>{DIGITS})\s?%\s?[)\]]")
UNITS = (
    "%|‰|[µμumcnk]m|[mµμn]s|[KMGTP]i?B|[kmg]b|[mµμunp]M|[mµμunkp]g|[mµμ][lL]|min|hrs?|sec|days?|[kMG]?Hz|[mk]?eV|[mk]?V|[kM]?W|"
    "[kMG]?Pa|[Ff][Pp][Ss]|pp[mb]|px|pts?|(?:°|deg|º)\\s?[CFK]?|°|wt\\.?\\s?%|mol\\.?\\s?%|at\\.?\\s?%|[GMT]?FLOPs"
)
ATTACHED = re.compile(rf"(?:{UNITS})(?![A-Za-z])")
SINGLE = re.compile(r"[A-Za-z](?:,[a-z])*(?![A-Za-z\d])")
"""A unit or a footnote of one letter, which only a number with a fraction has: `11s` may be a name."""
TAIL = re.compile(
    r"\s?%?(?:[.\s]*+(?:\^?[*†‡§¶#↑↓⋆♠♣∗▲▼]|\^\(?[A-Za-z](?:,[a-z])*+\)?))*"
    r"(?:\s+[^\s\d()\[\],;:]\S{0,11}(?:\s+[A-Za-zµμ°%/·^]{1,11}(?:[-−^]{1,2}\d)?)?)?(?:\s?/\s?[-–—])?"
    r"(?:\s*[)\]]|\s*[(\[][^()\[\]]{0,40}[)\]])?[*†‡.,;\s]*"
)
"""A unit of at most two words, marks, a remark in parentheses."""
BARE = re.compile(r"[\s%*†‡.,)\]]*")
LONGEST = 100
"""Characters of a cell that is made of values."""
DATE = re.compile(
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{2,4})(?:[T ]\d{1,2}:\d\d(?::\d\d)?)?|\d{1,2}:\d\d:\d\d"
)
"""A day, a time, or both."""
LIST = re.compile(r"[(\[{\s]*\d+(?:\s*,\s*\d+)+[)\]}\s]*")
THOUSANDS = re.compile(r"[(\s]*\d{1,3}(?:,\d{3})+[)\s]*|[(\s]*\d+,\d+[)\s]*")
NAME = re.compile(r"\d+[A-Za-z]")
Span = tuple[int, int]


def targets(table: Table, pattern: str | None = None) -> list[Target]:
    """The values of a table in reading order.

    Args:
        table: Any table.
        pattern: A regular expression of what is a value, in place of numbers; a cell may hold several.

    Raises:
        ConfigError: `pattern` is no regular expression.
    """
    wanted = _compiled(pattern) if pattern else None
    named = _named(table)
    found = []
    for cell in table.cells:
        if wanted:
            spans = [one.span() for one in wanted.finditer(cell.text) if one.group()]
        else:
            spans = numbers(cell.text, cell.header == "column", cell.column in named)
        for part, (start, end) in enumerate(spans):
            value = cell.text[start:end]
            found.append(Target(row=cell.row, column=cell.column, part=part, value=value, start=start, end=end))
    return found


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ConfigError(f"{pattern!r} is no regular expression ({error}); write one, such as '[0-9.]+'") from None


def _named(table: Table) -> set[int]:
    """Columns in which most digits with a letter are names, as `11a`, `11b`: there `12k` is one, too."""
    texts = [(cell.column, cell.text) for cell in table.cells if NAME.fullmatch(cell.text)]
    every = Counter(column for column, _ in texts)
    names = Counter(column for column, text in texts if text[-1] not in "KMGBTk")
    return {column for column, count in names.items() if 2 * count >= every[column]}


def numbers(text: str, bare: bool = False, named: bool = False) -> list[Span]:
    """Where a cell's text has the values that it is made of; none where there is more to it.

    Args:
        text: A cell's.
        bare: Whether a unit's words make it no value, as in a column's header.
        named: Whether a number with a letter is a name, as among `11a`, `11b`.
    """
    if len(text) > LONGEST or not any(letter.isdigit() for letter in text):
        return []
    if DATE.fullmatch(text) or (LIST.fullmatch(text) and not THOUSANDS.fullmatch(text)):
        return []
    found, at, lettered = _values(text)
    if not found or (lettered and named):
        return []
    if share := SHARE.match(text, at):
        found, at = [*found, share.span("value")], share.end()
    return found if (BARE if bare else TAIL).fullmatch(text, at) else []


def _values(text: str) -> tuple[list[Span], int, bool]:
    """The values that a text begins with, the place after them and their errors, and whether a letter follows one at once."""
    found: list[Span] = []
    at, lettered = PREFIX.match(text).end(), False  # type: ignore[union-attr]
    while value := VALUE.match(text, at):
        end = _end(text, value)
        if end is None:
            return [], 0, False
        found.append(value.span("value"))
        lettered = lettered or bool(value["suffix"]) or text[value.end() : end].isalpha()
        between = BETWEEN.match(text, end)
        if not between:
            return found, end, lettered
        at = PREFIX.match(text, between.end()).end()  # type: ignore[union-attr]
    return [], 0, False


def _end(text: str, value: re.Match[str]) -> int | None:
    """The place after a value's unit and error; None where it is no value."""
    at = value.end()
    if mark := NOTE.match(text, at) if "." in value.group() else None:
        at = mark.end()
    if BEYOND.match(text, at):
        return None
    unit = ATTACHED.match(text, at) or (SINGLE.match(text, at) if "." in value.group() else None)
    at = unit.end() if unit else at
    if not unit and text[at : at + 1].isalpha():
        return None
    while error := ERROR.match(text, at):
        at = error.end()
    return at

