"""Findings as records of the store, and back: a record a document, and one for each entry of its `list` fields.

A document's record has row 0; entries have rows from 1 on, and their field's name as their type. Fields that may have
several values are `pairs` with the keys "1", "2" and so on.
"""

from collections.abc import Iterator, Mapping, Sequence

from limbeck.pages import layout
from limbeck.records.spelling import folded
from limbeck.schemas.extraction import Attribute, Extracted, Kind, Origin, RecordSchema, RecordType, Value
from limbeck.schemas.fields import Entry, Field, FieldKind, FieldSet, Findings, Found, Said
from limbeck.schemas.pages import Pages

KINDS: dict[FieldKind, Kind] = {"money": "number", "number": "number", "date": "date", "choice": "choice"}
"""What fields are as attributes of records; text where nothing else is said."""


def as_schema(fields: FieldSet) -> RecordSchema:
    """A field set as record types: the document's, and one for each `list` field."""
    lists = [one for one in fields.fields if one.kind == "list"]
    own = RecordType(name=fields.name, description=fields.description, attributes=tuple(map(_attribute, singles(fields))))
    entries = [RecordType(name=one.name, description=one.meaning, attributes=tuple(map(_attribute, one.fields))) for one in lists]
    return RecordSchema(name=fields.name, description=fields.description, types=(own, *entries))


def singles(fields: FieldSet) -> list[Field]:
    """Its fields but for lists."""
    return [one for one in fields.fields if one.kind != "list"]


def _attribute(one: Field) -> Attribute:
    kind: Kind = "pairs" if one.several else KINDS.get(one.kind, "text")
    return Attribute(name=one.name, kind=kind, description=one.meaning, aliases=one.aliases, options=one.options)


# ---- findings → records ----------------------------------------------------------------------------------------------


def records_of(findings: Findings, pages: Pages, fields: FieldSet) -> list[Extracted]:
    """The records of a document."""
    own = [value for one in singles(fields) for value in _values(found_of(findings, one.name), one, pages)]
    records = [_record(own, fields.name, 0)]
    for one in fields.fields:
        if one.kind == "list":
            for entry in entries_of(findings, one.name):
                inside = [value for each in one.fields for value in _values([entry[each.name]] if each.name in entry else [], each, pages)]
                records.append(_record(inside, one.name, len(records)))
    return records


def _record(values: Sequence[Value], kind: str, row: int) -> Extracted:
    """A record is as sure as what it says is in the mean."""
    said = [one for one in values if one.text is not None]
    sure = sum(one.confidence for one in said) / len(said) if said else 0.0
    first = next((one.text for one in said if one.text), "")
    return Extracted(row=row, column=0, value=first, type=kind, confidence=sure, values=tuple(values))


def _values(found: Sequence[Found], field: Field, pages: Pages) -> Iterator[Value]:
    if not found:
        yield Value(name=field.name, status="missing", confidence=1.0)
    for number, one in enumerate(found):
        key = str(number + 1) if field.several else ""
        origin = origin_of(one.words, pages) if one.words else None
        status = ("grounded" if _is_verbatim(one, pages) else "normalised") if one.words else "inferred"
        yield Value(name=field.name, key=key, text=one.value, status=status, confidence=one.score, origin=origin)


def _is_verbatim(one: Found, pages: Pages) -> bool:
    return folded(" ".join(one.value.split())) == folded(" ".join(pages.words[word].text for word in one.words))


def origin_of(words: Sequence[int], pages: Pages) -> Origin:
    """Where some words stand; of several pages, the first one's."""
    page = pages.words[words[0]].page
    here = [word for word in words if pages.words[word].page == page]
    around = layout.box(pages, here)
    return Origin(where="page", place=page, start=words[0], end=max(words) + 1, words=tuple(words), box=around)


def found_of(findings: Findings, name: str) -> list[Found]:
    """What was found of a field that is no list."""
    return [one for one in findings.get(name, ()) if isinstance(one, Found)]


def entries_of(findings: Findings, name: str) -> list[Entry]:
    """What was found of a `list` field."""
    return [one for one in findings.get(name, ()) if not isinstance(one, Found)]


# ---- records → findings ----------------------------------------------------------------------------------------------


def findings_of(records: Sequence[Extracted], fields: FieldSet) -> Findings:
    """What records say, as it was found."""
    findings: Findings = {}
    for record in records:
        said: dict[str, list[Found]] = {}
        for value in record.values:
            if value.text is not None:
                words = value.origin.words if value.origin else ()
                said.setdefault(value.name, []).append(Found(value=value.text, words=words, score=value.confidence))
        if record.type == fields.name:
            findings.update(said)
        else:
            entries = entries_of(findings, record.type)
            findings[record.type] = [*entries, {name: some[0] for name, some in said.items()}]
    return findings


def said_of(findings: Findings, fields: FieldSet) -> Said:
    """Values alone, None and empty lists for what was not found."""
    return {one.name: _said(findings, one) for one in fields.fields}


def _said(findings: Findings, one: Field) -> object:
    if one.kind == "list":
        return [_entry(entry, one.fields) for entry in entries_of(findings, one.name)]
    texts = [each.value for each in found_of(findings, one.name)]
    return texts if one.several else (texts[0] if texts else None)


def _entry(entry: Mapping[str, Found], fields: Sequence[Field]) -> dict[str, str | None]:
    return {one.name: entry[one.name].value if one.name in entry else None for one in fields}
