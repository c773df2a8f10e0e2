"""Students: a small model that labels texts on its own, and what it says of one text."""

import itertools
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from limbeck.encoder import EMBEDDED, EMBEDDED_PACKAGE, Encoder
from limbeck.errors import StudentError
from limbeck.students.calibration import Calibration
from limbeck.students.lessons import Floats

Kind = Literal["logistic", "lightgbm", "mlp", "lora", "prompt", "joint"]
KINDS: tuple[Kind, ...] = ("logistic", "lightgbm", "mlp", "lora", "prompt", "joint")
"""Every kind of student."""
TUNED: tuple[Kind, ...] = ("lora", "prompt", "joint")
"""Those whose encoder carries a PEFT adapter."""
VERSION = 3
"""Of the folder's layout and of what the encoder makes of a text."""
MANIFEST = "student.json"


class Head(Protocol):
    """From vectors to outputs."""

    def outputs(self, vectors: Floats) -> Floats:
        """[n, d] to [n, k or 2k]: scores before softmax and sigmoid."""

    def save(self, folder: Path) -> None:
        """Write itself to the folder."""


@dataclass(frozen=True)
class Prediction:
    """What a student says of one text."""

    label: str
    """The likeliest label."""
    confidence: float
    """Its calibrated probability."""
    scores: tuple[float, ...]
    """The probability of each label, in the order of `Student.labels`; they sum to 1."""
    applicable: tuple[str, ...] = ()
    """All labels that apply, in the order of `Student.labels`; none for a student that was not taught them."""
    applicable_scores: tuple[float, ...] = ()
    """The probability of each label to apply; empty for a student that was not taught them."""


@dataclass(frozen=True, eq=False)
class Student:
    """A trained student."""

    kind: Kind
    labels: tuple[str, ...]
    encoder: Encoder
    """Frozen, or with an adapter for `lora`, `prompt` and `joint`."""
    head: Head
    calibration: Calibration
    metrics: dict[str, float]
    """Agreement with held-out pseudo-labels (`metrics.measure`), `seconds` of training, and the grid's choice."""

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Label texts, none included; the same texts in the same order get exactly the same answer."""
        if not texts:
            return []
        outputs = self.head.outputs(self.encoder.encode(texts))
        shares = self.calibration.shares(outputs, len(self.labels))
        chances = self.calibration.applicable(outputs, len(self.labels))
        applies = self.calibration.applies(outputs, len(self.labels))
        rows = zip(shares.tolist(), chances.tolist(), applies.tolist(), strict=True)
        return [self._prediction(*row) for row in rows]

    def _prediction(self, shares: list[float], chances: list[float], applies: list[bool]) -> Prediction:
        best = max(range(len(shares)), key=shares.__getitem__)
        applicable = tuple(itertools.compress(self.labels, applies))
        return Prediction(self.labels[best], shares[best], tuple(shares), applicable, tuple(chances))

    def save(self, folder: Path) -> None:
        """Write the student to a folder, which is made where it is missing; nothing in it names this machine.

        `student.json`, the head (`head.safetensors` or `trees.txt`), and for `lora`, `prompt` and `joint` a PEFT adapter.

        Raises:
            StudentError: The folder can't be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.head.save(folder)
            if self.kind in TUNED:
                save_adapter(self.encoder, folder)
            (folder / MANIFEST).write_text(
                json.dumps(self._manifest(), indent=1, ensure_ascii=False) + "\n", "utf-8"
            )
        except OSError as error:
            raise StudentError(
                f"can't write a student to {str(folder)!r} ({error}); give another folder"
            ) from error

    def _manifest(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "kind": self.kind,
            "labels": list(self.labels),
            "encoder": name_of(self.encoder),
            "max_tokens": self.encoder.max_tokens,
            "calibration": asdict(self.calibration),
            "metrics": self.metrics,
        }


def name_of(encoder: Encoder) -> str:
    """What `Encoder.load` takes: `minilm` for the embedded one, wherever it is installed, else its folder or hub id."""
    embedded = Path(encoder.path).parts[-2:] == (EMBEDDED_PACKAGE, "model")
    return EMBEDDED if embedded else encoder.path


def save_adapter(encoder: Encoder, folder: Path) -> None:
    """Write a PEFT adapter that names its base as `name_of` does."""
    encoder.model.peft_config["default"].base_model_name_or_path = name_of(encoder)
    # `False`: PEFT would otherwise ask the model hub whether the vocabulary was changed.
    encoder.model.save_pretrained(str(folder), save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)
