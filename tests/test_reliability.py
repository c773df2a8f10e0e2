"""What is believed of annotators, and what `limbeck show RUN --annotators | --errors` says."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType
from scripted import CHOOSES, MISTAKEN, TOPICS, careless, good, rows, settings, started, texts

from limbeck import quality, show
from limbeck.labelmodels import VoteTable, dawid_skene
from limbeck.reliability import Reliability, applicables, reliabilities
from limbeck.report import render
from limbeck.reporting import facts
from limbeck.reviewing import opened
from limbeck.schemas import Label, Vote
from limbeck.settings import Settings
from limbeck.stages.review import learn, record

LABELS = ("Cards", "Loans", "Transfers")


def votes_of(**said: str) -> list[Vote]:
    """Votes by annotator, a letter an item: `rule="CC-L"` abstains on the third."""
    names = {name[0]: name for name in LABELS}
    return [
        Vote(item=f"b2:{place}", space="s", annotator=name.replace("person_", "person:"), label=names[letter])
        for name, letters in said.items()
        for place, letter in enumerate(letters)
        if letter != "-"
    ]


def labels_of(letters: str) -> list[Label]:
    names = {name[0]: name for name in LABELS}
    return [
        Label(item=f"b2:{place}", space="s", label=names[letter], confidence=1.0, method="soft")
        for place, letter in enumerate(letters)
    ]


def judged(labels: str, method: str = "soft", **said: str) -> dict[str, Reliability]:
    return {
        one.annotator: one
        for one in reliabilities(votes_of(**said), labels_of(labels), len(labels) + 2, method)
    }


def test_by_hand() -> None:
    found = judged("CCLLT", a="CCLLT", b="CLLC-", c="---LL")
    assert [(one.voted, round(7 * one.coverage), one.accuracy) for one in found.values()] == [
        (5, 5, 1.0),
        (4, 4, 0.5),
        (2, 2, 0.5),
    ]
    assert [one.kappa for one in found.values()] == [1.0, 0.0, 0.0]
    assert found["b"].labels == LABELS
    assert found["b"].confusion.tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert found["b"].shares.tolist() == [[0.5, 0.5, 0], [0.5, 0.5, 0], [0, 0, 0]]
    assert found["b"].confused(5) == [("Cards", "Loans", 0.5, 1.0), ("Loans", "Cards", 0.5, 1.0)]
    assert found["c"].confused(5) == [("Transfers", "Loans", 1.0, 1.0)]
    assert found["a"].confused(5) == []


def test_an_annotator_counts_with_its_best_label() -> None:
    shared = [
        Vote(item="b2:0", space="s", annotator="a", label=name, score=score)
        for name, score in (("Cards", 0.4), ("Loans", 0.6))
    ]
    (one,) = reliabilities(shared, labels_of("L"), 1, "soft")
    assert (one.accuracy, one.voted) == (1.0, 1)


def test_who_always_says_the_same_of_the_same_has_no_kappa() -> None:
    assert judged("CCC", a="CCC", b="CCL")["a"].kappa is None
    assert judged("CCC", a="CCC", b="CCL")["b"].kappa == 0.0


def test_votes_without_a_label_do_not_count() -> None:
    one = judged("CC", a="CCLTL")["a"]
    assert (one.voted, one.accuracy, one.labels) == (2, 1.0, LABELS)


def test_a_label_model_judges_by_its_probabilities_and_people_are_certain() -> None:
    said = {"a": "CCLLTTCL", "b": "CCLLTTLC", "c": "CLLCTTCC"}
    result = dawid_skene(VoteTable.of(votes_of(**said)))
    chosen = "".join(result.table.labels[place][0] for place in result.chosen)
    found = judged(chosen, "dawid-skene", **said)
    assert [one.accuracy for one in found.values()] == pytest.approx(result.accuracies.tolist(), abs=1e-5)
    for place, one in enumerate(found.values()):
        assert one.shares == pytest.approx(result.confusions[place], abs=1e-4)
    told = judged("T" + chosen[1:], "dawid-skene", **said, person_ann="T")
    assert told["person:ann"].accuracy == 1.0
    assert told["a"].confusion[2].sum() > found["a"].confusion[2].sum() + 0.9
    # Not 1 to the last digit: the model learns from the answer, and believes the other items a little otherwise.
    assert told["a"].confusion[2, 0] == pytest.approx(1, abs=0.01)


@given(
    st.lists(st.text("CLT-", min_size=8, max_size=8), min_size=1, max_size=5),
    st.text("CLT", min_size=8, max_size=8),
)
def test_matrices_accuracies_and_votes_belong_together(said: list[str], labels: str) -> None:
    for one in judged(
        labels, "soft", **{f"a{place}": letters for place, letters in enumerate(said)}
    ).values():
        assert one.confusion.sum() == pytest.approx(one.voted)
        assert one.accuracy == pytest.approx(np.trace(one.confusion) / max(1, one.voted), abs=1e-6)
        assert sum(cell[3] for cell in one.confused(100)) == pytest.approx(
            one.voted * (1 - one.accuracy), abs=1e-4
        )
        assert set(one.shares.sum(axis=1).round(5)) <= {0.0, 1.0}


# ---- where several labels may apply ------------------------------------------------------------------------


def yes_of(said: dict[str, list[str]]) -> list[Vote]:
    """Votes by annotator; a word an item, a letter a label, a small one a score below which it is no yes."""
    names = {name[0]: name for name in LABELS}
    return [
        Vote(item=f"b2:{place}", space="s/all", annotator=name, label=names[letter.upper()], score=0.4 if letter.islower() else 0.5)
        for name, words in said.items()
        for place, word in enumerate(words)
        for letter in word
    ]


def applying_of(words: list[str]) -> list[Label]:
    return [
        Label(item=vote.item, space="s/all", label=vote.label, confidence=1.0, method="threshold")
        for vote in yes_of({"labels": words})
    ]


SEVERAL: dict[str, tuple[list[str], list[str], tuple[int, int, float, float | None]]] = {
    "says all that applies": (["CL", "T"], ["CL", "T"], (2, 3, 1.0, 1.0)),
    "says too much": (["C", "T"], ["CL", "CT"], (2, 4, 0.5, 1.0)),
    "says too little": (["CL", "CT"], ["C", "T"], (2, 2, 1.0, 2 / 3)),
    "knows one label, which others don't count against": (["CL", "CT", "C"], ["C", "C", ""], (2, 2, 1.0, 1.0)),
    "is silent on an item, which does not count": (["CL", "CL"], ["CL", ""], (1, 2, 1.0, 1.0)),
    "is unsure, which is no yes": (["CL"], ["Cl"], (1, 1, 1.0, 1.0)),
    "is wrong where nothing applies": (["", "CL"], ["C", ""], (1, 1, 0.0, None)),
}


@pytest.mark.parametrize(("labels", "said", "expected"), SEVERAL.values(), ids=SEVERAL)
def test_precision_and_recall_of_one_who(
    labels: list[str], said: list[str], expected: tuple[int, int, float, float | None]
) -> None:
    (one,) = applicables(yes_of({"a": said}), applying_of(labels), "soft")
    assert (one.annotator, one.voted, one.yes, one.precision) == ("a", *expected[:3])
    assert one.recall == pytest.approx(expected[3])


def test_a_label_models_chances_are_used_and_people_are_not_judged() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random((300, 3)) < 0.4
    said = {
        name: ["".join(np.array(list("CLT"))[rng.random(3) < np.where(row, hit, wrong)]) for row in truth]
        for name, hit, wrong in (("a", 0.9, 0.02), ("b", 0.7, 0.1), ("c", 0.6, 0.2))
    }
    found = applicables(yes_of({**said, "person:ann": ["C"]}), [], "dawid-skene")
    assert [one.annotator for one in found] == ["a", "b", "c"]
    assert found[0].precision > found[1].precision > found[2].precision
    right = {
        name: (np.array([[letter in word for letter in "CLT"] for word in words]), np.array([word != "" for word in words]))
        for name, words in said.items()
    }
    for one in found:
        yes, spoke = right[one.annotator]
        assert one.precision == pytest.approx((yes & truth).sum() / yes.sum(), abs=0.12)
        assert one.recall == pytest.approx((yes & truth).sum() / truth[spoke].sum(), abs=0.06)
    assert applicables([], [], "dawid-skene") == []


# ---- of a run ----------------------------------------------------------------------------------------------

RULES = """\
def card(text):
    return "Cards" if "card" in text else None

