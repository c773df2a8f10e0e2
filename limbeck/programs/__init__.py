"""What is asked of models: one file a pipeline, signatures and modules of DSPy, nothing stored or logged in them."""

from typing import Any

from limbeck.programs import analysis, documents, extreme, tables, taxonomy

PROGRAMS: dict[str, tuple[type[Any], ...]] = {
    "taxonomy": (taxonomy.Taxonomist, taxonomy.Labeller),
    "extreme": (extreme.InferRetrieveRank, extreme.Write),
    "tables": (tables.Extract,),
    "documents": (documents.Read,),
    "analysis": (analysis.DSStar,),
}
"""Every pipeline's programs, by the name that a config gives it."""
