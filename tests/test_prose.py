import datetime
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.errors import ConfigError
from limbeck.evals.kleister_scoring import as_kleister, score
from limbeck.fields import contract_parties
from limbeck.fields.annotators import annotate
from limbeck.fields.durations import duration
from limbeck.fields.normalising import normal
from limbeck.fields.parties import company, key, name_end, name_start, person, written
from limbeck.fields.places import PLACES, place
from limbeck.fields.prose import PROSE_ANNOTATORS
from limbeck.fields.reading import read_fields
from limbeck.fields.running import running
from limbeck.fields.written_dates import written_date
from limbeck.pages.texts import pages_of_text
from limbeck.schemas.fields import Field, FieldSet

FIELDS = read_fields("contract")
AGREEMENT = """MUTUAL NON-DISCLOSURE AGREEMENT
This Mutual Non-Disclosure Agreement (this “Agreement”) is made and entered into as of
the 3rd day of March, 2010 by and between Blue Heron Ferries, Inc., a Vermont
corporation having its office at 4 Quay Lane, Burlington (“Heron”), and Odile P. Marchetti,
an individual (the “Recipient”). Heron wishes to show the Recipient plans of its new ferries.
1. Secrets. The Recipient shall keep all plans secret and shall show them to nobody who has
not agreed in writing to do the same. For a period of one (1) year after the last meeting the
Recipient shall not solicit any captain of Heron for employment.
2. Term. The term of this Agreement shall be two (2) years from the date first written
above, whatever else the parties may have said about it before.
3. Law. This Agreement shall be governed by and construed in accordance with the laws of the
State of New
Hampshire, without regard to its rules on conflicts of law.
IN WITNESS WHEREOF, the parties have signed this Agreement on the day first written above.
BLUE HERON FERRIES, INC.
By: /s/ Tove Lindqvist
Name: Tove Lindqvist
Title: President
Odile P. Marchetti
RECIPIENT
"""
LETTER = """June 14, 2011
Quillfeather Partners LLC
12 Mill Road
Dear Sirs:
You have asked us for certain information about Tansy Foods Corporation (the “Company”) and its
mills. As a condition of our giving you this information, you agree to treat it as set forth in
this letter and to use it for no other purpose than to judge whether you wish to buy a mill.
This letter agreement and all obligations under it shall expire eighteen months from the date
hereof. It is governed by Ontario law, and the courts of Ontario shall decide what is disputed.
Very truly yours,
TANSY FOODS CORPORATION
By: /s/ Abel Ruiz
Title: Secretary
Accepted and agreed:
QUILLFEATHER PARTNERS LLC
By: /s/ Ida Moreau
Title: Partner
"""
RECEIPT = """BLUE DOOR CAFE
4 Quay Lane
Tea 2.40
TOTAL 2.40
CASH 5.00
"""


def said_by(name: str, text: str) -> dict[str, list[str]]:
    read = running(pages_of_text(text))
    assert read.prose
    found = PROSE_ANNOTATORS[name](read, FIELDS)
    return {field: [one.value for one in some] for field, some in found.items()}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("annotator", "values"),
    [
        ("prose_pattern", {"effective_date": ["2010-03-03"], "jurisdiction": ["New Hampshire"], "term": ["2 years"]}),
        ("prose_law", {"jurisdiction": ["New Hampshire"]}),
        ("prose_term", {"term": ["2 years"]}),
        ("prose_opening", {"party": ["Blue Heron Ferries Inc.", "Odile P. Marchetti"]}),
        ("prose_signatures", {"party": ["Blue Heron Ferries Inc.", "Odile P. Marchetti"]}),
        ("prose_mentions", {"party": ["Blue Heron Ferries Inc."]}),
        ("prose_top_date", {"effective_date": ["2010-03-03"]}),
        ("prose_signing_date", {}),
    ],
)
def test_an_agreement(annotator: str, values: dict[str, list[str]]) -> None:
    assert said_by(annotator, AGREEMENT) == values


@pytest.mark.parametrize(
    ("annotator", "values"),
    [
        ("prose_pattern", {"jurisdiction": ["Ontario"], "term": ["18 months"]}),
        ("prose_law", {"jurisdiction": ["Ontario"]}),
        ("prose_term", {"term": ["18 months"]}),
        ("prose_opening", {"party": ["Tansy Foods Corporation"]}),
        ("prose_signatures", {"party": ["Tansy Foods Corporation", "Quillfeather Partners LLC"]}),
        ("prose_mentions", {"party": ["Tansy Foods Corporation", "Quillfeather Partners LLC"]}),
        ("prose_top_date", {"effective_date": ["2011-06-14"]}),
    ],
)
def test_a_letter(annotator: str, values: dict[str, list[str]]) -> None:
    assert said_by(annotator, LETTER) == values


