import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from limbeck.errors import ConfigError
from limbeck.settings import Settings, load

CONFIGS = Path(__file__).parents[1] / "limbeck" / "configs"
LEAST = {"use_case": "Route each message.", "documents": {"source": "a.csv"}}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LIMBECK_MODEL", "LIMBECK_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def written(folder: Path, values: Any) -> Path:
    file = folder / "my.yaml"
    file.write_text(values if isinstance(values, str) else yaml.safe_dump(values, allow_unicode=True), "utf-8")
    return file


def refusal(file: Path) -> str:
    with pytest.raises(ConfigError) as error:
        load(file)
    assert error.value.exit_code == 2
    return str(error.value)


def test_what_is_left_out_has_the_papers_values(tmp_path: Path) -> None:
    taxonomy = load(written(tmp_path, LEAST)).taxonomy
    assert (taxonomy.sample, taxonomy.minibatch, taxonomy.chains, taxonomy.size) == (10_000, 200, 10, 10)


def test_relative_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    values = {**LEAST, "project": "here", "taxonomy": {"given": "labels.txt", "seed": ["a", "b"]}}
    found = load(written(tmp_path, values))
    assert found.project == str(tmp_path / "here")
    assert found.documents.source == str(tmp_path / "a.csv")
    assert (found.taxonomy.given, found.taxonomy.seed) == (str(tmp_path / "labels.txt"), ("a", "b"))
    absolute = {**LEAST, "project": "/tmp/there", "documents": {"source": "stdlib"}}
    found = load(written(tmp_path, absolute))
    assert (found.project, found.documents.source) == ("/tmp/there", "stdlib")


@pytest.mark.parametrize("name", ["coder", "./coder", "minilm", "owner/coder"])
def test_an_encoder_that_is_a_folder_beside_the_file_is_that_folder(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "coder").mkdir()
    (tmp_path / "minilm").mkdir()
    monkeypatch.chdir("/")
    found = load(written(tmp_path, {**LEAST, "student": {"encoder": name}})).student.encoder
    assert found == (str(tmp_path / "coder") if name in ("coder", "./coder") else name)


def test_options_and_environment_replace_what_the_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path, {**LEAST, "model": {"name": "file", "concurrency": 3}})
    assert load(file).model.name == "file"
    monkeypatch.setenv("LIMBECK_MODEL", "environment")
    monkeypatch.setenv("LIMBECK_BASE_URL", "http://127.0.0.1:1/v1")
    model = load(file, {"model.name": None}).model  # An option that was not given.
    assert (model.name, model.base_url, model.concurrency) == ("environment", "http://127.0.0.1:1/v1", 3)
    overridden = load(file, {"model.name": "option", "documents.limit": 7, "budget.calls": None})
    assert (overridden.model.name, overridden.documents.limit, overridden.budget.calls) == ("option", 7, None)


# What the file says, and what is said of it; {path} is the file.
WRONG: dict[str, tuple[Any, str]] = {
    "a misspelt key": (
        {**LEAST, "taxonomy": {"minibach": 7}},
        "unknown key 'minibach' in 'taxonomy' of {path!r}; write 'minibatch'",
    ),
    "a misspelt section": ({**LEAST, "modle": {}}, "unknown key 'modle' in {path!r}; write 'model'"),
    "a key like none": (
        {**LEAST, "measures": {"zzz": 1}},
        "unknown key 'zzz' in 'measures' of {path!r}; write one of: sample",
    ),
    "a key three deep": (
        {**LEAST, "model": {"price": {"promt": 1}}},
        "unknown key 'promt' in 'model.price' of {path!r}; write 'prompt'",
    ),
    "a missing key": (
        {"documents": {"source": "a.csv"}},
        "'use_case' is missing in {path!r}; add a line `use_case: …` "
        "(what the labels are for, in a sentence; the model is told)",
    ),
    "a missing key in a section": (
        {"use_case": "x", "documents": {}},
        "'source' is missing in 'documents' of {path!r}; add a line `source: …` "
        "(a CSV, TSV, JSONL, JSON, Parquet or text file, a folder of text files, or `stdlib`)",
    ),
    "a value of another type": (
        {**LEAST, "taxonomy": {"size": "many"}},
        "'size' in 'taxonomy' of {path!r} can't be 'many' (the most categories a level may have); write a valid integer",
    ),
    "a value out of range": (
        {**LEAST, "taxonomy": {"size": 0}},
        "'size' in 'taxonomy' of {path!r} can't be 0 (the most categories a level may have); "
        "write a value greater than or equal to 1",
    ),
    "one of a few values": (
        {**LEAST, "taxonomy": {"method": "papr"}},
        "'method' in 'taxonomy' of {path!r} can't be 'papr' (`paper` fails where the model fails, `auto` then falls back on "
        "clusters); write 'auto', 'paper' or 'clusters'",
    ),
    "a value where a section is meant": (
        {**LEAST, "budget": 5},
        "'budget' in {path!r} can't be 5; write keys under it: calls, tokens, money, seconds",
    ),
    "a seed that is none": (
        {**LEAST, "seed": -5},
        "'seed' in {path!r} can't be -5 (of everything that is drawn by chance); write a value greater than or equal to 0",
    ),
    "a mapping where labels are meant": (
        {**LEAST, "taxonomy": {"given": {"a": "b"}}},
        "'given' in 'taxonomy' of {path!r} can't be {{'a': 'b'}} (label names, or a file with one name (or "
        "`name: description`) a line, taken as they are); write a valid list",
    ),
    "an empty value": (
        {**LEAST, "use_case": ""},
        "'use_case' in {path!r} can't be '' (what the labels are for, in a sentence; the model is told); "
        "write what fits: string should have at least 1 character",
    ),
    "a label model that knows one label an item": (
        {**LEAST, "labels": {"aggregate": "balanced", "several": True}},
        "'aggregate' in 'labels' of {path!r} can't be 'balanced' (how votes become labels; `soft`: the mean, weighed by κ; "
        "`auto` chooses a label model and says why; `soft`, `dawid-skene` or `auto` where several labels may apply); "
        "write 'soft', 'dawid-skene' or 'auto' where `several: true`",
    ),
    "two mistakes": (
        {**LEAST, "seeed": 1, "labels": {"prob": 1}},
        "unknown key 'prob' in 'labels' of {path!r}; write 'probe'\nunknown key 'seeed' in {path!r}; write 'seed'",
    ),
    "no YAML": ("a: [1", "{path!r} is not YAML at line 1; write `key: value` lines as in: limbeck init"),
    "a tab": ("a:\n\tb: 1\n", "{path!r} is not YAML at line 2; write `key: value` lines as in: limbeck init"),
    "a key twice": (
        "use_case: x\nmodel:\n  name: fake\n  name: big\n",
        "key 'name' is in {path!r} twice, again at line 4; write it once",
    ),
    "a list": ("- a\n", "{path!r} holds no keys; start from: limbeck init my.yaml"),
    "nothing": ("", "{path!r} holds no keys; start from: limbeck init my.yaml"),
}


