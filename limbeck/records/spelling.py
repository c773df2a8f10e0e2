"""Spelling that means nothing: letters that look alike, and case."""

SAME = str.maketrans({"−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "µ": "μ", "’": "'", "“": '"', "”": '"', "\xa0": " "})
"""Letters that look alike; each of one character, so that places stay."""


def folded(text: str) -> str:
    """A text in which spelling that means nothing is gone, and every character is where it was."""
    plain = text.translate(SAME)
    lower = plain.lower()
    return lower if len(lower) == len(plain) else "".join(one.lower() if len(one.lower()) == 1 else one for one in plain)
