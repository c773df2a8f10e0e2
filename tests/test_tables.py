"""LaTeX tables: grids, headers, captions, macros, and where cells stand."""

import re
import time

import pytest
from drawing import is_whole, marked, shown, spots

from limbeck.errors import TableError
from limbeck.tables.context import _indexed
from limbeck.tables.grid import Grid
from limbeck.tables.laying import MOST_PLACES, Piece, flowing, standing
from limbeck.tables.macros import definitions, expanded, without_comments
from limbeck.tables.plain import plain, prose
from limbeck.tables.reading import parse
from limbeck.tables.tracing import Traced

BOOKTABS = r"""
\begin{table}[t]
\caption{Accuracy (\%) of \textbf{our} models~\cite{x}.}\label{tab:main}
\begin{tabular}{@{}lcc@{}}
\toprule
Model & \multicolumn{2}{c}{Score} \\ \cmidrule(lr){2-3}
      & dev & test \\ \midrule
BERT~\cite{devlin} & 88.1 & \textbf{87.5} \\  % the old one
\rowcolor{gray!10} Ours & 90.2$_{\pm 0.3}$ & 89.9\\[2pt]
\bottomrule
\end{tabular}
\end{table}
"""


def latex(body: str, columns: str = "lcc") -> str:
    return f"\\begin{{tabular}}{{{columns}}}\n{body}\n\\end{{tabular}}"


def test_a_booktabs_table() -> None:
    [table] = parse(BOOKTABS, source="paper.tex")
    assert shown(table) == ['Model | Score | "', " | dev | test", "BERT | 88.1 | 87.5", "Ours | 90.2_± 0.3 | 89.9"]
    assert marked(table) == ["^^^", "^^^", "<..", "<.."]
    assert table.caption == "Accuracy (%) of our models ."
    assert table.source == "paper.tex#1" and table.format == "latex"
    assert table.markup == BOOKTABS.strip()
    assert [cell.text for cell in Grid(table).above(3, 2)] == ["Score", "test"]
    assert [cell.text for cell in Grid(table).beside(3, 2)] == ["Ours"]


def test_spots_hold_the_cells() -> None:
    [table] = parse(BOOKTABS)
    assert spots(table, BOOKTABS) == [
        "Model",
        r"\multicolumn{2}{c}{Score}",
        "dev",
        "test",
        r"BERT~\cite{devlin}",
        "88.1",
        r"\textbf{87.5}",
        "Ours",
        r"90.2$_{\pm 0.3}$",
        "89.9",
    ]


