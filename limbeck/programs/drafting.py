"""A first schema of records, proposed by a model that is shown a few tables and what their headers name.

The answer is checked as a person's own schema is; what is wrong with it is shown to the model.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import dspy
from pydantic import BaseModel, Field

from limbeck.errors import ConfigError, GuardrailError
from limbeck.programs.guardrails import DESCRIPTION_WORDS, check_words, letters
from limbeck.programs.predict import CheckedPredict
from limbeck.records.answers import template
from limbeck.records.forms import schema_of
from limbeck.schemas.extraction import Kind, RecordSchema
from limbeck.schemas.tables import Table
from limbeck.tables.showing import Shown

MOST_TABLES = 6
"""Shown, from the first to the last of those given."""
LETTERS = 2000
"""Characters of one table that are shown."""
MOST_TYPES, MOST_ATTRIBUTES, MOST_OPTIONS, MOST_ALIASES = 8, 15, 12, 5
NAME_WORDS = 6
ROOM = 2000
"""Tokens for an answer."""

Name = Annotated[str, Field(min_length=1, max_length=letters(NAME_WORDS))]
Text = Annotated[str, Field(max_length=letters(DESCRIPTION_WORDS))]


class AttributeRow(BaseModel):
    """One attribute as a model writes it."""

    name: Name
    kind: Kind
    description: Text
    aliases: Annotated[list[Name], Field(max_length=MOST_ALIASES)] = []
    options: Annotated[list[Name], Field(max_length=MOST_OPTIONS)] = []


class TypeRow(BaseModel):
    """One type of records as a model writes it."""

    name: Name
    description: Text
    attributes: Annotated[list[AttributeRow], Field(max_length=MOST_ATTRIBUTES)]


class ProposeTypes(dspy.Signature):  # type: ignore[misc]
    """Propose a schema for reading tables such as those below: types of records, one record for each number in a table.

    A type is a kind of number: a score, an amount, a setting. Its attributes are all that one must know to understand such a
    number without the table: what was measured, of what, on what, in which unit. Headers, captions and the text around say
    them. Use one type for numbers that need the same attributes; names are short, without abbreviations that only these
    tables use, and each description says in at most 30 words what is meant. Kinds of attributes: text, number, boolean,
    date, choice (with its options), pairs (whatever else is said, as keys and values). Start from the draft, which was made
    from the headers alone: rename, merge, leave out and add.
    """

    draft: str = dspy.InputField()
    tables: str = dspy.InputField()
    types: Annotated[list[TypeRow], Field(min_length=1, max_length=MOST_TYPES)] = dspy.OutputField(
        desc='a list of {"name": …, "description": …, "attributes": [{"name": …, "kind": …, "description": …, '
        '"aliases": [other names that tables give it], "options": [the values of a choice, else none]}]}'
    )


class Propose(dspy.Module):  # type: ignore[misc]
    """Improve a draft of a schema by what tables say."""

    def __init__(self) -> None:
        super().__init__()
        self.propose = CheckedPredict(ProposeTypes, lambda _, outputs: _checked(outputs), max_tokens=ROOM)

    async def aforward(self, draft: RecordSchema, tables: Sequence[Table]) -> dspy.Prediction:
        """Propose.

        Returns:
            A prediction with `schema`, and what `CheckedPredict` adds.
        """
        said = await self.propose.acall(draft=template(draft), tables=shown(tables))
        return dspy.Prediction(said, schema=_schema(said["types"]).model_copy(update={"name": draft.name}))


def shown(tables: Sequence[Table]) -> str:
    """Some of the tables as a prompt shows them, each cut where it is long."""
    step = max(1, -(-len(tables) // MOST_TABLES))
    return "\n\n".join(_cut(Shown(table).whole) for table in tables[::step])


def _cut(text: str) -> str:
    return text if len(text) <= LETTERS else text[:LETTERS] + " …"


def _checked(outputs: Any) -> None:
    """The guardrails: a schema without mistakes, in not too many words."""
    for type in outputs.types:
        for one in (type, *type.attributes):
            check_words("name", one.name, NAME_WORDS)
            check_words("description", one.description, DESCRIPTION_WORDS)
    try:
        _schema(outputs.types)
    except ConfigError as error:
        raise GuardrailError(str(error)) from None


def _schema(types: Sequence[TypeRow]) -> RecordSchema:
    """The schema that a model proposes; options are left out where nothing is to be chosen."""
    values = [type.model_dump() for type in types]
    for attribute in (one for type in values for one in type["attributes"]):
        attribute["options"] = attribute["options"] if attribute["kind"] == "choice" else []
    return schema_of({"types": values}, "the answer")
