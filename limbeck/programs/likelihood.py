"""Labelling by log P(text | label): how likely is the document, once its label has been said?

A small model that can't choose a label can still tell which label makes a text more likely (Min et al. 2022, "Noisy channel
language model prompting", arXiv:2108.04106, section 3: the channel method). The model writes nothing: it only scores the
document as the answer to a prompt that names the label, once for each label.
"""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import dspy
import numpy as np
from dspy import lm15
from dspy.utils.exceptions import LMError

from limbeck.dialects import PROMPT_LOGPROBS
from limbeck.errors import NoLikelihood
from limbeck.programs.predict import final
from limbeck.schemas import Category

WORDINGS = (
    "Write a message whose subject is: {label}.",
    "{label}\n\nThat is the subject. Give an example of what somebody says about it.",
)
"""Two, so that a model can be compared with itself."""
TEMPERATURE = 4.0
"""Nats are divided by it: words of one text don't depend on the label each for itself."""
LONGEST = 2000
"""Characters of a document that are scored."""

Logprobs = list[tuple[int, float]]
"""Of each token of a prompt: its number, and its log-probability given those before it."""


class Likelihood(dspy.Module):  # type: ignore[misc]
    """Label a document with the label under which it is likeliest.

    Args:
        categories: The labels.
        wording: Which of `WORDINGS`.
    """

    def __init__(self, categories: Sequence[Category], wording: int = 0) -> None:
        super().__init__()
        self.wording = wording
        self.described = {one.name: _described(one) for one in categories}

    async def aforward(self, use_case: str, document: str, candidates: Sequence[str]) -> dspy.Prediction:
        """Score a document under each candidate.

        Returns:
            A prediction with `label`, `shares` (by label, the likeliest first), `calls`, and `repaired` and `error` as of
            `CheckedPredict`.

        Raises:
            NoLikelihood: The server does not say how likely a prompt is.
            CallFailed: It refused the request or failed for good.
            ModelUnreachable: The server is gone or takes no key.
        """
        asked = [self._scored(use_case, document[:LONGEST], name) for name in candidates]
        answers = await asyncio.gather(*asked)
        logs = np.array(likelihoods([logprobs for _, logprobs in answers])) / TEMPERATURE
        powers = np.exp(logs - logs.max())
        shares = dict(zip(candidates, (powers / powers.sum()).tolist(), strict=True))
        ranked = dict(sorted(shares.items(), key=lambda one: (-one[1], one[0])))
        calls = tuple(call for call, _ in answers)
        return dspy.Prediction(label=next(iter(ranked)), shares=ranked, calls=calls, repaired=False, error=None)

    async def _scored(self, use_case: str, document: str, name: str) -> tuple[str, Logprobs]:
        lm = dspy.settings.lm
        prompt = WORDINGS[self.wording].format(label=self.described[name])
        request = lm15.Request(
            model=lm.model,
            system=use_case,
            messages=(lm15.Message.user(prompt), lm15.Message.assistant(document)),
            config=lm15.Config(temperature=0.0, max_tokens=1, extensions=dict(PROMPT_LOGPROBS)),
        )
        try:
            response = await lm.acall(request)
        except LMError as error:
            raise final(error, lm.model) from error
        return response.id, _read(response, lm.model)


def likelihoods(prompts: Sequence[Logprobs]) -> list[float]:
    """The log-probability of what all prompts end in, the document, under each; in nats.

    Args:
        prompts: Prompts that differ in the label, which comes before the document.
    """
    shortest = min(len(one) for one in prompts)
    ends = [[token for token, _ in one[-shortest:]] for one in prompts]
    same = next((back for back in range(1, shortest + 1) if len({one[-back] for one in ends}) > 1), shortest + 1) - 1
    return [sum(value for _, value in one[len(one) - same :]) for one in prompts]


def _described(category: Category) -> str:
    return category.name.replace("_", " ") + (f" ({category.description})" if category.description else "")


def _read(response: Any, model: str) -> Logprobs:
    text = "".join(part.text for part in response.message.parts if isinstance(part, lm15.TextPart))
    try:
        return [(int(token), float(value)) for token, value in json.loads(text)]
    except (ValueError, TypeError):
        raise NoLikelihood(model) from None
