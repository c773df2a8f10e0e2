"""Amounts of money, numbers and currencies as pages print them.

`amounts("RM 1,234.50 CR")` finds `1234.50`.
"""

import functools
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from limbeck.fields.dates import ROWS_KEPT

CURRENCIES = {
    "MYR": "rm myr ringgit",
    "USD": "us$ usd us-dollar dollar dollars",
    "EUR": "€ eur euro euros",
    "GBP": "£ gbp pound pounds",
    "CHF": "chf sfr fr.",
    "SGD": "s$ sgd",
    "AUD": "a$ au$ aud",
    "CAD": "c$ ca$ cad",
    "NZD": "nz$ nzd",
    "HKD": "hk$ hkd",
    "TWD": "nt$ twd",
    "BRL": "r$ brl",
    "MXN": "mx$ mxn",
    "JPY": "¥ jpy yen 円",
    "CNY": "cny rmb 元",
    "INR": "₹ inr rs rs. rupees",
    "IDR": "idr rp rp.",
    "KRW": "₩ krw",
    "THB": "฿ thb baht",
    "PHP": "₱ php",
    "VND": "₫ vnd",
    "PLN": "zł pln",
    "CZK": "kč czk",
    "SEK": "sek",
    "NOK": "nok",
    "DKK": "dkk",
    "ZAR": "zar",
    "AED": "aed",
    "KES": "ksh kes",
    "TRY": "₺ try",
    "ILS": "₪ ils",
}
"""By ISO code, what pages write for it."""
MOST_DIGITS = 30
"""Of an amount; a longer row of digits is a code."""
_CODE_OF = {sign: code for code, signs in CURRENCIES.items() for sign in signs.split()} | {"$": "USD"}
_SIGNS = sorted((sign for sign in _CODE_OF if sign != "try"), key=len, reverse=True)
_SIGN = "(?:" + "|".join(re.escape(one) + (r"(?![a-z])" if one[-1].isalpha() else "") for one in _SIGNS) + ")"
_CURRENCY = re.compile(rf"(?<![a-z]){_SIGN}", re.IGNORECASE)
_NUMBER = r"\d{1,3}(?:[.,'’ ]\d{3})+(?:(?: ?\. ?|,| , )\d{2})?(?!\d)|\d+(?: ?\. ?|,| , )\d{1,3}(?!\d)|\d+|(?<!\w)\.\d\d(?!\d)"
_AMOUNT = re.compile(
    rf"(?P<open>\()?(?P<minus>[-−–] ?)?(?P<sign>(?<![a-z]){_SIGN})? ?(?P<inner>[-−–] ?)?(?<!\d)(?<!\d[.,:/])(?P<number>{_NUMBER})"
    rf"(?: ?(?P<after>{_SIGN}))?(?P<trail>-(?![\d\w]))?(?P<close>\))?(?P<percent> ?%)?(?P<more>(?=[./:-]?\d))?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Amount:
    """An amount, and from where to where it stands."""

    value: Decimal
    start: int
    end: int
    cents: bool
    """Whether it is written with two digits after the decimal mark."""
    currency: str | None = None
    """The ISO code of a sign beside it."""
    sign: tuple[int, int] | None = None
    """Where that stands."""

    @property
    def begin(self) -> int:
        """Where it starts with its sign."""
        return min(self.start, self.sign[0]) if self.sign else self.start

    @property
    def text(self) -> str:
        """With two digits after a point, or more where they say something: `1234.50`."""
        return written(self.value)


def amounts(text: str, decimal: Literal[".", ","] | None = None) -> list[Amount]:
    """All amounts in a line, from left to right: not percentages, dates, times or parts of longer numbers.

    Args:
        text: A line.
        decimal: The page's decimal mark, which says what `1.234` is; a comma before three digits parts thousands where it
            isn't known, a point decimals.
    """
    return list(_amounts(text, decimal))


@functools.lru_cache(maxsize=ROWS_KEPT)
def _amounts(text: str, decimal: Literal[".", ","] | None) -> tuple[Amount, ...]:
    found = []
    for match in _AMOUNT.finditer(text):
        if match["percent"] or match["more"] is not None:
            continue
        bare = match["number"].replace(" ", "")
        if len(bare) > MOST_DIGITS:
            continue
        value = Decimal(plain(bare, decimal))
        below = match["minus"] or match["inner"] or match["trail"] or (match["open"] and match["close"])
        group = "sign" if match["sign"] else "after"
        code = _CODE_OF[match[group].lower()] if match[group] else None
        start, end = _bounds(match)
        found.append(Amount(-value if below and value else value, start, end, _has_cents(bare), code, match.span(group) if code else None))
    return tuple(found)


def _bounds(match: re.Match[str]) -> tuple[int, int]:
    """From where to where a number stands with its minus, or its brackets, and without its currency."""
    before = [match.start(group) for group in ("open", "minus", "inner") if match[group] and (group != "open" or match["close"])]
    behind = [match.end(group) for group in ("trail", "close") if match[group] and (group != "close" or match["open"])]
    return min([*before, match.start("number")]), max([*behind, match.end("number")])


def _has_cents(bare: str) -> bool:
    return re.search(r"[.,]\d\d$", bare) is not None


def money(text: str) -> str | None:
    """The only amount in a text; of several, the only one with cents or a currency."""
    found = amounts(text)
    if len({one.value for one in found}) > 1:
        found = [one for one in found if one.cents or one.currency]
    return found[0].text if len({one.value for one in found}) == 1 else None


def number(text: str) -> str | None:
    """The only number in a text, without zeros that say nothing: `2`, `0.43`."""
    found = {one.value for one in amounts(text)}
    return _bare(found.pop()) if len(found) == 1 else None


def currency(text: str) -> str | None:
    """The ISO code of the only currency that a text names."""
    stripped = text.strip()
    if stripped.upper() in CURRENCIES:
        return stripped.upper()
    found = {_CODE_OF[match[0].lower()] for match in _CURRENCY.finditer(stripped)}
    return found.pop() if len(found) == 1 else None


def plain(number: str, decimal: str | None = None) -> str:
    """A printed number with a decimal point alone: `1.234,50` as `1234.50`."""
    bare = re.sub(r"[ '’]", "", number)
    marks = [one for one in bare if one in ".,"]
    if not marks:
        return bare
    last = marks[-1]
    thousands = len(marks) > 1 and len(set(marks)) == 1
    if len(marks) == 1 and len(bare.rpartition(last)[2]) == 3 and bare[0] not in "0.,":
        thousands = last != (decimal or ".")
    if thousands:
        return bare.replace(last, "")
    whole, _, part = bare.rpartition(last)
    return re.sub("[.,]", "", whole or "0") + "." + part


def written(value: Decimal) -> str:
    """A value with two digits after the point at least."""
    bare = _bare(value)
    whole, _, part = bare.partition(".")
    return f"{whole}.{part:0<2}"


def _bare(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else str(int(value))
