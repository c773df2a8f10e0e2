"""Tables that were cut up, doubled and shuffled at random: a whole grid, or an error of ours; never a crash."""

import pytest
from drawing import is_whole
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.errors import LimbeckError
from limbeck.schemas.tables import Format
from limbeck.tables.reading import as_text, parse, table_of
from limbeck.tables.targets import targets

TEX = r"""\newcommand{\best}[1]{\textbf{#1}}
See Table~\ref{t}.

\begin{table}[t]\caption{Scores of $x$}\label{t}\begin{tabular}{@{}lcc@{}} \toprule
\multirow{2}{*}{Name} & \multicolumn{2}{c}{Size} \\ \cmidrule(lr){2-3} & min & max \\ \midrule % no
a \& b & \best{1.5} & $2 \pm 0.1$ \\[2pt] \multicolumn{3}{c}{Large} \\ c & \begin{tabular}{l}3\\4\end{tabular} & \makecell{5\\6} \\ \bottomrule
\end{tabular}\end{table}"""
HTML = """<p>Text of a table.</p><table><caption>Sizes<thead><tr><th rowspan="2">Name<th colspan=2>Size</tr><tr><th>min<th>max</thead>
<tbody><tr><td>a &amp; b</td><td>1</td><td><b>2</b><sup>a</sup></td></tr><tr><td>c<td><table><tr><td>x<td>1</table><td>3</table>"""
JATS = """<table-wrap id="t"><label>Table 1</label><caption><p>Sizes</p></caption><table><thead><tr><th>a</th><th colspan="2">b<xref
ref-type="table-fn">c</xref></th></tr></thead><tbody><tr><td rowspan="2">x</td><td/><td>5 &#177; 1</td></tr><tr><td>y</td><td>&lt;3</td></tr>
</tbody></table><table-wrap-foot><fn><p>Note.</p></fn></table-wrap-foot></table-wrap><![CDATA[ x ]]><!-- y -->"""
MARKDOWN = "Words.\n\n| a | b \\| c | `d` |\n|:--|---|--:|\n| x | **1** | 2 |\n| y | y | y |\n| z | 3-4 | [5](6) |\n\nTable 1: Sizes\n\n```\n| e |\n```\n"
CSV = 'a,"b, c",d\nx,1,"2 ""3"""\n"y\nz",4\n\n,5,6,7\n'
WHOLE: dict[Format, str] = {"latex": TEX, "html": HTML, "jats": JATS, "markdown": MARKDOWN, "csv": CSV}
PARTS = ["", "{", "}", "\\", "\\\\", "&", "%", "$", "<", ">", "<td>", "</tr>", "<table>", "</table>", "|", "\n", '"', ",", "\\end{tabular}", "\\begin{tabular}{ll}"]
PARTS += ["\\multirow{-9}{*}{", "colspan=99999", "<![", "]]>", "<!--", "&#", "---", "\\newcommand{\\a}[9]{#9\\a}", "\0", "\ud800", "rowspan=0", "\\verb|", "\r", "`"]


@st.composite
def mutated(draw: st.DrawFn, text: str) -> str:
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + draw(st.sampled_from((0, 1, 3, 40))))))
        kind = draw(st.sampled_from(("delete", "insert", "double", "swap")))
        cut, rest = text[start:end], text[end:]
        if kind == "delete":
            text = text[:start] + rest
        elif kind == "insert":
            text = text[:start] + draw(st.sampled_from(PARTS)) + text[start:]
        elif kind == "double":
            text = text[:end] + cut * draw(st.integers(1, 3)) + rest
        else:
            at = draw(st.integers(0, len(rest)))
            text = text[:start] + rest[:at] + cut + rest[at:]
    return text


@pytest.mark.parametrize("format", WHOLE)
@settings(max_examples=200)
@given(data=st.data())
def test_mutated_tables(format: Format, data: st.DataObject) -> None:
    text = data.draw(mutated(WHOLE[format]))
    try:
        tables = parse(text, data.draw(st.sampled_from((format, None))), source="x", context=text[:200])
    except LimbeckError as error:
        assert str(error)
        return
    for table in tables:
        assert is_whole(table) and table.cells
        assert table_of(as_text(table)) == table
        for cell in table.cells:
            start, end = cell.spot.start, cell.spot.end
            assert (start is None) == (end is None)
            assert start is None or end is None or 0 <= start < end <= len(text)
        for target in targets(table):
            assert target.value


@settings(max_examples=200)
@given(st.lists(st.sampled_from([*PARTS, "<tr>", "x", "1", "{l}", "\\hline", "\\cite"]), max_size=30).map("".join))
def test_anything(text: str) -> None:
    for format in WHOLE:
        try:
            assert all(is_whole(table) for table in parse(text, format))
        except LimbeckError as error:
            assert str(error)
