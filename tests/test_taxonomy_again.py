"""The whole pipeline a second time, continued, and on corpora that nobody would call one."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from scripted import (
    TOPICS,
    Answer,
    good,
    labels,
    listed,
    measures,
    names,
    requests,
    rows,
    settings,
    speechless,
    started,
    taxonomy,
    texts,
)

from limbeck.dialects import Body
from limbeck.errors import BudgetSpent, DocumentsError
from limbeck.fakes import FakeLLM
from limbeck.progress import Progress
from limbeck.query import ask
from limbeck.run import run

pytestmark = pytest.mark.usefixtures("one_encoder")

# ---- again -----------------------------------------------------------------------------------------------------------


def test_the_same_again_asks_nothing(tmp_path: Path) -> None:
    config = settings(tmp_path, texts(10))
    _, first = started(config, good)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    fake, second = started(config, good)
    assert (fake.history, second.already, second.run) == ([], True, first.run)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def test_another_file_of_labels_or_of_gold_is_another_run(tmp_path: Path) -> None:
    def table(gold: str) -> str:
        return "".join(f"{json.dumps({'text': text, 'gold': gold})}\n" for text in texts(2))

    given, source = tmp_path / "labels.txt", tmp_path / "documents.jsonl"
    config = settings(tmp_path, taxonomy={"given": str(given)}, documents={"source": str(source), "text": "text", "gold": "gold"})
    ids = []
    for leaves, gold in (("Cards\nLoans\n", "x"), ("Cards\nGifts\n", "x"), ("Cards\nGifts\n", "y"), ("Cards\nLoans\n", "x")):
        given.write_text(leaves, encoding="utf-8")
        source.write_text(table(gold), encoding="utf-8")
        ids.append(started(config, good)[1].run)
    assert len(set(ids)) == 3 and ids[0] == ids[3]


def test_a_run_stopped_by_its_budget_goes_on_where_it_was(tmp_path: Path) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    for folder in (whole, parted):
        folder.mkdir()
    fake, wanted = started(settings(whole, texts(10)), good)
    total, sent = len(fake.history), 0
    for calls in (1, 6, 40, total - 1):
        fake = FakeLLM(good)
        with pytest.raises(BudgetSpent, match=rf"budget.calls of {calls} is spent; raise it"):
            run(settings(parted, texts(10), budget={"calls": calls}), Progress(quiet=True), send=fake)
        sent += len(fake.history)
        assert sent == calls
        (row,) = ask(parted / "project" / "limbeck.duckdb", "SELECT status FROM runs").to_pylist()
        assert row == {"status": "stopped"}
    fake, outcome = started(settings(parted, texts(10), budget={"calls": total}), good)
    assert (sent + len(fake.history), outcome.run, outcome.already) == (total, wanted.run, False)
    assert (labels(outcome), taxonomy(outcome), measures(outcome)) == (labels(wanted), taxonomy(wanted), measures(wanted))


def test_answers_on_their_way_when_the_budget_is_spent_are_kept(tmp_path: Path) -> None:
    answered: list[Body] = []

    async def slow(body: Body) -> Body:
        answer = await FakeLLM(good)(body)
        answered.append(body)
        await asyncio.sleep(0.01 * (1 + len(answered) % 3))
        return answer

    config = settings(tmp_path, texts(10), taxonomy={"given": list(TOPICS)}, budget={"calls": 10})
    with pytest.raises(BudgetSpent):
        run(config, Progress(quiet=True), send=slow)
    (kept,) = ask(tmp_path / "project" / "limbeck.duckdb", "SELECT count(*) AS n FROM calls").to_pylist()
    assert (len(answered), kept["n"]) == (10, 10)


def test_a_smaller_run_in_the_same_project_has_its_own_documents_alone(tmp_path: Path) -> None:
    given = {"given": list(TOPICS)}
    _, large = started(settings(tmp_path, texts(20), taxonomy=given), good)
    _, small = started(settings(tmp_path, texts(20), taxonomy=given, documents={"limit": 9}), good)
    assert small.run != large.run
    assert len(labels(large)) == 60
    assert set(labels(small)) == set(texts(20)[:9])
    assert measures(small)["coverage"] == 1.0


# ---- odd corpora -----------------------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[str, bytes, dict[str, Any], str]] = {
    "empty": ("a.txt", b"", {}, "no documents in {path!r}; give a file with at least one text"),
    "binary junk": (
        "a.txt",
        bytes(range(256)) * 40,
        {},
        "{path!r} is not text; convert it to UTF-8 text, CSV, JSONL or Parquet",
    ),
    "no such column": (
        "a.csv",
        b"id,body\n1,a text\n",
        {"text": "bdy"},
        "no column 'bdy' in {path!r}; it has 'id', 'body': write `text: body`",
    ),
    "nothing but blanks": (
        "a.csv",
        b"text,n\n ,1\n",
        {},
        "no text in column 'text' of {path!r} (rows left out because they have no text: 1); name another with `text:`",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_documents_that_can_not_be_read_are_refused_before_anything_is_written(case: str, tmp_path: Path) -> None:
    name, content, options, message = REFUSED[case]
    file = tmp_path / name
    file.write_bytes(content)
    config = settings(tmp_path, documents={"source": str(file), **options})
    with pytest.raises(DocumentsError) as error:
        started(config, good)
    assert str(error.value) == message.format(path=str(file))
    assert list(tmp_path.rglob("*")) == [file]


MEGABYTE = {"words": "my card is lost and gone " * 42_000, "one word": "card" + "x" * 1_000_000}


@pytest.mark.parametrize("case", MEGABYTE)
def test_a_text_of_a_megabyte_is_shown_in_part(case: str, tmp_path: Path) -> None:
    written = [MEGABYTE[case], *texts(10)]
    fake, outcome = started(settings(tmp_path, written), good)
    longest = max(len(message["content"]) for body in fake.history for message in body["messages"])
    assert longest < 8192 * 4  # The model's context, in characters.
    assert len(labels(outcome)) == 31 and labels(outcome)[MEGABYTE[case]] == "Cards"
    # One long text does not make every minibatch short.
    assert max(len(listed(body)) for body in requests(fake, "Generate")) > 10


@pytest.mark.parametrize(
    ("written", "documents", "answer"),
    [
        (["my card was stolen"], 1, good),
        (["my card was stolen"], 1, speechless),
        (["my card was stolen"] * 3, 1, good),
        (["my card was stolen", "a loan"], 2, speechless),
    ],
    ids=["one", "one, broken model", "three equal", "two, broken model"],
)
def test_tiny_corpora(written: list[str], documents: int, answer: Answer, tmp_path: Path) -> None:
    _, outcome = started(settings(tmp_path, written), answer)
    assert rows(outcome, "SELECT count(*) AS n FROM documents") == [{"n": documents}]
    assert rows(outcome, "SELECT count(*) AS n FROM places") == [{"n": len(written)}]
    assert set(labels(outcome)) == set(written)
    assert rows(outcome, "SELECT status FROM runs") == [{"status": "finished"}]


@pytest.mark.parametrize("count", [1, 4])
def test_a_good_model_is_believed_on_few_documents_too(count: int, tmp_path: Path) -> None:
    written = [text for text in texts(count) if "card" in text] if count == 1 else texts(count)
    _, outcome = started(settings(tmp_path, written, taxonomy={"chains": 1}), good)
    assert taxonomy(outcome)["method"] == "paper"


def test_equal_ids_and_equal_texts(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("id,text\n7,my card\n7,a loan\n7,my card\n", encoding="utf-8")
    config = settings(tmp_path, documents={"source": str(file), "key": "id"}, taxonomy={"given": list(TOPICS)})
    _, outcome = started(config, good)
    assert rows(outcome, "SELECT key, d.text FROM places p JOIN documents d ON d.id = p.document ORDER BY position") == [
        {"key": "7", "text": "my card"},
        {"key": "7#2", "text": "a loan"},
        {"key": "7#3", "text": "my card"},
    ]
    (row,) = rows(outcome, "SELECT summary FROM runs")
    assert json.loads(row["summary"])["skipped"] == [f"{file}: ids that come again, made distinct as in '7#2': 2"]


FOREIGN = {
    "Japanese": ["カードを紛失しました", "送金が届きません"],
    "mixed": ["Meine Karte wurde gestohlen", "لقد سرقت بطاقتي", "💳😡", "Где мой перевод"],
}


@pytest.mark.parametrize("language", FOREIGN)
def test_other_languages(language: str, tmp_path: Path) -> None:
    written = [f"{text} {n}" for n in range(4) for text in FOREIGN[language]]
    _, outcome = started(settings(tmp_path, written), speechless)
    assert set(labels(outcome)) == set(written)
    assert names(outcome) and all(name.strip() for name in names(outcome))


def test_long_texts_without_spaces_are_summarised(tmp_path: Path) -> None:
    written = [f"{n}" + "カードを紛失しました。" * 100 for n in range(6)]
    fake, _ = started(settings(tmp_path, written), good)
    assert len(requests(fake, "Summarise")) == 6
