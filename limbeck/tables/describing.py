"""One cell of a table in few words, for models that can't read a whole table.

    Caption: Accuracy on two test sets
    Columns: SGD > Accuracy
    Row: BERT-Large (Model)
    Cells: BERT-Large | [0.88] | 0.91
    Value: 0.88

About 60 to 200 tokens; the same table and target give the same text.
"""

import re
from collections.abc import Collection

from limbeck.schemas.tables import Cell, Table, Target
from limbeck.tables.grid import Grid

MOST_CAPTION, MOST_CELL, MOST_NOTES, MOST_CELLS = 220, 60, 100, 7
"""Characters of the caption, of one cell and of the notes that are shown; cells of the row."""
NUMBER = re.compile(r"[<>~≤≥±+\-−–]*\s*\d[\d.,\s]*(?:[eE][+\-]?\d+)?\s*%?")
BRACKETED = re.compile(r"[(\[]([^()\[\]]{1,24})[)\]]")


def as_cell(table: Table, target: Target, grid: Grid | None = None, without: Collection[str] = ()) -> str:
    """What a small model is shown of one value.

    Args:
        table: It stands in this one.
        target: The value.
        grid: The table's, where many of its values are described.
        without: Names of lines that are left out, such as `Cells`.
    """
    grid = grid or Grid(table)
    above, beside = column_path(grid, target), row_path(grid, target)
    headed = [text + (f" ({about})" if about else "") for text, about in beside]
    lines = {
        "Caption": cut(table.caption, MOST_CAPTION),
        "Columns": " > ".join(cut(text, MOST_CELL) for text in above),
        "Row": " > ".join(cut(text, MOST_CELL) for text in headed),
        "Units": ", ".join(units(table, above, [text for text, _ in beside])),
        "Below": cut(_body(grid, target), MOST_CELL),
        "Notes": cut(" ".join(table.notes), MOST_NOTES),
        "Cells": _row(grid, target),
        "Value": cut(target.value, MOST_CELL),
    }
    return "\n".join(f"{name}: {text}" for name, text in lines.items() if text and name not in without)


def column_path(grid: Grid, target: Target) -> list[str]:
    """Texts of the headers above a value from the top, each once; the first row's where none is marked as a header."""
    found = [cell.text for cell in grid.above(target.row, target.column)]
    if not found and target.row:
        found = [grid.at(0, target.column).text]
    return _once(found)


def row_path(grid: Grid, target: Target) -> list[tuple[str, str]]:
    """Texts of the headers beside a value from the left, each once, and what is over each; the first column's where none is
    marked as a header. A blank one counts as what stands above it.
    """
    cells = grid.beside(target.row, target.column)
    if not cells and target.column:
        cells = [carried(grid, target.row)]
    found: dict[str, str] = {}
    for cell in cells:
        if cell.text:
            found.setdefault(cell.text, over(grid, target.row, cell.column))
    return list(found.items())


def carried(grid: Grid, row: int) -> Cell:
    """The first column's cell of a row, or the nearest one above that is not blank."""
    for at in range(row, -1, -1):
        cell = grid.at(at, 0)
        if cell.text or cell.header == "column":
            return cell
    return grid.at(row, 0)


def over(grid: Grid, row: int, column: int) -> str:
    """What a column is called, by its lowest header; the first row's text where none is marked."""
    headers = [cell.text for cell in grid.above(row, column) if cell.header == "column"]
    if headers:
        return headers[-1]
    top = grid.at(0, column)
    return top.text if row > 0 and top.header is None and top.row + top.rows <= row and not is_number(top.text) else ""


def units(table: Table, *texts: list[str]) -> list[str]:
    """What stands in brackets in the headers and the caption, at most four, the nearest header's first."""
    near = [text for path in texts for text in reversed(path)]
    found = [unit for text in (*near, table.caption) for unit in BRACKETED.findall(text)]
    return _once(found)[:4]


def is_number(text: str) -> bool:
    """Whether a text is a number and nothing else."""
    return bool(NUMBER.fullmatch(text.strip()))


def cut(text: str, most: int) -> str:
    """A text of so many characters at most."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _once(texts: list[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))


def _row(grid: Grid, target: Target) -> str:
    """The row's first cells and those around the value, which is in brackets."""
    columns = range(grid.table.columns)
    near = [at for at in columns if at < 3 or abs(at - target.column) <= 1][:MOST_CELLS]
    shown = []
    for at in near:
        text = cut(grid.at(target.row, at).text, MOST_CELL // 2)
        shown.append(f"[{text}]" if at == target.column else text)
    return " | ".join(shown)


def _body(grid: Grid, target: Target) -> str:
    """The value's column: the first cells under its headers."""
    rows = [at for at in range(grid.table.rows) if grid.at(at, target.column).header != "column"]
    return " | ".join(cut(grid.at(at, target.column).text, 12) for at in rows[:3])
