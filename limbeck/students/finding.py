"""Teaching a finder: texts move towards the labels that a teacher found for them, labels stay.

Query-side tuning by distillation (Hinton et al. 2015; query side: Lee et al. 2021, arXiv:2012.12624, section 4.4): the
softmax over all labels' inner products with a text's vector is brought near to what the teacher believes. The adapter is
"Augmented Embeddings for Custom Retrievals" (Khanna & Subedi 2023, arXiv:2310.05380): frozen vectors and a low-rank residual,
x + U V x. LoRA adapts the encoder itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from limbeck.device import device, halves
from limbeck.embedding import Embedder, OnBatch, Tokens, token_ids_of
from limbeck.encoder import Encoder, pooled
from limbeck.neighbours import unit
from limbeck.retrieval.nearest import Floats, Nearest, Rows
from limbeck.students import lora

TEMPERATURE = 0.05
"""Inner products are divided by it."""
RANK = 32
"""Of the residual."""
MOST_COMPARED = 20_000
"""Labels that a text is told from at once; drawn anew for each batch where there are more."""
WARM_UP = 0.1
"""Share of the batches in which the learning rate rises; it falls linearly after that."""
MOST_STEPS = 2000
"""Batches; more lessons than go into them are not read."""


@dataclass(frozen=True)
class Plan:
    """How one kind of student is trained."""

    name: str
    batch: int
    steps: int
    """Batches that are enough where lessons are many."""
    epochs: int
    """How often few lessons are read."""
    rate: float

    def batches(self, lessons: int) -> int:
        """How many: about `steps`, no lesson being read more than `epochs` times, and each twice where that can be."""
        each = -(-lessons // self.batch)
        return min(MOST_STEPS, max(2 * each, min(self.steps, self.epochs * each)))


ADAPTER = Plan("adapter", batch=256, steps=60, epochs=60, rate=2e-3)
LORA = Plan("lora", batch=32, steps=250, epochs=15, rate=5e-4)

Progress = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Texts and what a teacher believes of them."""

    texts: tuple[str, ...]
    rows: Rows
    """[texts, c]: labels' rows; a place with a share of 0 may hold any."""
    shares: Floats
    """[texts, c]: how likely each of these is; rows add up to 1."""

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, places: Sequence[int]) -> "Pairs":
        """Some of them."""
        return Pairs(tuple(self.texts[place] for place in places), self.rows[list(places)], self.shares[list(places)])


@dataclass(frozen=True, eq=False)
class Residual:
    """An embedder whose vectors of texts are corrected: x + U V x, made one long; tokens stay."""

    base: Embedder
    u: Floats
    """[dimensions, rank]"""
    v: Floats
    """[rank, dimensions]"""

    @property
    def name(self) -> str:
        """Not one to keep vectors under: it has none of its own of labels."""
        return f"{self.base.name}+adapter"

    async def embed(self, texts: Sequence[str], on_batch: OnBatch | None = None) -> Floats:
        """Corrected vectors."""
        vectors = await self.base.embed(texts, on_batch)
        return unit(np.asarray(vectors + vectors @ self.v.T @ self.u.T, np.float32))

    def token_ids(self, texts: Sequence[str]) -> list[list[int]] | None:
        """The base's."""
        return self.base.token_ids(texts)

    def tokens(self, texts: Sequence[str]) -> Tokens:
        """The base's."""
        return self.base.tokens(texts)

    def scaled(self, share: float) -> "Residual":
        """With a share of the correction."""
        return replace(self, u=self.u * np.float32(share))


@dataclass(frozen=True, eq=False)
class Tuned:
    """An embedder whose encoder was adapted by LoRA; tokens are those of the encoder as it was."""

    encoder: Encoder
    """Its `model` is a `PeftModel`."""
    name: str = "lora"

    async def embed(self, texts: Sequence[str], on_batch: OnBatch | None = None) -> Floats:
        """Vectors of the adapted encoder."""
        with halves():
            return self.encoder.last_layer(texts, on_batch)

    def token_ids(self, texts: Sequence[str]) -> list[list[int]] | None:
        """By its tokenizer."""
        return token_ids_of(self.encoder.tokenizer, texts)

    def tokens(self, texts: Sequence[str]) -> Tokens:
        """Of the encoder without its adapter."""
        with self.encoder.model.disable_adapter(), halves():
            return self.encoder.token_vectors(texts)

    def scaled(self, share: float) -> "Tuned":
        """With a share of the adapter: between the encoder as it was and as it is (Wortsman et al. 2022, arXiv:2109.01903)."""
        import copy

        import torch

        model = copy.deepcopy(self.encoder.model)
        with torch.no_grad():
            for name, part in model.named_parameters():
                if "lora_B" in name:
                    part.mul_(share)
        return replace(self, encoder=replace(self.encoder, model=model))


