"""Students that read cells of tables: taught on made-up tables, saved, loaded, and what becomes of a damaged folder."""

import json
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.encoder import Encoder
from limbeck.errors import ConfigError, StudentError
from limbeck.predicting import predict_file
from limbeck.schemas.extraction import Attribute, RecordSchema, RecordType
from limbeck.schemas.tables import Cell, Table, Target
from limbeck.sections import EMBEDDED
from limbeck.students import cell_files, cellwise, ridge, writer, writer_serving, writer_training
from limbeck.students.cell_candidates import around_table, candidates, spans
from limbeck.students.cell_lessons import CellLesson, drawn, tidy
from limbeck.students.cell_ranking import choose, gains, token_f1
from limbeck.students.cell_shapes import LOOKS, PLACES, Shapes, look, wholes
from limbeck.students.cellwise import CellReader
from limbeck.students.writer_files import read_writer
from limbeck.tables.describing import as_cell, column_path, row_path
from limbeck.tables.grid import Grid
from limbeck.tables.reading import parse
from limbeck.tables.targets import targets

SCHEMA = RecordSchema(
    types=(
        RecordType(
            name="Score",
            attributes=(Attribute(name="metric"), Attribute(name="model"), Attribute(name="settings", kind="pairs")),
        ),
        RecordType(name="Size", attributes=(Attribute(name="model"), Attribute(name="unit"))),
    )
)
MODELS = ("Oak", "Elm", "Ash", "Yew", "Fir", "Larch", "Birch", "Alder")
METRICS = ("Accuracy", "Recall", "Precision", "BLEU")


def table(seed: int) -> Table:
    """A table whose law is simple: the row names the model, the column the metric, `Size (…)` a size; the year is nothing."""
    rng = random.Random(seed)
    metrics, unit = rng.sample(METRICS, 2), rng.choice(["MB", "GB"])
    lines = [f"| Model | Epochs | {metrics[0]} | {metrics[1]} | Size ({unit}) | Year |", "|---|---|---|---|---|---|"]
    for model in rng.sample(MODELS, 4):
        name = f"{model}-{rng.randint(10, 99)}b"
        scores = [f"{rng.uniform(10, 99):.1f}" for _ in metrics]
        lines.append(f"| {name} | {rng.choice([5, 10])} | {scores[0]} | {scores[1]} | {rng.randint(100, 999)} | {rng.randint(2015, 2024)} |")
    return parse("\n".join([*lines, "", f"Table: Results of models on set {seed}"]), "markdown", source=f"paper{seed}")[0]


def truth(table: Table, target: Target) -> dict[str, Any]:
    """The law."""
    grid = Grid(table)
    header, model = grid.at(0, target.column).text, grid.at(target.row, 0).text
    if header in METRICS:
        return {"type": "Score", "metric": header, "model": model, "settings": {"Epochs": grid.at(target.row, 1).text}}
    if header.startswith("Size"):
        return {"type": "Size", "model": model, "unit": header[6:-1]}
    return {"type": "Other"}


def lessons(seeds: Sequence[int]) -> list[CellLesson]:
    made = [table(seed) for seed in seeds]
    return [CellLesson(one, target, truth(one, target)) for one in made for target in targets(one)]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load()


@pytest.fixture(scope="module")
def reader(encoder: Encoder) -> CellReader:
    return cellwise.fit(lessons(range(12)), SCHEMA, encoder, 0)


# ---- cells -----------------------------------------------------------------------------------------------------------


def test_a_law_is_learnt_and_holds_for_tables_not_seen(reader: CellReader) -> None:
    right: dict[str, list[bool]] = {}
    for seed in range(100, 106):
        one = table(seed)
        found = targets(one)
        for target, (said, sure) in zip(found, reader.read(one, found), strict=True):
            wanted = truth(one, target)
            assert 0 <= sure <= 1 and list(said) == ["type", *(each.name for each in SCHEMA.type(said["type"]).attributes)]
            right.setdefault("type", []).append(said["type"] == wanted["type"])
            if said["type"] == wanted["type"]:
                for name, value in wanted.items():
                    right.setdefault(name, []).append(said[name] == value)
    shares = {name: float(np.mean(found)) for name, found in right.items()}
    assert shares.pop("settings") > 0.6
    assert {name: share for name, share in shares.items() if share < 0.95} == {}


