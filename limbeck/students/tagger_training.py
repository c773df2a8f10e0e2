"""Teaching a tagger: LoRA (Hu et al. 2021, arXiv:2106.09685), layout and head together, on the words that teachers found.

A teacher's errors are memorised late, so that lessons are read few times. Mixing in what the tagger said before (temporal ensembling)
and a bounded loss (generalised cross-entropy) were tried: both cost more where teachers are good than they bring where they are not.
"""

import copy
import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from limbeck.encoder import Encoder
from limbeck.errors import StudentError
from limbeck.schemas.fields import FieldSet
from limbeck.students.page_lessons import PageLesson
from limbeck.students.tagger_hints import hints
from limbeck.students.tagger_model import Network
from limbeck.students.tagger_tags import Floats, count, taught
from limbeck.students.tagger_windows import Window, most_pieces, windows
from limbeck.students.tuning import Progress

RANK, ALPHA, DROPOUT = 16, 32, 0.1
RATE, OWN_RATE = 3e-3, 5e-4
"""Of the adapter, and of what the encoder doesn't have: embeddings of layout, and the head."""
TOKENS_IN_BATCH = 1600
"""Padding included; small batches are more steps."""
TOKENS = {"cpu": 300_000, "cuda": 5_000_000}
"""That are learnt from in all: some minutes."""
FEWEST_EPOCHS, MOST_EPOCHS = 2, 4
WARM_UP = 0.1
MOST_WEIGHT = 2.0
"""Of a word that has a tag, against one that has not: the root of how rare that is, up to this bound."""
RAREST, MOST_OFTEN = 1e-5, 0.5
"""Bounds of the share of words that has a tag."""
FOCUS = 0.03
"""How much it counts that a tag's words beat the others of their window."""
NEVER = -1e4
"""The log-odds of what is left out."""


@dataclasses.dataclass(eq=False)
class Taught:
    """A window and what is taught of its words, both [words, tags]."""

    window: Window
    wanted: Floats
    counts: Floats

    @property
    def size(self) -> int:
        """Pieces."""
        return self.window.size


def adapt(encoder: Encoder) -> Encoder:
    """A copy of the encoder with new adapters in all its layers, as layout is new to the lowest, too.

    Raises:
        StudentError: It has no linear maps that LoRA could adapt.
    """
    from peft import LoraConfig, get_peft_model
    from torch.nn import Linear

    model = copy.deepcopy(encoder.model)
    names = [name for name, module in model.named_modules() if isinstance(module, Linear) and "layer" in name]
    if not names:
        raise StudentError(f"LoRA finds no layers in {type(model).__name__!r}; write another `student: encoder:`")
    config = LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=DROPOUT, target_modules=names)
    return dataclasses.replace(encoder, model=get_peft_model(model, config))


def lessons_of(lessons: Sequence[PageLesson], fields: FieldSet, encoder: Encoder) -> list[Taught]:
    """All windows of all documents, and what is taught of them."""
    made = []
    for number, lesson in enumerate(lessons):
        wanted, counts = taught(lesson, fields)
        for one in windows(lesson.pages, number, encoder.tokenizer, most_pieces(encoder), hints(lesson.pages, fields)):
            part = slice(one.words.start, one.words.stop)
            made.append(Taught(one, wanted[part], counts[part]))
    return made


