"""Infer–Retrieve–Rank, from documents and a list of labels to ranked labels, with models that are functions."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dspy
import numpy as np
import pytest

from limbeck.dialects import Body
from limbeck.embedding import open_embedder
from limbeck.errors import BudgetSpent, ConfigError, DocumentsError
from limbeck.fakes import FakeLLM
from limbeck.llm import LLM, Spent
from limbeck.programs.extreme import InferRetrieveRank, among
from limbeck.progress import Progress
from limbeck.query import ask
from limbeck.retrieval.chunks import chunks, windows
from limbeck.retrieval.labelset import of_names
from limbeck.retrieval.options import Options, digest
from limbeck.retrieval.retriever import build
from limbeck.run import Outcome, run
from limbeck.sections import BudgetSettings, ModelSettings, RetrievalSettings
from limbeck.settings import Settings, load
from limbeck.store import Store

pytestmark = pytest.mark.usefixtures("one_encoder")

LABELS = [
    ("bake bread", "Make bread in an oven", "make loaves|bread, baking of", "cook"),
    ("cook", "", "", ""),
    ("manage staff", "Lead people at work", "supervise employees", ""),
    ("drive lorries", "Drive trucks over long distances", "drive trucks", ""),
    ("repair vehicles", "", "mend cars", ""),
    ('Python, "the language"', "", "", ""),
    ("C++", "a programming language", "cpp", ""),
    ("パンを焼く", "", "", ""),
    ("قيادة فريق", "", "", ""),
    ("clean rooms", "", "tidy up", ""),
]
TEXTS = [
    "We need somebody who bakes bread and manages the kitchen staff",
    "Drive a lorry across Europe, repair it when it breaks down",
    "Write C++ and some Python",
    "Clean the rooms of a hotel",
]
GOLD = ["bake bread|manage staff", "drive lorries|repair vehicles", "C++|juggle", ""]


def written(folder: Path, labels: Sequence[Sequence[str]] = LABELS, texts: Sequence[str] = TEXTS, gold: Sequence[str] = ()) -> None:
    """A label file and a file of documents."""
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("label", "description", "synonyms", "parent"), *labels])
    with (folder / "documents.jsonl").open("w", encoding="utf-8") as file:
        for text, true in zip(texts, gold or [""] * len(texts), strict=True):
            file.write(json.dumps({"text": text, "true": true}, ensure_ascii=False) + "\n")


def settings(folder: Path, **sections: Any) -> Settings:
    values: dict[str, Any] = {
        "pipeline": "extreme",
        "project": str(folder / "project"),
        "use_case": "Find the skills that an advertisement asks for.",
        "documents": {"source": str(folder / "documents.jsonl"), "text": "text"},
        "labelset": {"source": str(folder / "labels.csv")},
        "model": {"name": "big", "concurrency": 4},
        "student": {"kinds": []},
    }
    for name, section in sections.items():
        values[name] = {**values.get(name, {}), **section} if isinstance(section, dict) else section
    return Settings.model_validate(values)


def started(config: Settings, answer: Any) -> tuple[FakeLLM, Outcome]:
    fake = FakeLLM(answer)
    return fake, run(config, Progress(quiet=True), send=fake)


def rows(outcome: Outcome, sql: str) -> list[dict[str, Any]]:
    return list(ask(outcome.store, sql).to_pylist())


def made(outcome: Outcome, step: str) -> dict[str, Any]:
    """What a step made, by the document's text."""
    found = rows(outcome, f"SELECT d.text, a.value FROM artifacts a JOIN documents d ON d.id = a.item WHERE a.step = '{step}'")
    return {row["text"]: json.loads(row["value"]) for row in found}


def labels(outcome: Outcome, where: str = "NOT ends_with(space, '/open')") -> dict[str, list[str]]:
    """Each document's labels, the best first."""
    sql = f"SELECT d.text, l.label FROM labels l JOIN documents d ON d.id = l.item WHERE {where} ORDER BY l.confidence DESC, l.rowid"
    found: dict[str, list[str]] = {}
    for row in rows(outcome, sql):
        found.setdefault(row["text"], []).append(row["label"])
    return found


