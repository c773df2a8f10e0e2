"""Which claim belongs to which document: by the document's name, else by what both say."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from limbeck.claims.likeness import amounts_alike, days_alike, names_alike
from limbeck.claims.receipts import Receipt
from limbeck.schemas.claims import Claim

WEIGHTS = (0.3, 0.3, 0.4)
"""How much merchant, day and amount count, of those that both sides have."""
KNOWN = 0.55
"""Weights together below this, that is a single one, tell nothing."""
ALIKE = 0.6
"""What is less alike is no match: the same day and shop with any amount is, or the same day and amount."""
TWICE = 0.9
"""A claim as like as this to a document that has its claim already is a second one of it."""


@dataclass(frozen=True)
class Matches:
    """What belongs together, in places of the lists that were matched."""

    of: dict[int, int]
    """A claim's document; claims without one are missing."""
    sure: dict[int, float]
    """By claim, how sure that is, in [0, 1]; of a claim without a document, how sure it is that there is none."""


def matched(claims: Sequence[Claim], receipts: Sequence[Receipt]) -> Matches:
    """Match claims with documents; several claims may name one document, and one that says the same again is a second one of it."""
    likeness = _likeness(claims, receipts)
    named = [at for at, one in enumerate(claims) if one.document]
    keys = _by_form(receipts) if named else []
    of = {at: found for at in named if (found := _named(claims[at].document or "", keys, likeness[at])) is not None}
    sure = dict.fromkeys(named, 1.0)
    others = [at for at, one in enumerate(claims) if not one.document]
    free = [at for at in range(len(receipts)) if at not in of.values()]
    ours = _assigned(likeness, others, free)
    left = [at for at in others if at not in ours]
    again = {at: best for at in left if len(receipts) and likeness[at, best := int(likeness[at].argmax())] >= TWICE}
    of |= ours | again
    sure |= {at: float(likeness[at, one]) for at, one in (ours | again).items()}
    rest = sorted(set(free) - set(ours.values()))
    sure |= {at: _alone(likeness[at, rest], [receipts[one] for one in rest]) for at in left if at not in again}
    return Matches(of, sure)


def _assigned(likeness: NDArray[np.float64], claims: Sequence[int], receipts: Sequence[int]) -> dict[int, int]:
    """One document a claim, so that all together are as alike as can be."""
    from scipy.optimize import linear_sum_assignment

    part = likeness[np.ix_(claims, receipts)]
    worth = np.where(part >= ALIKE, part, 0.0)
    pairs = zip(*linear_sum_assignment(worth, maximize=True), strict=True)
    return {claims[a]: receipts[b] for a, b in pairs if worth[a, b] > 0}


def _alone(likeness: NDArray[np.float64], rest: Sequence[Receipt]) -> float:
    """How sure it is that a claim has no document among those that have no claim: they may not have been read."""
    unread = any(one.known < 2 for one in rest)
    return min(1.0 - float(likeness.max(initial=0.0)), 0.25 if unread else 1.0)


def _likeness(claims: Sequence[Claim], receipts: Sequence[Receipt]) -> NDArray[np.float64]:
    """[claims, receipts], in [0, 1]; 0 where too little is known."""
    names = names_alike([one.merchant or "" for one in claims], [one.shop for one in receipts])
    unnamed = np.array([not one.merchant for one in claims], bool)[:, None] | np.array([not one.shop for one in receipts], bool)[None, :]
    parts = np.stack([
        np.where(unnamed, np.nan, names),
        days_alike([one.days for one in claims], [one.days for one in receipts]),
        amounts_alike([one.amount for one in claims], [one.sum for one in receipts]),
    ])
    weights = np.where(np.isnan(parts), 0.0, np.array(WEIGHTS)[:, None, None])
    known = weights.sum(axis=0)
    return np.where(known < KNOWN, 0.0, (weights * np.nan_to_num(parts)).sum(axis=0) / np.maximum(known, KNOWN))


def _by_form(receipts: Sequence[Receipt]) -> list[dict[str, list[int]]]:
    """Documents by each form of their keys, the strictest form first."""
    found: list[dict[str, list[int]]] = [{} for _ in _forms("")]
    for at, one in enumerate(receipts):
        for names, name in zip(found, _forms(one.key), strict=True):
            names.setdefault(name, []).append(at)
    return found


def _named(name: str, keys: Sequence[dict[str, list[int]]], likeness: NDArray[np.float64]) -> int | None:
    """The document that a claim names: its key, that without its suffix, its file's name, or that without the suffix.

    Of several, as in two folders, the one that says most of what the claim says.
    """
    found = next((some[form] for some, form in zip(keys, _forms(name), strict=True) if form in some), None)
    return max(found, key=lambda at: likeness[at]) if found else None


def _forms(name: str) -> tuple[str, str, str, str]:
    plain = name.strip().replace("\\", "/").casefold()
    path = PurePosixPath(plain)
    return plain, path.with_suffix("").as_posix() if path.name else plain, path.name, path.stem
