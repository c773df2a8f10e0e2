"""DS-STAR's graph, path by path: a scripted model, real scripts in the real sandbox; state, code and result after each."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from analysts import (
    ADD,
    ENOUGH,
    LOOK,
    MORE,
    SALES,
    Agents,
    Say,
    answered,
    folder,
    rows,
    script,
    settings,
    step_back,
)

from limbeck.errors import CallFailed, ConfigError, ModelUnreachable
from limbeck.progress import Progress
from limbeck.run import run
from limbeck.schemas.analysis import Trace, Verdict
from limbeck.show import find
from limbeck.show_analysis import trace

LOAD = script("import pandas", "sales = pandas.read_csv('data/sales.csv')", "print('rows', len(sales))")
SUM = script("import pandas", "sales = pandas.read_csv('data/sales.csv')", "print('total', sales['amount'].sum())")
NORTH = script("import pandas", "sales = pandas.read_csv('data/sales.csv')", "print('north', sales[sales['shop'] == 'North']['amount'].sum())")
FINAL = script("import pandas", "print(f\"{pandas.read_csv('data/sales.csv')['amount'].sum():.1f}\")")


def told(found: Trace) -> list[tuple[int, tuple[int, ...], str, str, str]]:
    """Of each round: its number, the plan before it, its step, its result, its decision."""
    return [(one.number, one.after, one.plan, one.ran.output.strip() if one.ran else "", one.decision) for one in found.rounds]


def stands_by_itself(found: Trace, tmp_path: Path) -> str:
    """What the answer's script prints outside of limbeck."""
    assert found.answer
    place = tmp_path / "answer.py"
    place.write_text(found.answer.script, "utf-8")
    done = subprocess.run([sys.executable, str(place)], capture_output=True, text=True, check=True, cwd=tmp_path)
    return done.stdout.strip()


# ---- paths of the graph ----------------------------------------------------------------------------------------------


def test_the_first_plan_is_enough(tmp_path: Path) -> None:
    agents = Agents(plan=["Add up the column amount."], code=[SUM], verify=[ENOUGH], finalize=[FINAL])
    found, outcome = answered(settings(tmp_path, folder(tmp_path)), agents)
    assert told(found) == [(1, (), "Add up the column amount.", "total 46.5", "")]
    assert found.steps == (1,)
    assert found.rounds[0].verdict == Verdict(sufficient=True, reason="The total is there.")
    assert found.answer and (found.answer.text, found.answer.status, found.answer.why) == ("46.5", "verified", "")
    assert stands_by_itself(found, tmp_path) == "46.5"
    assert agents.asked == {"analyze": 1, "plan": 1, "code": 1, "verify": 1, "finalize": 1}
    assert [row["step"] for row in rows(outcome, "SELECT DISTINCT step FROM artifacts WHERE run = '{run}' ORDER BY step")] == [
        *("analyze", "answer", "code", "execute", "finalize", "plan", "retrieve", "verify")
    ]


def test_every_agent_is_shown_the_files_and_the_form_of_the_answer(tmp_path: Path) -> None:
    agents = Agents(plan=["Add up the column amount."], code=[SUM], verify=[ENOUGH], finalize=[FINAL])
    answered(settings(tmp_path, folder(tmp_path)), agents)
    for name in ("plan", "code", "verify", "finalize"):
        (prompt,) = agents.prompts(name)
        assert "### data/sales.csv\nshop,amount" in prompt and "How much was sold in all?" in prompt
        assert "a number with one decimal" in prompt and "Sales of two shops." in prompt
    assert "total 46.5" in agents.prompts("verify")[0] and "total 46.5" in agents.prompts("finalize")[0]


def test_a_step_is_added(tmp_path: Path) -> None:
    agents = Agents(
        plan=["Load the sales.", "Add up the column amount."], code=[LOAD, SUM], verify=[MORE, ENOUGH], route=[ADD], finalize=[FINAL]
    )
    found, _ = answered(settings(tmp_path, folder(tmp_path)), agents)
    assert told(found) == [
        (1, (), "Load the sales.", "rows 3", "Add Step"),
        (2, (1,), "Add up the column amount.", "total 46.5", ""),
    ]
    assert found.steps == (1, 2) and found.answer and found.answer.text == "46.5"
    second = agents.prompts("plan")[1]
    assert "1. Load the sales." in second and "rows 3" in second and "The total is missing." in second
    assert "print('rows', len(sales))" in agents.prompts("code")[1], "the coder goes on from the script before"


