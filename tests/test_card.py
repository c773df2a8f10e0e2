import datetime
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from limbeck.agreement import Estimate
from limbeck.card import Annotator, Card, Confusion, Size, Source, annotators_of, balance, limits, markdown, save
from limbeck.errors import StudentError
from limbeck.labelmodels import VoteTable, soft
from limbeck.schemas import Vote

FACTS: dict[str, Any] = {
    "use_case": "route support tickets",
    "date": datetime.date(2026, 3, 1),
    "kind": "lora",
    "encoder": "minilm",
    "licence": "Apache-2.0",
    "languages": ("English",),
    "sources": (Source(file="a.csv", rows=1300), Source(file="b.csv", rows=12)),
    "skipped": ("b.csv, row 3: no text",),
    "duplicates": 12,
    "documents": 1300,
    "taught": 900,
    "held_out": 150,
    "left_out": {"Other": 50, "likely error": 200},
    "annotators": (
        Annotator(name="llm:small", kind="llm", votes=650, coverage=0.5, accuracy=0.61, weight=0.4, kappa=0.52),
        Annotator(name="encoder:minilm", kind="encoder", votes=1300, coverage=1.0, accuracy=0.7, weight=0.6, kappa=0.9),
    ),
    "agreement": Estimate(value=0.35, low=0.3, high=0.41, n=650),
    "method": "balanced",
    "why": "one competence each explains the votes better",
    "answers": {"ada": 20},
    "labels": (Size(label="card_arrival", count=600, noise=0.1), Size(label="fees", count=297, noise=0.5), Size(label="_x_", count=3)),
    "noise": 0.22,
    "confused": (Confusion(given="fees", right="card_arrival", documents=88.25),),
    "unseen": 150,
    "unseen_agreement": 0.84,
    "ece_before": 0.2,
    "ece_after": 0.04,
}

EXPECTED = r"""# Data card

|  |  |
| --- | --- |
| Use case | route support tickets |
| Date of the run | 2026-03-01 |
| Student | lora on minilm |
| Licence of the encoder | Apache-2.0 |
| Label model | balanced: one competence each explains the votes better |
| Agreement of annotators, mean κ | 0.35 (0.30 to 0.41) |
| Estimated share of wrong labels | 22.0% |
| Answers by people | 20 |
| Agreement of the student on 150 unseen documents | 84.0% |
| Calibration error before and after scaling | 0.20, 0.04 |

## Limits

- No true answers were read: accuracies are estimates, and agreement is with the annotators, not with the truth.
- 1 of 3 labels have fewer than 10 examples, such as \_x\_ (3).
- Probably 22% of the labels are wrong.
- Errors that the annotators make again and again are not in the noise estimate.
- One annotator, encoder:minilm, outweighs all others together.
- The annotators agree little with each other (mean κ 0.35).
- The encoder was made for English; documents in other languages were not tried.

## Sources

| File | Rows |
| --- | --- |
| a.csv | 1,300 |
| b.csv | 12 |

## Skipped

- b.csv, row 3: no text

## What became of the documents

|  | Documents | Share |
| --- | --- | --- |
| taught | 900 | 69.2% |
| held out to test on | 150 | 11.5% |
| left out: Other | 50 | 3.8% |
| left out: likely error | 200 | 15.4% |
| all distinct documents | 1,300 | 100.0% |
| duplicate rows besides | 12 |  |

## Annotators

| Annotator | Kind | Votes | Coverage | Estimated accuracy | Weight | κ with the labels |
| --- | --- | --- | --- | --- | --- | --- |
| llm:small | llm | 650 | 50.0% | 61.0% | 0.40 | 0.52 |
| encoder:minilm | encoder | 1,300 | 100.0% | 70.0% | 0.60 | 0.90 |

## People's answers

| Person | Answers |
| --- | --- |
| ada | 20 |

## Labels

| Label | Examples | Share | Probably wrong |  |
| --- | --- | --- | --- | --- |
| card_arrival | 600 | 66.7% | 10.0% | ████████████████████ |
| fees | 297 | 33.0% | 50.0% | ██████████ |
| \_x\_ | 3 | 0.3% | – | █ |

## Most confused

| Given | Probably right | Documents |
| --- | --- | --- |
| fees | card_arrival | 88.2 |
"""


