"""Where panels stand in rows and columns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import ceil, sqrt
from typing import NamedTuple

GAP = 28
"""Pixels between columns, and between rows."""


class Grid(NamedTuple):
    """The left sides and widths of columns, the tops of rows, and the size of all of it."""

    lefts: tuple[int, ...]
    widths: tuple[int, ...]
    tops: tuple[int, ...]
    width: int
    height: int


def grid_of(widths: Sequence[int], heights: Sequence[int], x: int, y: int, gap: int = GAP) -> Grid:
    """Columns and rows of these sizes, from ``(x, y)`` on."""
    lefts = tuple(accumulate(widths, lambda left, width: left + width + gap, initial=x))
    tops = tuple(accumulate(heights, lambda top, height: top + height + gap, initial=y))
    return Grid(lefts[:-1], tuple(widths), tops[:-1], lefts[-1] - gap - x, tops[-1] - gap - y)


def columns_of(count: int, width: int, height: int, gap: int = GAP) -> int:
    """How many columns make ``count`` cells of a size about as wide in all as they are high."""
    rows = ceil(count / ceil(sqrt(count * (height + gap) / (width + gap))))
    return ceil(count / rows)
