"""Schemas of records: what may be written, what is refused and how, what is noted, and what comes back."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from limbeck.errors import ConfigError
from limbeck.records.checking import MOST_ATTRIBUTES, notes
from limbeck.records.forms import schema_of
from limbeck.records.reading import read_schema, write_schema
from limbeck.schemas.extraction import Attribute, RecordSchema, RecordType
from limbeck.visible import visible

ROOT = Path(__file__).parents[1]


def written(folder: Path, text: Any, name: str = "my.yaml") -> Path:
    file = folder / name
    file.write_text(text if isinstance(text, str) else json.dumps(text), "utf-8")
    return file


def refusal(source: str | Path) -> list[str]:
    with pytest.raises(ConfigError) as error:
        read_schema(source)
    assert error.value.exit_code == 2
    return str(error.value).splitlines()


FULL = """\
name: machine-learning results
description: scores
types:
  - name: Result
    description: a score of a model
    aliases: [score]
    attributes:
      - metric
      - {name: training set, description: what it learned from, aliases: [corpus]}
      - {name: year, kind: number}
      - {name: public, kind: boolean}
      - {name: printed, kind: date}
      - {name: split, kind: choice, options: [dev, test]}
      - {name: settings, kind: pairs}
  - Other
"""
RESULT = RecordType(
    name="Result",
    description="a score of a model",
    aliases=("score",),
    attributes=(
        Attribute(name="metric"),
        Attribute(name="training set", description="what it learned from", aliases=("corpus",)),
        Attribute(name="year", kind="number"),
        Attribute(name="public", kind="boolean"),
        Attribute(name="printed", kind="date"),
        Attribute(name="split", kind="choice", options=("dev", "test")),
        Attribute(name="settings", kind="pairs"),
    ),
)


def test_a_whole_schema(tmp_path: Path) -> None:
    wanted = RecordSchema(name="machine-learning results", description="scores", types=(RESULT,))
    assert read_schema(written(tmp_path, FULL)) == wanted
    as_json = written(tmp_path, yaml.safe_load(FULL), "my.json")
    assert read_schema(str(as_json)) == wanted and read_schema(as_json).id == wanted.id


TWO = RecordSchema(
    types=(
        RecordType(name="Result", attributes=(Attribute(name="metric"), Attribute(name="settings", kind="pairs"))),
        RecordType(name="Stat", attributes=(Attribute(name="no", kind="choice", options=("yes", "no", "007")),)),
    )
)
SHAPES = {
    "by name": "types: {Result: [metric, 'settings{}'], Stat: {attributes: [{name: no, options: [yes, no, 007]}]}}",
    "names alone": "{Result: [metric, 'settings{}'], Stat: [{no: [yes, no, 007]}], Other: []}",
    "attributes by name": "types: {Result: {attributes: {metric: , settings: pairs}}, Stat: [no: {options: [yes, no, 007]}]}",
    "one key a type": "types:\n- Result: [metric: text, settings: {kind: pairs}]\n- Stat: [{name: no, kind: choice, options: [yes, no, 007]}]",
    "blanks": "types: {' Result ': [' metric', 'settings {}'], Stat: [{no: ['yes ', no, '007']}], Other: }",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_shorter_shapes_say_the_same(shape: str, tmp_path: Path) -> None:
    assert read_schema(written(tmp_path, SHAPES[shape])) == TWO


def test_numbers_in_json_stay_as_they_are_written(tmp_path: Path) -> None:
    file = written(tmp_path, '{"types": {"A": {"attributes": {"b": [1.50, 2, true]}, "aliases": 7}}}', "my.json")
    (attribute,) = read_schema(file).types[0].attributes
    assert attribute.options == ("1.50", "2", "true")
    assert read_schema(file).types[0].aliases == ("7",)


# ---- mistakes --------------------------------------------------------------------------------------------------------

EXAMPLE = "write `types: [{name: Result, attributes: [metric, model]}]`"
REFUSED: dict[str, tuple[str, list[str]]] = {
    "empty": ("", [f"no schema in 'my.yaml'; {EXAMPLE}"]),
    "a list": ("[a, b]", [f"no schema in 'my.yaml'; {EXAMPLE}"]),
    "no types": ("name: a", [f"no type of record in 'my.yaml'; {EXAMPLE}"]),
    "nothing but Other": ("types: [Other]", [f"no type of record in 'my.yaml'; {EXAMPLE}"]),
    "types are a word": ("types: Result", ["'types' in 'my.yaml' can't be 'Result'; write a list: `types: [one, another]`"]),
    "not YAML": ("types: [a, b\nname: c", [f"schema 'my.yaml' is not YAML at line 2; {EXAMPLE}"]),
    "a tag": ("types: !!python/object:os.system {}", [f"schema 'my.yaml' is not YAML at line 1; {EXAMPLE}"]),
    "a key twice": ("types: []\ntypes: []", ["key 'types' is in 'my.yaml' twice, again at line 2; write it once"]),
    "several schemas": (
        "{ml: {A: [b]}, chem: {C: [d]}}",
        ["'my.yaml' holds several schemas ('ml', 'chem'); write each into a file of its own"],
    ),
    "unknown keys": (
        "nmae: x\ntypes: [{name: A, atributes: [b]}, {name: B, attributes: [{name: c, zzz: 1}]}]",
        [
            "unknown key 'nmae' in 'my.yaml'; write 'name'",
            "unknown key 'atributes' in type 'A' of 'my.yaml'; write 'attributes'",
            "unknown key 'zzz' of attribute 'c' in type 'B' of 'my.yaml'; write one of: kind, description, aliases, options",
        ],
    ),
    "names twice": (
        "types: [{name: A, attributes: [b, 'b{}', {name: b, kind: number}]}, A]",
        [
            "attribute 'b' is twice in type 'A' of 'my.yaml'; write it once, or name one otherwise",
            "type 'A' is twice in 'my.yaml'; write it once, or name one otherwise",
        ],
    ),
    "words twice": (
        "types: {A: {aliases: [x, x], attributes: {b: [c, c]}}}",
        [
            "'c' is twice in 'options' of attribute 'b' in type 'A' of 'my.yaml'; write it once",
            "'x' is twice in 'aliases' in type 'A' of 'my.yaml'; write it once",
        ],
    ),
    "Other with attributes": (
        "types: {A: [b], Other: [c]}",
        ["type 'Other' in 'my.yaml' has attributes, and stands for what is of no type; leave it out"],
    ),
    "reserved": (
        "types: {A: [value, type]}",
        [
            "attribute 'value' in type 'A' of 'my.yaml' is what every record has; leave it out, or name it otherwise",
            "attribute 'type' in type 'A' of 'my.yaml' is what every record has; leave it out, or name it otherwise",
        ],
    ),
    "kinds": (
        "types: {A: [{name: a, kind: nubmer}, {name: b, kind: zzz}, {name: c, kind: [1]}]}",
        [
            "unknown kind 'nubmer' of attribute 'a' in type 'A' of 'my.yaml'; write 'number'",
            "unknown kind 'zzz' of attribute 'b' in type 'A' of 'my.yaml'; write one of: text, number, boolean, date, choice, pairs",
            "unknown kind ['1'] of attribute 'c' in type 'A' of 'my.yaml'; write one of: text, number, boolean, date, choice, pairs",
        ],
    ),
    "options": (
        "types: {A: [{name: a, kind: choice}, {name: b, kind: text, options: [c]}, {name: d, options: e}, {'f{}': [g]}]}",
        [
            "no options of attribute 'a' in type 'A' of 'my.yaml'; add `options: [dev, test]`, or write another kind",
            "options of attribute 'b' in type 'A' of 'my.yaml', whose kind is 'text'; write `kind: choice`, or leave them out",
            "'options' of attribute 'd' in type 'A' of 'my.yaml' can't be 'e'; write a list: `options: [one, another]`",
            "kind 'choice' of attribute 'f' in type 'A' of 'my.yaml', whose name ends in '{}'; write `kind: pairs`",
        ],
    ),
    "what is said of a name": (
        "types: {A: {attributes: {b: the metric, c: {description: [x]}}}, B: 7}",
        [
            "attribute 'b' in type 'A' of 'my.yaml' can't be 'the metric'; write one of text, number, boolean, date, choice, "
            "pairs, or `b: {description: …}`",
            "'description' of attribute 'c' in type 'A' of 'my.yaml' can't be ['x']; write a text",
            "type 'B' in 'my.yaml' can't be '7'; write `B: [metric, model]`",
        ],
    ),
    "no names": (
        "types: [{attributes: [a]}, [b], '', {name: C, attributes: [{kind: text}, null]}]",
        [
            "a type in 'my.yaml' has no name: {'attributes': ['a']}; add `name: …` to it",
            "['b'] in 'my.yaml' is no name for a type; write a text, in quotes where in doubt",
            "'' in 'my.yaml' is no name for a type; write a text, in quotes where in doubt",
            "an attribute in type 'C' of 'my.yaml' has no name: {'kind': 'text'}; add `name: …` to it",
            "None in type 'C' of 'my.yaml' is no name for an attribute; write a text, in quotes where in doubt",
        ],
    ),
    "a character": (
        'types: ["A\\e[2J"]',
        ["'A\\x1b[2J' of type 'A\\x1b[2J' in 'my.yaml' has a character that can't be shown; write it without"],
    ),
    "a list in itself": (
        "types: &a [*a]",
        ["[[[[[[[...]]]]]]] in 'my.yaml' is no name for a type; write a text, in quotes where in doubt"],
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_every_mistake_is_one_line(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text, lines = REFUSED[case]
    written(tmp_path, text)
    assert refusal("my.yaml") == lines


def test_what_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, "types: [A]", "records.yaml")
    assert refusal("record.yaml") == ["no schema 'record.yaml'; did you mean 'records.yaml'?"]
    assert refusal("zzz") == [f"no schema 'zzz'; {EXAMPLE} into it"]
    assert refusal(tmp_path)[0].endswith("(Is a directory); name a file that you may read")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    assert refusal("bytes.yaml") == [f"schema 'bytes.yaml' is not UTF-8 text; {EXAMPLE} into a text file"]
    written(tmp_path, '{"types": [\n"A",,]}', "my.json")
    assert refusal("my.json")[0].startswith("schema 'my.json' is not JSON at line 2 (Expecting value)")
    written(tmp_path, '{"types": {"A": 1, "A": 2}}', "my.json")
    assert refusal("my.json") == ["key 'A' is in 'my.json' twice; write it once"]


@pytest.mark.parametrize("name", ["deep.yaml", "deep.json"])
def test_what_is_nested_too_deeply(name: str, tmp_path: Path) -> None:
    assert len(refusal(written(tmp_path, "[" * 100_000 + "]" * 100_000, name))) == 1


def test_a_file_that_unfolds_without_end_is_refused_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)), "types: *a59"]
    assert len(refusal(written(tmp_path, "\n".join(lines)))) > 1


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "types", "attributes", "kind", "options", "aliases", "Other", "a"]), inner, max_size=3), max_leaves=12))
def test_any_values_are_a_schema_or_mistakes(values: Any) -> None:
    try:
        schema = schema_of(values, "x")
    except ConfigError as error:
        assert all("; " in line for line in str(error).splitlines())
    else:
        assert schema.types and all(one.name != "Other" for one in schema.types)


# ---- JSON Schema -----------------------------------------------------------------------------------------------------


def of_json(properties: Any, **more: Any) -> Any:
    return {"title": "Result", "type": "object", "properties": properties, **more}


KINDS: dict[str, tuple[Any, Attribute]] = {
    "string": ({"type": "string"}, Attribute(name="a")),
    "anything": ({}, Attribute(name="a")),
    "anything, as a truth value": (True, Attribute(name="a")),
    "integer": ({"type": "integer"}, Attribute(name="a", kind="number")),
    "number or null": ({"type": ["number", "null"]}, Attribute(name="a", kind="number")),
    "integer or number": ({"type": ["integer", "number"]}, Attribute(name="a", kind="number")),
    "number or text": ({"type": ["number", "string"]}, Attribute(name="a")),
    "boolean or null": ({"anyOf": [{"type": "boolean"}, {"type": "null"}]}, Attribute(name="a", kind="boolean")),
    "date": ({"type": "string", "format": "date"}, Attribute(name="a", kind="date")),
    "date-time": ({"type": "string", "format": "date-time"}, Attribute(name="a", kind="date")),
    "other format": ({"type": "string", "format": "email"}, Attribute(name="a")),
    "enum": ({"enum": ["x", 1.5, True, None]}, Attribute(name="a", kind="choice", options=("x", "1.5", "true"))),
    "const": ({"const": "x"}, Attribute(name="a", kind="choice", options=("x",))),
    "consts": ({"oneOf": [{"const": "x"}, {"const": "y"}, {"const": None}]}, Attribute(name="a", kind="choice", options=("x", "y"))),
    "pairs": ({"type": "object", "additionalProperties": {"type": "string"}}, Attribute(name="a", kind="pairs")),
    "pairs or null": ({"type": ["object", "null"], "additionalProperties": True}, Attribute(name="a", kind="pairs")),
    "a reference": ({"$ref": "#/$defs/S~1%20x", "description": "mine"}, Attribute(name="a", kind="choice", options=("p", "q"), description="mine")),
    "a part": ({"allOf": [{"$ref": "#/$defs/S~1%20x"}]}, Attribute(name="a", kind="choice", options=("p", "q"), description="theirs")),
    "described": (
        {"type": "string", "description": "d", "x-aliases": ["b"], "title": "See"},
        Attribute(name="a", description="d", aliases=("b", "See")),
    ),
    "titled by its own name": ({"type": "string", "title": "A"}, Attribute(name="a")),
}


@pytest.mark.parametrize("case", KINDS)
@pytest.mark.parametrize("name", ["my.json", "my.yaml"])
def test_kinds_of_json_schema(case: str, name: str, tmp_path: Path) -> None:
    node, wanted = KINDS[case]
    defs = {"S/ x": {"enum": ["p", "q"], "description": "theirs", "title": "S"}}
    schema = read_schema(written(tmp_path, of_json({"a": node}, **{"$defs": defs}), name))
    assert schema.types == (RecordType(name="Result", attributes=(wanted,)),)


A, B = of_json({"x": {"type": "string"}}, title="A"), of_json({"y": {"type": "number"}}, title="B", description="of b")
BOTH = (
    RecordType(name="A", attributes=(Attribute(name="x"),)),
    RecordType(name="B", description="of b", attributes=(Attribute(name="y", kind="number"),)),
)
SEVERAL: dict[str, Any] = {
    "oneOf": {"oneOf": [A, B]},
    "anyOf of references": {"anyOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}], "$defs": {"A": A, "B": B}},
    "definitions alone": {"definitions": {"A": A, "S": {"enum": ["x"]}, "B": B}},
    "definitions without titles": {"$defs": {name: {k: v for k, v in one.items() if k != "title"} for name, one in (("A", A), ("B", B))}},
    "items": {"type": "array", "items": {"oneOf": [A, B]}},
    "an object of lists": {
        "type": "object",
        "properties": {"as": {"type": "array", "items": A}, "bs": {"anyOf": [{"type": "array", "items": B}, {"type": "null"}]}},
    },
    "one within the other": {"oneOf": [{"$ref": "#/$defs/A"}, {"type": "array", "items": {"$ref": "#/$defs/B"}}], "$defs": {"A": A, "B": B}},
}


@pytest.mark.parametrize("case", SEVERAL)
def test_several_types_of_json_schema(case: str, tmp_path: Path) -> None:
    schema = read_schema(written(tmp_path, {**SEVERAL[case], "title": "Both", "description": "of both"}, "my.json"))
    assert schema == RecordSchema(name="Both", description="of both", types=BOTH)


BROKEN: dict[str, tuple[Any, list[str]]] = {
    "no title": ({"type": "object", "properties": {"a": {}}}, ["an object has no title in 'my.json'; add `\"title\": \"Result\"`, the name of its type"]),
    "a scalar": ({"$ref": "#/$defs/S", "$defs": {"S": {"type": "string"}}}, ["'S' is no object in 'my.json'; write `\"type\": \"object\"` and `\"properties\": {…}`"]),
    "an object, a list": (
        of_json({"a": {"type": "object", "properties": {"b": {}}}, "c": {"type": "array", "items": {"type": "string"}}, "d": {}}),
        [
            f"attribute {name!r} of type 'Result' holds an object or a list in 'my.json'; make the object a type of its own, "
            "write an object with `additionalProperties` for pairs, or a text"
            for name in ("a", "c")
        ],
    ),
    "a reference to nothing": (
        of_json({"a": {"$ref": "#/$defs/Splt"}}, **{"$defs": {"Split": {"type": "string"}}}),
        [
            "`$ref` '#/$defs/Splt' points nowhere in 'my.json'; write '#/$defs/Split'",
            "attribute 'a' of type 'Result' refers to itself or to nothing in 'my.json'; write what it is: `{\"type\": \"string\"}`",
        ],
    ),
    "a reference to elsewhere": (
        {"$ref": "http://localhost/a.json"},
        ["`$ref` 'http://localhost/a.json' points nowhere in 'my.json'; write a local one, '#/$defs/…'"],
    ),
    "a circle": (
        of_json({"a": {"$ref": "#/$defs/A"}, "b": {"type": "string"}}, **{"$defs": {"A": {"anyOf": [{"$ref": "#/$defs/B"}]}, "B": {"$ref": "#/$defs/A"}}}),
        ["attribute 'a' of type 'Result' refers to itself or to nothing in 'my.json'; write what it is: `{\"type\": \"string\"}`"],
    ),
    "nothing but itself": ({"$ref": "#"}, [f"no type of record in 'my.json'; {EXAMPLE}"]),
    "several parts": (
        {"title": "A", "allOf": [A, B]},
        ["'my.json' has several parts in `allOf` in 'my.json'; write them as one object"],
    ),
    "reserved, and no option": (
        of_json({"value": {"type": "number"}, "b": {"enum": [None, None]}}),
        [
            "attribute 'value' in type 'Result' of 'my.json' is what every record has; leave it out, or name it otherwise",
            "no options of attribute 'b' in type 'Result' of 'my.json'; add `options: [dev, test]`, or write another kind",
        ],
    ),
    "no schema in a place": (of_json({"a": 7}), ["'7' is no JSON Schema in 'my.json'; write `{\"type\": \"string\"}`", "attribute 'a' of type 'Result' refers to itself or to nothing in 'my.json'; write what it is: `{\"type\": \"string\"}`"]),
}


@pytest.mark.parametrize("case", BROKEN)
def test_mistakes_of_json_schema(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    values, lines = BROKEN[case]
    written(tmp_path, values, "my.json")
    assert refusal("my.json") == lines


def test_definitions_that_unfold_without_end_are_read_at_once(tmp_path: Path) -> None:
    defs: dict[str, Any] = {"d0": {"type": "string"}}
    defs |= {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n - 1}"}] * 3} for n in range(1, 60)}
    file = written(tmp_path, of_json({"a": {"$ref": "#/$defs/d59"}}, **{"$defs": defs}), "my.json")
    assert read_schema(file).types[0].attributes == (Attribute(name="a"),)


# ---- classes ---------------------------------------------------------------------------------------------------------

CLASSES = '''\
from __future__ import annotations
from datetime import date
from typing import Literal, Optional, Union
from pydantic import BaseModel, Field

class Result(BaseModel):
    """a score of a model"""
    type: Literal["Result"] = "Result"
    metric: str
    training_set: Optional[str] = Field(None, description="what it learned from", json_schema_extra={"x-aliases": ["corpus"]})
    year: Union[int, None] = None
    split: Literal["dev", "test"] = "test"
    printed: Optional[date] = None
    settings: dict[str, str] = {}

class Stat(BaseModel):
    amount: float

class Deep(BaseModel):
    inner: Optional[Deep] = None

Both = Union[Result, Stat]
Listed = [Result, Stat]
number = 7
'''
FROM_CLASS = RecordType(
    name="Result",
    description="a score of a model",
    attributes=(
        Attribute(name="metric"),
        Attribute(name="training_set", description="what it learned from", aliases=("corpus",)),
        Attribute(name="year", kind="number"),
        Attribute(name="split", kind="choice", options=("dev", "test")),
        Attribute(name="printed", kind="date"),
        Attribute(name="settings", kind="pairs"),
    ),
)


def test_a_class_a_union_and_a_list(tmp_path: Path) -> None:
    file = written(tmp_path, CLASSES, "records.py")
    assert read_schema(f"{file}:Result").types == (FROM_CLASS,)
    stat = RecordType(name="Stat", attributes=(Attribute(name="amount", kind="number"),))
    assert read_schema(f"{file}:Both").types == read_schema(f"{file}:Listed").types == (FROM_CLASS, stat)


def test_a_class_of_a_package(tmp_path: Path) -> None:
    assert read_schema("limbeck.schemas.labels:Label").types[0].name == "Label"
    assert refusal("limbeck.schemas.tables:Cel") == ["no 'Cel' in 'limbeck.schemas.tables'; write 'limbeck.schemas.tables:Cell'"]
    assert refusal("no.such:Class")[0].startswith("can't import 'no.such' (ModuleNotFoundError: No module named 'no'")


def test_a_file_runs_only_where_its_class_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, "open('ran', 'w')\nraise SystemExit('over')", "bad.py")
    assert refusal("bad.py") == ["'bad.py' is a program; name a class in it: 'bad.py:Result'"]
    assert not (tmp_path / "ran").exists()
    assert refusal("bad.py:Result") == ["'bad.py' can't be run (SystemExit: over); try: python -P 'bad.py'"]
    assert (tmp_path / "ran").exists()


def test_mistakes_of_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, CLASSES, "records.py")
    assert refusal("records.py:Resul") == ["no 'Resul' in 'records.py'; write 'records.py:Result'"]
    assert refusal("records.py:number")[0].startswith("'records.py:number' has no JSON Schema (")
    assert refusal("records.py:date") == ["'records.py:date' is <class 'datetime.date'>, no record; name a pydantic class, a union or a list of some"]
    assert refusal("records.py:Deep")[0].startswith("attribute 'inner' of type 'Deep' holds an object or a list")
    assert refusal("none.py:Result") == ["can't open 'none.py' (No such file or directory); name a file that is there: 'my.py:Result'"]


# ---- there and back --------------------------------------------------------------------------------------------------


def line(text: str) -> str:
    return " ".join(visible(text).split())


WORDS = st.one_of(st.text(max_size=12), st.sampled_from(["null", "no", "~", "007", "a: b", "# x", "- y", "[z]", "&a", "*b", "!t", "'", '"', "%", "@", "…", "a,b", "=", "<<"])).map(line)
NAMES = WORDS.filter(lambda text: bool(text) and text not in ("value", "type", "Other") and not text.endswith("{}"))
LISTS = st.lists(WORDS.filter(bool), max_size=3, unique=True).map(tuple)
TEXTS = st.text(max_size=300).map(lambda text: visible(text).strip())


@st.composite
def attributes(draw: st.DrawFn, name: str) -> Attribute:
    kind = draw(st.sampled_from(["text", "number", "boolean", "date", "choice", "pairs"]))
    options = draw(LISTS.filter(bool)) if kind == "choice" else ()
    return Attribute(name=name, kind=kind, description=draw(TEXTS), aliases=draw(LISTS), options=options)


@st.composite
def types(draw: st.DrawFn, name: str) -> RecordType:
    names = draw(st.lists(NAMES, max_size=4, unique=True))
    return RecordType(name=name, description=draw(TEXTS), aliases=draw(LISTS), attributes=tuple(draw(attributes(one)) for one in names))


@st.composite
def schemas(draw: st.DrawFn) -> RecordSchema:
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    return RecordSchema(name=draw(TEXTS), description=draw(TEXTS), types=tuple(draw(types(one)) for one in names))


@given(schemas(), st.text(max_size=40).map(visible))
def test_what_is_written_is_read_again(schema: RecordSchema, note: str) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        assert read_schema(written(Path(folder), write_schema(schema, note))) == schema
    assert notes(schema) is not None


def test_what_a_person_gets_to_edit() -> None:
    assert write_schema(RecordSchema(name="scores", types=(RESULT,)), "A draft.\n\nEdit it.") == """\
