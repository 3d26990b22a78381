"""Rows and columns: where they begin, and how many make a square."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.view.drawings.grids import GAP, columns_of, grid_of


def test_columns_and_rows_follow_each_other() -> None:
    grid = grid_of([100, 20, 50], [30, 40], 7, 9)
    assert (grid.lefts, grid.tops) == ((7, 107 + GAP, 127 + 2 * GAP), (9, 39 + GAP))
    assert (grid.widths, grid.width, grid.height) == ((100, 20, 50), 170 + 2 * GAP, 70 + GAP)


def test_a_gap_of_another_size() -> None:
    grid = grid_of([10, 10], [10, 10], 0, 0, 3)
    assert (grid.lefts, grid.tops, grid.width, grid.height) == ((0, 13), (0, 13), 23, 23)


@pytest.mark.parametrize(
    ("count", "width", "height", "columns"),
    [
        (1, 10, 10, 1),
        (2, 10, 10, 2),
        (4, 256, 256, 2),
        (16, 256, 340, 4),
        (9, 256, 224, 3),
        (3, 256, 340, 2),
        (8, 900, 60, 1),
    ],
)
def test_columns_make_a_square(count: int, width: int, height: int, columns: int) -> None:
    assert columns_of(count, width, height) == columns


@given(st.integers(1, 5000), st.integers(1, 3000), st.integers(1, 3000))
def test_no_row_is_empty(count: int, width: int, height: int) -> None:
    columns = columns_of(count, width, height)
    assert 1 <= columns <= count
    rows = -(-count // columns)
    assert (rows - 1) * columns < count
