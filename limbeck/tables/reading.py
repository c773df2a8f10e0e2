"""Reading: every table of a text, a file, a folder or a column, as one document each."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from limbeck.decoding import Skipped, open_text
from limbeck.errors import ConfigError, DocumentsError
from limbeck.readers import rows_of
from limbeck.schemas import Corpus, Document, Place
from limbeck.schemas.tables import Format, Table
from limbeck.tables import delimited, latex, markdown, markup
from limbeck.tables.context import about
from limbeck.tables.plain import plain

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
COLUMNS = frozenset((".jsonl", ".ndjson", ".json", ".parquet"))
PARSERS: dict[Format, Callable[[str], Iterator[Table]]] = {
    "latex": latex.tables,
    "html": markup.tables,
    "jats": markup.tables,
    "markdown": markdown.tables,
    "csv": delimited.tables,
}


def parse(text: str, format: Format | None = None, *, source: str = "", context: str = "") -> list[Table]:
    """All tables of a text.

    Args:
        text: LaTeX, HTML, JATS, Markdown or CSV; a spot is a place in it.
        format: Which; by default what it looks like.
        source: Where it is from, which the tables say.
        context: Further text about them, from which paragraphs are chosen as from the text itself.

    Raises:
        TableError: A table is larger than limbeck reads.
        ConfigError: A package that reads the format is not installed.
    """
    kind = format or sniffed(text)
    if kind not in PARSERS:
        raise ConfigError(f"format {kind!r} is no text; give the file itself to limbeck.tables.reading.read")
    found = list(PARSERS[kind](text))
    around = [*_blocks(context), *_paragraphs(text, kind)] if found else []
    return [_with_text(table, around, source, number, len(found)) for number, table in enumerate(found, 1)]


def sniffed(text: str) -> Format:
    """What a text looks like."""
    if re.search(r"\\begin\s*\{[^}]*(?:tab|array)[^}]*\}|\\(?:hline|toprule|multicolumn)\b", text):
        return "latex"
    if re.search(r"<(?:\w+:)?(?:table|tr|td|table-wrap)\b", text, re.I):
        return "jats" if markup.is_jats(text) else "html"
    if re.search(r"^[ \t]*\|.*\|[ \t]*$|^[ \t:|-]*-\|-[ \t:|-]*$|^[ \t]*:?-+:?[ \t]*\|", text, re.M):
        return "markdown"
    return "csv"


def _with_text(table: Table, around: Sequence[str], source: str, number: int, count: int) -> Table:
    chosen = about(table, around, MOST_PARAGRAPHS)
    name = f"{source}#{number}" if source else ""
    return table.model_copy(update={"source": name, "paragraphs": tuple(filter(None, map(plain_text, chosen)))})


def plain_text(paragraph: str) -> str:
    """A paragraph as a person reads it; LaTeX is known by its commands."""
    return plain(paragraph) if "\\" in paragraph or "$" in paragraph else " ".join(paragraph.split())


def _blocks(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]


def _paragraphs(text: str, kind: Format) -> list[str]:
    if kind == "latex":
        return latex.paragraphs(text)
    if kind in ("html", "jats"):
        return markup.paragraphs(text)
    return markdown.paragraphs(text) if kind == "markdown" else []


# ---- files -------------------------------------------------------------------------------------------------------------


def table_of(document_text: str) -> Table:
    """The table that a document is."""
    return Table.model_validate_json(document_text)


def as_text(table: Table) -> str:
    """A table as a document's text; `table_of` gives it back."""
    return table.model_dump_json(exclude_defaults=True)


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
        source: A `.tex`, `.html`, `.htm`, `.xhtml`, `.xml`, `.nxml`, `.md`, `.csv`, `.tsv`, `.xlsx` or `.pdf` file; a
            folder of them; or a `.jsonl`, `.ndjson`, `.json` or `.parquet` file whose rows hold markup.
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
    found = _keyed(Path(source), skipped, table, context, key)
    documents: dict[str, Document] = {}
    places: list[Place] = []
    seen: Counter[str] = Counter()
    for own, one in found:
        document = Document.of(as_text(one))
        documents.setdefault(document.id, document)
        seen[own] += 1
        own = own if seen[own] == 1 else f"{own}#{seen[own]}"
        places.append(Place(position=len(places), key=own, document=document.id, source=str(source)))
        if len(places) == limit:
            break
    sentences = tuple(f"{source}: {what}: {count}" for what, count in skipped.items())
    if not places:
        because = f" ({'; '.join(skipped)})" if skipped else ""
        raise DocumentsError(f"no table in {str(source)!r}{because}; give a file with at least one")
    return Corpus(documents=tuple(documents.values()), places=tuple(places), skipped=sentences)


def _keyed(
    path: Path, skipped: Skipped, table: str | None, context: str | None, key: str | None
) -> Iterator[tuple[str, Table]]:
    """Tables with their keys."""
    if path.suffix.lower() in COLUMNS or table:
        yield from _of_rows(path, skipped, table or "table", context, key)
        return
    for file in [path]:
        for one in _of_file(file, file.name, skipped):
            yield one.source, one


def _of_rows(
    path: Path, skipped: Skipped, table: str, context: str | None, key: str | None
) -> Iterator[tuple[str, Table]]:
    for number, row in enumerate(rows_of(path, skipped, None)):
        name = str(row.get(key, number) if key else number)
        found = parse(str(row.get(table) or ""), source=name, context=str(row.get(context or "context") or ""))
        for one in found:
            yield (name if len(found) == 1 else one.source), one


def _of_file(path: Path, name: str, skipped: Skipped) -> list[Table]:
    with open_text(path, skipped, newline="") as file:
        return parse(file.read(), TEXTS.get(path.suffix.lower()), source=name)
