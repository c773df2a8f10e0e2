"""Annotators that are no model: those of the config's `annotators:` vote on a run's documents.

Rules, keywords and the labels' own words vote before the labels are made; keyword rules that limbeck writes itself learn
from examples, or else from the first labels, and then vote too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from limbeck.annotators import (
    Ballots,
    mine,
    neighbour_ballots,
    ngram_ballots,
    pattern_ballots,
    read_patterns,
    read_rules,
    rule_ballots,
    word_ballots,
    write_patterns,
)
from limbeck.batch import Made, one
from limbeck.context import RunContext
from limbeck.errors import ConfigError
from limbeck.progress import Progress
from limbeck.schemas import Category, Document, Vote, content_id
from limbeck.settings import Settings
from limbeck.stages.given import given_rows
from limbeck.stages.labelling import ANNOTATORS, WRITTEN, Shares, believed, relabel
from limbeck.stages.named import examples_of, patterns_of, read_examples, unknown

FIXED = "write `taxonomy: given:` to have labels of these names"
"""How nothing in these files is left to chance."""


def written_down(settings: Settings) -> dict[str, str]:
    """What is in the config's files of annotators, as a hash by key; a run is named by it.

    Raises:
        ConfigError: One can't be read.
    """
    paths = {key: getattr(settings.annotators, key) for key in ("rules", "patterns", "examples")}
    return {key: content_id(_bytes(path).hex()) for key, path in paths.items() if path is not None}


def _bytes(path: str) -> bytes:
    try:
        if Path(path).exists() and not (Path(path).is_file() or Path(path).is_dir()):
            raise ValueError("a pipe or a device, which can't be read twice")
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(f"can't open {path!r} ({why}); correct its path under `annotators:`") from None


def check(settings: Settings, progress: Progress) -> None:
    """Read the config's annotators before anything is written; labels are looked up where they are given.

    Raises:
        ConfigError: A file can't be used, or two models have one name.
    """
    names = [model.name for model in settings.models]
    if len(set(names)) < len(names):
        raise ConfigError(f"two models of {names!r} have one name, so their votes can't be told apart; leave one out")
    asked = settings.annotators
    if asked.rules:
        read_rules(asked.rules)
    labels = [row.name for row in given_rows(settings)]
    if asked.patterns:
        read_patterns(asked.patterns, labels)
    if asked.examples:
        read_examples(asked.examples, labels)
    for path in (asked.patterns, asked.examples):
        if path and not labels:
            progress.note(f"of the labels in {path!r}, those will vote that the taxonomy comes to have; {FIXED}")


async def annotate(context: RunContext, leaves: Sequence[Category], documents: Sequence[Document], space: str) -> None:
    """Let them vote, and keep who they were; rules that an earlier attempt wrote don't count until they are written anew."""

    async def none() -> Made:
        return Made({})

    async def made() -> Made:
        names = []
        for ballots in _ballots(context, [leaf.name for leaf in leaves], documents):
            _put(context, ballots, documents, space)
            names.append(ballots.annotator)
        for path, missing in unknown(context.settings.annotators, [leaf.name for leaf in leaves]).items():
            listed = ", ".join(map(repr, missing))
            context.progress.warn(f"labels in {path!r} that the taxonomy lacks, so that they don't vote: {listed}; {FIXED}")
        return Made({space: names})

    await one(context, ANNOTATORS, "written", none())
    await one(context, ANNOTATORS, "given", made())


async def write(context: RunContext, leaves: tuple[Category, ...], documents: Sequence[Document], space: str) -> None:
    """Write keyword rules from examples, or else from the labels that documents have so far, and let them vote too.

    The rules are kept in the project, as a file that `annotators: patterns:` takes, for a person to edit.
    """
    if not context.settings.annotators.written:
        return

    async def made() -> Made:
        path = context.project / f"written-{context.run.removeprefix('b2:')[:8]}.yaml"
        _put(context, _written(context, [leaf.name for leaf in leaves], documents, space, path), documents, space)
        return Made({space: [WRITTEN]})

    await one(context, ANNOTATORS, "written", made())
    relabel(context, leaves, documents, space)


def _ballots(context: RunContext, labels: list[str], documents: Sequence[Document]) -> Iterator[Ballots]:
    """The votes of those that the config names."""
    asked, texts = context.settings.annotators, [document.text for document in documents]
    if asked.rules:
        yield from rule_ballots(read_rules(asked.rules), texts, labels)
    if asked.patterns:
        yield pattern_ballots("patterns", patterns_of(asked.patterns, labels), texts)
    if asked.words if asked.words is not None else context.settings.labels.several:
        yield word_ballots(texts, labels)
    if asked.examples:
        told, named = zip(*examples_of(asked.examples, labels), strict=True)
        yield neighbour_ballots(context.embed(documents), context.encoder.encode(told), named)


def _written(
    context: RunContext, labels: list[str], documents: Sequence[Document], space: str, path: Path
) -> Ballots:
    """Write the rules to a file, and let them vote: on each text those that were learnt from other texts."""
    texts, examples = [document.text for document in documents], context.settings.annotators.examples
    if examples:
        texts, shares = _told(texts, examples_of(examples, labels), labels)
    else:
        shares = believed(context, space, [document.id for document in documents], labels)
    write_patterns(mine(texts, shares, labels), path)
    ballots = ngram_ballots(texts, shares, labels, seed=context.settings.seed)
    return replace(ballots, votes=ballots.votes[: len(documents)])


def _told(texts: list[str], examples: Sequence[tuple[str, str]], labels: list[str]) -> tuple[list[str], Shares]:
    """The texts and then the examples that are none of them, with [n, k] shares by the examples' labels."""
    rows = {text: row for row, text in enumerate(dict.fromkeys([*texts, *(text for text, _ in examples)]))}
    shares = np.zeros((len(rows), len(labels)), dtype=np.float32)
    for text, label in examples:
        shares[rows[text], labels.index(label)] = 1
    return list(rows), shares / np.maximum(shares.sum(axis=1, keepdims=True), 1)


def _put(context: RunContext, ballots: Ballots, documents: Sequence[Document], space: str) -> None:
    """Keep votes for the primary label and for all that apply; abstaining takes back what was said in another run."""
    name, items = ballots.annotator, [document.id for document in documents]
    for kind in (space, f"{space}/all"):
        votes = [
            Vote(item=item, space=kind, annotator=name, label=label, score=score)
            for item, ballot in zip(items, ballots.votes, strict=True)
            for label, score in ballot
        ]
        context.store.put_votes(kind, name, votes, items)
    if ballots.failed:
        context.progress.warn(f"{name} failed on {ballots.failed} documents: {ballots.first_failure}")
