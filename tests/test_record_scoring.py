"""The paper's measures of records, on examples computed by hand, and what must hold of any."""

import itertools
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.records.answers import read
from limbeck.records.scoring import GoldCell, Rates, gold_of, normal, score, token_f1, whole_records
from limbeck.schemas.extraction import Attribute, RecordSchema, RecordType
from limbeck.schemas.tables import Target

CELL = GoldCell(
    key="1,1",
    value="0.88",
    type="Result",
    values={"metric": ("F1 score", "F-measure"), "model": ("BERT large",), "settings": {"size": "345M", "seed": "1"}},
)
PERFECT = {"type": "Result", "metric": "f1 score", "model": "BERT-Large", "task": None, "settings": {"seed": "1", "size": "345M"}}


def counted(said: Any, *, gold: GoldCell = CELL, strict: bool = False) -> dict[str, dict[str, tuple[int, int, int]]]:
    """(right, wrong, missed) by type and attribute."""
    counts = score([gold], said, strict=strict).counts
    return {of: {name: (one.right, one.wrong, one.missed) for name, one in by.items()} for of, by in counts.items()}


def changed(**values: Any) -> Any:
    return {CELL.key: {**PERFECT, **values}}


RIGHT = {"type": (1, 0, 0), "metric": (1, 0, 0), "model": (1, 0, 0), "settings": (2, 0, 0)}
ONE_CELL: dict[str, tuple[Any, Any, Any]] = {
    # What is said, what that comes to where lenient, and where strict.
    "perfect": (changed(), {"Result": RIGHT}, {"Result": RIGHT}),
    "another of gold's": (changed(metric="F measure"), {"Result": RIGHT}, {"Result": RIGHT}),
    "a word in common": (changed(model="the large one"), {"Result": RIGHT}, {"Result": {**RIGHT, "model": (0, 1, 1)}}),
    "wrong": (changed(model="GPT"), {"Result": {**RIGHT, "model": (0, 1, 1)}}, {"Result": {**RIGHT, "model": (0, 1, 1)}}),
    "not said": (changed(model=None), {"Result": {**RIGHT, "model": (0, 0, 1)}}, {"Result": {**RIGHT, "model": (0, 0, 1)}}),
    "said as nothing": (changed(model=" "), {"Result": {**RIGHT, "model": (0, 0, 1)}}, {"Result": {**RIGHT, "model": (0, 0, 1)}}),
    "said where gold says nothing": (changed(task="QA"), {"Result": {**RIGHT, "task": (0, 1, 0)}}, {"Result": {**RIGHT, "task": (0, 1, 0)}}),
    "one pair of two": (changed(settings={"size": "345M"}), {"Result": {**RIGHT, "settings": (1, 0, 1)}}, {"Result": {**RIGHT, "settings": (1, 0, 1)}}),
    "a pair in other words": (
        changed(settings={"model size": "345M", "seed": "1"}),
        {"Result": RIGHT},
        {"Result": {**RIGHT, "settings": (1, 1, 1)}},
    ),
    "a pair too many": (
        changed(settings={"size": "345M", "seed": "1", "batch": "8"}),
        {"Result": {**RIGHT, "settings": (2, 1, 0)}},
        {"Result": {**RIGHT, "settings": (2, 1, 0)}},
    ),
    "no pairs": (changed(settings={}), {"Result": {**RIGHT, "settings": (0, 0, 2)}}, {"Result": {**RIGHT, "settings": (0, 0, 2)}}),
    "a text for pairs": (changed(settings="345M"), {"Result": {**RIGHT, "settings": (0, 1, 2)}}, {"Result": {**RIGHT, "settings": (0, 1, 2)}}),
    "pairs for a text": (
        changed(model={"BERT": "large", "a": "b"}),
        {"Result": {**RIGHT, "model": (0, 2, 1)}},
        {"Result": {**RIGHT, "model": (0, 2, 1)}},
    ),
    "another type": (
        {CELL.key: {"type": "Stat", "metric": "F1 score", "count": "7"}},
        {"Result": {"type": (0, 0, 1), "metric": (1, 0, 0), "model": (0, 0, 1), "settings": (0, 0, 2)}, "Stat": {"type": (0, 1, 0), "count": (0, 1, 0)}},
        {"Result": {"type": (0, 0, 1), "metric": (1, 0, 0), "model": (0, 0, 1), "settings": (0, 0, 2)}, "Stat": {"type": (0, 1, 0), "count": (0, 1, 0)}},
    ),
    "no type": ({CELL.key: {"metric": "F1 score"}}, {"Result": {"type": (0, 0, 1), "metric": (1, 0, 0), "model": (0, 0, 1), "settings": (0, 0, 2)}}, {"Result": {"type": (0, 0, 1), "metric": (1, 0, 0), "model": (0, 0, 1), "settings": (0, 0, 2)}}),
    "no answer": ({}, {"Result": dict.fromkeys(RIGHT, (0, 0, 1))}, {"Result": dict.fromkeys(RIGHT, (0, 0, 1))}),
    "another cell": (
        {**changed(), "9,9": {"type": "Stat", "count": "7", "unit": None, "features": {"a": "b", "c": "d"}}},
        {"Result": RIGHT, "Stat": {"type": (0, 1, 0), "count": (0, 1, 0), "features": (0, 2, 0)}},
        {"Result": RIGHT, "Stat": {"type": (0, 1, 0), "count": (0, 1, 0), "features": (0, 2, 0)}},
    ),
    "another cell, of no type": ({**changed(), "9,9": {"type": "Other"}}, {"Result": RIGHT}, {"Result": RIGHT}),
}


