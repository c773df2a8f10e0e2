"""Annotators of running text, such as contracts: what is said around a value, which often stands on another row than it.

Each reads the words of a document joined into one line, finds values of the kinds it knows, and abstains from everything else; on receipts
and forms none of them is asked. They err for different reasons, so their agreement tells something.
"""

from collections.abc import Callable, Mapping

from limbeck.fields.contract_dates import by_signing_date, by_top_date
from limbeck.fields.contract_parties import at_signatures, in_heading_and_text, in_opening
from limbeck.fields.prose_patterns import by_law, by_pattern, by_term
from limbeck.fields.running import Running
from limbeck.schemas.fields import FieldSet, Findings

PROSE_ANNOTATORS: Mapping[str, Callable[[Running, FieldSet], Findings]] = {
    "prose_pattern": by_pattern,
    "prose_law": by_law,
    "prose_term": by_term,
    "prose_opening": in_opening,
    "prose_signatures": at_signatures,
    "prose_mentions": in_heading_and_text,
    "prose_top_date": by_top_date,
    "prose_signing_date": by_signing_date,
}
"""By name, in no order that matters."""
