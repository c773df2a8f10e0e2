"""The MLP student: two layers on frozen vectors (TnT-LLM, appendix C.2: Adam, 1e-3, weight decay 1e-5).

Epochs end early: the paper gives no number of them, so the one with the least loss on the held-out lessons is kept.
"""

import copy
from typing import Any

import numpy as np

from limbeck.students.dense import Dense
from limbeck.students.lessons import Floats, Lessons
from limbeck.students.objective import loss_and_gradient, outputs_of
from limbeck.students.torching import losses, tensors

HIDDEN = (32, 64, 128, 256)
"""Width of the hidden layer: the grid of the paper."""
DEFAULT_HIDDEN = 128
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 1e-5
BATCH = 64
MOST_EPOCHS = 60
PATIENCE = 4
"""Epochs without a better held-out loss before the end."""
BLIND_EPOCHS = 20
"""How many where nothing is held out."""
GAMMA_NEGATIVE = 1.0
"""γ− of the asymmetric loss. Mild: what the paper takes for clean labels (γ− = 4, m = 0.05) fails on noisy ones."""


def train(
    vectors: Floats, lessons: Lessons, held_vectors: Floats, held: Lessons, hidden: int, seed: int
) -> Dense:
    """Train one network.

    Args:
        vectors: [n, d], one row for each text of the lessons.
        lessons: What to learn.
        held_vectors: [m, d], rows of the held-out lessons; m may be 0.
        held: What tells when to stop.
        hidden: Width of the hidden layer.
        seed: Of the first weights and the order of batches.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    model = _network(vectors.shape[1], hidden, outputs_of(lessons), generator)
    optimiser = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    data, best, least, waited = (torch.from_numpy(vectors), *tensors(lessons)), _dense(model), np.inf, 0
    for _ in range(MOST_EPOCHS if len(held) else BLIND_EPOCHS):
        _epoch(model, optimiser, data, len(lessons.labels), generator)
        loss = loss_and_gradient(_dense(model).outputs(held_vectors), held)[0] if len(held) else -np.inf
        best, least, waited = (
            (_dense(model), loss, 0) if loss < least or not len(held) else (best, least, waited + 1)
        )
        if waited == PATIENCE:
            break
    return best


def _epoch(model: Any, optimiser: Any, data: tuple[Any, Any, Any], k: int, generator: Any) -> None:
    """One pass over the lessons in a new order."""
    import torch

    vectors, wanted, weights = data
    for rows in torch.split(torch.randperm(len(vectors), generator=generator), BATCH):
        optimiser.zero_grad()
        loss = (losses(model(vectors[rows]), wanted[rows], k, GAMMA_NEGATIVE) * weights[rows]).mean()
        loss.backward()
        optimiser.step()


def _network(dimensions: int, hidden: int, outputs: int, generator: Any) -> Any:
    """Two layers; the first one's weights are scaled for unit vectors, whose entries are about 1/sqrt(d)."""
    import torch

    first, last = torch.nn.Linear(dimensions, hidden), torch.nn.Linear(hidden, outputs)
    for layer, spread in ((first, 2**0.5), (last, hidden**-0.5)):
        torch.nn.init.normal_(layer.weight, std=spread, generator=generator)
        torch.nn.init.zeros_(layer.bias)
    return torch.nn.Sequential(first, torch.nn.ReLU(), last)


def _dense(model: Any) -> Dense:
    """A copy of the network as a dense head."""
    layers = [(model[n].weight, model[n].bias) for n in (0, 2)]
    return Dense([copy.deepcopy((w.detach().numpy(), b.detach().numpy())) for w, b in layers])
