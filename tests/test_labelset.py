"""Label files of every kind, what is put right in them, and priors."""

import json
import time
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.errors import ConfigError, DocumentsError, LimbeckError, NoLabels
from limbeck.retrieval.labelset import LabelSet, of_names, plain, read, read_priors, several

NFC, NFD = "caf\u00e9", "cafe\u0301"


def held(labels: LabelSet) -> dict[str, Any]:
    """All columns of a label set that hold something."""
    columns = {"names": labels.names, "descriptions": labels.descriptions, "synonyms": labels.synonyms, "parents": labels.parents}
    return {name: list(values) for name, values in columns.items() if values}


# File, content, what is read, and what is said of the rest.
FILES: dict[str, tuple[str, str, dict[str, Any], list[str]]] = {
    "a text file": ("a.txt", "manage staff\nnurse, night\n\n", {"names": ["manage staff", "nurse, night"]}, ["labels left out because they have no name: 1"]),
    "one column of any name": ("a.csv", "skill\na\nb\n", {"names": ["a", "b"]}, ["its first row, 'skill', taken for the column's name, and for no label: 1"]),
    "all columns": (
        "a.csv",
        'label,description,synonyms,parent\na,About a.,"x|y",\nb,,,a\n',
        {"names": ["a", "b"], "descriptions": ["About a.", ""], "synonyms": [("x", "y"), ()], "parents": [-1, 0]},
        [],
    ),
    "columns in capitals": (
        "a.csv", "Label,Description\na,About a.\n", {"names": ["a"], "descriptions": ["About a."]}, [],
    ),
    "`name` for `label`": ("a.csv", "id,name\n7,a\n", {"names": ["a"]}, []),
    "`label` before `name`": ("a.csv", "name,label\nx,a\n", {"names": ["a"]}, []),
    "tabs": ("a.tsv", "label\tdescription\na, b\tAbout.\n", {"names": ["a, b"], "descriptions": ["About."]}, []),
    "commas and quotes": ("a.csv", 'label,n\n"a, ""b""",1\n', {"names": ['a, "b"']}, []),
    "white space": ("a.csv", 'label,description\n"  a \n b ", One\t two  \n', {"names": ["a b"], "descriptions": ["One two"]}, []),
    "other scripts": ("a.txt", "تحليل البيانات\n数据分析\n😀 smile\n", {"names": ["تحليل البيانات", "数据分析", "😀 smile"]}, []),
    "names that come again": (
        "a.csv",
        "label,description,synonyms,parent\na,,x,\nb,,,\na,About a.,y|x,b\na,Too late.,,\n",
        {"names": ["a", "b"], "descriptions": ["About a.", ""], "synonyms": [("x", "y"), ()], "parents": [1, -1]},
        ["labels that come again, taken for one: 2"],
    ),
    "an accent apart": (
        "a.csv",
        f"label,parent\n{NFD},\n{NFC},\nb,{NFC}\n",
        {"names": [NFD, "b"], "parents": [-1, 0]},
        ["labels that come again, taken for one: 1"],
    ),
    "another case is another label": ("a.txt", "Java\njava\n", {"names": ["Java", "java"]}, []),
    "no name": ("a.csv", 'label,n\n,1\n" ",2\na,3\n', {"names": ["a"]}, ["labels left out because they have no name: 2"]),
    "a parent that is no label": (
        "a.csv", "label,parent\na,top\nb,a\n", {"names": ["a", "b"], "parents": [-1, 0]},
        ["labels whose parent is not a label of the file, taken for having none: 1"],
    ),
    "no parent is a label": (
        "a.csv", "label,parent\na,top\nb,top\n", {"names": ["a", "b"]},
        ["labels whose parent is not a label of the file, taken for having none: 2"],
    ),
    "a synonym that is the name": ("a.csv", "label,synonyms\na,a|x\nb,b\n", {"names": ["a", "b"], "synonyms": [("x",), ()]}, []),
    "JSON lines": (
        "a.jsonl",
        '{"label": "a", "synonyms": ["x", "y"]}\n{"label": "b", "description": "About b.", "parent": "a"}\n{"label": 7}\n',
        {"names": ["a", "b", "7"], "descriptions": ["", "About b.", ""], "synonyms": [("x", "y"), (), ()], "parents": [-1, 0, -1]},
        [],
    ),
    "a JSON list of names": ("a.json", '["a", "b"]', {"names": ["a", "b"]}, []),
    "rows that end too soon": (
        "a.csv", "label,description\na\nb,About b.\n", {"names": ["a", "b"], "descriptions": ["", "About b."]},
        ["rows with too few or too many cells, read as far as they go: 1"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_files(case: str, tmp_path: Path) -> None:
    name, content, expected, notes = FILES[case]
    file = tmp_path / name
    file.write_text(content, encoding="utf-8", newline="")
    labels = read(file)
    assert held(labels) == expected
    assert list(labels.notes) == [f"{file}: {note}" for note in notes]


def test_parquet(tmp_path: Path) -> None:
    columns = {"label": ["a", None, "b"], "synonyms": [["x", None, " y "], None, None], "parent": [None, None, "a"]}
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
    labels = read(tmp_path / "a.parquet")
    assert held(labels) == {"names": ["a", "b"], "synonyms": [("x", "y"), ()], "parents": [-1, 0]}


def test_columns_by_other_names(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("skill,about,alt,up,label\nb,About b.,x|y,,no\nc,,,b,no\n", encoding="utf-8")
    labels = read(tmp_path / "a.csv", {"label": "skill", "description": "about", "synonyms": "alt", "parent": "up"})
    assert held(labels) == {"names": ["b", "c"], "descriptions": ["About b.", ""], "synonyms": [("x", "y"), ()], "parents": [-1, 0]}


REFUSED: dict[str, tuple[str, str, dict[str, str | None], type[LimbeckError], str]] = {
    "no column": ("a.csv", "labl,n\na,1\n", {}, DocumentsError, "no column 'label' in {path!r}; it has 'labl', 'n': write `label: labl`"),
    "a column that was named": ("a.csv", "label,n\na,1\n", {"parent": "up"}, DocumentsError, "no column 'up' in {path!r}; it has 'label', 'n': write `parent: label`"),
    "an empty file": ("a.csv", "", {}, NoLabels, "no label of {path!r}; write one a row, or name the column with `labelset: {{label: …}}`"),
    "a header alone": ("a.csv", "label,parent\n", {}, NoLabels, "no label of {path!r}; write one a row, or name the column with `labelset: {{label: …}}`"),
    "an empty column": ("a.csv", "label,n\n,1\n,2\n", {}, NoLabels, "no label in column 'label' of {path!r}; write one a row, or name the column with `labelset: {{label: …}}`"),
    "no JSON": ("a.json", "{", {}, DocumentsError, "{path!r} is not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1)); write an array of objects, or a .jsonl file, one a line"),
    "no Parquet": ("a.parquet", "no", {}, DocumentsError, "{path!r} is not Parquet ("),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_is_no_use_is_refused(case: str, tmp_path: Path) -> None:
    name, content, columns, kind, message = REFUSED[case]
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(kind) as error:
        read(tmp_path / name, columns)
    assert str(error.value).startswith(message.format(path=str(tmp_path / name)))


def test_no_such_file_but_one_like_it(tmp_path: Path) -> None:
    (tmp_path / "skills.csv").write_text("label\na\n", encoding="utf-8")
    with pytest.raises(DocumentsError, match=r"^no file '.*skill.csv'; did you mean '.*skills.csv'\?$"):
        read(tmp_path / "skill.csv")


SEVERAL = {
    "a list": (["x", " y  z ", "", None, "x"], ("x", "y z")),
    "a JSON list": ('["x, y", "z"]', ("x, y", "z")),
    "no JSON list after all": ("[x] | y", ("[x]", "y")),
    "a bar": ("x, y | z|| ", ("x, y", "z")),
    "lines, which may hold bars": ("x|y\n\nz\r\nx|y", ("x|y", "z")),
    "one with commas": ("x, y", ("x, y")),
    "nothing": ("", ()),
    "missing": (None, ()),
    "what pandas writes for missing": (float("nan"), ()),
    "numbers": ([1, 2.5], ("1", "2.5")),
    "one number": (7, ("7",)),
}


@pytest.mark.parametrize("case", SEVERAL)
def test_several_texts_in_one_cell(case: str) -> None:
    value, expected = SEVERAL[case]
    assert several(value) == (expected if isinstance(expected, tuple) else (expected,))


@given(texts=st.lists(st.text(max_size=9)))
def test_a_json_list_in_a_cell_is_that_list(texts: list[str]) -> None:
    assert several(json.dumps(texts)) == several(texts) == several(json.dumps(texts, ensure_ascii=False))


# ---- finding a label ---------------------------------------------------------------------------------------------------


def test_a_label_is_found_by_its_name_first_then_by_a_synonym() -> None:
    labels = LabelSet(("Java", "java", "coffee", "tea"), synonyms=((), (), ("JAVA", "Brew"), ("brew",)))
    assert labels.rows == {"Java": 0, "java": 1, "coffee": 2, "tea": 3}
    assert labels.found == {"java": 0, "coffee": 2, "tea": 3, "brew": 2}


SAME = {"accents": (NFC, NFD), "case": ("STRASSE", "straße"), "full width": ("ＡＢＣ", "abc"), "space": (" a\u00a0 b\n", "A B")}


@pytest.mark.parametrize("case", SAME)
def test_names_that_read_alike_are_found_alike(case: str) -> None:
    one, other = SAME[case]
    assert of_names([one]).found[plain(other)] == of_names([other]).found[plain(one)] == 0


@given(text=st.text(max_size=20))
def test_how_unicode_writes_a_name_does_not_matter(text: str) -> None:
    assert plain(normalize("NFC", text)) == plain(normalize("NFD", text)) == plain(text + " ")


def test_ancestors() -> None:
    #           0 ← 1 ← 2; 3 ⇄ 4 ← 5; 6 is its own parent
    labels = LabelSet(tuple("abcdefg"), parents=(-1, 0, 1, 4, 3, 4, 6))
    assert [labels.lineage(row) for row in range(7)] == [[], [0], [1, 0], [4], [3], [4, 3], []]
    assert of_names("ab").lineage(1) == []


def test_what_is_said_of_labels() -> None:
    labels = LabelSet(("a", "b"), ("About a.", ""), (("x", "y"), ()))
    assert [*map(labels.said, range(2))] == ["a x y About a.", "b"]
    assert [*map(of_names(["a", "b", "a"]).said, range(2))] == ["a", "b"]
    assert labels.described and not of_names("a").described


def test_the_id_is_that_of_the_content() -> None:
    a = LabelSet(("a", "b"), notes=("one",))
    others = [LabelSet(("b", "a")), LabelSet(("a", "b"), ("x", "")), LabelSet(("a", "b"), (), (("x",), ())), LabelSet(("a", "b"), parents=(-1, 0))]
    assert a.id == LabelSet(("a", "b")).id
    assert len({a.id, *(other.id for other in others)}) == 5


def test_200_000_labels_take_seconds(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    rows = (f"label number {n},About it.,x{n}|y{n},label number {n // 10}\n" for n in range(200_000))
    file.write_text("label,description,synonyms,parent\n" + "".join(rows), encoding="utf-8")
    started = time.process_time()
    labels = read(file)
    assert labels.found["y199999"] == 199_999
    assert labels.lineage(199_999) == [19_999, 1_999, 199, 19, 1, 0]
    assert time.process_time() - started < 15


# ---- priors ------------------------------------------------------------------------------------------------------------

LABELS = LabelSet(("a", "b", "c"), synonyms=(("x",), (), ()))
PRIORS: dict[str, tuple[str, str, list[float], list[str]]] = {
    "shares stay": ("p.csv", "label,prior\na,0.5\nb,0.25\n", [0.5, 0.25, 0], []),
    "shares of several labels a document": ("p.csv", "label,prior\na,1\nb,0.75\nc,0.5\n", [1, 0.75, 0.5], []),
    "counts become shares": ("p.csv", "label,prior\na,30\nb,10\nc,0\n", [0.75, 0.25, 0], []),
    "case and synonyms": ("p.csv", "label,prior\nX,0.5\nB,0.125\n", [0.5, 0.125, 0], []),
    "labels that are not listed": ("p.csv", "label,prior\na,3\nnew,9\nother,1\n", [1, 0, 0], ["priors left out because their label is not on the list: 2"]),
    "JSON lines": ("p.jsonl", '{"label": "a", "prior": 0.5}\n{"label": "b", "prior": "0.25"}\n', [0.5, 0.25, 0], []),
}  # fmt: skip


@pytest.mark.parametrize("case", PRIORS)
def test_priors(case: str, tmp_path: Path) -> None:
    name, content, shares, notes = PRIORS[case]
    (tmp_path / name).write_text(content, encoding="utf-8")
    found, said = read_priors(tmp_path / name, LABELS)
    assert found.tolist() == shares and found.dtype == np.float32
    assert list(said) == [f"{tmp_path / name}: {note}" for note in notes]


NO_PRIORS = ["-1", "nan", "inf", "many", "", "1e400"]


@pytest.mark.parametrize("value", NO_PRIORS)
def test_a_prior_that_is_none_is_refused(value: str, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(f"label,prior\na,1\nb,{value}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        read_priors(tmp_path / "p.csv", LABELS)
    assert str(error.value) == f"prior {value!r} in row 2 of {str(tmp_path / 'p.csv')!r} is no share and no count; write a number from 0 on"


@pytest.mark.parametrize("value", ["null", "[1]", "1" + "0" * 400])
def test_a_prior_of_json_that_is_none_is_refused(value: str, tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text(f'{{"label": "a", "prior": {value}}}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r" in row 1 of .* is no share and no count; write a number from 0 on$"):
        read_priors(tmp_path / "p.jsonl", LABELS)


def test_priors_lack_a_column(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("label,share\na,1\n", encoding="utf-8")
    with pytest.raises(DocumentsError, match=r"^no column 'prior' in '.*p.csv'; give it the columns `label` and `prior`$"):
        read_priors(tmp_path / "p.csv", LABELS)


def test_a_file_without_priors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("label,prior\n", encoding="utf-8")
    with pytest.raises(DocumentsError, match=r"^no priors in '.*p.csv'; give it the columns `label` and `prior`$"):
        read_priors(tmp_path / "p.csv", LABELS)
