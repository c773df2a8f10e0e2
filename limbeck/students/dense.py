"""A dense head: one or two layers from a vector to outputs, in numpy, kept in a safetensors file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from limbeck.students.lessons import Floats

FILE = "head.safetensors"


@dataclass(frozen=True, eq=False)
class Dense:
    """Layers with ReLU between them. What the logistic, the MLP and the LoRA student end in."""

    layers: Sequence[tuple[Floats, Floats]]
    """(weight [out, in], bias [out]) of each layer."""

    def outputs(self, vectors: Floats) -> Floats:
        """[n, in] to [n, out]: scores before any softmax."""
        hidden = vectors
        for number, (weight, bias) in enumerate(self.layers):
            hidden = (np.maximum(hidden, 0) if number else hidden) @ weight.T + bias
        return hidden

    def save(self, folder: Path) -> None:
        """Write `head.safetensors` in the folder."""
        from safetensors.numpy import save_file

        tensors = {}
        for number, (weight, bias) in enumerate(self.layers):
            tensors[f"{number}.weight"] = np.ascontiguousarray(weight, dtype=np.float32)
            tensors[f"{number}.bias"] = np.ascontiguousarray(bias, dtype=np.float32)
        save_file(tensors, folder / FILE)

    @classmethod
    def load(cls, folder: Path) -> "Dense":
        """Read what `save` wrote.

        Raises:
            OSError, KeyError, ValueError, safetensors.SafetensorError: The file is missing or damaged.
        """
        from safetensors.numpy import load_file

        tensors = load_file(folder / FILE)
        layers = [(tensors[f"{n}.weight"], tensors[f"{n}.bias"]) for n in range(len(tensors) // 2)]
        return cls(layers)
