"""Claims: how amounts and days are meant, from which files they come, and what is wrong between them and documents."""

import datetime
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.claims import Receipt, compare, read_claims, receipt, roles
from limbeck.claims.likeness import folded, names_alike
from limbeck.claims.written import amounts, days
from limbeck.errors import ConfigError
from limbeck.schemas.claims import Claim, Evidence, Mismatch
from limbeck.schemas.extraction import Extracted, Origin, Value
from limbeck.schemas.fields import Field, FieldSet
from limbeck.schemas.pages import Pages, Sheet, Word
from limbeck.sections import ClaimsSettings

# ---- how cells are meant ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "worth"),
    [
        (["12.50", "9" * 400, "1.5"], [12.5, None, 1.5]),
        (["12.50", "1,234.50", "7", ".5"], [12.5, 1234.5, 7.0, 0.5]),
        (["12,50", "1.234,50", "1.234", "0,5"], [12.5, 1234.5, 1234.0, 0.5]),
        (["12,50", "1,234"], [12.5, 1.234]),
        (["12.50", "1,234"], [12.5, 1234.0]),
        (["1,234"], [1234.0]),
        (["1.234"], [1234.0]),
        (["12,50", "12.50", "1,234"], [12.5, 12.5, 1234.0]),
        (["1.234.567", "1.500"], [1234567.0, 1500.0]),
        (["EUR 12,50", "12,50 €", "$ 3", "RM9.90", "Rs. 40,10"], [12.5, 12.5, 3.0, 9.9, 40.1]),
        (["-12.50", "(12.50)", "−12.50", "12.50-", "+1.5", "-$2", "$-2"], [-12.5, -12.5, -12.5, -12.5, 1.5, -2.0, -2.0]),
        (["1 234,50", "1'234.50", "1\u202f234"], [1234.5, 1234.5, 1234.0]),
        (["", "n/a", "12 pieces of 3", "1.2.3,4.5"], [None, None, None, None]),
    ],
)  # fmt: skip
def test_amounts_are_meant_as_their_column_is(cells: list[str], worth: list[float | None]) -> None:
    assert amounts(cells) == worth


@pytest.mark.parametrize(
    ("cells", "meant"),
    [
        (["2019-03-04", "20190304", "2019/3/4 12:30"], [("2019-03-04",)] * 3),
        (["04/03/2019"], [("2019-03-04", "2019-04-03")]),
        (["04/04/2019"], [("2019-04-04",)]),
        (["04/03/2019", "25/03/2019"], [("2019-03-04",), ("2019-03-25",)]),
        (["04/03/2019", "03/25/2019"], [("2019-04-03",), ("2019-03-25",)]),
        (["04/03/2019", "25/03/2019", "03/25/2019"], [("2019-03-04", "2019-04-03"), ("2019-03-25",), ("2019-03-25",)]),
        (["4.3.19", "25.3.19"], [("2019-03-04",), ("2019-03-25",)]),
        (["4 March 2019", "4th Mar 19", "Mar 4, 2019", "04-MAR-2019", "4. März 2019"], [("2019-03-04",)] * 5),
        (["", "soon", "31/02/2019", "12 Foo 2019"], [()] * 4),
    ],
)
def test_days_are_meant_as_their_column_is(cells: list[str], meant: list[tuple[str, ...]]) -> None:
    assert days(cells) == meant


@given(st.lists(st.text(max_size=20), max_size=4))
def test_any_cell_is_read_or_not(cells: list[str]) -> None:
    assert len(amounts(cells)) == len(days(cells)) == len(cells)


@pytest.mark.parametrize(
    ("first", "second", "alike"),
    [
        ("Blue Fig Cafe Sdn. Bhd.", "BLUE FIG CAFÉ", True),
        ("Müller & Söhne GmbH", "Muller Sohne", True),
        ("Starbucks", "STARBUCKS COFFEE #1234, SEATTLE", True),
        ("STARBUCK5 COFFEE", "Starbucks Coffee", True),
        ("Acme Ltd", "Zenith Ltd", False),
        ("Blue Fig Cafe", "Green Olive Bar", False),
        ("", "Acme", False),
    ],
)
def test_merchants_are_alike(first: str, second: str, alike: bool) -> None:
    assert bool(names_alike([first], [second])[0, 0] >= 0.5) is alike