HERON, MARCHETTI = "Blue Heron Ferries Inc.", "Odile P. Marchetti"
TANSY, QUILL = "Tansy Foods Corporation", "Quillfeather Partners LLC"


@pytest.mark.parametrize(
    ("way", "in_agreement", "in_letter"),
    [
        (contract_parties.by_between, [HERON, MARCHETTI], []),
        (contract_parties.by_definition, [HERON, MARCHETTI], [TANSY]),
        (contract_parties.by_form, [HERON, MARCHETTI], []),
        (contract_parties.by_signature, [HERON], [TANSY, QUILL]),
        (contract_parties.by_ends, [HERON, MARCHETTI], [TANSY, QUILL]),
        (contract_parties.by_mention, [HERON], [TANSY]),
        (contract_parties.by_title, [], [QUILL]),
    ],
)
def test_each_way_to_find_parties(way: Any, in_agreement: list[str], in_letter: list[str]) -> None:
    for text, names in ((AGREEMENT, in_agreement), (LETTER, in_letter)):
        found = way(running(pages_of_text(text)), FIELDS)
        assert sorted(one.value for one in found.get("party", [])) == sorted(names)


@pytest.mark.parametrize("text", [RECEIPT, "", "\n\n"])
def test_forms_are_none_of_their_business(text: str) -> None:
    assert PROSE_ANNOTATORS.keys() & annotate(pages_of_text(text), FIELDS).keys() == set()


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        (AGREEMENT, True),
        (LETTER, True),
        (RECEIPT, False),
        ("you agree to keep\nwhat we show you\nto yourself, all of it\n", False),
        ("you agree to keep all that\nwe may show you to yourself,\nand to give it back to us\nas soon as we ask for it\n", True),
        ("2 BLACK TEA 2.40 SR 4.80\n1 OAT MILK 0.60 SR 0.60\n1 WALNUT CAKE 3.90 SR 3.90\n", False),
    ],
)
def test_what_is_running_text(text: str, prose: bool) -> None:
    assert running(pages_of_text(text)).prose is prose


def test_other_fields_are_left_alone() -> None:
    pages = pages_of_text(AGREEMENT)
    fields = FieldSet(name="shop", fields=(Field(name="merchant", kind="name"), Field(name="total", kind="money")))
    assert annotate(pages, fields) == {}


def test_only_what_no_sentence_says_is_absent() -> None:
    kept = AGREEMENT.replace("two (2) years from", "as long as the parties wish from")
    assert said_by("prose_term", kept) == {"term": []}
    assert "term" not in said_by("prose_pattern", kept)


def test_values_are_found_where_they_stand() -> None:
    pages = pages_of_text(AGREEMENT)
    found = PROSE_ANNOTATORS["prose_pattern"](running(pages), FIELDS)
    stands = {name: " ".join(pages.words[word].text for word in some[0].words) for name, some in found.items()}  # type: ignore[union-attr]
    assert stands == {"effective_date": "3rd day of March, 2010", "jurisdiction": "New Hampshire,", "term": "two (2) years"}


@pytest.mark.parametrize(
    ("kind", "pattern", "text", "value"),
    [
        ("date", "due on {value}", "The whole sum of it is due on May 2,\n2015 at the latest, without further notice.", "2015-05-02"),
        ("name", "landlord is {value}", "For all that follows the landlord is\nMarten Oak Housing, Ltd., and nobody else.", "Marten Oak Housing Ltd."),
        ("text", "shall be called {value},", "The vessel that is chartered shall be called Morning\nTide, whatever its name was before.", "Morning Tide"),
        ("money", "rent of {value}", "The tenant shall pay a monthly rent of $1,250.00 on the first of\neach month.", "1250.00"),
        ("duration", "let for {value}", "The house is let for a year and a half or for\nthirty-six (36) months.", None),
    ],
)
def test_patterns_of_ones_own(kind: Any, pattern: str, text: str, value: str | None) -> None:
    fields = FieldSet(name="lease", fields=(Field(name="it", kind=kind, patterns=(pattern,)),))
    found = PROSE_ANNOTATORS["prose_pattern"](running(pages_of_text(text)), fields)
    assert [one.value for one in found.get("it", [])] == ([value] if value else [])  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("rent of", "needs {value} once"),
        ("{value} or {value}", "needs {value} once"),
        ("rent (of {value}", "is no regular expression (missing ), unterminated subpattern"),
        ("(?<!no )rent of {value}", "write \\s for a blank"),
    ],
)
def test_patterns_that_cannot_be_used(pattern: str, why: str, tmp_path: Path) -> None:
    file = tmp_path / "lease.yaml"
    file.write_text(f"name: lease\nfields:\n  - name: rent\n    patterns: ['{pattern}']\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(why)):
        read_fields(str(file))


# ---- durations, dates, places ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("two (2) years", "2 years"),
        ("Two\n(2) Years", "2 years"),
        ("a period of one (1) year", "1 year"),
        ("eighteen months", "18 months"),
        ("a two-year period", "2 years"),
        ("twenty-four (24) months", "24 months"),
        ("thirty six months", "36 months"),
        ("ninety (90) calendar days", "90 days"),
        ("two and a half years", "2.5 years"),
        ("2 1/2 years", "2.5 years"),
        ("one year and a half", "1.5 years"),
        ("1.5 years", "1.5 years"),
        ("one (2) years", "2 years"),
        ("until the second anniversary of this day", "2 years"),
        ("the 5th anniversary", "5 years"),
        ("a year", "1 year"),
        ("one hundred", None),
        ("for ever", None),
        ("", None),
    ],
)
def test_durations(text: str, value: str | None) -> None:
    assert duration(text) == value
    assert normal(text, Field(name="term", kind="duration")) == value


