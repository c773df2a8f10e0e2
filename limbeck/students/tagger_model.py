"""The network of a tagger: an encoder with a LoRA adapter, layout added to what its pieces mean, and a linear head for words.

A word's log-odds come from its own state, from the mean of its row's, from its layout at once, and from what hints say of it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from limbeck.device import halved, halves
from limbeck.encoder import Encoder
from limbeck.students.tagger_tags import Floats
from limbeck.students.tagger_windows import Window
from limbeck.students.tagger_words import ALL_BINS

SPREAD = 0.02
"""Of new embeddings, as BERT's."""
HINTED = 1.0
"""The log-odds of a word with a sure hint before anything was learnt."""
UNHINTED = 0.5
"""The share of windows that are learnt from without hints, so that words and layout are heeded, too."""


class Network:
    """Words in, log-odds of tags out."""

    def __init__(self, encoder: Encoder, count: int) -> None:
        """Around an adapted encoder, with so many tags; embeddings and head are drawn from torch's generator."""
        import torch

        self.encoder, self.model = encoder, encoder.model
        self.embedded = self.model.get_input_embeddings()
        self.layout = torch.nn.Embedding(ALL_BINS, encoder.dimensions)
        self.wide = torch.nn.Embedding(ALL_BINS, count)
        self.head = torch.nn.Linear(encoder.dimensions, count)
        self.row = torch.nn.Linear(encoder.dimensions, count, bias=False)
        torch.nn.init.normal_(self.layout.weight, std=SPREAD)
        torch.nn.init.zeros_(self.wide.weight)
        torch.nn.init.normal_(self.head.weight, std=SPREAD)
        torch.nn.init.normal_(self.row.weight, std=SPREAD)
        self.hinted = torch.nn.Embedding(1, count)
        parts = {"layout": self.layout, "wide": self.wide, "head": self.head, "row": self.row, "hinted": self.hinted}
        self.own = torch.nn.ModuleDict(parts).to(self.model.device)
        self.reader: Any = None
        """What reads once nothing is learnt any more."""

    def expect(self, shares: Floats) -> None:
        """Begin with how rare tags are, [tags]: the share of words that have each."""
        import torch

        odds = torch.from_numpy(np.log(shares / (1 - shares)))
        with torch.no_grad():
            self.head.bias.copy_(odds)
            self.hinted.weight.copy_(HINTED - odds)

    def train(self, learning: bool) -> None:
        """Whether dropout is at work."""
        self.model.train(learning)
        self.own.train(learning)

    def finish(self) -> None:
        """Nothing is learnt any more: the adapter becomes part of the encoder, one product of matrices a layer in place of three, in bfloat16."""
        self.model.merge_adapter()
        self.train(False)
        self.reader = halved(self.model)

    def adapter(self) -> list[Any]:
        """What is trained of the encoder."""
        return [one for one in self.model.parameters() if one.requires_grad]

    def outputs(self, batch: Sequence[Window]) -> Any:
        """[all words of the batch, tags] in float32, window by window."""
        import torch

        ids, there, of_word, places = self._tokens(batch)
        bins = torch.from_numpy(np.concatenate([one.bins for one in batch])).to(ids.device)
        layout = torch.nn.functional.embedding_bag(bins, self.layout.weight, mode="sum")
        given = self.embedded(ids)
        given = given.view(-1, given.shape[-1]).index_add(0, places, layout[of_word]).view_as(given)
        states = self._states(given, there)
        states = states.float().reshape(-1, states.shape[-1])[places]
        words = torch.zeros(len(bins), states.shape[-1], device=ids.device).index_add(0, of_word, states)
        words = words / torch.bincount(of_word, minlength=len(bins)).unsqueeze(1)
        lines = torch.from_numpy(_rows(batch)).to(ids.device)
        means = torch.zeros(int(lines[-1]) + 1, words.shape[-1], device=ids.device).index_add(0, lines, words)
        of_row = self.row(means / torch.bincount(lines).unsqueeze(1))[lines]
        return self.head(words) + of_row + torch.nn.functional.embedding_bag(bins, self.wide.weight, mode="sum") + self._hints(batch) * self.hinted.weight

    def _states(self, given: Any, there: Any) -> Any:
        """The encoder's last states [windows, tokens, dimensions]."""
        if self.reader is not None:
            return self.reader(inputs_embeds=given.to(self.reader.dtype), attention_mask=there).last_hidden_state
        with halves():
            return self.model(inputs_embeds=given, attention_mask=there).last_hidden_state

    def _hints(self, batch: Sequence[Window]) -> Any:
        """[all words, tags]; nothing, while it learns, of a share of the windows."""
        import torch

        kept = torch.rand(len(batch)) >= (UNHINTED if self.own.training else 0.0)
        given = [one.hints * float(keep) for one, keep in zip(batch, kept.tolist(), strict=True)]
        return torch.from_numpy(np.concatenate(given).astype(np.float32)).to(self.model.device)

    def _tokens(self, batch: Sequence[Window]) -> tuple[Any, Any, Any, Any]:
        """Ids and mask [windows, tokens]; of each piece of a word the word's number in the batch, and the piece's place in `ids`."""
        import torch

        tokenizer, place = self.encoder.tokenizer, self.model.device
        first, last = _ends(tokenizer)
        before, longest = len(first), max(one.size for one in batch) + len(first) + len(last)
        ids = np.full((len(batch), longest), tokenizer.pad_token_id)
        there = np.zeros((len(batch), longest), np.int64)
        of_word: list[int] = []
        places: list[int] = []
        word = 0
        for at, one in enumerate(batch):
            flat = [piece for pieces in one.pieces for piece in pieces]
            ids[at, : len(flat) + before + len(last)] = [*first, *flat, *last]
            there[at, : len(flat) + before + len(last)] = 1
            places.extend(range(at * longest + before, at * longest + before + len(flat)))
            of_word.extend(word + number for number, pieces in enumerate(one.pieces) for _ in pieces)
            word += len(one.pieces)
        made = (ids, there, np.asarray(of_word), np.asarray(places))
        return tuple(torch.from_numpy(one).to(place) for one in made)  # type: ignore[return-value]

    def read(self, batch: Sequence[Window]) -> list[Floats]:
        """[words, tags] of each window."""
        import torch

        self.train(False)
        with torch.inference_mode():
            outputs: Floats = self.outputs(batch).cpu().numpy()
        return np.split(outputs, np.cumsum([len(one.words) for one in batch])[:-1])


def _rows(batch: Sequence[Window]) -> Any:
    """[all words]: the number of each word's row in the batch."""
    new = [[1, *(int(a != b) for a, b in zip(one.rows, one.rows[1:], strict=False))] for one in batch]
    return np.cumsum(np.concatenate(new)) - 1


def _ends(tokenizer: Any) -> tuple[list[int], list[int]]:
    """The tokens before and after a text."""
    known = [tokenizer.cls_token_id, tokenizer.bos_token_id], [tokenizer.sep_token_id, tokenizer.eos_token_id]
    first, last = ([one for one in each if one is not None][:1] for each in known)
    return first, last
