"""What can be counted: of a text its look, of a value its place, its size and what it adds up to with its neighbours."""

import math
import re
from functools import cached_property

import numpy as np

from limbeck.schemas.tables import Table, Target
from limbeck.students.ridge import Floats
from limbeck.tables.describing import column_path, is_number, row_path
from limbeck.tables.grid import Grid

FORMULA = re.compile(r"(?:[A-Z][a-z]?\d*(?:[.,]\d+)?){1,6}(?:/\d+)?")
HALF_WIDTH = 16
"""Columns, or rows, at most that are added up to a whole."""
LOOKS, PLACES = 14, 27


def look(text: str) -> list[float]:
    """How a text looks; `LOOKS` numbers."""
    size = max(1, len(text))
    words = text.split()
    return [
        min(size, 120) / 20,
        float(len(words)),
        sum(sign.isupper() for sign in text) / size,
        sum(sign.isdigit() for sign in text) / size,
        sum(not sign.isalnum() and not sign.isspace() for sign in text) / size,
        float(is_number(text)),
        float(bool(FORMULA.fullmatch(text)) and any(sign.isupper() for sign in text)),
        float("%" in text),
        float(text[:1].isupper()),
        float(text.islower()),
        float(bool(re.search(r"[A-Za-z]\d|\d[A-Za-z]", text))),
        float("#" in text or "(" in text),
        float(size <= 3),
        float(bool(re.search(r"[a-z][A-Z]|[A-Z]{2}", text))),
    ]


class Shapes:
    """A table's numbers, looked at by place."""

    def __init__(self, table: Table, grid: Grid) -> None:
        self.table, self.grid = table, grid

    @cached_property
    def numbers(self) -> Floats:
        """[rows, columns]: each place's first number; NaN where there is none."""
        found = np.full((self.table.rows, self.table.columns), np.nan)
        for cell in self.table.cells:
            if cell.header != "column" and (number := first_number(cell.text)) is not None:
                found[cell.row, cell.column] = number
        return found

    @cached_property
    def _wholes(self) -> tuple[Floats, Floats]:
        """([columns], [rows]): how many of the rows add up to a whole over neighbours of a column, and the other way round."""
        return wholes(self.numbers), wholes(self.numbers.T)

    def place(self, target: Target) -> list[float]:
        """Where a value stands and how large it is; `PLACES` numbers."""
        grid, row, column = self.grid, target.row, target.column
        cell, number = grid.at(row, column), first_number(target.value)
        number = 0.0 if number is None else number
        own = self.numbers[:, column]
        own = own[np.isfinite(own)]
        mine = self.numbers[row][np.isfinite(self.numbers[row])]
        across, down = self._wholes
        return [
            column / max(1, self.table.columns - 1), row / max(1, self.table.rows - 1), float(column == 0), float(column),
            float(self.table.columns), float(self.table.rows), float(target.part),
            float({None: 0, "column": 1, "row": 2, "section": 3}[cell.header]),
            float(len(column_path(grid, target))), float(len(row_path(grid, target))),
            math.log10(abs(number) + 1e-4), float(number == 0), float(number == int(number)), float(abs(number) > 100),
            float(len(target.value.partition(".")[2])), float("%" in cell.text), float("±" in cell.text or "+-" in cell.text),
            float(bool(re.search(r"[^\W\d_]", cell.text))), float(target.start > 0), len(cell.text) - len(target.value),
            float(across[column]), float(down[row]),
            math.log10(abs(float(own.mean())) + 1e-4) if len(own) else 0.0,
            float((own == own.astype(int)).mean()) if len(own) else 0.0,
            float(len(own) > 2 and bool((np.diff(own) > 0).all())),
            len(own) / max(1, self.table.rows), len(mine) / max(1, self.table.columns),
        ]  # fmt: skip


def first_number(text: str) -> float | None:
    """The first number of a text; None where there is none or it is too long to be one."""
    found = re.search(r"[-−]?\d+(?:\.\d+)?", text.replace(",", ""))
    return float(found[0].replace("−", "-")) if found and len(found[0]) < 16 else None


def wholes(numbers: Floats) -> Floats:
    """[columns]: the largest share of rows that add up to 1 or 100 over a run of columns that a column is in.

    A row counts where two numbers at least make up the sum and none does alone.
    """
    rows, columns = numbers.shape
    best = np.zeros(columns)
    filled = np.nan_to_num(np.abs(numbers))
    busy = max(1, int((np.isfinite(numbers).sum(axis=1) > 1).sum()))
    for start in range(columns):
        total, most = np.zeros(rows), np.zeros(rows)
        for end in range(start, min(columns, start + HALF_WIDTH)):
            total, most = total + filled[:, end], np.maximum(most, filled[:, end])
            whole = ((np.abs(total - 100) < 1.5) & (most < 99)) | ((np.abs(total - 1) < 0.015) & (most < 0.99))
            if end > start and (share := float(whole.sum()) / busy):
                best[start : end + 1] = np.maximum(best[start : end + 1], share)
    return best
