"""First schemas from sample tables: by headers alone, and by a model that is scripted."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.dialects import Body
from limbeck.errors import ConfigError, GuardrailError
from limbeck.fakes import FakeLLM
from limbeck.programs.drafting import LETTERS, MOST_TABLES, shown
from limbeck.progress import Progress
from limbeck.proposing import propose
from limbeck.records.drafting import draft
from limbeck.records.headings import Heading, heading
from limbeck.records.reading import read_schema, write_schema
from limbeck.schemas.extraction import Attribute, RecordSchema
from limbeck.schemas.tables import Cell, Header, Table
from limbeck.sections import ModelSettings

Row = tuple[str, ...]


def table(*rows: Row, head: int = 1, sides: int = 1, caption: str = "") -> Table:
    """A table whose first rows name columns, whose first columns name rows; a row of one cell is a section."""
    columns = max(map(len, rows))
    cells: list[Cell] = []
    for row, texts in enumerate(rows):
        if len(texts) == 1:
            cells.append(Cell(row=row, column=0, columns=columns, text=texts[0], header="section"))
            continue
        for column, text in enumerate(texts):
            header: Header | None = "column" if row < head else "row" if column < sides else None
            cells.append(Cell(row=row, column=column, text=text, header=header))
    return Table(format="csv", caption=caption, rows=len(rows), columns=columns, cells=tuple(cells))


SCORES = table(("Model", "Accuracy (%)", "Speed, ms"), ("BERT", "88.1", "12"), ("GPT", "90.2", "30"), caption="Results on SGD")
REST = Attribute(name="conditions", kind="pairs", description="what else the table, its caption and its notes say of the value")


def attributes(*tables: Table, of: str = "Measurement") -> dict[str, Attribute]:
    return {one.name: one for one in draft(tables).type(of).attributes}


def test_the_draft_of_one_table() -> None:
    assert write_schema(draft([SCORES])).partition("\n\n")[2] == """\
name: my records
types:
  - name: Measurement
    description: 'a number that was measured, as "Results on SGD"'
    attributes:
      - {name: model, description: 'what the row is about, as "BERT", "GPT"'}
      - {name: measure, description: 'what was measured, as "Accuracy", "Speed"'}
      - {name: unit, description: 'the value''s unit, as "%", "ms"'}
      - name: conditions
        kind: pairs
        description: 'what else the table, its caption and its notes say of the value'
