"""Teaching a writer: LoRA on a causal model (Hu et al. 2021, arXiv:2106.09685), with a loss on the answers alone.

Distillation as in Schema-to-JSON: the teacher's records are the lessons. Tokens are what training costs, so that lessons
are drawn until a budget of them is full, evenly over tables.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from limbeck.device import device
from limbeck.embedded import embedded_model
from limbeck.errors import ConfigError, StudentError
from limbeck.schemas.extraction import RecordSchema
from limbeck.sections import EMBEDDED
from limbeck.students.cell_lessons import CellLesson, drawn, tidy
from limbeck.students.writer import answer, messages

RANK, ALPHA = 16, 32
RATE = 1e-3
BATCH = 2
"""Lessons; few tokens are shown, and small batches are more steps."""
EPOCHS = 2
WARM_UP = 0.1
"""Share of the batches in which the learning rate rises; it falls linearly after that."""
TOKENS = {"cpu": 100_000, "cuda": 3_000_000}
"""In one epoch, where nobody says how many: some minutes."""
SHAPES = 64
"""Batches are as long as a multiple of so many tokens."""
EACH_TABLE = 40
LONGEST = 1024
"""Tokens of a lesson; longer ones are left out."""
MOST_HELD = 64
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
"""The linear maps that vLLM serves adapters of, in Llama and its like."""
MANIFEST = "writer.json"

Progress = Callable[[str], None]
Tokens = tuple[list[int], list[int]]
"""A lesson: the prompt's tokens and the answer's."""


@dataclass(frozen=True, eq=False)
class Writer:
    """A causal model that was taught to write records."""

    schema: RecordSchema
    base: str
    """The model's name, as the config has it."""
    model: Any
    metrics: dict[str, float]

    def save(self, folder: Path) -> None:
        """Write the adapter, as vLLM and PEFT read it, and what it belongs to.

        Raises:
            StudentError: The folder can't be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # A path of this machine means nothing on another one; whoever serves it names the base.
            self.model.peft_config["default"].base_model_name_or_path = Path(self.base).name
            # `False`: PEFT would otherwise ask the model hub whether the vocabulary was changed.
            self.model.save_pretrained(str(folder), save_embedding_layers=False)
            (folder / "README.md").unlink(missing_ok=True)
            told = {"kind": "writer", "version": 1, "base": self.base, "schema": self.schema.model_dump(mode="json"), "metrics": self.metrics}
            (folder / MANIFEST).write_text(json.dumps(told, ensure_ascii=False, indent=1), "utf-8")
        except OSError as error:
            raise StudentError(f"can't write a student to {str(folder)!r} ({error.strerror}); make room and run again") from None


def folder_of(base: str) -> str:
    """Where a base model lies; a hub's id is as it is."""
    return str(embedded_model()) if base == EMBEDDED else base


