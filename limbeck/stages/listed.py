"""The list of labels of a run, ready to be looked up, and the program that does it."""

import asyncio
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from limbeck.context import RunContext
from limbeck.embedding import Embedder, Kept, OnBatch, Served, kept, named, open_embedder
from limbeck.encoder import SENTENCE
from limbeck.errors import ConfigError
from limbeck.programs.extreme import InferRetrieveRank, OrderOptions
from limbeck.progress import Progress
from limbeck.retrieval import labelset
from limbeck.retrieval.hubs import FEWEST, nearness
from limbeck.retrieval.labelset import LabelSet
from limbeck.retrieval.nearest import Floats
from limbeck.retrieval.options import Options
from limbeck.retrieval.retriever import PASSAGE, Embed, Retriever, build
from limbeck.schemas import content_id
from limbeck.sections import MINILM, LabelsetSettings, RetrievalSettings
from limbeck.settings import Settings

MOST_TEXTS = 2000
"""Documents by which hubs are found."""
COLUMNS = ("label", "description", "synonyms", "parent")


def label_set(settings: Settings) -> LabelSet:
    """The labels that a config names, read once.

    Raises:
        ConfigError: The config names none, or the file can't be read.
    """
    wanted = _wanted(settings)
    return _read(wanted, _stamp(wanted.source))


def priors(settings: Settings) -> tuple[Floats | None, tuple[str, ...]]:
    """[labels] how frequent each label is, where the config says so; and what was left out of it."""
    source = _wanted(settings).priors
    return _read_priors(source, _stamp(source), label_set(settings)) if source else (None, ())


def check(settings: Settings, progress: Progress) -> None:
    """Whether labels, priors, program and embedder can be used; says what of the labels was left out.

    Raises:
        ConfigError: One of them can't; nothing was written.
    """
    labels, (_, lost) = label_set(settings), priors(settings)
    for note in (*labels.notes, *lost):
        progress.note(note)
    if settings.retrieval.prior and _wanted(settings).priors is None:
        raise ConfigError("`retrieval: prior:` has nothing to go by; name the file of priors: `labelset: {priors: …}`")
    if _wanted(settings).priors and not settings.retrieval.prior:
        progress.note("the priors change nothing without `retrieval: {prior: A}`, such as 1000")
    program_of(settings)
    _trial(settings)


def _trial(settings: Settings) -> None:
    """Embed a sentence, as nothing less would tell; the embedded encoder needs no trial."""
    if settings.retrieval.encoder != MINILM or settings.retrieval.base_url:
        asyncio.run(open_embedder(settings.retrieval).embed([SENTENCE]))


def written_down(settings: Settings) -> list[str]:
    """The labels and their priors, as hashes of what was read."""
    shares, _ = priors(settings)
    return [label_set(settings).id, content_id([] if shares is None else shares.tolist())]


def others(settings: Settings) -> list[str]:
    """What else the outcome depends on: the saved program, and the encoder's files."""
    return [program_of(settings), named(settings.retrieval)]


def program_of(settings: Settings) -> str:
    """The saved program's text; empty where the config names none.

    Raises:
        ConfigError: It can't be read.
    """
    path = settings.program
    if path is None:
        return ""
    try:
        text = Path(path).read_text("utf-8")
        InferRetrieveRank(_nothing, adds=settings.rank.open).load(path)
        if (saved := _adds(text)) != settings.rank.open:
            raise ConfigError(f"program {path!r} was optimised with `rank: {{open: {str(saved).lower()}}}`; write the same")
        return text
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(f"no program in {path!r} ({said}); save one with: limbeck optimize YOUR.yaml") from None


def _adds(program: str) -> bool:
    """Whether a saved program's Rank names labels that the list lacks: that has an output more."""
    return len(json.loads(program)["rank.order"]["signature"]["fields"]) > len(OrderOptions.fields)


async def _nothing(text: str, inferred: Sequence[str]) -> Options:
    return Options(labels=())


def _wanted(settings: Settings) -> LabelsetSettings:
    if settings.labelset is None:
        raise ConfigError(f"pipeline {settings.pipeline!r} has no list of labels; write `pipeline: extreme` and `labelset:`")
    return settings.labelset


@lru_cache(maxsize=1)
def _read(wanted: LabelsetSettings, stamp: Any) -> LabelSet:
    return labelset.read(wanted.source, {key: getattr(wanted, key) for key in COLUMNS})


@lru_cache(maxsize=1)
def _read_priors(source: str, stamp: Any, labels: LabelSet) -> tuple[Floats, tuple[str, ...]]:
    return labelset.read_priors(source, labels)


def _stamp(source: str) -> Any:
    """What changes when a file does."""
    path = Path(source)
    return (path.stat().st_mtime_ns, path.stat().st_size) if path.exists() else None


async def open_retriever(context: RunContext) -> Retriever:
    """The labels, ready to be looked up; made once a process, from what the store has of them."""
    if context.retriever is None:
        labels, settings = label_set(context.settings), context.settings.retrieval
        with context.progress.stage("embed", len(labels) * (2 if labels.described else 1), "labels") as stage:
            embedder, embed = cached(context, settings, stage.advance)
            shares, _ = priors(context.settings)
            context.retriever = await build(
                labels, embedder, embed=embed, words=settings.words, prior=shares, a=settings.prior, windowed=settings.windows
            )
        if settings.hubness:
            context.retriever = replace(context.retriever, hubs=await _hubs(context, context.retriever))
    return context.retriever


def cached(context: RunContext, settings: RetrievalSettings, on_batch: OnBatch | None = None) -> tuple[Embedder, Embed]:
    """An embedder, and how it embeds each text but once a project."""
    embedder = open_embedder(settings)
    embed = partial(kept, context.store, embedder, on_batch=on_batch)
    return Kept(context.store, embedder) if isinstance(embedder, Served) else embedder, embed


async def _hubs(context: RunContext, retriever: Retriever) -> Floats | None:
    """Which labels are near to everything, by the documents."""
    documents = context.store.documents(context.run)
    drawn = random.Random(context.settings.seed).sample(documents, min(len(documents), MOST_TEXTS))
    texts = await kept(context.store, retriever.embedder, [one.text[:PASSAGE] for one in drawn])
    found = nearness(retriever.near, len(retriever.labels), texts)
    if found is None:
        context.progress.note(f"hubness is not corrected: {len(texts)} documents are too few to tell hubs, {FEWEST} are needed")
    return found


def open_program(context: RunContext) -> InferRetrieveRank:
    """Infer, Retrieve and Rank as the config wants them: as `limbeck optimize` saved them, or as they come.

    Labels are made ready when Retrieve is first asked; Infer and Rank do without.
    """
    rank = context.settings.rank

    async def look(text: str, inferred: Sequence[str]) -> Options:
        retriever = await open_retriever(context)
        return Options.of((await retriever.find([text], [inferred], options))[0], retriever.labels.names)

    options = context.settings.retrieval.options
    program = InferRetrieveRank(look, options=options, ranked=rank.ranked, adds=rank.open)
    if context.settings.program:
        program.load(context.settings.program)
    return program
