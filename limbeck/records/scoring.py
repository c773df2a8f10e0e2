"""Records against gold, attribute by attribute (Schema-to-JSON, Bai et al. 2024), lenient and strict.

    score([GoldCell(key="3,2", value="0.88", type="Result", values={"metric": ("F1", "F-score")})], {"3,2": {"type": "Result", "metric": "f1"}})

What is said counts as right, wrong or missed, `type` as one attribute among the others:

|                | gold says it                          | gold doesn't |
|----------------|---------------------------------------|--------------|
| said           | right, or 1 wrong and 1 missed        | 1 wrong      |
| not said       | 1 missed                              | nothing      |

Of pairs each counts for itself, once gold's and the answer's are matched. A cell without an answer is one missed for each
attribute that gold has of it, also of pairs, as published; an answer about a cell that gold doesn't have is wrong in all
that it says, unless it says `Other`, which is nothing. Attributes are compared by name, also where the type is wrong.
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import regex  # type: ignore[import-untyped]
from pydantic import BaseModel, ConfigDict

from limbeck.schemas import OTHER
from limbeck.tables.plain import plain

Said = Mapping[str, Any]
"""What is said of a cell: `type`, and values by attribute; None, nothing and {} are not said."""
Answer = tuple[str, ...] | Mapping[str, str]
"""What gold accepts of an attribute: some texts, or pairs."""
Counted = tuple[int, int, int]
"""How often right, wrong, missed."""

SAME = 0.25
"""The token-F1 from which on two texts are taken for the same, where that is lenient."""
SAME_PAIR = 0.5
"""The same, of a key and its value."""
MORE = 1e-6
"""Of matchings that weigh the same the one with more pairs is taken, so that their order doesn't matter."""
VALUE, TYPE = "value", "type"
UNSAID, UNSAID_PAIRS = "xx", {"xx": "yy"}
"""How the published data writes that nothing is said."""


@dataclass(frozen=True)
class GoldCell:
    """What is true of one cell."""

    key: Hashable
    """How answers name it: `3,2`, or together with its table."""
    value: str
    type: str
    values: Mapping[str, Answer] = field(default_factory=dict)
    """By attribute; one that the table doesn't say is left out."""


class Rates(BaseModel):
    """Precision, recall and their harmonic mean; 0 where nothing was said, or nothing is true."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    precision: float
    recall: float
    f1: float


class Counts(BaseModel):
    """What an attribute's values came to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def rates(self) -> Rates:
        """As shares."""
        right, both = self.right, 2 * self.right + self.wrong + self.missed
        said, true = right + self.wrong, right + self.missed
        return Rates(
            precision=right / said if said else 0.0, recall=right / true if true else 0.0, f1=2 * right / both if both else 0.0
        )


class Scores(BaseModel):
    """Records against gold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    micro: Rates
    """Over all values."""
    macro: Rates
    """The mean over the attributes of gold's types, `type` being one of each type's: `unit` of IC50 and of EC50 are two."""
    counts: dict[str, dict[str, Counts]]
    """By type and attribute: right and missed by gold's type, wrong by the type that was said."""
    cells: int
    """Of gold."""
    answered: int
    """Of these, how many have an answer."""


def gold_of(row: Mapping[str, Any]) -> list[GoldCell]:
    """The gold cells of a row of the published data; their keys are the table's id and the cell, lists as tuples."""
    return [_gold(row["id"], one["cell"], one["record"]) for one in row["gold"]]


def _gold(table: str, cell: Any, record: Mapping[str, Any]) -> GoldCell:
    said = {name: value for name, value in record.items() if name not in (VALUE, TYPE)}
    values = {name: accepted for name, value in said.items() if (accepted := _accepted(value))}
    key = (table, tuple(cell) if isinstance(cell, list) else cell)
    return GoldCell(key, value=record[VALUE], type=record[TYPE], values=values)


