"""The logistic student: soft-target multinomial regression, with one-vs-rest beside it (TnT-LLM, appendix C.2).

The objective is the weighted sum of the cross-entropies plus λ/2 times the squared weights (not the biases), by
L-BFGS. λ goes from strong to weak, each fit starting where the last one ended.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from limbeck.device import device
from limbeck.students.dense import Dense
from limbeck.students.lessons import Floats, Lessons
from limbeck.students.objective import outputs_of, truth
from limbeck.students.torching import losses

STRENGTHS = (10.0, 1.0, 0.1, 0.01)
"""λ: the grid of the paper."""
DEFAULT_STRENGTH = 1.0
"""Where there is nothing held out to choose by."""
MOST_STEPS = 150


def solve(vectors: Floats, lessons: Lessons, strength: float, start: Dense | None = None) -> Dense:
    """Fit one regression.

    Args:
        vectors: [n, d], one row for each text of the lessons.
        lessons: What the rows should come to.
        strength: λ, above 0.
        start: Where to start from; zeros where left out.
    """
    from scipy.optimize import minimize

    shape = (outputs_of(lessons), vectors.shape[1] + 1)
    begin = np.zeros(shape) if start is None else np.column_stack(start.layers[0])
    objective, options = _objective(vectors, lessons, strength, shape), {"maxiter": MOST_STEPS, "ftol": 1e-7}
    found = minimize(objective, begin.ravel(), jac=True, method="L-BFGS-B", options=options)
    both = found.x.reshape(shape).astype(np.float32)
    return Dense([(both[:, :-1].copy(), both[:, -1].copy())])


def _objective(vectors: Floats, lessons: Lessons, strength: float, shape: tuple[int, int]) -> Callable[[Any], tuple[float, Any]]:
    """From weights and biases, flattened, to the objective and its slope."""
    import torch

    k, place = len(lessons.labels), device()
    extended = torch.cat([torch.tensor(vectors), torch.ones(len(vectors), 1)], dim=1).to(place)
    wanted, weights = (torch.tensor(one, device=place) for one in (truth(lessons), lessons.weights))

    def objective(flat: Any) -> tuple[float, Any]:
        both = torch.tensor(flat.reshape(shape), dtype=torch.float32, device=place, requires_grad=True)
        value = (losses(extended @ both.T, wanted, k) * weights).double().sum()
        value = value + strength / 2 * (both[:, :-1] ** 2).double().sum()
        return float(value.detach()), torch.autograd.grad(value, both)[0].double().cpu().numpy().ravel()

    return objective
