"""What a table's header says: a name, a unit, and whether the name is that of a measure or of a count.

`heading("EC50 (μM)")` is `Heading(name="EC50", unit="μM")`; `heading("# Params").is_count` holds.
"""

import re
import unicodedata
from dataclasses import dataclass

STEMS = (
    r"%|‰|°C|°F|°|degC|deg|[munpkf]?mol|[munpμ]M|[munpμkc]?m|[munpμk]?g|[munpμ]?[lL]|[munpμ]s|s|sec|min|hrs?|h|d|days?|yrs?|years?|"
    r"[KMGT]i?B|bytes?|[munpkMGT]?(?:Pa|eV|Hz|V|W|J|A|N|F|S)|dB|K|rpm|px|ppm|ppb|wt|at|vol|mass|weight|molar|cal|kcal|bp|kbp|ha|USD|EUR|[$€£]|fps|"
    r"[GMT]?FLOPs?|sqm|atm|bar|mmHg|Torr|ohm|Ω|cP"
)
UNIT = re.compile(rf"(?:10\^?[-+]?\d+\s*)?(?:{STEMS})(?:\^?[-+]?\d)?(?:\s*[/·⋅*.\s%]\s*(?:{STEMS})?(?:\^?[-+]?\d)?)*")
"""One unit, or some that are multiplied or divided: `mg/mL`, `g cm-3`, `wt.%`."""
IN_BRACKETS = re.compile(r"\s*[(\[]\s*(?P<unit>[^()\[\]]{1,20}?)\s*[)\]]")
AT_END = re.compile(r"(?:\s*[,/]|\s+in)\s+(?P<unit>[^,]{1,12})$")
PERCENT = re.compile(r"(?:^|\s)(?P<unit>(?:mol|wt|at|vol|mass)?\.?\s*%)$")
MARKS = re.compile(r"[\s*†‡§↑↓:;,.]+$|^[\s*†‡§↑↓:;,.]+")
MEASURE = re.compile(
    r"\b(?:acc(?:uracy|\.)?|(?:macro|micro)?[- ]?f-?[\d.]*(?:[- ]score)?|f-?(?:measure|score)|precision|recall|prec|rec|p@\d+|r@\d+|hits?@?\d*|bleu\w*|"
    r"rouge\w*|r-?[12l]|meteor|chrf|ter|comet|auc|auroc|roc|m?ap|mrr|n?dcg(?:@\d+)?|em|exact match|score|perplexity|ppl|loss|error|wer|cer|rmse|mse|"
    r"mae|mape|r2|correlation|pearson|spearman|kappa|iou|miou|psnr|ssim|fid|latency|speed|speed-?up|time|runtime|throughput|memory|rate|ratio|"
    r"[iec]c ?[59]0|gi ?50|cc ?50|ld ?50|mic|k[id]|inhibition|activity|yield|density|thickness|temperature|pressure|"
    r"viscosity|hardness|modulus|energy|weight|mass|height|length|width|volume|concentration|content|index|"
    r"mean|median|average|avg|std|sd|variance|p-?value|price|cost)\b",
    re.I,
)
COUNT = re.compile(r"^(?:#|(?:no|nr|num|number)s?\.? of\b|num\.|counts?\b|n$)|\bcounts?$", re.I)
LONGEST = 40
"""Characters of a name."""


@dataclass(frozen=True)
class Heading:
    """A header, taken apart."""

    name: str
    unit: str = ""

    @property
    def key(self) -> str:
        """What spellings of one name have in common."""
        words = re.findall(r"\w+|[^\w\s]", unicodedata.normalize("NFKC", self.name).casefold())
        return " ".join(one[:-1] if len(one) > 3 and one.endswith("s") and not one.endswith("ss") else one for one in words)

    @property
    def is_count(self) -> bool:
        """Whether it is of what was counted."""
        return bool(COUNT.search(self.name))

    @property
    def is_measure(self) -> bool:
        """Whether it is of what was measured: it has a unit, or the name of a known measure."""
        return bool(self.unit or MEASURE.search(self.name))


def heading(text: str) -> Heading:
    """Take a header's text apart."""
    text = " ".join(text.split())
    for pattern in (IN_BRACKETS, AT_END, PERCENT):
        for found in pattern.finditer(text):
            unit = found["unit"].strip()
            if _is_unit(unit):
                return Heading(_name(f"{text[: found.start()]} {text[found.end() :]}"), unit)
    return Heading(_name(text))


def _is_unit(text: str) -> bool:
    return bool(UNIT.fullmatch(text.replace("\N{MINUS SIGN}", "-").replace("µ", "μ")))


def _name(text: str) -> str:
    """The text without marks at its ends, not too long."""
    name = MARKS.sub("", " ".join(text.split()))
    name = name if len(name) <= LONGEST else name[:LONGEST].rsplit(" ", 1)[0]
    return name.removesuffix("{}").rstrip()
