"""What an eval refuses before it runs anything. The figures themselves are in `LOG.md`: they take minutes, not tests."""

from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from limbeck.errors import ConfigError
from limbeck.evals import esco, evaluate_named, retrieval
from limbeck.evals.names import Found, table
from limbeck.evals.page import write_page
from limbeck.evals.place import Place, rows
from limbeck.retrieval.labelset import of_names
from limbeck.retrieval.lexical import Lexical
from limbeck.retrieval.nearest import Exact
from limbeck.retrieval.retriever import WORDS
from limbeck.students import Prediction

ROW = '{"text": "hi", "label": "x", "intent": "x", "domain": "y"}\n'
REFUSED = {
    "no JSON": ("banking77", "text,label\nhi,x\n", "line 1 of {path!r} is no row of this eval; write {{\"text\": \"…\", \"label\": \"…\"}}"),
    "no label": (
        "banking77",
        ROW + '{"text": "hi"}\n',
        'line 2 of {path!r} is no row of this eval; write {{"text": "…", "label": "…"}}',
    ),
    "a list": ("clinc150", "[1]", 'line 1 of {path!r} is no row of this eval; write {{"text": "…", "intent": "…", "domain": "…"}}'),
    "nothing": ("clinc150", "\n", 'no rows in {path!r}; write one a line: {{"text": "…", "intent": "…", "domain": "…"}}'),
    "too few": ("clinc150", ROW * 3, "3 texts are in scope, too few for 150 clusters; give a longer file with --test"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_test_file_of_another_form_is_refused_before_anything_runs(case: str, tmp_path: Path) -> None:
    name, content, message = REFUSED[case]
    for file in ("test.jsonl", "class_banking77/dev.jsonl"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(content if file == "test.jsonl" else ROW, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        evaluate_named(name, Place(tmp_path, tmp_path / "test.jsonl", 0, quiet=True))
    assert str(error.value) == message.format(path=str(tmp_path / "test.jsonl"))


def test_a_line_separator_within_a_text_ends_no_row(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a\u2028b"}\n{"text": "c"}\n', encoding="utf-8")
    assert [row["text"] for row in rows(tmp_path / "a.jsonl", {"text": str})] == ["a\u2028b", "c"]


# ---- the page --------------------------------------------------------------------------------------------------------

FIGURES = {
    "eval": "noise",
    "seed": 0,
    "above_teacher": True,
    "least_gain": 0.0512,
    "curves": {
        "uniform": [
            {"rate": 0.1, "teacher": 0.9, "student": 0.95, "errors_recall": 0.8},
            {"rate": 0.5, "teacher": 0.5, "student": 0.75, "errors_recall": 0.9},
        ]
    },
    "table": {"words": {"accuracy": 0.5}, "<student>": {"accuracy": 0.75, "ece": 0.1}},
}


class Heads(HTMLParser):
    """The headings and cells of a page, and the points of its curves."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tag, self.cells, self.heads, self.points = "", list[str](), list[str](), dict[str, str]()
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tag = tag
        if tag == "polyline":
            given = dict(attrs)
            self.points[str(given["class"])] = str(given["points"])

    def handle_data(self, data: str) -> None:
        if self.tag in ("td", "th") and data.strip():
            self.cells.append(data.strip())
        if self.tag == "h2" and data.strip():
            self.heads.append(data.strip())


def test_a_page_draws_curves_and_shows_every_figure(tmp_path: Path) -> None:
    write_page(FIGURES, tmp_path / "page.html")
    found = Heads((tmp_path / "page.html").read_text("utf-8"))
    assert found.heads == ["Figures", "Uniform", "Table"]
    assert found.points == {"line line-1": "20.00,10.00 100.00,50.00", "line line-2": "20.00,5.00 100.00,25.00"}
    assert {"0.0512", "True", "0.95", "0.75", "<student>", "0.1", "–"} <= set(found.cells)


def test_a_page_that_can_t_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't write .* name another file with --report"):
        write_page(FIGURES, tmp_path)


# ---- the table of annotators, labels and student -------------------------------------------------------------------

SAYS = Prediction("B", 0.75, (0.25, 0.75), ("A", "B"), (0.9, 0.8))
"""A student of the labels A and B, on any text."""


def test_one_label_each_is_scored_where_something_is_said() -> None:
    found = Found({"rule": [{"A"}, set(), {"A"}]}, [{"A"}, {"B"}, {"A"}], [SAYS, SAYS], ("A", "B"), {})
    gold: list[set[str]] = [{"A"}, {"B"}, {"B"}]
    assert table(found, gold, [{"B"}, {"strange"}], several=False) == {
        "rule": {"on": "learned from", "accuracy": 0.5, "macro_f1": 0.3333, "coverage": 0.6667},
        "labels": {"on": "learned from", "accuracy": 0.6667, "macro_f1": 0.6667, "coverage": 1.0},
        # Right once with a confidence of 0.75, wrong once with the same: off by 0.25.
        "student": {"on": "tested on", "accuracy": 0.5, "macro_f1": 0.3333, "coverage": 1.0, "ece": 0.25},
    }


def test_where_several_may_apply_to_say_nothing_is_an_answer() -> None:
    found = Found({"words": [{"A"}, set()]}, [{"A"}, set()], [SAYS], ("A", "B"), {})
    assert table(found, [{"A", "B"}, {"B"}], [{"A", "B"}], several=True) == {
        "words": {"on": "learned from", "micro_f1": 0.5, "macro_f1": 0.5},
        "labels": {"on": "learned from", "micro_f1": 0.5, "macro_f1": 0.5},
        "student": {"on": "tested on", "micro_f1": 1.0, "macro_f1": 1.0},
    }


# ---- finding labels --------------------------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The made-up labels of `eval retrieval` for a test."""
    for name, value in {"LABELS": 3000, "MILLION": 5000, "PART": 1000, "QUERIES": 16, "VOCABULARY": 500, "REPEATS": 2}.items():
        monkeypatch.setattr(retrieval, name, value)


@pytest.mark.usefixtures("small")
def test_both_sizes_are_measured() -> None:
    quick, million = retrieval.quick(0), retrieval.million(0)
    assert {"ms_per_query", "ratio", "fused_ms_per_query", "fused_ratio", "single_ratio"} <= set(quick)
    assert all(quick[name] > 0 for name in quick)
    assert quick["labels"] == 3000 and million["million_labels"] == 5000
    assert million["recall_index_10"] > 0.9 and 0 < million["peak_gb"] < 16


@pytest.mark.usefixtures("small")
def test_made_up_labels_are_the_same_for_a_seed() -> None:
    one, same, other = retrieval.Made(1, 2500), retrieval.Made(1, 2500), retrieval.Made(2, 2500)
    assert one.labels.names == same.labels.names != other.labels.names
    assert len(one.labels) == 2500 and [len(part) for part in one.parts()] == [1000, 1000, 500]
    assert all(np.array_equal(a, b) for a, b in zip(one.parts(), same.parts(), strict=True))
    assert one.queries()[0] == same.queries()[0] and np.array_equal(one.queries()[1], same.queries()[1])


@pytest.mark.usefixtures("small")
def test_the_exact_answer_of_parts_is_that_of_the_whole() -> None:
    made = retrieval.Made(0, 2500)
    _, queries = made.queries()
    order = np.argsort(-queries @ np.concatenate(list(made.parts())).T, axis=1)[:, :50]
    assert np.array_equal(retrieval._exactly(made, queries), order)
    assert retrieval._recall(order, order[:, ::-1], 50) == 1.0
    assert retrieval._recall(order, order + 10_000, 10) == 0.0


@pytest.mark.usefixtures("small")
def test_vectors_and_shared_words_are_ranked_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval, "COUNT", 300)
    made = retrieval.Made(0, 300)  # As many as are ranked, so that the whole order is known.
    monkeypatch.setattr(retrieval, "PART", 300)
    vectors, lexical = np.concatenate(list(made.parts())), Lexical.of(made.labels.names)
    texts, queries = made.queries()
    shared = lexical.scores(texts).toarray()
    truly = queries @ vectors.T + WORDS * shared / shared.max(axis=1, keepdims=True)
    found = retrieval.both(Exact.of(vectors), lexical, texts, queries)
    assert np.allclose(np.take_along_axis(truly, found, axis=1), -np.sort(-truly, axis=1), atol=1e-4)


def test_esco_s_table_has_every_row_and_each_set_apart() -> None:
    labels = of_names(["a", "b", "c"])
    tested = [
        {"set": "x", "labels": ["a", "b"]},
        {"set": "x", "labels": []},
        {"set": "y", "labels": ["c", "unlisted"]},
    ]
    best = [["a", "b"], ["c"], ["c"]]
    figures = esco._figures({row: best if row == "student" else [["c"], [], []] for row in esco.ROWS}, tested, labels)
    assert set(figures) == {"rp5", "rp10", "recall50", "ndcg10", "psp5", "sentences"}
    assert set(figures["rp10"]) == set(esco.ROWS)
    assert figures["rp10"]["student"] == {"x": 100.0, "y": 50.0}
    assert figures["rp10"]["cosine"] == {"x": 0.0, "y": 0.0}
    assert figures["sentences"] == {
        "x": {"scored": 1, "without_gold": 1, "unlisted": 0},
        "y": {"scored": 1, "without_gold": 0, "unlisted": 1},
    }


def test_esco_s_students_never_see_a_text_that_they_are_scored_on(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"t{n}" for n in range(7)]
    seen: list[tuple[set[str], set[str]]] = []

    def taught(desk: Any, learning: list[str], testing: list[str]) -> dict[str, list[list[str]]]:
        seen.append((set(learning), set(testing)))
        return {row: [[text] for text in testing] for row in esco.KINDS}

    monkeypatch.setattr(esco, "_taught", taught)
    desk: Any = SimpleNamespace(seed=0)
    said = esco._students(desk, texts, None)
    assert all(not learnt & tested and learnt | tested == set(texts) for learnt, tested in seen) and len(seen) == 2
    assert said == {row: [[text] for text in texts] for row in esco.KINDS}
    esco._students(desk, texts, ["other"])
    assert seen[2] == (set(texts), {"other"})
