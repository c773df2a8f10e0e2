"""Kill a run at random moments and go on: is the result the same, and is any call paid twice?"""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from limbeck.documents import read
from limbeck.errors import EngineError
from limbeck.evals.place import Place, scratch
from limbeck.evals.stub import MODEL, counts, serving
from limbeck.show import rows as ask_rows

DOCUMENTS = 300
KILLS = 10
DELAY = 0.05
"""Seconds that the stub takes for an answer, so that calls are in flight when the kill comes."""
CONCURRENCY = 4
TABLES = {
    "documents": "SELECT * FROM documents ORDER BY ALL",
    "places": "SELECT * FROM places ORDER BY ALL",
    "calls": "SELECT id, model, request, text, finish, prompt_tokens, completion_tokens FROM calls ORDER BY id",
    "artifacts": "SELECT step, item, value, calls, status, error FROM artifacts WHERE step <> 'train' ORDER BY ALL",
    "taxonomies": "SELECT * FROM taxonomies ORDER BY ALL",
    "votes": "SELECT * FROM votes ORDER BY ALL",
    "labels": "SELECT * FROM labels ORDER BY ALL",
    "students": "SELECT id, run, kind, space, path, chosen FROM students ORDER BY ALL",
    "runs": "SELECT id, pipeline, documents, status FROM runs ORDER BY ALL",
}
"""What must be the same; times differ."""


def evaluate(place: Place) -> dict[str, Any]:
    """Ten runs, each killed once and continued, and one that is killed ten times, beside one left in peace."""
    draw = random.Random(place.seed)
    texts = [document.text for document in read("stdlib", limit=DOCUMENTS).documents]
    with scratch(texts) as (folder, source), serving(DELAY) as address:
        undisturbed = folder / "undisturbed"
        started = time.perf_counter()
        _start(folder, source, undisturbed, address).wait()
        lasting = time.perf_counter() - started
        expected, baseline = _tables(undisturbed), sum(counts(address).values())
        trials = [_trial(folder, source, folder / f"trial-{n}", [draw.random()], lasting) for n in range(KILLS)]
        cumulative = _trial(folder, source, folder / "cumulative", [draw.random() / 3 for _ in range(KILLS)], lasting)
    equal = [trial["tables"] == expected for trial in [*trials, cumulative]]
    repeated = sum(trial["repeated"] for trial in trials)
    sent = sum(trial["sent"] for trial in trials)
    return {
        "equal": all(equal),
        "repeated_share": round(repeated / sent, 5),
        "repeated": repeated,
        "calls": sent,
        "kills": sum(trial["kills"] for trial in trials),
        "calls_of_an_undisturbed_run": baseline,
        "cumulative": {"kills": cumulative["kills"], "repeated": cumulative["repeated"], "equal": equal[-1]},
        "documents": len(texts),
    }


def _trial(folder: Path, source: Path, project: Path, moments: list[float], lasting: float) -> dict[str, Any]:
    """Kill a run at these shares of its time, continue it to its end, and count what was sent more than once."""
    kills = 0
    with serving(DELAY) as address:
        for moment in moments:
            process = _start(folder, source, project, address)
            try:
                process.wait(timeout=moment * lasting)
                break  # It came to its end before the moment.
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
        if _start(folder, source, project, address).wait() != 0:
            raise EngineError(f"a continued run failed; see {str(project)!r} and try: limbeck eval kill --seed 1")
        asked = counts(address)
    repeated = sum(times - 1 for times in asked.values())
    return {"tables": _tables(project), "kills": kills, "sent": sum(asked.values()), "repeated": repeated}


def _start(folder: Path, source: Path, project: Path, address: str) -> "subprocess.Popen[bytes]":
    config = folder / f"{project.name}.yaml"
    config.write_text(json.dumps(_config(source, project, address)), "utf-8")
    command = [sys.executable, "-m", "limbeck", "run", str(config), "--quiet"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def _config(source: Path, project: Path, address: str) -> dict[str, Any]:
    return {
        "project": str(project),
        "use_case": "Find the part of the library that a docstring belongs to.",
        "documents": {"source": str(source), "text": "text", "key": "key"},
        "model": {"name": MODEL, "base_url": f"{address}/v1", "concurrency": CONCURRENCY},
        "taxonomy": {"size": 8, "chains": 3, "minibatch": 60},
        "labels": {"mode": "choice"},
        "student": {"kinds": ["logistic"]},
    }


def _tables(project: Path) -> dict[str, list[dict[str, Any]]]:
    store = project / "limbeck.duckdb"
    return {name: ask_rows(store, sql) for name, sql in TABLES.items()}
