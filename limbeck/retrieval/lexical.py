"""BM25 over the labels' words (Robertson & Zaragoza 2009), by `bm25s` (Lù 2024, arXiv:2407.03618), many queries at once.

bm25s works out what each word is worth in each label; a query's scores are then a product of sparse matrices, which is
exact and asks each label only for words that it has.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import regex  # type: ignore[import-untyped]

from limbeck.annotators.words import WORD, stem

UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
"""Scripts that put no space between words."""
NOTHING = ""
"""The word of a label that has none; no text has it."""


@dataclass(frozen=True, eq=False)
class Lexical:
    """The labels' words."""

    worth: Any
    """Sparse [words, labels]."""
    columns: dict[str, int]
    """A word's row in `worth`."""

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Lexical":
        """Index the labels' texts, one a label."""
        from bm25s import BM25
        from scipy.sparse import csr_matrix

        index, known = BM25(), {NOTHING: 0}  # bm25s fails where no label has any word.
        ids = [[known.setdefault(word, len(known)) for word in words(text)] or [0] for text in texts]
        index.index((ids, known), create_empty_token=False, show_progress=False)
        parts = (index.scores["data"], index.scores["indices"], index.scores["indptr"])
        return cls(csr_matrix(parts, shape=(len(parts[2]) - 1, len(ids))), known)

    def scores(self, queries: Sequence[str]) -> Any:
        """Sparse [queries, labels]: BM25 of each text."""
        from scipy.sparse import csr_matrix

        counts = [Counter(at for word in words(text) if (at := self.columns.get(word)) is not None) for text in queries]
        ends = np.cumsum([0, *map(len, counts)])
        columns = np.fromiter((at for one in counts for at in one), dtype=np.int32, count=ends[-1])
        times = np.fromiter((n for one in counts for n in one.values()), dtype=np.float32, count=ends[-1])
        return csr_matrix((times, columns, ends), shape=(len(queries), self.worth.shape[0])) @ self.worth


def words(text: str) -> list[str]:
    """The words of a text, folded, without their endings; pairs of letters where a script puts no space between words."""
    found: list[str] = []
    for run in WORD.findall(text.replace("_", " ").casefold()):
        if UNSPACED.search(run):
            found += [run[at : at + 2] for at in range(max(1, len(run) - 1))]
        else:
            found.append(stem(run))
    return found
