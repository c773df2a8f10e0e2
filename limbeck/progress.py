"""Progress: what a person sees during a long stage. A bar on a terminal, a line every few seconds elsewhere.

`with progress.stage("label", 5000, "documents") as stage: stage.advance(1)`
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

EVERY_SECONDS = 5.0


class Stage:
    """One stage in progress."""

    def __init__(self, show: Callable[["Stage"], None], name: str, total: int | None, unit: str, started: float) -> None:
        self.name, self.total, self.unit, self.started = name, total, unit, started
        self.done = 0
        self.failed = 0
        self._show = show

    def advance(self, n: int = 1, failed: int = 0) -> None:
        """Say that `n` more are done, `failed` of them without a result."""
        self.done += n
        self.failed += failed
        self._show(self)

    def line(self, now: float) -> str:
        """The state in words: `label: 1200/5000 documents, 31.2/s, 2 min left, 3 failed`."""
        seconds = max(now - self.started, 1e-9)
        if self.total is None:
            return f"{self.name}: {seconds:.0f} s"
        parts = [f"{self.name}: {self.done:,}/{self.total:,} {self.unit}", f"{self.done / seconds:.1f}/s"]
        if 0 < self.done < self.total:
            parts.append(f"{spoken((self.total - self.done) * seconds / self.done)} left")
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        return ", ".join(parts)


class Progress:
    """Shows the stages of a run, and keeps how long each took.

    Args:
        stream: Where to write; stderr by default.
        live: Bars that move; by default where the stream is a terminal.
        quiet: Write nothing.
        clock: Seconds, for tests.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        live: bool | None = None,
        quiet: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.seconds: dict[str, float] = {}
        """Of the stages that have ended, by name; those of the same name added up."""
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty() if live is None else live
        self._quiet = quiet
        self._clock = clock
        self._told = 0.0
        self._bars: Bars | None = None

    @contextmanager
    def stage(self, name: str, total: int | None, unit: str = "documents") -> Iterator[Stage]:
        """Show a stage for as long as the block runs.

        Args:
            name: Of the stage.
            total: How many there are to do; None where nobody knows.
            unit: What they are.
        """
        started = self._told = self._clock()
        with self._shown() as show:
            stage = Stage(show, name, total, unit, started)
            try:
                show(stage)
                yield stage
            finally:
                self.seconds[name] = self.seconds.get(name, 0.0) + self._clock() - started
                if not self._live and not self._quiet:
                    print(stage.line(self._clock()), file=self._stream, flush=True)

    def note(self, sentence: str) -> None:
        """Say something besides."""
        if self._quiet:
            return
        if self._bars:
            self._bars.console.print(sentence, markup=False, highlight=False)
        else:
            print(sentence, file=self._stream, flush=True)

    @contextmanager
    def _shown(self) -> Iterator[Callable[[Stage], None]]:
        if self._quiet:
            yield lambda stage: None
        elif not self._live:
            yield self._tell
        elif self._bars:
            yield _bar(self._bars)
        else:
            with _bars(self._stream) as self._bars:
                yield _bar(self._bars)
            self._bars = None

    def _tell(self, stage: Stage) -> None:
        now = self._clock()
        if now - self._told >= EVERY_SECONDS:
            self._told = now
            print(stage.line(now), file=self._stream, flush=True)


def _bars(stream: TextIO) -> Bars:
    return Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[failed]}"),
        console=Console(file=stream),
    )


def _bar(bars: Bars) -> Callable[[Stage], None]:
    """Show one stage as one bar."""
    task = bars.add_task("", total=None, rate="", failed="")

    def show(stage: Stage) -> None:
        seconds = max(time.monotonic() - (bars.tasks[task].start_time or 0.0), 1e-9)
        failed = f"{stage.failed:,} failed" if stage.failed else ""
        rate = f"{stage.done / seconds:.1f} {stage.unit}/s" if stage.total else ""
        bars.update(
            task, description=stage.name, total=stage.total, completed=stage.done, rate=rate, failed=failed
        )

    return show


def spoken(seconds: float) -> str:
    """A time as people say it: `40 s`, `2 min`, `1.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
