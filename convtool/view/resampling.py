"""Arrays made smaller by area means, and to the size that a terminal has room for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convtool.core.geometry import Pair

LARGEST_CELL = 8
"""Columns that a value is drawn over at most; twice as many would not show more of it."""


def dots_of(values: NDArray[Any], columns: int, lines: int, dots: int) -> NDArray[Any]:
    """Values ``(…, H, W)`` as the dots of a picture that fits and keeps its shape.

    Parameters
    ----------
    values
        Each becomes as many dots as make a square, all of them alike. Where there is no room for that, a
        dot is the mean of the values in its place.
    columns, lines
        Characters that there is room for; each is twice as high as wide.
    dots
        How many stand one above the other in a character: 2, then they are squares, or 1.
    """
    height, width = values.shape[-2:]
    tall = 2 // dots  # of a dot that is 1 wide
    zoom = min(columns // width, 2 * lines // height, LARGEST_CELL)
    zoom -= zoom % tall
    if zoom > 0:
        return values.repeat(zoom // tall, axis=-2).repeat(zoom, axis=-1)
    share = min(1, columns / width, 2 * lines / height)
    return area_means(values, (max(1, round(height * share / tall)), max(1, round(width * share))))


def area_means(values: NDArray[Any], size: Pair) -> NDArray[Any]:
    """Values ``(…, H, W)`` at a smaller size ``(rows, columns)``: the mean of the area that each cell covers.

    Examples
    --------
    >>> area_means(np.array([[0, 4, 1, 1], [8, 0, 1, 5]]), (1, 2)).tolist()
    [[3.0, 2.0]]
    """
    rows, columns = size
    return _means(_means(values, columns, -1), rows, -2)  # across first, where values lie side by side


def _means(values: NDArray[Any], count: int, axis: int) -> NDArray[Any]:
    """So many means over equal parts of an axis; values that a part ends in count for their share."""
    total = values.shape[axis]
    if count == total:
        return values
    starts, shares = np.divmod(np.arange(count) * total, count)
    firsts = np.moveaxis(values.take(starts, axis), axis, -1) * (shares / count)
    sums = np.moveaxis(np.add.reduceat(values, starts, axis=axis, dtype=np.float64), axis, -1)
    sums -= firsts  # what a part leaves out of its first value is of the part before
    sums[..., :-1] += firsts[..., 1:]
    sums *= count / total
    return np.moveaxis(sums, -1, axis)
