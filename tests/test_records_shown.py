"""What a person sees of a run that reads tables: terminal and report, also of hostile texts, and what a click does."""

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType
from test_report import HOSTILE, Page, section

from limbeck import report_records, reporting_records, show_records, views
from limbeck import show as showing
from limbeck.facts import (
    AttributeFacts,
    DoubtFacts,
    ReaderFacts,
    RecordFacts,
    ScoredFacts,
    TableFacts,
    TypeFacts,
)
from limbeck.marks import aimed
from limbeck.retrieval.chunks import Span
from limbeck.run import STORE
from limbeck.schemas import Artifact, Document, Place, Run, Student, Vote
from limbeck.schemas.extraction import Attribute, Extracted, Origin, RecordSchema, RecordType, Status, Value
from limbeck.schemas.tables import Cell, Table
from limbeck.store import Store
from limbeck.table_drawing import SCRIPT
from limbeck.visible import visible

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
EVIL = "[bold]b[/bold] \x1b]0;owned\x07 </script><script>document.body.dataset.owned = 1</script>"
RUN = "b2:5f00d5"
SCHEMA = RecordSchema(
    types=(
        RecordType(name="Result", attributes=(Attribute(name="metric"), Attribute(name="task"), Attribute(name="settings", kind="pairs"))),
        RecordType(name=EVIL, attributes=(Attribute(name=EVIL),)),
    )
)
TABLE = Table(
    format="latex",
    source="paper.tex#2",
    caption="Accuracy of models on MNLI",
    notes=("* averaged over five seeds",),
    paragraphs=("Nothing is said here.", "All models are entailment models, as in Table 2."),
    rows=4,
    columns=3,
    cells=(
        Cell(row=0, column=0, text="Model", header="column", rows=2),
        Cell(row=0, column=1, text="Test", header="column", columns=2),
        Cell(row=1, column=1, text="F1", header="column"),
        Cell(row=1, column=2, text="EM", header="column"),
        Cell(row=2, column=0, text="Large models", header="section", columns=3),
        Cell(row=3, column=0, text="BERT", header="row"),
        Cell(row=3, column=1, text="88.3 (0.2)"),
        Cell(row=3, column=2, text=EVIL),
    ),
)
OTHER = Table(format="csv", rows=1, columns=2, cells=(Cell(row=0, column=0, text="n"), Cell(row=0, column=1, text="7")))


def said(name: str, text: str | None, status: Status = "grounded", origin: Origin | None = None, key: str = "", sure: float = 0.9) -> Value:
    return Value(name=name, key=key, text=text, status=status, confidence=sure, origin=origin)


def at(where: Any, start: int, end: int, **place: int) -> Origin:
    return Origin(where=where, start=start, end=end, **place)


RECORDS = (
    Extracted(
        row=3, column=1, value="88.3", type="Result", confidence=0.95,
        values=(
            said("metric", "F1", origin=at("cell", 0, 2, row=1, column=1)),
            said("task", "MNLI", origin=at("caption", 22, 26)),
            said("settings", "5", "normalised", at("note", 16, 20, place=0), key="seeds", sure=0.6),
            said("settings", "entailment", "grounded", at("paragraph", 15, 25, place=1), key="kind"),
            said("settings", "large", "inferred", key="size", sure=0.4),
        ),
    ),
    Extracted(row=3, column=1, part=1, value="0.2", type="Other", confidence=0.5),
    Extracted(row=3, column=2, value=EVIL, type=EVIL, confidence=0.7, values=(said(EVIL, EVIL, "inferred", sure=0.2),)),
    Extracted(
        row=2, column=2, value="models", type="Result", confidence=0.8,
        values=(said("metric", None, "missing", sure=1.0), said("task", "Test", origin=at("cell", 0, 4, row=0, column=2), sure=0.3)),
    ),
)  # fmt: skip


def text_of(table: Table) -> str:
    return table.model_dump_json(exclude_defaults=True)


def a_run(status: Any = "finished") -> Run:
    settings = {"documents": {"source": "papers/all.tex"}, "model": {"name": "big"}, "use_case": "Read results."}
    return Run(id=RUN, pipeline="tables", config=json.dumps(settings), documents=3, status=status, started=1.0, finished=61.0)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / STORE) as store:
        yield store


