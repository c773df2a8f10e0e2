"""Readable names for clusters, without a language model.

A name is a phrase that people in fact wrote: of all runs of one to four words in a cluster's central texts, the one that
holds most of the cluster's distinctive words and is written most often there. `readable_names` keeps names distinct.

`readable_name(["card application", "apply"], ["i want a credit card application", …])` is `"Credit card application"`.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from limbeck.schemas import OTHER

LONGEST_NAME = 4
TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
SENTENCE = re.compile(r"[.!?;:,()\[\]\"\n]+")
FILLER = frozenset(
    """a about am an and any are as at be been by can can't could couldn't did didn't do does doesn't don't for from
    get give go got had has have having he her him his how how's i i'd i'll i'm i've if in into is isn't it it's its
    just kind let like look make may me mine much must my need of on one or our out over own please put say see she
    should show so some such take tell than thank thanks that that's the their them then there there's these they
    this those thing things to told too until up us use using very want wanted was way we well went were weren't
    what what's when where where's which while who whom why will wish with won't would you you'd you're your
    yours""".split()
)
"""English words that no name begins or ends with. Other languages are served by the distinctive words alone."""
COST_OF_OTHER_WORD = 0.15
"""Taken off for each word of a phrase that sets nothing apart, against 1 for the most distinctive word."""


def readable_names(words: Sequence[Sequence[str]], central_texts: Sequence[Sequence[str]]) -> list[str]:
    """Name clusters, each differently.

    Args:
        words: For each cluster its distinctive words and word pairs, the best first.
        central_texts: For each cluster its most central texts.

    Returns:
        For each cluster a name of one to four words; no two hold the same words, and none is the reserved `Other`.
        Where a cluster's texts hold no word that is left, it is `Group` and its number, from 1.
    """
    taken = {_key(OTHER)}
    names = []
    for number, (distinctive, texts) in enumerate(zip(words, central_texts, strict=True), start=1):
        candidates = (*_ranked(distinctive, texts), *(_cased(word) for word in distinctive), f"Group {number}")
        name = next(name for name in candidates if _key(name) not in taken)
        taken.add(_key(name))
        names.append(name)
    return names


def readable_name(words: Sequence[str], central_texts: Sequence[str]) -> str:
    """Name one cluster from its distinctive words and its most central texts; see `readable_names`."""
    return readable_names([words], [central_texts])[0]


def _ranked(words: Sequence[str], texts: Sequence[str]) -> list[str]:
    """Every phrase of the texts that holds a distinctive word, the best name first."""
    weight = {word.casefold(): 1 / math.log2(rank + 2) for rank, word in enumerate(words)}
    written: dict[str, Counter[str]] = {}
    for text in texts:
        for key, phrase in {(phrase.casefold(), phrase) for phrase in _phrases(text)}:
            written.setdefault(key, Counter())[phrase] += 1
    scores = {key: _score(key.split(), weight, written[key].total()) for key in written}
    best = sorted((key for key in scores if scores[key] > 0), key=lambda key: (-scores[key], key))
    return [_cased(max(sorted(written[key]), key=lambda phrase: written[key][phrase])) for key in best]


def _phrases(text: str) -> Iterator[str]:
    """Runs of one to four words within a sentence that neither begin nor end with a filler word."""
    for sentence in SENTENCE.split(text):
        tokens = TOKEN.findall(sentence)
        for start in range(len(tokens)):
            for end in range(start + 1, min(start + LONGEST_NAME, len(tokens)) + 1):
                if not ({tokens[start].casefold(), tokens[end - 1].casefold()} & FILLER):
                    yield " ".join(tokens[start:end])


def _score(tokens: list[str], weight: dict[str, float], texts: int) -> float:
    """How much a phrase says of the cluster, times how often it is written (on a logarithmic scale)."""
    pairs = {" ".join(pair) for pair in zip(tokens, tokens[1:], strict=False)}
    says = sum(weight.get(term, 0.0) for term in {*tokens, *pairs})
    other = sum(token not in weight for token in tokens)
    return (says - COST_OF_OTHER_WORD * other) * math.log2(1 + texts)


def _cased(phrase: str) -> str:
    return phrase[:1].upper() + phrase[1:]


def _key(name: str) -> frozenset[str]:
    """Two names with the same words, in whatever order and case, are the same to a reader."""
    return frozenset(name.casefold().split())


def descriptions(
    words: Sequence[Sequence[str]], central_texts: Sequence[Sequence[str]], names: Sequence[str]
) -> list[str]:
    """One line for each cluster: its distinctive words."""
    return ["Documents about " + ", ".join(one[:5]) + "." if one else "" for one in words]
