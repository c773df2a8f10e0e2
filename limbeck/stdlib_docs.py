"""The docstrings of Python's standard library: real text that every machine has, grouped by the modules they are in.

They are read from the source files, nothing is imported.
"""

import ast
import hashlib
import inspect
import sysconfig
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LEFT_OUT = frozenset({"test", "tests", "idlelib", "lib2to3", "site-packages", "ensurepip", "turtledemo", "pydoc_data"})
FEWEST_WORDS = 8
SMALLEST_MODULE = 15
"""Modules with fewer docstrings are left out: they are no group."""

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def docstrings(limit: int | None = None) -> list[dict[str, Any]]:
    """Docstrings of public classes, functions and methods.

    Args:
        limit: As many as this, drawn from all modules alike.

    Returns:
        Rows with `text`, `key` (`email.message.Message.get_payload`) and `module` (`email`), in an order that is the
        same on every machine with the same Python.
    """
    rows = {row["text"]: row for row in _all()}
    sizes = Counter(row["module"] for row in rows.values())
    kept = [row for row in rows.values() if sizes[row["module"]] >= SMALLEST_MODULE]
    kept.sort(key=lambda row: hashlib.blake2b(row["key"].encode(), digest_size=8).digest())
    return kept[:limit]


def _all() -> Iterator[dict[str, Any]]:
    root = Path(sysconfig.get_path("stdlib"))
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if not any(part in LEFT_OUT or part.startswith("_") and part != "__init__" for part in parts):
            yield from _of_file(path, [part for part in parts if part != "__init__"])


def _of_file(path: Path, module: list[str]) -> Iterator[dict[str, Any]]:
    try:
        tree = ast.parse(path.read_text("utf-8"))
    except (SyntaxError, UnicodeDecodeError):
        return  # A source file in another encoding, or made to be broken.
    for name, node in _definitions(tree, ".".join(module)):
        words = inspect.cleandoc(ast.get_docstring(node, clean=False) or "")
        if len(words.split()) >= FEWEST_WORDS:
            yield {"text": words, "key": name, "module": module[0]}


def _definitions(node: ast.AST, prefix: str) -> Iterator[tuple[str, Definition]]:
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, Definition) and not inner.name.startswith("_"):
            name = f"{prefix}.{inner.name}"
            yield name, inner
            if isinstance(inner, ast.ClassDef):
                yield from _definitions(inner, name)