@pytest.mark.parametrize("case", WRONG)
def test_says_what_is_wrong_and_what_to_write(case: str, tmp_path: Path) -> None:
    values, message = WRONG[case]
    file = written(tmp_path, values)
    assert refusal(file) == message.format(path=str(file))
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("values", ["documents: 5", "labels: 5", "student: {kinds: [svm]}", "taxonomy: {given: 5}"])
def test_every_mistake_is_one_line_that_names_the_file_and_ends_with_what_to_write(values: str, tmp_path: Path) -> None:
    file = written(tmp_path, {**LEAST, **yaml.safe_load(values)})
    for line in refusal(file).splitlines():
        assert repr(str(file)) in line and ("; write " in line or "; add " in line)


def test_bytes_that_are_no_text_are_no_config(tmp_path: Path) -> None:
    file = tmp_path / "my.yaml"
    file.write_bytes(b"a: \xff\xfe")
    assert refusal(file) == f"{str(file)!r} is not YAML; write `key: value` lines as in: limbeck init"


def test_a_missing_file(tmp_path: Path) -> None:
    missing = tmp_path / "mi.yaml"
    assert refusal(missing) == f"no config {str(missing)!r}; write one with: limbeck init mi.yaml"
    near = written(tmp_path, LEAST)
    assert refusal(missing) == f"no config {str(missing)!r}; did you mean {str(near)!r}?"