def test_the_plan_is_cut_back_to_a_step_whose_code_and_result_are_restored(tmp_path: Path) -> None:
    agents = Agents(
        plan=["Load the sales.", "Add up the shop North.", "Round it.", "Add up the column amount."],
        code=[LOAD, NORTH, script("print('rounded 15')"), SUM],
        verify=[MORE, MORE, MORE, ENOUGH],
        route=[ADD, ADD, step_back(2)],
        finalize=[FINAL],
    )
    found, _ = answered(settings(tmp_path, folder(tmp_path)), agents)
    assert told(found) == [
        (1, (), "Load the sales.", "rows 3", "Add Step"),
        (2, (1,), "Add up the shop North.", "north 15.0", "Add Step"),
        (3, (1, 2), "Round it.", "rounded 15", "Step 2"),
        (4, (1,), "Add up the column amount.", "total 46.5", ""),
    ]
    assert found.steps == (1, 4) and found.answer and found.answer.text == "46.5"
    after = agents.prompts("plan")[3].partition("### Plan")[2]
    assert "1. Load the sales.\n" in after and "print('rows'" in after and "rows 3" in after, "step 1's script and result are back"
    assert "north 15.0" not in after and "rounded 15" not in after
    assert "- Add up the shop North. (Step 2 is wrong. The total is missing.)" in after and "Round it." not in after
    assert "print('rows', len(sales))" in agents.prompts("code")[3] and "rounded" not in agents.prompts("code")[3]


def test_cutting_back_to_the_first_step_begins_anew(tmp_path: Path) -> None:
    agents = Agents(plan=["Load it wrongly.", "Add up the column amount."], code=[LOAD, SUM], verify=[MORE, ENOUGH], route=[step_back(1)], finalize=[FINAL])
    found, _ = answered(settings(tmp_path, folder(tmp_path)), agents)
    assert [one.after for one in found.rounds] == [(), ()] and found.steps == (2,)
    assert "(none yet)" in agents.prompts("plan")[1] and "- Load it wrongly. (Step 1 is wrong. The total is missing.)" in agents.prompts("plan")[1]
    assert "### Script" not in agents.prompts("code")[1]


def test_a_rejected_step_is_not_taken_a_second_time(tmp_path: Path) -> None:
    agents = Agents(
        plan=["Load it wrongly.", "load it  WRONGLY", "Add up the column amount."],
        code=[LOAD, SUM],
        verify=[MORE, ENOUGH],
        route=[step_back(1)],
        finalize=[FINAL],
    )
    found, outcome = answered(settings(tmp_path, folder(tmp_path)), agents)
    assert [one.plan for one in found.rounds] == ["Load it wrongly.", "Add up the column amount."]
    (row,) = rows(outcome, "SELECT status, error FROM artifacts WHERE run = '{run}' AND step = 'plan' AND item = '002'")
    assert row == {"status": "repaired", "error": "that step was tried and rejected; propose another one"}


def test_a_script_is_repaired_twice_and_the_repaired_one_replaces_it(tmp_path: Path) -> None:
    agents = Agents(
        plan=["Add up the column amount.", "Say so."],
        code=[script("import pandas", "print(pandas.read_csv('data/sale.csv'))"), SUM.replace("'total'", "'said'")],
        debug=[script("import pandas", "print(pandas.read_csv('data/sales.csv')['amounts'])"), SUM],
        verify=[MORE, ENOUGH],
        route=[ADD],
        finalize=[FINAL],
    )
    found, _ = answered(settings(tmp_path, folder(tmp_path)), agents)
    first = found.rounds[0]
    errors = [(one.ran.error or "").splitlines()[-1] for one in first.tried[:2]]
    assert errors == ["FileNotFoundError: [Errno 2] No such file or directory: 'data/sale.csv'", "KeyError: 'amounts'"]
    assert len(first.tried) == 3 and first.ran and first.ran.error is None and first.ran.output == "total 46.5\n"
    shown = agents.prompts("debug")
    assert "data/sale.csv" in shown[0] and "FileNotFoundError" in shown[0] and "### data/sales.csv" in shown[0]
    assert "['amounts']" in shown[1] and "data/sale.csv'" not in shown[1].partition("### Script")[2], "the debugger is shown the last script, not the first"
    assert "print('total'" in agents.prompts("code")[1] and "amounts" not in agents.prompts("code")[1]
    assert found.steps == (1, 2)


