"""Dates as contracts write them: `January 9, 2009`, `this 3rd day of March, 2010`, `1 May 2009`, `6/23/09`."""

import re
from datetime import date

from limbeck.fields.durations import ORDINALS, TENS

MONTHS = "january february march april may june july august september october november december".split()
_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
_SPELT = rf"(?:(?:{'|'.join(TENS)})[\s-]+(?:{'|'.join(ORDINALS[1:10])})|{'|'.join(ORDINALS[1:])}|thirtieth)"
_DAY = rf"(?:\d{{1,2}}(?:\s*(?:st|nd|rd|th)\b)?|{_SPELT})"
_YEAR = r"(?:19|20)\s?\d\s?\d\b"
_GAP = r"[\s,.]*"
WRITTEN_DATE = (
    rf"(?:\b{_MONTH}\s*{_DAY}{_GAP}(?:in\s+the\s+year\s+)?{_YEAR}"
    rf"|\b{_DAY}{_GAP}(?:day{_GAP})?(?:of\s+)?{_MONTH}{_GAP}(?:in\s+the\s+year\s+)?{_YEAR}"
    rf"|\b(?:19|20)\d\d-\d{{1,2}}-\d{{1,2}}\b|(?<![\d/])\d{{1,2}}/\d{{1,2}}/(?:(?:19|20)\d\d|\d\d)(?![\d/]))"
)
"""What a date looks like, without groups; upper and lower case are alike. A date with blanks to fill in is none."""


def written_date(text: str, day_first: bool = False) -> str | None:
    """A date as `2010-03-03`, of `this 3rd day of March, 2010`; None where it isn't whole (`March __, 2010`) or isn't one.

    `day_first` says how dates of figures alone are meant where they may be meant in both ways.
    """
    found = re.search(WRITTEN_DATE, " ".join(text.lower().split()))
    if found is None:
        return None
    said = found.group()
    name = re.search(r"[a-z]*?(" + _MONTH + ")", said)
    parts = _figures(said, day_first) if re.match(r"[\d/-]+$", said) or name is None else _named(said, name.group(1))
    try:
        return None if parts is None else date(*parts).isoformat()
    except ValueError:
        return None


def _figures(said: str, day_first: bool) -> tuple[int, int, int]:
    first, second, third = (int(number) for number in re.split(r"[/-]", said))
    if "-" in said:
        return first, second, third
    year = third if third > 99 else third + (2000 if third < 70 else 1900)
    month, day = (second, first) if day_first else (first, second)
    return (year, day, month) if month > 12 else (year, month, day)


def _named(said: str, name: str) -> tuple[int, int, int] | None:
    month = next(number for number, full in enumerate(MONTHS, start=1) if full.startswith(name[:3]))
    year = re.search(rf"({_YEAR})\s*$", said)
    rest = said[: year.start()] if year else said
    if year is None:
        return None
    if digits := re.search(r"\d{1,2}", rest):
        return int(re.sub(r"\s", "", year.group(1))), month, int(digits.group())
    return int(re.sub(r"\s", "", year.group(1))), month, _ordinal(rest)


def _ordinal(text: str) -> int:
    words = re.findall(r"[a-z]+", text)
    tens = next((TENS[word] for word in words if word in TENS), 0)
    return 30 if "thirtieth" in words else tens + next((ORDINALS.index(word) for word in words if word in ORDINALS), 0)