def fit(
    lessons: Sequence[CellLesson],
    held: Sequence[CellLesson],
    schema: RecordSchema,
    base: str,
    seed: int,
    progress: Progress,
    most_tokens: int | None = None,
) -> Writer:
    """Teach a writer.

    Args:
        lessons: What to learn, those of one table next to each other.
        held: Lessons on which its loss is measured; may be none.
        schema: What the lessons' records are of.
        base: `embedded`, or a folder or hub id of a causal model.
        seed: Of adapter, draw and order.
        progress: Told about each epoch.
        most_tokens: In one epoch.

    Raises:
        StudentError: There is no lesson that fits.
        ConfigError: The base can't be loaded.
    """
    import torch

    tokenizer, model = _loaded(base)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        shown = _tokens(tokenizer, lessons, schema, most_tokens or TOKENS[device()], seed)
        if not shown:
            raise StudentError("a writer can't learn from no cell; let the run read more tables")
        kept = [_lesson(tokenizer, one, schema) for one in drawn(held, EACH_TABLE, MOST_HELD, seed)]
        run = _Run(_adapted(model, base), tokenizer.pad_token_id or 0, seed, -(-len(shown) // BATCH) * EPOCHS)
        for epoch in range(EPOCHS):
            loss = run.epoch(shown)
            held_loss = run.loss(kept) if kept else loss
            progress(f"writer: epoch {epoch + 1} of {EPOCHS}, loss {loss:.3f}, held out {held_loss:.3f}")
    metrics = {"cells": float(len(shown)), "tokens": float(sum(map(_size, shown))), "loss": loss, "held_out_loss": held_loss}
    return Writer(schema, base, run.model, metrics)


def _loaded(base: str) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    quick = device() == "cuda" or bool(torch.cpu.get_capabilities().get("avx512_bf16"))
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder_of(base))
        model: Any = AutoModelForCausalLM.from_pretrained(folder_of(base), dtype=torch.bfloat16 if quick else torch.float32)
    except (OSError, ValueError, KeyError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigError(f"no causal model {base!r} ({first}); write `student: base:` a folder or a hub id of one") from None
    return tokenizer, model.to(device())


def _adapted(model: Any, base: str) -> Any:
    from peft import LoraConfig, get_peft_model

    names = {name.rpartition(".")[2] for name, _ in model.named_modules()}
    found = [one for one in TARGETS if one in names]
    if not found:
        raise StudentError(f"LoRA finds none of {', '.join(TARGETS)} in {base!r}; write another `student: base:`")
    config = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=found, task_type="CAUSAL_LM")
    return get_peft_model(model, config)


def _tokens(tokenizer: Any, lessons: Sequence[CellLesson], schema: RecordSchema, most: int, seed: int) -> list[Tokens]:
    """Lessons as tokens: about as many as so many tokens are, evenly over tables."""
    tried = [_size(_lesson(tokenizer, one, schema)) for one in drawn(lessons, 1, 50, seed)]
    count = max(1, int(most / np.mean(tried))) if tried else 0
    made = (_lesson(tokenizer, one, schema) for one in drawn(lessons, EACH_TABLE, count, seed))
    return [one for one in made if _size(one) <= LONGEST]


def _lesson(tokenizer: Any, one: CellLesson, schema: RecordSchema) -> Tokens:
    asked = messages(schema, one.table, one.target)
    prompt = tokenizer.apply_chat_template(asked, add_generation_prompt=True, tokenize=False)
    said = answer(tidy(one.said, schema)) + tokenizer.eos_token
    return tokenizer(prompt, add_special_tokens=False)["input_ids"], tokenizer(said, add_special_tokens=False)["input_ids"]


def _size(lesson: Tokens) -> int:
    return len(lesson[0]) + len(lesson[1])


class _Run:
    """One training: the adapted model, its optimiser, the order of batches."""

    def __init__(self, model: Any, padding: int, seed: int, steps: int) -> None:
        import torch

        self.model, self.padding, self.order = model, padding, np.random.default_rng(seed)
        self.inner, self.outer = model.get_base_model().base_model, model.get_output_embeddings()
        self.trained = [one for one in model.parameters() if one.requires_grad]
        self.optimiser = torch.optim.AdamW(self.trained, lr=RATE, weight_decay=0.0)
        warm = max(1, int(WARM_UP * steps))
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimiser, lambda step: min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)), 1.0)
        )

    def epoch(self, lessons: Sequence[Tokens]) -> float:
        """Learn from all lessons once; the mean loss on the way."""
        import torch

        self.model.train()
        losses = []
        for batch in self._batches(lessons):
            loss = self._loss(batch)
            self.optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
            self.optimiser.step()
            self.schedule.step()
            losses.append(float(loss.detach()))
        return float(np.mean(losses))

    def loss(self, lessons: Sequence[Tokens]) -> float:
        """The mean loss of an answer's token, in nats."""
        import torch

        self.model.eval()
        with torch.inference_mode():
            return float(np.mean([float(self._loss(batch)) for batch in self._batches(lessons)]))

    def _loss(self, batch: Sequence[Tokens]) -> Any:
        """The mean loss of the answers' tokens; a vocabulary's worth of outputs is made of these alone."""
        import torch

        # Few lengths, as each new shape costs a CPU's kernels seconds once.
        longest, place = -(-max(map(_size, batch)) // SHAPES) * SHAPES, self.model.device
        ids = [[*prompt, *said, *[self.padding] * (longest - len(prompt) - len(said))] for prompt, said in batch]
        there = [[1] * _size(one) + [0] * (longest - _size(one)) for one in batch]
        given = {"input_ids": torch.tensor(ids, device=place), "attention_mask": torch.tensor(there, device=place)}
        states = self.inner(**given).last_hidden_state
        # A token is foretold by the state of the one before it.
        foretelling = torch.cat([states[at, len(prompt) - 1 : _size((prompt, said)) - 1] for at, (prompt, said) in enumerate(batch)])
        wanted = torch.tensor([token for _, said in batch for token in said], device=place)
        return torch.nn.functional.cross_entropy(self.outer(foretelling).float(), wanted)

    def _batches(self, lessons: Sequence[Tokens]) -> Iterator[list[Tokens]]:
        """Lessons of about the same length together, in a new order each time."""
        jitter = self.order.uniform(0, 16, len(lessons))
        by_length = np.argsort(np.array([_size(one) for one in lessons]) + jitter)
        batches = [by_length[at : at + BATCH].tolist() for at in range(0, len(by_length), BATCH)]
        for number in self.order.permutation(len(batches)).tolist():
            yield [lessons[at] for at in batches[number]]
