"""Grounding: where on pages a value stands."""

import time
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from limbeck.fields.grounding import UNGROUNDED, Source, grounded, located
from limbeck.schemas.fields import Field, FieldSet
from limbeck.schemas.pages import Pages, Sheet, Word


def page(*rows: str) -> Pages:
    """Rows of words as a typewriter sets them: a letter is one wide, a row two high."""
    words = []
    for line, row in enumerate(rows):
        at = 0
        for text in row.split():
            at = row.index(text, at)
            words.append(Word(text=text, box=(at, 2 * line, at + len(text), 2 * line + 1), line=line))
            at += len(text)
    return Pages(sheets=(Sheet(width=80, height=2 * len(rows)),), words=tuple(words))


RECEIPT = page(
    "The Blue-Door Café",
    "12, Mill Lane,",
    "Port Ash 40170",
    "Tel: 03-5510 2277   GST-2",
    "Date 03/04/2019 14:05",
    "2  Tea          2.40",
    "1  Scones (2)   112.00",
    "Subtotal        114.40",
    "SST 6%          6.86",
    "Total:  RM 1,121.26",
    "Cash            1,121.26",
    "Rounding        -0.04",
    "INV/2019/00417  VISA",
)


def test_no_word_takes_for_ever() -> None:
    endless = Pages(sheets=(Sheet(width=80, height=2),), words=(Word(text="a" * 1_000_000, box=(0, 0, 80, 1), line=0),))
    fields = FieldSet(name="it", fields=(Field(name="it"),))
    started = time.perf_counter()
    assert not grounded({"it": "a" * 4000}, fields, endless)["it"][0].words  # type: ignore[union-attr]
    assert time.perf_counter() - started < 10


def said(pages: Pages, words: Sequence[int]) -> str:
    return " ".join(pages.words[one].text for one in words)


@pytest.mark.parametrize(
    ("value", "kind", "where", "status"),
    [
        ("The Blue-Door Café", "name", "The Blue-Door Café", "grounded"),
        ("the blue door cafe", "name", "The Blue-Door Café", "grounded"),
        ("The Blue Doer Cafe", "name", "The Blue-Door Café", "normalised"),
        ("The Green Gate Cafe", "name", None, None),
        ("12, Mill Lane, Port Ash 40170", "address", "12, Mill Lane, Port Ash 40170", "grounded"),
        ("12 Mill Lane Port Ash 40710", "address", "12, Mill Lane, Port Ash 40170", "normalised"),
        ("Mill Lane Port Ash 40710", "text", None, None),
        ("2019-04-03", "date", "03/04/2019", "normalised"),
        ("03/04/2019", "date", "03/04/2019", "grounded"),
        ("2019-03-04", "date", None, None),
        ("14:05", "time", "14:05", "grounded"),
        ("2:05 pm", "time", "14:05", "normalised"),
        ("0355102277", "phone", "03-5510 2277", "normalised"),
        ("2", "number", "2", "grounded"),
        ("3", "number", None, None),
        ("4", "number", None, None),
        ("2019", "number", None, None),
        ("6", "number", None, None),
        ("12.00", "money", None, None),
        ("112.00", "money", "112.00", "grounded"),
        ("112", "money", "112.00", "normalised"),
        ("11200", "money", None, None),
        ("1121.26", "money", "1,121.26", "normalised"),
        ("RM 1,121.26", "money", "RM 1,121.26", "grounded"),
        ("121.26", "money", None, None),
        ("-0.04", "money", "-0.04", "grounded"),
        ("0.04", "money", None, None),
        ("MYR", "currency", "RM", "normalised"),
        ("EUR", "currency", None, None),
        ("INV/2019/00417", "text", "INV/2019/00417", "grounded"),
        ("INV/2019/00418", "text", None, None),
        ("visa", "choice", "VISA", "grounded"),
        ("Port", "text", "Port", "grounded"),
        ("Por", "text", None, None),
        ("—", "text", None, None),
        ("", "text", None, None),
    ],
)
def test_where_a_value_stands(value: str, kind: str, where: str | None, status: str | None) -> None:
    found = located(value, Field(name="it", kind=kind, options=("visa", "cash")), RECEIPT)
    assert (found and (said(RECEIPT, found[0]), found[1])) == (where and (where, status))


