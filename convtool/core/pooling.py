"""Pooling: the largest, smallest or mean value of every window of a map."""

from __future__ import annotations

from functools import reduce
from itertools import accumulate
from typing import Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convtool.core.arrays import Float32, Planes, as_planes
from convtool.core.geometry import OUTSIDE, Axis, Padding, Pair, Sizes, Window, window
from convtool.core.threads import for_each, usable_threads
from convtool.core.tiles import Tile, padded, row_tiles
from convtool.errors import ArgumentError

PoolKind = Literal["max", "avg", "min"]


class Reduction(NamedTuple):
    """How two values of a window become one, and the value that changes nothing."""

    combine: np.ufunc
    neutral: float


REDUCTIONS: dict[PoolKind, Reduction] = {
    "max": Reduction(np.maximum, -np.inf),
    "min": Reduction(np.minimum, np.inf),
    "avg": Reduction(np.add, 0.0),
}
POOL_KINDS: tuple[str, ...] = tuple(REDUCTIONS)

BYTES_OF_A_STRIP = 40
"""What a cell of a padded strip takes while its windows are combined: itself and runs of it, in float64."""

Reals = NDArray[np.floating[Any]]
Areas = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Cells that count in each window: of its rows, and of its columns."""


@overload
def max_pool2d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: Literal[False] = False,
    *,
    threads: int | None = None,
) -> Float32: ...
@overload
def max_pool2d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    *,
    return_indices: Literal[True],
    threads: int | None = None,
) -> tuple[Float32, NDArray[np.int64]]: ...
def max_pool2d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    threads: int | None = None,
) -> Float32 | tuple[Float32, NDArray[np.int64]]:
    """Keep the largest value of every window.

    ``y[i, j] = max x[i·sy + ky·dy − py, j·sx + kx·dx − px]`` over the window's taps ``ky, kx``;
    padded cells never win.

    Parameters
    ----------
    x
        ``(H, W)``, ``(C, H, W)`` or ``(N, C, H, W)``.
    kernel_size, stride, dilation
        An integer or ``(y, x)``; ``stride`` defaults to ``kernel_size``.
    padding
        An integer, ``(y, x)`` or ``((top, bottom), (left, right))``, smaller than the window.
    ceil_mode
        Keep a last window that reaches beyond the map, unless it would start there.
    return_indices
        Also return where each maximum stood: ``y·W + x`` in its plane, the first one of equals.
    threads
        Threads to use; ``None`` is every usable core. The result does not depend on it.

    Returns
    -------
    ndarray, or (ndarray, ndarray)
        Float32 with the axes of ``x``; int64 indices of the same shape if asked for. A window with
        a NaN gives NaN, as in PyTorch; one whose dilated taps all lie in the padding gives -inf and
        the index -1.

    Raises
    ------
    ArgumentError
        An argument that fits no map.
    InputError
        A map smaller than the window.

    References
    ----------
    The meaning of every parameter is that of PyTorch's ``max_pool2d``.

    Examples
    --------
    >>> max_pool2d([[2, 0], [3, 5]], 2).tolist()
    [[5.0]]
    """
    planes = as_planes("x", x)
    windows = _windows(planes, kernel_size, stride, padding, dilation, ceil_mode)
    pooled, places = _pool("max", planes, windows, threads, return_indices=return_indices)
    return pooled if places is None else (pooled, places)


@overload
def min_pool2d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: Literal[False] = False,
    *,
    threads: int | None = None,
) -> Float32: ...
@overload
def min_pool2d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    *,
    return_indices: Literal[True],
    threads: int | None = None,
) -> tuple[Float32, NDArray[np.int64]]: ...
def min_pool2d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    threads: int | None = None,
) -> Float32 | tuple[Float32, NDArray[np.int64]]:
    """Keep the smallest value of every window; all else as in `max_pool2d`.

    Examples
    --------
    >>> min_pool2d([[2, 0], [3, 5]], (1, 2)).tolist()
    [[0.0], [3.0]]
    """
    planes = as_planes("x", x)
    windows = _windows(planes, kernel_size, stride, padding, dilation, ceil_mode)
    pooled, places = _pool("min", planes, windows, threads, return_indices=return_indices)
    return pooled if places is None else (pooled, places)


def avg_pool2d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    *,
    dilation: Sizes = 1,
    threads: int | None = None,
) -> Float32:
    """Take the mean of every window.

    ``y[i, j] = Σ x[i·sy + ky·dy − py, j·sx + kx·dx − px] / n`` over the window's ``n`` counted cells.

    Parameters
    ----------
    x, kernel_size, stride, padding, ceil_mode, dilation, threads
        As in `max_pool2d`.
    count_include_pad
        Whether padded cells count, as zeros. Cells beyond the padding, which only ``ceil_mode``
        reaches, never count; a window of which none counts gives 0.

    Returns
    -------
    ndarray
        Float32 with the axes of ``x``.

    Raises
    ------
    ArgumentError, InputError
        As in `max_pool2d`.

    References
    ----------
    The meaning of every parameter is that of PyTorch's ``avg_pool2d``; ``dilation`` is ONNX's.

    Examples
    --------
    >>> avg_pool2d([[2, 0], [3, 5]], 2).tolist()
    [[2.5]]
    """
    planes = as_planes("x", x)
    windows = _windows(planes, kernel_size, stride, padding, dilation, ceil_mode)
    return _pool("avg", planes, windows, threads, areas=window_areas(windows, count_include_pad))[0]


def global_max_pool2d(x: ArrayLike) -> Float32:
    """Keep the largest value of every plane: ``(…, H, W)`` gives ``(…, 1, 1)``.

    Examples
    --------
    >>> global_max_pool2d([[2, 0], [3, 5]]).tolist()
    [[5.0]]
    """
    planes = as_planes("x", x)
    return planes.restore(planes.values.max(axis=(2, 3), keepdims=True))


def global_avg_pool2d(x: ArrayLike) -> Float32:
    """Take the mean of every plane, summed in float64: ``(…, H, W)`` gives ``(…, 1, 1)``.

    Examples
    --------
    >>> global_avg_pool2d([[2, 0], [3, 5]]).tolist()
    [[2.5]]
    """
    planes = as_planes("x", x)
    mean = planes.values.mean(axis=(2, 3), keepdims=True, dtype=np.float64).astype(np.float32)
    return planes.restore(mean)


def check_pool_kind(kind: PoolKind) -> None:
    """Refuse a kind that is not one of `POOL_KINDS`."""
    if kind not in POOL_KINDS:
        raise ArgumentError(f"pool kind is {kind!r}; choose one of {', '.join(POOL_KINDS)}")


def pool_memory(
    shape: tuple[int, ...],
    kernel_size: Sizes,
    stride: Sizes | None,
    padding: Padding,
    ceil_mode: bool,
    threads: int | None = None,
) -> int:
    """Bytes that pooling a map ``(H, W)`` takes at the most, the result and all threads' buffers, about."""
    along_y, along_x = window(
        (shape[0], shape[1]),
        kernel_size,
        stride=kernel_size if stride is None else stride,
        padding=padding,
        ceil_mode=ceil_mode,
        of=("map", "pool"),
    )
    tiles = row_tiles(1, along_y.count, along_x.count)
    strip: int = along_y.span(0, tiles[0].stop).stop * along_x.span(0, along_x.count).stop
    workers = min(usable_threads(threads), len(tiles))
    return 4 * along_y.count * along_x.count + workers * BYTES_OF_A_STRIP * strip


