"""Teaching a writer: LoRA on a causal model (Hu et al. 2021, arXiv:2106.09685), with a loss on the answers alone.

What it is taught and asked is its own: `writer.py` is of tables' cells, `page_writer.py` of documents. A lesson is a prompt,
its answer, and what each of the answer's tokens weighs. Tokens are what training costs, so that lessons are drawn until a
budget of them is full; few lessons are learnt more than once.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from limbeck.device import device
from limbeck.embedded import embedded_model
from limbeck.errors import ConfigError, StudentError
from limbeck.schemas.extraction import RecordSchema
from limbeck.schemas.fields import FieldSet
from limbeck.sections import EMBEDDED
from limbeck.students.loading import with_adapter

RANK, ALPHA = 16, 32
RATE = 1e-3
BATCH = 4
"""Lessons; few tokens are shown, and small batches are more steps."""
BATCH_TOKENS = 4096
"""Of long lessons fewer are learnt at once, as a token takes 2 MB."""
MOST_EPOCHS = 3
WARM_UP = 0.1
"""Share of the batches in which the learning rate rises; it falls linearly after that."""
TOKENS = {"cpu": 120_000, "cuda": 3_000_000}
"""That are learnt from in all, where nobody says how many: some minutes."""
SHAPES = 16
"""Batches are as long as a multiple of so many tokens."""
JITTER = 40
"""Tokens by which lessons of a batch may differ: those of one length are often of one table."""
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
"""The linear maps that vLLM serves adapters of, in Llama and its like."""
MANIFEST, VERSION = "writer.json", 2

Progress = Callable[[str], None]
Message = dict[str, str]


class Lesson(NamedTuple):
    """A prompt and its answer as tokens."""

    prompt: list[int]
    said: list[int]
    weights: list[float]
    """Of the answer's tokens."""

    @property
    def size(self) -> int:
        """Tokens in all."""
        return len(self.prompt) + len(self.said)


class Tokens:
    """Texts as a model's tokens."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.end: str = tokenizer.eos_token

    def of(self, text: str) -> list[int]:
        """A text's tokens."""
        found: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return found

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """A chat's, up to where the answer begins."""
        return self.of(self._tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False))

    def weighed(self, text: str, weights: Sequence[float]) -> tuple[list[int], list[float]]:
        """A text's tokens, each with the least weight of its letters."""
        made = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        return made["input_ids"], [min(weights[start:end], default=1.0) for start, end in made["offset_mapping"]]


@dataclass(frozen=True, eq=False)
class Writer:
    """A causal model that was taught to write records."""

    taught: RecordSchema | FieldSet
    """What its records are of: of tables' cells, or of documents."""
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
            what = self.taught.model_dump(mode="json")
            told = {"kind": "writer", "version": VERSION, "base": self.base, key_of(type(self.taught)): what, "metrics": self.metrics}
            (folder / MANIFEST).write_text(json.dumps(told, ensure_ascii=False, indent=1), "utf-8")
        except OSError as error:
            raise StudentError(f"can't write a student to {str(folder)!r} ({error.strerror}); make room and run again") from None


def key_of(taught: type[Any]) -> str:
    """What a manifest calls what a writer was taught, by which its pipeline is known."""
    return "fields" if issubclass(taught, FieldSet) else "schema"


def folder_of(base: str) -> str:
    """Where a base model lies; a hub's id is as it is."""
    return str(embedded_model()) if base == EMBEDDED else base


Drawn = tuple[list[Lesson], list[Lesson]]
"""Lessons to learn from, and those on which the loss is measured."""


