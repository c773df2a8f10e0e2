"""From a project's store to the facts of a report on an analysis. Works on unfinished runs too."""

import json
from pathlib import Path

from limbeck import show_analysis
from limbeck.facts_analysis import AnalysisFacts, DataFacts, LeftFacts, PictureFacts, RoundFacts
from limbeck.reporting import frame, source
from limbeck.schemas import Run
from limbeck.schemas.analysis import Answer, Trace
from limbeck.show_analysis import Beside

PICTURES, BYTES, BYTES_EACH = 24, 10_000_000, 3_000_000
"""Pictures that are shown, and how large they may be; as text within the page they are a third larger."""
FILES = 200
"""Of the data and of what scripts left, files that are listed."""
MEDIA = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".svg": "image/svg+xml"}


def facts(store: Path, run: Run) -> AnalysisFacts:
    """What the report says of a run."""
    found, more, data = show_analysis.trace(store, run), show_analysis.beside(store, run), show_analysis.data_files(store, run)
    pictures, left = _left(store.parent, found.answer.files if found.answer else ())
    used = set(found.found)
    of_run = frame(store, run)
    return AnalysisFacts(
        **(of_run | {"use_case": found.question}),
        about=of_run["use_case"],
        title=f"Analysis of {source(run)}",
        notes=(*_warnings(found.answer), *json.loads(run.summary).get("skipped", ())),
        question=found.question,
        format=found.format,
        answer=found.answer,
        unanswered=more.unanswered or show_analysis.NOTHING_YET,
        plan=tuple(show_analysis.plan(found)),
        rounds=_rounds(found, more),
        last=more.last,
        pictures=tuple(pictures),
        left=tuple(left),
        data=tuple(DataFacts(file=file, description=one, used=not used or file.path in used) for file, one in data[:FILES]),
        data_left_out=max(0, len(data) - FILES),
    )


def _warnings(answer: Answer | None) -> list[str]:
    if answer is None or answer.status == "verified":
        return []
    return [f"The answer is not verified, it is the best so far: {answer.why or 'no verdict was reached'}."]


def _rounds(found: Trace, more: Beside) -> tuple[RoundFacts, ...]:
    back = show_analysis.taken_back(found.rounds)
    return tuple(
        RoundFacts(
            round=one,
            step=found.steps.index(one.number) + 1 if one.number in found.steps else None,
            taken_back_in=back[one.number].number if one.number in back and one.number not in found.steps else None,
            reason=more.reasons.get(one.number, ""),
            seconds=more.seconds.get(one.number, 0.0),
        )
        for one in found.rounds
    )


# ---- what scripts left -----------------------------------------------------------------------------------------------


def _left(project: Path, names: tuple[str, ...]) -> tuple[list[PictureFacts], list[LeftFacts]]:
    """Pictures to show, each once and as many as a page can hold, and all other files."""
    pictures: list[PictureFacts] = []
    left: list[LeftFacts] = []
    room = BYTES
    for name in names[:FILES]:
        path = _within(project, name)
        picture = _picture(name, path, min(room, BYTES_EACH)) if path and len(pictures) < PICTURES else None
        if picture and picture.data not in [one.data for one in pictures]:
            pictures.append(picture)
            room -= len(picture.data)
        else:
            left.append(LeftFacts(name=name, bytes=path.stat().st_size if path else None))
    return pictures, left


def _within(project: Path, name: str) -> Path | None:
    """A file of the project; None for one that is gone, and for a name or a link that leads out of it."""
    try:
        path = (project / name).resolve()
        return path if path.is_relative_to(project.resolve()) and path.is_file() else None
    except (OSError, ValueError):
        return None


def _picture(name: str, path: Path, room: int) -> PictureFacts | None:
    media = MEDIA.get(path.suffix.lower())
    try:
        if media is None or not 0 < path.stat().st_size <= room:
            return None
        return PictureFacts(name=name, media=media, data=path.read_bytes())
    except OSError:
        return None
