"""Who issued it and where they are: by the rows at the top of the first page, their letters' height and what they look like."""

import re
from dataclasses import dataclass

from limbeck.fields import surroundings
from limbeck.fields.amounts import amounts
from limbeck.fields.dates import dates
from limbeck.fields.view import COLUMN, Row, View
from limbeck.schemas.fields import Findings, Found

MOST_ROWS = 14
"""Of a head."""
MOST_OF_ADDRESS = 7
"""Rows."""
_GREETING = re.compile(r"^\W*(?:welcome ?to|thank ?you for (?:shopping|dining|visiting) (?:at|with)?)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Piece:
    """A row of the head, or as much of it as is of a name or an address."""

    row: int
    words: tuple[int, ...]
    text: str


def by_prominence(view: View) -> Findings:
    """The name is the row at the top that is nearest to it and has the largest letters, and the address what follows."""
    named = _prominent(view)
    return _findings(view, named, by_following(view, named[-1].row + 1) if named else [])


def by_form(view: View) -> Findings:
    """The name is what has a legal form at its end, and the address is around the first postal code."""
    return _findings(view, _formed(view), by_postal_code(view))


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
        if row.page > 0 or any(one.cents for one in amounts(row.text, view.decimal)):
            break
        rows.append(row)
    return rows


# ---- names -------------------------------------------------------------------------------------------------------------


def _prominent(view: View) -> list[Piece]:
    scored = [(_prominence(view, row, place), -row.number, row) for place, row in enumerate(head(view)) if _may_be_name(row.text)]
    if not scored:
        return []
    _, _, row = max(scored)
    return _whole_name(view, row)


def _may_be_name(text: str) -> bool:
    bare = _GREETING.sub("", text)
    if surroundings.letters(bare) < 3 or dates(bare):
        return False
    return surroundings.has_form(bare) or not (surroundings.is_other(bare) or surroundings.address_score(bare) >= 2)


def _prominence(view: View, row: Row, place: int) -> float:
    """Large letters, high on the page, with a legal form rather than with digits."""
    large = min(1.5, max(0.0, row.height / max(view.height, 1e-9) - 1)) * 1.5
    digits = sum(one.isdigit() for one in row.text) / max(1, len(row.text))
    form = 2.0 if surroundings.has_form(row.text) else 0.0
    return large + form - 0.5 * place - 2 * digits - 0.3 * max(0, surroundings.address_score(row.text))


def _formed(view: View) -> list[Piece]:
    for row in head(view):
        bare = _GREETING.sub("", row.text)
        if surroundings.has_form(bare) and surroundings.letters(bare) >= 3 and not _before_form(bare):
            return _whole_name(view, row)
    return []


def _before_form(text: str) -> bool:
    """Whether the name's row begins with a label: `owned by`, `licensee of`."""
    return surroundings.is_labelled(text) or re.match(r"\W*(?:owned|managed|operated|licensee|franchise)", text, re.IGNORECASE) is not None


def _whole_name(view: View, row: Row) -> list[Piece]:
    """A name, with the rows above it that it is the end of."""
    pieces = [_name_piece(row)]
    while pieces and row.number and _goes_on(view, view.rows[row.number - 1], row, " ".join(one.text for one in pieces)):
        row = view.rows[row.number - 1]
        pieces.insert(0, _name_piece(row))
    return pieces


def _goes_on(view: View, above: Row, row: Row, said: str) -> bool:
    """Whether a name that ends with a legal form begins in the row above."""
    if above.page != row.page or surroundings.has_form(above.text) or not _may_be_name(above.text):
        return False
    alike = 0.75 < above.height / max(row.height, 1e-9) < 1.33 and row.box[1] - above.box[3] < 1.2 * row.height
    unclosed = said.count(")") > said.count("(")
    rest = surroundings.LEGAL.sub("", surroundings.without_registration(said)).split()
    short = surroundings.has_form(said) and len(re.sub(r"\(.*?\)|enterprise", "", " ".join(rest), flags=re.IGNORECASE).split()) == 0
    return unclosed or above.text.rstrip().endswith(("&", "-", "(")) or (alike and short)


def _name_piece(row: Row) -> Piece:
    """A row without a greeting before the name and a number after it."""
    text = row.text
    greeting = _GREETING.match(text)
    start = greeting.end() if greeting else 0
    kept = surroundings.without_registration(text[start:]) or text[start:]
    end = start + len(kept)
    words = row.touched(start, end)
    return Piece(row.number, words, text[start:end].replace(COLUMN, " ").strip())


# ---- addresses ---------------------------------------------------------------------------------------------------------


def by_following(view: View, begin: int) -> list[Piece]:
    """The rows below a name, from the first that looks like an address until a phone number, a tax number or a title."""
    pieces: list[Piece] = []
    for row in view.rows[begin : begin + MOST_ROWS]:
        text = row.text
        piece = address_piece(row)
        if piece is None or _ends_address(text, bool(pieces)):
            if pieces:
                break
            if surroundings.is_title(text) or any(one.cents for one in amounts(text, view.decimal)):
                break
            continue
        if not pieces and surroundings.address_score(text) < 2:
            continue
        pieces.append(piece)
    return pieces[:MOST_OF_ADDRESS]


def _ends_address(text: str, begun: bool) -> bool:
    """Whether a row isn't of an address any more."""
    if surroundings.address_score(text) >= 2 and not surroundings.is_registration(text):
        return False
    return surroundings.is_other(text) or bool(dates(text)) or surroundings.letters(text) < 2


def by_postal_code(view: View) -> list[Piece]:
    """The rows around the first postal code of the head, as far as they look like an address."""
    rows = view.rows[: 2 * MOST_ROWS]
    anchor = next((row for row in rows if surroundings.has_postal_code(row.text) and surroundings.address_score(row.text) >= 2 and not _ends_address(row.text, True)), None)
    if anchor is None:
        return []
    first, last = anchor.number, anchor.number
    while first and anchor.number - first < MOST_OF_ADDRESS - 2 and _above_belongs(view.rows[first - 1]):
        first -= 1
    while last + 1 < len(view.rows) and last - anchor.number < 2 and _below_belongs(view.rows[last + 1]):
        last += 1
    return [piece for row in view.rows[first : last + 1] if (piece := address_piece(row))]


def _above_belongs(row: Row) -> bool:
    text = row.text
    if surroundings.has_form(text) or _ends_address(text, True):
        return False
    return surroundings.address_score(text) >= 1


def _below_belongs(row: Row) -> bool:
    return surroundings.address_score(row.text) >= 2 and not surroundings.is_other(row.text)


def address_piece(row: Row) -> Piece | None:
    """A row as far as there is no phone number in it."""
    text = row.text
    phone = re.search(r"(?<![a-z])(?:te[l1]|phone|ph|fax|h/?p|gst|t|f)\s?(?:no)?\.?\s?[:#.]", text, re.IGNORECASE)
    end = phone.start() if phone else len(text)
    said = text[:end].replace(COLUMN, " ").strip(" :")
    if surroundings.letters(said) + sum(one.isdigit() for one in said) < 2:
        return None
    return Piece(row.number, row.touched(0, len(text[:end].rstrip()) or 1), said)
