"""Texts on a page in which the words that speak for something are marked, and numbered by what they speak for."""

import html
import re
from collections.abc import Iterable, Iterator, Sequence

from limbeck.retrieval.chunks import Span, merged
from limbeck.visible import visible

AROUND = 90
"""Characters shown before and after marked words of a long text, about."""

STYLE = """
mark { background: color-mix(in srgb, var(--accent) 22%, transparent); color: inherit; border-radius: 2px; padding: 0 .1em; }
mark sup { unicode-bidi: isolate; font-size: .6875em; line-height: 0; color: var(--accent); padding-inline: .1em; font-weight: 600; }
"""


def marked(text: str, spans: Sequence[Span], longest: int) -> tuple[str, set[int]]:
    """A text with marks; of a long one the passages around them, as many as fit.

    Args:
        text: Of any origin.
        spans: What to mark, the most important first; they may overlap, and empty ones mark nothing.
        longest: Characters of the text that are shown, about.

    Returns:
        HTML, and the places of the spans that are marked in it; a span's number on the page is its place and one.
    """
    inside = {place: span for place, span in enumerate(spans) if 0 <= span[0] < span[1] <= len(text)}
    passages = [(0, len(text))] if len(text) <= longest else _passages(text, list(inside.values()), longest)
    shown = {
        place: span for place, span in inside.items() if any(start <= span[0] and span[1] <= end for start, end in passages)
    }
    parts = [_marked(text, passage, shown) for passage in passages]
    before, after = ("… " if passages[0][0] else ""), (" …" if passages[-1][1] < len(text) else "")
    return before + " … ".join(parts) + after, set(shown)


def _passages(text: str, spans: Sequence[Span], longest: int) -> list[Span]:
    """What is shown of a long text, in its order."""
    kept: list[Span] = []
    for span in spans:
        more = merged([*kept, _wider(text, span)])
        if sum(end - start for start, end in more) <= longest:
            kept = more
    return kept or [(0, longest)]


def _wider(text: str, span: Span) -> Span:
    """A span and what is around it, cut between words where there are spaces."""
    start, end = max(0, span[0] - AROUND), min(len(text), span[1] + AROUND)
    left, right = text.find(" ", start, span[0]), text.rfind(" ", span[1], end)
    return (left + 1 if start and left >= 0 else start), (right if end < len(text) and right >= 0 else end)


def _marked(text: str, passage: Span, spans: dict[int, Span]) -> str:
    """A passage; spans that overlap are one mark, with each one's number at its end."""
    ours = {place: span for place, span in spans.items() if passage[0] <= span[0] and span[1] <= passage[1]}
    parts, at = [], passage[0]
    for start, end in merged(list(ours.values())):
        parts += [piece(text[at:start]), "<mark>", *_numbered(text, (start, end), ours), "</mark>"]
        at = end
    return "".join([*parts, piece(text[at : passage[1]])])


def _numbered(text: str, region: Span, spans: dict[int, Span]) -> Iterator[str]:
    at = region[0]
    for cut in sorted({end for start, end in spans.values() if region[0] <= start and end <= region[1]}):
        places = [place for place, (_, end) in spans.items() if end == cut]
        yield f"{piece(text[at:cut])}<sup>{' '.join(str(place + 1) for place in sorted(places))}</sup>"
        at = cut


def aimed(text: str, spans: Iterable[Span], prefix: str) -> str:
    """A text in which each span is an element that a link can lead to: `<prefix>-<start>-<end>`.

    Spans may hold one another. Of two that cross, the later one begins on the page where the earlier one does.
    """
    opened, closed = dict[int, list[str]](), dict[int, int]()
    for start, end, span in _nested(span for span in set(spans) if 0 <= span[0] < span[1] <= len(text)):
        opened.setdefault(start, []).append(f'<span class="aim" id="{prefix}-{span[0]}-{span[1]}">')
        closed[end] = closed.get(end, 0) + 1
    parts, at = [], 0
    for cut in sorted({*opened, *closed, len(text)}):
        parts += [piece(text[at:cut]), "</span>" * closed.get(cut, 0), *opened.get(cut, ())]
        at = cut
    return "".join(parts)


def _nested(spans: Iterable[Span]) -> list[tuple[int, int, Span]]:
    """Where each span's element starts and ends, the outer ones first."""
    kept: list[tuple[int, int, Span]] = []
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        first = min([one for one, other, _ in kept if one < start < other < end], default=start)
        kept.append((first, end, (start, end)))
    return sorted(kept, key=lambda one: (one[0], -one[1]))


def piece(text: str) -> str:
    """A piece of a text, escaped for HTML; unlike a whole text, it keeps the spaces at its ends."""
    return html.escape(visible(re.sub(r"\s+", " ", text)), quote=True)
