"""Who issued it and where they are: by the rows at the top of the first page, their letters' height and what they look like."""

import re
from dataclasses import dataclass

from limbeck.fields import surroundings
from limbeck.fields.amounts import amounts
from limbeck.fields.dates import dates, times
from limbeck.fields.view import COLUMN, Row, View
from limbeck.schemas.fields import Findings, Found

MOST_ROWS = 14
"""Of a head."""
MOST_OF_ADDRESS = 7
"""Rows."""
_GREETING = re.compile(r"\W*(?:welcome ?to|thank ?you for (?:shopping|dining|visiting) (?:at|with)?)\s*", re.IGNORECASE)

_OTHERS = re.compile(r"(?:owned|managed|operated)\s?by|licensee of|franchisee? (?:of|by)|\bf\.?k\.?a\b|formerly", re.IGNORECASE)
"""What stands before a company that isn't the shop."""
_LABEL = re.compile(r"[^\W\d_]+\s?:\s*(?=\w)|#\d+\s+")
_PHONE_IN_ROW = re.compile(r"(?<![a-z])(?:te[l1]|phone|ph|fax|h/?p|gst|t|f)\s?(?:no)?\.?\s?[:#.]|\(\d{3}\)\s?\d{3}-\d{4}|\b\d{3}-\d{3}-\d{4}", re.IGNORECASE)


@dataclass(frozen=True)
class Piece:
    """A row of the head, or as much of it as is of a name or an address."""

    row: int
    words: tuple[int, ...]
    text: str


def by_prominence(view: View) -> Findings:
    """The name is the row at the top that is nearest to it and has the largest letters, the address what follows."""
    named = prominent(view)
    return _findings(view, named, _following(view, named[-1].row + 1) if named else [])


def by_form(view: View) -> Findings:
    """The name is what has a legal form at its end, the address what is around the first postal code."""
    return _findings(view, _formed(view), _around_postal_code(view))


def by_block(view: View) -> Findings:
    """The address is the rows at the top that look most like one, the name what stands right above it or above a registration number."""
    block = _block(view)
    return _findings(view, _above(view, block), block)


def _findings(view: View, name: list[Piece], address: list[Piece]) -> Findings:
    """The pieces as findings of the fields that stand at the top."""
    findings: Findings = {}
    for field in view.fields.fields:
        pieces = {"name": name, "address": address}.get(field.kind, [])
        if field.place == "top" and pieces and field.name not in findings:
            findings[field.name] = [joined(pieces)]
    return findings


def joined(pieces: list[Piece], score: float = 1.0) -> Found:
    """Rows as one value."""
    return Found(value=" ".join(piece.text for piece in pieces), words=tuple(word for piece in pieces for word in piece.words), score=score)


def head(view: View) -> list[Row]:
    """The rows at the top, as far as there are no prices."""
    rows = []
    for row in view.rows[:MOST_ROWS]:
        priced = any(one.cents for one in amounts(row.text, view.decimal)) and surroundings.address_score(row.text) < 2
        if row.page > 0 or priced:
            break
        rows.append(row)
    return rows


# ---- names -------------------------------------------------------------------------------------------------------------


def prominent(view: View) -> list[Piece]:
    """The row of the head that stands out most as a name, with those that it goes on in."""
    rows = _above_address(view)
    scored = [(_prominence(view, row, place), -row.number, row) for place, row in enumerate(rows) if _may_be_name(row.text)]
    return _whole_name(view, max(scored)[2]) if scored else []


def _above_address(view: View) -> list[Row]:
    """The head's rows above its first plain address, phone number or date, where a name stands above that; else all of them."""
    rows = head(view)
    named = False
    for place, row in enumerate(rows):
        plain = surroundings.address_score(row.text) >= 3 or surroundings.is_phone(row.text) or bool(dates(row.text))
        if named and plain and not surroundings.has_form(row.text):
            return rows[:place]
        named = named or _may_be_name(row.text)
    return rows


def _may_be_name(text: str) -> bool:
    kept = surroundings.without_registration(text) or text
    bare = _GREETING.sub("", surroundings.spaced(kept))
    if surroundings.letters(bare) < 2 or dates(bare):
        return False
    if surroundings.has_form(bare) or surroundings.has_form(kept):
        return True
    score = surroundings.address_score(kept)
    # A shop may be called after its street, but not by the number in it.
    located = score >= 3 or (score == 2 and (sum(one.isdigit() for one in kept) > 2 or "," in kept))
    return not (located or surroundings.is_other(bare) or surroundings.is_other(kept))


