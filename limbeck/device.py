"""Where tensors are computed, and how: on the GPU where there is one."""

from typing import Any


def device() -> str:
    """What torch calls it."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def halves() -> Any:
    """A context in which models compute in bfloat16, where that is quicker: on a GPU, and on a CPU that has it."""
    import torch

    place = device()
    quick = place == "cuda" or bool(torch.cpu.get_capabilities().get("avx512_bf16"))
    return torch.autocast(place, dtype=torch.bfloat16, enabled=quick)
