"""Where a model may label but some documents, limbeck chooses which: `--budget-labels N`, or `labels: llm_limit:`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scripted import (
    TOPICS,
    asked,
    but,
    good,
    labels,
    part,
    requests,
    rows,
    settings,
    started,
    table_rows,
    texts,
)

from limbeck.asking import doubt
from limbeck.dialects import Body
from limbeck.errors import BudgetSpent
from limbeck.fakes import FakeLLM
from limbeck.progress import Progress
from limbeck.reviewing import opened
from limbeck.run import Outcome, run
from limbeck.settings import Settings
from limbeck.stages.labelling import believed
from limbeck.stages.review import record

pytestmark = pytest.mark.usefixtures("one_encoder")

CLEAR = [f"where is card {n}" for n in range(20)]
"""Alike, first in the file, and of no doubt: the label's name is in them."""
DOUBTFUL = [
    f"{text}{end}"
    for text in (
        "it has been stolen from my bag",
        "what will it cost me in all",
        "it is late by three days",
        "can I have it sent to Norway",
        "why was I refused by somebody",
    )
    for end in ("", "!")
]
"""In pairs that are nearly the same."""


def budgeted(folder: Path, limit: int | None, written: list[str] | None = None, **sections: Any) -> Settings:
    labelled = {"llm_limit": limit, "probe": 0}
    return settings(folder, written or [*CLEAR, *DOUBTFUL], taxonomy={"given": list(TOPICS)}, labels=labelled, **sections)


def sure(body: Body) -> Any:
    """A model that knows what all documents in doubt are about."""
    table = [name for name, _ in table_rows(part(body, "Table"))]
    name = "Cards" if asked(body) in CLEAR else "Transfers"
    index = table.index(name) + 1
    return {"reason": "I know.", "index": index, "name": name, "also": [index]}


def read_by_model(outcome: Outcome) -> list[str]:
    """The texts that the model labelled, in the file's order."""
    sql = f"""SELECT d.text FROM places p JOIN documents d ON d.id = p.document WHERE p.run = '{outcome.run}'
        AND d.id IN (SELECT item FROM votes WHERE annotator LIKE 'llm:%') ORDER BY p.position"""
    return [row["text"] for row in rows(outcome, sql)]


def doubts(outcome: Outcome) -> dict[str, float]:
    with opened(outcome.store.parent, outcome.run) as context:
        documents, taxonomy = context.store.documents(context.run), context.store.taxonomy(context.run)
        shares = believed(context, taxonomy.id, [one.id for one in documents], taxonomy.names)
        return dict(zip([one.text for one in documents], doubt(shares).tolist(), strict=True))


