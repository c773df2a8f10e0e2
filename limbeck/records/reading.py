"""A person's schema of records: read from YAML, JSON, JSON Schema or a pydantic class, and written as YAML.

    read_schema("records.yaml"), read_schema("records.json"), read_schema("records.py:Result"), read_schema("package.module:Result")

A Python file is a program: it is run where its class is named, and nowhere else.
"""

import difflib
import importlib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Union

import yaml
from pydantic import TypeAdapter

from limbeck import guests
from limbeck.config_file import KeysOnce
from limbeck.errors import ConfigError
from limbeck.records.forms import EXAMPLE, quoted, schema_of
from limbeck.records.json_schema import is_json_schema, schema_of_json
from limbeck.schemas.extraction import Attribute, RecordSchema, RecordType

CLASS = re.compile(r"(?P<module>.*\.py|\w+(?:\.\w+)*):(?P<name>\w+)")
WIDTH = 110
"""Characters of a line in a file that we write."""
NULL = "tag:yaml.org,2002:null"
HEAD = """\
# What limbeck reads from tables: types of records, and what a record says of its value. Check it: limbeck schema check FILE
# An attribute is a bare name, or a name with any of these:
#   description: what it means, for the model    aliases: [other names that tables give it]
#   kind: text (where none is said), number, boolean, date, choice (with `options: […]`), or pairs (any keys and values)
# What is of no type becomes `Other`, which needs no line here.
"""


def read_schema(source: str | Path) -> RecordSchema:
    """Read a schema.

    Args:
        source: A YAML or JSON file in our own form or as JSON Schema; or a pydantic class as `package.module:Class` or
            `file.py:Class`, which may also be a union or a list of classes. Importing runs what is imported.

    Raises:
        ConfigError: It is not there, can't be read, or says what a schema can't; one line for each mistake.
    """
    named = CLASS.fullmatch(str(source))
    if named and not Path(source).is_file():
        values = _class_schema(named["module"], named["name"], str(source))
    else:
        values = _values(Path(source))
    return (schema_of_json if is_json_schema(values) else schema_of)(values, str(source))


# ---- files -----------------------------------------------------------------------------------------------------------


class _Words(KeysOnce):
    """YAML in which every word is a text: an option `no` is no truth value, and a name `007` no number."""

    yaml_implicit_resolvers = {
        start: [one for one in resolvers if one[0] == NULL] for start, resolvers in KeysOnce.yaml_implicit_resolvers.items()
    }


def _values(path: Path) -> Any:
    if path.suffix == ".py":
        raise ConfigError(f"{str(path)!r} is a program; name a class in it: '{path}:Result'")
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        beside = [one.name for one in path.parent.glob("*") if one.suffix in (".yaml", ".yml", ".json")]
        near = difflib.get_close_matches(path.name, beside, 1)
        hint = f"did you mean {str(path.parent / near[0])!r}?" if near else f"{EXAMPLE} into it"
        raise ConfigError(f"no schema {str(path)!r}; {hint}") from None
    except OSError as error:
        raise ConfigError(f"can't open schema {str(path)!r} ({error.strerror}); name a file that you may read") from None
    except UnicodeDecodeError:
        raise ConfigError(f"schema {str(path)!r} is not UTF-8 text; {EXAMPLE} into a text file") from None
    return _json(text, path) if path.suffix == ".json" else _yaml(text, path)


def _yaml(text: str, path: Path) -> Any:
    try:
        loader = _Words(text)
        loader.name = str(path)
        return loader.get_single_data()
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        raise ConfigError(f"schema {str(path)!r} is not YAML{line}; {EXAMPLE}") from None


def _json(text: str, path: Path) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        values = dict(pairs)
        if len(values) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise ConfigError(f"key {quoted(twice)} is in {str(path)!r} twice; write it once")
        return values

    try:  # Numbers stay as they are written.
        return json.loads(text, object_pairs_hook=once, parse_int=str, parse_float=str, parse_constant=str)
    except json.JSONDecodeError as error:
        raise ConfigError(f"schema {str(path)!r} is not JSON at line {error.lineno} ({error.msg}); correct it there") from None
    except RecursionError:
        raise ConfigError(f"schema {str(path)!r} is nested too deeply; {EXAMPLE}") from None


