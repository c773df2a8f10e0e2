"""Documents as a tagger's encoder takes them: the pieces of words, in windows that overlap."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from limbeck.schemas.pages import Pages
from limbeck.students.tagger_tags import Floats
from limbeck.students.tagger_words import Bins, look

MOST_PIECES = 4
"""Of a word that are looked at; what follows says little of what it is."""
MOST_TOKENS = 512
"""Of a window, the tokens at its ends included."""
OVERLAP = 40
"""Words that two windows share; each belongs to the one that sees more around it."""
TOKENS_IN_BATCH = 4096
"""Padding included."""


@dataclass(frozen=True, eq=False)
class Window:
    """Some words of a document."""

    document: int
    """The document's number."""
    words: range
    """Their numbers in it."""
    own: range
    """Those among them that no other window answers for."""
    pieces: list[list[int]]
    """Of each word, at least one."""
    bins: Bins
    """[words, features]."""
    rows: list[int]
    """Of each word."""
    hints: Floats
    """[words, tags]."""

    @property
    def size(self) -> int:
        """Pieces in all."""
        return sum(map(len, self.pieces))


def most_pieces(encoder: Any) -> int:
    """How many pieces a window of an encoder has at most."""
    known = getattr(encoder.model.config, "max_position_embeddings", MOST_TOKENS)
    # RoBERTa and its like count positions from 2 on.
    return int(min(MOST_TOKENS, known - 2 if known > MOST_TOKENS else known)) - 2


def windows(pages: Pages, document: int, tokenizer: Any, most: int, hints: Floats) -> list[Window]:
    """All windows of a document; none of one without words."""
    if not pages.words:
        return []
    pieces, bins = cut(pages, tokenizer), look(pages)
    spans = _spans([len(one) for one in pieces], most)
    inner = [(left[1] + right[0]) // 2 for left, right in zip(spans, spans[1:], strict=False)]
    edges, lines = [0, *inner, len(pieces)], [one.line for one in pages.words]
    return [
        Window(document, range(*span), range(*own), pieces[slice(*span)], bins[slice(*span)], lines[slice(*span)], hints[slice(*span)])
        for span, own in zip(spans, pairwise(edges), strict=True)
    ]


def cut(pages: Pages, tokenizer: Any) -> list[list[int]]:
    """The first pieces of each word."""
    # Long texts say the same words again and again.
    different = list(dict.fromkeys(one.text for one in pages.words))
    known: list[list[int]] = tokenizer([f" {one}" for one in different], add_special_tokens=False, verbose=False)["input_ids"]
    other = [tokenizer.unk_token_id if tokenizer.unk_token_id is not None else tokenizer.pad_token_id]
    pieces = {text: ids[:MOST_PIECES] or other for text, ids in zip(different, known, strict=True)}
    return [pieces[one.text] for one in pages.words]


def _spans(sizes: Sequence[int], most: int) -> list[tuple[int, int]]:
    """From where to where windows go that hold so many pieces at most."""
    ends = np.concatenate([[0], np.cumsum(sizes)])
    spans, start = [], 0
    while True:
        end = max(start + 1, int(np.searchsorted(ends, ends[start] + most, side="right")) - 1)
        spans.append((start, end))
        if end >= len(sizes):
            return spans
        start = max(start + 1, end - OVERLAP)


def batched(every: Sequence[Window], tokens: int = TOKENS_IN_BATCH) -> Iterator[list[Window]]:
    """Windows of about the same length together, the longest first."""
    batch: list[Window] = []
    for one in sorted(every, key=lambda one: -one.size):
        if batch and (batch[0].size + 2) * (len(batch) + 1) > tokens:
            yield batch
            batch = []
        batch.append(one)
    if batch:
        yield batch