def test_the_same_lessons_teach_the_same(reader: CellReader, encoder: Encoder) -> None:
    again, one = cellwise.fit(lessons(range(12)), SCHEMA, encoder, 0), table(50)
    assert again.read(one, targets(one)) == reader.read(one, targets(one))


async def test_a_reader_is_loaded_as_it_was(reader: CellReader, tmp_path: Path) -> None:
    reader.save(tmp_path / "student")
    one = table(51)
    said = reader.read(one, targets(one))
    assert cellwise.load(tmp_path / "student").read(one, targets(one)) == said
    assert cell_files.is_cell_reader(tmp_path / "student") and not cell_files.is_cell_reader(tmp_path)
    async with cell_files.opened(tmp_path / "student", tmp_path / "log") as (schema, read):
        assert schema == SCHEMA and await read(one, targets(one)) == said
    written = "".join(path.read_text("utf-8") for path in (tmp_path / "student").glob("*.json"))
    assert str(tmp_path) not in written and "site-packages" not in written


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("student.json", "{"),
        ("student.json", '{"cells": 1}'),
        ("cells.safetensors", ""),
        ("cells.safetensors", None),
        ("types.txt", "tree"),
        ("any-type.txt", ""),
        ("attribute-0.txt", None),
    ],
)
def test_a_damaged_folder_says_what_to_do(reader: CellReader, file: str, content: str | None, tmp_path: Path) -> None:
    reader.save(tmp_path)
    if content is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_text(content, "utf-8")
    with pytest.raises(StudentError, match=r"is damaged .*train it again"):
        cellwise.load(tmp_path)


@pytest.mark.parametrize(("key", "value", "said"), [("cells", 99, "version 99"), ("schema", {"types": []}, "is damaged")])
def test_a_folder_whose_parts_are_not_one_students_is_refused(reader: CellReader, key: str, value: Any, said: str, tmp_path: Path) -> None:
    reader.save(tmp_path)
    told = json.loads((tmp_path / "student.json").read_text("utf-8"))
    (tmp_path / "student.json").write_text(json.dumps({**told, key: value}), "utf-8")
    with pytest.raises(StudentError, match=said):
        cellwise.load(tmp_path)


@pytest.mark.parametrize(
    "given",
    [
        lessons([1])[:1],
        lessons([1]),
        [CellLesson(one.table, one.target, {"type": "Other"}) for one in lessons([1, 2])],
        [CellLesson(one.table, one.target, {"type": "Score", "metric": None, "model": None}) for one in lessons([1, 2])],
    ],
    ids=["one cell", "one table", "nothing but Other", "nothing said"],
)
def test_few_or_empty_lessons_make_a_reader_all_the_same(given: list[CellLesson], encoder: Encoder) -> None:
    one = table(60)
    said = cellwise.fit(given, SCHEMA, encoder, 0).read(one, targets(one))
    assert len(said) == len(targets(one)) and {record["type"] for record, _ in said} <= set(SCHEMA.names)


def test_no_lesson_and_no_cell(reader: CellReader, encoder: Encoder) -> None:
    assert reader.read(table(1), []) == []
    with pytest.raises(StudentError, match="from no cell"):
        cellwise.fit([], SCHEMA, encoder, 0)


def test_a_type_without_attributes_and_one_of_choices(encoder: Encoder) -> None:
    schema = RecordSchema(types=(RecordType(name="Size", attributes=(Attribute(name="unit", kind="choice", options=("MB", "GB")),)), RecordType(name="Year")))
    taught = [
        CellLesson(one.table, one.target, {"type": "Year"} if column_path(Grid(one.table), one.target) == ["Year"] else one.said)
        for one in lessons(range(8))
    ]
    one = table(61)
    said = [record for record, _ in cellwise.fit(taught, schema, encoder, 0).read(one, targets(one))]
    assert {"type": "Year"} in said and {record["unit"] for record in said if record["type"] == "Size"} <= {"MB", "GB", None}