def pool_strip(
    strip: Float32, windows: Window, kind: PoolKind, rows: slice, columns: slice, areas: Areas | None
) -> Float32:
    """Pool one strip ``(…, h, w)``, padding included, to rows and columns of the result.

    The combination runs along y, then along x, in an order that the windows alone decide, so a value
    does not depend on the strip it was computed in. Means need ``areas``, and are summed in float64:
    the sum of a large window has more digits than float32.
    """
    along_y, along_x = windows
    values = strip if areas is None else strip.astype(np.float64)
    pooled = slide_window(values, along_y, rows.stop - rows.start, -2, kind)
    pooled = slide_window(pooled, along_x, columns.stop - columns.start, -1, kind)
    if areas is not None:
        heights, widths = areas
        pooled /= heights[rows, np.newaxis] * widths[columns]
    return pooled.astype(np.float32, copy=False)


def window_areas(windows: Window, count_include_pad: bool = True) -> Areas:
    """Over how many cells the mean of each window goes: by row, and by column."""
    along_y, along_x = windows
    return _cells_counted(along_y, count_include_pad), _cells_counted(along_x, count_include_pad)


def pool_windows(
    size: Pair, kernel_size: Sizes, stride: Sizes | None, padding: Padding, dilation: Sizes, ceil_mode: bool
) -> Window:
    """The windows of a pool over maps of a size ``(H, W)``; their padding is smaller than they are."""
    windows = window(
        size,
        kernel_size,
        stride=kernel_size if stride is None else stride,
        padding=padding,
        dilation=dilation,
        ceil_mode=ceil_mode,
        of=("map", "pool"),
    )
    for axis in windows:
        if max(axis.before, axis.after) >= axis.reach:
            raise ArgumentError(
                f"padding is {padding!r}; a pool's padding must be below its window's {axis.reach}"
            )
    return windows


