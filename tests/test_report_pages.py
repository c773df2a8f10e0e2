"""The report of documents: figures, claims, each page with its boxes, hostile texts, and what a click does."""

import base64
import hashlib
import html
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_records_shown import CHROMIUM
from test_report import HOSTILE, VOID, Page, section

from limbeck.facts import ScoredFacts
from limbeck.facts_pages import DocumentFacts, FieldFacts, PageFacts, PagesFacts, ReviewFacts, WordFacts
from limbeck.page_drawing import Drawn, percent, words_drawn
from limbeck.report_pages import render
from limbeck.schemas.claims import Claim, Evidence, Mismatch
from limbeck.schemas.extraction import Extracted, Origin, Status, Value
from limbeck.schemas.pages import Box

VOID |= {"img"}
RUN: dict[str, Any] = {"title": "Records of scans", "run": "5f00d5", "pipeline": "documents", "status": "finished", "model": "big", "started": 1_790_000_000.0}
EVIL = "</script><script>document.body.dataset.owned = 1</script>" + HOSTILE


def said(
    name: str, text: str | None, box: Box | None = None, words: tuple[int, ...] = (0,), page: int = 0, sure: float = 0.9, status: Status | None = None, key: str = ""
) -> Value:  # fmt: skip
    origin = Origin(where="page", place=page, start=min(words), end=max(words) + 1, words=words, box=box) if box else None
    how: Status = status or ("grounded" if box else "missing" if text is None else "inferred")
    return Value(name=name, key=key, text=text, status=how, confidence=sure, origin=origin)


def record(*values: Value, row: int = 0, kind: str = "receipt") -> Extracted:
    return Extracted(row=row, column=0, value="", type=kind, confidence=0.8, values=values)


def word(number: int, text: str, left: float, top: float, right: float, bottom: float, line: int = 0) -> WordFacts:
    return WordFacts(text=text, box=(left, top, right, bottom), line=line, number=number)


