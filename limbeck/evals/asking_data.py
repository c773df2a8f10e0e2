"""Questions over folders of data through the pipeline `analysis`: one run a question, for the evals that ask them.

    answers = asked("dabench", [Question("0", Path("data/titanic"), "What is the mean fare?", "@mean_fare[value]")], place)

Projects are kept in limbeck's cache, one a folder of data, so that the same command goes on after a kill: what was answered isn't
asked again, and no call is paid twice. Questions over one folder come after each other and share what is known of its files;
several folders are asked about at once. Gold comes no further than the evals' scorers.
"""

import json
import os
import shutil
import threading
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from limbeck import show, show_analysis
from limbeck.embedded import cache, embedded_model
from limbeck.engine import serve
from limbeck.errors import (
    ConfigError,
    EngineError,
    LimbeckError,
    ModelCallsOff,
    ModelUnreachable,
    NoSuchRun,
    StoreError,
)
from limbeck.evals.place import Place
from limbeck.guests import tried
from limbeck.progress import Progress
from limbeck.run import STORE, is_finished, run, run_id
from limbeck.schemas.analysis import Trace
from limbeck.schemas.record import content_id
from limbeck.sections import EMBEDDED, FAKE, ModelSettings
from limbeck.serving import check
from limbeck.settings import Settings
from limbeck.stages.inputs import INPUTS

USE_CASE = "Answer questions over a folder of data."
ROUNDS = 20
"""The paper's."""
SMALL = {"rounds": 2, "repairs": 1}
"""What the embedded model is given, which gets no further with more."""
OF_ALL = (ConfigError, StoreError, EngineError, ModelCallsOff)
"""What doesn't lie with a question: all others would meet it, too, and none would be an answer."""
KEY = "OPENAI_API_KEY"
EXAMPLE = "--model http://127.0.0.1:8000/v1"


@dataclass(frozen=True)
class Question:
    """What is asked; nothing of gold."""

    id: str
    folder: Path
    """Of data; its name sets its project apart from others'."""
    text: str
    format: str


@dataclass(frozen=True)
class Asked:
    """What came of a question."""

    trace: Trace | None
    """None where the run had not begun when it failed."""
    spent: Mapping[str, Any]
    """`calls`, `prompt_tokens`, `completion_tokens`, `money` and `seconds`; what is known of files is counted with the question that was asked first."""
    error: LimbeckError | None = None
    """Why the run came to no end."""

    @property
    def answer(self) -> str:
        """Its text, empty where there is none."""
        return self.trace.answer.text if self.trace and self.trace.answer else ""

    @property
    def status(self) -> str:
        """`verified`, `best so far` or `no answer`."""
        return self.trace.answer.status if self.trace and self.trace.answer else "no answer"


@dataclass(frozen=True)
class _Job:
    question: Question
    settings: Settings
    run: str

    @property
    def store(self) -> Path:
        return Path(self.settings.project) / STORE


def asked(name: str, questions: Sequence[Question], place: Place) -> dict[str, Asked]:
    """Ask every question that has no answer yet.

    Args:
        name: The eval's.
        questions: With ids that differ.
        place: What the command line says; `--model` is a server's address, or a name as in `model: name:`.

    Returns:
        What came of each, by id.

    Raises:
        ModelUnreachable: No server answers, or none does any more.
        ConfigError, StoreError, EngineError: Nothing can be asked here.
    """
    model = model_of(place.model)
    room = cache() / "evals" / name / _key(model.name, place)
    jobs = [_job(one, room, model, place.seed) for one in questions]
    left = [one for one in jobs if not is_finished(one.store, one.run)]
    errors: dict[str, LimbeckError] = {}
    if left:
        with _reached(model, room / "vllm.log") as reached:
            errors = _run(left, reached, place.progress())
    return {one.question.id: _found(one, errors.get(one.run)) for one in jobs}


def alone(file: Path, name: str) -> Path:
    """A folder that holds this file and nothing else, a copy: links that lead out of a folder aren't followed."""
    folder = cache() / "evals" / name / "data" / file.name
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, folder / file.name)
    return folder


def files_of(place: Place, name: str) -> Path:
    """The folder `files`: beside `--test`, or else beside the eval's own rows."""
    beside = place.test.parent / "files" if place.test else None
    return beside if beside and beside.is_dir() else place.file(f"{name}/dev.jsonl").parent / "files"