@pytest.fixture
def store(empty: Store) -> Store:
    documents = [Document.of(text_of(TABLE)), Document.of(text_of(OTHER)), Document.of("no table")]
    empty.put([a_run(), *documents])
    empty.put_places(RUN, [Place(position=n, key=key, document=one.id, source="x") for n, (key, one) in enumerate(zip(["t1", "t2", "t3"], documents, strict=True))])
    empty.put_schema(RUN, SCHEMA)
    empty.put_records(RUN, documents[0].id, RECORDS)
    empty.put_records(RUN, documents[1].id, [Extracted(row=0, column=1, value="7", type="Other", confidence=1.0)])
    partly = json.dumps({"records": {}, "failed": {"3,3": f"no answer {EVIL}"}})
    metrics = {"agreement": 0.81, "seconds": 30.0, "cells": 40}
    empty.put(
        [
            Artifact(run=RUN, step="extract", item=documents[0].id, value=partly),
            Artifact(run=RUN, step="extract", item=documents[1].id, value="null", status="failed", error="too long"),
            Student(id="s", run=RUN, kind="cells", space="x", path="students/cells", metrics=json.dumps(metrics), chosen=True),
        ]
    )
    empty.flush()
    return empty


def printed(view: RenderableType, width: int = 400) -> str:
    console = Console(width=width, file=None, record=True, quiet=False, force_terminal=False)
    with console.capture() as captured:
        console.print(view)
    return "\n".join(" ".join(line.split()) for line in captured.get().splitlines())


# ---- on a terminal ---------------------------------------------------------------------------------------------------


def test_a_run_ends_with_types_examples_what_failed_and_the_student(store: Store) -> None:
    shown = printed(views.VIEWS["tables"].ending(store.path, a_run(), Path("r.html")))
    for line in (
        "type records tables grounded normalised inferred missing",
        "Result 2 1 4 1 1 1",
        "Other 2 2 – – – –",
        "5 records, 8 attributes: 50.0% grounded, 12.5% normalised, 25.0% inferred, 12.5% missing",
        "t1 3,1 88.3 Result metric: F1",
        "settings: seeds: 5 normalised 0.60",
        "t1 3,1,1 0.2 Other –",
        "Without a record: 1 value (limbeck show 5f00d5 --failed",
        "Student (cells): agreement 0.810",
        "Failed: 1 (limbeck show 5f00d5 --failed",
        "Report: r.html",
    ):
        assert line in shown
    assert visible(shown) == shown and show_records.sized(store.path, a_run()) == "5 records"
    assert printed(views.runs_table(store.path)).splitlines()[1] == "5f00d5 tables finished 3 5 records 1 0"


def test_every_record_is_a_row(store: Store) -> None:
    shown = printed(show_records.labels_table(store.path, a_run(), None)).splitlines()
    assert [line for line in shown if re.match(r"t\d", line)] == [
        "t1 3,1 88.3 Result metric: F1",
        "t1 3,1,1 0.2 Other –",
        *(line for line in shown if line.startswith("t1 3,2")),
        "t1 2,2 models Result task: Test",
        "t2 0,1 7 Other –",
    ]
    assert len([line for line in printed(show_records.labels_table(store.path, a_run(), 2)).splitlines() if line.startswith("t1")]) == 2


def test_doubts_are_what_stands_nowhere_first_and_the_least_sure_first(store: Store) -> None:
    found = show_records.doubts(store.path, a_run())
    assert [(one.value.status, one.value.confidence, one.records) for one in found] == [("inferred", 0.2, 1), ("inferred", 0.4, 1), ("grounded", 0.3, 1)]
    shown = printed(show_records.errors_view(store.path, a_run(), 2)).splitlines()
    assert shown[0] == "key type attribute said status confidence records first at"
    assert shown[2] == "t1 Result settings: size large inferred 0.40 1 3,1: 88.3" and len(shown) == 3


