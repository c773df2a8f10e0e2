"""A script as the system sees it: a tree of processes that is begun, counted and ended as one."""

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from limbeck.errors import SandboxError
from limbeck.sandbox import bubblewrap, interpreter, limits, syscalls
from limbeck.sandbox.scratch import Scratch
from limbeck.sections import SandboxSettings

START_SECONDS = 10.0
END_SECONDS = 30.0
"""How long the kernel may take to begin a script's processes, or to end them."""


class Tree:
    """A script's processes.

    Args:
        process: What limbeck started: bubblewrap, or the script.
        top: The process from which all others descend: the first of bubblewrap's namespace, with which the kernel ends all
            others, or the script.
        mark: Without bubblewrap, what stands in the environment of those that left the tree.
        answer: Where bubblewrap says what became of the script.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", top: int, mark: str | None = None, answer: int | None = None) -> None:
        self._process, self._top, self._mark, self._answer = process, top, mark, answer
        self._handle, self.ended = os.pidfd_open(top), os.pidfd_open(process.pid)
        self.keepers = 1 if mark is None else 0
        """How many of the members are not the script's: bubblewrap itself."""

    @property
    def pipes(self) -> list[int]:
        """Standard output and standard error."""
        return [pipe.fileno() for pipe in (self._process.stdout, self._process.stderr) if pipe]

    def members(self) -> list[str]:
        """The folders in /proc of all that are alive."""
        if self._mark is None:
            # The sandbox's own list is short. While bubblewrap is still at work on it, the system's may be in its place, or none.
            inside = os.path.join("/proc", str(self._top), "root", "proc")
            with contextlib.suppress(PermissionError):
                try:
                    begun = os.stat(inside).st_dev != os.stat("/proc").st_dev
                except (FileNotFoundError, ProcessLookupError):
                    begun = False
                return [f"{inside}/{name}" for name in _numbers(inside)] if begun else []
        return [f"/proc/{number}" for number in _descendants(self._top)]

    def end(self) -> int:
        """End them, and return when none is left: the script's exit status, 128 and more where a signal ended it."""
        # Until it is waited for, its number is no other's.
        if self._process.returncode is None:
            if self._mark is not None:
                self._end_marked(self._mark)
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
            select.select([self._handle], [], [], END_SECONDS)
        status = self._process.wait(END_SECONDS)
        return status if status >= 0 else 128 - status

    def ran(self) -> bool:
        """Whether it was the script that ended, and not bubblewrap that couldn't begin it."""
        return self._answer is None or b"exit-code" in os.read(self._answer, 4096)

    def close(self) -> None:
        """End them if they haven't, and forget them."""
        self.end()
        os.close(self._handle)
        os.close(self.ended)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()

    def _end_marked(self, mark: str) -> None:
        """End a tree that no namespace holds together: halt all that are found until no more are, then end them."""
        halted: set[int] = set()
        while new := ({*_descendants(self._top), *_marked(mark)} - halted):
            for number in new:
                _signal(number, signal.SIGSTOP)
            halted |= new
        for number in halted:
            _signal(number, signal.SIGKILL)


@contextlib.contextmanager
def apart(bwrap: str, scratch: Scratch, data: Path, masked: Sequence[Path], settings: SandboxSettings) -> Iterator[Tree]:
    """Begin a script within bubblewrap; it has ended, with all that it began, when the block is left.

    Raises:
        SandboxError: Bubblewrap ended at once.
    """
    scratch.data.mkdir()
    options = b"\0".join(os.fsencode(option) for option in bubblewrap.arguments(scratch, data, masked))
    with contextlib.ExitStack() as opened:
        answer, said = os.pipe()
        opened.callback(os.close, answer)
        passed = {"--json-status-fd": said, "--args": _handed(options, opened)}
        if program := syscalls.program():
            passed["--seccomp"] = _handed(program, opened)
        numbered = [word for option, descriptor in passed.items() for word in (option, str(descriptor))]
        # Of our environment and of the folders nothing may be seen: the sandbox's first process shows its own in /proc.
        process = _popen([*limits.shell(settings), bwrap, *numbered, "--", sys.executable, "script.py"], {}, "/", [*passed.values()])
        os.close(said)
        top = _first(answer)
        if top is None:
            said_last = process.communicate(timeout=END_SECONDS)[1].decode(errors="replace").strip()[-300:]
            raise SandboxError(f"{bwrap!r} ended with status {process.returncode}: {said_last!r}; see what it is with: {bwrap} --version")
        with contextlib.closing(Tree(process, top, answer=answer)) as tree:
            yield tree


@contextlib.contextmanager
def openly(scratch: Scratch, data: Path, settings: SandboxSettings) -> Iterator[Tree]:
    """Begin a script as whoever runs limbeck, kept from nothing; it has ended, with all that is found of it, when the block is left."""
    if data.is_dir():
        scratch.data.symlink_to(data)
    else:
        scratch.data.mkdir()
        (scratch.data / data.name).symlink_to(data)
    environment = interpreter.environment(str(scratch.temporary))
    process = _popen([*limits.shell(settings), sys.executable, "script.py"], environment, str(scratch.work), [])
    with contextlib.closing(Tree(process, process.pid, mark=f"TMPDIR={scratch.temporary}")) as tree:
        yield tree


def _popen(command: list[str], environment: dict[str, str], folder: str, passed: list[int]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command, env=environment, cwd=folder, pass_fds=passed, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        bufsize=0, start_new_session=True,
    )  # fmt: skip


def _handed(content: bytes, open_files: contextlib.ExitStack) -> int:
    """A file without a name that bubblewrap reads."""
    descriptor = os.memfd_create("sandbox")
    open_files.callback(os.close, descriptor)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _first(answer: int) -> int | None:
    """The number of the sandbox's first process, which bubblewrap says as JSON; None where it fails instead."""
    said, until = b"", time.monotonic() + START_SECONDS
    while select.select([answer], [], [], max(0.0, until - time.monotonic()))[0] and (more := os.read(answer, 4096)):
        said += more
        if b"}" in said:
            return int(json.loads(said)["child-pid"])
    return None


# ---- /proc -----------------------------------------------------------------------------------------------------------


def _numbers(proc: str) -> list[str]:
    try:
        return [name for name in os.listdir(proc) if name.isdecimal()]
    except OSError:
        return []


def _descendants(top: int) -> list[int]:
    """A process and all below it. Not every kernel has lists of children, so all processes are asked for their parents."""
    children: dict[int, list[int]] = {}
    for number in map(int, _numbers("/proc")):
        # The name, in brackets, may hold anything.
        if found := re.search(rb"\) \w (\d+) [^)]*$", content(f"/proc/{number}/stat")):
            children.setdefault(int(found[1]), []).append(number)
    below = [top]
    for number in below:
        below += children.get(number, [])
    return below


def _marked(mark: str) -> list[int]:
    wanted = os.fsencode(mark)
    return [int(number) for number in _numbers("/proc") if wanted in content(f"/proc/{number}/environ").split(b"\0")]


def _signal(number: int, sign: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(number, sign)


def content(path: str) -> bytes:
    """A file of /proc; nothing where the process is gone, or not ours to look at."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