def train(
    taught: RecordSchema | FieldSet,
    base: str,
    seed: int,
    progress: Progress,
    most_tokens: int | None,
    draw: Callable[[Tokens, int], Drawn],
    counted: str,
) -> Writer:
    """Teach a writer.

    Args:
        taught: What the lessons' records are of.
        base: `embedded`, or a folder or hub id of a causal model.
        seed: Of adapter and order.
        progress: Told about each epoch.
        most_tokens: That it learns from in all; what `TOKENS` says where nobody says how many.
        draw: Makes lessons, as many as are about so many tokens.
        counted: What lessons are of: `cells`.

    Raises:
        StudentError: There is no lesson that fits.
        ConfigError: The base can't be loaded.
    """
    import torch

    tokenizer, model = _loaded(base)
    most = most_tokens or TOKENS[device()]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        shown, kept = draw(Tokens(tokenizer), most)
        if not shown:
            raise StudentError(f"a writer can't learn from no {counted}; let the run read more")
        tokens = sum(one.size for one in shown)
        epochs = max(1, min(MOST_EPOCHS, most // tokens))
        run = _Run(_adapted(model, base), tokenizer.pad_token_id or 0, seed, len(_grouped(sorted(one.size for one in shown))) * epochs)
        for epoch in range(epochs):
            loss = run.epoch(shown)
            held_loss = {"held_out_loss": run.loss(kept)} if kept else {}
            progress(f"writer: epoch {epoch + 1} of {epochs}, loss {loss:.3f}" + "".join(f", held out {one:.3f}" for one in held_loss.values()))
    metrics = {counted: float(len(shown)), "tokens": float(tokens * epochs), "loss": loss, **held_loss}
    return Writer(taught, base, run.model, metrics)


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
    if not tokenizer.chat_template or not tokenizer.eos_token:
        raise ConfigError(f"{base!r} has no chat template or no end token; write `student: base:` a model that was taught to chat")
    return tokenizer, model.to(device())


def merge(base: str, adapter: Path, folder: Path) -> None:
    """Write a model that is a base and its adapter in one.

    Raises:
        StudentError: The adapter is damaged, or none of this base, or the model can't be written.
        ConfigError: The base can't be loaded.
    """
    from safetensors import SafetensorError
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    tokenizer, model = _loaded(base)
    merged = with_adapter(model, adapter).merge_and_unload()
    try:
        merged.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    except (OSError, ValueError, SafetensorError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise StudentError(f"can't merge {str(adapter)!r} with {base!r} in {str(folder)!r} ({reason}); make room there, or set TMPDIR to another folder") from error


def _adapted(model: Any, base: str) -> Any:
    from peft import LoraConfig, get_peft_model

    names = {name.rpartition(".")[2] for name, _ in model.named_modules()}
    found = [one for one in TARGETS if one in names]
    if not found:
        raise StudentError(f"LoRA finds none of {', '.join(TARGETS)} in {base!r}; write another `student: base:`")
    config = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=found, task_type="CAUSAL_LM")
    return get_peft_model(model, config)


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

    def epoch(self, lessons: Sequence[Lesson]) -> float:
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

    def loss(self, lessons: Sequence[Lesson]) -> float:
        """The weighted mean loss of an answer's token, in nats."""
        import torch

        self.model.eval()
        with torch.inference_mode():
            return float(np.mean([float(self._loss(batch)) for batch in self._batches(lessons)]))

    def _loss(self, batch: Sequence[Lesson]) -> Any:
        """The weighted mean loss of the answers' tokens; a vocabulary's worth of outputs is made of these alone."""
        import torch

        # Few lengths, as each new shape costs a CPU's kernels a while once.
        longest, place = -(-max(one.size for one in batch) // SHAPES) * SHAPES, self.model.device
        ids = [[*one.prompt, *one.said, *[self.padding] * (longest - one.size)] for one in batch]
        there = [[1] * one.size + [0] * (longest - one.size) for one in batch]
        given = {"input_ids": torch.tensor(ids, device=place), "attention_mask": torch.tensor(there, device=place)}
        states = self.inner(**given).last_hidden_state
        # A token is foretold by the state of the one before it.
        foretelling = torch.cat([states[at, len(one.prompt) - 1 : one.size - 1] for at, one in enumerate(batch)])
        wanted = torch.tensor([token for one in batch for token in one.said], device=place)
        weights = torch.tensor([weight for one in batch for weight in one.weights], device=place)
        losses = torch.nn.functional.cross_entropy(self.outer(foretelling).float(), wanted, reduction="none")
        return (losses * weights).sum() / weights.sum()

    def _batches(self, lessons: Sequence[Lesson]) -> Iterator[list[Lesson]]:
        """Lessons of about the same length together, in a new order each time."""
        jitter = self.order.uniform(0, JITTER, len(lessons))
        by_length = np.argsort(np.array([one.size for one in lessons]) + jitter).tolist()
        batches = _grouped([lessons[at].size for at in by_length])
        for number in self.order.permutation(len(batches)).tolist():
            yield [lessons[by_length[at]] for at in batches[number]]


def _grouped(sizes: Sequence[int]) -> list[range]:
    """Places in a row of lessons that are learnt at once, as many as `BATCH` and `BATCH_TOKENS` let."""
    made: list[range] = []
    start = 0
    for at in range(1, len(sizes) + 1):
        if at == len(sizes) or at - start == BATCH or (at - start + 1) * max(sizes[start : at + 1]) > BATCH_TOKENS:
            made.append(range(start, at))
            start = at
    return made
