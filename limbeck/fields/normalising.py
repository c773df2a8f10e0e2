"""Printed texts as their fields' kinds have them, and what counts as the same value.

`normal("25 DEC 2018", Field(name="date", kind="date"))` is `2018-12-25`.
"""

import re
import unicodedata
from collections.abc import Callable

from limbeck.fields import amounts, dates
from limbeck.fields.durations import duration
from limbeck.fields.places import place
from limbeck.fields.written_dates import written_date
from limbeck.schemas.fields import Field

FEWEST_DIGITS, MOST_DIGITS = 6, 15
"""Of a phone number; no country has longer ones."""
PHONE = re.compile(r"(?:\+ ?)?\(?\d[\d ()./-]{4,22}\d")
Normal = Callable[[str, Field, bool | None], str | None]


def normal(text: str, field: Field, day_first: bool | None = None) -> str | None:
    """A printed text as its field's kind has it; None where it is none of the kind.

    Dates are `2018-12-25`, times `14:05` or `14:05:09`, money `1234.50`, currencies ISO codes, numbers `2` or `0.43`, phones
    digits after an optional `+`, durations `2 years`, choices one of the options; texts, names and addresses have one blank where there are several.
    What is normal stays as it is.

    Args:
        text: As it is printed; a word too much before or after it does no harm.
        field: Of any kind but `list`.
        day_first: How `03/04/2019` is meant; the day comes first where nobody knows.
    """
    return NORMALS.get(field.kind, _words)(" ".join(text.split()), field, day_first)


def canonical(value: str, field: Field) -> str:
    """What two values have in common that count as one: in texts, case, blanks, accents and punctuation don't."""
    if field.kind not in ("text", "name", "address", "place", "choice"):
        return value
    folded = unicodedata.normalize("NFKD", value.casefold())
    return "".join(one for one in folded if one.isalnum()) or value


def same(one: str, other: str, field: Field) -> bool:
    """Whether two normalised values are the same."""
    return canonical(one, field) == canonical(other, field)


def phone(text: str) -> str | None:
    """The first phone number in a text."""
    for match in PHONE.finditer(text):
        bare = re.sub(r"^(\+ ?\d+ ?)\(0\)", r"\1", match[0])
        digits = re.sub(r"\D", "", bare)
        if FEWEST_DIGITS <= len(digits) <= MOST_DIGITS:
            return ("+" if bare.startswith("+") else "") + digits
    return None


def _words(text: str, field: Field, day_first: bool | None) -> str | None:
    return text or None


def _choice(text: str, field: Field, day_first: bool | None) -> str | None:
    """The option that a text is; else the longest one that it contains."""
    asked = canonical(text, field)
    fitting = [one for one in field.options if canonical(one, field) == asked]
    within = [one for one in field.options if canonical(one, field) in asked]
    return next(iter(fitting), None) or max(within, key=len, default=None)


NORMALS: dict[str, Normal] = {
    "date": lambda text, field, day_first: dates.date(text, day_first) or written_date(text, day_first is not False),
    "time": lambda text, field, day_first: dates.time(text),
    "money": lambda text, field, day_first: amounts.money(text),
    "number": lambda text, field, day_first: amounts.number(text),
    "currency": lambda text, field, day_first: amounts.currency(text),
    "phone": lambda text, field, day_first: phone(text),
    "choice": _choice,
    "duration": lambda text, field, day_first: duration(text),
    "place": lambda text, field, day_first: place(text) or _words(text, field, day_first),
}
"""By kind; kinds without one are texts."""