async def fit_residual(base: Embedder, near: Nearest, labels: int, pairs: Pairs, seed: int, progress: Progress) -> Residual:
    """Fit the low-rank residual on frozen vectors.

    Args:
        base: Makes the vectors.
        near: Holds the labels'.
        labels: How many there are.
        pairs: What to learn.
        seed: Of the start and the order.
        progress: Told how it goes.
    """
    import torch

    queries = torch.from_numpy(await base.embed(pairs.texts))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        u = torch.zeros(queries.shape[1], RANK, requires_grad=True)
        v = (torch.randn(RANK, queries.shape[1]) / queries.shape[1] ** 0.5).requires_grad_()

        def vectors(rows: list[int]) -> Any:
            return torch.nn.functional.normalize(queries[rows] + queries[rows] @ v.T @ u.T, dim=-1)

        _descend(ADAPTER, [u, v], vectors, near, labels, pairs, seed, progress)
    return Residual(base, u.detach().numpy(), v.detach().numpy())


def fit_lora(encoder: Encoder, near: Nearest, labels: int, pairs: Pairs, seed: int, progress: Progress) -> Tuned:
    """Adapt the encoder by LoRA; arguments as of `fit_residual`."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        adapted = lora.adapt(encoder)
        model, place = adapted.model, adapted.model.device
        model.train()
        ids = adapted.tokenizer(list(pairs.texts), truncation=True, max_length=adapted.max_tokens)["input_ids"]
        trained = [one for one in model.parameters() if one.requires_grad]

        def vectors(rows: list[int]) -> Any:
            padded = adapted.tokenizer.pad({"input_ids": [ids[row] for row in rows]}, return_tensors="pt").to(place)
            with halves():
                return pooled(model, padded)[:, 0].float()

        _descend(LORA, trained, vectors, near, labels, pairs, seed, progress)
        model.eval()
    return Tuned(adapted)


def _descend(
    plan: Plan,
    trained: list[Any],
    vectors: Callable[[list[int]], Any],
    near: Nearest,
    labels: int,
    pairs: Pairs,
    seed: int,
    progress: Progress,
) -> None:
    """Go down the loss, batch by batch.

    Args:
        plan: How.
        trained: The parameters that are fitted.
        vectors: Gives vectors of lessons by their numbers, through these parameters.
    """
    import torch

    drawn, steps = np.random.default_rng(seed), plan.batches(len(pairs))
    optimiser = torch.optim.AdamW(trained, lr=plan.rate, weight_decay=0.01)
    warm = WARM_UP * steps
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: min((step + 1) / warm, 1 - step / steps))
    every = torch.from_numpy(near.vectors(np.arange(labels))).to(device()) if labels <= MOST_COMPARED else None
    order: list[int] = []
    for step in range(steps):
        if len(order) < min(plan.batch, len(pairs)):
            order += drawn.permutation(len(pairs)).tolist()
        rows, order = order[: plan.batch], order[plan.batch :]
        wanted = pairs.take(rows)
        known, places = (every, wanted.rows) if every is not None else _drawn(near, labels, wanted.rows, drawn)
        loss = _loss(vectors(rows), known, torch.from_numpy(places).to(device()), torch.from_numpy(wanted.shares).to(device()))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        schedule.step()
        if (step + 1) % max(1, steps // 4) == 0:
            progress(f"{plan.name}: batch {step + 1} of {steps}, loss {loss.item():.3f}")


def _drawn(near: Nearest, labels: int, rows: Rows, drawn: np.random.Generator) -> tuple[Any, Rows]:
    """Vectors of the batch's labels and of others drawn by chance, and where the batch's are among them."""
    import torch

    own = np.unique(rows)
    others = np.setdiff1d(drawn.integers(labels, size=MOST_COMPARED), own)
    known = torch.from_numpy(near.vectors(np.concatenate([own, others]))).to(device())
    return known, np.searchsorted(own, rows)


def _loss(queries: Any, known: Any, rows: Any, shares: Any) -> Any:
    """Cross-entropy between the teacher's shares and the softmax over labels; a mean over texts."""
    logits = queries.to(known.device) @ known.T / TEMPERATURE
    return -(shares * (logits.gather(1, rows) - logits.logsumexp(dim=1, keepdim=True))).sum(dim=1).mean()
