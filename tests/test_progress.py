import asyncio
import io
import threading

import pytest
from rich.ansi import AnsiDecoder

from limbeck.progress import Progress, Stage, spoken


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def plain(clock: Clock) -> tuple[Progress, io.StringIO]:
    stream = io.StringIO()
    return Progress(stream, clock=clock), stream


def test_a_stage_in_lines() -> None:
    clock = Clock()
    progress, stream = plain(clock)
    with progress.stage("label", 5000) as stage:
        for _ in range(12):
            clock.wait(1)
            stage.advance(99)
            stage.advance(failed=1)
        progress.note("a [note] of its own")
        clock.wait(50)
        stage.advance(3800)
    assert stream.getvalue().splitlines() == [
        "label: 5000 documents to do",
        "label: 499/5000 documents, 99.8/s, 45 s left, 4 failed",
        "label: 999/5000 documents, 99.9/s, 40 s left, 9 failed",
        "a [note] of its own",
        "label: 5000/5000 documents, 76.0/s, 12 failed",
        "label: 5000/5000 documents in 62 s, 80.6/s, 12 failed",
    ]
    assert progress.seconds == {"label": 62.0}


def test_what_an_earlier_run_had_done_is_not_speed() -> None:
    clock = Clock()
    progress, stream = plain(clock)
    with progress.stage("label", 5000) as stage:
        stage.advance(4000)
        for _ in range(60):
            clock.wait(1)
            stage.advance(2)
        assert stage.state == "4120/5000 documents, 2.0/s, 7 min left"
        assert stage.rate == 2.0


def test_a_stage_that_nobody_can_count() -> None:
    clock = Clock()
    progress, stream = plain(clock)
    with progress.stage("start vLLM", None, "seconds"):
        clock.wait(41)
    with progress.stage("fetch", None, "files") as stage:
        clock.wait(200)
        stage.advance(2)
    assert stream.getvalue().splitlines() == [
        "start vLLM: running",
        "start vLLM: 41 s",
        "fetch: running",
        "fetch: 2 files, 0.6/min",
        "fetch: 2 files in 3 min, 0.6/min",
    ]


def test_nothing_to_do() -> None:
    progress, stream = plain(Clock())
    with progress.stage("label", 0) as stage:
        stage.advance(0)
    assert stream.getvalue().splitlines() == ["label: 0 documents to do", "label: 0/0 documents in 0 s"]


def test_an_error_ends_the_stage_and_goes_on() -> None:
    clock = Clock()
    progress, stream = plain(clock)
    with pytest.raises(KeyError), progress.stage("outer", 2), progress.stage("inner", None):
        clock.wait(3)
        raise KeyError("x")
    assert stream.getvalue().splitlines()[2:] == [
        "inner: stopped after 3 s",
        "outer: stopped at 0/2 documents in 3 s",
    ]
    assert progress.seconds == {"inner": 3.0, "outer": 3.0}


def test_what_comes_after_the_end_is_not_told() -> None:
    clock = Clock()
    progress, stream = plain(clock)
    with progress.stage("label", 2) as stage:
        pass
    clock.wait(60)
    stage.advance()
    assert stream.getvalue().splitlines() == ["label: 2 documents to do", "label: 0/2 documents in 0 s"]


def test_stages_of_one_name_add_up() -> None:
    clock = Clock()
    progress, _ = plain(clock)
    for seconds in (1, 2):
        with progress.stage("label", 1):
            clock.wait(seconds)
    assert progress.seconds == {"label": 3.0}


@pytest.mark.parametrize("live", [True, False])
def test_quiet_says_nothing_but_warnings_and_counts_all_the_same(live: bool) -> None:
    stream, clock = io.StringIO(), Clock()
    progress = Progress(stream, live=live, quiet=True, clock=clock)
    with progress.stage("label", 3) as stage:
        clock.wait(9)
        stage.advance(2, failed=1)
        progress.note("unheard")
    assert stream.getvalue() == ""
    progress.warn("heard")
    assert stream.getvalue() == "heard\n"
    assert (stage.done, stage.failed, progress.seconds) == (2, 1, {"label": 9.0})


# ---- bars ----


