"""The student `writer`: a causal model with a LoRA adapter that writes a cell's record as JSON, served by vLLM.

It is asked about one cell at a time, in a prompt a tenth as long as its teacher's: the table is not in it, but what a
reader would look at from the cell (`tables/describing.py`); nor is the schema, which it learns by heart, as its answers
can have no other form. What it leaves unsaid it doesn't write.

Distillation as in Schema-to-JSON: the teacher's records are the lessons, drawn evenly over tables. Tokens at which the types
of records part weigh more: one of thirty in an answer, and the others follow from it.
"""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import numpy as np
from pydantic_core import from_json

from limbeck.dialects import Body
from limbeck.records import answers
from limbeck.records.answers import TYPE, Said
from limbeck.schemas import OTHER
from limbeck.schemas.extraction import Attribute, RecordSchema, RecordType
from limbeck.schemas.tables import Table, Target
from limbeck.students.cell_lessons import CellLesson, drawn, tidy
from limbeck.students.writer_training import Drawn, Lesson, Message, Progress, Tokens, Writer, train
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
DECIDES = 10.0
"""What a token weighs at which types part; all others weigh 1."""
EACH_TABLE = 40
LONGEST = 1024
"""Tokens of a lesson; longer ones are left out."""
MOST_HELD = 64

Send = Callable[[Body], Awaitable[Body]]


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
        model: What the server calls it.
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


# ---- teaching --------------------------------------------------------------------------------------------------------


def fit(
    lessons: Sequence[CellLesson],
    held: Sequence[CellLesson],
    schema: RecordSchema,
    base: str,
    seed: int,
    progress: Progress,
    most_tokens: int | None = None,
) -> Writer:
    """Teach a writer.

    Args:
        lessons: What to learn, those of one table next to each other.
        held: Lessons on which its loss is measured; may be none.
        schema: What the lessons' records are of.
        base: `embedded`, or a folder or hub id of a causal model.
        seed: Of adapter, draw and order.
        progress: Told about each epoch.
        most_tokens: That it learns from in all; some minutes' where nobody says how many.

    Raises:
        StudentError: There is no lesson that fits.
        ConfigError: The base can't be loaded.
    """

    def draw(tokens: Tokens, most: int) -> Drawn:
        made = TokenLessons(tokens, schema)
        return made.drawn(lessons, most, seed), made.fitting(drawn(held, EACH_TABLE, MOST_HELD, seed))

    return train(schema, base, seed, progress, most_tokens, draw, "cells")


class TokenLessons:
    """Cells and their records as a model's tokens."""

    def __init__(self, tokens: Tokens, schema: RecordSchema) -> None:
        self.tokens, self.schema = tokens, schema
        self.beginnings = {name: tokens.of(beginning(name)) for name in schema.names}

    def drawn(self, given: Sequence[CellLesson], most: int, seed: int) -> list[Lesson]:
        """About as many as so many tokens are, evenly over tables."""
        tried = [one.size for one in self.fitting(drawn(given, 1, 50, seed))]
        count = max(1, int(most / np.mean(tried))) if tried else 1
        return self.fitting(drawn(given, EACH_TABLE, count, seed))

    def fitting(self, given: Sequence[CellLesson]) -> list[Lesson]:
        """Lessons, but for those that are too long."""
        return [made for one in given if (made := self.lesson(one)).size <= LONGEST]

    def lesson(self, one: CellLesson) -> Lesson:
        """A cell and its record."""
        prompt = self.tokens.prompt(messages(one.table, one.target))
        record = tidy(one.said, self.schema)
        said = self.tokens.of(answer(record) + self.tokens.end)
        others = [tokens for name, tokens in self.beginnings.items() if name != record[TYPE]]
        return Lesson(prompt, said, [DECIDES if _parts(said, at, others) else 1.0 for at in range(len(said))])


def _parts(said: list[int], at: int, others: Sequence[list[int]]) -> bool:
    """Whether an answer of another type has another token here, and the same ones before."""
    return any(one[:at] == said[:at] and said[at] not in one[at : at + 1] for one in others if at < len(one))
