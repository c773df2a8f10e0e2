"""One typed call: prompt, constraint, validation, and a retry that shows the model its error.

`CheckedPredict(Signature, check=…)` is a `dspy.Predict`: DSPy's optimisers find it, trace it and set its demos. It differs
in two ways. Instructions, demonstrations and every input but the last make one system message, byte-identical for all
documents, so that a server's prefix cache pays for it once (and we format it once); the last input is the user message.
And an answer counts only if it parses, fits its types and passes the check: otherwise the model sees its answer and the
error, up to 5 times, each 0.1 warmer (TnT-LLM, App. C.2).
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Annotated, Any

import dspy
from dspy import lm15
from dspy.utils.exceptions import ContextWindowExceededError, LMAuthError, LMError, LMTransportError
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from limbeck.dialects import CHOICE
from limbeck.errors import CallFailed, GuardrailError, ModelUnreachable, PromptTooLong
from limbeck.llm import reason

RETRIES = 5
WARMER = 0.1
TOP_P = 0.5
PICTURES = "pictures"
"""Of a call's `config`: JPEGs in base64 that the model is to see before the last input."""
CUT = "the document was longer than the model reads; only its beginning was shown"
"""What a prediction's `error` says of such a document."""
PREFIXES = 16
"""Formatted prefixes kept: one for each program in use, and then some."""

Check = Callable[[dict[str, Any], Any], None]
"""Takes the inputs and the parsed outputs; raises `GuardrailError` with a sentence that the model is shown."""


