"""Many annotators' findings as one: votes by value for each field, over all documents, and where the decided value stands.

`fuse([annotate(pages, fields) for pages in documents], fields)`; a model's readings vote beside the rules.
"""

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from limbeck.fields.annotators import TRUST
from limbeck.fields.fusing_entries import aligned
from limbeck.fields.normalising import canonical
from limbeck.fields.recording import entries_of, found_of, singles
from limbeck.labelmodels.open_vocabulary import ABSENT, Alike, Decided, accu
from limbeck.schemas.fields import Entry, Field, FieldSet, Findings, Found
from limbeck.schemas.labels import PEOPLE, Vote

KEPT = 0.5
"""A value of a field with `several`, and an entry of a list, that is less likely than this is left out."""
TEXTS = ("text", "name", "address")
"""Kinds of which values that are nearly the same support each other."""
LEAST_ALIKE = 0.6
OVERLOOKED = 0.5
"""How much a vote counts that there is none: who overlooks a value says the same."""
THERE = "there"
"""The label of a vote that there is such an entry."""
Said = Mapping[str, Findings]
"""What each annotator found in one document."""


def fuse(findings: Sequence[Said], fields: FieldSet, trust: Mapping[str, float] | None = None) -> list[Findings]:
    """Decide every field of every document.

    An annotator that names a field without a value (an empty list) says that it is absent, though who overlooks one says the same;
    one that has looked says so by a finding whose value is `ABSENT`; one that doesn't name the field abstains.

    Args:
        findings: By document, what each annotator found; `Found.score` is how much its vote counts. Names that begin with
            `person:` are people, who are right; those that differ in nothing but what follows their last `/`, such as a
            model's readings, are of one source and count less each.
        fields: What was wanted.
        trust: How often annotators are thought to be right before their votes are seen, where not as rules are.

    Returns:
        By document; a `Found.score` is the probability of its value. Fields that are likelier absent are empty lists, fields of
        which nobody said anything are missing.
    """
    decided = decide(findings, fields, trust)
    return [_findings(str(number), said, fields, decided) for number, said in enumerate(findings)]


def decide(findings: Sequence[Said], fields: FieldSet, trust: Mapping[str, float] | None = None) -> Decided:
    """What the votes come to: spaces are fields by name (`total`, `items`, `items.amount`), items are documents' numbers and what follows."""
    given = [vote for number, said in enumerate(findings) for vote in votes(str(number), said, fields)]
    known = {(vote.item, vote.space): vote.label for vote in given if vote.annotator.startswith(PEOPLE)}
    alike: dict[str, Alike] = {one.name: _alike for one in singles(fields) if one.kind in TEXTS and not one.several}
    names = {vote.annotator for vote in given}
    rules = {name: TRUST[rule] for name in names if (rule := name.rpartition(":")[2]) in TRUST}
    sources = {name: name.rpartition("/")[0] for name in names if "/" in name}
    return accu(given, known=known, accuracies={**rules, **(trust or {})}, sources=sources, alike=alike)


def votes(document: str, said: Said, fields: FieldSet) -> Iterator[Vote]:
    """What annotators vote for in a document, field by field; its values are canonical, and `ABSENT` says that there is none."""
    for one in fields.fields:
        yield from _votes(document, said, one)


def _votes(document: str, said: Said, field: Field) -> Iterator[Vote]:
    if field.kind == "list":
        yield from _votes_on_entries(document, said, field)
        return
    everybody = {canonical(one.value, field) for findings in said.values() for one in found_of(findings, field.name)}
    for who, findings in said.items():
        if field.name not in findings:
            continue
        values = {canonical(one.value, field): one.score for one in found_of(findings, field.name)}
        if field.several:
            for value in sorted(everybody):
                yield Vote(item=f"{document} {value}", space=field.name, annotator=who, label=value if value in values else ABSENT, score=values.get(value, 1.0))
        for value, score in ({} if field.several else values or {ABSENT: OVERLOOKED}).items():
            yield Vote(item=document, space=field.name, annotator=who, label=value, score=score)


