"""Grounding: where on a document's pages a value stands that somebody said of it.

Word for word, whatever case, accents, blanks and punctuation, over the ends of rows and down a column; or in another spelling:
the same date, amount, time or phone number; or, of long texts, with letters that OCR got wrong. Of several places the one
counts that stands by what its field is called on pages.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache

from limbeck.fields.columns import columns, parts
from limbeck.fields.lettering import Letters, Span, lettered, plain
from limbeck.fields.normalising import normal
from limbeck.fields.spellings import CENTS, Words, readings
from limbeck.schemas.extraction import Status
from limbeck.schemas.fields import Entry, Field, FieldKind, FieldSet, Findings, Found, Said
from limbeck.schemas.pages import Pages

AMOUNTS = ("money", "number")
TEXTS = ("text", "name", "address", "place")
UNGROUNDED = 0.5
"""What the surety of a value is multiplied by that stands nowhere."""
NOWHERE = Found(value="", score=UNGROUNDED)
TOKEN = re.compile(r"[^\W_]+")

Grounded = tuple[Words, Status]


def located(value: str, field: Field, pages: Pages, day_first: bool | None = None) -> Grounded | None:
    """Where a value stands, as numbers of words, and whether word for word; None where it stands nowhere.

    Args:
        value: As it is printed, or normalised.
        field: What it is said to be; no `list`.
        pages: Where it should stand. Who looks for several values makes one `Source`.
        day_first: How `03/04/2019` is meant.
    """
    return Source(pages, day_first).find(value, field)


def grounded(said: Said, fields: FieldSet, pages: Pages) -> Findings:
    """What was said of a document, each value with its place; one that stands nowhere has none, and counts `UNGROUNDED`."""
    source = Source(pages, fields.day_first)
    given = [(one, said[one.name]) for one in fields.fields if said.get(one.name)]
    return {one.name: source.entries(value, one) if one.kind == "list" else source.values(value, one) for one, value in given}


class Source:
    """Pages, ready to be searched.

    Args:
        pages: The document.
        day_first: How `03/04/2019` is meant.
    """

    def __init__(self, pages: Pages, day_first: bool | None = None) -> None:
        self.pages, self.day_first = pages, day_first
        self._order = lru_cache(None)(self._ordered)
        self._readings = lru_cache(None)(lambda kind: readings(kind, self._rows, pages, day_first))

    # ---- what is asked -----------------------------------------------------------------------------------------------

    def find(self, value: str, field: Field) -> Grounded | None:
        """Where a value stands best; see `located`."""
        places = self.places(value, field)
        return max(places, key=lambda place: self._rank(place, field)) if len(places) > 1 else next(iter(places), None)

    def values(self, said: object, field: Field) -> list[Found]:
        """What was said of a field that is no list, one text or several."""
        return [_found(str(one), self.find(str(one), field)) for one in (said if isinstance(said, list) else [said])]

    def entries(self, said: Sequence[Mapping[str, str | None]], field: Field) -> list[Entry]:
        """What was said of a `list` field: entries follow each other down the pages, and what one says stands together.

        An entry that repeats another one begins in a place of its own, or was said too often, as small models go on and on.
        """
        made: list[Entry] = []
        used: set[Words] = set()
        line = -1
        for number, one in enumerate(said):
            given = {each.name: (text, self.places(text, each)) for each in field.fields if (text := one.get(each.name))}
            free = {name: [place for place in places if place[0] not in used] for name, (_, places) in given.items()}
            here = self._line(free, line)
            entry = {name: _found(text, self._nearest(free[name], here)) for name, (text, _) in given.items()}
            if one in said[:number] and not next(iter(entry.values()), NOWHERE).words:
                continue
            line = here
            used |= {found.words for found in entry.values() if found.words}
            made.append(entry)
        return made

    def places(self, value: str, field: Field) -> list[Grounded]:
        """Everywhere that a value stands."""
        found: dict[Words, Status] = {words: "grounded" for words in self._spelt(value, field)}
        taken = {word for words in found for word in words}
        found |= {words: "normalised" for words in self._otherwise(value, field) if taken.isdisjoint(words)}
        if not found and field.kind in TEXTS:
            found |= {words: "normalised" for words in self._near(value, field)}
        return list(found.items())

    # ---- where values stand ------------------------------------------------------------------------------------------

    def _spelt(self, value: str, field: Field) -> list[Words]:
        """Where it stands word for word: as the page is read, else down its columns."""
        if not any(map(str.isalnum, value)):
            wanted = plain("".join(value.split()))
            return [(number,) for number, word in enumerate(self.pages.words) if wanted and plain(word.text) == wanted]
        exact = field.kind in AMOUNTS or not any(map(str.isalpha, value))
        wanted_letters = lettered(value.split(), exact)
        for by_column in (False, True) if field.kind in TEXTS else (False,):
            order, letters = self._order(exact, by_column)
            spans = [one for one in letters.spans(wanted_letters) if field.kind not in AMOUNTS or _is_amount(value, letters, one)]
            found = [words for one in spans if (words := _words(order, letters, one))]
            if field.kind in AMOUNTS:
                found = [one for one in found if self._dated.isdisjoint(one)]
            if field.kind == "money" and not CENTS.search(value):
                read = {word for _, words in self._readings("money") for word in words}
                found = [one for one in found if not read.isdisjoint(one)]
            if found:
                return found
        return []

    def _otherwise(self, value: str, field: Field) -> Iterator[Words]:
        """Where it stands in another spelling."""
        kind: FieldKind = "money" if field.kind == "number" else field.kind
        wanted = normal(value, Field(name=field.name, kind=kind), self.day_first)
        for read, words in self._readings(field.kind) if wanted else ():
            same = read == wanted or (kind == "time" and read.startswith(wanted or read))
            if same and (kind != "money" or self._dated.isdisjoint(words)):
                yield words

    def _near(self, value: str, field: Field) -> Iterator[Words]:
        """Where it stands with wrong letters; of digits none may be wrong but in an address."""
        wanted = lettered(value.split(), exact=False)
        for by_column in (False, True):
            order, letters = self._order(False, by_column)
            for span in letters.near(wanted):
                if field.kind == "address" or _digits(letters.text[slice(*span)]) == _digits(wanted.text):
                    yield _words(order, letters, span)
                    return

    # ---- which of them counts ----------------------------------------------------------------------------------------

    def _rank(self, place: Grounded, field: Field) -> tuple[int, bool, int]:
        """By what it is called there; then word for word; then the first, of amounts and what stands below the last."""
        words, status = place
        last = field.place == "bottom" or (field.place is None and field.kind == "money")
        return self._called(words, field), status == "grounded", words[0] if last else -words[0]

    def _called(self, words: Words, field: Field) -> int:
        """Whether the field, or one that is unlike it, is named before a value in its row, 2 or -2, or above it, 1 or -1."""
        row = self._rows[self._row_of[words[0]]]
        beside = self._named([one for one in row if one <= words[0]], field)
        return 2 * beside if beside else self._named(self._over(words), field)

    def _named(self, words: Sequence[int], field: Field) -> int:
        """1 where the longest name in a text is the field's, -1 where it is one that is unlike it, 0 without any."""
        text = f" {' '.join(token for one in words for token in TOKEN.findall(plain(self.pages.words[one].text)))} "
        names = [(one, 1) for one in (field.name.replace("_", " "), *field.aliases)] + [(one, -1) for one in field.unlike]
        found = [(len(name), sign) for one, sign in names if (name := " ".join(TOKEN.findall(plain(one)))) and f" {name} " in text]
        return max(found)[1] if found else 0

    def _over(self, words: Words) -> list[int]:
        """What stands over a value in the row above it."""
        number, every = self._row_of[words[0]], self.pages.words
        left, right = every[words[0]].box[0], every[words[-1]].box[2]
        above = parts(self._rows[number - 1], self.pages) if number else ()
        return [one for part in above if every[part[0]].box[0] < right and every[part[-1]].box[2] > left for one in part]

    def _line(self, places: Mapping[str, list[Grounded]], after: int) -> int:
        """The row of an entry: the first after the one before of that of its values which stands in the fewest."""
        lines = [sorted({line for words, _ in some if (line := self._row_of[words[0]]) > after}) for some in places.values()]
        return min((one for one in lines if one), key=len, default=[after])[0]

    def _nearest(self, places: Sequence[Grounded], line: int) -> Grounded | None:
        return min(places, key=lambda one: (abs(self._row_of[one[0][0]] - line), one[1] != "grounded"), default=None)

    # ---- the pages ---------------------------------------------------------------------------------------------------

    @cached_property
    def _rows(self) -> list[list[int]]:
        """The words of each row."""
        rows: dict[tuple[int, int], list[int]] = {}
        for number, word in enumerate(self.pages.words):
            rows.setdefault((word.page, word.line), []).append(number)
        return list(rows.values())

    @cached_property
    def _row_of(self) -> dict[int, int]:
        return {word: number for number, row in enumerate(self._rows) for word in row}

    @cached_property
    def _dated(self) -> set[int]:
        """Words of dates and times, which are no amounts."""
        return {word for kind in ("date", "time") for _, words in self._readings(kind) for word in words}

    def _ordered(self, exact: bool, by_column: bool) -> tuple[list[int], Letters]:
        order = columns(self._rows, self.pages) if by_column else list(range(len(self.pages.words)))
        return order, lettered([self.pages.words[one].text for one in order], exact)


def _found(value: str, place: Grounded | None) -> Found:
    return Found(value=value, words=place[0]) if place else Found(value=value, score=UNGROUNDED)


def _words(order: Sequence[int], letters: Letters, span: Span) -> Words:
    return tuple(order[letters.owners[span[0]] : letters.owners[span[1] - 1] + 1])


def _is_amount(value: str, letters: Letters, span: Span) -> bool:
    """Whether what is printed there has the value's sign, and is no percentage where the value is none."""
    first, last = letters.owners[span[0]], letters.owners[span[1] - 1]
    before, after = letters.words[first][: letters.places[span[0]]], letters.words[last][letters.places[span[1] - 1] + 1 :]
    percent = (after or next(iter(letters.words[last + 1 : last + 2]), "")).startswith("%")
    below = "-" in before or after == "-"
    return below == (plain(value.strip()).startswith("-")) and (not percent or "%" in value)


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))
