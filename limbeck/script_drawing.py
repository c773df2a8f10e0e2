"""Scripts that a model wrote and what they printed, on a terminal or a page: line by line, cut, never obeyed.

Beyond what `visible` does, characters that turn the direction of writing are written out: a script that is read and then
run by a person must be what it looks like ("Trojan Source", Boucher and Anderson 2021).
"""

import html
import re
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.syntax import Syntax
from rich.text import Text

from limbeck.analysis.showing import cut
from limbeck.visible import visible

LONGEST_SHOWN = 6_000
"""Characters of a script or an output on a page."""
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
STYLE = """
.listing { font: .8125rem/1.5 ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace; margin: .35rem 0 .75rem; padding: .6rem .8rem;
  overflow: auto; max-height: 32rem; background: var(--wash); border-radius: 4px; white-space: pre-wrap; tab-size: 4; }
.script { border-inline-start: 3px solid var(--line); background: none; border-radius: 0; }
.error { border-inline-start: 3px dashed var(--accent); border-radius: 0; }
@media print { .listing { max-height: none; overflow: visible; } }
"""


def in_lines(text: str) -> str:
    r"""`visible`, with each character that turns the direction of writing as Python writes it, such as `\u202e`."""
    return TURNING.sub(lambda found: f"\\u{ord(found[0]):04x}", visible(text))


def last_line(text: str) -> str:
    """The last line that says something, such as the exception of a traceback."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def block(text: str, kind: str, longest: int = LONGEST_SHOWN) -> str:
    """A text as HTML that keeps its lines; nothing where it is empty. `kind` is a class: `script`, `output` or `error`."""
    if not text.strip():
        return ""
    return f'<pre class="listing {kind}" dir="{"ltr" if kind == "script" else "auto"}">{html.escape(in_lines(cut(text.strip(chr(10)), longest)))}</pre>'


def folded(title: str, inside: str) -> str:
    """HTML that unfolds under a title of HTML; nothing where there is none."""
    return f"<details><summary>{title}</summary>{inside}</details>" if inside else ""


@dataclass(frozen=True)
class Script:
    """A script as rich shows it: in a terminal's own colours, and as plain lines to a file or another program."""

    text: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it."""
        shown = in_lines(self.text.strip("\n"))
        if options.is_terminal:
            yield Syntax(shown, "python", theme="ansi_light", background_color="default", word_wrap=True)
        else:
            yield Text(shown, overflow="fold")
