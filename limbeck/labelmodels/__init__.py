"""Label models: from the votes of several annotators to probabilities, without gold.

table = VoteTable.of(votes)
result = fit(table)            # `auto`, or majority, weighted, soft, dawid-skene, balanced
result.probabilities, result.why, result.accuracies, result.confusions

`applying` decides several labels an item where `choose_applying` says so, `certify` tells when counting votes is best. Labels with a distance go another
way, as an item's best value may be one that nobody voted for; they are written in votes as text (`3:17`, `12.5`, `["a", "b"]`):

fuse(votes, SPANS)             # or NUMBERS, RANKINGS: [Fused(item, space, label="3:17", value=(3, 17), spread=0.02), …]

Where each item has values of its own, as names, dates and amounts on documents, `accu` decides by whom to believe and who copies whom:

accu(votes).labels             # [Label(item, space, label="2018-12-25", confidence=0.98, method="accu"), …]
"""

from limbeck.labelmodels.balanced import balanced
from limbeck.labelmodels.certificate import Certificate, certify
from limbeck.labelmodels.choosing import Method, choose_applying, fit
from limbeck.labelmodels.dawid_skene import dawid_skene
from limbeck.labelmodels.metric import NUMBERS, RANKINGS, SPANS, Fused, Kind, fuse
from limbeck.labelmodels.multilabel import applying
from limbeck.labelmodels.open_vocabulary import ABSENT, Decided, accu
from limbeck.labelmodels.table import Aggregated, VoteTable
from limbeck.labelmodels.voting import majority, soft, weighted

__all__ = [
    "ABSENT",
    "NUMBERS",
    "RANKINGS",
    "SPANS",
    "Aggregated",
    "Certificate",
    "Decided",
    "Fused",
    "Kind",
    "Method",
    "VoteTable",
    "accu",
    "applying",
    "balanced",
    "certify",
    "choose_applying",
    "dawid_skene",
    "fit",
    "fuse",
    "majority",
    "soft",
    "weighted",
]
