"""How quickly are labels found among 100,000, beside a bare matrix product, and what do 1,000,000 need?

Names and vectors are made up: words as frequent as words are (Zipf), vectors in clusters of about 50 labels, which are
again in topics. All is measured on one core, in processes of their own; rivals take turns, so that whatever else the
machine does meets both.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from limbeck.evals.place import Place
from limbeck.neighbours import unit
from limbeck.retrieval.labelset import LabelSet, of_names
from limbeck.retrieval.lexical import Lexical
from limbeck.retrieval.nearest import LEARNT_FROM, LISTS_PER_ROOT, Exact, Floats, Lists, Rows
from limbeck.retrieval.retriever import WORDS

LABELS, MILLION = 100_000, 1_000_000
QUERIES, COUNT = 256, 50
DIMENSIONS, TOPICS, CLUSTER = 384, 100, 50
VOCABULARY, ZIPF = 30_000, 0.8
"""The most frequent word is in 11% of the names (8% of ESCO's skills); a text's words are in 12% of them, as ESCO's are."""
SPREAD = 1.5
"""How long the part of a label's vector is that is its own, against 1 for what its cluster shares; clusters overlap."""
NAME_WORDS, FURTHER_WORDS = 4, 16
"""Of a label; and of a text, beside those of its label."""
PART = 50_000
REPEATS = 15
ONE_CORE = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
ALONE = "from limbeck.evals.retrieval import alone; alone()"


def evaluate(place: Place) -> dict[str, Any]:
    """Both sizes."""
    return {**_in_its_process("quick", place.seed), **_in_its_process("million", place.seed)}


def _in_its_process(what: str, seed: int) -> dict[str, Any]:
    command = [sys.executable, "-c", ALONE, what, str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **ONE_CORE})
    return dict(json.loads(done.stdout.splitlines()[-1]))


def alone() -> None:
    """Measure what the command line says, on one core; figures are the last line."""
    import torch

    torch.set_num_threads(1)
    print(json.dumps({"quick": quick, "million": million}[sys.argv[1]](int(sys.argv[2]))))


def quick(seed: int) -> dict[str, Any]:
    """Milliseconds a query among 100,000 labels, exactly; with shared words, too; and how many times a bare product's."""
    made = Made(seed, LABELS)
    vectors = np.concatenate(list(made.parts()))
    near, lexical = Exact.of(vectors), Lexical.of(made.labels.names)
    texts, queries = made.queries()
    rivals: dict[str, Callable[[int], object]] = {
        "bare": lambda n: queries[:n] @ vectors.T,
        "top": lambda n: near.top(queries[:n], COUNT),
        "fused": lambda n: both(near, lexical, texts[:n], queries[:n]),
    }
    at_once, single = _in_turns(rivals, QUERIES), _in_turns(rivals, 1)
    return {
        "ms_per_query": round(at_once["top"], 3),
        "ratio": round(at_once["top"] / at_once["bare"], 3),
        "fused_ms_per_query": round(at_once["fused"], 3),
        "fused_ratio": round(at_once["fused"] / at_once["bare"], 3),
        "bare_ms_per_query": round(at_once["bare"], 3),
        "single_ms": round(single["top"], 2),
        "single_ratio": round(single["top"] / single["bare"], 3),
        "single_fused_ms": round(single["fused"], 2),
        "single_fused_ratio": round(single["fused"] / single["bare"], 3),
        "labels": LABELS,
        "queries_at_once": QUERIES,
    }


def million(seed: int) -> dict[str, Any]:
    """What a million labels need: GiB of the whole process, seconds to make them ready, and what the index misses."""
    started = time.perf_counter()
    made = Made(seed, MILLION)
    named = time.perf_counter()
    lexical = Lexical.of(made.labels.names)
    worded = time.perf_counter()
    index = Lists.streamed(made.learnt_from(), made.parts())
    indexed = time.perf_counter()
    texts, queries = made.queries()
    rivals: dict[str, Callable[[int], object]] = {
        "index": lambda n: index.top(queries[:n], COUNT),
        "words": lambda n: lexical.top(texts[:n], COUNT),
    }
    taken, peak = _in_turns(rivals, QUERIES), _peak()
    found, true = index.top(queries, COUNT)[0], _exactly(made, queries)
    return {
        "recall_index_10": _recall(found, true, 10),
        "recall_index_50": _recall(found, true, 50),
        "ms_per_query_index": round(taken["index"], 3),
        "ms_per_query_words": round(taken["words"], 3),
        "peak_gb": round(peak, 3),
        "million_labels": len(made.labels),
        "seconds_names": round(named - started, 1),
        "seconds_words": round(worded - named, 1),
        "seconds_index": round(indexed - worded, 1),
    }