# A draft.
#
# Edit it.
# What limbeck reads from tables: types of records, and what a record says of its value. Check it: limbeck schema check FILE
# An attribute is a bare name, or a name with any of these:
#   description: what it means, for the model    aliases: [other names that tables give it]
#   kind: text (where none is said), number, boolean, date, choice (with `options: […]`), or pairs (any keys and values)
# What is of no type becomes `Other`, which needs no line here.

name: scores
types:
  - name: Result
    description: a score of a model
    aliases: [score]
    attributes:
      - metric
      - {name: training set, description: what it learned from, aliases: [corpus]}
      - {name: year, kind: number}
      - {name: public, kind: boolean}
      - {name: printed, kind: date}
      - {name: split, kind: choice, options: [dev, test]}
      - {name: settings, kind: pairs}
"""


# ---- notes and the command -------------------------------------------------------------------------------------------

NOTED: dict[str, tuple[str, list[str]]] = {
    "nothing": ("{A: {description: d, attributes: {b: {description: e}}}}", []),
    "no description": (
        "{A: [b, c]}",
        [
            "type 'A' has no description; say in a sentence which values are such records",
            "no description of 'b', 'c' in type 'A'; a model that is told what a name means reads better",
        ],
    ),
    "alike": (
        "{A: {description: d, attributes: {b c: &x {description: e}, b_C: *x, Value: *x}}, other: {description: d, attributes: {b: *x}}}",
        [
            "types 'other' and 'Other' of the schema look alike; name one otherwise",
            "attributes 'b c' and 'b_C' of type 'A' look alike; name one otherwise",
            "attributes 'Value' and 'value' of type 'A' look alike; name one otherwise",
        ],
    ),
    "aliases": (
        "{A: {description: d, aliases: [B], attributes: {b: {description: e, aliases: [C, B, x]}, c: {description: e, aliases: [X]}}}, "
        "B: {description: d, attributes: {b: {description: e}}}}",
        [
            "alias 'B' of type 'A' is the name of another type",
            "alias 'C' of attribute 'b' in type 'A' stands for 'c', too",
            "alias 'B' of attribute 'b' in type 'A' is its name; leave it out",
            "alias 'X' of attribute 'c' in type 'A' stands for 'b', too",
        ],
    ),
    "options": (
        "{A: {description: d, attributes: {b: {description: e, options: [x]}, c: {description: e, options: [y, Y]}}}}",
        [
            "'b' of 'A' has one option, 'x'; a choice needs another",
            "options 'y' and 'Y' of 'c' of 'A' look alike; name one otherwise",
        ],
    ),
    "sizes": (
        "{A: {description: d}, B: {description: '" + "d" * 501 + "', attributes: [" + ", ".join(f"{{name: a{n}, description: e}}" for n in range(41)) + "]}}",
        [
            "type 'A' has no attributes; its records say nothing but a value",
            "type 'B' has 41 attributes; divide it into types of 40 at most",
            "the description of type 'B' has 501 characters; it is in every prompt, so be brief",
        ],
    ),
}


@pytest.mark.parametrize("case", NOTED)
def test_notes(case: str, tmp_path: Path) -> None:
    text, said = NOTED[case]
    assert notes(read_schema(written(tmp_path, f"types: {text}"))) == said
    assert MOST_ATTRIBUTES == 40


def limbeck(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "limbeck", *words], cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_the_starter_has_no_mistake_and_no_note() -> None:
    assert notes(read_schema(ROOT / "limbeck" / "configs" / "schemas" / "records.yaml")) == []


def test_check_prints_types_attributes_and_notes(tmp_path: Path) -> None:
    written(tmp_path, "types: {'[red]': {description: d, attributes: [b, {c: [x, z]}]}}")
    done = limbeck(tmp_path, "schema", "check", "my.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [" ".join(one.split()) for one in done.stdout.splitlines()]
    noted = "- no description of 'b', 'c' in type '[red]'; a model that is told what a name means reads better"
    assert lines == ["type attribute kind also called description", "[red] d", "b text", "c choice: x, z", noted]


def test_check_as_json(tmp_path: Path) -> None:
    file = written(tmp_path, "types: {A: {description: d, attributes: [b]}}")
    said = json.loads(limbeck(tmp_path, "schema", "check", "my.yaml", "--json").stdout)
    assert said.pop("notes") == notes(read_schema(file)) and len(notes(read_schema(file))) == 1
    assert RecordSchema.model_validate(said) == read_schema(file)


def test_check_refuses(tmp_path: Path) -> None:
    written(tmp_path, "types: {A: [value], Other: [c]}")
    done = limbeck(tmp_path, "schema", "check", "my.yaml", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "limbeck: attribute 'value' in type 'A' of 'my.yaml' is what every record has; leave it out, or name it otherwise\n"
        "type 'Other' in 'my.yaml' has attributes, and stands for what is of no type; leave it out\n"
    )
