"""A model that is no model: `--model fake` runs a whole pipeline without one, and tests say what it answers.

`FakeLLM(["yes", "no"])` answers from a queue, `FakeLLM(lambda body: …)` by a function, `FakeLLM()` with something that
fits the request's schema and means nothing. `.history` holds every request.
"""

import hashlib
import json
import re
import zlib
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from limbeck.dialects import CHOICE, Body
from limbeck.errors import CallFailed

Answer = Callable[[Body], str]


class FakeLLM:
    """A sender for `LLM` that answers by itself; deterministic, and it reaches nothing."""

    def __init__(self, answers: Iterable[str] | Answer | None = None) -> None:
        self.history: list[Body] = []
        self._queue = deque(answers) if answers is not None and not callable(answers) else None
        self._answer: Answer = answers if callable(answers) else fitting

    async def __call__(self, body: Body) -> Body:
        """Answer one request.

        Raises:
            CallFailed: The queue is empty.
        """
        self.history.append(body)
        if self._queue is not None and not self._queue:
            count = len(self.history) - 1
            raise CallFailed(f"the fake model has no answer after {count!r}; give it more: FakeLLM([…])")
        text = self._queue.popleft() if self._queue is not None else self._answer(body)
        words = sum(len(_text(message).split()) for message in body["messages"])
        return {
            "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": words, "completion_tokens": len(text.split())},
        }


def _text(message: Body) -> str:
    """What a message says, pictures aside."""
    content = message["content"]
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)


def fitting(body: Body) -> str:
    """An answer of the form that is asked for, made of words of the prompt's last message."""
    if "prompt_logprobs" in body:
        return _likelihood(body)
    if options := body.get(CHOICE):
        return str(options[zlib.crc32(_text(body["messages"][-1]).encode()) % len(options)])
    words: list[str] = re.findall(r"[^\W\d_]{4,}", _text(body["messages"][-1])) or ["nothing"]
    start = _number(body)
    schema = body.get("response_format", {}).get("schema")
    if schema is None:
        return words[start % len(words)]
    distinct = list(dict.fromkeys(word.lower() for word in words))
    return json.dumps(_fill(schema, schema.get("$defs", {}), iter(range(start, start + 10_000)), distinct))


def _likelihood(body: Body) -> str:
    """How likely each word of the last message is after the prompt: a number and a log-probability each."""
    *before, last = [message["content"] for message in body["messages"]]
    seed = zlib.crc32(" ".join(before).encode())
    numbers = [zlib.crc32(word.encode()) for word in last.split()]
    return json.dumps([[number, -(zlib.crc32(str(number).encode(), seed) % 1000) / 100] for number in numbers])


def _fill(schema: dict[str, Any], kinds: dict[str, Any], numbers: Any, words: list[str]) -> Any:
    if "$ref" in schema:
        return _fill(kinds[schema["$ref"].rsplit("/", 1)[-1]], kinds, numbers, words)
    if "anyOf" in schema:
        return _fill(schema["anyOf"][next(numbers) % len(schema["anyOf"])], kinds, numbers, words)
    if "enum" in schema:
        return schema["enum"][next(numbers) % len(schema["enum"])]
    kind = schema.get("type")
    if kind == "object":
        return {name: _fill(inner, kinds, numbers, words) for name, inner in schema["properties"].items()}
    if kind == "array":
        return [_fill(schema["items"], kinds, numbers, words) for _ in range(schema.get("minItems", 2))]
    if kind in ("integer", "number"):
        return schema.get("minimum", 0)
    if kind == "boolean":
        return next(numbers) % 2 == 0
    return words[next(numbers) % len(words)].capitalize()


def _number(body: Body) -> int:
    said = json.dumps(body["messages"], ensure_ascii=False).encode()
    return int.from_bytes(hashlib.blake2b(said, digest_size=4).digest(), "big")
