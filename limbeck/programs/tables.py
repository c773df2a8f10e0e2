"""Schema-to-JSON (Bai et al. 2024, arXiv:2305.14336): a record for every value of a table, by a schema that a person wrote.

The model goes on from the value of the next cell, given in advance; what it writes is accepted up to the first cell that
is skipped, doubled or garbled, and it is asked again from there (section 3, error recovery). Beyond the paper: cells are
told apart by row and column, not by value, and servers that constrain can write nothing but records of the schema.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from types import SimpleNamespace
from typing import Any, TypeVar

import dspy

from limbeck.errors import CallFailed, GuardrailError, PromptTooLong
from limbeck.programs.predict import CheckedPredict
from limbeck.records import answers
from limbeck.records.answers import Said
from limbeck.schemas.extraction import RecordSchema
from limbeck.schemas.tables import Table, Target
from limbeck.tables.showing import Shown

T = TypeVar("T")
LETTERS_PER_TOKEN = 2.0
"""At least, of a prompt about a table: small models have a token for each digit."""
TOKENS_A_CELL = 160
MOST_TOKENS = 2048
"""Room for an answer, as the paper gives GPT-4."""
PASSES = 20
LOST = 3
"""Cells in a row that a model can't describe, after which the rest of a table fails: it answers nonsense, and is paid for it."""
TIGHTER = 0.7
"""A prompt that doesn't fit after all gets so much of the room that it was thought to have."""


class DescribeCells(dspy.Signature):  # type: ignore[misc]
    """Describe cells of a table for the use case: for each cell asked for, in the order given, one record. Repeat the cell's
    value, choose the type of record that it is, and fill in that type's attributes from the table, its caption, its notes and
    the text, in their words. An attribute of which nothing is said there is null, a list of pairs then empty. A cell to which no
    type applies is of the type Other.
    """

    use_case: str = dspy.InputField()
    types_of_records: str = dspy.InputField()
    question: str = dspy.InputField()
    records: dict[str, Any] = dspy.OutputField()


class CellsPredict(CheckedPredict):
    """Ask for the records of some cells; what is usable of an answer is taken, and no usable record at all asks again.

    `await predict.acall(config={"schema": …, "cells": …}, …)` gives `records`, by the cells' keys, and `stopped`: why not
    all of them.
    """

    uncut = False

    def shortened(self, user: str) -> str | None:
        """A question about a table isn't cut: its end says which cells are asked for."""
        return None

    def _form(self, signature: Any) -> str:
        return (
            "Answer with one JSON object and nothing else. Its keys are the cells' rows and columns, in the order asked for; "
            'its values are records, such as {"3,1": {"value": "12.3", "type": "…", attributes}}; pairs are written '
            '[{"key": "…", "value": "…"}].'
        )

    def _constraint(self, signature: Any, config: dict[str, Any]) -> dict[str, Any]:
        schema = answers.constraint(config["schema"], config["cells"])
        return {"response_format": {"type": "json_schema", "name": self._name, "schema": schema, "strict": True}}

    def _parsed(self, signature: Any, config: dict[str, Any], answer: str) -> Any:
        records, stopped = answers.read(answer, config["schema"], config["cells"])
        if not records:
            raise GuardrailError(f"{stopped}; answer about the cells asked for, from the first on, in their order")
        return SimpleNamespace(records=records, stopped=stopped)


@dataclass
class Reading:
    """How far a chain of cells is described."""

    waiting: list[Target]
    records: dict[str, Said] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    """Why a cell could not be described, by its key."""
    calls: tuple[str, ...] = ()
    passes: int = 0
    """Answers that stopped before their end."""
    lost: int = 0
    """Cells left out since the last record."""
    error: str | None = None
    """The last mistake that the model was shown, or that cost a pass."""

    def accept(self, said: Any) -> None:
        """Keep the records of an answer."""
        self.records |= said.records
        self.waiting = self.waiting[len(said.records) :]
        self.calls += said.calls
        self.passes += bool(said.stopped)
        self.lost = 0
        self.error = said.stopped or said.error or self.error

    def give_up(self, cells: Sequence[Target], error: Exception) -> None:
        """Leave cells out, from the first one that waits."""
        self.failed |= {one.key: str(error) for one in cells}
        self.waiting = self.waiting[len(cells) :]
        self.lost += 1
        self.calls += getattr(error, "calls", ())
        self.error = str(error)


