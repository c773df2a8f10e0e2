"""The student `tagger`: an encoder that also sees where words stand, and tags them; its folder, and how it reads documents.

It is taught by what teachers found alone (response-based distillation), reads a page at once and writes nothing that is not on it.
`student.json`, `tagger.safetensors` and a PEFT adapter are its folder.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from limbeck.device import device
from limbeck.encoder import Encoder
from limbeck.errors import StudentError
from limbeck.schemas.fields import Field, FieldSet, Findings, Found
from limbeck.schemas.pages import Pages
from limbeck.students.loading import ADAPTER_FILES, adapted, damaged, other_version
from limbeck.students.page_lessons import PageLesson
from limbeck.students.student import MANIFEST, name_of, save_adapter
from limbeck.students.tagger_chances import fitted, kept
from limbeck.students.tagger_decoding import Chance, Reading
from limbeck.students.tagger_hints import hints
from limbeck.students.tagger_model import Network
from limbeck.students.tagger_tags import Floats, count, parts
from limbeck.students.tagger_training import TOKENS, train
from limbeck.students.tagger_windows import batched, most_pieces, windows
from limbeck.students.tuning import Progress

VERSION = 2
ARRAYS = "tagger.safetensors"
FAINT = 0.1
"""A value that is less likely than this is no value."""
MOST_TOLD = 100
"""Lessons that tell how sure a tagger may be where none is held out."""


@dataclass(frozen=True, eq=False)
class Tagger:
    """A student that reads documents."""

    fields: FieldSet
    network: Network
    chances: list[Chance]
    """Of each tag."""
    metrics: dict[str, float]

    def read(self, pages: Pages) -> Findings:
        """What it finds in a document."""
        return self.read_many([pages])[0]

    def read_many(self, documents: Sequence[Pages]) -> list[Findings]:
        """What it finds in each document."""
        outputs = outputs_of(self.network, documents, self.fields)
        return [self._findings(*one) for one in zip(documents, outputs, strict=True)]

    def _findings(self, pages: Pages, odds: Floats) -> Findings:
        if not pages.words:
            return {}
        reading = Reading(pages, self.fields.day_first)
        found = {one.name: self._field(reading, one, odds[:, part], self.chances[part]) for one, part in parts(self.fields)}
        return {name: values for name, values in found.items() if values}

    def _field(self, reading: Reading, field: Field, odds: Floats, chances: Sequence[Chance]) -> Any:
        if field.kind == "list":
            return reading.entries(field, odds, chances)
        runs = kept(reading.candidates(field, odds[:, 0], odds[:, 1], reach=chances[0].reach), field, chances[0])
        found = [Found(value=one.value, words=one.words, score=chances[0].score(one.odds)) for one in runs]
        return [one for one in found if one.score >= FAINT]

    def save(self, folder: Path) -> None:
        """Write the student to a folder, which is made where it is missing; `load` reads it.

        Raises:
            StudentError: The folder can't be written.
        """
        from safetensors.torch import save_file

        try:
            folder.mkdir(parents=True, exist_ok=True)
            save_file({name: one.contiguous() for name, one in self.network.own.state_dict().items()}, folder / ARRAYS)
            save_adapter(self.network.encoder, folder)
            (folder / MANIFEST).write_text(json.dumps(self._manifest(), indent=1, ensure_ascii=False) + "\n", "utf-8")
        except OSError as error:
            raise StudentError(f"can't write a student to {str(folder)!r} ({error}); give another folder") from error

    def _manifest(self) -> dict[str, Any]:
        return {
            "tagger": VERSION,
            "kind": "tagger",
            "encoder": name_of(self.network.encoder),
            "max_tokens": self.network.encoder.max_tokens,
            "fields": self.fields.model_dump(mode="json"),
            "chances": [asdict(one) for one in self.chances],
            "metrics": self.metrics,
        }


def fit(
    lessons: Sequence[PageLesson],
    held: Sequence[PageLesson],
    fields: FieldSet,
    encoder: Encoder,
    seed: int,
    progress: Progress,
    most_tokens: int | None = None,
) -> Tagger:
    """Teach a tagger.

    Args:
        lessons: What to learn.
        held: Lessons that tell how sure it may be; with none, some of those that it learns.
        fields: What is wanted of documents.
        encoder: It is copied, not changed.
        seed: Of adapter, dropout and order.
        progress: Told about each epoch.
        most_tokens: That it learns from in all; what `TOKENS` says where nobody says how many.

    Raises:
        StudentError: There is nothing to learn from.
    """
    network = train(lessons, fields, encoder, seed, progress, most_tokens or TOKENS[device()])
    # Its own lessons tell least how sure it may be, but where a document says nothing of a field.
    told = held or lessons[:MOST_TOLD]
    outputs = outputs_of(network, [one.pages for one in told], fields)
    metrics = {"documents": float(len(lessons)), "held_out": float(len(held))}
    return Tagger(fields, network, fitted(told, outputs, fields), metrics)


def outputs_of(network: Network, documents: Sequence[Pages], fields: FieldSet) -> list[Floats]:
    """The log-odds of each document's words: [words, tags]."""
    every = [np.zeros((len(one.words), count(fields)), np.float32) for one in documents]
    most = most_pieces(network.encoder)
    tokenizer = network.encoder.tokenizer
    cut = [one for number, pages in enumerate(documents) for one in windows(pages, number, tokenizer, most, hints(pages, fields))]
    for batch in batched(cut):
        for one, said in zip(batch, network.read(batch), strict=True):
            every[one.document][_part(one.own, 0)] = said[_part(one.own, one.words.start)]
    return every


def _part(words: range, start: int) -> slice:
    return slice(words.start - start, words.stop - start)


def load(folder: Path) -> Tagger:
    """Read a student of the kind `tagger`.

    Raises:
        StudentError: The folder is damaged, or another limbeck wrote it.
        ConfigError: Its encoder can't be loaded here.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        told = json.loads((folder / MANIFEST).read_text("utf-8"))
        version, encoder, most = told["tagger"], str(told["encoder"]), int(told["max_tokens"])
        if version != VERSION:
            raise other_version(folder, version, VERSION)
        fields, metrics = FieldSet.model_validate(told["fields"]), dict(told["metrics"])
        chances = [Chance(**one) for one in told["chances"]]
        arrays = load_file(folder / ARRAYS)
        for name in ADAPTER_FILES:
            if not (folder / name).is_file():
                raise FileNotFoundError(f"{name} is missing")
        if len(chances) != count(fields):
            raise ValueError("its thresholds are not those of its fields")
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RecursionError, ValidationError, SafetensorError) as error:
        raise damaged(folder, "tagger", error) from error
    return Tagger(fields, _network(folder, Encoder.load(encoder, max_tokens=most), len(chances), arrays), chances, metrics)


def _network(folder: Path, encoder: Encoder, tags: int, arrays: dict[str, Any]) -> Network:
    network = Network(adapted(encoder, folder), tags)
    try:
        network.own.load_state_dict(arrays)
    except RuntimeError as error:
        raise damaged(folder, ARRAYS, error) from error
    network.finish()
    return network
