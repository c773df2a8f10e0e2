"""Tuning: what the students with an adapted encoder share. Adapter and a linear head on the pooled vector, by epochs.

First the head alone is solved on frozen vectors, then adapter and head are trained together, so that the first steps
do not distort what the encoder knows (Kumar et al. 2022, section 3; arXiv:2202.10054). A teacher's errors are
memorised late, so from the second epoch on each target is mixed with the mean of the student's own earlier predictions
for that text (temporal ensembling, Laine & Aila 2017, section 2.2, arXiv:1610.02242), which costs nothing: they were
computed anyway. Batches run in bfloat16 where the CPU has it, or on a GPU, for speed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from limbeck.encoder import Encoder, mixed, pooled
from limbeck.students import logistic
from limbeck.students.calibration import softmax
from limbeck.students.dense import Dense
from limbeck.students.lessons import Floats, Lessons
from limbeck.students.objective import held_loss
from limbeck.students.torching import losses, tensors

BATCH = 64
STEPS = 250
WARM_UP = 0.1
"""Share of the steps in which the learning rate rises; it falls linearly after that."""
OWN_SHARE = 0.5
"""How much of a target is the student's own earlier prediction, from the second epoch on."""
HEAD_STRENGTH = 1.0
"""λ of the first head."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Recipe:
    """How one kind of student adapts and trains the encoder."""

    name: str
    """What progress calls it."""
    adapt: Callable[[Encoder], Encoder]
    """From the frozen encoder to a copy with a new PEFT adapter in it."""
    fewest: int
    """Epochs at least; as a teacher's errors are memorised late, many lessons are better read but twice."""
    most: int
    """Epochs at most."""
    learning_rate: float
    """Of the adapter, at its highest."""
    head_learning_rate: float
    moves_at_once: bool = False
    """Whether a new adapter changes vectors before it has learnt anything."""

    def epochs(self, lessons: int) -> int:
        """How often so many lessons are read: until about `STEPS` batches have been."""
        return min(self.most, max(self.fewest, round(STEPS * BATCH / max(1, lessons))))


def tune(
    recipe: Recipe,
    encoder: Encoder,
    vectors: Floats,
    lessons: Lessons,
    held: Lessons,
    seed: int,
    progress: Progress,
) -> tuple[Encoder, Dense]:
    """Train adapter and head.

    Args:
        recipe: How.
        encoder: The frozen encoder; it is copied, not changed.
        vectors: [n, d]: its vectors of the lessons' texts.
        lessons: What to learn.
        held: What tells which epoch to keep; with none, the last one.
        seed: Of the adapter, dropout and the order of batches.
        progress: Told about each epoch.

    Returns:
        The adapted encoder (its `model` is a `PeftModel`) and the head.
    """
    import torch

    with torch.random.fork_rng():
        run = begun(recipe, encoder, vectors, lessons, seed)
        best, least, epochs = run.state(), np.inf, recipe.epochs(len(lessons))
        for epoch in range(epochs):
            run.epoch(epoch)
            loss = run.held_loss(held) if len(held) else -np.inf
            progress(f"{recipe.name}: epoch {epoch + 1} of {epochs}, held-out loss {loss:.4f}")
            if loss >= least and len(held):
                break
            best, least = run.state(), loss
        run.restore(best)
    return run.adapted, run.dense()


def begun(recipe: Recipe, encoder: Encoder, vectors: Floats, lessons: Lessons, seed: int) -> "Run":
    """A training before its first epoch: a new adapter, and a head solved on vectors that do not move yet.

    It seeds torch: call it, and train, within `torch.random.fork_rng()`.
    """
    import torch

    torch.manual_seed(seed)
    adapted = recipe.adapt(encoder)
    adapted.model.eval()
    start = adapted.encode(lessons.texts) if recipe.moves_at_once else vectors
    head = _linear(logistic.solve(start, lessons, HEAD_STRENGTH), adapted.model.device)
    return Run(recipe, adapted, head, lessons, np.random.default_rng(seed))


def _linear(dense: Dense, device: Any) -> Any:
    """The solved head as a layer of torch."""
    import torch

    (weight, bias) = dense.layers[0]
    layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weight))
        layer.bias.copy_(torch.from_numpy(bias))
    return layer.to(device)