@given(st.integers(1, 999), st.sampled_from(["day", "week", "month", "year"]))
def test_a_normal_duration_stays(number: int, unit: str) -> None:
    value = f"{number} {unit}" if number == 1 else f"{number} {unit}s"
    assert duration(value) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("this 3rd day of March, 2010", "2010-03-03"),
        ("this 31st day of May , 2005", "2005-05-31"),
        ("the twenty-first day of June, 2007", "2007-06-21"),
        ("as of the 1st of May 2009", "2009-05-01"),
        ("1 May 2009", "2009-05-01"),
        ("Sept. 5, 2008", "2008-09-05"),
        ("July 23 2007", "2007-07-23"),
        ("6/23/09", "2009-06-23"),
        ("25/03/2009", "2009-03-25"),
        ("2009-03-04", "2009-03-04"),
        ("March __, 2010", None),
        ("___ day of March, 2010", None),
        ("May 5, 20__", None),
        ("February 30, 2010", None),
        ("", None),
    ],
)
def test_dates_in_words(text: str, value: str | None) -> None:
    assert written_date(text) == value


@given(st.dates(min_value=datetime.date(1900, 1, 1), max_value=datetime.date(2099, 12, 31)))
def test_any_date_is_read_as_contracts_write_it(day: Any) -> None:
    assert written_date(f"{day:%B} {day.day}, {day.year}") == written_date(f"this {day.day}th day of {day:%B}, {day.year}") == day.isoformat()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("the State of new  york", "New York"),
        ("West Virginia", "West Virginia"),
        ("Delawarean", None),
        ("the Kingdom of Norway", "Norway"),
        ("Narnia", None),
    ],
)
def test_places(text: str, value: str | None) -> None:
    assert place(text) == value


@given(st.sampled_from(PLACES))
def test_every_place_is_itself(name: str) -> None:
    assert place(f"the laws of {name.upper()}.") == name


# ---- names -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Blue Heron Ferries, Inc., a Vermont corporation", "Blue Heron Ferries, Inc.,"),
        ("Odile P. Marchetti (the “Recipient”)", "Odile P. Marchetti"),
        ("Odile Marchetti and Blue Heron", "Odile Marchetti"),
        ("Smith, Jones & Co., L.P., a fund", "Smith, Jones & Co., L.P.,"),
        ("Harbour Savings and Loan Company hereby", "Harbour Savings and Loan Company"),
        ("Bank of the Hills, N.A. agrees", "Bank of the Hills, N.A."),
        ("Lone Pine U.S . Holdings LLC (", "Lone Pine U.S . Holdings LLC"),
        ("Robert A. Newson-Pike, an individual", "Robert A. Newson-Pike,"),
        ("Harbour Safe &Trust Company, and", "Harbour Safe &Trust Company,"),
        ("the parties agree", ""),
        ("WHEREAS, Acme", ""),
    ],
)
def test_where_names_end(text: str, name: str) -> None:
    words = text.split()
    assert " ".join(words[: name_end(words, 0)]) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("by and between Blue Heron Ferries, Inc.", "Blue Heron Ferries, Inc."),
        ("relating to Smith, Jones & Co., L.P.", "Smith, Jones & Co., L.P."),
        ("of the second part, Odile P. Marchetti", "Odile P. Marchetti"),
        ("this Agreement", ""),
    ],
)
def test_where_names_start(text: str, name: str) -> None:
    words = text.split()
    assert " ".join(words[name_start(words, len(words)) :]) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("BLUE HERON FERRIES, INC.", "Blue Heron Ferries Inc."),
        ("Tansy Foods , L.L.C .", "Tansy Foods LLC"),
        ("ICx Metals, Incorporated,", "ICx Metals Incorporated"),
        ("Quill Capital L.L .C .,", "Quill Capital LLC"),
        ("SAP Mills AG", "SAP Mills AG"),
        ("Harbour Safe &Trust Company,", "Harbour Safe & Trust Company"),
        ("Mr. Odile P. Marchetti", "Odile P. Marchetti"),
    ],
)
def test_how_names_are_written(text: str, name: str) -> None:
    assert written(text) == name
    assert written(name) == name


