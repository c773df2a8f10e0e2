"""Context: the paragraphs that say most about a table, by BM25 (`bm25s`) over its caption, headers and rows' names."""

import functools
import re
from collections.abc import Sequence
from typing import Any

from limbeck.schemas.tables import Table

WORD = re.compile(r"[^\W_]+")
LABEL = re.compile(r"\\label\s*\{([^}]*)\}|\bid\s*=\s*[\"']([^\"']+)[\"']")
NUMBERED = re.compile(r"\b(?:Tab(?:le|\.)?)\s*~?\s*(\d+|[IVX]+)\b", re.I)
MENTION = 1000.0
"""Added to the score of a paragraph that names the table, which no words outweigh."""


def about(table: Table, paragraphs: Sequence[str], most: int) -> tuple[str, ...]:
    """Choose paragraphs.

    Args:
        table: With its caption and headers.
        paragraphs: As they stand in the file, LaTeX's references included.
        most: How many at most.

    Returns:
        Those that share words with the table or name it, what says most about it last.
    """
    distinct = tuple(dict.fromkeys(one for one in paragraphs if one.strip()))
    if not distinct or not most:
        return ()
    index, known = _indexed(distinct)
    asked = [known[word] for word in _words_of(table) if word in known]
    scores = index.get_scores_from_ids(asked).tolist() if asked else [0.0] * len(distinct)
    named = _names(table)
    scores = [score + MENTION * bool(named and named.search(text)) for score, text in zip(scores, distinct, strict=True)]
    best = sorted((at for at, score in enumerate(scores) if score > 0), key=lambda at: (scores[at], -at))[-most:]
    return tuple(distinct[at] for at in best)


@functools.lru_cache(1)
def _indexed(paragraphs: tuple[str, ...]) -> tuple[Any, dict[str, int]]:
    """The index and the numbers of its words, made once for all tables of a file."""
    from bm25s import BM25  # Here, as it takes a second to load, and files without text do without.

    known: dict[str, int] = {"": 0}
    ids = [[known.setdefault(word, len(known)) for word in _words(text)] or [0] for text in paragraphs]
    index = BM25()
    index.index((ids, known), create_empty_token=False, show_progress=False)
    return index, known


def _words_of(table: Table) -> list[str]:
    """The words of a table's caption, headers and notes, each once."""
    texts = [table.caption, *(cell.text for cell in table.cells if cell.header)]
    return list(dict.fromkeys(word for text in texts for word in _words(text) if not word.isdigit()))


def _words(text: str) -> list[str]:
    return [word.lower() for word in WORD.findall(text)]


def _names(table: Table) -> re.Pattern[str] | None:
    """What text writes that means this table: a reference to its label, or its number."""
    labels = [re.escape(one or other) for one, other in LABEL.findall(table.markup) if one or other]
    found = NUMBERED.match(table.caption)
    forms = [rf"[{{,\"'#]\s*(?:{'|'.join(labels)})\s*[}},\"']"] if labels else []
    forms += [rf"\bTab(?:le|\.)?\s*~?\s*{found[1]}(?!\w)"] if found else []
    return re.compile("|".join(forms), re.I) if forms else None
