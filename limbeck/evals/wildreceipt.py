"""WildReceipt (Sun et al. 2021): receipts as photographed, 25 labels of boxes, line items among them; text without blanks.

A field's accepted values are its boxes' texts, and these joined in reading order, as a receipt may print one twice; an
address, which goes over several boxes, is joined. Line items are compared as lists of names, quantities and amounts, since
nothing but position links them.
"""

import tempfile
from pathlib import Path
from typing import Any

from limbeck.evals.kie import Row, pages_of_boxes
from limbeck.evals.place import Place, Rows
from limbeck.evals.receipts import compared, figures
from limbeck.fields.reading import read_fields
from limbeck.schemas.fields import FieldSet

FILE = "kie_wildreceipt/dev.jsonl"
FIELDS = {"id": str, "w": int, "h": int, "boxes": list}
SINGLE = {
    "company": "Store_name_value",
    "address": "Store_addr_value",
    "phone": "Tel_value",
    "date": "Date_value",
    "time": "Time_value",
    "subtotal": "Subtotal_value",
    "tax": "Tax_value",
    "tip": "Tips_value",
    "total": "Total_value",
}
INSIDE = {"items.name": "Prod_item_value", "items.quantity": "Prod_quantity_value", "items.amount": "Prod_price_value"}
JOINED = ("company", "address")
"""Fields of which several boxes are one value."""


def evaluate(place: Place) -> dict[str, Any]:
    """Score everybody on a fifth of the development receipts, or on `--test`."""
    learning, testing = (list(map(row_of, enumerate(some))) for some in place.split(FILE, FIELDS))
    fields = of_wildreceipt(read_fields("receipt"))
    with tempfile.TemporaryDirectory(prefix="limbeck-eval-") as name:
        done = compared(learning, testing, fields, Path(name), place)
    told = figures(done, testing, fields, [*SINGLE, *INSIDE])
    return {"learned_from": len(learning), "tested_on": len(testing), "test": place.tested, **told}


def of_wildreceipt(fields: FieldSet) -> FieldSet:
    """The receipt's field set, of the fields that are labelled there; day or month first is not known."""
    kept = tuple(one for one in fields.fields if one.name in {*SINGLE, "items"})
    return fields.model_copy(update={"fields": kept})


def row_of(numbered: tuple[int, dict[str, Any]]) -> Row:
    """A receipt with its number as its id, as names of files are no names for files."""
    number, row = numbered
    boxes = [(one["text"], tuple(one["box"])) for one in row["boxes"] if one["text"].strip()]
    return Row(f"{number:04d}", pages_of_boxes(boxes, row["w"], row["h"]), gold_of(row["boxes"]))


def gold_of(boxes: Rows) -> dict[str, Any]:
    """Accepted values of single fields, all values of items."""
    gold: dict[str, Any] = {}
    for name, label in SINGLE.items():
        texts = _texts(boxes, label)
        whole = " ".join(texts)
        gold[name] = whole or None if name in JOINED else tuple(dict.fromkeys([*texts, whole])) if texts else None
    return gold | {name: _texts(boxes, label) or None for name, label in INSIDE.items()}


def _texts(boxes: Rows, label: str) -> list[str]:
    """The texts of boxes with a label, in reading order."""
    mine = [one for one in boxes if one["label"] == label and one["text"].strip()]
    return [one["text"] for one in sorted(mine, key=lambda one: (one["box"][1], one["box"][0]))]

