"""Which files become documents, and what is said of the others."""

import json
import os
from pathlib import Path

import pytest

from limbeck.errors import DocumentsError, NoColumn, PagesError
from limbeck.pages import sources
from limbeck.pages.sources import read


def test_a_folder_of_files(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    told = {"b.txt": b"Total 3.00", "a.PNG": b"x", "in/c.pdf": b"y", "in/d.pages.json": b"{}", "e.docx": b"z", "f.jpg": b"", ".hidden.png": b"h"}
    for name, content in told.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "broken.png").symlink_to(tmp_path / "nowhere")
    corpus = read(str(tmp_path))
    assert [(place.key, place.source) for place in corpus.places] == [
        (name, str(tmp_path / name)) for name in ("a.PNG", "b.txt", "in/c.pdf", "in/d.pages.json")
    ]
    assert [sources.kind_of(one.text) for one in corpus.documents] == ["image", "text", "pdf", "pages"]
    assert corpus.skipped == (
        f"{tmp_path}: files left out because they are pipes, devices, broken links or not there: 1",
        f"{tmp_path}: files left out because they are of other kinds: 1",
        f"{tmp_path}: files left out because they are empty: 1",
    )


def test_a_document_is_named_by_its_bytes(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"the same")
    corpus = read(str(tmp_path))
    assert len(corpus.documents) == 1
    assert json.loads(corpus.documents[0].text) == {"file": sources.digest(tmp_path / "a.png"), "kind": "image"}
    assert [place.document for place in corpus.places] == [corpus.documents[0].id] * 2


def test_the_limit_counts_documents(tmp_path: Path) -> None:
    for name in ("a.png", "b.docx", "c.png", "d.png"):
        (tmp_path / name).write_text(name)
    assert [place.key for place in read(str(tmp_path), limit=2).places] == ["a.png", "c.png"]


def test_rows_hold_texts(tmp_path: Path) -> None:
    table = tmp_path / "texts.csv"
    table.write_text('no,text\n7,"Tea  2.00\nTotal 2.00"\n8,\n7,Milk\n')
    corpus = read(str(table), key="no")
    assert [one.text for one in corpus.documents] == ['{"text":"Tea  2.00\\nTotal 2.00"}', '{"text":"Milk"}']
    assert [(place.key, place.source) for place in corpus.places] == [("7", str(table)), ("7#2", str(table))]
    assert corpus.skipped == (f"{table}: rows left out because they have no text: 1",)


def test_rows_name_files_beside_the_table(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    table = tmp_path / "files.jsonl"
    table.write_text("".join(json.dumps({"file": name}) + "\n" for name in ("a.png", "lost.png", "")))
    corpus = read(str(table))
    assert [(place.key, place.source) for place in corpus.places] == [("0", str(tmp_path / "a.png"))]
    assert corpus.skipped == (
        f"{table}: files left out because they are pipes, devices, broken links or not there: 1",
        f"{table}: rows left out because they name no file: 1",
    )


@pytest.mark.parametrize(
    ("name", "content", "error", "says"),
    [
        (None, b"", DocumentsError, "no file"),
        ("a.docx", b"x", DocumentsError, "no document in"),
        ("a.png", b"", DocumentsError, "because they are empty"),
        ("a.csv", b"words,no\nTea,1\n", NoColumn, "write `text: words`"),
        ("a.csv", b"text\n\n", DocumentsError, "no document in"),
    ],
)
def test_nothing_to_read(tmp_path: Path, name: str | None, content: bytes, error: type[Exception], says: str) -> None:
    path = tmp_path / (name or "nowhere")
    if name:
        path.write_bytes(content)
    with pytest.raises(error, match=says):
        read(str(path))


def test_a_closed_file_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may read everything, so that the refusal is played."""
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"x")

    def opened(path: Path) -> str:
        if path.name == "a.png":
            raise PermissionError(13, "Permission denied")
        return "b2:00"

    monkeypatch.setattr(sources, "digest", opened)
    corpus = read(str(tmp_path))
    assert [place.key for place in corpus.places] == ["b.png"]
    assert corpus.skipped == (f"{tmp_path}: files left out because they can't be opened: 1",)


def test_a_project_within_the_folder_is_no_document(tmp_path: Path) -> None:
    """Else a run that ended would be another one the next time."""
    for name in ("a.txt", "out/limbeck.duckdb", "out/notes.md", "out/students/one/CARD.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"Tea 2.00")
    corpus = read(str(tmp_path))
    assert [place.key for place in corpus.places] == ["a.txt"] and corpus.skipped == ()


def test_a_name_that_is_no_utf8_is_left_out(tmp_path: Path) -> None:
    """The store could not keep it, and the run would stop."""
    try:
        (tmp_path / os.fsdecode(b"bad\xff.txt")).write_bytes(b"Tea 2.00")
    except OSError:
        pytest.skip("this file system has none")
    (tmp_path / "new\nline '\u00e9\U0001f600.txt").write_bytes(b"Tea 3.00")
    corpus = read(str(tmp_path))
    assert [place.key for place in corpus.places] == ["new\nline '\u00e9\U0001f600.txt"]
    assert corpus.skipped == (f"{tmp_path}: files left out because their names are no UTF-8; rename them: 1",)


@pytest.mark.parametrize("text", ["", "Tea 2.00", "[]", "3", '{"file":"b2:0"}'])
def test_other_texts_name_no_file(text: str) -> None:
    with pytest.raises(PagesError, match="names no file"):
        sources.told(text)
