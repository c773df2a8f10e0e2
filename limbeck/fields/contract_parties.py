"""Parties of contracts: in the first sentence, where they are given a short name, by their legal form, beside signatures, in titles.

Each way finds some parties and not others, and who votes for some votes against the rest; so the ways make three annotators that each
look for all parties in one place: the opening, the signatures, and what is named again and again.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from limbeck.fields.parties import LEGAL, bare, company, key, name_end, name_start, person, written
from limbeck.fields.running import Running
from limbeck.schemas.fields import Field, FieldSet, Findings, Found

TOP = 4000
"""Letters of a document in which its parties are introduced."""
_BETWEEN = re.compile(r"\bPARTIES:|\b(?:by,?\s+and\s+(?:between|among)|between\s+and\s+among|made\s+by|between|among|amongst|granted\s+to\s+\w+\s+by)\b:?", re.IGNORECASE)
_ENDS = re.compile(r"\b(?:WHEREAS|RECITALS?|W\s?I\s?T\s?N\s?E\s?S\s?S|BACKGROUND|NOW,?\s+THEREFORE|concerning|regarding|relating to|with respect to|under which|in connection with|under the following)\b|[.:;]\s+(?-i:[A-Z(\d])", re.I)
_BRACKET = re.compile(r"\([^()]{0,200}(?:\([^()]*\)[^()]{0,100})?\)")
_QUOTED = re.compile(r"[“\"']\s*(?P<short>[^”\"]{2,50}?)\s*,?\s*[”\"']")
_NO_PARTY = re.compile(
    r"agreement|information|transaction|date|term\b|period|plan|material|purpose|business|act\b|project|representative|affiliate|services?\b|"
    r"proposal|merger|section|exhibit|parties\b|patent|products?|stock|shares|group\b|evaluation|proprietary|law|court|arbitration|separation|"
    r"commission|code\b|property|technology\b|release|award|option|notice|loan|note\b|closing|bankruptcy|discussions|collaboration|opportunity",
    re.IGNORECASE,
)
_FORM = re.compile(
    r",?\s+(?:is\s+)?an?\s+(?:[\w.’'\-]+\s+){0,4}?(?:corporation|limited\s+liability\s+company|limited\s+partnership|general\s+partnership|partnership|company|bank"
    r"|trust|association|L\.?L\.?C\.?|individual|aktiengesellschaft|société)\b",
    re.IGNORECASE,
)
_SIGNS = re.compile(r"(?:By|BY|Signed|Signature|/s/|/S/|Name|NAME)\s*:?", re.ASCII)
_WITH = re.compile(r"\b(?:with|between|for|[-–—])\s+((?:[A-Z][\w.’'\-]*\s*){2,4})$", re.IGNORECASE)
_THINGS = re.compile(r"\b(?:feature|payment|assignment|contracting|competitor|committee|party|partner|restricted|invention|covenants?|exchange|internal|revenue|business|management)\b", re.IGNORECASE)
_ROLES = re.compile(r"(?:the\s+)?(?:company|corporation|employer|bank|buyer|recipient|discloser|receiving party|disclosing party|seller|purchaser|parent|client|firm)", re.IGNORECASE)
_BESIDE = re.compile(
    r"(?:including|subsidiar(?:y|ies)(?: of)?|affiliates?(?: of)?|formerly(?: known as)?|[fdan]/k/a|d/b/a|owned by|pursuant to|acquisition of|merger (?:with|of)|"
    r"division of|successor (?:to|of)|named as|advis\w+|counsel|plan of|shares of|stock of|between the company and)[\s(,]*(?:but\s+not\s+limited\s+to|without\s+limitation)?[\s,(]*$",
    re.IGNORECASE,
)
"""What stands before companies that are beside a party rather than one."""
_I = re.compile(r"\bI, (?P<name>(?:[A-Z][\w.'’-]* ){1,3}[A-Z][\w'’-]*), (?:have|hereby|agree|acknowledge)")
_ROLE = re.compile(r"\W*(?:the\s+)?(?:employee|executive|associate|participant|consultant|seller|individual|stockholder|shareholder|director|recipient)\W*(?:signature)?\W*", re.IGNORECASE)


OFFICERS = frozenset("president ceo cfo coo chairman secretary officer manager director attention attn vice vp counsel treasurer partner".split())
"""What those who sign for a company are."""


def _said(text: Running, spans: Iterable[tuple[int, int]], fields: FieldSet, score: float) -> Findings:
    """Names by their words, each once, for the fields that hold parties."""
    wanted: list[Field] = [one for one in fields.fields if one.kind == "name" and one.several]
    found: dict[str, Found] = {}
    for start, end in spans:
        name = written(" ".join(text.words[start:end]))
        if len(key(name)) > 1 and not (_NO_PARTY.search(name) and not company(name)):
            found.setdefault(key(name), Found(value=name, words=tuple(range(start, end)), score=score))
    return {one.name: list(found.values()) for one in wanted} if found else {}


def in_opening(text: Running, fields: FieldSet) -> Findings:
    """Parties as they are introduced near the top."""
    return _joined(by_between(text, fields), by_definition(text, fields), by_form(text, fields))


def at_signatures(text: Running, fields: FieldSet) -> Findings:
    """Parties that sign."""
    return _joined(by_signature(text, fields), by_ends(text, fields))


def in_heading_and_text(text: Running, fields: FieldSet) -> Findings:
    """Companies that are named again and again, and whom a letter is from and to."""
    return _joined(by_mention(text, fields), by_title(text, fields))


def _joined(*ways: Findings) -> Findings:
    """All that was found, each name once, as who comes first spells it."""
    found: dict[str, dict[str, Found]] = {}
    for way in ways:
        for field, some in way.items():
            for one in some:
                if isinstance(one, Found):
                    found.setdefault(field, {}).setdefault(key(one.value), one)
    return {field: list(some.values()) for field, some in found.items()}


def by_between(text: Running, fields: FieldSet) -> Findings:
    """The names that `between` introduces near the top, as in `by and between A, a Texas corporation (“A”), and B`."""
    for match in _BETWEEN.finditer(text.text, 0, TOP):
        spans = list(_listed(text, match.end()))
        if spans and (len(spans) > 1 or "(" in text.text[match.end() : match.end() + 200]):
            return _said(text, spans, fields, 0.95)
    return {}


def _listed(text: Running, start: int) -> Iterator[tuple[int, int]]:
    piece = text.text[start : start + 1200]
    hidden = _BRACKET.sub(lambda found: " " * len(found.group()), piece)
    end = _ENDS.search(re.sub(r"\b(?:Inc|Corp|Co|Ltd|L\.P|LLC|Mr|Mrs|Ms|Dr|[A-Z])\.", lambda found: found.group()[:-1] + " ", hidden))
    stop = start + (end.start() if end else 900)
    at = text.word_at(start)
    while at < len(text.words) and text.place_of(at) < stop:
        last = name_end(text.words, at)
        name = written(" ".join(text.words[at:last]))
        if last > at and (company(name) or person(name) or _introduced(text, last)):
            yield at, last
        step = re.compile(r"(?:\band\b|\bamong\b|;|\([ivx\d]+\))\s+(?:the\s+)?").search(hidden, text.place_of(max(last, at + 1)) - 1 - start)
        if step is None:
            return
        at = text.word_at(start + step.end())


def _introduced(text: Running, word: int) -> bool:
    return bool(re.match(r",?\s*\((?:[^()]*[“\"'])|,?\s*(?:hereinafter|an?\s)", text.text[text.place_of(word) - 1 :]))


def by_definition(text: Running, fields: FieldSet) -> Findings:
    """The names before brackets that give them a short name: `Acme, Inc., a Texas corporation (“Acme”)`."""
    return _said(text, _apart(text, _defined(text)), fields, 0.7)


def _defined(text: Running) -> Iterator[tuple[int, int]]:
    for match in _BRACKET.finditer(text.text, 0, TOP):
        quoted = _QUOTED.search(match.group())
        if quoted is None or _NO_PARTY.search(quoted["short"]):
            continue
        before = text.text[max(0, match.start() - 160) : match.start()]
        forms = list(_FORM.finditer(before))
        end = text.word_at(match.start() - len(before) + forms[-1].start() + 1) if forms else text.word_at(match.start())
        start = name_start(text.words, end)
        name = written(" ".join(text.words[start:end]))
        if start < end and (company(name) or person(name) or key(quoted["short"]) in key(name)):
            yield start, end
        elif _ROLES.fullmatch(quoted["short"]) or re.search(r"[a-z]", quoted["short"]) is None:
            yield from list(companies(text, text.word_at(match.start() - len(before)), text.word_at(match.start())))[:1]


def _apart(text: Running, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Without those that are only named beside a party."""
    return [span for span in spans if not _BESIDE.search(text.text[max(0, text.place_of(span[0]) - 60) : text.place_of(span[0])])]


