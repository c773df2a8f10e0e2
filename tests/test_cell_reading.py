"""Students of runs over tables: trained on what a model read, reading what it did not, trained again, at work on a file."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from limbeck.card import read_any
from limbeck.cli import app
from limbeck.dialects import Body
from limbeck.distilling import distill
from limbeck.errors import ConfigError
from limbeck.fakes import FakeLLM
from limbeck.progress import Progress
from limbeck.query import ask
from limbeck.run import run
from limbeck.schemas import Run
from limbeck.schemas.reader_card import ReaderCard
from limbeck.settings import load
from limbeck.show import find

pytestmark = pytest.mark.usefixtures("one_encoder")

CARS = ("Astra", "Bora", "Corsa", "Dacia", "Elise", "Fiesta", "Golf", "Honda", "Ibiza", "Jetta")
MEASURES = (("speed (km/h)", "Speed"), ("price (EUR)", "Price"))


def page(number: int) -> str:
    """A table of cars; what its columns are is its only law."""
    heads = [name for name, _ in (MEASURES if number % 2 else MEASURES[::-1])]
    rows = "".join(f"<tr><td>{CARS[(number + at) % 10]}</td><td>{100 + 7 * number + at}</td><td>{9 * number + at},500</td></tr>" for at in range(4))
    return f"<table><caption>Cars of {1990 + number}</caption><tr><th>Car</th>{''.join(f'<th>{one}</th>' for one in heads)}</tr>{rows}</table>"


def knows(body: Body) -> str:
    """Reads a cell as its row and column, in the prompt, say."""
    said = {}
    for line in body["messages"][1]["content"].partition("## Cells to describe now\n")[2].splitlines():
        if ' in the row "' in line:
            key, _, rest = line.partition(": ")
            kind = "Speed" if "km/h" in rest else "Price"
            value, car = rest.split('"')[1], rest.split('"')[3]
            said[key] = {"value": value, "type": kind, "car": car, "unit": "km/h" if kind == "Speed" else "EUR"}
    return json.dumps(said)


def ran(folder: Path, **sections: Any) -> tuple[Path, Run, FakeLLM]:
    """A run over twelve tables."""
    (folder / "pages").mkdir()
    for number in range(12):
        (folder / "pages" / f"{number:02}.html").write_text(page(number), "utf-8")
    schema = {"types": [{"name": name, "attributes": ["car", "unit"]} for _, name in MEASURES]}
    (folder / "records.yaml").write_text(json.dumps(schema), "utf-8")
    config = {
        "pipeline": "tables",
        "use_case": "Compare cars.",
        "documents": {"source": "pages"},
        "records": {"source": "records.yaml"},
        "model": {"name": "fake"},
        "extract": {"limit": 9},
        **sections,
    }
    (folder / "my.yaml").write_text(json.dumps(config), "utf-8")
    model = FakeLLM(knows)
    outcome = run(load(folder / "my.yaml"), Progress(quiet=True), model)
    return folder / "limbeck-project", find(outcome.store, outcome.run), model


def test_a_student_reads_the_tables_that_the_model_was_not_to_read(tmp_path: Path) -> None:
    project, found, model = ran(tmp_path)
    assert len(model.history) == 9
    store = project / "limbeck.duckdb"
    assert ask(store, "SELECT count(DISTINCT document) AS n FROM records").to_pylist() == [{"n": 12}]
    (student,) = ask(store, "SELECT kind, path, metrics, chosen FROM students").to_pylist()
    assert (student["kind"], student["chosen"]) == ("cells", True)
    assert json.loads(student["metrics"])["agreement"] > 0.9

    read = {row["document"] for row in ask(store, "SELECT DISTINCT item AS document FROM artifacts WHERE step = 'extract'").to_pylist()}
    values = ask(store, "SELECT document, type, name, text, status FROM record_values JOIN records USING (run, document, position)").to_pylist()
    left = [one for one in values if one["document"] not in read]
    assert len({one["document"] for one in left}) == 3
    right = [one for one in left if one["text"] in CARS or one["text"] == ("km/h" if one["type"] == "Speed" else "EUR")]
    assert len(right) / len(left) > 0.9 and {one["status"] for one in right} == {"grounded"}

    card = read_any(project / student["path"])
    assert isinstance(card, ReaderCard)
    assert (card.read.tables, card.read.records, card.training.shown + card.training.held_out, card.read.failed) == (9, 72, 9, 0)
    assert "fake read 9 tables and made 72 records" in (project / student["path"] / "CARD.md").read_text("utf-8")

    with pytest.raises(ConfigError, match=r"no student 'lora'; type --kind with one of: cells, writer"):
        distill(project, found, ["lora"], None, Progress(quiet=True))
    described = json.loads((tmp_path / "records.yaml").read_text("utf-8")) | {"description": "Of cars."}
    for changed in (json.dumps(described), "types: {Speed: [car]}"):
        (tmp_path / "records.yaml").write_text(changed, "utf-8")
        with pytest.raises(ConfigError, match=r"records.yaml' has changed since the run; type: limbeck run YOUR.yaml"):
            distill(project, found, ["cells"], None, Progress(quiet=True))


def test_students_are_trained_again_and_read_files(tmp_path: Path) -> None:
    wanted = {"source": "records.yaml", "targets": r"[\d,]{3,}"}
    project, found, _ = ran(tmp_path, extract={}, student={"kinds": []}, records=wanted)
    store = project / "limbeck.duckdb"
    assert ask(store, "SELECT count(*) AS n FROM students").to_pylist() == [{"n": 0}]
    answered = CliRunner().invoke(app, ["distill", "--project", str(project), "--kind", "cells", "--quiet"], catch_exceptions=False)
    assert answered.exit_code == 0 and answered.output.startswith("cells: ") and "agreement with the records: " in answered.output

    folder = project / ask(store, "SELECT path FROM students").to_pylist()[0]["path"]
    # Words around a number make it none; the run's own pattern finds it.
    (tmp_path / "new.html").write_text(page(20).replace("<td>243</td>", "<td>about 243</td>"), "utf-8")
    out = tmp_path / "out.jsonl"
    answered = CliRunner().invoke(app, ["predict", str(folder), str(tmp_path / "new.html"), "--out", str(out)], catch_exceptions=False)
    assert answered.exit_code == 0
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [(row["row"], row["column"]) for row in rows] == [(row, column) for row in range(1, 5) for column in (1, 2)]
    right = sum(row["type"] == ("Price" if row["column"] == 1 else "Speed") and row["attributes"]["car"] in CARS for row in rows)
    assert right >= 7


def test_runs_of_other_pipelines_are_not_distilled(tmp_path: Path) -> None:
    other = Run(id="b2:1", pipeline="taxonomy", config="{}", documents=1, status="finished", started=0.0)
    with pytest.raises(ConfigError, match="is of pipeline 'taxonomy', which trains students itself; type: limbeck run"):
        distill(tmp_path, other, [], None, Progress(quiet=True))


def test_the_starter_of_tables_runs_once_its_papers_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "cars.html").write_text(page(1), "utf-8")

    def limbeck(*words: str) -> str:
        done = CliRunner().invoke(app, list(words), catch_exceptions=False)
        assert done.exit_code == 0
        return done.output

    assert limbeck("init", "my.yaml", "--pipeline", "tables") == "wrote my.yaml and records.yaml; edit both, then: limbeck run my.yaml\n"
    assert "Result" in limbeck("schema", "check", "records.yaml")
    assert "8 records" in limbeck("run", "my.yaml", "--model", "fake", "--quiet")
    limbeck("export", "--out", "out", "--format", "jsonl")
    lines = [line for file in (tmp_path / "out").iterdir() for line in file.read_text("utf-8").splitlines()]
    assert sorted(json.loads(line)["value"] for line in lines) == sorted(["107", "108", "109", "110", "9,500", "10,500", "11,500", "12,500"])