def tested(place: Place) -> str:
    """What it is tested on, in words: nothing is learnt, so that all of dev is."""
    return place.test.name if place.test else "dev"


def _key(model: str, place: Place) -> str:
    tested = str(place.test.resolve()) if place.test else "dev"
    return content_id([model, place.seed, tested]).removeprefix("b2:")[:12]


# ---- the model -------------------------------------------------------------------------------------------------------


def model_of(given: str | None) -> ModelSettings:
    """The model that `--model` names: the first that a server lists, or one by its name; the embedded one without it.

    Raises:
        ModelUnreachable: No server answers at the address, or it lists no model.
    """
    return _listed(given) if given and "://" in given else ModelSettings(name=given or EMBEDDED)


def _listed(url: str) -> ModelSettings:
    key = os.environ.get(KEY)
    address = f"{url.rstrip('/')}/models"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {key}"} if key else {})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            first = json.load(answer)["data"][0]
            # vLLM says how much its model reads.
            known = {"context": first["max_model_len"]} if first.get("max_model_len") else {}
            return ModelSettings(name=first["id"], base_url=url, **known)
    except (urllib.error.URLError, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ModelUnreachable(f"no list of models at {address!r} ({type(error).__name__}); start the server, or write {EXAMPLE}") from None


@contextmanager
def _reached(model: ModelSettings, log: Path) -> Iterator[ModelSettings]:
    """The model with an address: one server for all questions, where limbeck serves it."""
    if model.base_url or model.name == FAKE:
        yield model
        return
    check(model.name)
    with serve(embedded_model() if model.name == EMBEDDED else model.name, name=model.name, log=log, context=model.context) as server:
        yield model.model_copy(update={"base_url": server.base_url})


# ---- runs ------------------------------------------------------------------------------------------------------------


def _job(question: Question, room: Path, model: ModelSettings, seed: int) -> _Job:
    settings = Settings.model_validate(
        {
            "pipeline": "analysis",
            "project": str(room / question.folder.name),
            "use_case": USE_CASE,
            "documents": {"source": str(question.folder)},
            "model": model.model_dump(),
            "ask": {"question": question.text, "format": question.format, **(SMALL if model.name == EMBEDDED else {"rounds": ROUNDS})},
            "seed": seed,
        }
    )
    return _Job(question, settings, run_id(settings, INPUTS["analysis"].read(settings)))


def _run(jobs: Sequence[_Job], model: ModelSettings, progress: Progress) -> dict[str, LimbeckError]:
    """Run them; why those that came to no end did not, by run."""
    by_folder: dict[Path, list[_Job]] = {}
    for job in jobs:
        by_folder.setdefault(job.question.folder, []).append(job)
    processors = len(os.sched_getaffinity(0))
    at_once = min(processors, len(by_folder))
    errors: dict[str, LimbeckError] = {}
    with progress.stage("ask", len(jobs), "questions") as stage:

        def work(folder: Path) -> None:
            for job in by_folder[folder]:
                sandbox = job.settings.sandbox.model_copy(update={"at_once": processors // at_once})
                try:
                    run(job.settings.model_copy(update={"model": model, "sandbox": sandbox}), Progress(quiet=True))
                except OF_ALL:
                    raise
                except LimbeckError as error:
                    errors[job.run] = error
                stage.advance(failed=int(job.run in errors))

        _side_by_side(work, by_folder, at_once)
    return errors


def _side_by_side(work: Callable[[Path], None], folders: Iterable[Path], threads: int) -> None:
    """Work on every folder; the first error ends it.

    The threads die with the process, so that Ctrl-C needn't wait for a question that takes minutes: the next command goes on.
    """
    todo, done, ended = deque(folders), SimpleQueue[Future[None]](), threading.Event()
    count = len(todo)

    def one_by_one() -> None:
        while not ended.is_set():
            with suppress(IndexError):
                folder = todo.popleft()
                done.put(tried(partial(work, folder)))
                continue
            return

    for _ in range(threads):
        threading.Thread(target=one_by_one, daemon=True).start()
    try:
        for _ in range(count):
            done.get().result()
    finally:
        ended.set()


def _found(job: _Job, error: LimbeckError | None) -> Asked:
    try:
        row = show.find(job.store, job.run)
    except NoSuchRun:
        return Asked(None, {}, error)
    return Asked(show_analysis.trace(job.store, row), show_analysis.as_json(job.store, row), error)