def _accepted(value: Any) -> Answer:
    if isinstance(value, Mapping):
        return {} if value == UNSAID_PAIRS else dict(value)
    listed = value if isinstance(value, list) else [value]
    return tuple(one for one in listed if one.strip() and one != UNSAID)


# ---- scores ----------------------------------------------------------------------------------------------------------


def score(gold: Sequence[GoldCell], said: Mapping[Any, Said], *, strict: bool = False) -> Scores:
    """Compare what was said with gold.

    Args:
        gold: Cells, each with a key of its own.
        said: Answers by the cells' keys.
        strict: Texts must be equal once normalised, pairs in key and value; else a token-F1 of 0.25 will do, of pairs 0.5.
            Types are equal or not.
    """
    counts: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    true: set[tuple[str, str]] = set()
    for cell in gold:
        true |= {(cell.type, name) for name in (TYPE, *cell.values)}
        for (own, name, of), (right, wrong, missed) in _compared(cell, said.get(cell.key), strict):
            counts[own, name][0] += right
            counts[of, name][1] += wrong
            counts[own, name][2] += missed
    keys = {cell.key for cell in gold}
    for of, name, wrong in (one for key, answer in said.items() if key not in keys for one in _unasked(answer)):
        counts[of, name][1] += wrong
    return _scores(counts, true, len(gold), sum(cell.key in said for cell in gold))


def whole_records(gold: Sequence[GoldCell], said: Mapping[Any, Said]) -> Rates:
    """Records that are right in all that they say, and complete; `Other` is none.

    With the attributes material, constituent and unit this is DiSCoMaT's exact F1 of tuples (Gupta et al. 2023), cell by cell.
    """
    true = {cell.key: cell for cell in gold if cell.type != OTHER}
    records = {key: answer for key, answer in said.items() if _type(answer) not in (None, OTHER)}
    right = sum(_is_whole(cell, records.get(key)) for key, cell in true.items())
    return Counts(right=right, wrong=len(records) - right, missed=len(true) - right).rates


def _is_whole(cell: GoldCell, answer: Said | None) -> bool:
    return not any(wrong or missed for _, (_, wrong, missed) in _compared(cell, answer, strict=True))


def _compared(cell: GoldCell, answer: Said | None, strict: bool) -> Iterator[tuple[tuple[str, str, str], Counted]]:
    """What each attribute came to, by gold's type, name, and the type said."""
    if answer is None:
        yield from (((cell.type, name, cell.type), (0, 0, 1)) for name in (TYPE, *cell.values))
        return
    of, spoken = _type(answer), _spoken(answer)
    same = of == cell.type
    yield (cell.type, TYPE, of or cell.type), (int(same), int(of is not None and not same), int(not same))
    for name in dict.fromkeys([*cell.values, *spoken]):
        yield (cell.type, name, of or cell.type), _value(cell.values.get(name, ()), spoken.get(name, ""), strict)


def _unasked(answer: Said) -> Iterator[tuple[str, str, int]]:
    of = _type(answer)
    if of in (None, OTHER):
        return
    yield str(of), TYPE, 1
    yield from ((str(of), name, len(value) if isinstance(value, dict) else 1) for name, value in _spoken(answer).items())


def _value(true: Answer, said: str | dict[str, str], strict: bool) -> Counted:
    if isinstance(true, Mapping) and not isinstance(said, str):
        right = _pairs_right(true, said, strict)
        return right, len(said) - right, len(true) - right
    if not said or not true:
        return 0, _many(said), _many(true)
    if isinstance(true, tuple) and isinstance(said, str):
        right = int(_is_same(true, said, strict))
        return right, 1 - right, 1 - right
    return 0, _many(said), _many(true)


def _many(value: Answer | str) -> int:
    """How many values something counts as: each pair, or the one text."""
    return len(value) if isinstance(value, Mapping) else int(bool(value))


def _is_same(accepted: Sequence[str], said: str, strict: bool) -> bool:
    if strict:
        return any(normal(one) == normal(said) for one in accepted)
    return any(token_f1(one, said) >= SAME for one in accepted)