GRIDS = {
    "multirow": (r"\multirow{2}{*}{A} & x & 1 \\ & y & 2 \\ B & z & 3", ["A | x | 1", '" | y | 2', "B | z | 3"]),
    "multirow by a starred width": (r"\multirow{2}*{A} & 1 \\ & 2 \\", ["A | 1", '" | 2']),
    "multirow with options": (r"\multirow[t]{2}{2cm}{\textbf{A}} & 1 \\ & 2 \\", ["A | 1", '" | 2']),
    "multirow upwards": (r" & x & 1 \\ \multirow{-2}{*}{A} & y & 2 \\ B & z & 3", ["A | x | 1", '" | y | 2', "B | z | 3"]),
    "multirow over what is written": (r"\multirow{3}{*}{A} & 1 \\ B & 2 \\ & 3 \\", ["A | 1", "B | 2", " | 3"]),
    "multirow in a multicolumn": (r"\multicolumn{2}{c}{\multirow{2}{*}{A}} & 1 \\ & & 2 \\", ['A | " | 1', '" | " | 2']),
    "multirow longer than the table": (r"\multirow{99}{*}{A} & 1 \\ & 2 \\", ["A | 1", '" | 2']),
    "multicolumn wider than the table": (r"\multicolumn{9}{c}{A} \\ b & 1 \\", ['A | "', "b | 1"]),
    "multicolumn of nothing": (r"\multicolumn{0}{c}{A} & 1 \\ b & 2 \\", ["A | 1", "b | 2"]),
    "ragged": (r"a & 1 & 2 \\ b \\ c & 3", ["a | 1 | 2", "b |  | ", "c | 3 | "]),
    "no last line break": (r"a & 1 \\ b & 2", ["a | 1", "b | 2"]),
    "lengths after line breaks": (r"a & 1 \\[1ex] b & 2 \\*  [-2pt] c & 3", ["a | 1", "b | 2", "c | 3"]),
    "escapes": (r"a \& b & 1\% \\ \_ & \$2 \\", ["a & b | 1%", "_ | $2"]),
    "comments": ("a & 1 % & 7 \\\\ 8\n\\\\ b & 2\\% \\\\ % end", ["a | 1", "b | 2%"]),
    "rules": (r"\hline a & 1 \\ \hline\hline b & 2 \\ \cline{1-2} \cmidrule[1pt](lr){1-2} c & 3 \\ \bottomrule[1pt]", ["a | 1", "b | 2", "c | 3"]),
    "colours": (r"\cellcolor{gray!20}a & \cellcolor[HTML]{FFFFFF}{\color{red}1} \\ \rowcolor[gray]{.9} b & \textcolor[RGB]{1,2,3}{2} \\", ["a | 1", "b | 2"]),
    "a line break in a cell": (r"\makecell[l]{a\\b} & \shortstack{1\\2} \\ c & 3", ["a b | 1 2", "c | 3"]),
    "a tabular for a line break": (r"\begin{tabular}[c]{@{}l@{}}a\\ b\end{tabular} & 1 \\ c & 2", ["a b | 1", "c | 2"]),
    "math": (r"$\alpha_1$ & $0.5 \pm 0.1$ \\ $\mathbf{b}$ & $10^{-3}$ \\", ["α_1 | 0.5 ± 0.1", "b | 10^-3"]),
    "braces around a separator": (r"\textbf{a & b} & 1 \\ c & 2 \\", ["a b | 1", "c | 2"]),
    "an unbalanced brace": (r"{a & 1 \\ b & 2 \\", ["a | 1", "b | 2"]),
    "tabularnewline": (r"a & 1 \tabularnewline b & 2 \tabularnewline", ["a | 1", "b | 2"]),
    "rows of nothing": (r"a & 1 \\ \\[-1em] \hline \\ b & 2", ["a | 1", "b | 2"]),
    "resized": (r"\resizebox{1cm}{!}{a} & \rotatebox[origin=c]{90}{b} \\ c & \parbox{2cm}{d} \\", ["a | b", "c | d"]),
}


@pytest.mark.parametrize(("body", "rows"), GRIDS.values(), ids=GRIDS)
def test_grids(body: str, rows: list[str]) -> None:
    [table] = parse(latex(body))
    assert shown(table) == rows
    assert is_whole(table)


ENVIRONMENTS = [
    r"\begin{tabular*}{\textwidth}{@{\extracolsep{\fill}}lc}%s\end{tabular*}",
    r"\begin{tabularx}{\linewidth}{|X|r|}%s\end{tabularx}",
    r"\begin{tabulary}{1.0\textwidth}[t]{LL}%s\end{tabulary}",
    r"\begin{longtable}{ll}%s\end{longtable}",
    r"\begin{longtable}[c]{ll}%s\end{longtable}",
    r"\[\begin{array}{ll}%s\end{array}\]",
    r"\begin{table*}\resizebox{\textwidth}{!}{\begin{tabular}{p{2cm}>{\bfseries}c}%s\end{tabular}}\end{table*}",
    r"\begin{tabular}{ll}%s",
    r"\begin{table}\begin{tabular}{ll}%s\end{table} And more text.",
    r"\begin{tabular}[b]%s\end{tabular}",
    r"\begin{tblr}{colspec={ll}}%s\end{tblr}",
]


@pytest.mark.parametrize("around", ENVIRONMENTS)
def test_environments(around: str) -> None:
    [table] = parse(around % r" name & size \\ \hline a & 1 \\ b & 2 \\")
    assert shown(table) == ["name | size", "a | 1", "b | 2"]
    assert marked(table) == ["^^", "<.", "<."]


