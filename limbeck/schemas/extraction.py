"""Records: what a schema asks for, and what was read from a table's cells.

`RecordType(name="Result", attributes=(Attribute(name="metric"), Attribute(name="settings", kind="pairs")))`
`Extracted(row=3, column=2, value="0.88", type="Result", values=(Value(name="metric", text="F1", status="grounded", …),))`
"""

from typing import Literal

from limbeck.schemas.labels import OTHER
from limbeck.schemas.pages import Box
from limbeck.schemas.record import Record, content_id
from limbeck.schemas.tables import cell_key

Kind = Literal["text", "number", "boolean", "date", "choice", "pairs"]
"""`pairs` is a free-form dictionary: keys and values as the table has them."""
Status = Literal["grounded", "normalised", "inferred", "missing"]
"""Word for word in the source; there in another spelling; said by a model and not in the source; not said."""


class Attribute(Record):
    """One thing that a record says of its value."""

    name: str
    kind: Kind = "text"
    description: str = ""
    aliases: tuple[str, ...] = ()
    """Other names that tables give it."""
    options: tuple[str, ...] = ()
    """The values allowed, of a `choice`."""


class RecordType(Record):
    """One kind of record."""

    name: str
    description: str = ""
    aliases: tuple[str, ...] = ()
    attributes: tuple[Attribute, ...] = ()

    def attribute(self, name: str) -> Attribute | None:
        """One of its attributes, by name."""
        return next((one for one in self.attributes if one.name == name), None)


class RecordSchema(Record):
    """What is wanted of tables: record types, of which `Other` is always one and has no attributes."""

    name: str = ""
    description: str = ""
    types: tuple[RecordType, ...]
    """Without `Other`."""
    targets: str | None = None
    """A regular expression for the values that become records, as a config has it; numbers without it."""

    @property
    def id(self) -> str:
        """Named by its content."""
        return content_id([*(one.model_dump(mode="json") for one in self.types), *([self.targets] if self.targets else [])])

    @property
    def names(self) -> tuple[str, ...]:
        """The types' names, `Other` last."""
        return (*(one.name for one in self.types), OTHER)

    def type(self, name: str) -> RecordType:
        """A type by its name; `Other` where there is none of this name."""
        return next((one for one in self.types if one.name == name), RecordType(name=OTHER))


class Origin(Record):
    """Where a value was found."""

    where: Literal["cell", "caption", "note", "paragraph", "page"]
    row: int | None = None
    """Of a cell."""
    column: int | None = None
    place: int | None = None
    """Which note, paragraph or page, from 0."""
    start: int
    """From where to where in that text, in characters; of a page in words of the document."""
    end: int
    words: tuple[int, ...] = ()
    """Of a page, each of its words, which other ones may stand between."""
    box: Box | None = None
    """Of a page, what is around them all."""


class Value(Record):
    """What one attribute of a record says."""

    name: str
    """The attribute."""
    key: str = ""
    """Of `pairs`, what the table calls it."""
    text: str | None = None
    """None where it is missing."""
    status: Status
    confidence: float
    """In [0, 1]."""
    origin: Origin | None = None
    """Of grounded and normalised values."""


class Extracted(Record):
    """The record of one value in a table."""

    row: int
    column: int
    part: int = 0
    value: str
    type: str
    """A type's name, or `Other`."""
    confidence: float
    """Of the type."""
    values: tuple[Value, ...] = ()
    """One for each attribute, in the schema's order; of `pairs` one for each pair."""

    @property
    def key(self) -> str:
        """As the `Target.key` of its value."""
        return cell_key(self.row, self.column, self.part)