TOTAL = said("total", "12.50", (60.0, 80.0, 90.0, 90.0), (4,))
SCAN = DocumentFacts(
    key="taxi.jpg",
    document="b2:1",
    kind="image",
    sheets=3,
    pages=(
        PageFacts(number=0, width=100, height=200, picture=b"jpeg"),
        PageFacts(number=2, width=100, height=300, words=(word(7, "Tip & co", 10, 20, 50, 30),)),
    ),
    records=(
        record(
            said("company", "Night Owl", (10.0, 10.0, 70.0, 20.0), (0, 1)),
            said("phone", None),
            TOTAL,
            said("currency", "EUR", (60.0, 80.0, 90.0, 90.0), (4,), sure=0.3),
            said("tip", "2.00", (10.0, 20.0, 50.0, 30.0), (7,), page=2),
            said("tax", "9.99", sure=0.4),
            said("note", "far", (1.0, 1.0, 2.0, 2.0), (9,), page=1),
        ),
        record(said("name", "Ride", (10.0, 50.0, 30.0, 60.0), (2,)), said("amount", None), row=1, kind="items"),
        record(said("name", "Wait", (10.0, 60.0, 30.0, 70.0), (3,)), row=2, kind="items"),
    ),
    gone=True,
)
MAIL = DocumentFacts(
    key="mail.txt",
    document="b2:2",
    kind="text",
    sheets=1,
    pages=(
        PageFacts(
            number=0,
            width=30,
            height=4,
            words=(
                word(0, "Dear", 0, 0, 4, 1), word(1, "Ms", 5, 0, 7, 1), word(2, "<Kern>", 8, 0, 14, 1),
                word(3, "Total", 2, 2, 7, 3, line=1), word(4, "14.50", 12, 2, 17, 3, line=1), word(5, "Leeds", 18, 2, 23, 3, line=1),
            ),
        ),
    ),
    records=(
        record(
            said("company", "Ms Kern", (5.0, 0.0, 14.0, 1.0), (1, 2)),
            said("address", "Total 14.50 Leeds", (2.0, 2.0, 23.0, 3.0), (3, 4, 5)),
            said("total", "14.50", (12.0, 2.0, 17.0, 3.0), (4,), sure=0.2),
            said("city", "Leeds", (18.0, 2.0, 23.0, 3.0), (5,)),
            said("town", "Leeds", (18.0, 2.0, 23.0, 3.0), (5,)),
        ),
    ),
)  # fmt: skip
CLAIM = Claim(row=3, document="taxi.jpg", written="21.50", amount=21.5)
WRONG = (
    Mismatch(
        kind="amount", claims=(CLAIM,), documents=("b2:1",), keys=("taxi.jpg",), claimed="21.50", said="12.50", over=9.0, stake=9.0, confidence=0.9, sure=True,
        evidence=(Evidence(document="b2:1", key="taxi.jpg", role="amount", said="12.50", printed="EUR 12,50", page=0, box=(60.0, 80.0, 90.0, 90.0), confidence=0.9),),
    ),
    Mismatch(kind="unread", claims=(CLAIM,), documents=("b2:9",), keys=("blank.png",), claimed="21.50", stake=21.5, confidence=0.0, sure=False),
    Mismatch(kind="no document", claims=(Claim(row=4, document="lost.pdf", written="5.00", amount=5.0),), claimed="5.00", stake=5.0, confidence=1.0, sure=True),
)  # fmt: skip
FULL = PagesFacts(
    **RUN,
    documents=3,
    failed=1,
    fields=(
        FieldFacts(type="receipt", name="total", records=2, found=2, said={"grounded": 1, "normalised": 1}, sure=1),
        FieldFacts(type="receipt", name="phone", records=2, found=0, said={"missing": 2}, sure=0),
        FieldFacts(type="items", name="name", records=2, found=2, said={"grounded": 1, "inferred": 1}, sure=1),
    ),
    read=2,
    reviews=(
        ReviewFacts(key="taxi.jpg", document="b2:1", record=0, place=5, entry="", value=said("tax", "9.99", sure=0.4), why="stands nowhere on its pages"),
        ReviewFacts(key="other.jpg", document="b2:8", record=1, place=0, entry="items 1", value=said("name", "x", (0, 0, 1, 1), sure=0.45), why="nobody is sure of it"),
    ),
    doubted=7,
    claimed=True,
    mismatches=WRONG,
    mismatched=3,
    at_stake=14.0,
    drawn=(SCAN, MAIL),
    left_out=41,
    show_all="limbeck show 5f00d5 --labels --project p",
    scored=(ScoredFacts(kind="tagger", scores=(("anls", 0.91), ("agreement.total", 0.5)), chosen=True, path="students/tagger"),),
)


@pytest.fixture(scope="module")
def page() -> str:
    return render(FULL)


def test_figures_stand_at_the_top(page: str) -> None:
    tiles = re.search(r'<dl class="tiles">.*?</dl>', page)
    assert tiles
    assert Page(tiles[0]).words == (
        "Documents 3 1 failed Values 4 of 2 documents On the page 75.0% 1 stand nowhere Sure 50.0% 7 to review At stake 14.00 3 mismatches "
        "Model calls 0 Tokens 0 Time – by the clock"
    )


