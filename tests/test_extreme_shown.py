"""What a person sees of a run that ranks a list's labels: terminal, report, predictions and card, also of hostile texts."""

import csv
import html
import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType
from safetensors.numpy import save_file
from test_report import HOSTILE, Page, section

from limbeck import cli, marks, reporting_ranked, show_ranked, views
from limbeck import show as showing
from limbeck.card import markdown, read, read_any
from limbeck.dialects import Body
from limbeck.errors import BudgetSpent, DocumentsError, NoStudent, NoSuchRun, StudentError
from limbeck.facts import (
    FinderFacts,
    MissingFacts,
    RankedFacts,
    RankingFacts,
    ScoreFacts,
    SpokenFacts,
    UsedFacts,
)
from limbeck.fakes import FakeLLM
from limbeck.predicting import predict_file
from limbeck.progress import Progress
from limbeck.report_ranked import render
from limbeck.retrieval.chunks import Span
from limbeck.reviewing import review
from limbeck.run import Outcome, run
from limbeck.schemas import Run
from limbeck.schemas.finder_card import FinderCard
from limbeck.settings import Settings
from limbeck.stages import ranking
from limbeck.visible import UNSHOWABLE

pytestmark = pytest.mark.usefixtures("one_encoder")

EVIL = "[bold]b[/bold] \x1b]0;owned\x07 </script>"
SHOWN_EVIL = "[bold]b[/bold] \ufffd]0;owned\ufffd </script>"
LABELS = ["bake bread", "manage staff", "drive lorries", "repair vehicles", "clean rooms", "wash laundry", "C++", EVIL, ""]
TEXTS = {
    "1": "We need a cook who bakes bread and manages the kitchen staff",
    "2": "Drive a lorry across Europe, repair it when it breaks down",
    "[3]": f"Clean rooms, wash linen {EVIL}",
    "4": "!!! ???",
}
RANKED = {
    "bakes": ["bake bread", "manage staff"],
    "lorry": ["drive lorries", "repair vehicles"],
    "linen": ["clean rooms", EVIL],
    "!!!": ["wash laundry", "clean rooms", "juggle knives"],
}
"""What the model answers by a word of the document; nobody offers knives."""
GOLD = {"1": "bake bread|manage staff", "2": "drive lorries|fly", "[3]": "", "4": ""}


def settings(folder: Path, **sections: Any) -> Settings:
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["label", "synonyms"], *([label, ""] for label in LABELS)])
    rows = [json.dumps({"id": key, "text": text, "true": GOLD[key]}) for key, text in TEXTS.items()]
    (folder / "ads.jsonl").write_text("\n".join(rows) + "\n", "utf-8")
    values: dict[str, Any] = {
        "pipeline": "extreme",
        "project": str(folder / "project"),
        "use_case": "Find the skills that an advertisement asks for.",
        "documents": {"source": str(folder / "ads.jsonl"), "text": "text", "key": "id", "gold": "true"},
        "labelset": {"source": str(folder / "labels.csv")},
        "model": {"name": "big", "concurrency": 1},
        "rank": {"ranked": 2, "open": True},
        "student": {"kinds": ["adapter"], "held_out": 0.25},
    }
    return Settings.model_validate({**values, **sections})


def answer(body: Body) -> str:
    said = " ".join(message["content"] for message in body["messages"])
    if body["response_format"]["name"] == "GuessLabels":
        return json.dumps({"labels": ["supervise employees"]})
    word = next(word for word in RANKED if word in said)
    return json.dumps({"reason": "so", "ranked": RANKED[word], "missing": ["sourdough"] if word in ("bakes", "lorry") else []})


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory, one_encoder: None) -> Outcome:
    return run(settings(tmp_path_factory.mktemp("place")), Progress(quiet=True), send=FakeLLM(answer))


@pytest.fixture(scope="module")
def found(outcome: Outcome) -> Run:
    return showing.find(outcome.store, None)


@pytest.fixture(scope="module")
def student(outcome: Outcome) -> Path:
    (folder,) = (outcome.store.parent / "students").iterdir()
    return folder


def screen(view: RenderableType, width: int = 160) -> str:
    file = io.StringIO()
    Console(file=file, width=width).print(view)
    return file.getvalue()


