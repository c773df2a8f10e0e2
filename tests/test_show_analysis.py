"""What a person sees of an analysis: the trace from the store's rows, terminal and report, also of hostile texts."""

import base64
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType
from test_report import HOSTILE, VOID, Page, section

from limbeck import report_analysis, reporting_analysis, script_drawing, show_analysis, views
from limbeck.facts_analysis import AnalysisFacts, DataFacts, LeftFacts, PictureFacts, RoundFacts
from limbeck.run import STORE
from limbeck.schemas import Artifact, Call, Document, Place, Run
from limbeck.schemas.analysis import Answer, DataFile, Description, Ran, Round, Tried, Verdict
from limbeck.store import Store
from limbeck.visible import visible

VOID |= {"img"}
RUN = "b2:5f00d5"
SQUARE = b'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><rect width="4" height="4"/></svg>'
FILES = (DataFile(path="sales/2024.csv", bytes=1_234, digest="b2:1"), DataFile(path="notes.md", bytes=90, digest="b2:2"), DataFile(path="scan.bin", bytes=7, digest="b2:3"))
EVIL = "[bold]b[/bold] \x1b]0;owned\x07\x00 \u202e </pre></script><script>document.body.dataset.owned = 1</script>" + HOSTILE


def a_run(status: Any = "finished", question: str = "What is the total of the year?", wanted: str = "a number with two decimals") -> Run:
    settings = {"documents": {"source": "data/shop"}, "model": {"name": "big"}, "use_case": "Sales of a shop.", "ask": {"question": question, "format": wanted}}
    summary = {"seconds": {"plan": 30.0, "execute": 12.5}}
    return Run(id=RUN, pipeline="analysis", config=json.dumps(settings), documents=3, status=status, started=1.0, finished=61.0, summary=json.dumps(summary))


def made(step: str, item: str, value: Any, error: str | None = None, calls: tuple[str, ...] = ()) -> Artifact:
    return Artifact(run=RUN, step=step, item=item, value=json.dumps(value), error=error, status="failed" if error else "done", calls=calls)


def ran(script: str, output: str = "", error: str | None = None, seconds: float = 1.0, files: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"script": script, "ran": Ran(output=output, error=error, seconds=seconds, files=files).model_dump(mode="json")}


def a_round(number: int, step: str, after: tuple[int, ...] = (), output: str = "1", sufficient: bool | None = None, reason: str = "", decision: str = "", why: str = "") -> list[Artifact]:
    name, script = f"{number:03}", f"print({number})"
    found = [made("plan", name, {"step": step, "after": after}), made("code", name, {"script": script}), made("execute", f"{name}/0", ran(script, output))]
    if sufficient is not None:
        found.append(made("verify", name, {"sufficient": sufficient, "reason": reason}))
    if decision:
        found.append(made("route", name, {"decision": decision, "reason": why}))
    return found


def described() -> list[Artifact]:
    first, second, third = (Document.of(one.model_dump_json()).id for one in FILES)
    sales = Description(path="sales/2024.csv", text="\nColumns: day, amount\n3 rows", by="model", tried=(Tried(script="print('Columns')", ran=Ran(output="Columns")),))
    failed = Tried(script="open('notes.md', encoding='ascii')", ran=Ran(output="", error="Traceback (most recent call last):\nUnicodeDecodeError: byte 0xe2"))
    notes = Description(path="notes.md", text="# Notes", by="limbeck", tried=(failed,), error="UnicodeDecodeError: byte 0xe2")
    return [made("analyze", first, sales.model_dump(mode="json")), made("analyze", second, notes.model_dump(mode="json")), made("analyze", third, None, "no answer from the model")]