class Extract(dspy.Module):  # type: ignore[misc]
    """Records of a table's cells.

    Args:
        schema: What is wanted.
        cells: How many are described in one call. With 1, each is asked for on its own, many at once: a small model learns
            nothing from its own earlier records.
        passes: Answers that may break off before the rest of the cells fails; the paper's 20, or half of the cells where
            that is more, without it.
        failures: Answers in a row without a usable record, after which a cell is left out.
        context: Tokens that the model reads, the answer's included.
        temperature: Of the first attempt at each answer.
    """

    def __init__(
        self, schema: RecordSchema, *, cells: int, passes: int | None = None, failures: int = 3, context: int = 8192, temperature: float = 0.0
    ) -> None:
        super().__init__()
        self.schema, self.cells, self.passes = schema, cells, passes
        answer = min(MOST_TOKENS, TOKENS_A_CELL * (cells + 1), context // 3)
        self.room = int((context - answer) * LETTERS_PER_TOKEN) - len(answers.template(schema))
        self.describe = CellsPredict(DescribeCells, temperature=temperature, max_tokens=answer, retries=failures - 1)

    async def aforward(self, use_case: str, table: Table, targets: Sequence[Target]) -> dspy.Prediction:
        """Describe cells of a table.

        Returns:
            A prediction with `records` (`Said` by the cells' keys), `failed` (why, by key), `calls`, `repaired` and `error`
            as of `CheckedPredict`.

        Raises:
            BudgetSpent, ModelUnreachable: It can't go on now; what was asked is in the store.
        """
        shown = Shown(table)
        chains = [list(targets)] if self.cells > 1 else [[one] for one in targets]
        readings = await _all(self._described(use_case, shown, chain) for chain in chains)
        errors = [one.error for one in readings if one.error]
        return dspy.Prediction(
            records={key: said for one in readings for key, said in one.records.items()},
            failed={key: why for one in readings for key, why in one.failed.items()},
            calls=tuple(call for one in readings for call in one.calls),
            repaired=bool(errors),
            error=errors[-1] if errors else None,
        )

    async def _described(self, use_case: str, shown: Shown, chain: list[Target]) -> Reading:
        """Pass by pass, each going on from the records accepted so far."""
        reading, room = Reading(chain), self.room
        passes = self.passes or max(PASSES, len(chain) // 2)
        while reading.waiting:
            if reading.passes >= passes or reading.lost >= LOST:
                why = f"{LOST!r} cells in a row failed" if reading.lost >= LOST else f"{passes!r} answers broke off"
                reading.give_up(reading.waiting, GuardrailError(f"{why}; {reading.error}"))
                break
            cells = reading.waiting[: self.cells]
            try:
                said = await self.describe.acall(
                    use_case=use_case,
                    types_of_records=answers.template(self.schema),
                    question=question(shown, chain, reading, cells, room),
                    config={"schema": self.schema, "cells": cells},
                )
                reading.accept(said)
            except GuardrailError as error:
                reading.give_up(cells[:1], error)
            except PromptTooLong as error:
                room = int(room * TIGHTER)
                if room < len(cells) * TOKENS_A_CELL:
                    reading.give_up(reading.waiting, error)
            except CallFailed as error:  # What was described before is paid for, and kept.
                reading.give_up(reading.waiting, error)
        return reading


async def _all(work: Iterable[Awaitable[T]]) -> list[T]:
    """What all come to; where one can't go on, the others first finish what they have in hand: it is paid for."""
    done = await asyncio.gather(*work, return_exceptions=True)
    for one in done:
        if isinstance(one, BaseException):
            raise one
    return [one for one in done if not isinstance(one, BaseException)]


def question(table: Shown, chain: Sequence[Target], reading: Reading, cells: Sequence[Target], room: int) -> str:
    """Text, table, records so far, and the cells that are asked for, in so many characters (context control, section 3).

    Paragraphs are left out from the front until they and the table fill no more than half of the room; then the oldest
    records.
    """
    wanted = "\n".join(map(table.place, cells))
    asked = f"## Cells to describe now\n{wanted}\n\nThe answer begins with {answers.beginning(cells[0])}"
    shown = table.within(cells, room // 2)
    paragraphs = _last(table.table.paragraphs, room // 2 - len(shown))
    text = "\n\n".join(paragraphs)
    before = "\n".join(_last(answers.written(reading.records, chain), room - len(shown) - len(text) - len(asked)))
    parts = {"Text": text, "Table": shown, "Records so far": before}
    return "\n\n".join([*(f"## {name}\n{said}" for name, said in parts.items() if said), asked])


def _last(texts: Sequence[str], room: int) -> list[str]:
    """As many of the last texts as go into so many characters."""
    sizes = list(accumulate(len(one) + 2 for one in reversed(texts)))
    count = sum(size <= room for size in sizes)
    return list(texts[len(texts) - count :])