def hasty(text):
    return "Loans" if "loan" in text else "Cards"
"""


def config(folder: Path, **labels: object) -> Settings:
    (folder / "rules.py").write_text(RULES)
    rules = {"rules": str(folder / "rules.py")}
    return settings(
        folder, texts(8), taxonomy={"given": list(TOPICS)}, annotators=rules, labels={"probe": 6, **labels}
    )


def shown(view: RenderableType) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(view)
    return "\n".join(" ".join(line.split()) for line in console.export_text().splitlines())


@pytest.mark.usefixtures("one_encoder")
@pytest.mark.parametrize("method", ["soft", "auto"])
def test_annotators_of_a_run(method: str, tmp_path: Path) -> None:
    _, outcome = started(config(tmp_path, aggregate=method), good)
    run = show.find(outcome.store, None)
    words = shown(quality.annotators_view(outcome.store, run))
    made = (
        "labels by soft"
        if method == "soft"
        else "labels by balanced: one competence each explains the votes better than"
    )
    assert words.startswith(made)
    weight, least = ("1.00", "0.01") if method == "soft" else ("–", "–")
    for line in (
        f"encoder:minilm 24 100% {least} ",
        f"llm:big/reasoned 24 100% {weight} 1.00 1.00",
        f"rule:card 8 33% {weight} 1.00 –",
        f"rule:hasty 24 100% {weight} 0.67 0.50",
        "rule:hasty Transfers Cards 100% 8",
    ):
        assert line in words


@pytest.mark.usefixtures("one_encoder")
def test_only_this_runs_annotators_and_documents_count(tmp_path: Path) -> None:
    """Two runs with the same labels share a space of the vote table."""
    conf = config(tmp_path)
    _, outcome = started(conf, good)
    more = settings(
        tmp_path, texts(10), taxonomy={"given": list(TOPICS)}, labels={"llm_limit": 0, "probe": 0}
    )
    _, other = started(more, good)
    names = {
        run: {
            one.annotator: one.voted
            for one in quality.annotators(outcome.store, show.find(outcome.store, run))
        }
        for run in (outcome.run, other.run)
    }
    assert names[outcome.run]["rule:hasty"] == 24
    assert names[other.run] == {"encoder:minilm": 30}


@pytest.mark.usefixtures("one_encoder")
def test_before_the_first_labels(tmp_path: Path) -> None:
    _, outcome = started(config(tmp_path), good)
    run = show.find(outcome.store, None).model_copy(update={"id": "b2:another"})
    assert shown(quality.annotators_view(outcome.store, run)) == "no labels yet"
    assert shown(quality.errors_view(outcome.store, run)).startswith("nobody has looked for errors yet")
    assert quality.likely_errors(outcome.store, run) == []


# ---- likely errors -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("one_encoder")
def test_likely_errors_are_listed_until_a_person_has_answered_them(tmp_path: Path) -> None:
    _, outcome = started(
        settings(tmp_path, texts(12), taxonomy={"given": list(TOPICS)}, labels=CHOOSES), careless
    )
    run = show.find(outcome.store, None)
    found = quality.likely_errors(outcome.store, run)
    assert {one.text for one in found} == set(MISTAKEN)
    assert {(one.label, one.better) for one in found} == {("Transfers", "Cards")}
    words = shown(quality.errors_view(outcome.store, run))
    assert words.startswith("2 labels stand out; ") and words.endswith(f"limbeck review {show.short(run.id)}")
    assert "Transfers Cards my card was stolen, case 0" in words
    assert shown(quality.errors_view(outcome.store, run, 1)).count("case") == 1
    with opened(outcome.store.parent, None) as context:
        told = next(one.id for one in context.store.documents(run.id) if one.text == found[0].text)
        record(context, "ann", {told: "Cards"})
        learn(context)
    assert [one.text for one in quality.likely_errors(outcome.store, run)] == [found[1].text]


@pytest.mark.usefixtures("one_encoder")
def test_how_votes_became_labels_is_kept(tmp_path: Path) -> None:
    _, outcome = started(config(tmp_path, aggregate="auto"), good)
    (row,) = rows(outcome, "SELECT item, value FROM artifacts WHERE step = 'aggregate'")
    kept = json.loads(row["value"])
    used = rows(outcome, f"SELECT DISTINCT method FROM labels WHERE space = '{row['item']}'")
    assert (
        [one["method"] for one in used] == [kept["method"]]
        and "BIC" in kept["why"]
        and kept["weights"] is None
    )
    assert {"llm:big/reasoned", "encoder:minilm", "rule:card", "rule:hasty"} <= set(kept["annotators"])


@pytest.mark.usefixtures("one_encoder")
def test_the_report_tells_of_annotators_and_likely_errors(tmp_path: Path) -> None:
    (tmp_path / "rules.py").write_text(RULES)
    rules = {"rules": str(tmp_path / "rules.py")}
    conf = settings(tmp_path, texts(12), taxonomy={"given": list(TOPICS)}, labels=CHOOSES, annotators=rules)
    _, outcome = started(conf, careless)
    found = facts(outcome.store, show.find(outcome.store, None))
    hasty = next(one for one in found.annotators if one.name == "rule:hasty")
    assert (hasty.voted, hasty.coverage, hasty.weight) == (36, 1.0, 1.0)
    assert hasty.confusion.labels == LABELS and hasty.confusion.errors[0] == ("Transfers", "Cards", 1.0)
    assert hasty.confusion.matrix[2] == (1.0, 0.0, 0.0)
    assert found.method == "soft" and found.show_errors.startswith(f"limbeck show {found.run} --errors --project ")
    assert found.noise and found.noise.found == len(found.noise.errors)
    page = render(found)
    assert "What they mix up most" in page and 'id="errors"' in page


@pytest.mark.usefixtures("one_encoder")
def test_a_large_matrix_is_not_drawn(tmp_path: Path) -> None:
    given = [*TOPICS, *(f"Nothing of the kind {place}" for place in range(20))]
    (tmp_path / "rules.py").write_text(
        "def odd(text):\n    return f'Nothing of the kind {int(text.split()[-1]) % 20}'\n"
    )
    rules = {"rules": str(tmp_path / "rules.py")}
    _, outcome = started(settings(tmp_path, texts(12), taxonomy={"given": given}, annotators=rules), good)
    found = facts(outcome.store, show.find(outcome.store, None))
    odd = next(one for one in found.annotators if one.name == "rule:odd")
    assert odd.confusion.matrix == () and len(odd.confusion.errors) == 3