def program(body: Body) -> str:
    """Which program asks."""
    return str(body["response_format"]["name"])


def options(body: Body) -> list[str]:
    """The options that Rank is shown."""
    shown = body["messages"][-1]["content"].split("\n\nDocument:\n")[0]
    return [line.removeprefix("- ") for line in shown.splitlines()[1:]]


def good(body: Body) -> str:
    """Infers the document's words, and ranks options backwards."""
    if program(body) == "GuessLabels":
        return json.dumps({"labels": ["supervise employees", "a, b and c"]})
    return json.dumps({"reason": "so", "ranked": options(body)[::-1][:3], "missing": []})


# ---- the whole ---------------------------------------------------------------------------------------------------------


def test_without_a_model_that_ranks_labels_are_those_found(tmp_path: Path) -> None:
    written(tmp_path)
    fake, outcome = started(settings(tmp_path, infer={"mode": "never"}, rank={"mode": "never", "ranked": 3}), good)
    assert not fake.history
    found = labels(outcome)
    assert {text: set(one[:2]) for text, one in found.items()} == {
        TEXTS[0]: {"bake bread", "manage staff"},
        TEXTS[1]: {"drive lorries", "repair vehicles"},
        TEXTS[2]: {"C++", 'Python, "the language"'},
        TEXTS[3]: {"clean rooms", found[TEXTS[3]][1]},
    }
    assert found[TEXTS[3]][0] == "clean rooms"
    assert {len(one) for one in found.values()} == {3}
    one = Options.model_validate(made(outcome, "retrieve")[TEXTS[1]])
    said = {label: one.passage(TEXTS[1], place) for place, label in enumerate(one.labels)}
    assert "lorry" in said["drive lorries"] and "repair" in said["repair vehicles"]


def test_a_model_infers_of_each_document_and_ranks_what_was_found(tmp_path: Path) -> None:
    written(tmp_path)
    fake, outcome = started(settings(tmp_path, rank={"ranked": 3}), good)
    assert [program(body) for body in fake.history].count("GuessLabels") == len(TEXTS)
    assert [program(body) for body in fake.history].count("OrderOptions") == len(TEXTS)
    assert made(outcome, "infer")[TEXTS[3]] == ["supervise employees", "a, b and c"]
    found = Options.model_validate(made(outcome, "retrieve")[TEXTS[3]])
    assert found.said[found.labels.index("manage staff")] == "supervise employees"
    assert labels(outcome)[TEXTS[3]] == list(found.labels[::-1][:3])
    again = run(settings(tmp_path, rank={"ranked": 3}), Progress(quiet=True), send=FakeLLM([]))
    assert again.already


def test_another_model_for_ranking_is_one_line_of_the_config(tmp_path: Path) -> None:
    written(tmp_path)
    line = 'rank: {model: {name: larger, base_url: "http://127.0.0.1:9/v1"}}'
    path = tmp_path / "my.yaml"
    lines = [
        "pipeline: extreme",
        "use_case: Find skills.",
        "documents: {source: documents.jsonl, text: text}",
        "labelset: {source: labels.csv}",
        "model: {name: small, base_url: 'http://127.0.0.1:9/v1'}",
        "student: {kinds: []}",
    ]
    path.write_text("\n".join([*lines, line]) + "\n", "utf-8")
    fake, outcome = started(load(path), good)
    assert {(program(body), body["model"]) for body in fake.history} == {("GuessLabels", "small"), ("OrderOptions", "larger")}
    assert {row["annotator"] for row in rows(outcome, "SELECT DISTINCT annotator FROM votes")} == {
        "llm:larger/rank",
        "retriever:minilm",
    }


def test_a_run_that_was_stopped_goes_on_and_asks_nothing_twice(tmp_path: Path) -> None:
    written(tmp_path)
    with pytest.raises(BudgetSpent):
        started(settings(tmp_path, budget={"calls": 6}), good)
    fake, outcome = started(settings(tmp_path), good)
    assert len(fake.history) == 2
    assert len(labels(outcome)) == len(TEXTS)