# ---- classes ---------------------------------------------------------------------------------------------------------


def _class_schema(module: str, name: str, source: str) -> Any:
    loaded = _run(Path(module)) if module.endswith(".py") else _imported(module)
    if not hasattr(loaded, name):
        near = difflib.get_close_matches(name, vars(loaded), 1)
        hint = f"write '{module}:{near[0]}'" if near else "name a pydantic class that it defines"
        raise ConfigError(f"no {name!r} in {module!r}; {hint}")
    value = getattr(loaded, name)
    known = guests.tried(lambda: _adapter(value).json_schema())
    trouble = known.exception()
    if trouble:
        raise ConfigError(f"{source!r} has no JSON Schema ({guests.said(trouble)}); name a pydantic class, a union or a list of some")
    if not is_json_schema(known.result()):
        raise ConfigError(f"{source!r} is {quoted(value)}, no record; name a pydantic class, a union or a list of some")
    return known.result()


def _adapter(value: Any) -> TypeAdapter[Any]:
    wanted: Any = Union[tuple(value)] if isinstance(value, list) else value  # noqa: UP007
    return TypeAdapter(wanted)


def _imported(module: str) -> ModuleType:
    done = guests.tried(lambda: importlib.import_module(module))
    trouble = done.exception()
    if trouble:
        raise ConfigError(f"can't import {module!r} ({guests.said(trouble)}); install it, or name a file: 'my.py:Result'")
    loaded: ModuleType = done.result()
    return loaded


def _run(path: Path) -> ModuleType:
    try:
        code = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"can't open {str(path)!r} ({error.strerror}); name a file that is there: 'my.py:Result'") from None
    module = ModuleType(f"schema of {path}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # Pydantic looks up there what an annotation names.
    trouble = guests.tried(lambda: exec(compile(code, str(path), "exec"), module.__dict__)).exception()
    if trouble:
        raise ConfigError(f"{str(path)!r} can't be run ({guests.said(trouble)}); try: python -P {str(path)!r}")
    return module


# ---- writing ---------------------------------------------------------------------------------------------------------


def write_schema(schema: RecordSchema, note: str = "") -> str:
    """A schema as YAML for a person to edit; `read_schema` reads the same from it.

    Args:
        schema: As `read_schema` gives it: names on one line.
        note: What the file begins with, as comments.
    """
    lines = [f"# {line}".rstrip() for line in note.splitlines()] + [HEAD]
    lines += [f"{key}: {_scalar(text)}" for key in ("name", "description") if (text := getattr(schema, key))]
    lines.append("types:")
    for one in schema.types:
        lines += _type_lines(one)
    return "\n".join(lines) + "\n"


def _type_lines(type: RecordType) -> Iterator[str]:
    yield f"  - name: {_scalar(type.name)}"
    yield from (f"    {line}" for line in _about(type))
    yield "    attributes:" if type.attributes else "    attributes: []"
    for attribute in type.attributes:
        yield from (f"      {line}" for line in _attribute_lines(attribute))


def _attribute_lines(attribute: Attribute) -> list[str]:
    """A bare name, all on one line, or a line a key: the first that will do."""
    about = _about(attribute)
    if not about:
        return [f"- {_scalar(attribute.name)}"]
    keys = [f"name: {_scalar(attribute.name)}", *about]
    short = f"- {{{', '.join(keys)}}}"
    return [short] if len(short) < WIDTH else [f"- {keys[0]}", *(f"  {key}" for key in keys[1:])]


def _about(one: RecordType | Attribute) -> list[str]:
    kind = [f"kind: {one.kind}"] if isinstance(one, Attribute) and one.kind != "text" else []
    options = _list("options", one.options) if isinstance(one, Attribute) else []
    described = [f"description: {_scalar(one.description)}"] if one.description else []
    return [*kind, *options, *described, *_list("aliases", one.aliases)]


def _list(key: str, words: Sequence[str]) -> list[str]:
    return [f"{key}: [{', '.join(map(_scalar, words))}]"] if words else []


def _scalar(text: str) -> str:
    """A text as YAML has it within a line and a list."""
    style = '"' if "\n" in text else None
    written = yaml.safe_dump([text], default_flow_style=True, default_style=style, allow_unicode=True, width=float("inf"))
    return written.strip()[1:-1]
