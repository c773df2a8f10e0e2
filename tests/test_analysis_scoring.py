"""Answers to questions over data, scored by the rules that three benchmarks published."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.evals import dabench_scoring, dabstep_scoring, kramabench_scoring

DATA = Path(os.environ.get("LIMBECK_DATA", Path(__file__).parents[2] / "shared" / "data"))
texts = st.text(max_size=60)
numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)


def gold_rows(name: str) -> list[dict[str, Any]]:
    path = DATA / name / "dev.jsonl"
    if not path.exists():
        pytest.skip(f"no {path}; set LIMBECK_DATA to the folder of the data")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


# ---- DABench ---------------------------------------------------------------------------------------------------------

DABENCH = {
    "alone": ("@mean[34.65]", {"mean": "34.65"}, {"mean": True}),
    "amid words": ("So the answer is @mean[34.65], as asked.", {"mean": "34.65"}, {"mean": True}),
    "another spelling of the number": ("@mean[34.650]", {"mean": "34.65"}, {"mean": True}),
    "blanks about a number": ("@mean[ 34.65 ]", {"mean": "34.65"}, {"mean": True}),
    "within a millionth": ("@mean[34.6500009]", {"mean": "34.65"}, {"mean": True}),
    "not within a millionth": ("@mean[34.650002]", {"mean": "34.65"}, {"mean": False}),
    "not rounded": ("@mean[34.6512]", {"mean": "34.65"}, {"mean": False}),
    "blanks about a word": ("@kind[ normal]", {"kind": "normal"}, {"kind": False}),
    "another case": ("@kind[Normal]", {"kind": "normal"}, {"kind": False}),
    "several": ("@a[1], @b[x]\n@c[3]", {"c": "3", "a": "1", "b": "y"}, {"a": True, "b": False, "c": True}),
    "one that nobody asked for": ("@a[1] @b[2]", {"a": "1"}, {"a": True}),
    "none": ("34.65", {"mean": "34.65"}, {"mean": False}),
    "another name": ("@average[34.65]", {"mean": "34.65"}, {"mean": False}),
    "the last of a name": ("@a[1] no, @a[2]", {"a": "2"}, {"a": True}),
    "not the first of a name": ("@a[1] no, @a[2]", {"a": "1"}, {"a": False}),
    "cut at the first bracket": ("@list[[]]", {"list": "["}, {"list": True}),
    "over a line's end": ("@a[1\n]", {"a": "1"}, {"a": False}),
    "commas": ("@list[a, b]", {"list": "a, b"}, {"list": True}),
    "another order": ("@list[b, a]", {"list": "a, b"}, {"list": False}),
    "thousands": ("@sum[1,200]", {"sum": "1200"}, {"sum": False}),
    "a hundredth": ("@share[5%]", {"share": "0.05"}, {"share": False}),
    "no number spelt alike": ("@p[nan]", {"p": "nan"}, {"p": True}),
    "no number spelt otherwise": ("@p[NaN]", {"p": "nan"}, {"p": False}),
    "a missing value is no empty one": ("", {"a": ""}, {"a": False}),
}


@pytest.mark.parametrize("case", DABENCH)
def test_dabench(case: str) -> None:
    text, gold, right = DABENCH[case]
    assert dabench_scoring.score(text, [[name, value] for name, value in gold.items()]) == right


def test_of_dabench_s_gold_the_last_of_a_name_counts() -> None:
    assert dabench_scoring.score("@r[0.2]", [["r", "0.1"], ["r", "0.2"]]) == {"r": True}


@given(st.dictionaries(st.from_regex(r"[A-Za-z_]\w{0,8}", fullmatch=True), st.from_regex(r"[^\]\n]{1,12}", fullmatch=True), max_size=4), texts)
def test_dabench_s_gold_is_right_whatever_is_said_before_it(gold: dict[str, str], before: str) -> None:
    pairs = list(gold.items())
    if "@" in before:
        before = ""
    assert all(dabench_scoring.score(before + " " + dabench_scoring.written(pairs), pairs).values())


@given(texts, texts)
def test_dabench_scores_any_text(text: str, value: str) -> None:
    assert set(dabench_scoring.score(f"{text}@a[{value}]", [["a", value], ["b", text]])) == {"a", "b"}


def test_dabench_s_own_gold_is_right() -> None:
    for row in gold_rows("agent_dabench"):
        assert all(dabench_scoring.score(dabench_scoring.written(row["answers"]), row["answers"]).values()), row["id"]
        assert not any(dabench_scoring.score("I don't know.", row["answers"]).values())


# ---- DABStep ---------------------------------------------------------------------------------------------------------

DABSTEP = {
    "equal": ("Not Applicable", "Not Applicable", True),
    "case": ("NOT APPLICABLE", "Not Applicable", True),
    "punctuation": ("Yes.", "yes", True),
    "blanks": (" not\tapplicable\n", "Not Applicable", True),
    "an abbreviation": ("n/a", "Not Applicable", False),
    "nothing": ("", "Not Applicable", False),
    "one word of two": ("applicable", "Not Applicable", True),
    "one word among many": ("yes and no", "yes", True),
    "another word": ("no", "yes", False),
    "nearly the same text": ("the merchant crossfit hanna is the largest of all", "the merchant crossfit hannah is the largest of all", True),
    "not nearly the same": ("golfclub baron", "golfclub baroness", False),
    "a dollar": ("$42.00", "42", True),
    "thousands": ("1,234.5", "1234.5", True),
    "thousands twice": ("1,234,567", "1234567", True),
    "percent is no hundredth": ("12.5%", "12.5", True),
    "percent of a ratio": ("12.5%", "0.125", False),
    "fewer decimals": ("138.2", "138.236", True),
    "fewer decimals, wrongly rounded": ("138.3", "138.236", False),
    "fewer decimals of small ones": ("0.5", "0.512", False),
    "small ones": ("0.12345", "0.12349", True),
    "whole ones": ("64", "65", False),
    "one in ten thousand": ("100001", "100000", True),
    "a number in words": ("The fee is 0.39 EUR", "0.39", True),
    "the first number in words": ("In 2023 it was 0.39", "0.39", False),
    "a sign": ("-5", "5", True),
    "a decimal comma": ("0,99", "0.99", False),
    "no number": ("none", "0.39", False),
    "an identifier's letters": ("C:69.36", "D:69.36", True),
    "a list": ("b, a", "a, b", True),
    "brackets": ("[a, b]", "a, b", True),
    "semicolons": ("a; b", "a, b", True),
    "of numbers": ("1, 2, 3", "3; 2; 1", True),
    "of nearly equal numbers": ("0.50001; 7", "7, 0.5", True),
    "one too many": ("a, b, c", "a, b", False),
    "one too few": ("a", "a, b", False),
    "one with a comma at its end": ("a,", "a", True),
    "another item": ("a, c", "a, b", False),
    "of no items": ("[]", ",", True),
    "pairs": ("NL: 1.5, BE: 2.5", "BE: 2.5, NL: 1.5", True),
}


@pytest.mark.parametrize("case", DABSTEP)
def test_dabstep(case: str) -> None:
    answer, gold, right = DABSTEP[case]
    assert dabstep_scoring.is_right(answer, gold) is right


@given(texts)
def test_dabstep_takes_any_text_as_itself(text: str) -> None:
    assert dabstep_scoring.is_right(text, text)
    assert dabstep_scoring.is_right(f" {text}\n", text)


@given(texts, texts)
def test_dabstep_is_the_same_both_ways_for_numbers_and_lists(one: str, other: str) -> None:
    right = dabstep_scoring.is_right(one, other)
    if any(sign.isdigit() or sign in ",;" for sign in one + other):
        assert dabstep_scoring.is_right(other, one) is right


@given(st.lists(st.from_regex(r"[a-z]{1,6}", fullmatch=True), min_size=2, max_size=6), st.randoms())
def test_dabstep_s_lists_have_no_order(items: list[str], draw: Any) -> None:
    assert dabstep_scoring.is_right(", ".join(draw.sample(items, len(items))), f"[{'; '.join(items)}]")


# ---- KramaBench ------------------------------------------------------------------------------------------------------

KRAMABENCH: dict[str, tuple[str, Any, str, float]] = {
    "a number": ("3.1333", 3.1333, "numeric_exact", 1.0),
    "blanks": (" 3.1333\n", 3.1333, "numeric_exact", 1.0),
    "within a millionth of it": ("3.1333003", 3.1333, "numeric_exact", 1.0),
    "rounded": ("3.133", 3.1333, "numeric_exact", 0.0),
    "within a millionth of much": ("8577.5300", 8577.5298, "numeric_exact", 1.0),
    "a whole number": ("16", 16, "numeric_exact", 1.0),
    "a whole number as a float": ("16.0", 16, "numeric_exact", 1.0),
    "nearly a whole number": ("7805422", 7805421, "numeric_exact", 0.0),
    "a sign": ("-16", 16, "numeric_exact", 0.0),
    "zero": ("0.0000001", 0.0, "numeric_exact", 1.0),
    "not zero": ("0.00001", 0.0, "numeric_exact", 0.0),
    "a hundredth": ("5.55%", 0.0555, "numeric_exact", 1.0),
    "a sentence": ("It is 16.", 16, "numeric_exact", 0.0),
    "thousands": ("2,111,635", 2111635, "numeric_exact", 0.0),
    "no number": ("nan", 16, "numeric_exact", 0.0),
    "nothing": ("", 16, "numeric_exact", 0.0),
    "nearly equal": ("0.65", 0.65, "numeric_approximate", 1.0),
    "twice as much": ("2", 1, "numeric_approximate", 0.5),
    "nothing at all": ("0", 4830.9, "numeric_approximate", 0.5),
    "the other sign": ("-1", 1.0, "numeric_approximate", 1 / 3),
    "without bounds": ("inf", 1.0, "numeric_approximate", 0.0),
    "approximately zero": ("0", 0.0, "numeric_approximate", 1.0),
    "not approximately zero": ("1", 0.0, "numeric_approximate", 0.0),
    "a text": (" lightning\n", "Lightning", "string_exact", 1.0),
    "more than the text": ("Lightning.", "Lightning", "string_exact", 0.0),
    "a judged text": ("Great Basin", "Great Basin Area", "string_approximate", 0.8),
    "a judged text that says something else": ("Alaska", "Great Basin Area", "string_approximate", 0.0),
    "a list": ('["Ohio", "Arizona"]', ["Arizona", "Ohio"], "list_exact", 1.0),
    "a list in Python": ("('Ohio', 'arizona')", ["Arizona", "Ohio"], "list_exact", 1.0),
    "a list by commas": ("Ohio, Arizona", ["Arizona", "Ohio"], "list_exact", 1.0),
    "half a list": ('["Ohio"]', ["Arizona", "Ohio"], "list_exact", 2 / 3),
    "a list and more": ("Ohio, Utah, Iowa, Maine", ["Ohio"], "list_exact", 0.4),
    "one item twice": ("Ohio, Ohio", ["Ohio"], "list_exact", 2 / 3),
    "twice, as in gold": ('["Ohio", "Ohio"]', ["Ohio", "Ohio"], "list_exact", 2 / 3),
    "gold twice": ('["Ohio"]', ["Ohio", "Ohio"], "list_exact", 1.0),
    "nothing of a list": ("Utah", ["Ohio"], "list_exact", 0.0),
    "no list": ('{"state": "Ohio"}', ["Ohio"], "list_exact", 0.0),
    "an empty list": ("[]", [], "list_exact", 1.0),
    "too much for an empty list": ("[1]", [], "list_exact", 0.0),
    "a list of numbers": ("[1, 2.0000001, '3']", [1, 2, 3.0], "list_exact", 1.0),
    "a list of other numbers": ("[1.001]", [1], "list_exact", 0.0),
    "a list of numbers, nearly": ("[1.009, 0]", [1, 0], "list_approximate", 1.0),
    "a list of numbers, not nearly": ("[1.02]", [1], "list_approximate", 0.0),
    "a list of truths": ("[true, false]", [True, False], "list_exact", 1.0),
}


@pytest.mark.parametrize("case", KRAMABENCH)
def test_kramabench(case: str) -> None:
    text, gold, kind, score = KRAMABENCH[case]
    assert kramabench_scoring.score(text, gold, kind) == pytest.approx(score)


def test_what_kramabench_has_judged() -> None:
    kinds: list[tuple[Any, str]] = [
        *(("a", "string_approximate"), ("a", "string_exact"), (1, "numeric_approximate")),
        *((["a"], "list_approximate"), ([1], "list_approximate"), (["a"], "list_exact")),
    ]
    judged = [pair for pair in kinds if kramabench_scoring.is_judged(*pair)]
    assert judged == [("a", "string_approximate"), (["a"], "list_approximate")]


@pytest.mark.parametrize(("text", "gold", "readable"), [("16", 3, True), ("so 16", 3, False), ("x", "y", True), (" ", "y", False), ("a, b", ["a"], True), ("7", ["a"], False)])
def test_whether_an_answer_has_gold_s_form(text: str, gold: Any, readable: bool) -> None:
    assert kramabench_scoring.is_readable(text, gold) is readable


GOLD = st.one_of(
    st.tuples(numbers | st.integers(-(10**12), 10**12), st.sampled_from(["numeric_exact", "numeric_approximate"])),
    st.tuples(texts, st.just("string_exact")),
    st.tuples(texts.filter(lambda text: any(sign in "abcxyz0189" for sign in text.lower())), st.just("string_approximate")),
    st.tuples(
        st.lists(texts | st.sampled_from([-2.5, 0, 7, 1e9]), max_size=5, unique_by=lambda one: str(one).strip().lower()),
        st.sampled_from(["list_exact", "list_approximate"]),
    ),
)
"""Items of lists differ from each other: of two alike the first is found twice, and the second is one too many."""


@given(GOLD)
def test_kramabench_s_gold_is_right_as_json_or_text(pair: tuple[Any, str]) -> None:
    gold, kind = pair
    said = gold if isinstance(gold, str) else json.dumps(gold)
    assert kramabench_scoring.score(f" {said}\n", gold, kind) == pytest.approx(1.0)
    assert kramabench_scoring.is_readable(said, gold) or not said.strip()


@given(texts | st.text("[](){}'\",.0123456789eE+-%ab\\x", max_size=30), GOLD)
def test_kramabench_scores_any_text(text: str, pair: tuple[Any, str]) -> None:
    assert 0 <= kramabench_scoring.score(text, *pair) <= 1


def test_an_answer_is_read_and_never_run(tmp_path: Path) -> None:
    left = tmp_path / "left"
    assert kramabench_scoring.score(f"[open({str(left)!r}, 'w')]", ["a"], "list_exact") == 0
    assert not left.exists()


def test_kramabench_s_own_gold_is_right() -> None:
    for row in gold_rows("agent_kramabench"):
        said = row["answer"] if isinstance(row["answer"], str) else json.dumps(row["answer"])
        assert kramabench_scoring.score(said, row["answer"], row["answer_type"]) == 1, row["id"]
        assert kramabench_scoring.score("I don't know.", row["answer"], row["answer_type"]) < 0.2, row["id"]
