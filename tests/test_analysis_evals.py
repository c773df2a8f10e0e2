"""DABench and KramaBench through the real pipeline, on questions and files of our own, with a scripted model behind a real server."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from analysts import Answer, server

from limbeck.embedded import cache
from limbeck.errors import ConfigError, ModelUnreachable, SandboxError
from limbeck.evals import asking_data, dabench, kramabench
from limbeck.evals.asking_data import model_of
from limbeck.evals.place import Place
from limbeck.sandbox import check
from limbeck.sections import SandboxSettings

MEAN, NORTH, ROWS = "What is the mean of amount?", "What is the sum of amount in the north?", "How many rows are there?"
CODE = {
    MEAN: "print(f\"@mean_amount[{pd.read_csv('data/sales.csv').amount.mean():.2f}]\")",
    NORTH: "d = pd.read_csv('data/sales.csv')\nprint(f\"@sum[{d[d.region == 'north'].amount.sum():.2f}] @rows[{len(d)}]\")",
    ROWS: "print(f\"@rows[{len(pd.read_csv('data/stock.csv'))}]\")",
}
DABENCH = [
    {"id": 0, "file": "sales.csv", "level": "easy", "question": MEAN, "format": "@mean_amount[value]", "answers": [["mean_amount", "2.33"]]},
    {"id": 1, "file": "sales.csv", "level": "hard", "question": NORTH, "format": "@sum[value] @rows[n]", "answers": [["sum", "4.5"], ["rows", "3"]]},
    {"id": 2, "file": "stock.csv", "level": "easy", "question": ROWS, "format": "@rows[n]", "answers": [["rows", "2"]]},
]
STEPS = {
    "describe": "loads one file",
    "plan": "Propose the one next step",
    "code": "carries out a plan",
    "verify": "Judge whether",
    "route": "Say how to go on",
    "debug": "script fails",
    "finalize": "works out the answer",
}
"""What each agent's instruction says."""


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls are allowed to the servers of this file; the cache is a folder of its own."""
    try:
        check(SandboxSettings())
    except SandboxError as error:
        pytest.skip(f"no sandbox here: {error}")
    monkeypatch.setenv("LIMBECK_CALLS", "on")
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(asking_data, "ROUNDS", 2)


# ---- models ----------------------------------------------------------------------------------------------------------


def step_of(prompt: str) -> str:
    """Which agent asks."""
    return next(name for name, words in STEPS.items() if words in prompt)


def fenced(script: str) -> str:
    return f"```python\n{script}\n```"


def scripted(code: dict[str, str], **others: str) -> Answer:
    """A model that knows a script for each question, and does as it is told; `others` replace an agent's answers."""

    def answer(prompt: str) -> str:
        step = step_of(prompt)
        script = next((f"import pandas as pd\n{one}" for question, one in code.items() if question in prompt), "print('?')")
        usual = {
            "describe": fenced("import os\nprint(os.listdir('data'))"),
            "plan": "Read the file and work it out.",
            "verify": json.dumps({"reason": "It is there.", "decision": "sufficient"}),
            "route": json.dumps({"reason": "More is needed.", "decision": "Add Step"}),
        }
        return {**usual, **others}.get(step) or fenced(script)

    return answer


# ---- data ------------------------------------------------------------------------------------------------------------


