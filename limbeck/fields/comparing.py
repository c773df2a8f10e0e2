"""How far two readings of documents agree: of a student and its teachers, field by field, whatever the spelling."""

from collections import Counter
from collections.abc import Sequence

from limbeck.fields.normalising import canonical
from limbeck.fields.recording import entries_of, found_of
from limbeck.schemas.fields import Field, FieldSet, Findings


def agreement(taught: Sequence[Findings], said: Sequence[Findings], fields: FieldSet, unknown: Sequence[frozenset[str]]) -> dict[str, float]:
    """Micro F1 of what is said by what was taught: `agreement` in all, `agreement.total` of the field `total`; nothing of nothing.

    Args:
        taught: By document.
        said: By document.
        fields: What both are of.
        unknown: By document, fields of which its teachers know nothing, which don't count.
    """
    counts: dict[str, Counter[str]] = {one.name: Counter() for one in fields.fields}
    for true, other, left_out in zip(taught, said, unknown, strict=True):
        for one in fields.fields:
            if one.name not in left_out:
                counts[one.name].update(_counted(_values(true, one), _values(other, one)))
    rates = {f"agreement.{name}": rate for name, count in counts.items() if (rate := _f1(count)) is not None}
    whole = _f1(sum(counts.values(), Counter()))
    return {} if whole is None else {"agreement": whole, **rates}


def _values(findings: Findings, field: Field) -> Counter[str]:
    inside = [f"{name}={found.value}" for entry in entries_of(findings, field.name) for name, found in entry.items()]
    return Counter([canonical(found.value, field) for found in found_of(findings, field.name)] + inside)


def _counted(true: Counter[str], said: Counter[str]) -> dict[str, int]:
    right = (true & said).total()
    return {"right": right, "wrong": said.total() - right, "missed": true.total() - right}


def _f1(count: Counter[str]) -> float | None:
    both = 2 * count["right"] + count["wrong"] + count["missed"]
    return 2 * count["right"] / both if both else None
