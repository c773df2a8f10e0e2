"""Plain: LaTeX as a person reads it, by `pylatexenc`; citations, colours, lengths and labels are left out."""

import functools
import re
from typing import Any

from limbeck.errors import ConfigError
from limbeck.tables.macros import group

MISSING = "{} is read by a package that is not here; type pip install 'limbeck[tables]'"
ARGUMENTS = {
    **dict.fromkeys(("cellcolor", "rowcolor", "color", "label", "vspace", "hspace", "phantom", "hphantom", "vphantom"), 1),
    **dict.fromkeys(("footnotemark", "footnote", "tablefootnote", "tnote", "ref", "eqref", "autoref", "cref", "Cref", "index"), 1),
    **dict.fromkeys(("textcolor", "colorbox", "rotatebox", "scalebox", "parbox", "href", "raisebox", "adjustbox", "includegraphics"), 1),
    **dict.fromkeys(("multicolumn", "multirow", "resizebox", "fcolorbox", "rule", "fontsize", "setlength", "addtolength"), 2),
    **dict.fromkeys(("pageref", "hypertarget", "bibliographystyle", "usepackage", "input", "arrayrulecolor", "linespread"), 1),
    **dict.fromkeys(("texttt", "textsf", "textup", "textmd", "textsl", "mathbf", "mathit", "mathtt", "mathsf", "mathbb"), 0),
    **dict.fromkeys(("mathcal", "mathfrak", "mathscr", "boldsymbol", "bm", "bf", "it", "tt", "xspace", "protect"), 0),
    **dict.fromkeys(("makecell", "thead", "shortstack", "makebox", "mbox", "hyperref", "centering", "diagbox", "caption", "item"), 0),
    # A title and a date that pylatexenc would make up, another one each day.
    **dict.fromkeys(("maketitle", "today"), 0),
}
"""How many of a macro's arguments are for the typesetter; the rest is text."""
SYMBOLS = {
    **{"ddagger": "‡", "checkmark": "✓", "cmark": "✓", "xmark": "✗", "Checkmark": "✓", "XSolidBrush": "✗", "S": "§", "P": "¶"},
    **{"degree": "°", "celsius": "°C", "percent": "%", "micro": "µ", "euro": "€", "pounds": "£", "triangle": "△"},
    **{"spadesuit": "♠", "clubsuit": "♣", "heartsuit": "♥", "textpm": "±", "and": "&", "textsuperscript": "^"},
}
"""What pylatexenc leaves out."""
APART = frozenset(("makecell", "thead", "shortstack", "label", "item", "diagbox"))
COMMAND = re.compile(r"\\([A-Za-z]+)\*?")
CITATION = re.compile(r"[A-Za-z]*[cC]ite[A-Za-z]*")
OPTION = re.compile(r"\s*(?:\[[^\]]*\]|\([^)]*\)(?=\{))")
STAR = re.compile(r"\s*(?:\*|\\[A-Za-z]+|[\d.]+(?:pt|cm|em|ex|mm|in)?)")
TICKS = {"51": "✓", "52": "✔", "53": "✕", "54": "✖", "55": "✗", "56": "✘"}
MOST_BRACES, MOST_LETTERS = 500, 50_000
"""That a cell or paragraph has where it was not made to stop us."""
DING = re.compile(r"\\ding\s*\{\s*(\d+)\s*\}")
BREAK = re.compile(r"\\\\\*?(?:\[[^\]]*\])?|\\(?:newline|tabularnewline|quad|qquad|par)(?![A-Za-z])")
INNER = re.compile(r"\\begin\s*\{(?:tabular|array)\*?\}\s*(?:\[[^\]]*\])?\s*(?=\{)|\\(?:begin|end)\s*\{[^}]*\}")
BLANKS = re.compile(r"[\s\u200b]+")
HANGING = re.compile(r"\^(?=\s|$)|\u00ad")
MARKED = re.compile(r"[\\{}$~^_%]|--|``|''")
"""What plain words don't have."""
HEADING = re.compile(r"\\(?:(?:sub)*(?:section|paragraph)|chapter|part)\*?\s*(?:\[[^\]]*\])?\s*(?=\{)")
SIGN = re.compile(r"\\S\s*~?\s*(?=\\[A-Za-z]*ref\b)")
SUBJECT = re.compile(r"\\(?:[Cc]itet|newcite|[Tt]extcite|[Cc]iteauthor)\*?\s*(?:\[[^\]]*\]\s*)*\{([^{}]*)\}")
"""A citation that is part of its sentence."""
HOLLOW = re.compile(r"\s+[(\[](?:[\s,;–-]|\b(?:see|cf|e\.g|i\.e|and|also)\b\.?)*[)\]]")
LOOSE = re.compile(r"\s+(?=[,;:!?)]|\.(?!\d))")
"""What references and citations leave behind: `(see , )`, and blanks before a comma."""


