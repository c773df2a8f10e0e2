"""How sure a tagger is: thresholds and probabilities, fitted to what teachers found in documents that it has not seen.

Probabilities are those of Platt (1999), a line in log-odds, drawn towards the network's own.
"""

from collections.abc import Sequence

import numpy as np

from limbeck.fields.normalising import same
from limbeck.schemas.fields import Field, FieldSet, Found
from limbeck.students.page_lessons import PageLesson
from limbeck.students.tagger_decoding import Chance, Reading, Run
from limbeck.students.tagger_tags import Floats, taught

PRIOR = 3.0
"""How firmly a line is drawn towards slope 1 and start 0, as a precision of each."""
STEPS = 30
FEWEST = 5
"""Documents that tell a threshold."""
TRIED = np.arange(-5.0, 3.01, 0.25)
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
    for one in fields.fields:
        column = len(every)
        if one.kind == "list":
            every.extend(_words(held, outputs, fields, at) for at in range(column, column + 1 + len(one.fields)))
            continue
        known = [at for at, each in enumerate(held) if one.name not in each.unknown]
        cases = [(readings[at].candidates(one, outputs[at][:, column]), values(held[at], one)) for at in known]
        every.append(_values(one, cases))
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


def _values(field: Field, cases: Sequence[Case]) -> Chance:
    if len(cases) < FEWEST:
        return Chance()
    # The lowest of equals: a value that is unsure says so, and one that is not there says nothing.
    least = max(TRIED.tolist(), key=lambda one: (round(_agreement(field, cases, one), 6), -one))
    tops = [(runs[0].odds, float(any(same(runs[0].value, one, field) for one in told))) for runs, told in cases if runs]
    return _line(np.asarray(tops, float).reshape(-1, 2), least)


def _agreement(field: Field, cases: Sequence[Case], least: float) -> float:
    """The mean F1 of the values that are kept by a threshold; of a document without any on both sides 1."""
    scores = []
    for runs, told in cases:
        left = kept(runs, field, Chance(least=least))
        right = sum(any(same(run.value, one, field) for one in told) for run in left)
        scores.append(2 * min(right, len(told)) / (len(left) + len(told)) if left or told else 1.0)
    return float(np.mean(scores))


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
