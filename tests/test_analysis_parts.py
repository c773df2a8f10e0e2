"""The parts of data analysis that need no model: code in answers, tracebacks, folders, descriptions, what a prompt holds."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from drawn_pdfs import Leaf, pdf
from hypothesis import given
from hypothesis import strategies as st

from limbeck.analysis import describe_file, files, showing
from limbeck.analysis.code import code_of, traceback_of
from limbeck.analysis.files import of_text
from limbeck.analysis.standing import standing
from limbeck.errors import DocumentsError, GuardrailError
from limbeck.programs.analysis import step_of
from limbeck.schemas.analysis import Description

CODE = "import os\nprint(os.getcwd())\n"


# ---- code in answers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (f"```python\n{CODE}```", CODE),
        (f"```\n{CODE}```", CODE),
        (f"~~~py\n{CODE}~~~", CODE),
        (f"Sure! Here it is:\n\n```Python\n{CODE}```\nIt prints the folder.", CODE),
        (f"```python\n{CODE}", CODE),
        (CODE, CODE),
        (f"Here is the script\n{CODE}", CODE),
        (f"{CODE}\nThis prints the folder, doesn't it?", CODE),
        (f"```bash\npip install pandas\n```\nthen\n```python\n{CODE}```", CODE),
        ("```python\nx = 1\n```\n```python\nx = 1\ny = 2\nprint(x + y)\n```", "x = 1\ny = 2\nprint(x + y)\n"),
        ("```python\nfor in\n```\n```python\nprint(1)\n```", "print(1)\n"),
        ("```python\nprint('''\n```\nnot the end''')\n```", None),
        ("   ```python\n    x = 1\n   ```", "x = 1\n"),
        ("1. Like this:\n\n   ```python\n   import os\n   print(os.getcwd())\n   ```", CODE),
        (f"<think>\n```python\nprint('a draft that is longer than the script in the end')\n```\n</think>\n```python\n{CODE}```", CODE),
        (f"```\ntotal: int\nother: int\nmore: int\nand_more: int\n```\n```python\n{CODE}```", CODE),
        ("```python\nimport os\nimport sys\n```\n```python\nprint(1)\n```", "print(1)\n"),
        (f"# Solution\nfor this we need os:\n{CODE}", CODE),
    ],
)
def test_the_script_is_found_in_an_answer(answer: str, code: str | None) -> None:
    if code is None:
        with pytest.raises(GuardrailError, match="is no Python"):
            code_of(answer)
    else:
        assert code_of(answer) == code


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("", "there is no Python script in it"),
        ("I can't do that.", "there is no Python script in it"),
        ("card", "there is no Python script in it"),
        ("```python\n```", "it does nothing"),
        ("```python\nprint(\n```", "is no Python"),
        ("```python\n'a sentence'\n```", "it does nothing"),
        ("```python\n" + "(" * 5000 + "\n```", "is no Python"),
        ("```python\nprint('\0')\n```", "is no Python"),
        ("```json\n{}\n```", "there is no Python script in it"),
    ],
)
def test_an_answer_without_a_script_says_why(answer: str, said: str) -> None:
    with pytest.raises(GuardrailError, match=said):
        code_of(answer)


@given(st.text())
def test_any_answer_is_a_script_or_a_sentence_for_the_model(answer: str) -> None:
    try:
        compile(code_of(answer), "script", "exec")
    except GuardrailError as error:
        assert "```python" in str(error)


def test_the_end_of_a_traceback_keeps_the_error_and_the_last_frames() -> None:
    frames = "\n".join(f'  File "script.py", line {n}, in f{n}\n    f{n + 1}()' for n in range(50))
    said = traceback_of(f"warning: old\nTraceback (most recent call last):\n{frames}\nValueError: no\n")
    assert said.startswith("Traceback") and said.endswith("ValueError: no")
    assert [line for line in said.splitlines() if "File" in line] == [f'  File "script.py", line {n}, in f{n}' for n in (47, 48, 49)]


def test_the_last_of_chained_tracebacks_counts_and_what_is_none_stays() -> None:
    two = 'Traceback (most recent call last):\n  File "a"\nKeyError: 1\n\nDuring handling:\n\nTraceback (most recent call last):\n  File "b"\nTypeError: 2'
    assert "KeyError" not in traceback_of(two) and traceback_of("Killed") == "Killed" and traceback_of("") == ""


@pytest.mark.parametrize(
    ("answer", "step"),
    [
        ("Load the file.", "Load the file."),
        ("  Load\nthe file.\n\nThen do more.", "Load the file."),
        ("```\nx\n```\n\nLoad it.", "Load it."),
        ("# Step\n\nLoad it.", "Load it."),
        ("Here is the next step:\n\nLoad it.", "Load it."),
        ("<think>\nOkay, the user\n\nwants it.</think>\n\nLoad it.", "Load it."),
        ("Load it:", "Load it:"),
    ],
)
def test_a_step_is_the_first_paragraph(answer: str, step: str) -> None:
    assert step_of(answer, {}) == step


@pytest.mark.parametrize("answer", ["", "...", "```\nx\n```", "1. 2."])
def test_an_answer_without_a_step_is_asked_again(answer: str) -> None:
    with pytest.raises(GuardrailError, match="no step"):
        step_of(answer, {})


# ---- folders ---------------------------------------------------------------------------------------------------------


def paths(folder: Path, project: Path | None = None) -> list[str]:
    return [of_text(one.text).path for one in files.read(str(folder), project or folder.parent / "project").documents]


def test_files_are_listed_by_path_and_named_by_path_and_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "b").mkdir(parents=True)
    for name, text in {"c.csv": "1", "a.csv": "1", "b/a.csv": "1", ".hidden": "x", "empty.txt": ""}.items():
        (folder / name).write_text(text, "utf-8")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("x", "utf-8")
    corpus = files.read(str(folder), tmp_path / "project")
    assert paths(folder) == ["a.csv", "c.csv", "empty.txt", "b/a.csv"]
    assert len({one.id for one in corpus.documents}) == 4, "the same bytes in two places are two files"
    assert [one.key for one in corpus.places][:1] == ["a.csv"]


def test_links_out_of_the_folder_pipes_and_the_project_are_left_out(tmp_path: Path) -> None:
    folder, secret = tmp_path / "data", tmp_path / "secret.txt"
    (folder / "project").mkdir(parents=True)
    secret.write_text("x", "utf-8")
    (folder / "a.csv").write_text("1", "utf-8")
    (folder / "project" / "limbeck.duckdb").write_text("x", "utf-8")
    (folder / "inside.csv").symlink_to("a.csv")
    (folder / "outside.txt").symlink_to(secret)
    (folder / "gone.txt").symlink_to("nowhere")
    (folder / "absolute.csv").symlink_to(folder / "a.csv")
    (folder / "linked").symlink_to(folder / "project", target_is_directory=True)
    os.mkfifo(folder / "pipe")
    corpus = files.read(str(folder), folder / "project")
    assert paths(folder, folder / "project") == ["a.csv", "inside.csv"]
    assert sorted(one.partition(": ")[2] for one in corpus.skipped) == [
        "files left out because they are pipes, devices, broken links or not there: 2",
        "folders left out because they are links: 1",
        "links left out because they are absolute: 1",
        "links left out because they lead out of the folder: 1",
    ]


def test_of_a_project_the_store_alone_is_data(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "students" / "lora").mkdir(parents=True)
    for name in ("limbeck.duckdb", "checkpoints.sqlite", "report-1.html", "students/lora/card.json"):
        (folder / name).write_text("x", "utf-8")
    assert paths(folder) == ["limbeck.duckdb"]


def test_one_file_is_a_folder_of_one(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1", "utf-8")
    (tmp_path / "b.csv").write_text("1", "utf-8")
    assert paths(tmp_path / "a.csv", tmp_path / "project") == ["a.csv"]


@pytest.mark.parametrize(("name", "said"), [("gone", "no folder"), ("empty", "no file in"), ("project", "where this analysis is kept")])
def test_a_folder_that_cannot_be_asked_about_says_why(tmp_path: Path, name: str, said: str) -> None:
    for one in ("empty", "project"):
        (tmp_path / one).mkdir()
    with pytest.raises(DocumentsError, match=said):
        files.read(str(tmp_path / name), tmp_path / "project")


# ---- what limbeck says of a file itself ------------------------------------------------------------------------------


def pandas_files(folder: Path) -> None:
    import pandas

    frame = pandas.DataFrame({"shop": ["North", "South"], "amount": [10.0, 31.5]})
    frame.to_excel(folder / "sales.xlsx", index=False, sheet_name="2024")
    frame.to_parquet(folder / "sales.parquet")
    with sqlite3.connect(folder / "sales.db") as database:
        frame.to_sql("sales", database, index=False)
    with duckdb.connect(str(folder / "sales.duckdb")) as one:
        one.register("frame", frame)
        one.execute("CREATE TABLE sales AS SELECT * FROM frame")


def other_files(folder: Path) -> None:
    from PIL import Image

    (folder / "sales.csv").write_text("shop;amount\nNorth;10\nSouth;31.5\n", "utf-8")
    (folder / "west.csv").write_bytes("shop,amount\nZürich,1\n".encode("cp1252"))
    (folder / "sales.tsv").write_text("shop\tamount\nNorth\t10\n", "utf-8")
    (folder / "sales.json").write_text(json.dumps({"shops": [{"name": "North"}], "n": 1}), "utf-8")
    (folder / "list.json").write_text(json.dumps([{"name": "North", "at": {"x": 1}}]), "utf-8")
    (folder / "sales.jsonl").write_text('{"shop": "North"}\n{"shop": "South"}\n', "utf-8")
    (folder / "notes.md").write_text("# Shops\nThere are two.\n", "utf-8")
    (folder / "blob.bin").write_bytes(b"\0\1\2")
    Image.new("RGB", (30, 20)).save(folder / "map.png")


SAYS = {
    "sales.xlsx": ["sheet '2024': 2 rows, 2 columns", "- 'shop'"],
    "sales.parquet": ["2 rows, 2 columns", "'amount' (float64, from 10.0 to 31.5)"],
    "sales.db": ['table "sales": 2 rows; columns shop (', "such as 'North', 10.0"],
    "sales.duckdb": ['table "main"."sales": 2 rows'],
    "sales.csv": ["2 rows, 2 columns", "'shop'", "North;10"],
    "west.csv": ["not UTF-8", "Zürich"],
    "sales.tsv": ["1 rows, 2 columns"],
    "sales.json": ["'shops': a list of 1", "'name': \"North\""],
    "list.json": ["'at.x'"],
    "sales.jsonl": ["2 rows, 1 columns"],
    "notes.md": ["text, 2 lines", "# Shops"],
    "blob.bin": ["not text"],
    "map.png": ["a picture, PNG, 30 × 20 pixels"],
}


@pytest.fixture(scope="module")
def every_kind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kinds")
    pandas_files(folder)
    other_files(folder)
    return folder


@pytest.mark.parametrize("name", SAYS)
def test_limbeck_describes_files_of_many_kinds(every_kind: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    describe_file.describe(str(every_kind / name))
    said = capsys.readouterr().out
    assert all(one in said for one in SAYS[name]), said


def test_a_pdf_is_described_by_its_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(pdf([Leaf([(72, 700, 12, "Shops of the north")])]))
    describe_file.describe(str(file))
    assert "1 pages" in (said := capsys.readouterr().out) and "Shops of the north" in said


# ---- what a prompt holds ---------------------------------------------------------------------------------------------


def known(count: int, size: int) -> list[Description]:
    return [Description(path=f"{n}.csv", text=f"file {n} " + "x" * size, by="limbeck") for n in range(count)]


def test_where_room_ends_names_and_first_words_remain_and_then_a_count() -> None:
    assert showing.files(known(2, 10), 1000).count("xxxxxxxxxx") == 2
    said = showing.files(known(50, 1000), 3000)
    assert len(said) <= 3100 and said.count("x" * 1000) == 2 and "### data/2.csv" in said and "more files, for which there is no room]" in said


@given(st.integers(0, 40), st.integers(0, 5000), st.integers(0, 20_000))
def test_files_never_take_more_than_their_room(count: int, size: int, room: int) -> None:
    assert len(showing.files(known(count, size), room)) <= room + 80


@given(st.text(max_size=500), st.integers(100, 300))
def test_a_cut_text_keeps_both_ends(text: str, most: int) -> None:
    said = showing.cut(text, most)
    assert said == text if len(text) <= most else said.startswith(text[:20]) and said.endswith(text[-20:]) and len(said) <= most + 20


# ---- a script by itself ----------------------------------------------------------------------------------------------


def test_what_is_of_the_future_comes_first_and_data_that_is_gone_is_said(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "answer.py"
    data.mkdir()
    (data / "a.csv").write_text("1", "utf-8")
    file.write_text(standing('from __future__ import annotations\nprint(open("data/a.csv").read())\n', "How\nmuch?", data), "utf-8")
    ran = subprocess.run([sys.executable, str(file)], capture_output=True, text=True)
    assert (ran.stdout, ran.returncode) == ("1\n", 0), ran.stderr
    (moved := tmp_path / "moved").mkdir()
    (data / "a.csv").rename(moved / "a.csv")
    data.rmdir()
    gone = subprocess.run([sys.executable, str(file)], capture_output=True, text=True)
    assert gone.returncode == 1 and gone.stderr == f"no data at {str(data)!r}; say where it is: python answer.py FOLDER\n"
    assert subprocess.run([sys.executable, str(file), str(moved)], capture_output=True, text=True).stdout == "1\n"