def test_a_step_whose_script_cannot_be_repaired_is_taken_back_and_nobody_is_asked_for_a_verdict(tmp_path: Path) -> None:
    broken = script("raise ValueError('no such thing')")
    agents = Agents(plan=["Break.", "Add up the column amount."], code=[broken, SUM], debug=[broken], verify=[ENOUGH], finalize=[FINAL])
    found, _ = answered(settings(tmp_path, folder(tmp_path), ask={"repairs": 1}), agents)
    assert [(one.plan, one.decision, len(one.tried)) for one in found.rounds] == [("Break.", "Step 1", 2), ("Add up the column amount.", "", 1)]
    assert found.rounds[0].verdict is None and found.steps == (2,)
    assert "- Break. (its script fails: ValueError: no such thing)" in agents.prompts("plan")[1]


def test_an_answer_that_holds_no_script_is_asked_again_and_a_step_without_one_is_taken_back(tmp_path: Path) -> None:
    agents = Agents(
        plan=["Talk.", "Add up the column amount."],
        code=["I can't.", "Nor now.", "```python\nfor in\n```", "Here:\n" + SUM + "\nThat is it."],
        verify=[ENOUGH],
        finalize=[FINAL],
    )
    found, _ = answered(settings(tmp_path, folder(tmp_path)), agents)
    assert [(one.plan, one.decision, len(one.tried)) for one in found.rounds] == [("Talk.", "Step 1", 0), ("Add up the column amount.", "", 1)]
    assert "That answer can't be used: there is no Python script in it" in agents.prompts("code")[1]


def test_a_verdict_that_cannot_be_read_is_asked_again_and_not_taken_for_a_no(tmp_path: Path) -> None:
    garbage = ["Hm.", '{"reason": "fine", "decision": "Step 3"}', '{"reason": "fine"}']
    agents = Agents(plan=["Add up the column amount."], code=[SUM], verify=[*garbage, ENOUGH], finalize=[FINAL])
    found, outcome = answered(settings(tmp_path, folder(tmp_path)), agents)
    assert found.answer and found.answer.status == "verified" and agents.asked["verify"] == 4 and "route" not in agents.asked
    (row,) = rows(outcome, "SELECT status FROM artifacts WHERE run = '{run}' AND step = 'verify'")
    assert row["status"] == "repaired"


@pytest.mark.parametrize("name", ["verify", "route"])
def test_without_any_decision_that_can_be_read_the_best_so_far_is_the_answer(tmp_path: Path, name: str) -> None:
    said: dict[str, Iterable[Say]] = {"verify": [MORE], "route": []}
    said[name] = ["Hm."] * 6
    agents = Agents(plan=["Add up the column amount."], code=[SUM], finalize=[FINAL], **said)
    found, _ = answered(settings(tmp_path, folder(tmp_path)), agents)
    why = {"verify": "the verifier gave no verdict", "route": "the router gave no decision"}[name]
    assert found.answer and (found.answer.text, found.answer.status, found.answer.why) == ("46.5", "best so far", why)
    assert agents.asked[name] == 6


def test_bare_choices_are_constrained_and_come_without_reasons(tmp_path: Path) -> None:
    agents = Agents(plan=["Load the sales.", "Add it up."], code=[LOAD, SUM], verify=[MORE, ENOUGH], route=[ADD], finalize=[FINAL])
    found, _ = answered(settings(tmp_path, folder(tmp_path), ask={"decisions": "choice"}), agents)
    choices = [body["choice"] for body in agents.history if "choice" in body]
    assert choices == [["sufficient", "insufficient"], ["Add Step", "Step 1"], ["sufficient", "insufficient"]]
    assert found.rounds[0].verdict == Verdict(sufficient=False) and found.steps == (1, 2)