@pytest.mark.parametrize("file", sorted(CONFIGS.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_configs_that_come_with_limbeck_load(file: Path) -> None:
    assert load(file).use_case


def test_a_section_whose_keys_are_all_commented_out_has_its_defaults(tmp_path: Path) -> None:
    found = load(written(tmp_path, "use_case: x\ndocuments: {source: a.csv}\nlabels:\n  # mode: choice\n"))
    assert found.labels == Settings.model_validate(LEAST).labels


def commented_in(text: str) -> str:
    """The starter with its commented keys as keys."""
    lines = []
    for line in text.splitlines():
        bare = line.lstrip()
        key = bare.removeprefix("# ")
        uncommented = bare.startswith("# ") and key.split(":")[0].isidentifier() and ": " in key
        lines.append(line.replace("# ", "", 1) if uncommented else line)
    return "\n".join(lines)


def test_the_keys_in_the_starters_comments_are_keys_with_fit_values(tmp_path: Path) -> None:
    text = commented_in((CONFIGS / "taxonomy.yaml").read_text("utf-8"))
    found = load(written(tmp_path, text))
    assert found.taxonomy.levels == 2 and found.budget.calls == 20_000 and found.student.held_out == 0.2
    assert found.annotators.written and found.annotators.models[0].name == "other-model" and found.labels.wordings


def test_the_readmes_annotators_are_keys_with_fit_values(tmp_path: Path) -> None:
    readme = (CONFIGS.parents[1] / "README.md").read_text("utf-8")
    (block,) = [one for one in re.findall(r"```yaml\n(.*?)```", readme, re.S) if "annotators:" in one]
    found = load(written(tmp_path, f"use_case: x\ndocuments: {{source: a.csv}}\n{block}"))
    assert found.annotators.written and found.labels.wordings == ("Which team has to act?",)


# ---- the JSON schema -------------------------------------------------------------------------------------------------


def problems(value: Any, schema: dict[str, Any], kinds: dict[str, Any], where: str = "") -> list[str]:
    """What an editor would underline, by the part of JSON Schema that pydantic uses here."""
    if "$ref" in schema:
        return problems(value, kinds[schema["$ref"].rsplit("/", 1)[-1]], kinds, where)
    if "anyOf" in schema:
        tried = [problems(value, one, kinds, where) for one in schema["anyOf"]]
        return [] if [] in tried else tried[0]
    types: dict[str, Any] = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "null": type(None)}
    if "type" in schema and not isinstance(value, types[schema["type"]]):
        return [f"{where} is no {schema['type']}"]
    found = [f"{where} is none of {schema['enum']}"] if "enum" in schema and value not in schema["enum"] else []
    if isinstance(value, dict):
        known = schema["properties"]
        found += [f"{where} lacks {name}" for name in schema.get("required", []) if name not in value]
        assert schema["additionalProperties"] is False
        for name, inner in value.items():
            found += problems(inner, known[name], kinds, f"{where}.{name}") if name in known else [f"{where}.{name} is unknown"]
    if isinstance(value, list):
        found += [problem for one in value for problem in problems(one, schema["items"], kinds, f"{where}[]")]
    return found


@pytest.mark.parametrize("file", sorted(CONFIGS.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_schema_accepts_the_configs_that_come_with_limbeck(file: Path) -> None:
    schema = Settings.model_json_schema()
    values = yaml.safe_load(file.read_text("utf-8"))
    assert problems({name: one for name, one in values.items() if one is not None}, schema, schema["$defs"]) == []


@pytest.mark.parametrize("case", ["a misspelt key", "a misspelt section", "a missing key", "a value of another type", "one of a few values"])
def test_the_schema_refuses_what_load_refuses(case: str) -> None:
    schema = Settings.model_json_schema()
    assert len(problems(WRONG[case][0], schema, schema["$defs"])) == 1


@pytest.mark.parametrize("several", [False, True])
def test_label_models_that_have_a_meaning(several: bool, tmp_path: Path) -> None:
    for method in ("soft", "dawid-skene", "auto", *(() if several else ("majority", "weighted", "balanced"))):
        values = {**LEAST, "labels": {"aggregate": method, "several": several}}
        assert load(written(tmp_path, values)).labels.aggregate == method
    for method in ("majority", "weighted", "balanced") if several else ():
        assert "write 'soft', 'dawid-skene' or 'auto'" in refusal(written(tmp_path, {**LEAST, "labels": {"aggregate": method, "several": True}}))


def test_every_key_that_is_no_section_and_no_plain_figure_is_described() -> None:
    schema = Settings.model_json_schema()
    bare = {
        f"{name}.{key}"
        for name, kind in schema["$defs"].items()
        for key, field in kind["properties"].items()
        if "description" not in field and "$ref" not in field
    }
    assert bare <= {"PriceSettings.prompt", "PriceSettings.completion", "LabelSettings.aggregate", "StudentSettings.kinds",
                    "BudgetSettings.calls", "BudgetSettings.tokens"}


# ---- what a run is named by ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        {"project": "elsewhere"},
        {"documents": {"source": "elsewhere.csv", "text": "body"}},
        {"budget": {"calls": 1, "tokens": 2, "money": 3.0}},
        {"model": {"base_url": "http://x", "concurrency": 1, "retries": 0, "timeout": 1.0, "api_key_env": "X", "price": {"prompt": 1.0}}},
    ],
)
def test_place_speed_and_budget_do_not_make_another_run(values: dict[str, Any]) -> None:
    assert Settings.model_validate({**LEAST, **values}).outcome() == Settings.model_validate(LEAST).outcome()


@pytest.mark.parametrize(
    "values",
    [{"seed": 1}, {"use_case": "Another."}, {"model": {"name": "other"}}, {"taxonomy": {"size": 3}}, {"labels": {"probe": 1}}],
)
def test_everything_else_does(values: dict[str, Any]) -> None:
    assert Settings.model_validate({**LEAST, **values}).outcome() != Settings.model_validate(LEAST).outcome()


def test_settings_are_frozen_and_survive_json() -> None:
    found = Settings.model_validate({**LEAST, "taxonomy": {"given": ["a, b", 'c "d"']}})
    assert Settings.model_validate_json(found.model_dump_json()) == found
    json.dumps(found.outcome())
    with pytest.raises(ValidationError):
        found.seed = 3  # type: ignore[misc]


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*Settings.model_fields, "source", "name", "?"]), inner, max_size=4), max_leaves=8))
def test_any_values_load_or_are_refused_in_whole_lines(values: Any) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = written(Path(folder), values if isinstance(values, dict) else {"use_case": values})
        try:
            load(file)
        except ConfigError as error:
            assert all(repr(str(file)) in line for line in str(error).splitlines() if line)