def test_predict_makes_rows_of_a_files_tables(reader: CellReader, tmp_path: Path) -> None:
    reader.save(tmp_path / "student")
    one = table(70)
    (tmp_path / "tables.md").write_text(one.markup, "utf-8")
    predict_file(tmp_path / "student", tmp_path / "tables.md", text=None, key=None, out=tmp_path / "rows.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text("utf-8").splitlines()]
    assert [(row["row"], row["column"], row["value"]) for row in rows] == [(at.row, at.column, at.value) for at in targets(one)]
    assert list(rows[0]) == ["key", "row", "column", "part", "value", "type", "attributes", "confidence"]
    score = next(row for row in rows if row["type"] == "Score")
    assert set(score["attributes"]) == {"metric", "model", "settings"} and score["key"] == "tables.md#1"
    predict_file(tmp_path / "student", tmp_path / "tables.md", text=None, key=None, out=tmp_path / "rows.csv")
    assert len((tmp_path / "rows.csv").read_text("utf-8").splitlines()) == len(rows) + 1


# ---- what they look at -----------------------------------------------------------------------------------------------

WIDE = parse(
    "<table><caption>IC50 values (nM) of two drugs</caption><tr><th rowspan=2>Compound</th><th colspan=2>Cells</th></tr>"
    "<tr><th>K562</th><th>CEM (day 2)</th></tr><tr><td colspan=3>Old ones</td></tr>"
    "<tr><td>12a</td><td>240</td><td>&gt; 3.5</td></tr></table>",
    "html",
)[0]
LAST = Target(row=3, column=2, value="3.5", start=2, end=5)


def test_a_cell_in_few_words() -> None:
    assert as_cell(WIDE, LAST) == "\n".join(
        [
            "Caption: IC50 values (nM) of two drugs",
            "Columns: Cells > CEM (day 2) > Old ones",
            "Row: 12a (Compound)",
            "Units: day 2, nM",
            "Below: Old ones | > 3.5",
            "Cells: 12a | 240 | [> 3.5]",
            "Value: 3.5",
        ]
    )
    assert row_path(Grid(WIDE), LAST) == [("12a", "Compound")]


def test_candidates_say_where_they_stand() -> None:
    found = {one.text: one.roles for one in candidates(WIDE, LAST, Grid(WIDE), around_table(WIDE))}
    assert "column1" in found["Old ones"] or "section" in found["Old ones"]
    assert "row1" in found["12a"] and "first" in found["12a"]
    assert "unit of caption" in found["nM"] and "unit of column" in found["day 2"] and "corner" in found["Compound"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("Accuracy on the SGD and the Assistant datasets", ["Accuracy", "SGD", "Assistant datasets"]),
        ("COCO val2017, mask R-CNN (3 runs).", ["COCO val2017", "mask R-CNN", "runs"]),
    ],
)
def test_phrases_of_a_text(text: str, found: list[str]) -> None:
    assert list(spans(text)) == found


@pytest.mark.parametrize(("said", "wanted", "score"), [("mol%", "mol", 1.0), ("a b", "b c", 0.5), ("", "", 0.0), ("±", "±", 1.0), ("x", "y", 0.0)])
def test_words_in_common(said: str, wanted: str, score: float) -> None:
    assert token_f1(said, wanted) == score


def test_what_adds_up_to_a_whole() -> None:
    numbers = np.array([[11.0, 60.0, 40.0, 7.0], [22.0, 55.0, 45.0, 8.0], [33.0, 50.0, 50.0, 9.0]])
    assert wholes(numbers).tolist() == [0, 1, 1, 0]


