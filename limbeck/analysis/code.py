"""Python in what a model says: in a fence or without one, with words around it; and the end of a traceback."""

import ast
import re
import textwrap
import warnings
from collections.abc import Iterator

from limbeck.errors import GuardrailError

THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.S | re.I)
FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w+-]*)[^\n]*\n(.*?)(?:^[ \t]*\1|\Z)", re.S | re.M)
PYTHON = ("", "python", "py", "python3")
STARTS = re.compile(r"(import |from \S+ import |#|def |class |@|print\(|with |for |if |try:|[A-Za-z_]\w*(\[.*\])? *=[^=])")
"""How a line of code begins, where nothing marks it."""
MOST_CUT = 20
"""Lines of words before and after unmarked code that are looked through."""
LONGEST = 200_000
"""Characters of an answer that are looked at."""
FRAMES = 3
"""Of a traceback, the last ones are kept."""


def code_of(answer: str) -> str:
    """The script in a model's answer.

    Raises:
        GuardrailError: There is none, or it is no Python.
    """
    answer = thoughtless(answer[:LONGEST])
    blocks = [(language.lower(), textwrap.dedent(block)) for _, language, block in FENCE.findall(answer)]
    # Of several the one that is called Python, prints, and is the longest: others are drafts, data and ways to install.
    ranked = sorted(blocks, key=lambda one: (one[0] != "", "print(" in one[1], len(one[1])), reverse=True)
    candidates = [block for language, block in ranked if language in PYTHON]
    trouble = ""
    for candidate in candidates or _unmarked(answer):
        trouble = trouble_of(candidate)
        if not trouble and candidate.strip():
            return candidate.strip("\n") + "\n"
    if trouble and candidates:
        raise GuardrailError(f"the script is no Python ({trouble}); answer with one whole script between ```python and ```")
    raise GuardrailError("there is no Python script in it; answer with one script between ```python and ```, and nothing else")


def thoughtless(answer: str) -> str:
    """An answer without what a model thought before it."""
    return THOUGHT.sub("", answer)


def trouble_of(script: str) -> str:
    """Why a script is no Python; nothing where it is."""
    try:
        with warnings.catch_warnings(action="ignore"):
            found = ast.parse(script)
    except SyntaxError as error:
        return f"{error.msg}, line {error.lineno}"
    except (ValueError, RecursionError, MemoryError) as error:
        return str(error) or "it is nested too deeply"
    return "" if any(not isinstance(one, ast.Expr) or isinstance(one.value, ast.Call) for one in found.body) else "it does nothing"


def _unmarked(answer: str) -> Iterator[str]:
    """What may be code where nothing marks it: from a line that looks like it, to the end or to some line before."""
    lines = answer.splitlines()
    starts = [at for at, line in enumerate(lines) if STARTS.match(line)][:MOST_CUT]
    for first in starts:
        for last in range(len(lines), max(first, len(lines) - MOST_CUT), -1):
            yield "\n".join(lines[first:last])


def traceback_of(errors: str, most: int = 2000) -> str:
    """The end of a traceback, which says most: the last frames and the error.

    Args:
        errors: What a script wrote to stderr.
        most: Characters.
    """
    last = errors.rfind("Traceback (most recent call last):")
    lines = errors[max(last, 0) :].strip().splitlines()
    frames = [at for at, line in enumerate(lines) if line.startswith("  File ")]
    kept = lines[:1] + lines[frames[-FRAMES] :] if last >= 0 and len(frames) > FRAMES else lines
    return "\n".join(kept)[-most:]
