"""The prompt student: virtual tokens in front of every text, the only thing that changes beside the head.

PTEC, Buchner et al. 2023, arXiv:2309.12075: prompt tuning (Lester et al. 2021) with a classification head in place of
the language model's. The prompt learns faster than the head, as there. The virtual tokens start as noise, which harms the
encoder's vectors least (random words, label names and copies of one token were tried), and are left out of the mean
that makes a text's vector.
"""

import copy
import dataclasses

from limbeck.encoder import Encoder
from limbeck.students.tuning import Recipe

TOKENS = 10
"""Virtual tokens. They take room: texts are cut so much earlier where the encoder is full."""


def adapt(encoder: Encoder) -> Encoder:
    """A copy of the encoder with a new prompt in front of it."""
    from peft import PromptTuningConfig, TaskType, get_peft_model

    # Said, since PEFT knows where only some architectures write them.
    known = encoder.model.config
    size = {"token_dim": known.hidden_size, "num_layers": known.num_hidden_layers, "num_attention_heads": known.num_attention_heads}
    config = PromptTuningConfig(task_type=TaskType.FEATURE_EXTRACTION, num_virtual_tokens=TOKENS, **size)
    most = min(encoder.max_tokens, encoder.tokenizer.model_max_length - TOKENS)
    return dataclasses.replace(
        encoder, max_tokens=most, model=get_peft_model(copy.deepcopy(encoder.model), config)
    )


RECIPE = Recipe("prompt", adapt, fewest=8, most=8, learning_rate=1e-1, head_learning_rate=1e-2, moves_at_once=True)