def test_constants_count_only_where_the_table_does_not_say_it() -> None:
    one, here = Attribute(name="unit"), candidates(WIDE, LAST, Grid(WIDE), around_table(WIDE))
    nowhere = [one for one in here if one.text != "nM"]
    constant = type(here[0])("nM", {"constant"})
    assert gains([*here, constant], "nM", one)[-1] == 0 and gains([*nowhere, constant], "nM", one)[-1] == 1
    assert choose(np.array([0.1, 0.9]), [here[0], constant], one) == "nM"


@given(st.text(max_size=40))
def test_any_text_has_looks(text: str) -> None:
    assert len(look(text)) == LOOKS and np.isfinite(look(text)).all()
    assert all(span.strip() for span in spans(text))


@settings(max_examples=40)
@given(st.lists(st.lists(st.text(alphabet="a1.±<(% ", max_size=6), min_size=3, max_size=3), min_size=1, max_size=4))
def test_any_grid_can_be_looked_at(texts: list[list[str]]) -> None:
    cells = tuple(Cell(row=row, column=column, text=text) for row, line in enumerate(texts) for column, text in enumerate(line))
    one = Table(format="csv", rows=len(texts), columns=3, cells=cells)
    for row in range(len(texts)):
        target = Target(row=row, column=1, value="1", start=0, end=1)
        assert len(Shapes(one, Grid(one)).place(target)) == PLACES
        assert candidates(one, target, Grid(one), around_table(one)) is not None and as_cell(one, target)


# ---- lessons and folds -----------------------------------------------------------------------------------------------


def test_lessons_are_drawn_evenly_over_tables() -> None:
    given = lessons([1, 2, 3])
    some = drawn(given, 100, 12, 0)
    assert sorted(sum(one.table is each for one in some) for each in {id(o.table): o.table for o in given}.values()) == [4, 4, 4]
    assert [given.index(one) for one in some] == sorted(given.index(one) for one in some)
    assert len(drawn(given, 2, 100, 0)) == 6 and drawn(given, 100, 12, 0) == some != drawn(given, 100, 12, 1)


def test_what_a_schema_does_not_know_is_no_lesson() -> None:
    assert tidy({"type": "Nothing", "x": 1}, SCHEMA) == {"type": "Other"}
    assert tidy({"type": "Size", "unit": " MB ", "x": 1}, SCHEMA) == {"type": "Size", "model": None, "unit": "MB"}


@given(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=30), st.integers(0, 5))
def test_a_group_is_held_out_whole(groups: list[str], seed: int) -> None:
    parts = ridge.folds(groups, seed)
    assert sorted(at for _, out in parts for at in out) == list(range(len(groups)))
    if len(set(groups)) > 1:
        assert all(not {groups[at] for at in kept} & {groups[at] for at in out} for kept, out in parts)


# ---- writer ----------------------------------------------------------------------------------------------------------


SHORT = RecordSchema(types=(RecordType(name="A", attributes=(Attribute(name="m"),)),))


def test_a_writer_learns_and_its_adapter_can_be_loaded(tiny: str, tmp_path: Path) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    heard: list[str] = []
    taught = [CellLesson(one.table, one.target, {"type": "A", "m": "same"}) for one in lessons([1, 2, 3])]
    made = writer.fit(taught[:-8], taught[-8:], SHORT, tiny, 0, heard.append, 60_000)
    losses = [float(line.split("held out ")[1]) for line in heard]
    assert len(losses) == writer_training.MOST_EPOCHS and losses[-1] < losses[0]
    made.save(tmp_path / "student")
    assert cell_files.is_cell_reader(tmp_path / "student") and read_writer(tmp_path / "student", RecordSchema) == (SHORT, tiny)
    loaded = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny), str(tmp_path / "student"))
    assert any("lora_B" in name and float(one.abs().sum()) > 0 for name, one in loaded.named_parameters())
    writer_training.merge(tiny, tmp_path / "student", tmp_path / "merged")
    one, base, given = AutoModelForCausalLM.from_pretrained(tmp_path / "merged"), AutoModelForCausalLM.from_pretrained(tiny), torch.arange(9).unsqueeze(0)
    apart = [float((other(given).logits - one(given).logits).abs().max()) for other in (loaded, base)]
    assert apart[0] < 0.1 * apart[1]


