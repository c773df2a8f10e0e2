"""Field sets: those that come with limbeck, and YAML files of one's own."""

from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import ValidationError

from limbeck.errors import ConfigError
from limbeck.schemas.fields import FieldSet
from limbeck.sections import FIELD_SETS


def read_fields(source: str) -> FieldSet:
    """A field set by its name, or from a YAML file.

    Raises:
        ConfigError: There is no such file, or it is not one.
    """
    path = files("limbeck") / "configs" / "fields" / f"{source}.yaml" if source in FIELD_SETS else Path(source)
    known = ", ".join(FIELD_SETS)
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
        return FieldSet.model_validate(told)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"no field set {source!r} ({type(error).__name__}); write `fields: source:` one of {known}, or a YAML file") from None
    except yaml.YAMLError as error:
        said = " ".join(str(error).split())
        raise ConfigError(f"{source!r} is no YAML ({said}); copy the shape of limbeck's configs/fields/receipt.yaml") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise ConfigError(f"{source!r}: {where!r}: {first['msg']}; copy the shape of limbeck's configs/fields/receipt.yaml") from None