def _windows(
    planes: Planes,
    kernel_size: Sizes,
    stride: Sizes | None,
    padding: Padding,
    dilation: Sizes,
    ceil_mode: bool,
) -> Window:
    height, width = planes.values.shape[2:]
    return pool_windows((height, width), kernel_size, stride, padding, dilation, ceil_mode)


def _pool(
    kind: PoolKind,
    planes: Planes,
    windows: Window,
    threads: int | None,
    *,
    areas: Areas | None = None,
    return_indices: bool = False,
) -> tuple[Float32, NDArray[np.int64] | None]:
    along_y, along_x = windows
    rows, columns = along_y.sources(), along_x.sources()
    batch, channels, _, width = planes.values.shape
    pooled = np.empty((batch, channels, along_y.count, along_x.count), np.float32)
    places = np.empty(pooled.shape, np.int64) if return_indices else None

    def work(tile: Tile) -> None:
        n, start, stop = tile
        read = along_y.reads(start, stop, "zeros"), along_x.reads(0, along_x.count, "zeros")
        strip = padded(planes.values[n], *read, REDUCTIONS[kind].neutral)
        if places is None:
            whole_rows = slice(start, stop), slice(0, along_x.count)
            pooled[n, :, start:stop] = pool_strip(strip, windows, kind, *whole_rows, areas)
        else:
            pooled[n, :, start:stop], places[n, :, start:stop] = _winners(
                strip, windows, kind, stop - start, rows[along_y.span(start, stop)], columns, width
            )

    for_each(row_tiles(batch, along_y.count, channels * along_x.count), work, threads)
    return planes.restore(pooled), None if places is None else planes.restore(places)


def slide_window(values: Reals, along: Axis, count: int, axis: int, kind: PoolKind) -> Reals:
    """Combine the taps of ``count`` windows along one axis, -1 or -2, the quicker of two ways.

    ``avg`` gives their sums.
    """
    steps = along.kernel.bit_length()
    if along.kernel - 1 <= steps * along.stride:
        return _tap_by_tap(values, along, count, axis, kind)
    return _by_doubling(values, along, count, axis, kind)


def _tap_by_tap(values: Reals, along: Axis, count: int, axis: int, kind: PoolKind) -> Reals:
    combine = REDUCTIONS[kind].combine
    combined = _tap(values, along, 0, count, axis).copy()
    for k in range(1, along.kernel):
        combine(combined, _tap(values, along, k, count, axis), out=combined)
    return combined


