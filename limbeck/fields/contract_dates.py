"""Dates of contracts by where they stand: above a letter or in the first sentence, and beside signatures."""

import re
from collections import Counter

from limbeck.fields.running import Running
from limbeck.fields.written_dates import WRITTEN_DATE, written_date
from limbeck.schemas.fields import Field, FieldSet, Findings, Found

TOP = 2500
"""Letters of a document in which its date stands, if anywhere at the top."""
_DATE = re.compile(WRITTEN_DATE, re.IGNORECASE)
_OTHER = re.compile(r"(?:incorporated|hired|born|commenc\w+|since|expir\w+|prior to|before|filed|plan|amended|supersedes?)\b[^.;]{0,40}$", re.IGNORECASE)
_SIGNED = re.compile(r"\b(?:dated?|effective date|signed|accepted|agreed)\b\s*[:,]?\s*(?:on|as\s+of|this)?\s*:?\s*_*\s*$", re.IGNORECASE)
_END = re.compile(r"IN WITNESS WHEREOF|very truly yours|sincerely|accepted and agreed|agreed and accepted|/s/", re.IGNORECASE)


def _wanted(fields: FieldSet) -> list[Field]:
    return [one for one in fields.fields if one.kind == "date" and one.patterns]


def by_top_date(text: Running, fields: FieldSet) -> Findings:
    """The first date near the top that isn't said of something else."""
    for match in _DATE.finditer(text.text, 0, TOP):
        value = written_date(match.group(), fields.day_first is not False)
        if value and not _OTHER.search(text.text[max(0, match.start() - 60) : match.start()]):
            found = Found(value=value, words=text.numbers(*match.span()), score=0.7)
            return {one.name: [found] for one in _wanted(fields)}
    return {}


def by_signing_date(text: Running, fields: FieldSet) -> Findings:
    """The date beside the signatures: of several the one that most sign on, else the latest."""
    first = max(len(text.text) * 6 // 10, len(text.text) - 4000)
    ends = [match.start() for match in _END.finditer(text.text, first)]
    dates = [] if not ends else [
        (value, match.span())
        for match in _DATE.finditer(text.text, ends[0] - 200)
        if (value := written_date(match.group(), fields.day_first is not False)) and (_SIGNED.search(text.text[max(0, match.start() - 40) : match.start()]) or _alone(text, match.start()))
    ]  # fmt: skip
    if not dates:
        return {}
    counts = Counter(value for value, _ in dates)
    value = max(counts, key=lambda each: (counts[each], each))
    span = next(span for each, span in dates if each == value)
    return {one.name: [Found(value=value, words=text.numbers(*span), score=0.6)] for one in _wanted(fields)}


def _alone(text: Running, start: int) -> bool:
    """Whether a date is all that stands on its row."""
    word = text.word_at(start)
    row = next((number for number, (first, last) in enumerate(text.rows) if first <= word < last), None)
    return row is not None and bool(re.fullmatch(rf"\W*(?:{WRITTEN_DATE})\W*(?:date)?", text.row(row), re.IGNORECASE))
