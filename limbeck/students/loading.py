"""Loading: a folder that `Student.save` wrote, back to a student that answers exactly as before."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from limbeck.encoder import Encoder
from limbeck.errors import NoStudent, StudentError
from limbeck.students.calibration import Calibration
from limbeck.students.dense import Dense
from limbeck.students.memory import Remembering
from limbeck.students.student import KINDS, MANIFEST, TUNED, VERSION, Head, Student
from limbeck.students.trees import Trees

HEADS: dict[str, type[Trees | Dense | Remembering]] = {
    "logistic": Dense,
    "lightgbm": Trees,
    "mlp": Dense,
    "lora": Remembering,
    "prompt": Remembering,
    "joint": Remembering,
}
ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")


def load(folder: Path) -> Student:
    """Read a student.

    Args:
        folder: Where `Student.save` wrote it.

    Raises:
        NoStudent: There is no student in the folder.
        StudentError: It is damaged, or a later limbeck wrote it.
        ConfigError: Its encoder can't be loaded here.
    """
    manifest = _manifest(folder)
    try:
        calibration = _calibration(**manifest["calibration"])
        labels, metrics = tuple(manifest["labels"]), dict(manifest["metrics"])
        name, max_tokens = str(manifest["encoder"]), int(manifest["max_tokens"])
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(folder, MANIFEST, error) from error
    head = _head(manifest["kind"], folder)
    encoder = Encoder.load(name, max_tokens=max_tokens)
    if manifest["kind"] in TUNED:
        encoder = adapted(encoder, folder)
    return Student(manifest["kind"], labels, encoder, head, calibration, metrics)


def _calibration(thresholds: list[float] | None, **temperatures: float) -> Calibration:
    return Calibration(**temperatures, thresholds=None if thresholds is None else tuple(thresholds))


def told(file: Path) -> dict[str, Any]:
    """What a manifest says; nothing where there is none, or none that can be read."""
    try:
        said = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _manifest(folder: Path) -> dict[str, Any]:
    """`student.json`, of a kind and version that are known."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NoStudent(
            f"{str(folder)!r} holds no student (no {MANIFEST!r}); type one of the folders in the project's `students`"
        ) from error
    except (OSError, ValueError) as error:
        raise damaged(folder, MANIFEST, error) from error
    if not isinstance(manifest, dict) or manifest.get("kind") not in KINDS:
        raise damaged(folder, MANIFEST, ValueError(f"its kind is none of {KINDS!r}"))
    if manifest.get("version") != VERSION:
        raise other_version(folder, manifest.get("version"), VERSION)
    return manifest


def _head(kind: str, folder: Path) -> Head:
    from lightgbm.basic import LightGBMError
    from safetensors import SafetensorError

    try:
        return HEADS[kind].load(folder)
    except (OSError, KeyError, ValueError, SafetensorError, LightGBMError) as error:
        raise damaged(folder, "head", error) from error


def adapted(encoder: Encoder, folder: Path) -> Encoder:
    """The encoder with the folder's adapter in it."""
    return dataclasses.replace(encoder, model=with_adapter(encoder.model, folder).eval())


def with_adapter(model: Any, folder: Path) -> Any:
    """Any model with the folder's adapter in it.

    Raises:
        StudentError: The adapter is damaged, or none of this model.
    """
    from peft import PeftModel
    from safetensors import SafetensorError

    for name in ADAPTER_FILES:
        # PEFT would look for a missing file on the model hub.
        if not (folder / name).is_file():
            raise damaged(folder, name, FileNotFoundError("missing"))
    try:
        return PeftModel.from_pretrained(model, str(folder))
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, SafetensorError) as error:
        raise damaged(folder, "adapter", error) from error


def damaged(folder: Path, part: str, error: Exception) -> StudentError:
    """What is said of a student's folder that can't be read."""
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return StudentError(
        f"the student in {str(folder)!r} is damaged ({part}: {reason}); copy the folder anew, or train it again"
    )


def other_version(folder: Path, version: object, ours: int) -> StudentError:
    """What is said of a student that another limbeck wrote."""
    return StudentError(f"the student in {str(folder)!r} has the version {version!r}, this limbeck reads {ours!r}; train it again")
