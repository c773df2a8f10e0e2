"""`limbeck predict` with a student of documents: a row a file, whatever becomes of it."""

import csv
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from limbeck import predicting_pages
from limbeck.errors import ConfigError, DocumentsError
from limbeck.fields.grounding import grounded
from limbeck.pages.ocr import Piece, Reading
from limbeck.predicting import predict_file
from limbeck.schemas.fields import Field, FieldSet, Findings, Said
from limbeck.schemas.pages import Pages

ITEMS = Field(name="items", kind="list", fields=(Field(name="name"), Field(name="amount", kind="money")))
FIELDS = FieldSet(name="bill", fields=(Field(name="shop", kind="name"), Field(name="phones", kind="phone", several=True), ITEMS, Field(name="total", kind="money")))


class Engine:
    """Reads the same of every picture."""

    name, version, languages, note = "fake", "1", (), ""

    def read(self, picture: Any) -> Reading:
        return Reading(pieces=(Piece("Oak", (1.0, 1.0, 9.0, 5.0), 0.9), Piece("3.10", (20.0, 1.0, 29.0, 5.0), 0.9)))


@pytest.fixture
def student(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a student that finds a shop that is called Oak, amounts, and a shop that stands nowhere."""

    def said(pages: Pages) -> Said:
        texts = [word.text for word in pages.words]
        amounts = [text for text in texts if "." in text]
        shop = "Oak" if "Oak" in texts else "Nowhere"
        return {"shop": shop, "phones": [text for text in texts if text.isdigit()], "items": [{"name": "Tea", "amount": amounts[0]}] if "Tea" in texts else [], "total": amounts[-1]}

    @asynccontextmanager
    async def opened(folder: Path, log: Path) -> AsyncIterator[tuple[FieldSet, Callable[[Sequence[Pages]], Awaitable[list[Findings]]]]]:
        async def read(documents: Sequence[Pages]) -> list[Findings]:
            assert documents
            return [grounded(said(pages), FIELDS, pages) for pages in documents]

        yield FIELDS, read

    monkeypatch.setattr(predicting_pages, "opened", opened)
    folder = tmp_path / "student"
    folder.mkdir()
    (folder / "writer.json").write_text(json.dumps({"fields": {}}), "utf-8")
    return folder


def lines(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def no_ocr() -> Any:
    raise ConfigError("no OCR is installed")


def test_a_text_is_a_row_and_needs_no_ocr(student: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(predicting_pages, "open_engine", no_ocr)
    (tmp_path / "bill.txt").write_text("Oak 0355102277\nTea  2.10\nTotal  3.10\n", "utf-8")
    predict_file(student, tmp_path / "bill.txt", text=None, key=None, out=None)
    assert lines(capsys) == [
        {
            "key": "bill.txt",
            "fields": {"shop": "Oak", "phones": ["0355102277"], "items": [{"name": "Tea", "amount": "2.10"}], "total": "3.10"},
            "confidence": {"shop": 1.0, "phones": [1.0], "items": [{"name": 1.0, "amount": 1.0}], "total": 1.0},
            "where": {
                "shop": {"page": 0, "box": [0.0, 0.0, 3.0, 1.0], "words": [0]},
                "phones": [{"page": 0, "box": [4.0, 0.0, 14.0, 1.0], "words": [1]}],
                "items": [{"name": {"page": 0, "box": [0.0, 1.0, 3.0, 2.0], "words": [2]}, "amount": {"page": 0, "box": [5.0, 1.0, 9.0, 2.0], "words": [3]}}],
                "total": {"page": 0, "box": [7.0, 2.0, 11.0, 3.0], "words": [5]},
            },
            "error": None,
        }
    ]


def test_rows_of_a_table_are_documents_and_a_missing_column_is_named(student: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bills.csv").write_text("id,text\na,Elm 3.10\nb,Oak 4.10\n", "utf-8")
    predict_file(student, tmp_path / "bills.csv", text=None, key="id", out=None)
    found = lines(capsys)
    assert [(one["key"], one["fields"]["shop"], one["fields"]["total"], one["where"]["shop"] is None) for one in found] == [
        ("a", "Nowhere", "3.10", True),
        ("b", "Oak", "4.10", False),
    ]
    assert found[0]["confidence"] == {"shop": 0.5, "total": 1.0} and found[0]["fields"]["phones"] == []
    with pytest.raises(DocumentsError, match="type --key "):
        predict_file(student, tmp_path / "bills.csv", text=None, key="number", out=None)


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_pictures_are_read_and_one_that_can_not_be_is_a_row(suffix: str, student: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = pytest.importorskip("PIL.Image")
    monkeypatch.setattr(predicting_pages, "open_engine", Engine)
    folder, out = tmp_path / "bills", tmp_path / f"out{suffix}"
    folder.mkdir()
    for name in ("a.png", "c.png"):
        image.new("RGB", (60, 40 if name == "a.png" else 41), "white").save(folder / name)
    (folder / "b.png").write_bytes(b"no picture")
    predict_file(student, folder, text=None, key=None, out=out)
    text = out.read_text("utf-8")
    rows = [json.loads(line) for line in text.splitlines()] if suffix == ".jsonl" else [
        {**row, "fields": json.loads(row["fields"]), "error": row["error"] or None} for row in csv.DictReader(text.splitlines())
    ]
    assert [(row["key"], row["fields"].get("shop")) for row in rows] == [("a.png", "Oak"), ("b.png", None), ("c.png", "Oak")]
    assert rows[0]["error"] is None and "b.png" in rows[1]["error"] and rows[1]["fields"] == {}


def test_a_picture_without_ocr_says_what_to_install(student: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = pytest.importorskip("PIL.Image")
    monkeypatch.setattr(predicting_pages, "open_engine", no_ocr)
    image.new("RGB", (60, 40), "white").save(tmp_path / "a.png")
    with pytest.raises(ConfigError, match="no OCR is installed"):
        predict_file(student, tmp_path / "a.png", text=None, key=None, out=None)
