"""Readable names for clusters, without a language model.

A name is a phrase that people in fact wrote. Of all runs of one to four words in a cluster's central texts, the one is
taken whose embedding lies closest to those texts and closer to them than to any other cluster's; phrases written often
gain, words written once lose. Where one phrase says too little of a broad cluster, the phrase that adds most is joined.

`readable_names` of ten clusters of an assistant's queries gives "Shopping list", "Flip a coin", "Uber and reservation".
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from limbeck.schemas import OTHER

Matrix = npt.NDArray[np.float32]
Encode = Callable[[Sequence[str]], Matrix]

LONGEST_NAME = 4
TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
SENTENCE = re.compile(r"[.!?;:,()\[\]\"\n]+")
FILLER = frozenset(
    """a about am an and any are as at be been by can can't could couldn't did didn't do does doesn't don't for from
    get give go got had has have having he her him his how how's i i'd i'll i'm i've if in into is isn't it it's its
    just kind let like look make may me mine much must my need of on one or our out over own please put say see she
    should show so some such take tell than thank thanks that that's the their them then there there's these
    they this those thing things to told too until up us use using very want wanted was way we well went were weren't
    what what's when where where's which while who whom why will wish with won't would you you'd you're your
    yours""".split()
)
"""English words that no name begins or ends with. Other languages are served by their own distinctive words."""
TRIED = 30
"""Phrases of a cluster whose embeddings are looked at."""
SHARPNESS = 0.05
"""Temperature of the softmax over clusters that says whose a phrase is."""
APART, OFTEN, RARE, COMMON = 0.05, 0.04, 0.06, 0.05
"""What setting apart, being written often, each word written but once, and each end that is a word of nearly every
cluster ("return" in docstrings) weigh, against a cosine similarity."""
NEARLY_EVERY = 0.8
FEW = 4
"""Texts among which a word that is written but once tells nothing."""
ONE_WORD, FOUR_WORDS = 0.06, 0.03
"""What one lone word and a long phrase lose: two or three words read best."""
LONGEST_EXAMPLE = 80
"""Characters of a text that a description quotes."""
BROAD, ADDS = 0.5, 0.06
"""Below this mean similarity a name says too little, and a second phrase is joined if it raises it by so much."""


def readable_names(
    words: Sequence[Sequence[str]], central_texts: Sequence[Sequence[str]], embeddings: Sequence[Matrix], encode: Encode
) -> list[str]:
    """Name clusters, each differently.

    Args:
        words: For each cluster its distinctive words and word pairs, the best first.
        central_texts: For each cluster its most central texts.
        embeddings: For each cluster its central texts' embeddings, float32 [texts, d] with rows of length 1.
        encode: Embeds phrases in the same space.

    Returns:
        For each cluster a name of one to five words; no two hold the same words, and none is the reserved `Other`.
        Where a cluster's texts hold no word that is left, it is `Group` and its number, from 1.
    """
    found = [_phrases_of(*one) for one in zip(words, central_texts, strict=True)]
    taken, names = {_key(OTHER)}, []
    for number, ranked in enumerate(_rankings(found, embeddings, encode), start=1):
        candidates = (*ranked, *(_cased(word) for word in words[number - 1]), f"Group {number}")
        name = next(name for name in candidates if _key(name) not in taken)
        taken.add(_key(name))
        names.append(name)
    return names


@dataclass(frozen=True)
class Phrases:
    """A cluster's phrases, and how often they and their words are written."""

    keys: tuple[str, ...]
    """In small letters, the most promising first."""
    written: dict[str, Counter[str]]
    """The ways in which a phrase is written, each with the texts that write it so."""
    texts_with: Counter[str]
    """In how many texts a word is written."""
    texts: int


def _phrases_of(words: Sequence[str], texts: Sequence[str]) -> Phrases:
    weight = {word.casefold(): 1 / math.log2(rank + 2) for rank, word in enumerate(words)}
    written: dict[str, Counter[str]] = {}
    texts_with: Counter[str] = Counter()
    for text in texts:
        said = {(phrase.casefold(), phrase) for phrase in _runs(text)}
        for key, phrase in said:
            written.setdefault(key, Counter())[phrase] += 1
        texts_with.update({word for key, _ in said for word in key.split()})
    promise = {key: _promise(key.split(), weight) * math.log2(1 + written[key].total()) for key in written}
    best = sorted(written, key=lambda key: (-promise[key], key))[:TRIED]
    return Phrases(tuple(best), written, texts_with, len(texts))


def _runs(text: str) -> Iterator[str]:
    """Runs of one to four words within a sentence that neither begin nor end with a filler word or a number."""
    for sentence in SENTENCE.split(text):
        tokens = TOKEN.findall(sentence)
        for start in range(len(tokens)):
            for end in range(start + 1, min(start + LONGEST_NAME, len(tokens)) + 1):
                ends = {tokens[start].casefold(), tokens[end - 1].casefold()}
                if not ends & FILLER and not any(word.isdigit() for word in ends):
                    yield " ".join(tokens[start:end])


