"""The pipelines as LangGraph graphs: one file a pipeline, nothing but the wiring in it."""

from collections.abc import Callable
from typing import Any

from limbeck.agents import analysis, documents, extreme, tables, taxonomy

GRAPHS: dict[str, Callable[[], Any]] = {
    "taxonomy": taxonomy.graph,
    "extreme": extreme.graph,
    "tables": tables.graph,
    "documents": documents.graph,
    "analysis": analysis.graph,
}
"""Every pipeline's graph, by the name that a config gives it; `run.py` knows no more of a pipeline."""
