"""Durations in words and figures: `two (2) years`, `eighteen months`, `a year and a half`, `second anniversary` → `2 years`."""

import re

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
).split()
TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
ORDINALS = (
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth"
).split()
SMALL = {word: number for number, word in enumerate(ONES)} | TENS
UNITS = ("day", "week", "month", "year")

_SPELT = rf"(?:(?:{'|'.join(TENS)})(?:[\s-]+(?:{'|'.join(ONES[1:10])}))?|{'|'.join(sorted(ONES[1:], key=len, reverse=True))}|hundred)"
_DIGITS = r"\d{1,3}(?:[.,]\d{1,2})?"
_HALF = r"(?:\s+and\s+(?:a|one)[\s-]+half|\s*½|\s+1/2)"
_COUNT = rf"(?:{_SPELT}(?:{_HALF})?(?:\s*\(\s*{_DIGITS}\s*\))?|{_DIGITS}(?:{_HALF})?(?:\s*\(\s*{_SPELT}\s*\))?|½)"
_UNIT = r"(?:consecutive\s+|full\s+|calendar\s+|additional\s+)?(?:day|week|month|year)"
DURATION = rf"(?:\b{_COUNT}[\s-]+{_UNIT}s?\b(?:\s+and\s+(?:a|one)[\s-]+half)?|\b{_SPELT}\s+and\s+(?:a|one)[\s-]+half\s+{_UNIT}s?\b)"
"""What a duration looks like, without groups; upper and lower case are alike."""
ANNIVERSARY = rf"\b(?:{'|'.join(ORDINALS[1:])}|\d{{1,2}}(?:st|nd|rd|th))(?:\s*\(\s*\d+\s*(?:st|nd|rd|th)?\s*\))?\s+(?:year\s+)?anniversary\b"
"""`second anniversary`, which ends as many years."""
_BARE = rf"(?:\b(?:a|one)[\s-]+{_UNIT}\b(?:\s+and\s+(?:a|one)[\s-]+half)?)"


def duration(text: str) -> str | None:
    """A duration as a number and its unit, as the text has it: `18 months` stays months; None where there is none.

    A number in figures wins over the same in words, as `one (2)` is more often a slip in the word.
    """
    folded = " ".join(text.lower().split())
    if found := re.search(ANNIVERSARY, folded):
        return _written(_ordinal(found.group()), "year")
    found = re.search(DURATION, folded) or re.search(_BARE, folded)
    if found is None:
        return None
    unit = next(unit for unit in UNITS if re.search(rf"\b{unit}s?\b", found.group()))
    count = _count(found.group())
    return None if count is None else _written(count, unit)


def _count(text: str) -> float | None:
    half = 0.5 if re.search(r"half|½|1/2", text) else 0.0
    if digits := re.search(r"\d+(?:[.,]\d+)?", text.replace("1/2", "")):
        return float(digits.group().replace(",", ".")) + half
    if "hundred" in text:
        return 100.0
    words = re.findall(r"[a-z]+", text.partition(" and ")[0] if half else text)
    numbers = [SMALL[word] for word in words if word in SMALL]
    if numbers:
        return sum(numbers[:2] if numbers[0] >= 20 else numbers[:1]) + half
    return 1.0 + half if re.match(r"(?:a|one)\b", text) else half or None


def _ordinal(text: str) -> float:
    digits = re.search(r"\d+", text)
    return float(digits.group()) if digits else float(next(number for number, word in enumerate(ORDINALS) if re.match(rf"{word}\b", text)))


def _written(count: float, unit: str) -> str:
    number = f"{count:g}"
    return f"{number} {unit}" if number == "1" else f"{number} {unit}s"