"""


def test_a_measure_of_several_tables_is_a_type() -> None:
    one = table(("Compound", "EC50 (μM)", "n"), ("1a", "5.2", "3"))
    two = table(("Receptor", "EC50 (nM)", "Yield"), ("Series A",), ("α1", "7.5", "3"))
    found = draft([one, two])
    assert found.names == ("EC50", "Count", "Measurement", "Other")
    assert list(attributes(one, two, of="EC50")) == ["compound", "section", "receptor", "unit", "conditions"]
    assert list(attributes(one, two, of="Count")) == ["compound", "measure", "conditions"]
    assert attributes(one, two)["measure"].description == 'what was measured, as "Yield"'


def test_measures_that_are_very_many_are_values_of_an_attribute() -> None:
    head = ("Model", *(f"Loss {n}" for n in range(7)))
    tables = [table(head, (f"m{n}", *(f"0.{n}{k}" for k in range(7)))) for n in range(2)]
    assert draft(tables).names == ("Measurement", "Other")
    assert attributes(*tables)["measure"].description == 'what was measured, as "Loss 0", "Loss 1", "Loss 2"'


def test_levels_of_headers() -> None:
    over = table(("Mode", "Accuracy", "Accuracy"), ("Mode", "345M", "5B"), ("zero shot", "0.1", "0.2"), head=2)
    assert list(attributes(over)) == ["mode", "measure", "column", "conditions"]
    assert attributes(over)["column"].description == 'what the column is about, as "345M", "5B"'
    under = table(("", "Train", "Test"), ("Corpus", "F1", "F1"), ("SGD", "0.1", "0.2"), head=2)
    assert list(attributes(under)) == ["corpus", "measure", "group", "conditions"]
    assert attributes(under)["group"].description == 'what the columns have in common, as "Train", "Test"'


def test_what_only_the_caption_says_is_asked_for() -> None:
    found = attributes(table(("", "SGD", "Assistant"), ("BERT", "0.1", "0.2")))
    assert found == {
        "row": Attribute(name="row", description='what the row is about, as "BERT"'),
        "measure": Attribute(name="measure", description="what was measured"),
        "column": Attribute(name="column", description='what the column is about, as "SGD", "Assistant"'),
        "conditions": REST,
    }


def test_kinds_of_attributes() -> None:
    head = ("Model", "Year", "Pretrained", "Split", "Notes", "F1")
    one = table(head, ("a", "2019", "✓", "dev", "x y", "0.1"), ("b", "2020", "✗", "test", "z", "0.2"), sides=5)
    two = table(head, ("c", "2021", "✓", "dev", "w", "0.1"), ("d", "2022", "✓", "test", "v", "0.2"), sides=5)
    found = attributes(one, two, of="F1")
    assert {name: (one.kind, one.options) for name, one in found.items()} == {
        "model": ("text", ()),
        "year": ("number", ()),
        "pretrained": ("boolean", ()),
        "split": ("choice", ("dev", "test")),
        "notes": ("text", ()),
        "conditions": ("pairs", ()),
    }


def test_names_that_are_taken() -> None:
    found = attributes(table(("Type", "Value", "Conditions", "Measure", "F1"), ("a", "b", "c", "d", "0.1"), sides=4))
    assert list(found) == ["type of row", "value of row", "conditions 2", "measure", "conditions"]
    other = [table(("Model", "Other (ms)"), (name, "0.5")) for name in "ab"]
    assert draft(other).names == ("Other 2", "Other")


def test_columns_of_values_name_no_row() -> None:
    found = attributes(table(("SiO2", "Na2O"), ("0.5", "0.5"), ("0.6", "0.4")))
    assert list(found) == ["measure", "column", "conditions"]


def test_tables_without_numbers() -> None:
    with pytest.raises(ConfigError, match="no number in the tables; name files whose tables hold some"):
        draft([table(("a", "b"), ("c", "d"))])


@pytest.mark.parametrize(
    ("text", "name", "unit"),
    [
        ("EC50 (μM)", "EC50", "μM"),
        ("EC50 (µM)", "EC50", "µM"),
        ("Density [g/cm3]", "Density", "g/cm3"),
        ("E A, J", "E A", "J"),
        ("Time in ms", "Time", "ms"),
        ("SiO2 (mol%)", "SiO2", "mol%"),
        ("wt.%", "", "wt.%"),
        ("Accuracy %", "Accuracy", "%"),
        ("Number density (1020 cm-3)", "Number density", "1020 cm-3"),
        ("F1 ↑", "F1", ""),
        ("coherence (NPMI)", "coherence (NPMI)", ""),
        ("Fixed (4)", "Fixed (4)", ""),
        ("settings{}", "settings", ""),
        ("", "", ""),
    ],
)
def test_headings(text: str, name: str, unit: str) -> None:
    assert heading(text) == Heading(name, unit)


@pytest.mark.parametrize(
    ("name", "measure", "count"),
    [("Accuracy", True, False), ("ROUGE-L", True, False), ("# Params", False, True), ("No. of cells", False, True), ("n", False, True), ("SGD", False, False), ("Notes", False, False), ("Number density", True, False)],
)
def test_measures_and_counts(name: str, measure: bool, count: bool) -> None:
    assert (heading(name).is_measure, heading(name).is_count) == (measure, count)


TEXTS = st.sampled_from(["Model", "F1 (%)", "type", "value", "Other", "# n", "0.5", "3", "✓", "", "a\x1b[2J", "{}", "x{}", "\ud800", "null", "no", 'a "b"', "π" * 80])
ROWS = st.integers(2, 4).flatmap(lambda width: st.lists(st.lists(TEXTS, min_size=width, max_size=width).map(tuple) | st.tuples(TEXTS), min_size=1, max_size=5))


@given(st.lists(st.tuples(ROWS, st.integers(0, 2), st.integers(0, 2), TEXTS), min_size=1, max_size=3))
def test_any_table_makes_a_schema_that_can_be_read_or_none(drawn: Any) -> None:
    from tempfile import TemporaryDirectory

    tables = [table(*rows, head=head, sides=sides, caption=caption) for rows, head, sides, caption in drawn]
    try:
        found = draft(tables)
    except ConfigError:
        return
    assert draft(tables) == found
    with TemporaryDirectory() as folder:
        file = Path(folder) / "my.yaml"
        file.write_text(write_schema(found), "utf-8")
        assert read_schema(file) == found


# ---- with a model ----------------------------------------------------------------------------------------------------

ATTRIBUTE = {"name": "system", "kind": "text", "description": "what was tested", "aliases": ["model"], "options": []}
SPLIT = {"name": "split", "kind": "choice", "description": "which part", "options": ["dev", "test"]}
GOOD = {"types": [{"name": "Result", "description": "a score", "attributes": [ATTRIBUTE, SPLIT]}]}
MARKDOWN = "| Model | F1 |\n|---|---|\n| BERT | 0.5 |\n| GPT | 0.7 |\n"


def changed(**values: Any) -> Any:
    return {"types": [{**GOOD["types"][0], "attributes": [{**ATTRIBUTE, **values}]}]}


def proposed(folder: Path, *answers: Any) -> tuple[FakeLLM, str]:
    (folder / "a.md").write_text(MARKDOWN, "utf-8")
    fake = FakeLLM([json.dumps(one) for one in answers])
    return fake, propose([str(folder / "a.md")], Progress(quiet=True), ModelSettings(name="big"), send=fake)


def told(body: Body) -> str:
    """What the model was told of its last answer."""
    return str(body["messages"][-1]["content"])


def test_a_models_proposal(tmp_path: Path) -> None:
    fake, text = proposed(tmp_path, GOOD)
    assert text.startswith("# A DRAFT, made from the headers of one table, and by big: edit it.")
    file = tmp_path / "my.yaml"
    file.write_text(text, "utf-8")
    found = read_schema(file)
    assert [one.model_dump() for one in found.types[0].attributes] == [
        {**ATTRIBUTE, "aliases": ("model",), "options": ()},
        {**SPLIT, "aliases": (), "options": ("dev", "test")},
    ]
    (body,) = fake.history
    assert "- model: what the row is about" in body["messages"][0]["content"] and "0.7" in told(body)
    kinds = body["response_format"]["schema"]["$defs"]["AttributeRow"]["properties"]["kind"]["enum"]
    assert kinds == ["text", "number", "boolean", "date", "choice", "pairs"]


REFUSED: dict[str, tuple[Any, str]] = {
    "no types": ({"types": []}, "'types': List should have at least 1 item"),
    "kind": (changed(kind="words"), "Input should be 'text'"),
    "reserved": (changed(name="value"), "attribute 'value' in type 'Result' of 'the answer' is what every record has"),
    "twice": ({"types": GOOD["types"] * 2}, "type 'Result' is twice in 'the answer'"),
    "no options": (changed(kind="choice"), "no options of attribute 'system'"),
    "a long description": (changed(description="a " * 50), "the description has 50 words; write at most 30"),
    "nothing but Other": ({"types": [{"name": "Other", "description": "rest", "attributes": []}]}, "no type of record in 'the answer'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_model_is_shown_what_is_wrong(case: str, tmp_path: Path) -> None:
    answer, mistake = REFUSED[case]
    fake, text = proposed(tmp_path, answer, GOOD)
    assert mistake in told(fake.history[1]) and "name: Result" in text and len(fake.history) == 2


def test_options_of_what_is_no_choice_are_left_out(tmp_path: Path) -> None:
    fake, text = proposed(tmp_path, changed(options=["BERT"]))
    assert len(fake.history) == 1 and "options:" not in text.partition("types:")[2]


def test_a_model_that_never_answers_well(tmp_path: Path) -> None:
    with pytest.raises(GuardrailError, match="no usable answer in 6 attempts"):
        proposed(tmp_path, *[{"types": []}] * 6)


def test_a_model_is_shown_some_tables_each_cut() -> None:
    long = table(("Model", "F1"), *((f"m{n}", f"0.{n}") for n in range(1000)))
    parts = shown([long] * 20).split("\n\n")
    assert 1 < len(parts) <= MOST_TABLES and all(len(part) == LETTERS + 2 for part in parts)
    assert shown([SCORES, SCORES]).count("BERT") == 2


# ---- the command -----------------------------------------------------------------------------------------------------


def limbeck(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "limbeck", "schema", "draft", *words], cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_a_draft_is_written_once(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(MARKDOWN, "utf-8")
    done = limbeck(tmp_path, "a.md", "--out", "my.yaml")
    assert (done.returncode, done.stdout) == (0, "wrote my.yaml; edit it, then: limbeck schema check my.yaml\n")
    text = (tmp_path / "my.yaml").read_text("utf-8")
    assert text.startswith("# A DRAFT, made from the headers of one table: edit it.")
    assert isinstance(read_schema(tmp_path / "my.yaml"), RecordSchema)
    done = limbeck(tmp_path, "a.md", "a.md")
    assert (done.returncode, done.stdout) == (0, text)  # The same table again is none more.
    done = limbeck(tmp_path, "a.md", "--out", "my.yaml")
    said = "limbeck: 'my.yaml' is there already; write another one with: --out other.yaml\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    assert (tmp_path / "my.yaml").read_text("utf-8") == text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a.md", "--base-url", "http://127.0.0.1:1/v1"], "no model at 'http://127.0.0.1:1/v1' is named; add --model NAME"),
        (["b.md"], "no file 'b.md'; did you mean 'a.md'?"),
        (["a.md", "-o", "no/such.yaml"], "can't write 'no/such.yaml' (No such file or directory); name a file in a folder that you may write to"),
    ],
)
def test_a_draft_that_is_not_made(words: list[str], message: str, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(MARKDOWN, "utf-8")
    done = limbeck(tmp_path, *words)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"limbeck: {message}\n")
    assert [one.name for one in tmp_path.iterdir()] == ["a.md"]


def test_a_draft_by_the_fake_model(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(MARKDOWN, "utf-8")
    done = limbeck(tmp_path, "a.md", "--model", "fake", "--quiet")
    assert (done.returncode, done.stderr) == (0, "") and "and by fake" in done.stdout
