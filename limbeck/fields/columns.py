"""Columns: words in the order in which they are read down the parts of rows that stand below each other."""

from collections.abc import Iterator, Sequence

from limbeck.schemas.pages import Pages

GAP = 1.5
"""Heights of a word between two of a row that belong to two columns."""
APART = 3
"""Rows after which a column isn't gone on with."""


def columns(rows: Sequence[Sequence[int]], pages: Pages) -> list[int]:
    """All words, column by column.

    Args:
        rows: The words of each row, by their numbers.
        pages: Where they stand.
    """
    made: list[list[int]] = []
    going: dict[int, tuple[int, list[int]]] = {}
    """By column, its last row and what of it is the column's."""
    for number, row in enumerate(rows):
        going = {one: (last, part) for one, (last, part) in going.items() if last >= number - APART}
        for part in parts(row, pages):
            above = [(shared, -one) for one, (last, over) in going.items() if last < number and (shared := _shared(over, part, pages)) > 0]
            if not above:
                made.append([])
            at = -max(above)[1] if above else len(made) - 1
            made[at] += part
            going[at] = (number, part)
    return [word for column in made for word in column]


def parts(row: Sequence[int], pages: Pages) -> Iterator[list[int]]:
    """A row's words, parted where there is much more than a blank between them."""
    part: list[int] = []
    for word in row:
        here = pages.words[word].box
        if part and here[0] - pages.words[part[-1]].box[2] > GAP * (here[3] - here[1]):
            yield part
            part = []
        part.append(word)
    if part:
        yield part


def _shared(over: Sequence[int], part: Sequence[int], pages: Pages) -> float:
    """How much of its width a part shares with one above it; 0 on another page."""
    (first, last), (left, right) = ([pages.words[some[at]] for at in (0, -1)] for some in (over, part))
    return max(0.0, min(last.box[2], right.box[2]) - max(first.box[0], left.box[0])) if first.page == left.page else 0.0