def card(**changes: Any) -> Card:
    return Card(**{**FACTS, **changes})


def taught(sizes: dict[str, int], **changes: Any) -> Card:
    """A card of documents that were all taught, by label."""
    whole = sum(sizes.values())
    rows = {"sources": (Source(file="a.csv", rows=whole),), "duplicates": 0, "documents": whole, "taught": whole}
    empty = {"held_out": 0, "left_out": {}, "labels": balance(list(sizes), [one for one in sizes for _ in range(sizes[one])])}
    return card(**rows, **empty, **changes)


def test_a_whole_card() -> None:
    assert markdown(card()) == EXPECTED


def test_a_card_of_nothing() -> None:
    empty = taught({}, annotators=(), sources=(), skipped=(), answers={}, confused=(), agreement=None, noise=None, unseen=0)
    text = markdown(empty)
    assert re.findall("^## .*", text, re.M) == ["## Limits", "## What became of the documents"]
    assert "| taught | 0 | – |" in text and "No person has checked a label." in text


def test_both_files_lie_beside_the_student_and_say_the_same(tmp_path: Path) -> None:
    saved = save(card(use_case="a \ud800 b"), tmp_path / "student")
    assert list(saved.limits) == limits(saved) and saved.limits
    value = json.loads((tmp_path / "student" / "card.json").read_text("utf-8"))
    assert Card.model_validate(value) == saved
    assert (tmp_path / "student" / "CARD.md").read_text("utf-8") == EXPECTED.replace("route support tickets", "a b")


def test_a_folder_that_is_none_is_an_error_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StudentError, match="file' .* give another folder"):
        save(card(), tmp_path / "file")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"duplicates": 11}, "parts of 1312 rows add up to 1311"),
        ({"held_out": 151}, "parts of 1300 documents add up to 1301"),
        ({"labels": ()}, "parts of 900 taught documents add up to 0"),
    ],
    ids=["a row is lost", "a document is counted twice", "labels have other counts than the documents"],
)
def test_counts_that_do_not_add_up_are_no_card(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        card(**changes)


# ---- limits ----------------------------------------------------------------------------------------------------------

VOTER = Annotator(name="rule", kind="rule", votes=900, coverage=0.7)
LIMITS: dict[str, tuple[dict[str, Any], str, bool]] = {
    "many examples of all labels need no warning": ({"labels": (Size(label="a", count=900),)}, "fewer than", False),
    "little noise is not told twice": ({"noise": 0.1}, "of the labels are wrong", False),
    "without an estimate nothing is said of it": ({"noise": None}, "noise estimate", False),
    "many documents that taught nothing": (
        {"held_out": 0, "left_out": {"abstained": 400}},
        "31% of the documents taught nothing; on others like them it may err more.",
        True,
    ),
    "one annotator alone": (
        {"annotators": (VOTER, VOTER.model_copy(update={"name": "silent", "votes": 0}))},
        "All labels come from one annotator, rule: the student learns its errors.",
        True,
    ),
    "two equal annotators decide together": ({"annotators": (VOTER, VOTER.model_copy(update={"name": "b"}))}, "outweighs", False),
    "good agreement": ({"agreement": Estimate(value=0.8)}, "agree little", False),
    "agreement that is not defined": ({"agreement": Estimate(value=None)}, "agree little", False),
    "nobody looked": ({"answers": {"ada": 0}}, "No person has checked a label.", True),
    "a small test": ({"unseen": 99}, "The student was tested on 99 documents, too few to tell much.", True),
    "probabilities that say too much": ({"ece_after": 0.123}, "Its probabilities are off by 12 points on average.", True),
    "an unknown encoder": ({"languages": ()}, "Which languages the encoder was made for is not known.", True),
    "an unknown licence": (
        {"licence": None},
        "The encoder's licence is not known; look it up before you pass the student on.",
        True,
    ),
}


@pytest.mark.parametrize("case", LIMITS)
def test_limits_follow_from_the_figures(case: str) -> None:
    changes, sentence, told = LIMITS[case]
    found = limits(card(**changes))
    assert (sentence in found) if told else not [one for one in found if sentence in one]


# ---- Markdown that nothing breaks ------------------------------------------------------------------------------------

STRANGE = "a|b\n\n| c | <script>alert(1)</script> `x` *y* [z](javascript:1) \\| & \u2028 \x00 \u202eabc"


def cells(text: str) -> list[list[list[str]]]:
    """Rows of cells by table, as a Markdown reader sees them."""
    tables: list[list[list[str]]] = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "table_open":
            tables.append([])
        elif token.type == "tr_open":
            tables[-1].append([])
        elif token.type == "inline" and tables and len(tables[-1]) and token.level == 4 + (len(tables[-1]) > 0):
            tables[-1][-1].append("".join(child.content for child in token.children or []))
    return tables


def test_a_strange_label_stays_in_its_cell_and_means_nothing() -> None:
    told = taught({STRANGE: 20})
    html = MarkdownIt("commonmark").enable("table").render(markdown(told))
    cell = "a|b | c | &lt;script&gt;alert(1)&lt;/script&gt; `x` *y* [z](javascript:1) \\| &amp; abc"
    assert f"<td>{cell}</td>\n<td>20</td>\n<td>100.0%</td>\n<td>–</td>" in html


@given(st.dictionaries(st.text(max_size=30), st.integers(0, 3000), max_size=60), st.text(max_size=40))
def test_every_row_has_as_many_cells_as_its_head_and_the_counts_add_up(sizes: dict[str, int], text: str) -> None:
    told = taught(sizes, use_case=text, why=text, answers={text: 1})
    tables = [part for part in re.split(r"\n(?!\|)", markdown(told)) if part.startswith("|") or "\n|" in part]
    assert len(tables) > 3
    for table in tables:
        rows = [line for line in table.split("\n") if line.startswith("|")]
        assert len({len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) for row in rows}) == 1
    labels = next((part for part in tables if part.startswith("\n| Label |") or "| Label | Examples" in part), "")
    counts = [re.split(r"(?<!\\)\|", line)[2] for line in labels.split("\n") if line.startswith("|")][2:]
    assert len(counts) == min(len(sizes), 41)
    assert sum(int(count.replace(",", "")) for count in counts) == told.taught