def plain(latex: str) -> str:
    """LaTeX as text on one line.

    Raises:
        ConfigError: pylatexenc is not installed.
    """
    if latex.count("{") > MOST_BRACES or len(latex) > MOST_LETTERS:
        latex = _stripped(latex)
    elif MARKED.search(latex):
        try:
            latex = HANGING.sub("", _converter().latex_to_text(_bare(latex), tolerant_parsing=True))
        except (IndexError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
            latex = _stripped(latex)
    return BLANKS.sub(" ", latex).strip()


def prose(latex: str) -> str:
    """A paragraph as text on one line: headings are sentences, references and citations leave nothing behind.

    Raises:
        ConfigError: pylatexenc is not installed.
    """
    latex = SUBJECT.sub(r"\1", SIGN.sub("", _without_headings(latex)))
    return LOOSE.sub("", HOLLOW.sub("", plain(latex))).strip()


def _without_headings(latex: str) -> str:
    r"""`Results. ` in place of `\section{Results}`."""
    parts: list[str] = []
    done = 0
    for found in HEADING.finditer(latex):
        end = group(latex, found.end())
        if end:
            title = latex[found.end() + 1 : end - 1].strip()
            parts += [latex[done : found.start()], title, " " if title.endswith((".", "?", "!", ":")) else ". "]
            done = end
    return "".join([*parts, latex[done:]])


def _stripped(latex: str) -> str:
    """Without commands, for what pylatexenc can't parse, even tolerantly, or not in good time."""
    return re.sub(r"\\[A-Za-z]+|[\\{}$]", " ", latex)


@functools.cache
def _converter() -> Any:
    try:
        from pylatexenc.latex2text import LatexNodes2Text
    except ImportError:
        raise ConfigError(MISSING.format("LaTeX")) from None
    return LatexNodes2Text(math_mode="text", keep_comments=False, strict_latex_spaces=False)


def _bare(latex: str) -> str:
    """Without what is for the typesetter."""
    parts: list[str] = []
    done = 0
    for found in COMMAND.finditer(latex):
        if found.start() < done or not _counts_as_command(latex, found.start()):
            continue
        name, symbol = found[1], SYMBOLS.get(found[1])
        count = 1 if CITATION.fullmatch(name) else ARGUMENTS.get(name)
        if symbol or count is not None:
            parts += [latex[done : found.start()], symbol or (" " if name in APART else "")]
            done = found.end() if symbol else _after(latex, found.end(), count or 0)
    # Two arguments of a macro that nobody defined are two things: `\\ms{84.1}{0.2}`.
    latex = "".join([*parts, latex[done:]]).replace("}{", "} {")
    latex = DING.sub(lambda found: TICKS.get(found[1], ""), BREAK.sub(" ", latex))
    return _without_environments(latex) if "\\begin" in latex or "\\end" in latex else latex


def _without_environments(latex: str) -> str:
    """The text of environments inside a cell, cells of inner tables one after another."""
    parts: list[str] = []
    done = 0
    for found in INNER.finditer(latex):
        parts.append(latex[done : found.start()])
        done = group(latex, found.end()) or found.end() if latex.startswith("{", found.end()) else found.end()
    return re.sub(r"(?<!\\)&", " ", " ".join([*parts, latex[done:]]))


def _counts_as_command(latex: str, at: int) -> bool:
    r"""Whether the backslash is not itself escaped, as in `\\\textbf`."""
    before = at - len(latex[:at].rstrip("\\"))
    return before % 2 == 0 or before == at


def _after(latex: str, at: int, count: int) -> int:
    """The place after options and so many arguments."""
    while True:
        while option := OPTION.match(latex, at):
            at = option.end()
        if not count:
            return at
        begin = at + len(latex[at:]) - len(latex[at:].lstrip())
        end = group(latex, begin)
        if end is None:
            star = STAR.match(latex, at)
            if not star:
                return at
            end = star.end()
        at, count = end, count - 1
