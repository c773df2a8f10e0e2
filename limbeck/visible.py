"""Texts of unknown origin on a terminal or a page: a control character in them is shown, never obeyed.

A document, a label or the message of somebody else's exception may hold `ESC ] 0 ; …` or a C1 byte; a terminal that gets
it raw renames its window, clears its screen or worse.
"""

import re
import sys
from typing import TYPE_CHECKING

from rich.markup import escape

if TYPE_CHECKING:
    from rich.console import Console

UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""C0 but tab and newline, DEL, C1; and lone surrogates, which no file can hold."""


def visible(text: str) -> str:
    """A text with `�` for each character that a terminal would obey; lines may end as on Windows."""
    return UNSHOWABLE.sub("\ufffd", text.replace("\r\n", "\n"))


def on_one_line(text: str) -> str:
    """`visible`, with one space for each run of white space."""
    return visible(" ".join(text.split()))


def in_json(line: str) -> str:
    """JSON with DEL and C1 written as JSON writes C0, which loses nothing."""
    return re.sub("[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", line)


def literal(text: str) -> str:
    """`visible`, with brackets that rich takes for text, not for markup."""
    return escape(visible(text))


def unbroken() -> "Console":
    """Standard output that breaks long lines on a terminal; into a pipe they stay as they are."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 10**6)
