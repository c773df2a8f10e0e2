import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck import charts
from limbeck.facts import (
    AnnotatorFacts,
    CategoryFacts,
    ConfusionFacts,
    ErrorFacts,
    ExampleFacts,
    Facts,
    Measure,
    NoiseFacts,
    PairFacts,
    StageFacts,
    StudentFacts,
)
from limbeck.report import render
from limbeck.visible import UNSHOWABLE

VOID = {"meta", "rect", "line", "input"}
HOSTILE = "<script>alert('x')</script> \"a\", & b <b> </title></style> -->"


class Page(HTMLParser):
    """A page that checks its own nesting, and keeps its tags, attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())

    def names(self) -> set[str]:
        return {tag for tag, _ in self.tags}


def facts(**given: object) -> Facts:
    required = {"title": "Tickets", "run": "3fa9c1d2", "pipeline": "taxonomy", "status": "finished", "model": "small"}
    return Facts.model_validate({**required, "started": 1_790_000_000.0, **given})


def section(page: str, id: str) -> str:
    found = re.search(f'<section id="{id}".*?</section>', page, re.DOTALL)
    assert found, id
    return Page(found.group()).words


FULL = facts(
    title="November",
    seconds=742.3,
    documents=103,
    use_case="Route messages.",
    notes=("Taxonomy from clusters, because the model answered by place.",),
    categories=(
        CategoryFacts(name="Cards", description="About cards.", count=3),
        CategoryFacts(name="Delivery", description="Where it is.", parent="Cards", count=57, examples=("where is it",)),
        CategoryFacts(name="Lost", parent="Cards", count=20),
        CategoryFacts(name="Loans", count=20),
    ),
    other=3,
    pairs=(PairFacts(first="Delivery", second="Lost", weight=7.25, examples=("it never came", "gone")),),
    coverage=100 / 103,
    measures=(
        Measure(name="Label accuracy", value=0.8125, low=0.663, high=0.906, n=40),
        Measure(name="Relevance", note="no use case"),
        Measure(name="Fleiss", value=0.05, low=-0.031, high=0.19, n=103),
    ),
    gold=(Measure(name="NMI", value=0.713, n=103),),
    method="soft",
    annotators=(
        AnnotatorFacts(
            name="rule:lost",
            voted=40,
            coverage=0.388,
            weight=1.0,
            accuracy=0.5,
            kappa=-0.1,
            confusion=ConfusionFacts(
                labels=("Delivery", "Lost"), matrix=((0.25, 0.75), (0.004, 0.996)), errors=(("Delivery", "Lost", 0.75),)
            ),
        ),
        AnnotatorFacts(name="person:ann", voted=2, coverage=0.02, accuracy=1.0),
    ),
    noise=NoiseFacts(rate=0.043, found=2, errors=(ErrorFacts(text="it never came", label="Delivery", better="Lost"),)),
    show_errors="limbeck show 3fa9c1d2 --errors",
    students=(
        StudentFacts(kind="lora", agreement=0.861, unseen=180, macro_f1=0.83, ece=0.041, seconds=203, chosen=True),
        StudentFacts(kind="mlp"),
    ),
    stages=(StageFacts(name="label", calls=103, prompt_tokens=1_210_442, completion_tokens=412, seconds=30.2, price=0.2),),
    total=StageFacts(name="Total", calls=103, prompt_tokens=1_210_442, completion_tokens=412, seconds=30.2, price=0.2),
    failed=2,
    show_failed="limbeck show 3fa9c1d2 --failed",
    examples=(ExampleFacts(text="where is my card", label="Delivery", confidence=0.91),),
)


def test_every_section_says_what_was_found() -> None:
    page = render(FULL)
    Page(page)
    expected = {
        "taxonomy": "Taxonomy Cards About cards. 80 77.7% Delivery Where it is. 57 55.3% 1 example where is it "
        "Lost 20 19.4% Loans 20 19.4% Other No category fits. 3 2.9%",
        "confusable": "Delivery and Lost 7.2 it never came gone",
        "quality": "Measure Value −0.25 1 95% interval n Label accuracy 0.812 0.663 to 0.906 40 "
        "Relevance no use case not measured Fleiss 0.050 −0.031 to 0.190 103",
        "annotators": "Labels were made of votes by soft. Accuracies are estimated by what all votes came to, not by gold. "
        "Annotator Documents Coverage Weight Estimated accuracy κ with labels rule:lost 40 38.8% 1.000 50.0% −0.100 "
        "person:ann 2 2.0% – 100.0% – What they mix up most Annotator Where the label is it votes for Share of its votes there "
        "rule:lost Delivery Lost 75.0% Confusion matrix: rule:lost A row is a label, a column what was voted for; shares in "
        "percent. 1 2 1 Delivery 25 75 2 Lost · 100",
        "errors": "4.3% of the labels are estimated to be wrong; 2 labels stand out, and a review asks about them first. "
        "All of them: limbeck show 3fa9c1d2 --errors Text Label Probably it never came Delivery Lost",
        "gold": "Measure Value 0 1 n NMI 0.713 103",
        "students": "Training lora chosen 86.1% 180 0.830 0.041 3 min 23 s mlp – – – – –",
        "examples": "Text Label Confidence where is my card Delivery 91.0%",
        "costs": "Step Calls Prompt tokens Tokens written Model time Price label 103 1,210,442 412 30 s 0.2000 "
        "Total 103 1,210,442 412 30 s 0.2000",
        "failures": "2 items failed and are left out above. List with reasons: limbeck show 3fa9c1d2 --failed",
    }
    for id, words in expected.items():
        assert words in section(page, id)


def test_headline_and_notes() -> None:
    words = Page(render(FULL)).words
    assert (
        "Documents 103 2 failed Categories 3 on two levels Coverage 97.1% 3 in no category Student agreement 86.1% "
        "on 180 unseen texts Model calls 103 Tokens 1.21M 412 written Time 12 min 22 s by the clock Money 0.2000 "
        "at the config’s prices Worth knowing Taxonomy from clusters, because the model answered by place."
    ) in words


def test_a_run_that_has_nothing_yet_says_so() -> None:
    page = render(facts(status="running"))
    assert "The run has not ended" in Page(page).words
    assert section(page, "taxonomy") == "Taxonomy No taxonomy yet."
    assert section(page, "quality") == "Quality Not measured yet."
    assert "no gold column was named" in section(page, "gold")
    assert section(page, "students") == "Students No student was trained."
    assert section(page, "failures") == "Failures Nothing failed."
    assert 'id="annotators"' not in page and 'id="errors"' not in page
    assert "nan" not in Page(page).words and "None" not in Page(page).words


def test_nothing_in_the_page_is_fetched_or_run() -> None:
    page = Page(render(FULL))
    assert page.names().isdisjoint({"script", "link", "img", "iframe", "object", "use", "image", "foreignObject"})
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on") or name in ("src", "srcset")]
    assert all(attrs["href"].startswith("#") for tag, attrs in page.tags if tag == "a" and attrs["href"])
    assert "url(" not in charts.STYLE and "@import" not in charts.STYLE
    policy = next(attrs["content"] for _, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_every_link_has_its_section_and_every_picture_a_name() -> None:
    page = Page(render(FULL))
    ids = {attrs["id"] for _, attrs in page.tags if "id" in attrs}
    assert {attrs["href"] for tag, attrs in page.tags if tag == "a"} <= {f"#{id}" for id in ids}
    assert {attrs["aria-labelledby"] for tag, attrs in page.tags if tag == "section"} <= ids
    pictures = [attrs for tag, attrs in page.tags if tag == "svg"]
    assert pictures and all(one.get("aria-hidden") == "true" or one.get("aria-label") for one in pictures)
    assert [tag for tag, _ in page.tags if tag == "h1"] == ["h1"]


def everywhere(text: str) -> Facts:
    """Facts with one text in every place that holds one."""
    measure = Measure(name=text, note=text, value=0.5)
    return facts(
        title=text,
        run=text,
        pipeline=text,
        model=text,
        use_case=text,
        notes=(text,),
        categories=(
            CategoryFacts(name=text, description=text, count=2, examples=(text,)),
            CategoryFacts(name="b", count=1),
        ),
        pairs=(PairFacts(first=text, second=text, weight=1.0, examples=(text,)),),
        measures=(measure,),
        gold=(measure,),
        method=text,
        annotators=(
            AnnotatorFacts(name=text, confusion=ConfusionFacts(labels=(text,), matrix=((1.0,),), errors=((text, text, 0.5),))),
        ),
        noise=NoiseFacts(rate=0.1, found=1, errors=(ErrorFacts(text=text, label=text, better=text),)),
        show_errors=text,
        students=(StudentFacts(kind=text, path=text),),
        stages=(StageFacts(name=text),),
        failed=1,
        show_failed=text,
        examples=(ExampleFacts(text=text, label=text),),
    )


def test_hostile_texts_are_shown_as_they_are_and_add_no_element() -> None:
    page, harmless = render(everywhere(HOSTILE)), render(everywhere("harmless"))
    assert "<script" not in page
    assert [tag for tag, _ in Page(page).tags] == [tag for tag, _ in Page(harmless).tags]
    assert Page(page).words.count(HOSTILE) == Page(harmless).words.count("harmless") > 20


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(codec=None), max_size=40))
def test_any_text_keeps_the_page_well_formed_and_writable(text: str) -> None:
    page = render(everywhere(text))
    Page(page)
    page.encode("utf-8")
    assert not UNSHOWABLE.search(page.replace("\n", ""))


@pytest.mark.parametrize(
    ("text", "longest", "shown"),
    [
        ("short", 10, "short"),
        ("exactly 10", 10, "exactly 10"),
        ("one two three four", 11, "one two…"),
        ("カードがまだ届きません", 5, "カードが…"),
        ("  two\n\nlines\t", 20, "two lines"),
        ("nul\x00 and \ud800", 20, "nul\ufffd and \ufffd"),
        ("", 5, ""),
    ],
)
def test_long_texts_end_in_an_ellipsis(text: str, longest: int, shown: str) -> None:
    assert charts.plain(text, longest) == shown


@given(st.text(min_size=1), st.integers(2, 50))
def test_no_text_is_longer_than_asked(text: str, longest: int) -> None:
    assert len(charts.plain(text, longest)) <= longest
    assert html.unescape(charts.safe(text, longest)) == charts.plain(text, longest)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (charts.percent(None), "–"),
        (charts.percent(0.0), "0.0%"),
        (charts.percent(0.0001), "&lt;0.1%"),
        (charts.percent(0.99999), "&gt;99.9%"),
        (charts.percent(1.0), "100.0%"),
        (charts.clock(None), "–"),
        (charts.clock(0.04), "0.0 s"),
        (charts.clock(9.96), "10 s"),
        (charts.clock(59.7), "1 min 0 s"),
        (charts.clock(3600), "1 h 0 min"),
        (charts.clock(90_061), "25 h 1 min"),
        (charts.compact(99_999), "99,999"),
        (charts.compact(123_456), "123k"),
        (charts.compact(999_999), "1.00M"),
        (charts.compact(2_345_678_901), "2.35B"),
        (charts.decimal(-0.25), "−0.250"),
        (charts.money(0.0146), "0.0146"),
        (charts.money(1234.5), "1,234.50"),
    ],
)
def test_figures_as_people_read_them(shown: str, expected: str) -> None:
    assert shown == expected


def test_many_categories_fold_and_none_is_lost() -> None:
    categories = tuple(CategoryFacts(name=f"label {number}", count=number) for number in range(150))
    page = render(facts(categories=categories, other=5))
    words = section(page, "taxonomy")
    assert "90 more categories" in words
    assert [int(number) for number in re.findall(r"label (\d+)", words)] == list(range(150))
    assert "Other No category fits." in words
    assert "Largest: label 149 , 149 Smallest: label 0 , 0" in section(page, "sizes")


def test_a_single_category_needs_no_chart() -> None:
    page = render(facts(categories=(CategoryFacts(name="Only", count=4),)))
    assert section(page, "taxonomy") == "Taxonomy Only 4 100.0%"
    assert 'id="sizes"' not in page


def test_a_category_whose_parent_is_missing_is_still_shown() -> None:
    page = render(facts(categories=(CategoryFacts(name="Lost", parent="Gone", count=4),)))
    assert section(page, "taxonomy") == "Taxonomy Lost 4 100.0%"


def test_texts_have_a_direction_of_their_own() -> None:
    page = Page(render(everywhere("أين بطاقتي")))
    titles = [attrs.get("dir") for tag, attrs in page.tags if tag == "h1"]
    assert titles == ["auto"]
    assert all(attrs.get("dir") == "auto" for tag, attrs in page.tags if attrs.get("class") in ("lead", "text"))


@pytest.mark.parametrize(("scheme", "count"), [("light", 1), ("dark", 2)])
def test_words_have_contrast_in_both_schemes(scheme: str, count: int) -> None:
    colours = [dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block)) for block in charts.STYLE.split("@media")[:2]]
    chosen = colours[count - 1]
    for text in ("ink", "soft", "accent"):
        for ground in ("page", "wash"):
            assert contrast(chosen[text], chosen[ground]) >= 4.5, (scheme, text, ground)


def contrast(one: str, other: str) -> float:
    """WCAG 2.1's contrast ratio."""
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