# ---- ends ------------------------------------------------------------------------------------------------------------


def test_after_the_last_round_the_best_so_far_is_worked_out_and_marked(tmp_path: Path) -> None:
    agents = Agents(plan=["Load the sales.", "Add it up."], code=[LOAD, SUM], verify=[MORE, MORE], route=[ADD], finalize=[FINAL])
    found, _ = answered(settings(tmp_path, folder(tmp_path), ask={"rounds": 2}), agents)
    assert found.answer and (found.answer.text, found.answer.status) == ("46.5", "best so far")
    assert found.answer.why == "its 2 rounds are over" and found.steps == (1, 2)


def test_where_the_last_round_has_no_result_an_earlier_one_counts(tmp_path: Path) -> None:
    agents = Agents(plan=["Add it up.", "Break."], code=[SUM, script("1 / 0")], verify=[MORE], route=[step_back(1)], finalize=[FINAL])
    found, _ = answered(settings(tmp_path, folder(tmp_path), ask={"rounds": 2, "repairs": 0}), agents)
    assert found.answer and found.answer.text == "46.5" and "total 46.5" in agents.prompts("finalize")[0]


@pytest.mark.parametrize(
    ("budget", "named"), [({"tokens": 1}, "budget.tokens"), ({"money": 1e-9}, "budget.money"), ({"seconds": 0.0}, "budget.seconds"), ({"calls": 4}, "budget.calls")]
)
def test_a_spent_budget_ends_in_the_best_so_far_and_a_larger_one_goes_on(tmp_path: Path, budget: dict[str, float], named: str) -> None:
    agents = Agents(plan=["Add up the column amount.", "Say it."], code=[SUM, SUM], verify=[MORE, ENOUGH], route=[ADD], finalize=[FINAL])
    config = settings(tmp_path, folder(tmp_path), model={"price": {"prompt": 1.0, "completion": 1.0}})
    stopped = run(config.model_copy(update={"budget": config.budget.model_copy(update=budget)}), Progress(quiet=True), send=agents)
    assert named in stopped.stopped
    before = trace(stopped.store, find(stopped.store, stopped.run))
    if named == "budget.calls":
        assert before.answer and (before.answer.text, before.answer.status) == ("total 46.5", "best so far") and named in before.answer.why
    asked = agents.asked.total()
    found, outcome = answered(config, agents)
    assert outcome.run == stopped.run and found.answer and (found.answer.text, found.answer.status) == ("46.5", "verified")
    assert agents.asked.total() == 9 and asked <= 4, "no call is sent twice"


def test_a_planner_without_a_further_step_ends_in_the_best_so_far(tmp_path: Path) -> None:
    agents = Agents(plan=["Add it up.", *["..."] * 6], code=[SUM], verify=[MORE], route=[ADD], finalize=[FINAL])
    found, _ = answered(settings(tmp_path, folder(tmp_path)), agents)
    assert found.answer and found.answer.text == "46.5" and found.answer.why.startswith("the planner had no further step: no usable answer in 6 attempts")


def test_a_final_script_that_fails_leaves_the_last_result_as_it_is(tmp_path: Path) -> None:
    agents = Agents(plan=["Add it up."], code=[SUM], verify=[ENOUGH], finalize=[script("print(1 / 0)")], debug=[script("pass")])
    found, _ = answered(settings(tmp_path, folder(tmp_path), ask={"repairs": 1}), agents)
    assert found.answer and (found.answer.text, found.answer.status) == ("total 46.5", "best so far")
    assert found.answer.why == "no final script came to its end, so this is the last step's result as it is"
    assert stands_by_itself(found, tmp_path) == "total 46.5"


def test_an_analysis_without_any_result_says_so(tmp_path: Path) -> None:
    agents = Agents(plan=["Break."], code=[script("1 / 0")])
    found, outcome = answered(settings(tmp_path, folder(tmp_path), ask={"rounds": 1, "repairs": 0}), agents)
    assert found.answer is None
    (row,) = rows(outcome, "SELECT status, error FROM artifacts WHERE run = '{run}' AND step = 'answer'")
    assert row == {"status": "failed", "error": "no script came to its end: its 1 rounds are over"}


# ---- files -----------------------------------------------------------------------------------------------------------


