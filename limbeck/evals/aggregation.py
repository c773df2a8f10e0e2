"""How fast is Dawid and Skene's model on a million votes, beside crowd-kit's, with the same labels?

Both get the same three arrays and do the same number of iterations; ours is timed from the arrays on, its table
included. Its memory is measured in a process of its own.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from limbeck.evals.place import Place
from limbeck.evals.rivals import needed
from limbeck.labelmodels import VoteTable, dawid_skene

ITEMS, ANNOTATORS, LABELS = 100_000, 10, 77
ITERATIONS = 3
REPEATS = 5
TINY_PRIOR = 1e-10
"""crowd-kit smooths nothing; here neither."""
ALONE = """
import sys
import numpy as np
from limbeck.labelmodels import VoteTable, dawid_skene
held = np.load(sys.argv[1])
dawid_skene(VoteTable.of_arrays(held["item"], held["annotator"], held["label"]), int(sys.argv[2]), float(sys.argv[3])).chosen
with open("/proc/self/status") as status:
    print(next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 2**20)
"""
"""Linux's own high-water mark: `getrusage` counts what the parent held when it forked."""


def evaluate(place: Place) -> dict[str, Any]:
    """Time both, ours several times around crowd-kit's one."""
    item, annotator, label, truth = votes(place.seed)
    aggregation, frames = needed("crowdkit.aggregation", "crowd-kit"), needed("pandas", "crowd-kit")
    labelled(item[:1000], annotator[:1000], label[:1000])  # Loads scipy; crowd-kit's imports are done, too.
    ours = [_timed(lambda: labelled(item, annotator, label)) for _ in range(REPEATS)]
    frame = frames.DataFrame({"task": item, "worker": annotator, "label": label})
    theirs = _timed(lambda: aggregation.DawidSkene(n_iter=ITERATIONS).fit_predict(frame))
    ours += [_timed(lambda: labelled(item, annotator, label)) for _ in range(REPEATS)]
    chosen, rival = ours[0][1], theirs[1].sort_index().to_numpy()
    seconds = statistics.median(one[0] for one in ours)
    return {
        "speedup": round(theirs[0] / seconds, 1),
        "same": round(float((chosen == rival).mean()), 6),
        "peak_gb": round(_peak(item, annotator, label), 3),
        "seconds_ours": round(seconds, 3),
        "seconds_ours_slowest": round(max(one[0] for one in ours), 3),
        "seconds_crowd_kit": round(theirs[0], 2),
        "accuracy": round(float((chosen == truth).mean()), 5),
        "votes": len(item),
        "iterations": ITERATIONS,
    }


def votes(seed: int) -> tuple[np.ndarray[Any, Any], ...]:
    """Items, annotators and labels of a million votes in no order, and the items' true labels."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, LABELS, ITEMS)
    item, annotator = np.repeat(np.arange(ITEMS), ANNOTATORS), np.tile(np.arange(ANNOTATORS), ITEMS)
    right = rng.random(len(item)) < rng.uniform(0.4, 0.9, ANNOTATORS)[annotator]
    label = np.where(right, truth[item], rng.integers(0, LABELS, len(item)))
    order = rng.permutation(len(item))
    return item[order], annotator[order], label[order], truth


def labelled(item: Any, annotator: Any, label: Any) -> Any:
    """Labels of the votes in three arrays."""
    return dawid_skene(VoteTable.of_arrays(item, annotator, label), ITERATIONS, TINY_PRIOR).chosen


def _timed(work: Any) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def _peak(item: Any, annotator: Any, label: Any) -> float:
    """GiB that a process of its own holds at most, Python and numpy included."""
    with tempfile.TemporaryDirectory(prefix="limbeck-eval-") as folder:
        file = str(Path(folder) / "votes.npz")
        np.savez(file, item=item, annotator=annotator, label=label)
        command = [sys.executable, "-c", ALONE, file, str(ITERATIONS), str(TINY_PRIOR)]
        return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
