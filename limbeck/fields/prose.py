"""Annotators of running text, such as contracts: what is said around a value, which often stands on another row than it.

Each reads the words of a document joined into one line, finds values of the kinds it knows, and abstains from everything else; on receipts
and forms all of them abstain. They err for different reasons, so their agreement tells something.
"""

from collections.abc import Callable, Mapping

from limbeck.fields.contract_dates import by_signing_date, by_top_date
from limbeck.fields.contract_parties import at_signatures, in_heading_and_text, in_opening
from limbeck.fields.prose_patterns import by_law, by_pattern, by_term
from limbeck.fields.running import Running, running
from limbeck.schemas.fields import FieldSet, Findings
from limbeck.schemas.pages import Pages

Annotator = Callable[[Pages, FieldSet], Findings]


def _of_prose(find: Callable[[Running, FieldSet], Findings]) -> Annotator:
    def annotate(pages: Pages, fields: FieldSet) -> Findings:
        text = running(pages)
        return find(text, fields) if text.prose else {}

    annotate.__name__, annotate.__doc__ = find.__name__, find.__doc__
    return annotate


PROSE_ANNOTATORS: Mapping[str, Annotator] = {
    "prose_pattern": _of_prose(by_pattern),
    "prose_law": _of_prose(by_law),
    "prose_term": _of_prose(by_term),
    "prose_opening": _of_prose(in_opening),
    "prose_signatures": _of_prose(at_signatures),
    "prose_mentions": _of_prose(in_heading_and_text),
    "prose_top_date": _of_prose(by_top_date),
    "prose_signing_date": _of_prose(by_signing_date),
}
"""By name, in no order that matters."""