def _promise(tokens: list[str], weight: dict[str, float]) -> float:
    """How distinctive a phrase's words and word pairs are."""
    pairs = {" ".join(pair) for pair in zip(tokens, tokens[1:], strict=False)}
    return 0.1 + sum(weight.get(term, 0.0) for term in {*tokens, *pairs})


def _rankings(found: list[Phrases], embeddings: Sequence[Matrix], encode: Encode) -> Iterator[list[str]]:
    """Each cluster's names, the best first."""
    clusters_with = Counter(word for one in found for word in one.texts_with)
    common = {word for word, clusters in clusters_with.items() if clusters >= max(4, NEARLY_EVERY * len(found))}
    phrases = sorted({key for one in found for key in one.keys})
    vectors = dict(zip(phrases, encode(phrases), strict=True)) if phrases else {}
    centres = [_direction(rows.mean(axis=0)) for rows in embeddings]
    for cluster, (one, rows) in enumerate(zip(found, embeddings, strict=True)):
        if not one.keys:
            yield []
            continue
        own = np.stack([vectors[key] for key in one.keys])
        yield _ranked(one, own @ rows.T, _merits(one, own @ np.stack(centres, axis=1), cluster, common))


def _ranked(phrases: Phrases, near: Matrix, merits: Matrix) -> list[str]:
    """A cluster's names, the best first, and before them the best joined with the phrase that adds most to it.

    `near` holds the phrases' similarities to the cluster's texts [phrases, texts].
    """
    worth = near.mean(axis=1) + merits
    order = sorted(range(len(worth)), key=lambda place: -worth[place])
    names = [_as_written(phrases, place) for place in order]
    first = order[0]
    if near[first].mean() >= BROAD:
        return names
    adds = np.maximum(near, near[first]).mean(axis=1) - near[first].mean()
    rest = [place for place in order[1:] if _joinable(phrases.keys[first], phrases.keys[place])]
    second = max(rest, key=lambda place: adds[place] + worth[place] / 2, default=first)
    return [f"{names[0]} and {_as_written(phrases, second, cased=False)}", *names] if adds[second] >= ADDS else names


def _merits(phrases: Phrases, to_clusters: Matrix, cluster: int, common: set[str]) -> Matrix:
    """What speaks for each phrase beside its being close: whose it is, how often it is written, how it reads."""
    scaled = to_clusters / SHARPNESS
    share = np.exp(scaled[:, cluster] - np.logaddexp.reduce(scaled, axis=1))
    often = np.array([phrases.written[key].total() for key in phrases.keys])
    length = np.array([len(key.split()) for key in phrases.keys])
    once = {word for word, texts in phrases.texts_with.items() if texts == 1 and phrases.texts > FEW} - FILLER
    rare = np.array([min(2, len(once & set(key.split()))) for key in phrases.keys])
    ends = np.array([len(common & {key.split()[0], key.split()[-1]}) for key in phrases.keys])
    merits = APART * np.log(share + 1e-3) + OFTEN * np.log2(1 + often) - RARE * rare - COMMON * ends
    return np.asarray(merits - ONE_WORD * (length == 1) - FOUR_WORDS * (length == LONGEST_NAME), dtype=np.float32)


def _joinable(first: str, second: str) -> bool:
    """Whether two phrases share no word and make a short name together."""
    a, b = first.split(), second.split()
    return not set(a) & set(b) and len(b) <= 2 and len(a) + len(b) < LONGEST_NAME + 1


def _as_written(phrases: Phrases, place: int, cased: bool = True) -> str:
    ways = phrases.written[phrases.keys[place]]
    phrase = max(sorted(ways), key=lambda way: ways[way])
    return _cased(phrase) if cased else phrase


def _cased(phrase: str) -> str:
    return phrase[:1].upper() + phrase[1:]


def _direction(vector: Matrix) -> Matrix:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), dtype=np.float32)


def _key(name: str) -> frozenset[str]:
    """Two names with the same words, in whatever order and case, are the same to a reader."""
    return frozenset(name.casefold().split())


def descriptions(words: Sequence[Sequence[str]], central_texts: Sequence[Sequence[str]]) -> list[str]:
    """One line for each cluster: its distinctive words, and its most central text as an example."""
    return [_description(*one) for one in zip(words, central_texts, strict=True)]


def _description(words: Sequence[str], texts: Sequence[str]) -> str:
    said = f"Documents about {', '.join(words[:5])}" if words else "Documents"
    example = " ".join(texts[0].split()) if texts else ""
    shown = example if len(example) <= LONGEST_EXAMPLE else example[: LONGEST_EXAMPLE - 1].rsplit(" ", 1)[0] + "…"
    return f"{said}, such as “{shown}”." if shown else f"{said}." if words else ""
