"""Values found by what is said around them: a field's own patterns, and the clauses of contracts on their law and their term."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache

from limbeck.fields.durations import ANNIVERSARY, DURATION, duration
from limbeck.fields.normalising import normal
from limbeck.fields.parties import name_end, written
from limbeck.fields.places import PLACE, place
from limbeck.fields.running import Running
from limbeck.fields.written_dates import WRITTEN_DATE
from limbeck.schemas.fields import Field, FieldSet, Findings, Found

_NAME = r"(?-i:[A-Z0-9][\w.,&'’\-]*(?:\s+(?:[A-Z0-9&][\w.,&'’\-]*|of|the|and)){0,11})"
LOOKS: Mapping[str, str] = {"date": WRITTEN_DATE, "duration": rf"(?:{DURATION}|{ANNIVERSARY})", "place": PLACE, "name": _NAME}
"""By kind, what a value looks like."""
_OTHER = r"[^\s,;()](?:[^,;()]|,(?=\d)){0,80}"

TOP = 2500
"""Letters of running text that are its top."""
_LAW = re.compile(
    r"govern(?:ed|ing)\b|constru(?:ed|ction)\b|interpreted\b|enforced\b|\b(?:substantive|internal|domestic)?\s*laws?\s+of\b", re.IGNORECASE
)
_COURTS = re.compile(r"\b(?:courts?|venue|jurisdiction|arbitration)\b[^.]{0,120}?\b(?:in|of|for|within)\b", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[a-z)\]”\"]\.)\s+(?=[A-Z(\d“\"])|(?<=;)\s+")
_HEADING = re.compile(
    r"(?:(?:^|\s)(?:\(?[\divx]{1,4}[.)]|Section\s+\d+\.?|\(\w\))(?:\d{1,2}\.?)*\s*)"
    r"(?-i:(?:Term|TERM|Duration|DURATION|Expiration|EXPIRATION|Survival|SURVIVAL)(?:(?:\s+(?:and|AND|of|OF|&)\s+|/|;\s)[A-Za-z]+(?:\s[A-Z][a-z]+)?)?)\s*[.:;–-]",
    re.IGNORECASE,
)
PLAIN = 3
"""How much has to speak for a duration that it is a term."""
_FOR_TERM = (
    (r"\bterm of (?:this|the)(?: \w+)? agreement\b|\bthis (?:\w+ )?agreement\b.{0,40}\bterm of\b|\(the [“\"]term[”\"]\)", 3),
    (r"\b(?:this|the) (?:[\w-]+ ){0,2}agreement\b[^;]{0,160}\b(?:terminat|expir|in effect|in force|in full force|continue|effective|cease)", 3),
    (r"\b(?:obligations?|restrictions|covenants|provisions)\b[^;]{0,120}\b(?:terminat|expir|in effect|in force|continue|cease|surviv|binding|lapse|end\b)", 2),
    (r"\banniversary of (?:this|the date|the effective|the execution)\b", 1),
    (r"\b(?:confidential(?:ity)?|non-?disclosure|disclose)\b", 1),
    (r"\b(?:date hereof|date of (?:this|the)|effective date|execution of this|receipt)\b", 1),
)
_AGAINST_TERM = (
    (r"\bsolicit|\bhire\b|\bstandstill|\bacquire\b|\bcompet|\bsecurities\b|\bsoftware licen", 2),
    (r"\b(?:termination of|leav\w+|ceas\w+|end of|during) (?:\w+[’']?s? ){0,3}(?:employment|service)|\bseverance|\bsalary|\bvest|\bbonus|\bbenefits?\b", 3),
    (r"\bviolat|\bbreach|\b(?:date of|last|such|of the|each) disclosure\b", 2),
    (r"\bnotice|\brenew|\bwithin\b|\bprior to\b|\bage of\b|\bpayments?\b|\breturn\b|\bdestroy", 1),
)


def by_pattern(text: Running, fields: FieldSet) -> Findings:
    """Values where a field's patterns fit; the first pattern that fits is the surest."""
    found: Findings = {}
    for one in fields.fields:
        values = list(_fits(text, one, fields.day_first)) if one.patterns else []
        if values:
            found[one.name] = list({each.value: each for each in reversed(values)}.values()) if one.several else values[:1]
    return found