def test_what_is_said_alike_of_a_table_is_one_doubt(empty: Store) -> None:
    document = Document.of(text_of(TABLE))
    empty.put([a_run(), document])
    empty.flush()
    empty.put_places(RUN, [Place(position=n, key=f"k{n}", document=document.id, source="x") for n in range(2)])
    records = [Extracted(row=n, column=0, value=str(n), type="Result", confidence=1.0, values=(said("task", "QA", "inferred", sure=0.5 - n / 10),)) for n in range(3)]
    empty.put_records(RUN, document.id, records)
    (found,) = show_records.doubts(empty.path, a_run())
    assert (found.key, found.row, found.first, found.records, found.value.confidence) == ("k0", 0, "0", 3, 0.3)
    assert "every value stands in its source" in printed(show_records.errors_view(empty.path, a_run().model_copy(update={"id": "x"}), None))


def test_readings_are_judged_by_what_they_came_to(store: Store) -> None:
    assert "read once" in printed(show_records.annotators_view(store.path, a_run()))
    document = Document.of(text_of(TABLE)).id
    votes = [Vote(item=f"{document}#{key}", space=SCHEMA.id, annotator="llm:a", label=label) for key, label in (("3,1", "Result"), ("3,1,1", "Result"))]
    store.put_votes(SCHEMA.id, "llm:a", votes)
    assert printed(show_records.annotators_view(store.path, a_run())).splitlines()[1] == "llm:a 2 50.0%"


def test_a_failure_names_its_table_and_not_its_json(store: Store) -> None:
    shown = printed(showing.failures_table(store.path, a_run()))
    assert "too long n | 7" in shown and "Accuracy of models on MNLI" in shown and "#3,3 no answer" in shown and "{" not in shown
    assert [showing.called(text) for text in (text_of(OTHER.model_copy(update={"source": "a.csv#1"})), "no table")] == ["a.csv#1", "no table"]


@pytest.mark.parametrize(("status", "line"), [("running", "no records yet"), ("finished", "no records were found")])
def test_a_run_without_records_says_so(empty: Store, status: Any, line: str) -> None:
    empty.put([a_run(status)])
    empty.flush()
    assert line in printed(show_records.ending(empty.path, a_run(status), None)) and show_records.sized(empty.path, a_run()) == "–"
    page = report_records.render(reporting_records.facts(empty.path, a_run(status)))
    assert section(page, "records") == ("Records No records yet." if status == "running" else "Records No record was found.")
    assert 'id="tables"' not in page


# ---- the report ------------------------------------------------------------------------------------------------------


@pytest.fixture
def page(store: Store) -> str:
    return views.write_report(store.path, a_run()).read_text("utf-8")


def test_the_report_says_what_was_found(page: str) -> None:
    words = Page(page).words
    assert "Tables 3 1 failed Records 5 1 values without one In the source 71.4% of 7 attributes said Not in the source 2" in words
    assert section(page, "records").startswith("Records Result In 1 table. 2 40.0% 3 attributes Attribute ✓ grounded ≈ normalised ? inferred – missing")
    assert "large settings: size Result t1 ? inferred 0.40 1 88.3" in section(page, "doubts")
    assert section(page, "students").endswith("Student agreement cells chosen students/cells 0.810")
    tables = section(page, "tables")
    assert "t1 paper.tex#2 · 4 × 3 cells, 4 records Caption Accuracy of models on MNLI Model Test F1 EM Large models BERT 88.3 ( 0.2 )" in tables
    assert "Note * averaged over five seeds Text All models are entailment models, as in Table 2. 1 further paragraph of the text" in tables
    assert "88.3 Result 0.95 metric ✓ F1 0.90 task ✓ MNLI 0.90 settings: seeds ≈ 5 normalised 0.60" in tables
    assert "settings: size ? large inferred 0.40" in tables and "– not said: metric" in tables
    assert "1 further table is not drawn" in tables


def test_a_table_is_drawn_with_its_spans_and_headers(page: str) -> None:
    grid = re.search(r'<table class="grid">.*?</table>', page, re.DOTALL)
    assert grid
    assert '<th id="d0-0-0" scope="col" rowspan="2" dir="auto">Model</th><th id="d0-0-1" scope="col" colspan="2" dir="auto">Test</th></tr>' in grid[0]
    assert '<th id="d0-2-0" scope="rowgroup" class="section" colspan="3" dir="auto">Large <a href="#r0-2-2">models</a></th>' in grid[0]
    assert '<th id="d0-3-0" scope="row" dir="auto">BERT</th><td id="d0-3-1" dir="auto"><a href="#r0-3-1">88.3</a> (<a href="#r0-3-1-1">0.2</a>)</td>' in grid[0]


