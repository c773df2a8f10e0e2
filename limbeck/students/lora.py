"""The LoRA student: low-rank adapters in the encoder's upper half (Hu et al. 2021, arXiv:2106.09685).

The lower half needs no gradient, for speed.
"""

import copy
import dataclasses

from limbeck.encoder import Encoder
from limbeck.students.tuning import Recipe

RANK = 16
ALPHA = 32
DROPOUT = 0.1
TARGETS = ["query", "key", "value", "attention.output.dense"]
"""The linear maps in the attention of BERT and its like."""


def adapt(encoder: Encoder) -> Encoder:
    """A copy of the encoder with new adapters in it."""
    from peft import LoraConfig, get_peft_model

    depth = encoder.model.config.num_hidden_layers
    config = LoraConfig(
        r=RANK,
        lora_alpha=ALPHA,
        lora_dropout=DROPOUT,
        target_modules=TARGETS,
        layers_to_transform=list(range(depth // 2, depth)),
    )
    return dataclasses.replace(encoder, model=get_peft_model(copy.deepcopy(encoder.model), config))


RECIPE = Recipe("lora", adapt, fewest=2, most=16, learning_rate=1e-3, head_learning_rate=1e-2)
