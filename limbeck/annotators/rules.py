"""Labelling functions that a person wrote, from a Python file (Ratner et al. 2017, "Snorkel", section 2.1).

def refund(text):
    return "Refunds" if "money back" in text.lower() else None

Such a file is a program: whoever names it lets it run. It may import what is installed, but no file beside it: a run is
named by what is in this file alone.
"""

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from numbers import Real
from pathlib import Path
from types import ModuleType

from limbeck import guests
from limbeck.annotators.ballots import Ballot, Ballots, label_named
from limbeck.errors import ConfigError

Rule = Callable[[str], object]

EXAMPLE = "def refund(text): return 'Refunds' if 'money back' in text else None"
ANSWERS = "return a label, (label, score), a list of these, or None"
QUOTED = 60
"""Characters of a text that a failure quotes."""


def read_rules(path: str | Path) -> dict[str, Rule]:
    """Run a Python file and take its public functions of one text, by name, in the order in which they stand.

    What the file imports, names that begin with `_`, and functions that need more than a text are no rules.

    Raises:
        ConfigError: There is no such file, it can't be run, or it defines no rule.
    """
    path = Path(path)
    try:
        source = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"can't open rules {str(path)!r} ({error.strerror}); write into it: {EXAMPLE}") from None
    if b"\0" in source:
        raise ConfigError(f"rules {str(path)!r} can't be run (they are no text); name a Python file, and write into it: {EXAMPLE}")
    module = ModuleType(f"rules of {path}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # Dataclasses look their module up there.
    trouble = guests.tried(lambda: exec(compile(source, str(path), "exec"), module.__dict__)).exception()
    if trouble is not None:
        raise ConfigError(f"rules {str(path)!r} can't be run ({guests.said(trouble)}); try: python -P {str(path)!r}") from None
    rules = {name: value for name, value in vars(module).items() if _is_rule(name, value, module)}
    if not rules:
        raise ConfigError(f"no rule in {str(path)!r}; write a function of one text: {EXAMPLE}")
    return rules


def _is_rule(name: str, value: object, module: ModuleType) -> bool:
    if name.startswith("_") or not inspect.isfunction(value) or value.__module__ != module.__name__:
        return False
    try:
        inspect.signature(value).bind("a text")
    except TypeError:
        return False
    return True


def rule_ballots(rules: Mapping[str, Rule], texts: Sequence[str], labels: Sequence[str]) -> list[Ballots]:
    """Ask each rule about each text; `rule:NAME` votes.

    A rule abstains, and its failure is counted, where it raises, answers in another form, or names no label.
    """
    return [_ballots(f"rule:{name}", rule, texts, labels) for name, rule in rules.items()]


def _ballots(annotator: str, rule: Rule, texts: Sequence[str], labels: Sequence[str]) -> Ballots:
    votes: list[Ballot] = []
    failures = []
    for text in texts:
        answer = guests.tried(partial(_asked, rule, text, labels))
        failure = answer.exception()
        votes.append(() if failure else answer.result())
        if failure:
            failures.append(f"{guests.said(failure)}, on {text[:QUOTED]!r}")
    return Ballots(annotator, tuple(votes), len(failures), failures[0] if failures else "")


def _asked(rule: Rule, text: str, labels: Sequence[str]) -> Ballot:
    return _ballot(rule(text), labels)


def _ballot(answer: object, labels: Sequence[str]) -> Ballot:
    answers = answer if isinstance(answer, list) else [] if answer is None else [answer]
    scores: dict[str, float] = {}
    for one in answers:
        label, score = _label_and_score(one)
        label = label_named(label, labels)
        scores[label] = max(score, scores.get(label, 0.0))
    return tuple(sorted(scores.items(), key=lambda one: (-one[1], one[0])))


def _label_and_score(answer: object) -> tuple[str, float]:
    match answer:
        case str(label):
            return label, 1.0
        case (str(label), Real() as score) if 0 <= float(score) <= 1:
            return label, float(score)
        case (str(), Real() as score):
            raise ValueError(f"score {score!r}; give one from 0 to 1")
    raise ValueError(f"answer {answer!r}; {ANSWERS}")
