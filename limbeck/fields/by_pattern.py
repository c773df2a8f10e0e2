r"""What a field's own patterns say: regular expressions with `{value}` where the value stands.

`patterns: ['\bIBAN:? {value}']`; `{value}` is as little text as fits, at the end of a pattern all up to a comma or the end of a column.
"""

import functools
import re

from limbeck.fields.normalising import normal
from limbeck.fields.view import COLUMN, Row, View
from limbeck.schemas.fields import Field, Findings, Found

VALUE = rf"(?P<value>[^{COLUMN}]+?)"
END = rf"(?=$|[{COLUMN},;])"


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
        for match in compiled(pattern).finditer(row.text):
            value = normal(match["value"].replace(COLUMN, " "), field, day_first)
            if value is not None:
                found.append(Found(value=value, words=row.touched(*match.span("value"))))
    return found


@functools.lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression with a group `value`: a blank in it is any number of them, as in running text."""
    open_end = pattern.endswith("{value}")
    return re.compile(pattern.replace(" ", r"\s+").replace("{value}", VALUE + (END if open_end else "")), re.IGNORECASE)
