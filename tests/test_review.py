"""Answers of people: where they go, what they change, and the session in which they are given."""

import io
import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from scripted import ABOUT, TOPICS, good, labels, measures, rows, settings, speechless, started, texts

from limbeck import reviewing
from limbeck import show as showing
from limbeck.errors import ConfigError, ModelUnreachable, NoSuchRun
from limbeck.reviewing import first_key, opened, review
from limbeck.run import Outcome, is_finished
from limbeck.schemas import OTHER
from limbeck.settings import Settings
from limbeck.stages import measuring
from limbeck.stages.parts import parts
from limbeck.stages.review import learn, questions, record, withdraw

pytestmark = pytest.mark.usefixtures("one_encoder")

GIVEN = {"given": ["Cards", "Loans", "Odds and ends"]}
"""Nobody can guess from its name that the third is about transfers."""


SAYS_NOTHING = {"Blue": "Cards", "Green": "Loans", "Red": "Transfers"}


def config(folder: Path, each: int = 12) -> Settings:
    return settings(folder, texts(each), taxonomy=GIVEN, labels={"llm_limit": 0})


def right(text: str) -> str:
    """The colour that stands for a text's topic."""
    return next(name for name, topic in SAYS_NOTHING.items() if TOPICS[topic] in text)


def accuracy(outcome: Outcome) -> float:
    found = labels(outcome)
    return sum(label == right(text) for text, label in found.items()) / len(found)


def answered(outcome: Outcome, count: int) -> list[str]:
    """Let somebody who knows answer; the texts asked about."""
    with opened(outcome.store.parent, outcome.run) as context:
        asked = [one.document for one in questions(context, count)]
        record(context, "ann", {one.id: right(one.text) for one in asked})
        learn(context)
    return [one.text for one in asked]


def test_answers_are_votes_that_outweigh_all_and_change_other_labels_and_the_student(tmp_path: Path) -> None:
    conf = settings(tmp_path, texts(12), taxonomy={"given": list(SAYS_NOTHING)}, labels={"llm_limit": 0})
    _, outcome = started(conf, speechless)
    before, students = accuracy(outcome), rows(outcome, "SELECT metrics FROM students")
    asked = answered(outcome, 6)
    assert len(set(asked)) == 6
    assert {text: labels(outcome)[text] for text in asked} == {text: right(text) for text in asked}
    assert accuracy(outcome) > before
    assert Counter(row["annotator"] for row in rows(outcome, "SELECT DISTINCT item, annotator FROM votes"))["person:ann"] == 6
    assert not is_finished(outcome.store, outcome.run)
    fake, again = started(conf, speechless)
    assert (again.run, again.already, fake.history) == (outcome.run, False, [])
    assert is_finished(outcome.store, outcome.run)
    assert rows(outcome, "SELECT metrics FROM students") != students
    assert {text: labels(outcome)[text] for text in asked} == {text: right(text) for text in asked}
    assert started(conf, speechless)[1].already


def test_a_taxonomy_that_was_found_learns_from_answers_too(tmp_path: Path) -> None:
    _, outcome = started(settings(tmp_path, texts(12), taxonomy={"method": "clusters", "size": 3}), speechless)
    with opened(outcome.store.parent, None) as context:
        (one,) = questions(context, 1)
        other = one.guesses[-1][0]
        record(context, "ann", {one.document.id: other})
        learn(context)
    assert labels(outcome)[one.document.text] == other


def test_most_people_decide_and_nothing_is_asked_twice(tmp_path: Path) -> None:
    _, outcome = started(config(tmp_path, 4), good)
    with opened(outcome.store.parent, outcome.run) as context:
        everything = questions(context, 100)
        assert len(everything) == 12
        first = everything[0]
        assert [label for label, _ in first.guesses] != [] and sum(share for _, share in first.guesses) == pytest.approx(1, abs=1e-3)
        for person, label in (("ann", "Cards"), ("bob", "Loans"), ("cem", "Loans")):
            record(context, person, {first.document.id: label})
        learn(context)
        assert first.document.id not in {one.document.id for one in questions(context, 100)}
        assert len(questions(context, 100, frozenset({everything[1].document.id}))) == 10
    assert labels(outcome)[first.document.text] == "Loans"


def test_none_of_them_is_an_answer_that_students_do_not_learn(tmp_path: Path) -> None:
    conf = config(tmp_path)
    _, outcome = started(conf, good)
    with opened(outcome.store.parent, outcome.run) as context:
        (one,) = questions(context, 1)
        record(context, "ann", {one.document.id: OTHER})
        learn(context)
    assert labels(outcome)[one.document.text] == OTHER
    assert not started(conf, good)[1].already


