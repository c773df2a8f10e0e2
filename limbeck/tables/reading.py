"""Reading: every table of a text, a file, a folder or a column, as one document each."""

import difflib
import itertools
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from limbeck.decoding import Skipped, open_text
from limbeck.errors import ConfigError, DocumentsError, NoColumn, TableError
from limbeck.readers import Row, rows_of
from limbeck.schemas import Corpus
from limbeck.schemas.tables import Format, Table
from limbeck.tables import delimited, latex, markdown, markup, pdf, sheets
from limbeck.tables.context import about
from limbeck.tables.inputs import taken_in, text_beside
from limbeck.tables.plain import prose

MOST_PARAGRAPHS = 20
"""Kept with a table; what a prompt has no room for is left out there."""
TEXTS: dict[str, Format] = {
    ".tex": "latex",
    ".ltx": "latex",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".xml": "jats",
    ".nxml": "jats",
    ".md": "markdown",
    ".markdown": "markdown",
    ".csv": "csv",
    ".tsv": "csv",
}
SHEETS = frozenset((".xlsx", ".xlsm"))
FILES = frozenset((*TEXTS, *SHEETS, ".pdf"))
COLUMNS = frozenset((".jsonl", ".ndjson", ".json", ".parquet"))
PARSERS: dict[Format, Callable[[str], Iterator[Table | TableError]]] = {
    "latex": latex.tables,
    "html": markup.tables,
    "jats": markup.tables,
    "markdown": markdown.tables,
    "csv": delimited.tables,
}
PARAGRAPHS: dict[Format, Callable[[str], list[str]]] = {
    "latex": latex.paragraphs,
    "html": markup.paragraphs,
    "jats": markup.paragraphs,
    "markdown": markdown.paragraphs,
}
LATEX = re.compile(r"\\begin\s*\{[^}]*(?:tab|array)[^}]*\}|\\(?:hline|toprule|multicolumn)\b")
HTML = re.compile(r"<(?:\w+:)?(?:table|tr|td|table-wrap)\b", re.I)
PIPES = re.compile(r"^[ \t]*\|.*\|[ \t]*\r?$|^[ \t]*:?-+:?[ \t]*\|", re.M)
SAYS = re.compile(r"[^\W\d_]{2}")
COMMAND = re.compile(r"\\[A-Za-z]+\s*\{")
LONE = re.compile(r"[\ud800-\udfff]")
"""Bytes that are no letters, which no JSON can hold."""
Keyed = tuple[str, Table]


# ---- texts -------------------------------------------------------------------------------------------------------------


def parse(text: str, format: Format | None = None, *, source: str = "", context: str = "") -> list[Table]:
    """All tables of a text.

    Args:
        text: LaTeX, HTML, JATS, Markdown or CSV; a spot is a place in it.
        format: Which; by default what it looks like.
        source: Where it is from, which the tables say.
        context: Further text about them, from which paragraphs are chosen as from the text itself.

    Raises:
        TableError: There is a table, and it is larger than limbeck reads.
        ConfigError: A package that reads the format is not installed.
    """
    found, troubles = _parsed(text, format, source, context)
    if troubles and not found:
        raise troubles[0]
    return found


def _parsed(text: str, format: Format | None, source: str, context: str) -> tuple[list[Table], list[TableError]]:
    text = LONE.sub("\ufffd", text)
    kind = format or sniffed(text)
    if kind not in PARSERS:
        raise ConfigError(f"format {kind!r} is no text; give the file itself to `limbeck.tables.reading.read`")
    found = [one for one in PARSERS[kind](text) if isinstance(one, TableError) or one.cells]
    if not found:
        return [], []
    around = [*_blocks(LONE.sub("\ufffd", context)), *PARAGRAPHS.get(kind, _no_text)(text)]
    return _told(found, around, source)


def sniffed(text: str) -> Format:
    """What a text looks like."""
    if LATEX.search(text):
        return "latex"
    if HTML.search(text):
        return "jats" if markup.is_jats(text) else "html"
    return "markdown" if PIPES.search(text) else "csv"


def _told(found: Sequence[Table | TableError], around: Sequence[str], source: str) -> tuple[list[Table], list[TableError]]:
    """Tables with their names and paragraphs; the number in a name counts those that can't be read, too."""
    tables = []
    for number, one in enumerate(found, 1):
        if isinstance(one, Table):
            chosen = [_plain(text, one.format) for text in about(one, around, MOST_PARAGRAPHS)]
            name = f"{source}#{number}" if source else ""
            tables.append(one.model_copy(update={"source": name, "paragraphs": tuple(filter(SAYS.search, chosen))}))
    return tables, [one for one in found if isinstance(one, TableError)]


def _plain(paragraph: str, format: Format) -> str:
    """A paragraph as a person reads it; beside other tables than LaTeX's, `$5` and `8%` are what they are."""
    latex = COMMAND.search(paragraph) or (format == "latex" and ("\\" in paragraph or "$" in paragraph))
    return prose(paragraph) if latex else " ".join(paragraph.split())


def _blocks(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]


def _no_text(text: str) -> list[str]:
    return []


def table_of(document_text: str) -> Table:
    """The table that a document is."""
    return Table.model_validate_json(document_text)