def test_who_is_a_company_and_who_a_person() -> None:
    names = ["Blue Heron Inc.", "Odile P. Marchetti", "Quay Lane Bank", "Chief Executive Officer", "Heron", "Jan van der Meer"]
    assert [(company(name), person(name)) for name in names] == [
        (True, False),
        (False, True),
        (True, False),
        (False, False),
        (False, False),
        (False, False),
    ]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("BLUE HERON, INC.", "Blue Heron Incorporated", True),
        ("Smith & Sons L.L.C.", "Smith and Sons LLC", True),
        ("The Heron Company", "Heron", True),
        ("Heron One", "Heron Two", False),
    ],
)
def test_two_spellings_of_a_name(one: str, other: str, same: bool) -> None:
    assert (key(one) == key(other)) is same


# ---- running text ------------------------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.text(alphabet="ab(,.“", min_size=1, max_size=5), min_size=1, max_size=5), min_size=1, max_size=5), st.data())
def test_the_way_back_to_the_words(rows: list[list[str]], data: st.DataObject) -> None:
    text = running(pages_of_text("\n".join(" ".join(row) for row in rows)))
    words = [word for row in rows for word in row]
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    start, end = text.place_of(first), text.place_of(last) + len(words[last])
    assert text.numbers(start, end) == tuple(range(first, last + 1))
    assert text.text[start:end] == " ".join(words[first : last + 1])
    assert text.word_at(start) == first
    assert [text.row(number).split() for number in range(len(rows))] == rows


# ---- the score ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "value", "written_there"),
    [
        ("date", "2010-03-03", "2010-03-03"),
        ("duration", "2 years", "2_years"),
        ("place", "New York", "New_York"),
        ("name", "Smith & Sons, L.L.C.", "Smith_and_Sons_LLC"),
        ("name", "Blue Heron Ferries, Incorporated", "Blue_Heron_Ferries_Inc."),
        ("name", "Apollo Fund VII, L.P.", "Apollo_Fund_VII_LP"),
        ("name", "Heron: The Ferry Company", "Heron__The_Ferry_Company"),
        ("name", "Odile P. Marchetti", "Odile_P._Marchetti"),
    ],
)
def test_values_as_kleister_writes_them(kind: Any, value: str, written_there: str) -> None:
    assert as_kleister(Field(name="it", kind=kind), value) == written_there


@pytest.mark.parametrize(
    ("gold", "said", "figures"),
    [
        ([{"a": ["X"]}], [{"a": ["x"]}], (1.0, 1.0, 1.0)),
        ([{"a": ["x"]}], [{"b": ["x"]}], (0.0, 0.0, 0.0)),
        ([{"a": ["x", "y"]}], [{"a": ["x"]}], (1.0, 0.5, 2 / 3)),
        ([{"a": ["x"]}], [{"a": ["x", "y"]}], (0.5, 1.0, 2 / 3)),
        ([{"a": ["x"]}], [{"a": ["x", "x"]}], (0.5, 1.0, 2 / 3)),
        ([{"a": ["x"]}, {}], [{}, {"a": ["x"]}], (0.0, 0.0, 0.0)),
        ([{"a": ["x"]}], [{}], (1.0, 0.0, 0.0)),
        ([{}], [{}], (1.0, 1.0, 1.0)),
        ([], [], (1.0, 1.0, 1.0)),
    ],
)
def test_the_score(gold: list[Any], said: list[Any], figures: tuple[float, float, float]) -> None:
    result = score(gold, said)
    assert (result["precision"], result["recall"], result["f1"]) == pytest.approx(figures)


def test_the_score_by_key() -> None:
    result = score([{"a": ["x"], "b": ["y"]}, {"a": ["z"]}], [{"a": ["x"], "b": ["w"]}, {}])
    assert result["by_key"] == pytest.approx({"a": 2 / 3, "b": 0.0})
    assert result["f1"] == pytest.approx(2 / 5)


def test_all_documents_are_needed() -> None:
    with pytest.raises(ValueError):
        score([{}], [])
