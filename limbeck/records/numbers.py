"""Numbers as tables print them, read only where there is no doubt: `1,234.5`, `−0.3`, `1.2e-5`, `88.3%`, `88.3 ± 0.2`."""

import math
import re

PRINTED = re.compile(
    r"(?P<number>[-+\u2212]?(?:[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+\u2212]?[0-9]+)?)"
    r"\s*%?\s*(?:(?:±|\+/-)\s*[0-9]*\.?[0-9]+\s*%?)?\s*[*†‡§]*"
)


def number(text: str | None) -> float | None:
    """The number that a text is, or None where it is none, or one of several that it may be.

    A percentage is the number before the sign, and an error after `±` is left out. What a suffix says depends on the
    table (`5M` is five million or five molar), so `345M`, bounds (`>100`), ranges and decimal commas are not read.
    """
    found = PRINTED.fullmatch(text.strip()) if text else None
    if found is None:
        return None
    value = float(found["number"].replace(",", "").replace("\u2212", "-"))
    return value if math.isfinite(value) else None