def companies(text: Running, first: int, last: int) -> Iterator[tuple[int, int]]:
    """All names with a legal form among some words."""
    for end in range(first + 1, min(last + 1, len(text.words))):
        if bare(text.words[end - 1]) in LEGAL and text.words[end - 1][:1].isupper() and not (end < last and bare(text.words[end]) in LEGAL):
            start = max(name_start(text.words, end), first)
            if company(written(" ".join(text.words[start:end]))):
                yield start, end


def by_form(text: Running, fields: FieldSet) -> Findings:
    """The names whose legal form is told: `Acme, Inc., a Delaware corporation`."""
    spans = []
    for match in _FORM.finditer(text.text, 0, TOP):
        end = text.word_at(match.start() + 1)
        start = name_start(text.words, end)
        if start < end and not re.match(r"(?:whether|if|as|of|or|such)\b", text.words[max(0, start - 1)]):
            spans.append((start, end))
    return _said(text, _apart(text, spans)[:4], fields, 0.6)


def by_signature(text: Running, fields: FieldSet) -> Findings:
    """The names that sign: companies above `By:`, people beside `/s/` who sign for none."""
    first = max(len(text.rows) * 6 // 10, len(text.rows) - 80)
    spans: list[tuple[int, int]] = []
    for number in range(first, len(text.rows)):
        spans += _company_row(text, number)
        spans += _person_row(text, number)
    for match in _I.finditer(text.text, text.place_of(text.rows[first][0])):
        spans.append((text.word_at(match.start("name")), text.word_at(match.end("name"))))
    return _said(text, spans, fields, 0.6)


def _company_row(text: Running, number: int) -> list[tuple[int, int]]:
    start, end = text.rows[number]
    following = " ".join(text.row(row) for row in range(number + 1, min(number + 4, len(text.rows))))
    last = name_end(text.words[:end], start)
    name = written(" ".join(text.words[start:last]))
    whole = last == end or bool(re.match(r"[(:]|a$|d/b/a", text.words[last]))
    if whole and last - start <= 9 and _SIGNS.search(following) and (company(name) or (last - start > 1 and re.match(r"\W*By\b", following, re.I) and not person(name))):
        return [(_row_before(text, number) if last - start <= 2 else start, last)]
    return []


def _row_before(text: Running, number: int) -> int:
    """Where a name begins whose last words alone stand on a row."""
    start, end = text.rows[number - 1]
    whole = end - start <= 6 and name_end(text.words[:end], start) == end and text.row(number - 1).isupper() == text.row(number).isupper()
    fits = whole and number > 0 and not company(text.row(number - 1)) and not _ROLE.fullmatch(text.row(number - 1))
    return start if fits else text.rows[number][0]


def _person_row(text: Running, number: int) -> list[tuple[int, int]]:
    """A person alone on a row, or behind `/s/` or `Name:`, near whom are the words for one and no office."""
    start, end = text.rows[number]
    while start < end and _SIGNS.fullmatch(text.words[start]):
        start += 1
    name = written(" ".join(text.words[start:end]))
    near = " ".join(text.row(row) for row in range(max(0, number - 3), min(number + 4, len(text.rows))))
    roled = any(_ROLE.fullmatch(text.row(row)) for row in range(max(0, number - 3), min(number + 3, len(text.rows))))
    officer = re.search(r"\b(?:By|Title|Its)\b\s*:", near) or any(bare(word) in OFFICERS for word in near.split())
    return [(start, end)] if person(name) and roled and not officer else []


def by_title(text: Running, fields: FieldSet) -> Findings:
    """The names in the first rows: on a letter's head and address, and after a title's `with` or dash."""
    spans: list[tuple[int, int]] = []
    for number in range(min(18, len(text.rows))):
        start, end = text.rows[number]
        if end - start > 8:
            if number > 3:
                break
            continue
        last = name_end(text.words[:end], start)
        name = written(" ".join(text.words[start:last]))
        if last == end and company(name) and bare(text.words[last - 1]) != "company" or (last == end and _addressed(text, number) and person(name)):
            spans.append((start, last))
    return _said(text, spans[:3], fields, 0.5)


def _addressed(text: Running, number: int) -> bool:
    """Whether a letter goes to the one in a row: `Dear` with the last word of the name follows."""
    surname = text.words[text.rows[number][1] - 1].strip(",.:")
    return bool(re.search(rf"\bDear\s+(?:\w+\.?\s+){{0,3}}{re.escape(surname)}", text.text[: TOP // 2]))


def by_ends(text: Running, fields: FieldSet) -> Findings:
    """The names that stand both at the top and among the signatures, unless they sign for somebody else there."""
    top, tail = text.word_at(TOP * 2 // 3), max(len(text.words) - 150, len(text.words) * 2 // 3)
    last = "".join(bare(word) for word in text.words[tail:])
    spans = [span for span in _apart(text, companies(text, 0, top)) if key(" ".join(text.words[slice(*span)])) in last]
    spans += [span for span in _people(text, top) if _signs(text, tail, text.words[slice(*span)])]
    return _said(text, spans, fields, 0.6)


def _people(text: Running, top: int) -> Iterator[tuple[int, int]]:
    """Runs of two to four capitalised words near the top that may be a person's name, and no part of a longer name."""
    start = 0
    while start < min(top, len(text.words)):
        end = name_end(text.words, start)
        name = written(" ".join(text.words[start:end]))
        if person(name) and not name.isupper() and not _THINGS.search(name) and bare(text.words[start - 1]) not in OFFICERS:
            yield start, end
        start = max(end, start + 1)


def _signs(text: Running, tail: int, name: tuple[str, ...]) -> bool:
    """Whether a person's name stands among the last words, not as somebody's officer."""
    wanted = [bare(word) for word in name]
    for at in range(tail, len(text.words) - len(wanted) + 1):
        if [bare(word) for word in text.words[at : at + len(wanted)]] == wanted:
            after = text.words[at + len(wanted) : at + len(wanted) + 6]
            if not any(bare(word) in OFFICERS | {"title", "its"} for word in after):
                return True
    return False


def by_mention(text: Running, fields: FieldSet) -> Findings:
    """The company named first and the others of the top that are named again below."""
    top = _apart(text, companies(text, 0, text.word_at(TOP * 2 // 3)))
    counts = Counter(key(" ".join(text.words[slice(*span)])) for span in companies(text, 0, len(text.words)))
    return _said(text, [span for span in top if counts[key(" ".join(text.words[slice(*span)]))] > 1][:6], fields, 0.5)
