"""Label models: from the votes of several annotators to probabilities, without gold.

table = VoteTable.of(votes)
result = fit(table)            # `auto`, or majority, weighted, soft, dawid-skene, balanced
result.probabilities, result.why, result.accuracies, result.confusions

`applying` decides several labels an item, `fuse` spans, numbers and rankings, `certify` tells when counting votes is best.
"""

from limbeck.labelmodels.balanced import balanced
from limbeck.labelmodels.certificate import Certificate, certify
from limbeck.labelmodels.choosing import Method, fit
from limbeck.labelmodels.dawid_skene import dawid_skene
from limbeck.labelmodels.metric import NUMBERS, RANKINGS, SPANS, fuse
from limbeck.labelmodels.multilabel import applying
from limbeck.labelmodels.table import Aggregated, VoteTable
from limbeck.labelmodels.voting import majority, soft, weighted

__all__ = [
    "NUMBERS",
    "RANKINGS",
    "SPANS",
    "Aggregated",
    "Certificate",
    "Method",
    "VoteTable",
    "applying",
    "balanced",
    "certify",
    "dawid_skene",
    "fit",
    "fuse",
    "majority",
    "soft",
    "weighted",
]
