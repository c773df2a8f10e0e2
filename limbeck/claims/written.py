"""Amounts and days as tables of claims write them; what one cell leaves open, its column tells."""

import datetime
import re
from collections.abc import Sequence
from typing import Literal

Mark = Literal[",", "."]
"""What stands before the cents."""

AMOUNT = re.compile(r"[-+]?(?:[0-9][0-9.,' \u00a0\u202f\u2019]*|[.,][0-9]+)")
AROUND = re.compile(r"[^\W\d_]{0,3}[.$€£¥₹₩₽₺฿₫₱]?\s*", re.UNICODE)
"""A currency's sign or letters, as may stand before and after an amount."""
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
YEARS = (1950, 2050)
"""Years of two digits are between these."""


# ---- amounts ---------------------------------------------------------------------------------------------------------


def amounts(cells: Sequence[str]) -> list[float | None]:
    """What each cell of a column is worth; None where it is no amount.

    A mark that stands twice, before one other, or before three digits parts thousands; one with one or two digits after it
    stands before the cents. `1,234` alone may be either: it is read as the column's other cells are, and as 1234 where these
    tell nothing or contradict each other.
    """
    marks = {mark for cell in cells if (mark := _mark(_digits(cell)))}
    mark = marks.pop() if len(marks) == 1 else None
    return [_worth(cell, mark) for cell in cells]


def amount(cell: str) -> float | None:
    """An amount that stands alone."""
    return _worth(cell, None)


def _digits(cell: str) -> str:
    """The number in a cell that holds nothing else but a currency; brackets around it are a minus, as one after it is."""
    text = cell.strip().replace("\u2212", "-")
    inside = re.fullmatch(r"\((.+)\)|-(.+)|(.+)-", text)
    text = (next(filter(None, inside.groups())) if inside else text).strip().lstrip("+")
    found = AMOUNT.search(text)
    if not found or not (AROUND.fullmatch(text[: found.start()].strip()) and AROUND.fullmatch(text[found.end() :].strip())):
        return ""
    minus = bool(inside) != found[0].startswith("-")
    digits = re.sub(r"[\s'\u2019]", "", found[0]).rstrip(".,").lstrip("+-")
    return f"-{digits}" if minus else digits


def _mark(digits: str) -> Mark | None:
    """Which mark a number tells to be the one before the cents."""
    commas, dots = digits.count(","), digits.count(".")
    if commas and dots:
        return "," if digits.rfind(",") > digits.rfind(".") else "."
    if commas > 1 or dots > 1:
        return "." if commas else ","
    last = re.search(r"([.,])([0-9]*)$", digits)
    return (last[1] if len(last[2]) != 3 else None) if last else None  # type: ignore[return-value]


def _worth(cell: str, column: Mark | None) -> float | None:
    digits = _digits(cell)
    if not digits:
        return None
    mark = _mark(digits) or column or _thousands(digits)
    other = "," if mark == "." else "."
    try:
        return float(digits.replace(other, "").replace(mark, "."))
    except ValueError:
        return None


def _thousands(digits: str) -> Mark:
    """For a number of one mark before three digits, the other one."""
    return "." if "," in digits else ","


# ---- days ------------------------------------------------------------------------------------------------------------


def days(cells: Sequence[str]) -> list[tuple[str, ...]]:
    """Which days each cell of a column may be, as `2019-03-04`.

    Where one cell tells that the day stands first (`25/03/2019`), it does so in all; where none or both kinds do, a cell such
    as `04/03/2019` may be two days.
    """
    orders = {order for cell in cells for order in (_orders(cell),) if len(order) == 1}
    told = orders.pop() if len(orders) == 1 else None
    return [_days(cell, told) for cell in cells]


def day(cell: str) -> tuple[str, ...]:
    """Days that a text of its own may be."""
    return _days(cell, None)


def _orders(cell: str) -> tuple[str, ...]:
    """Of a day in three numbers, the year last: in which orders it is one."""
    found = re.match(r"\s*(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4}|\d{2})\b", cell)
    return tuple(order for order in ("day", "month") if found and _in_order(found, order)) if found else ()


def _in_order(found: re.Match[str], order: str) -> str | None:
    first, second, year = int(found[1]), int(found[2]), int(found[3])
    return _iso(year, second, first) if order == "day" else _iso(year, first, second)


def _days(cell: str, told: tuple[str, ...] | None) -> tuple[str, ...]:
    text = cell.strip()
    year_first = re.match(r"(\d{4})[/.\-年 ]?(\d{1,2})[/.\-月 ]?(\d{1,2})(?!\d)", text)
    if year_first:
        return _known(_iso(*map(int, year_first.groups())))
    named = re.match(r"(\d{1,2})(?:st|nd|rd|th)?[\s.\-/]*([a-z]{3})[a-z]*[\s.,\-/']*(\d{4}|\d{2})\b", text.lower())
    if named:
        return _named(named[2], named[1], named[3])
    named = re.match(r"([a-z]{3})[a-z]*[\s.\-]*(\d{1,2})(?:st|nd|rd|th)?[\s,\-]+(\d{4}|\d{2})\b", text.lower())
    if named:
        return _named(named[1], named[2], named[3])
    found = re.match(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4}|\d{2})\b", text)
    orders = [order for order in _orders(cell) if told is None or order in told] or _orders(cell)
    return tuple(dict.fromkeys(one for order in orders if (one := _in_order(found, order)))) if found else ()


def _named(month: str, day_: str, year: str) -> tuple[str, ...]:
    return _known(_iso(int(year), MONTHS.index(month) + 1, int(day_))) if month in MONTHS else ()


def _known(one: str | None) -> tuple[str, ...]:
    return (one,) if one else ()


def _iso(year: int, month: int, day_: int) -> str | None:
    if year < 100:
        year += 2000 if year <= YEARS[1] % 100 else 1900
    try:
        return datetime.date(year, month, day_).isoformat()
    except ValueError:
        return None
