"""Amounts and days as tables of claims write them; what one cell leaves open, its column tells."""

import math
import re
from collections.abc import Sequence
from typing import Literal

from limbeck.fields.dates import date

Mark = Literal[",", "."]
"""What stands before the cents."""

AMOUNT = re.compile(r"[-+]?(?:[0-9][0-9.,' \u00a0\u202f\u2019]*|[.,][0-9]+)")
AROUND = re.compile(r"[^\W\d_]{0,3}[.$€£¥₹₩₽₺฿₫₱]?\s*", re.UNICODE)
"""A currency's sign or letters, as may stand before and after an amount."""
MONTHS = 12


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
        worth = float(digits.replace(other, "").replace(mark, "."))
    except ValueError:
        return None
    return worth if math.isfinite(worth) else None


def _thousands(digits: str) -> Mark:
    """For a number of one mark before three digits, the other one."""
    return "." if "," in digits else ","


# ---- days ------------------------------------------------------------------------------------------------------------


def days(cells: Sequence[str]) -> list[tuple[str, ...]]:
    """Which days each cell of a column may be, as `2019-03-04`.

    Where one cell tells that the day stands first (`25/03/2019`), it does so in all; where none or both kinds do, a cell such
    as `04/03/2019` may be two days.
    """
    told = {order for cell in cells if (order := _day_first(cell)) is not None}
    day_first = told.pop() if len(told) == 1 else None
    return [_days(cell, day_first) for cell in cells]


def day(cell: str) -> tuple[str, ...]:
    """Days that a text of its own may be."""
    return _days(cell, None)


def _day_first(cell: str) -> bool | None:
    """Whether a cell tells that the day or that the month stands first."""
    found = re.match(r"\s*([0-9]{1,2})[^0-9]+([0-9]{1,2})[^0-9]", cell)
    first, second = (int(one) > MONTHS for one in found.groups()) if found and len(_days(cell, None)) == 1 else (False, False)
    return first if first != second else None


def _days(cell: str, day_first: bool | None) -> tuple[str, ...]:
    orders = (True, False) if day_first is None else (day_first,)
    return tuple(dict.fromkeys(one for order in orders if (one := date(cell, order))))
