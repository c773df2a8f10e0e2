"""Where an eval finds its data and puts its project."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limbeck.errors import ConfigError
from limbeck.progress import Progress

USUAL = "../shared/data"


@dataclass(frozen=True)
class Place:
    """What the command line says."""

    data: Path | None
    test: Path | None
    seed: int
    quiet: bool

    def file(self, name: str) -> Path:
        """A data file.

        Raises:
            ConfigError: It is not there.
        """
        folder = self.data or Path(os.environ.get("LIMBECK_DATA", USUAL))
        return found(folder / name)

    def test_rows(self) -> list[dict[str, Any]] | None:
        """The rows of `--test`, if it is given."""
        return rows(found(self.test)) if self.test else None

    def progress(self) -> Progress:
        """What a person sees."""
        return Progress(quiet=self.quiet)


def found(path: Path) -> Path:
    """A file that must be there."""
    if not path.is_file():
        raise ConfigError(f"no data file {str(path)!r}; say where it is with: --data DIR (or --test FILE)")
    return path


def rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


@contextmanager
def scratch(texts: list[str]) -> Iterator[tuple[Path, Path]]:
    """A folder that goes away again, and in it a file of texts and nothing else: no gold, no ids that give it away."""
    with tempfile.TemporaryDirectory(prefix="limbeck-eval-") as name:
        folder = Path(name)
        source = folder / "texts.jsonl"
        lines = [json.dumps({"text": text, "key": str(place)}, ensure_ascii=False) for place, text in enumerate(texts)]
        source.write_text("\n".join(lines) + "\n", "utf-8")
        yield folder, source
