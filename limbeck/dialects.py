"""What a request looks like on the wire: in a neutral form, which names a call, and as each kind of server takes it."""

import json
from typing import Any, Literal

from dspy import lm15

from limbeck.errors import NoLikelihood
from limbeck.schemas.record import canonical, content_id

Body = dict[str, Any]
Dialect = Literal["vllm", "openai", "plain"]
"""How a server takes constraints: vLLM's `structured_outputs`, `response_format`, or not at all."""
CHOICE = "choice"
"""The request's extension that lists the answers allowed."""
PROMPT_LOGPROBS = {"prompt_logprobs": 0, "add_generation_prompt": False, "continue_final_message": True}
"""Extensions of a request that asks how likely its own last message is; vLLM's words. The answer is the tokens' list."""
LEAST_LOGPROB = -9999.0
"""What stands for a probability of 0, as with vLLM; JSON has no infinity."""


def neutral(request: lm15.Request) -> Body:
    """The request as OpenAI's protocol writes it, before any server's dialect: what a call is named by."""
    config = request.config
    messages = [{"role": "system", "content": request.system}] if request.system else []
    messages += [{"role": message.role, "content": _content(message)} for message in request.messages]
    body: Body = {"model": request.model, "messages": messages}
    for name in ("max_tokens", "temperature", "top_p", "seed", "frequency_penalty", "presence_penalty"):
        if (value := getattr(config, name)) is not None:
            body[name] = value
    if config.response_format is not None:
        body["response_format"] = config.response_format
    return {**body, **(config.extensions or {})}


def _content(message: lm15.Message) -> str | list[Body]:
    """A message's text; with pictures, these as `image_url`s before it, as models that see take them."""
    pictures = [part for part in message.parts if isinstance(part, lm15.ImagePart)]
    shown = [{"type": "image_url", "image_url": {"url": f"data:{one.media_type};base64,{one.data}"}} for one in pictures]
    return [*shown, {"type": "text", "text": _text(message)}] if shown else _text(message)


def without_pictures(body: Body) -> Body:
    """A neutral request as the ledger keeps it: a picture by the id of its bytes, which are many."""
    return {**body, "messages": [{**one, "content": _without_pictures(one["content"])} for one in body["messages"]]}


def _without_pictures(content: str | list[Body]) -> str | list[Body]:
    if isinstance(content, str):
        return content
    return [{**part, "image_url": {"url": content_id(part["image_url"]["url"])}} if "image_url" in part else part for part in content]


def _text(message: lm15.Message) -> str:
    return "".join(part.text for part in message.parts if isinstance(part, lm15.TextPart))


def constrained(body: Body) -> bool:
    """Whether the form of the answer is prescribed."""
    return CHOICE in body or "response_format" in body


def spoken(body: Body, dialect: Dialect) -> Body:
    """The neutral request in a server's dialect."""
    said = {name: value for name, value in body.items() if name != CHOICE}
    choice = body.get(CHOICE)
    if dialect == "plain":
        said.pop("response_format", None)
    elif choice and dialect == "vllm":
        said["structured_outputs"] = {"choice": choice}
    elif choice:
        one = {"type": "object", "properties": {CHOICE: {"type": "string", "enum": choice}}}
        said["response_format"] = _enforced(CHOICE, {**one, "required": [CHOICE], "additionalProperties": False})
    elif form := said.get("response_format"):
        schema = form["schema"] if dialect == "vllm" else _without_lengths(form["schema"])
        said["response_format"] = _enforced(form["name"], schema)
    return said


def _without_lengths(schema: Any) -> Any:
    """The schema for servers that refuse `maxLength`, as OpenAI's strict mode does; we check lengths ourselves."""
    if isinstance(schema, list):
        return [_without_lengths(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: _without_lengths(inner) for name, inner in schema.items() if name != "maxLength"}


def _enforced(name: str, schema: Body) -> Body:
    return {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": True}}


def heard(answer: Body, body: Body, dialect: Dialect) -> Body:
    """The server's answer as if it had been given to the neutral request: a choice without its wrapping.

    Raises:
        NoLikelihood: It was asked how likely the prompt is, and does not say.
    """
    if "prompt_logprobs" in body:
        return _weighed(answer, body)
    if CHOICE not in body or dialect != "openai":
        return answer
    first = answer["choices"][0]
    inner = parsed((first["message"].get("content") or "").encode())
    if not isinstance(inner.get(CHOICE), str):
        return answer
    unwrapped = {**first, "message": {**first["message"], "content": inner[CHOICE]}}
    return {**answer, "choices": [unwrapped]}


def _weighed(answer: Body, body: Body) -> Body:
    """How likely each token of the prompt is, but for the first, in the place of an answer."""
    try:
        written = canonical([_token(entry) for entry in answer.get("prompt_logprobs") or () if entry])
    except (TypeError, ValueError, KeyError, AttributeError):
        written = "[]"
    if written == "[]":
        raise NoLikelihood(body["model"])
    first = {**answer["choices"][0], "message": {"role": "assistant", "content": written}, "finish_reason": "stop"}
    return {**answer, "choices": [first]}


def _token(entry: Body) -> tuple[int, float]:
    """A token's number and log-probability; a server that gives more tokens gives the prompt's own first."""
    number, told = next(iter(entry.items()))
    return int(number), max(float(told["logprob"]), LEAST_LOGPROB)


def without_likelihood(answer: Body, body: Body) -> bool:
    """Whether a server refuses a request because it was asked how likely the prompt is."""
    return "prompt_logprobs" in body and any(name in str(answer) for name in PROMPT_LOGPROBS)


def parsed(raw: bytes) -> Body:
    """A server's answer as a JSON object, whatever it sent; what is none becomes an error message."""
    try:
        answer = json.loads(raw)
    except ValueError:
        return {"error": {"message": raw[:500].decode("utf-8", "replace")}}
    return answer if isinstance(answer, dict) else {"error": {"message": str(answer)[:500]}}
