"""Whole runs in which several labels may apply: how their votes are counted, and what is kept of why."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from scripted import TOPICS, good, rows, settings, started, texts

from limbeck import quality, show
from limbeck.run import Outcome
from limbeck.schemas import Decision
from limbeck.settings import Settings

pytestmark = pytest.mark.usefixtures("one_encoder")

PATTERNS = "Cards: card\nLoans: loan\nTransfers: transfer\n"
EXAMPLES = [("is my new card on its way", "Cards"), ("costs of a loan", "Loans"), ("cancel a late transfer", "Transfers")]
BOTH = "a card and a loan"


def several(folder: Path, aggregate: str, beside: tuple[str, ...] = ("patterns", "examples")) -> Settings:
    """The labels' own words vote, and what is beside them; no model is asked."""
    (folder / "patterns").write_text(PATTERNS, "utf-8")
    (folder / "examples").with_suffix(".jsonl").write_text(
        "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in EXAMPLES), "utf-8"
    )
    paths = {"patterns": str(folder / "patterns"), "examples": str(folder / "examples.jsonl")}
    return settings(
        folder,
        [BOTH, *texts(8)],
        taxonomy={"given": list(TOPICS)},
        labels={"llm_limit": 0, "several": True, "aggregate": aggregate},
        annotators={key: paths[key] for key in beside},
    )


def decided(outcome: Outcome) -> Decision:
    (row,) = rows(outcome, "SELECT value FROM artifacts WHERE step = 'aggregate' AND ends_with(item, '/all')")
    return Decision.model_validate_json(row["value"])


def methods(outcome: Outcome) -> set[str]:
    return {row["method"] for row in rows(outcome, "SELECT DISTINCT method FROM labels WHERE ends_with(space, '/all')")}


def test_where_enough_judge_each_label_they_are_judged(tmp_path: Path) -> None:
    _, outcome = started(several(tmp_path, "auto"), good)
    decision = decided(outcome)
    assert (decision.method, decision.weights, methods(outcome)) == ("dawid-skene", None, {"dawid-skene"})
    assert decision.why.endswith("votes a label of an item, enough to tell who is right")
    assert {"patterns", "words"} < set(decision.annotators)
    sql = f"SELECT label FROM labels l JOIN documents d ON d.id = l.item WHERE ends_with(space, '/all') AND text = '{BOTH}'"
    assert {row["label"] for row in rows(outcome, sql)} == {"Cards", "Loans"}


def test_annotators_are_shown_by_all_labels_that_apply(tmp_path: Path) -> None:
    _, outcome = started(several(tmp_path, "dawid-skene"), good)
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(quality.annotators_view(outcome.store, show.find(outcome.store, None)))
    words = [" ".join(line.split()) for line in console.export_text().splitlines()]
    place = words.index("all labels that apply by dawid-skene")
    assert words[place + 2] == "annotator documents labels estimated precision estimated recall"
    # Each of the 25 texts names its label, one names two.
    assert any(line.startswith("patterns 25 26 ") for line in words[place:])


def test_where_too_few_do_their_votes_are_averaged(tmp_path: Path) -> None:
    _, outcome = started(several(tmp_path, "auto", beside=()), good)
    decision = decided(outcome)
    assert (decision.method, methods(outcome)) == ("soft", {"threshold"})
    assert decision.why.endswith("too few to tell who is right: votes are averaged")
    assert decision.weights is not None


@pytest.mark.parametrize(("aggregate", "by"), [("soft", "threshold"), ("dawid-skene", "dawid-skene")])
def test_who_says_how_votes_are_counted_needs_no_reason(aggregate: str, by: str, tmp_path: Path) -> None:
    _, outcome = started(several(tmp_path, aggregate), good)
    decision = decided(outcome)
    assert (decision.method, decision.why, methods(outcome)) == (aggregate, "", {by})
