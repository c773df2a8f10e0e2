"""Keywords and regular expressions that vote, from a YAML file that a person or `ngrams.py` wrote.

refunds: [refund, "money back", '/charged (me )?twice/']
top up failed: {top up: 0.81, declined: 0.6}

A keyword counts where it stands as words of its own, whatever the capitals; in scripts that put no space between words,
or join endings to them, it counts anywhere. A pattern votes with the score it is given, else with 1.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import regex  # type: ignore[import-untyped]
import yaml

from limbeck.annotators.ballots import Ballot, Ballots, label_named
from limbeck.errors import ConfigError

JOINED = "".join(rf"\p{{{s}}}" for s in "Han Hiragana Katakana Hangul Thai Lao Khmer Myanmar".split())
LETTER = rf"[^\W{JOINED}]"
"""A character of a script whose words stand apart."""
SECONDS = 0.2
"""A regular expression that takes longer on one text has failed there; some take longer than the universe will last."""
PATIENCE = 5
"""Texts on which a regular expression may fail so, before it is left out: there may be very many texts."""
QUOTED = 60
"""Characters of a text that a failure quotes."""
EXAMPLE = "write lines such as `refunds: [refund, \"money back\", '/charged.*twice/']`"


@dataclass(frozen=True)
class Pattern:
    """What votes for a label where it is found in a text."""

    label: str
    written: str
    """A keyword, or a regular expression between slashes."""
    score: float = 1.0

    @property
    def is_regex(self) -> bool:
        """Whether it stands between slashes."""
        return len(self.written) > 2 and self.written.startswith("/") and self.written.endswith("/")

    @cached_property
    def compiled(self) -> Any:
        """Searched in a text as it is; for a keyword, in one that is folded."""
        if self.is_regex:
            return regex.compile(self.written[1:-1], regex.IGNORECASE)
        word = self.folded
        before = f"(?<!{LETTER})" if regex.match(LETTER, word) else ""
        after = f"(?!{LETTER})" if regex.match(LETTER, word[-1]) else ""
        return regex.compile(before + regex.escape(word) + after)

    @cached_property
    def folded(self) -> str:
        """The keyword as `folded` texts have it."""
        return folded(self.written)

    def found(self, text: str, folded: str) -> bool:
        """Whether it is in a text, which is also given folded.

        Raises:
            TimeoutError: A regular expression took too long.
        """
        if self.is_regex:
            return self.compiled.search(text, timeout=SECONDS) is not None
        return self.folded in folded and self.compiled.search(folded) is not None


def pattern_ballots(annotator: str, patterns: Sequence[Pattern], texts: Sequence[str]) -> Ballots:
    """Look for patterns in texts.

    A label's scores add up where several of its patterns are found; the largest sum votes as surely as the surest pattern,
    the others in proportion, so that two labels found alike both apply in full.
    """
    votes, slow = [], []
    patience = dict.fromkeys((pattern.written for pattern in patterns), PATIENCE)
    for row, text in enumerate(texts):
        plain, found = folded(text), []
        for pattern in (one for one in patterns if patience[one.written]):
            try:
                found += [pattern] if pattern.found(text, plain) else []
            except TimeoutError:
                slow.append((row, pattern.written))
                patience[pattern.written] -= 1
        votes.append(_ballot(found))
    return Ballots(annotator, tuple(votes), len({row for row, _ in slow}), _too_slow(texts, slow))


def _too_slow(texts: Sequence[str], slow: Sequence[tuple[int, str]]) -> str:
    if not slow:
        return ""
    row, written = slow[0]
    return f"{written} takes over {SECONDS} s on {texts[row][:QUOTED]!r}; write it without nested `*` or `+`"


def _ballot(found: Sequence[Pattern]) -> Ballot:
    scores: dict[str, float] = defaultdict(float)
    for pattern in found:
        scores[pattern.label] += pattern.score
    largest = max(scores.values(), default=0.0)
    surest = max((pattern.score for pattern in found), default=0.0)
    ranked = sorted(scores.items(), key=lambda one: (-one[1], one[0]))
    return tuple((label, surest * score / largest) for label, score in ranked if score > 0)


def folded(text: str) -> str:
    """A text on one line, its capitals gone."""
    return " ".join(text.split()).casefold()


# ---- the file --------------------------------------------------------------------------------------------------------


def read_patterns(path: str | Path, labels: Sequence[str]) -> list[Pattern]:
    """Read a file of patterns: `label: [pattern, …]`, or `label: {pattern: score, …}`.

    Args:
        path: The file.
        labels: Those known; any will do where none is known yet.

    Raises:
        ConfigError: There is no such file, it has another form, a label is not among `labels` or stands there twice, or
            a regular expression is wrong; the message names the line.
    """
    path = Path(path)
    try:
        # Composed, not loaded: nodes know their lines, and `no` and `007` stay the words they are.
        tree = yaml.compose(path.read_bytes(), Loader=yaml.SafeLoader)
    except OSError as error:
        raise ConfigError(f"can't open patterns {str(path)!r} ({error.strerror}); {EXAMPLE}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{str(path)!r} is not YAML{line}; put regular expressions in single quotes: '/…/'") from None
    if not isinstance(tree, yaml.MappingNode) or not tree.value:
        raise ConfigError(f"no patterns in {str(path)!r}; {EXAMPLE}")
    patterns: dict[str, list[Pattern]] = {}
    for key, value in tree.value:
        try:
            label = label_named(_scalar(key), labels)
            if label in patterns:
                raise ValueError("the label is there twice; write all its patterns in one list")
            patterns[label] = list(_patterns(label, value))
        except ValueError as error:
            name = f", label {key.value!r}" if isinstance(key, yaml.ScalarNode) else ""
            raise ConfigError(f"{str(path)!r}, line {key.start_mark.line + 1}{name}: {error}") from None
    found = [pattern for label in patterns.values() for pattern in label]
    if not found:
        raise ConfigError(f"no patterns in {str(path)!r}; {EXAMPLE}")
    return found


def write_patterns(patterns: Sequence[Pattern], path: Path) -> None:
    """Write the file that `read_patterns` reads, for a person to look at and edit."""
    by_label: dict[str, dict[str, float]] = {}
    for pattern in patterns:
        by_label.setdefault(pattern.label, {})[pattern.written] = pattern.score
    text = yaml.safe_dump(by_label, allow_unicode=True, sort_keys=False, default_flow_style=None, width=120)
    path.write_text(text, encoding="utf-8")


def _patterns(label: str, value: yaml.Node) -> Iterator[Pattern]:
    """A label's patterns, each once; ValueError where one can't be used."""
    for written, score in dict(_written(value)).items():
        pattern = Pattern(label, written, score)
        if not pattern.folded:
            raise ValueError("an empty keyword matches everything; leave it out")
        if not 0 <= score <= 1:
            raise ValueError(f"score {score!r} of {written!r}; write one from 0 to 1")
        try:
            _ = pattern.compiled
        except (regex.error, RecursionError) as error:
            raise ValueError(f"regular expression {written!r} is wrong ({error}); try it at a Python prompt") from None
        yield pattern


def _written(value: yaml.Node) -> Iterator[tuple[str, float]]:
    match value:
        case yaml.MappingNode():
            yield from ((_scalar(key), _number(score)) for key, score in value.value)
        case yaml.SequenceNode():
            yield from ((_scalar(one), 1.0) for one in value.value)
        case _:
            yield _scalar(value), 1.0


def _scalar(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise ValueError(f"a list inside a list; {EXAMPLE}")
    return str(node.value)


def _number(node: yaml.Node) -> float:
    try:
        return float(_scalar(node))
    except ValueError:
        raise ValueError(f"score {node.value!r}; write one from 0 to 1") from None
