"""No test reaches a model by accident: the switch in `llm.py` is off, for this process and those that it starts."""

import functools
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import hypothesis
import numpy as np
import pytest

os.environ["LIMBECK_CALLS"] = "off"

from limbeck.encoder import Embeddings, Encoder  # After the switch.

# How long an example takes says more about what else the machine does than about us.
hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="module")
def one_encoder() -> Iterator[None]:
    """Load the encoder once for all runs, and embed each text once: that is what takes time."""
    known: dict[str, Any] = {}
    layers = Encoder.layers

    def remembered(self: Encoder, texts: Sequence[str], on_batch: Callable[[int], None] | None = None) -> Embeddings:
        if new := list(dict.fromkeys(text for text in texts if text not in known)):
            known.update(zip(new, layers(self, new), strict=True))
        if on_batch:
            on_batch(len(texts))
        return np.stack([known[text] for text in texts]) if texts else layers(self, [])

    patch = pytest.MonkeyPatch()
    patch.setattr(Encoder, "load", staticmethod(functools.cache(Encoder.load)))
    patch.setattr(Encoder, "layers", remembered)
    patch.setattr("limbeck.agreement.ROUNDS", 50)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A causal model of two layers that knows nothing, with a tokenizer of bytes."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {sign: at for at, sign in enumerate(["<end>", *letters])}
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<end>", pad_token="<end>")  # type: ignore[no-untyped-call]
    tokenizer.chat_template = "{% for one in messages %}{{ one['role'] }}: {{ one['content'] }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"
    config = LlamaConfig(
        vocab_size=len(vocabulary), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=2048
    )
    folder = tmp_path_factory.mktemp("tiny")
    LlamaForCausalLM(config).save_pretrained(folder)  # type: ignore[no-untyped-call]
    tokenizer.save_pretrained(folder)
    yield str(folder)