def _prominence(view: View, row: Row, place: int) -> float:
    """Large letters, high on the page, with a legal form rather than with digits, above a registration number."""
    # Letters much larger than that are a stamp or handwriting as often as a name.
    large = min(1.0, max(0.0, row.height / max(view.height, 1e-9) - 1)) * 1.5
    digits = sum(one.isdigit() for one in row.text) / max(1, len(row.text))
    form = 2.0 if surroundings.has_form(row.text) else 0.0
    few = 0.5 if surroundings.letters(row.text) < 3 else 0.0
    cried = 0.7 if re.search(r"[^!]!$", row.text) else 0.0
    return large + form + _registered(view, row) - 0.5 * place - 2 * digits - few - cried - 0.3 * max(0, surroundings.address_score(row.text))


def _registered(view: View, row: Row) -> float:
    """Whether a row has a registration number behind it or below it."""
    below = view.rows[row.number + 1].text if row.number + 1 < len(view.rows) else ""
    numbered = surroundings.without_registration(row.text) != row.text or surroundings.is_numbered(below)
    return 2.0 if numbered else 0.0


def _formed(view: View) -> list[Piece]:
    for row in _above_address(view):
        bare = _GREETING.sub("", row.text)
        if surroundings.has_form(bare) and surroundings.letters(bare) >= 3 and not _of_others(view, row):
            return _whole_name(view, row)
    return []


def _of_others(view: View, row: Row) -> bool:
    """Whether a company is named as somebody else's: after `owned by`, `licensee of`."""
    above = view.rows[row.number - 1].text if row.number else ""
    return any(_OTHERS.search(text) for text in (row.text, above[-12:]))


def _above(view: View, block: list[Piece]) -> list[Piece]:
    """The nearest name above a registration number, or else above the address."""
    rows = head(view)
    ends = [row.number for row in rows if surroundings.is_numbered(row.text)] + [piece.row for piece in block]
    end = min(ends, default=0)
    for row in reversed(rows[:end]):
        located = surroundings.address_score(row.text) >= 2 and not surroundings.has_form(row.text)
        if _may_be_name(row.text) and not located and row.number >= end - 3:
            return _whole_name(view, row)
    return []


def _whole_name(view: View, row: Row) -> list[Piece]:
    """A name, with the rows above it that it is the end of."""
    pieces = [_name_piece(row)]
    while row.number and _goes_on(view.rows[row.number - 1], row, " ".join(one.text for one in pieces)):
        row = view.rows[row.number - 1]
        pieces.insert(0, _name_piece(row))
    return pieces


def _goes_on(above: Row, row: Row, said: str) -> bool:
    """Whether a name that ends with a legal form begins in the row above."""
    if above.page != row.page or surroundings.has_form(above.text) or not _may_be_name(above.text):
        return False
    alike = 0.75 < above.height / max(row.height, 1e-9) < 1.33 and row.box[1] - above.box[3] < 1.2 * row.height
    unclosed = said.count(")") > said.count("(")
    rest = re.sub(r"\(.*?\)|enterprise", "", surroundings.without_form(said), flags=re.IGNORECASE).split()
    # Words that are glued together look like one.
    begun = (surroundings.has_form(said) and len(rest) <= 1 and " " in said and alike) or not rest
    return unclosed or above.text.rstrip().endswith(("&", "-", "(")) or begun


def _name_piece(row: Row) -> Piece:
    """A row's name: without columns that are something else, a greeting or a label before it, and a time or a number behind it."""
    cells = [cell for cell in row.cells() if _may_be_name(row.text[slice(*cell)])] or row.cells()
    first, last = cells[0][0], cells[-1][1]
    text = row.text[:last]
    clock = next((one.start for one in times(text) if one.clear and one.start > first), last)
    text = text[:clock].rstrip(f" {COLUMN}-")
    before = _GREETING.match(text, first) or _LABEL.match(text, first)
    start = before.end() if before and len(text) - before.end() >= 3 else first
    end = start + len(surroundings.without_registration(text[start:]) or text[start:])
    return Piece(row.number, row.touched(start, end), text[start:end].replace(COLUMN, " ").strip())


# ---- addresses ---------------------------------------------------------------------------------------------------------


