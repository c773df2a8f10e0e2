"""How like claims and documents are: by names of merchants, days and amounts."""

import datetime
import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

CENTS = 0.05
"""Amounts that differ by no more are the same: cash is rounded so in many countries."""
SLACK = CENTS + 1e-9
"""The same, and what a computer's fractions may add."""
DAYS = 14
"""Days that are further apart are not alike at all."""
NEAR = 0.5
"""The most that amounts and days which are not the same may be alike."""
ALIKE = 0.5
"""Names less alike than this are of different merchants."""
INSIDE = 0.95
"""How alike a name is that is all within another: `Starbucks` and `Starbucks Coffee #12, Seattle`."""
LEGAL = frozenset(
    "ab ag and as asa bhd bv co company corp corporation cv eg ek enterprise eurl ev gbr gmbh group holding holdings inc incorporated kg kgaa kk limited llc "
    "llp lp ltd mbh nv of ohg oy oyj pc plc pt pte pty ptyltd restaurant sa sarl sas sdn se sl slu snc spa sprl srl store the trading ug und y".split()
)
"""Words of merchants' names that say little of whose they are; legal forms, most of all."""


def folded(name: str) -> str:
    """A merchant's name without what is spelt now so, now so: case, accents, punctuation, legal forms."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(one))
    # `S.A.` and `Sdn. Bhd.` lose their dots before words are told apart.
    words = re.findall(r"[^\W_]+", re.sub(r"(?<=\w)[.'\u2019](?=\w)|\.", "", plain.replace("&", " ")))
    kept = [word for word in words if word not in LEGAL]
    return " ".join(kept or words)


def names_alike(first: Sequence[str], second: Sequence[str]) -> NDArray[np.float64]:
    """How alike names are, by the three-letter pieces that they share: [first, second], in [0, 1].

    The larger of Dice's coefficient and, for longer names, the share of the shorter one that is within the other.
    """
    from scipy import sparse

    pieces: dict[str, int] = {}
    sets = [[{pieces.setdefault(piece, len(pieces)) for piece in _pieces(folded(name))} for name in side] for side in (first, second)]
    a, b = (
        sparse.csr_matrix(
            (np.ones(sum(map(len, side))), np.fromiter((one for each in side for one in sorted(each)), int), np.cumsum([0, *map(len, side)])),
            shape=(len(side), max(1, len(pieces))),
        )
        for side in sets
    )
    shared = (a @ b.T).toarray()
    sizes = np.asarray(a.sum(axis=1)).reshape(-1, 1), np.asarray(b.sum(axis=1)).reshape(1, -1)
    dice = 2 * shared / np.maximum(1, sizes[0] + sizes[1])
    inside = INSIDE * shared / np.maximum(4, np.minimum(*sizes))
    return np.asarray(np.minimum(1.0, np.maximum(dice, inside)), np.float64)


def _pieces(name: str) -> set[str]:
    return {f" {word} "[at : at + 3] for word in name.split() for at in range(len(word))}


def days_alike(first: Sequence[Sequence[str]], second: Sequence[Sequence[str]]) -> NDArray[np.float64]:
    """How near days are, each one of a few: [first, second]; 1 for the same day, 0 from two weeks on, NaN where one is not known."""
    apart = np.full((len(first), len(second)), np.inf)
    for a in _ordinals(first).T:
        for b in _ordinals(second).T:
            apart = np.fmin(apart, np.abs(a[:, None] - b[None, :]))
    near = np.where(apart == 0, 1.0, NEAR * np.maximum(0.0, 1 - apart / DAYS))
    return np.where(np.isinf(apart), np.nan, near)


def _ordinals(days: Sequence[Sequence[str]]) -> NDArray[np.float64]:
    """[n, the most days that one may be], NaN where there is none."""
    table = np.full((len(days), max((len(one) for one in days), default=0)), np.nan)
    for at, one in enumerate(days):
        table[at, : len(one)] = [datetime.date.fromisoformat(day).toordinal() for day in one]
    return table


def amounts_alike(first: Sequence[float | None], second: Sequence[float | None]) -> NDArray[np.float64]:
    """How near amounts are: [first, second]; 1 for the same, at most 0.5 for others, NaN where one is not known."""
    a, b = (np.array([np.nan if one is None else one for one in side], float) for side in (first, second))
    apart = np.abs(a[:, None] - b[None, :])
    size = np.maximum(1e-9, np.maximum(np.abs(a)[:, None], np.abs(b)[None, :]))
    return np.where(np.isnan(apart), np.nan, np.where(apart <= SLACK, 1.0, NEAR * np.maximum(0.0, 1 - apart / size)))


def same(first: float, second: float) -> bool:
    """Whether two amounts are equal but for rounding."""
    return abs(first - second) <= SLACK
