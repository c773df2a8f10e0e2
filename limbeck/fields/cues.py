"""Cues: words that announce a value (`Total`, `Tel.`, `Rechnungsdatum`), found in rows though OCR misread a letter or glued words together.

All fields' aliases and all that they are unlike compete for a row's words, the longest first: in `SUBTOTAL` nobody finds `total`.
"""

import functools
import itertools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from limbeck.fields.view import COLUMN, Row
from limbeck.schemas.fields import Field, FieldSet

LONGEST = 6
"""Of a cue, in words of a page."""
FEWEST_LETTERS = 5
"""Shorter cues are not searched with a wrong letter: too many words are like them."""
TWO_WRONG = 11
"""Letters from which on two may be wrong."""
MOST_LETTERS = 40
"""Of a cue."""
GLUED = 8
"""Letters in capitals without a blank, from which on they may be several words."""
_LIKE_LETTERS = str.maketrans("01589|", "olsbgl")
_TOKEN = re.compile(r"[^\W\d_]+\d*[^\W\d_]+|[^\W\d_]\d*|\d+")
_HUMP = re.compile(r"(?<=[a-zà-ÿ])(?=[A-Z])|(?<=[A-Za-z])(?=\d{2,})")


@dataclass(frozen=True)
class Cue:
    """A cue in a row."""

    start: int
    """In the row's text."""
    end: int
    phrase: str
    announces: Mapping[str, int]
    """Fields by name, and the place of the phrase among their aliases, from 0."""
    repels: frozenset[str]
    """Fields that what it announces is not."""
    exact: bool
    """Whether it is spelt as it should be."""


@dataclass(frozen=True, eq=False)
class Phrases:
    """All cues of a field set, or of a `list` field's columns."""

    announces: Mapping[str, Mapping[str, int]]
    """By squeezed phrase."""
    repels: Mapping[str, frozenset[str]]

    @functools.cached_property
    def known(self) -> frozenset[str]:
        """All phrases, squeezed."""
        return frozenset(self.announces) | frozenset(self.repels)

    @functools.cached_property
    def ordered(self) -> Sequence[str]:
        """The same, from a to z."""
        return sorted(self.known)


@functools.lru_cache(maxsize=64)
def phrases_of(fields: tuple[Field, ...]) -> Phrases:
    """The cues that fields have."""
    announces: dict[str, dict[str, int]] = defaultdict(dict)
    repels: dict[str, set[str]] = defaultdict(set)
    for field in fields:
        for place, phrase in enumerate(field.aliases):
            announces[squeezed(phrase)].setdefault(field.name, place)
        for phrase in field.unlike:
            repels[squeezed(phrase)].add(field.name)
    kept = {phrase: frozenset(names - set(announces.get(phrase, ()))) for phrase, names in repels.items()}
    return Phrases(dict(announces), kept)


def cues(row: Row, fields: FieldSet) -> tuple[Cue, ...]:
    """The cues of a field set's own fields in a row, from left to right."""
    return cues_in(row.text, phrases_of(fields.fields))


@functools.lru_cache(maxsize=65536)
def cues_in(text: str, phrases: Phrases) -> tuple[Cue, ...]:
    """The cues in a text, which don't overlap."""
    tokens = list(_tokens(text))
    parted = [_parts(text[before[2] : after[1]]) for before, after in itertools.pairwise(tokens)] + [True]
    found: list[Cue] = []
    at = 0
    while at < len(tokens):
        cue, taken = _longest(tokens[at : min(at + LONGEST, parted.index(True, at) + 1)], phrases)
        if cue:
            found.append(cue)
        at += taken
    return tuple(found)


def squeezed(text: str) -> str:
    """A phrase's letters alone, small, without accents, digits that look like letters among them."""
    parts = (part for part in _TOKEN.findall(_folded(text)) if not part.isdigit())
    return "".join(part.translate(_LIKE_LETTERS) for part in parts)


def _folded(text: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(one))


def _tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """Squeezed words of a text and where they stand; numbers are left out, and words glued together are parted."""
    for match in _TOKEN.finditer(text):
        if match[0].isdigit():
            continue
        start = match.start()
        for part in _HUMP.split(match[0]):
            if bare := squeezed(part):
                yield bare, start, start + len(part)
            start += len(part)


def _parts(between: str) -> bool:
    """Whether what stands between two words is too much for one phrase: another column, or more than a rate such as `6%`."""
    return COLUMN in between or re.search(r"\d{3}|\d[.,]\d\d", between) is not None


def _longest(tokens: list[tuple[str, int, int]], phrases: Phrases) -> tuple[Cue | None, int]:
    """The longest cue that the tokens begin with, of equals one without a wrong letter, and how many of them it takes."""
    found: list[tuple[int, bool, int, str]] = []
    for taken in range(1, len(tokens) + 1):
        said = "".join(word for word, _, _ in tokens[:taken])
        if phrase := _exact(said, phrases) or _near(said, phrases):
            found.append((len(phrase), phrase == said, taken, phrase))
    if found:
        _, exact, taken, phrase = max(found)
        return _cue(tokens, taken, phrase, phrases, exact), taken
    beginning = _beginning(tokens[0][0], phrases)
    return (_cue(tokens, 1, beginning, phrases, True) if beginning else None), 1


def _cue(tokens: list[tuple[str, int, int]], taken: int, phrase: str, phrases: Phrases, exact: bool) -> Cue:
    announces, repels = phrases.announces.get(phrase, {}), phrases.repels.get(phrase, frozenset())
    return Cue(tokens[0][1], tokens[taken - 1][2], phrase, announces, repels, exact)


def _exact(said: str, phrases: Phrases) -> str | None:
    return said if said in phrases.known else None


def _beginning(said: str, phrases: Phrases) -> str | None:
    """The longest phrase that words glued together begin with: of `TOTALDUEUSD` `totaldue` rather than `total`."""
    if len(said) < GLUED:
        return None
    return next((said[:length] for length in range(len(said) - 1, FEWEST_LETTERS - 2, -1) if said[:length] in phrases.known), None)


def _near(said: str, phrases: Phrases) -> str | None:
    """The phrase from which a text differs least, by a letter, or by two where it is long; of several the first in the alphabet."""
    most = _most_wrong(said)
    if not most or len(said) > MOST_LETTERS:
        return None
    found = process.extractOne(said, phrases.ordered, scorer=Levenshtein.distance, score_cutoff=most)
    return found[0] if found else None


def _most_wrong(phrase: str) -> int:
    """How many letters of a phrase may be wrong."""
    return 0 if len(phrase) < FEWEST_LETTERS else 1 if len(phrase) < TWO_WRONG else 2
