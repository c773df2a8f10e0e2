"""Annotators of forms such as receipts and invoices: rules that know nothing but a field set and what pages look like.

Each finds values, or that there is none, for other reasons than the others, so that their agreement tells something, and abstains where it knows nothing:

annotate(pages, fields): {"cue": {"total": [Found(value="9.00", words=(41,), score=0.9)]}, "prominence": {…}, …}
"""

from collections.abc import Callable, Mapping

from limbeck.fields.by_absence import by_absence
from limbeck.fields.by_cue import by_cue
from limbeck.fields.by_head import by_block, by_form, by_prominence
from limbeck.fields.by_items import by_items
from limbeck.fields.by_pattern import by_pattern
from limbeck.fields.by_place import by_place
from limbeck.fields.by_sums import by_letters, by_repetition, by_sums
from limbeck.fields.prose import PROSE_ANNOTATORS
from limbeck.fields.running import Running, running
from limbeck.fields.view import View
from limbeck.schemas.fields import FieldSet, Findings
from limbeck.schemas.pages import Pages

PRICED = 0.1
"""The share of rows with prices from which on it is no running text."""

FORM_ANNOTATORS: Mapping[str, Callable[[View], Findings]] = {
    "cue": by_cue,
    "prominence": by_prominence,
    "form": by_form,
    "block": by_block,
    "pattern": by_pattern,
    "place": by_place,
    "sums": by_sums,
    "letters": by_letters,
    "repetition": by_repetition,
    "items": by_items,
    "absence": by_absence,
}
"""By name, in no order that matters."""


def annotate(pages: Pages, fields: FieldSet) -> dict[str, Findings]:
    """What every annotator finds in a document, by annotator; those that find nothing are left out."""
    text = running(pages)
    view = _form(pages, fields, text)
    found = {name: find(view) for name, find in FORM_ANNOTATORS.items()} if view else {}
    if text.prose:
        found |= {name: find(text, fields) for name, find in PROSE_ANNOTATORS.items()}
    return {name: findings for name, findings in found.items() if findings}


def _form(pages: Pages, fields: FieldSet, text: Running) -> View | None:
    """A form as its annotators look at it; None for running text, which others read."""
    if not pages.words:
        return None
    view = View(pages, fields)
    # Some receipts have long rows, but they have prices, too.
    return view if len(view.priced) >= PRICED * len(view.rows) or not text.prose else None


TRUST: Mapping[str, float] = {"prominence": 0.8, "form": 0.75, "block": 0.7, "cue": 0.85, "place": 0.8, "sums": 0.85, "repetition": 0.6, "letters": 0.6, "absence": 0.8}
"""How often they are thought to be right where nothing else is known; by name, others as `fuse` thinks of all."""
