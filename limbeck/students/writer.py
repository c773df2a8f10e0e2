"""The student `writer`: a causal model with a LoRA adapter that writes a cell's record as JSON, served by vLLM beside its base.

It is asked about one cell at a time, in a prompt a tenth as long as its teacher's: the table is not in it, but what a
reader would look at from the cell (`tables/describing.py`); nor is the schema, which it learns by heart, as its answers
can have no other form. What it leaves unsaid it doesn't write.
"""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Sequence
from itertools import accumulate
from typing import Any

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
MOST_TOKENS = 200
"""Room for a record."""
LONGEST = 80
"""Characters of a value."""
AT_ONCE = 64

Send = Callable[[Body], Awaitable[Body]]
Message = dict[str, str]


def messages(table: Table, target: Target, grid: Grid | None = None) -> list[Message]:
    """What it is asked about a cell; the same when it is taught and when it answers."""
    said = next((one for one in reversed(table.paragraphs) if not table.caption or table.caption not in one), "")
    text = f"Text: {cut(said, MOST_TEXT)}\n" if said else ""
    return [
        {"role": "system", "content": TASK},
        {"role": "user", "content": text + as_cell(table, target, grid, DIGITS)},
    ]


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
    text = {"type": "string", "maxLength": LONGEST}
    if one.kind == "pairs":
        return {"type": "object", "additionalProperties": text}
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
    grid, places = Grid(table), asyncio.Semaphore(AT_ONCE)

    async def one(target: Target) -> tuple[Said, float]:
        async with places:
            answered = await send(_request(model, schema, messages(table, target, grid)))
        return heard(answered["choices"][0], schema)

    return list(await asyncio.gather(*map(one, targets)))


def _request(model: str, schema: RecordSchema, asked: list[Message]) -> Body:
    form = {"type": "json_schema", "name": "record", "schema": constraint(schema), "strict": True}
    asking = {"max_tokens": MOST_TOKENS, "temperature": 0.0, "response_format": form, "logprobs": True}
    return {"model": model, "messages": asked, **asking}


def heard(choice: Body, schema: RecordSchema) -> tuple[Said, float]:
    """A record and the likelihood of its type, from what was written; `Other` and 0 where that is no record.

    Args:
        choice: Of a server's answer: a message, and its tokens' `logprobs` where the server gives them.
        schema: What it was taught.
    """
    text = choice["message"].get("content") or ""
    try:
        said = answers.said_of(json.loads(text[text.find("{") :]), schema)
    except (ValueError, RecursionError, AttributeError):
        said = None
    return (said, _likelihood(choice, said)) if said else ({TYPE: OTHER}, 0.0)


def _likelihood(choice: Body, said: Said) -> float:
    """Of the tokens up to the end of the type; 1 where the server doesn't say."""
    tokens = (choice.get("logprobs") or {}).get("content") or ()
    ends = accumulate(len(one["token"]) for one in tokens)
    end = len(beginning(said[TYPE]))
    return math.exp(sum(one["logprob"] for one, after in zip(tokens, ends, strict=True) if after - len(one["token"]) < end))