def test_long_tables_say_their_headers_once() -> None:
    body = r"\caption{Long.}\\ \hline name & size \\ \endfirsthead \multicolumn{2}{c}{continued} \\ name & size \\ \endhead "
    body += r"\multicolumn{2}{r}{next page} \\ \endfoot \hline \endlastfoot 1 & 2 \\ 3 & 4 \\"
    [table] = parse(rf"\begin{{longtable}}{{ll}}{body}\end{{longtable}}")
    assert shown(table) == ["name | size", "1 | 2", "3 | 4"]
    assert marked(table) == ["^^", "<.", "<."]
    assert table.caption == "Long."


def test_several_tables_in_a_float_have_their_own_captions() -> None:
    one, two = latex(r"a & 1 \\ b & 2", "ll"), latex(r"c & 3 \\ d & 4", "ll")
    source = rf"\begin{{table}}\subfloat[x]{{{one}}}\subfloat[y]{{{two}}}\caption{{Both.}}\end{{table}}"
    assert [(shown(table)[0], table.caption, table.markup) for table in parse(source)] == [
        ("a | 1", "Both.", one),
        ("c | 3", "Both.", two),
    ]
    apart = rf"\begin{{table}}\begin{{minipage}}{{1cm}}{one}\caption{{One.}}\end{{minipage}}\begin{{minipage}}{{1cm}}\caption{{Two.}}{two}\end{{minipage}}\end{{table}}"
    assert [table.caption for table in parse(apart)] == ["One.", "Two."]
    below = apart.replace("minipage", "subtable").replace(r"\end{table}", r"\caption{Both.}\end{table}")
    assert [table.caption for table in parse(below)] == ["Both. One.", "Both. Two."]


def test_tables_in_tables() -> None:
    inner = latex(r"a & 1 \\ b & 2", "ll")
    side_by_side = latex(rf"{inner} & {inner.replace('a', 'c')}", "cc")
    assert len(parse(side_by_side)) == 2
    assert parse(side_by_side)[0].columns == 2
    outer, nested = parse(latex(rf"x & {inner} \\ y & 3 \\", "ll"))
    assert shown(outer) == ["x | a 1 b 2", "y | 3"]
    assert shown(nested) == ["a | 1", "b | 2"]


def test_arrays_in_formulas_are_no_tables() -> None:
    cases = r"$f = \left\{\begin{array}{ll} 1 & x \\ 2 & y \end{array}\right.$"
    assert [shown(table) for table in parse(cases + latex(r"a & 1 \\ b & 2", "ll"))] == [["a | 1", "b | 2"]]


def test_macros_of_the_file_stand_where_they_are_called() -> None:
    source = r"""\newcommand{\best}[1]{\textbf{#1}}\newcommand\ours{Our model\xspace}
\newcommand{\pair}[2][7]{#1 & #2}\def\twice#1{#1#1}
""" + latex(r"\ours{} & \best{1.5} & x \\ b & \pair{8} \\ c & \pair[9]{\twice{1}} \\")
    [table] = parse(source)
    assert shown(table) == ["Our model | 1.5 | x", "b | 7 | 8", "c | 9 | 11"]
    assert spots(table, source)[:2] == [r"\ours{}", r"\best{1.5}"]
    assert spots(table, source)[4:6] == [r"\pair{8}", r"\pair{8}"]


def test_macros_that_double_each_other_end() -> None:
    names = "abcdefghijklmnopqrstuvwxyz"
    source = "".join(rf"\newcommand{{\m{one}}}{{\m{two}\m{two}\m{two}\m{two}\m{two}\m{two}\m{two}\m{two}}}" for one, two in zip(names, names[1:], strict=False))
    assert len(expanded(Traced.of(source + r"\newcommand{\mz}{" + "x" * 99 + r"}\ma")).text) < 3_000_000
    assert "a" not in definitions(r"\newcommand{\a}{\a}")


