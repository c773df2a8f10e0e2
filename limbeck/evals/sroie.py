"""SROIE (ICDAR 2019, task 3): company, date, address and total of scanned receipts, from gold boxes and from our own OCR.

`ocr` are the boxes that RapidOCR 3.10 read on the whole pages; the pictures that are there are read again, for word recall
and seconds a page.
"""

import re
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from limbeck.evals.kie import Row, pages_of_boxes
from limbeck.evals.place import Place, Rows
from limbeck.evals.receipts import compared, figures, parity
from limbeck.fields.normalising import normal
from limbeck.fields.reading import read_fields
from limbeck.fields.recording import found_of
from limbeck.pages.ocr import open_engine
from limbeck.pages.reading import pages_of
from limbeck.pages.sources import read
from limbeck.schemas.fields import Field, FieldSet, Findings, Found
from limbeck.schemas.pages import Pages

FILE = "kie_sroie/dev.jsonl"
FIELDS = {"id": str, "w": int, "h": int, "gold": dict, "boxes": list, "ocr": list}
NAMES = ("company", "date", "address", "total")


def evaluate(place: Place) -> dict[str, Any]:
    """Score everybody on a fifth of the development receipts, or on `--test`."""
    learning, testing = place.split(FILE, FIELDS)
    fields = of_four(read_fields("receipt"))
    told: dict[str, Any] = dict(ocr(place))
    with tempfile.TemporaryDirectory(prefix="limbeck-eval-") as name:
        for kind, suffix in (("boxes", ""), ("ocr", "_ocr")):
            folder = Path(name) / kind
            folder.mkdir()
            shown, unseen = rows_of(learning, kind), rows_of(testing, kind)
            done = compared(shown, unseen, fields, folder, place)
            told |= {f"{figure}{suffix}": value for figure, value in figures(done, unseen, fields, NAMES).items()}
            told[f"printed_f1{suffix}"] = {row: printed_f1(unseen, found, fields) for row, found in done.found.items()}
            if kind == "boxes":
                told["curves"] = {"parity": parity(done, shown, unseen, fields, NAMES, place)}
    return {"learned_from": len(learning), "tested_on": len(testing), "test": place.tested, **told}


def of_four(fields: FieldSet) -> FieldSet:
    """The receipt's field set, of the fields that SROIE has."""
    kept = tuple(one for name in NAMES if (one := fields.field(name)))
    return fields.model_copy(update={"fields": kept, "checks": (), "day_first": True})


def rows_of(rows: Rows, kind: str) -> list[Row]:
    """Receipts with the words of gold `boxes`, or those of `ocr`."""
    return [
        Row(row["id"], pages_of_boxes([(one["text"], tuple(one["box"])) for one in row[kind]], row["w"], row["h"]), gold_of(row["gold"]))
        for row in rows
    ]


def gold_of(gold: Mapping[str, str]) -> dict[str, str | None]:
    """What is missing is absent."""
    return {name: gold.get(name) or None for name in NAMES}


def printed_f1(rows: Sequence[Row], found: Mapping[str, Findings], fields: FieldSet) -> float:
    """SROIE's own score: F1 of values that equal gold letter for letter, all entities together, as they are printed on the page."""
    right = said = true = 0
    for row in rows:
        for field in fields.fields:
            gold, given = row.gold.get(field.name), found_of(found.get(row.id, {}), field.name)
            answer = printed(given[0], field, row.pages, fields.day_first) if given else None
            right += bool(gold and answer and " ".join(gold.split()) == answer)
            said, true = said + bool(answer), true + bool(gold)
    return round(2 * right / (said + true), 4) if said + true else 0.0


def printed(found: Found, field: Field, pages: Pages, day_first: bool | None) -> str:
    """A value as the page has it: the shortest run of its words, what is glued to them aside, that is normalised to it."""
    if field.kind not in ("date", "money") or not found.words:
        return found.value
    parts = re.findall(r"[^\s:]+", " ".join(pages.words[word].text for word in found.words))
    runs = [" ".join(parts[start:end]) for start in range(len(parts)) for end in range(start + 1, len(parts) + 1)]
    return min((run for run in runs if normal(run, field, day_first) == found.value), key=len, default=found.value)


# ---- OCR -------------------------------------------------------------------------------------------------------------


def ocr(place: Place) -> dict[str, float]:
    """Words of gold boxes that our OCR reads on the pictures that are there, and seconds a page.

    Words are runs of letters and digits, case aside: gold is in capitals, and parts words from their punctuation or doesn't.
    """
    pictured = [row for row in place.rows(FILE, FIELDS) if row.get("image")]
    engine = open_engine("auto")
    found = true = said = 0
    started = time.perf_counter()
    for row in pictured:
        path = str(place.file(FILE).parent / row["image"])
        pages = pages_of(read(path).documents[0].text, path, engine)
        given, gold = (_words(texts) for texts in ([word.text for word in pages.words], [one["text"] for one in row["boxes"]]))
        found, true, said = found + (given & gold).total(), true + gold.total(), said + given.total()
    seconds = (time.perf_counter() - started) / max(len(pictured), 1)
    return {
        "ocr_recall": round(found / max(true, 1), 4),
        "ocr_precision": round(found / max(said, 1), 4),
        "ocr_seconds_a_page": round(seconds, 3),
        "ocr_pages": len(pictured),
    }


def _words(texts: Sequence[str]) -> Counter[str]:
    return Counter(word for text in texts for word in re.findall(r"[^\W_]+", text.casefold()))
