import csv
import gc
import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.documents import read
from limbeck.errors import DocumentsError
from limbeck.schemas import Corpus, Document
from limbeck.stdlib_docs import FEWEST_WORDS, SMALLEST_MODULE, docstrings

DATA = Path(os.environ.get("LIMBECK_DATA", Path(__file__).parents[2] / "shared" / "data"))
LONG = "x" * 1_000_000


def texts(corpus: Corpus) -> list[str]:
    """The text of each place, in order."""
    known = {document.id: document.text for document in corpus.documents}
    return [known[place.document] for place in corpus.places]


def kept(corpus: Corpus) -> list[tuple[str, str, str | None]]:
    return [(place.key, text, place.gold) for place, text in zip(corpus.places, texts(corpus), strict=True)]


# Name, content, options, then what is read (key, text, gold) and what is said of the rest.
GOOD: dict[str, tuple[str, bytes, dict[str, Any], list[tuple[str, str, str | None]], list[str]]] = {
    "csv": (
        "a.csv",
        b"id,text,label\n7,one,x\n8,two,\n",
        {"key": "id", "gold": "label"},
        [("7", "one", "x"), ("8", "two", None)],
        [],
    ),
    "csv without a column text":
        ("a.csv", b"n,body\n1,one\n2,two\n", {}, [("0", "one", None), ("1", "two", None)], []),
    "csv with Text in capitals": ("a.csv", b"other,Text\na,one\n", {}, [("0", "one", None)], []),
    "csv of numbers, named":
        ("a.csv", b"n\n1\n2.50\n", {"text": "n"}, [("0", "1", None), ("1", "2.50", None)], []),
    "csv with a byte order mark": ("a.csv", b"\xef\xbb\xbftext\none\n", {}, [("0", "one", None)], []),
    "csv in UTF-16": ("a.csv", "text\nzwölf\n".encode("utf-16"), {}, [("0", "zwölf", None)], []),
    "csv in UTF-32": ("a.csv", "text\nzwölf\n".encode("utf-32"), {}, [("0", "zwölf", None)], []),
    "csv in cp1252": (
        "a.csv",
        b"text\nzw\xf6lf \x80\n",
        {},
        [("0", "zwölf €", None)],
        ["files that are not UTF-8, read as Windows-1252; convert them where letters look wrong: 1"],
    ),
    "one broken byte in UTF-8": (
        "a.csv",
        "text\nzwölf über\n".encode() + b"a\xff\n",
        {},
        [("0", "zwölf über", None), ("1", "a\ufffd", None)],
        ["bytes that are not UTF-8, replaced by \ufffd: 1"],
    ),
    "csv with quotes and newlines": (
        "a.csv",
        b'text,n\n"a, ""b""\r\nc",1\n\nd,2\n',
        {},
        [("0", 'a, "b"\r\nc', None), ("1", "d", None)],
        [],
    ),
    "csv with semicolons": ("a.csv", b"text;n\na, b;1\n", {}, [("0", "a, b", None)], []),
    "csv with old Mac lines": ("a.csv", b"text,n\ra,1\rb,2\r", {}, [("0", "a", None), ("1", "b", None)], []),
    "csv with a long cell": ("a.csv", f"text\n{LONG}\n".encode(), {}, [("0", LONG, None)], []),
    "csv with spaces in its header": ("a.csv", b"id, text\n1,one\n", {}, [("0", "one", None)], []),
    "ragged csv": (
        "a.csv",
        b"text,n\na\nb,1,2\nc,3\n",
        {},
        [("0", "a", None), ("1", "b", None), ("2", "c", None)],
        ["rows with too few or too many cells, read as far as they go: 2"],
    ),
    "csv with a quote that is never closed": (
        "a.csv",
        b'text\na\n"b\nc\n',
        {},
        [("0", "a", None), ("1", "b\nc\n", None)],
        ["quotes that are never closed, after which all is one row (it begins at line 3): 1"],
    ),
    "tsv": ("a.tsv", b"text\tn\na, b\t1\n", {}, [("0", "a, b", None)], []),
    "no text in some rows": (
        "a.csv",
        b'id,text\n1,one\n2,\n3," \t"\n4,four\n',
        {"key": "id"},
        [("1", "one", None), ("4", "four", None)],
        ["rows left out because they have no text: 2"],
    ),
    "rows keep their number": (
        "a.txt",
        b"one\n\ntwo\r\n",
        {},
        [("0", "one", None), ("2", "two", None)],
        ["rows left out because they have no text: 1"],
    ),
    "a line separator is no end of a line":
        ("a.txt", "a\u2028b\n".encode(), {}, [("0", "a\u2028b", None)], []),
    "repeated ids": (
        "a.csv",
        b"id,text\n7,a\n7,b\n7#2,c\n7,d\n",
        {"key": "id"},
        [("7", "a", None), ("7#2", "b", None), ("7#2#2", "c", None), ("7#3", "d", None)],
        ["ids that come again, made distinct as in '7#2': 3"],
    ),
    "an id that looks like ours": (
        "a.csv",
        b"id,text\n7#2,a\n7,b\n7,c\n",
        {"key": "id"},
        [("7#2", "a", None), ("7", "b", None), ("7#3", "c", None)],
        ["ids that come again, made distinct as in '7#2': 1"],
    ),
    "an id is missing":
        ("a.csv", b"id,text\n,a\n5,b\n", {"key": "id"}, [("0", "a", None), ("5", "b", None)], []),
    "limit": ("a.csv", b"text\na\nb\nc\n", {"limit": 2}, [("0", "a", None), ("1", "b", None)], []),
    "jsonl": (
        "a.jsonl",
        b'{"text": "one", "id": 3, "y": true}\n\n{"text": 1.5, "id": null}\n{"text": null}\n',
        {"key": "id", "gold": "y"},
        [("3", "one", "True"), ("1", "1.5", None)],
        ["rows left out because they have no text: 1"],
    ),
    "jsonl of strings": ("a.ndjson", b'"one"\n"two"\n', {}, [("0", "one", None), ("1", "two", None)], []),
    "jsonl with broken lines": (
        "a.jsonl",
        b'{"text": "one"}\n{"text": "tw\nnope\n' + b"[" * 100_000 + b"\n",
        {},
        [("0", "one", None)],
        ["lines left out because they are not JSON (the first is line 2): 3"],
    ),
    "a lone surrogate": ("a.jsonl", b'"a\\ud800b"\n', {}, [("0", "a\ufffdb", None)], []),
    "a surrogate pair": ("a.jsonl", b'"\\ud83d\\ude00"\n', {}, [("0", "\U0001f600", None)], []),
    "json of objects": ("a.json", b'[{"text": "one"}, {"text": {"a": "\xc3\xa9"}}]', {},
        [("0", "one", None), ("1", '{"a": "\u00e9"}', None)], []),
    "json lines of lists and numbers": ("a.jsonl", b'[1]\n"one"\n7\n', {}, [("1", "one", None)],
        ["rows left out because they have no text: 2"]),
    "json of strings": ("a.json", b'["one", null, "two"]', {}, [("0", "one", None), ("2", "two", None)],
        ["rows left out because they have no text: 1"]),
}  # fmt: skip


