"""What a document says of a claim's merchant, date and amount, and where it says so."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from limbeck.claims import written
from limbeck.pages import layout
from limbeck.schemas.claims import Evidence, Role
from limbeck.schemas.extraction import Extracted, Value
from limbeck.schemas.fields import Field, FieldKind, FieldSet
from limbeck.schemas.pages import Pages

NAMES: dict[Role, tuple[str, ...]] = {
    "merchant": ("merchant", "company", "vendor", "seller", "supplier", "store", "shop", "restaurant"),
    "date": ("date", "invoice_date", "issue_date", "issued", "purchase_date"),
    "amount": ("total", "amount", "amount_due", "total_amount", "grand_total", "price"),
}
"""What fields that claims are compared with may be called, the likeliest first."""
KINDS: dict[Role, tuple[FieldKind, ...]] = {"merchant": ("name",), "date": ("date",), "amount": ("money",)}


def roles(fields: FieldSet) -> dict[Role, str]:
    """Which field of a set is a claim's merchant, date and amount: by its name, else the first of its kind; some may have none."""
    plain = [one for one in fields.fields if one.kind != "list" and not one.several]
    found = {role: _field(plain, role) for role in NAMES}
    return {role: name for role, name in found.items() if name is not None}


def _field(fields: list[Field], role: Role) -> str | None:
    names = {one.name.casefold().replace(" ", "_"): one.name for one in fields}
    called = [names[name] for name in NAMES[role] if name in names]
    alike = [one.name for one in fields if one.kind in KINDS[role]]
    return next(iter([*called, *alike]), None)


@dataclass(frozen=True)
class Receipt:
    """A document with what claims are compared with; one in which nothing was read has no values."""

    document: str
    """Its id."""
    key: str
    """What the user calls it."""
    merchant: Value | None = None
    date: Value | None = None
    amount: Value | None = None
    printed: Mapping[Role, str] = field(default_factory=dict)
    """How the page has these, where that is known."""

    @cached_property
    def shop(self) -> str:
        """The merchant's name; empty where it was not read."""
        return (self.merchant.text or "") if self.merchant else ""

    @cached_property
    def days(self) -> tuple[str, ...]:
        """Its date, as `2019-03-04`; none where it was not read."""
        return written.day(self.date.text) if self.date and self.date.text else ()

    @cached_property
    def sum(self) -> float | None:
        """Its amount; None where it was not read."""
        return written.amount(self.amount.text) if self.amount and self.amount.text else None

    @property
    def known(self) -> int:
        """How many of the three were read."""
        return bool(self.shop) + bool(self.days) + (self.sum is not None)

    def value(self, role: Role) -> Value | None:
        """What was read of it."""
        return {"merchant": self.merchant, "date": self.date, "amount": self.amount}[role]

    def confidence(self, role: Role) -> float:
        """How sure the reading is; not at all where there is none."""
        one = self.value(role)
        return one.confidence if one and one.text is not None else 0.0

    def stands(self, role: Role) -> bool:
        """Whether what was read stands on the page."""
        one = self.value(role)
        return one is not None and one.status in ("grounded", "normalised")

    def evidence(self, *wanted: Role) -> tuple[Evidence, ...]:
        """What was read, and where."""
        return tuple(self._evidence(role, one) for role in wanted if (one := self.value(role)) and one.text is not None)

    def _evidence(self, role: Role, one: Value) -> Evidence:
        at = one.origin
        return Evidence(
            document=self.document,
            key=self.key,
            role=role,
            said=one.text or "",
            printed=self.printed.get(role, ""),
            page=at.place if at else None,
            box=at.box if at else None,
            confidence=one.confidence,
        )


def receipt(document: str, key: str, record: Extracted | None, names: Mapping[Role, str], pages: Pages | None = None) -> Receipt:
    """A document's record as claims are compared with it.

    Args:
        document: Its id.
        key: What the user calls it.
        record: Of the document itself, not of an entry of a list; None where it has none.
        names: Which field is which, as `roles` says.
        pages: Its words, for how they are printed.
    """
    values = {one.name: one for one in record.values} if record else {}
    ours = {role: values[name] for role, name in names.items() if name in values}
    printed = {role: layout.printed(pages, one.origin.words) for role, one in ours.items() if pages and one.origin}
    return Receipt(document, key, ours.get("merchant"), ours.get("date"), ours.get("amount"), printed)
