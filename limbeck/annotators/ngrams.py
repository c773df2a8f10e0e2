"""Keyword rules that limbeck writes itself, from a few labelled texts or from shares that were made of label names.

For each label the runs of one to three words that tell it best are taken one after another, each for the texts that
those before leave over (rule generation with growing coverage: Varma and Ré 2018, "Snuba", section 3). A run's worth is
the lower Wilson bound of its precision (Wilson 1927) times the logarithm of what it newly covers. A person can read
and edit the rules: `patterns.py` writes and reads their file.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import regex  # type: ignore[import-untyped]

from limbeck.annotators.ballots import Ballot, Ballots, Floats
from limbeck.annotators.crossfit import Places, cross_fitted
from limbeck.annotators.patterns import JOINED, LETTER, Pattern, folded, pattern_ballots

LONGEST = 3
TOKEN = regex.compile(rf"{LETTER}+|[{JOINED}]")
BETWEEN = {"", " ", "'", "’", "-"}
"""What may stand between the words of a run, so that it is found as it is written."""
Z = 1.0
"""Standard errors that the lower bound of a precision lies below it."""
LEAST_PRECISION = 0.3
"""The lower bound that a rule needs."""
LEAST_GAIN = 0.5
"""How many texts of the label, in shares, a rule must newly cover."""
MOST_RULES = 10
"""Rules a label."""


def ngram_ballots(texts: Sequence[str], shares: npt.ArrayLike, labels: Sequence[str], *, seed: int = 0) -> Ballots:
    """Let rules vote on each text that were mined from other texts; `ngrams` is the annotator.

    Args:
        texts: n texts.
        shares: [n, k]: how sure each label is for each text; a row of zeros where nothing is known. For labelled
            examples, rows with a single 1.
        labels: The k labels.
        seed: Of the cross-fitting.
    """
    told = np.asarray(shares, dtype=np.float32)

    def learn(taught: Places, held: Places) -> Sequence[Ballot]:
        rules = mine([texts[place] for place in taught], told[taught], labels)
        return pattern_ballots("ngrams", rules, [texts[place] for place in held]).votes

    silent: Ballot = ()
    return Ballots("ngrams", tuple(cross_fitted(told, learn, silent, seed=seed)))


def mine(texts: Sequence[str], shares: npt.ArrayLike, labels: Sequence[str]) -> list[Pattern]:
    """Write keyword rules.

    Args:
        texts: n texts.
        shares: [n, k]: how sure each label is for each text.
        labels: The k labels.

    Returns:
        The rules, in the order of the labels, the best of each first; `score` is the rule's precision by these shares.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    told = np.asarray(shares, dtype=np.float32)
    known = np.flatnonzero(told.any(axis=1))
    runs = [_runs(texts[place]) for place in known]
    if not any(runs):
        return []
    counter = CountVectorizer(analyzer=_as_it_is, binary=True, dtype=np.float32)
    has = counter.fit_transform(runs).tocsc()
    vocabulary = counter.get_feature_names_out()
    # Of equally good runs the one of fewest words is taken, which is found in most other texts.
    order = np.argsort([len(TOKEN.findall(run)) for run in vocabulary], kind="stable")
    has, vocabulary = has[:, order], vocabulary[order]
    return [rule for column, label in enumerate(labels) for rule in _rules(label, told[known, column], has, vocabulary)]


def _rules(label: str, share: Floats, has: Any, vocabulary: npt.NDArray[np.str_]) -> Iterator[Pattern]:
    """A label's rules, from its [n] shares and the sparse [n, v] runs of the texts."""
    covers = np.diff(has.indptr)
    precision = np.minimum(share @ has / covers, 1)
    lower = _wilson(precision, covers)
    left = share.copy()
    for _ in range(MOST_RULES):
        gain = left @ has
        worth = np.where(lower >= LEAST_PRECISION, lower * np.log1p(gain), 0)
        best = int(worth.argmax())
        if gain[best] < LEAST_GAIN or worth[best] == 0:
            return
        yield Pattern(label, str(vocabulary[best]), round(float(precision[best]), 2))
        left[has[:, [best]].indices] = 0


def _wilson(precision: Floats, covers: npt.NDArray[np.int32]) -> Floats:
    """The lower end of Wilson's interval of a share of `covers` texts."""
    middle = precision + Z**2 / (2 * covers)
    spread = Z * np.sqrt(precision * (1 - precision) / covers + Z**2 / (4 * covers**2))
    return np.asarray((middle - spread) / (1 + Z**2 / covers), dtype=np.float32)


def _runs(text: str) -> set[str]:
    """All runs of one to three words, as a keyword finds them."""
    plain = folded(text)
    spans = [match.span() for match in TOKEN.finditer(plain)]
    runs = set()
    for place, (start, _) in enumerate(spans):
        for last in range(place, min(place + LONGEST, len(spans))):
            if last > place and plain[spans[last - 1][1] : spans[last][0]] not in BETWEEN:
                break
            runs.add(plain[start : spans[last][1]])
    return runs


def _as_it_is(runs: set[str]) -> set[str]:
    return runs