ANSWER = Answer(text="41.50\n", status="verified", script="import pandas as pd\nprint('41.50')\n", files=("analysis/plot.svg", "analysis/table.csv"))
BACK = [
    *a_round(1, "Load the sales.", output="3 rows\n", sufficient=False, reason="Only loaded.", decision="Add Step", why="Loading is right."),
    *a_round(2, "Sum what was sold in 2023.", (1,), "12", False, "It is the wrong year.", "Step 2", "2023 was not asked for."),
    *a_round(3, "Sum what was sold in 2024.", (1,), "41.5", True, "The total is asked for."),
]  # fmt: skip
"""Rounds 1 and 2, of which the second is taken back, and a third in its place."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / STORE) as store:
        documents = [Document.of(one.model_dump_json()) for one in FILES]
        store.put([a_run(), *documents])
        store.put_places(RUN, [Place(position=n, key=file.path, document=one.id, source="data/shop") for n, (file, one) in enumerate(zip(FILES, documents, strict=True))])
        yield store


def keep(store: Store, *artifacts: Artifact) -> None:
    store.put(artifacts)
    store.flush()


def printed(view: RenderableType, width: int = 200, terminal: bool = False) -> str:
    console = Console(width=width, file=io.StringIO(), force_terminal=terminal, color_system="standard" if terminal else None)
    with console.capture() as captured:
        console.print(view)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def table(view: RenderableType) -> list[str]:
    return [" ".join(line.split()) for line in printed(view).splitlines()]


# ---- the trace -------------------------------------------------------------------------------------------------------


def test_a_trace_is_all_that_was_done(store: Store) -> None:
    keep(store, *described(), made("retrieve", "files", {"found": ["sales/2024.csv"]}), *BACK, made("answer", "answer", ANSWER.model_dump(mode="json")))
    found = show_analysis.trace(store.path, a_run())
    assert (found.question, found.format, found.found) == ("What is the total of the year?", "a number with two decimals", ("sales/2024.csv",))
    assert [(one.path, one.by, one.error) for one in found.descriptions] == [
        ("sales/2024.csv", "model", None), ("notes.md", "limbeck", "UnicodeDecodeError: byte 0xe2"), ("scan.bin", "limbeck", "no answer from the model")
    ]  # fmt: skip
    assert found.rounds[1] == Round(
        number=2, after=(1,), plan="Sum what was sold in 2023.", tried=(Tried(script="print(2)", ran=Ran(output="12", seconds=1.0)),),
        verdict=Verdict(sufficient=False, reason="It is the wrong year."), decision="Step 2",
    )  # fmt: skip
    assert found.answer == ANSWER and found.steps == (1, 3) and show_analysis.plan(found) == ["Load the sales.", "Sum what was sold in 2024."]
    assert {number: one.number for number, one in show_analysis.taken_back(found.rounds).items()} == {2: 2}


@pytest.mark.parametrize(
    ("decision", "well", "left"),
    [("", True, (1, 4, 5)), ("Add Step", True, (1, 4, 5)), ("", False, (1, 4)), ("Step 1", True, ()), ("Step 2", True, (1,)), ("Step 3", True, (1, 4))],
)
def test_a_decision_keeps_the_steps_before_the_wrong_one(decision: str, well: bool, left: tuple[int, ...]) -> None:
    tried = Tried(script="x", ran=Ran(output="", error=None if well else "no"))
    assert show_analysis.plan_after(Round(number=5, after=(1, 4), plan="p", tried=(tried,), decision=decision)) == left


def test_attempts_are_in_order_and_the_last_counts(store: Store) -> None:
    attempts = [made("execute", f"001/{n}", ran(f"s{n}", error="KeyError: 1" if n < 11 else None, output="ok\n")) for n in range(12)]
    keep(store, made("plan", "001", {"step": "Load.", "after": []}), made("debug", "001/1", {"script": "s1"}), *attempts)
    (one,) = show_analysis.trace(store.path, a_run()).rounds
    assert [each.script for each in one.tried] == [f"s{n}" for n in range(12)] and one.script == "s11" and one.ran == Ran(output="ok\n", seconds=1.0)


@pytest.mark.parametrize(
    ("rounds", "steps", "best"),
    [
        (BACK[:3], (1,), "3 rows"),
        (BACK[:10], (1,), "3 rows"),
        (BACK, (1, 3), "41.5"),
        ([*a_round(1, "a", decision="Step 1"), made("plan", "002", {"step": "b", "after": []})], (1,), "1"),
        ([*BACK[:5], made("plan", "002", {"step": "b", "after": [1]}), made("execute", "002/0", ran("x", error="no"))], (1,), "3 rows"),
    ],
)
def test_what_was_broken_off_has_the_best_so_far(store: Store, rounds: list[Artifact], steps: tuple[int, ...], best: str) -> None:
    keep(store, *rounds)
    found = show_analysis.trace(store.path, a_run("stopped"))
    assert found.steps == steps and found.answer
    assert (found.answer.text, found.answer.status, found.answer.why) == (best, "best so far", "the run was broken off; the same command goes on")


def test_the_best_so_far_has_a_script_that_stands_by_itself(store: Store, tmp_path: Path) -> None:
    keep(store, *a_round(1, "Count.", output="1"))
    (tmp_path / "shop").mkdir()
    config = json.loads(a_run().config) | {"documents": {"source": str(tmp_path / "shop")}}
    answer = show_analysis.trace(store.path, a_run().model_copy(update={"config": json.dumps(config)})).answer
    assert answer
    (tmp_path / "answer.py").write_text(answer.script, "utf-8")
    assert subprocess.run([sys.executable, str(tmp_path / "answer.py")], capture_output=True, text=True, check=True).stdout == "1\n"


def test_a_run_that_ended_without_an_answer_says_why(store: Store) -> None:
    keep(store, made("plan", "001", {"step": "a", "after": []}), made("execute", "001/0", ran("x", error="no")), made("answer", "answer", None, "no script came to its end"))
    assert printed(show_analysis.ending(store.path, a_run(), None)).startswith("No answer: no script came to its end\n")
    assert show_analysis.as_json(store.path, a_run())["why"] == "no script came to its end"
    assert section(report_analysis.render(reporting_analysis.facts(store.path, a_run())), "answer").endswith("No answer: no script came to its end")


def test_a_planner_without_a_step_leaves_the_plan_as_it_was(store: Store) -> None:
    keep(store, *BACK[:5], made("plan", "002", None, "only steps that were rejected"))
    found = show_analysis.trace(store.path, a_run())
    assert found.steps == (1,) and found.rounds[-1].after == (1,) and found.answer and found.answer.text == "3 rows"


def test_a_step_whose_script_fails_is_taken_back_with_why(store: Store) -> None:
    broken = [made("plan", "001", {"step": "Load.", "after": []}), made("execute", "001/0", ran("x", error="a\nNameError: x")), made("route", "001", {"decision": "Step 1", "reason": "its script fails"})]
    keep(store, *broken, *a_round(2, "Count."))
    assert show_analysis.trace(store.path, a_run()).steps == (2,)
    assert table(show_analysis.errors_view(store.path, a_run(), None))[1:] == ["round 1 step: Load. its script fails", "round 1 script 1 of 1 NameError: x"]


def test_what_went_wrong_with_a_round_is_noted(store: Store) -> None:
    keep(store, *a_round(1, "Load."), made("verify", "001", None, "the model gave no verdict"), made("plan", "002", None, "no step"))
    first, second = show_analysis.trace(store.path, a_run()).rounds
    assert (first.note, second.note, second.plan, second.ran) == ("verify: the model gave no verdict", "plan: no step", "", None)
    assert "plan: no step" in printed(show_analysis.rounds_table(store.path, a_run()))


# ---- on a terminal ---------------------------------------------------------------------------------------------------


def test_a_run_ends_with_the_answer_plan_script_and_costs(store: Store) -> None:
    keep(store, *described(), *BACK, made("answer", "answer", ANSWER.model_dump(mode="json")))
    folder = store.path.parent
    assert printed(show_analysis.ending(store.path, a_run(), Path("r.html"))).splitlines() == [
        "Answer",
        "41.50",
        "",
        "",
        "Plan",
        "1. Load the sales.",
        "2. Sum what was sold in 2024.",
        "",
        "Script",
        "import pandas as pd",
        "print('41.50')",
        "",
        "Answer: verified by the model's own verdict",
        *printed(f"File: {folder}/analysis/plot.svg").splitlines(),
        *printed(f"File: {folder}/analysis/table.csv").splitlines(),
        "Rounds: 3 (2 in the plan, 1 taken back)",
        "Data: 3 files (2 described, 1 of them not by the model, 1 can't be read)",
        "Spent: 0 calls, 0 + 0 tokens, 42 s",
        *printed(f"Failed: 1 (limbeck show 5f00d5 --failed --project {folder})").splitlines(),
        "Report: r.html",
    ]
    assert show_analysis.sized(store.path, a_run()) == "verified"
    assert [" ".join(line.split()) for line in printed(views.runs_table(store.path)).splitlines()][1] == "5f00d5 analysis finished 3 verified 1 0"


def test_an_answer_that_is_not_verified_says_so_before_anything_else(store: Store) -> None:
    keep(store, *BACK[:5])
    shown = printed(show_analysis.ending(store.path, a_run("stopped"), None)).splitlines()
    assert shown[:2] == ["Best so far, NOT verified: the run was broken off; the same command goes on", "3 rows"]
    assert "Answer: best so far, NOT verified: the run was broken off; the same command goes on" in shown[2:]
    assert show_analysis.sized(store.path, a_run()) == "best so far"


def test_every_line_of_an_answer_is_shown(store: Store) -> None:
    text = "day,amount\n" + "\n".join(f"{n},{n}.5" for n in range(3_000))
    keep(store, *BACK, made("answer", "answer", Answer(text=text, status="verified").model_dump(mode="json")))
    assert printed(show_analysis.ending(store.path, a_run(), None)).startswith(f"Answer\n{text}\n")


def test_nothing_is_there_yet(store: Store) -> None:
    store.flush()
    run = a_run("running")
    assert printed(show_analysis.ending(store.path, run, None)).splitlines()[:3] == ["No answer: no script of a round has run well yet", "", "Rounds: 0 (0 in the plan)"]
    assert printed(show_analysis.rounds_table(store.path, run)) == "no rounds yet" and show_analysis.sized(store.path, run) == "–"
    assert table(show_analysis.labels_table(store.path, run, 1)) == ["file described by first line error", "sales/2024.csv –"]
    assert printed(show_analysis.errors_view(store.path, run, None)) == "no step was taken back, and every script ran"
    said = show_analysis.as_json(store.path, run)
    assert (said["answer"], said["status"], said["why"], said["plan"], said["files"], said["report"]) == (None, None, "no script of a round has run well yet", [], [], None)
    page = report_analysis.render(reporting_analysis.facts(store.path, run))
    assert section(page, "answer") == "Answer Asked for as: a number with two decimals No answer: no script of a round has run well yet"
    assert section(page, "rounds") == "Rounds No rounds yet." and 'id="plan"' not in page and "not described yet" in section(page, "data")


def test_files_rounds_and_what_was_rejected_are_tables(store: Store) -> None:
    call = Call(id="b2:c", model="big", request="{}", text="x", finish="stop", prompt_tokens=10, completion_tokens=3, seconds=2.5, price=0.5, ended=1.0)
    final = [ran("print(x)", error="Traceback:\n  x\nNameError: x\n"), ran("print('41.50')", "41.50")]
    repaired = [made("execute", "001/1", ran("print(1)", "3 rows\n", seconds=2.0)), made("execute", "001/0", ran("prnt(1)", error="NameError: prnt"))]
    keep(store, *described(), *BACK, *repaired, made("plan", "002", {"step": "Sum what was sold in 2023.", "after": [1]}, calls=("b2:c",)), made("finalize", "final", {"tried": final}))
    store.put([call])
    store.flush()
    assert table(show_analysis.labels_table(store.path, a_run(), None)) == [
        "file described by first line error",
        "sales/2024.csv model Columns: day, amount",
        "notes.md limbeck # Notes UnicodeDecodeError: byte 0xe2",
        "scan.bin – no answer from the model",
    ]
    assert table(show_analysis.rounds_table(store.path, a_run())) == [
        "round step scripts seconds verdict decision in the plan",
        "1 Load the sales. 2 3.0 not sufficient Add Step step 1",
        "2 Sum what was sold in 2023. 1 3.5 not sufficient Step 2 no",
        "3 Sum what was sold in 2024. 1 1.0 sufficient – step 2",
    ]
    assert table(show_analysis.errors_view(store.path, a_run(), None)) == [
        "where rejected why",
        "round 2 step: Sum what was sold in 2023. It is the wrong year. / 2023 was not asked for.",
        "round 1 script 1 of 2 NameError: prnt",
        "answer script 1 of 2 NameError: x",
        "notes.md script 1 of 1 UnicodeDecodeError: byte 0xe2",
    ]
    assert len(table(show_analysis.errors_view(store.path, a_run(), 2))) == 3


def test_a_program_gets_the_same_as_json(store: Store) -> None:
    keep(store, *BACK, made("answer", "answer", ANSWER.model_dump(mode="json")))
    page = views.write_report(store.path, a_run())
    said = show_analysis.as_json(store.path, a_run())
    assert json.loads(json.dumps(said)) == said == {
        "answer": "41.50\n", "status": "verified", "why": "", "question": "What is the total of the year?", "plan": ["Load the sales.", "Sum what was sold in 2024."],
        "script": ANSWER.script, "script_file": str(store.path.parent / "answer-5f00d5.py"), "files": [str(store.path.parent / one) for one in ANSWER.files], "rounds": 3, "run": "5f00d5",
        "calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "money": 0.0, "seconds": 42.5, "report": str(page),
    }  # fmt: skip


def test_a_terminal_obeys_nothing_that_a_script_printed_or_is_called(store: Store) -> None:
    huge = Answer(text=EVIL + "x" * 100_000, status="best so far", why=EVIL, script=f"# {EVIL}\n", files=(EVIL,))
    keep(store, *a_round(1, EVIL, output=EVIL, sufficient=False, reason=EVIL, decision="Step 1", why=EVIL), *a_round(2, EVIL), made("answer", "answer", huge.model_dump(mode="json")))
    for view in (show_analysis.ending(store.path, a_run(question=EVIL), None), show_analysis.rounds_table(store.path, a_run()), show_analysis.errors_view(store.path, a_run(), None)):
        shown = printed(view)
        assert visible(shown) == shown and not script_drawing.TURNING.search(shown) and "[bold]b[/bold]" in shown
    coloured = printed(show_analysis.ending(store.path, a_run(), None), terminal=True)
    assert "\x1b]" not in coloured and set(re.findall("\x1b.", coloured)) == {"\x1b["} and "\\u202e" in coloured
    assert printed(show_analysis.ending(store.path, a_run(), None)).count("x") >= 100_000


# ---- the report ------------------------------------------------------------------------------------------------------


@pytest.fixture
def page(store: Store) -> str:
    folder = store.path.parent / "analysis"
    folder.mkdir()
    (folder / "plot.svg").write_bytes(SQUARE)
    (folder / "table.csv").write_text("a,b")
    failed = made("execute", "001/0", ran("prnt(1)", error="Traceback:\nNameError: prnt"))
    keep(store, *described(), *BACK, failed, made("execute", "001/1", ran("print(1)", "3 rows\n")), made("answer", "answer", ANSWER.model_dump(mode="json")))
    return views.write_report(store.path, a_run()).read_text("utf-8")


def test_the_report_says_what_was_asked_found_and_done(page: str) -> None:
    words = Page(page).words
    assert "Analysis of shop What is the total of the year? Status finished" in words
    assert "Answer verified by the model’s own verdict Rounds 3 1 taken back Files of data 3 1 step failed Scripts run 6 2 failed" in words
    assert section(page, "answer") == "Answer Asked for as: a number with two decimals 41.50 ✓ Verified by the model’s own verdict; nobody has checked it beyond that."
    assert section(page, "plan") == "Plan Load the sales. Sum what was sold in 2024." and '<a href="#round-3"' in page
    assert section(page, "script").endswith("import pandas as pd print('41.50')")
    assert section(page, "pictures") == "Plots and files analysis/plot.svg File Bytes analysis/table.csv 3"
    rounds = section(page, "rounds")
    assert "Round 1 ✓ step 1 of the plan 2.0 s Load the sales. 3 rows Verdict ✗ not sufficient: Only loaded. Decision a step is added: Loading is right. " in rounds
    assert "Script 1 of 2, failed: NameError: prnt , 1.0 s prnt(1) Error Traceback: NameError: prnt Script 2 of 2, ran, 1.0 s print(1) Printed 3 rows" in rounds
    assert "Round 2 ✗ taken back 1.0 s Sum what was sold in 2023. 12 Verdict ✗ not sufficient: It is the wrong year. " in rounds
    assert "Decision Step 2 is wrong and taken back, with all after it: 2023 was not asked for. Script, ran, 1.0 s print(2)" in rounds
    assert re.findall(r'<article class="round (\w+)" id="round-(\d)"', page) == [("kept", "1"), ("back", "2"), ("kept", "3")]
    assert section(page, "data").startswith("Data You said of it: Sales of a shop. What scripts found")
    assert "notes.md 90 bytes described by limbeck UnicodeDecodeError: byte 0xe2 Description # Notes 1 script Script, failed: UnicodeDecodeError" in section(page, "data")


def test_nothing_is_fetched_or_run_and_pictures_are_within(page: str) -> None:
    drawn = Page(page)
    assert "script" not in drawn.names() and drawn.names().isdisjoint({"link", "iframe", "object", "use", "image", "foreignObject"})
    policy = next(attrs["content"] for _, attrs in drawn.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    (picture,) = [attrs for tag, attrs in drawn.tags if tag == "img"]
    assert picture["src"] == f"data:image/svg+xml;base64,{base64.b64encode(SQUARE).decode()}" and picture["alt"] == "analysis/plot.svg"
    ids = {attrs["id"] for _, attrs in drawn.tags if "id" in attrs}
    assert {attrs["href"] for tag, attrs in drawn.tags if tag == "a"} <= {f"#{id}" for id in ids}


def test_an_answer_that_is_not_verified_says_so_on_top_and_before_it(store: Store) -> None:
    keep(store, *BACK[:5])
    page = report_analysis.render(reporting_analysis.facts(store.path, a_run("stopped")))
    why = "the run was broken off; the same command goes on"
    assert f"The run was stopped: this is what there is so far. The same command goes on where it was. The answer is not verified, it is the best so far: {why}." in Page(page).words
    assert section(page, "answer").endswith(f"? Not verified, the best so far: {why} 3 rows")


@pytest.mark.parametrize(("name", "shown"), [("../secret.png", False), ("link.png", False), ("folder.png", False), ("a\0.png", False), ("big.png", False), ("empty.png", False), ("good.PNG", True)])
def test_only_small_pictures_of_the_project_are_embedded(store: Store, name: str, shown: bool) -> None:
    project = store.path.parent
    (project.parent / "secret.png").write_bytes(b"secret")
    (project / "link.png").symlink_to(project.parent / "secret.png")
    (project / "folder.png").mkdir()
    (project / "empty.png").touch()
    (project / "good.PNG").write_bytes(b"png")
    with (project / "big.png").open("wb") as file:
        file.truncate(reporting_analysis.BYTES_EACH + 1)
    answer = ANSWER.model_copy(update={"files": (name,)})
    keep(store, *BACK, made("answer", "answer", answer.model_dump(mode="json")))
    found = reporting_analysis.facts(store.path, a_run())
    assert [one.name for one in found.pictures] == [name] * shown and [one.name for one in found.left] == [name] * (not shown)
    assert b"secret" not in b"".join(one.data for one in found.pictures) and Page(report_analysis.render(found))


def test_pictures_have_a_limit_in_all(store: Store) -> None:
    names = tuple(f"p{n}.png" for n in range(reporting_analysis.PICTURES + 3))
    for n, name in enumerate(names):
        (store.path.parent / name).write_bytes(f"{n}".encode().ljust(reporting_analysis.BYTES_EACH if n < 4 else 1))
    (store.path.parent / "again.png").write_bytes(b"4")
    keep(store, *BACK, made("answer", "answer", ANSWER.model_copy(update={"files": ("p4.png", "again.png", *names[:4], *names[5:])}).model_dump(mode="json")))
    found = reporting_analysis.facts(store.path, a_run())
    assert len(found.pictures) == reporting_analysis.PICTURES and sum(len(one.data) for one in found.pictures) <= reporting_analysis.BYTES
    assert [one.name for one in found.left] == ["again.png", "p3.png", "p25.png", "p26.png"]


def test_long_texts_are_cut_and_say_so(store: Store) -> None:
    lines = "\n".join(f"line {n}" for n in range(20_000))
    keep(store, *a_round(1, "s" * 10_000, output=lines, sufficient=False, reason="r" * 10_000), made("retrieve", "files", {"found": ["notes.md"]}))
    page = report_analysis.render(reporting_analysis.facts(store.path, a_run(question="why " * 1_000)))
    assert re.search(r"line 50\b.*… [\d,]+ characters left out.*line 19999", section(page, "rounds")) and len(page) < 120_000
    assert "1 were found to fit the question" in section(page, "data") and page.count('class="file unused"') == 2
    assert section(page, "answer").startswith("Answer why why")


def everywhere(text: str) -> AnalysisFacts:
    """Facts with one text in every place that holds one."""
    tried = (Tried(script=text + "#", ran=Ran(output=text + "#", error=text + "#", files=(text + "#",))), Tried(script=text, ran=Ran(output=text + "#", error=None)))
    one = Round(number=1, plan=text, tried=tried, verdict=Verdict(sufficient=False, reason=text), decision=text, note=text)
    description = Description(path=text, text=text + "#", by="model", tried=tried, error=text)
    return AnalysisFacts(
        title=text, run=text, pipeline="analysis", status="finished", model=text, started=1.0, use_case=text, notes=(text,), failed=1, show_failed=text,
        question=text + "x" * 300, format=text, about=text, plan=(text, text), last=tried,
        answer=Answer(text=text + "#", status="best so far", why=text, script=text + "#", files=(text,)),
        rounds=(RoundFacts(round=one, step=1, reason=text), RoundFacts(round=one.model_copy(update={"number": 2}), taken_back_in=2)),
        pictures=(PictureFacts(name=text, media="image/png", data=b"x"),), left=(LeftFacts(name=text, bytes=None),),
        data=(DataFacts(file=DataFile(path=text, bytes=1, digest=text), description=description),),
    )  # fmt: skip


@pytest.mark.parametrize("text", [HOSTILE, EVIL, "<!--", "' onclick='x", "\u202e abc", "]]>", " ", "\x00"])
def test_hostile_texts_are_shown_and_never_obeyed(text: str) -> None:
    page = report_analysis.render(everywhere(text))
    plain, hostile = Page(report_analysis.render(everywhere("plain"))), Page(page)
    assert hostile.names() >= {"pre", "img", "details"} and hostile.names() <= plain.names() and "<script" not in page
    assert {name for _, attrs in hostile.tags for name in attrs} <= {name for _, attrs in plain.tags for name in attrs}
    assert page.count("<style>") == 1 and visible(page) == page
    assert not any(script_drawing.TURNING.search(found) for found in re.findall(r"<pre.*?</pre>", page, re.DOTALL))
    if text.strip():
        assert hostile.words.count(" ".join(script_drawing.in_lines(text).split())[:12]) > 15


@given(st.text(max_size=20))
def test_any_text_gives_a_page(text: str) -> None:
    assert Page(report_analysis.render(everywhere(text))).names() >= {"pre", "article"}