def test_a_number_in_a_name_is_none() -> None:
    pages = page("Model B10 A2x w10x x7 8pcs 9x 5KG 3D4")
    number = Field(name="it", kind="number")
    assert {value for value in map(str, range(1, 11)) if located(value, number, pages)} == {"7", "8", "9", "5"}


def test_what_a_field_is_called_tells_its_place() -> None:
    total = Field(name="total", kind="money", aliases=("total", "amount due"), unlike=("subtotal", "sub total", "cash"))
    for rows, line in [
        (("Total 5.00", "Cash 5.00"), 0),
        (("Item 5.00", "Sub Total 5.00", "Total 5.00", "Cash 5.00"), 2),
        (("Item 5.00", "Sub Total 5.00", "Cash 5.00"), 0),
        (("Item 5.00", "Item 5.00"), 1),
        (("Qty  Amount Due", "1    5.00", "Paid 5.00"), 1),
        (("Total:5.00", "Cash 5.00"), 0),
    ]:
        pages = page(*rows)
        found = located("5.00", total, pages)
        assert found and pages.words[found[0][0]].line == line, rows
    name = Field(name="shop", kind="name")
    assert located("Oak", name, page("Oak", "of Oak")) == ((0,), "grounded")
    assert located("Oak", name.model_copy(update={"place": "bottom"}), page("Oak", "of Oak")) == ((2,), "grounded")


def test_a_value_is_read_down_its_column() -> None:
    pages = page("Seller:            Buyer:", "Oak Works          Elm House", "4 Hill Road        9 Bay Street", "Port Ash           Sandholm")
    for value in ("Oak Works, 4 Hill Road, Port Ash", "Elm House 9 Bay Street Sandholm", "Elm House 9 Bay Strect Sandholm"):
        found = located(value, Field(name="who", kind="address"), pages)
        assert found and said(pages, found[0])[:3] == value[:3] and len(found[0]) == len(value.split())


def test_an_entry_that_is_said_too_often_counts_as_often_as_it_stands() -> None:
    items = Field(name="items", kind="list", fields=(Field(name="name"), Field(name="amount", kind="money")))
    tea, wine, beer = ({"name": name, "amount": amount} for name, amount in (("Tea", "3.00"), ("Wine", "5.00"), ("Beer", "4.00")))
    listed = {"items": [tea, wine, *[tea] * 30, beer, beer]}
    pages = page("Tea  3.00", "Wine  5.00", "Tea  3.00", "Total 11.00", "Cash 3.00")
    found = grounded(listed, FieldSet(name="bill", fields=(items,)), pages)["items"]
    # What stands nowhere at all is said once, and is for others to judge.
    assert [(entry["name"].value, bool(entry["name"].words)) for entry in found] == [("Tea", True), ("Wine", True), ("Tea", True), ("Beer", False)]  # type: ignore[index]


def test_an_entry_that_stands_twice_counts_twice_though_a_part_of_it_is_not_printed() -> None:
    items = Field(name="items", kind="list", fields=(Field(name="name"), Field(name="count", kind="number"), Field(name="amount", kind="money")))
    tea = {"name": "Tea", "count": "1", "amount": "3.00"}
    found = grounded({"items": [tea, tea]}, FieldSet(name="bill", fields=(items,)), page("Tea  3.00", "Tea  3.00"))["items"]
    assert [entry["name"].words for entry in found] == [(0,), (2,)]  # type: ignore[index]


def test_what_follows_an_entry_that_is_said_too_often_stands_where_it_stood() -> None:
    items = Field(name="items", kind="list", fields=(Field(name="name"), Field(name="amount", kind="money")))
    listed = [{"name": name, "amount": amount} for name, amount in (("Tea", "3.00"), ("Wine", "5.00"), ("Tea", "3.00"), ("Beer", "4.00"))]
    pages = page("Tea  3.00", "Wine  5.00", "Beer  4.00", "Cider  4.00", "Cash  3.00")
    found = grounded({"items": listed}, FieldSet(name="bill", fields=(items,)), pages)["items"]
    assert [entry["amount"].words for entry in found] == [(1,), (3,), (5,)]  # type: ignore[index]


