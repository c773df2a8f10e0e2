"""Scripts that try to escape from the sandbox or to take more than their share: does any succeed, and what does the sandbox cost?"""

import asyncio
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limbeck.evals.baits import baits
from limbeck.evals.hostile import CASES, Case
from limbeck.evals.place import Place
from limbeck.progress import Stage
from limbeck.sandbox import Sandbox, check
from limbeck.sandbox.interpreter import environment
from limbeck.sections import SandboxSettings

APART = SandboxSettings(seconds=2.0, memory=0.5, disk=50, processes=32, at_once=1)
LOOSE = APART.model_copy(update={"isolation": "none"})
PLAIN = "print(sum(int(line.split(',')[1]) for line in open('data/sales.csv').readlines()[1:]))"
SUM = "42\n"
PAIRS = 40
NOTHING = "print(1)"


@dataclass(frozen=True)
class Tried:
    """What came of a hostile script."""

    escapes: list[str]
    stopped: str | None
    overrun: float
    """Seconds beyond its time until nothing of it was left."""
    went_on: bool
    """Whether a plain script ran well after it."""


def evaluate(place: Place) -> dict[str, Any]:
    """Every hostile script in the sandbox; then those that do no harm without it, which must be seen to get out; then what it costs."""
    check(APART)
    controls = {name: case for name, case in CASES.items() if case.control}
    with place.progress().stage("scripts", len(CASES) + len(controls), "scripts") as stage:
        tried, loose = asyncio.run(_each(APART, CASES, stage)), asyncio.run(_each(LOOSE, controls, stage))
    escapes = {name: one.escapes for name, one in tried.items() if one.escapes}
    worst = max(tried, key=lambda name: tried[name].overrun)
    return {
        "cases": len(tried),
        "escaped": len(escapes),
        "overrun_s": round(tried[worst].overrun, 3),
        "went_on": all(one.went_on for one in tried.values()),
        **asyncio.run(_startup()),
        "control": sum(bool(one.escapes) for one in loose.values()),
        "controls": len(loose),
        "escapes": escapes,
        "overran": worst,
        "stopped": sum(bool(one.stopped) for one in tried.values()),
        "halted": [name for name, one in tried.items() if not one.went_on],
        "missed": [name for name, one in loose.items() if not one.escapes],
    }


async def _each(settings: SandboxSettings, cases: Mapping[str, Case], stage: Stage) -> dict[str, Tried]:
    tried = {}
    for name, case in cases.items():
        tried[name] = await attempt(case, settings)
        stage.advance()
    return tried


async def attempt(case: Case, settings: SandboxSettings) -> Tried:
    """Let a script try, among baits of its own, and look at these afterwards."""
    with baits() as laid, tempfile.TemporaryDirectory(prefix="limbeck-kept-") as kept:
        sandbox, token = Sandbox(settings, hidden=(laid.project,)), f"lb{secrets.token_hex(6)}"
        before = laid.state()
        started = time.perf_counter()
        ended = await sandbox.run(laid.script(case.code, token), laid.data, Path(kept) / "files")
        lasted = time.perf_counter() - started
        escapes = laid.escapes(ended, before, token)
        plain = await sandbox.run(PLAIN, laid.data)
    return Tried(escapes, ended.stopped, max(0.0, lasted - settings.seconds), plain.output == SUM)


async def _startup() -> dict[str, float]:
    """Milliseconds of a script that does nothing: without the sandbox, and the more that it takes within (medians of pairs)."""
    sandbox, bare, more = Sandbox(APART), [], []
    with tempfile.TemporaryDirectory(prefix="limbeck-eval-") as name:
        folder = Path(name)
        (folder / "script.py").write_text(NOTHING, "utf-8")
        (folder / "data").mkdir()
        for _ in range(PAIRS):
            started = time.perf_counter()
            subprocess.run([sys.executable, "script.py"], cwd=folder, env=environment(name), stdin=subprocess.DEVNULL, capture_output=True, check=True)
            between = time.perf_counter()
            await sandbox.run(NOTHING, folder / "data")
            bare.append(between - started)
            more.append(time.perf_counter() - between - bare[-1])
    return {"startup_ms": round(statistics.median(more) * 1000, 1), "bare_ms": round(statistics.median(bare) * 1000, 1)}
