"""Records of tables by a schema: answers read, mistakes recovered from, values grounded, readings that vote, whole runs."""

import asyncio
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dspy
import pytest
from dspy import lm15
from hypothesis import given
from hypothesis import strategies as st

from limbeck import show
from limbeck.dialects import Body, spoken
from limbeck.errors import BudgetSpent, ConfigError
from limbeck.evals.s2j_scripted import faulty
from limbeck.fakes import FakeLLM
from limbeck.llm import LLM, Spent
from limbeck.programs.tables import Extract, Reading, question
from limbeck.progress import Progress
from limbeck.query import ask
from limbeck.records import answers, grounding
from limbeck.records.answers import Said
from limbeck.records.grounding import Source, ground
from limbeck.records.spelling import folded
from limbeck.records.voting import decide, votes
from limbeck.run import Outcome, run
from limbeck.schemas.extraction import Attribute, RecordSchema, RecordType
from limbeck.schemas.tables import Cell, Table, Target
from limbeck.sections import BudgetSettings, ModelSettings
from limbeck.settings import load
from limbeck.store import Store
from limbeck.tables.grid import Grid
from limbeck.tables.reading import parse
from limbeck.tables.showing import Shown
from limbeck.tables.targets import targets

RESULT = RecordType(
    name="Result",
    attributes=(
        Attribute(name="model"),
        Attribute(name="split", kind="choice", options=("dev", "test")),
        Attribute(name="settings", kind="pairs"),
    ),
)
SCHEMA = RecordSchema(name="results", types=(RESULT, RecordType(name="Size", attributes=(Attribute(name="of"),))))
MARKDOWN = """
| Model | dev | test |
|---|---|---|
| BERT–Large | 0.88 | 0.91 |
| GPT (345M) | 0.88 | 0.93 |
| GPT (5B)   | 0.95 | 1,059 |

Caption: Accuracy on the SGD corpus
"""


def table() -> Table:
    return parse(MARKDOWN, "markdown")[0].model_copy(update={"caption": "Accuracy on the SGD corpus"})


def truth(one: Table) -> dict[str, Said]:
    """What a model that reads says."""
    columns = {1: "dev", 2: "test"}
    names = {cell.row: cell.text for cell in one.cells if cell.column == 0}
    return {
        cell.key: {"type": "Result", "model": names[cell.row], "split": columns[cell.column], "settings": {}}
        for cell in targets(one)
        if cell.column
    } | {cell.key: {"type": "Other"} for cell in targets(one) if not cell.column}


def cells() -> list[Target]:
    return [one for one in targets(table()) if one.column]


def asked(body: Body) -> dict[str, str]:
    """The cells that a request asks for, with their values."""
    properties = body["response_format"]["schema"]["properties"]
    return {key: one["anyOf"][0]["properties"]["value"]["enum"][0] for key, one in properties.items()}


def reads(body: Body) -> str:
    """The answer of a model that reads."""
    said = truth(table())
    return json.dumps({key: {"value": value, **said[key]} for key, value in asked(body).items()}, ensure_ascii=False)


# ---- answers ---------------------------------------------------------------------------------------------------------


def record(value: str, kind: str = "Result", **more: Any) -> dict[str, Any]:
    return {"value": value, "type": kind, **more}


WHOLE = {"1,1": record("0.88"), "1,2": record("0.91"), "2,1": record("0.88")}
THREE = [Target(row=row, column=column, value=value, start=0, end=4) for row, column, value in ((1, 1, "0.88"), (1, 2, "0.91"), (2, 1, "0.88"))]
UNREAD = [
    (json.dumps(WHOLE), 3, ""),
    (f"Here you are:\n```json\n{json.dumps(WHOLE)}\n```", 3, ""),
    ("{}", 0, "nothing is said of '1,1', whose value is '0.88'"),
    ("I can't", 0, "nothing is said of '1,1'"),
    (json.dumps(WHOLE)[:-30], 2, "nothing is said of '2,1'"),
    (json.dumps({"1,1": WHOLE["1,1"], "2,1": WHOLE["2,1"]}), 1, "'2,1' comes where '1,2' must"),
    ('{"1,1": %s, "1,1": %s}' % ((json.dumps(WHOLE["1,1"]),) * 2), 1, "'1,1' comes where '1,2' must"),
    (json.dumps({"1,2": WHOLE["1,2"], "1,1": WHOLE["1,1"]}), 0, "'1,2' comes where '1,1' must"),
    (json.dumps({**WHOLE, "1,2": record("0.19")}), 1, "'1,2' must repeat the value '0.91'"),
    (json.dumps({**WHOLE, "1,2": ["0.91"]}), 1, "'1,2' must repeat the value"),
    (json.dumps({**WHOLE, "2,1": record("0.88", "Score")}), 2, "the 'type' of '2,1' must be one of: Result, Size, Other"),
    (json.dumps({"(1, 1)": record("0.88", "result"), "1, 2": WHOLE["1,2"], "2,1": WHOLE["2,1"]}), 3, ""),
    ('By {row} and {column}:\n{ "1,1": {"value": 0.880, "type": "Size"}}', 1, "nothing is said of '1,2'"),
    ("[" * 100_000, 0, "nothing is said"),
    ('{"1,1": ' + "[" * 100_000, 0, "nothing is said"),
]


