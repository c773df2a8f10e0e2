"""Tables in HTML, JATS, Markdown and CSV: grids, headers, captions, notes, and where cells stand."""

import time

import pytest
from drawing import is_whole, marked, shown, spots

from limbeck.errors import TableError
from limbeck.schemas.tables import Format
from limbeck.tables.grid import Grid
from limbeck.tables.reading import parse, sniffed

# ---- HTML ------------------------------------------------------------------------------------------------------------

PAGE = """<p>Before.</p><table><caption>Sizes of <b>animals</b></caption>
<thead><tr><th rowspan="2">Name<th colspan=2>Size</tr><tr><th>min<th>max</thead>
<tbody><tr><th scope=row>Cat &amp; dog</th><td>1</td><td> <b>2.5</b> </td></tr>
<tr><th colspan="3">Large</th></tr>
<tr><td>Horse<br>(big)</td><td colspan="2">7<sup>a</sup></td></tr></tbody></table><p>Animals of all sizes."""


def test_a_page() -> None:
    [table] = parse(PAGE, source="zoo.html")
    assert shown(table) == ['Name | Size | "', '" | min | max', "Cat & dog | 1 | 2.5", 'Large | " | "', 'Horse (big) | 7 | "']
    assert marked(table) == ["^^^", "^^^", "<..", "§§§", "<.."]
    assert (table.format, table.caption, table.paragraphs) == ("html", "Sizes of animals", ("Animals of all sizes.",))
    assert spots(table, PAGE) == ["Name", "Size", "min", "max", "Cat &amp; dog", "1", "<b>2.5</b>", "Large", "Horse<br>(big)", "7<sup>a</sup>"]
    assert table.markup.startswith("<table>") and table.markup.endswith("</table>")
    assert [cell.text for cell in Grid(table).above(4, 2)] == ["Size", "max", "Large"]


SPANS = {
    "rowspan": ("<tr><td rowspan=2>a<td>b<tr><td>c", ["a | b", '" | c']),
    "rowspan of 0 goes to the end": ("<tr><td rowspan=0>a<td>b<tr><td>c<tr><td>d", ["a | b", '" | c', '" | d']),
    "huge spans": ("<tr><td rowspan=99999999999 colspan=99999999>a<td>b<tr><td>c", None),
    "colspan of 0": ("<tr><td colspan=0>a<td>b", ["a | b"]),
    "a span that meets another": ("<tr><td>a<td rowspan=2>b<tr><td colspan=2>c<td>d", ["a | b | ", 'c | " | d']),
    "spans that are no numbers": ("<tr><td rowspan=x colspan=-2>a<td>b", ["a | b"]),
    "ragged": ("<tr><td>a<td>b<td>c<tr><td>d<tr>", ["a | b | c", "d |  | "]),
    "no rows": ("<td>a</td><td>b</td>", ["a | b"]),
    "cells that are empty tags": ("<tr><td/><td>b</td></tr><tr><td>c</td><td/></tr>", [" | b", "c | "]),
    "entities": ("<tr><td>&lt;5&nbsp;&#37;<td>&unknown; &eacute;", ["<5 % | &unknown; é"]),
    "exponents": ("<tr><td>10<sup>-3</sup><td>H<sub>2</sub>O<td>5<sup>th</sup><td>4<sup>*</sup>", ["10^-3 | H2O | 5th | 4"]),
    "scripts": ("<tr><td>a<script>b()</script><td><style>x{}</style>c", ["a | c"]),
}


@pytest.mark.parametrize(("body", "rows"), SPANS.values(), ids=SPANS)
def test_spans(body: str, rows: list[str] | None) -> None:
    [table] = parse(f"<table>{body}</table>")
    assert is_whole(table)
    if rows is None:
        assert table.rows == 2 and table.columns <= 1002
    else:
        assert shown(table) == rows


