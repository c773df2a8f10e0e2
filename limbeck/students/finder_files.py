"""A finder's folder: saved, and loaded to rank exactly as before.

`student.json`, `labels.jsonl` (the list), `labels.safetensors` (their vectors, 16-bit floats), and the residual
(`adapter.safetensors`) or a PEFT adapter.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck.embedding import Embedder, open_embedder
from limbeck.encoder import Encoder
from limbeck.errors import StudentError
from limbeck.retrieval.labelset import LabelSet
from limbeck.retrieval.nearest import nearest
from limbeck.retrieval.retriever import LABELS_AT_ONCE, Retriever, ready
from limbeck.sections import RetrievalSettings
from limbeck.students.finder import KINDS, Finder
from limbeck.students.finding import Residual, Tuned
from limbeck.students.loading import adapted, damaged, other_version
from limbeck.students.student import MANIFEST, name_of, save_adapter

VERSION = 1
LABELS, VECTORS, RESIDUAL = "labels.jsonl", "labels.safetensors", "adapter.safetensors"


def save(finder: Finder, folder: Path, settings: RetrievalSettings) -> None:
    """Write a finder to a folder, which is made where it is missing; nothing in it names this machine but the folder of an
    encoder of one's own.

    Raises:
        StudentError: The folder can't be written.
    """
    from safetensors.numpy import save_file

    retriever = finder.retriever
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_labels(retriever.labels, folder / LABELS)
        save_file(_columns(retriever), str(folder / VECTORS))
        embedder = retriever.embedder
        if isinstance(embedder, Residual):
            save_file({"u": np.ascontiguousarray(embedder.u), "v": np.ascontiguousarray(embedder.v)}, str(folder / RESIDUAL))
        if isinstance(embedder, Tuned):
            save_adapter(embedder.encoder, folder)
        (folder / MANIFEST).write_text(json.dumps(_manifest(finder, settings), indent=1, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        raise StudentError(f"can't write a student to {str(folder)!r} ({error}); give another folder") from error


def _columns(retriever: Retriever) -> dict[str, npt.NDArray[Any]]:
    """What is known of each label in numbers: its vector, and what its scores are multiplied by or lose."""
    parts = np.array_split(np.arange(len(retriever.labels)), -(-len(retriever.labels) // LABELS_AT_ONCE))
    vectors = np.concatenate([retriever.near.vectors(part).astype(np.float16) for part in parts])
    others = {"prior": retriever.prior, "hubs": retriever.hubs}
    return {"vectors": vectors, **{name: column for name, column in others.items() if column is not None}}


def _manifest(finder: Finder, settings: RetrievalSettings) -> dict[str, Any]:
    embedder = finder.retriever.embedder
    encoder = name_of(embedder.encoder) if isinstance(embedder, Tuned) else settings.encoder
    if Path(encoder).is_dir() and not settings.base_url:
        encoder = str(Path(encoder).resolve())  # A student is used from anywhere.
    return {
        "finder": VERSION,
        "kind": finder.kind,
        "encoder": encoder,
        "max_tokens": embedder.encoder.max_tokens if isinstance(embedder, Tuned) else None,
        "base_url": settings.base_url,
        "api_key_env": settings.api_key_env,
        "words": finder.retriever.words,
        "metrics": finder.metrics,
    }


def _write_labels(labels: LabelSet, path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row, name in enumerate(labels.names):
            said = {
                "label": name,
                "description": labels.descriptions[row] if labels.descriptions else "",
                "synonyms": labels.synonyms[row] if labels.synonyms else (),
                "parent": labels.parents[row] if labels.parents else -1,
            }
            file.write(json.dumps(said, ensure_ascii=False) + "\n")


def is_finder(folder: Path) -> bool:
    """Whether a folder holds a finder, and not a student that knows its labels by heart."""
    try:
        return "finder" in json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError, TypeError):
        return False


def load(folder: Path) -> Finder:
    """Read a finder.

    Raises:
        StudentError: It is damaged, or a later limbeck wrote it.
        ConfigError: Its encoder can't be loaded here.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        labels, held = _read_labels(folder / LABELS), load_file(str(folder / VECTORS))
        version, kind, metrics = manifest["finder"], manifest["kind"], dict(manifest["metrics"])
        words, vectors = float(manifest["words"]), held["vectors"]
        settings = RetrievalSettings(**{key: manifest[key] for key in ("encoder", "base_url", "api_key_env")})
        residual = load_file(str(folder / RESIDUAL)) if kind == "adapter" else {"u": vectors.T, "v": vectors}
        _check(kind, len(labels), vectors.shape, residual["u"].shape, residual["v"].shape)
        max_tokens = int(manifest["max_tokens"]) if kind == "lora" else 0
    except (OSError, KeyError, ValueError, TypeError, SafetensorError) as error:
        raise damaged(folder, "finder", error) from error
    if version != VERSION:
        raise other_version(folder, version, VERSION)
    embedder: Embedder = (
        Residual(open_embedder(settings), residual["u"], residual["v"])
        if kind == "adapter"
        else Tuned(adapted(Encoder.load(settings.encoder, max_tokens=max_tokens), folder))
    )
    retriever = ready(labels, embedder, nearest(vectors), words=words, windowed=False, prior=held.get("prior"))
    return Finder(kind, replace(retriever, hubs=held.get("hubs")), metrics)


def _check(kind: str, labels: int, vectors: tuple[int, ...], u: tuple[int, ...], v: tuple[int, ...]) -> None:
    """Raise ValueError where the parts of a folder, by their shapes, are not one student's."""
    if kind not in KINDS:
        raise ValueError(f"its kind is none of {KINDS!r}")
    if not labels or vectors[:1] != (labels,) or len(vectors) != 2:
        raise ValueError(f"vectors of the shape {vectors!r} for {labels!r} labels")
    if (u[:1], v[1:]) != (vectors[1:], vectors[1:]) or u[1:] != v[:1]:
        raise ValueError(f"a residual of the shapes {u!r} and {v!r} for vectors of {vectors[1]!r} numbers")


def _read_labels(path: Path) -> LabelSet:
    with path.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    columns: dict[str, Sequence[Any]] = {key: [row[key] for row in rows] for key in ("label", "description", "synonyms", "parent")}
    return LabelSet(
        tuple(columns["label"]),
        tuple(columns["description"]) if any(columns["description"]) else (),
        tuple(map(tuple, columns["synonyms"])) if any(columns["synonyms"]) else (),
        tuple(columns["parent"]) if any(row >= 0 for row in columns["parent"]) else (),
    )
