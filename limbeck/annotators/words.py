"""A label's own words vote for it: what a label is called is often what a text says.

The rarer a word is among the texts, the more it tells (Spärck Jones 1972): a label's score is the weight of the rarest of
its words that a text has, as a share of the weight of its rarest word. The endings that English puts to words don't
matter. Where a script puts no space between words, it abstains.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import regex  # type: ignore[import-untyped]

from limbeck.annotators.ballots import Ballots
from limbeck.annotators.patterns import LETTER

WORD = regex.compile(rf"{LETTER}+")
ENDINGS = ("ings", "ing", "ed", "es", "s", "e")
SHORTEST = 3
"""Letters that must be left of a word without its ending, and in a label's word that counts."""
LEAST_SCORE = 0.5
"""A label votes for a text from this score on."""


def word_ballots(texts: Sequence[str], labels: Sequence[str]) -> Ballots:
    """Let the labels' own words vote on each text; `words` is the annotator. It abstains where none is found.

    Args:
        texts: n texts.
        labels: k names, identifiers such as `card_arrival` included.
    """
    found = [stems(text) for text in texts]
    counts = Counter(word for one in found for word in one)
    names = [{word for word in stems(label) if len(word) >= SHORTEST} for label in labels]
    weight = {word: float(np.log((len(texts) + 1) / (counts[word] + 1))) for name in names for word in name}
    heaviest = [max((weight[word] for word in name), default=0.0) for name in names]
    shares = np.zeros((len(texts), len(labels)), dtype=np.float32)
    for column, name in enumerate(names):
        if heaviest[column] > 0:
            shares[:, column] = [max((weight[word] for word in name & one), default=0.0) for one in found]
            shares[:, column] /= heaviest[column]
    shares[shares < LEAST_SCORE] = 0
    return Ballots.of_shares("words", shares, labels)


def stems(text: str) -> set[str]:
    """The words of a text, folded, without their endings."""
    return {stem(word.casefold()) for word in WORD.findall(text.replace("_", " "))}


def stem(word: str) -> str:
    """A folded word without the ending that English puts to it."""
    return next((word[: -len(end)] for end in ENDINGS if word.endswith(end) and len(word) - len(end) >= SHORTEST), word)