# ---- the session -------------------------------------------------------------------------------------------------------


def session(monkeypatch: pytest.MonkeyPatch, outcome: Outcome, keys: str, most: int | None = None) -> str:
    """What the terminal shows while these keys are pressed."""
    screen = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(keys))
    monkeypatch.setattr(reviewing, "Console", lambda: Console(file=screen, width=80))
    review(outcome.store.parent, outcome.run[:12], "ann", most)
    return screen.getvalue()


def test_a_session_in_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, outcome = started(config(tmp_path), good)
    shown = session(monkeypatch, outcome, "1 x 9 2 s 0 /odds\n /loa\n q 1 1")
    assert shown.startswith("1-9 label · 0 none of them (Other) · / another label · s skip · u undo · q stop\n")
    assert shown.endswith("5 answered now, 5 in all by people; learn from them with: limbeck run YOUR.yaml\n")
    said = [row["label"] for row in rows(outcome, "SELECT label FROM votes WHERE annotator = 'person:ann' AND NOT ends_with(space, '/all')")]
    assert len(said) == 5 and {OTHER, "Loans", "Odds and ends"} <= set(said)
    assert any(text in shown.replace("\n", " ") for texts in ABOUT.values() for text in texts)


def test_an_answer_can_be_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, outcome = started(config(tmp_path), good)
    assert "1 answered now, 1 in all" in session(monkeypatch, outcome, "1 u 0 q")
    (row,) = rows(outcome, "SELECT label FROM votes WHERE annotator = 'person:ann' AND NOT ends_with(space, '/all')")
    assert row["label"] == OTHER


def test_an_answer_can_be_taken_back_when_new_documents_were_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reviewing, "AT_A_TIME", 2)
    _, outcome = started(config(tmp_path), good)
    before = labels(outcome)
    assert "0 answered now, 0 in all" in session(monkeypatch, outcome, "00uuuq")
    assert labels(outcome) == before
    assert "4 answered now, 4 in all" in session(monkeypatch, outcome, "00u100q")
    said = rows(outcome, "SELECT label FROM votes WHERE annotator = 'person:ann' AND NOT ends_with(space, '/all')")
    assert Counter(row["label"] == OTHER for row in said) == {True: 3, False: 1}


def test_a_skip_can_be_taken_back_when_new_documents_were_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reviewing, "AT_A_TIME", 1)
    _, outcome = started(config(tmp_path, 4), good)
    assert "12 answered now, 12 in all" in session(monkeypatch, outcome, "su" + "1" * 99)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("1", "1"),
        ("12", "1"),
        ("x2", "2"),
        ("1\x03", "1"),
        ("x\x03", "\x03"),
        ("\x1b", "\x1b"),
        ("\x1b\x1b", "\x1b"),
        ("\x1b[A", None),
        ("\x1b[1;5C", None),
        ("\x1bOP", None),
        ("\x1b\x1b[A", None),
        ("\x1bq", None),
        ("\x1b[B\x1b[B2", "2"),
        ("x\x1b[A", None),
        ("\x1b[1;", None),
        ("\xe0q", None),
        ("", None),
        ("xyz", None),
    ],
)
def test_of_keys_typed_at_once_the_first_answers(typed: str, key: str | None) -> None:
    assert first_key(typed, ("1", "2", *reviewing.ENDS)) == key


def test_typing_fast_answers_the_question_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, outcome = started(config(tmp_path), good)
    reads = iter(["00", "\x1b[A", "xx", "x0", "q0"])
    monkeypatch.setattr(reviewing, "pressed", lambda: next(reads))
    assert "2 answered now, 2 in all" in session(monkeypatch, outcome, "")
    assert list(reads) == []


def test_as_many_as_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, outcome = started(config(tmp_path, 4), good)
    assert "3 answered now, 3 in all" in session(monkeypatch, outcome, "1" * 99, most=3)
    assert "9 answered now, 12 in all" in (shown := session(monkeypatch, outcome, "1" * 99))
    assert "nothing is left to ask" in shown


def test_an_unclear_or_unknown_label_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, outcome = started(config(tmp_path, 4), good)
    shown = session(monkeypatch, outcome, "/a\n /nothing\n /CARDS\n q")
    assert "3 labels have 'a' in their name; skipped" in shown
    assert "0 labels have 'nothing' in their name; skipped" in shown
    assert "1 answered now" in shown


def test_who_answers_and_of_which_run(tmp_path: Path) -> None:
    _, outcome = started(config(tmp_path, 4), good)
    with pytest.raises(ConfigError, match="an answer needs a name, not ' '; write: --as NAME"):
        review(outcome.store.parent, None, " ", None)
    with pytest.raises(NoSuchRun, match="no run 'zzz'"):
        review(outcome.store.parent, "zzz", "ann", None)


