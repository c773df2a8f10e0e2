"""The logistic student: soft-target multinomial regression, with one-vs-rest beside it (TnT-LLM, appendix C.2).

The objective is the weighted sum of the cross-entropies plus λ/2 times the squared weights (not the biases), by
L-BFGS. λ goes from strong to weak, each fit starting where the last one ended.
"""

from typing import Any

import numpy as np

from limbeck.students.dense import Dense
from limbeck.students.lessons import Floats, Lessons
from limbeck.students.objective import loss_and_gradient, outputs_of

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
    extended = np.concatenate([vectors, np.ones((len(vectors), 1), dtype=np.float32)], axis=1)

    def loss(flat: Any) -> tuple[float, Any]:
        both = flat.reshape(shape)
        value, gradient = loss_and_gradient(extended @ both.T.astype(np.float32), lessons)
        slope = (gradient.T @ extended).astype(np.float64)
        slope[:, :-1] += strength * both[:, :-1]
        return value + strength / 2 * float((both[:, :-1] ** 2).sum()), slope.ravel()

    begin = np.zeros(shape) if start is None else np.column_stack(start.layers[0])
    found = minimize(
        loss, begin.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": MOST_STEPS, "ftol": 1e-7}
    )
    both = found.x.reshape(shape).astype(np.float32)
    return Dense([(both[:, :-1].copy(), both[:, -1].copy())])
