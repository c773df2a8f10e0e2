"""Names of companies and people in running text: where one ends, how it is written, which two are the same."""

import re
from collections.abc import Sequence

LEGAL = {
    "inc": "Inc.", "incorporated": "Incorporated", "corp": "Corp.", "corporation": "Corporation", "company": "Company", "co": "Co.",
    "llc": "LLC", "lp": "LP", "llp": "LLP", "ltd": "Ltd.", "limited": "Limited", "ag": "AG", "nv": "N.V.", "bv": "B.V.", "sa": "S.A.",
    "plc": "PLC", "gmbh": "GmbH", "se": "SE", "kg": "KG", "pc": "P.C.", "na": "N.A.", "pte": "Pte.", "spa": "S.p.A.", "oy": "Oy", "ab": "AB",
}  # fmt: skip
"""Legal forms, by their letters alone, and how they are written."""
KINDS = frozenset(
    "associates bancorp bancshares bank brothers capital enterprises fund group holding holdings industries laboratories "
    "partners partnership pharmaceuticals systems technologies trust university stores securities".split()
)
"""What companies without a legal form are mostly called."""
JOINED = frozenset("associates company co sons trust telephone partners loan savings brothers sewer gas power light steel stock".split())
"""What stands after an `and` inside one name rather than between two."""
LINKS = frozenset("of the de la van von der den for".split())
TITLES = frozenset("mr mrs ms dr messrs miss prof".split())
NO_NAME = frozenset(
    "agreement agreements act plan exhibit section article schedule appendix annex confidential confidentiality information term date "
    "effective board directors amendment state commonwealth court gentlemen ladies dear whereas witness page attention attn re subject "
    "employee employer executive company recipient buyer seller party parties undersigned consultant discloser title name by signature "
    "this each if in whereas now therefore as between among form non-disclosure nondisclosure noncompetition non-competition recitals "
    "chief president vice secretary director officer chairman sir madam and or an a i you your we our it its will may shall "
    "january february march april june july august september october november december street avenue suite floor road drive".split()
)
"""Words that begin or are no name."""
_OPEN = re.compile(r"[(\[“\"‘]")


def bare(word: str) -> str:
    """A word's letters and digits alone, lower case: `L.L.C.,` → `llc`."""
    return re.sub(r"[^\w]", "", word).lower()


def name_end(words: Sequence[str], start: int, most: int = 12) -> int:
    """The word after the last of the name that starts at a word; `start` itself where none does.

    A name goes on over capitalised words, `of` and `&`; it ends at a comma that no legal form follows, at a bracket and at an `and`
    between two names.
    """
    end = start
    while end < min(len(words), start + most) and _goes_on(words, start, end):
        end = _over_commas(words, end) + 1
        last = words[end - 1]
        if last.endswith((";", ":", ")")) or (last.endswith(",") and not _form(words, end)) or _stops(words, start, end):
            break
    while end > start and (bare(words[end - 1]) in LINKS | {"and"} or words[end - 1] == "&"):
        end -= 1
    return end


def name_start(words: Sequence[str], end: int, most: int = 12) -> int:
    """The first word of the name whose last stands before a word; `end` itself where none does."""
    start = end
    while start > max(0, end - most):
        word = words[start - 1]
        if start < end and (word.endswith((";", ":", ")", ".”")) or (word.endswith(",") and not _form(words, start) and not _list(words, start - 1))):
            break
        if not (_capital(word) or bare(word) in LINKS or word == "&" or (word.lower() == "and" and _joins(words, start))):
            break
        if _no_name(word):
            break
        start -= 1
    while start < end and (not _capital(words[start]) or bare(words[start]) in LINKS - {"the"} or words[start] == "the"):
        start += 1
    return start


def company(name: str) -> bool:
    """Whether a name is a company's, by its legal form or kind."""
    words = name.split()
    return bool(words) and len(words) > 1 and (bare(words[-1]) in LEGAL or any(bare(word) in KINDS for word in words[1:]))


def person(name: str) -> bool:
    """Whether a name may be a person's: two to four capitalised words, no digits and no legal form."""
    words = [word for word in name.split() if bare(word) not in {"jr", "sr", "ii", "iii", "iv", "md", "phd"}]
    if not 2 <= len(words) <= 4 or company(name) or any(_no_name(word) or bare(word) in LINKS - {"de", "van", "von", "la"} for word in words):
        return False
    return all(re.fullmatch(r"[A-Z][\w'’.\-]*|de|van|von|la", word) for word in words) and not re.search(r"\d|&", name)


