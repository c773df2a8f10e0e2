"""What every record is: frozen, closed, and named by its content.

Identity is a tagged hash of canonical JSON: `content_id({"a": 1})` is
`"b2:6a8c5cba0f0b9f9f0b5e8b6a3ed0b5a0"`-like. The tag says which hash made it, so that it can be changed one day.
"""

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict

HASH_TAG = "b2:"


class Record(BaseModel):
    """A frozen row of the store."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def content_id(value: Any) -> str:
    """Name a JSON value by its content: equal values have equal ids, whatever the order of their keys.

    Args:
        value: Anything that `json.dumps` takes; no floats that are not numbers.

    Returns:
        `b2:` and 32 hexadecimal digits (128 bits of blake2b).
    """
    return named(canonical(value))


def canonical(value: Any) -> str:
    """A JSON value written in the one way that its id is made of."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def named(canonical_json: str) -> str:
    """The id of what `canonical` wrote."""
    digest = hashlib.blake2b(canonical_json.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return HASH_TAG + digest