def test_a_name_of_legal_words_alone_keeps_them() -> None:
    assert [folded(one) for one in ("The Store Ltd.", "S.A. Dupont", "!!")] == ["the store ltd", "dupont", ""]


# ---- where claims come from ------------------------------------------------------------------------------------------

ROWS = [("r1", "Acme", "25/03/2019", "12,50"), ("r2", "Zenith", "04/03/2019", "1.234,00")]
READ = [
    Claim(row=1, document="r1", merchant="Acme", date="25/03/2019", days=("2019-03-25",), written="12,50", amount=12.5),
    Claim(row=2, document="r2", merchant="Zenith", date="04/03/2019", days=("2019-03-04",), written="1.234,00", amount=1234.0),
]


def a_csv(folder: Path, text: str) -> str:
    path = folder / "claims.csv"
    path.write_text(text, "utf-8")
    return str(path)


def test_claims_are_read_from_a_csv_by_name_and_by_themselves(tmp_path: Path) -> None:
    text = "".join(";".join(row) + "\n" for row in [("File", "Merchant", "When", "AMOUNT"), *ROWS, ("", "", "", "")])
    assert read_claims(ClaimsSettings(source=a_csv(tmp_path, text), document="File", date="when")) == READ


def test_claims_are_read_from_parquet_with_days_and_decimals(tmp_path: Path) -> None:
    path = tmp_path / "claims.parquet"
    pyarrow.parquet.write_table(pa.table({"date": [datetime.date(2019, 3, 4), None], "amount": [Decimal("1234.000"), Decimal("5.125")]}), path)
    assert read_claims(ClaimsSettings(source=str(path))) == [
        Claim(row=1, date="2019-03-04", days=("2019-03-04",), written="1234.000", amount=1234.0),
        Claim(row=2, written="5.125", amount=5.125),
    ]


def a_duckdb(folder: Path) -> str:
    path = folder / "claims.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE c (doc VARCHAR, merchant VARCHAR, date VARCHAR, amount VARCHAR)")
        connection.executemany("INSERT INTO c VALUES (?, ?, ?, ?)", ROWS)
    return str(path)


def test_claims_are_asked_of_a_duckdb_file(tmp_path: Path) -> None:
    section = ClaimsSettings(source=a_duckdb(tmp_path), query="SELECT * FROM c ORDER BY doc", document="doc")
    assert read_claims(section) == READ


def test_an_amount_that_is_none_stays_as_it_is_written(tmp_path: Path) -> None:
    (first, second) = read_claims(ClaimsSettings(source=a_csv(tmp_path, "amount,date\n12.5,soon\nmuch,2019-03-04\n")))
    assert (first.amount, first.days, second.amount, second.written) == (12.5, (), None, "much")


