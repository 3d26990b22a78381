"""How planes are cut into strips of rows, padded strip by strip, and shared among threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convtool.core.arrays import Float32
from convtool.core.geometry import OUTSIDE, whole

TILE_CELLS = 128 * 1024
"""Result cells a tile computes, about: few enough for a core's cache, enough to be worth a call."""


class Tile(NamedTuple):
    """Rows ``start`` to ``stop`` (exclusive) of the result for plane or image ``n``."""

    n: int
    start: int
    stop: int


def row_tiles(planes: int, rows: int, cells_a_row: int) -> list[Tile]:
    """Cut ``planes`` results of ``rows`` rows into tiles; never depends on the number of threads."""
    step = max(1, TILE_CELLS // max(1, cells_a_row))
    return [Tile(n, start, min(start + step, rows)) for n in range(planes) for start in range(0, rows, step)]


def for_each(tiles: list[Tile], work: Callable[[Tile], None], threads: int | None) -> None:
    """Do ``work`` on every tile on up to ``threads`` threads (default: every usable core)."""
    workers = min(_usable_threads(threads), len(tiles))
    if workers <= 1:
        for tile in tiles:
            work(tile)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(work, tiles):
            pass


def padded_strip(
    planes: Float32, rows: NDArray[np.intp], columns: NDArray[np.intp], fill: float = 0.0
) -> Float32:
    """Gather rows and columns of ``planes`` by their source index; `OUTSIDE` takes ``fill``.

    Parameters
    ----------
    planes
        ``(C, H, W)``.
    rows, columns
        Source indices, from `Axis.sources`.

    Returns
    -------
    ndarray
        ``(C, len(rows), len(columns))``; a view where nothing is padded.
    """
    strip = _gather(planes, rows, 1, fill)
    return _gather(strip, columns, 2, fill)


def _gather(values: Float32, sources: NDArray[np.intp], axis: int, fill: float) -> Float32:
    first = sources[0]
    if first != OUTSIDE and np.array_equal(sources, np.arange(first, first + len(sources))):
        return values[(slice(None),) * axis + (slice(first, first + len(sources)),)]
    gathered = np.take(values, sources, axis=axis, mode="clip")
    gathered[(slice(None),) * axis + (sources == OUTSIDE,)] = fill
    return gathered


def _usable_threads(threads: int | None) -> int:
    if threads is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return whole("threads", threads)