def test_where_the_analyzer_fails_for_good_limbeck_describes_the_file(tmp_path: Path) -> None:
    broken = script("raise OSError('not today')")
    agents = Agents(analyze=[broken], debug=[broken], plan=["Add it up."], code=[SUM], verify=[ENOUGH], finalize=[FINAL])
    found, outcome = answered(settings(tmp_path, folder(tmp_path), ask={"repairs": 1}), agents)
    (one,) = found.descriptions
    assert one.by == "limbeck" and "3 rows, 2 columns" in one.text and "'shop'" in one.text and len(one.tried) == 2
    assert one.error and one.error.splitlines()[-1] == "OSError: not today"
    (row,) = rows(outcome, "SELECT status FROM artifacts WHERE run = '{run}' AND step = 'analyze'")
    assert row["status"] == "repaired" and found.answer and found.answer.text == "46.5"
    assert "### data/sales.csv" not in agents.prompts("debug")[0], "the analyzer's debugger has no descriptions"


def test_a_file_that_nothing_can_read_stays_in_the_list_with_why(tmp_path: Path) -> None:
    data = folder(tmp_path, **{"sales.csv": SALES, "gone.csv": SALES})

    def gone(_: object) -> str:
        (data / "gone.csv").unlink()
        return script("print(open('data/gone.csv').read())")

    agents = Agents(analyze=[gone, LOOK], plan=["Add it up."], code=[SUM], verify=[ENOUGH], finalize=[FINAL])
    found, outcome = answered(settings(tmp_path, data, ask={"repairs": 0}, model={"concurrency": 1}), agents)
    (row,) = rows(outcome, "SELECT a.error FROM artifacts a WHERE a.run = '{run}' AND a.status = 'failed'")
    assert row["error"].startswith("'gone.csv' can't be read: FileNotFoundError")
    assert "### data/gone.csv\nIt can't be read." in agents.prompts("plan")[0]
    assert found.answer and found.answer.text == "46.5"


def test_of_a_file_that_is_not_what_its_name_says_the_beginning_is_known(tmp_path: Path) -> None:
    data = folder(tmp_path, **{"broken.xlsx": "this is no workbook"})
    agents = Agents(analyze=[], plan=["Add it up."], code=[script("print(1)")], verify=[ENOUGH], finalize=[script("print(1)")])
    found, _ = answered(settings(tmp_path, data, ask={"describe": "limbeck"}), agents)
    (one,) = found.descriptions
    assert "It can't be read as what its name says." in one.text and "this is no workbook" in one.text and one.error


def test_a_long_result_is_cut_and_what_is_to_be_done_is_not(tmp_path: Path) -> None:
    long = script("import pandas", *(f"x{n} = 'a long line of a script that goes on and on, number {n}'" for n in range(100)), "print('row ' * 5000)")
    agents = Agents(plan=["Print much.", "Add it up."], code=[long, SUM], verify=[MORE, ENOUGH], route=[ADD], finalize=[FINAL])
    answered(settings(tmp_path, folder(tmp_path), model={"context": 2048}), agents)
    for name, end in {"verify": "Is the result sufficient to answer the question?", "code": "### New step\nAdd it up.\n\nWrite the script."}.items():
        prompt = agents.prompts(name)[-1 if name == "code" else 0]
        assert prompt.endswith(end) and len(prompt) < 2048 * 2 and "characters left out" in prompt and "How much was sold in all?" in prompt


def test_a_second_question_takes_over_what_is_known_of_the_files(tmp_path: Path) -> None:
    data = folder(tmp_path)
    answered(settings(tmp_path, data), Agents(plan=["Add it up."], code=[SUM], verify=[ENOUGH], finalize=[FINAL]))
    agents = Agents(analyze=[], plan=["Take North."], code=[NORTH], verify=[ENOUGH], finalize=[NORTH])
    found, two = answered(settings(tmp_path, data, ask={"question": "And in the North?"}), agents)
    assert rows(two, "SELECT calls FROM artifacts WHERE run = '{run}' AND step = 'analyze'") == [{"calls": []}], "they were paid before"
    assert "analyze" not in agents.asked and found.answer and found.answer.text == "north 15.0"
    assert found.descriptions[0].by == "model"


