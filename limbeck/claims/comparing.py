"""What is wrong between claims and documents, the most money first.

Nothing that was not read surely is an accusation: such a mismatch is not `sure`, and a person should look at its evidence.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

from limbeck.claims.likeness import ALIKE, names_alike, same
from limbeck.claims.matching import matched
from limbeck.claims.receipts import Receipt
from limbeck.schemas.claims import Claim, Mismatch, Role

SURE = 0.5
"""Readings less sure than this accuse nobody."""
TWIN = 0.8
"""Names more alike than this are of one merchant where day and amount are the same, too."""


def compare(claims: Sequence[Claim], receipts: Sequence[Receipt], review: float = SURE) -> list[Mismatch]:
    """Compare claims with documents.

    Args:
        claims: In any order.
        receipts: One for each place of a document in the input, those in which nothing was read included.
        review: Readings less sure than this are not enough to say that somebody claims too much.

    Returns:
        Mismatches, ranked: money at stake times confidence.
    """
    ours = sorted(claims, key=lambda one: (one.document or "", one.merchant or "", one.days, one.amount or 0.0, one.row))
    theirs = sorted(receipts, key=lambda one: (one.key, one.document))
    matches = matched(ours, theirs)
    of: dict[int, list[int]] = {}
    for claim, at in sorted(matches.of.items()):
        of.setdefault(at, []).append(claim)
    found = [_alone(one, matches.sure[at]) for at, one in enumerate(ours) if at not in matches.of]
    for at, one in enumerate(theirs):
        having = [(ours[claim], matches.sure[claim]) for claim in of.get(at, ())]
        found += _compared(having, one, review) if having else [_unclaimed(one)] if ours else []
    claimed = [[ours[claim] for claim in of.get(at, ())] for at in range(len(theirs))]
    return ranked([*found, *_twins(theirs, claimed, review)])


def ranked(mismatches: Sequence[Mismatch]) -> list[Mismatch]:
    """The most money times confidence first, then the most money."""
    return sorted(mismatches, key=lambda one: (-one.weight, -one.stake, one.kind, one.keys, [claim.row for claim in one.claims]))


# ---- what stands alone -----------------------------------------------------------------------------------------------


def _alone(claim: Claim, sure: float) -> Mismatch:
    said = ", ".join(filter(None, (claim.merchant, claim.date, claim.written)))
    return Mismatch(kind="no document", claims=(claim,), claimed=said, stake=_worth(claim), confidence=sure, sure=sure >= SURE)


def _unclaimed(one: Receipt) -> Mismatch:
    evidence = one.evidence("merchant", "date", "amount")
    said = ", ".join(each.said for each in evidence)
    return Mismatch(kind="no claim", documents=(one.document,), keys=(one.key,), said=said, confidence=1.0, sure=True, evidence=evidence)


def _worth(claim: Claim) -> float:
    return max(0.0, claim.amount or 0.0)


# ---- what belongs together -------------------------------------------------------------------------------------------


def _compared(claims: Sequence[tuple[Claim, float]], one: Receipt, review: float) -> Iterator[Mismatch]:
    """What a document's claims say otherwise, each with how surely it is the document's."""
    for claim, belongs in claims:
        yield from _day(claim, belongs, one, review)
        yield from _merchant(claim, belongs, one, review)
    if len(claims) > 1:
        yield from _several(claims, one, review)
    else:
        yield from _amount(*claims[0], one, review)


def _made(kind: Role, claim: Claim, claimed: str, belongs: float, one: Receipt, review: float, over: float | None = None) -> Mismatch:
    confidence = one.confidence(kind) * belongs
    return Mismatch(
        kind=kind,
        claims=(claim,),
        documents=(one.document,),
        keys=(one.key,),
        claimed=claimed,
        said=value.text or "" if (value := one.value(kind)) else "",
        over=over,
        stake=_worth(claim) if over is None else max(0.0, over),
        confidence=confidence,
        sure=confidence >= review and one.stands(kind),
        evidence=one.evidence(kind),
    )


def _day(claim: Claim, belongs: float, one: Receipt, review: float) -> Iterator[Mismatch]:
    if claim.days and one.days and not set(claim.days) & set(one.days):
        yield _made("date", claim, claim.date or "", belongs, one, review)


def _merchant(claim: Claim, belongs: float, one: Receipt, review: float) -> Iterator[Mismatch]:
    if claim.merchant and one.shop and names_alike([claim.merchant], [one.shop])[0, 0] < ALIKE:
        yield _made("merchant", claim, claim.merchant, belongs, one, review)


def _amount(claim: Claim, belongs: float, one: Receipt, review: float) -> Iterator[Mismatch]:
    if claim.written is None:
        return
    if claim.amount is None or one.sum is None:
        yield _unread([claim], one)
    elif not same(claim.amount, one.sum):
        yield _made("amount", claim, claim.written, belongs, one, review, over=round(claim.amount - one.sum, 2))


def _unread(claims: Sequence[Claim], one: Receipt) -> Mismatch:
    """Nobody knows, so that somebody should look."""
    value = one.amount.text if one.amount and one.amount.text else ""
    return Mismatch(
        kind="unread",
        claims=tuple(claims),
        documents=(one.document,),
        keys=(one.key,),
        claimed=", ".join(claim.written or "" for claim in claims),
        said=value,
        stake=sum(map(_worth, claims)),
        confidence=0.0,
        sure=False,
        evidence=one.evidence("amount"),
    )


def _several(claims: Sequence[tuple[Claim, float]], one: Receipt, review: float) -> Iterator[Mismatch]:
    """Several claims of one document: together they may be what it says, as where a bill is split."""
    ours, belongs = [claim for claim, _ in claims], min(sure for _, sure in claims)
    said = [claim.written for claim in ours if claim.written]
    if said and (one.sum is None or len([claim for claim in ours if claim.amount is not None]) < len(said)):
        yield _unread(ours, one)
        return
    over = round(sum(map(_worth, ours)) - (one.sum or 0.0), 2) if said else None
    if over is not None and (over < 0 or same(over, 0.0)):
        return
    confidence = belongs * (one.confidence("amount") if said else 1.0)
    yield Mismatch(
        kind="claimed twice",
        claims=tuple(ours),
        documents=(one.document,),
        keys=(one.key,),
        claimed=" + ".join(said),
        said=(one.amount.text or "") if one.amount else "",
        over=over,
        stake=over or 0.0,
        confidence=confidence,
        sure=confidence >= review and (not said or one.stands("amount")),
        evidence=one.evidence("merchant", "date", "amount"),
    )


# ---- one receipt in two documents ------------------------------------------------------------------------------------


def _twins(receipts: Sequence[Receipt], claims: Sequence[Sequence[Claim]], review: float) -> Iterator[Mismatch]:
    """Documents of the same merchant, day and amount; what is at stake is what is claimed of them beyond one amount."""
    alike: dict[tuple[tuple[str, ...], int], list[int]] = {}
    for at, one in enumerate(receipts):
        if one.known == 3 and one.sum is not None:
            alike.setdefault((one.days, round(100 * one.sum)), []).append(at)
    for group in alike.values():
        for several in _of_one_shop(receipts, group):
            yield _twin([receipts[at] for at in several], [claim for at in several for claim in claims[at]], review)


def _of_one_shop(receipts: Sequence[Receipt], group: Sequence[int]) -> list[list[int]]:
    """Groups of two and more whose merchants' names are alike, also by way of a third."""
    names = [receipts[at].shop for at in group]
    likeness, of = names_alike(names, names), list(range(len(group)))
    for a, b in combinations(range(len(group)), 2):
        if likeness[a, b] >= TWIN:
            of = [of[a] if one == of[b] else one for one in of]
    groups = [[at for at, one in zip(group, of, strict=True) if one == name] for name in dict.fromkeys(of)]
    return [one for one in groups if len(one) > 1]


def _twin(several: Sequence[Receipt], claims: Sequence[Claim], review: float) -> Mismatch:
    wanted: tuple[Role, ...] = ("merchant", "date", "amount")
    over = round(max(0.0, sum(map(_worth, claims)) - (several[0].sum or 0.0)), 2)
    copies = len({one.document for one in several}) == 1
    confidence = 1.0 if copies else min(one.confidence(role) for one in several for role in wanted)
    stand = copies or all(one.stands(role) for one in several for role in wanted)
    return Mismatch(
        kind="same receipt",
        claims=tuple(claims),
        documents=tuple(one.document for one in several),
        keys=tuple(one.key for one in several),
        claimed=" + ".join(claim.written or "" for claim in claims),
        said=several[0].amount.text or "" if several[0].amount else "",
        over=over,
        stake=over,
        confidence=confidence,
        sure=confidence >= review and stand,
        evidence=tuple(each for one in several for each in one.evidence(*wanted)),
    )
