"""Which cells of a table become records: tables read and values found, against the cells that people chose.

Rows are those of `table_s2j` (Schema-to-JSON's published tables, Bai et al. 2024): `table` as its paper wrote it and
`target_cells`, whose `cell` is a range of characters (mltables), `CA(row,column)` (chemtables) or `[row, column, k]`, the
cell's k-th value (discomat).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from limbeck.errors import LimbeckError
from limbeck.schemas.tables import Table, Target
from limbeck.tables.grid import Grid
from limbeck.tables.reading import parse
from limbeck.tables.targets import targets

PLACE = re.compile(r"\w+\((\d+),\s*(\d+)\)")


def found(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Count.

    Returns:
        `parsed`, the share of tables read; `cell_recall`, the share of people's cells that were found with the same value;
        `cell_precision`, the share of what was found that people chose, too. `sets` holds the same for each set.
    """
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        one = _counted(row)
        counts[str(row["set"])].update(one)
        counts[""].update(one)
    sets = {name: _shares(count) for name, count in counts.items() if name}
    return {**_shares(counts[""]), "sets": sets}


def placed(row: Mapping[str, Any]) -> tuple[list[tuple[Table, Target, Any]], list[tuple[Any, str]], bool]:
    """Read a row's table.

    Returns:
        Each value found with the gold cell that it is, None where it is none; gold cells that nothing found; whether there
        is a table.
    """
    gold = [(_hashable(one["cell"]), str(one["value"])) for one in row["target_cells"]]
    try:
        tables = parse(row["table"], source=str(row.get("paper_id") or ""), context=str(row.get("context") or ""))
    except LimbeckError:
        tables = []
    left = Counter(gold)
    matched: list[tuple[Table, Target, Any]] = []
    for table in tables:
        grid = Grid(table)
        for target in targets(table):
            cell = next((one for one in left if left[one] and _is_same(one, grid, target)), None)
            if cell:
                left[cell] -= 1
            matched.append((table, target, cell))
    return matched, list(left.elements()), bool(tables)


def _hashable(cell: Any) -> Any:
    return tuple(cell) if isinstance(cell, list) else cell


def _is_same(gold: tuple[Any, str], grid: Grid, target: Target) -> bool:
    where, value = gold
    if value != target.value:
        return False
    cell = grid.at(target.row, target.column)
    if isinstance(where, str):
        place = PLACE.fullmatch(where)
        return place is not None and (int(place[1]), int(place[2])) == (target.row, target.column)
    if len(where) == 2:
        start, end = cell.spot.start, cell.spot.end
        return start is not None and end is not None and start <= where[0] and where[1] <= end
    return bool(where == (target.row, target.column, target.part))


def _counted(row: Mapping[str, Any]) -> Counter[str]:
    matched, left, read = placed(row)
    right = sum(cell is not None for _, _, cell in matched)
    return Counter(tables=1, read=int(read), gold=right + len(left), found=len(matched), right=right)


def _shares(count: Counter[str]) -> dict[str, Any]:
    return {
        "tables": count["tables"],
        "parsed": _share(count["read"], count["tables"]),
        "cell_recall": _share(count["right"], count["gold"]),
        "cell_precision": _share(count["right"], count["found"]),
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