@pytest.mark.parametrize("case", ONE_CELL)
def test_what_an_answer_comes_to(case: str) -> None:
    said, lenient, strict = ONE_CELL[case]
    assert counted(said) == {of: dict(sorted(by.items())) for of, by in lenient.items()}
    assert counted(said, strict=True) == {of: dict(sorted(by.items())) for of, by in strict.items()}


def test_micro_and_macro() -> None:
    """Result.type 1/1/1; Result.metric: one right, one wrong of two; Stat.type: 1 of 1; Stat.count: missed."""
    gold = [
        GoldCell("a", "1", "Result", {"metric": ("F1",)}),
        GoldCell("b", "2", "Result", {"metric": ("BLEU",)}),
        GoldCell("c", "3", "Stat", {"count": ("words",)}),
    ]
    said: Any = {"a": {"type": "Result", "metric": "F1"}, "b": {"type": "Result", "metric": "MSE"}, "c": {"type": "Stat", "unit": "%"}}
    scores = score(gold, said)
    assert (scores.cells, scores.answered) == (3, 3)
    # Right 4: three types, one metric. Wrong: MSE, unit. Missed: BLEU, count.
    assert scores.micro == Rates(precision=4 / 6, recall=4 / 6, f1=4 / 6)
    # Over (Result, type) 1, (Result, metric) 1/2, (Stat, type) 1, (Stat, count) 0; `unit` is none of gold's.
    assert scores.macro == Rates(precision=2.5 / 4, recall=2.5 / 4, f1=2.5 / 4)
    assert json.loads(scores.model_dump_json())["counts"]["Stat"]["unit"] == {"right": 0, "wrong": 1, "missed": 0}


def test_nothing_to_score_is_zero() -> None:
    nothing = Rates(precision=0.0, recall=0.0, f1=0.0)
    assert (score([], {}).micro, score([], {}).macro, score([CELL], {}).micro) == (nothing, nothing, nothing)


# ---- the published evaluator's defects -------------------------------------------------------------------------------


def test_not_said_against_not_said_counts_nothing_and_against_gold_it_is_missed_alone() -> None:
    """Published: null against null was right, null against gold was wrong."""
    gold = GoldCell("a", "1", "Book", {"title": ("Emma",)})
    said: Any = {"a": {"type": "Book", "title": None, "author": None, "notes": {}}}
    assert counted(said, gold=gold) == counted(said, gold=gold, strict=True) == {"Book": {"title": (0, 0, 1), "type": (1, 0, 0)}}


def test_pairs_match_exactly_where_strict() -> None:
    """Published: letters of pairs were compared with words, so that none ever matched."""
    gold = GoldCell("a", "1", "Result", {"settings": {"learning rate": "0.1", "batch size": "8"}})
    said = {"a": {"type": "Result", "settings": {"Batch size": "8", "learning-rate": "0.1"}}}
    assert counted(said, gold=gold, strict=True)["Result"]["settings"] == (2, 0, 0)