def test_a_long_document_is_cut_on_the_screen_and_brackets_are_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = ["my card [red]is[/red] lost " + "x" * 3000, *texts(3)]
    _, outcome = started(settings(tmp_path, long, taxonomy=GIVEN, labels={"llm_limit": 0}), good)
    shown = session(monkeypatch, outcome, "s" * 10).replace("\n", "")
    assert "my card [red]is[/red] lost xxx" in shown and "x […]" in shown


def trainings(outcome: Outcome) -> list[dict[str, Any]]:
    return [json.loads(row["value"]) for row in rows(outcome, "SELECT value FROM artifacts WHERE step = 'train'")]


def test_what_was_made_of_the_old_labels_is_forgotten(tmp_path: Path) -> None:
    conf = config(tmp_path)
    _, outcome = started(conf, good)
    assert len(trainings(outcome)) == 1
    with opened(outcome.store.parent, None) as context:
        record(context, "ann", {questions(context, 1)[0].document.id: "Loans"})
    assert trainings(outcome) == []
    started(conf, good)
    assert len(trainings(outcome)) == 1


@pytest.mark.parametrize(("answers", "left"), [(0, 1.0), (1, None), (4, None), (99, 0.5)])
def test_what_was_answered_is_taught_as_long_as_enough_is_left_to_measure_on(answers: int, left: float | None, tmp_path: Path) -> None:
    conf = settings(tmp_path, texts(12), taxonomy=GIVEN, labels={"llm_limit": 0}, student={"held_out": 0.4})
    _, outcome = started(conf, good)
    with opened(outcome.store.parent, None) as context:
        before = parts(context)
        assert 8 <= len(before.held_out) <= 20 and not before.other
        said = {one.item: one.label for one in context.store.labels(outcome.run, context.store.taxonomy(outcome.run).id)}
        told = before.held_out[:answers]
        record(context, "ann", {item: said[item] for item in told})
        learn(context)
        after = parts(context)
        free = [item for item in before.held_out if item not in told]
        least = math.ceil(len(before.held_out) / 2)
        assert set(free) <= set(after.held_out) <= set(before.held_out)
        assert len(after.held_out) == max(len(free), least) and set(after.shown) >= set(before.shown)
        assert left is None or len(after.held_out) == math.ceil(left * len(before.held_out))
        # Answers to documents that students are shown anyway hold nothing back.
        record(context, "bob", {item: said[item] for item in before.shown})
        assert parts(context) == after
        for item in told:
            withdraw(context, "ann", item)
        assert parts(context) == before
        record(context, "ann", {item: said[item] for item in told})
        learn(context)
    started(conf, good)
    scores = measures(outcome)["students"]["logistic"]
    assert scores["unseen"] == len(after.held_out)


def ending(outcome: Outcome) -> str:
    """What `limbeck show RUN` says."""
    screen = io.StringIO()
    Console(file=screen, width=500).print(showing.ending(outcome.store, showing.find(outcome.store, outcome.run), None))
    return screen.getvalue()


def test_where_too_few_labels_are_left_the_old_student_is_no_longer_the_runs(tmp_path: Path) -> None:
    conf = config(tmp_path, 4)
    _, outcome = started(conf, good)
    (student,) = rows(outcome, "SELECT path, chosen FROM students")
    place = f"Student: {outcome.store.parent / student['path']}"
    assert student["chosen"] and place in ending(outcome).splitlines()
    with opened(outcome.store.parent, None) as context:
        record(context, "ann", dict.fromkeys([one.id for one in context.store.documents(outcome.run)], OTHER))
        learn(context)
    assert f"{place} (from before your answers; learn from them with: limbeck run YOUR.yaml)" in ending(outcome).splitlines()
    started(conf, good)
    why = "too few labelled documents; those of before learnt other labels"
    assert [one["note"] for one in trainings(outcome)] == [why]
    assert rows(outcome, "SELECT * FROM students") == [] and measures(outcome)["students"] == {}
    assert [line for line in ending(outcome).splitlines() if line.startswith("Student")] == [f"Student: none ({why})"]


