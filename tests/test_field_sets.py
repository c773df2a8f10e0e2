"""Field sets of one's own: what can't be meant is named before anything starts."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from limbeck.errors import ConfigError
from limbeck.fields.reading import read_fields
from limbeck.schemas.fields import Field, FieldSet

LIST = {"name": "items", "kind": "list", "fields": [{"name": "what"}]}


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"name": "bill", "fields": []}, "one field at least"),
        ({"name": " ", "fields": [{"name": "a"}]}, "one field at least"),
        ({"name": "bill", "fields": [{"name": "a"}, {"name": "a", "kind": "money"}]}, "two fields are named 'a'"),
        ({"name": "bill", "fields": [{"name": ""}]}, "a field is named ''"),
        ({"name": "bill", "fields": [{"name": "a\nb"}]}, "a field is named"),
        ({"name": "bill", "fields": [{"name": "items", "kind": "list"}]}, "a `list` has `fields:`"),
        ({"name": "bill", "fields": [{"name": "a", "fields": [{"name": "b"}]}]}, "a `list` has `fields:`"),
        ({"name": "bill", "fields": [{"name": "all", "kind": "list", "fields": [LIST]}]}, "'items' of the list 'all'"),
        ({"name": "bill", "fields": [{**LIST, "fields": [{"name": "a", "several": True}]}]}, "several values an entry"),
        ({"name": "bill", "fields": [{**LIST, "fields": [{"name": "a"}, {"name": "a"}]}]}, "two fields are named 'a'"),
        ({"name": "bill", "fields": [{"name": "a", "kind": "choice"}]}, "a choice of nothing"),
        ({"name": "bill", "fields": [{"name": "a", "kind": "choice", "options": ["x", " "]}]}, "a choice of nothing"),
        ({"name": "bill", "fields": [{**LIST, "fields": [{"name": "a", "kind": "choice"}]}]}, "a choice of nothing"),
        ({"name": "items", "fields": [LIST]}, "called as the field set"),
    ],
)
def test_what_can_not_be_meant(tmp_path: Path, told: Any, says: str) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(yaml.safe_dump(told), "utf-8")
    with pytest.raises(ConfigError, match=says):
        read_fields(str(path))


def test_a_name_with_a_dot_is_one_field() -> None:
    fields = FieldSet.model_validate({"name": "bill", "fields": [{"name": "no."}, LIST]})
    assert fields.field("no.") == Field(name="no.") and fields.field("items.what") == Field(name="what") and fields.field("items.no") is None