@pytest.mark.parametrize(
    ("text", "section", "said"),
    [
        ("merchant,amount\n", {}, "no claims in {source}; write one a row, or another file with `claims: source:`"),
        ("merchant,amount\nA,1\n", {"date": "day"}, "{source} has no column 'day'; write `claims: {{date: …}}` with one of 'merchant', 'amount'"),
        (
            "a,amount\nA,1\n", {},
            "columns 'a', 'amount' of {source} don't tell which claim belongs to which document; write "
            "`claims: {{merchant: …, date: …, amount: …}}` with two of these at least, or one and `document: …`",
        ),
        ("merchant,amount\nA,much\n", {}, "no amount in column 'amount' of {source}, such as 'much'; write them like 12.50"),
        ("date,amount\nsoon,1\n", {}, "no date in column 'date' of {source}, such as 'soon'; write them like 2019-03-04"),
    ],
)  # fmt: skip
def test_a_file_that_says_nothing_is_an_error(tmp_path: Path, text: str, section: dict[str, str], said: str) -> None:
    source = a_csv(tmp_path, text)
    with pytest.raises(ConfigError) as error:
        read_claims(ClaimsSettings(source=source, **section))
    assert str(error.value) == said.format(source=repr(source))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (None, "is a DuckDB file; write what to ask it for"),
        ("SELECT * FROM nothing", "nothing does not exist"),
        ("DELETE FROM c", "is not one SELECT; write one SELECT of tables in"),
        ("SELECT * FROM read_csv('/etc/passwd')", "disabled"),
    ],
)
def test_a_duckdb_file_is_only_read(tmp_path: Path, query: str | None, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_claims(ClaimsSettings(source=a_duckdb(tmp_path), query=query))


def test_a_query_of_something_else_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be asked .*leave out `query:`"):
        read_claims(ClaimsSettings(source=a_csv(tmp_path, "amount\n1\n"), query="SELECT 1"))
    with pytest.raises(ConfigError, match="no file 'gone.duckdb'; write `claims: source:` a DuckDB file that exists"):
        read_claims(ClaimsSettings(source="gone.duckdb", query="SELECT 1"))
    with pytest.raises(ConfigError, match="claims: no file 'gone.csv'"):
        read_claims(ClaimsSettings(source="gone.csv"))


# ---- what doesn't go together ----------------------------------------------------------------------------------------


def a_value(name: str, text: str | None, sure: float = 0.9, status: Any = "grounded") -> Value:
    origin = Origin(where="page", place=0, start=2, end=4, words=(2, 3), box=(1.0, 2.0, 3.0, 4.0)) if status == "grounded" else None
    return Value(name=name, text=text, status=status, confidence=sure, origin=origin)


def a_receipt(key: str, merchant: str | None, date: str | None, amount: str | None, sure: float = 0.9, status: Any = "grounded") -> Receipt:
    said = {"merchant": merchant, "date": date, "amount": amount}
    return Receipt(f"b2:{key}", key, **{name: a_value(name, text, sure, status) for name, text in said.items() if text})  # type: ignore[arg-type]


def a_claim(row: int, document: str | None, merchant: str | None, date: str | None, amount: float | None) -> Claim:
    return Claim(
        row=row, document=document, merchant=merchant, date=date, days=(date,) if date else (),
        written=None if amount is None else f"{amount:.2f}", amount=amount,
    )  # fmt: skip


def told(mismatches: Sequence[Mismatch]) -> list[tuple[Any, ...]]:
    """Each in short: kind, rows of claims, keys, by how much over, stake, confidence, whether it is sure."""
    return [(one.kind, [c.row for c in one.claims], list(one.keys), one.over, one.stake, round(one.confidence, 2), one.sure) for one in mismatches]


FIG = ("Blue Fig Cafe", "2019-03-04", "12.50")
NAMED: list[tuple[str, list[Claim], list[Receipt], list[tuple[Any, ...]]]] = [
    ("all is well", [a_claim(1, "a", "BLUE FIG CAFE LTD", "2019-03-04", 12.54)], [a_receipt("a", *FIG)], []),
    ("too much", [a_claim(1, "a", None, None, 21.5)], [a_receipt("a", *FIG)], [("amount", [1], ["a"], 9.0, 9.0, 0.9, True)]),
    ("too little", [a_claim(1, "a", None, None, 2.5)], [a_receipt("a", *FIG)], [("amount", [1], ["a"], -10.0, 0.0, 0.9, True)]),
    ("read badly", [a_claim(1, "a", None, None, 21.5)], [a_receipt("a", *FIG, sure=0.4)], [("amount", [1], ["a"], 9.0, 9.0, 0.4, False)]),
    (
        "not on the page",
        [a_claim(1, "a", None, None, 21.5)], [a_receipt("a", *FIG, status="inferred")],
        [("amount", [1], ["a"], 9.0, 9.0, 0.9, False)],
    ),
    ("not read", [a_claim(1, "a", None, None, 21.5)], [a_receipt("a", None, None, None)], [("unread", [1], ["a"], None, 21.5, 0.0, False)]),
    ("another day", [a_claim(1, "a", None, "2019-03-05", 12.5)], [a_receipt("a", *FIG)], [("date", [1], ["a"], None, 12.5, 0.9, True)]),
    ("another shop", [a_claim(1, "a", "Olive", None, 12.5)], [a_receipt("a", *FIG)], [("merchant", [1], ["a"], None, 12.5, 0.9, True)]),
    (
        "no document",
        [a_claim(1, "b", None, None, 12.5)], [a_receipt("a", *FIG)],
        [("no document", [1], [], None, 12.5, 1.0, True), ("no claim", [], ["a"], None, 0.0, 1.0, True)],
    ),
    (
        "twice",
        [a_claim(1, "a", None, None, 12.5), a_claim(2, "a", None, None, 12.5)], [a_receipt("a", *FIG)],
        [("claimed twice", [1, 2], ["a"], 12.5, 12.5, 0.9, True)],
    ),
    ("a split bill", [a_claim(1, "a", None, None, 10.0), a_claim(2, "a", None, None, 2.5)], [a_receipt("a", *FIG)], []),
    (
        "twice, without amounts",
        [a_claim(1, "a", "Blue Fig Cafe", None, None), a_claim(2, "a", "Blue Fig Cafe", None, None)], [a_receipt("a", *FIG)],
        [("claimed twice", [1, 2], ["a"], None, 0.0, 1.0, True)],
    ),
    (
        "one receipt in two documents",
        [a_claim(1, "a", None, None, 12.5), a_claim(2, "b", None, None, 12.5)],
        [a_receipt("a", *FIG), a_receipt("b", "BLUE FIG CAFÉ", "2019-03-04", "12.50", sure=0.8)],
        [("same receipt", [1, 2], ["a", "b"], 12.5, 12.5, 0.8, True)],
    ),
    ("nobody claims", [], [a_receipt("a", *FIG)], []),
    ("by its path", [a_claim(1, "scans\\A.JPG", None, None, 12.5)], [a_receipt("2019/a.jpg", *FIG), a_receipt("a.pdf", "X", "2018-01-01", "1.00")],
     [("no claim", [], ["a.pdf"], None, 0.0, 1.0, True)]),
    ("by its name alone", [a_claim(1, "a", None, None, 12.5)], [a_receipt("x/a.tif", *FIG)], []),
    (
        "of two files of one name, the likelier",
        [a_claim(1, "a.jpg", "Olive Bar", "2019-05-06", 7.0)],
        [a_receipt("x/a.jpg", *FIG), a_receipt("y/a.jpg", "Olive Bar", "2019-05-06", "7.00")],
        [("no claim", [], ["x/a.jpg"], None, 0.0, 1.0, True)],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("claims", "receipts", "wanted"), [one[1:] for one in NAMED], ids=[one[0] for one in NAMED])
def test_claims_of_named_documents(claims: list[Claim], receipts: list[Receipt], wanted: list[tuple[Any, ...]]) -> None:
    assert told(compare(claims, receipts)) == wanted


OLIVE = ("Olive Bar", "2019-05-06", "80.00")
MATCHED: list[tuple[str, list[Claim], list[Receipt], list[tuple[Any, ...]]]] = [
    (
        "each finds its own",
        [a_claim(1, None, "Olive Bar", "2019-05-06", 80.0), a_claim(2, None, "Blue Fig", "2019-03-04", 12.5)],
        [a_receipt("a", *FIG), a_receipt("b", *OLIVE)],
        [],
    ),
    (
        "too much of the right one, less sure than by name",
        [a_claim(1, None, "Olive Bar", "2019-05-06", 100.0)], [a_receipt("a", *FIG), a_receipt("b", *OLIVE)],
        [("amount", [1], ["b"], 20.0, 20.0, 0.68, True), ("no claim", [], ["a"], None, 0.0, 1.0, True)],
    ),
    (
        "too unlike is none",
        [a_claim(1, None, "Zenith", "2019-12-24", 80.0)], [a_receipt("b", *OLIVE)],
        [("no document", [1], [], None, 80.0, 0.6, True), ("no claim", [], ["b"], None, 0.0, 1.0, True)],
    ),
    (
        "a document that was not read may be the claim's",
        [a_claim(1, None, "Zenith", "2019-12-24", 80.0)], [a_receipt("b", None, None, None)],
        [("no document", [1], [], None, 80.0, 0.25, False), ("no claim", [], ["b"], None, 0.0, 1.0, True)],
    ),
    (
        "the same again",
        [a_claim(1, None, "Olive Bar", "2019-05-06", 80.0), a_claim(2, None, "Olive Bar", "2019-05-06", 80.0)], [a_receipt("b", *OLIVE)],
        [("claimed twice", [1, 2], ["b"], 80.0, 80.0, 0.9, True)],
    ),
    ("no documents", [a_claim(1, None, "Olive Bar", "2019-05-06", 80.0)], [], [("no document", [1], [], None, 80.0, 1.0, True)]),
]  # fmt: skip


@pytest.mark.parametrize(("claims", "receipts", "wanted"), [one[1:] for one in MATCHED], ids=[one[0] for one in MATCHED])
def test_claims_are_matched_by_what_they_say(claims: list[Claim], receipts: list[Receipt], wanted: list[tuple[Any, ...]]) -> None:
    assert told(compare(claims, receipts)) == wanted


def test_the_most_money_times_confidence_comes_first() -> None:
    claims = [a_claim(1, "a", None, None, 22.5), a_claim(2, "b", None, None, 95.0), a_claim(3, "c", None, None, 50.0)]
    found = compare(claims, [a_receipt("a", *FIG), a_receipt("b", *OLIVE, sure=0.5), a_receipt("c", None, None, None)])
    assert [(one.kind, one.stake, round(one.weight, 2)) for one in found] == [("amount", 10.0, 9.0), ("amount", 15.0, 7.5), ("unread", 50.0, 0.0)]


def test_a_copy_of_a_file_is_the_same_receipt_however_it_is_read() -> None:
    twice = [a_receipt(key, *FIG, sure=0.3) for key in ("a", "b")]
    copies = [Receipt("b2:same", one.key, one.merchant, one.date, one.amount) for one in twice]
    claims = [a_claim(1, "a", None, None, 12.5), a_claim(2, "b", None, None, 12.5)]
    assert told(compare(claims, copies)) == [("same receipt", [1, 2], ["a", "b"], 12.5, 12.5, 1.0, True)]


def test_a_mismatch_has_its_evidence() -> None:
    pages = Pages(
        sheets=(Sheet(width=10, height=10),),
        words=tuple(Word(text=text, box=(0, 0, 1, 1), line=0) for text in ("Blue", "Fig", "RM", "12,50", "TOTAL")),
    )
    record = Extracted(row=0, column=0, value="", type="receipt", confidence=1.0, values=(a_value("total", "12.50"), a_value("tax", "1.00")))
    fields = FieldSet(name="receipt", fields=(Field(name="tax", kind="money"), Field(name="total", kind="money"), Field(name="seller", kind="name")))
    assert roles(fields) == {"amount": "total", "merchant": "seller"}
    (one,) = compare([a_claim(1, "a", None, None, 21.5)], [receipt("b2:a", "a", record, roles(fields), pages)])
    assert one.evidence == (
        Evidence(document="b2:a", key="a", role="amount", said="12.50", printed="RM 12,50", page=0, box=(1.0, 2.0, 3.0, 4.0), confidence=0.9),
    )
    assert Mismatch.model_validate_json(one.model_dump_json()) == one


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ([("issued", "date"), ("subtotal", "money"), ("Amount Due", "money"), ("buyer", "name"), ("vendor", "name")], ("vendor", "issued", "Amount Due")),
        ([("buyer", "name"), ("when", "date"), ("fee", "money")], ("buyer", "when", "fee")),
        ([("note", "text")], (None, None, None)),
    ],
)
def test_the_fields_that_claims_are_compared_with(fields: list[tuple[str, Any]], wanted: tuple[str | None, ...]) -> None:
    found = roles(FieldSet(name="x", fields=tuple(Field(name=name, kind=kind) for name, kind in fields)))
    assert (found.get("merchant"), found.get("date"), found.get("amount")) == wanted


