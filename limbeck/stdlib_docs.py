"""The docstrings of Python's standard library: real text that every machine has, grouped by module.

They are read from the source files, nothing is imported.
"""

import ast
import hashlib
import inspect
import re
import sysconfig
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from limbeck.errors import DocumentsError

LEFT_OUT = frozenset(
    "test tests idlelib lib2to3 site-packages dist-packages ensurepip turtledemo pydoc_data".split()
)
FEWEST_WORDS = 5
SMALLEST_MODULE = 15
"""Modules with fewer docstrings are left out: they are no group."""

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Row = dict[str, Any]


def docstrings(limit: int | None = None) -> list[Row]:
    """Docstrings of public classes, functions and methods.

    Args:
        limit: As many as this, of which each module has its share, to within two.

    Returns:
        Rows with `text`, `key` (`email.message.Message.get_payload`) and `module` (`email`), in an order that
        is the same on every machine with the same Python. No text or key comes twice: the first one counts.

    Raises:
        DocumentsError: This Python came without the source files of its library.
    """
    rows = _sampled(Path(sysconfig.get_path("stdlib")))
    if not rows:
        raise DocumentsError(
            "'stdlib' has no source files in this Python; give a file or a folder as `source:`"
        )
    return list(rows[:limit])


@cache
def _sampled(root: Path) -> tuple[Row, ...]:
    """Rows of the modules that are large enough, such that each beginning is a sample."""
    modules: dict[str, list[Row]] = defaultdict(list)
    texts: set[str] = set()
    keys: set[str] = set()
    for row in _all(root):
        if row["text"] not in texts and row["key"] not in keys:
            texts.add(row["text"])
            keys.add(row["key"])
            modules[row["module"]].append(row)
    placed = [one for rows in modules.values() if len(rows) >= SMALLEST_MODULE for one in _spread(rows)]
    return tuple(row for _, _, row in sorted(placed, key=lambda one: one[:2]))


def _spread(rows: list[Row]) -> Iterator[tuple[float, str, Row]]:
    """A module's rows, evenly apart in [0, 1), in an order that has nothing to do with their files."""
    # Each module begins elsewhere, or the first rows of all small modules would come at the same time.
    begin = _drawn(rows[0]["module"])
    for rank, row in enumerate(sorted(rows, key=lambda row: _drawn(row["key"]))):
        yield (rank + begin) / len(rows), row["key"], row


def _drawn(name: str) -> float:
    """A number in [0, 1) that looks drawn by lot and is the same everywhere."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=6).digest()) / 2**48


def _all(root: Path) -> Iterator[Row]:
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if not any(part in LEFT_OUT or (part.startswith("_") and part != "__init__") for part in parts):
            yield from _of_file(path, [part for part in parts if part != "__init__"])


def _of_file(path: Path, module: list[str]) -> Iterator[Row]:
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return  # Made to be broken, as some files for tests are.
    for name, node in _definitions(tree, ".".join(module)):
        words = inspect.cleandoc(ast.get_docstring(node, clean=False) or "")
        if len(words.split()) >= FEWEST_WORDS and not _names_itself(words, module[0]):
            yield {"text": words, "key": name, "module": module[0]}


def _names_itself(words: str, module: str) -> bool:
    """Whether the first sentence is hardly more than the module's name, which is the gold label."""
    first = re.split(r"[.\n]", words, maxsplit=1)[0].lower().split()
    return module.lower() in first and len(first) <= 3


def _definitions(node: ast.AST, prefix: str) -> Iterator[tuple[str, Definition]]:
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, Definition) and not inner.name.startswith("_"):
            name = f"{prefix}.{inner.name}"
            yield name, inner
            if isinstance(inner, ast.ClassDef):
                yield from _definitions(inner, name)
