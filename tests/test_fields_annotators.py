import time

import pytest
from receipts import CAFE, GARAGE, INVOICE, pages

from limbeck.fields import by_cue, by_head, by_items, by_pattern, by_place, by_sums, surroundings
from limbeck.fields.annotators import FORM_ANNOTATORS, annotate
from limbeck.fields.candidates import candidates
from limbeck.fields.cues import cues_in, phrases_of, squeezed
from limbeck.fields.fusing import fuse
from limbeck.fields.reading import read_fields
from limbeck.fields.recording import said_of
from limbeck.fields.view import View
from limbeck.labelmodels import ABSENT
from limbeck.pages.layout import printed
from limbeck.pages.texts import pages_of_text
from limbeck.schemas.fields import Field, FieldSet, Findings, Found
from limbeck.schemas.pages import Pages, Sheet

RECEIPT = read_fields("receipt")
MONEY = Field(name="total", kind="money")


def view(text: str, fields: FieldSet = RECEIPT, tall: tuple[str, ...] = ()) -> View:
    return View(pages(text, tall), fields)


def values(findings: Findings) -> dict[str, str]:
    return {name: found[0].value for name, found in findings.items() if found and isinstance(found[0], Found)}


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("TOTAL:9.00", "money", [("9.00", "TOTAL:9.00")]),
        ("TOTAL 9 . 00", "money", [("9.00", "9 . 00")]),
        ("RM9.00 or (5.00)", "money", [("9.00", "RM9.00"), ("-5.00", "(5.00)")]),
        ("RM 9.00 of 12.50", "money", [("9.00", "9.00"), ("12.50", "12.50")]),
        ("25/12/2018 8:13 PM 4.00", "money", [("4.00", "4.00")]),
        ("Date:03/15/16", "date", [("2016-03-15", "Date:03/15/16")]),
        ("25 DEC 2018 8:13 PM", "time", [("20:13", "8:13 PM")]),
        ("Tel: (217) 555-0142", "phone", [("2175550142", "(217) 555-0142")]),
        ("2x Tea", "number", [("2", "2x")]),
        ("Tea  $2", "currency", [("USD", "$2")]),
        ("Blue Door  9.00", "name", [("Blue Door", "Blue Door"), ("9.00", "9.00")]),
        ("nothing", "money", []),
    ],
)
def test_candidates(text: str, kind: str, expected: list[tuple[str, str]]) -> None:
    seen = view(text)
    found = candidates(seen.pages, Field.model_validate({"name": "it", "kind": kind}), seen)
    assert [(one.value, printed(seen.pages, one.words)) for one in found] == expected


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("SUBTOTAL", ["subtotal"]),
        ("Sub-Total: 4.00", ["subtotal"]),
        ("TotalDue:23.00", ["totaldue"]),
        ("TOTALDUE", ["totaldue"]),
        ("T0TAL", ["total"]),
        ("TOTEL AMOUNT", ["totalamount"]),
        ("TOTAL INCLUDES 6% GST", ["totalincludesgst"]),
        ("Tel: 67341782 Fax: 67349067", ["tel", "fax"]),
        ("TOTALLY", []),
        ("hotel", []),
        ("TOTEL 4.00", ["total"]),
        ("TOT4L", ["total"]),
        ("TOTA 4.00", []),
        ("TOTTEL 4.00", []),
        ("T0TAL lNCLUDE GST", ["totalincludedgst"]),
    ],
)
def test_cues(text: str, phrases: list[str]) -> None:
    assert [cue.phrase for cue in cues_in(text, phrases_of(RECEIPT.fields))] == phrases


def test_squeezed() -> None:
    assert squeezed("Net à payer: 5") == "netapayer"


CAFE_SAYS = {
    "company": "BLUE DOOR CAFE SDN BHD",
    "address": "NO. 7, JALAN BUNGA 3, TAMAN MAWAR, 50200 KUALA LUMPUR",
    "phone": "0322221111",
    "date": "2018-12-25",
    "time": "20:13:39",
    "subtotal": "21.00",
    "tax": "1.26",
    "total": "22.26",
    "currency": "MYR",
}


