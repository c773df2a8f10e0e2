"""Names of clusters: phrases of the texts, close to them, apart from each other."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.cluster import distinctive_words
from limbeck.encoder import Encoder
from limbeck.names import Encode, Matrix, descriptions, readable_names

THEMES = {
    "Credit card application": (
        "I want to check my credit card application",
        "has the credit card application been approved",
        "when will my credit card application be done",
        "what is the state of the credit card application",
        "credit card application please",
    ),
    "Weather": (
        "the weather in Paris today",
        "is the weather nice today",
        "weather for tomorrow please",
        "what is the weather like",
        "show me the weather",
    ),
    "Flip a coin": ("flip a coin for me", "please flip a coin", "can you flip a coin", "could you flip a coin 2 times", "flip a coin now"),
    "Pet food and hotel": ("pet food for my cat", "more pet food please", "pet food", "a hotel in Rome", "is there a hotel?", "my hotel", "wash the windows"),
}


def named(themes: Sequence[Sequence[str]], encode: Encode | None = None) -> list[str]:
    encode = encode or Encoder.load().last_layer
    texts = [text for theme in themes for text in theme]
    labels = np.array([number for number, theme in enumerate(themes) for _ in theme])
    return readable_names(distinctive_words(texts, labels, each=8), themes, [encode(theme) for theme in themes], encode)


def by_letters(texts: Sequence[str]) -> Matrix:
    """Stands for an encoder: how often each letter is written."""
    counts = np.array([[1 + text.count(letter) for letter in "abcdef"] for text in texts], dtype=np.float32)
    return np.asarray(counts / np.linalg.norm(counts, axis=1, keepdims=True), dtype=np.float32)


def test_names_are_phrases_of_the_texts() -> None:
    assert named(list(THEMES.values())) == list(THEMES)


def test_a_name_keeps_the_way_it_is_written_most() -> None:
    assert named([["the ATM is broken", "my ATM", "atm, please", "an ATM"], ["flowers", "flowers for her"]]) == ["ATM", "Flowers"]


def test_other_languages() -> None:
    assert named([["где моя карта", "моя карта"], ["погода в Париже", "какая погода"]]) == ["Моя карта", "Погода в Париже"]


def test_names_differ_and_none_is_the_reserved_one() -> None:
    themes = [["my card"]] * 3 + [["..."]] * 2 + [["other"]]
    words = [["card"]] * 3 + [[]] * 2 + [["other"]]
    names = readable_names(words, themes, [by_letters(theme) for theme in themes], by_letters)
    assert names == ["Card", "Group 2", "Group 3", "Group 4", "Group 5", "Group 6"]


@settings(deadline=None)
@given(st.lists(st.lists(st.text("ab ", max_size=8), min_size=1, max_size=3), max_size=6))
def test_names_are_never_the_same(themes: list[list[str]]) -> None:
    words = [sorted({word for text in theme for word in text.split()}) for theme in themes]
    names = readable_names(words, themes, [by_letters(theme) for theme in themes], by_letters)
    assert len({name.casefold() for name in names}) == len(themes)
    assert all(1 <= len(name.split()) <= 5 for name in names)


@pytest.mark.parametrize(
    ("words", "texts", "said"),
    [
        (["coin", "flip"], ["flip a\ncoin"], "Documents about coin, flip, such as “flip a coin”."),
        (["coin"], ["flip " * 30], "Documents about coin, such as “" + "flip " * 14 + "flip…”."),
        (list("abcdefgh"), [], "Documents about a, b, c, d, e."),
        ([], ["?"], "Documents, such as “?”."),
        ([], [], ""),
    ],
)
def test_descriptions(words: list[str], texts: list[str], said: str) -> None:
    (description,) = descriptions([words], [texts])
    assert description == said and len(description.split()) <= 30
