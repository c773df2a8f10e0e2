"""Files in which a person names labels: patterns, and labelled examples.

Of a taxonomy that is given, all of these labels must be. One that is found has names that nobody can foresee, though a
person may have seen them in an earlier run and written them down here: then the labels that it has count, and the run tells
which it lacks.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from limbeck import documents as reading
from limbeck.annotators import Pattern, read_patterns
from limbeck.annotators.ballots import label_named
from limbeck.errors import ConfigError, NoColumn, NoText
from limbeck.sections import AnnotatorSettings

TEXT, LABEL = "text", "label"
QUOTED = 60
"""Characters of an example that an error quotes."""

Example = tuple[str, str]
"""A text and its label."""


def read_examples(path: str, labels: Sequence[str]) -> list[Example]:
    """Labelled texts: each text with its label, or with each of its labels where they differ.

    Args:
        path: The file.
        labels: Those known; any will do where none is known yet.

    Raises:
        ConfigError: The file can't be used, has no such columns, or a label is missing or unknown.
    """
    try:
        corpus = reading.read(path, text=TEXT, gold=LABEL)
    except NoColumn as error:
        raise ConfigError(f"{error.trouble}; name its columns {TEXT!r} and {LABEL!r}") from None
    except NoText as error:
        raise ConfigError(f"{error.trouble}; write a text there and its label under {LABEL!r}") from None
    if not any(place.gold and place.gold.strip() for place in corpus.places):
        raise ConfigError(f"no label in column {LABEL!r} of {path!r}; write each text's label there, or leave the file out")
    texts = {document.id: document.text for document in corpus.documents}
    told: dict[Example, None] = {}
    for place in corpus.places:
        text, said = texts[place.document], place.gold or ""
        try:
            if not said.strip():
                raise ValueError("no label; leave the row out, or label it")
            told[text, label_named(said, labels)] = None
        except ValueError as error:
            raise ConfigError(f"{path!r}, example {text[:QUOTED]!r}: {error}") from None
    return list(told)


def patterns_of(path: str, labels: Sequence[str]) -> list[Pattern]:
    """The patterns of the labels that there are; ConfigError where that is none."""
    found = read_patterns(path, ())
    known = _known((one.label for one in found), labels)
    return [replace(one, label=known[one.label]) for one in found if one.label in known] or read_patterns(path, labels)


def examples_of(path: str, labels: Sequence[str]) -> list[Example]:
    """The examples of the labels that there are; ConfigError where that is none."""
    found = read_examples(path, ())
    known = _known((label for _, label in found), labels)
    return [(text, known[label]) for text, label in found if label in known] or read_examples(path, labels)


def unknown(asked: AnnotatorSettings, labels: Sequence[str]) -> dict[str, list[str]]:
    """The labels that are none of these, by file; files without any are left out."""
    named = {}
    if asked.patterns:
        named[asked.patterns] = {one.label for one in read_patterns(asked.patterns, ())}
    if asked.examples:
        named[asked.examples] = {label for _, label in read_examples(asked.examples, ())}
    left = {path: sorted(names - _known(names, labels).keys()) for path, names in named.items()}
    return {path: names for path, names in left.items() if names}


def _known(names: Iterable[str], labels: Sequence[str]) -> dict[str, str]:
    """The label of each name that is one."""
    known = {}
    for name in dict.fromkeys(names):
        with suppress(ValueError):
            known[name] = label_named(name, labels)
    return known
