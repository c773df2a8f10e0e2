"""Who makes vectors for retrieval: the embedded encoder, any sentence-transformers model, or a server that embeds.

    embedder = open_embedder(settings.retrieval)
    vectors = await kept(store, embedder, texts)

Retrieval compares short texts as the encoder was trained to, by its last layer alone; other uses mix layers
(`encoder.py`), which costs ten points here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from limbeck.device import device, halves
from limbeck.encoder import Embeddings, Encoder, refused
from limbeck.llm import OpenAIServer
from limbeck.neighbours import unit
from limbeck.schemas import content_id
from limbeck.sections import MINILM, ModelSettings, RetrievalSettings
from limbeck.store import Store

AT_ONCE = 4096
"""Texts embedded, and kept, at once."""
OnBatch = Callable[[int], None]
Tokens = list[tuple[list[int], Embeddings]]
"""Of each text: its tokens' numbers, and unit vectors [tokens, dimensions]."""


class Embedder(Protocol):
    """Makes vectors of texts."""

    @property
    def name(self) -> str:
        """What its vectors are kept under."""

    async def embed(self, texts: Sequence[str], on_batch: OnBatch | None = None) -> Embeddings:
        """float32 [texts, dimensions], unit vectors."""

    def token_ids(self, texts: Sequence[str]) -> list[list[int]] | None:
        """The numbers of each text's tokens; None where it has no vectors of tokens."""

    def tokens(self, texts: Sequence[str]) -> Tokens:
        """Vectors of each text's tokens, where it has them."""


@dataclass(frozen=True)
class Local:
    """An encoder of limbeck's, adapted or not."""

    name: str
    encoder: Encoder

    async def embed(self, texts: Sequence[str], on_batch: OnBatch | None = None) -> Embeddings:
        """By its last layer."""
        with halves():
            return self.encoder.last_layer(texts, on_batch)

    def token_ids(self, texts: Sequence[str]) -> list[list[int]] | None:
        """By its tokenizer."""
        return token_ids_of(self.encoder.tokenizer, texts)

    def tokens(self, texts: Sequence[str]) -> Tokens:
        """By its last layer."""
        with halves():
            return self.encoder.token_vectors(texts)


@dataclass(frozen=True)
class SentenceTransformers:
    """A sentence-transformers model, with its own pooling and whatever else it does."""

    name: str
    path: str
    """Its folder or hub id."""

    @cached_property
    def model(self) -> Any:
        """The model, loaded when it is first needed.

        Raises:
            ConfigError: There is no such model, or it can't be read.
        """
        from sentence_transformers import SentenceTransformer

        try:
            return SentenceTransformer(self.path, device=device())
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, ImportError, AttributeError) as error:
            raise refused(self.path, "loaded", error) from error

    async def embed(self, texts: Sequence[str], on_batch: OnBatch | None = None) -> Embeddings:
        """As the model does."""
        found = self.model.encode(list(texts), batch_size=64, show_progress_bar=False, convert_to_numpy=True)
        if on_batch:
            on_batch(len(texts))
        return _units(found)

    def token_ids(self, texts: Sequence[str]) -> list[list[int]] | None:
        """By its tokenizer."""
        return token_ids_of(self.model.tokenizer, texts)

    def tokens(self, texts: Sequence[str]) -> Tokens:
        """As the model's transformer does."""
        tokenizer, limit = self.model.tokenizer, self.model.max_seq_length
        ends = set(tokenizer.all_special_ids)
        ids = tokenizer(list(texts), truncation=True, max_length=limit)["input_ids"] if texts else []
        hidden = self.model.encode(list(texts), output_value="token_embeddings", show_progress_bar=False) if texts else []
        found: Tokens = []
        for numbers, vectors in zip(ids, hidden, strict=True):
            inner = [place for place, token in enumerate(numbers) if token not in ends]
            found.append(([numbers[place] for place in inner], unit(vectors.float().cpu().numpy()[inner])))
        return found