@pytest.mark.parametrize(
    ("id", "words"),
    [
        (
            "fields",
            "Fields Where a field was found, and how its values came about; a value is sure from a confidence of 0.5 on. "
            "Field Records Found ✓ grounded ≈ normalised ? inferred Sure total 2 100.0% 50.0% 50.0% 0.0% 50.0% phone 2 0.0% – – – – "
            "name of items 2 100.0% 50.0% 0.0% 50.0% 50.0% "
            "✓ grounded: word for word on the page ≈ normalised: there in another spelling ? inferred: not on the page",
        ),
        (
            "claims",
            "Claims Where claims and documents don’t go together: the most money first, times how sure the reading is. "
            "Nothing that was not read surely says that somebody claims too much; look at the page first. "
            "What Claim Claimed The document says Too much At stake Confidence "
            "Another amount row 3 taxi.jpg 21.50 12.50 amount: printed “EUR 12,50”, page 1, 0.90 9.00 9.00 0.90 "
            "The amount was not read to be checked row 3 blank.png 21.50 – 21.50 0.00 "
            "A claim without a document row 4 lost.pdf 5.00 – 5.00 1.00",
        ),
        (
            "reviews",
            "To review Values that are no lesson for students until a person has looked at them, the least sure first. These are the first 2 of 7. "
            "Says Field Document Why Confidence 9.99 tax taxi.jpg stands nowhere on its pages 0.40 x name items 1 other.jpg nobody is sure of it 0.45",
        ),
        (
            "documents",
            "Documents Those to look at first come first. A click on a value lights up its box on the page, a click on a box its value; dotted is unsure. "
            "✓ grounded: word for word on the page ≈ normalised: there in another spelling ? inferred: not on the page "
            "taxi.jpg 3 pages · 8 values · 1 page is not drawn · its file is not there any more, so its words are drawn as they were read "
            "Page 1 of 3 Page 3 of 3 Tip & co "
            "company ✓ Night Owl 0.90 total ✓ 12.50 0.90 currency ✓ EUR 0.30 tip ✓ 2.00 0.90 tax ? 9.99 not on the page 0.40 note ✓ far page 2 0.90 "
            "– not found: phone items : 2 name ✓ Ride 0.90 name ✓ Wait 0.90 "
            "mail.txt 1 page · 5 values Dear Ms <Kern> Total 14.50 Leeds "
            "company ✓ Ms Kern 0.90 address ✓ Total 14.50 Leeds 0.90 total ✓ 14.50 0.20 city ✓ Leeds 0.90 town ✓ Leeds 0.90 "
            "41 further documents are not drawn, to keep this file small: limbeck show 5f00d5 --labels --project p",
        ),
        (
            "students",
            "Students Small models that read documents without the large one. Scores are against the records above, not against the truth. "
            "Student anls tagger chosen students/tagger 0.910 Field by field Field tagger total 0.500",
        ),
    ],
)  # fmt: skip
def test_a_section_says(page: str, id: str, words: str) -> None:
    assert section(page, id) == words


def test_every_link_leads_somewhere_and_back(page: str) -> None:
    parsed = Page(page)
    ids = [value for _, attributes in parsed.tags if (value := attributes.get("id"))]
    links = [str(attributes["href"])[1:] for tag, attributes in parsed.tags if tag == "a"]
    assert len(ids) == len(set(ids)) and set(links) <= set(ids)
    boxes = {one for one in ids if re.fullmatch(r"b\d+-\d+-\d+", one)}
    assert boxes == {"b0-0-0", "b0-0-2", "b0-0-3", "b0-0-4", "b0-1-0", "b0-2-0", "b1-0-0", "b1-0-1", "b1-0-2", "b1-0-3", "b1-0-4"}
    assert {"v" + one[1:] for one in boxes} < set(ids) and boxes < set(links)
    assert "v0-0-5" in links  # From the review of a value that stands nowhere.
    assert links.count("v0-0-2") == 2  # From its box and from the claim.


def box_of(page: str, id: str) -> dict[str, str]:
    found = re.search(f'<a class="([^"]*)" id="{id}"[^>]*style="([^"]*)" title="([^"]*)"', page)
    assert found
    return {"class": found[1], "style": found[2], "title": found[3]}