@pytest.mark.parametrize("method", ["auto", "balanced", "dawid-skene", "weighted", "majority"])
def test_every_label_model_labels_a_run_and_leaves_answers_alone(method: str, tmp_path: Path) -> None:
    _, outcome = started(settings(tmp_path, texts(8), taxonomy=GIVEN, labels={"aggregate": method}), good)
    assert len(labels(outcome)) == 24
    text = texts(1)[0]
    with opened(outcome.store.parent, None) as context:
        item = next(one.id for one in context.store.documents(outcome.run) if one.text == text)
        record(context, "ann", {item: "Loans"})
        learn(context)
    assert labels(outcome)[text] == "Loans"
    used = {row["method"] for row in rows(outcome, "SELECT DISTINCT method FROM labels WHERE NOT ends_with(space, '/all')")}
    assert used == {"soft", "majority"} if method == "auto" else method in used


SEVERAL: dict[str, Any] = {"several": True, "llm_limit": 0}


@pytest.mark.parametrize("method", ["soft", "dawid-skene", "auto"])
def test_where_several_labels_apply_an_answer_adds_its_own_and_none_takes_all(method: str, tmp_path: Path) -> None:
    conf = settings(tmp_path, texts(12), taxonomy={"given": list(SAYS_NOTHING)}, labels={**SEVERAL, "aggregate": method})
    _, outcome = started(conf, speechless)

    def applying() -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for row in rows(outcome, "SELECT item, label FROM labels WHERE ends_with(space, '/all')"):
            found.setdefault(row["item"], set()).add(row["label"])
        return found

    before = applying()
    with opened(outcome.store.parent, outcome.run) as context:
        one, two = [asked.document.id for asked in questions(context, 2)]
        more = next(name for name in SAYS_NOTHING if name not in before.get(one, set()))
        record(context, "ann", {one: more, two: OTHER})
        learn(context)
    after = applying()
    assert after[one] >= {more, *before.get(one, set())}
    assert two not in after


def test_what_two_people_say_of_a_document_both_applies(tmp_path: Path) -> None:
    conf = settings(tmp_path, texts(12), taxonomy={"given": list(SAYS_NOTHING)}, labels=SEVERAL)
    _, outcome = started(conf, speechless)
    with opened(outcome.store.parent, outcome.run) as context:
        (one,) = [asked.document.id for asked in questions(context, 1)]
        record(context, "ann", {one: "Blue"})
        record(context, "bob", {one: "Red"})
        learn(context)
    found = rows(outcome, f"SELECT label FROM labels WHERE ends_with(space, '/all') AND item = '{one}'")
    assert {row["label"] for row in found} >= {"Blue", "Red"}


def test_answers_reach_all_runs_that_share_the_votes(tmp_path: Path) -> None:
    conf = settings(tmp_path, texts(12), taxonomy={"given": list(SAYS_NOTHING)}, labels={"llm_limit": 0})
    _, first = started(conf, good)
    _, second = started(conf.model_copy(update={"seed": 1}), good)
    answered(second, 3)
    assert not is_finished(first.store, first.run)
    assert not started(conf, good)[1].already
    said = "SELECT item, label FROM votes WHERE starts_with(annotator, 'person:') AND NOT ends_with(space, '/all')"
    told = {(row["item"], row["label"]) for row in rows(first, said)}
    now = {(row["item"], row["label"]) for row in rows(first, f"SELECT item, label FROM labels WHERE run = '{first.run}'")}
    assert len(told) == 3 and told <= now


def test_what_is_taken_back_is_no_vote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, outcome = started(config(tmp_path), speechless)
    session(monkeypatch, outcome, "1uq")
    assert rows(outcome, "SELECT * FROM votes WHERE starts_with(annotator, 'person:')") == []


def test_nothing_is_labelled_anew_without_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, outcome = started(config(tmp_path), speechless)
    monkeypatch.setattr(reviewing, "learn", lambda context: pytest.fail("nothing was answered"))
    shown = session(monkeypatch, outcome, "sq")
    assert shown.endswith("0 answered now, 0 in all by people\n") and is_finished(outcome.store, outcome.run)


def test_answers_to_a_run_that_had_stopped_are_learnt_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conf = settings(tmp_path, texts(12), taxonomy={"given": list(SAYS_NOTHING)}, labels={"llm_limit": 0})

    async def unreachable(context: object) -> None:
        raise ModelUnreachable("gone")

    with monkeypatch.context() as patch, pytest.raises(ModelUnreachable):
        patch.setattr(measuring, "measure", unreachable)
        started(conf, speechless)
    with opened(Path(conf.project), None) as context:
        before = context.store.rows("SELECT metrics FROM students")
        asked = questions(context, 6)
        record(context, "ann", {one.document.id: right(one.document.text) for one in asked})
        learn(context)
    _, outcome = started(conf, speechless)
    assert rows(outcome, "SELECT metrics FROM students") != before
    assert rows(outcome, "SELECT status FROM runs") == [{"status": "finished"}]