def test_a_long_tail_is_counted_together() -> None:
    text = markdown(taught({f"label {number:02}": 100 - number for number in range(50)}))
    assert "| label 39 | 61 | 1.6% | – | ████████████ |\n| 10 more labels | 555 | 14.7% |  |  |\n" in text
    assert "label 40" not in text.split("## Labels")[1]


# ---- from a run's figures --------------------------------------------------------------------------------------------


def test_labels_without_an_example_are_in_the_balance() -> None:
    found = balance(["b", "a", "c"], ["a", "b", "a", "b"], [0.5, 0.25, 0.0])
    assert found == (Size(label="a", count=2, noise=0.25), Size(label="b", count=2, noise=0.5), Size(label="c", count=0, noise=0.0))


def test_what_each_annotator_did() -> None:
    said = {"llm:small": "aabb", "rule": "ab", "encoder:x": "aabb"}
    votes = [Vote(item=f"d{n}", space="s", annotator=name, label=label) for name in said for n, label in enumerate(said[name])]
    votes += [Vote(item="d4", space="s", annotator="rule", label=label, score=0.5) for label in "ba"]
    found = annotators_of(soft(VoteTable.of(votes, items=["d0", "d1", "d2", "d3", "d4", "d5"])), {"rule": 0.5})
    assert [(one.name, one.kind, one.votes, one.weight) for one in found] == [
        ("encoder:x", "encoder", 4, None),
        ("llm:small", "llm", 4, None),
        ("rule", "rule", 3, 0.5),
    ]
    assert [one.coverage for one in found] == pytest.approx([4 / 6, 4 / 6, 1 / 2])
    assert [one.accuracy for one in found] == pytest.approx([11 / 12, 11 / 12, (1 + 1 / 3 + 1 / 2) / 3])
    assert [one.kappa for one in found] == pytest.approx([1.0, 1.0, 0.4])