def test_every_value_leads_to_where_it_stands(page: str) -> None:
    found = dict(re.findall(r'<a href="#(d0[^"]*)"><bdi>([^<]*)</bdi></a>', page))
    assert found == {
        "d0-3-1": "0.2", "d0-1-1": "F1", "d0-c-22-26": "MNLI", "d0-n0-16-20": "5", "d0-p1-15-25": "entailment",
        "d0-3-2": html.escape(visible(EVIL)), "d0-2-0": "models", "d0-0-1": "Test",
    }  # fmt: skip
    assert '<span class="aim" id="d0-p1-15-25">entailment</span>' in page and '<span class="aim" id="d0-c-22-26">MNLI</span>' in page
    drawn = Page(page)
    ids = [attrs["id"] for _, attrs in drawn.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {attrs["href"] for tag, attrs in drawn.tags if tag == "a"} <= {f"#{id}" for id in ids}


def test_nothing_is_fetched_and_nothing_but_the_one_script_is_run(page: str) -> None:
    drawn = Page(page)
    assert [tag for tag, _ in drawn.tags if tag == "script"] == ["script"] and page.count("<script") == 1
    assert drawn.names().isdisjoint({"link", "img", "iframe", "object", "use", "image", "foreignObject"})
    assert not [name for _, attrs in drawn.tags for name in attrs if name.startswith("on") or name in ("src", "srcset")]
    policy = next(attrs["content"] for _, attrs in drawn.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def test_large_runs_are_cut_and_say_so(empty: Store) -> None:
    wide = Table(format="csv", rows=60, columns=100, cells=tuple(Cell(row=n // 100, column=n % 100, text=str(n)) for n in range(6_000)))
    documents = [Document.of(text_of(wide.model_copy(update={"caption": str(n)}))) for n in range(6)]
    empty.put([a_run(), *documents])
    empty.flush()
    empty.put_places(RUN, [Place(position=n, key=f"k{n}", document=one.id, source="x") for n, one in enumerate(documents)])
    origin = at("cell", 0, 1, row=59, column=99)
    records = [Extracted(row=n // 100, column=n % 100, value=str(n), type="Result", confidence=1.0, values=(said("task", "t", origin=origin),)) for n in range(600)]
    empty.put_records(RUN, documents[0].id, records)
    found = reporting_records.facts(empty.path, a_run())
    assert [len(one.table.cells) for one in found.tables] == [5_000] * 4 and found.tables_left_out == 2
    page = report_records.render(found)
    assert "60 × 100 cells, 500 records · 1,000 further cells and 100 further records not drawn" in section(page, "tables")
    assert "2 further tables are not drawn" in section(page, "tables")
    assert "d0-59-99" not in page and Page(page)


def everywhere(text: str) -> RecordFacts:
    """Facts with one text in every place that holds one."""
    value = said(text, text, "inferred", key=text)
    record = Extracted(row=0, column=0, value=text, type=text, confidence=1.0, values=(value, said(text, text, origin=at("caption", 0, 3)), said(text, None, "missing")))
    cells = (Cell(row=0, column=0, text=text, header="row"), Cell(row=0, column=1, text=text + " "), Cell(row=0, column=2, text=""))
    table = Table(format="csv", source=text, caption=text, notes=(text,), paragraphs=(text,), rows=1, columns=3, cells=cells)
    return RecordFacts(
        title=text, run=text, pipeline="tables", status="finished", model=text, started=1.0, use_case=text, notes=(text,), failed=1, show_failed=text,
        types=(TypeFacts(name=text, records=1, tables=1, attributes=(AttributeFacts(name=text, said={"inferred": 1}),)),),
        tables=(TableFacts(key=text, document=text, table=table, records=(record,)),),
        tables_left_out=1,
        doubts=(DoubtFacts(key=text, document=text, row=0, column=0, part=0, first=text, records=1, type=text, value=value),),
        doubted=1,
        readers=(ReaderFacts(name=text, cells=1, agreed=1.0),),
        scored=(ScoredFacts(kind=text, scores=((text, 0.5),), chosen=True, path=text),),
    )  # fmt: skip


@pytest.mark.parametrize("text", [HOSTILE, EVIL, "<!--", "' onclick='x", "\u202e abc", "]]>", " "])
def test_hostile_texts_are_shown_and_never_obeyed(text: str) -> None:
    page = report_records.render(everywhere(text))
    plain = Page(report_records.render(everywhere("plain")))
    hostile = Page(page)
    assert hostile.names() == plain.names() and page.count("<script") == 1
    assert {name for _, attrs in hostile.tags for name in attrs} == {name for _, attrs in plain.tags for name in attrs}
    assert page.count("<style>") == 1 and visible(page) == page
    if text.strip():
        assert hostile.words.count(" ".join(visible(text).split())[:20]) > 15


@given(st.text(max_size=20))
def test_any_text_gives_a_page(text: str) -> None:
    assert Page(report_records.render(everywhere(text))).names() >= {"table", "article"}


# ---- words that links lead to ----------------------------------------------------------------------------------------

spans = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=6)


def reached(page: str, id: str) -> str:
    """The text of the element with an id."""
    start = page.index(f'id="{id}">') + len(f'id="{id}">')
    depth = 1
    for found in re.finditer(r"<(/?)span", page[start:]):
        depth += -1 if found[1] else 1
        if not depth:
            return html.unescape(re.sub("<[^>]*>", "", page[start : start + found.start()]))
    raise AssertionError(id)


@given(st.text(alphabet="ab<&\"'ü", max_size=12), spans)
def test_each_span_is_an_element_that_holds_its_words(text: str, spans: list[Span]) -> None:
    page = aimed(text, spans, "x")
    assert html.unescape(re.sub("<[^>]*>", "", page)) == text and Page(page)
    for start, end in spans:
        if 0 <= start < end <= len(text):
            held = reached(page, f"x-{start}-{end}")
            crossed = any(one < start < other < end for one, other in spans if one < other <= len(text))
            assert held.endswith(text[start:end]) and (crossed or held == text[start:end])
        else:
            assert f'id="x-{start}-{end}"' not in page


def test_spans_may_hold_one_another() -> None:
    held = '<span class="aim" id="x-0-9">on <span class="aim" id="x-3-7">MNLI</span> m</span>'
    assert aimed("on MNLI m", [(3, 7), (0, 9), (3, 7)], "x") == held


# ---- in a browser ----------------------------------------------------------------------------------------------------

CLICK = """
const told = [];
document.querySelector("#d0").scrollIntoView({ behavior: "instant" });
const top0 = scrollY;
for (const selector of SELECTORS) {
  const link = document.querySelector(selector);
  const kept = link.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
  const lit = document.querySelector(":target"), box = lit.getBoundingClientRect(), panel = lit.closest(".panel").getBoundingClientRect();
  const seen = box.bottom > panel.top && box.top < panel.bottom;
  told.push([lit.id, getComputedStyle(lit).outlineStyle, kept, seen, scrollY - top0]);
}
document.querySelector("#show-inferred").click();
told.push([...document.querySelectorAll(".record .inferred")].every(one => getComputedStyle(one).display == "none"));
document.querySelector("#show-t0").click();
told.push([...document.querySelectorAll(".record")].filter(one => getComputedStyle(one).display != "none").length);
document.body.dataset.told = JSON.stringify(told);
"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
def test_a_click_lights_up_where_a_value_stands_and_the_page_stays(page: str, tmp_path: Path) -> None:
    selectors = ['[href="#d0-1-1"]', '[href="#d0-c-22-26"]', '[href="#d0-p1-15-25"]', '[href="#r0-3-1-1"]']
    script = CLICK.replace("SELECTORS", json.dumps(selectors))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    file = tmp_path / "clicked.html"
    file.write_text(page.replace("script-src ", f"script-src 'sha256-{digest}' ").replace("</body>", f"<script>{script}</script></body>"), "utf-8")
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1300,1000", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    told = re.search(r'data-told="([^"]*)"', done.stdout)
    assert told, done.stderr[-2000:]
    assert json.loads(html.unescape(told[1])) == [
        ["d0-1-1", "solid", False, True, 0],
        ["d0-c-22-26", "solid", False, True, 0],
        ["d0-p1-15-25", "solid", False, True, 0],
        ["r0-3-1-1", "solid", False, True, 0],
        True,
        3,
    ]
    assert "data-owned" not in re.sub(r"dataset\.owned", "", done.stdout)
