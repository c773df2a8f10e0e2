import datetime
from typing import Any

import pytest

from limbeck.errors import ConfigError
from limbeck.fields.checking import Problem, check, holds, parsed
from limbeck.fields.reading import read_fields
from limbeck.schemas.fields import Field, FieldSet

RECEIPT = read_fields("receipt")
TODAY = datetime.date(2020, 1, 1)


@pytest.mark.parametrize(
    ("said", "sentences"),
    [
        ({"subtotal": "8.00", "tax": "0.50", "total": "8.50"}, []),
        ({"subtotal": "8.00", "tax": "0.50", "total": "8.55"}, []),
        ({"subtotal": "8.00", "tax": "0.50", "total": "8.00"}, []),
        ({"subtotal": "8.00", "tax": "0.50", "total": "9.00"}, ["subtotal 8.00 + tax 0.50 is 8.50, but total 9.00 was read"]),
        ({"subtotal": "8.00", "tax": None, "tip": "2.00", "total": "10.00"}, []),
        ({"subtotal": "8.00", "total": None}, []),
        ({"total": "9.00"}, []),
        ({}, []),
        ({"items": [{"amount": "4.00"}, {"amount": "5.00"}], "total": "9.00"}, []),
        ({"items": [{"amount": "4.00"}, {"amount": "5.00"}], "total": "8.00"}, ["items.amount 9.00 is 9.00, but total 8.00 was read"]),
        ({"items": [{"amount": "4.00"}, {"amount": None}], "total": "8.00"}, []),
        ({"items": [{"amount": "4.00"}], "subtotal": "5.00", "total": "5.00"}, ["items.amount 4.00, but subtotal 5.00 was read"]),
        ({"date": "2019-12-31"}, []),
        ({"date": "2020-01-02"}, []),
        ({"date": "2020-01-03"}, ["date 2020-01-03 is in the future"]),
        ({"date": "31/12/2019"}, []),
        ({"date": "1969-12-31"}, ["date 1969-12-31 is before 1970"]),
        ({"date": "yesterday"}, ["date 'yesterday' is no date"]),
        ({"currency": "MYR"}, []),
        ({"currency": "XAF"}, []),
        ({"currency": "money"}, ["currency 'money' is no currency; known are AED, AUD, BRL, CAD, CHF and others by their three letters"]),
    ],
)
def test_problems(said: dict[str, Any], sentences: list[str]) -> None:
    assert [one.sentence for one in check(said, RECEIPT, TODAY)] == sentences


def test_fields_of_a_problem() -> None:
    fields = FieldSet(name="it", fields=(Field(name="a", kind="money"), Field(name="b", kind="money"), Field(name="c", kind="money")), checks=("a - b = c",))
    assert check({"a": "5.00", "b": "2.00", "c": "3.00"}, fields) == []
    assert check({"a": "5.00", "b": "2.00", "c": "4.00"}, fields) == [Problem(("a", "b", "c"), "a 5.00 - b 2.00 is 3.00, but c 4.00 was read")]
    assert [holds(parsed(fields)[0], said, fields) for said in ({"a": "5", "b": "2", "c": "3"}, {"a": "5", "c": "3"}, {"a": "5"})] == [True, False, None]


def test_what_is_due_may_be_in_the_future() -> None:
    invoice = read_fields("invoice")
    assert check({"due_date": "2020-02-01"}, invoice, TODAY) == []
    assert [one.fields for one in check({"issue_date": "2020-02-01"}, invoice, TODAY)] == [("issue_date",)]


@pytest.mark.parametrize("text", ["a + b", "a = b = c", "a + = b", "a b = c", "= a", "a + x = b", "a + name = b", "lines.x = a", "a * b = c"])
def test_checks_that_are_none(text: str) -> None:
    money = tuple(Field(name=name, kind="money") for name in "abc")
    fields = FieldSet(name="it", fields=(*money, Field(name="name"), Field(name="lines", kind="list", fields=(Field(name="amount", kind="money"),))), checks=(text,))
    with pytest.raises(ConfigError, match="write "):
        check({}, fields)
