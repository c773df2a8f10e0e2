"""Which listed labels a text may have: vectors, words of names, and BM25, together.

A label's score is the mean of what is said for it, each a similarity up to 1:

    the text as a whole (its best passage)        1   against the label's vector
    its best window of one to three words         1   against the label's vector
    its words for the words of the label's name 1.5   late interaction (`late.py`)
    the words that they share                   0.3   BM25, as a share of the text's best label (`lexical.py`)

The maximum over many short queries is the paper's (D'Oosterlinck et al. 2024, section 3.2), which looks up what a model
infers; windows need no model and find what a sentence says in passing. Labels that a model infers are further windows. A
label's vector is that of its name and half of that of all that is said of it.
"""

import math
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from limbeck.embedding import Embedder
from limbeck.retrieval.chunks import Span, chunks, windows
from limbeck.retrieval.labelset import LabelSet
from limbeck.retrieval.late import Late
from limbeck.retrieval.lexical import Lexical
from limbeck.retrieval.nearest import Floats, Halves, Nearest, Rows, nearest

SAID = 0.5
"""How much all that is said of a label counts in its vector, against 1 for its name."""
LATE, WORDS = 1.5, 0.3
"""How much late interaction and BM25 count, against 1 for a cosine."""
PARENT = 0.2
"""The part of a label's score that is its parent's."""
EACH = 100
"""Labels looked up for each query."""
SHORTLIST = 200
"""Labels of a text that late interaction looks at."""
MOST_WINDOWS = 30_000
"""Windows of a text that are looked up: every one of a text of some 30 pages, of longer ones those that begin at words
evenly drawn from all of it. Its passages are looked up, and its words counted, however long it is."""
PASSAGE = 500
"""Characters of a text that are one query; encoders cut what is longer than about a hundred words."""
TEXTS_AT_ONCE = 64
LABELS_AT_ONCE = 65_536

Embed = Callable[[Sequence[str]], Awaitable[Floats]]


@dataclass(frozen=True)
class Found:
    """What was found for one text, the best first."""

    rows: Rows
    """[found]: the labels' rows."""
    scores: Floats
    """[found]: about 0 to 1."""
    said: tuple[Span | str, ...]
    """[found]: the window that comes nearest to the label, or the inferred label that does; without windows, the passage."""
    passages: tuple[Span, ...]
    """[found]: the passage that comes nearest to the label."""