def _fits(text: Running, one: Field, day_first: bool | None) -> Iterator[Found]:
    """Where patterns fit, the best first; of a field that stands at the top also what stands there first."""
    found = list(_matches(text, one, day_first))
    top = text.word_at(TOP) if one.place == "top" else len(text.words)
    yield from sorted(found, key=lambda each: each.words[0] >= top)


def _matches(text: Running, one: Field, day_first: bool | None) -> Iterator[Found]:
    for rank, pattern in enumerate(one.patterns):
        for match in _compiled(pattern, one.kind).finditer(text.text):
            said = match["value"]
            value = _name(said) if one.kind == "name" else normal(said, one, day_first)
            if value:
                yield Found(value=value, words=text.numbers(*match.span("value")), score=max(0.5, 0.9 - 0.05 * rank))


def _name(text: str) -> str:
    words = text.split()
    return written(" ".join(words[: name_end(words, 0)]))


@lru_cache(maxsize=256)
def _compiled(pattern: str, kind: str) -> re.Pattern[str]:
    value = LOOKS.get(kind, _OTHER)
    return re.compile(pattern.replace(" ", r"\s+").replace("{value}", f"(?P<value>{value})"), re.IGNORECASE)


def by_law(text: Running, fields: FieldSet) -> Findings:
    """Places after words of governing law, the one named most often; without any, after words of courts."""
    wanted = [one for one in fields.fields if one.kind == "place" and one.patterns]
    for cue, reach, score in (_LAW, 160, 0.9), (_COURTS, 80, 0.6):
        spans = [span for match in cue.finditer(text.text) if (span := _place_after(text, match.end(), reach))]
        if spans and wanted:
            common = Counter(place(text.text[start:end]) for start, end in spans).most_common(1)[0][0]
            start, end = next(span for span in spans if place(text.text[slice(*span)]) == common)
            return {one.name: [Found(value=str(common), words=text.numbers(start, end), score=score)] for one in wanted}
    return {}


def _place_after(text: Running, start: int, reach: int) -> tuple[int, int] | None:
    found = re.compile(PLACE, re.IGNORECASE).search(text.text, start, start + reach)
    return found.span() if found and not _country_of_state(text.text, found) else None


def _country_of_state(text: str, found: re.Match[str]) -> bool:
    """`United States` beside courts or bankruptcy laws names no law of a contract."""
    return found.group().lower().startswith("united") and bool(re.match(r"\s+(?:of\s+America|securities|bankruptcy|federal|district)", text[found.end() :], re.I))


def by_term(text: Running, fields: FieldSet) -> Findings:
    """The duration of the sentence that says most plainly how long an agreement binds; where all speak of something else, it is absent."""
    wanted = [one for one in fields.fields if one.kind == "duration" and one.patterns]
    rated = sorted(_rated(text), key=lambda each: (-each[0], each[1])) if wanted else []
    if not rated or rated[0][0] < PLAIN:
        return {one.name: [] for one in wanted}
    rating, start, end = rated[0]
    value = duration(text.text[start:end])
    found = Found(value=str(value), words=text.numbers(start, end), score=min(0.9, 0.4 + 0.1 * rating))
    return {one.name: [found] for one in wanted} if value else {}


def _rated(text: Running) -> Iterator[tuple[int, int, int]]:
    headings = [match.end() for match in _HEADING.finditer(text.text)]
    at = 0
    for end in [*(match.end() for match in _SENTENCE.finditer(text.text)), len(text.text)]:
        sentence = text.text[at:end]
        found = re.compile(LOOKS["duration"], re.IGNORECASE).search(sentence)
        if found and not re.search(r"day|week", found.group(), re.IGNORECASE):
            near = sentence[max(0, found.start() - 220) : found.end() + 120]
            rating = sum(worth for cue, worth in _FOR_TERM if re.search(cue, near, re.IGNORECASE))
            rating -= sum(worth for cue, worth in _AGAINST_TERM if re.search(cue, near, re.IGNORECASE))
            rating += 2 * any(at - 25 <= heading <= at + 300 and heading <= at + found.start() for heading in headings)
            yield rating, at + found.start(), at + found.end()
        at = end