@dataclass(frozen=True)
class Served:
    """A server's `/embeddings`."""

    name: str
    settings: ModelSettings
    base_url: str

    async def embed(self, texts: Sequence[str], on_batch: OnBatch | None = None) -> Embeddings:
        """By the server, many texts a request.

        Raises:
            ModelUnreachable: It is gone, takes no key, or doesn't embed.
        """
        async with OpenAIServer(self.settings, self.base_url, self.settings.name) as server:
            return _units(await server.embed(texts, on_batch))

    def token_ids(self, texts: Sequence[str]) -> list[list[int]] | None:
        """A server gives none."""
        return None

    def tokens(self, texts: Sequence[str]) -> Tokens:
        """A server gives none."""
        return []


def _units(vectors: Any) -> Embeddings:
    """Unit vectors [texts, dimensions]; [0, 0] of no texts."""
    return unit(np.asarray(vectors, dtype=np.float32).reshape(len(vectors), -1 if len(vectors) else 0))


def token_ids_of(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """Without those that mark a text's ends; none for no texts, which tokenizers refuse."""
    return list(tokenizer(list(texts), add_special_tokens=False)["input_ids"]) if texts else []


def open_embedder(settings: RetrievalSettings) -> Embedder:
    """The embedder that a config names; nothing is loaded yet but the embedded encoder."""
    if settings.base_url:
        model = ModelSettings(name=settings.encoder, base_url=settings.base_url, api_key_env=settings.api_key_env)
        return Served(named(settings), model, settings.base_url)
    if settings.encoder == MINILM:
        return Local(MINILM, Encoder.load())
    return SentenceTransformers(named(settings), settings.encoder)


def named(settings: RetrievalSettings) -> str:
    """What an encoder's vectors are kept under: another server, or a folder whose files have changed, is another encoder."""
    if settings.base_url:
        return f"{settings.encoder} at {settings.base_url.rstrip('/')}"
    folder = Path(settings.encoder)
    if settings.encoder == MINILM or not folder.is_dir():
        return settings.encoder
    files = [(one, one.stat()) for one in sorted(folder.rglob("*")) if one.is_file()]
    stamps = [[one.relative_to(folder).as_posix(), stat.st_size, stat.st_mtime_ns] for one, stat in files]
    return f"{folder.name} {content_id(stamps)}"


@dataclass(frozen=True)
class Kept:
    """A server's vectors, each text embedded but once a project, since they are paid for."""

    store: Store
    served: Served

    @property
    def name(self) -> str:
        """The server's."""
        return self.served.name

    async def embed(self, texts: Sequence[str], on_batch: OnBatch | None = None) -> Embeddings:
        """From the store, or the server."""
        return await kept(self.store, self.served, texts, on_batch)

    def token_ids(self, texts: Sequence[str]) -> list[list[int]] | None:
        """A server gives none."""
        return None

    def tokens(self, texts: Sequence[str]) -> Tokens:
        """A server gives none."""
        return []


async def kept(store: Store, embedder: Embedder, texts: Sequence[str], on_batch: OnBatch | None = None) -> Embeddings:
    """Vectors of texts: those that the store has, and the rest from the embedder, kept as they come.

    Returns:
        float32 [texts, dimensions], unit vectors, in the order given; [0, 0] for no texts.
    """
    ids = [content_id(text) for text in texts]
    known = store.embeddings(embedder.name, ids)
    new = {id: text for id, text in zip(ids, texts, strict=True) if id not in known}
    if on_batch:
        on_batch(len(ids) - len(new))
    waiting = list(new)
    for start in range(0, len(waiting), AT_ONCE):
        part = waiting[start : start + AT_ONCE]
        vectors = await embedder.embed([new[id] for id in part], on_batch)
        store.put_embeddings(embedder.name, part, vectors)
        known.update(zip(part, vectors, strict=True))
    return np.stack([known[id] for id in ids]) if ids else np.zeros((0, 0), np.float32)
