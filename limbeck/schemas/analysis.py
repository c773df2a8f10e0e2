"""An analysis: what was tried to answer a question over a folder of data, and what came of it (DS-STAR).

`Round(number=1, plan="Sum the column amount.", tried=(Tried(script="import pandas …", ran=Ran(output="41.5")),),
verdict=Verdict(sufficient=True, reason="The total is asked for."), decision="")`
"""

import re
from collections.abc import Sequence
from typing import Literal

from limbeck.schemas.record import Record

ADD = "Add Step"
"""The router's decision that every step so far is right."""
WRONG = re.compile(r"Step ([1-9]\d*)")
"""Its decision that this step is wrong."""


def kept(plan: Sequence[int], decision: str) -> list[int]:
    """What the router's decision keeps of a plan: all of it, or what stands before the wrong step."""
    wrong = WRONG.fullmatch(decision)
    return list(plan[: int(wrong[1]) - 1] if wrong else plan)


class DataFile(Record):
    """A file of the folder, as a document's text holds it."""

    path: str
    """Within the folder, with `/`."""
    bytes: int
    digest: str
    """Of its bytes."""


class Ran(Record):
    """What came of one script."""

    output: str
    """What it printed, cut in the middle where that is much."""
    error: str | None = None
    """Why it failed: the end of its traceback, or the limit that ended it; None where it came to its end."""
    seconds: float = 0.0
    files: tuple[str, ...] = ()
    """Plots and other files that it left, relative to the project."""


class Tried(Record):
    """A script and what came of it."""

    script: str
    ran: Ran


class Description(Record):
    """What is known of a file."""

    path: str
    text: str
    by: Literal["model", "limbeck"]
    """Who wrote the script that printed it: the model, or limbeck where the model's scripts failed."""
    tried: tuple[Tried, ...] = ()
    """The model's scripts, in order; the last is the repaired one."""
    error: str | None = None
    """Why the model's scripts gave nothing."""


class Verdict(Record):
    """Whether a plan's result answers the question."""

    sufficient: bool
    reason: str = ""
    """Empty where the model was only to choose."""


class Round(Record):
    """One step that was planned, coded, run and judged."""

    number: int
    """From 1."""
    after: tuple[int, ...] = ()
    """The rounds whose steps stood before this one: the plan that it goes on from."""
    plan: str
    """The step."""
    tried: tuple[Tried, ...] = ()
    """Its script and the repaired ones; the last counts."""
    verdict: Verdict | None = None
    """None where its script failed, or the round was broken off."""
    decision: str = ""
    """`Add Step`, or `Step k`: that step is wrong and is taken back with all after it; empty at the end."""
    note: str = ""
    """What went wrong with the round, if anything did."""

    @property
    def script(self) -> str:
        """The script that counts; empty where none was written."""
        return self.tried[-1].script if self.tried else ""

    @property
    def ran(self) -> Ran | None:
        """What came of it."""
        return self.tried[-1].ran if self.tried else None


class Answer(Record):
    """What was found."""

    text: str
    status: Literal["verified", "best so far"]
    """`verified`: by the model's own verdict."""
    why: str = ""
    """Why it is no more than the best so far."""
    script: str = ""
    """A script that prints it, by itself: `python answer.py`."""
    steps: tuple[int, ...] = ()
    """The rounds of the plan that it comes from."""
    files: tuple[str, ...] = ()
    """Plots and other files that belong to it, relative to the project."""


class Trace(Record):
    """All of one analysis."""

    question: str
    format: str = ""
    descriptions: tuple[Description, ...] = ()
    found: tuple[str, ...] = ()
    """The files that were looked for among many; empty where all were used."""
    rounds: tuple[Round, ...] = ()
    steps: tuple[int, ...] = ()
    """The rounds whose steps are the plan in the end."""
    answer: Answer | None = None
