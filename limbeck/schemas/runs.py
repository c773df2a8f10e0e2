"""What a run did: the run itself, one artifact for each step and document, and the students it trained.

`Artifact(run="b2:…", step="label", item="b2:…", value='{"name":"Billing"}', calls=("b2:…",), status="done")`
"""

from typing import Literal

from limbeck.schemas.record import Record

Status = Literal["done", "repaired", "failed"]


class Artifact(Record):
    """What one step made of one item; the unit in which a run resumes."""

    run: str
    step: str
    item: str
    """A document's id, or a name such as `chain-0/batch-3`."""
    value: str
    """JSON; `null` where it failed."""
    calls: tuple[str, ...] = ()
    """Ids of the calls it came from, in order."""
    status: Status = "done"
    error: str | None = None
    """The last error shown to the model, for `repaired` and `failed`."""


class Run(Record):
    """One pipeline over one corpus with one config; named by all three, so the same again is the same run."""

    id: str
    pipeline: str
    config: str
    """The settings as JSON."""
    documents: int
    status: Literal["running", "finished", "stopped", "reviewed"]
    """`stopped` by its budget or by a person; `running` also where the process was killed; `reviewed` where people have
    answered since, so that running it again learns from them."""
    started: float
    finished: float | None = None
    summary: str = "{}"
    """JSON: what the run found and spent."""


class Student(Record):
    """A small model on disk."""

    id: str
    run: str
    kind: str
    """`logistic`, `lightgbm`, `mlp`, `lora` or `prompt`."""
    space: str
    path: str
    """Its folder, relative to the project."""
    metrics: str
    """JSON: scores on held-out pseudo-labels."""
    chosen: bool = False
    """Whether it was the best of its run."""
