"""The commands as a person types them: exit codes, one line on stderr, nothing written where nothing should be."""

import asyncio
import contextlib
import functools
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from limbeck.run import stoppable

CONFIG = """\
project: project
use_case: Route each message.
documents: {{source: {source}}}
model: {{name: fake}}
taxonomy: {{size: 3, chains: 1}}
student: {{kinds: [logistic]}}
measures: {{sample: 4}}
"""
TEXTS = [f"{text}, number {n}" for n in range(8) for text in ("my card was stolen", "what does a loan cost", "the transfer is late")]


def limbeck(folder: Path, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    inherited = {name: value for name, value in os.environ.items() if name not in ("LIMBECK_MODEL", "LIMBECK_BASE_URL")}
    return subprocess.run(
        [sys.executable, "-m", "limbeck", *words],
        cwd=folder,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def listing(folder: Path) -> dict[str, bytes | None]:
    """Everything in a folder, with its content."""
    return {str(one.relative_to(folder)): one.read_bytes() if one.is_file() else None for one in sorted(folder.rglob("*"))}


def written(folder: Path, text: str = CONFIG, source: str = "documents.txt") -> None:
    (folder / "my.yaml").write_text(text.format(source=source), "utf-8")
    (folder / "documents.txt").write_text("\n".join(TEXTS) + "\n", "utf-8")


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


REFUSED: dict[str, tuple[str, list[str], str]] = {
    "misspelt key": (
        CONFIG + "budgett: {{calls: 3}}\n",
        ["run", "my.yaml"],
        "limbeck: unknown key 'budgett' in 'my.yaml'; write 'budget'",
    ),
    "wrong value": (
        CONFIG + "budget: {{calls: -3}}\n",
        ["run", "my.yaml"],
        "limbeck: 'calls' in 'budget' of 'my.yaml' can't be -3; write a value greater than or equal to 0",
    ),
    "missing config": (CONFIG, ["run", "zzz"], "limbeck: no config 'zzz'; write one with: limbeck init zzz"),
    "config with a slip": (CONFIG, ["run", "myy.yaml"], "limbeck: no config 'myy.yaml'; did you mean 'my.yaml'?"),
    "missing documents": (
        CONFIG.replace("{source}", "documnts.txt"),
        ["run", "my.yaml"],
        "limbeck: no file 'documnts.txt'; did you mean 'documents.txt'?",
    ),
    "a file where the project should be": (
        CONFIG.replace("project: project", "project: my.yaml"),
        ["run", "my.yaml"],
        "limbeck: can't make the project's folder 'my.yaml' (File exists); write another `project:`",
    ),
    "missing model": (
        CONFIG.replace("name: fake", "name: nope"),
        ["run", "my.yaml"],
        "limbeck: no model folder 'nope'; write 'embedded', 'fake', a folder or a hub id, or name the server that has the "
        "model in `model: base_url:`",
    ),
    "wrong option": (
        CONFIG,
        ["run", "my.yaml", "--limit", "0"],
        "limbeck: 'limit' in 'documents' of 'my.yaml' can't be 0 (read no more than this many rows); "
        "write a value greater than or equal to 1",
    ),
    "nowhere to write": (
        CONFIG,
        ["init", "no/such/my.yaml"],
        "limbeck: can't write 'no/such/my.yaml' (No such file or directory); name a file in a folder that you may write to",
    ),
    "config is there": (CONFIG, ["init", "my.yaml"], "limbeck: 'my.yaml' is there already; write another one with: limbeck init other.yaml"),
    "no project to show": (CONFIG, ["show"], "limbeck: no project at 'limbeck-project'; start one with: limbeck run my.yaml"),
    "no project to ask": (CONFIG, ["sql", "SELECT 1", "-p", "x"], "limbeck: no project at 'x'; start one with: limbeck run my.yaml"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_mistake_is_one_line_and_nothing_is_written(case: str, tmp_path: Path) -> None:
    text, words, message = REFUSED[case]
    written(tmp_path, text)
    before = listing(tmp_path)
    done = limbeck(tmp_path, *words)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message + "\n")
    assert listing(tmp_path) == before


def test_a_server_that_is_not_there_is_found_before_anything_is_written(tmp_path: Path) -> None:
    written(tmp_path, CONFIG.replace("name: fake", f"name: big, base_url: 'http://127.0.0.1:{closed_port()}/v1'"))
    before = listing(tmp_path)
    done = limbeck(tmp_path, "run", "my.yaml")
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("limbeck: no model server at 'http://127.0.0.1:") and "base_url" in done.stderr
    assert listing(tmp_path) == before


def test_the_environment_names_a_server_too(tmp_path: Path) -> None:
    written(tmp_path)
    url = f"http://127.0.0.1:{closed_port()}/v1"
    done = limbeck(tmp_path, "run", "my.yaml", LIMBECK_MODEL="big", LIMBECK_BASE_URL=url)
    assert done.returncode == 2 and url in done.stderr


def test_the_starter_runs_once_its_documents_are_there(tmp_path: Path) -> None:
    done = limbeck(tmp_path, "init")
    assert (done.returncode, done.stdout) == (0, "wrote my.yaml; edit it, then: limbeck run my.yaml\n")
    (tmp_path / "labels.txt").write_text("a\n")
    done = limbeck(tmp_path, "run", "my.yaml", "--model", "fake")
    assert (done.returncode, done.stderr) == (2, "limbeck: no file 'messages.csv'; write `source:` a file or folder that exists\n")
    assert sorted(listing(tmp_path)) == ["labels.txt", "my.yaml"]


@pytest.mark.parametrize(("words", "code"), [([], 2), (["--help"], 0), (["nonsense"], 2), (["run"], 2)])
def test_usage(words: list[str], code: int, tmp_path: Path) -> None:
    done = limbeck(tmp_path, *words)
    assert done.returncode == code and "Usage" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr and listing(tmp_path) == {}


def test_the_schema_is_json(tmp_path: Path) -> None:
    schema = json.loads(limbeck(tmp_path, "schema").stdout)
    assert {"use_case", "documents", "model", "taxonomy"} <= set(schema["properties"])
    assert schema["additionalProperties"] is False and schema["required"] == ["use_case", "documents"]


# ---- a whole run -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run that its budget stopped, and that then went on to its end."""
    folder = tmp_path_factory.mktemp("place")
    written(folder, CONFIG + "budget: {{calls: 3}}\n")
    done = limbeck(folder, "run", "my.yaml", "--quiet")
    assert (done.returncode, done.stderr) == (1, "limbeck: budget.calls of 3 is spent; raise it in the config and run again to go on\n")
    written(folder)
    done = limbeck(folder, "run", "my.yaml", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert "project" in done.stdout
    return folder


def test_the_same_again_says_so(project: Path) -> None:
    database = project / "project" / "limbeck.duckdb"
    before = database.read_bytes()
    done = limbeck(project, "run", "my.yaml", "--quiet")
    assert done.returncode == 0 and done.stdout.startswith("finished before; nothing was asked again\n")
    assert database.read_bytes() == before


def test_sql_is_answered_as_json_and_refused_to_write(project: Path) -> None:
    done = limbeck(project, "sql", "SELECT status, documents FROM runs", "-p", "project", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"status": "finished", "documents": 24})
    done = limbeck(project, "sql", "DELETE FROM runs", "-p", "project")
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.startswith("limbeck: 'DELETE FROM runs' is not one SELECT")


def test_ctrl_c_stops_and_the_same_command_goes_on(tmp_path: Path) -> None:
    written(tmp_path, CONFIG.replace("chains: 1", "chains: 200"))
    command = [sys.executable, "-m", "limbeck", "run", "my.yaml", "--quiet"]
    # What a shell starts in the background ignores Ctrl-C, and so does all that it starts: these tests may be such.
    heard = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, preexec_fn=heard) as process:
        while not (tmp_path / "project" / "checkpoints.sqlite").exists():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "limbeck: stopped; the same command goes on where it was\n")
    assert limbeck(tmp_path, "show", "-p", "project").stdout.count("stopped") == 1


async def test_ctrl_c_is_heard_where_a_library_swallows_it() -> None:
    async def deaf() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)
        await asyncio.sleep(3600)

    run = asyncio.create_task(stoppable(deaf()))
    await asyncio.sleep(0)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(run, 60)