def _votes_on_entries(document: str, said: Said, field: Field) -> Iterator[Vote]:
    """Whether there is such an entry, and what it says."""
    lists = _lists(said, field)
    for number, line in enumerate(aligned(lists, field)):
        item = f"{document}#{number}"
        for who in lists:
            yield Vote(item=item, space=field.name, annotator=who, label=THERE if who in line else ABSENT)
        for who, entry in line.items():
            for inner in field.fields:
                value = canonical(entry[inner.name].value, inner) if inner.name in entry else ABSENT
                score = entry[inner.name].score if inner.name in entry else 0.5
                yield Vote(item=item, space=f"{field.name}.{inner.name}", annotator=who, label=value, score=score)


def _lists(said: Said, field: Field) -> dict[str, list[Entry]]:
    return {who: entries_of(findings, field.name) for who, findings in sorted(said.items()) if field.name in findings}


def _alike(one: str, other: str) -> float:
    """Of two texts, how much they have in common; a piece of the other is like it as far as it goes."""
    share = SequenceMatcher(None, one, other, autojunk=False).ratio()
    return share if share >= LEAST_ALIKE else 0.0


# ---- what was decided, as findings ---------------------------------------------------------------------------------------


def _findings(document: str, said: Said, fields: FieldSet, decided: Decided) -> Findings:
    findings: Findings = {}
    for field in fields.fields:
        if not any(field.name in one for one in said.values()):
            continue
        if field.kind == "list":
            findings[field.name] = _entries(document, said, field, decided)
        elif field.several:
            findings[field.name] = _several(document, said, field, decided)
        else:
            given = {who: found_of(findings, field.name) for who, findings in said.items()}
            findings[field.name] = _single(document, field.name, given, field, decided)
    return findings


def _single(item: str, space: str, given: Mapping[str, Sequence[Found]], field: Field, decided: Decided) -> list[Found]:
    """The likeliest value; none where that is that there is none."""
    value, sure = likeliest(decided, item, space)
    return [] if value == ABSENT else [_spelt(value, space, sure, given, field, decided)]


def likeliest(decided: Decided, item: str, space: str) -> tuple[str, float]:
    """A value and its probability; `ABSENT` where nobody said anything."""
    believed = decided.probabilities.get((item, space), {ABSENT: 0.0})
    return min(believed.items(), key=lambda one: (-round(one[1], 9), one[0]))


def _spelt(value: str, space: str, sure: float, given: Mapping[str, Sequence[Found]], field: Field, decided: Decided) -> Found:
    """A decided value as whom one believes most spells it, and where those stand it who know."""
    named = [(decided.accuracies.get((who, space), 0.0), who, one) for who, found in given.items() for one in found if canonical(one.value, field) == value]
    named.sort(key=lambda one: (-round(one[0], 9), one[1]))
    placed = next((one for _, _, one in named if one.words), None)
    # Where it stands it is spelt as it is printed; only there can its words and its value be the same.
    return Found(value=(placed or named[0][2]).value, words=placed.words if placed else (), score=min(1.0, sure))


def _several(document: str, said: Said, field: Field, decided: Decided) -> list[Found]:
    given = {who: found_of(findings, field.name) for who, findings in said.items()}
    values = dict.fromkeys(canonical(one.value, field) for found in given.values() for one in found)
    kept = []
    for value in values:
        sure = decided.probabilities.get((f"{document} {value}", field.name), {}).get(value, 0.0)
        if sure >= KEPT:
            kept.append(_spelt(value, field.name, sure, given, field, decided))
    return kept


def _entries(document: str, said: Said, field: Field, decided: Decided) -> list[Entry]:
    entries = []
    for number, line in enumerate(aligned(_lists(said, field), field)):
        item = f"{document}#{number}"
        if decided.probabilities.get((item, field.name), {}).get(THERE, 0.0) >= KEPT:
            entries.append(_entry(item, line, field, decided))
    return [entry for entry in entries if entry]


def _entry(item: str, line: Mapping[str, Entry], field: Field, decided: Decided) -> Entry:
    entry: Entry = {}
    for inner in field.fields:
        given = {who: [one[inner.name]] for who, one in line.items() if inner.name in one}
        for found in _single(item, f"{field.name}.{inner.name}", given, inner, decided) if given else ():
            entry[inner.name] = found
    return entry