def test_a_damaged_adapter_is_not_served(tiny: str, tmp_path: Path) -> None:
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (tmp_path / name).write_text("{}", "utf-8")
    with pytest.raises(StudentError, match="is damaged .*train it again"):
        writer_training.merge(tiny, tmp_path, tmp_path / "merged")


@pytest.mark.parametrize(
    ("types", "said", "heavy"),
    [
        (("IC50", "EC50"), "IC50", "I"),
        (("IC50", "EC50"), "Other", "O"),
        (("Result", "Results"), "Result", 'R"'),
        (("Result", "Results"), "Results", "Rs"),
        (("Size",), "Size", "S"),
    ],
)
def test_letters_at_which_types_part_weigh_more(types: tuple[str, ...], said: str, heavy: str, tiny: str) -> None:
    from transformers import AutoTokenizer

    schema = RecordSchema(types=tuple(RecordType(name=one, attributes=(Attribute(name="m"),)) for one in types))
    cell = lessons([1])[0]
    made = writer.TokenLessons(writer_training.Tokens(AutoTokenizer.from_pretrained(tiny)), schema).lesson(CellLesson(cell.table, cell.target, {"type": said, "m": "IERO"}))
    text = writer.answer({"type": said, "m": "IERO"} if said != "Other" else {"type": said})
    assert "".join(text[at] for at, weight in enumerate(made.weights[:-1]) if weight > 1) == heavy and set(made.weights) == {1.0, writer.DECIDES}
    assert made.size == len(made.prompt) + len(text) + 1


def test_lessons_are_learnt_from_as_long_as_their_tokens_last(tiny: str) -> None:
    made = {most: writer.fit(lessons([1]), [], SCHEMA, tiny, 0, lambda _: None, most).metrics for most in (1, 5_500, 12_000, 60_000)}
    assert [one["cells"] for one in made.values()] == [1, 20, 20, 20]
    assert [round(one["tokens"] / made[5_500]["tokens"]) for one in made.values()] == [0, 1, 2, 3]
    assert all(one["tokens"] <= most for most, one in made.items() if most > 1)


def test_a_writer_is_shown_text_that_says_more_than_the_caption() -> None:
    one = table(1)
    caption, more = one.caption, f"As {one.caption} shows, the largest models of all need the fewest letters to say what they mean."
    shown = {text: writer.messages(one.model_copy(update={"paragraphs": ("First.", text)}), targets(one)[0])[1]["content"] for text in (caption, more)}
    assert shown[caption].startswith("Text: First.\n") and shown[more].startswith(f"Text: {more}\n")
    assert "Cells:" not in shown[more] and "Below:" not in shown[more]


def test_lessons_that_are_too_long_cost_no_others(tiny: str) -> None:
    long = CellLesson(table(3), targets(table(3))[0], {"type": "Size", "model": "x" * 150, "unit": "y" * 150})
    long = CellLesson(long.table.model_copy(update={"caption": "c" * 200, "notes": ("n" * 200,), "paragraphs": ("t" * 300,)}), long.target, long.said)
    made = [writer.fit([*lessons([1, 2]), *more], [], SCHEMA, tiny, 0, lambda _: None, 5_500).metrics["cells"] for more in ([], [long])]
    assert 15 < made[1] <= made[0] < 25


@pytest.mark.parametrize("lost", ["chat_template", "eos_token"])
def test_a_base_that_can_not_chat_is_named(lost: str, tiny: str, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny)
    setattr(tokenizer, lost, None)
    tokenizer.save_pretrained(tmp_path)
    AutoModelForCausalLM.from_pretrained(tiny).save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match=r"has no chat template or no end token; write `student: base:`"):
        writer.fit(lessons([1]), [], SCHEMA, str(tmp_path), 0, lambda _: None, 1)


