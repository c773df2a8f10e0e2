"""Who makes vectors: limbeck's encoder, a sentence-transformers model, a server; and what a project keeps of them."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck import embedding as module
from limbeck.embedding import Local, SentenceTransformers, Served, Tokens, kept, named, open_embedder
from limbeck.encoder import Embeddings, Encoder
from limbeck.errors import ConfigError, ModelCallsOff, ModelUnreachable
from limbeck.sections import MINILM, ModelSettings, RetrievalSettings
from limbeck.store import Store

TEXTS = ["manage staff", "", "Nurses look after people. " * 60, "数据分析", "C++ 😀", "manage staff"]


# ---- the embedded model, twice ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def local() -> Local:
    return Local(MINILM, Encoder.load())


@pytest.fixture(scope="module")
def transformers(local: Local) -> SentenceTransformers:
    """The same model by its folder, as any other is loaded."""
    model = SentenceTransformers(MINILM, local.encoder.path)
    # Its folder says 256 tokens; limbeck reads 128 of a text.
    model.model.max_seq_length = local.encoder.max_tokens
    return model


async def test_a_sentence_transformers_folder_gives_the_same_vectors(local: Local, transformers: SentenceTransformers) -> None:
    ours, theirs = await local.embed(TEXTS), await transformers.embed(TEXTS)
    assert theirs.dtype == np.float32 and ours.shape == theirs.shape == (6, 384)
    assert np.abs(ours - theirs).max() < 2e-3  # Ours may be computed in bfloat16.
    assert np.allclose(np.linalg.norm(theirs, axis=1), 1, atol=1e-5)
    assert np.abs(ours[0] - ours[3]).max() > 0.01


def test_and_the_same_vectors_of_tokens(local: Local, transformers: SentenceTransformers) -> None:
    assert local.token_ids(TEXTS) == transformers.token_ids(TEXTS)
    ours, theirs = local.tokens(TEXTS), transformers.tokens(TEXTS)
    assert [ids for ids, _ in ours] == [ids for ids, _ in theirs]
    assert [len(ids) for ids, _ in ours][:3] == [2, 0, 126]
    for (ids, a), (_, b) in zip(ours, theirs, strict=True):
        assert len(a) == len(b) == len(ids)
        assert not len(ids) or np.abs(a - b).max() < 1e-2


async def test_no_texts(local: Local, transformers: SentenceTransformers) -> None:
    for one in (local, transformers):
        assert (one.token_ids([]), one.tokens([])) == ([], [])
        assert len(await one.embed([])) == 0


async def test_progress_is_told(local: Local, transformers: SentenceTransformers) -> None:
    for one in (local, transformers):
        told: list[int] = []
        await one.embed(TEXTS, told.append)
        assert sum(told) == len(TEXTS)


async def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"^The encoder {str(tmp_path)!r} can't be loaded .*; write 'minilm', the folder of"):
        await SentenceTransformers("a", str(tmp_path)).embed(["a"])


def test_which_embedder_a_config_names() -> None:
    assert isinstance(open_embedder(RetrievalSettings()), Local)
    assert open_embedder(RetrievalSettings(encoder="some/model")) == SentenceTransformers("some/model", "some/model")
    at_server = open_embedder(RetrievalSettings(encoder="e", base_url="http://127.0.0.1:9/v1", api_key_env="KEY"))
    assert isinstance(at_server, Served)
    assert (at_server.settings.name, at_server.settings.api_key_env, at_server.base_url) == ("e", "KEY", "http://127.0.0.1:9/v1")
    assert len({open_embedder(RetrievalSettings()).name, "e", at_server.name}) == 3  # What is kept is told apart.


# ---- a server --------------------------------------------------------------------------------------------------------


def vector(text: str) -> list[float]:
    return [float(len(text)), 1.0, -2.0]


def answer(texts: list[str]) -> dict[str, Any]:
    """In an order of its own."""
    return {"data": [{"index": place, "embedding": vector(text)} for place, text in enumerate(texts)][::-1]}


@dataclass
class Stub:
    """A server on the loopback interface that answers with `says` first, then as it should."""

    says: list[tuple[int, Any, dict[str, str]]] = field(default_factory=list)
    forever: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    async def embeddings(self, got: web.Request) -> web.Response:
        body = await got.json()
        self.asked.append(body)
        self.keys.append(got.headers.get("Authorization"))
        status, said, headers = (self.says[0] if self.forever else self.says.pop(0)) if self.says else (200, answer(body["input"]), {})
        return web.json_response(said, status=status, headers=headers)


@asynccontextmanager
async def serving(stub: Stub, **further: Any) -> AsyncIterator[Served]:
    app = web.Application()
    app.router.add_post("/v1/embeddings", stub.embeddings)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield Served("e at a server", ModelSettings(name="e", base_url=address, timeout=5.0, **further), address)
    finally:
        await runner.cleanup()


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMBECK_CALLS", "on")


@pytest.fixture
def two_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limbeck.llm.EMBEDDED_AT_ONCE", 2)


@pytest.mark.usefixtures("on", "two_at_once")
async def test_a_server_embeds_some_texts_at_a_time_in_the_order_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    stub, texts, told = Stub(), ["a", "bbb", "cc", "dddd", "eeeee"], list[int]()
    async with serving(stub) as embedder:
        vectors = await embedder.embed(texts, told.append)
    truly = np.array([vector(text) for text in texts])
    assert vectors.dtype == np.float32
    assert np.allclose(vectors, truly / np.linalg.norm(truly, axis=1, keepdims=True))
    assert sorted(map(tuple, (body["input"] for body in stub.asked))) == [("a", "bbb"), ("cc", "dddd"), ("eeeee",)]
    assert all(body["model"] == "e" and body["encoding_format"] == "float" for body in stub.asked)
    assert stub.keys == ["Bearer secret"] * 3
    assert sorted(told) == [1, 2, 2]
    assert (embedder.token_ids(texts), embedder.tokens(texts)) == (None, [])


RECOVERS = {
    "too many requests": (429, {"error": {"message": "slow down"}}, {"Retry-After": "0.01"}),
    "it failed once": (503, {"error": "busy"}, {"Retry-After": "0.01"}),
}


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize("case", RECOVERS)
async def test_a_server_that_recovers_is_asked_again(case: str) -> None:
    stub = Stub([RECOVERS[case]])
    async with serving(stub) as embedder:
        assert (await embedder.embed(["a"])).shape == (1, 3)
    assert len(stub.asked) == 2


REASON = "{address!r} does not embed with 'e': {reason}; see to it, or correct `retrieval:`"
FAILS = {
    "no such model": (404, {"error": {"message": "no model 'e'"}}, 1, "no model 'e' (HTTP 404)"),
    "it chats and does not embed": (200, {"choices": []}, 1, "it answered 0 vectors for 1 texts: {'choices': []}"),
    "vectors without places": (200, {"data": [{"embedding": [1.0]}]}, 1, "it answered 0 vectors for 1 texts: {'data': [{'embedding': [1.0]}]}"),
    "too few vectors": (200, {"data": []}, 1, "it answered 0 vectors for 1 texts: {'data': []}"),
    "no object": (200, [1], 1, "it answered 0 vectors for 1 texts: {'error': {'message': '[1]'}}"),
    "it fails for good": (500, {"error": {"message": "broken"}}, 3, "broken (HTTP 500)"),
    "no key": (401, {"error": {"message": "who are you?"}}, 1, None),
}


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize("case", FAILS)
async def test_a_server_that_does_not_embed_is_named_with_its_reason(case: str) -> None:
    status, said, times, reason = FAILS[case]
    stub = Stub([(status, said, {"Retry-After": "0.01"})], forever=True)
    async with serving(stub, retries=2) as embedder:
        with pytest.raises(ModelUnreachable) as error:
            await embedder.embed(["a"])
    address = embedder.base_url
    expected = REASON.format(address=address, reason=reason) if reason else f"{address!r} refuses the key; set it with: export OPENAI_API_KEY=…"
    assert str(error.value) == expected
    assert len(stub.asked) == times


@pytest.mark.usefixtures("on")
async def test_a_server_that_is_gone() -> None:
    async with serving(Stub(), retries=0) as embedder:
        pass
    with pytest.raises(ModelUnreachable, match=r"^'http://127.0.0.1:\d+/v1' does not embed with 'e': .*; see to it, or correct `retrieval:`$"):
        await embedder.embed(["a"])


async def test_no_call_is_sent_where_calls_are_off() -> None:
    stub = Stub()
    async with serving(stub) as embedder:
        with pytest.raises(ModelCallsOff, match="^model 'e' was called; allow it with: LIMBECK_CALLS=on$"):
            await embedder.embed(["a"])
    assert stub.asked == []


# ---- what is kept ----------------------------------------------------------------------------------------------------


@dataclass
class Counting:
    """Remembers what it was asked to embed."""

    name: str = "counting"
    asked: list[list[str]] = field(default_factory=list)

    async def embed(self, texts: Sequence[str], on_batch: Callable[[int], None] | None = None) -> Embeddings:
        self.asked.append(list(texts))
        if on_batch:
            on_batch(len(texts))
        return np.array([[hash((text, place)) % 1000 / 7 for place in range(3)] for text in texts], np.float32).reshape(-1, 3)

    def token_ids(self, texts: Sequence[str]) -> list[list[int]] | None:
        return None

    def tokens(self, texts: Sequence[str]) -> Tokens:
        return []


async def test_each_text_is_embedded_once_and_read_back(tmp_path: Path) -> None:
    file, texts = tmp_path / "a.duckdb", ["b", "a", "b", "数", "", "a"]
    counting, told = Counting(), list[int]()
    with Store.open(file) as store:
        first = await kept(store, counting, texts, told.append)
        assert counting.asked == [["b", "a", "数", ""]]
        assert sum(told) == len(texts)
        again = await kept(store, counting, texts[::-1])
        more = await kept(store, counting, ["a", "new"])
        assert counting.asked[1:] == [["new"]]
    truly = await Counting().embed(texts)
    assert np.array_equal(first, truly) and np.array_equal(again, truly[::-1]) and np.array_equal(more[0], truly[1])
    with Store.open(file) as store:
        assert np.array_equal(await kept(store, counting, texts), truly)
        assert len(counting.asked) == 2
        assert (await kept(store, counting, [])).shape == (0, 0)


async def test_encoders_are_kept_apart(tmp_path: Path) -> None:
    one, other = Counting("one"), Counting("other")
    with Store.open(tmp_path / "a.duckdb") as store:
        await kept(store, one, ["a"])
        await kept(store, other, ["a"])
        assert (one.asked, other.asked) == ([["a"]], [["a"]])
        assert store.rows("SELECT encoder, count(*) AS n FROM embeddings GROUP BY 1 ORDER BY 1") == [{"encoder": "one", "n": 1}, {"encoder": "other", "n": 1}]


async def test_what_was_embedded_before_a_failure_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 2)

    class Failing(Counting):
        async def embed(self, texts: Sequence[str], on_batch: Callable[[int], None] | None = None) -> Embeddings:
            if len(self.asked) == 1:
                raise ModelUnreachable("gone")
            return await super().embed(texts, on_batch)

    with Store.open(tmp_path / "a.duckdb") as store:
        with pytest.raises(ModelUnreachable):
            await kept(store, Failing(), ["a", "b", "c", "d"])
        counting = Counting()
        await kept(store, counting, ["a", "b", "c", "d"])
        assert counting.asked == [["c", "d"]]


@settings(max_examples=20)
@given(texts=st.lists(st.text(st.characters(codec="utf-8"), max_size=5), max_size=12), known=st.integers(0, 12))
async def test_kept_vectors_are_in_the_order_given(tmp_path_factory: pytest.TempPathFactory, texts: list[str], known: int) -> None:
    with Store.open(tmp_path_factory.mktemp("kept") / "a.duckdb") as store:
        await kept(store, Counting(), texts[:known])
        found = await kept(store, Counting(), texts)
    assert np.array_equal(found.reshape(-1, 3), await Counting().embed(texts))


def test_an_encoder_whose_files_or_server_change_is_another(tmp_path: Path) -> None:
    folder = tmp_path / "enc"
    folder.mkdir()
    (folder / "config.json").write_text("{}", "utf-8")
    there = RetrievalSettings(encoder=str(folder))
    before = named(there)
    assert named(there) == before and str(tmp_path) not in before
    (folder / "config.json").write_text("{ }", "utf-8")
    assert named(there) != before
    servers = [RetrievalSettings(encoder="e", base_url=f"http://127.0.0.1:{port}/v1") for port in (1, 2)]
    assert named(servers[0]) != named(servers[1])