def both(near: Exact, lexical: Lexical, texts: Sequence[str], queries: Floats) -> Rows:
    """The best labels by their vectors and by shared words, ranked by the two together as the retriever does."""
    rows, cosines = near.top(queries, COUNT)
    shared, worth = lexical.top(texts, COUNT)
    worth *= WORDS / np.maximum(worth[:, :1], 1e-9)
    same = rows[:, :, None] == shared[:, None, :]
    by_words = np.einsum("qcd,qd->qc", near.vectors(shared), queries) + worth
    by_words[same.any(axis=1) | (shared < 0)] = -np.inf
    total = np.concatenate([cosines + (same * worth[:, None, :]).sum(axis=2), by_words], axis=1)
    order = np.argsort(-total, axis=1)[:, :COUNT]
    return np.take_along_axis(np.concatenate([rows, shared], axis=1), order, axis=1)


class Made:
    """Made-up labels, the same for a seed; vectors come in parts, as they would from a file."""

    def __init__(self, seed: int, count: int) -> None:
        rng = np.random.default_rng(seed)
        self.seed, self.count = seed, count
        topics = unit(_normal(rng, TOPICS))
        self.centres = unit(topics[rng.integers(0, TOPICS, count // CLUSTER)] + _normal(rng, count // CLUSTER))
        letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
        self.words = ["".join(letters[rng.integers(0, 26, length)]) for length in rng.integers(3, 10, VOCABULARY)]
        self.share = 1 / np.arange(1, VOCABULARY + 1) ** ZIPF
        self.share /= self.share.sum()
        # The number makes each name distinct, as labels are.
        self.labels: LabelSet = of_names([f"{text} {row}" for row, text in enumerate(self.texts(rng, count, NAME_WORDS))])

    def texts(self, rng: np.random.Generator, count: int, words: int) -> Iterator[str]:
        """That many texts of some words."""
        for drawn in rng.choice(VOCABULARY, (count, words), p=self.share):
            yield " ".join([self.words[word] for word in drawn])

    def parts(self) -> Iterator[Floats]:
        """The labels' vectors, [some, dimensions] at a time."""
        for start in range(0, self.count, PART):
            rng = np.random.default_rng([self.seed, start])
            size = min(PART, self.count - start)
            yield unit(self.centres[rng.integers(0, len(self.centres), size)] + SPREAD * _normal(rng, size))

    def learnt_from(self) -> Floats:
        """A share of all parts, as many as the index learns its lists from."""
        share = LEARNT_FROM * LISTS_PER_ROOT * self.count**0.5 / self.count
        return np.concatenate([part[: int(len(part) * share)] for part in self.parts()])

    def queries(self) -> tuple[list[str], Floats]:
        """Texts that have the words of a label among others, and vectors near that label's."""
        rng = np.random.default_rng([self.seed, self.count])
        own = rng.choice(PART, QUERIES, replace=False)
        further = self.texts(rng, QUERIES, FURTHER_WORDS)
        texts = [f"{self.labels.names[row]} {words}" for row, words in zip(own, further, strict=True)]
        return texts, unit(next(self.parts())[own] + _normal(rng, QUERIES))


def _normal(rng: np.random.Generator, count: int) -> Floats:
    """Vectors about as long as a unit vector, in any direction."""
    drawn: Floats = rng.standard_normal((count, DIMENSIONS), dtype=np.float32) / np.float32(DIMENSIONS**0.5)
    return drawn


def _in_turns(rivals: dict[str, Callable[[int], object]], count: int) -> dict[str, float]:
    """Median milliseconds a query of each rival, asked for so many queries at once."""
    taken: dict[str, list[float]] = {name: [] for name in rivals}
    for _ in range(REPEATS):
        for name, work in rivals.items():
            started = time.perf_counter()
            work(count)
            taken[name].append(1000 * (time.perf_counter() - started) / count)
    return {name: statistics.median(one) for name, one in taken.items()}


def _exactly(made: Made, queries: Floats) -> Rows:
    """Rows of the truly nearest labels, [queries, count]."""
    rows, products = np.zeros((len(queries), 0), np.int64), np.zeros((len(queries), 0), np.float32)
    for number, part in enumerate(made.parts()):
        more, further = Exact.of(part).top(queries, COUNT)
        rows, products = np.hstack([rows, more + number * PART]), np.hstack([products, further])
        best = np.argsort(-products, axis=1)[:, :COUNT]
        rows, products = np.take_along_axis(rows, best, axis=1), np.take_along_axis(products, best, axis=1)
    return rows


def _recall(found: Rows, true: Rows, count: int) -> float:
    """Share of the first `count` that are truly so near which were found."""
    hits = (found[:, :count, None] == true[:, None, :count]).any(axis=1)
    return round(float(hits.mean()), 4)


def _peak() -> float:
    """GiB that this process held at most: Linux's own high-water mark."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 2**20
