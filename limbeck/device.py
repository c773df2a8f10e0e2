"""Where tensors are computed: on the GPU where there is one."""


def device() -> str:
    """What torch calls it."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