def test_everybody_together() -> None:
    seen = pages(CAFE)
    fused = fuse([annotate(seen, RECEIPT)], RECEIPT)[0]
    said = said_of(fused, RECEIPT)
    assert {name: said[name] for name in CAFE_SAYS} == CAFE_SAYS
    assert said["items"] == [
        {"name": "FLAT WHITE", "quantity": "1", "price": None, "amount": "9.00"},
        {"name": "BUTTER CROISSANT", "quantity": "2", "price": None, "amount": "12.00"},
    ]
    total = fused["total"][0]
    assert isinstance(total, Found) and printed(seen, total.words) == "22.26"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("cue", CAFE, {"phone": "0322221111", "date": "2018-12-25", "time": "20:13:39", "subtotal": "21.00", "tax": "1.26", "total": "22.26"}),
        ("cue", GARAGE, {"subtotal": "18.00", "tax": "1.87", "total": "19.87"}),
        ("prominence", CAFE, {"company": CAFE_SAYS["company"], "address": CAFE_SAYS["address"]}),
        ("prominence", GARAGE, {"company": "Smith's Garage", "address": "12 Harbor Road Springfield, IL 62701"}),
        ("form", CAFE, {"company": CAFE_SAYS["company"], "address": CAFE_SAYS["address"]}),
        ("form", GARAGE, {"address": "12 Harbor Road Springfield, IL 62701"}),
        ("block", CAFE, {"company": CAFE_SAYS["company"], "address": CAFE_SAYS["address"]}),
        ("block", GARAGE, {"company": "Smith's Garage", "address": "12 Harbor Road Springfield, IL 62701"}),
        ("place", CAFE, {"phone": "0322221111", "date": "2018-12-25", "time": "20:13:39", "currency": "MYR"}),
        ("place", GARAGE, {"phone": "2175550142", "date": "2016-03-15", "time": "12:59", "currency": "USD"}),
        ("sums", CAFE, {"subtotal": "21.00", "tax": "1.26", "total": "22.26"}),
        ("sums", GARAGE, {"subtotal": "18.00", "tax": "1.87", "total": "19.87"}),
        ("repetition", GARAGE, {"total": "19.87"}),
        ("repetition", CAFE, {}),
        ("letters", CAFE, {}),
        ("pattern", CAFE, {}),
    ],
)
def test_each_annotator(name: str, text: str, expected: dict[str, str]) -> None:
    assert values(FORM_ANNOTATORS[name](view(text))) == expected


def test_what_is_not_there() -> None:
    absent = FORM_ANNOTATORS["absence"]
    assert values(absent(view(CAFE))) == {"tip": ABSENT}
    bare = absent(view("OLD MILL BAKERY\nBread  2.00\nTotal  2.00"))
    assert values(bare) == dict.fromkeys(("phone", "date", "subtotal", "tax", "tip"), ABSENT)


def test_large_letters() -> None:
    assert values(by_sums.by_letters(view(CAFE, tall=("TOTAL RM",)))) == {"total": "22.26"}


def test_large_letters_name_the_company() -> None:
    head = "Some Person\nTHE OLD MILL\n5 High Street\n12345 Town\n"
    assert values(by_head.by_prominence(view(head)))["company"] == "Some Person"
    assert values(by_head.by_prominence(view(head, tall=("THE OLD",))))["company"] == "THE OLD MILL"


def test_names_over_two_rows_and_others() -> None:
    found = by_head.by_form(view("GREEN LEAF\nSDN BHD (123456-X)\nNO 5, JALAN A, 50000 KUALA LUMPUR"))
    assert values(found)["company"] == "GREEN LEAF SDN BHD"
    owned = "CORNER SHOP\nNO 5, JALAN A, 50000 KUALA LUMPUR\nOWNED BY :\nBIG SUPPLY SDN BHD\nTOTAL 5.00"
    assert values(by_head.by_form(view(owned))) == {"address": "NO 5, JALAN A, 50000 KUALA LUMPUR"}


