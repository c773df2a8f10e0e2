"""Claims against documents: TAIL's overpayment check."""

from limbeck.claims.comparing import compare, ranked
from limbeck.claims.reading import read_claims
from limbeck.claims.receipts import Receipt, receipt, roles

__all__ = ["Receipt", "compare", "ranked", "read_claims", "receipt", "roles"]