some_claims = st.lists(
    st.tuples(
        st.sampled_from([None, "a", "b", "z"]), st.sampled_from([None, "Blue Fig", "Olive", "Zenith"]),
        st.sampled_from([None, "2019-03-04", "2019-05-06"]), st.sampled_from([None, 12.5, 80.0, 7.0]),
    ),
    max_size=6,
)  # fmt: skip
some_receipts = st.lists(st.sampled_from([FIG, OLIVE, ("Olive Bar", "2019-05-06", "7.00"), (None, None, None)]), max_size=4)


@given(some_claims, some_receipts, st.randoms())
def test_the_order_of_claims_and_documents_does_not_matter(rows: list[tuple[Any, ...]], receipts: list[tuple[Any, ...]], chance: Any) -> None:
    claims = [a_claim(at, *row) for at, row in enumerate(rows, 1)]
    documents = [a_receipt("abcd"[at], *one) for at, one in enumerate(receipts)]
    shuffled, others = chance.sample(claims, len(claims)), chance.sample(documents, len(documents))
    found = compare(claims, documents)
    assert compare(shuffled, others) == found
    assert all(one.sure is False for one in found if one.confidence < 0.5)
    assert {claim.row for one in found if one.kind == "no document" for claim in one.claims} <= {one.row for one in claims}
