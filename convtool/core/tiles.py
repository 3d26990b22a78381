"""How results and batches are cut into parts, and the padded strip of the image that a tile reads."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

from convtool.core.arrays import Float32
from convtool.core.geometry import Pair, Piece
from convtool.core.threads import SCRATCH

TILE_CELLS = 128 * 1024
"""Result cells a tile computes, about: few enough for a core's cache, enough to be worth a call."""


BAND_ROWS = 256
"""Rows of a result whose deviations are held at a time, about."""

FEW_TILES = 2
"""Up to so many tiles a process that writes one map is done before a second thread has started."""


class Tile(NamedTuple):
    """Rows ``start`` to ``stop`` (exclusive) of the result for plane or image ``n``."""

    n: int
    start: int
    stop: int


class Region(NamedTuple):
    """Images, rows and columns of a result."""

    images: slice
    rows: slice
    columns: slice


def row_tiles(planes: int, rows: int, cells_a_row: int) -> list[Tile]:
    """Cut ``planes`` results of ``rows`` rows into tiles; never depends on the number of threads."""
    step = max(1, TILE_CELLS // max(1, cells_a_row))
    return [Tile(n, start, min(start + step, rows)) for n in range(planes) for start in range(0, rows, step)]


def regions(images: int, size: Pair, tile: tuple[int, int, int]) -> list[Region]:
    """Cut results of ``images`` images and ``size`` rows and columns into tiles of at most ``tile``."""
    return [Region(*cuts) for cuts in product(*map(_cut, (images, *size), tile))]


def even_cuts(count: int, parts: int) -> list[int]:
    """Where so many parts of a whole begin and end, as even as can be.

    Examples
    --------
    >>> even_cuts(10, 3)
    [0, 3, 6, 10]
    """
    return [count * part // parts for part in range(parts + 1)]


def padded(planes: Float32, rows: list[Piece], columns: list[Piece], fill: float = 0.0) -> Float32:
    """Rows and columns of ``planes`` ``(…, H, W)``, from `Axis.reads`.

    Returns
    -------
    ndarray
        ``(…, rows, columns)``: a view where nothing is padded, else the thread's buffer for strips.
    """
    if (
        len(rows) == len(columns) == 1
        and isinstance(rows[0].cells, slice)
        and isinstance(columns[0].cells, slice)
    ):
        return planes[..., rows[0].cells, columns[0].cells]
    strip = SCRATCH.array("strip", *planes.shape[:-2], rows[-1].at.stop, columns[-1].at.stop)
    for row, column in product(rows, columns):
        if row.cells is None or column.cells is None:
            strip[..., row.at, column.at] = fill
        else:
            strip[..., row.at, column.at] = planes[..., row.cells, :][..., column.cells]
    return strip


def _cut(size: int, step: int) -> list[slice]:
    return [slice(first, min(first + step, size)) for first in range(0, size, step)]