def plain(shown: str, outcome: Outcome) -> str:
    """What is shown, without what differs from machine to machine, and runs of spaces as one."""
    project = outcome.store.parent
    named = shown.replace(str(project), "PROJECT").replace(str(project.parent), "FOLDER").replace(showing.short(outcome.run), "RUN")
    figures = re.sub(r"\d\.\d\d\d?(?!\d)", "#", re.sub(r"\b\d+ s$", "# s", named, flags=re.M))
    return "\n".join(" ".join(line.split()) for line in figures.splitlines()).strip()


# ---- on a terminal -----------------------------------------------------------------------------------------------------


ENDING = f"""\
7 of 8 listed labels, 4 documents
├── clean rooms 2 first in 1
├── bake bread 1 first in 1
├── drive lorries 1 first in 1
├── wash laundry 1 first in 1
├── {SHOWN_EVIL} 1
├── manage staff 1
└── repair vehicles 1

key first labels text
1 bake bread, manage staff {TEXTS["1"]}
2 drive lorries, repair vehicles {TEXTS["2"]}
[3] clean rooms, {SHOWN_EVIL} Clean rooms, wash linen {SHOWN_EVIL}
4 wash laundry, clean rooms !!! ???

against gold RP@5 RP@10 Recall@50 nDCG@10 documents
retrieve # # # # 2
rank # # # # 2

not on the list documents nearest listed similarity
sourdough 2 bake bread #

Labels: FOLDER/labels.csv: labels left out because they have no name: 1
Invented: 1 label that the model named and nobody had offered; dropped

Student (adapter): agreement with the ranking #, before it was taught #
Student: PROJECT/students/RUN-adapter

Spent: 8 calls, 900 + 51 tokens, # s
Report: report.html"""
LABELLED = f"""\
key labels text
1 # bake bread “bakes bread” {TEXTS["1"]}
# manage staff “staff”
2 # drive lorries “Drive a lorry” {TEXTS["2"]}
# repair vehicles “repair”
[3] # clean rooms “Clean rooms” Clean rooms, wash linen {SHOWN_EVIL}
# {SHOWN_EVIL} “bold]b[/bold”
4 # wash laundry inferred “supervise employees” !!! ???
# clean rooms inferred “supervise employees”"""
VIEWS: dict[str, tuple[Callable[[Path, Run], RenderableType], str]] = {
    "ending": (lambda store, run: show_ranked.ending(store, run, Path("report.html")), ENDING),
    "labels": (lambda store, run: show_ranked.labels_table(store, run, None), LABELLED),
    "labels of a document": (lambda store, run: show_ranked.labels_table(store, run, 1), "\n".join(LABELLED.splitlines()[:3])),
    "annotators": (show_ranked.annotators_view, "labels are ranked, not voted on; scores are in: limbeck show RUN"),
    "errors": (
        lambda store, run: show_ranked.errors_view(store, run, None),
        "rankings are not searched for errors; read: limbeck show RUN --labels",
    ),
    "runs": (
        lambda store, _: views.runs_table(store),
        "run pipeline status documents found failed calls\nRUN extreme finished 4 7 labels 0 8",
    ),
}


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_whole_and_harmless(view: str, outcome: Outcome, found: Run) -> None:
    make, expected = VIEWS[view]
    shown = screen(make(outcome.store, found))
    assert plain(shown, outcome) == expected
    assert not UNSHOWABLE.search(shown)


def test_one_line_stays_one_on_a_narrow_screen(outcome: Outcome, found: Run) -> None:
    for line in (show_ranked.annotators_view(outcome.store, found), show_ranked.errors_view(outcome.store, found, None)):
        assert len(screen(line, 80).splitlines()) == 1


def test_the_command_shows_what_the_pipeline_has(outcome: Outcome, capsys: pytest.CaptureFixture[str]) -> None:
    asked = {"labels": True, "failed": True, "cost": True, "annotators": True, "errors": True, "limit": 1}
    cli.show(None, outcome.store.parent, **asked)  # type: ignore[arg-type]
    shown = capsys.readouterr().out
    for words in ("bakes bread", "ranked, not voted on", "not searched for errors", "infer", "step"):
        assert words in shown
    cli.show(None, outcome.store.parent, False, False, False, False, False, None)
    assert "7 labels" in capsys.readouterr().out


def test_a_review_says_that_there_is_nothing_to_review(outcome: Outcome) -> None:
    with pytest.raises(NoSuchRun, match=r"ranks labels, which are not reviewed; read them with: limbeck show \w+ --labels"):
        review(outcome.store.parent, None, "ann", None)