PAGES = {
    "what is not shown": ('<tr><th>a<th>b<tr><td><span style="display: none">0</span>x<td>1', ["a | b", "x | 1"]),
    "references": ("<tr><th>a<sup>[1]</sup><th>b<tr><td>x<td>1,234<sup class=r><a>[note 2]</a></sup>", ["a | b", "x | 1,234"]),
    "tables in cells": ("<tr><td>a<td>b<tr><td>c<td>d<table><tr><td>x</td><td>1</td></tr><tr><td>y</td><td>2</td></tr></table>", ["a | b", "c | d x 1 y 2"]),
}


@pytest.mark.parametrize(("body", "rows"), PAGES.values(), ids=PAGES)
def test_pages(body: str, rows: list[str]) -> None:
    assert shown(parse(f"<table>{body}</table>")[0]) == rows


def test_tables_that_a_page_shows_later() -> None:
    [table] = parse('<div style="display:none"><table><tr><td>a<td>b<tr><td>x<td>1</table></div>')
    assert shown(table) == ["a | b", "x | 1"]


def test_names_beside_values_from_the_first_row() -> None:
    [table] = parse("<table><tr><th>Height<td>3 m<tr><th>Width<td>4 m</table>")
    assert marked(table) == ["<.", "<."]
    [table] = parse("<table><tr><th>Name<td>Size<tr><th>Cat<td>4 m</table>")
    assert marked(table) == ["^^", "<."]


def test_tables_in_cells() -> None:
    outer, inner = parse("<table><tr><td>a<table><tr><td>x<td>1<tr><td>y<td>2</table><td>b<tr><td>c<td>d</table>")
    assert shown(outer) == ["a x 1 y 2 | b", "c | d"]
    assert shown(inner) == ["x | 1", "y | 2"]
    page = "<table><tr><td>menu<td><table><tr><td>x<td>1</table></table>"
    assert [shown(table) for table in parse(page)] == [["x | 1"]]


def test_too_large() -> None:
    with pytest.raises(TableError, match="more than 200,000"):
        parse("<table>" + "<tr><td rowspan=0 colspan=1000>a<td>b" * 300 + "</table>")
    good = "<table><tr><td>a<td>b</table>"
    assert len(parse("<table>" + "<tr><td rowspan=0 colspan=1000>a<td>b" * 300 + "</table>" + good)) == 1


# ---- JATS ------------------------------------------------------------------------------------------------------------

ARTICLE = """<article dtd-version="1.0"><p>Inhibition (<xref ref-type="table" rid="t2">Table 2</xref>) was found.</p><p>Cats.</p>
<table-wrap id="t2"><label>Table 2</label><caption><title>Inhibition</title></caption><table><colgroup><col/></colgroup>
<thead><tr><th>compd</th><th>IC<sub>50</sub> (nM)<xref ref-type="table-fn" rid="f1"><sup>d</sup></xref></th></tr></thead>
<tbody><tr><td>1a</td><td>&#x0003e;50 &#177; 2<sup>b,c</sup></td></tr></tbody></table>
<table-wrap-foot><fn id="f1"><label>d</label><p>At 5&#37;.</p></fn><fn><p>Once.</p></fn></table-wrap-foot></table-wrap></article>"""


def test_an_article() -> None:
    [table] = parse(ARTICLE, source="a.nxml")
    assert table.format == "jats"
    assert shown(table) == ["compd | IC50 (nM)", "1a | >50 ± 2"]
    assert marked(table) == ["^^", "<."]
    assert table.caption == "Table 2 Inhibition"
    assert table.notes == ("d At 5%.", "Once.")
    assert table.paragraphs == ("Inhibition (Table 2) was found.",)
    assert spots(table, ARTICLE)[2:] == ["1a", "&#x0003e;50 &#177; 2<sup>b,c</sup>"]
    assert table.markup.startswith('<table-wrap id="t2">') and table.markup.endswith("</table-wrap>")


def test_oasis_tables() -> None:
    rows = "<oasis:row><oasis:entry morerows='1'>a</oasis:entry><oasis:entry>1</oasis:entry></oasis:row><oasis:row><oasis:entry>2</oasis:entry></oasis:row>"
    [table] = parse(f"<table-wrap><oasis:table><oasis:tgroup><oasis:tbody>{rows}</oasis:tbody></oasis:tgroup></oasis:table></table-wrap>")
    assert shown(table) == ["a | 1", '" | 2']


