"""Teachers that know the answer: what comes through the pipeline of theirs tells what the pipeline itself loses."""

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

from limbeck.dialects import Body
from limbeck.records.answers import VALUE, Said
from limbeck.schemas.record import canonical
from limbeck.schemas.tables import Table
from limbeck.tables.showing import Shown

Faults = Callable[[dict[str, Any], random.Random], str]
"""Writes an answer's records, more or less as they should be."""


class Teacher:
    """Answers about tables as their gold says.

    Args:
        known: The tables, each with what is to be said of its cells, by their keys.
        write: How an answer is written; without faults where none is given.
    """

    def __init__(self, known: Mapping[Table, Mapping[str, Said]], write: "Faults | None" = None) -> None:
        self._known = {Shown(table).whole: said for table, said in known.items()}
        self._write = write or (lambda records, _: json.dumps(records))

    async def __call__(self, body: Body) -> Body:
        """Answer one request, by the table that its prompt shows and the cells that it asks for."""
        prompt = body["messages"][1]["content"]
        said = next(said for table, said in self._known.items() if table in prompt)
        asked = body["response_format"]["schema"]["properties"]
        records = {key: {VALUE: _value(one), **said.get(key, {"type": "Other"})} for key, one in asked.items()}
        text = self._write(records, random.Random(canonical(body)))
        usage = {"prompt_tokens": len(prompt) // 4, "completion_tokens": len(text) // 4}
        return {"choices": [{"message": {"content": text}, "finish_reason": "stop"}], "usage": usage}


def _value(cell: Mapping[str, Any]) -> str:
    return str(cell["anyOf"][0]["properties"][VALUE]["enum"][0])


def faulty(share: float) -> Faults:
    """An answer of which so many cells are left out, written twice, garbled, or written after the next one."""

    def write(records: dict[str, Any], chance: random.Random) -> str:
        pairs: list[tuple[str, Any]] = []
        late: tuple[str, Any] | None = None
        for pair in records.items():
            fault = chance.choice(("skip", "double", "garble", "reorder")) if chance.random() < share else ""
            pairs += {"skip": [], "double": [pair, pair], "garble": [_garbled(pair)], "reorder": []}.get(fault, [pair])
            pairs += [late] if late else []
            late = pair if fault == "reorder" else None
        pairs += [late] if late else []
        return "{" + ", ".join(f"{json.dumps(key)}: {json.dumps(record)}" for key, record in pairs) + "}"

    return write


def _garbled(pair: tuple[str, Any]) -> tuple[str, Any]:
    key, record = pair
    return key, {**record, VALUE: record[VALUE][::-1] + "0"}
