"""Records of a run as Parquet, CSV and JSONL."""

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from test_records_store import ONE, OTHER, SCHEMA, place, table, value
from typer.testing import CliRunner

from limbeck.cli import app
from limbeck.errors import ConfigError
from limbeck.exporting import export, file_names
from limbeck.run import STORE
from limbeck.schemas import Run
from limbeck.schemas.extraction import Extracted
from limbeck.store import Store

EVIL = '=cmd|"/c calc"!A1, and\na line; "quoted"'
HYPER = Extracted(
    row=2, column=0, value=EVIL, type="Hyper-parameter/Architecture", confidence=0.7, values=(value("model", EVIL), value("select", None, "missing"))
)  # fmt: skip


def a_run(id: str = "b2:abc", pipeline: str = "tables") -> Run:
    return Run(id=id, pipeline=pipeline, config="{}", documents=1, status="running", started=1.0, summary="{}")


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / STORE) as store:
        document = table()
        store.put([a_run()])
        place(store, "b2:abc", document)
        store.put_schema("b2:abc", SCHEMA)
        store.put_records("b2:abc", document.id, [ONE, HYPER, OTHER])
        yield store


def read(file: Path) -> list[dict[str, Any]]:
    if file.suffix == ".parquet":
        return list(pyarrow.parquet.read_table(file).to_pylist())
    if file.suffix == ".jsonl":
        return [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_a_run_is_exported_while_it_writes_a_file_a_type(held: Store, tmp_path: Path, form: str) -> None:
    files = export(held.path, a_run(), tmp_path / "new" / "out", form)
    assert [file.name for file in files] == [f"Result.{form}", f"Hyper-parameter_Architecture.{form}", f"Other.{form}"]
    (result,), (hyper,), (other,) = (read(file) for file in files)
    assert (result["key"], result["metric"], float(result["size_number"])) == ("t0", "F1", 1234.0)
    assert (hyper["value"], hyper["model"], hyper["select"]) == (EVIL, EVIL, "" if form == "csv" else None)
    assert other["value"] == "n/a"
    settings = {"size": "345M", "layers": "24"}
    assert (result["model settings"] if form == "jsonl" else json.loads(result["model settings"])) == settings


def test_what_is_published_is_what_is_exported(held: Store, tmp_path: Path) -> None:
    held.publish_records("b2:abc", SCHEMA)
    (file,) = export(held.path, a_run(), tmp_path, "parquet", only="Result")
    assert file.name == "Result.parquet"
    assert read(file) == held.rows('SELECT * FROM extracted."Result"')


def test_every_value_is_exported_with_its_source(held: Store, tmp_path: Path) -> None:
    file = export(held.path, a_run(), tmp_path, "jsonl", only="Result", values=True)[-1]
    assert file.name == "values.jsonl"
    rows = read(file)
    assert [(row["attribute"], row["pair"], row["said"], row["status"]) for row in rows] == [
        ("metric", "", "F1", "grounded"),
        ("training data/set", "", None, "missing"),
        ("size", "", "1,234", "inferred"),
        ("model settings", "size", "345M", "grounded"),
        ("model settings", "layers", "24", "normalised"),
    ]
    kept = {name: rows[0][name] for name in ("key", "row", "type", "value", "number", "said_confidence", "where", "source_row", "start", "end", "place")}
    assert kept == {
        "key": "t0",
        "row": 1,
        "type": "Result",
        "value": "88.3",
        "number": 88.3,
        "said_confidence": 0.9,
        "where": "cell",
        "source_row": 0,
        "start": 0,
        "end": 2,
        "place": None,
    }
    assert (rows[2]["said_number"], rows[2]["where"]) == (1234.0, None)


def test_nothing_is_written_over(held: Store, tmp_path: Path) -> None:
    (tmp_path / "Other.csv").write_text("mine")
    with pytest.raises(ConfigError, match=r"'.*Other.csv' is there already; name another folder with --out"):
        export(held.path, a_run(), tmp_path, "csv")
    assert sorted(file.name for file in tmp_path.glob("*.csv")) == ["Other.csv"] and (tmp_path / "Other.csv").read_text() == "mine"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"form": "xlsx"}, "can't write 'xlsx'; write one of: --format parquet | csv | jsonl"),
        ({"only": "Results"}, "run 'abc' has no record type 'Results'; write one of: 'Result', 'Hyper-parameter/Architecture', 'Other'"),
        ({"run": a_run("b2:def", "taxonomy")}, "run 'def' of pipeline 'taxonomy' has no records"),
    ],
)
def test_what_can_not_be_exported_is_said_before_anything_is_written(held: Store, tmp_path: Path, given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("|", r"\|")):
        export(**{"store": held.path, "run": a_run(), "out": tmp_path / "out", "form": "csv", **given})
    assert not (tmp_path / "out").exists()


def test_a_folder_that_can_not_be_made_is_named(held: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="can't write .*Result.csv"):
        export(held.path, a_run(), tmp_path / "file", "csv")


def test_files_of_types_have_plain_names_of_their_own() -> None:
    assert file_names(["a/b", "A\\b", "../..", "", "values", "Größe 2", "x" * 3, "con<>"]) == ["a_b", "A_b_2", "_", "__2", "values_2", "Größe 2", "xxx", "con__"]


def test_the_command_names_what_it_wrote(held: Store, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["export", "ab", "--project", str(tmp_path), "--out", str(out), "--format", "csv", "--type", "Other"])
    assert done.output.replace("\n", "") == f"wrote {out / 'Other.csv'}"
    again = subprocess.run(
        [sys.executable, "-m", "limbeck", "export", "--project", str(tmp_path), "--out", str(out), "--format", "csv", "--type", "Other"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (again.returncode, again.stdout) == (2, "") and again.stderr.endswith("is there already; name another folder with --out\n")
