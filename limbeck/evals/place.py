"""Where an eval finds its data and puts its project."""

import json
import os
import random
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limbeck.errors import ConfigError
from limbeck.progress import Progress

USUAL = "../shared/data"
UNSEEN = 0.2
"""The share of the rows that is kept aside to be tested on, where no `--test` is given."""

Rows = list[dict[str, Any]]
Fields = Mapping[str, type]
"""What a row must hold, and of which type."""


@dataclass(frozen=True)
class Place:
    """What the command line says."""

    data: Path | None
    test: Path | None
    seed: int
    quiet: bool
    reviews: int = 0
    """How many documents a person is asked about; gold answers in their place."""
    model: str | None = None
    """The address of a model server, or a model's name; the embedded model without it."""
    limit: int | None = None
    """Ask no more questions than this, the first ones."""

    def file(self, name: str) -> Path:
        """A data file.

        Raises:
            ConfigError: It is not there.
        """
        folder = self.data or Path(os.environ.get("LIMBECK_DATA", USUAL))
        return found(folder / name)

    def rows(self, name: str, fields: Fields) -> Rows:
        """The rows of a data file."""
        return rows(self.file(name), fields)

    def test_rows(self, fields: Fields) -> Rows | None:
        """The rows of `--test`, if it is given."""
        return rows(found(self.test), fields) if self.test else None

    def split(self, name: str, fields: Fields) -> tuple[Rows, Rows]:
        """The rows of a data file to learn from, and those to be tested on: of `--test`, or else a fifth kept aside."""
        dev, test = self.rows(name, fields), self.test_rows(fields)
        if test is not None:
            return dev, test
        shuffled = random.Random(self.seed).sample(dev, len(dev))
        held = int(len(shuffled) * UNSEEN)
        return shuffled[held:], shuffled[:held]

    @property
    def tested(self) -> str:
        """What it is tested on, in words."""
        return self.test.name if self.test else f"{UNSEEN:.0%} of dev"

    def progress(self) -> Progress:
        """What a person sees."""
        return Progress(quiet=self.quiet)


def found(path: Path) -> Path:
    """A file that must be there."""
    if not path.is_file():
        raise ConfigError(f"no data file {str(path)!r}; say where it is with: --data DIR (or --test FILE)")
    return path


def rows(path: Path, fields: Fields) -> Rows:
    """The rows of a JSON Lines file, each with a value of this type in every one of these fields.

    Raises:
        ConfigError: A line isn't so, or there is none; found before anything is run.
    """
    wanted = ", ".join(f'"{field}": {EXAMPLES[kind]}' for field, kind in fields.items())
    read = []
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                row = _parsed(line)
                if not isinstance(row, dict) or not all(isinstance(row.get(name), kind) for name, kind in fields.items()):
                    raise ConfigError(f"line {number} of {str(path)!r} is no row of this eval; write {{{wanted}}}")
                read.append(row)
    if not read:
        raise ConfigError(f"no rows in {str(path)!r}; write one a line: {{{wanted}}}")
    return read


EXAMPLES = {dict: "{…}", str: '"…"', int: "0", list: "[…]"}
"""How a value of a type is written, for messages."""


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


@contextmanager
def scratch(texts: list[str]) -> Iterator[tuple[Path, Path]]:
    """A folder that goes away again, and in it a file of texts and nothing else: no gold, no ids that give it away."""
    with tempfile.TemporaryDirectory(prefix="limbeck-eval-") as name:
        folder = Path(name)
        source = folder / "texts.jsonl"
        lines = [json.dumps({"text": text, "key": str(place)}, ensure_ascii=False) for place, text in enumerate(texts)]
        source.write_text("\n".join(lines) + "\n", "utf-8")
        yield folder, source