def test_boxes_lie_where_values_stand(page: str) -> None:
    assert box_of(page, "b0-0-0") == {"class": "box f0", "style": "left:10.00%;top:5.00%;width:60.00%;height:5.00%", "title": "company: Night Owl"}
    assert box_of(page, "b0-1-0")["class"] == "box f7 entry" and box_of(page, "b0-2-0")["class"] == "box f7 entry"
    assert box_of(page, "b0-0-4")["style"] == "left:10.00%;top:6.67%;width:40.00%;height:3.33%"
    under, over = box_of(page, "b0-0-2"), box_of(page, "b0-0-3")
    place = "left:60.00%;top:40.00%;width:30.00%;height:5.00%"
    assert (under["style"], over["style"], over["class"]) == (place + ";padding:7px;margin:-7px", place, "box f3 unsure")


def test_pictures_are_within_the_page_and_allowed(page: str) -> None:
    assert f'src="data:image/jpeg;base64,{base64.b64encode(b"jpeg").decode()}"' in page
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-" in page
    assert "img-src" not in render(FULL.model_copy(update={"drawn": (MAIL,)}))


def test_a_text_is_drawn_with_its_layout_and_marks(page: str) -> None:
    prose = re.search(r'<div class="prose" dir="auto">(.*?)</div>', page, re.DOTALL)
    assert prose
    assert html.unescape(re.sub("<[^>]*>", "", prose[1])) == "Dear Ms <Kern>\n\n  Total     14.50 Leeds"
    assert '<a class="on f0" id="b1-0-0" data-value="1-0-0" href="#v1-0-0">Ms &lt;Kern&gt;</a>' in prose[1]
    # Of values that hold one another the shorter is the link; one that is hidden by another has an anchor.
    assert 'href="#v1-0-2">14.50</a>' in prose[1] and 'id="b1-0-1"' in prose[1]
    assert '<span id="b1-0-3"></span><a class="on f10" id="b1-0-4"' in prose[1]


def test_of_a_long_text_the_lines_around_values_are_shown() -> None:
    words = tuple(word(at, f"line{at}", 0, at, 8, at + 1, line=at) for at in range(1000))
    text = PageFacts(number=0, width=8, height=1000, words=words)
    one = DocumentFacts(key="k", document="d", kind="text", sheets=1, pages=(text,), records=(record(said("x", "line500", (0, 500, 8, 501), (500,))),))
    drawn = Page(Drawn(one, 0, {"x": 0}, 0.5).html).words
    shown = [int(found) for found in re.findall(r"line(\d+)", drawn.split("line500", 1)[0] + drawn.split("line500", 1)[1])]
    assert {*range(140), *range(496, 500), *range(501, 505)} <= set(shown) and 300 not in shown
    assert "… 355 lines …" in drawn and "… 495 lines …" in drawn


def test_words_are_drawn_in_their_boxes() -> None:
    drawn = words_drawn(PageFacts(number=1, width=100, height=50.5, words=(word(0, "a<b", 10, 10, 30, 20),)))
    assert drawn == (
        '<svg viewBox="0 0 100 50.5" role="img" aria-label="The words of page 2"><rect width="100" height="50.5" fill="#fff"/>'
        '<text x="10" y="17.8" font-size="8.2" textLength="20.0" lengthAdjust="spacingAndGlyphs">a&lt;b</text></svg>'
    )


@pytest.mark.parametrize(("part", "whole", "shown"), [(5, 20, "25.00%"), (-3, 20, "0.00%"), (30, 20, "100.00%"), (1, 0, "0.00%")])
def test_places_stay_on_the_page(part: float, whole: float, shown: str) -> None:
    assert percent(part, whole) == shown


def test_without_anything_the_report_still_says_so() -> None:
    page = render(PagesFacts(**{**RUN, "status": "running"}))
    assert section(page, "fields") == "Fields Nothing was read yet."
    for id in ("claims", "reviews", "documents", "readers"):
        assert f'<section id="{id}"' not in page
    done = render(PagesFacts(**RUN, read=1, claimed=True))
    assert section(done, "claims") == "Claims Every claim is what its document says."
    assert section(done, "reviews") == "To review Every value is on its page, and sure."


