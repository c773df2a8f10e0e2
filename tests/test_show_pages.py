"""What a person sees of a run that reads documents: terminal, facts of the report, exports."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from rich.console import Console, RenderableType

from limbeck import reporting_pages, show, show_pages, views
from limbeck.exporting import export
from limbeck.fields.reading import read_fields
from limbeck.labelmodels.open_vocabulary import ABSENT
from limbeck.pages import sources
from limbeck.run import STORE
from limbeck.schemas import Artifact, Run, Student, Vote
from limbeck.schemas.claims import Claim, Evidence, Mismatch
from limbeck.schemas.extraction import Attribute, Extracted, Origin, RecordSchema, RecordType, Value
from limbeck.schemas.pages import Pages, Sheet, Word
from limbeck.store import Store

RUN = "b2:d0c5d0c5"
FIELDS = read_fields("receipt")
SCHEMA = RecordSchema(
    name="receipt",
    types=(
        RecordType(name="receipt", attributes=(Attribute(name="company"), Attribute(name="number"), Attribute(name="total", kind="number"), Attribute(name="paid", kind="pairs"))),
        RecordType(name="items", attributes=(Attribute(name="name"), Attribute(name="amount", kind="number"))),
    ),
)  # fmt: skip
PAGES = Pages(
    sheets=(Sheet(width=100, height=200), Sheet(width=90, height=200)),
    words=tuple(
        Word(text=text, box=(10.0 * at, 10, 10.0 * at + 9, 20), line=line, page=page)
        for at, (text, line, page) in enumerate([("Night", 0, 0), ("Owl", 0, 0), ("Ride", 1, 0), ("12,50", 1, 0), ("Total", 2, 1), ("12,50", 2, 1)])
    ),
)


def value(name: str, text: str | None, words: tuple[int, ...] = (), sure: float = 0.9, status: Any = None, key: str = "") -> Value:
    boxes = [PAGES.words[at].box for at in words]
    origin = Origin(
        where="page", place=PAGES.words[words[0]].page, start=words[0], end=words[-1] + 1, words=words, box=(boxes[0][0], 10.0, boxes[-1][2], 20.0)
    ) if words else None  # fmt: skip
    return Value(name=name, key=key, text=text, status=status or ("grounded" if words else "missing" if text is None else "inferred"), confidence=sure, origin=origin)


RECORDS = [
    Extracted(
        row=0, column=0, value="Night Owl", type="receipt", confidence=0.8,
        values=(
            value("company", "Night Owl", (0, 1)),
            value("number", "A7", sure=0.7),
            value("total", "12.50", (5,), status="normalised", sure=0.4),
            value("paid", "cash", key="1", sure=0.2), value("paid", "card", (4,), key="2"),
        ),
    ),
    Extracted(row=1, column=0, value="Ride", type="items", confidence=0.7, values=(value("name", "Ride", (2,)), value("amount", "12.50", (3,), status="normalised"))),
]  # fmt: skip
MAIL_RECORDS = [Extracted(row=0, column=0, value="", type="receipt", confidence=0.0, values=tuple(value(one, None) for one in ("company", "number", "total", "paid")))]
WRONG = (
    Mismatch(
        kind="amount", claims=(Claim(row=2, document="taxi.png", written="20.00", amount=20.0),), documents=("x",), keys=("taxi.png",), claimed="20.00", said="12.50",
        over=7.5, stake=7.5, confidence=0.4, sure=False, evidence=(Evidence(document="x", key="taxi.png", role="amount", said="12.50", page=1, confidence=0.4),),
    ),
    Mismatch(kind="no document", claims=(Claim(row=1, document="gone.pdf", written="9.00", amount=9.0),), claimed="9.00", stake=9.0, confidence=1.0, sure=True),
    Mismatch(kind="date", claims=(Claim(row=1),), documents=("y",), keys=("mail.txt",), claimed="1 May", said="2019-05-02", stake=5.0, confidence=0.9, sure=True),
)  # fmt: skip


def a_run(folder: Path, status: Any = "finished", claims: bool = True) -> Run:
    settings = {
        "documents": {"source": str(folder / "docs")}, "model": {"name": "big"}, "use_case": "Check claims.", "fields": {"source": "receipt"},
        "read": {"review": 0.5}, "claims": {"source": "claims.csv"} if claims else None,
    }  # fmt: skip
    return Run(id=RUN, pipeline="documents", config=json.dumps(settings), documents=3, status=status, started=1.0, finished=61.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    docs = tmp_path / "docs"
    docs.mkdir()
    Image.new("RGB", (100, 200), "white").save(docs / "taxi.png")
    (docs / "mail.txt").write_text("Hello\n")
    (docs / "torn.pdf").write_bytes(b"%PDF torn")
    corpus = sources.read(str(docs))
    with Store.open(tmp_path / STORE) as opened:
        opened.put([a_run(tmp_path), *corpus.documents])
        opened.put_places(RUN, corpus.places)
        mail, taxi, torn = (place.document for place in corpus.places)
        opened.put_schema(RUN, SCHEMA)
        opened.put_pages("p1", PAGES)
        opened.put_pages("p2", Pages(sheets=(Sheet(width=5, height=1),), words=(Word(text="Hello", box=(0, 0, 5, 1), line=0),)))
        opened.put_records(RUN, taxi, RECORDS)
        opened.put_records(RUN, mail, MAIL_RECORDS)
        made = [Artifact(run=RUN, step="pages", item=item, value=json.dumps({"pages": id})) for item, id in ((taxi, "p1"), (mail, "p2"))]
        made.append(Artifact(run=RUN, step="pages", item=torn, value="null", status="failed", error="torn"))
        problems = {"total": "subtotal 8.00 + tax 0.50 is 8.50, but total 12.50 was read"}
        decided = {"doubts": {**problems, "company": "'Night Owl' is not sure: 0.40"}, "problems": problems}
        made.append(Artifact(run=RUN, step="decide", item=taxi, value=json.dumps(decided)))
        said = {
            "llm:big/read": {"company": "nightowl", "total": "12.50", "phone": ABSENT}, "llm:big/read-2": {"company": "owl", "total": "15.00"},
            "rules:sums": {"total": "12.50"}, "rules:cue": {"total": ABSENT},
        }  # fmt: skip
        for who, labels in said.items():
            for name, label in labels.items():
                space = f"{FIELDS.id}/{name}"
                opened.put_votes(space, who, [Vote(item=taxi, space=space, annotator=who, label=label)])
        made += [Artifact(run=RUN, step="claims", item=f"{at:06d}", value=one.model_dump_json()) for at, one in enumerate(WRONG)]
        opened.put(made)
        opened.put([Student(id="s", run=RUN, kind="tagger", space="", path="students/tagger", metrics='{"anls": 0.91, "agreement.unit_price": 0.5, "agreement.total": 1.0, "seconds": 3.0}', chosen=True)])
        opened.flush()
        yield opened


def printed(what: RenderableType) -> str:
    console = Console(width=150, no_color=True)
    with console.capture() as captured:
        console.print(what)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def the_run(store: Store) -> Run:
    return show.find(store.path, None)


def test_an_ending_says_what_was_found_claimed_and_spent(store: Store) -> None:
    told = printed(show_pages.ending(store.path, the_run(store), Path("report.html")))
    assert told == f"""\
 field    of       records  found   grounded  normalised  inferred  sure
 company  receipt  2        50.0%   1         0           0         1
 number   receipt  2        50.0%   0         0           1         0
 total    receipt  2        50.0%   0         1           0         0
 paid     receipt  2        50.0%   1         0           1         1
 name     items    1        100.0%  1         0           0         1
 amount   items    1        100.0%  0         1           0         1