def _following(view: View, begin: int) -> list[Piece]:
    """The rows below a name, from the first that looks like an address until a phone number, a tax number or a title."""
    pieces: list[Piece] = []
    for row in head(view)[begin:]:
        piece = _address_piece(row)
        if pieces and (piece is None or not _may_be_address(row.text)):
            break
        if not pieces and (dates(row.text) or _tells_of_sale(row.text)):
            break
        if piece and (pieces or (surroundings.address_score(row.text) >= 2 and _may_be_address(row.text))):
            pieces.append(piece)
    return pieces[:MOST_OF_ADDRESS]


def _tells_of_sale(text: str) -> bool:
    """Whether a row is of the sale, rather than of the business: its number at an office, or whose licence it has."""
    return surroundings.is_labelled(text) and not surroundings.is_registration(text) and _OTHERS.search(text) is None


def _unnamed(view: View) -> list[Row]:
    """The head's rows below the one that stands out as a name; all of them, where no address follows that."""
    named = prominent(view)
    rows = head(view)
    below = rows[named[-1].row + 1 :] if named else rows
    return below if any(_belongs(row.text, 2) for row in below) else rows


def _around_postal_code(view: View) -> list[Piece]:
    """The rows around the first postal code, as far as they look like an address."""
    rows = _unnamed(view)
    fitting = (at for at, row in enumerate(rows) if surroundings.has_postal_code(row.text) and surroundings.address_score(row.text) >= 2)
    anchor = next((at for at in fitting if _may_be_address(rows[at].text) and not surroundings.has_form(rows[at].text)), None)
    if anchor is None:
        return []
    first, last = anchor, anchor
    while first and anchor - first < MOST_OF_ADDRESS - 2 and _goes_up(rows, first):
        first -= 1
    while last + 1 < len(rows) and last - anchor < 2 and _goes_down(rows, last):
        last += 1
    return _pieces(rows[first : last + 1])


def _goes_up(rows: list[Row], first: int) -> bool:
    """Whether the row above belongs to an address: it looks like one, or stands between two that do."""
    above = rows[first - 1].text
    between = first >= 2 and _belongs(above, 0) and _belongs(rows[first - 2].text, 2)
    return _belongs(above, 1) or between


def _goes_down(rows: list[Row], last: int) -> bool:
    """Whether the row below belongs to an address: it looks like one, or the one above it ends with a comma."""
    below = rows[last + 1].text
    return _belongs(below, 2) or (rows[last].text.rstrip().endswith(",") and _belongs(below, 0))


def _block(view: View) -> list[Piece]:
    """The run of rows of the head with the highest scores; a town alone looks like nothing and counts where it is in or behind one."""
    rows = _unnamed(view)
    best: tuple[int, list[Row]] = (0, [])
    first = 0
    while first < len(rows):
        last = first
        if _belongs(rows[first].text, 1):
            while last + 1 < len(rows) and (_goes_down(rows, last) or _belongs(rows[last + 1].text, 1) or _bridges(rows, last)):
                last += 1
            run = rows[first : last + 1]
            best = max(best, (sum(surroundings.address_score(row.text) for row in run), run), key=lambda one: one[0])
        first = last + 1
    return _pieces(best[1][:MOST_OF_ADDRESS]) if best[0] >= 2 else []


def _bridges(rows: list[Row], last: int) -> bool:
    """Whether the next row stands between two of one address."""
    return last + 2 < len(rows) and _belongs(rows[last + 1].text, 0) and _belongs(rows[last + 2].text, 2)


def _belongs(text: str, least: int) -> bool:
    return surroundings.address_score(text) >= least and _may_be_address(text) and not surroundings.has_form(text)


def _may_be_address(text: str) -> bool:
    """Whether a row isn't plainly something else."""
    if surroundings.is_registration(text) or surroundings.is_labelled(text) or surroundings.letters(text) < 2:
        return False
    score = surroundings.address_score(text)
    return score >= 3 or not dates(text) and (score == 2 or not surroundings.is_other(text))


def _pieces(rows: list[Row]) -> list[Piece]:
    return [piece for row in rows if (piece := _address_piece(row))]


def _address_piece(row: Row) -> Piece | None:
    """A row as far as there is no phone number and no date in it."""
    text = row.text
    ends = [match.start() for match in [_PHONE_IN_ROW.search(text)] if match] + [one.start for one in dates(text) if text[one.start - 1 : one.start] == COLUMN]
    kept = text[: min(ends, default=len(text))].rstrip(" :(\t")
    if len(re.sub(r"\W", "", kept)) < 2:
        return None
    return Piece(row.number, row.touched(0, len(kept)), kept.replace(COLUMN, " ").strip())
