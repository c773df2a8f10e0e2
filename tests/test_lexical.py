"""BM25 over labels: words of any script, and scores equal to those of `bm25s`."""

import time
from unicodedata import normalize

import numpy as np
import pytest
from bm25s import BM25
from hypothesis import given
from hypothesis import strategies as st

from limbeck.annotators.words import stem
from limbeck.retrieval.lexical import RUN, Lexical, folded, words

WORDS = {
    "endings and case": ("Managing STAFF, manages staffs", ["manag", "staff", "manag", "staff"]),
    "an identifier": ("card_arrival-2x", ["card", "arrival", "2x"]),
    "nothing but signs": ("+++ — 😀 …", []),
    "nothing": ("", []),
    "German": ("Straße STRASSE", ["strass", "strass"]),
    "an accent, composed and apart": ("caf\u00e9 cafe\u0301", ["caf\u00e9", "caf\u00e9"]),
    "full-width": ("ＰＹＴＨＯＮ３", ["python3"]),
    "Arabic": ("تحليل البيانات", ["تحليل", "البيانات"]),
    "Russian": ("Анализ данных", ["анализ", "данных"]),
    "Chinese": ("数据分析", ["数据", "据分", "分析"]),
    "one Chinese sign": ("数", ["数"]),
    "Chinese and Latin": ("用C语言编程", ["用", "c", "语言", "言编", "编程"]),
    "Japanese": ("データ", ["デー", "ータ"]),
    "Korean": ("데이터 분석", ["데이", "이터", "분석"]),
    "an emoji between words": ("good😀day", ["good", "day"]),
}


@pytest.mark.parametrize("case", WORDS)
def test_words(case: str) -> None:
    text, expected = WORDS[case]
    assert words(text) == expected


@given(text=st.text(st.characters(codec="ascii"), max_size=60))
def test_ascii_is_read_as_any_other_text_is(text: str) -> None:
    assert words(text) == [stem(run.group()) for run in RUN.finditer(text.casefold())]


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_words_are_of_letters_and_never_empty(text: str) -> None:
    assert all(word and not any(sign.isspace() or sign == "_" for sign in word) for word in words(text))


@given(text=st.text(max_size=30))
def test_how_unicode_writes_a_letter_does_not_matter(text: str) -> None:
    assert folded(normalize("NFC", text)) == folded(normalize("NFD", text)) == folded(text)


@pytest.mark.parametrize("queries", [["manage a team of nurses"], ["数据"], ["nothing in common"], [""], ["", "python python"], []])
def test_labels_of_several_scripts(queries: list[str]) -> None:
    names = ["manage nurses", "数据分析", "Python", "team", "+++"]
    rows, scores = Lexical.of(names).top(queries, 3)
    shared = {"manage a team of nurses": [0, 3, -1], "数据": [1, -1, -1], "python python": [2, -1, -1]}
    assert rows.tolist() == [shared.get(query, [-1, -1, -1]) for query in queries]
    assert ((scores > 0) == (rows >= 0)).all() and (scores[rows < 0] == 0).all()


def test_labels_without_any_word() -> None:
    rows, scores = Lexical.of(["+", "—"]).top(["+ and —", "plus"], 5)
    assert rows.tolist() == [[-1, -1]] * 2 and not scores.any()


SAID = st.lists(st.lists(st.sampled_from("ab bc cd 数据 de éf gh ij".split()), max_size=6).map(" ".join), min_size=1, max_size=90)


@given(names=SAID, queries=SAID, count=st.integers(1, 100))
def test_scores_are_those_of_bm25s(names: list[str], queries: list[str], count: int) -> None:
    reference = BM25()
    # A label without words counts in the mean length, as one of a word that nobody says.
    corpus = [words(name) or ["·"] for name in names]
    reference.index(corpus, show_progress=False)
    known = {word for one in corpus for word in one}
    lexical = Lexical.of(names)
    sparse, (rows, scores) = lexical.scores(queries).toarray(), lexical.top(queries, count)
    for place, query in enumerate(queries):
        asked = [word for word in words(query) if word in known]
        truly = reference.get_scores(asked) if asked else np.zeros(len(names), np.float32)
        assert np.allclose(sparse[place], truly, atol=1e-5)
        assert np.allclose(scores[place], np.sort(truly)[::-1][:count], atol=1e-5)
        found = rows[place][rows[place] >= 0]
        assert len(set(found.tolist())) == len(found) and np.allclose(scores[place][: len(found)], truly[found], atol=1e-5)


def test_a_word_that_comes_twice_counts_twice() -> None:
    lexical = Lexical.of(["one two", "three"])
    _, scores = lexical.top(["one", "one one"], 1)
    assert scores[1, 0] == pytest.approx(2 * scores[0, 0])


def test_a_hundred_thousand_labels_take_seconds() -> None:
    rng = np.random.default_rng(0)
    names = [f"make {a} from {b}" for a, b in rng.integers(0, 20_000, (100_000, 2))]
    started = time.process_time()
    lexical = Lexical.of(names)
    rows, _ = lexical.top([names[77_777]], 1)
    assert time.process_time() - started < 30
    assert names[rows[0, 0]] == names[77_777]
