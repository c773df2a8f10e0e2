r"""Inputs: the files of LaTeX that are set together, as `main.tex` with what it takes in by `\input`."""

import functools
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from limbeck.decoding import open_text
from limbeck.errors import DocumentsError
from limbeck.tables.latex import paragraphs
from limbeck.tables.macros import without_comments
from limbeck.tables.tracing import Traced

SUFFIXES = frozenset((".tex", ".ltx"))
INPUT = re.compile(r"\\(?:input|include|subfile|import\s*\{[^{}]*\})\s*\{\s*([^{}]+?)\s*\}")


def taken_in(path: Path) -> list[Path]:
    """A file, and those in its folder that it takes in, also by way of others, in their order."""
    found = [path]
    for file in found if path.suffix.lower() in SUFFIXES else ():
        text = _text(file)
        for name in INPUT.findall(without_comments(Traced.of(text)).text) if INPUT.search(text) else ():
            inner = next((one for one in _places(name, path.parent, file.parent) if one.is_file()), None)
            if inner and inner not in found:
                found.append(inner)
    return found


def _places(name: str, *folders: Path) -> list[Path]:
    """Where a file that is taken in may be: inside the first of these folders, whatever its name says."""
    files = [folder / written for folder in folders for written in (f"{name}.tex", name)]
    inside = [file for file in files if file.suffix.lower() in SUFFIXES and ".." not in file.parts]
    return [file for file in inside if file.is_relative_to(folders[0])]


def text_beside(files: Iterable[Path]) -> dict[Path, str]:
    """For each file that is set together with others, the paragraphs of these."""
    groups = [group for file in files if len(group := taken_in(file)) > 1]
    beside: dict[Path, dict[Path, None]] = {}
    for group in groups:
        for file in group:
            beside.setdefault(file, {}).update(dict.fromkeys(group))
    said = functools.cache(lambda file: "\n\n".join(paragraphs(_text(file))))
    return {file: "\n\n".join(said(other) for other in others if other != file) for file, others in beside.items()}


def _text(path: Path) -> str:
    """Nothing of a file that can't be read, which is said where its tables are."""
    try:
        with open_text(path, Counter()) as file:
            return file.read()
    except (DocumentsError, UnicodeError):
        return ""
