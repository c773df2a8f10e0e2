"""Finders: students that rank thousands of labels for a text, with one vector a passage and no large model.

A finder is a retriever (`limbeck/retrieval/`) that asks with the text alone, not with its windows: what windows and a large
model find slowly, teaching has put into the text's vector, by a low-rank residual (`adapter`) or by LoRA (`lora`). Labels'
vectors stay as they were, so that a million labels need not be embedded again.

    finder = await teach("lora", lessons, held, retriever, encoder, seed=0, progress=print)
    save(finder, folder)
    await load(folder).rank(["Lead a team of engineers"])
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from limbeck.encoder import Encoder
from limbeck.retrieval.measures import rp_at
from limbeck.retrieval.retriever import Retriever
from limbeck.students.finding import Pairs, Progress, Residual, Tuned, fit_lora, fit_residual

Kind = Literal["adapter", "lora"]
KINDS: tuple[Kind, ...] = ("adapter", "lora")
RANKED = 10
"""Labels that a text gets."""
SHARES = (0.0, 0.5, 1.0)
"""How much of what was learnt may be applied; the best on texts held out is."""
DEFAULT_SHARE = 0.5
"""Where none is held out."""


@dataclass(frozen=True, eq=False)
class Finder:
    """A student that ranks labels."""

    kind: Kind
    retriever: Retriever
    metrics: dict[str, float]
    """`agreement` with the teacher on texts held out (RP@10), that of the encoder as it was (`before`), and `share`."""

    async def rank(self, texts: Sequence[str], count: int = RANKED) -> list[list[tuple[str, float]]]:
        """The labels of each text and their scores, from about 0 to 1, the best first."""
        found, names = await self.retriever.find(texts, count=count), self.retriever.labels.names
        return [
            [(names[row], round(score, 4)) for row, score in zip(one.rows.tolist(), one.scores.tolist(), strict=True)]
            for one in found
        ]


async def teach(
    kind: Kind, pairs: Pairs, held: Pairs, retriever: Retriever, encoder: Encoder, seed: int, progress: Progress
) -> Finder:
    """Train a finder.

    Args:
        kind: `adapter`, on the retriever's vectors; `lora`, on the encoder.
        pairs: What to learn; at least one text.
        held: Texts not to learn from, on which it is found out how much of what was learnt helps; may be none.
        retriever: The teacher's.
        encoder: What LoRA adapts; its vectors must be the retriever's.
        seed: Of the training.
        progress: Told how it goes.
    """
    asks, labels = replace(retriever, windowed=False), len(retriever.labels)
    taught: Residual | Tuned = (
        await fit_residual(retriever.embedder, retriever.near, labels, pairs, seed, progress)
        if kind == "adapter"
        else fit_lora(encoder, retriever.near, labels, pairs, seed, progress)
    )
    if not len(held):
        return Finder(kind, replace(asks, embedder=taught.scaled(DEFAULT_SHARE)), {"share": DEFAULT_SHARE})
    finders = {share: replace(asks, embedder=taught.scaled(share)) for share in SHARES}
    agreed = {share: await _agreement(finder, held) for share, finder in finders.items()}
    best = max(agreed, key=lambda share: (agreed[share], share))
    if not best:
        progress(f"{kind}: on {len(held)} texts held out, nothing that was learnt helps; the encoder stays as it was")
    return Finder(kind, finders[best], {"agreement": agreed[best], "before": agreed[0.0], "share": best})


async def _agreement(finder: Retriever, held: Pairs) -> float:
    """RP@10 against the teacher's best labels."""
    best = [np.argsort(-shares, kind="stable")[: min(RANKED, int((shares > 0).sum()))] for shares in held.shares]
    wanted = [rows[order].tolist() for rows, order in zip(held.rows, best, strict=True)]
    found = [one.rows.tolist() for one in await finder.find(held.texts, count=RANKED)]
    return float(np.mean([rp_at(list(map(str, a)), list(map(str, b)), RANKED) for a, b in zip(found, wanted, strict=True)]))
