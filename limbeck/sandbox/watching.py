"""What a script's processes take together: memory, processes and threads, and room on the disk."""

import os
import re

from limbeck.sandbox.processes import Tree, content
from limbeck.sandbox.scratch import Scratch
from limbeck.sections import SandboxSettings

REWRITTEN = 4
"""How many times the room on the disk may be written: what is deleted while it is open takes room and can't be found."""
EVERY = 2
"""The scratch folder is looked through once in so many looks."""
HELD = re.compile(rb"^(?:RssAnon|RssShmem|VmSwap):\s+(\d+)", re.MULTILINE)
SHARED = re.compile(rb"^(?:Pss_Anon|Pss_Shmem|SwapPss):\s+(\d+)", re.MULTILINE)
THREADS = re.compile(rb"^Threads:\s+(\d+)", re.MULTILINE)
WRITTEN = re.compile(rb"^write_bytes: (\d+)", re.MULTILINE)


class Watch:
    """One script under its limits."""

    def __init__(self, tree: Tree, scratch: Scratch, settings: SandboxSettings) -> None:
        self._tree, self._scratch, self._settings = tree, scratch, settings
        self._looks = 0
        # Libraries start as many threads as there are processors, whatever they have to do.
        self._threads = settings.processes + 2 * (os.cpu_count() or 1)

    def excess(self) -> str | None:
        """What the script takes too much of, in a sentence."""
        self._looks += 1
        members = self._tree.members()
        if len(members) - self._tree.keepers > self._settings.processes:
            return f"it had more than {self._settings.processes} processes"
        return self._of_processes(members) or (self._of_disk(members) if self._looks % EVERY == 1 else None)

    def _of_processes(self, members: list[str]) -> str | None:
        said = [content(f"{member}/status") for member in members]
        if sum(_total(THREADS, one) for one in said) - self._tree.keepers > self._threads:
            return f"it had more than {self._threads} threads"
        most = self._settings.memory * 1_000_000
        if sum(_total(HELD, one) for one in said) > most and sum(_own(member, one) for member, one in zip(members, said, strict=True)) > most:
            return f"it took more than {self._settings.memory:g} GB of memory"
        return None

    def _of_disk(self, members: list[str]) -> str | None:
        if excess := self._scratch.excess(self._settings.disk):
            return excess
        written = sum(_total(WRITTEN, content(f"{member}/io")) for member in members)
        allowed = REWRITTEN * self._settings.disk
        # A process's count takes over those of its children when they have ended.
        return f"it wrote more than {allowed} MB" if written > allowed * 1_000_000 else None


def _own(member: str, status: bytes) -> int:
    """KiB of a process, where pages that it shares after a fork count in part; slower to find out."""
    return _total(SHARED, content(f"{member}/smaps_rollup")) or _total(HELD, status)


def _total(pattern: "re.Pattern[bytes]", text: bytes) -> int:
    return sum(map(int, pattern.findall(text)))