7 values: 42.9% grounded, 28.6% normalised, 28.6% inferred

 key       record   values
 mail.txt  receipt  –
 taxi.png  receipt  company: Night Owl
                    number: A7  inferred 0.70
                    total: 12.50  normalised 0.40
                    paid: 1: cash  inferred 0.20
                    paid: 2: card
           items 1  name: Ride
                    amount: 12.50  normalised 0.90
 torn.pdf  –        –

 claims  document  what                   claimed  the document says  at stake  confidence
 1       gone.pdf  no document            9.00     –                  9.00      1.00
 1       mail.txt  date                   1 May    2019-05-02         5.00      0.90
 2       taxi.png  amount, to be checked  20.00    12.50 (page 2)     7.50      0.40

Claims: 3 mismatches, 9.00 at stake that is sure

To review: 3 values (limbeck show d0c5d0c5 --errors --project {store.path.parent})
Student (tagger): anls 0.910
Student: {store.path.parent}/students/tagger

Spent: 0 calls, 0 + 0 tokens, 0 s
Failed: 1 (limbeck show d0c5d0c5 --failed --project {store.path.parent})
Report: report.html"""


def test_doubts_say_why_the_least_sure_first(store: Store) -> None:
    told = printed(show_pages.errors_view(store.path, the_run(store), None)).split("\n\n")[1]
    assert told == """\
 key       field    said   status      confidence  why
 taxi.png  paid: 1  cash   inferred    0.20        stands nowhere on its pages
 taxi.png  total    12.50  normalised  0.40        subtotal 8.00 + tax 0.50 is 8.50, but total 12.50 was read; 2 of 4 say so, others say 15.00 (1),
                                                   nothing (1)
 taxi.png  number   A7     inferred    0.70        stands nowhere on its pages"""


def test_annotators_are_compared_with_the_record(store: Store) -> None:
    assert printed(show_pages.annotators_view(store.path, the_run(store))) == """\
 annotator       votes  agrees with the record
 llm:big/read    2      100.0%
 rules:sums      1      100.0%
 llm:big/read-2  2      0.0%
 rules:cue       1      0.0%"""


def test_what_failed_is_called_as_the_user_calls_it(store: Store) -> None:
    assert printed(show.failures_table(store.path, the_run(store))).splitlines()[1].split() == ["pages", show.short(show.failures(store.path, the_run(store))[0]["item"]), "torn", "torn.pdf"]


def test_runs_are_listed_with_their_values(store: Store) -> None:
    assert printed(views.runs_table(store.path)).splitlines()[1].split() == ["d0c5d0c5", "documents", "finished", "3", "7", "values", "1", "0"]


def test_a_run_without_anything_says_so(tmp_path: Path) -> None:
    with Store.open(tmp_path / STORE) as empty:
        empty.put([a_run(tmp_path, "running")])
        empty.flush()
        run = the_run(empty)
        assert show_pages.sized(empty.path, run) == "–"
        assert printed(show_pages.ending(empty.path, run, None)).splitlines()[:3] == ["nothing was read yet", "", "Claims: not compared yet"]
        assert printed(show_pages.annotators_view(empty.path, run)) == "nobody has voted on what these documents say"
        assert printed(show_pages.errors_view(empty.path, run, None)) == "every value stands on its page, and is sure"
        assert reporting_pages.facts(empty.path, run).claimed is False
        assert "Nothing was read yet." in views.VIEWS["documents"].page(empty.path, run)


def test_money_at_stake_counts_a_claim_once() -> None:
    assert show_pages.at_stake(WRONG) == 9.0


def test_votes_are_found_where_the_field_set_was_edited_since(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    before = show_pages.readers(store.path, the_run(store))
    monkeypatch.setattr(show_pages, "read_fields", lambda source: FIELDS.model_copy(update={"description": "edited"}))
    assert show_pages.readers(store.path, the_run(store)) == before != []


def test_a_sum_that_does_not_add_up_makes_a_sure_value_doubtful(store: Store) -> None:
    (found,) = [one for one in store.artifacts(RUN, "decide").values()]
    problems = {"items": "items.amount 12.50, but total 9.00 was read"}
    store.put([found.model_copy(update={"value": json.dumps({"doubts": problems, "problems": problems})})])
    store.flush()
    doubts = [one for one in show_pages.doubts(store.path, the_run(store)) if one.row]
    assert [(one.value.name, one.why) for one in doubts] == [(name, "items.amount 12.50, but total 9.00 was read") for name in ("name", "amount")]


def test_what_was_left_out_is_listed_and_what_a_failed_sum_lacks_is_not(store: Store) -> None:
    problems, unsure = {"total": "subtotal 8.00 is 8.00, but total 9.00 was read"}, {"$ VAT/GST": "'1.00' is not sure: 0.10", "company": "'Owl' is not sure: 0.20"}
    mail = next(one.document for one in store.places(RUN) if one.key == "mail.txt")
    store.put([Artifact(run=RUN, step="decide", item=mail, value=json.dumps({"doubts": {**problems, **unsure}, "problems": problems}))])
    store.put_records(RUN, mail, [Extracted(row=0, column=0, value="", type="receipt", confidence=0.0, values=tuple(value(one, None) for one in ("company", "$ VAT/GST", "total")))])
    store.flush()
    assert {one.value.name: one.why for one in show_pages.doubts(store.path, the_run(store)) if one.key == "mail.txt"} == unsure


# ---- the report's facts ----------------------------------------------------------------------------------------------


def test_facts_hold_pictures_of_the_pages_that_values_stand_on(store: Store) -> None:
    facts = reporting_pages.facts(store.path, the_run(store))
    taxi, mail = facts.drawn
    assert (taxi.key, taxi.kind, taxi.sheets, [page.number for page in taxi.pages], mail.key, mail.kind) == ("taxi.png", "image", 2, [0, 1], "mail.txt", "text")
    assert (taxi.pages[0].picture or b"")[:2] == b"\xff\xd8" and not taxi.pages[0].words
    # The file has one page, so that the second is drawn from its words.
    assert taxi.pages[1].picture is None and [word.text for word in taxi.pages[1].words] == ["Total", "12,50"] and taxi.gone
    assert not mail.gone and [word.text for word in mail.pages[0].words] == ["Hello"]
    assert (facts.read, facts.doubted, facts.claimed, facts.mismatched, facts.at_stake, facts.left_out) == (2, 3, True, 3, 9.0, 0)
    assert [(one.record, one.place, one.entry) for one in facts.reviews] == [(0, 3, ""), (0, 2, ""), (0, 1, "")]


@pytest.mark.parametrize("how", ["gone", "another"])
def test_of_a_file_that_is_another_by_now_the_words_are_drawn(store: Store, tmp_path: Path, how: str) -> None:
    file = tmp_path / "docs" / "taxi.png"
    file.unlink()
    if how == "another":
        Image.new("RGB", (100, 200), "black").save(file)
    taxi = reporting_pages.facts(store.path, the_run(store)).drawn[0]
    assert taxi.gone and [word.text for page in taxi.pages for word in page.words] == [word.text for word in PAGES.words]
    assert "its file is not there any more" in views.VIEWS["documents"].page(store.path, the_run(store))


def test_documents_are_drawn_until_there_are_enough_pictures(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting_pages, "BYTES", 1)
    facts = reporting_pages.facts(store.path, the_run(store))
    assert ([one.key for one in facts.drawn], facts.left_out) == (["taxi.png"], 1)
    assert facts.show_all == f"limbeck show d0c5d0c5 --labels --project {store.path.parent.name}"


# ---- exports ---------------------------------------------------------------------------------------------------------


def read(file: Path) -> list[dict[str, Any]]:
    if file.suffix == ".jsonl":
        return [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_documents_are_exported_a_row_each_and_entries_with_their_number(store: Store, tmp_path: Path, form: str) -> None:
    files = export(store.path, the_run(store), tmp_path / "out", form)
    assert [file.name for file in files] == [f"receipt.{form}", f"items.{form}"]
    if form != "parquet":
        own, items = (read(file) for file in files)
        paid = {"1": "cash", "2": "card"}
        first = own[1]
        assert list(first) == ["run", "document", "key", "company", "number", "total", "paid", "total_number", "confidence", "status", "confidences"]
        assert (first["key"], first["number"], float(first["total_number"]), own[0]["key"]) == ("taxi.png", "A7", 12.5, "mail.txt")
        assert (first["paid"] if form == "jsonl" else json.loads(first["paid"])) == paid
        assert [(one["key"], str(one["entry"]), one["name"], float(one["amount_number"])) for one in items] == [("taxi.png", "1", "Ride", 12.5)]


def test_every_value_is_exported_with_page_box_and_words(store: Store, tmp_path: Path) -> None:
    values = read(export(store.path, the_run(store), tmp_path / "out", "jsonl", only="receipt", values=True)[-1])
    assert [(one["field"], one["nth"], one["said"], one["page"], one["printed"], one["words"]) for one in values] == [
        ("company", "", "Night Owl", 1, "Night Owl", [0, 1]),
        ("number", "", "A7", None, None, None),
        ("total", "", "12.50", 2, "12,50", [5]),
        ("paid", "1", "cash", None, None, None),
        ("paid", "2", "card", 2, "Total", [4]),
    ]
    where = ("left", "top", "right", "bottom", "width", "height", "entry")
    assert [values[0][name] for name in where] == [0.0, 10.0, 19.0, 20.0, 100.0, 200.0, None]
    assert values[2]["width"] == 90.0


def test_published_records_can_be_asked_in_sql(store: Store) -> None:
    store.publish_records(RUN, SCHEMA)
    assert store.rows('SELECT key, company, total_number FROM extracted."receipt" WHERE company IS NOT NULL') == [
        {"key": "taxi.png", "company": "Night Owl", "total_number": 12.5}
    ]
    assert store.rows('SELECT key, "row", name FROM extracted.items') == [{"key": "taxi.png", "row": 1, "name": "Ride"}]