def test_what_was_said_becomes_findings() -> None:
    items = Field(name="items", kind="list", fields=(Field(name="name"), Field(name="count", kind="number"), Field(name="amount", kind="money")))
    fields = FieldSet(name="bill", fields=(Field(name="total", kind="money"), Field(name="phones", kind="phone", several=True), Field(name="tip", kind="money"), items))
    pages = page("Item    Qty  Amount", "Tea     2    3.00", "Tea     2    3.00", "Cake    3    2.00", "Total        8.00", "Call 0355102277 or 0355102278")
    told = {
        "total": "8.00",
        "tip": None,
        "phones": ["0355102277", "0355102279"],
        "items": [{"name": "Tea", "count": "2", "amount": "3.00"}, {"name": "Tea", "count": "2", "amount": "3.00"}, {"name": "Cake", "count": None, "amount": "2.00"}],
    }
    found = grounded(told, fields, pages)
    assert set(found) == {"total", "phones", "items"}
    assert [[(name, one.value, said(pages, one.words), pages.words[one.words[0]].line) for name, one in entry.items()] for entry in found["items"]] == [  # type: ignore[union-attr]
        [("name", "Tea", "Tea", 1), ("count", "2", "2", 1), ("amount", "3.00", "3.00", 1)],
        [("name", "Tea", "Tea", 2), ("count", "2", "2", 2), ("amount", "3.00", "3.00", 2)],
        [("name", "Cake", "Cake", 3), ("amount", "2.00", "2.00", 3)],
    ]
    assert [(one.value, bool(one.words), one.score) for one in found["phones"]] == [("0355102277", True, 1.0), ("0355102279", False, UNGROUNDED)]  # type: ignore[union-attr]


WORDS = st.text(st.characters(blacklist_categories=("Z", "C")), min_size=1, max_size=6) | st.sampled_from(["12.00", "3/4/2019", "-5", "(2)", "RM12", "6%", "É", "ﬁ", "ß"])


@given(st.data())
def test_any_words_that_stand_together_are_found_again(data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.lists(WORDS, min_size=1, max_size=5), min_size=1, max_size=5))
    words = [Word(text=text, box=(7 * at, 2 * line, 7 * at + 6, 2 * line + 1), line=line) for line, row in enumerate(rows) for at, text in enumerate(row)]
    pages = Pages(sheets=(Sheet(width=40, height=20),), words=tuple(words))
    start = data.draw(st.integers(0, len(words) - 1))
    run = tuple(range(start, data.draw(st.integers(start + 1, len(words)))))
    value = said(pages, run)
    assume(any(map(str.isalnum, value)) or len(run) == 1)
    kind = data.draw(st.sampled_from(["text", "name", "address"]))
    places = Source(pages).places(value, Field(name="it", kind=kind))
    assert any(status == "grounded" and set(where) <= set(run) for where, status in places)


def test_many_values_are_looked_for_quickly() -> None:
    pages = page(*[f"Item{at} of the house  {at}  {at}.50   {at + 1}.25  Total {at}.00" for at in range(40)])
    fields = [(f"{at}.50", "money") for at in range(5)] + [("2019-01-02", "date"), ("Nobody & Sons of the far far away", "name"), ("7", "number")]
    started = time.process_time()
    source = Source(pages)
    for value, kind in fields * 2:
        source.find(value, Field(name="it", kind=kind))
    # A few milliseconds; ten times as much for slow machines.
    assert time.process_time() - started < 0.1


@pytest.mark.parametrize("value", ["Blue Door sold tea. " * 1000 + "zq", "Blue Door sold tea. " * 40 + "zq"], ids=["without end", "repeated"])
def test_what_a_model_repeats_is_looked_for_in_seconds(value: str) -> None:
    pages = page(*["BlueDoorsoldtea" * 60] * 50)
    before = time.perf_counter()
    assert located(value, Field(name="terms", kind="text"), pages) is None
    assert time.perf_counter() - before < 5
