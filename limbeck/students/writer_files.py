"""Folders of writers: `writer.json`, which says what one was taught and on which base, and a PEFT adapter."""

import json
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from limbeck.students.loading import ADAPTER_FILES, damaged, other_version, told
from limbeck.students.writer_training import MANIFEST, VERSION, key_of

Taught = TypeVar("Taught", bound=BaseModel)


def is_writer(folder: Path, of: type[BaseModel]) -> bool:
    """Whether a folder holds a writer, and one that was taught records of this kind; one that can't be read is of tables."""
    file, documents = folder / MANIFEST, key_of(of) == "fields"
    return file.is_file() and documents == ("fields" in told(file))


def read_writer(folder: Path, of: type[Taught]) -> tuple[Taught, str]:
    """What a writer was taught, and the name of its base.

    Raises:
        StudentError: The folder is damaged, or another limbeck wrote it.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        taught, base = of.model_validate(manifest[key_of(of)]), str(manifest["base"])
        for name in ADAPTER_FILES:
            if not (folder / name).is_file():
                raise FileNotFoundError(f"{name} is missing")
        version = manifest["version"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise damaged(folder, "writer", error) from error
    if version != VERSION:
        raise other_version(folder, version, VERSION)
    return taught, base
