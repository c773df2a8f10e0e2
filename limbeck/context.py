"""What every stage of a run has at hand: the run's id and settings, the store, the model, the encoder, the progress."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from limbeck.encoder import Embeddings, Encoder, mixed
from limbeck.llm import LLM
from limbeck.neighbours import unit
from limbeck.progress import Progress
from limbeck.retrieval.retriever import Retriever
from limbeck.sandbox import Sandbox
from limbeck.schemas import Document, content_id
from limbeck.serving import Served
from limbeck.settings import Settings
from limbeck.store import Store


@dataclass
class RunContext:
    """One run in this process; LangGraph hands it to every node, and it is never written to a checkpoint."""

    run: str
    settings: Settings
    store: Store
    llm: LLM
    lm: Any
    """The model as DSPy knows it: `llm.lm()`."""
    progress: Progress
    others: "tuple[RunContext, ...]" = ()
    """The same run with each further model that labels in the model's place."""
    served: tuple[Served, ...] = ()
    """The servers that limbeck starts for the run's models."""
    retriever: Retriever | None = None
    """The labels of `labelset:`, ready to be looked up, once a stage has made them so."""
    sandbox: Sandbox | None = None
    """Where scripts that a model wrote are run, once a stage has made it so."""
    _encoder: list[Encoder] = field(default_factory=list)

    @property
    def project(self) -> Path:
        """The project's folder."""
        return Path(self.settings.project)

    @property
    def encoder(self) -> Encoder:
        """The encoder, loaded when it is first needed."""
        if not self._encoder:
            self._encoder.append(Encoder.load(self.settings.student.encoder))
        return self._encoder[0]

    def embed(self, documents: Sequence[Document]) -> Embeddings:
        """Unit vectors [documents, dimensions], as `Encoder.encode` makes them."""
        return unit(mixed(self.layers(documents)))

    def layers(self, documents: Sequence[Document]) -> Embeddings:
        """`Encoder.layers` of documents, or what an earlier attempt left in the project's cache."""
        name = content_id([self.settings.student.encoder, "layers", *(one.id for one in documents)])
        path = self.project / "cache" / f"{name.removeprefix('b2:')}.npy"
        if not path.is_file():
            encoder = self.encoder
            with self.progress.stage("embed", len(documents), "documents") as stage:
                layers = encoder.layers([one.text for one in documents], stage.advance)
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(f".{os.getpid()}.npy")
            np.save(partial, layers)
            partial.replace(path)
        return np.asarray(np.load(path), dtype=np.float32)