def train(lessons: Sequence[PageLesson], fields: FieldSet, encoder: Encoder, seed: int, progress: Progress, most_tokens: int) -> Network:
    """A network that has learnt.

    Args:
        lessons: Of documents.
        fields: What is wanted of them.
        encoder: It is copied, not changed.
        seed: Of adapter, dropout and order.
        progress: Told about each epoch.
        most_tokens: That it learns from in all.

    Raises:
        StudentError: There is nothing to learn from.
    """
    import torch

    shown = [one for one in lessons_of(lessons, fields, encoder) if one.counts.any()]
    if not any((one.wanted * one.counts).any() for one in shown):
        raise StudentError("a tagger can't learn from findings that stand nowhere on a page; let the run read more documents")
    shown = _drawn(shown, most_tokens // FEWEST_EPOCHS, np.random.default_rng(seed))
    epochs = min(MOST_EPOCHS, max(FEWEST_EPOCHS, most_tokens // sum(one.size for one in shown)))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        run = _Run(Network(adapt(encoder), count(fields)), shown, epochs, seed)
        for epoch in range(epochs):
            progress(f"tagger: epoch {epoch + 1} of {epochs}, loss {run.epoch():.4f}")
    run.network.finish()
    return run.network


def _drawn(shown: list[Taught], most: int, order: np.random.Generator) -> list[Taught]:
    """Windows until a budget of tokens is full, those first in which something was found."""
    by_chance = [shown[at] for at in order.permutation(len(shown)).tolist()]
    first = sorted(by_chance, key=lambda one: not one.wanted.any())
    sizes = np.cumsum([one.size for one in first])
    return first[: max(1, int(np.searchsorted(sizes, most, side="right")))]


class _Run:
    """One training: the network, its optimiser, the order of batches."""

    def __init__(self, network: Network, shown: list[Taught], epochs: int, seed: int) -> None:
        import torch

        self.network, self.shown, self.order = network, shown, np.random.default_rng(seed)
        shares = _shares(shown)
        self.network.expect(shares)
        self.place = network.model.device
        self.weights = torch.from_numpy(np.sqrt(1 / shares).clip(1.0, MOST_WEIGHT)).to(self.place)
        self.trained = [*network.adapter(), *network.own.parameters()]
        groups = [{"params": network.adapter(), "lr": RATE}, {"params": list(network.own.parameters()), "lr": OWN_RATE}]
        self.optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
        steps = epochs * len(self._batches())
        warm = max(1, int(WARM_UP * steps))
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimiser, lambda step: min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)), 1.0)
        )

    def epoch(self) -> float:
        """Learn from all windows once; the mean loss on the way."""
        self.network.train(True)
        return float(np.mean([self._step(batch) for batch in self._batches()]))

    def _step(self, batch: list[Taught]) -> float:
        import torch

        outputs = self.network.outputs([one.window for one in batch])
        wanted, counts = (torch.from_numpy(np.concatenate(each)).to(self.place) for each in ([one.wanted for one in batch], [one.counts for one in batch]))
        losses = torch.nn.functional.binary_cross_entropy_with_logits(outputs, wanted, pos_weight=self.weights, reduction="none")
        loss = (losses * counts).sum() / max(1.0, float(sum(len(one.counts) for one in batch)))
        loss = loss + FOCUS * _focus(outputs, wanted, counts, [len(one.counts) for one in batch])
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimiser.step()
        self.schedule.step()
        return float(loss.detach())

    def _batches(self) -> list[list[Taught]]:
        """Windows of about the same length together, in a new order each time."""
        jitter = dict(zip(map(id, self.shown), self.order.uniform(0, 60, len(self.shown)).tolist(), strict=True))
        batches: list[list[Taught]] = [[]]
        for one in sorted(self.shown, key=lambda one: one.size + jitter[id(one)]):
            if batches[-1] and (one.size + 2) * (len(batches[-1]) + 1) > TOKENS_IN_BATCH:
                batches.append([])
            batches[-1].append(one)
        return [batches[at] for at in self.order.permutation(len(batches)).tolist()]


def _focus(outputs: Any, wanted: Any, counts: Any, sizes: Sequence[int]) -> Any:
    """How unlikely the words of each tag are among those of their window: a document has one total, which is to beat all others.

    Args:
        outputs: [words, tags].
        wanted: Likewise.
        counts: Likewise; words that count nothing are left out.
        sizes: The words of each window.
    """
    total: Any = 0.0
    for said, right, known in zip(outputs.split(sizes), wanted.split(sizes), counts.split(sizes), strict=True):
        there = (right > 0.5) & (known > 0)
        unlikely = -said.masked_fill(known == 0, NEVER).log_softmax(dim=0)
        of_tags = (unlikely * there).sum(dim=0) / there.sum(dim=0).clamp(min=1)
        total = total + (of_tags * known.max(dim=0).values).sum()
    return total / len(sizes)


def _shares(shown: Sequence[Taught]) -> Floats:
    """[tags]: the share of words that has each tag, of those of which it is known."""
    there = sum((one.wanted * one.counts).sum(axis=0) for one in shown)
    every = sum(one.counts.sum(axis=0) for one in shown)
    shares: Floats = np.clip(there / np.maximum(every, 1e-6), RAREST, MOST_OFTEN).astype(np.float32)
    return shares