# ---- Markdown --------------------------------------------------------------------------------------------------------

MARKDOWN = {
    "with dashes": ("| a | b |\n|:--|--:|\n| x | 1 |\n", ["a | b", "x | 1"], ["^^", "<."]),
    "without bars at the ends": ("a | b\n--- | ---\nx | 1", ["a | b", "x | 1"], ["^^", "<."]),
    "without dashes": ("| a | b |\n| x | 1 |", ["a | b", "x | 1"], ["^^", "<."]),
    "an escaped bar": ("| a \\| b | c |\n|---|---|\n| `x` | **1** |", ["a | b | c", "x | 1"], ["^^", "<."]),
    "marks": ("| _a_ | [b](http://c) |\n|---|---|\n| x<br>y | 1 &lt; 2\\* |", ["a | b", "x y | 1 < 2*"], None),
    "names with underscores": ("| a_b_c | 2*3*4 |\n|---|---|\n| x | 1 |", ["a_b_c | 2*3*4", "x | 1"], None),
    "empty cells": ("| | b |\n|---|---|\n| x | |\n||1|", [" | b", "x | ", " | 1"], None),
    "ragged": ("| a | b | c |\n|---|---|---|\n| x |\n", ["a | b | c", "x |  | "], None),
    "the same words in a whole row": ("| a | b | c |\n| Big | Big | Big |\n| x | 1 | 2 |", ["a | b | c", 'Big | " | "', "x | 1 | 2"], ["^^^", "§§§", "<.."]),
    "Windows' line ends": ("| a | b |\r\n|---|---|\r\n| x | 1 |\r\n", ["a | b", "x | 1"], ["^^", "<."]),
}


@pytest.mark.parametrize(("text", "rows", "kinds"), MARKDOWN.values(), ids=MARKDOWN)
def test_markdown(text: str, rows: list[str], kinds: list[str] | None) -> None:
    [table] = parse(text, "markdown")
    assert shown(table) == rows and is_whole(table)
    assert kinds is None or marked(table) == kinds


def test_html_in_markdown() -> None:
    source = "The size of x.\n\n<table>\n<tr><th>a<th>size<tr><td>x<td>1</table>\n\n```\n<table><tr><td>no<td>2</table>\n```\n| c | d |\n|---|---|\n| y | 2 |\n"
    one, two = parse(source, "markdown")
    assert (shown(one), shown(two)) == (["c | d", "y | 2"], ["a | size", "x | 1"])
    assert spots(two, source) == ["a", "size", "x", "1"] and two.paragraphs == ("The size of x.",)


def test_marks_that_are_never_closed_take_no_time() -> None:
    before = time.process_time()
    [table] = parse("| a | b |\n|---|---|\n| " + "_a " * 100_000 + "| 1 |")
    assert len(table.cells[2].text) == 299_999 and time.process_time() - before < 20


def test_money_and_shares_are_no_latex() -> None:
    page = "<p>A size of 8% costs $5 in {2020} or $6.<table><tr><th>size<th>cost<tr><td>a<td>1</table>"
    [table] = parse(page)
    assert table.paragraphs == ("A size of 8% costs $5 in {2020} or $6.",)


def test_a_markdown_file() -> None:
    source = "Words | with bars.\n\nSizes of x are small.\n\n| a | b |\n|---|---|\n| x | 1 |\n\nTable 1: *Sizes*\n\n```\n| no | table |\n```\n\nc | d\n-|-\n1|2\n"
    one, two = parse(source, source="a.md")
    assert (one.caption, one.source, one.paragraphs) == ("Table 1: Sizes", "a.md#1", ("Sizes of x are small.", "Table 1: Sizes"))
    assert one.markup == "| a | b |\n|---|---|\n| x | 1 |"
    assert spots(one, source) == ["a", "b", "x", "1"] and spots(two, source) == ["c", "d", "1", "2"]


