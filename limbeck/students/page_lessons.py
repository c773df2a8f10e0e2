"""What students of documents are taught: pages, and where on them a teacher found what."""

from dataclasses import dataclass, field

from limbeck.schemas.fields import Findings
from limbeck.schemas.pages import Pages


@dataclass(frozen=True)
class PageLesson:
    """One document."""

    pages: Pages
    findings: Findings
    """What its teachers found, with where it stands; a `Found.score` is how much it counts."""
    unknown: frozenset[str] = field(default_factory=frozenset)
    """Fields of which nothing is known here, which is no lesson; all others that have no finding are absent."""
