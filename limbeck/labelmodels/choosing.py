"""Which label model to use, and why; no gold is read.

Votes that hardly overlap tell nothing of who is right: they are averaged. Else it is the model that explains the votes
better for its number of parameters (Bayesian information criterion, Schwarz 1978): one competence an annotator
(`balanced`), or a whole confusion matrix (`dawid_skene`). Where the former does and majority vote is then proved to be
optimal, votes are counted.

Several labels an item are the mean of their votes, or decided by who is to be believed (`applying`), by the same thought.
"""

import dataclasses
from typing import Literal

import numpy as np

from limbeck.labelmodels.balanced import balanced
from limbeck.labelmodels.balanced import log_likelihood as of_competences
from limbeck.labelmodels.certificate import certify
from limbeck.labelmodels.dawid_skene import dawid_skene
from limbeck.labelmodels.dawid_skene import log_likelihood as of_matrices
from limbeck.labelmodels.multilabel import judges
from limbeck.labelmodels.table import Aggregated, VoteTable
from limbeck.labelmodels.voting import majority, soft, weighted

Method = Literal["auto", "soft", "majority", "weighted", "dawid-skene", "balanced"]
FEWEST_ANNOTATORS = 3
"""With two, nothing tells who of them is wrong."""
FEWEST_VOTES = 1.5
"""An item's mean number of votes below which they are averaged."""
FEWEST_JUDGES = 2.0
"""The same of several labels, each of which is judged on its own; below it the mean was better on NLU++."""
MOST_ONE_SIDED = 0.5


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
        return dataclasses.replace(soft(table), why=_averaged(voters, votes, "an item"))
    simple, one_sided = balanced(table), _one_sided(table)
    if one_sided > MOST_ONE_SIDED:
        why = f"{one_sided:.0%} of the votes come from annotators that vote for one label alone"
    else:
        rich = dawid_skene(table)
        ours, theirs = _criterion_simple(table, simple), _criterion_rich(table, rich)
        if theirs < ours:
            why = f"confusion matrices explain the votes better than one competence each (BIC {theirs:,.0f}, {ours:,.0f})"
            return dataclasses.replace(rich, why=why)
        why = f"one competence each explains the votes better than confusion matrices (BIC {ours:,.0f}, {theirs:,.0f})"
    certificate = certify(simple)
    return dataclasses.replace(majority(table) if certificate.holds else simple, why=f"{why}; {certificate}")


def choose_applying(table: VoteTable) -> tuple[Literal["soft", "dawid-skene"], str]:
    """How to decide several labels an item, and why.

    Args:
        table: Every yes, as for `applying`.

    Returns:
        `dawid-skene`, which is `applying`, or `soft`: the mean of the votes.
    """
    voters, votes = int((table.coverage > 0).sum()), judges(table)
    if voters < FEWEST_ANNOTATORS or votes < FEWEST_JUDGES:
        return "soft", _averaged(voters, votes, "a label of an item")
    return "dawid-skene", f"{voters} annotators give {votes:.1f} votes a label of an item, enough to tell who is right"


def _averaged(voters: int, votes: float, of: str) -> str:
    return f"{voters} annotators give {votes:.1f} votes {of}, too few to tell who is right: votes are averaged"


def _one_sided(table: VoteTable) -> float:
    """The share of votes by annotators that only ever vote for one label: a confusion matrix can't tell what they are worth."""
    _, m, k = table.shape
    used = np.bincount(table.annotator * k + table.label, table.share, m * k).reshape(m, k)
    return float(used[(used > 0).sum(axis=1) == 1].sum() / max(1.0, used.sum()))


def _criterion_simple(table: VoteTable, result: Aggregated) -> float:
    _, m, k = table.shape
    return _criterion(m * k, of_competences(table, result), table)


def _criterion_rich(table: VoteTable, result: Aggregated) -> float:
    _, m, k = table.shape
    return _criterion(m * k * (k - 1) + k - 1, of_matrices(table, result), table)


def _criterion(parameters: int, log_likelihood: float, table: VoteTable) -> float:
    return parameters * float(np.log(max(2, table.voted_on.sum()))) - 2 * log_likelihood
