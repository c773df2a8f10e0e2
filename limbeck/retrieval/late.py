"""Late interaction: is every word of a label's name somewhere in the text? (Khattab & Zaharia 2020, arXiv:2004.12832)

Of each of a name's tokens, the cosine to the most similar of the text's tokens; the mean of these, rare tokens counting
more. The text is not asked the other way round: most of its words are about other labels.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from limbeck.embedding import Embedder, Tokens
from limbeck.retrieval.nearest import Floats, Rows

MOST_KEPT = 200_000
"""Labels whose tokens' vectors are kept in memory."""


@dataclass(eq=False)
class Late:
    """The labels' names as their tokens."""

    embedder: Embedder
    names: Sequence[str]
    weight: dict[int, float]
    """How much a token tells: the log of one over the share of names that have it."""
    _known: dict[int, tuple[Floats, Floats]] = field(default_factory=dict)

    @classmethod
    def of(cls, embedder: Embedder, names: Sequence[str]) -> "Late | None":
        """Count the names' tokens; None for an embedder that has no vectors of tokens."""
        numbers = embedder.token_ids(names)
        if numbers is None:
            return None
        counts = Counter(token for ids in numbers for token in set(ids))
        return cls(embedder, names, {token: float(np.log(len(names) / n)) + 1.0 for token, n in counts.items()})

    def scores(self, text: Tokens, rows: Rows) -> Floats:
        """[rows]: how far each label's name is in a text, given as its passages' tokens; `learn` knows these labels."""
        parts = [self._known[row] for row in rows.tolist()]
        passages = [vectors for _, vectors in text if len(vectors)]
        if not passages or not parts:
            return np.zeros(len(rows), np.float32)
        tokens = np.concatenate([vectors for vectors, _ in parts])
        best = np.max([(tokens @ said.T).max(axis=1) for said in passages], axis=0)
        weights = np.concatenate([weights for _, weights in parts])
        starts = np.cumsum([0, *(len(weights) for _, weights in parts)])[:-1]
        return np.asarray(_sums(best * weights, starts) / np.maximum(_sums(weights, starts), 1e-9), np.float32)

    def learn(self, rows: Rows) -> None:
        """Have the tokens of these labels' names at hand."""
        new = [row for row in rows.tolist() if row not in self._known]
        if len(self._known) + len(new) > MOST_KEPT:
            self._known.clear()
            new = rows.tolist()
        for row, (ids, vectors) in zip(new, self.embedder.tokens([self.names[row] for row in new]), strict=True):
            self._known[row] = vectors, np.array([self.weight.get(token, 1.0) for token in ids], np.float32)


def _sums(values: Floats, starts: Rows) -> Floats:
    """Sums of runs that begin at `starts`; 0 for a run of nothing."""
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    return np.asarray(total[np.append(starts[1:], len(values))] - total[starts], np.float32)