def sent(stream: io.StringIO) -> list[str]:
    """Each line that a terminal was sent, those written over later too, without control codes."""
    lines = AnsiDecoder().decode(stream.getvalue().replace("\r", "\n"))
    return [line.plain.strip() for line in lines if line.plain.strip()]


def test_a_bar_then_its_last_line() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = Progress(stream, live=True, clock=clock)
    with progress.stage("label [red]", 20) as stage:
        clock.wait(2)
        stage.advance(10, failed=1)
        progress.note("a [note] " + "of many words " * 10)
    lines = sent(stream)
    bars = [line for line in lines if line.startswith("label [red] ")]
    assert ("a [note] " + "of many words " * 10).strip() in lines
    assert "0/20 documents" in bars[0]
    assert "10/20 documents, 5.0/s, 2 s left, 1 failed" in bars[-1]
    assert lines[-1] == "label [red]: 10/20 documents in 2 s, 5.0/s, 1 failed"


def test_bars_that_overlap_end_in_any_order() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = Progress(stream, live=True, clock=clock)
    first, second = progress.stage("first", 2), progress.stage("second", None)
    one, _ = first.__enter__(), second.__enter__()
    show = one.show
    first.__exit__(None, None, None)
    show()  # As another thread may that was about to; too late, and harmless.
    clock.wait(5)
    progress.note("between")
    second.__exit__(None, None, None)
    lines = sent(stream)
    ends = [line for line in lines if line in ("first: 0/2 documents in 0 s", "between", "second: 5 s")]
    assert ends == ["first: 0/2 documents in 0 s", "between", "second: 5 s"]
    after = lines[lines.index("between") :]
    assert not [line for line in after if line.startswith("first")]
    assert [line for line in after if line.startswith("second ")]
    with progress.stage("third", 1):
        pass
    assert sent(stream)[-1] == "third: 0/1 documents in 0 s"


def test_an_error_gives_the_terminal_back() -> None:
    stream = io.StringIO()
    progress = Progress(stream, live=True, clock=Clock())
    with pytest.raises(KeyError), progress.stage("label", 2):
        raise KeyError("x")
    hide, show = "\x1b[?25l", "\x1b[?25h"
    assert stream.getvalue().count(hide) == stream.getvalue().count(show) == 1
    assert sent(stream)[-1] == "label: stopped at 0/2 documents in 0 s"


@pytest.mark.parametrize(
    ("terminal", "kind", "bars"), [(True, "xterm", 1), (True, "dumb", 0), (False, "xterm", 0)]
)
def test_bars_are_for_terminals(
    terminal: bool, kind: str, bars: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", kind)
    stream = Terminal() if terminal else io.StringIO()
    with Progress(stream).stage("label", 2):
        pass
    assert stream.getvalue().count("\x1b[?25l") == bars


def test_what_goes_to_a_pipe_stays_there(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    with Progress(stream, live=True).stage("predict", 1):
        print("a row")
    assert capsys.readouterr().out == "a row\n"
    assert "a row" not in stream.getvalue()


@pytest.mark.parametrize("live", [True, False])
def test_threads_lose_no_count(live: bool) -> None:
    progress = Progress(io.StringIO(), live=live)

    def work(stage: Stage) -> None:
        for _ in range(500):
            stage.advance(failed=1)

    with progress.stage("label", 2000) as stage:
        threads = [threading.Thread(target=work, args=(stage,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (stage.done, stage.failed) == (2000, 2000)


async def test_stages_of_tasks_that_run_side_by_side() -> None:
    progress, stream = plain(Clock())

    async def task(name: str, turns: int) -> None:
        with progress.stage(name, turns) as stage:
            for _ in range(turns):
                await asyncio.sleep(0)
                await asyncio.to_thread(stage.advance)

    await asyncio.gather(task("a", 3), task("b", 5))
    assert sorted(stream.getvalue().splitlines()) == [
        "a: 3 documents to do",
        "a: 3/3 documents in 0 s",
        "b: 5 documents to do",
        "b: 5/5 documents in 0 s",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (40.4, "40 s"),
        (89, "89 s"),
        (120, "2 min"),
        (3600, "60 min"),
        (5400, "1.5 h"),
        (1e5, "27.8 h"),
    ],
)
def test_spoken(seconds: float, words: str) -> None:
    assert spoken(seconds) == words