def test_what_nobody_offered_is_dropped_and_counted_and_what_the_list_lacks_is_kept_apart(tmp_path: Path) -> None:
    written(tmp_path)

    def answer(body: Body) -> str:
        if program(body) == "GuessLabels":
            return json.dumps({"labels": ["x"]})
        ranked = ["Fly a kite", "  CLEAN   rooms ", '"manage staff"', "Fly a kite", ""]
        return json.dumps({"reason": "", "ranked": ranked, "missing": ["mend cars", "wash windows", "CPP", "cpp", "Wash  Windows", "CLEAN ROOMS", " "]})

    _, outcome = started(settings(tmp_path, rank={"open": True, "ranked": 5}), answer)
    one = made(outcome, "rank")[TEXTS[0]]
    voted = rows(outcome, "SELECT DISTINCT label FROM votes WHERE annotator = 'llm:big/rank' ORDER BY label")
    assert [row["label"] for row in voted] == ["C++", "clean rooms", "manage staff", "repair vehicles"]
    assert one["invented"] == ["Fly a kite"]
    assert one["labels"][:4] == ["clean rooms", "manage staff", "repair vehicles", "C++"]
    assert (one["chosen"], one["missing"]) == (4, ["Wash Windows"])
    assert "Fly a kite" not in labels(outcome)[TEXTS[0]]
    apart = rows(outcome, "SELECT DISTINCT label, method FROM labels WHERE ends_with(space, '/open')")
    assert apart == [{"label": "Wash Windows", "method": "near clean rooms"}]
    (measures,) = rows(outcome, "SELECT value FROM artifacts WHERE step = 'measures'")
    assert json.loads(measures["value"])["labels"]["invented"] == len(TEXTS)


def test_a_model_that_gives_no_usable_answer_costs_the_order_alone(tmp_path: Path) -> None:
    written(tmp_path)
    fake, outcome = started(settings(tmp_path, infer={"mode": "never"}), lambda body: "no")
    assert fake.history
    assert {row["status"] for row in rows(outcome, "SELECT status FROM artifacts WHERE step = 'rank'")} == {"failed"}
    assert labels(outcome)[TEXTS[3]][0] == "clean rooms"


def test_a_small_model_ranks_by_likelihood(tmp_path: Path) -> None:
    written(tmp_path)
    fake, outcome = started(settings(tmp_path, infer={"mode": "never"}, rank={"mode": "likelihood"}), None)
    assert all("prompt_logprobs" in body for body in fake.history)
    assert {len(one) for one in labels(outcome).values()} == {len(LABELS)}


def test_gold_is_scored_where_there_is_some_and_what_is_not_on_the_list_is_counted(tmp_path: Path) -> None:
    written(tmp_path, gold=GOLD)
    _, outcome = started(settings(tmp_path, documents={"gold": "true"}, infer={"mode": "never"}, rank={"mode": "never"}), good)
    (row,) = rows(outcome, "SELECT value FROM artifacts WHERE step = 'measures'")
    scores = json.loads(row["value"])["gold"]["retrieve"]
    assert (scores["documents"], scores["without_gold"], scores["unlisted"]) == (3, 1, 1)
    assert scores["rp10"] == pytest.approx((1 + 1 + 0.5) / 3, abs=1e-4)
    assert scores["hf1"] > scores["rp5"] / 2


def test_texts_are_written_for_the_labels_found_most_often(tmp_path: Path) -> None:
    written(tmp_path)

    def answer(body: Body) -> str:
        return json.dumps({"texts": ["Somebody has to do it.", "It must be done."]}) if program(body) == "WriteTexts" else good(body)

    config = settings(tmp_path, infer={"mode": "never"}, rank={"mode": "never"}, retrieval={"written": 2})
    fake, outcome = started(config, answer)
    assert len(fake.history) == 2
    values = [json.loads(row["value"]) for row in rows(outcome, "SELECT value FROM artifacts WHERE step = 'write'")]
    assert [one["texts"] for one in values] == [["Somebody has to do it.", "It must be done."]] * 2