def written(folder: Path, name: str, rows: list[dict[str, Any]], files: dict[str, str]) -> Path:
    for path, text in files.items():
        (folder / name / "files" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / name / "files" / path).write_text(text, "utf-8")
    (folder / name / "dev.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return folder


def dabench_data(folder: Path, rows: list[dict[str, Any]]) -> Path:
    files = {"sales.csv": "region,amount\nnorth,1.5\nsouth,2.5\nnorth,3.0\n", "stock.csv": "thing,count\ncup,1\nplate,2\n"}
    return written(folder, "agent_dabench", [{"constraints": "", **row} for row in rows], files)


def place(data: Path, url: str, test: Path | None = None) -> Place:
    return Place(data=data, test=test, seed=0, quiet=True, model=url)


# ---- DABench ---------------------------------------------------------------------------------------------------------


def test_a_model_that_knows_is_right_throughout_and_sees_no_gold(tmp_path: Path) -> None:
    rows = [{**row, "constraints": "Mind the header.", "concepts": ["SECRET"]} for row in DABENCH]
    data = dabench_data(tmp_path, rows)
    with server(scripted(CODE)) as (url, prompts):
        found = dabench.evaluate(place(data, url))
    assert (found["accuracy"], found["by_value"], found["by_level"]) == (1.0, 1.0, {"easy": 1.0, "hard": 1.0})
    assert (found["failures"], found["statuses"], found["tested_on"], found["test"]) == ({}, {"verified": 3}, 3, "dev")
    assert [(row["id"], row["score"], row["rounds"], row["level"]) for row in found["tasks"]] == [("0", 1.0, 1, "easy"), ("1", 1.0, 1, "hard"), ("2", 1.0, 1, "easy")]
    # Five calls a question, but that a file is described, and paid for, once.
    assert found["rounds"] == 1 and found["calls"] == round(14 / 3, 4)
    assert (found["prompt_tokens"], found["completion_tokens"]) == (round(140 / 3, 4), round(70 / 3, 4))
    assert found["seconds_a_task"] > 0
    assert not any("SECRET" in prompt for prompt in prompts)
    assert all("Mind the header." in prompt for prompt in prompts if step_of(prompt) not in ("describe", "debug"))
    # A question is asked over its own file alone, and what is known of it is known to the next question over it.
    assert not any("stock.csv" in prompt and "sales.csv" in prompt for prompt in prompts if step_of(prompt) != "finalize")
    assert sum(step_of(prompt) == "describe" for prompt in prompts) == 2


def test_the_same_again_asks_nothing(tmp_path: Path) -> None:
    data = dabench_data(tmp_path, DABENCH)
    with server(scripted(CODE)) as (url, prompts):
        first, sent = dabench.evaluate(place(data, url)), len(prompts)
        assert dabench.evaluate(place(data, url)) == first
        assert sent == len(prompts) == len(set(prompts)) > 0


def test_after_a_kill_it_goes_on_and_pays_no_call_twice(tmp_path: Path) -> None:
    data, begun = dabench_data(tmp_path, DABENCH), list[subprocess.Popen[bytes]]()
    asked: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        if len(asked) == 8:  # In the midst of the second question, or of the third.
            os.kill(begun[0].pid, signal.SIGKILL)
        return scripted(CODE)(prompt)

    with server(answer) as (url, prompts):
        script = (
            "from pathlib import Path; from limbeck.evals import asking_data, dabench; from limbeck.evals.place import Place; asking_data.ROUNDS = 2; "
            f"dabench.evaluate(Place(data=Path({str(data)!r}), test=None, seed=0, quiet=True, model={url!r}))"
        )
        begun.append(subprocess.Popen([sys.executable, "-c", script]))
        assert begun[0].wait(120) == -signal.SIGKILL
        assert 8 <= len(prompts) < 14
        assert dabench.evaluate(place(data, url))["accuracy"] == 1.0
    # Those alone that were under way: two folders are worked on at once.
    assert len(prompts) - len(set(prompts)) <= 2


@pytest.mark.parametrize(
    ("failure", "status", "code", "others"),
    [
        ("wrong value", "verified", "print('@mean_amount[9]')", {}),
        ("wrong format", "verified", "print('2.33')", {}),
        ("not verified", "best so far", "print('@mean_amount[9]')", {"verify": json.dumps({"reason": "No.", "decision": "insufficient"})}),
        ("script failed", "no answer", "raise ValueError('no')", {"debug": fenced("raise ValueError('again')")}),
        ("no answer", "no answer", "print(1)", {"plan": "1."}),
    ],
)
def test_why_an_answer_is_wrong(failure: str, status: str, code: str, others: dict[str, str], tmp_path: Path) -> None:
    data = dabench_data(tmp_path, DABENCH[:1])
    with server(scripted({MEAN: code}, **others)) as (url, _):
        found = dabench.evaluate(place(data, url))
    assert (found["accuracy"], found["by_value"], found["failures"], found["statuses"]) == (0.0, 0.0, {failure: 1}, {status: 1})


def test_half_of_the_values_are_no_right_answer(tmp_path: Path) -> None:
    data = dabench_data(tmp_path, DABENCH[:2])
    with server(scripted({**CODE, NORTH: "print('@sum[4.50] @rows[7]')"})) as (url, _):
        found = dabench.evaluate(place(data, url))
    assert (found["accuracy"], found["by_value"], found["by_level"]) == (0.5, 0.6667, {"easy": 1.0, "hard": 0.0})


def test_a_test_file_has_files_of_its_own_and_a_project_of_its_own(tmp_path: Path) -> None:
    data = dabench_data(tmp_path / "dev", DABENCH[:1])
    other = dabench_data(tmp_path / "test", DABENCH[2:]) / "agent_dabench" / "dev.jsonl"
    with server(scripted(CODE)) as (url, _):
        assert dabench.evaluate(place(data, url))["tested_on"] == 1
        assert dabench.evaluate(place(data, url, other))["accuracy"] == 1.0
    assert len([one for one in (cache() / "evals" / "dabench").iterdir() if one.name != "data"]) == 2


def test_a_file_that_is_not_there_ends_it_before_anything_is_asked(tmp_path: Path) -> None:
    data = dabench_data(tmp_path, [{**DABENCH[0], "file": "none.csv"}])
    with server(scripted(CODE)) as (url, prompts), pytest.raises(ConfigError, match=r"none\.csv"):
        dabench.evaluate(place(data, url))
    assert not prompts


# ---- the model -------------------------------------------------------------------------------------------------------


def test_an_address_stands_for_the_first_model_there() -> None:
    with server(scripted({})) as (url, _):
        model = model_of(url)
        assert (model.name, model.base_url, model.context) == ("scripted", url, 16_384)
    assert (model_of("fake").name, model_of(None).name) == ("fake", "embedded")


@pytest.mark.parametrize("listed", [{"data": []}, {}, [], "x", {"data": [{}]}, {"data": [None]}])
def test_an_address_without_models_is_no_model(listed: Any) -> None:
    with server(scripted({}), listed) as (url, _), pytest.raises(ModelUnreachable, match="write --model http"):
        model_of(url)


def test_a_server_that_is_gone_ends_it(tmp_path: Path) -> None:
    data = dabench_data(tmp_path, DABENCH)
    with server(scripted(CODE)) as (url, _):
        pass
    with pytest.raises(ModelUnreachable, match="no list of models"):
        dabench.evaluate(place(data, url))


# ---- KramaBench ------------------------------------------------------------------------------------------------------

AMOUNT, BEST, STATES, WHY = "What is the total amount?", "Which region is best?", "Which regions are there?", "Why is the north ahead?"
KRAMABENCH: list[dict[str, Any]] = [
    {"id": "legal-easy-1", "level": "easy", "question": AMOUNT, "answer": 7.0, "answer_type": "numeric_exact", "sources": ["sales 2024.csv"]},
    {"id": "legal-hard-2", "level": "hard", "question": BEST, "answer": "North", "answer_type": "string_exact", "sources": ["sales 2024.csv", "more/notes.txt"]},
    {"id": "legal-hard-3", "level": "hard", "question": STATES, "answer": ["north", "south"], "answer_type": "list_exact", "sources": ["sales 2024.csv"]},
    {"id": "legal-hard-4", "level": "hard", "question": WHY, "answer": "it sold more", "answer_type": "string_approximate", "sources": ["more/notes.txt"]},
]
KRAMABENCH_CODE = {
    AMOUNT: "print(pd.read_csv('data/sales 2024.csv').amount.sum())",
    BEST: "print('north', end='')  # sales 2024.csv.bak, more/notes.txt",
    STATES: "print(['north'], end='')  # old-sales 2024.csv",
    WHY: "print('It sold less.')",
}


def test_kramabench_by_its_rules(tmp_path: Path) -> None:
    files = {"legal/sales 2024.csv": "region,amount\nnorth,4.5\nsouth,2.5\n", "legal/more/notes.txt": "The north sold more."}
    data = written(tmp_path, "agent_kramabench", [{"domain": "legal", **row} for row in KRAMABENCH], files)
    with server(scripted(KRAMABENCH_CODE)) as (url, prompts):
        found = kramabench.evaluate(place(data, url))
    assert [round(row["score"], 3) for row in found["tasks"]] == [1.0, 1.0, 0.667, 0.667]
    assert (found["accuracy"], found["by_level"], found["by_domain"]) == (0.8889, {"easy": 1.0, "hard": 0.8333}, {"legal": 0.8889})
    assert found["judged"] == {"tasks": 1, "rouge1": 0.6667}
    assert [row["recall_files"] for row in found["tasks"]] == [1.0, 0.5, 0.0, 0.0]
    assert found["failures"] == {"wrong value": 1, "not scored by rule": 1}
    # One folder: its two files are described once.
    assert sum(step_of(prompt) == "describe" for prompt in prompts) == 2
    assert not any("numeric_exact" in prompt or "string_exact" in prompt for prompt in prompts)


def test_a_task_without_gold_is_refused(tmp_path: Path) -> None:
    row = {**KRAMABENCH[0], "domain": "legal", "answer": None}
    data = written(tmp_path, "agent_kramabench", [row], {"legal/a.csv": "a\n1\n"})
    with server(scripted({})) as (url, prompts), pytest.raises(ConfigError, match="'legal-easy-1' has no gold"):
        kramabench.evaluate(place(data, url))
    assert not prompts