@pytest.mark.parametrize("case", GOOD)
def test_reads(case: str, tmp_path: Path) -> None:
    name, content, options, rows, said = GOOD[case]
    file = tmp_path / name
    file.write_bytes(content)
    corpus = read(file, **options)
    assert kept(corpus) == rows
    assert corpus.skipped == tuple(f"{file}: {sentence}" for sentence in said)
    assert [place.position for place in corpus.places] == list(range(len(rows)))
    assert {place.source for place in corpus.places} == {str(file)}


# Name, content (None: there is no such file), options, and what the error says of the file {path}.
BAD: dict[str, tuple[str, bytes | None, dict[str, Any], str]] = {
    "empty": ("a.csv", b"", {}, "no documents in {path!r}; give a file with at least one text"),
    "empty text file": ("a.txt", b"", {}, "no documents in {path!r}; give a file with at least one text"),
    "header only": ("a.csv", b"text,n\n", {}, "no documents in {path!r}; give a file with at least one text"),
    "blank texts only": (
        "a.csv",
        b"text,n\n ,1\n",
        {},
        "no text in column 'text' of {path!r} (rows left out because they have no text: 1); "
        "name another with `text:`",
    ),
    "no such column": (
        "a.csv",
        b"id,text\n1,a\n",
        {"text": "txt"},
        "no column 'txt' in {path!r}; it has 'id', 'text': write `text: text`",
    ),
    "no such gold": (
        "a.csv",
        b"label,text\n1,a\n",
        {"gold": "lable"},
        "no column 'lable' in {path!r}; it has 'label', 'text': write `gold: label`",
    ),
    "no such key": (
        "a.csv",
        b"id,text\n1,a\n",
        {"key": "zzz"},
        "no column 'zzz' in {path!r}; it has 'id', 'text': write `key: id`",
    ),
    "two columns with words": (
        "a.csv",
        b"title,body\nshort,a longer text\n",
        {},
        "no column 'text' in {path!r}; it has 'title', 'body': write `text: body`",
    ),
    "no column with words": (
        "a.csv",
        b"m,n\n1,2\n",
        {},
        "no column 'text' in {path!r}; it has 'm', 'n': write `text: m`",
    ),
    "rows without columns": (
        "a.jsonl",
        b"{}\n",
        {},
        "no column 'text' in {path!r}; it has no columns: write `text: text`",
    ),
    "NUL bytes": (
        "a.csv",
        b"text\na\0b\n",
        {},
        "{path!r} is not text; convert it to UTF-8 text, CSV, JSONL or Parquet",
    ),
    "noise": (
        "a.txt",
        bytes(range(1, 256)) * 20,
        {},
        "{path!r} is not text; convert it to UTF-8 text, CSV, JSONL or Parquet",
    ),
    "broken UTF-16": (
        "a.txt",
        b"\xff\xfea\0\x00\xd8a",
        {},
        "{path!r} is not text; convert it to UTF-8 text, CSV, JSONL or Parquet",
    ),
    "jsonl without JSON": (
        "a.jsonl",
        b"\nhello\nthere\n",
        {},
        "line 2 of {path!r} is not JSON, nor is any other; write one JSON object a line",
    ),
    "json that ends early": (
        "a.json",
        b'["a"',
        {},
        "{path!r} is not JSON (Expecting ',' delimiter: line 1 column 5 (char 4)); "
        "write an array of objects, or a .jsonl file, one a line",
    ),
    "json object": (
        "a.json",
        b'{"text": "a"}',
        {},
        "{path!r} holds no array; write an array of objects or of strings",
    ),
    "misspelt name": ("tickte.csv", None, {}, "no file {path!r}; did you mean {near!r}?"),
    "missing file": ("zzz", None, {}, "no file {path!r}; write `source:` a file or folder that exists"),
    "name too long": (
        "z" * 300,
        None,
        {},
        "can't open {path!r} (File name too long); give the path of a file",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_says_what_is_wrong(case: str, tmp_path: Path) -> None:
    name, content, options, message = BAD[case]
    near = tmp_path / "tickets.csv"
    near.write_text("text\na\n")
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(DocumentsError) as error:
        read(str(file), **options)
    assert str(error.value) == message.format(path=str(file), near=str(near))


def test_parquet_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    file.write_bytes(b"text\na\n")
    with pytest.raises(
        DocumentsError, match=r"a\.parquet' is not Parquet .*; write it again, or give CSV or JSONL$"
    ):
        read(file)


def test_parquet_of_many_types(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    table = {"n": [1.5, float("nan"), None, 2.0], "b": [b"one", None, b"\xff", b"two"], "d": [1, 2, 3, 4]}
    pyarrow.parquet.write_table(pyarrow.table(table), file)
    assert kept(read(file, text="b", key="d", gold="n")) == [
        ("1", "one", "1.5"),
        ("3", "\ufffd", None),
        ("4", "two", "2.0"),
    ]
    assert texts(read(file, text="n")) == ["1.5", "2.0"]


def test_equal_texts_are_one_document_with_several_places(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("b\na\nb\n")
    corpus = read(file)
    assert corpus.documents == (Document.of("b"), Document.of("a"))
    assert [place.document for place in corpus.places] == [Document.of(text).id for text in "bab"]


def test_columns_that_come_late_are_found(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"n": 1}\n' * 999 + '{"text": "late"}\n' + '{"text": "later"}\n')
    assert kept(read(file)) == [("999", "late", None), ("1000", "later", None)]


def test_a_folder(tmp_path: Path) -> None:
    files: dict[str, bytes] = {
        "sport/b.md": b"two\nlines",
        "sport/deep/c.txt": b"three",
        "a": b"one",
        "t.csv": b"text\nfour\n",
        "blank.txt": b"\n",
        "photo.png": b"\x89PNG\0\0",
        ".git/config": b"hidden",
        "sport/.hidden": b"hidden",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    corpus = read(tmp_path, gold="folder")
    assert kept(corpus) == [
        ("a", "one", None),
        ("sport/b.md", "two\nlines", "sport"),
        ("sport/deep/c.txt", "three", "deep"),
        ("t.csv", "text\nfour\n", None),
    ]
    assert set(corpus.skipped) == {
        f"{tmp_path}: files left out because they are not text: 1",
        f"{tmp_path}: rows left out because they have no text: 1",
        f"{tmp_path}: tables in the folder read as one text each; name the file itself to read its rows: 1",
    }
    assert [place.key for place in read(tmp_path, limit=2).places] == ["a", "sport/b.md"]


def test_a_folder_without_text(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(b"\0")
    with pytest.raises(
        DocumentsError, match=r"^no documents in .* \(files left out because they are not text: 1\); give"
    ):
        read(tmp_path)


def test_many_blank_rows_make_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("\n" * 10_000 + "a\n")
    assert read(file).skipped == (f"{file}: rows left out because they have no text: 10000",)


def test_what_is_read_does_not_depend_on_where_the_limit_is(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("text\n" + "".join(f"row {n // 3}\n" for n in range(3000)))
    whole = read(file)
    assert gc.isenabled()
    assert read(file, limit=1700).places == whole.places[:1700]
    assert len(whole.documents) == 1000


# ---- what is written is what is read ----


def as_csv(file: Path, rows: list[str]) -> None:
    with file.open("w", encoding="utf-8", newline="") as target:
        csv.writer(target).writerows([["n", "text"], *([n, row] for n, row in enumerate(rows))])


def as_jsonl(file: Path, rows: list[str]) -> None:
    lines = (json.dumps({"text": row}, ensure_ascii=n % 2 == 0) for n, row in enumerate(rows))
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")


def as_json(file: Path, rows: list[str]) -> None:
    file.write_text(json.dumps(rows), encoding="utf-8")


def as_parquet(file: Path, rows: list[str]) -> None:
    pyarrow.parquet.write_table(pyarrow.table({"text": rows}), file)


WRITERS: dict[str, Callable[[Path, list[str]], None]] = {
    ".csv": as_csv,
    ".jsonl": as_jsonl,
    ".json": as_json,
    ".parquet": as_parquet,
}


@pytest.mark.parametrize("suffix", WRITERS)
@settings(deadline=None)
@given(rows=st.lists(st.text(st.characters(codec="utf-8"))))
def test_round_trip(suffix: str, rows: list[str]) -> None:
    rows = [*rows, "one that is not blank"]
    if suffix == ".csv":  # A file with NUL bytes is taken for binary.
        rows = [row.replace("\0", "") for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"a{suffix}"
        WRITERS[suffix](file, rows)
        corpus = read(file, text="text")
    assert kept(corpus) == [(str(n), row, None) for n, row in enumerate(rows) if row.strip()]
    assert {document.text for document in corpus.documents} == {row for row in rows if row.strip()}


@settings(deadline=None)
@given(
    content=st.binary(), suffix=st.sampled_from([".csv", ".tsv", ".jsonl", ".json", ".parquet", ".txt", ""])
)
def test_any_bytes_are_read_or_refused(content: bytes, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"a{suffix}"
        file.write_bytes(content)
        try:
            corpus = read(file)
        except DocumentsError as error:
            assert repr(str(file)) in str(error)
            return
    for place, text in zip(corpus.places, texts(corpus), strict=True):
        assert text.strip() and f"{place.key}{text}".encode()


# ---- the standard library ----


@pytest.fixture(scope="module")
def library() -> list[dict[str, Any]]:
    return docstrings()


def test_stdlib_has_groups_of_real_text(library: list[dict[str, Any]]) -> None:
    sizes = Counter(row["module"] for row in library)
    found = {row["key"]: row for row in library}
    assert {"email", "asyncio", "unittest", "logging"} <= set(sizes) and "test" not in sizes
    assert min(sizes.values()) >= SMALLEST_MODULE
    assert len({row["text"] for row in library}) == len(found) == len(library)
    assert min(len(row["text"].split()) for row in library) >= FEWEST_WORDS
    assert all(row["key"].split(".")[0] == row["module"] for row in library)
    assert found["email.message.Message.get_payload"]["text"].startswith(
        "Return a reference to the payload.\n\nThe"
    )


def test_stdlib_keeps_to_the_public(library: list[dict[str, Any]]) -> None:
    assert not [row["key"] for row in library if any(part.startswith("_") for part in row["key"].split("."))]


def test_each_module_has_its_share_of_a_sample(library: list[dict[str, Any]]) -> None:
    sizes = Counter(row["module"] for row in library)
    for limit in (100, 1000):
        share = Counter(row["module"] for row in library[:limit])
        assert sum(share.values()) == limit
        assert all(abs(share[name] - size * limit / len(library)) <= 2 for name, size in sizes.items())


def test_stdlib_as_documents(library: list[dict[str, Any]]) -> None:
    corpus = read("stdlib", gold="module", limit=50)
    assert kept(corpus) == [(row["key"], row["text"], row["module"]) for row in library[:50]]
    assert {place.gold for place in read("stdlib", limit=5).places} == {None}
    assert corpus.skipped == ()


def test_a_python_without_its_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    (tmp_path / "broken.py").write_bytes(b"def f(:\0")
    with pytest.raises(DocumentsError, match="give a file or a folder as `source:`$"):
        read("stdlib")


# ---- real data ----


@pytest.mark.parametrize("name", ["class_banking77", "taxonomy_clinc150"])
def test_real_data(name: str) -> None:
    if not (DATA / name).is_dir():
        pytest.skip(f"no {DATA / name}; set LIMBECK_DATA to the folder of the data")
    file = sorted((DATA / name).glob("*.jsonl"))[0]
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    corpus = read(file, text="text")
    assert texts(corpus) == [row["text"] for row in rows]
    assert corpus.skipped == ()


def test_a_pipe_or_a_broken_link_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "link.csv").symlink_to(tmp_path / "gone.csv")
    for name in ("pipe.csv", "link.csv"):
        with pytest.raises(DocumentsError, match=rf"{name}' is a pipe, a device or a broken link; save the texts in a file"):
            read(tmp_path / name)


def test_a_file_that_may_not_be_looked_at_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.txt", "closed.txt"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    is_file = Path.is_file

    def guarded(path: Path) -> bool:
        if path.name == "closed.txt":
            raise PermissionError(13, "Permission denied")
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", guarded)
    corpus = read(tmp_path)
    assert texts(corpus) == ["a.txt"]
    assert corpus.skipped == (f"{tmp_path}: files left out because they can't be opened: 1",)
