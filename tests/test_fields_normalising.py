import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.fields import amounts, dates
from limbeck.fields.normalising import canonical, normal, same
from limbeck.schemas.fields import Field

KINDS = ("text", "name", "address", "date", "time", "money", "currency", "number", "phone", "choice")


def of(kind: str) -> Field:
    return Field.model_validate({"name": "it", "kind": kind, "options": ("cash", "credit card") if kind == "choice" else ()})


@pytest.mark.parametrize(
    ("text", "day_first", "value"),
    [
        ("25/12/2018", None, "2018-12-25"),
        ("12-25-18", None, "2018-12-25"),
        ("12-25-18", True, "2018-12-25"),
        ("25 DEC 2018", None, "2018-12-25"),
        ("25-DEC-18", None, "2018-12-25"),
        ("25Dec18", None, "2018-12-25"),
        ("Dec 25, 2018", None, "2018-12-25"),
        ("Dec25'18", None, "2018-12-25"),
        ("December 25th 2018", None, "2018-12-25"),
        ("2018-12-25", False, "2018-12-25"),
        ("2018/12/25 10:00", None, "2018-12-25"),
        ("25.12.18", False, "2018-12-25"),
        ("3.4.2019", False, "2019-04-03"),
        ("25. März 2019", None, "2019-03-25"),
        ("1er août 2017", None, "2017-08-01"),
        ("5 de enero de 2016", None, "2016-01-05"),
        ("17 Ogos 2018", None, "2018-08-17"),
        ("2018年3月4日", None, "2018-03-04"),
        ("20181225", None, "2018-12-25"),
        ("Sat 08/09/2012 7:33", False, "2012-08-09"),
        ("4/4/20127:33AM", None, "2012-04-04"),
        ("12/11/1723:20", True, "2017-11-12"),
        ("03/04/2019", True, "2019-04-03"),
        ("03/04/2019", False, "2019-03-04"),
        ("03/04/2019", None, "2019-04-03"),
        ("1/2/70", True, "1970-02-01"),
        ("25 / 12 / 2018", None, "2018-12-25"),
        ("31/02/2018", None, None),
        ("30/30/2018", None, None),
        ("10.20.30.40", None, None),
        ("12:05", None, None),
        ("total", None, None),
        ("", None, None),
    ],
)
def test_dates(text: str, day_first: bool | None, value: str | None) -> None:
    assert normal(text, of("date"), day_first) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("14:05", "14:05"),
        ("14:05:09", "14:05:09"),
        ("8:13:39 PM", "20:13:39"),
        ("12:59PM", "12:59"),
        ("12:01 a.m.", "00:01"),
        ("14:05 PM", "14:05"),
        ("13.11", "13:11"),
        ("14h30", "14:30"),
        ("24:00", "00:00"),
        ("25/12/2018 8:13", "08:13"),
        ("99:99", None),
        ("now", None),
    ],
)
def test_times(text: str, value: str | None) -> None:
    assert normal(text, of("time")) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9.00", "9.00"),
        ("RM9.00", "9.00"),
        ("$ 12", "12.00"),
        ("1,234.50", "1234.50"),
        ("1.234,50 €", "1234.50"),
        ("1 234,50", "1234.50"),
        ("1'234.50", "1234.50"),
        ("1,234", "1234.00"),
        ("1.234.567", "1234567.00"),
        ("12,5", "12.50"),
        ("9 . 00", "9.00"),
        (".35", "0.35"),
        ("2.199", "2.199"),
        ("9.000", "9.00"),
        ("0.00", "0.00"),
        ("5.00-", "-5.00"),
        ("-5,00", "-5.00"),
        ("-$5.00", "-5.00"),
        ("$-5.00", "-5.00"),
        ("(5.00)", "-5.00"),
        ("-0.00", "0.00"),
        ("Total: 9.00", "9.00"),
        ("RM 9.00 for 3", "9.00"),
        ("9.00 or 8.00", None),
        ("6%", None),
        ("25/12/2018", None),
        ("10:30", None),
        ("free", None),
        ("9" * 5000, None),
        ("total " + "9" * 40 + " or 3.50", "3.50"),
    ],
)
def test_money(text: str, value: str | None) -> None:
    assert normal(text, of("money")) == value


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("number", "2x", "2"),
        ("number", "1.00", "1"),
        ("number", "0.430 kg", "0.43"),
        ("number", "1,000", "1000"),
        ("number", "1 of 2", None),
        ("currency", "RM", "MYR"),
        ("currency", "RM9.00", "MYR"),
        ("currency", "eur", "EUR"),
        ("currency", "€", "EUR"),
        ("currency", "S$ 5", "SGD"),
        ("currency", "$", "USD"),
        ("currency", "farm", None),
        ("currency", "€ or $", None),
        ("phone", "Tel: 03-8888 1234", "0388881234"),
        ("phone", "+49 (0)89 / 123456", "+4989123456"),
        ("phone", "(702)555-9998", "7025559998"),
        ("phone", "12345", None),
        ("phone", "1234567890123456", None),
        ("choice", "CASH", "cash"),
        ("choice", "by Credit-Card", "credit card"),
        ("choice", "cheque", None),
        ("name", "  The  Shop ", "The Shop"),
        ("address", "1 High St\nTown", "1 High St Town"),
        ("text", " ", None),
    ],
)
def test_other_kinds(kind: str, text: str, value: str | None) -> None:
    assert normal(text, of(kind)) == value


@given(st.text(max_size=30) | st.from_regex(r"[0-9 .,:/$-]{1,14}", fullmatch=True), st.sampled_from(KINDS), st.sampled_from((None, True, False)))
def test_what_is_normal_stays(text: str, kind: str, day_first: bool | None) -> None:
    field = of(kind)
    value = normal(text, field, day_first)
    assert value is None or normal(value, field, day_first) == value


@given(st.dates(), st.sampled_from(("%d/%m/%Y", "%d-%b-%Y", "%B %d, %Y", "%Y.%m.%d", "%d %b %Y")))
def test_every_day_is_read_as_it_was_written(day: object, form: str) -> None:
    import datetime

    assert isinstance(day, datetime.date)
    day = day.replace(year=1990 + day.year % 50, day=min(day.day, 28))
    assert dates.date(day.strftime(form), day_first=True) == day.isoformat()


def test_where_they_stand() -> None:
    text = "on 25/12/2018 at 8:13 PM paid RM 9.00 of 12,50"
    assert [text[one.start : one.end] for one in dates.dates(text)] == ["25/12/2018"]
    assert [text[one.start : one.end] for one in dates.times(text) if one.clear] == ["8:13 PM"]
    assert [(text[one.start : one.end].strip(), one.currency) for one in amounts.amounts(text)] == [("9.00", "MYR"), ("12,50", None)]


def test_a_page_tells_what_parts_thousands() -> None:
    assert [one.text for one in amounts.amounts("197.285", ",")] == ["197285.00"]
    assert [one.text for one in amounts.amounts("68,000", ",")] == ["68.00"]


def test_the_same_but_for_case_and_punctuation() -> None:
    assert same("The SHOP, Ltd.", "the shop ltd", of("name"))
    assert not same("the shop", "the shops", of("name"))
    assert not same("9.00", "90.0", of("money"))
    assert canonical("--", of("name")) == "--"
