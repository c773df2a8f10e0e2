r"""What a field's own patterns say: regular expressions with `{value}` where the value stands, or with a group of that name.

`patterns: ['\bIBAN:? {value}']`; `{value}` is as little text as fits, up to the end of a column.
"""

import functools
import re

from limbeck.errors import ConfigError
from limbeck.fields.normalising import normal
from limbeck.fields.view import COLUMN, Row, View
from limbeck.schemas.fields import Field, Findings, Found

VALUE = rf"(?P<value>[^{COLUMN}]+?)(?=$|[{COLUMN},;]|\s\s)"


def by_pattern(view: View) -> Findings:
    """The first match of each field; all of them where it may have several values."""
    findings: Findings = {}
    for field in view.fields.fields:
        found = [one for row in view.rows for one in _matches(row, field, view.day_first)]
        if found:
            findings[field.name] = list(found) if field.several else [found[0]]
    return findings


def _matches(row: Row, field: Field, day_first: bool) -> list[Found]:
    found = []
    for pattern in field.patterns:
        for match in compiled(pattern, field.name).finditer(row.text):
            value = normal(match["value"].replace(COLUMN, " "), field, day_first)
            if value is not None:
                found.append(Found(value=value, words=row.touched(*match.span("value"))))
    return found


@functools.lru_cache(maxsize=256)
def compiled(pattern: str, field: str) -> re.Pattern[str]:
    """A pattern as a regular expression with a group `value`.

    Raises:
        ConfigError: It is none, or has no place for the value.
    """
    try:
        expression = re.compile(pattern.replace("{value}", VALUE), re.IGNORECASE)
    except re.error as error:
        raise ConfigError(f"pattern {pattern!r} of field {field!r}: {error}; write a regular expression with {{value}} where the value stands") from None
    if "value" not in expression.groupindex:
        raise ConfigError(f"pattern {pattern!r} of field {field!r} has no place for the value; write {{value}} where it stands")
    return expression
