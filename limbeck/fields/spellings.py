"""Spellings: the dates, amounts, times, phone numbers, durations and currencies that pages print, as they are normalised."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence

from limbeck.fields import amounts, dates
from limbeck.fields.durations import ANNIVERSARY, DURATION, duration
from limbeck.fields.normalising import PHONE, normal, phone
from limbeck.schemas.fields import Field, FieldKind
from limbeck.schemas.pages import Pages

Words = tuple[int, ...]
"""Numbers of words."""
Reading = tuple[str, Words]
"""A value as it is normalised, and where it stands."""
Seen = Iterator[tuple[str, int, int]]
"""Values of a line of text, and from where to where they stand."""
NUMERIC: tuple[FieldKind, ...] = ("money", "number", "date", "time", "phone")
"""Kinds whose values have digits."""
CENTS = re.compile(r"[.,]\d\d(?!\d)")
NAME, NAMED = re.compile(r"[^\W\d_xX×]$"), re.compile(r"[^\W\d_]*[^\W_]{5}|[^\W\d_]+\d")
"""Letters before and after a number that make it a part of a name, as in `B10`; `x2`, `2x` and `2pcs` are numbers."""
PERCENT = re.compile(r" *%")
DIGIT = re.compile(r"\d")
PERIOD = re.compile(f"{DURATION}|{ANNIVERSARY}", re.I)


def readings(kind: FieldKind, rows: Sequence[Sequence[int]], pages: Pages, day_first: bool | None) -> list[Reading]:
    """Everything of one kind on the pages; nothing of kinds that have but one spelling.

    Args:
        kind: Of a field.
        rows: The words of each row, by their numbers.
        pages: Where they stand.
        day_first: How `03/04/2019` is meant.
    """
    seen = SEEN.get(kind)
    if seen is None:
        return []
    # A row goes on in the next one, where prose is broken.
    texts = [[word for row in rows for word in row]] if kind == "duration" else rows
    found = [one for row in texts for one in _of(row, pages, lambda text: seen(text, day_first), kind)]
    return _with_cents(found, pages) if kind == "money" else found


def _with_cents(found: list[Reading], pages: Pages) -> list[Reading]:
    """Amounts without cents are none of money on pages that print cents, unless a currency stands beside them."""
    cents = {one for one in found if any(CENTS.search(pages.words[word].text) for word in one[1])}
    return [one for one in found if one in cents or _currency_beside(one[1], pages)] if cents else found


def _currency_beside(words: Words, pages: Pages) -> bool:
    around = [pages.words[at].text for at in range(max(0, words[0] - 1), min(words[-1] + 2, len(pages.words)))]
    return any(amounts.currency(text) for text in around)


def _of(row: Sequence[int], pages: Pages, seen: Callable[[str], Seen], kind: FieldKind) -> Iterator[Reading]:
    """The values of a row, each with the words that it touches; an amount's, those that have a digit."""
    starts, text = [], ""
    for word in row:
        starts.append(len(text))
        text += pages.words[word].text + " "
    if kind in NUMERIC and DIGIT.search(text) is None:
        return
    for value, start, end in seen(text):
        start += len(text[start:end]) - len(text[start:end].lstrip())
        touched = row[bisect_right(starts, start) - 1 : bisect_right(starts, max(start, end - 1))]
        kept = [one for one in touched if kind not in ("money", "number") or DIGIT.search(pages.words[one].text)]
        if kept:
            yield value, tuple(kept)


def _amounts(text: str, day_first: bool | None) -> Seen:
    """Amounts of a line, and of its words by themselves, as `2 350` is one number or two."""
    yield from ((one.text, one.start, one.end) for one in amounts.amounts(text) if " " in text[one.start : one.end].strip())
    for word in re.finditer(r"\S*\d\S*", text):
        if not PERCENT.match(text, word.end()):
            for one in amounts.amounts(word[0]):
                if not NAME.search(word[0][: one.begin]) and not NAMED.match(word[0], one.end):
                    yield one.text, word.start() + one.start, word.start() + one.end


def _dates(text: str, day_first: bool | None) -> Seen:
    for one in dates.dates(text, day_first):
        yield one.value, one.start, one.end


def _times(text: str, day_first: bool | None) -> Seen:
    for one in dates.times(text):
        if one.clear:
            yield one.value, one.start, one.end


def _phones(text: str, day_first: bool | None) -> Seen:
    for one in PHONE.finditer(text):
        if number := phone(one[0]):
            yield number, one.start(), one.end()


def _durations(text: str, day_first: bool | None) -> Seen:
    for one in PERIOD.finditer(text):
        if value := duration(one[0]):
            yield value, one.start(), one.end()


def _currencies(text: str, day_first: bool | None) -> Seen:
    field = Field(name="currency", kind="currency")
    for one in re.finditer(r"\S+", text):
        if value := normal(one[0], field):
            yield value, one.start(), one.end()


SEEN: dict[FieldKind, Callable[[str, bool | None], Seen]] = {
    "date": _dates,
    "time": _times,
    "money": _amounts,
    "number": _amounts,
    "phone": _phones,
    "duration": _durations,
    "currency": _currencies,
}
"""By kind; values of the others have but one spelling."""