@pytest.mark.parametrize(("answer", "count", "why"), UNREAD)
def test_records_before_the_first_mistake_are_read(answer: str, count: int, why: str) -> None:
    found, stopped = answers.read(answer, SCHEMA, THREE)
    assert list(found) == list(WHOLE)[:count]
    assert stopped.startswith(why) and bool(stopped) == bool(why)


def test_values_are_what_their_kinds_want() -> None:
    said = {"type": " RESULT ", "model": " null ", "split": "TEST", "settings": [{"key": "size", "value": 345}, {"key": "x"}, 3], "more": 1}
    assert answers.said_of(said, SCHEMA) == {"type": "Result", "model": None, "split": "test", "settings": {"size": "345"}}
    pairs = {f"k{n}": "v" for n in range(9)}
    assert answers.said_of({"type": "Result", "settings": pairs}, SCHEMA) == {
        "type": "Result", "model": None, "split": None, "settings": dict(list(pairs.items())[:5]),
    }  # fmt: skip
    assert answers.said_of({"type": "Result", "split": "train", "model": ["a"]}, SCHEMA) == {
        "type": "Result", "model": None, "split": None, "settings": {},
    }  # fmt: skip
    assert answers.said_of({}, SCHEMA) is None


REPEATED = [
    ("0.90", "0.90", True), ("0.90", "0.9", True), ("\N{MINUS SIGN}0.3", "-0.3", True), ("\N{MINUS SIGN}0.3", '"-0.3"', True), ("1,059", "1059", True),
    ("\N{EN DASH}0.3", '"- 0.3"', True), ("0.90", "0.91", False), ("0.3", "-0.3", False), ("0.90", "null", False), ("345M", "345", False),
]  # fmt: skip


@pytest.mark.parametrize(("value", "said", "same"), REPEATED)
def test_a_value_is_repeated_as_models_write_numbers(value: str, said: str, same: bool) -> None:
    cell = Target(row=1, column=1, value=value, start=0, end=4)
    found, stopped = answers.read(f'{{"1,1": {{"value": {said}, "type": "Size", "OF": 1.50}}}}', SCHEMA, [cell])
    assert (found == {"1,1": {"type": "Size", "of": "1.50"}}) == same == (not stopped)


def test_the_constraint_is_as_strict_servers_want_it() -> None:
    """Every object closed and all of it required, a type everywhere, no lengths (OpenAI's structured outputs)."""
    boolean = Attribute(name="b", kind="boolean")
    schema = RecordSchema(types=(RESULT.model_copy(update={"attributes": (*RESULT.attributes, boolean)}),))
    body = {"response_format": {"type": "json_schema", "name": "n", "schema": answers.constraint(schema, THREE), "strict": True}}
    said = spoken(body, "openai")["response_format"]["json_schema"]
    assert said["strict"] and said["schema"]["type"] == "object"

    def checked(one: dict[str, Any]) -> None:
        assert set(one) <= {"type", "anyOf", "enum", "properties", "required", "additionalProperties", "items", "maxItems"}
        assert ("type" in one) != ("anyOf" in one)
        if one.get("type") == "object":
            assert one["additionalProperties"] is False and one["required"] == list(one["properties"])
        for inner in (*one.get("anyOf", ()), *one.get("properties", {}).values(), *([one["items"]] if "items" in one else [])):
            checked(inner)

    checked(said["schema"])


def test_a_boolean_is_true_or_false() -> None:
    schema = RecordSchema(types=(RecordType(name="R", attributes=(Attribute(name="b", kind="boolean"),)),))
    for said, read in ((True, "true"), ("No", "false"), ("BERT", None), (None, None), (3, None)):
        assert answers.said_of({"type": "R", "b": said}, schema) == {"type": "R", "b": read}


@given(st.text(max_size=300))
def test_no_answer_breaks_the_reading(answer: str) -> None:
    found, stopped = answers.read("{" + answer, SCHEMA, THREE)
    assert stopped or len(found) == 3


