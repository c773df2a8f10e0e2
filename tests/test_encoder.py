import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.encoder import MOST_TEXTS_IN_BATCH, TOKENS_IN_BATCH, Encoder, batches, check
from limbeck.errors import ConfigError

TEXTS = ["My card has not arrived.", "hi", "Where is my new card? " * 20, "Ein Text auf Deutsch", "", "🙂"]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load()


def test_vectors_are_unit_float32_in_the_order_given(encoder: Encoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert (vectors.shape, vectors.dtype) == ((len(TEXTS), encoder.dimensions), np.dtype(np.float32))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)
    for text, vector in zip(TEXTS, vectors, strict=True):
        assert encoder.encode([text])[0] == pytest.approx(vector, abs=1e-5)


def test_no_texts_give_no_vectors(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dimensions)


def test_meaning_counts_more_than_words(encoder: Encoder) -> None:
    asked, same, other = encoder.encode(
        ["I lost my bank card", "My debit card has gone missing", "I lost my temper at the bank of the river"]
    )
    assert asked @ same > asked @ other


def test_long_texts_are_cut_at_max_tokens(encoder: Encoder) -> None:
    short = Encoder(encoder.path, 8, encoder.tokenizer, encoder.model)
    cut, whole = short.encode(["one two three four five six", "one two three four five six seven eight nine ten"])
    assert cut == pytest.approx(whole, abs=1e-5)


def test_progress_adds_up_to_the_texts(encoder: Encoder) -> None:
    seen: list[int] = []
    encoder.encode(TEXTS * 30, on_batch=seen.append)
    assert sum(seen) == len(TEXTS) * 30


def test_a_folder_can_be_named(encoder: Encoder) -> None:
    assert encoder.encode(TEXTS[:1]) == pytest.approx(Encoder.load(encoder.path).encode(TEXTS[:1]), abs=1e-6)


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"The encoder '.*' can't be loaded .*; write 'minilm'"):
        Encoder.load(str(tmp_path))


def without_words(folder: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        (folder / name).unlink()


def without_padding(folder: Path) -> None:
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"pad_token": None}), "utf-8")
    (folder / "special_tokens_map.json").unlink(missing_ok=True)


def cut_short(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\xff" * 100)


def both_ways(folder: Path) -> None:
    from transformers import T5Config, T5Model

    T5Model(T5Config(vocab_size=32_000, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2)).save_pretrained(folder)


def a_list(folder: Path) -> None:
    (folder / "config.json").write_text("[]", "utf-8")


NO_ENCODER: dict[Callable[[Path], None], str] = {
    without_words: "its tokenizer is not there, or knows no word",
    without_padding: "its tokenizer has no padding",
    cut_short: "header",
    both_ways: "it is a 't5' model, not one that encodes a text",
    a_list: "must be a mapping, not list",
}


def refused(spoil: Callable[[Path], None], encoder: Encoder, folder: Path) -> str:
    """What is said of a copy of the encoder that was spoilt."""
    shutil.copytree(encoder.path, folder)
    spoil(folder)
    with pytest.raises(ConfigError) as error:
        check(str(folder))
    return str(error.value)


@pytest.mark.parametrize("spoil", NO_ENCODER, ids=lambda spoil: spoil.__name__)
def test_a_folder_that_holds_something_else_is_refused(spoil: Callable[[Path], None], encoder: Encoder, tmp_path: Path) -> None:
    said = refused(spoil, encoder, tmp_path / "encoder")
    assert said.startswith(f"The encoder {str(tmp_path / 'encoder')!r} can't be loaded (")
    assert NO_ENCODER[spoil] in said and len(said.splitlines()) == 1
    assert "; write 'minilm', the folder of a transformers model" in said


def tiny(vocabulary: int = 30_522, **config: int) -> Callable[[Path], None]:
    """A small BERT in the place of the model; the tokenizer stays."""

    def put(folder: Path) -> None:
        from transformers import BertConfig, BertModel

        sizes: dict[str, Any] = {"hidden_size": 8, "intermediate_size": 8, "num_attention_heads": 2, "num_hidden_layers": 2, **config}
        model = BertModel(BertConfig(vocab_size=vocabulary, **sizes))  # type: ignore[no-untyped-call]
        model.save_pretrained(folder)

    return put


def not_a_number(folder: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    tiny()(folder)
    path = str(folder / "model.safetensors")
    save_file({name: torch.full_like(value, torch.nan) for name, value in load_file(path).items()}, path, {"format": "pt"})


FAILS: dict[str, tuple[Callable[[Path], None], str]] = {
    "few embeddings": (tiny(vocabulary=200), "it can't encode a sentence: index out of range in self"),
    "one embedding less": (tiny(vocabulary=30_521), "it can't encode all tokens that its tokenizer knows: index out of range"),
    "few places": (tiny(max_position_embeddings=64), "it can't encode a text of 128 tokens: "),
    "no layers": (tiny(num_hidden_layers=0), "it can't encode a sentence: "),
    "not a number": (not_a_number, "its vectors of a sentence are not finite numbers"),
}


@pytest.mark.parametrize("case", FAILS)
def test_an_encoder_that_fails_on_a_text_is_refused_before_the_run(case: str, encoder: Encoder, tmp_path: Path) -> None:
    spoil, why = FAILS[case]
    said = refused(spoil, encoder, tmp_path / "encoder")
    assert said.startswith(f"The encoder {str(tmp_path / 'encoder')!r} can't be used ({why}")
    assert said.endswith("); write 'minilm', the folder of a transformers model, or a hub id that this machine can reach")
    assert len(said.splitlines()) == 1


def test_a_small_encoder_without_fault_is_not_refused(encoder: Encoder, tmp_path: Path) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(encoder.path, folder)
    tiny()(folder)
    check(str(folder))


@pytest.mark.parametrize("name", ["./gone", "../gone", "a/b/gone", "/gone", "~/gone"])
def test_a_folder_that_is_not_there_is_refused_at_once(name: str) -> None:
    with pytest.raises(ConfigError) as error:
        check(name)
    assert str(error.value) == f"no encoder folder {name!r}; write 'minilm', the folder of a transformers model, or a hub id"


def test_what_can_be_used_is_not_refused(encoder: Encoder) -> None:
    check(encoder.path)
    check("minilm")


@given(st.lists(st.integers(1, 512), max_size=300))
def test_batches_hold_each_row_once_and_stay_small(lengths: list[int]) -> None:
    found = list(batches(lengths))
    assert sorted(row for batch in found for row in batch) == list(range(len(lengths)))
    for batch in found:
        assert len(batch) <= MOST_TEXTS_IN_BATCH
        assert len(batch) * max(lengths[row] for row in batch) <= TOKENS_IN_BATCH


def test_a_vector_is_the_last_layer_and_half_of_the_one_before(encoder: Encoder) -> None:
    layers = encoder.layers(TEXTS)
    assert layers.shape == (len(TEXTS), 2, encoder.dimensions)
    assert np.linalg.norm(layers, axis=2) == pytest.approx(np.ones((len(TEXTS), 2)), abs=1e-5)
    wanted = layers[:, 0] + 0.5 * layers[:, 1]
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    assert encoder.encode(TEXTS) == pytest.approx(wanted, abs=1e-5)
    # The last layer is sentence-transformers' own vector: mean pooling over what the model puts out.
    ids = encoder.tokenizer(list(TEXTS[:1]), return_tensors="pt").to(encoder.model.device)
    mean = encoder.model(**ids).last_hidden_state[0].mean(dim=0).detach().cpu().numpy()
    assert layers[0, 0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-4)
