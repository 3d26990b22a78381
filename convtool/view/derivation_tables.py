"""How one value came to be, printed: tables side by side, and sentences below them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from convtool.view.consoles import print_line, print_title
from convtool.view.derivations import Matrix, Told, parts_of, title_of
from convtool.view.numerals import numeral
from convtool.view.tables import MatrixTable, matrix_table, print_beside, print_rows


def print_derivation(console: Console, told: Told, *, precision: int, full: bool) -> None:
    """The window, the patch beside the filter and the products, and the sums in words."""
    print_title(console, title_of(told, precision))
    console.print()
    said = False
    for part in parts_of(told, precision):
        if isinstance(part, str):
            print_line(console, part, wrapped=True)
        else:
            if said:
                console.print()
            tables = [(each.title, _table(each, precision, full=full)) for each in part]
            print_beside(console, "×="[: len(part) - 1], tables)
            console.print()
        said = isinstance(part, str)
    console.print()


def print_values(console: Console, told: Sequence[Told], *, precision: int) -> None:
    """The values of several filters at one cell, below each other."""
    values = [numeral(each.derivation.value, precision) for each in told]
    width = max(map(len, ["value", *values]))
    rows = [[value.rjust(width), each.filter] for value, each in zip(values, told, strict=True)]
    print_rows(console, ["value".rjust(width), "filter"], rows)


def _table(matrix: Matrix, precision: int, *, full: bool) -> MatrixTable:
    labels = (matrix.rows, matrix.columns)
    return matrix_table(matrix.values, precision=precision, full=full, labels=labels, marked=matrix.marked)