def test_comments() -> None:
    assert without_comments(Traced.of("a\\%b % c\n  d \\\\% e\nf")).text == "a\\%b d \\\\f"


def test_notes() -> None:
    notes = r"\begin{tablenotes}\item[a] First. \item Second 5\%.\end{tablenotes}"
    [table] = parse(rf"\begin{{table}}\begin{{threeparttable}}{latex('a & 1')}{notes}\end{{threeparttable}}\end{{table}}")
    assert table.notes == ("a First.", "Second 5%.")


PLAIN = [
    (r"\textbf{a} \emph{b} {\bf c} \texttt{d}", "a b c d"),
    (r"$\mathbf{83.2}$", "83.2"),
    (r"Erd\H{o}s \'e", "Erdős é"),
    (r"x\footnote{no} \citet[p.~3]{k} $\uparrow$", "x ↑"),
    (r"5.1$^\ddagger$ \checkmark \ding{55}", "5.1^‡ ✓ ✗"),
    (r"$<$0.01", "<0.01"),
    (r"a~b\quad c", "a b c"),
    (r"\setlength\tabcolsep{1mm} a", "a"),
    (r"\href{http://x}{link} \url{http://y}", "link <http://y>"),
    ("plain words", "plain words"),
    (r"\ms{84.1}{0.2}", "84.1 0.2"),
    (r"$\frac{1}{2}$", "1/2"),
    (r"\textbf{never closed", "never closed"),
    ("}}}", ""),
]


@pytest.mark.parametrize(("written", "read"), PLAIN)
def test_plain(written: str, read: str) -> None:
    assert plain(written) == read


@pytest.mark.parametrize("around", ["\\begin{comment}%s\\end{comment}", "\\begin{verbatim}%s\\end{verbatim}", "\\iffalse %s \\else", "\\iffalse %s \\fi"])
def test_what_is_not_set(around: str) -> None:
    hidden = r"\begin{tabular}{ll} a & b \\ x & 1 \end{tabular} Score of size."
    text = f"The size of y.\n\n{around % hidden}\n\n\\begin{{tabular}}{{ll}} c & size \\\\ y & 2 \\end{{tabular}}"
    [table] = parse(text)
    assert shown(table) == ["c | size", "y | 2"] and table.paragraphs == ("The size of y.",)
    assert spots(table, text) == ["c", "size", "y", "2"]
    assert len(parse(r"\iffalse \begin{tabular}{ll} a & b \\ x & 1 \end{tabular}")) == 1


def test_paragraphs_that_name_the_table_come_last() -> None:
    text = f"Nothing alike.\n\nThe accuracy of models is a score.\n\nSee Table~\\ref{{tab:main}} and weep.\n\n{BOOKTABS}\n\nMore words."
    [table] = parse(text, context="Our models have a dev score.\n\nCats.")
    assert table.paragraphs[-1] == "See Table and weep."
    assert set(table.paragraphs) == {"The accuracy of models is a score.", "Our models have a dev score.", "See Table and weep."}


def test_text_is_indexed_once_for_all_tables_of_a_file() -> None:
    text = "The size of x.\n\nThe colour of y.\n\n" + latex(r"a & size \\ x & 1", "ll") + latex(r"b & colour \\ y & 2", "ll")
    _indexed.cache_clear()
    assert [table.paragraphs[-1] for table in parse(text)] == ["The size of x.", "The colour of y."]
    assert (_indexed.cache_info().hits, _indexed.cache_info().misses) == (1, 1)


PROSE = {
    r"\section{Results}\label{r} In Table~\ref{t} and \S\ref{s}, a (\cref{t}) scores 8\%~\cite{a,b}.": "Results. In Table and, a scores 8%.",
    r"\subsubsection*{More?} As \citet{who} has it (see~\ref{a}, \ref{b}).": "More? As who has it.",
    r"\paragraph{Set-up.} It (see Table~\ref{t}) is f() or .5": "Set-up. It (see Table) is f() or .5",
    r"\maketitle On \today{} we rest.": "On we rest.",
    r"\section{open": "§ OPEN",
}