def test_labels_that_the_list_lacks_are_told_by_the_name_that_ranking_gives_them() -> None:
    assert show_ranked.OPEN == ranking.OPEN


def test_a_run_that_its_budget_stopped_is_shown_as_far_as_it_came(tmp_path: Path) -> None:
    with pytest.raises(BudgetSpent):
        run(settings(tmp_path, budget={"calls": 1}), Progress(quiet=True), send=FakeLLM(answer))
    store = tmp_path / "project" / "limbeck.duckdb"
    found = showing.find(store, None)
    shown = screen(show_ranked.ending(store, found, None))
    assert shown.startswith("no labels yet\n") and "Student: none\n" in shown
    assert screen(views.runs_table(store)).splitlines()[1].split()[1:] == ["extreme", "stopped", "4", "–", "0", "1"]
    page = render(reporting_ranked.facts(store, found))
    assert section(page, "labels") == "Labels No labels yet." and "The run was stopped" in Page(page).words


# ---- the report --------------------------------------------------------------------------------------------------------


def test_facts_are_what_the_store_holds(outcome: Outcome, found: Run) -> None:
    made = reporting_ranked.facts(outcome.store, found)
    assert (made.title, made.model, made.listed, made.others, made.invented, made.failed) == ("Labels of ads.jsonl", "big", 8, 0, 1, 0)
    used = {one.name: (one.count, one.first, one.examples) for one in made.used}
    assert used["clean rooms"] == (2, 1, (TEXTS["[3]"], TEXTS["4"])) and len(used) == 7
    first, *_, last = made.rankings
    spoken = {label.name: label.said for label in first.labels}
    assert {name: TEXTS["1"][said[0] : said[1]] for name, said in spoken.items() if not isinstance(said, str)} == {
        "bake bread": "bakes bread",
        "manage staff": "staff",
    }
    assert [label.said for label in last.labels] == ["supervise employees"] * 2 and last.inferred == ("supervise employees",)
    assert [(one.name, one.count, one.near) for one in made.missing] == [("sourdough", 2, "bake bread")]
    assert [(one.name, [name for name, _ in one.scores], one.documents, one.unlisted) for one in made.gold] == [
        (who, ["RP@5", "RP@10", "Recall@50", "nDCG@10"], 2, 1) for who in ("retrieve", "rank")
    ]
    assert [(one.kind, one.chosen) for one in made.finders] == [("adapter", True)]


def test_the_report_is_written_beside_the_store(outcome: Outcome, found: Run) -> None:
    path = views.write_report(outcome.store, found)
    assert path == outcome.store.parent / f"report-{showing.short(found.id)}.html"
    page = path.read_text("utf-8")
    assert "<mark>bakes bread<sup>1</sup></mark>" in page and "<script" not in page
    assert f"<mark>bold]b[/bold<sup>2</sup></mark>] {html.escape(SHOWN_EVIL.split('] ')[1])}" in page


def ranked(**given: object) -> RankedFacts:
    required = {"title": "Ads", "run": "3fa9c1d2", "pipeline": "extreme", "status": "finished", "model": "big"}
    return RankedFacts.model_validate({**required, "started": 1_790_000_000.0, **given})


FULL = ranked(
    documents=3,
    listed=13_939,
    used=(UsedFacts(name="bake bread", count=2, first=1, examples=("bakes bread",)), UsedFacts(name="cook", count=1)),
    others=5,
    rankings=(
        RankingFacts(
            key="7",
            text="who bakes bread daily",
            labels=(
                SpokenFacts(name="bake bread", score=0.9, said=(4, 15)),
                SpokenFacts(name="bread", score=0.8, said=(10, 15)),
                SpokenFacts(name="baking", score=0.7, said="bakery"),
                SpokenFacts(name="quiet", score=0.6),
                SpokenFacts(name="empty", score=0.5, said=(0, 0)),
                SpokenFacts(name="sixth", score=0.4, said=(0, 3)),
            ),
            inferred=("bakery",),
        ),
        RankingFacts(key="8", text="!!!"),
    ),
    invented=2,
    missing=(MissingFacts(name="sourdough", count=3, near="bake bread", similarity=0.72),),
    gold=(ScoreFacts(name="rank", scores=(("RP@10", 0.5), ("HF1@5", None)), documents=3, unlisted=1),),
    finders=(FinderFacts(kind="lora", agreement=0.83, before=0.7, share=0.5, chosen=True), FinderFacts(kind="adapter")),
    failed=1,
    show_failed="limbeck show 3fa9c1d2 --failed",
)