@dataclass(frozen=True, eq=False)
class Retriever:
    """Labels, ready to be looked up. Make one with `build`."""

    labels: LabelSet
    embedder: Embedder
    near: Nearest
    """Holds the labels' vectors."""
    lookup: Nearest
    """Finds labels: the same, or where there are priors, by vectors that are as long as scores are raised."""
    lexical: Lexical | None
    late: Late | None
    words: float
    """How much BM25 counts."""
    prior: Floats | None = None
    """[labels]: what a score is multiplied by, ln(A·p + e)."""
    windowed: bool = True
    """Whether windows are looked up, and not the whole text alone."""
    hubs: Floats | None = None
    """[labels]: what is taken from a cosine, as of `hubs.py`."""

    async def find(
        self, texts: Sequence[str], inferred: Sequence[Sequence[str]] = (), count: int = 50
    ) -> list[Found]:
        """Find labels.

        Args:
            texts: Documents of any length.
            inferred: Labels that a model guessed of each; none where left out.
            count: How many labels to find for each text.
        """
        found: list[Found] = []
        guesses = inferred or [()] * len(texts)
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            part = slice(start, start + TEXTS_AT_ONCE)
            found += await self._find(texts[part], guesses[part], count)
        return found

    async def nearest_listed(self, texts: Sequence[str]) -> list[tuple[str, float]]:
        """The listed label that comes nearest to each text, and their vectors' inner product."""
        rows, products = self.near.top(await self.embedder.embed(texts), 1)
        return [(self.labels.names[row], round(near, 4)) for row, near in zip(rows[:, 0], products[:, 0].tolist(), strict=True)]

    async def _find(self, texts: Sequence[str], inferred: Sequence[Sequence[str]], count: int) -> list[Found]:
        asked = [Asked.of(text, guesses, self.windowed) for text, guesses in zip(texts, inferred, strict=True)]
        distinct = list(dict.fromkeys(query for one in asked for query in one.queries))
        places = {query: place for place, query in enumerate(distinct)}
        vectors = await self.embedder.embed(distinct)
        rows, _ = self.lookup.top(vectors, max(EACH, count))
        shared = self._shared(texts)
        lists = []
        for one, words in zip(asked, shared, strict=True):
            own = [places[query] for query in one.queries]
            lists.append(self._shortlist(one, vectors[own], rows[own], *words, count))
        late = self._late(asked, lists)
        return [self._best(*each, count) for each in zip(asked, lists, late, strict=True)]

    def _shared(self, texts: Sequence[str]) -> Iterator[tuple[Rows, Floats]]:
        """Of each text the labels that share words with it, in the list's order: BM25 as a share of the best one's, weighed."""
        if self.lexical is None:
            yield from [(np.zeros(0, np.int64), np.zeros(0, np.float32))] * len(texts)
            return
        for rows, scores in zip(*self.lexical.top(texts, SHORTLIST), strict=True):
            order = np.argsort(rows, kind="stable")[int((rows < 0).sum()) :]
            yield rows[order], self.words * scores[order] / max(float(scores[0]), 1e-9)

    def _shortlist(
        self, asked: "Asked", queries: Floats, rows: Rows, shared_rows: Rows, shared: Floats, count: int
    ) -> "Shortlist":
        """The labels of one text that its queries found, by cosines and shared words."""
        candidates = self._with_parents(np.unique(np.concatenate([rows[rows >= 0], shared_rows])))
        cosines = queries @ self.near.vectors(candidates).T
        if self.hubs is not None:
            cosines = cosines - self.hubs[candidates]
        whole, window = cosines[: asked.whole], cosines[asked.whole :]
        total, passage = whole.max(axis=0), whole.argmax(axis=0)
        spoken = passage
        if len(window):
            total, spoken = total + window.max(axis=0), window.argmax(axis=0)
        total[np.searchsorted(candidates, shared_rows)] += shared
        total = self._inherited(candidates, total)
        raised = total if self.prior is None else total * self.prior[candidates]
        kept = np.argsort(-raised, kind="stable")[: max(SHORTLIST, count)]
        weight = 1.0 + bool(len(window)) + (self.words if self.lexical else 0.0)
        return Shortlist(candidates[kept], total[kept], weight, spoken[kept], passage[kept])

    def _late(self, asked: Sequence["Asked"], lists: Sequence["Shortlist"]) -> list[Floats | None]:
        """What late interaction says of each text's shortlist, its tokens and those of names embedded many at a time."""
        if self.late is None:
            return [None] * len(lists)
        self.late.learn(np.unique(np.concatenate([one.rows for one in lists])))
        passages = [query for one in asked for query in one.queries[: one.whole]]
        ends = np.cumsum([one.whole for one in asked]).tolist()
        tokens = self.late.embedder.tokens(passages)
        parts = [tokens[end - one.whole : end] for one, end in zip(asked, ends, strict=True)]
        return [self.late.scores(part, one.rows) for part, one in zip(parts, lists, strict=True)]

    def _best(self, asked: "Asked", short: "Shortlist", late: Floats | None, count: int) -> Found:
        """The best labels of a shortlist."""
        scores, weight = short.scores, short.weight
        if late is not None:
            scores, weight = scores + LATE * late, weight + LATE
        scores = scores / weight
        if self.prior is not None:
            scores = scores * self.prior[short.rows]
        order = np.argsort(-scores, kind="stable")[:count]
        passages = tuple(asked.passages[place] for place in short.passage[order].tolist())
        said = tuple(asked.spans[place] for place in short.spoken[order].tolist()) if asked.spans else passages
        return Found(short.rows[order], scores[order].astype(np.float32), said, passages)

    def _with_parents(self, candidates: Rows) -> Rows:
        """Candidates, and the labels right above them."""
        if not self.labels.parents:
            return candidates
        above = self.parents[candidates]
        return np.unique(np.concatenate([candidates, above[above >= 0]]))

    def _inherited(self, candidates: Rows, total: Floats) -> Floats:
        """Scores in which what is said for a parent is said for its children, too: among alike children, its own win."""
        if not self.labels.parents:
            return total
        above = self.parents[candidates]
        places = np.minimum(np.searchsorted(candidates, above), len(candidates) - 1)
        known = (above >= 0) & (candidates[places] == above)
        return np.asarray(np.where(known, (1 - PARENT) * total + PARENT * total[places], total), np.float32)

    @cached_property
    def parents(self) -> Rows:
        """[labels]: each label's parent's row, or -1."""
        return np.asarray(self.labels.parents, np.int64)


