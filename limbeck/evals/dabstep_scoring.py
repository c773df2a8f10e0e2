"""How DABStep scores an answer (Egg et al. 2025, arXiv:2506.23719): nearly exact, once both sides are of one type.

    is_right("$1,200.50", "1200.5") and is_right("b; a", "[a, b]")

The rules are those of the leaderboard's `dabstep_benchmark/evaluation/scorer.py` (the space adyen/DABstep on Hugging Face),
read in two copies that agree (one in link-failed/vlqa-agent), not at their source. An older copy has wider tolerances
(1e-2 in place of 1e-4) and counts whole numbers among the figures below. Case and outer blanks never count. In this order:

1. If either side as a whole is a figure (digits with `,` at each thousand, or with one `.` or `,` among them; a `$` may stand
   before it), the first numbers in both are compared; a side without one is wrong.
2. If either has a `,` or a `;`, both are lists: outer brackets go, items are parted at `,` and `;`, empty ones go, the others
   are sorted and compared in pairs by all these rules; there have to be as many.
3. If there is a number in both, the first ones are compared.
4. Else they are texts: the same letters and digits; or, where one of them is a single word, all words of one among the other's;
   or more than 0.95 alike (Ratcliff and Obershelp's measure, as in difflib).

Numbers are right if equal, if within 1e-4 (relative or absolute), or, unless both are below 1, if equal once rounded to the
decimals of the one that has fewer. `,` and `$` are left out of numbers beforehand, `%` doesn't count.

`Not Applicable` is a text like others: `n/a` isn't it, while the single word `applicable` is.

Consequences that look like mistakes, and are kept, as scores are to be comparable: signs don't count (`-5` is `5`); what is said
around a first number doesn't (`C:69.36` is `D:69.36`, `in 2023 it was 5` is `2023`); `0,99` is 99; `yes and no` is `yes`; sorted as
texts, items that differ a little may be paired wrongly.
"""

import math
import re
from difflib import SequenceMatcher

FIGURE = re.compile(r"\$?(\d{1,3}(,\d{3})+(\.\d+)?|\d+[.,]\d+)")
NUMBER = re.compile(r"\d*\.\d+|\d+\.?")
NEAR = 1e-4
ALIKE = 0.95


def is_right(answer: str, gold: str) -> bool:
    """Whether an answer is gold."""
    answer, gold = answer.strip().lower(), gold.strip().lower()
    numbers = _number(answer), _number(gold)
    if FIGURE.fullmatch(answer) or FIGURE.fullmatch(gold):
        return _same_number(*numbers)
    if re.search("[,;]", answer + gold):
        return _same_list(_items(answer), _items(gold))
    if None not in numbers:
        return _same_number(*numbers)
    return _same_text(answer, gold)


def _number(text: str) -> float | None:
    """The first number in a text, without its sign."""
    found = NUMBER.search(text.replace(",", "").replace("$", ""))
    return float(found[0]) if found else None


def _same_number(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return False
    if math.isclose(one, other, rel_tol=NEAR, abs_tol=NEAR):
        return True
    if max(one, other) < 1:
        return False
    decimals = min(_decimals(one), _decimals(other))
    return round(one, decimals) == round(other, decimals)


def _decimals(number: float) -> int:
    """As Python writes it: one for a whole number."""
    return len(str(number).partition(".")[2])


def _items(text: str) -> list[str]:
    bare = text.removeprefix("[").removesuffix("]")
    return sorted(item.strip() for item in re.split("[,;]", bare) if item.strip())


def _same_list(one: list[str], other: list[str]) -> bool:
    return len(one) == len(other) and all(is_right(*pair) for pair in zip(one, other, strict=True))


def _same_text(one: str, other: str) -> bool:
    if re.sub(r"\W", "", one) == re.sub(r"\W", "", other):
        return True
    words, others = re.findall(r"\w+", one), re.findall(r"\w+", other)
    if words and others and 1 in (len(words), len(others)):
        return set(words) <= set(others) or set(others) <= set(words)
    return SequenceMatcher(None, one, other).ratio() > ALIKE
