"""TnT-LLM's guardrails (section 3.1 and appendix C.2): what an answer must keep to beyond its types.

Each check raises `GuardrailError` with a sentence that is shown to the model on the retry.
"""

import re
from typing import Any

from pydantic import BaseModel, Field

from limbeck.errors import GuardrailError

SUMMARY_WORDS = 20
NAME_WORDS, DESCRIPTION_WORDS = 10, 30
CLUSTER_NAME_WORDS = 4
LETTERS_PER_WORD = 8
SLACK = 1.5
"""A limit of 20 words is asked for, and 30 let pass: models count badly, and a few words more do no harm."""
VAGUE = frozenset(
    "other others misc miscellaneous general unknown undefined various uncategorized uncategorised none all any and "
    "category categories documents issues items stuff things topic topics".split()
)
"""A name of nothing but these says nothing."""
SCRIPTS = {
    "English": r"[A-Za-z]",
    "Russian": r"[Ѐ-ӿ]",
    "Greek": r"[Ͱ-Ͽ]",
    "Arabic": r"[؀-ۿ]",
    "Chinese": r"[一-鿿]",
    "Japanese": r"[぀-ヿ一-鿿]",
    "Korean": r"[가-힯]",
    "Hebrew": r"[֐-׿]",
}
ENGLISH = frozenset("the a an of to and in is for or with on that by as are be it from about how".split())


def letters(words: int) -> int:
    """Room for so many words: what a server that constrains is told, so that a small model can't ramble."""
    return words * LETTERS_PER_WORD


class Row(BaseModel):
    """One category as a model writes it."""

    name: str = Field(max_length=letters(NAME_WORDS))
    description: str = Field(max_length=letters(DESCRIPTION_WORDS))


def check_rows(rows: list[Row], size: int) -> None:
    """The guardrails of a table (TnT-LLM, section 3.1): size, word limits, distinct names, none of them vague.

    Raises:
        GuardrailError: One of them is broken.
    """
    if not 1 <= len(rows) <= size:
        raise GuardrailError(f"the table has {len(rows)!r} categories, it must have 1 to {size!r}; merge or add some")
    seen: dict[str, str] = {}
    for row in rows:
        name, description = plain(row.name), plain(row.description)
        if VAGUE.issuperset(name.split()):
            raise GuardrailError(f"{row.name!r} says nothing; name what its documents have in common")
        if name in seen:
            raise GuardrailError(f"{row.name!r} occurs twice; merge the two or tell them apart")
        if description in seen.values():
            raise GuardrailError(f"{row.name!r} has the description of another category; tell them apart")
        seen[name] = description
        check_words("name", row.name, NAME_WORDS)
        check_words("description", row.description, DESCRIPTION_WORDS)


def check_cluster_name(inputs: dict[str, Any], outputs: Any) -> None:
    """A cluster's name must stand on its documents: it shares a word with them and is none of the vague ones."""
    check_rows([Row(name=outputs.name, description=outputs.description)], 1)
    check_words("name", outputs.name, CLUSTER_NAME_WORDS)
    given = set(plain(inputs["documents"]).split())
    stems = {word[:5] for word in given}
    if not any(word[:5] in stems for word in plain(outputs.name).split() if len(word) > 3):
        raise GuardrailError(f"{outputs.name!r} has no word of the documents; use a keyword")


def check_words(what: str, text: str, limit: int) -> None:
    """Refuse a text that is much longer than asked for."""
    count = len(text.split())
    if count > limit * SLACK:
        raise GuardrailError(f"the {what} has {count!r} words; write at most {limit!r}")


def check_language(text: str, language: str) -> None:
    """Refuse a text in the wrong script, or a long text in Latin letters without one English word where English is due.

    Raises:
        GuardrailError: It is in another language.
    """
    letters = re.findall(r"[^\W\d_]", text)
    if language not in SCRIPTS or not letters:
        return
    fitting = sum(bool(re.match(SCRIPTS[language], letter)) for letter in letters)
    words = plain(text).split()
    foreign = language == "English" and len(words) >= 25 and not ENGLISH.intersection(words)
    if fitting < len(letters) / 2 or foreign:
        raise GuardrailError(f"the answer is not in {language!r}; write {language!r}")


def plain(text: str) -> str:
    """A text without case, punctuation and extra space."""
    return " ".join(re.findall(r"\w+", text.lower()))