def as_text(table: Table) -> str:
    """A table as a document's text; `table_of` gives it back."""
    return table.model_dump_json(exclude_defaults=True)


# ---- files -------------------------------------------------------------------------------------------------------------


def read(
    source: str | Path,
    *,
    table: str | None = None,
    context: str | None = None,
    key: str | None = None,
    limit: int | None = None,
) -> Corpus:
    """Read tables, each as one document.

    Args:
        source: A `.tex`, `.html`, `.htm`, `.xhtml`, `.xml`, `.nxml`, `.md`, `.csv`, `.tsv`, `.xlsx`, `.xlsm` or `.pdf` file, with
            the files that LaTeX takes in; a folder of them; or a `.jsonl`, `.ndjson`, `.json` or `.parquet` file whose rows hold markup.
        table: The column that holds the markup; by default `table`.
        context: The column that holds text about it; by default `context`, where there is one.
        key: The column that holds the row's own id; by default the row's number.
        limit: Read no more tables than this.

    Returns:
        Places named `paper.tex#3`, or by the row's id; `skipped` says what was left out, and why.

    Raises:
        DocumentsError: There is no such file or column, or no table in it.
        ConfigError: A package that reads the format is not installed.
    """
    skipped: Skipped = Counter()
    path = Path(source)
    if not (path.is_dir() or path.is_file()):
        rows_of(source, skipped, None)  # Which knows what to say of a file that isn't there.
    in_rows = not path.is_dir() and (bool(table) or path.suffix.lower() in COLUMNS)
    found = _of_rows(path, skipped, table, context, key) if in_rows else _of_files(path, skipped)
    keyed = ((name, as_text(table), str(source)) for name, table in itertools.islice(found, limit))
    corpus = Corpus.of(keyed, str(source), skipped)
    if not corpus.places:
        because = f" ({'; '.join(skipped)})" if skipped else ""
        raise DocumentsError(f"no table in {str(source)!r}{because}; give a file with at least one")
    return corpus


def _of_files(path: Path, skipped: Skipped) -> Iterator[Keyed]:
    files, base = (_inside(path, skipped), path) if path.is_dir() else (taken_in(path), path.parent)
    beside = text_beside(files)
    for file in files:
        name = file.relative_to(base).as_posix()
        try:
            found, troubles = _of_file(file, name, skipped, beside.get(file, ""))
        except DocumentsError as error:
            found, troubles = [], [TableError(str(error))]
        for trouble in troubles:
            skipped[f"left out in {name!r} because {trouble}"] += 1
        if not found and not troubles:
            skipped["files without a table"] += 1
        yield from ((one.source, one) for one in found)


def _inside(folder: Path, skipped: Skipped) -> list[Path]:
    """A folder's files that may hold tables, in the order of their names."""
    files = sorted(Path(base, name) for base, _, names in os.walk(folder) for name in names)
    shown = [file for file in files if not any(part.startswith(".") for part in file.relative_to(folder).parts)]
    chosen = [file for file in shown if file.suffix.lower() in FILES]
    if len(chosen) < len(shown):
        skipped["files left out because they are of other kinds"] += len(shown) - len(chosen)
    there = [file for file in chosen if os.path.isfile(file)]  # Who opens a pipe waits for ever.
    if len(there) < len(chosen):
        skipped["files left out because they are pipes, devices or broken links"] += len(chosen) - len(there)
    return there


def _of_file(path: Path, name: str, skipped: Skipped, beside: str) -> tuple[list[Table], list[TableError]]:
    kind = path.suffix.lower()
    if kind in SHEETS:
        return _told(list(sheets.tables(path)), [], name)
    if kind == ".pdf":
        found, around = pdf.tables(path)
        return _told(found, around, name)
    with open_text(path, skipped, newline="") as file:
        return _parsed(file.read(), TEXTS.get(kind), name, beside)


# ---- rows --------------------------------------------------------------------------------------------------------------


def _of_rows(path: Path, skipped: Skipped, table: str | None, context: str | None, key: str | None) -> Iterator[Keyed]:
    """Tables in a column, one row's after another's."""
    rows = rows_of(path, skipped, None)
    head = list(itertools.islice(rows, 1000))
    columns = list(dict.fromkeys(name for row in head for name in row))
    named = {"table": table or "table", "context": context, "key": key}
    for option, name in named.items():
        if name is not None and name not in columns:
            raise _no_column(name, columns, path, option)
    for number, row in enumerate(itertools.chain(head, rows)):
        own = _cell(row, key) or str(number)
        found, troubles = _parsed(_cell(row, named["table"]), None, own, _cell(row, context or "context"))
        for trouble in troubles:
            skipped[f"left out in row {own!r} because {trouble}"] += 1
        if not found and not troubles:
            skipped["rows without a table"] += 1
        yield from ((own if len(found) == 1 else one.source, one) for one in found)


def _no_column(name: str, columns: list[str], path: Path, option: str) -> NoColumn:
    has = ", ".join(map(repr, columns[:20])) or "no columns"
    near = difflib.get_close_matches(name, columns, 1, cutoff=0.4) or columns or [name]
    return NoColumn(f"no column {name!r} in {str(path)!r}; it has {has}", option, near[0])


def _cell(row: Row, column: str | None) -> str:
    value: Any = row.get(column) if column else None
    return value if isinstance(value, str) else "" if value is None else str(value)
