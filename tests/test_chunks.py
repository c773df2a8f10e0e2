"""A long text in parts."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.retrieval.chunks import CHUNK, LONGEST_WINDOW, chunks, windows

TEXTS = st.text(st.sampled_from("ab. \n。数é😀-+'"), max_size=400)
PAGE = ("Nurses look after people who are ill. " * 75)[:2800] + "\n"


@given(text=TEXTS, size=st.integers(1, 120))
def test_every_character_is_in_a_chunk_and_none_is_too_long(text: str, size: int) -> None:
    found = chunks(text, size)
    assert found[0][0] == 0 and found[-1][1] == len(text)
    assert all(end - start <= size for start, end in found)
    assert all(before < start <= end for (before, end), (start, _) in zip(found, found[1:], strict=False))


def test_a_book_of_200_pages_is_cut_between_sentences() -> None:
    book = PAGE * 200
    started = time.process_time()
    found = chunks(book)
    assert time.process_time() - started < 1
    assert len(found) == pytest.approx(len(book) / CHUNK, rel=0.15)
    assert max(end - start for start, end in found) <= CHUNK
    assert {book[end - 1] for _, end in found} <= {"\n", " "}
    assert all(end - start == 60 for (_, end), (start, _) in zip(found, found[1:], strict=False))  # 2%.


CUT = {
    "empty": ("", [""]),
    "short": ("one two", ["one two"]),
    "as long as may be": ("x" * 10, ["x" * 10]),
    "no place to cut": ("x" * 13, ["x" * 10, "x" * 3]),
    "a space": ("aaaaaaa bbbbb", ["aaaaaaa ", "bbbbb"]),
    "a line before a sentence and a space": ("aaaaa\nb. c ddd", ["aaaaa\n", "b. c ddd"]),
    "a sentence before a space": ("aaaaa. b cccc", ["aaaaa. ", "b cccc"]),
    "a Chinese sentence": ("数据分析。好数据分析数据", ["数据分析。好数据分析", "数据"]),
    "a Chinese sentence in the second half": ("数据分析数据。好数据分析", ["数据分析数据。", "好数据分析"]),
    "not in the first half": ("a bbbbbbbbbbbb", ["a bbbbbbbb", "bbbb"]),
}


@pytest.mark.parametrize("case", CUT)
def test_where_a_text_is_cut(case: str) -> None:
    text, expected = CUT[case]
    assert [text[start:end] for start, end in chunks(text, 10)] == expected


WINDOWS = {
    "nothing": ("", []),
    "no letters": ("… 😀 — !!", []),
    "one word": ("nurse", ["nurse"]),
    "three words at most": ("a b c d", ["a", "a b", "a b c", "b", "b c", "b c d", "c", "c d", "d"]),
    "names of things": ("C++, full-stack: C#", ["C++", "C++, full-stack", "C++, full-stack: C#", "full-stack", "full-stack: C#", "C#"]),
    "an apostrophe": ("driver's licence.", ["driver's", "driver's licence", "licence"]),
    "signs of a script without spaces": ("数据学", ["数", "数据", "数据学", "据", "据学", "学"]),
    "a letter before such signs": ("C语", ["C", "C语", "语"]),
    "an accent apart": ("cafe\u0301", ["cafe\u0301"]),
    "Arabic": ("تحليل البيانات", ["تحليل", "تحليل البيانات", "البيانات"]),
}


@pytest.mark.parametrize("case", WINDOWS)
def test_windows(case: str) -> None:
    text, expected = WINDOWS[case]
    assert [text[start:end] for start, end in windows(text)] == expected


@given(text=st.text(max_size=200), longest=st.integers(1, 5))
def test_windows_are_within_the_text_and_hold_words_alone_at_their_ends(text: str, longest: int) -> None:
    spans = list(windows(text, longest))
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert len(set(spans)) == len(spans)
    assert all(text[start:end] == text[start:end].strip() for start, end in spans)
    words = [span for span in windows(text, 1)]
    assert len(spans) == sum(min(longest, len(words) - first) for first in range(len(words)))


def test_windows_of_a_book_take_no_time() -> None:
    started = time.process_time()
    count = sum(1 for _ in windows(PAGE * 200))
    assert time.process_time() - started < 5
    assert count == pytest.approx(LONGEST_WINDOW * len((PAGE * 200).split()), abs=3)


def test_long_runs_of_signs_are_quick() -> None:
    started = time.process_time()
    for text in ("a" + "-" * 100_000, "-+" * 50_000, "a-" * 50_000, "a+" * 50_000):
        sum(1 for _ in windows(text))
    assert time.process_time() - started < 5