def _by_doubling(values: Reals, along: Axis, count: int, axis: int, kind: PoolKind) -> Reals:
    """Combine runs of 1, 2, 4, … taps, each from two of the one before: log₂ steps for any window.

    A sum's window is then made up of the runs of its binary digits; an extreme may count a tap twice,
    so that two of its longest runs, one from either end, are enough.
    """
    combine, kernel = REDUCTIONS[kind].combine, along.kernel
    length = along.span(0, count).stop

    def shifted(run: Reals, taps: int, fitting: int) -> Reals:
        """The run that begins ``taps`` taps later, wherever ``fitting`` taps fit."""
        start = taps * along.dilation
        return _cut(run, slice(start, start + length - (fitting - 1) * along.dilation), axis)

    longest = 1
    runs = {longest: _cut(values, slice(length), axis)}
    while 2 * longest <= kernel:
        run = runs[longest]
        runs[2 * longest] = combine(shifted(run, 0, 2 * longest), shifted(run, longest, 2 * longest))
        if kind != "avg" or not kernel & longest:
            del runs[longest]
        longest *= 2
    if kind == "avg":
        widths = [width for width in runs if kernel & width]
        begins = accumulate(widths, initial=0)
        pieces = list(zip(widths, begins, strict=False))
    else:
        pieces = [(longest, 0), (longest, kernel - longest)]
    combined = reduce(combine, (shifted(runs[width], begin, kernel) for width, begin in pieces))
    return _cut(combined, slice(None, None, along.stride), axis)


def _tap(values: Reals, along: Axis, k: int, count: int, axis: int) -> Reals:
    start = k * along.dilation
    return _cut(values, slice(start, start + (count - 1) * along.stride + 1, along.stride), axis)


def _cut(values: Reals, cells: slice, axis: int) -> Reals:
    """Cells of the last axis, -1, or of the one before it, -2."""
    return values[(..., cells) if axis == -1 else (..., cells, slice(None))]


def _cells_counted(along: Axis, count_include_pad: bool) -> NDArray[np.float64]:
    """Over how many cells the mean of each window goes, along one axis."""
    first = np.arange(along.count) * along.stride - along.before
    lowest, end = (-along.before, along.size + along.after) if count_include_pad else (0, along.size)
    # Taps before the lowest cell, and taps before the end: the rest is between them.
    skipped, fitting = (
        np.clip(-((first - cell) // along.dilation), 0, along.kernel) for cell in (lowest, end)
    )
    counted: NDArray[np.float64] = np.maximum(fitting - skipped, 1).astype(np.float64)
    return counted


def _winners(
    strip: Float32,
    windows: Window,
    kind: PoolKind,
    count: int,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    width: int,
) -> tuple[Float32, NDArray[np.int64]]:
    """The extreme value of every window, and its flat index in the unpadded plane."""
    along_y, along_x = windows
    beats = np.greater if kind == "max" else np.less
    shape = (len(strip), count, along_x.count)
    best = np.full(shape, REDUCTIONS[kind].neutral, np.float32)
    where = np.full(shape, OUTSIDE, np.int64)
    for ky in range(along_y.kernel):
        tap_rows = _tap(strip, along_y, ky, count, -2)
        source_rows = rows[ky * along_y.dilation :: along_y.stride][:count, np.newaxis]
        for kx in range(along_x.kernel):
            values = _tap(tap_rows, along_x, kx, along_x.count, -1)
            source_columns = columns[kx * along_x.dilation :: along_x.stride][: along_x.count]
            inside = (source_rows != OUTSIDE) & (source_columns != OUTSIDE)
            first = where == OUTSIDE
            better = inside & (first | beats(values, best) | (np.isnan(values) & ~np.isnan(best)))
            np.copyto(best, values, where=better)
            np.copyto(where, source_rows * width + source_columns, where=better)
    return best, where