@pytest.mark.parametrize(
    ("rows", "total"),
    [
        ("TOTAL 9.00\nCASH 10.00\nCHANGE 1.00", "9.00"),
        ("TOTAL QTY 3.00\nGRAND TOTAL 9.00", "9.00"),
        ("TOTAL SALES (EXCLUDING GST) 8.49\nTOTAL SALES (INCLUSIVE OF GST) 9.00\nROUNDING 0.02\nTOTAL ROUNDED 9.02", "9.02"),
        ("TOTAL  3  9.00", "9.00"),
        ("Total:\n9.00", "9.00"),
        ("T0TAL 9.00", "9.00"),
        ("Tea 4.50\nTOTAL 9", "9.00"),
        ("Tea 4.50\nTOTAL9 4.50", "4.50"),
        ("TOTAL 20 9.00", "9.00"),
        ("TOTAL SAVINGS 3.00", None),
        ("SUBTOTAL 9.00", None),
    ],
)
def test_totals_and_their_neighbours(rows: str, total: str | None) -> None:
    assert values(by_cue.by_cue(view("Shop\n" + rows))).get("total") == total


def test_below_its_cue() -> None:
    found = by_cue.by_cue(view("Shop\nDate        Time\n25/12/2018  14:05\nTea 4.00\n"))
    assert values(found) == {"date": "2018-12-25", "time": "14:05"}


@pytest.mark.parametrize(("rows", "first"), [("13/04/2019\n03/04/2019", True), ("04/13/2019\n03/04/2019", False), ("Reno, NV 89501\n03/04/2019", False), ("03/04/2019", True)])
def test_what_comes_first_in_dates(rows: str, first: bool) -> None:
    assert view(rows).day_first is first


def test_the_field_set_says_what_comes_first() -> None:
    assert view("03/04/2019", RECEIPT.model_copy(update={"day_first": False})).day_first is False


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("Total 10.00\nRounding 0.02\nNow 10.02", {"total": "10.02"}),
        ("Tea 5.00\nCake 4.00\nVISA 9.00", {"total": "9.00"}),
        ("Sum 8.00\n0.50\n8.50", {"subtotal": "8.00", "tax": "0.50", "total": "8.50"}),
        ("CASH 10.00\nCHANGE 1.00", {}),
        ("Tea 4.00\nMilk 3.00", {}),
    ],
)
def test_sums(rows: str, found: dict[str, str]) -> None:
    assert values(by_sums.by_sums(view(rows))) == found


def test_opening_hours_are_no_time() -> None:
    assert values(by_place.by_place(view("Shop\nOpen 10:00 - 18:00\n25/12/2018 14:05\n")))["time"] == "14:05"


def test_items_in_two_rows() -> None:
    found = by_items.by_items(view(GARAGE))
    entries = [{name: one.value for name, one in entry.items()} for entry in found["items"] if isinstance(entry, dict)]
    assert entries == [{"name": "Oil filter", "quantity": "2", "price": "3.50", "amount": "7.00"}, {"name": "Wiper", "amount": "11.00"}]


def test_items_whose_names_stand_below() -> None:
    found = by_items.by_items(view("Shop\nITEM  QTY  AMOUNT\n120000143  2  16.00\nSOCKET 15A\nTOTAL  16.00"))
    entries = [{name: one.value for name, one in entry.items()} for entry in found["items"] if isinstance(entry, dict)]
    assert entries == [{"name": "SOCKET 15A", "quantity": "2", "amount": "16.00"}]


def test_an_invoice() -> None:
    fields = read_fields("invoice")
    said = said_of(fuse([annotate(pages(INVOICE), fields)], fields)[0], fields)
    lines = said.pop("lines")
    assert said == {
        "number": "RE-2021-077",
        "supplier": "Nordwind Werkzeuge GmbH",
        "supplier_address": "Hafenstraße 12 20457 Hamburg",
        "customer": "Muster AG",
        "issue_date": "2021-04-03",
        "due_date": "2021-04-17",
        "order_number": None,
        "vat_id": "DE123456789",
        "net": "62.50",
        "tax": "11.88",
        "total": "74.38",
        "currency": "EUR",
        "iban": "DE89 3704 0044 0532 0130 00",
    }
    assert lines == [
        {"name": "Bohrer", "quantity": "3", "price": "12.50", "amount": "37.50"},
        {"name": "Schrauben", "quantity": "100", "price": "0.25", "amount": "25.00"},
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("TAX INVOICE", "title"),
        ("Guest Receipt", "title"),
        ("TEL: 03-2222 1111", "phone"),
        ("(217) 555-0142", "phone"),
        ("(912345-K)", "registration"),
        ("CO. REG. NO: 912345-K", "registration"),
        ("GST ID 000111222333", "registration"),
        ("www.example.org", "web"),
        ("Cashier: Ann", "labelled"),
        ("Server#12", "labelled"),
        ("BLUE DOOR CAFE", ""),
        ("12 Harbor Road", ""),
        ("Telluride Café", ""),
        ("Posthouse Inn", ""),
    ],
)
def test_what_rows_are(text: str, kind: str) -> None:
    kinds = {"title": surroundings.is_title, "phone": surroundings.is_phone, "registration": surroundings.is_registration, "web": surroundings.is_web, "labelled": surroundings.is_labelled}
    assert {name for name, asked in kinds.items() if asked(text)} >= ({kind} if kind else set())
    assert bool(kind) == surroundings.is_other(text)