@pytest.mark.parametrize("value", ['"', ":", "{", "value", '{"value":', "ave", 'lue: "a"'])
def test_a_value_that_looks_like_the_prefix_is_read_whole(value: str) -> None:
    """Published: the letters of `{"value":` were stripped from an answer's beginning, which made the first cell `Other`."""
    schema = RecordSchema(types=(RecordType(name="value", attributes=(Attribute(name="a"), Attribute(name="lav", kind="pairs"))),))
    cell = Target(row=1, column=1, value=value, start=0, end=len(value))
    answer = json.dumps({cell.key: {"value": value, "type": "value", "a": value, "lav": {value: value}}})
    said, mistake = read(answer, schema, [cell])
    gold = GoldCell(cell.key, value, "value", {"a": (value,), "lav": {value: value}})
    assert mistake == "" and score([gold], said, strict=True).micro.f1 == 1.0


# ---- texts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("F1-Score", "f1 score"),
        (r"BERT \cite{devlin} (Table \ref{tab:x})", "bert table"),
        (r"AP$_{50}$", "ap 50"),
        ("-0.5", "-0.5"),
        ("\N{MINUS SIGN}.5", "-.5"),
        ("5-10", "5 10"),
        ("GPT-2", "gpt 2"),
        ("1,234.5", "1234.5"),
        ("3,5", "3 5"),
        ("µM", "μm"),
        ("β", "β"),
        ("-", "-"),
        ("%", "%"),
        (r"\cite{a}", r"\cite{a}"),
        ("x_y", "x y"),
        ("±1", "±1"),
        ("", ""),
    ],
)
def test_texts_as_they_are_compared(text: str, plain: str) -> None:
    assert normal(text) == plain


@given(st.text())
def test_no_text_becomes_nothing(text: str) -> None:
    assert bool(normal(text).split()) == bool(text.strip())


@pytest.mark.parametrize("one, other", list(itertools.combinations(["-", "--", "%", "β", "*", "1.5", "15", "-1.5", "±"], 2)))
def test_texts_that_differ_stay_different(one: str, other: str) -> None:
    gold = GoldCell("a", "1", "T", {"x": (one,)})
    assert score([gold], {"a": {"type": "T", "x": other}}, strict=True).micro.f1 == 0.5


@pytest.mark.parametrize(
    ("one", "other", "f1"),
    [("a b", "b a", 1.0), ("a a b", "a b b", 2 / 3), ("a b c", "a", 0.5), ("a", "b", 0.0), ("", "a", 0.0), ("a b c d e f g", "a", 0.25)],
)
def test_token_f1(one: str, other: str, f1: float) -> None:
    assert token_f1(one, other) == pytest.approx(f1)


def test_the_threshold_is_in() -> None:
    gold = GoldCell("a", "1", "T", {"x": ("a b c d e f g",), "p": {"k": "v w x y z"}})
    assert counted({"a": {"type": "T", "x": "a", "p": {"k": "v"}}}, gold=gold)["T"] == {"p": (1, 0, 0), "type": (1, 0, 0), "x": (1, 0, 0)}


def test_pairs_are_matched_as_well_as_can_be() -> None:
    """One after the other, `size` would take `model size`'s pair and leave it none."""
    gold = GoldCell("a", "1", "T", {"p": {"size": "1 B", "model size": "1 B"}})
    said = {"p": {"model size big": "1 B", "size": "1 B"}}
    assert counted({"a": {"type": "T", **said}}, gold=gold)["T"]["p"] == (2, 0, 0)
    assert counted({"a": {"type": "T", **said}}, gold=gold, strict=True)["T"]["p"] == (1, 1, 1)


def test_of_equal_matchings_the_one_with_more_pairs_counts() -> None:
    """`b a` with itself weighs 1, and so do its two halves with the others."""
    true, told = [("b", "a"), ("a", "c")], [("b", "a"), ("d", "b")]
    for gold_pairs, said_pairs in itertools.product(itertools.permutations(true), itertools.permutations(told)):
        gold = GoldCell("a", "1", "T", {"p": dict(gold_pairs)})
        assert counted({"a": {"type": "T", "p": dict(said_pairs)}}, gold=gold)["T"]["p"] == (2, 0, 0)


# ---- what must hold of any -------------------------------------------------------------------------------------------

WORDS = st.lists(st.sampled_from("a b c d -".split()), min_size=1, max_size=4).map(" ".join)
NAMES = st.sampled_from(["x", "y", "z"])
PAIRS = st.dictionaries(WORDS, WORDS, min_size=1, max_size=4)
KINDS = st.sampled_from(["A", "B", "Other"])
GOLD = st.lists(
    st.tuples(KINDS, st.dictionaries(NAMES, st.lists(WORDS, min_size=1, max_size=2).map(tuple) | PAIRS, max_size=3)), min_size=1, max_size=5
).map(lambda rows: [GoldCell(number, "1", of, values) for number, (of, values) in enumerate(rows)])
SAID = st.dictionaries(
    st.integers(0, 6),
    st.tuples(KINDS, st.dictionaries(NAMES, st.none() | WORDS | PAIRS, max_size=3)).map(lambda one: {"type": one[0], **one[1]}),
    max_size=6,
)