def test_another_file_makes_another_run(tmp_path: Path) -> None:
    data = folder(tmp_path)
    one = answered(settings(tmp_path, data), Agents(plan=["Add it up."], code=[SUM], verify=[ENOUGH], finalize=[FINAL]))[1]
    (data / "sales.csv").write_text(SALES + "West,1\n", "utf-8")
    found, two = answered(settings(tmp_path, data), Agents(plan=["Add it up."], code=[SUM], verify=[ENOUGH], finalize=[FINAL]))
    assert one.run != two.run and found.answer and found.answer.text == "47.5"


def test_plots_are_kept_with_the_answer(tmp_path: Path) -> None:
    draw = script("import matplotlib.pyplot as plt", "plt.plot([1, 2])", "plt.savefig('sales.png')", "print('drawn')")
    agents = Agents(plan=["Draw it."], code=[draw], verify=[ENOUGH], finalize=[FINAL])
    found, _ = answered(settings(tmp_path, folder(tmp_path)), agents)
    assert found.answer and len(found.answer.files) == 1
    kept = tmp_path / "project" / found.answer.files[0]
    assert kept.name == "sales.png" and kept.read_bytes().startswith(b"\x89PNG")


# ---- before anything is written --------------------------------------------------------------------------------------


def test_what_scripts_need_is_looked_for_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limbeck.stages.asked.INSIDE", ("pandas", "no_such_package"))
    with pytest.raises(ConfigError, match=r"'no_such_package', which scripts need, .* pip install 'limbeck\[analysis\]'"):
        run(settings(tmp_path, folder(tmp_path)), Progress(quiet=True), send=Agents())
    assert not (tmp_path / "project").exists()


def test_a_model_that_reads_too_little_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="reads 1024 tokens is shown too little"):
        run(settings(tmp_path, folder(tmp_path), model={"context": 1024}), Progress(quiet=True), send=Agents())


# ---- broken off ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ModelUnreachable("gone"), CallFailed("refused")])
def test_a_model_that_goes_away_stops_the_run_where_it_can_go_on(tmp_path: Path, error: Exception) -> None:
    def gone(_: object) -> str:
        raise error

    agents = Agents(plan=["Add it up.", gone], code=[SUM], verify=[MORE], route=[ADD], finalize=[FINAL])
    config = settings(tmp_path, folder(tmp_path))
    if isinstance(error, ModelUnreachable):
        with pytest.raises(ModelUnreachable):
            run(config, Progress(quiet=True), send=agents)
        agents.queues["plan"].append("Say it.")
        agents.queues["code"].append(SUM)
        agents.queues["verify"].append(ENOUGH)
    found, _ = answered(config, agents)
    expected = ("46.5", "verified") if isinstance(error, ModelUnreachable) else ("46.5", "best so far")
    assert found.answer and (found.answer.text, found.answer.status) == expected


KILLED = """
import os, signal, sys
sys.path[:0] = {path!r}
os.environ["LIMBECK_CALLS"] = "off"
from pathlib import Path
from analysts import ADD, ENOUGH, MORE, Agents, answered, settings
from test_analysis import FINAL, LOAD, SUM

def killed(body):
    os.kill(os.getpid(), signal.SIGKILL)

agents = Agents(plan=["Load the sales.", "Add up the column amount."], code=[LOAD, killed], verify=[MORE], route=[ADD])
answered(settings(Path({tmp!r}), Path({data!r})), agents)
"""


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    data = folder(tmp_path)
    code = KILLED.format(path=[str(Path(__file__).parent), *sys.path], tmp=str(tmp_path), data=str(data))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ}, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr
    agents = Agents(analyze=[], code=[SUM], verify=[ENOUGH], finalize=[FINAL])
    found, outcome = answered(settings(tmp_path, data), agents)
    assert agents.asked == {"code": 1, "verify": 1, "finalize": 1}, "nothing that was answered is asked again"
    assert told(found) == [(1, (), "Load the sales.", "rows 3", "Add Step"), (2, (1,), "Add up the column amount.", "total 46.5", "")]
    assert found.answer and found.answer.text == "46.5"
    assert rows(outcome, "SELECT status FROM runs") == [{"status": "finished"}]