def test_the_model_reads_the_documents_in_doubt_and_none_that_is_like_another(tmp_path: Path) -> None:
    fake, outcome = started(budgeted(tmp_path, 5), good)
    read = read_by_model(outcome)
    assert len(read) == len(requests(fake, "Classify")) == 5
    assert not set(read) & set(CLEAR)
    # One of each pair that is nearly the same.
    assert [DOUBTFUL.index(text) // 2 for text in read] == [0, 1, 2, 3, 4]
    assert len(labels(outcome)) == 30


def test_fewer_documents_are_left_in_doubt_than_without_and_than_with_the_first_ones(tmp_path: Path) -> None:
    found = {}
    for limit in (0, 5):
        (tmp_path / str(limit)).mkdir()
        found[limit] = doubts(started(budgeted(tmp_path / str(limit), limit), but(Classify=sure))[1])
    before, after = (np.array(list(found[limit].values())) for limit in (0, 5))
    first = np.append(np.zeros(5), before[5:])  # As if the first five were certain now.
    assert (after > 0.2).sum() < min((before > 0.2).sum(), (first > 0.2).sum())
    assert after.sum() < first.sum()


@pytest.mark.parametrize("limit", [None, 30, 99])
def test_all_documents_where_the_budget_allows_it(limit: int | None, tmp_path: Path) -> None:
    _, outcome = started(budgeted(tmp_path, limit), good)
    assert read_by_model(outcome) == [*CLEAR, *DOUBTFUL]
    assert rows(outcome, "SELECT item FROM artifacts WHERE step = 'asked'") == []


def test_no_document(tmp_path: Path) -> None:
    fake, outcome = started(budgeted(tmp_path, 0), good)
    assert fake.history == [] and read_by_model(outcome) == [] and len(labels(outcome)) == 30


def test_every_reading_labels_the_same_documents_and_the_probe_draws_its_own(tmp_path: Path) -> None:
    config = settings(
        tmp_path,
        texts(10),
        taxonomy={"given": list(TOPICS)},
        labels={"llm_limit": 4, "probe": 6, "mode": ["reasoned", "choice"]},
        annotators={"models": [{"name": "small"}]},
    )
    _, outcome = started(config, good)
    sql = "SELECT annotator, list(DISTINCT item ORDER BY item) AS items FROM votes WHERE annotator LIKE 'llm:%' GROUP BY 1"
    found = rows(outcome, sql)
    assert len(found) == 4 and len({tuple(row["items"]) for row in found}) == 1 and len(found[0]["items"]) == 4
    probed = rows(outcome, "SELECT DISTINCT item FROM artifacts WHERE step LIKE 'probe/%'")
    assert len(probed) == 6


def test_killed_and_run_again_the_same_documents(tmp_path: Path) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    for folder in (whole, parted):
        folder.mkdir()
    _, wanted = started(budgeted(whole, 6), good)
    with pytest.raises(BudgetSpent):
        run(budgeted(parted, 6, budget={"calls": 2}), Progress(quiet=True), send=FakeLLM(good))
    fake, outcome = started(budgeted(parted, 6), good)
    assert outcome.run == wanted.run and len(fake.history) == 4
    assert read_by_model(outcome) == read_by_model(wanted)
    assert labels(outcome) == labels(wanted)
    chosen = "SELECT value FROM artifacts WHERE step = 'asked'"
    assert rows(outcome, chosen) == rows(wanted, chosen) != []


def test_the_choice_stays_when_people_have_answered_since(tmp_path: Path) -> None:
    config = budgeted(tmp_path, 5)
    _, outcome = started(config, good)
    before = read_by_model(outcome)
    with opened(outcome.store.parent, outcome.run) as context:
        record(context, "ann", {one.id: "Loans" for one in context.store.documents(context.run) if one.text in DOUBTFUL})
    fake, again = started(config, good)
    assert not again.already and fake.history == [] and read_by_model(again) == before


def test_what_people_have_answered_needs_no_model(tmp_path: Path) -> None:
    _, first = started(budgeted(tmp_path, 0), good)
    told = DOUBTFUL[:6]
    with opened(first.store.parent, first.run) as context:
        record(context, "ann", {one.id: "Loans" for one in context.store.documents(context.run) if one.text in told})
    _, outcome = started(budgeted(tmp_path, 4), good)
    read = read_by_model(outcome)
    assert len(read) == 4 and not set(read) & set(told) and set(read) & set(DOUBTFUL)


def test_another_seed_and_the_same_documents_where_there_are_few(tmp_path: Path) -> None:
    found = []
    for seed in (0, 1):
        (tmp_path / str(seed)).mkdir()
        found.append(read_by_model(started(budgeted(tmp_path / str(seed), 5, seed=seed), good)[1]))
    assert found[0] == found[1]


def test_the_first_level_is_chosen_for_too(tmp_path: Path) -> None:
    config = settings(
        tmp_path, texts(20), taxonomy={"levels": 2, "chains": 1, "minibatch": 200}, labels={"llm_limit": 7, "probe": 0}
    )
    _, outcome = started(config, good)
    chosen = rows(outcome, "SELECT value FROM artifacts WHERE step = 'asked'")
    assert [len(json.loads(row["value"])) for row in chosen] == [7, 7]


# ---- the option ------------------------------------------------------------------------------------------------------

CONFIG = """\
project: project
use_case: Route each message.
documents: {source: documents.txt}
model: {name: fake}
taxonomy: {given: [Cards, Loans, Transfers]}
labels: {probe: 0, llm_limit: LIMIT}
student: {kinds: [logistic]}
measures: {sample: 0}
"""


def limbeck(folder: Path, limit: str, *words: str) -> "subprocess.CompletedProcess[str]":
    (folder / "my.yaml").write_text(CONFIG.replace("LIMIT", limit), "utf-8")
    (folder / "documents.txt").write_text("\n".join(texts(4)) + "\n", "utf-8")
    inherited = {name: value for name, value in os.environ.items() if name not in ("LIMBECK_MODEL", "LIMBECK_BASE_URL")}
    command = [sys.executable, "-m", "limbeck", "run", "my.yaml", *words]
    return subprocess.run(command, cwd=folder, env=inherited, capture_output=True, text=True, timeout=120, check=False)


def test_the_option_replaces_the_configs_number(tmp_path: Path) -> None:
    assert limbeck(tmp_path, "1", "--quiet", "--budget-labels", "5").returncode == 0
    (row,) = rows(Outcome("", tmp_path / "project" / "limbeck.duckdb", False), "SELECT config FROM runs")
    assert json.loads(row["config"])["labels"]["llm_limit"] == 5
    again = limbeck(tmp_path, "5", "--quiet")
    assert (again.returncode, again.stdout.splitlines()[0]) == (0, "finished before; nothing was asked again")


def test_a_number_that_can_not_be_is_one_line_and_nothing_is_written(tmp_path: Path) -> None:
    done = limbeck(tmp_path, "1", "--budget-labels", "-1")
    about = "how many documents the LLM labels, chosen where its answer is worth most; all without it"
    said = f"limbeck: 'llm_limit' in 'labels' of 'my.yaml' can't be -1 ({about}); write a value greater than or equal to 0\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    assert not (tmp_path / "project").exists()