def as_said(cell: GoldCell, alias: int = 0) -> dict[str, Any]:
    return {"type": cell.type, **{name: value[alias % len(value)] if isinstance(value, tuple) else dict(value) for name, value in cell.values.items()}}


@given(GOLD, st.booleans(), st.integers(0, 1))
def test_what_gold_says_is_perfect(gold: list[GoldCell], strict: bool, alias: int) -> None:
    scores = score(gold, {cell.key: as_said(cell, alias) for cell in gold}, strict=strict)
    assert scores.micro == scores.macro == Rates(precision=1.0, recall=1.0, f1=1.0)
    assert scores.answered == scores.cells == len(gold)


@given(GOLD, SAID)
def test_scores_are_shares_and_strict_is_no_more_than_lenient(gold: list[GoldCell], said: Any) -> None:
    lenient, strict = score(gold, said), score(gold, said, strict=True)
    for kind in ("micro", "macro"):
        for name in Rates.model_fields:
            low, high = getattr(getattr(strict, kind), name), getattr(getattr(lenient, kind), name)
            assert 0 <= low <= high + 1e-12 and high <= 1 + 1e-12
    for rates in (whole_records(gold, said),):
        assert 0 <= rates.f1 <= 1


@given(GOLD, SAID, st.randoms(use_true_random=False))
def test_order_does_not_matter(gold: list[GoldCell], said: Any, random: Any) -> None:
    def mixed(values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        rows = [(name, mixed(value)) for name, value in values.items()]
        random.shuffle(rows)
        return dict(rows)

    others = [GoldCell(one.key, one.value, one.type, mixed(dict(one.values))) for one in gold]
    random.shuffle(others)
    for strict in (False, True):
        assert score(others, mixed(said), strict=strict) == score(gold, said, strict=strict)


# ---- whole records, the published form, speed ------------------------------------------------------------------------


def test_whole_records_are_tuples() -> None:
    """DiSCoMaT's measure: (material, constituent, value, unit), all of it right or all of it wrong."""
    gold = [
        GoldCell("a", "60", "Amount", {"material": ("G1",), "constituent": ("SiO2",), "unit": ("mol",)}),
        GoldCell("b", "40", "Amount", {"material": ("G1",), "constituent": ("Na2O",), "unit": ("mol",)}),
        GoldCell("c", "30", "Amount", {"constituent": ("Na2O",)}),
        GoldCell("d", "7", "Other"),
    ]
    said: Any = {
        "a": {"type": "Amount", "material": "G1", "constituent": "SiO2", "unit": "mol"},
        "b": {"type": "Amount", "material": "G1", "constituent": "Na2O", "unit": "wt"},
        "c": {"type": "Amount", "material": "G1", "constituent": "Na2O", "unit": None},
        "d": {"type": "Amount", "constituent": "SiO2"},
    }
    assert whole_records(gold, said) == Rates(precision=1 / 4, recall=1 / 3, f1=2 / 7)
    assert whole_records(gold, {"d": {"type": "Other"}}) == Rates(precision=0.0, recall=0.0, f1=0.0)


def test_gold_in_the_published_form() -> None:
    row = {
        "id": "t",
        "gold": [
            {"cell": [1, 0, 2], "record": {"value": "5", "type": "A", "x": ["p", "q"], "y": "xx", "z": {"xx": "yy"}, "w": {"k": "v"}}},
            {"cell": "CA(1,1)", "record": {"value": "6", "type": "Other"}},
        ],
    }
    assert gold_of(row) == [
        GoldCell(("t", (1, 0, 2)), "5", "A", {"x": ("p", "q"), "w": {"k": "v"}}),
        GoldCell(("t", "CA(1,1)"), "6", "Other", {}),
    ]


def test_thousands_of_cells_take_seconds() -> None:
    gold = [GoldCell(n, "1", "A", {"x": (f"model {n} large",), "p": {f"k{i} {n}": f"v{i}" for i in range(5)}}) for n in range(5000)]
    said = {cell.key: as_said(cell) for cell in gold}
    before = time.process_time()
    assert score(gold, said).micro.f1 == 1.0
    assert time.process_time() - before < 20
