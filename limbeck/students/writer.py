"""The student `writer`: a causal model with a LoRA adapter that writes a cell's record as JSON, served by vLLM beside its base.

It is asked about one cell at a time, in a prompt a tenth as long as its teacher's: the table is not in it, but what a
reader would look at from the cell (`tables/describing.py`); nor is the schema, which it learns by heart, as its answers
can have no other form. What it leaves unsaid it doesn't write.
"""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from pydantic_core import from_json

from limbeck.dialects import Body
from limbeck.records import answers
from limbeck.records.answers import TYPE, Said
from limbeck.schemas import OTHER
from limbeck.schemas.extraction import Attribute, RecordSchema, RecordType
from limbeck.schemas.tables import Table, Target
from limbeck.tables.describing import as_cell, cut
from limbeck.tables.grid import Grid

TASK = "Write the record of a table's cell as JSON: its type and what is said of its attributes."
DIGITS = ("Below", "Cells")
"""Lines that it isn't shown of a cell: the numbers around it, of which small models read a token a digit."""
MOST_TEXT = 300
"""Characters of the paragraph that says most about the table beyond its caption."""
BEYOND = 60
"""Characters that a paragraph must say more than the caption where it repeats it."""
MOST_TOKENS = 200
"""Room for a record; the rest of a longer one is lost. Values have no length, as the grammars of servers that count letters have no
escapes (xgrammar 0.2), without which no `\\` or `"` can be written.
"""
AT_ONCE = 64

Send = Callable[[Body], Awaitable[Body]]
Message = dict[str, str]


def messages(table: Table, target: Target, grid: Grid | None = None) -> list[Message]:
    """What it is asked about a cell; the same when it is taught and when it answers."""
    said = next((one for one in reversed(table.paragraphs) if _tells(one, table.caption)), "")
    text = f"Text: {cut(said, MOST_TEXT)}\n" if said else ""
    return [{"role": "system", "content": TASK}, {"role": "user", "content": text + as_cell(table, target, grid, DIGITS)}]


def _tells(paragraph: str, caption: str) -> bool:
    """Whether a paragraph says more than the caption."""
    return not caption or caption not in paragraph or len(paragraph) > len(caption) + BEYOND


def answer(said: Said) -> str:
    """A record as it writes it: without blanks, as a server that constrains lets it (`engine.JSON_WITHOUT_BLANKS`)."""
    return json.dumps({name: value for name, value in said.items() if value}, ensure_ascii=False, separators=(",", ":"))


def beginning(type_name: str) -> str:
    """An answer up to the end of its type."""
    return answer({TYPE: type_name}).removesuffix("}")


def constraint(schema: RecordSchema) -> dict[str, Any]:
    """The JSON schema of its answers: a type's attributes in their order, any of which may be left out."""
    return {"anyOf": [_record(one) for one in (*schema.types, RecordType(name=OTHER))]}


def _record(one: RecordType) -> dict[str, Any]:
    properties = {TYPE: {"enum": [one.name]}, **{attribute.name: _value(attribute) for attribute in one.attributes}}
    return {"type": "object", "properties": properties, "required": [TYPE], "additionalProperties": False}


def _value(one: Attribute) -> dict[str, Any]:
    text = {"type": "string"}
    if one.kind == "pairs":
        return {"type": "object", "additionalProperties": text, "maxProperties": answers.MOST_PAIRS}
    return {"enum": list(one.options)} if one.kind == "choice" else text


async def read(send: Send, model: str, schema: RecordSchema, table: Table, targets: Sequence[Target]) -> list[tuple[Said, float]]:
    """What it says of some cells of a table, each with how likely its type is by its own account; 0 for an answer that is none.

    Args:
        send: Takes a chat request of OpenAI's protocol.
        model: The adapter's name at the server.
        schema: What it was taught.
        table: Where the cells stand.
        targets: The cells.
    """
    grid, places, form = Grid(table), asyncio.Semaphore(AT_ONCE), _form(schema)

    async def one(target: Target) -> tuple[Said, float]:
        async with places:
            answered = await send({"model": model, "messages": messages(table, target, grid), **form})
        return heard(answered["choices"][0], schema)

    return list(await asyncio.gather(*map(one, targets)))


def _form(schema: RecordSchema) -> Body:
    """How it is to answer."""
    form = {"type": "json_schema", "name": "record", "schema": constraint(schema), "strict": True}
    return {"max_tokens": MOST_TOKENS, "temperature": 0.0, "response_format": form, "logprobs": True}


def heard(choice: Body, schema: RecordSchema) -> tuple[Said, float]:
    """A record and the likelihood of its type, from what was written, as far as it goes; `Other` and 0 where that is no record.

    Args:
        choice: Of a server's answer: a message, and its tokens' `logprobs` where the server gives them.
        schema: What it was taught.
    """
    text = choice["message"].get("content") or ""
    try:
        record = from_json(text[text.find("{") :], allow_partial=True)
    except ValueError:
        record = None
    said = answers.said_of(record, schema) if isinstance(record, dict) else None
    return (said, _likelihood(choice, said[TYPE])) if said else ({TYPE: OTHER}, 0.0)


def _likelihood(choice: Body, type_name: str) -> float:
    """Of the tokens up to the quote that ends the type; 1 where the server doesn't say."""
    left, likely = beginning(type_name).count('"'), 0.0
    for one in (choice.get("logprobs") or {}).get("content") or ():
        if left <= 0:
            break
        left -= str(one["token"]).count('"')
        likely += one["logprob"] or 0.0
    return math.exp(likely)
