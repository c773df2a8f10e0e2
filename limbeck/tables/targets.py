"""Targets: the values in a table that are to become records, numbers unless told otherwise.

A number is a value where its cell says it: the text begins with it, perhaps after `<` or `(`, or it stands beside another
one in a range or a pair. A number inside a name (`B10`, `SnCl2`, `BLEU-1`), an error after `±`, a difference in
parentheses after a value, and a remark's number are not.
"""

import re
from collections.abc import Iterator

from limbeck.errors import ConfigError
from limbeck.schemas.tables import Table, Target

NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d*)?|\.\d+)"
FIRST = re.compile(
    rf"[\s$€£(\[<>~≈≤≥∼=*†‡^_≪≫⩽⩾]*(?P<value>{NUMBER}(?:[eE][-+−]?\d+)?\s?[KMGBT%]?(?![A-Za-z]))"
)


def targets(table: Table, pattern: str | None = None) -> list[Target]:
    """The values of a table in reading order.

    Args:
        table: Any table.
        pattern: A regular expression of what is a value, in place of numbers; a cell may hold several.

    Raises:
        ConfigError: `pattern` is no regular expression.
    """
    found = []
    for cell in table.cells:
        spans = _matches(pattern, cell.text) if pattern else _numbers(cell.text)
        for part, (start, end) in enumerate(spans):
            value = cell.text[start:end]
            found.append(Target(row=cell.row, column=cell.column, part=part, value=value, start=start, end=end))
    return found


def _matches(pattern: str, text: str) -> Iterator[tuple[int, int]]:
    try:
        return (found.span() for found in re.finditer(pattern, text) if found.group())
    except re.error as error:
        raise ConfigError(f"{pattern!r} is no regular expression ({error}); write one, such as '[0-9.]+'") from None


def _numbers(text: str) -> Iterator[tuple[int, int]]:
    found = FIRST.match(text)
    if found:
        yield found.span("value")
