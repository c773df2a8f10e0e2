"""From a project's store to the facts of a report on documents. Works on unfinished runs too."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from limbeck import show, show_pages
from limbeck.errors import ConfigError, PagesError
from limbeck.facts import ReaderFacts, ScoredFacts
from limbeck.facts_pages import DocumentFacts, FieldFacts, PageFacts, PagesFacts, ReviewFacts, WordFacts
from limbeck.pages import sources
from limbeck.pages.pictures import picture
from limbeck.pages.sources import Told
from limbeck.reporting import frame, source
from limbeck.schemas import Run
from limbeck.schemas.claims import Mismatch
from limbeck.schemas.extraction import Extracted
from limbeck.schemas.pages import Pages
from limbeck.show_pages import Doubt
from limbeck.show_records import student_scores

DOCUMENTS, PAGES = 60, 6
"""Documents that are drawn, and pages of each."""
BYTES = 10_000_000
"""After so many bytes of pictures no further document is drawn; as text within the page they are a third more."""
LONGEST = 1_000
"""Pixels of a picture's longer side."""
WORDS = 3_000
"""Of a page without a picture, no more are drawn."""
REVIEWS, MISMATCHES = 40, 60


def facts(store: Path, run: Run) -> PagesFacts:
    """What the report says of a run."""
    doubts, wrong = show_pages.doubts(store, run), show_pages.mismatches(store, run)
    order = ordered(store, run, doubts, wrong)
    drawn = list(_drawn(store, run, order))
    return PagesFacts(
        **frame(store, run),
        title=f"Records of {source(run)}",
        fields=tuple(FieldFacts(**vars(one)) for one in show_pages.fields(store, run)),
        read=len(order),
        review=show_pages.review(run),
        reviews=tuple(map(_review, doubts[:REVIEWS])),
        doubted=len(doubts),
        claimed=show_pages.has_claims(run) and (bool(wrong) or run.status == "finished"),
        mismatches=tuple(wrong[:MISMATCHES]),
        mismatched=len(wrong),
        at_stake=show_pages.at_stake(wrong),
        drawn=tuple(drawn),
        left_out=len(order) - len(drawn),
        show_all=f"limbeck show {show.short(run.id)} --labels --project {store.parent.name}",
        readers=tuple(ReaderFacts(name=one.name, cells=one.values, agreed=one.agreed) for one in show_pages.readers(store, run)),
        scored=tuple(_scored(row) for row in show.students(store, run)),
    )


def _review(one: Doubt) -> ReviewFacts:
    kind = f"{one.type} {one.row}" if one.row else ""
    return ReviewFacts(
        key=one.key, document=one.document, record=one.record, place=one.place, entry=kind, value=one.value, why=one.why
    )


def _scored(row: dict[str, Any]) -> ScoredFacts:
    return ScoredFacts(kind=row["kind"], chosen=row["chosen"], path=row["path"], scores=tuple(student_scores(row)))


# ---- documents -------------------------------------------------------------------------------------------------------


def ordered(store: Path, run: Run, doubts: Sequence[Doubt], wrong: Sequence[Mismatch]) -> list[str]:
    """Documents with a record: first those of mismatches in which money is at stake, then the doubtful ones, then as they come."""
    found = show.rows(
        store,
        f"SELECT p.document FROM places p WHERE p.run = '{run.id}' AND p.document IN (SELECT document FROM records WHERE run = '{run.id}') "
        "GROUP BY p.document ORDER BY min(p.position)",
    )
    there = [row["document"] for row in found]
    first = [document for one in wrong if one.stake > 0 for document in one.documents]
    first += [one.document for one in doubts]
    known = set(there)
    return [one for one in dict.fromkeys([*first, *there]) if one in known]


def _drawn(store: Path, run: Run, order: Sequence[str]) -> Iterator[DocumentFacts]:
    """The first documents, as many as a page can hold."""
    some = order[:DOCUMENTS]
    placed, pages, records = _placed(store, run, some), pages_in(store, run, some), show_pages.records(store, run, some)
    size = 0
    for one in some:
        drawn = _document(placed[one], pages.get(one), records.get(one, []))
        yield drawn
        size += sum(len(page.picture or b"") for page in drawn.pages)
        if size >= BYTES:
            return


def _placed(store: Path, run: Run, documents: Sequence[str]) -> dict[str, dict[str, Any]]:
    found = show.rows(
        store,
        "SELECT d.id, any_value(d.text) AS text, min_by(p.key, p.position) AS key, min_by(p.source, p.position) AS source "
        f"FROM places p JOIN documents d ON d.id = p.document WHERE p.run = '{run.id}' AND d.id IN ({_listed(documents)}) GROUP BY d.id",
    )
    return {row["id"]: row for row in found}


def pages_in(store: Path, run: Run, documents: Sequence[str]) -> dict[str, Pages]:
    """Pages by document; those that could not be read are missing."""
    found = show.rows(
        store,
        "SELECT a.item, p.value FROM artifacts a JOIN pages p ON p.id = json_extract_string(a.value, '$.pages') "
        f"WHERE a.run = '{run.id}' AND a.step = 'pages' AND a.status <> 'failed' AND a.item IN ({_listed(documents)})",
    )
    return {row["item"]: Pages.model_validate_json(row["value"]) for row in found}


def _listed(documents: Sequence[str]) -> str:
    return ", ".join(["''", *(f"'{one}'" for one in documents)])


def _document(row: dict[str, Any], pages: Pages | None, records: Sequence[Extracted]) -> DocumentFacts:
    told = sources.told(row["text"])
    seen = told.kind in ("image", "pdf")
    there = seen and _is_there(row["source"], told)
    drawn = _pages(pages, records, row["source"], told, there) if pages else []
    return DocumentFacts(
        key=row["key"],
        document=row["id"],
        kind=told.kind,
        pages=tuple(drawn),
        sheets=len(pages.sheets) if pages else 0,
        records=tuple(records),
        gone=seen and any(page.picture is None for page in drawn),
    )


def _is_there(path: str, told: Told) -> bool:
    """Whether a document's file is what was read; boxes on another picture would say nothing."""
    try:
        return sources.digest(Path(path)) == told.file
    except OSError:
        return False


def _pages(pages: Pages, records: Sequence[Extracted], path: str, told: Told, there: bool) -> list[PageFacts]:
    """The pages that values stand on and the first, no more than a few."""
    places = sorted({value.origin.place or 0 for record in records for value in record.values if value.origin} | {0})
    numbers = [at for at in places if at < len(pages.sheets)][:PAGES]
    return [_page(pages, at, path, told, there) for at in numbers]


def _page(pages: Pages, number: int, path: str, told: Told, there: bool) -> PageFacts:
    sheet = pages.sheets[number]
    seen = _picture(path, told, number, sheet.turned) if there else None
    words = [
        WordFacts(text=word.text, box=word.box, line=word.line, number=at)
        for at, word in enumerate(pages.words)
        if word.page == number and seen is None
    ]
    most = len(words) if told.kind == "text" else WORDS
    return PageFacts(number=number, width=sheet.width, height=sheet.height, picture=seen, words=tuple(words[:most]))


def _picture(path: str, told: Told, number: int, turned: int) -> bytes | None:
    try:
        return picture(path, told.kind, number, turned, LONGEST)
    except (PagesError, ConfigError, OSError):
        return None
