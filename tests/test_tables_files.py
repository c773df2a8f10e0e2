"""Tables from files, folders, columns of rows, workbooks and PDF."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet
import pytest
from drawing import is_whole, marked, shown

from limbeck.errors import ConfigError, DocumentsError, NoColumn
from limbeck.schemas import Corpus
from limbeck.schemas.tables import Spot, Table
from limbeck.tables.reading import read, table_of
from limbeck.tables.targets import targets

TEX = r"\begin{tabular}{lc}name & size \\ \hline %s & %d \end{tabular}"


def tables(corpus: Corpus) -> list[Table]:
    known = {document.id: document.text for document in corpus.documents}
    return [table_of(known[place.document]) for place in corpus.places]


def keys(corpus: Corpus) -> list[str]:
    return [place.key for place in corpus.places]


# ---- files and folders -----------------------------------------------------------------------------------------------


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "paper.tex"
    path.write_text("\n\n".join(TEX % ("ab"[at % 2], at % 2) for at in range(3)), "utf-8")
    corpus = read(path)
    assert keys(corpus) == ["paper.tex#1", "paper.tex#2", "paper.tex#3"]
    assert [place.source for place in corpus.places] == [str(path)] * 3
    assert [shown(table)[1] for table in tables(corpus)] == ["a | 0", "b | 1", "a | 0"]
    assert keys(read(path, limit=2)) == ["paper.tex#1", "paper.tex#2"]


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "a.csv").write_text("a,b\n1,2\n")
    (tmp_path / "b.csv").write_text("a,b\n1,2\n")
    (tmp_path / "in" / "a.md").write_text("| a | b |\n|---|---|\n| 1 | 2 |\n")
    (tmp_path / "c.html").write_text("<p>no table</p>")
    (tmp_path / "d.tex").write_bytes(b"\0\1\2")
    (tmp_path / "e.tex").write_text("\\begin{tabular}{l}" + "a & " * 1000 + "b \\\\ c \\\\" * 300 + "\\end{tabular}" + TEX % ("x", 1))
    (tmp_path / "f.png").write_bytes(b"\0")
    (tmp_path / "g.xlsx").write_bytes(b"not a zip")
    (tmp_path / "h.pdf").write_bytes(b"%PDF-1.4 broken")
    corpus = read(tmp_path)
    assert keys(corpus) == ["b.csv#1", "e.tex#2", "in/a.md#1"]
    found = "\n".join(corpus.skipped)
    for words in ("files without a table: 1", "'d.tex' because", "is not text", "more than 200,000", "of other kinds: 1", "'g.xlsx' because", "'h.pdf' because"):
        assert words in found


def test_files_that_latex_takes_in(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    main = "The size of a name, see Table~\\ref{a}.\n\n\\input{in/a} \\include{b.tex}\n%\\input{c}\n\\input{../d}\\input{gone}\\input{main}"
    (tmp_path / "main.tex").write_text(main)
    (tmp_path / "in" / "a.tex").write_text("\\begin{table}\\label{a}" + TEX % ("a", 1) + "\\end{table} \\input{e}")
    for name in ("b", "c", "in/e"):
        (tmp_path / f"{name}.tex").write_text(TEX % (name, 2))
    corpus = read(tmp_path / "main.tex")
    assert keys(corpus) == ["in/a.tex#1", "b.tex#1", "in/e.tex#1"]
    text = ("The size of a name, see Table.",)
    assert [table.paragraphs for table in tables(corpus)] == [text] * 3
    known = dict(zip(keys(read(tmp_path)), tables(read(tmp_path)), strict=True))
    assert {key: table.paragraphs for key, table in known.items()} == {"b.tex#1": text, "c.tex#1": (), "in/a.tex#1": text, "in/e.tex#1": text}


def test_a_folder_with_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\nx,1\n")
    os.mkfifo(tmp_path / "b.csv")
    (tmp_path / "c.csv").symlink_to(tmp_path / "gone")
    corpus = read(tmp_path)
    assert keys(corpus) == ["a.csv#1"] and corpus.skipped[0].endswith("pipes, devices or broken links: 2")


def test_letters_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("é,ü,ö,ä,ß,b\n1,2,3,4,5,6\n".encode() + b"\xff,1,2,3,4,5\n")
    [table] = tables(read(tmp_path / "a.csv"))
    assert shown(table)[2].startswith("\ufffd | 1")


def test_nothing_to_read(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("words")
    with pytest.raises(DocumentsError, match=r"no table in .*files without a table.*; give a file"):
        read(tmp_path / "a.md")
    with pytest.raises(DocumentsError, match="did you mean"):
        read(tmp_path / "b.md")
    (tmp_path / "in").mkdir()
    with pytest.raises(DocumentsError, match="no table in"):
        read(tmp_path / "in")


# ---- rows ------------------------------------------------------------------------------------------------------------

ROWS = [
    {"id": "x", "table": TEX % ("a", 1), "context": "A size of a name.\n\nCats."},
    {"id": "y", "table": "| a | b |\n| c | 1 |\n\n| d | e |\n| f | 2 |", "context": None},
    {"id": "x", "table": "words", "context": ""},
    {"id": "x", "table": "<table><tr><td>a<td>1</table>", "context": ""},
]


def _jsonl(path: Path) -> None:
    path.write_text("\n".join(map(json.dumps, ROWS)))


def _json(path: Path) -> None:
    path.write_text(json.dumps(ROWS))


def _parquet(path: Path) -> None:
    pyarrow.parquet.write_table(pa.Table.from_pylist(ROWS), path)


@pytest.mark.parametrize(("name", "write"), [("a.jsonl", _jsonl), ("a.json", _json), ("a.parquet", _parquet)])
def test_a_column_of_tables(tmp_path: Path, name: str, write: Callable[[Path], None]) -> None:
    write(tmp_path / name)
    corpus = read(tmp_path / name, key="id")
    assert keys(corpus) == ["x", "y#1", "y#2", "x#2"]
    assert tables(corpus)[0].paragraphs == ("A size of a name.",)
    assert corpus.skipped == (f"{tmp_path / name}: rows without a table: 1",)
    assert keys(read(tmp_path / name)) == ["0", "1#1", "1#2", "3"]


def test_other_columns(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('html,words\n"<table><tr><td>a<td>1</table>","Of a."\n')
    [table] = tables(read(tmp_path / "a.csv", table="html", context="words"))
    assert (table.format, table.paragraphs) == ("html", ("Of a.",))
    with pytest.raises(NoColumn, match="no column 'htm' in .*: write `table: html`"):
        read(tmp_path / "a.csv", table="htm")
    with pytest.raises(NoColumn, match="write `context: words`"):
        read(tmp_path / "a.csv", table="html", context="word")


# ---- workbooks -------------------------------------------------------------------------------------------------------


def _book(path: Path, fill: Callable[[Any], None]) -> list[Table]:
    book = openpyxl.Workbook()
    book.active.title = "Sizes"
    fill(book.active)
    book.save(path)
    return tables(read(path))


def test_a_workbook(tmp_path: Path) -> None:
    def fill(sheet: Any) -> None:
        sheet["B2"] = "Sizes of animals"
        for row in (["Name", "Size", None], [None, "min", "max"], ["Cat", 1, 2.5], ["Dog", 0.5, 1234.5]):
            sheet.append([None, *row])
        sheet.merge_cells("B3:B4")
        sheet.merge_cells("C3:D3")
        sheet["C6"].number_format, sheet["D6"].number_format = "0.0%", "#,##0.00"

    [table] = _book(tmp_path / "a.xlsx", fill)
    assert shown(table) == ['Name | Size | "', '" | min | max', "Cat | 1 | 2.5", "Dog | 50.0% | 1,234.50"]
    assert marked(table) == ["^^^", "^^^", "<..", "<.."]
    assert (table.caption, table.source, table.format) == ("Sizes of animals", "a.xlsx#1", "xlsx")
    assert [cell.spot for cell in table.cells if cell.text == "2.5"] == [Spot(sheet="Sizes", reference="D5")]
    assert [target.value for target in targets(table)] == ["1", "2.5", "50.0", "1,234.50"]


def test_several_tables_in_a_sheet(tmp_path: Path) -> None:
    def fill(sheet: Any) -> None:
        for row in (["a", "b"], ["x", 1], [], ["y", 2], [], ["Second"], ["c", "d"], ["z", True], [], ["e", "f"], ["w", 3], [], ["Note."]):
            sheet.append(row)
        sheet["XFD1048576"].number_format = "0.00"  # A cell that is far away, and empty.

    found = _book(tmp_path / "a.xlsx", fill)
    assert [(table.caption, shown(table)) for table in found] == [
        ("Sizes", ["a | b", "x | 1", " | ", "y | 2"]),
        ("Second", ["c | d", "z | TRUE"]),
        ("Sizes", ["e | f", "w | 3"]),
    ]
    assert [table.notes for table in found] == [(), (), ("Note.",)]


def test_tables_side_by_side(tmp_path: Path) -> None:
    def fill(sheet: Any) -> None:
        for row in (["a", "b", None, "c", "d"], ["x", 1, None, "y", 2], ["z", 3, None, "w", 4], ["Note."]):
            sheet.append(row)

    def spaced(sheet: Any) -> None:
        for row in (["a", "b", None, "c", "d"], ["x", 1, None, 5, 2], ["z", 3, None, 6, 4]):
            sheet.append(row)

    assert [shown(table) for table in _book(tmp_path / "a.xlsx", fill)] == [["a | b", "x | 1", "z | 3"], ["c | d", "y | 2", "w | 4"]]
    assert [shown(table) for table in _book(tmp_path / "b.xlsx", spaced)] == [["a | b |  | c | d", "x | 1 |  | 5 | 2", "z | 3 |  | 6 | 4"]]


def test_what_a_workbook_does_not_show(tmp_path: Path) -> None:
    def fill(sheet: Any) -> None:
        for row in (["a", "b", "c"], ["x", 1, "=B2*2"], ["y", time(3, 4, 5), datetime(2020, 1, 2, 3, 4)]):
            sheet.append(row)
        hidden = sheet.parent.create_sheet("Old")
        hidden.append(["a", "b"])
        hidden.append(["x", 99])
        hidden.sheet_state = "hidden"

    [table] = _book(tmp_path / "a.xlsx", fill)
    assert shown(table) == ["a | b | c", "x | 1 | ", "y | 03:04:05 | 2020-01-02 03:04:00"]
    assert [target.value for target in targets(table)] == ["1"]
    (tmp_path / "a.xlsx").rename(tmp_path / "a.xlsm")
    hidden, formulas = read(tmp_path / "a.xlsm").skipped
    assert "hidden sheets ('Old'); show them" in hidden and "1 of its formulas have no value; open it" in formulas


def test_merged_cells_that_would_fill_the_memory(tmp_path: Path) -> None:
    _book(tmp_path / "a.xlsx", lambda sheet: sheet.append(["a", 1]))
    with zipfile.ZipFile(tmp_path / "a.xlsx") as whole, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as packed:
        for name in whole.namelist():
            more = b'</sheetData><mergeCells count="1"><mergeCell ref="A5:XFD1048576"/></mergeCells>'
            packed.writestr(name, whole.read(name).replace(b"</sheetData>", more))
    with pytest.raises(DocumentsError, match="merged cells over 17,179,803,648 places"):
        read(tmp_path / "b.xlsx")


def test_workbooks_that_are_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(sheet: Any) -> None:
        sheet["A1"], sheet["B1"], sheet["XFC1048576"], sheet["XFD1048576"] = "a", "b", 1, 2

    with pytest.raises(DocumentsError, match="more than 200,000 places"):
        _book(tmp_path / "a.xlsx", fill)
    monkeypatch.setattr("limbeck.tables.sheets.MOST_BYTES", 100)
    with pytest.raises(DocumentsError, match="bytes unpacked, more than 100"):
        read(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as packed:
        packed.writestr("[Content_Types].xml", "<")
    with pytest.raises(DocumentsError, match="is no workbook"):
        read(tmp_path / "b.xlsx")


# ---- PDF -------------------------------------------------------------------------------------------------------------


def _pdf(path: Path, words: list[tuple[float, float, str]], lines: list[tuple[float, float, float, float]]) -> None:
    """A page of 612 x 792 points with words at places and lines between places, counted from the upper left corner."""
    drawn = [f"BT /F1 10 Tf {x} {792 - y} Td ({text}) Tj ET" for x, y, text in words]
    drawn += [f"{x0} {792 - y0} m {x1} {792 - y1} l S" for x0, y0, x1, y1 in lines]
    stream = "\n".join(drawn)
    parts = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 5 0 R >> >> /Contents 4 0 R >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    body, places = "%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{part}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    path.write_text(f"{body}xref\n0 6\n0000000000 65535 f \n{table}trailer << /Size 6 /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n")


CELLS = [(105, 215, "Name"), (205, 215, "Size"), (205, 235, "min"), (305, 235, "max"), (105, 255, "Cat"), (205, 255, "1.5"), (305, 255, "2.5")]
TEXT = [(100.0, 100.0, "The Size of a Cat is small."), (100.0, 190.0, "Table 1: Sizes of animals"), (100.0, 400.0, "Unrelated.")]


def test_a_pdf_with_ruled_lines(tmp_path: Path) -> None:
    across = [(100.0, y, 400.0, y) for y in (200.0, 240.0, 260.0)] + [(200.0, 220.0, 400.0, 220.0)]
    down = [(x, 200.0, x, 260.0) for x in (100.0, 200.0, 400.0)] + [(300.0, 220.0, 300.0, 260.0)]
    _pdf(tmp_path / "a.pdf", [*CELLS, *TEXT], across + down)
    [table] = tables(read(tmp_path / "a.pdf"))
    assert shown(table) == ['Name | Size | "', '" | min | max', "Cat | 1.5 | 2.5"]
    assert marked(table) == ["^^^", "^^^", "<.."] and is_whole(table)
    assert (table.caption, table.format, table.source) == ("Table 1: Sizes of animals", "pdf", "a.pdf#1")
    assert table.paragraphs[-1] == "Table 1: Sizes of animals" and "The Size of a Cat is small." in table.paragraphs
    assert "Unrelated." not in table.paragraphs
    assert [cell.spot for cell in table.cells if cell.text == "2.5"] == [Spot(page=1, box=(300, 240, 400, 260))]


def test_a_pdf_with_lines_across_alone(tmp_path: Path) -> None:
    words = [(245, 215, "Size in m"), (205, 235, "min"), (305, 235, "max of all"), (105, 235, "Name"), (105, 255, "Cat or dog"), (205, 255, "1.5")]
    words += [(305, 255, "3"), (105, 275, "Horse"), (305, 275, "4")]
    across = [(100.0, y, 400.0, y) for y in (200.0, 240.0, 280.0)] + [(200.0, 219.0, 400.0, 219.0)]
    _pdf(tmp_path / "a.pdf", [*words, *TEXT], across)
    [table] = tables(read(tmp_path / "a.pdf"))
    assert shown(table) == [' | Size in m | "', "Name | min | max of all", "Cat or dog | 1.5 | 3", "Horse |  | 4"]
    assert marked(table) == ["^^^", "^^^", "<..", "<.."] and is_whole(table)
    assert table.caption == "Table 1: Sizes of animals"


def test_csv_alone_loads_no_search(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\nx,1\n")
    code = "import sys; from limbeck.tables.reading import read; read(sys.argv[1]); sys.exit('bm25s' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.csv")]).returncode == 0


# ---- packages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("package", "name"), [("openpyxl", "a.xlsx"), ("pdfplumber", "a.pdf"), ("pylatexenc.latex2text", "a.tex")])
def test_packages_that_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, name: str) -> None:
    from limbeck.tables.plain import _converter

    _converter.cache_clear()
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / name).write_text(r"\begin{tabular}{ll}\textbf{a} & b\end{tabular}")
    with pytest.raises(ConfigError, match=r"type pip install 'limbeck\[tables\]'"):
        read(tmp_path / name)
    _converter.cache_clear()
