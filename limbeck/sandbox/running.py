"""Run scripts: each by itself, a few at once, none beyond its limits."""

import asyncio
import contextlib
import os
import re
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from limbeck.errors import SandboxError
from limbeck.sandbox import available, bubblewrap, processes
from limbeck.sandbox.keeping import keep as take
from limbeck.sandbox.printed import Printed
from limbeck.sandbox.processes import Tree
from limbeck.sandbox.scratch import Scratch, fresh
from limbeck.sandbox.watching import Watch
from limbeck.sections import SandboxSettings

LOOK_SECONDS = 0.05
"""Between two looks at what a script takes."""
PRINTED = 16
"""Megabytes that a script may print."""


@dataclass(frozen=True)
class Ended:
    """A script that was run."""

    code: int | None
    """Its exit status, 128 and more where a signal ended it; None where we did."""
    output: str
    errors: str
    """Both cut in the middle where they are very long."""
    seconds: float
    """Until nothing of it was left."""
    stopped: str | None
    """Why it was ended, in a sentence."""
    files: tuple[Path, ...]
    """What it left; nothing where we ended it."""


class Sandbox:
    """Where the scripts of a run are run.

    Args:
        settings: Isolation and limits.
        hidden: Folders that a script must not see even where they lie within the data, such as the project.
    """

    def __init__(self, settings: SandboxSettings, hidden: Sequence[Path] = ()) -> None:
        self._settings, self._hidden = settings, tuple(path.resolve() for path in hidden)
        # Threads of our own: a script is watched also while the event loop is busy, and no more than these run at once.
        self._threads = ThreadPoolExecutor(settings.at_once or _fitting(settings.memory), "sandbox")

    async def run(self, script: str, data: Path, keep: Path | None = None, seconds: float | None = None) -> Ended:
        """Run a script over data.

        It starts in a folder of its own, where it finds the data in `data` and may write. If this is cancelled, the script is ended.

        Args:
            script: Python.
            data: A folder, or a file, which is shown in a folder.
            keep: Where the files that it leaves are copied to.
            seconds: After which it is ended, where that is sooner than the settings say.

        Raises:
            SandboxError: It can't be run at all.
        """
        cancelled = threading.Event()
        # A file keeps the name that it is given by, also where that is a link.
        data = data.resolve() if data.is_dir() else data.parent.resolve() / data.name
        allowed = min(self._settings.seconds, self._settings.seconds if seconds is None else seconds)
        running = self._threads.submit(self._run, script, data, keep, cancelled, allowed)
        waiting = asyncio.wrap_future(running)
        try:
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:
            cancelled.set()
            if not running.cancel():
                await asyncio.wait([waiting])
            raise

    def _run(self, script: str, data: Path, keep: Path | None, cancelled: threading.Event, seconds: float) -> Ended:
        with fresh(script) as scratch:
            begun = time.monotonic()
            with self._begun(scratch, data) as tree:
                printed = Printed(tree)
                stopped = self._until_end(printed, Watch(tree, scratch, self._settings), begun, seconds, cancelled)
                code, lasted = tree.end(), time.monotonic() - begun
                printed.rest()
                output, errors = printed.texts()
                ran = stopped or tree.ran()
            if not ran:
                raise SandboxError(f"a script can't be run: {errors.strip()[-300:]!r}; {available.OTHERWISE}")
            files = take(scratch, keep, self._settings.disk) if keep and not stopped else ()
        return Ended(None if stopped else code, output, errors, lasted, stopped, files)

    def _begun(self, scratch: Scratch, data: Path) -> contextlib.AbstractContextManager[Tree]:
        if self._settings.isolation == "none":
            return processes.openly(scratch, data, self._settings)
        return processes.apart(available.program(), scratch, data, bubblewrap.masked(data, self._hidden), self._settings)

    def _until_end(self, printed: Printed, watch: Watch, begun: float, seconds: float, cancelled: threading.Event) -> str | None:
        """Read what a script prints until it ends, or must be ended: then why."""
        look, until = 0.0, begun + seconds
        while not printed.wait(max(0.0, min(look, until) - time.monotonic())):
            if cancelled.is_set():
                return "it was cancelled"
            if time.monotonic() >= until:
                return f"it ran longer than {seconds:.3g} s"
            if printed.size > PRINTED * 1_000_000:
                return f"it printed more than {PRINTED} MB"
            if time.monotonic() >= look:
                if excess := watch.excess():
                    return excess
                look = time.monotonic() + LOOK_SECONDS
        return None


def _fitting(memory: float) -> int:
    """Scripts that the machine can run at once."""
    found = re.search(rb"^MemAvailable:\s+(\d+)", processes.content("/proc/meminfo"), re.MULTILINE)
    room = int(found[1]) / (memory * 1_000_000) if found else 1
    return max(1, min(len(os.sched_getaffinity(0)), int(room)))
