"""Boosted trees on few tables: small ones, that never fall where more can only speak for something."""

from pathlib import Path
from typing import Any

import numpy as np

from limbeck.students.ridge import Floats

PARAMETERS: dict[str, Any] = {
    "num_leaves": 8, "learning_rate": 0.08, "feature_fraction": 0.3, "bagging_fraction": 0.8, "bagging_freq": 1,
    "lambda_l2": 2.0, "min_data_in_bin": 1, "max_bin": 63, "verbosity": -1, "deterministic": True, "force_row_wise": True,
    "feature_pre_filter": False, "num_threads": 1,
}  # fmt: skip
"""One thread: on few rows they wait for each other longer than they work."""
ROUNDS, MORE_ROUNDS = 80, 50
"""From nothing, and from what others begin with."""
FEW_ROWS = 50
"""Below, all of them are seen each time."""


def grow(rows: Floats, wanted: Floats, weights: Floats, seed: int, rising: int = 0, start: Floats | None = None) -> Any:
    """Trees that say how much of something a row has.

    Args:
        rows: [n, features].
        wanted: [n], in [0, 1]; or [n, classes], of which one is 1 in each row.
        weights: [n], of any mean.
        seed: Of what is sampled.
        rising: So many features at the front never speak against it.
        start: Like `wanted`: logits that the trees add to.

    Returns:
        A booster; its raw scores leave out the start.
    """
    import lightgbm

    several = wanted.ndim == 2
    aim = {"objective": "multiclass", "num_class": wanted.shape[1]} if several else {"objective": "cross_entropy"}
    parameters = {**PARAMETERS, **aim, "seed": seed, "min_data_in_leaf": max(1, min(20, len(rows) // 50))}
    if len(rows) < FEW_ROWS:
        parameters["bagging_freq"] = 0
    if rising:
        parameters["monotone_constraints"] = [int(at < rising) for at in range(rows.shape[1])]
    labels = wanted.argmax(axis=1) if several else wanted
    # LightGBM wants all rows of the first class, then all of the second.
    begin = start.ravel(order="F") if start is not None else None
    data = lightgbm.Dataset(rows, label=labels, weight=weights / weights.mean(), init_score=begin, params=parameters)
    return lightgbm.train(parameters, data, ROUNDS if start is None else MORE_ROUNDS)


def raw(trees: Any, rows: Floats) -> Floats:
    """[n] or [n, classes]: what trees add, in logits."""
    return np.asarray(trees.predict(rows, raw_score=True, num_threads=1))


def save(trees: Any, path: Path) -> None:
    """Write trees in LightGBM's own text format."""
    trees.save_model(str(path))


def load(path: Path, features: int) -> Any:
    """Read what `save` wrote.

    Raises:
        OSError, ValueError: The file is missing, damaged, or of trees for other rows.
    """
    import lightgbm
    from lightgbm.basic import LightGBMError

    try:
        trees = lightgbm.Booster(model_str=path.read_text("utf-8"))
    except LightGBMError as error:
        raise ValueError(str(error)) from error
    if trees.num_feature() != features:
        raise ValueError(f"{path.name} is of {trees.num_feature()!r} features, not {features!r}")
    return trees
