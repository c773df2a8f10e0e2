"""Which label model to use, and why; no gold is read.

Votes that hardly overlap tell nothing of who is right: they are averaged. Where majority vote is proved to be optimal,
it is taken. Else the model that explains the votes better for its number of parameters (Akaike 1974, whose criterion does
in the long run what leaving votes out one by one does): one accuracy an annotator (`balanced`), or a whole confusion
matrix (`dawid_skene`).
"""

import dataclasses
from typing import Literal

from limbeck.labelmodels.balanced import balanced
from limbeck.labelmodels.balanced import log_likelihood as of_accuracies
from limbeck.labelmodels.certificate import certify
from limbeck.labelmodels.dawid_skene import dawid_skene
from limbeck.labelmodels.dawid_skene import log_likelihood as of_matrices
from limbeck.labelmodels.table import Aggregated, VoteTable
from limbeck.labelmodels.voting import majority, soft, weighted

Method = Literal["auto", "soft", "majority", "weighted", "dawid-skene", "balanced"]
FEWEST_ANNOTATORS = 3
"""With two, nothing tells who of them is wrong."""
FEWEST_VOTES = 2.0
"""An item's mean number of votes below which they are averaged."""


def fit(table: VoteTable, method: Method = "auto") -> Aggregated:
    """Let a label model make probabilities of votes; `auto` chooses the model and says why."""
    if method == "auto":
        return _chosen(table)
    models = {
        "soft": soft,
        "majority": majority,
        "weighted": weighted,
        "dawid-skene": dawid_skene,
        "balanced": balanced,
    }
    return models[method](table)


def _chosen(table: VoteTable) -> Aggregated:
    voters = int((table.coverage > 0).sum())
    votes = float(table.share.sum() / max(1, table.voted_on.sum()))
    if voters < FEWEST_ANNOTATORS or votes < FEWEST_VOTES:
        why = f"{voters} annotators give {votes:.1f} votes an item, too few to tell who is right: votes are averaged"
        return dataclasses.replace(soft(table), why=why)
    simple = balanced(table)
    certificate = certify(simple)
    if certificate.holds:
        return dataclasses.replace(majority(table), why=str(certificate))
    rich = dawid_skene(table)
    ours, theirs = _criterion_simple(table, simple), _criterion_rich(table, rich)
    better, name, worse = (simple, "balanced", theirs) if ours <= theirs else (rich, "dawid-skene", ours)
    why = f"{certificate}; {name} explains the votes best (AIC {min(ours, theirs):,.0f} against {worse:,.0f})"
    return dataclasses.replace(better, why=why)


def _criterion_simple(table: VoteTable, result: Aggregated) -> float:
    _, m, k = table.shape
    return 2 * (m + k - 1) - 2 * of_accuracies(table, result)


def _criterion_rich(table: VoteTable, result: Aggregated) -> float:
    _, m, k = table.shape
    return 2 * (m * k * (k - 1) + k - 1) - 2 * of_matrices(table, result)