# ---- CSV -------------------------------------------------------------------------------------------------------------

DELIMITED = {
    "commas": ("a,b\nx,1\n", ["a | b", "x | 1"]),
    "semicolons": ("a;b\nx;1,5\n", ["a | b", "x | 1,5"]),
    "tabs": ("a\tb\nx\t1", ["a | b", "x | 1"]),
    "quotes": ('"a, ""b""",c\n"x\ny",1\n', ['a, "b" | c', "x y | 1"]),
    "a quote that is never closed": ('"a,b\nx,1\n', ['"a | b', "x | 1"]),
    "a quote in the middle": ('5" disk,b\nx,1\n', ['5" disk | b', "x | 1"]),
    "ragged": ("a,b,c\nx\n\ny,1,2,3\n", ["a | b | c | ", "x |  |  | ", "y | 1 | 2 | 3"]),
    "Windows' line ends": ("\ufeffa,b\r\nx,1\r\n", ["a | b", "x | 1"]),
}


@pytest.mark.parametrize(("text", "rows"), DELIMITED.values(), ids=DELIMITED)
def test_csv(text: str, rows: list[str]) -> None:
    [table] = parse(text, "csv")
    assert shown(table) == rows and is_whole(table)


FRAMED = {
    "lines of comments": ("# made by x\n# on Monday\n\na,b\nx,1\n", "made by x on Monday", ["a | b", "x | 1"], ()),
    "blanks around": ("Sizes,,\na,b,c\nx,1,2\nof a few,,\n,,\nlater,,\n", "Sizes", ["a | b | c", "x | 1 | 2"], ("of a few", "later")),
    "a comma in the title": ("Sizes, 2020\na;b;c\nx;1,5;2,5\ny;3;4\n", "Sizes, 2020", ["a | b | c", "x | 1,5 | 2,5", "y | 3 | 4"], ()),
    "a mark in quotes": ('a,b\n"x;y;z",1\n"u;v;w",2\n', "", ["a | b", "x;y;z | 1", "u;v;w | 2"], ()),
    "Excel's word": ("sep=;\r\na;b\r\nx;1\r\n", "", ["a | b", "x | 1"], ()),
    "nothing but words": ("a,\nb,\n", "", ["a | ", "b | "], ()),
}


@pytest.mark.parametrize(("text", "caption", "rows", "notes"), FRAMED.values(), ids=FRAMED)
def test_lines_around_csv(text: str, caption: str, rows: list[str], notes: tuple[str, ...]) -> None:
    [table] = parse(text, "csv")
    assert (table.caption, shown(table), table.notes) == (caption, rows, notes)
    assert all(" ".join(spot.split()) == cell.text for spot, cell in zip(spots(table, text), filter(lambda cell: cell.text, table.cells), strict=True))


def test_cells_of_csv_have_places() -> None:
    text = '"a, b",c\nx, 1 \n'
    [table] = parse(text)
    assert spots(table, text) == ["a, b", "c", "x", "1"]


# ---- all -------------------------------------------------------------------------------------------------------------

SNIFFED: dict[str, Format] = {
    "\\begin{tabular}{l}a\\end{tabular}": "latex",
    "<table><tr><td>": "html",
    "<table-wrap><table>": "jats",
    "| a | b |": "markdown",
    "a | b\n--|--": "markdown",
    "a,b": "csv",
    "": "csv",
}


@pytest.mark.parametrize(("text", "format"), SNIFFED.items())
def test_sniffed(text: str, format: Format) -> None:
    assert sniffed(text) == format


@pytest.mark.parametrize("text", ["", "<table></table>", "<table><tr></tr></table>", "<table", "no table", "| |", "a\nb", "<![CDATA[<table>", "<!x [", "&#xFFFFFFFFF;<td>"])
@pytest.mark.parametrize("format", ["html", "jats", "markdown", "csv", "latex"])
def test_nothing_to_read(text: str, format: Format) -> None:
    assert all(is_whole(table) for table in parse(text, format))