class Run:
    """One training: model, head, optimiser, and what the student said so far."""

    def __init__(
        self, recipe: Recipe, adapted: Encoder, head: Any, lessons: Lessons, order: np.random.Generator
    ) -> None:
        import torch

        self.model, self.head, self.order, self.adapted = adapted.model, head, order, adapted
        self.k = len(lessons.labels)
        self.device = adapted.model.device
        self.halves = self.device.type == "cuda" or bool(torch.cpu.get_capabilities().get("avx512_bf16"))
        self.wanted, self.confidence = tensors(lessons)
        self.weights = self.confidence
        self.own = torch.zeros_like(self.wanted)
        cut = {"truncation": True, "max_length": adapted.max_tokens}
        self.tokens = adapted.tokenizer(list(lessons.texts), **cut)["input_ids"]
        self.trained = {n: p for n, p in self.model.named_parameters() if p.requires_grad}
        groups = [
            {"params": list(self.trained.values()), "lr": recipe.learning_rate},
            {"params": list(head.parameters()), "lr": recipe.head_learning_rate},
        ]
        self.optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
        steps = recipe.epochs(len(lessons)) * len(self._batches())
        warm = max(1, int(WARM_UP * steps))
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimiser, lambda step: min((step + 1) / warm, (steps - step) / max(1, steps - warm), 1.0)
        )

    def epoch(self, number: int, believed: Any = None) -> None:
        """One pass over all lessons.

        Args:
            number: Of the epoch, from 0 on.
            believed: [n, k or 2k]: what the targets are mixed with from the second epoch on; its own past predictions
                where left out.
        """
        self.model.train()
        share, other = OWN_SHARE if number else 0.0, self.own if believed is None else believed
        said = self.own.clone()
        for rows in self._batches():
            target = (1 - share) * self.wanted[rows] + share * other[rows]
            said[rows] = self._step(rows, target)
        self.own = (self.own * number + said) / (number + 1)

    def weigh(self, weights: Floats) -> None:
        """Let each text count so much [n] from now on, times the teacher's confidence in it."""
        import torch

        counts = self.confidence * torch.from_numpy(weights)
        self.weights = counts / max(float(counts.mean()), 1e-12)

    def shares(self, texts: Sequence[str]) -> Floats:
        """[n, k]: the probability of each label to be the primary one, not calibrated."""
        self.model.eval()
        return softmax(self.dense().outputs(self.adapted.encode(texts))[:, : self.k])

    def _step(self, rows: list[int], target: Any) -> Any:
        """One batch: learn, and return what the student said before it."""
        import torch

        outputs = self.head(self._pooled(rows))
        weights = self.weights[rows].to(self.device)
        loss = (losses(outputs, target.to(self.device), self.k) * weights).mean()
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.trained.values(), 1.0)
        self.optimiser.step()
        self.schedule.step()
        said = outputs.detach()
        return torch.cat([said[:, : self.k].softmax(dim=1), said[:, self.k :].sigmoid()], dim=1).cpu()

    def _pooled(self, rows: list[int]) -> Any:
        """[batch, d]: unit vectors, pooled as the encoder pools."""
        import torch

        ids = {"input_ids": [self.tokens[row] for row in rows]}
        padded = self.adapted.tokenizer.pad(ids, return_tensors="pt").to(self.device)
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.halves):
            return torch.nn.functional.normalize(mixed(pooled(self.model, padded)), dim=-1)

    def _batches(self) -> list[list[int]]:
        """Rows in batches of about the same length, in a new order each time."""
        jitter = self.order.uniform(0, 4, len(self.tokens))
        by_length = np.argsort([len(ids) for ids in self.tokens] + jitter, kind="stable")
        batches = [by_length[at : at + BATCH].tolist() for at in range(0, len(by_length), BATCH)]
        return [batches[number] for number in self.order.permutation(len(batches))]

    def held_loss(self, held: Lessons) -> float:
        """Calibrated loss a text on lessons that were not learnt from."""
        self.model.eval()
        return held_loss(self.dense().outputs(self.adapted.encode(held.texts)), held)

    def dense(self) -> Dense:
        """The head as numpy has it."""
        weight, bias = self.head.weight.detach().cpu().numpy(), self.head.bias.detach().cpu().numpy()
        return Dense([(weight.copy(), bias.copy())])

    def state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """A copy of all that is trained."""
        head = self.head.state_dict()
        return {n: p.detach().clone() for n, p in self.trained.items()}, {
            n: p.clone() for n, p in head.items()
        }

    def restore(self, state: tuple[dict[str, Any], dict[str, Any]]) -> None:
        """Go back to a copy, ready to predict."""
        import torch

        with torch.no_grad():
            for name, value in state[0].items():
                self.trained[name].copy_(value)
        self.head.load_state_dict(state[1])
        self.model.eval()