def written(name: str) -> str:
    """A name as it is written within a sentence: without what OCR put between, without the comma before its legal form, and what is
    all in capitals in ordinary spelling: `SAVVIS, INC.` → `Savvis Inc.`
    """
    text = re.sub(r"\s+([.,’'])(?=\s|[A-Z]?\s?\.|$)", r"\1", " ".join(re.sub(r"&(?=[A-Z][a-z])|(?<=[a-z])&", " & ", name).split()))
    text = re.sub(r"(?<=\b\w\.)\s+(?=\w\.(?:\s|$|\w\.))", "", text).strip(" ,;:()[]“”\"_*-")
    words = [LEGAL.get(bare(word), word) if number else word for number, word in enumerate(text.split()) if bare(word) or word == "&"]
    words = [word.rstrip(",") if number + 1 < len(words) and words[number + 1] in LEGAL.values() else word for number, word in enumerate(words)]
    shouted = [word for word in words if word not in LEGAL.values() and len(bare(word)) > 3]
    if shouted and all(word == word.upper() for word in shouted):
        words = [word if word in LEGAL.values() or "." in word or len(bare(word)) <= 2 else _spoken(word) for word in words]
    joined = " ".join(words)
    return re.sub(r"^the\s+(?=\S+\s+\S)", "The ", re.sub(r"^Mrs?\.?\s+|^Ms\.?\s+|^Dr\.?\s+", "", joined))


def key(name: str) -> str:
    """What two spellings of the same name share: no punctuation, no legal form, `&` for `and`, lower case."""
    words = [bare(word) for word in name.replace("&", " and ").replace(".", ". ").split()]
    words = [word for word in words if word and word != "the"]
    text = " ".join(words)
    text = re.sub(r"\b(l l c|l p|n v|b v|s a|l l p|p l c)$", lambda found: found.group().replace(" ", ""), text)
    while " " in text and text.rsplit(" ", 1)[1] in LEGAL:
        text = text.rsplit(" ", 1)[0]
    return text.replace(" ", "")


def _list(words: Sequence[str], at: int) -> bool:
    """Whether a list of names that make one begins here: `Smith, Jones & Co.`"""
    return _over_commas(words, at) > at


def _over_commas(words: Sequence[str], at: int) -> int:
    """The last word before the `&` of such a list that begins here; the word itself where none does."""
    end = at
    while end + 1 < len(words) and re.fullmatch(r"[A-Z][\w’'-]+,", words[end]):
        end += 1
    return end if at < end < len(words) - 1 and re.fullmatch(r"[A-Z][\w’'-]+", words[end]) and words[end + 1] == "&" else at


def _spoken(word: str) -> str:
    return "-".join(part[:1] + part[1:].lower() for part in word.split("-"))


def _capital(word: str) -> bool:
    return bool(re.match(r"[A-Z0-9][\w.,&'’\-/¢;:)]*$|[\w]*[A-Z][\w.,&'’\-/]*$|&[A-Z][\w.,&'’\-]*$|\.[A-Z]?\.?$", word)) and not _OPEN.match(word)


def _no_name(word: str) -> bool:
    """Whether a word is none of a name's; `A.` and `I.` are initials."""
    return bare(word) in NO_NAME and not re.fullmatch(r"[A-Z]\.,?", word)


def _form(words: Sequence[str], at: int) -> bool:
    return at < len(words) and bare(words[at]) in LEGAL | {"jr": "", "sr": "", "iii": "", "ii": ""} and _capital(words[at])


def _joins(words: Sequence[str], at: int) -> bool:
    return at < len(words) and bare(words[at]) in JOINED and _capital(words[at])


def _goes_on(words: Sequence[str], start: int, at: int) -> bool:
    word = words[at]
    if at == start:
        return _capital(word) and not _no_name(word) and bare(word) not in LINKS - {"the", "de", "la", "van", "von"}
    if word == "&" or (word.lower() == "and" and _joins(words, at + 1)):
        return True
    ahead = at + 2 if at + 1 < len(words) and words[at + 1] == "the" else at + 1
    follows = ahead < len(words) and _capital(words[ahead])
    return (bare(word) in LINKS and follows and word.islower()) or (_capital(word) and (not _no_name(word) or bare(word) == "company"))


def _stops(words: Sequence[str], start: int, end: int) -> bool:
    """Whether a legal form ends a name here: `Acme Inc. The …`; `Co. Ltd.` goes on."""
    return end - start > 1 and bare(words[end - 1]) in LEGAL and not _form(words, end) and bare(words[end - 1]) not in {"co", "company"}