def test_the_constraint_lets_nothing_but_a_right_answer_through() -> None:
    import jsonschema

    schema = answers.constraint(SCHEMA, THREE)
    full = {key: {**one, "model": "BERT", "split": None, "settings": [{"key": "a", "value": "b"}]} for key, one in WHOLE.items()}
    jsonschema.validate(full, schema)
    for wrong in (
        {key: full[key] for key in list(full)[:2]},
        {**full, "9,9": full["1,1"]},
        {**full, "1,2": {**full["1,2"], "value": "0.19"}},
        {**full, "1,2": {**full["1,2"], "type": "Score"}},
        {**full, "1,2": {**full["1,2"], "split": "train"}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


# ---- the loop --------------------------------------------------------------------------------------------------------


async def extracted(folder: Path, answer: Callable[[Body], str], one: Table, wanted: list[Target], **more: Any) -> tuple[Any, FakeLLM]:
    """What the program makes of a model's answers."""
    model = FakeLLM(answer)
    with Store.open(folder / "s.duckdb") as store:
        llm = LLM("m", store, model, ModelSettings(retries=0), BudgetSettings(), Spent())
        with dspy.context(lm=llm.lm()):
            return await Extract(SCHEMA, **{"cells": 20, **more}).acall(use_case="u", table=one, targets=wanted), model


async def test_all_cells_in_one_call(tmp_path: Path) -> None:
    made, model = await extracted(tmp_path, reads, table(), cells())
    assert made.records == {key: said for key, said in truth(table()).items() if not key.endswith(",0")}
    assert (made.failed, made.repaired, len(made.calls), len(model.history)) == ({}, False, 1, 1)
    prompt = model.history[0]["messages"][1]["content"]
    assert '1,1: "0.88" in the row "BERT–Large" and the column "dev"' in prompt
    assert prompt.endswith('The answer begins with {"1,1": {"value": "0.88", "type": "')


async def test_a_small_model_is_asked_about_one_cell_at_a_time(tmp_path: Path) -> None:
    made, model = await extracted(tmp_path, reads, table(), cells(), cells=1)
    assert len(made.records) == len(model.history) == 6
    assert all(len(asked(body)) == 1 and "Records so far" not in body["messages"][1]["content"] for body in model.history)


FAULTS: dict[str, Callable[[list[Any]], list[Any]]] = {
    "skip": lambda pairs: [pairs[0], *pairs[2:]],
    "double": lambda pairs: [pairs[0], pairs[0], *pairs[1:]],
    "reorder": lambda pairs: [pairs[0], *pairs[2:3], *pairs[1:2], *pairs[3:]],
    "garble": lambda pairs: [pairs[0], *[(key, {**one, "value": "7"}) for key, one in pairs[1:2]], *pairs[2:]],
    "break off": lambda pairs: pairs[:2],
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_it_goes_on_from_the_first_mistake(tmp_path: Path, fault: str) -> None:
    def errs(body: Body) -> str:
        pairs = FAULTS[fault](list(json.loads(reads(body)).items()))
        return "{" + ", ".join(f"{json.dumps(key)}: {json.dumps(one)}" for key, one in pairs) + "}"

    made, model = await extracted(tmp_path, errs, table(), cells())
    assert made.records == {key: said for key, said in truth(table()).items() if not key.endswith(",0")}
    assert made.failed == {} and made.repaired
    second = model.history[1]["messages"][1]["content"]
    kept = second.partition("## Records so far\n")[2].partition("\n\n")[0].splitlines()
    assert kept[0].startswith('"1,1": {"value": "0.88", "type": "Result", "model": "BERT–Large"')
    following = next(one for one in cells() if one.key == ("2,1" if fault == "break off" else "1,2"))
    assert second.endswith(f'The answer begins with {{"{following.key}": {{"value": "{following.value}", "type": "')
    assert len(made.calls) == len(model.history)


async def test_equal_values_are_told_apart_by_their_places(tmp_path: Path) -> None:
    """0.88 stands twice in a column; an answer that leaves the first out has the second's value, and is not taken for it."""

    def skips(body: Body) -> str:
        said = json.loads(reads(body))
        return json.dumps({key: one for key, one in said.items() if key != "1,1"} if len(said) > 5 else said)

    made, _ = await extracted(tmp_path, skips, table(), cells())
    assert made.records.get("2,1", {}).get("model") == "GPT (345M)"
    assert made.records.get("1,1") is None and "'1,2' comes where '1,1' must" in made.failed["1,1"]


async def test_a_cell_that_never_comes_fails_and_the_others_go_on(tmp_path: Path) -> None:
    def refuses(body: Body) -> str:
        return json.dumps({key: one for key, one in json.loads(reads(body)).items() if key != "2,1"})

    made, model = await extracted(tmp_path, refuses, table(), cells(), failures=2)
    assert set(made.records) == {"1,1", "1,2", "2,2", "3,1", "3,2"}
    assert made.failed == {"2,1": made.failed["2,1"]} and "no usable answer in 2 attempts" in made.failed["2,1"]
    assert len(model.history) == 1 + 2 + 1


async def test_what_was_described_before_a_server_fails_is_kept(tmp_path: Path) -> None:
    def fails(body: Body) -> str:
        if "2,1" in asked(body):
            raise lm15.InvalidRequestError("no", status=400)
        return reads(body)

    made, _ = await extracted(tmp_path, fails, table(), cells(), cells=2)
    assert list(made.records) == ["1,1", "1,2"] and set(made.failed) == {"2,1", "2,2", "3,1", "3,2"}
    made, _ = await extracted(tmp_path, fails, table(), cells(), cells=1)
    assert len(made.records) == 5 and set(made.failed) == {"2,1"}


async def test_calls_in_hand_are_finished_when_the_budget_is_spent(tmp_path: Path) -> None:
    class Slow(FakeLLM):
        async def __call__(self, body: Body) -> Body:
            await asyncio.sleep(0.05)
            return await super().__call__(body)

    with Store.open(tmp_path / "s.duckdb") as store:
        llm = LLM("m", store, Slow(reads), ModelSettings(retries=0), BudgetSettings(calls=4), Spent())
        with dspy.context(lm=llm.lm()), pytest.raises(BudgetSpent):
            await Extract(SCHEMA, cells=1).acall(use_case="u", table=table(), targets=cells())
        store.flush()
        assert store.rows("SELECT count(*) AS n FROM calls") == [{"n": 4}]


async def test_a_table_is_given_up_after_three_cells_in_a_row(tmp_path: Path) -> None:
    """A model that knows but the first row."""

    def tires(body: Body) -> str:
        return json.dumps({key: one for key, one in json.loads(reads(body)).items() if key[0] == "1"})

    made, model = await extracted(tmp_path, tires, table(), cells(), failures=2)
    assert list(made.records) == ["1,1", "1,2"] and list(made.failed) == ["2,1", "2,2", "3,1", "3,2"]
    assert len(model.history) == 1 + 3 * 2 and made.failed["3,2"].startswith("3 cells in a row failed; ")


async def test_the_budget_of_passes_ends_a_table(tmp_path: Path) -> None:
    def one_each(body: Body) -> str:
        return json.dumps(dict(list(json.loads(reads(body)).items())[:1]))

    made, model = await extracted(tmp_path, one_each, table(), cells(), passes=2)
    assert list(made.records) == ["1,1", "1,2"] and len(model.history) == 2
    assert "2 answers broke off" in made.failed["3,2"] and len(made.failed) == 4


@given(st.integers(0, 2**32))
def test_no_fault_puts_a_record_on_another_cell(seed: int) -> None:
    said = {key: {"value": value, "type": "Result", "model": key} for key, value in zip(WHOLE, ("0.88", "0.91", "0.88"), strict=True)}
    found, _ = answers.read(faulty(0.7)(said, random.Random(seed)), SCHEMA, THREE)
    assert all(one["model"] == key for key, one in found.items())


def wide(rows: int) -> tuple[Table, list[Target]]:
    """A table of numbers under headers."""
    made = [Cell(row=0, column=at, text=f"column {at}", header="column") for at in range(10)]
    made += [Cell(row=row, column=at, text=f"{row}.{at}", header=None if at else "row") for row in range(1, rows) for at in range(10)]
    one = Table(format="csv", rows=rows, columns=10, cells=tuple(made), paragraphs=("far from it. " * 20, "close to it. " * 20))
    return one, [Target(row=row, column=at, value=f"{row}.{at}", start=0, end=3) for row in range(1, rows) for at in range(1, 10)]


def test_a_prompt_has_what_there_is_room_for() -> None:
    one, wanted = wide(30)
    shown, reading = Shown(one), Reading(list(wanted))
    reading.records = {cell.key: {"type": "Size", "of": "x" * 50} for cell in wanted[:20]}
    whole = question(shown, wanted, reading, wanted[20:22], 100_000)
    assert "far from it" in whole and "close to it" in whole and '"1,1": {"value"' in whole
    lengths = []
    for room in (5000, 3000, 1500):
        part = question(shown, wanted, reading, wanted[20:22], room)
        lengths.append(len(part))
        assert len(part) <= room + 100
        assert "column 3" in part and wanted[20].value in part.partition("## Cells")[0]
        assert "far from it" not in part or "close to it" in part
        kept = [line for line in part.splitlines() if line.startswith('"')]
        assert not kept or kept[-1].startswith(f'"{wanted[19].key}"')
    assert lengths == sorted(lengths, reverse=True)


async def test_a_table_longer_than_the_window_is_read_in_parts(tmp_path: Path) -> None:
    one, wanted = wide(500)
    sizes = []

    def answer(body: Body) -> str:
        sizes.append(len(body["messages"][1]["content"]))
        return json.dumps({key: {"value": value, "type": "Other"} for key, value in asked(body).items()})

    made, _ = await extracted(tmp_path, answer, one, wanted, context=2048, cells=40)
    assert len(made.records) == len(wanted) == 4491 and max(sizes) < 2 * 2048


async def test_a_prompt_that_does_not_fit_is_made_smaller(tmp_path: Path) -> None:
    from dspy.utils.exceptions import ContextWindowExceededError

    one, wanted = wide(60)
    sizes: list[int] = []

    def answer(body: Body) -> str:
        sizes.append(len(body["messages"][1]["content"]))
        if sizes[-1] > 2500:
            raise ContextWindowExceededError(model="m", message="too long")
        return json.dumps({key: {"value": value, "type": "Other"} for key, value in asked(body).items()})

    made, _ = await extracted(tmp_path, answer, one, wanted[:5], context=8192)
    assert len(made.records) == 5 and sizes[0] > 2500 >= sizes[-1]


# ---- grounding -------------------------------------------------------------------------------------------------------


GROUNDED: list[tuple[str, str, str, tuple[Any, ...] | None]] = [
    ("the row's header", "BERT–Large", "grounded", ("cell", 1, 0, 0, 10)),
    ("another dash", "BERT-Large", "grounded", ("cell", 1, 0, 0, 10)),
    ("a part of a header", "large", "grounded", ("cell", 1, 0, 5, 10)),
    ("the caption", "SGD corpus", "grounded", ("caption", None, None, 16, 26)),
    ("another row's header", "GPT (5B)", "grounded", ("cell", 3, 0, 0, 8)),
    ("other marks between", "gpt 345m", "normalised", ("cell", 2, 0, 0, 9)),
    ("the same number", "1059", "normalised", ("cell", 3, 2, 0, 5)),
    ("a number with zeros", "0.950", "normalised", ("cell", 3, 1, 0, 4)),
    ("part of a word", "corp", "inferred", None),
    ("part of a number", "0.9", "inferred", None),
    ("nowhere", "Intent", "inferred", None),
]


@pytest.mark.parametrize(("what", "value", "status", "place"), GROUNDED, ids=[one[0] for one in GROUNDED])
def test_a_value_says_where_it_stands(what: str, value: str, status: str, place: tuple[Any, ...] | None) -> None:
    cell = next(one for one in cells() if one.key == "1,1")
    made = ground({"type": "Result", "model": value, "split": None, "settings": {}}, cell, Source(table()), SCHEMA).values[0]
    origin = made.origin and (made.origin.where, made.origin.row, made.origin.column, made.origin.start, made.origin.end)
    assert (made.text, made.status, origin) == (value, status, place)


def grid(*rows: tuple[str, ...], **more: Any) -> Table:
    """A table whose first row and column are headers."""
    heads = {(0, at): "column" for at in range(9)} | {(at, 0): "row" for at in range(1, 9)}
    made = [Cell(row=row, column=at, text=text, header=heads.get((row, at))) for row, line in enumerate(rows) for at, text in enumerate(line)]
    return Table(format="csv", rows=len(rows), columns=len(rows[0]), cells=tuple(made), **more)


INNER = Target(row=1, column=1, value="0.5", start=0, end=3)
NOT_THERE = [
    ("1", "2021"), ("1", "1,059"), ("059", "1,059"), ("5", "-5"), ("5", "\N{MINUS SIGN}5"), ("3.5", "35"), ("3.5", "3, 5"), ("1e-5", "1e5"),
    ("-5", "2-5"), ("-5", "5"), ("124", "1,2,4"), ("10", "B10"), ("345", "345M"), ("p<0.05", "p>0.05"), ("C++", "C"), (">5", "<5"),
    ("5.0", "5.05"), ("1.0", "1.0.2"), ("10", "10^5"), ("1e999", "1e998"), ("1,5", "15"), ("1.234", "1,234"), ("gpt-3.5", "GPT 35"),
]  # fmt: skip
THERE = [
    ("5", "5%", "grounded", "5"), ("5%", "5 %", "normalised", "5"), ("12", "12ms", "normalised", "12"), ("ms", "12ms", "grounded", "ms"),
    ("%", "12 %", "grounded", "%"), ("2", "GPT-2", "grounded", "2"), ("5", "2-5", "grounded", "5"), (".50", "0.5", "normalised", "0.5"),
    ("BERT", "İstanbul BERT", "grounded", "BERT"), ("1500", "1.5e3", "normalised", "1.5e3"), ("gpt 3.5", "GPT-3.5", "normalised", "GPT-3.5"),
    ("-0.30", "\N{MINUS SIGN}0.3", "normalised", "\N{MINUS SIGN}0.3"), ("45.20", "45.2 (1)", "normalised", "45.2"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "text"), NOT_THERE)
def test_a_part_of_a_number_or_another_number_grounds_nothing(value: str, text: str) -> None:
    for one in (grid(("a", text), ("b", "0.5")), grid(("a", "c"), ("b", "0.5"), caption=f"so {text}")):
        assert Source(one).find(value, INNER) is None


@pytest.mark.parametrize(("value", "text", "status", "part"), THERE)
def test_a_value_in_another_spelling_is_found(value: str, text: str, status: str, part: str) -> None:
    found = Source(grid(("a", text), ("b", "0.5"))).find(value, INNER)
    assert found and (found[1], text[found[0].start : found[0].end]) == (status, part)


def test_a_header_that_says_it_among_other_words_goes_before_a_cell_elsewhere() -> None:
    found = Source(grid(("a", "F1 (dev)", "dev"), ("b", "0.5", "0.6"))).find("dev", INNER)
    assert found and (found[0].row, found[0].column, found[0].start, found[0].end) == (0, 1, 4, 7)


def test_a_word_of_a_sentence_grounds_no_boolean() -> None:
    kind = RecordType(name="R", attributes=(Attribute(name="b", kind="boolean"),))
    for one, status in ((grid(("a", "c"), ("b", "0.5"), caption="the true mean"), "inferred"), (grid(("a", "c"), ("True", "0.5")), "grounded")):
        made = ground({"type": "R", "b": "true"}, INNER, Source(one), RecordSchema(types=(kind,)))
        assert made.values[0].status == status


PIECES = st.sampled_from(["1", "0.5", "12", ".", ",", "-", "\N{MINUS SIGN}", " ", "%", "BERT", "ﬁ", "İ", "e", "5", "^", "(", ")", "ms", "M", "<", "Ω"])
TEXTS = st.lists(PIECES, max_size=8).map("".join)


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_an_origin_is_where_the_value_stands(value: str, head: str, caption: str, note: str) -> None:
    one = grid(("a", head), ("b", "0.5"), caption=caption, notes=(note,))
    found = Source(one).find(value, INNER)
    if found:
        origin, status = found
        text = {"caption": caption, "note": note}.get(origin.where) or (Grid(one).at(origin.row or 0, origin.column or 0).text)
        part = text[origin.start : origin.end]
        assert len(part) == origin.end - origin.start
        plain = ["".join(folded(each).split()) for each in (value, part)]
        same = plain[0] == plain[1]
        assert same or (status == "normalised" and (_figure(value) == _figure(part) or _letters(value) == _letters(part)))


def _figure(text: str) -> float:
    amount = grounding._amount(text)
    return float("nan") if amount is None else round(amount, 9)


def _letters(text: str) -> list[str]:
    return ["".join(grounding.TOKEN.findall(folded(text)))]


def test_the_nearest_of_equal_texts_is_meant() -> None:
    one = parse("| a | n | n |\n|---|---|---|\n| x | 1 | 2 |\n| x | 3 | 4 |", "markdown")[0]
    for cell in (each for each in targets(one) if each.column):
        said: Said = {"type": "Result", "model": "x", "split": "n", "settings": {}}
        origins = [value.origin for value in ground(said, cell, Source(one), SCHEMA).values[:2]]
        assert [(origin.row, origin.column) for origin in origins if origin] == [(cell.row, 0), (0, cell.column)]


def test_pairs_are_kept_where_a_word_of_them_stands() -> None:
    cell = cells()[0]
    said: Said = {"type": "Result", "model": None, "split": None, "settings": {"size": "345M", "number of": "layers", "corpus": "none such"}}
    values = ground(said, cell, Source(table()), SCHEMA, {"settings": 0.5}).values
    assert [(one.name, one.key, one.text, one.status, one.confidence) for one in values] == [
        ("model", "", None, "missing", 1.0),
        ("split", "", None, "missing", 1.0),
        ("settings", "size", "345M", "grounded", 0.5),
        ("settings", "corpus", "none such", "inferred", 0.25),
    ]


# ---- voting ----------------------------------------------------------------------------------------------------------


def test_readings_vote_on_the_type_and_then_on_what_it_has() -> None:
    one: Said = {"type": "Result", "model": "BERT", "split": "dev", "settings": {"a": "1", "b": "2"}}
    two: Said = {"type": "Result", "model": "bert", "split": None, "settings": {"a": "1"}}
    three: Said = {"type": "Size", "of": "GPT"}
    four: Said = {"type": "Result", "model": "GPT", "split": None, "settings": {"a": "1"}}
    given = votes({name: {"d#1,1": said} for name, said in zip("wxyz", (one, two, three, four), strict=True)}, SCHEMA)
    decided = decide(given, SCHEMA)["d#1,1"]
    assert decided.said == {"type": "Result", "model": "BERT", "split": None, "settings": {"a": "1"}}
    assert decided.sure == pytest.approx({"type": 3 / 4, "model": 2 / 3, "split": 2 / 3, "settings": 1.0})


def test_who_says_nothing_of_pairs_votes_against_them() -> None:
    said = [{"type": "Result", "settings": settings} for settings in ({"a": "1"}, {}, {})]
    decided = decide(votes({str(at): {"d#1": one} for at, one in enumerate(said)}, SCHEMA), SCHEMA)["d#1"]
    assert decided.said["settings"] == {} and decided.sure["settings"] == pytest.approx(2 / 3)


# ---- whole runs ------------------------------------------------------------------------------------------------------


TYPES = [{"name": "Result", "attributes": ["model", {"name": "split", "kind": "choice", "options": ["dev", "test"]}, "settings{}"]}, {"name": "Size", "attributes": ["of"]}]


def piped(folder: Path, answer: Callable[[Body], str] | None, types: Any = TYPES, **sections: Any) -> tuple[Outcome, FakeLLM]:
    """A run over one Markdown file of a folder."""
    (folder / "papers").mkdir(exist_ok=True)
    (folder / "papers" / "a.md").write_text(f"We report accuracy.\n{MARKDOWN}", "utf-8")
    (folder / "records.yaml").write_text(json.dumps({"types": types}), "utf-8")
    config: dict[str, Any] = {
        "pipeline": "tables",
        "use_case": "Collect results.",
        "documents": {"source": "papers"},
        "records": {"source": "records.yaml"},
        "model": {"name": "fake"},
        "student": {"kinds": []},
    }
    (folder / "my.yaml").write_text(json.dumps({**config, **sections}), "utf-8")
    model = FakeLLM(answer)
    return run(load(folder / "my.yaml"), Progress(quiet=True), model), model


def test_from_a_file_to_a_table_of_records(tmp_path: Path) -> None:
    outcome, model = piped(tmp_path, reads)
    assert len(model.history) == 1
    found = ask(outcome.store, 'SELECT "row", "column", value, number, model, split FROM extracted."Result" ORDER BY "row", "column"').to_pylist()
    assert [tuple(one.values()) for one in found] == [
        (1, 1, "0.88", 0.88, "BERT–Large", "dev"),
        (1, 2, "0.91", 0.91, "BERT–Large", "test"),
        (2, 1, "0.88", 0.88, "GPT (345M)", "dev"),
        (2, 2, "0.93", 0.93, "GPT (345M)", "test"),
        (3, 1, "0.95", 0.95, "GPT (5B)", "dev"),
        (3, 2, "1,059", 1059.0, "GPT (5B)", "test"),
    ]
    counted = ask(outcome.store, "SELECT value FROM artifacts WHERE step = 'measures'").to_pylist()
    assert json.loads(counted[0]["value"]) == {"records": {"Result": 6}, "values": {"grounded": 12, "missing": 6}, "failed": 0}
    again, quiet = piped(tmp_path, None)
    assert again.already and again.run == outcome.run and quiet.history == []


def test_readings_of_a_table_vote(tmp_path: Path) -> None:
    """The second and third reading are shown the types in another order; one of three is wrong."""

    def wavers(body: Body) -> str:
        answer = reads(body)
        first = body["response_format"]["schema"]["properties"]["1,1"]["anyOf"][0]["properties"]["type"]["enum"]
        return answer.replace("BERT–Large", "GPT (5B)") if first == ["Size"] else answer

    outcome, model = piped(tmp_path, wavers, extract={"readings": 3})
    assert len(model.history) == 3
    found = ask(outcome.store, "SELECT text, confidence FROM record_values WHERE name = 'model' ORDER BY position").to_pylist()
    assert [one["text"] for one in found[:3]] == ["BERT–Large", "BERT–Large", "GPT (345M)"]
    assert [round(one["confidence"], 3) for one in found[:3]] == [0.667, 0.667, 1.0]
    cast = ask(outcome.store, "SELECT annotator, count(*) AS n FROM votes GROUP BY annotator ORDER BY annotator").to_pylist()
    assert [one["annotator"] for one in cast] == ["llm:fake/extract", "llm:fake/extract-2", "llm:fake/extract-3"]


@pytest.mark.parametrize("where", ["answer", "value"])
def test_half_of_a_surrogate_pair_or_a_control_character_stops_no_run(tmp_path: Path, where: str) -> None:
    def half(body: Body) -> str:
        answer = reads(body).replace("Large", "\\ud83d \\u0000\\u001b[2J" if where == "value" else "\ud83d")
        return answer.replace('"settings": {}', '"settings": {"\\ud83d BERT": "\\ud83d\\u0000"}')

    outcome, _ = piped(tmp_path, half)
    found = ask(outcome.store, "SELECT text FROM record_values WHERE text IS NOT NULL").to_pylist()
    assert len(found) >= 12 and not any(letter in one["text"] for one in found for letter in "\0\x1b\ud83d")


def test_readings_of_a_schema_with_one_type_are_asked_for_one_by_one(tmp_path: Path) -> None:
    """No two of them are the same question, whose answer would count twice."""
    types = [{"name": "Result", "attributes": ["model"]}]
    _, model = piped(tmp_path, None, types, extract={"readings": 4})
    assert len(model.history) == len({json.dumps(body) for body in model.history}) == 4


def test_a_schema_that_was_edited_makes_another_run(tmp_path: Path) -> None:
    first, _ = piped(tmp_path, None)
    second, model = piped(tmp_path, None, [{"name": "Result", "attributes": ["model"]}])
    assert second.run != first.run and not second.already and model.history


def test_a_value_without_a_record_is_counted_once(tmp_path: Path) -> None:
    """One of two readings misses a value: it has a record. Both miss another."""
    missed = {"extract": ["1,1", "3,2"], "extract-2": ["3,2"]}

    def misses(body: Body) -> str:
        step = "extract" if body["temperature"] in (0.0, 0.1, 0.2) and "Size" not in str(body["response_format"]["schema"]["properties"])[:200] else "extract-2"
        return json.dumps({key: one for key, one in json.loads(reads(body)).items() if key not in missed[step]})

    outcome, _ = piped(tmp_path, misses, extract={"readings": 2, "cells": 1})
    counted = json.loads(ask(outcome.store, "SELECT value FROM artifacts WHERE step = 'measures'").to_pylist()[0]["value"])
    run = show.find(outcome.store, outcome.run)
    assert counted["failed"] == 1 and [one["item"].rpartition("#")[2] for one in show.failed_cells(outcome.store, run)] == ["3,2"]


def test_a_run_that_is_out_of_budget_goes_on_later(tmp_path: Path) -> None:
    with pytest.raises(BudgetSpent):
        piped(tmp_path, reads, extract={"cells": 2}, budget={"calls": 2})
    outcome, model = piped(tmp_path, reads, extract={"cells": 2})
    assert len(model.history) == 1
    assert ask(outcome.store, 'SELECT count(*) AS n FROM extracted."Result"').to_pylist() == [{"n": 6}]


def test_a_model_that_answers_nonsense_leaves_a_failed_table_and_a_finished_run(tmp_path: Path) -> None:
    outcome, _ = piped(tmp_path, lambda body: "no idea")
    found = ask(outcome.store, "SELECT status, error FROM artifacts WHERE step = 'extract'").to_pylist()
    assert found[0]["status"] == "failed" and "no usable answer in 3 attempts" in found[0]["error"]
    assert ask(outcome.store, "SELECT status FROM runs").to_pylist() == [{"status": "finished"}]


def test_the_fake_model_runs_the_pipeline(tmp_path: Path) -> None:
    outcome, _ = piped(tmp_path, None)
    assert ask(outcome.store, "SELECT count(*) AS n FROM records").to_pylist() == [{"n": 6}]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"records": None}, r"'records' is missing in .*; add a line `records: \{source: records.yaml\}`"),
    ({"records": {"source": "none.yaml"}}, r"none.yaml"),
    ({"records": {"source": "records.yaml", "targets": "("}}, r"'\('"),
    ({"documents": {"source": "papers", "gold": "x"}}, "`documents: gold:` is not read by pipeline 'tables'; leave it out"),
    ({"documents": {"source": "nowhere"}}, "nowhere"),
    ({"labels": {"mode": "choice"}}, "section 'labels' in .* is not read by this pipeline"),
    ({"student": {"kinds": ["lora"]}}, "this pipeline has no student 'lora': cells, writer; write some of these"),
    ({"pipeline": "taxonomy", "records": None, "documents": {"source": "papers", "context": "x"}}, "`documents: context:` is not read by"),
]


@pytest.mark.parametrize(("sections", "said"), WRONG)
def test_what_can_not_be_used_is_said_before_anything_is_written(tmp_path: Path, sections: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        piped(tmp_path, reads, **sections)
    assert not (tmp_path / "limbeck-project").exists()
