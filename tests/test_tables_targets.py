"""Values: which numbers in a table are to become records, and the count of them against people's choice."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.errors import ConfigError
from limbeck.evals import s2j_cells
from limbeck.schemas.tables import Cell, Header, Table
from limbeck.tables.reading import parse
from limbeck.tables.targets import targets


def found(text: str, header: Header | None = None, beside: str = "") -> list[str]:
    cells = (Cell(row=0, column=0, text=text, header=header), Cell(row=1, column=0, text=beside))
    return [target.value for target in targets(Table(format="csv", rows=2, columns=1, cells=cells)) if target.row == 0]


VALUES = [
    # Numbers.
    ("0.88", ["0.88"]),
    ("12", ["12"]),
    (".5", [".5"]),
    ("5.", ["5"]),
    ("1,059,117", ["1,059,117"]),
    ("1 059", ["1 059"]),
    ("1.059,50 €", ["1.059,50"]),
    ("1'059'117", ["1'059'117"]),
    ("0,88", ["0,88"]),
    ("-0.25", ["-0.25"]),
    ("−8.26", ["−8.26"]),
    ("+0.5", ["+0.5"]),
    ("1e-3", ["1e-3"]),
    ("9.33x10-8", ["9.33x10-8"]),
    ("2.1 × 10^-5", ["2.1 × 10^-5"]),
    ("10^-3", ["10^-3"]),
    # With a size, a share, a unit, a mark.
    ("218M", ["218M"]),
    ("3.00B", ["3.00B"]),
    ("110k", ["110k"]),
    ("83%", ["83"]),
    ("7 %", ["7"]),
    ("12 ms", ["12"]),
    ("12ms", ["12"]),
    ("1.2s", ["1.2"]),
    ("882.37 nM", ["882.37"]),
    ("0.3 g cm^-3", ["0.3"]),
    ("$12.50", ["12.50"]),
    ("5.1^*", ["5.1"]),
    ("5.1**", ["5.1"]),
    ("5.1^†‡", ["5.1"]),
    ("5.1^a", ["5.1"]),
    ("24.5 ↑", ["24.5"]),
    # Limits.
    (">32", ["32"]),
    ("<0.01", ["0.01"]),
    ("≥ 5", ["5"]),
    ("~400", ["400"]),
    (">2 μM", ["2"]),
    ("(79.8)", ["79.8"]),
    # Errors are no values.
    ("302 ± 27", ["302"]),
    ("1581 ± 74**", ["1581"]),
    ("9.5+-0.1", ["9.5"]),
    ("90.2_± 0.3", ["90.2"]),
    ("90.2^±0.3", ["90.2"]),
    ("1.2^+0.1_-0.3", ["1.2"]),
    ("90.2_0.3", ["90.2"]),
    ("398 (+-5)", ["398"]),
    ("10.520(5)", ["10.520"]),
    ("19.1 (1.8)", ["19.1"]),
    ("42.8 (+1.9)", ["42.8"]),
    ("5.10[16]", ["5.10"]),
    ("0.72+-0.004 (373-293K)", ["0.72"]),
    ("-9.49+-0.05", ["-9.49"]),
    ("84.1_↑ 0.3", ["84.1"]),
    ("12.1 (↓0.3%)", ["12.1"]),
    ("84.1_(0.2)", ["84.1"]),
    ("84.1_(-0.4)", ["84.1"]),
    ("84.1 0.2", ["84.1"]),
    ("45.2^1", ["45.2"]),
    ("17.1a,b", ["17.1"]),
    ("±0.5", ["0.5"]),
    ("45.2/-", ["45.2"]),
    ("- / 45.2", ["45.2"]),
    # Several.
    ("0.5 | 0.6", ["0.5", "0.6"]),
    ("1e-4 → 1e-5", ["1e-4", "1e-5"]),
    ("54.0-56.0", ["54.0", "56.0"]),
    ("900–3600", ["900", "3600"]),
    ("50/46.7", ["50", "46.7"]),
    ("80.1 / 79.2", ["80.1", "79.2"]),
    ("90:10", ["90", "10"]),
    ("10-4-86", ["10", "4", "86"]),
    ("5 to 7 days", ["5", "7"]),
    ("1.5±0.1/2.5±0.1", ["1.5", "2.5"]),
    ("12 (34%)", ["12", "34"]),
    ("-1.0 to -0.5", ["-1.0", "-0.5"]),
    ("0.5/-0.5", ["0.5", "-0.5"]),
    # None.
    ("", []),
    ("-", []),
    ("—", []),
    ("n/a", []),
    ("BERT", []),
    ("B10", []),
    ("SnCl2", []),
    ("BLEU-1", []),
    ("11a", []),
    ("16c", []),
    ("7B-chat", []),
    ("Fixed (4)", []),
    ("3×", []),
    ("3x", []),
    ("224^2", []),
    ("32 × 32", []),
    ("1,2,4,8", []),
    ("1:02:03", []),
    ("2020-01-02 03:04", []),
    ("4, 4, 18, 4", []),
    ("(3-Cl)Ph", []),
    ("1.2.3", []),
    ("2021-03-04", []),
    ("-1.0--0.5", []),
    ("GPT-4", []),
    ("10 of the best models there are", []),
    ("5 wt% ZrO2", []),
    ("3 epochs, then 5 more", []),
]


@pytest.mark.parametrize(("text", "values"), VALUES)
def test_values(text: str, values: list[str]) -> None:
    assert found(text) == values


@pytest.mark.parametrize(("text", "values"), [("345M", ["345M"]), ("10%", ["10"]), ("2019", ["2019"]), ("1.20 mm", []), ("4 Cracks", []), ("400 degC, 18.0 MPa", [])])
def test_a_columns_header_is_a_value_where_it_is_a_bare_number(text: str, values: list[str]) -> None:
    assert found(text, "column") == values


def test_a_number_with_a_letter_among_names_is_a_name() -> None:
    assert found("12k") == ["12k"] and found("12k", beside="12j") == [] and found("12m", beside="12a") == []
    assert found("12k", beside="3M") == ["12k"]
    [table] = parse("a,b\nx,3x\ny,7B\nz,13B\n")
    assert [target.value for target in targets(table)] == ["7B", "13B"]


def test_targets_are_in_reading_order_and_say_where_they_stand() -> None:
    [table] = parse("name,a,b\nx,1-2,<3\ny,,5 ± 1\n")
    assert [(one.key, one.value, one.start, one.end) for one in targets(table)] == [
        ("1,1", "1", 0, 1),
        ("1,1,1", "2", 2, 3),
        ("1,2", "3", 1, 2),
        ("2,2", "5", 0, 1),
    ]


def test_a_pattern_in_place_of_numbers() -> None:
    [table] = parse("name,a\nB10 and C7,5\n")
    assert [(one.key, one.value) for one in targets(table, "[A-Z][0-9]+")] == [("1,0", "B10"), ("1,0,1", "C7")]
    with pytest.raises(ConfigError, match="is no regular expression"):
        targets(table, "(")


@given(st.text(st.sampled_from("0123456789.,-+±()%[]^_x×eEKMkg /:to<>~ \u2009−–aB"), max_size=30))
def test_any_cell(text: str) -> None:
    cell = Cell(row=0, column=0, text=text)
    last = 0
    for part, target in enumerate(targets(Table(format="csv", rows=1, columns=1, cells=(cell,)))):
        assert (target.part, target.value) == (part, text[target.start : target.end])
        assert last <= target.start < target.end
        last = target.end


def test_counted_against_peoples_choice() -> None:
    tex = r"\begin{tabular}{ll}a & 0.5 \\ b & 7 \end{tabular}"
    rows: list[dict[str, Any]] = [
        {"set": "mltables", "table": tex, "target_cells": [{"value": "0.5", "cell": [23, 26]}]},
        {"set": "chemtables", "table": "<table><tr><td>a<td>3</table>", "target_cells": [{"value": "3", "cell": "CA(0,1)"}, {"value": "4", "cell": "CA(0,1)"}]},
        {"set": "discomat", "table": "| a | 1-2 |", "target_cells": [{"value": "1", "cell": [0, 1, 0]}, {"value": "2", "cell": [0, 1, 1]}]},
        {"set": "discomat", "table": "words", "target_cells": []},
    ]
    assert s2j_cells.found(rows) == {
        "tables": 4,
        "parsed": 0.75,
        "cell_recall": 0.8,
        "cell_precision": 0.8,
        "sets": {
            "mltables": {"tables": 1, "parsed": 1.0, "cell_recall": 1.0, "cell_precision": 0.5},
            "chemtables": {"tables": 1, "parsed": 1.0, "cell_recall": 0.5, "cell_precision": 1.0},
            "discomat": {"tables": 2, "parsed": 0.5, "cell_recall": 1.0, "cell_precision": 1.0},
        },
    }
