"""Dates and times as pages print them, and as ISO 8601 writes them.

`dates("25 DEC 2018 8:13 PM")` finds `2018-12-25`, `times` of it `20:13`.
"""

import datetime
import functools
import re
import unicodedata
from dataclasses import dataclass

ROWS_KEPT = 4096
"""Texts of which is known what stands in them, as many annotators look at the same rows."""
MONTHS = (
    "january jan januar janvier janv enero ene januari jaenner",
    "february feb februar fevrier fev fevr febrero februari",
    "march mar marz maerz mrz mars marzo mac",
    "april apr avril avr abril abr",
    "may mai mayo mei",
    "june jun juni juin junio",
    "july jul juli juillet juil julio julai",
    "august aug aout agosto ago ogos",
    "september sep sept septembre septiembre",
    "october oct oktober okt octobre octubre",
    "november nov novembre noviembre",
    "december dec dezember dez decembre diciembre dic disember dis",
)
"""By month, its names in English, German, French, Spanish and Malay, without accents."""
_NUMBER_OF = {name: month for month, names in enumerate(MONTHS, start=1) for name in names.split()}
_MONTH = "(?P<month>" + "|".join(sorted(_NUMBER_OF, key=len, reverse=True)) + r")(?![a-z])\.?"
_DAY = r"(?<!\d)(?P<day>\d{1,2})(?:st|nd|rd|th|\.|er)?"
# A time may be glued to the year: `4/4/20127:33AM`.
_YEAR = r"'?(?P<year>(?:19|20)\d\d|\d\d)(?=\d{1,2}:\d\d|(?!\d))"
_GAP = r"[ ,./'-]{0,3}"
_FORMS = tuple(
    re.compile(form)
    for form in (
        r"(?<!\d)(?P<year>(?:19|20)\d\d) ?(?P<mark>[-/.]) ?(?P<month>\d{1,2}) ?(?P=mark) ?(?P<day>\d{1,2})(?=\d{1,2}:\d\d|(?!\d))",
        r"(?<!\d)(?P<year>(?:19|20)\d\d) ?年 ?(?P<month>\d{1,2}) ?月 ?(?P<day>\d{1,2}) ?日?",
        r"(?<![\d.,/])(?P<first>\d{1,2}) ?(?P<mark>[-/.]) ?(?P<second>\d{1,2}) ?(?P=mark) ?" + _YEAR + r"(?![.,/-]\d)",
        _DAY + r" ?(?:of|de|den)?" + _GAP + r"(?<![a-z])" + _MONTH + r"(?: ?(?:de|del))?" + _GAP + _YEAR,
        r"(?<![a-z])" + _MONTH + _GAP + r"(?P<day>\d{1,2})(?:st|nd|rd|th)?(?![\d:])" + _GAP + _YEAR,
        r"(?<!\d)(?P<year>(?:19|20)\d\d)" + _GAP + _MONTH + _GAP + r"(?P<day>\d{1,2})(?!\d)",
    )
)
_COMPACT = re.compile(r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)(?!\d)")
_CLOCK = re.compile(
    r"(?<![\d.,:])(?P<hour>[01]?\d|2[0-4]) ?(?P<mark>[:h]|(?<=\d)\.(?=\d\d)) ?(?P<minute>[0-5]\d)(?:(?: ?(?P=mark) ?|:)(?P<second>[0-5]\d))?(?![\d:]) ?(?P<half>[ap]\.? ?m\b\.?)?"
)


@dataclass(frozen=True)
class Moment:
    """A date or a time, and from where to where it stands."""

    value: str
    """In ISO 8601."""
    start: int
    end: int
    clear: bool = True
    """Whether its form alone tells what is day and month, or that it is a time."""


def dates(text: str, day_first: bool | None = None) -> list[Moment]:
    """All dates in a line of text, from left to right; those that no calendar has are left out.

    Args:
        text: A line.
        day_first: How `03/04/2019` is meant; the day comes first where nobody knows, as in most of the world.
    """
    return list(_dates(text, day_first))


@functools.lru_cache(maxsize=ROWS_KEPT)
def _dates(text: str, day_first: bool | None) -> tuple[Moment, ...]:
    folded = _folded(text)
    found: list[Moment] = []
    for form in _FORMS:
        for match in form.finditer(folded):
            if all(match.end() <= one.start or one.end <= match.start() for one in found):
                found += _moment(match, day_first)
    return tuple(sorted(found, key=lambda one: one.start))


def date(text: str, day_first: bool | None = None) -> str | None:
    """The first date in a text; also one in a row of digits, `20181225`, where that is all there is."""
    found = dates(text, day_first)
    if not found and (compact := _COMPACT.fullmatch(text.strip())):
        found = _moment(compact, day_first)
    return found[0].value if found else None


def times(text: str) -> list[Moment]:
    """All times of day in a line; one with a dot, `13.11`, isn't clear."""
    return list(_times(text))


@functools.lru_cache(maxsize=ROWS_KEPT)
def _times(text: str) -> tuple[Moment, ...]:
    found = []
    for match in _CLOCK.finditer(_folded(text)):
        hour, half = int(match["hour"]), (match["half"] or "")[:1]
        # `14:05 PM` is written, too, and means what it says.
        hour = hour % 12 + (12 if half == "p" else 0) if half and hour <= 12 else hour % 24
        value = f"{hour:02d}:{match['minute']}" + (f":{match['second']}" if match["second"] else "")
        found.append(Moment(value, match.start(), match.end(), match["mark"] == ":" or bool(half)))
    return tuple(found)


def time(text: str) -> str | None:
    """The first time in a text, a clear one before others."""
    found = sorted(times(text), key=lambda one: not one.clear)
    return found[0].value if found else None


def _moment(match: re.Match[str], day_first: bool | None) -> list[Moment]:
    """The date that a form reads, if any calendar has it."""
    parts = match.groupdict()
    clear = "first" not in parts or parts["first"] == parts["second"]
    for year, month, day in _orders(parts, day_first):
        try:
            value = datetime.date(_century(year), month, day).isoformat()
        except ValueError:
            clear = True  # The other way round is no date, so this one is no guess.
            continue
        return [Moment(value, match.start(), match.end(), clear or max(month, day) > 12)]
    return []


def _orders(parts: dict[str, str | None], day_first: bool | None) -> list[tuple[int, int, int]]:
    """Year, month and day in the ways that they can be meant, the likelier first."""
    year = int(str(parts["year"]))
    if "first" not in parts:
        month = str(parts["month"])
        return [(year, _NUMBER_OF.get(month) or int(month), int(str(parts["day"])))]
    first, second = int(str(parts["first"])), int(str(parts["second"]))
    by_day, by_month = (year, second, first), (year, first, second)
    # Dates with dots begin with the day wherever they are written.
    day = day_first is not False or parts["mark"] == "."
    return [by_day, by_month] if day else [by_month, by_day]


def _century(year: int) -> int:
    return year if year >= 100 else year + (1900 if year >= 70 else 2000)


def _folded(text: str) -> str:
    """In small letters without accents, each character one still."""
    if text.isascii():
        return text.lower()
    return "".join(unicodedata.normalize("NFKD", one)[0].lower()[:1] or one for one in text)
