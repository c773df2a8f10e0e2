"""A config's file: YAML in which each key is written once, and what is said of a mistake in it.

Every mistake is one line that names the key, its place and what to write instead.
"""

import difflib
from collections.abc import Hashable
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel

from limbeck.errors import ConfigError


class KeysOnce(yaml.SafeLoader):
    """YAML in which a key is written but once; PyYAML itself would silently take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Refuse a mapping with the same key twice."""
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                line = key.start_mark.line + 1
                raise ConfigError(f"key {key.value!r} is in {str(self.name)!r} twice, again at line {line}; write it once")
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def read(path: Path) -> dict[str, Any]:
    """A file's keys and values.

    Raises:
        ConfigError: It is missing, is not YAML, or holds no keys.
    """
    if not path.is_file():
        near = difflib.get_close_matches(path.name, [p.name for p in path.parent.glob("*.y*ml")], 1)
        hint = f"did you mean {str(path.parent / near[0])!r}?" if near else f"write one with: limbeck init {path.name}"
        raise ConfigError(f"no config {str(path)!r}; {hint}")
    try:
        with path.open(encoding="utf-8") as lines:
            values = yaml.load(lines, KeysOnce)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" at line {where.line + 1}" if where else ""
        raise ConfigError(f"{str(path)!r} is not YAML{line}; write `key: value` lines as in: limbeck init") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{str(path)!r} holds no keys; start from: limbeck init {path.name}")
    return values


def explain(error: Any, path: Path, root: type[BaseModel]) -> str:
    """One line for one of pydantic's errors of a model: what, where, and what to write instead."""
    if error["type"] in WHOLE:
        return WHOLE[error["type"]].format(path=str(path), key=error["msg"])
    *section, key = place(error, root)
    where = f"in {'.'.join(section)!r} of {str(path)!r}" if section else f"in {str(path)!r}"
    if error["type"] == "extra_forbidden":
        known = _keys_of(section, root)
        near = difflib.get_close_matches(key, known, 1)
        return f"unknown key {key!r} {where}; write " + (f"{near[0]!r}" if near else "one of: " + ", ".join(known))
    if error["type"] == "missing":
        return f"{key!r} is missing {where}; add a line `{key}: …` ({_about(section, key, root) or 'it has no default'})"
    if error["type"] == "model_type":
        keys = ", ".join(_keys_of([*section, key], root))
        return f"{key!r} {where} can't be {error['input']!r}; write keys under it: {keys}"
    about = _about(section, key, root)
    said = f"{key!r} {where} can't be {error['input']!r}" + (f" ({about})" if about else "")
    return f"{said}; {_asked(error['msg'])}"


WHOLE = {
    "foreign": "section {key!r} in {path!r} is not read by this pipeline; leave it out, or write another `pipeline:`",
    "no labelset": "{key!r} is missing in {path!r}; add a line `labelset: {{source: labels.csv}}`, the file of your labels",
    "no fields": "{key!r} is missing in {path!r}; add a line `fields: {{source: receipt}}`, or a file of the fields that you want",
    "no records": "{key!r} is missing in {path!r}; add a line `records: {{source: records.yaml}}`, the schema of what you want",
    "no ask": "{key!r} is missing in {path!r}; add a line `ask: {{question: …}}`, what you want to know of the data",
    "kinds": "`student: kinds:` in {path!r}: this pipeline has no student {key}; write some of these, or [] for none",
}
"""Mistakes that concern the file as a whole."""


def _asked(message: str) -> str:
    """What to type, from pydantic's sentence: "Input should be 'soft' or 'majority'"."""
    wanted = message.split(", unable")[0].removeprefix("Input should be ").replace("tuple", "list")
    if not message.startswith("Input should be "):
        return f"write what fits: {message[:1].lower() + message[1:]}"
    return f"write a value {wanted}" if wanted.startswith(("greater", "less")) else f"write {wanted}"


def place(error: Any, root: type[BaseModel]) -> list[str]:
    """The sections and the key that an error is about, without what lies within the value."""
    parts = [str(part) for part in error["loc"]] or ["?"]
    depth = 1
    while depth < len(parts) and _model_of(parts[:depth], root):
        depth += 1
    return parts[:depth]


def _model_of(section: list[str], root: type[BaseModel]) -> type[BaseModel] | None:
    model = root
    for name in section:
        kind = model.model_fields[name].annotation if name in model.model_fields else None
        kind = next((one for one in get_args(kind) if one is not type(None)), kind)  # Of `X | None`, X.
        if not isinstance(kind, type) or not issubclass(kind, BaseModel):
            return None
        model = kind
    return model


def _keys_of(section: list[str], root: type[BaseModel]) -> list[str]:
    model = _model_of(section, root)
    return list(model.model_fields) if model else []


def _about(section: list[str], key: str, root: type[BaseModel]) -> str:
    model = _model_of(section, root)
    field = model.model_fields.get(key) if model else None
    return (field.description if field else None) or ""
