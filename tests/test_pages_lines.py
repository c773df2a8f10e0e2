"""Rows, reading order, and text that keeps its layout."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.pages import layout
from limbeck.pages.lines import rows
from limbeck.pages.scripts import words_of
from limbeck.pages.texts import pages_of_text
from limbeck.schemas.pages import Box, Pages, Sheet, Word

TEXT = "  Shop\nTea      2.00\nMilk     1.00\n\n\n\nTotal    3.00\f\nThanks\n"

edges = st.floats(0, 500, allow_nan=False)
boxes = st.builds(lambda x, y, w, h: (x, y, x + w, y + h), edges, edges, st.floats(1, 200), st.floats(1, 60))


@given(st.lists(boxes, max_size=30), st.floats(-0.1, 0.1))
def test_every_word_is_in_one_row(found: list[Box], slope: float) -> None:
    made = rows(found, slope)
    assert sorted(at for row in made for at in row) == list(range(len(found)))
    assert all(row for row in made)


@given(st.lists(boxes, max_size=30))
def test_rows_run_from_left_to_right(found: list[Box]) -> None:
    for row in rows(found):
        middles = [found[at][0] + found[at][2] for at in row]
        assert middles == sorted(middles)


@pytest.mark.parametrize("degrees", [-5, -3, 0, 1, 3, 5])
def test_a_page_may_be_skewed(degrees: float) -> None:
    """Ten rows of a name and two prices far to the right, one letter's height apart, on a page that is turned a little."""
    turn = math.radians(degrees)
    level = [(x, 30.0 * y, x + wide, 30.0 * y + 18) for y in range(10) for x, wide in ((20.0, 180.0), (400.0, 50.0), (560.0, 60.0))]

    def askew(box: Box) -> Box:
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        across, down = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
        wide, high = box[2] - box[0], 18 + abs(math.tan(turn)) * (box[2] - box[0])
        return across - wide / 2, down - high / 2, across + wide / 2, down + high / 2

    assert rows([askew(box) for box in level], math.tan(turn)) == [[at, at + 1, at + 2] for at in range(0, 30, 3)]


def test_letters_of_different_heights_are_of_one_row() -> None:
    """A large total beside small words, and a row right beneath."""
    found = [(300.0, 100.0, 400.0, 140.0), (20.0, 112.0, 100.0, 130.0), (110.0, 111.0, 160.0, 129.0), (20.0, 142.0, 90.0, 160.0)]
    assert rows(found) == [[1, 2, 0], [3]]


def test_text_keeps_its_layout() -> None:
    pages = pages_of_text(TEXT)
    assert layout.text(pages) == "--- page 1 ---\nShop\nTea      2.00\nMilk     1.00\n\nTotal    3.00\n--- page 2 ---\nThanks"
    assert layout.text(pages, plain=True) == "Shop\nTea 2.00\nMilk 1.00\nTotal 3.00\nThanks"
    assert layout.beginning(layout.text(pages), 20) == "--- page 1 ---\nShop"


def test_a_text_is_pages_in_letters() -> None:
    pages = pages_of_text(TEXT)
    assert [(sheet.width, sheet.height) for sheet in pages.sheets] == [(13.0, 7.0), (6.0, 3.0)]
    assert pages.words[1] == Word(text="Tea", box=(0.0, 1.0, 3.0, 2.0), page=0, line=1)
    assert pages.words[2] == Word(text="2.00", box=(9.0, 1.0, 13.0, 2.0), page=0, line=1)
    assert pages.words[-1] == Word(text="Thanks", box=(0.0, 1.0, 6.0, 2.0), page=1, line=4)
    assert layout.rows(pages) == [[0], [1, 2], [3, 4], [5, 6], [7]]


def test_some_words_as_printed() -> None:
    pages = pages_of_text(TEXT)
    assert layout.printed(pages, [6, 3, 4]) == "Milk 1.00 3.00"
    assert layout.box(pages, [3, 4]) == (0.0, 2.0, 13.0, 3.0)
    assert layout.box(pages, []) is None


@given(st.text(max_size=300))
def test_words_of_any_text_are_in_order_and_without_blanks(text: str) -> None:
    pages = pages_of_text(text)
    assert "".join(word.text for word in pages.words) == "".join(text.split())
    assert [word.line for word in pages.words] == sorted(word.line for word in pages.words)
    whole = layout.text(pages)
    assert whole.startswith(part := layout.beginning(whole, 50)) and min(len(whole), 25) <= len(part) <= 50


def test_wide_gaps_cost_few_letters() -> None:
    words = (Word(text="Tea", box=(0, 0, 30, 10), line=0), Word(text="2.00", box=(900, 0, 940, 10), line=0))
    assert layout.text(Pages(sheets=(Sheet(width=1000, height=10),), words=words)) == "Tea      2.00"


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("Total:  $3.10", ["Total:", "$3.10"]),
        ("Total:$3.10", ["Total:", "$3.10"]),
        ("2025-03-3012:58", ["2025-03-30", "12:58"]),
        ("12/05/2016:31", ["12/05/20", "16:31"]),
        ("12/05/201616:31", ["12/05/2016", "16:31"]),
        ("at 12:30 http://a.b", ["at", "12:30", "http://a.b"]),
        ("合計1,200円", ["合計", "1,200", "円"]),
        ("", []),
    ],
)
def test_words_of_a_line(line: str, parts: list[str]) -> None:
    assert [line[start:end] for start, end in words_of(line)] == parts


def test_chinese_words_are_printed_without_blanks() -> None:
    pages = pages_of_text("合計1,200円 税込")
    assert layout.printed(pages, range(4)) == "合計1,200円 税込"
