"""What a script left: its plain files, copied to where they are kept, and nothing that a link or a pipe stands for."""

import contextlib
import os
import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from limbeck.sandbox.scratch import Scratch

FILES = 200
"""Files that are kept of one run."""
DEPTH = 8
NAME = 60
"""Characters of a name, of up to four bytes each."""


def keep(scratch: Scratch, into: Path, megabytes: int) -> tuple[Path, ...]:
    """Copy what a script left.

    Nothing of the script may run any more: what is looked at must not change. The script and the data are not copied, nor what
    has a dot before its name, nor links, files with several names, pipes, sockets and devices.

    Args:
        scratch: Its folder.
        into: Where to; made if there is anything. What is there under the same name is replaced.
        megabytes: How much is kept together at most, smaller files first.

    Returns:
        The copies, by name.
    """
    left = sorted(_plain(scratch.work, DEPTH, {scratch.script, scratch.data}), key=lambda path: (path.lstat().st_size, path))
    kept: set[Path] = set()
    room = megabytes * 1_000_000
    for path in left[:FILES]:
        to = into.joinpath(*map(_name, path.relative_to(scratch.work).parts))
        with _opened(path) as source:
            # Two names may come to the same; the second file is left then.
            if source is None or os.fstat(source.fileno()).st_size > room or kept & {to, *to.parents} or to.is_dir():
                continue
            room -= os.fstat(source.fileno()).st_size
            _copy(source, to)
            kept.add(to)
    return tuple(sorted(kept))


def _plain(folder: Path, depth: int, without: set[Path]) -> Iterator[Path]:
    """Every file that may be one, and none through a link."""
    if not depth:
        return
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            path = Path(entry.path)
            if entry.name.startswith(".") or path in without:
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _plain(path, depth - 1, without)
            elif entry.is_file(follow_symlinks=False):
                yield path


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO | None]:
    """A file that has no other name; what is opened is looked at, not what the name stood for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        yield None
        return
    with open(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        yield file if stat.S_ISREG(about.st_mode) and about.st_nlink == 1 else None


def _copy(source: BinaryIO, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    to.unlink(missing_ok=True)
    with to.open("xb") as copy:
        shutil.copyfileobj(source, copy)


def _name(name: str) -> str:
    """A name of letters, digits and a few signs, which no shell, browser or file system takes for something else."""
    return re.sub(r"[^\w .()+-]", "_", name).strip(" .")[-NAME:].lstrip(" -.") or "_"