def test_of_a_long_text_the_guesses_of_one_chunk_don_t_cost_those_of_the_others(tmp_path: Path) -> None:
    text = "Nothing. " * 400 + "They drive lorries. " + "Nothing more. " * 400
    written(tmp_path, texts=[text])

    def answer(body: Body) -> str:
        said = body["messages"][1]["content"]
        if program(body) == "GuessLabels":
            return json.dumps({"labels": ["drive trucks"] * 30}) if "lorries" in said else "nonsense"
        return good(body)

    fake, outcome = started(settings(tmp_path), answer)
    (one,) = rows(outcome, "SELECT value, status, error, len(calls) AS calls FROM artifacts WHERE step = 'infer'")
    assert (json.loads(one["value"]), one["status"]) == (["drive trucks"], "repaired")
    assert "no usable answer" in one["error"]
    assert one["calls"] == sum(program(body) == "GuessLabels" for body in fake.history)


@pytest.mark.parametrize("windows", [True, False])
def test_rank_reads_what_speaks_for_labels_far_into_a_text(windows: bool, tmp_path: Path) -> None:
    text = "Nothing is said here that matters. " * 170 + "We bake bread. " + "Nor is anything here. " * 100
    written(tmp_path, texts=[text])
    fake, _ = started(settings(tmp_path, infer={"mode": "never"}, retrieval={"windows": windows}), good)
    assert "bake bread." in fake.history[0]["messages"][-1]["content"].split("Document:")[1]


def test_labels_that_differ_in_case_alone_are_two(tmp_path: Path) -> None:
    written(tmp_path, [(name, "", "", "") for name in ("US", "us", "it", "IT")], ["us and it"], ["us"])

    def answer(body: Body) -> str:
        return json.dumps({"reason": "", "ranked": ["us", "it"]})

    _, outcome = started(settings(tmp_path, documents={"gold": "true"}, infer={"mode": "never"}), answer)
    assert labels(outcome)["us and it"][:2] == ["us", "it"]
    (row,) = rows(outcome, "SELECT value FROM artifacts WHERE step = 'measures'")
    assert json.loads(row["value"])["gold"]["rank"]["ndcg10"] == 1.0


def test_a_text_that_comes_again_has_the_gold_of_all_its_places(tmp_path: Path) -> None:
    gold = ["bake bread", "cook", "", "a|b"]
    written(tmp_path, [*LABELS, ("a|b", "", "", "")], ["bake"] * 3 + ["a or b"], gold)
    never: dict[str, Any] = {"infer": {"mode": "never"}, "rank": {"mode": "never"}}
    _, outcome = started(settings(tmp_path, documents={"gold": "true"}, **never), good)
    (row,) = rows(outcome, "SELECT value FROM artifacts WHERE step = 'measures'")
    scores = json.loads(row["value"])["gold"]["retrieve"]
    assert (scores["documents"], scores["without_gold"], scores["unlisted"]) == (2, 0, 0)
    assert scores["recall50"] == 1.0


# ---- input that is not as it should be -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        pytest.param("!!! ??? 。", None, id="no letters"),
        pytest.param("パンを焼く人が必要です", "パンを焼く", id="Japanese"),
        pytest.param("مطلوب خبرة في قيادة فريق", "قيادة فريق", id="Arabic"),
        pytest.param("x" * 20_000, None, id="one endless word"),
        pytest.param("a\x00b \ud7ff 🍞 bake bread", "bake bread", id="odd signs"),
    ],
)
def test_every_text_gets_labels(text: str, spoken: str | None, tmp_path: Path) -> None:
    written(tmp_path, texts=[text])
    _, outcome = started(settings(tmp_path, infer={"mode": "never"}, rank={"mode": "never"}), good)
    (found,) = labels(outcome).values()
    assert len(found) == len(LABELS)
    assert spoken is None or found[0] == spoken


