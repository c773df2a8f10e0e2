"""The folder that a script writes in: made for one run, measured while it runs, and gone afterwards."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

DEPTH = 50
"""Folders within folders that a script may make: paths longer than the kernel takes can't be looked through."""
FILES = 10_000


class Scratch:
    """`work` is where the script starts and leaves its files, `tmp` is for what nobody wants to keep."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.work, self.temporary = folder, folder / "work", folder / "tmp"
        self.data, self.script = self.work / "data", self.work / "script.py"

    def excess(self, megabytes: int) -> str | None:
        """What there is too much of, in a sentence."""
        size, count, pending = 0, 0, [(self.folder, -1)]
        while pending:
            folder, depth = pending.pop()
            if depth > DEPTH:
                return f"it made folders more than {DEPTH} deep"
            for entry in _entries(folder):
                count += 1
                if entry.is_dir(follow_symlinks=False):
                    pending.append((Path(entry.path), depth + 1))
                with contextlib.suppress(FileNotFoundError):
                    size += entry.stat(follow_symlinks=False).st_blocks * 512
            if count > FILES:
                return f"it made more than {FILES} files"
            if size > megabytes * 1_000_000:
                return f"it wrote more than {megabytes} MB"
        return None


@contextlib.contextmanager
def fresh(script: str) -> Iterator[Scratch]:
    """A scratch folder with a script in it, which goes away again."""
    scratch = Scratch(Path(tempfile.mkdtemp(prefix="limbeck-")))
    try:
        for folder in (scratch.work, scratch.temporary):
            folder.mkdir()
        scratch.script.write_text(script, "utf-8", errors="replace", newline="")
        yield scratch
    finally:
        _remove(scratch.folder)


def _entries(folder: Path) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:  # Gone meanwhile, or locked by the script.
        return []


def _remove(folder: Path) -> None:
    """Remove a tree of any depth: step by step, as the paths of some folders are too long to be named, and there are too many to be open."""
    # What can't be removed stays in the system's temporary folder; that is no reason for a run to fail.
    with contextlib.suppress(OSError):
        here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        within = [_emptied(here)]
        while within[0] or len(within) > 1:
            if within[-1]:
                here = _stepped(here, within[-1][-1])
                within.append(_emptied(here))
            else:
                within.pop()
                here = _stepped(here, "..")
                os.rmdir(within[-1].pop(), dir_fd=here)
        os.close(here)
        folder.rmdir()


def _emptied(here: int) -> list[str]:
    """Remove what lies in a folder; the folders in it are left, and named."""
    with os.scandir(here) as entries:
        folders = {entry.name: entry.is_dir(follow_symlinks=False) for entry in entries}
    for name, is_folder in folders.items():
        if not is_folder:
            os.unlink(name, dir_fd=here)
    return [name for name, is_folder in folders.items() if is_folder]


def _stepped(here: int, name: str) -> int:
    os.chmod(name, 0o700, dir_fd=here)
    try:
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
    finally:
        os.close(here)
