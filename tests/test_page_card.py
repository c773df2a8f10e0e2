"""The data card of a student of documents, in both forms."""

import json
from pathlib import Path

import pytest

from limbeck import card
from limbeck.errors import StudentError
from limbeck.schemas.card import Source
from limbeck.schemas.page_card import PageCard, PageTraining, Sought, Taught, Teachers

CARD = PageCard(
    use_case="Pay what is owed.",
    source=Source(file="bills", content="b2:1", rows=31, documents=30, skipped=("empty: 1",)),
    sought=Sought(
        name="bill",
        content="b2:2",
        fields=(
            Taught(name="total", kind="money", shown=20, absent=1, doubtful=3, agreement=0.912),
            Taught(name="tip", kind="money", shown=0, absent=24, doubtful=0),
        ),
        checks=("subtotal + tip = total",),
    ),
    teachers=Teachers(model="m_1", readings=3, documents=28, rules=("cue", "sums"), records=30, values={"grounded": 40, "inferred": 2}, unread=1),
    training=PageTraining(kind="tagger", base="embedded", seed=7, shown=24, held_out=6, chosen=True, agreement=0.912),
    limits=("It is *one*.",),
)
TEXT = """# Data card

A student of the kind tagger. Its use case: Pay what is owed.

## Limits

- It is \\*one\\*.

## Source

- bills: 31 rows, 30 distinct texts
- content: `b2:1`
- not read: empty: 1

## Teachers

- m\\_1 read 28 documents, 3 times each
- rules and layout voted: cue, sums
- files that could not be read: 1
- records: 30

| what records say | values |
| --- | --- |
| grounded | 40 |
| inferred | 2 |

## Fields

- bill: `b2:2`
- a sum that had to hold: subtotal + tip = total

| field | kind | documents shown with it | without it | left out as doubtful | agreement (F1) |
| --- | --- | --- | --- | --- | --- |
| total | money | 20 | 1 | 3 | 0.91 |
| tip | money | 0 | 24 | 0 | – |

## Training

- tagger on embedded, seed 7, the best of its run
- documents shown: 24; held out: 6
- agreement with its teachers on documents held out (micro F1): 0.91
"""


def test_a_card_is_written_for_programs_and_for_people(tmp_path: Path) -> None:
    card.write(CARD, tmp_path)
    assert (tmp_path / card.MARKDOWN).read_text("utf-8") == TEXT
    assert card.read_any(tmp_path) == CARD
    with pytest.raises(StudentError, match="can't be read"):
        card.read(tmp_path)
    rules_alone = CARD.model_copy(update={"teachers": Teachers(rules=("cue",), records=1, values={}, unread=0)})
    assert "- no model read\n- rules and layout voted: cue\n" in card.markdown(rules_alone)


def test_a_damaged_card_is_named(tmp_path: Path) -> None:
    card.write(CARD, tmp_path)
    told = json.loads((tmp_path / card.JSON).read_text("utf-8"))
    (tmp_path / card.JSON).write_text(json.dumps(told | {"pages": 2}), "utf-8")
    with pytest.raises(StudentError, match="can't be read"):
        card.read_any(tmp_path)