def test_every_section_says_what_was_found() -> None:
    expected = {
        "labels": "bake bread The best label of 1 document. 2 66.7% 1 example bakes bread cook 1 33.3% 5 further labels are used.",
        "documents": "7 who bakes bread 1 2 daily The model inferred bakery 1 bake bread 0.90 2 bread 0.80 3 baking 0.70 for “bakery” "
        "4 quiet 0.60 5 empty 0.50 Then sixth 0.40 8 !!! No label.",
        "missing": "Label Documents Nearest listed label Similarity sourdough 3 bake bread 0.72 "
        "2 labels that nobody had offered were named by the model and dropped.",
        "gold": "students learnt nothing from them. 1 of them is not on the list, and found by nothing. "
        "Ranking RP@10 HF1@5 Documents rank 0.500 – 3",
        "students": "Share applied lora chosen 83.0% 70.0% 50.0% adapter – – –",
        "failures": "1 item failed and is left out above. List with reasons: limbeck show 3fa9c1d2 --failed",
    }
    for id, words in expected.items():
        assert words in section(render(FULL), id), id
    assert "Labels used 7 of 13,939 listed RP@10 50.0% against gold Student agreement 83.0% 70.0% before it was taught" in Page(render(FULL)).words


def test_a_run_without_labels_says_so() -> None:
    page = render(ranked())
    assert section(page, "labels") == "Labels No label was found."
    assert 'id="documents"' not in page and 'id="missing"' not in page
    assert "None" not in Page(page).words and "nan" not in Page(page).words


def everywhere(text: str) -> RankedFacts:
    """Facts with one text in every place that holds one."""
    spoken = (SpokenFacts(name=text, score=0.5, said=(0, len(text))), SpokenFacts(name=text, score=0.4, said=text))
    return ranked(
        title=text,
        run=text,
        pipeline=text,
        model=text,
        use_case=text,
        notes=(text,),
        used=(UsedFacts(name=text, count=1, examples=(text,)),),
        rankings=(RankingFacts(key=text, text=text, labels=spoken * 4, inferred=(text,)),),
        missing=(MissingFacts(name=text, count=1, near=text, similarity=0.1),),
        gold=(ScoreFacts(name=text, scores=((text, 0.5),)),),
        finders=(FinderFacts(kind=text, path=text),),
        failed=1,
        show_failed=text,
    )


def test_hostile_texts_add_no_element_and_nothing_is_fetched_or_run() -> None:
    page, harmless = Page(render(everywhere(HOSTILE))), Page(render(everywhere("harmless")))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in harmless.tags]
    assert page.names().isdisjoint({"script", "link", "img", "iframe", "object", "use", "image", "foreignObject"})
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on") or name in ("src", "srcset")]
    policy = next(attrs["content"] for _, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert page.words.count(HOSTILE) == harmless.words.count("harmless") > 15


@given(st.text(alphabet=st.characters(codec=None), max_size=40))
def test_any_text_keeps_the_page_well_formed_and_writable(text: str) -> None:
    page = render(everywhere(text))
    Page(page)
    page.encode("utf-8")
    assert not UNSHOWABLE.search(page.replace("\n", ""))


def test_texts_and_labels_have_a_direction_of_their_own() -> None:
    page = Page(render(everywhere("أين بطاقتي")))
    assert all(attrs.get("dir") == "auto" for tag, attrs in page.tags if attrs.get("class") in ("lead", "text"))
    opened = [tag for tag, _ in page.tags]
    assert opened.count("bdi") > 10


# ---- marks -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "spans", "longest", "expected", "shown"),
    [
        ("bake bread", [(0, 4)], 99, "<mark>bake<sup>1</sup></mark> bread", {0}),
        ("bake bread", [(5, 10), (0, 10)], 99, "<mark>bake bread<sup>1 2</sup></mark>", {0, 1}),
        ("a b c d", [(0, 3), (2, 5)], 99, "<mark>a b<sup>1</sup> c<sup>2</sup></mark> d", {0, 1}),
        ("<b> & x", [(0, 3)], 99, "<mark>&lt;b&gt;<sup>1</sup></mark> &amp; x", {0}),
        ("烤面包", [(0, 1)], 99, "<mark>烤<sup>1</sup></mark>面包", {0}),
        ("a\r\nb", [(0, 2)], 99, "<mark>a <sup>1</sup></mark> b", {0}),
        ("nothing", [(0, 0), (3, 2), (5, 99), (-2, 3)], 99, "nothing", set()),
        ("", [], 99, "", set()),
        ("x" * 30, [], 10, "x" * 10 + " …", set()),
        ("x" * 400 + " bake bread " + "y" * 400, [(401, 411)], 250, None, {0}),
        ("x" * 400 + " bake bread " + "y" * 400, [(401, 411), (0, 1)], 60, None, {0}),
    ],
)
def test_marked_words(text: str, spans: list[Span], longest: int, expected: str | None, shown: set[int]) -> None:
    made, places = marks.marked(text, spans, longest)
    assert places == shown
    assert made == expected if expected is not None else "<mark>bake bread<sup>1</sup></mark>" in made


SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=6)


@given(st.text(max_size=60), SPANS, st.integers(1, 80))
def test_marks_change_no_word(text: str, spans: list[Span], longest: int) -> None:
    made, shown = marks.marked(text, spans, longest)
    assert set(re.findall(r"\d+", " ".join(re.findall(r"<sup>([\d ]+)</sup>", made)))) == {str(place + 1) for place in shown}
    assert shown <= {place for place, (start, end) in enumerate(spans) if start < end <= len(text)}
    if len(text) <= longest:
        bare = html.unescape(re.sub(r"</?mark>|<sup>[\d ]+</sup>", "", made))
        assert re.sub(r"\s+", "", bare) == re.sub(r"\s+", "", UNSHOWABLE.sub("\ufffd", re.sub(r"\s+", " ", text)))


# ---- students ----------------------------------------------------------------------------------------------------------


def texts(folder: Path) -> Path:
    file = folder / "new.csv"
    with file.open("w", encoding="utf-8", newline="") as target:
        csv.writer(target).writerows([("id", "text"), ("a", "bakes bread"), ("b", "!!! ???"), ("c", EVIL), ("d", "أين بطاقتي")])
    return file


def test_a_student_ranks_labels_as_jsonl(student: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    predict_file(student, texts(tmp_path), text="text", key="id", out=None)
    out = capsys.readouterr().out
    rows = [json.loads(line) for line in out.splitlines()]
    assert [list(row) for row in rows] == [["key", "labels"]] * 4 and [row["key"] for row in rows] == ["a", "b", "c", "d"]
    assert rows[0]["labels"][0]["label"] == "bake bread" and rows[2]["labels"][0]["label"] == EVIL
    for row in rows:
        scores = [one["score"] for one in row["labels"]]
        assert {one["label"] for one in row["labels"]} == set(LABELS) - {""} and scores == sorted(scores, reverse=True)
        assert all(list(one) == ["label", "score"] for one in row["labels"])
    assert not UNSHOWABLE.search(out.replace("\n", ""))


def test_a_student_ranks_labels_as_csv(student: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    predict_file(student, texts(tmp_path), text="text", key="id", out=tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    predict_file(student, texts(tmp_path), text="text", key="id", out=tmp_path / "out.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert [{"key": row["key"], "labels": json.loads(row["labels"])} for row in rows] == lines


def edited(**changes: object) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        path = folder / "student.json"
        path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}), "utf-8")

    return change


def halved(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[: (folder / name).stat().st_size // 2])


def shaped(name: str, **shapes: tuple[int, ...]) -> Callable[[Path], object]:
    made = {key: np.zeros(shape, np.float16) for key, shape in shapes.items()}
    return lambda folder: save_file(made, str(folder / name))


DAMAGE: dict[str, Callable[[Path], object]] = {
    "half a manifest": halved("student.json"),
    "no labels": lambda folder: (folder / "labels.jsonl").unlink(),
    "half the labels": lambda folder: (folder / "labels.jsonl").write_text(
        "".join((folder / "labels.jsonl").read_text("utf-8").splitlines(keepends=True)[:4]), "utf-8"
    ),
    "empty labels": lambda folder: (folder / "labels.jsonl").write_text(""),
    "labels that are numbers": lambda folder: (folder / "labels.jsonl").write_text("5\n"),
    "half the vectors": halved("labels.safetensors"),
    "short vectors": shaped("labels.safetensors", vectors=(8, 3)),
    "no residual": lambda folder: (folder / "adapter.safetensors").unlink(),
    "another residual": shaped("adapter.safetensors", x=(3,)),
    "a small residual": shaped("adapter.safetensors", u=(3, 2), v=(2, 3)),
    "another kind": edited(kind="logistics"),
    "another kind that is known": edited(kind="lora"),
    "a later version": edited(finder=9),
    "no metrics": edited(metrics=4),
    "a weight that is a word": edited(words="many"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_student_is_one_line(damage: str, student: Path, tmp_path: Path) -> None:
    folder = tmp_path / "student"
    shutil.copytree(student, folder)
    DAMAGE[damage](folder)
    with pytest.raises(StudentError, match=r"copy the folder anew, or train it again|train it again") as raised:
        predict_file(folder, texts(tmp_path), text="text", key=None, out=None)
    assert "\n" not in str(raised.value) and repr(str(folder)) in str(raised.value)


def test_a_forgotten_file_and_folder_are_one_line(student: Path, tmp_path: Path) -> None:
    with pytest.raises(DocumentsError, match=r"no file .*missing\.csv"):
        predict_file(student, tmp_path / "missing.csv", text=None, key=None, out=None)
    with pytest.raises(NoStudent, match="holds no student"):
        predict_file(tmp_path, texts(tmp_path), text="text", key=None, out=None)


CARD = """\
# Data card

A student of the kind adapter. Its use case: Find the skills that an advertisement asks for.

## Limits

- Its scores are agreement with the run's own ranking on texts held out, not with the truth.
- big chose labels of 4 of 4 documents; no person has checked one.
- No gold label was used, neither to train it nor for a figure here.
- It was taught by 3 texts, which is little for 8 labels.
- It gives every text the 8 nearest labels of its list, also one that none of them fits.
- Its scores are similarities, not probabilities, and no score tells where the labels that apply end.
- The languages of the texts were not checked; on others than it was shown, nothing is known of it.

## Source

- ads.jsonl: 4 rows, 4 distinct texts
- content: `ID`

## Labels

- labels.csv: 8 labels
- content: `ID`
- put right or left out: labels left out because they have no name: 1

## Teachers

- Labels were found by retrieval with minilm.
- They were put in order by big, which chose labels of 4 of 4 documents.

## Training

- adapter on minilm, seed 0, the best of its run
- documents shown: 3; held out: 1
- texts that the model wrote for labels: 0
- share of what was learnt that is applied: SHARE

Agreement is RP@10 with the run's own ranking on texts held out, not with the truth.

| metric | value |
| --- | --- |
| agreement | # |
| before | # |"""


def test_a_student_has_a_card(outcome: Outcome, student: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = read_any(student)
    assert isinstance(found, FinderCard) and 0 <= found.training.share <= 1
    text = (student / "CARD.md").read_text("utf-8")
    assert text == markdown(found)
    without = re.sub(r"- Nothing that it learnt helped .*\n", "", text)
    assert re.sub(r"\d+%", "SHARE", re.sub(r"b2:\w+", "ID", plain(without, outcome))) == CARD
    cli.card(student)
    assert capsys.readouterr().out == text
    cli.card(student, as_json=True)
    assert json.loads(capsys.readouterr().out) == found.model_dump(mode="json")
    said = (student / "card.json").read_text("utf-8") + text
    assert str(outcome.store.parent.parent) not in said and "bakes" not in said


def test_a_card_is_harmless_whatever_its_words(student: Path) -> None:
    found = read_any(student)
    assert isinstance(found, FinderCard)
    evil = found.model_copy(update={"use_case": HOSTILE, "limits": (HOSTILE,), "listed": found.listed.model_copy(update={"file": HOSTILE})})
    assert not re.search(r"(?<!\\)[<>]", markdown(evil)) and markdown(evil).count(r"\<script\>") == 3


@pytest.mark.parametrize("broken", ['{"finder": 2}', '{"finder": 1, "extra": 1}', "[]", "{"])
def test_a_damaged_card_is_one_line(broken: str, tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text(broken)
    with pytest.raises(StudentError, match="copy it anew, or train it again") as raised:
        read_any(tmp_path)
    assert "\n" not in str(raised.value)


def test_a_finders_card_is_no_card_of_a_taxonomy(student: Path) -> None:
    with pytest.raises(StudentError, match="can't be read"):
        read(student)