def test_of_a_text_of_200_pages_all_is_read(tmp_path: Path) -> None:
    pages = [f"Page {n}. " + "Nothing is said on this page that matters to anybody who reads it. " * 45 for n in range(200)]
    text = "".join([*pages[:120], "At last: drive lorries.", *pages[120:]])
    written(tmp_path, texts=[text])

    def answer(body: Body) -> str:
        said = body["messages"][-1]["content"]
        if program(body) == "GuessLabels":
            return json.dumps({"labels": ["drive trucks" if "lorries" in said else "nothing"]})
        return json.dumps({"reason": "", "ranked": [label for label in options(body) if label in said.split("Document:")[1]]})

    fake, outcome = started(settings(tmp_path), answer)
    assert [program(body) for body in fake.history].count("GuessLabels") > 200
    (found,) = labels(outcome).values()
    assert found[0] == "drive lorries"
    asked = next(body for body in fake.history if program(body) == "OrderOptions")
    assert len(asked["messages"][-1]["content"]) < 5000


@pytest.mark.parametrize(
    ("labelset", "said"),
    [
        ({"label": "nam"}, "no column 'nam' in"),
        ({"description": "text"}, "no column 'text' in"),
        ({"priors": "labels.csv"}, "no column 'prior' in"),
        ({"source": "nowhere.csv"}, "no file"),
    ],
)
def test_a_label_file_that_can_t_be_used_is_one_line_and_nothing_is_written(
    labelset: dict[str, str], said: str, tmp_path: Path
) -> None:
    written(tmp_path)
    there = {key: str(tmp_path / value) if value.endswith(".csv") else value for key, value in labelset.items()}
    with pytest.raises(DocumentsError, match=said) as raised:
        started(settings(tmp_path, labelset=there), good)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "project").exists()


def test_a_prior_raises_what_is_frequent_and_one_of_an_unknown_label_is_left_out(tmp_path: Path) -> None:
    written(tmp_path, texts=["somebody for rooms and lorries"])
    (tmp_path / "priors.csv").write_text("label,prior\ndrive lorries,0.5\nfly kites,0.5\n", "utf-8")
    never: dict[str, Any] = {"infer": {"mode": "never"}, "rank": {"mode": "never"}}
    _, plain = started(settings(tmp_path, **never), good)
    priors = {"priors": str(tmp_path / "priors.csv")}
    _, raised = started(settings(tmp_path, labelset=priors, retrieval={"prior": 1000.0}, **never), good)
    before, after = (
        dict(zip(one["labels"], one["scores"], strict=True))
        for one in (json.loads(row["value"]) for row in rows(raised, f"SELECT value FROM artifacts WHERE step = 'retrieve' "
                    f"ORDER BY run = '{raised.run}'"))
    )
    assert plain.run != raised.run
    assert after["drive lorries"] == pytest.approx(before["drive lorries"] * 6.22, rel=0.01)  # ln(500 + e)
    assert after["clean rooms"] == pytest.approx(before["clean rooms"], abs=1e-3)
    (measures,) = rows(raised, f"SELECT value FROM artifacts WHERE step = 'measures' AND run = '{raised.run}'")
    assert any("not on the list: 1" in note for note in json.loads(measures["value"])["labels"]["notes"])


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"taxonomy": {"size": 3}}, "section 'taxonomy' in .* is not read by this pipeline"),
        ({"student": {"kinds": ["mlp"]}}, "no student 'mlp': adapter, lora"),
        ({"labelset": None}, "'labelset' is missing in"),
        ({"retrieval": {"prior": 1000}}, "name the file of priors"),
        ({"program": "nowhere.json"}, "no program in '.*nowhere.json'"),
    ],
)
def test_a_config_of_the_wrong_kind_says_what_to_write(section: dict[str, Any], said: str, tmp_path: Path) -> None:
    written(tmp_path)
    values = settings(tmp_path).model_dump(exclude_unset=True) | section
    path = tmp_path / "my.yaml"
    path.write_text(json.dumps(values), "utf-8")
    with pytest.raises(ConfigError, match=said):
        started(load(path), good)


