"""Documents without gold through the whole pipeline: a small model alone, rules and layout, their votes, and the student they taught.

Students see what the pipeline made of documents of other merchants, and nothing else; gold is read by scorers alone.
"""

import gc
import json
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limbeck.embedded import embedded_model
from limbeck.encoder import Encoder
from limbeck.engine import serve
from limbeck.evals.kie import Row, id_of, piped, scores
from limbeck.evals.place import Place
from limbeck.fields.annotators import annotate
from limbeck.fields.answers import normalised
from limbeck.fields.candidates import candidates
from limbeck.fields.fusing import fuse
from limbeck.fields.grounding import grounded
from limbeck.fields.recording import findings_of, found_of, said_of
from limbeck.fields.view import View
from limbeck.run import Outcome
from limbeck.schemas.fields import FieldSet, Findings, Found, Said
from limbeck.schemas.pages import Pages
from limbeck.sections import EMBEDDED
from limbeck.store import Store
from limbeck.students import tagger
from limbeck.students.page_lessons import PageLesson

TAUGHT = 24
"""Documents that the embedded model reads of those that students learn from; rules read all."""
RATES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
PARITY_TOKENS = 100_000
"""That each student of the parity curve learns from: less than others do, as there are six."""
Answers = dict[str, Said]
"""What is said of documents, by their ids."""


@dataclass(frozen=True)
class Compared:
    """What everybody says of unseen documents, and what it costs."""

    found: Mapping[str, Mapping[str, Findings]]
    """By row (llm, annotators, aggregate, student) and a document's id."""
    seconds: Mapping[str, float]
    """A page, where all documents are to be read at once, once warm: of the model, and of the student with the annotators that it heeds."""
    lessons: Sequence[PageLesson]
    """What the student was taught."""
    ids: Sequence[str]
    """Of the lessons' documents."""


def compared(shown: Sequence[Row], unseen: Sequence[Row], fields: FieldSet, folder: Path, place: Place) -> Compared:
    """Teach a student on some documents, and ask everybody about others."""
    with serve(embedded_model(), name=EMBEDDED, log=folder / "vllm.log") as server:
        model = {"name": EMBEDDED, "base_url": server.base_url}
        common = {"model": model, "seed": place.seed}
        teaching = piped(shown, fields, folder / "shown", place.progress(), read={"readings": 1, "limit": TAUGHT}, **common)
        student = tagger.load(_student(teaching))
        # Both are warm when their time is taken: the model's server has read as many documents by then.
        _read(student, shown[:TAUGHT])
        # Before anybody else has looked at the unseen documents: annotators remember what stands in rows that they know.
        read, student_seconds = _read(student, unseen)
        asked = piped(unseen, fields, folder / "unseen", place.progress(), read={"readings": 1}, student={"kinds": []}, **common)
    rules = fuse([annotate(row.pages, fields) for row in unseen], fields)
    found = {
        "llm": _readings(asked, unseen, fields),
        "annotators": dict(zip([row.id for row in unseen], rules, strict=True)),
        "aggregate": _records(asked, fields),
        "student": read,
    }
    taught = _records(teaching, fields)
    rows = [row for row in shown if row.id in taught]
    lessons = [PageLesson(row.pages, taught[row.id]) for row in rows]
    return Compared(found, {"llm": _seconds(asked, unseen), "student": student_seconds}, lessons, [row.id for row in rows])


def _read(student: tagger.Tagger, rows: Sequence[Row]) -> tuple[dict[str, Findings], float]:
    """What a student finds, and in how many seconds a page, all documents at once.

    Python's collector looks through all that an eval holds, stores and other students, which a student's own process doesn't hold.
    """
    gc.collect()
    gc.freeze()
    try:
        started = time.perf_counter()
        found = student.read_many([row.pages for row in rows])
        seconds = (time.perf_counter() - started) / sum(len(row.pages.sheets) for row in rows)
    finally:
        gc.unfreeze()
    return dict(zip([row.id for row in rows], found, strict=True)), seconds


def told(found: Mapping[str, Findings], fields: FieldSet) -> Answers:
    """What was found as values alone."""
    return {name: said_of(one, fields) for name, one in found.items()}


def _student(outcome: Outcome) -> Path:
    with Store.open(outcome.store) as store:
        return outcome.store.parent / next(one.path for one in store.students(outcome.run) if one.chosen)


