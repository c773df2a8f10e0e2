"""Label models of other libraries, to be measured beside ours on the same votes: crowd-kit and Snorkel (Apache-2.0)."""

import importlib
from typing import Any

import numpy as np

from limbeck.errors import ConfigError
from limbeck.labelmodels import VoteTable

Rows = np.ndarray[Any, np.dtype[np.int64]]


def needed(module: str, distribution: str) -> Any:
    """A library that only measuring needs.

    Raises:
        ConfigError: It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise ConfigError(f"this eval measures beside {distribution!r}; install it with: pip install 'limbeck[measure]'") from None


def crowd_kit(table: VoteTable, model: str) -> Rows:
    """[n]: the labels' places that one of crowd-kit's models chooses; -1 where nobody voted.

    Raises:
        ConfigError: crowd-kit is not installed.
    """
    aggregation, frames = needed("crowdkit.aggregation", "crowd-kit"), needed("pandas", "crowd-kit")
    votes = frames.DataFrame({"task": table.item, "worker": table.annotator, "label": table.label})
    said = getattr(aggregation, model)().fit_predict(votes)
    chosen = np.full(len(table.items), -1, dtype=np.int64)
    chosen[said.index.to_numpy()] = said.to_numpy()
    return chosen


def snorkel(table: VoteTable, model: str, seed: int) -> Rows:
    """[n]: the labels' places that one of Snorkel's models chooses, ties by chance; -1 where nobody voted.

    Raises:
        ConfigError: Snorkel is not installed.
    """
    models = needed("snorkel.labeling.model", "snorkel")
    n, m, k = table.shape
    matrix = np.full((n, m), -1, dtype=np.int64)
    matrix[table.item, table.annotator] = table.label
    rival = getattr(models, model)(cardinality=k)
    if model == "LabelModel":
        rival.fit(matrix, n_epochs=500, seed=seed, progress_bar=False)
    chosen = np.asarray(rival.predict(matrix, tie_break_policy="random"), dtype=np.int64)
    return np.where(table.voted_on, chosen, -1)
