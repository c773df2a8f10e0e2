"""What a document, a label or somebody's exception says can't steer the terminal that shows it."""

import io
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console, RenderableType
from scripted import good, settings, started, texts

from limbeck import quality, reviewing
from limbeck import show as showing
from limbeck.cli import sql
from limbeck.progress import Progress
from limbeck.run import Outcome
from limbeck.schemas import Artifact, Errors
from limbeck.schemas.quality import ERRORS
from limbeck.stages.review import learn, record
from limbeck.visible import UNSHOWABLE, in_json, literal, on_one_line, visible

HOSTILE = "\x1b]0;x\x07\x1b[2J"
HARMLESS = "\ufffd]0;x\ufffd\ufffd[2J"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (HOSTILE, HARMLESS),
        ("a\tb\nc\r\nd", "a\tb\nc\nd"),
        ("paid 100\rpaid 1", "paid 100\ufffdpaid 1"),
        ("\x9b2J\x7f\x00\x08", "\ufffd2J\ufffd\ufffd\ufffd"),
        ("\ud800", "\ufffd"),
        ("Grüße, 東京, \xa0🙂 é", "Grüße, 東京, \xa0🙂 é"),
    ],
)
def test_what_a_terminal_would_obey_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


@example("⺀\t")
@given(st.text(alphabet=st.characters(codec=None, exclude_characters="\\")))  # Rich may double one at the end.
def test_any_text_can_be_printed(text: str) -> None:
    screen = io.StringIO()
    # A tab is one column wide: how far a wider one goes depends on how wide the signs before it are drawn.
    Console(file=screen, width=10_000, tab_size=1).print(literal(text), highlight=False, soft_wrap=True, emoji=False)
    assert screen.getvalue().replace("\t", " ") == visible(text).replace("\t", " ") + "\n"
    assert not UNSHOWABLE.search(on_one_line(text)) and "\n" not in on_one_line(text)


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_json_loses_nothing(text: str) -> None:
    line = in_json(json.dumps(text, ensure_ascii=False))
    assert json.loads(line) == text and not UNSHOWABLE.search(line)


def harmless(shown: str) -> bool:
    """Is the hostile text there, and nothing that steers?"""
    return HARMLESS in shown and not UNSHOWABLE.search(shown)


@pytest.mark.parametrize("live", [False, True])
def test_notes_and_stages_are_harmless(live: bool) -> None:
    stream = io.StringIO()
    with (progress := Progress(stream, live=live)).stage(f"rule {HOSTILE}", 1):
        progress.warn(f"rule:fussy failed on 1 documents: RuntimeError: {HOSTILE}")
    assert stream.getvalue().count(HARMLESS) >= 2 and "\x1b]" not in stream.getvalue() and "\x1b[2J" not in stream.getvalue()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, one_encoder: None) -> Outcome:
    """A finished run whose documents, labels and failures steer a terminal."""
    given = {"given": ["Cards", "Loans", f"Odds {HOSTILE}"]}
    rows = [f"{HOSTILE} {text}" for text in texts(8)]
    _, outcome = started(settings(tmp_path_factory.mktemp("hostile"), rows, taxonomy=given, labels={"llm_limit": 0}), good)
    with reviewing.opened(outcome.store.parent, None) as context:
        item, told = (one.id for one in context.store.documents(outcome.run)[:2])
        record(context, f"ann {HOSTILE}", {told: given["given"][2]})
        learn(context)
        wrong = Errors(rate=0.1, rates={}, found=((item, given["given"][2], "Loans"),), confused=())
        context.store.forget(outcome.run, (ERRORS,))
        context.store.put(
            [
                Artifact(run=outcome.run, step=ERRORS, item=ERRORS, value=wrong.model_dump_json()),
                Artifact(run=outcome.run, step="label", item=item, value="null", status="failed", error=HOSTILE),
            ]
        )
        context.store.flush()
    return outcome


VIEWS: dict[str, Any] = {
    "ending": lambda store, run: showing.ending(store, run, None),
    "labels": lambda store, run: showing.labels_table(store, run, None),
    "failures": showing.failures_table,
    "annotators": quality.annotators_view,
    "errors": quality.errors_view,
}


@pytest.mark.parametrize("view", VIEWS)
def test_what_a_run_found_is_harmless(view: str, hostile: Outcome) -> None:
    found = showing.find(hostile.store, None)
    shown: RenderableType = VIEWS[view](hostile.store, found)
    screen = io.StringIO()
    Console(file=screen, width=500).print(shown)
    assert harmless(screen.getvalue())


def test_a_question_and_its_answer_are_harmless(hostile: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(f"/{HOSTILE}s\n /odds\n uuq"))
    monkeypatch.setattr(reviewing, "Console", lambda: Console(file=screen, width=500))
    reviewing.review(hostile.store.parent, None, "ann", None)
    assert f"\nOdds {HARMLESS}\n" in screen.getvalue() and harmless(screen.getvalue())


@pytest.mark.parametrize("as_json", [False, True])
def test_an_answer_of_the_store_is_harmless(as_json: bool, hostile: Outcome, capsys: pytest.CaptureFixture[str]) -> None:
    sql("SELECT any_value(text) || '\x9b' AS \"\x1b[2J\" FROM documents", hostile.store.parent, as_json)
    shown = capsys.readouterr().out
    assert "[2J" in shown and not UNSHOWABLE.search(shown)