@pytest.mark.parametrize(
    "text",
    ["NO. 7, JALAN BUNGA 3,", "50200 KUALA LUMPUR", "12 Harbor Road", "Springfield, IL 62701", "1280Hwy315", "Hafenstraße 12", "20457 Hamburg", "14 rue de la Paix", "SW1A 2AA London", "SELANGOR", "Philadelphia,PA19123"],
)
def test_addresses(text: str) -> None:
    assert surroundings.address_score(text) >= 2


@pytest.mark.parametrize("text", ["BLUE DOOR CAFE", "Smith's Garage", "FLAT WHITE 9.00", "TOTAL"])
def test_no_addresses(text: str) -> None:
    assert surroundings.address_score(text) < 2


@pytest.mark.parametrize(
    ("text", "form"),
    [("A B SDN BHD", True), ("A B SDN. BHD.", True), ("A S/B (123456-X)", True), ("Foo GmbH", True), ("Foo & Co. KG", True), ("Foo Ltd.", True), ("ABLtd", True), ("Malta", False), ("Salad bar", False), ("FAX: 03-1", False)],
)
def test_legal_forms(text: str, form: bool) -> None:
    assert surroundings.has_form(text) is form


def test_patterns() -> None:
    fields = FieldSet(name="it", fields=(Field(name="ref", patterns=(r"\bref: {value}",)), Field(name="code", several=True, patterns=(r"\b(?=[A-Z]\d{3}\b){value}\b",))))
    found = by_pattern.by_pattern(view("Ref: A-1 x  B222\nC333 D444", fields))
    assert {name: [one.value for one in some if isinstance(one, Found)] for name, some in found.items()} == {"ref": ["A-1 x"], "code": ["B222", "C333", "D444"]}


def test_nothing_to_read() -> None:
    empty = Pages(sheets=(Sheet(width=1, height=1),), words=())
    assert annotate(empty, RECEIPT) == {}
    assert annotate(pages("x"), RECEIPT).get("cue") is None


def test_words_exist_and_rows_keep_their_order() -> None:
    for text in (CAFE, GARAGE):
        seen = pages(text)
        for findings in annotate(seen, RECEIPT).values():
            for found in findings.values():
                for one in found:
                    for each in [one] if isinstance(one, Found) else one.values():
                        assert list(each.words) == sorted(set(each.words)) and all(0 <= word < len(seen.words) for word in each.words)


@pytest.mark.parametrize("text", ["1" * 5000, "1." * 50_000, "TOTAL " + "9" * 5000, "Tea 2.00 " * 5000, "TOTAL 3.00 Tea 4.50\n" * 30_000])
def test_no_text_takes_for_ever_or_breaks_an_annotator(text: str) -> None:
    long = pages_of_text(text)
    assert len(View(long, RECEIPT).rows) <= 4000
    started = time.perf_counter()
    annotate(long, RECEIPT)
    assert time.perf_counter() - started < 60


def test_a_total_behind_very_many_rows_is_looked_at() -> None:
    rows = View(pages_of_text("Tea 2.00\n" * 9000 + "TOTAL 18000.00"), RECEIPT).rows
    assert rows[0].text == "Tea 2.00" and rows[-1].text == "TOTAL 18000.00" and [row.number for row in rows] == list(range(4000))