def _names(store: Store, run: str) -> dict[str, str]:
    """Rows' ids by their documents; two rows of one text are one document, of which the first id counts."""
    return {one.document: id_of(one.key) for one in reversed(store.places(run))}


def _readings(outcome: Outcome, rows: Sequence[Row], fields: FieldSet) -> dict[str, Findings]:
    """What the model said, wherever it stands."""
    with Store.open(outcome.store) as store:
        names, made = _names(store, outcome.run), store.artifacts(outcome.run, "read")
    said, pages = {names[item]: json.loads(one.value) or {} for item, one in made.items()}, {row.id: row.pages for row in rows}
    return {name: grounded(normalised(one, fields), fields, pages[name]) for name, one in said.items()}


def _records(outcome: Outcome, fields: FieldSet) -> dict[str, Findings]:
    with Store.open(outcome.store) as store:
        names = _names(store, outcome.run)
        return {names[document]: findings_of(records, fields) for document, records in store.records(outcome.run).items()}


def _seconds(outcome: Outcome, rows: Sequence[Row]) -> float:
    """How long the model took for a page: from the first request to the last answer, 16 requests at once."""
    with Store.open(outcome.store) as store:
        of = "id IN (SELECT unnest(calls) FROM artifacts WHERE run = ? AND step = 'read')"
        first = store.rows(f"SELECT max(ended) - min(ended - seconds) AS seconds FROM calls WHERE {of}", [outcome.run])[0]
    return float(first["seconds"] or 0.0) / sum(len(row.pages.sheets) for row in rows)


# ---- figures ---------------------------------------------------------------------------------------------------------


def figures(done: Compared, unseen: Sequence[Row], fields: FieldSet, names: Sequence[str]) -> dict[str, Any]:
    """`anls`, `exact` and `anls_star` by row and field, `speedup` and seconds a page."""
    scored = {row: scores(unseen, told(found, fields), fields, names) for row, found in done.found.items()}
    return {
        "anls": {row: one["anls"] for row, one in scored.items()},
        "exact": {row: one["exact"] for row, one in scored.items()},
        "anls_star": {row: one["star"]["all"] for row, one in scored.items()},
        "seconds_a_page": {row: round(seconds, 4) for row, seconds in done.seconds.items()},
        "speedup": round(done.seconds["llm"] / max(done.seconds["student"], 1e-9), 1),
    }


# ---- parity ----------------------------------------------------------------------------------------------------------


def parity(done: Compared, shown: Sequence[Row], unseen: Sequence[Row], fields: FieldSet, names: Sequence[str], place: Place) -> list[dict[str, float]]:
    """The paper's study of noise: teachers' values replaced by others of their kind at a rate, and what students make of it.

    `teacher` is the mean ANLS of what was taught, `student` that of what its student says of unseen documents.
    """
    encoder, gold = Encoder.load(), {row.id: row for row in shown}
    rows = [gold[name] for name in done.ids]
    curve = []
    for rate in RATES:
        given = [PageLesson(one.pages, corrupted(one.findings, one.pages, fields, rate, place.seed + at)) for at, one in enumerate(done.lessons)]
        student = tagger.fit(given, [], fields, encoder, place.seed, place.progress().note, PARITY_TOKENS)
        taught = told(dict(zip(done.ids, [one.findings for one in given], strict=True)), fields)
        said = told({row.id: student.read(row.pages) for row in unseen}, fields)
        teacher, pupil = (scores(some, answers, fields, names)["anls"]["mean"] for some, answers in ((rows, taught), (unseen, said)))
        curve.append({"rate": rate, "teacher": teacher, "student": pupil})
    return curve


def corrupted(findings: Findings, pages: Pages, fields: FieldSet, rate: float, seed: int) -> Findings:
    """Findings in which a share of the values is another one of its kind on the same pages; lists are left as they are."""
    draw, view = random.Random(seed), View(pages, fields)
    changed: Findings = dict(findings)
    for field in fields.fields:
        for one in found_of(findings, field.name)[:1]:
            others = [each for each in candidates(pages, field, view) if each.value != one.value]
            if others and draw.random() < rate:
                changed[field.name] = [Found(value=(other := draw.choice(others)).value, words=other.words, score=one.score)]
    return changed