class CheckedPredict(dspy.Predict):  # type: ignore[misc]
    """Call a model until its answer passes, at most 6 times.

    Args:
        signature: A `dspy.Signature`; its last input is what differs from document to document.
        check: The guardrails beyond types.
        temperature: Of the first attempt.
        max_tokens: Room for the answer.
        retries: How often it is asked again.

    The prediction has the output fields and `calls` (ids, in order), `repaired` (bool) and `error` (the last error that
    the model was shown, or None).

    Raises:
        GuardrailError: No attempt passed. Its `calls` are the attempts.
        CallFailed: The server refused the request or failed for good.
        ModelUnreachable: The server is gone or takes no key.
    """

    uncut = True
    """Whether an answer that was cut off at its last token is no answer."""

    def __init__(
        self,
        signature: Any,
        check: Check | None = None,
        *,
        temperature: float = 0.0,
        max_tokens: int = 512,
        retries: int = RETRIES,
    ) -> None:
        super().__init__(signature, temperature=temperature, max_tokens=max_tokens)
        self.check = check
        self.retries = retries
        self._name = self.signature.__name__  # With other instructions, or loaded, a signature loses its own.
        self._prefixes: dict[tuple[Any, ...], str] = {}

    async def aforward(self, **kwargs: Any) -> dspy.Prediction:
        """Ask, check, ask again."""
        lm, config, signature, demos, inputs = self._forward_preprocess(**kwargs)
        *fixed, varying = signature.input_fields
        system = self._prefix(signature, demos, tuple((name, inputs[name]) for name in fixed))
        attempts = Attempts(self, lm, system, shown(inputs[varying]), config, self._constraint(signature, config))
        while True:
            answer = await attempts.next()
            try:
                outputs = self._parsed(signature, config, answer)
                if self.check:
                    self.check(inputs, outputs)
                break
            except GuardrailError as error:
                attempts.failed(error)
        if dspy.settings.trace is not None:  # What DSPy's optimisers learn from.
            dspy.settings.trace.append((self, inputs, dspy.Prediction(**outputs.__dict__)))
        return dspy.Prediction(
            **outputs.__dict__, calls=attempts.calls, repaired=bool(attempts.error), error=attempts.error
        )

    def forward(self, **kwargs: Any) -> dspy.Prediction:
        """The same, for DSPy's optimisers, which are not async."""
        return asyncio.run(self.aforward(**kwargs))

    def _prefix(self, signature: Any, demos: list[Any], fixed: tuple[tuple[str, Any], ...]) -> str:
        # By what demonstrations say: optimisers make and drop them by the hundred, and a dropped one's `id` is given again.
        key = (signature.instructions, *(shown(dict(demo)) for demo in demos), *((n, shown(v)) for n, v in fixed))
        if key not in self._prefixes:
            if len(self._prefixes) >= PREFIXES:
                self._prefixes.clear()
            self._prefixes[key] = _system(signature, demos, fixed, self._form(signature))
        return self._prefixes[key]

    def shortened(self, user: str) -> str | None:
        """A document that does not fit the model, shorter: its first half; None where it is short as it is."""
        return user[: len(user) // 2] + " …" if len(user) >= 200 else None

    def _form(self, signature: Any) -> str:
        """What the prompt says of the answer's form."""
        fields = [f'"{name}": {_described(field)}' for name, field in signature.output_fields.items()]
        return "Answer with one JSON object and nothing else:\n{" + ",\n ".join(fields) + "}"

    def _constraint(self, signature: Any, config: dict[str, Any]) -> dict[str, Any]:
        """What the server is asked to enforce, as parts of `lm15.Config`."""
        return {"response_format": _response_format(signature, self._name)}

    def _parsed(self, signature: Any, config: dict[str, Any], answer: str) -> Any:
        try:
            return _output_model(signature).model_validate_json(_json_part(answer))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the answer"
            raise GuardrailError(f"{where!r}: {first['msg']}; answer with the JSON object described above") from None


class CheckedChoice(CheckedPredict):
    """Call a model to choose one of several answers, nothing else.

    `await choice.acall(config={"options": ("1. Cards", "2. Fees")}, …)`: the one output is the option chosen, word for
    word. With a server that constrains, the model can say nothing else. The prompt must show the options itself.
    """

    def _form(self, signature: Any) -> str:
        return "Answer with one of the options, word for word, and nothing else."

    def _constraint(self, signature: Any, config: dict[str, Any]) -> dict[str, Any]:
        return {"extensions": {CHOICE: list(config["options"])}}

    def _parsed(self, signature: Any, config: dict[str, Any], answer: str) -> Any:
        said = answer.strip().strip("\"'`.").strip()
        for option in config["options"]:
            if said == option.strip("\"'`.").strip():
                return _output_model(signature).model_construct(**{next(iter(signature.output_fields)): option})
        raise GuardrailError(f"{answer[:80]!r} is not one of the options; answer with one of them, word for word")


class Attempts:
    """The attempts at one answer: what is sent next, and what came back so far."""

    def __init__(
        self, asks: CheckedPredict, lm: Any, system: str, user: str, config: dict[str, Any], constraint: dict[str, Any]
    ) -> None:
        self.calls: tuple[str, ...] = ()
        self.error: str | None = None
        self._asks = asks
        self._lm = lm
        self._system = system
        self._user = user
        self._config = config
        self._constraint = constraint
        self._answer = ""
        self._failures = 0

    async def next(self) -> str:
        """Send the next attempt and give the answer."""
        try:
            response = await self._lm.acall(self._request())
        except ContextWindowExceededError:
            return await self._shorter()
        except LMError as error:
            raise final(error, self._lm.model, seeing=bool(self._config.get(PICTURES))) from error
        self.calls += (response.id,)
        self._answer = "".join(part.text for part in response.message.parts if isinstance(part, lm15.TextPart))
        if response.finish_reason == "length" and self._asks.uncut:
            self.failed(GuardrailError(f"the answer was cut off after {self._config['max_tokens']} tokens; be shorter"))
            return await self.next()
        return self._answer

    def failed(self, error: GuardrailError) -> None:
        """Note why the last answer can't be used.

        Raises:
            GuardrailError: That was the last attempt.
        """
        self.error = str(error)
        self._failures += 1
        if self._failures > self._asks.retries:
            final = GuardrailError(f"no usable answer in {self._failures!r} attempts; the last error: {error}")
            final.calls = self.calls
            raise final

    def _request(self) -> lm15.Request:
        messages: tuple[lm15.Message, ...] = (_message(self._user, self._config.get(PICTURES, ())),)
        if self.error and self._answer:
            again = f"That answer can't be used: {self.error}. Answer again."
            messages += (lm15.Message.assistant(self._answer), lm15.Message.user(again))
        return lm15.Request(
            model=self._lm.model,
            system=self._system,
            messages=messages,
            config=lm15.Config(
                temperature=round(self._config["temperature"] + WARMER * self._failures, 3),
                max_tokens=self._config["max_tokens"],
                top_p=TOP_P,
                **self._constraint,
            ),
        )

    async def _shorter(self) -> str:
        """The document does not fit the model: try its first half, and so on."""
        shorter = self._asks.shortened(self._user)
        if shorter is None:
            raise PromptTooLong(len(self._system) + len(self._user), self._lm.model)
        self._user = shorter
        self.error = CUT
        self._answer = ""
        return await self.next()


def _message(user: str, pictures: Sequence[str]) -> lm15.Message:
    """The user's message, after the pictures that it is about."""
    parts = [lm15.ImagePart(media_type="image/jpeg", data=one) for one in pictures]
    return lm15.Message(role="user", parts=(*parts, lm15.TextPart(user)))


def shown(value: Any) -> str:
    """A value as the prompt shows it: text as it is, everything else as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=lambda one: one.model_dump(mode="json"))


def _system(signature: Any, demos: list[Any], fixed: tuple[tuple[str, Any], ...], form: str) -> str:
    parts = [signature.instructions]
    parts += [f"## {_title(name)}\n{shown(value)}" for name, value in fixed]
    parts.append(f"## Form\n{form}")
    outputs, varying = signature.output_fields, list(signature.input_fields)[-1]
    for demo in demos:
        answer = {name: demo.get(name) for name in outputs}
        parts.append(f"## Example\n{shown(demo.get(varying))}\n\n{shown(answer)}")
    return "\n\n".join(parts)


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _described(field: Any) -> str:
    extra = field.json_schema_extra or {}
    return str(extra.get("desc") or "…")


@lru_cache(maxsize=64)
def _output_model(signature: Any) -> type[BaseModel]:
    fields: dict[str, Any] = {
        name: (Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation, ...)
        for name, field in signature.output_fields.items()
    }
    return create_model(signature.__name__, __config__=ConfigDict(extra="ignore"), **fields)


@lru_cache(maxsize=64)
def _response_format(signature: Any, name: str) -> dict[str, Any]:
    schema = {**_closed(_output_model(signature).model_json_schema()), "title": name}
    return {"type": "json_schema", "name": name, "schema": schema, "strict": True}


def _closed(schema: Any) -> Any:
    """The schema with nothing extra allowed in any object, as strict servers want it."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(inner) for name, inner in schema.items()}
    return {**closed, "additionalProperties": False} if schema.get("type") == "object" else closed


def _json_part(answer: str) -> str:
    """The JSON object in an answer that may have words or a fence around it."""
    start, end = answer.find("{"), answer.rfind("}")
    return answer[start : end + 1] if 0 <= start < end else answer


def final(error: LMError, model: str, *, seeing: bool = False) -> Exception:
    """Our error for one of DSPy's, after its retries; `seeing`: the model was shown pictures."""
    ours = reason(error)
    if ours:
        return ours
    said = str(error).splitlines()[0]
    if isinstance(error, (LMTransportError, LMAuthError)):
        return ModelUnreachable(f"the server of {model!r} is gone or refuses: {said}; see to it and run again to go on")
    blind = "a model that can't see needs `read: {see: text}`; " if seeing else ""
    return CallFailed(f"{model!r} refused or failed: {said}; {blind}see the failed ones with: limbeck show RUN --failed")
