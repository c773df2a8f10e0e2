"""How InfiAgent-DABench scores an answer (Hu et al. 2024, arXiv:2401.05507): closed form, by rule.

    score("The mean is @mean_fare[34.65].", [["mean_fare", "34.65"]]) == {"mean_fare": True}

The rules are those of its published evaluator (InfiAgent/InfiAgent, `examples/DA-Agent/eval_closed_form.py`):

- An answer is any text with `@name[value]` in it. A name is of letters, digits and `_`; a value ends at the first `]` and has
  no line break; what else the text says doesn't matter. Of one name said twice the last counts, in gold as well.
- A value is right if it is the same text, blanks and case included, or if both are floats less than 1e-6 apart.
- A question counts if all its values are right (ABQ). Further values do no harm.

What we do otherwise:

- Theirs leaves questions without an answer out of the count; here they are wrong.
- Theirs first lets a GPT write the answer anew in the form that is asked for; here the text is scored as it is.

Consequences of the rules that look like mistakes, and are kept: a list within brackets is cut at its first `]`, so that one
gold value is `[`, which an empty list (`@outlier_list[[]]`) meets; of gold with one name for several values the last
alone is asked for; `nan` is right only where gold is spelt the same way.
"""

import re
from collections.abc import Sequence

VALUE = re.compile(r"@(\w+)\[(.*?)\]")
NEAR = 1e-6

Answers = Sequence[Sequence[str]]
"""Gold: pairs of name and value."""


def score(text: str, gold: Answers) -> dict[str, bool]:
    """Whether each of gold's values is right, by name."""
    found = said(text)
    return {name: name in found and is_equal(found[name], value) for name, value in gold}


def said(text: str) -> dict[str, str]:
    """The values that an answer states, by name."""
    return dict(VALUE.findall(text))


def is_equal(value: str, gold: str) -> bool:
    """Whether a value is gold, as text or as a number."""
    if value == gold:
        return True
    try:
        return abs(float(value) - float(gold)) < NEAR
    except ValueError:
        return False


def written(gold: Answers) -> str:
    """Gold in the form in which it is asked for."""
    return " ".join(f"@{name}[{value}]" for name, value in gold)
