import json
from importlib.resources import files

from limbeck.settings import Settings


def test_the_schema_in_the_package_is_the_one_that_configs_are_checked_with() -> None:
    published = json.loads((files("limbeck") / "configs" / "schema.json").read_text("utf-8"))
    assert published == json.loads(json.dumps(Settings.model_json_schema())), "write it anew: limbeck schema"
