"""Students that rank thousands of labels: taught, saved, loaded, and what becomes of a damaged folder."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from limbeck.embedding import Local, open_embedder
from limbeck.encoder import Encoder
from limbeck.errors import ConfigError, StudentError
from limbeck.retrieval.labelset import LabelSet
from limbeck.retrieval.retriever import Retriever, build
from limbeck.sections import RetrievalSettings
from limbeck.students import finder_files
from limbeck.students.finder import KINDS, Finder, Kind, teach
from limbeck.students.finding import LORA, MOST_COMPARED, Pairs

LABELS = LabelSet(
    names=("bake bread", "manage staff", "drive lorries", 'Python, "the language"', "パンを焼く", "clean rooms"),
    descriptions=("Make bread in an oven", "", "Drive trucks over long distances", "", "", ""),
    synonyms=((), ("supervise employees",), (), (), (), ()),
    parents=(-1, -1, -1, -1, 0, -1),
)
# What a text says of a label is nothing that an encoder could know: it has to be learnt.
SECRETS = {"zorp": 0, "quix": 1, "blam": 2, "frob": 3}
TEXTS = tuple(f"{word} number {n}" for n in range(12) for word in SECRETS)


def pairs(texts: tuple[str, ...]) -> Pairs:
    rows = np.zeros((len(texts), 2), np.int64)
    rows[:, 0] = [SECRETS[text.split()[0]] for text in texts]
    return Pairs(texts, rows, np.tile(np.array([[1.0, 0.0]], np.float32), (len(texts), 1)))


async def retriever() -> Retriever:
    return await build(LABELS, open_embedder(RetrievalSettings()))


async def taught(kind: Kind) -> Finder:
    return await teach(kind, pairs(TEXTS[:40]), pairs(TEXTS[40:]), await retriever(), Encoder.load(), 0, lambda said: None)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_finder_learns_what_its_encoder_could_not_know_and_is_loaded_as_it_was(kind: Kind, tmp_path: Path) -> None:
    finder = await taught(kind)
    assert finder.metrics["agreement"] >= finder.metrics["before"]
    assert finder.metrics["share"] > 0
    new = ["zorp number 99", "", "!!!", "quix and blam", "x " * 3000]
    said = await finder.rank(new, count=6)
    asked = await replace(finder.retriever, embedder=(await retriever()).embedder).find(new, count=6)
    before = [float(one.scores[one.rows.tolist().index(0)]) for one in asked]
    assert dict(said[0])["bake bread"] > before[0] + 0.05
    finder_files.save(finder, tmp_path / "student", RetrievalSettings())
    assert finder_files.is_finder(tmp_path / "student")
    assert await finder_files.load(tmp_path / "student").rank(new, count=6) == said
    written = "".join(path.read_text("utf-8") for path in (tmp_path / "student").glob("*.json*"))
    assert str(tmp_path) not in written and "site-packages" not in written


@pytest.mark.parametrize("kind", KINDS)
async def test_teaching_twice_makes_the_same_finder(kind: Kind) -> None:
    first, second = await taught(kind), await taught(kind)
    assert await first.rank(TEXTS[:3]) == await second.rank(TEXTS[:3])


async def test_with_more_labels_than_are_compared_at_once_others_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_COMPARED >= 1000
    monkeypatch.setattr("limbeck.students.finding.MOST_COMPARED", 3)
    finder = await taught("adapter")
    assert (await finder.rank(["zorp number 99"]))[0][0][0] == "bake bread"


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("student.json", "{", "is damaged"),
        ("student.json", '{"finder": 1}', "is damaged"),
        ("labels.jsonl", "[]\n", "is damaged"),
        ("labels.safetensors", "", "is damaged"),
        ("adapter.safetensors", None, "is damaged"),
    ],
)
async def test_a_damaged_folder_says_what_to_do(file: str, content: str | None, said: str, tmp_path: Path) -> None:
    finder_files.save(await taught("adapter"), tmp_path, RetrievalSettings())
    if content is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_text(content, "utf-8")
    with pytest.raises(StudentError, match=said) as raised:
        finder_files.load(tmp_path)
    assert "train it again" in str(raised.value)


async def test_a_finder_of_a_later_limbeck_is_refused(tmp_path: Path) -> None:
    finder_files.save(await taught("adapter"), tmp_path, RetrievalSettings())
    manifest = json.loads((tmp_path / "student.json").read_text("utf-8"))
    (tmp_path / "student.json").write_text(json.dumps({**manifest, "finder": 99}), "utf-8")
    with pytest.raises(StudentError, match="version 99"):
        finder_files.load(tmp_path)


@pytest.mark.parametrize(("lessons", "batches"), [(1, 15), (61, 30), (1000, 250), (8000, 500), (1_000_000, 2000)])
def test_few_lessons_are_read_often_and_many_twice(lessons: int, batches: int) -> None:
    assert LORA.batches(lessons) == batches


async def test_an_encoder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    finder_files.save(await taught("adapter"), tmp_path, RetrievalSettings(encoder="./nowhere"))
    finder = None
    with pytest.raises(ConfigError, match="encoder './nowhere'"):
        finder = finder_files.load(tmp_path)
        await finder.rank(["a"])
    assert isinstance(open_embedder(RetrievalSettings()), Local)
