"""The LoRA student: low-rank adapters in the encoder's upper half (Hu et al. 2021, arXiv:2106.09685).

The lower half needs no gradient, for speed.
"""

import copy
import dataclasses
import re
from typing import Any

from limbeck.encoder import Encoder
from limbeck.errors import StudentError
from limbeck.students.tuning import Recipe

RANK = 16
ALPHA = 32
DROPOUT = 0.1
IN_ATTENTION = re.compile(r"(?i)(?:^|\.)(\d+)\..*att(?:ention|n)\b")
"""A module's name: the number of its layer, and that it is in the attention (BERT, MPNet, DistilBERT, ModernBERT and their like)."""


def adapt(encoder: Encoder) -> Encoder:
    """A copy of the encoder with new adapters in it."""
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=DROPOUT, target_modules=targets(encoder.model))
    return dataclasses.replace(encoder, model=get_peft_model(copy.deepcopy(encoder.model), config))


def targets(model: Any) -> list[str]:
    """The names of the linear maps in the attention of a transformer's upper half; of all where layers share them.

    Raises:
        StudentError: None can be told by its name.
    """
    from torch.nn import Linear

    linear = [name for name, module in model.named_modules() if isinstance(module, Linear)]
    layers = {name: int(place[1]) for name in linear if (place := IN_ATTENTION.search(name))}
    if not layers:
        what = type(model).__name__
        raise StudentError(f"LoRA finds no attention in {what!r}; choose others: `student: {{kinds: [logistic, mlp]}}`")
    return [name for name, layer in layers.items() if layer >= model.config.num_hidden_layers // 2] or list(layers)


RECIPE = Recipe("lora", adapt, fewest=2, most=16, learning_rate=1e-3, head_learning_rate=1e-2)