def _pairs_right(true: Mapping[str, str], said: Mapping[str, str], strict: bool) -> int:
    """How many pairs match, each with one other at most."""
    if strict:
        of_gold, of_said = (Counter((normal(key), normal(value)) for key, value in one.items()) for one in (true, said))
        return (of_gold & of_said).total()
    if not true or not said:
        return 0
    from scipy.optimize import linear_sum_assignment

    scores = [[token_f1(f"{a} {b}", f"{c} {d}") for c, d in said.items()] for a, b in true.items()]
    weights = [[one + MORE if one >= SAME_PAIR else 0.0 for one in row] for row in scores]
    rows, columns = linear_sum_assignment(weights, maximize=True)
    return sum(weights[row][column] > 0 for row, column in zip(rows, columns, strict=True))


def _type(answer: Said) -> str | None:
    said = answer.get(TYPE)
    return said if isinstance(said, str) and said else None


def _spoken(answer: Said) -> dict[str, str | dict[str, str]]:
    """The attributes that are said, as texts or pairs of texts."""
    found: dict[str, str | dict[str, str]] = {}
    for name, value in answer.items():
        pairs = {str(key): _text(one) for key, one in value.items()} if isinstance(value, Mapping) else None
        said = _text(value) if pairs is None else {key: one for key, one in pairs.items() if key.strip() or one}
        if said and name not in (VALUE, TYPE):
            found[name] = said
    return found


def _text(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(_text, value)) if isinstance(value, list | tuple) else str(value).strip()


def _scores(counts: Mapping[tuple[str, str], Sequence[int]], true: set[tuple[str, str]], cells: int, answered: int) -> Scores:
    found = {entry: Counts(right=right, wrong=wrong, missed=missed) for entry, (right, wrong, missed) in sorted(counts.items())}
    by_type: dict[str, dict[str, Counts]] = defaultdict(dict)
    for (of, name), one in found.items():
        if one.right or one.wrong or one.missed:
            by_type[of][name] = one
    sums = [sum(column) for column in zip(*counts.values(), strict=True)] or [0, 0, 0]
    rates = [found[entry].rates for entry in sorted(true)]
    return Scores(
        micro=Counts(right=sums[0], wrong=sums[1], missed=sums[2]).rates,
        macro=Rates(**{name: _mean([getattr(one, name) for one in rates]) for name in Rates.model_fields}),
        counts=dict(by_type),
        cells=cells,
        answered=answered,
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


# ---- texts -----------------------------------------------------------------------------------------------------------

SEPARATOR = regex.compile(r"(?<=\d),(?=\d{3}(?!\d))")
MARKS = regex.compile(r"(?<![\p{L}\p{N}.)\]])-(?=\.?\d)(*SKIP)(*FAIL)|(?<!\p{L})\.(?=\d)(*SKIP)(*FAIL)|[\p{P}$+<=>^`|~]")
"""Punctuation, but a minus sign and a decimal point."""


@lru_cache(maxsize=1 << 16)
def normal(text: str) -> str:
    """A text as it is compared: LaTeX as a person reads it, without citations and references, case and punctuation.

    Numbers keep their sign and point, and symbols such as `±` are no punctuation. What is nothing but punctuation, as `-`
    and `%` are, stays as it is.
    """
    read = plain(text) if "\\" in text or "$" in text else text
    folded = unicodedata.normalize("NFKC", read).replace("\N{MINUS SIGN}", "-").casefold()
    words = " ".join(MARKS.sub(" ", SEPARATOR.sub("", folded)).split())
    return words or "".join(folded.split()) or text


def token_f1(one: str, other: str) -> float:
    """The harmonic mean of the shares of words that two texts have in common, each as often as it stands there."""
    a, b = _words(one), _words(other)
    common = (a & b).total()
    return 2 * common / (a.total() + b.total()) if common else 0.0


@lru_cache(maxsize=1 << 16)
def _words(text: str) -> Counter[str]:
    return Counter(normal(text).split())
