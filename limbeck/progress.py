"""Progress: what a person sees during a long stage. A bar on a terminal, a line every few seconds elsewhere.

`with progress.stage("label", 5000) as stage: stage.advance()`
"""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from limbeck.visible import visible

EVERY_SECONDS = 5.0
"""Between two lines, where there are no bars."""
WINDOW_SECONDS = 30.0
"""What the rate is taken over: what an earlier run had done counts at once, and must not pass for speed."""


class Stage:
    """One stage in progress. Made by `Progress.stage`; its methods may be called from any thread."""

    def __init__(self, name: str, total: int | None, unit: str, clock: Callable[[], float]) -> None:
        self.name, self.total, self.unit = name, total, unit
        self.done = 0
        self.failed = 0
        self.result = ""
        """What came of it, in a sentence, for its last line."""
        self.started = clock()
        self.show: Callable[[], None] = lambda: None
        """Called after each step; set by `Progress`."""
        self._clock = clock
        self._lock = threading.Lock()
        self._samples = deque([(self.started, 0)])

    def advance(self, n: int = 1, failed: int = 0) -> None:
        """Say that `n` more are done, `failed` of them without a result."""
        now = self._clock()
        with self._lock:
            self.done += n
            self.failed += failed
            if now - self._samples[-1][0] >= 1:
                self._samples.append((now, self.done))
            while len(self._samples) > 2 and now - self._samples[1][0] >= WINDOW_SECONDS:
                self._samples.popleft()
        self.show()

    @property
    def rate(self) -> float:
        """How many a second, over the last half minute."""
        with self._lock:
            since, done = self._samples[0]
            return (self.done - done) / max(self._clock() - since, 1e-9)

    @property
    def state(self) -> str:
        """The state in words: `1200/5000 documents, 31.2/s, 2 min left, 3 failed`."""
        rate = self.rate
        parts = [self.counted]
        if self.done:
            parts.append(_per_time(rate))
        if self.total is not None and 0 < self.done < self.total and rate > 0:
            parts.append(f"{spoken((self.total - self.done) / rate)} left")
        return ", ".join(part for part in (*parts, self.lost) if part)

    @property
    def counted(self) -> str:
        """How many of how many; nothing where there is nothing to count."""
        if self.total is None:
            return f"{self.done} {self.unit}" if self.done else ""
        return f"{self.done}/{self.total} {self.unit}"

    @property
    def lost(self) -> str:
        """How many have failed."""
        return f"{self.failed} failed" if self.failed else ""

    def ended(self, whole: bool) -> str:
        """The last line: `label: 5000/5000 documents in 2 min, 41.7/s, 3 failed`, and the result, if there is one."""
        seconds = self._clock() - self.started
        took = f"{self.counted} in {spoken(seconds)}" if self.counted else spoken(seconds)
        speed = _per_time(self.done / seconds) if self.done and seconds > 0 else ""
        stopped = "" if whole else "stopped at " if self.counted else "stopped after "
        line = f"{self.name}: {stopped}" + ", ".join(part for part in (took, speed, self.lost) if part)
        return f"{line}: {self.result}" if self.result else line


class Progress:
    """Shows the stages of a run, and keeps how long each took. Stages may follow, hold or overlap each other.

    Args:
        stream: Where to write; stderr by default.
        live: Bars that move; by default where the stream is a terminal.
        quiet: Write nothing but warnings.
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
        self._live = _moves(self._stream) if live is None else live
        self._quiet = quiet
        self._clock = clock
        self._lock = threading.RLock()
        self._told = clock()
        self._bars: Bars | None = None
        self._shown = 0

    @contextmanager
    def stage(self, name: str, total: int | None, unit: str = "documents") -> Iterator[Stage]:
        """Show a stage for as long as the block runs; its last line tells where an error stopped it.

        Args:
            name: Of the stage.
            total: How many there are to do; None where nobody knows.
            unit: What they are.
        """
        stage, whole = Stage(name, total, unit, self._clock), False
        close = self._open(stage)
        try:
            yield stage
            whole = True
        finally:
            stage.show = lambda: None
            with self._lock:
                self.seconds[name] = self.seconds.get(name, 0.0) + self._clock() - stage.started
                close()
                self.note(stage.ended(whole))

    def note(self, sentence: str) -> None:
        """Say something besides."""
        if not self._quiet:
            self.warn(sentence)

    def warn(self, sentence: str) -> None:
        """Say something that nobody should miss: it is written where all else is quiet, too."""
        sentence = visible(sentence)  # It may quote a document, or an exception of somebody's rule.
        with self._lock:
            if self._bars:
                self._bars.refresh()  # The line goes above the bars as they were last drawn.
                self._bars.console.print(sentence, markup=False, highlight=False, soft_wrap=True)
            else:
                print(sentence, file=self._stream, flush=True)

    def _open(self, stage: Stage) -> Callable[[], None]:
        """Begin to show a stage; gives what ends it."""
        if self._quiet:
            return lambda: None
        if self._live:
            return self._open_bar(stage)
        self.note(
            f"{stage.name}: " + ("running" if stage.total is None else f"{stage.total} {stage.unit} to do")
        )
        self._told = self._clock()
        stage.show = lambda: self._tell(stage)
        return lambda: None

    def _tell(self, stage: Stage) -> None:
        with self._lock:
            now = self._clock()
            if now - self._told >= EVERY_SECONDS:
                self._told = now
                self.note(f"{stage.name}: {stage.state}")

    def _open_bar(self, stage: Stage) -> Callable[[], None]:
        with self._lock:
            if self._bars is None:
                self._bars = _bars(self._stream)
                self._bars.start()
            bars, self._shown = self._bars, self._shown + 1
            task = bars.add_task(visible(stage.name), total=stage.total, state=stage.counted)
        stage.show = lambda: self._move_bar(bars, task, stage)
        return lambda: self._close_bar(bars, task)

    def _move_bar(self, bars: Bars, task: TaskID, stage: Stage) -> None:
        with self._lock:
            if task in bars.task_ids:  # Another thread may have ended the stage meanwhile.
                bars.update(task, completed=stage.done, state=stage.state)

    def _close_bar(self, bars: Bars, task: TaskID) -> None:
        """Take a bar away; the last one takes the display with it."""
        bars.remove_task(task)
        self._shown -= 1
        if not self._shown:
            bars.stop()
            self._bars = None


def _moves(stream: TextIO) -> bool:
    return stream.isatty() and not Console(file=stream).is_dumb_terminal


def _bars(stream: TextIO) -> Bars:
    return Bars(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=10),
        TextColumn("{task.fields[state]}", markup=False),
        TimeElapsedColumn(),
        console=Console(file=stream, force_terminal=True),
        # What a command writes to a pipe must not end up on the terminal.
        redirect_stdout=sys.stdout.isatty(),
        transient=True,
    )


def _per_time(rate: float) -> str:
    return f"{rate:.1f}/s" if rate >= 0.1 else f"{rate * 60:.1f}/min"


def spoken(seconds: float) -> str:
    """A time as people say it: `40 s`, `2 min`, `1.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
