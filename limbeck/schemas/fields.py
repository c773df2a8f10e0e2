"""Field sets: what is wanted of a document, as task-aware instructions that a person can edit (TAIL, Bhattacharyya and Tripathi 2025).

`Field(name="total", kind="money", meaning="what was to be paid, taxes and rounding included", aliases=("total", "amount due"),
unlike=("subtotal", "cash", "change"))`
"""

import re
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import field_validator, model_validator

from limbeck.schemas.record import Record, content_id

FieldKind = Literal["text", "name", "address", "date", "time", "money", "currency", "number", "phone", "duration", "place", "choice", "list"]
"""What a field's values are, which says how they are normalised and told apart; a `list` has fields of its own."""
Said = dict[str, Any]
"""What is said of a document: by field a text, None where it is absent; a list of texts where it may have several; of a `list`
field a list of the same, one for each entry.
"""


class Field(Record):
    """One thing that is wanted of a document."""

    name: str
    kind: FieldKind = "text"
    meaning: str = ""
    """What it is, for the model and for people."""
    rules: tuple[str, ...] = ()
    """How to tell it from its neighbours, a sentence each."""
    format: str = ""
    """How it is written where the kind alone doesn't say."""
    absent: str = ""
    """What a document without it looks like; its value is then null. Without this no rule says that there is none."""
    several: bool = False
    """Whether a document may have more than one."""
    options: tuple[str, ...] = ()
    """The values allowed, of a `choice`."""
    fields: tuple["Field", ...] = ()
    """Of each entry of a `list`."""
    aliases: tuple[str, ...] = ()
    """What stands before or above it on pages: `total`, `grand total`."""
    unlike: tuple[str, ...] = ()
    """What stands before its neighbours, which are something else: `subtotal`, `change`."""
    patterns: tuple[str, ...] = ()
    """Regular expressions of what is said around it, `{value}` where it stands: `laws of the State of {value}`."""
    place: Literal["top", "bottom"] | None = None
    """Where on a page it mostly stands."""

    @field_validator("patterns")
    @classmethod
    def _patterns(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            if pattern.count("{value}") != 1:
                raise ValueError(f"the pattern {pattern!r} needs {{value}} once, where the value stands")
            try:
                re.compile(pattern.replace(" ", r"\s+").replace("{value}", "(?P<value>.)"))
            except re.error as error:
                raise ValueError(f"the pattern {pattern!r} is no regular expression ({error}); within a look-behind write \\s for a blank") from None
        return patterns

    @model_validator(mode="after")
    def _fits_together(self) -> "Field":
        if (self.kind == "list") != bool(self.fields):
            raise ValueError(f"{self.name!r} is of kind {self.kind!r}; a `list` has `fields:`, and nothing else has")
        inner = next((one.name for one in self.fields if one.kind == "list" or one.several), None)
        if inner is not None:
            raise ValueError(f"{inner!r} of the list {self.name!r} would have several values an entry; make it a field of its own")
        _named_once(self.fields)
        return self


def _named_once(fields: Sequence[Field]) -> None:
    seen: set[str] = set()
    for one in fields:
        if one.name != " ".join(one.name.split()) or not one.name:
            raise ValueError(f"a field is named {one.name!r}; give it a name without blanks around it")
        if one.name in seen:
            raise ValueError(f"two fields are named {one.name!r}; rename one")
        seen.add(one.name)


class FieldSet(Record):
    """All that is wanted of one kind of document."""

    name: str
    description: str = ""
    """What kind of document it is, for the model."""
    fields: tuple[Field, ...]
    checks: tuple[str, ...] = ()
    """Sums that hold where all is read well: `subtotal + tax + tip = total`, `items.amount = subtotal`; what is absent counts 0."""
    day_first: bool | None = None
    """How `03/04/2019` is meant where nothing on a page tells; not known without it."""

    @model_validator(mode="after")
    def _told_apart(self) -> "FieldSet":
        if not self.name.strip() or not self.fields:
            raise ValueError("a field set has a name and one field at least; write `name: receipt` and `fields:`")
        _named_once(self.fields)
        for one in (*self.fields, *(inner for each in self.fields for inner in each.fields)):
            if one.kind == "choice" and not all(map(str.strip, one.options or ("",))):
                raise ValueError(f"{one.name!r} is a choice of nothing; write `options: [one, another]`")
        if any(one.kind == "list" and one.name == self.name for one in self.fields):
            raise ValueError(f"the list {self.name!r} is called as the field set, and their tables would be one; rename it")
        return self

    @property
    def id(self) -> str:
        """Named by its content."""
        return content_id(self.model_dump(mode="json"))

    def field(self, name: str) -> Field | None:
        """A field by its name; of a `list`, `items.amount`."""
        outer, _, inner = (name, "", "") if any(one.name == name for one in self.fields) else name.partition(".")
        found = next((one for one in self.fields if one.name == outer), None)
        return next((one for one in found.fields if one.name == inner), None) if found and inner else found


class Found(Record):
    """A value that somebody found in a document."""

    value: str
    """Normalised as its field's kind is."""
    words: tuple[int, ...] = ()
    """Where it stands: numbers of words; empty where it stands nowhere."""
    score: float = 1.0
    """How sure who found it is, in [0, 1]."""


Entry = dict[str, Found]
"""What was found of one entry of a `list` field, by its own fields."""
Findings = dict[str, list[Found] | list[Entry]]
"""What one annotator or student finds in a document, by field: a list of `Found`, of one but for fields with `several`; of a
`list` field an `Entry` for each line. Fields without a finding may be missing.
"""