@pytest.mark.parametrize(("written", "read"), PROSE.items())
def test_prose(written: str, read: str) -> None:
    assert prose(written) == read


SECTIONS = r"m & a & b \\ \midrule \multicolumn{3}{c}{First} \\ x & 1 & 2 \\ \textit{Second} & & \\ y & 3 & 4 \\"


def test_sections() -> None:
    [table] = parse(latex(SECTIONS))
    assert marked(table) == ["^^^", "§§§", "<..", "§..", "<.."]
    assert [cell.text for cell in Grid(table).above(2, 1)] == ["a", "First"]
    assert [cell.text for cell in Grid(table).above(4, 2)] == ["b", "Second"]


HEADERS = {
    "numbers beneath the headers": (r"a & \multicolumn{2}{c}{n} \\ & 10\% & 20\% \\ \hline x & 1 & 2 \\ y & 3 & 4", ["^^^", "^^^", "<..", "<.."]),
    "two columns of names": (r"a & b & c \\ x & y & 2 \\ z & w & 4", ["^^^", "<<.", "<<."]),
    "nothing but numbers": (r"1 & 2 & 3 \\ 4 & 5 & 6", ["<..", "<.."]),
    "a line under each row": (r"\hline a & b & c \\ \hline x & 1 & 2 \\ \hline y & 3 & 4 \\ \hline", ["^^^", "<..", "<.."]),
    "numbers with words above bare ones": (r"a & n & n \\ b & 4 days & 5 days \\ x & 1 & 2 \\ y & 3 & 4", ["^^^", "^^^", "<..", "<.."]),
    "numbers with words": (r"a & n & n \\ x & 1 day & 2 days \\ y & 3 days & 4 days", ["^^^", "<..", "<.."]),
    "nothing but words": (r"a & b & c \\ x & y & z", ["^^^", "<.."]),
    "one row": (r"a & 1 & 2", ["<.."]),
}


@pytest.mark.parametrize(("body", "kinds"), HEADERS.values(), ids=HEADERS)
def test_headers(body: str, kinds: list[str]) -> None:
    [table] = parse(latex(body))
    assert marked(table) == kinds


def test_large_cells() -> None:
    before = time.process_time()
    [table] = parse(latex("a & " + "$x$ " * 100_000 + r"\\ b & 1", "ll"))
    assert shown(table)[1] == "b | 1" and time.process_time() - before < 5


def test_a_columns_argument_that_is_never_closed() -> None:
    [table] = parse("\\begin{tabular}{l|c\n\\toprule a & b \\\\ x & 1 \\end{tabular}")
    assert shown(table) == ["a | b", "x | 1"]


def test_large_tables() -> None:
    body = " \\\\ ".join(" & ".join(str(row * column) for column in range(50)) for row in range(100))
    [table] = parse(latex(body))
    assert (table.rows, table.columns, len(table.cells)) == (100, 50, 5000)
    with pytest.raises(TableError, match="more than 200,000"):
        parse(latex("a & " * 1000 + "b \\\\ " + "c \\\\" * 300))
    wide = parse(latex(r"\multicolumn{99999999}{c}{\multirow{99999999}{*}{a}} \\ b & 1 \\"))
    assert shown(wide[0]) == ['a | "', "b | 1"]


@pytest.mark.parametrize("empty", ["", r"\begin{tabular}{ll}\end{tabular}", r"\begin{tabular}{ll} \hline \\ \hline \end{tabular}", r"\begin{tabular}", r"\end{tabular}", "words"])
def test_nothing_to_read(empty: str) -> None:
    assert parse(empty) == []


def test_spans_are_bounded() -> None:
    laid = flowing([[Piece("a", rows=10**9, columns=10**9), Piece("b")], [Piece("c")]])
    assert (laid.rows, laid.columns) == (2, 1001)
    with pytest.raises(TableError, match=re.escape(f"{MOST_PLACES:,}")):
        flowing([[Piece("a", rows=0, columns=1000), Piece("b")]] * 300)
    assert flowing([]).cells == standing([]).cells == ()
