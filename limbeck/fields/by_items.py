"""Line items: the rows between a table's head and the sums below it, each with what it is called, how many, at what price, and the amount.

A row with an amount is an entry. Its name may stand in the row above it, or below; a quantity and a price are those that make the amount.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from limbeck.fields.amounts import amounts, plain, written
from limbeck.fields.candidates import places_in
from limbeck.fields.cues import cues, cues_in, phrases_of
from limbeck.fields.dates import dates
from limbeck.fields.surroundings import is_phone, letters
from limbeck.fields.view import Row, View
from limbeck.schemas.fields import Entry, Field, Findings, Found

FEWEST_LETTERS = 2
"""Of a name."""
MOST_PIECES = 999
"""Bought of one thing; larger numbers are something else."""
_MONEY = Field(name="amount", kind="money")
_NUMBER = re.compile(r"(?<![\w.,])[$£€]?(\d+(?:[.,]\d+)*)")
_LEADING = re.compile(r"\W*(\d{1,3})(?:\s?[xX*]\b|\s?(?:pcs?|ea|pkt?s?|stk|st|bt|pk)\b\.?|(?=[\s])|(?<=\d)\s?[xX](?=\s|[A-Z]))", re.IGNORECASE)
_NO_NAME = re.compile(r"\s[@xX*]\s?[$£€]?\d|\(\d+\s?@|\s(?:RM|USD|EUR)?\s?\d+[.,]\d\d\b")
_UNITS = {"RM", "EUR", "USD", "PC", "PCS", "KG", "SR", "ZR"}
_CODE = re.compile(r"^(?:\W*\d{5,}\W*|\W*#\d+\W*|\W*\d{1,3}[.)]\s+)")
"""An article's number before its name."""


@dataclass
class Line:
    """An entry that is being read."""

    name: tuple[str, tuple[int, ...]] | None = None
    quantity: tuple[str, tuple[int, ...]] | None = None
    price: tuple[str, tuple[int, ...]] | None = None
    amount: tuple[str, tuple[int, ...]] | None = None
    rows: list[int] = field(default_factory=list)


def by_items(view: View) -> Findings:
    """The entries of the first list field."""
    listed = next((one for one in view.fields.fields if one.kind == "list" and _columns(one)), None)
    if listed is None:
        return {}
    lines = _lines(view, _region(view, listed))
    entries = [entry for line in lines if (entry := _entry(line, listed))]
    return {listed.name: entries} if entries else {}


def _columns(listed: Field) -> dict[str, Field]:
    """A list's fields by what they are to a sum: the name, the quantity, the price of one, the amount; empty where it has no amount."""
    money = [one for one in listed.fields if one.kind == "money"]
    if not money:
        return {}
    columns = {"amount": money[-1]} | ({"price": money[0]} if len(money) > 1 else {})
    for role, kinds in (("name", ("name", "text")), ("quantity", ("number",))):
        fitting = [one for one in listed.fields if one.kind in kinds]
        columns |= {role: fitting[0]} if fitting else {}
    return columns


def _entry(line: Line, listed: Field) -> Entry:
    said = {"name": line.name, "quantity": line.quantity, "price": line.price, "amount": line.amount}
    columns = _columns(listed)
    return {columns[role].name: Found(value=value[0], words=value[1]) for role, value in said.items() if value and role in columns}


# ---- where they stand ----------------------------------------------------------------------------------------------------


def _region(view: View, listed: Field) -> list[Row]:
    """The rows behind a table's head, or from the first price on, until a sum is announced."""
    rows: list[Row] = []
    for row in view.rows[_start(view, listed) :]:
        if _ends(view, row) and (rows or _priced(view, row)):
            break
        rows.append(row)
    return rows


def _start(view: View, listed: Field) -> int:
    """The row behind the head of the table; else the first with a price, or the name above it."""
    heads = phrases_of(listed.fields)
    for row in view.rows:
        named = {name for cue in cues_in(row.text, heads) for name in cue.announces}
        if len(named) >= 2 and not _priced(view, row):
            return row.number + 1
    first = next((row.number for row in view.rows if _priced(view, row) and not _ends(view, row)), len(view.rows))
    above = 0 < first < len(view.rows) and _is_name(view.rows[first - 1].text) and not _named(view, view.rows[first])
    return first - 1 if above else first


def _ends(view: View, row: Row) -> bool:
    """Whether a row announces a sum, a tax or a payment."""
    money = {one.name for one in view.fields.fields if one.kind == "money"}
    found = [cue for cue in cues(row, view.fields) if cue.exact or len(cue.phrase) > 6]
    # `10% discount` and `service charge` stand among the items; a name such as `CASHEW` is no cash.
    sums = [cue for cue in found if money & set(cue.announces) or (money & cue.repels and cue.phrase in _PAID)]
    return any(letters(row.text[: cue.start]) <= 3 for cue in sums)


