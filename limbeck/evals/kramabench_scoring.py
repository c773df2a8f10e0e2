"""How KramaBench scores an answer (Lai et al. 2025, arXiv:2506.06541), by the type of its gold.

    score("3.13330000001", 3.1333, "numeric_exact") == 1.0

The rules are those of mitdbg/Kramabench, `benchmark/metrics.py` and `benchmark/fixtures/answer_type_fixtures.json`; a
benchmark's score is the mean over its tasks. Of its versions:

- `numeric_exact`: 1 if the relative error is below 1e-6 (absolute where gold is 0); whole gold has to be equal. Later versions
  also take whatever is within 1e-4 of the larger number, so that rounded answers pass; we don't, which can only cost us.
- `numeric_approximate`: 1 / (1 + relative error), `RAEScore`. A first version only reported errors.
- `string_exact`: 1 if the same text, case and outer blanks aside.
- `string_approximate`: a GPT judges whether it means the same. Nobody does here: such tasks are `judged`, left out of accuracy, and
  scored by `rouge1`, which their first version reported beside the judge.
- `list_exact`: F1 of items, texts as in `string_exact`, numbers with a relative error of at most 1e-6. An item of gold is found if
  any said item is it, a said item is right if it is the first that some item of gold finds.
- `list_approximate`: the same with numbers within 1%; texts are judged by the GPT, so that lists with texts are `judged`.

Their systems answer in JSON, ours in text: a number is what Python's `float` reads, or that with `%`, a hundredth of it; a list is JSON
or Python's notation, else what commas part.

What in theirs looks like a mistake:

- `numeric_approximate` divides by gold, so that no answer is right where gold is 0; here an equal one is. An answer of 0 earns
  0.5 anywhere else; kept.
- Later `numeric_exact` reads `5%` as 5, all others as 0.05; here it is 0.05.
- Lists without brackets are given to `eval`, which runs whatever a model wrote; we read literals alone.
- Of items of gold that are alike each finds the same said one: `[a]` has an F1 of 1 against `[a, a]`, which itself has 2/3; kept. In the first version numbers found were left out of precision, so that lists of
  numbers always scored 0, and approximate ones were found only if they were off by a factor of ten; both since mended.
- The total that `evaluate.py` printed left `string_approximate` out for a while (issue 22).
"""

import ast
import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

Gold = float | str | Sequence[Any]
NEAR = 1e-6
LIST_NEAR = 0.01
"""Of numbers in a `list_approximate`."""
TINY = 1e-12
"""What a relative error is taken of where a list's gold is 0."""


def score(text: str, gold: Gold, kind: str) -> float:
    """From 0 to 1.

    Args:
        text: The answer.
        gold: A number, a text or a list, as `kind` says.
        kind: The benchmark's `answer_type`.
    """
    if isinstance(gold, str):
        return rouge1(text, gold) if is_judged(gold, kind) else float(_folded(text) == _folded(gold))
    if isinstance(gold, Sequence):
        return _f1(items(text), gold, NEAR if kind == "list_exact" else LIST_NEAR)
    said = number(text)
    if said is None:
        return 0.0
    return _nearness(said, gold) if kind == "numeric_approximate" else float(_is_equal(said, gold))


def is_judged(gold: Gold, kind: str) -> bool:
    """Whether the benchmark has a GPT judge such an answer."""
    texts = gold if isinstance(gold, Sequence) and not isinstance(gold, str) else [gold]
    return kind.endswith("_approximate") and any(isinstance(one, str) for one in texts)


def is_readable(text: str, gold: Gold) -> bool:
    """Whether an answer is of gold's type."""
    if isinstance(gold, str):
        return bool(text.strip())
    return (items(text) if isinstance(gold, Sequence) else number(text)) is not None


def number(text: str) -> float | None:
    """The number that a text is; None if it is none, or not a finite one."""
    bare = text.strip()
    try:
        said = float(bare.removesuffix("%")) / (100 if bare.endswith("%") else 1)
    except ValueError:
        return None
    return said if math.isfinite(said) else None


def items(text: str) -> list[Any] | None:
    """The list that a text is; None if it is something else."""
    for read in (json.loads, ast.literal_eval):
        try:
            said = read(text.strip())
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            continue
        return list(said) if isinstance(said, list | tuple | set) else None
    return [item.strip() for item in text.split(",") if item.strip()]


def rouge1(text: str, gold: str) -> float:
    """F1 of the words, as ROUGE-1 without stemming counts them; a stand-in for a judge."""
    said, wanted = (Counter(re.findall("[a-z0-9]+", one.lower())) for one in (text, gold))
    both = (said & wanted).total()
    return 2 * both / (said.total() + wanted.total()) if both else 0.0


def _folded(text: str) -> str:
    return text.strip().lower()


def _is_equal(said: float, gold: float) -> bool:
    if isinstance(gold, int):
        return said == gold
    return said == gold or abs(said - gold) < NEAR * (abs(gold) or 1.0)


def _nearness(said: float, gold: float) -> float:
    if gold == 0:
        return float(said == 0)
    return 1 / (1 + abs(said - gold) / abs(gold))


def _f1(said: list[Any] | None, gold: Sequence[Any], near: float) -> float:
    if said is None:
        return 0.0
    if not gold:
        return float(not said)
    first = [next((at for at, one in enumerate(said) if _matches(one, wanted, near)), None) for wanted in gold]
    found = [at for at in first if at is not None]
    if not found:
        return 0.0
    recall, precision = len(found) / len(gold), len(set(found)) / len(said)
    return 2 * precision * recall / (precision + recall)


def _matches(said: Any, gold: Any, near: float) -> bool:
    if isinstance(gold, str):
        return _folded(str(said)) == _folded(gold)
    if said == gold or not isinstance(gold, int | float):
        return bool(said == gold)
    value = number(str(said))
    return value is not None and abs(value - gold) / max(abs(gold), TINY) <= near