@pytest.mark.parametrize("words", [["show"], ["show", "--labels", "--limit", "3", "--failed", "--cost"]])
def test_show(words: list[str], project: Path) -> None:
    done = limbeck(project, *words, "-p", "project")
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.strip()


def test_sql_with_two_columns_of_one_name_or_with_brackets(project: Path) -> None:
    done = limbeck(project, "sql", "SELECT 1 a, 2 a", "-p", "project")
    said = "limbeck: two columns of 'SELECT 1 a, 2 a' have one name; name them apart with AS\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    done = limbeck(project, "sql", "SELECT '[/red]'", "-p", "project")
    assert done.returncode == 0 and done.stdout.split() == ["'[/red]'", "[/red]"]


def test_show_of_no_such_run(project: Path) -> None:
    done = limbeck(project, "show", "zzz", "-p", "project")
    assert (done.returncode, done.stderr) == (2, "limbeck: no run 'zzz' in 'project'; list them with: limbeck show\n")


def test_a_student_labels_a_file(project: Path) -> None:
    (student,) = (project / "project" / "students").iterdir()
    labels = set(json.loads((student / "student.json").read_text())["labels"])
    (project / "new.csv").write_text('id,text\n7,"my card, ""gone"""\n8,a loan\n')
    done = limbeck(project, "predict", str(student), "new.csv", "--text", "text", "--key", "id")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0 and [row["key"] for row in rows] == ["7", "8"]
    assert {row["label"] for row in rows} <= labels and all(0 <= row["confidence"] <= 1 for row in rows)
    done = limbeck(project, "predict", str(student), "new.csv", "--text", "text", "-o", "no/such/out.csv")
    said = "limbeck: can't write 'no/such/out.csv' (No such file or directory); name a file in a folder that you may write to\n"
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.endswith(said) and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["predict", "nowhere", "documents.txt"], 2, "'nowhere' holds no student"),
        (["predict", "nowhere", "missing.txt"], 2, "no file 'missing.txt'"),
        (["predict", "nowhere", "table.csv", "--text", "zzz"], 2, "it has 'a b': type --text 'a b'"),
        (["predict", "nowhere", "table.csv", "-o", "table.csv"], 2, "'table.csv' is the file to be read; write to another one"),
        (["predict", "nowhere", "documents.txt", "-o", "a.xls"], 2, "can't write 'a.xls'; write to a .csv or a .jsonl file"),
    ],
)
def test_predict_refuses(words: list[str], code: int, message: str, project: Path) -> None:
    (project / "table.csv").write_text("a b\none\n", encoding="utf-8")
    done = limbeck(project, *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("limbeck: ") and message in done.stderr and "Traceback" not in done.stderr
