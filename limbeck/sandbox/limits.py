"""Limits that the kernel keeps to by itself, for each process; what all take together is watched (`watching.py`)."""

import math
import os

from limbeck.sections import SandboxSettings

DESCRIPTORS = 1024
RESERVED = 8 * 2**20
"""KiB of addresses beyond twice the memory: libraries reserve far more than they use."""


def shell(settings: SandboxSettings) -> list[str]:
    """The beginning of a command that is run within the limits.

    A shell sets them in a thousandth of a second; Python would have to copy itself for it (`preexec_fn`). A limit that is lower
    already stays. Time is the processor's, of all its cores: it counts only where limbeck hangs, which else keeps the time.
    Where the machine's memory ends all the same, the kernel ends the script before anything else.
    """
    limits = {
        "t": math.ceil(settings.seconds * (os.cpu_count() or 1)) + 1,
        "f": settings.disk * 1_000_000 // 512,
        "v": math.ceil(settings.memory * 2_000_000) + RESERVED,
        "n": DESCRIPTORS,
        "c": 0,
    }
    lines = [f"ulimit -{letter} {value}" for letter, value in limits.items()]
    lines = [f"{line} 2>/dev/null" for line in (*lines, "echo 1000 >/proc/self/oom_score_adj")]
    return ["/bin/sh", "-c", "; ".join((*lines, 'exec "$@"')), "sh"]
