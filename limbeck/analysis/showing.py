"""What a prompt shows: files with what is known of them, a plan, a result; each cut to the room that there is."""

from collections.abc import Sequence

from limbeck.schemas.analysis import Description, Tried

LETTERS_PER_TOKEN = 2.0
"""At least, of code, numbers and column names: small models have a token for each digit."""
OUTPUT, LEAST = 6000, 400
"""Characters of a script's output that a model is shown at most, and that it is shown however little room there is."""
REJECTED = 2000
"""Characters of rejected steps, the last of them."""
LONGEST = 4000
"""Characters of what is known of a file that a model is shown at most."""
NAMED = 120
"""Characters of it that are shown of a file for which there is no room."""


def cut(text: str, most: int) -> str:
    """A text, its middle left out where it is long."""
    if len(text) <= most:
        return text
    half = max(0, most // 2 - 20)
    return f"{text[:half]}\n[… {len(text) - 2 * half:,} characters left out …]\n{text[len(text) - half :]}"


def files(descriptions: Sequence[Description], room: int) -> str:
    """Files and what is known of them, the most important first; where room ends, names and first words alone.

    Args:
        descriptions: The most important first.
        room: Characters.
    """
    shown: list[str] = []
    for one in descriptions:
        whole = f"### data/{one.path}\n{cut(one.text.strip(), LONGEST)}"
        short = f"### data/{one.path}\n{' '.join(one.text.split())[:NAMED]}"
        part = next((each for each in (whole, short) if len(each) <= room), "")
        if not part:
            break
        shown.append(part)
        room -= len(part) + 2
    left = len(descriptions) - len(shown)
    return "\n\n".join([*shown, *([f"[{left:,} more files, for which there is no room]"] if left else [])])


def plan(steps: Sequence[str]) -> str:
    """Numbered steps."""
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1)) or "(none yet)"


def fenced(script: str) -> str:
    """A script as models write them."""
    return f"```python\n{script.strip()}\n```"


def tried(one: Tried, room: int) -> tuple[str, str]:
    """A script and its result; where room is short the result is cut first, and then the script, each in its middle.

    Args:
        one: Both.
        room: Characters.
    """
    output = cut(one.ran.output, max(LEAST, min(OUTPUT, room - len(one.script))))
    return section("Script", fenced(cut(one.script, max(LEAST, room - len(output))))), section("Result", output)


def section(title: str, body: str) -> str:
    """One part of a prompt."""
    return f"### {title}\n{body}"


def rejected(refused: Sequence[tuple[str, str]]) -> str:
    """Steps that were taken back, and why, so that nobody proposes them again."""
    lines = [f"- {step} ({reason})" if reason else f"- {step}" for step, reason in refused]
    while len(lines) > 1 and sum(map(len, lines)) > REJECTED:
        del lines[0]
    return "\n".join(lines)
