"""How sure a tagger is: thresholds and probabilities, fitted to what teachers found in documents that it has not seen.

Probabilities are those of Platt (1999), a line in log-odds, drawn towards the network's own.
"""

import dataclasses
from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np

from limbeck.fields.normalising import same
from limbeck.schemas.fields import Field, FieldSet, Found
from limbeck.students.page_lessons import PageLesson
from limbeck.students.tagger_decoding import LONG, Chance, Reading, Run
from limbeck.students.tagger_tags import ABSENT, Floats, parts, taught

PRIOR = 3.0
"""How firmly a line is drawn towards slope 1 and start 0, as a precision of each."""
STEPS = 30
FEWEST = 5
"""Documents that tell a threshold."""
REACHES = (0.0, 1.0, 2.0, 3.0)
TRIED = np.arange(-10.0, 3.01, 0.25)
"""Thresholds."""

Case = tuple[list[Run], list[str]]
"""What may be a field's value in a document, and what the teachers found."""


def fitted(held: Sequence[PageLesson], outputs: Sequence[Floats], fields: FieldSet) -> list[Chance]:
    """The chances of each tag.

    Args:
        held: Lessons that were not learnt from.
        outputs: Of each [words, tags].
        fields: What is wanted.
    """
    readings = [Reading(one.pages, fields.day_first) for one in held]
    every: list[Chance] = []
    for field, part in parts(fields):
        if field.kind == "list":
            every.extend(_words(held, outputs, fields, at) for at in range(part.start, part.stop))
            continue
        known = [at for at, one in enumerate(held) if field.name not in one.unknown]
        given = [(readings[at], outputs[at][:, part], values(held[at], field)) for at in known]
        every.extend([_values(field, given), Chance()])
    return every


def values(lesson: PageLesson, field: Field) -> list[str]:
    """What the teachers found of a field."""
    return [one.value for one in lesson.findings.get(field.name, []) if isinstance(one, Found)]


def kept(runs: Sequence[Run], field: Field, chance: Chance) -> list[Run]:
    """Those that are likely enough, one but for a field with `several`; where two share words, the better one."""
    left: list[Run] = []
    for one in runs:
        if one.odds >= chance.least and not any(set(one.words) & set(other.words) for other in left):
            left.append(one)
    return left if field.several else left[:1]


def _values(field: Field, given: Sequence[tuple[Reading, Floats, list[str]]]) -> Chance:
    if len(given) < FEWEST:
        return Chance()
    tried: list[tuple[float, float, float, list[Case]]] = []
    for reach in REACHES if field.kind in LONG else (0.0,):
        cases = [(reading.candidates(field, odds[:, 0], odds[:, 1], reach=reach), told) for reading, odds, told in given]
        # The lowest of equals: a value that is unsure says so, and one that is not there says nothing.
        tried.extend((round(_agreement(field, cases, least), 6), -reach, -least, cases) for least in TRIED.tolist())
    _, reach, least, cases = max(tried, key=lambda one: one[:3])
    tops = [(runs[0].odds, float(any(same(runs[0].value, one, field) for one in told))) for runs, told in cases if runs]
    return dataclasses.replace(_line(np.asarray(tops, float).reshape(-1, 2), -least), reach=-reach)


def _agreement(field: Field, cases: Sequence[Case], least: float) -> float:
    """The mean F1 of the values that are kept by a threshold; of a document without any on both sides 1."""
    scores, weights = [], []
    for runs, told in cases:
        left = kept(runs, field, Chance(least=least))
        right = sum(max((_alike(field, run.value, one) for one in told), default=0.0) for run in left)
        scores.append(2 * min(right, len(told)) / (len(left) + len(told)) if left or told else 1.0)
        weights.append(1.0 if told else ABSENT)
    return float(np.average(scores, weights=weights))


def _alike(field: Field, one: str, other: str) -> float:
    """How nearly two values are the same, in [0, 1]: of texts the share of letters that they have in common."""
    if field.kind not in LONG or same(one, other, field):
        return float(same(one, other, field))
    return SequenceMatcher(None, one.casefold(), other.casefold(), autojunk=False).ratio()


def _words(held: Sequence[PageLesson], outputs: Sequence[Floats], fields: FieldSet, column: int) -> Chance:
    """Of a tag of list fields, by words: the threshold with the best F1."""
    told = [taught(one, fields) for one in held]
    known = [counts[:, column] > 0 for _, counts in told]
    odds = np.concatenate([[], *(one[there, column] for one, there in zip(outputs, known, strict=True))])
    wanted = np.concatenate([[], *(one[there, column] for (one, _), there in zip(told, known, strict=True))])
    if not wanted.any() or len(held) < FEWEST:
        return Chance()

    def f1(least: float) -> float:
        said = odds >= least
        return 2 * float(wanted[said].sum()) / float(said.sum() + wanted.sum())

    return _line(np.stack([odds, wanted], axis=1), max(TRIED.tolist(), key=lambda one: (round(f1(one), 6), -abs(one))))


def _line(points: Floats, least: float) -> Chance:
    """The likeliest line from log-odds to log-odds, by Newton's method.

    Args:
        points: [n, 2]: log-odds, and whether it was right.
        least: The threshold.
    """
    start = np.asarray([1.0, 0.0])
    line, given = start.copy(), np.stack([points[:, 0], np.ones(len(points))], axis=1)
    for _ in range(STEPS):
        likely = 1 / (1 + np.exp(-np.clip(given @ line, -30, 30)))
        slope = given.T @ (likely - points[:, 1]) + PRIOR * (line - start)
        bend = (given * (likely * (1 - likely))[:, None]).T @ given + PRIOR * np.eye(2)
        line = line - np.clip(np.linalg.solve(bend, slope), -1.0, 1.0)
    return Chance(max(float(line[0]), 0.05), float(line[1]), least)