async def test_the_program_as_in_the_paper_s_figure(tmp_path: Path) -> None:
    text = "a " * 2500 + "They drive lorries." + " b" * 2500
    asked: list[list[str]] = []

    async def look(document: str, inferred: Sequence[str]) -> Options:
        asked.append(list(inferred))
        at = document.index("drive")
        said, passages = ((0, 1), (at, at + 13), "cpp"), ((0, 500), (at - 100, at + 100), (0, 500))
        return Options(labels=("cook", "drive lorries", "C++"), scores=(0.3, 0.2, 0.1), said=said, passages=passages)

    def answer(body: Body) -> str:
        if program(body) == "GuessLabels":
            return json.dumps({"labels": ["lorries, trucks" if "lorries" in body["messages"][-1]["content"] else "letters"]})
        assert "They drive lorries." in body["messages"][-1]["content"]
        return json.dumps({"reason": "", "ranked": ["drive lorries", "fly"]})

    fake = FakeLLM(answer)
    whole = InferRetrieveRank(look, options=2, ranked=1)
    with Store.open(tmp_path / "a.duckdb") as store:
        llm = LLM("m", store, fake, ModelSettings(name="m"), BudgetSettings(), Spent())
        with dspy.context(lm=llm.lm(), disable_history=True, trace=None):
            parts = [text[start:end] for start, end in chunks(text)]
            said = await whole.acall(use_case="Find skills.", document=text, chunks=parts)
    assert asked == [["letters", "lorries, trucks"]] or asked == [["lorries, trucks", "letters"]]
    assert said.labels == ["drive lorries", "cook"]
    assert len(said.calls) == len(fake.history) == len(parts) + 1


# ---- parts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "chosen", "invented"),
    [
        (["b, c"], ["b, c"], []),
        (["B,  C", "b, c"], ["b, c"], []),
        (['"the \'x\'"', "the 'x'"], ["the 'x'"], []),
        (["- a"], ["a"], []),
        (["b", "c"], [], ["b", "c"]),
        (["パン", ""], ["パン"], []),
        ([], [], []),
        (["us", "it"], ["us"], ["it"]),
        (["US", "us"], ["US", "us"], []),
        (["1. a", "2) b, c", "* a"], ["a", "b, c"], []),
        (["- dash"], ["- dash"], []),
        (["a.", "“b, c” (so)"], ["a", "b, c"], []),
    ],
)
def test_what_a_model_names_is_matched_with_the_options(said: list[str], chosen: list[str], invented: list[str]) -> None:
    assert among(said, ["a", "b, c", "the 'x'", "パン", "US", "us", "- dash"]) == (chosen, invented)


def test_of_a_long_text_rank_is_shown_what_speaks_for_the_labels() -> None:
    text = "x " * 3000 + "bake bread" + " y" * 3000
    at = text.index("bake")
    passage = (at - 100, at + 300)
    for said in ((at, at + 10), "loaves", passage):
        found = Options(labels=("bake bread",), scores=(0.9,), said=(said,), passages=(passage,))
        shown = digest(text, found)
        assert "bake bread" in shown and len(shown) < 500
    assert digest("short", found) == "short"


async def test_a_prior_lifts_a_label_from_anywhere_in_the_list() -> None:
    names = [f"wash the windows of house {n}" for n in range(700)] + ["quantum chromodynamics"]
    prior = np.zeros(len(names), np.float32)
    prior[-1] = 1.0
    embedder = open_embedder(RetrievalSettings())
    plain, lifted = [
        await build(of_names(names), embedder, prior=prior, a=a, windowed=False) for a in (0.0, 1e6)
    ]
    texts = ["wash the windows of a house"]
    (before,), (after,) = await plain.find(texts, count=701), await lifted.find(texts, count=50)
    scores = dict(zip(before.rows.tolist(), before.scores.tolist(), strict=True))
    expected = scores[700] * np.log(1e6 + np.e)
    assert expected > max(scores.values()) > 0
    found = dict(zip(after.rows.tolist(), after.scores.tolist(), strict=True))
    assert found[700] == pytest.approx(expected, rel=0.01)


async def test_a_window_of_a_long_text_is_evenly_drawn() -> None:
    words = [f"w{n}" for n in range(1000)]
    found = list(windows(" ".join(words), most=300))
    assert len(found) <= 300 and len({start for start, _ in found}) == 100
    assert len(list(windows(" ".join(words), most=3000))) == 2997
    assert len({start for start, _ in windows(" ".join(words), most=2997)}) == 999