def test_hostile_texts_stay_texts() -> None:
    evil = record(said(EVIL, EVIL, (0.0, 0.0, 1.0, 1.0), (0,)), row=1, kind=EVIL)
    words = (word(0, EVIL, 0, 0, 5, 1),)
    claims = (Mismatch(kind="date", claims=(Claim(row=1, document=EVIL),), keys=(EVIL,), claimed=EVIL, said=EVIL, confidence=0.5, sure=False),)
    drawn = [
        DocumentFacts(key=EVIL, document=kind, kind=kind, sheets=1, pages=(PageFacts(number=0, width=9, height=9, words=words),), records=(evil,))
        for kind in ("text", "image")
    ]
    review = ReviewFacts(key=EVIL, document="text", record=0, place=0, entry=EVIL, value=evil.values[0], why=EVIL)
    page = render(PagesFacts(**{**RUN, "title": EVIL}, read=1, claimed=True, mismatches=claims, drawn=tuple(drawn), reviews=(review,), show_all=EVIL, left_out=1))
    parsed = Page(page)
    assert page.count("<script>") == 1 and parsed.names() & {"b", "script"} == {"script"}
    assert not any(name.startswith("on") for _, attributes in parsed.tags for name in attributes)
    assert parsed.words.count("document.body.dataset.owned = 1") >= 9


@given(
    st.lists(st.tuples(st.lists(st.integers(0, 7), min_size=1, max_size=4, unique=True), st.booleans()), max_size=4),
    st.lists(st.text(alphabet="ab<é\u2028", min_size=1, max_size=4), min_size=8, max_size=8),
)
def test_any_marks_keep_the_text_and_lead_to_each_value(values: list[tuple[list[int], bool]], texts: list[str]) -> None:
    words = tuple(word(at, text, 5 * (at % 3), at // 3, 5 * (at % 3) + len(text), at // 3 + 1, line=at // 3) for at, text in enumerate(texts))
    found = [said("x", "x", (0.0, 0.0, 1.0, 1.0), tuple(sorted(some))) for some, _ in values]
    one = DocumentFacts(
        key="k", document="d", kind="text", sheets=1, records=(record(*found),), pages=(PageFacts(number=0, width=20, height=3, words=words),)
    )  # fmt: skip
    drawn = Drawn(one, 0, {}, 0.5).html
    prose = drawn.split('<div class="prose" dir="auto">')[1].split("</div>")[0]
    assert "".join(html.unescape(re.sub("<[^>]*>", "", prose)).split()) == "".join("".join(texts).split())
    ids = [value for _, attributes in Page(drawn).tags if (value := attributes.get("id")) and value[0] == "b"]
    assert sorted(ids) == [f"b0-0-{at}" for at in range(len(found))]


# ---- in a browser ----------------------------------------------------------------------------------------------------

CLICK = """
const told = [];
document.querySelector("#d0").scrollIntoView({ behavior: "instant" });
const top0 = scrollY;
for (const id of IDS) {
  const link = document.getElementById(id);
  link.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
  const lit = document.querySelector(":target");
  lit.focus({ preventScroll: true });
  lit.dispatchEvent(new FocusEvent("focusin", { bubbles: true }));
  told.push([lit.id, link.classList.contains("lit"), scrollY - top0]);
}
document.body.dataset.told = JSON.stringify(told);
"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
def test_a_click_lights_up_both_ends_and_the_page_stays(page: str, tmp_path: Path) -> None:
    script = CLICK.replace("IDS", json.dumps(["v0-0-2", "b0-0-2", "v0-0-4", "b0-1-0"]))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    file = tmp_path / "clicked.html"
    file.write_text(page.replace("script-src ", f"script-src 'sha256-{digest}' ").replace("</body>", f"<script>{script}</script></body>"), "utf-8")
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1300,1000", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    told = re.search(r'data-told="([^"]*)"', done.stdout)
    assert told, done.stderr[-2000:]
    assert json.loads(html.unescape(told[1])) == [["b0-0-2", True, 0], ["v0-0-2", True, 0], ["b0-0-4", True, 0], ["v0-1-0", True, 0]]
