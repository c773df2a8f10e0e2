"""TAIL (Bhattacharyya and Tripathi, WACV 2025): labels of documents by a large model with task-aware instructions.

The prompt's order is ours, as the paper's abstract gives none: task, fields with meaning, rules, form and what to give when
absent, then the document, as text with its layout or as pictures. Each further reading varies the prompt: another order of
fields, text without layout, a little warmth, so that readings err apart and their votes tell what is sure.
"""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import dspy

from limbeck.errors import GuardrailError
from limbeck.fields import answers
from limbeck.pages import layout
from limbeck.programs.predict import CUT, PICTURES, CheckedPredict
from limbeck.schemas.fields import FieldSet

TOKENS_A_FIELD = 48
TOKENS_A_LIST = 1024
LETTERS_PER_TOKEN = 2.0
"""At least, of a prompt about receipts: small models have a token for each digit."""
LEAST_ROOM = 400
VARIED, WARMER = 0.3, 0.1
"""The temperature of the second reading, and what each further one has more."""


class ReadFields(dspy.Signature):  # type: ignore[misc]
    """Read a document for the use case and say what it states of each field. Take values from the document alone; never
    guess: what it does not state is null. Tell each field from its neighbours by the rules given with it.
    """

    use_case: str = dspy.InputField()
    wanted: str = dspy.InputField()
    document: str = dspy.InputField()
    record: dict[str, Any] = dspy.OutputField()


class FieldsPredict(CheckedPredict):
    """Ask for a document's fields; `await predict.acall(config={"fields": FieldSet, "pictures": […]}, …)` gives `record`, a `Said`."""

    uncut = False

    def _form(self, signature: Any) -> str:
        return "Answer with one JSON object and nothing else, with a value or null for each field."

    def _constraint(self, signature: Any, config: dict[str, Any]) -> dict[str, Any]:
        schema = answers.constraint(config["fields"])
        return {"response_format": {"type": "json_schema", "name": self._name, "schema": schema, "strict": True}}

    def _parsed(self, signature: Any, config: dict[str, Any], answer: str) -> Any:
        said = answers.read(answer, config["fields"])
        if said is None:
            raise GuardrailError("it is no JSON object with the fields; answer with one, such as {\"…\": null}")
        return SimpleNamespace(record=said)


class Read(dspy.Module):  # type: ignore[misc]
    """One way of reading documents.

    Args:
        fields: What is wanted.
        number: Which reading it is, from 0: the first one is as the field set has it and greedy.
        failures: Answers in a row without a usable record, after which it fails.
        context: Tokens that the model reads, the answer's included.
    """

    def __init__(self, fields: FieldSet, *, number: int = 0, failures: int = 3, context: int = 8192) -> None:
        super().__init__()
        self.fields = turned(fields, number)
        self.plain = bool(number % 2)
        """Whether it is shown text without layout."""
        answer = min(most_tokens(fields), context // 3)
        self.room = max(LEAST_ROOM, int((context - answer) * LETTERS_PER_TOKEN) - len(answers.template(fields)))
        """Characters of a document that it can be shown."""
        temperature = round(VARIED + WARMER * (number - 1), 3) if number else 0.0
        self.read = FieldsPredict(ReadFields, temperature=temperature, max_tokens=answer, retries=failures - 1)

    async def aforward(self, use_case: str, document: str, pictures: Sequence[str] = ()) -> dspy.Prediction:
        """Read one document.

        Args:
            use_case: What it is read for.
            document: Its text; may be empty where there are pictures. Of a long one the model is shown the beginning, which `error` says.
            pictures: JPEGs in base64, page by page.

        Returns:
            A prediction with `record` (a `Said`), `calls`, `repaired` and `error` as of `CheckedPredict`.

        Raises:
            GuardrailError, CallFailed: There is no usable answer.
            BudgetSpent, ModelUnreachable: It can't go on now.
        """
        config = {"fields": self.fields, PICTURES: tuple(pictures)}
        shown = layout.beginning(document, self.room)
        said = await self.read.acall(use_case=use_case, wanted=answers.template(self.fields), document=shown, config=config)
        if shown != document and not said.error:
            said.repaired, said.error = True, CUT
        return said


def turned(fields: FieldSet, number: int) -> FieldSet:
    """The fields in another order."""
    at = number % len(fields.fields)
    return fields.model_copy(update={"fields": (*fields.fields[at:], *fields.fields[:at])})


def most_tokens(fields: FieldSet) -> int:
    """Room for an answer."""
    return sum(TOKENS_A_LIST if one.kind == "list" or one.several else TOKENS_A_FIELD for one in fields.fields)