@dataclass(frozen=True, eq=False)
class Shortlist:
    """The labels of one text before late interaction."""

    rows: Rows
    scores: Floats
    """Sums of similarities,"""
    weight: float
    """and what they can add up to."""
    spoken: Rows
    """Which of the text's windows comes nearest to each label,"""
    passage: Rows
    """and which of its passages."""


@dataclass(frozen=True)
class Asked:
    """One text as queries: its passages, then its windows and what was inferred of it."""

    queries: tuple[str, ...]
    passages: tuple[Span, ...]
    """Where the first of the queries, the passages, are in the text."""
    spans: tuple[Span | str, ...]
    """Of each further query: where it is in the text, or the inferred label itself."""

    @classmethod
    def of(cls, text: str, inferred: Sequence[str], windowed: bool = True) -> "Asked":
        """Make queries; windows that differ in nothing but case are one."""
        passages = chunks(text, PASSAGE)
        said: dict[str, Span | str] = {}
        for start, end in windows(text, most=MOST_WINDOWS) if windowed else ():
            said.setdefault(text[start:end].casefold(), (start, end))
        for label in inferred:
            said.setdefault(label.casefold(), label)
        parts = (text[start:end] for start, end in passages)
        return cls((*parts, *said), tuple(passages), tuple(said.values()))

    @property
    def whole(self) -> int:
        """How many of the queries are passages."""
        return len(self.passages)


def raised(near: Nearest, prior: Floats) -> Halves:
    """[labels, dimensions]: the labels' vectors, times what their scores are multiplied by."""
    parts = np.array_split(np.arange(len(prior)), -(-len(prior) // LABELS_AT_ONCE))
    return np.concatenate([(near.vectors(part) * prior[part, None]).astype(np.float16) for part in parts])


async def vectors_of(labels: LabelSet, embed: Embed) -> Halves:
    """[labels, dimensions]: names, and half of all that is said of the labels where more than names is.

    16-bit floats, as a student's folder and faiss keep them, so that all of these find the same.
    """
    found = np.zeros((0, 0), np.float16)
    for start in range(0, len(labels), LABELS_AT_ONCE):
        rows = range(start, min(len(labels), start + LABELS_AT_ONCE))
        vectors = await embed([labels.names[row] for row in rows])
        if labels.described:
            said = await embed([labels.said(row) for row in rows])
            vectors = np.asarray((vectors + SAID * said) / (1 + SAID), np.float32)
        if not start:
            found = np.empty((len(labels), vectors.shape[1]), np.float16)
        found[rows.start : rows.stop] = vectors
    return found


async def build(
    labels: LabelSet,
    embedder: Embedder,
    *,
    embed: Embed | None = None,
    words: float = WORDS,
    late: bool = True,
    windowed: bool = True,
    prior: Floats | None = None,
    a: float = 0.0,
) -> Retriever:
    """Make labels ready to be looked up.

    Args:
        labels: At least one.
        embedder: Makes vectors.
        embed: How the labels' texts are embedded where it isn't by the embedder alone, as from a store.
        words: How much shared words count; 0 leaves BM25 out.
        late: Whether words of names are looked for in the text.
        windowed: Whether windows of a few words are looked up.
        prior: [labels] shares of documents that have a label.
        a: A of the paper's prior adjustment; 0 for none.
    """
    near = nearest(await vectors_of(labels, embed or embedder.embed))  # The vectors themselves are let go.
    scale = np.log(a * prior + math.e).astype(np.float32) if a and prior is not None else None
    return ready(labels, embedder, near, words=words, late=late, windowed=windowed, prior=scale)


def ready(
    labels: LabelSet,
    embedder: Embedder,
    near: Nearest,
    *,
    words: float = WORDS,
    late: bool = True,
    windowed: bool = True,
    prior: Floats | None = None,
) -> Retriever:
    """The same with what finds labels at hand; `prior` is what scores are multiplied by."""
    return Retriever(
        labels,
        embedder,
        near,
        near if prior is None else nearest(raised(near, prior)),
        Lexical.of(map(labels.said, range(len(labels)))) if words else None,
        Late.of(embedder, labels.names) if late else None,
        words,
        prior,
        windowed,
    )