@pytest.mark.parametrize("version", [1, 99])
def test_a_writer_of_another_limbeck_is_refused(version: int, tmp_path: Path) -> None:
    (tmp_path / "writer.json").write_text(json.dumps({"version": version, "schema": SHORT.model_dump(), "base": EMBEDDED}), "utf-8")
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (tmp_path / name).write_text("{}", "utf-8")
    with pytest.raises(StudentError, match=rf"has the version {version}, this limbeck reads 2; train it again"):
        read_writer(tmp_path, RecordSchema)


@pytest.mark.parametrize(("file", "content"), [("writer.json", "{"), ("writer.json", "{}"), ("adapter_config.json", None)])
async def test_a_damaged_writer_says_what_to_do(file: str, content: str | None, tmp_path: Path) -> None:
    (tmp_path / "writer.json").write_text(json.dumps({"version": writer_training.VERSION, "schema": SHORT.model_dump(), "base": EMBEDDED}), "utf-8")
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (tmp_path / name).write_text("{}", "utf-8")
    assert read_writer(tmp_path, RecordSchema) == (SHORT, EMBEDDED)
    if content is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_text(content, "utf-8")
    with pytest.raises(StudentError, match=r"is damaged .*train it again"):
        async with cell_files.opened(tmp_path, tmp_path / "log"):
            pass


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"type": "Size", "model": "Oak"}', ({"type": "Size", "model": "Oak", "unit": None}, 1.0)),
        ('Sure: {"type": "Other"}', ({"type": "Other"}, 1.0)),
        ('{"type": "Size", "model": "Oak", "unit": "M', ({"type": "Size", "model": "Oak", "unit": None}, 1.0)),
        ('{"type": "Si', ({"type": "Other"}, 0.0)),
        ("[" * 3000, ({"type": "Other"}, 0.0)),
        ('{"type": "Weight"}', ({"type": "Other"}, 0.0)),
        ("", ({"type": "Other"}, 0.0)),
    ],
)
async def test_what_a_writer_says_is_a_record_or_other(text: str, said: Any) -> None:
    asked = []

    async def send(body: dict[str, Any]) -> dict[str, Any]:
        asked.append(body)
        return {"choices": [{"message": {"content": text}}]}

    one = table(1)
    assert await writer.read(send, "writer", SCHEMA, one, targets(one)[:2]) == [said, said]
    assert [body["messages"] for body in asked] == [writer.messages(one, target) for target in targets(one)[:2]]


@pytest.mark.parametrize(
    ("tokens", "sure"),
    [
        ([('{"', 1.0), ("type", 1.0), ('":"', 1.0), ("Si", 0.5), ("ze", 0.8), ('","', 1.0), ("model", 0.1), ('":"Oak"}', 0.1)], 0.4),
        ([('{"type":"Size","model"', 0.3), (':"Oak"}', 0.1)], 0.3),
        ([], 1.0),
        (None, 1.0),
    ],
)
def test_a_writer_is_as_sure_as_its_type_is_likely(tokens: list[tuple[str, float]] | None, sure: float) -> None:
    told = tokens and {"content": [{"token": token, "logprob": math.log(likely)} for token, likely in tokens]}
    said, found = writer.heard({"message": {"content": '{"type":"Size","model":"Oak"}'}, "logprobs": told}, SCHEMA)
    assert said["model"] == "Oak" and found == pytest.approx(sure)


@pytest.mark.vllm
@pytest.mark.parametrize("merged", [True, False])
async def test_a_writer_is_served_merged_with_its_base_or_beside_it(merged: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMBECK_CALLS", "on")
    monkeypatch.setattr(writer_serving, "is_cpu_build", lambda: merged)
    made = writer.fit(lessons(range(4)), [], SCHEMA, EMBEDDED, 0, lambda _: None, 1500)
    made.save(tmp_path / "student")
    one = table(80)
    async with cell_files.opened(tmp_path / "student", tmp_path / "vllm.log") as (_, read):
        said = await read(one, targets(one)[:4])
    assert all(0 < sure <= 1 for _, sure in said) and {record["type"] for record, _ in said} <= set(SCHEMA.names)
