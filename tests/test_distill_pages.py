"""`limbeck distill` for a run of the pipeline `documents`, from files to a student that reads others."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from limbeck.card import read_any
from limbeck.cli import app
from limbeck.distilling import distill
from limbeck.errors import ConfigError
from limbeck.fakes import FakeLLM
from limbeck.progress import Progress
from limbeck.query import ask
from limbeck.run import run
from limbeck.schemas.page_card import PageCard
from limbeck.settings import load
from limbeck.show import find
from limbeck.students import tagger_training

SHOPS = ("Oak & Ash Ltd", "Blue Door Ltd", "Mill House Ltd", "Salt Works Ltd", "Elm Row Ltd", "Red Barn Ltd")


def bill(number: int) -> str:
    tea, cake = 2 + number % 5, 4 + number % 3
    rows = (SHOPS[number % 6], f"{number + 3} Mill Lane", "Port Ash 40170", f"Date: {number % 27 + 1:02d}/03/2019", f"Tea     {tea}.10", f"Cake     {cake}.20")
    return "\n".join((*rows, f"Subtotal    {tea + cake}.30", f"Total    {tea + cake}.30", "Cash    50.00"))


def test_a_run_of_documents_is_distilled_and_its_student_reads_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tagger_training.TOKENS, "cpu", 3_000)
    fields = {
        "name": "bill",
        "fields": [
            {"name": "company", "kind": "name", "place": "top"},
            {"name": "date", "kind": "date", "aliases": ["date"]},
            {"name": "total", "kind": "money", "aliases": ["total"], "unlike": ["subtotal", "cash"]},
        ],
    }
    (tmp_path / "fields.yaml").write_text(json.dumps(fields), "utf-8")
    (tmp_path / "bills").mkdir()
    for number in range(16):
        (tmp_path / "bills" / f"{number:02d}.txt").write_text(bill(number), "utf-8")
    config = {
        "use_case": "Pay what is owed.",
        "pipeline": "documents",
        "documents": {"source": "bills"},
        "fields": {"source": "fields.yaml"},
        "model": {"name": "fake"},
        "read": {"limit": 0},
        "student": {"kinds": []},
    }
    (tmp_path / "my.yaml").write_text(json.dumps(config), "utf-8")
    monkeypatch.chdir(tmp_path)
    outcome = run(load(tmp_path / "my.yaml"), Progress(quiet=True), FakeLLM([]))
    project, found = outcome.store.parent, find(outcome.store, outcome.run)
    assert ask(outcome.store, "SELECT count(*) AS n FROM students").to_pylist() == [{"n": 0}]

    with pytest.raises(ConfigError, match=r"no student 'cells'; type --kind with one of: tagger, writer"):
        distill(project, found, ["cells"], None, Progress(quiet=True))
    answered = CliRunner().invoke(app, ["distill", "--project", str(project), "--kind", "tagger", "--quiet"], catch_exceptions=False)
    assert answered.exit_code == 0 and answered.output.startswith("tagger: ")
    folder = project / ask(outcome.store, "SELECT path FROM students").to_pylist()[0]["path"]
    card = read_any(folder)
    assert isinstance(card, PageCard) and card.training.shown + card.training.held_out == 16 and card.teachers.model == ""
    assert "cue" in card.teachers.rules and [one.name for one in card.sought.fields] == ["company", "date", "total"]
    assert all(one.shown + one.absent + one.doubtful == card.training.shown for one in card.sought.fields)

    (tmp_path / "new.txt").write_text(bill(20), "utf-8")
    answered = CliRunner().invoke(app, ["predict", str(folder), "new.txt", "--out", "out.jsonl"], catch_exceptions=False)
    row = json.loads((tmp_path / "out.jsonl").read_text("utf-8"))
    assert answered.exit_code == 0 and row["key"] == "new.txt" and row["error"] is None and set(row["fields"]) == {"company", "date", "total"}

    (tmp_path / "fields.yaml").write_text(json.dumps(fields | {"name": "other"}), "utf-8")
    with pytest.raises(ConfigError, match=r"has changed since the run; type: limbeck run YOUR.yaml"):
        distill(project, found, ["tagger"], None, Progress(quiet=True))
