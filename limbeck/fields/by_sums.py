"""Totals that amounts tell by themselves: what was given less the change, parts that add up, the amount that comes again and again."""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from limbeck.fields.candidates import Candidate, found, places
from limbeck.fields.checking import parsed
from limbeck.fields.cues import cues_in, phrases_of
from limbeck.fields.view import View
from limbeck.schemas.fields import Field, FieldSet, Findings

CASH = Field(name="cash", aliases=("cash", "cash tendered", "tendered", "tender", "amount tendered", "cash received", "paid", "amount paid", "payment", "bar", "gegeben", "bar gegeben", "espèces", "efectivo", "entregado", "tunai"))
CHANGE = Field(name="change", aliases=("change", "change due", "cash change", "rückgeld", "zurück", "wechselgeld", "rendu", "monnaie", "cambio", "baki"))
CARD = Field(name="card", aliases=("visa", "visa card", "visa debit", "visa credit", "mastercard", "master card", "master", "amex", "american express", "debit", "debit card", "credit", "credit card", "eftpos", "maestro", "girocard", "ec karte", "ec cash", "kartenzahlung", "carte bancaire", "cb", "tarjeta", "kad kredit", "card payment", "payment amount", "amount charged"))
ROUNDING = Field(name="rounding", aliases=("rounding", "rounding adj", "rounding adjustment", "round adj", "rounding adjustments", "round", "rounded", "rnd adj", "rundung", "arrondi", "redondeo", "pelarasan"))
MOST_TAX = Decimal("0.3")
"""Of the net amount."""
MOST_ROUNDED = Decimal("0.5")
NEAR = 4
"""Rows in which what is paid, given and returned stand together."""


@dataclass(frozen=True)
class Money:
    """An amount of a page."""

    candidate: Candidate
    value: Decimal
    height: float


def by_sums(view: View) -> Findings:
    """The total for which the sums come out; of the net amount and the tax that make it, theirs."""
    total = total_of(view.fields)
    if total is None:
        return {}
    money = amounts_of(view, total)
    parts = next((parts for parts in _added(money) if not _near(view, parts[1], ROUNDING)), None)
    sums = itertools.chain(_paid(view, money), _rounded(view, money), [(parts[-1], 0.6)] if parts else [], _charged(view, money))
    best = next(iter(sums), None)
    if best is None:
        return {}
    findings: Findings = {total.name: [found(view, best[0].candidate, best[1])]}
    if parts and abs(parts[-1].value - best[0].value) <= MOST_ROUNDED:
        for name, one in zip(_parts_of(view.fields, total), parts, strict=False):
            findings[name] = [found(view, one.candidate, 0.8)]
    return findings


def _parts_of(fields: FieldSet, total: Field) -> tuple[str, ...]:
    """The fields for the net amount and the tax, by the first check that comes to the total: `subtotal + tax = total`."""
    for one in parsed(fields):
        if [name for _, name in one.right] == [total.name] and len(one.left) > 1 and all(sign > 0 and "." not in name for sign, name in one.left):
            return tuple(name for _, name in one.left[:2])
    return ()


def by_letters(view: View) -> Findings:
    """The amount in the largest letters, where one stands out."""
    total = total_of(view.fields)
    money = amounts_of(view, total) if total else []
    if total is None or len(money) < 2:
        return {}
    high = sorted((one.value for one in money), reverse=True)[:3]
    largest = max(money, key=lambda one: (one.height, one.candidate.row))
    others = sorted(one.height for one in money if one.value != largest.value)
    if largest.value not in high or not others or largest.height < 1.25 * others[len(others) // 2] or largest.height < 1.1 * others[-1]:
        return {}
    return {total.name: [found(view, largest.candidate)]}


def by_repetition(view: View) -> Findings:
    """The largest amount, or the one after it, that is printed more than once."""
    total = total_of(view.fields)
    money = amounts_of(view, total) if total else []
    often = Counter(one.value for one in money if one.value > 0)
    largest = sorted(often, reverse=True)[:2]
    again = [value for value in largest if often[value] > 1]
    # Above it there may be what was given in cash.
    if total is None or not again:
        return {}
    best = again[0]
    last = [one for one in money if one.value == best][-1]
    return {total.name: [found(view, last.candidate, 1.0 if often[best] > 2 or best == max(often) else 0.5)]}


def total_of(fields: FieldSet) -> Field | None:
    """The field that a field set's sums come to: the last thing that a check says, else the money at the bottom."""
    for check in fields.checks:
        name = check.rpartition("=")[2].strip()
        field = fields.field(name)
        if field is not None and field.kind == "money" and field.place == "bottom":
            return field
    return next((one for one in reversed(fields.fields) if one.kind == "money" and one.place == "bottom"), None)


def amounts_of(view: View, field: Field) -> list[Money]:
    """A page's amounts with cents; all, where none has cents."""
    listed = [one for one in places(view, field) if one.sure] or places(view, field)
    return [Money(one, Decimal(one.value), _height(view, one)) for one in listed]


def _height(view: View, one: Candidate) -> float:
    words = [view.word(number) for number in view.rows[one.row].touched(one.start, one.end)]
    return max(word.box[3] - word.box[1] for word in words)


def _paid(view: View, money: Sequence[Money]) -> Iterator[tuple[Money, float]]:
    """What was given less the change."""
    given, returned = _announced(view, money, CASH), _announced(view, money, CHANGE)
    for cash, change in itertools.product(given, returned):
        if 0 <= change.candidate.row - cash.candidate.row <= NEAR and cash.value >= change.value >= 0:
            due = cash.value - change.value
            fitting = [one for one in money if one.value == due and one.candidate.row <= cash.candidate.row and one is not cash]
            if fitting and due > 0:
                yield fitting[-1], 1.0


def _rounded(view: View, money: Sequence[Money]) -> Iterator[tuple[Money, float]]:
    """What stands behind an amount and its rounding, and is their sum."""
    for before, change, after in zip(money, money[1:], money[2:], strict=False):
        if 0 < abs(change.value) <= MOST_ROUNDED and before.value + change.value == after.value and _near(view, change, ROUNDING):
            yield after, 0.9


def _near(view: View, one: Money, field: Field) -> bool:
    return bool(cues_in(view.rows[one.candidate.row].text[: one.candidate.start], phrases_of((field,))))


def _charged(view: View, money: Sequence[Money]) -> Iterator[tuple[Money, float]]:
    """What was paid by card, which is seldom more or less than was due."""
    charged = [one for one in _announced(view, money, CARD) if one.value > 0]
    if charged:
        same = [one for one in money if one.value == charged[-1].value]
        yield same[0 if len(same) == 1 else -2], 0.6


def _announced(view: View, money: Sequence[Money], field: Field) -> list[Money]:
    """Amounts behind words that announce them."""
    return [one for one in money if _near(view, one, field)]


def _added(money: Sequence[Money]) -> Iterator[tuple[Money, Money, Money]]:
    """Subtotal, tax and total, one below another: three amounts of which two add up to the third."""
    below = sorted(money, key=lambda one: one.candidate.row)
    for end in range(len(below) - 1, 1, -1):
        total = below[end]
        for tax in below[max(0, end - 3) : end]:
            value = total.value - tax.value
            nets = [one for one in below[max(0, end - 5) : end] if one.value == value and one.candidate.row < total.candidate.row and one is not tax]
            if 0 < tax.value <= MOST_TAX * value and nets:
                yield nets[-1], tax, total