_PAID = {"cash", "change", "changedue", "visa", "mastercard", "debit", "credit", "cashtendered", "tendered", "tender", "rounding", "gstsummary", "itemcount", "totalqty", "totalquantity", "totalitem", "totalitems", "bar", "gegeben"}
"""What is said of a payment, squeezed."""


def _priced(view: View, row: Row) -> bool:
    return any(one.sure for one in places_in(view, row, _MONEY))


# ---- what they say ---------------------------------------------------------------------------------------------------------


def _lines(view: View, rows: Sequence[Row]) -> list[Line]:
    """Rows with amounts as entries, with the names that belong to them."""
    below = _names_below(view, rows)
    lines: list[Line] = []
    waiting: Row | None = None
    for row in rows:
        if _priced(view, row):
            line = _read(view, row)
            if line.amount is None or Decimal(line.amount[0]) < 0:
                waiting = None
                continue
            if line.name is None and waiting is not None and not below:
                _name_from(line, waiting)
            lines.append(line)
            waiting = None
        elif _is_name(row.text):
            if below and lines and lines[-1].name is None:
                _name_from(lines[-1], row)
            else:
                waiting = row
    return [line for line in lines if line.name]


def _names_below(view: View, rows: Sequence[Row]) -> bool:
    """Whether names stand below their amounts: the first amount has none, and nothing stands above it."""
    first = next(iter(rows), None)
    return first is not None and _priced(view, first) and _read(view, first).name is None


def _is_name(text: str) -> bool:
    return letters(text) >= 3 and not dates(text) and not is_phone(text)


def _named(view: View, row: Row) -> bool:
    return _read(view, row).name is not None


def _read(view: View, row: Row) -> Line:
    """What a row with an amount says."""
    line = Line(rows=[row.number])
    priced = [one for one in amounts(row.text, view.decimal) if one.cents or one.currency]
    if not priced:
        return line
    last = priced[-1]
    line.amount = (last.text, row.touched(last.start, last.end))
    start = _quantity(line, row, last.begin)
    _product(view, line, row, last.begin, last.value)
    _name(line, row, start, last.begin)
    return line


def _quantity(line: Line, row: Row, end: int) -> int:
    """A number before the name is how many; returns where the name begins."""
    code = _CODE.match(row.text)
    start = code.end() if code and code.end() < end else 0
    match = _LEADING.match(row.text, start, end)
    if match and match.end() < end and int(match[1]) > 0:
        line.quantity = (str(int(match[1])), row.touched(match.start(1), match.end()))
        return match.end()
    return start


def _product(view: View, line: Line, row: Row, end: int, amount: Decimal) -> None:
    """The quantity and the price that make the amount."""
    found = [(Decimal(plain(match[1], view.decimal)), match.start(1), match.end(1)) for match in _NUMBER.finditer(row.text, 0, end)]
    for one, price in _pairs(found):
        if abs(one[0] * price[0] - amount) <= Decimal("0.01") and 0 < one[0] <= MOST_PIECES and price[0] > 0:
            line.quantity = (format(one[0].normalize(), "f"), row.touched(one[1], one[2]))
            line.price = (written(price[0]), row.touched(price[1], price[2]))
            return


Number = tuple[Decimal, int, int]


def _pairs(found: Sequence[Number]) -> Iterator[tuple[Number, Number]]:
    """Neighbouring numbers as quantity and price, whichever comes first; of two whole ones the first is how many."""
    for one, other in zip(found, found[1:], strict=False):
        cents = [number[0] != number[0].to_integral_value() for number in (one, other)]
        yield (other, one) if cents[0] and not cents[1] else (one, other)


def _name(line: Line, row: Row, start: int, end: int) -> None:
    """The column with most letters, without a price or a quantity behind it."""
    cells = [(max(start, one), min(end, other)) for one, other in row.cells() if one < end and start < other]
    begin, until = max(cells, key=lambda cell: letters(row.text[cell[0] : cell[1]]), default=(start, start))
    stop = _NO_NAME.search(row.text, begin + 1, until)
    piece = row.text[begin : stop.start() if stop else until]
    bare = piece.strip(" :-*.&$£€")
    if letters(bare) >= FEWEST_LETTERS and bare.upper() not in _UNITS:
        begin += piece.index(bare[0])
        line.name = (bare, row.touched(begin, begin + len(bare)))


def _name_from(line: Line, row: Row) -> None:
    """A name in a row of its own."""
    quantity = line.quantity
    begin = _quantity(line, row, len(row.text))
    line.quantity = quantity or line.quantity
    _name(line, row, begin, len(row.text))
    line.rows.append(row.number)
