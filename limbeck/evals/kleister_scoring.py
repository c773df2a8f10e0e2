"""The score of Kleister-NDA (Graliński et al. 2020): F1 over pairs of key and value, all documents together, upper and lower case alike."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from limbeck.schemas.fields import Field

Pairs = Mapping[str, Sequence[str]]
"""Of one document, by key its values as Kleister writes them."""
_FORMS = {"INCORPORATED": "Inc.", "INC": "Inc.", "L.L.C.": "LLC", "L.P.": "LP", "L.L.P.": "LLP", "LTD": "Ltd.", "CORP": "Corp.", "CO": "Co."}


def as_kleister(field: Field, value: str) -> str:
    """A value as Kleister writes it: blanks and colons as `_`, no commas in names, `and` for `&`, `Inc.` for `Incorporated`.

    >>> as_kleister(Field(name="party", kind="name"), "Smith & Sons, L.L.C.")
    'Smith_and_Sons_LLC'
    """
    text = " ".join(value.split())
    if field.kind == "name":
        words = re.sub(r"\s*,\s*", " ", text.replace("&", " and ")).split()
        text = " ".join(_FORMS.get(word.upper(), word) if number else word for number, word in enumerate(words))
        text = re.sub(r"\bL\. ?L\. ?C\.?(?=\s|$)", "LLC", re.sub(r"\bL\. ?P\.?(?=\s|$)", "LP", text))
    return re.sub(r"[\s:]", "_", text)


def score(gold: Sequence[Pairs], said: Sequence[Pairs]) -> dict[str, Any]:
    """Precision, recall and F1 over all pairs, and F1 `by_key`, as GEval's MultiLabel-F1 counts them.

    A pair said twice counts twice, and is wrong the second time. Where nothing is expected and nothing said, precision, recall and F1
    are 1.

    Raises:
        ValueError: The two are not as long.
    """
    counts = Counter[tuple[str, str]]()
    for wanted, given in zip(gold, said, strict=True):
        for key in {*wanted, *given}:
            left, right = (Counter(value.upper() for value in side.get(key, ())) for side in (wanted, given))
            counts += Counter({(key, "gold"): left.total(), (key, "said"): right.total(), (key, "hit"): (left & right).total()})
    keys = sorted({key for key, _ in counts})
    hit, expected, told = (sum(counts[key, part] for key in keys) for part in ("hit", "gold", "said"))
    by_key = {key: _f1(counts[key, "hit"], counts[key, "gold"], counts[key, "said"]) for key in keys}
    return {"f1": _f1(hit, expected, told), "precision": _part(hit, told), "recall": _part(hit, expected), "by_key": by_key}


def _part(hit: int, of: int) -> float:
    return hit / of if of else 1.0


def _f1(hit: int, expected: int, told: int) -> float:
    return 2 * hit / (expected + told) if expected + told else 1.0
