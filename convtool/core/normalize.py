"""Local normalisation: responses divided by how much the pixels under the window vary.

``σ = √(n·Σ(x − p)² − (Σ(x − p))²) / n`` over the ``n`` values under a window, for any pivot ``p``. Whole
numbers are summed in integers, without rounding. Others are summed in float64, and their windows whose
variance is of the order of rounding are looked at one by one. So a constant window has exactly σ = 0,
and no other has.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convtool.core.arrays import Float32, Scalar
from convtool.core.geometry import Pair, Window
from convtool.core.pooling import PoolKind, slide_window
from convtool.core.stages import Stages
from convtool.core.threads import SCRATCH, for_each
from convtool.core.tiles import Region, padded, regions
from convtool.core.window_sums import slide_sum

PIECE_CELLS = 128 * 1024
"""Cells of an image that are summed at a time, about."""

PIECE_COLUMNS = 2048
"""Columns of windows that are summed at a time, about."""

RESOLVED = 2.0**-30
"""The share of ``n·Σ(x − p)²`` up to which a variance is not precise enough, or rounding alone."""

LOOKED_AT = 64 * 1024
"""Values of unresolved windows that are looked at together."""

Float64 = NDArray[np.float64]


def deviations(image: Float32, stages: Stages, rows: Pair, threads: int | None) -> Float32:
    """``σ`` of the windows of an image ``(C, H, W)`` in rows ``(start, stop)``, for each group.

    Returns
    -------
    ndarray
        ``(G, stop − start, columns)``; infinite where the window is constant, so that what is divided
        by it becomes 0.
    """
    along_y, along_x = stages.conv
    planes = image.reshape(stages.groups, -1, *image.shape[1:])
    result = np.empty((stages.groups, rows[1] - rows[0], along_x.count), np.float32)

    def work(piece: Region) -> None:
        down = along_y.reads(rows[0] + piece.rows.start, rows[0] + piece.rows.stop, stages.padding_mode)
        across = along_x.reads(piece.columns.start, piece.columns.stop, stages.padding_mode)
        target = result[piece.images.start, piece.rows, piece.columns]
        strip = padded(planes[piece.images.start], down, across)
        target[...] = _Deviations(strip, stages.conv).of_windows(*target.shape)

    wide = max(PIECE_COLUMNS, 2 * along_x.reach)
    high = max(PIECE_CELLS // (planes.shape[1] * (wide + along_x.reach)) - along_y.reach, along_y.reach)
    tile = 1, max(1, high // along_y.stride), max(1, wide // along_x.stride)
    for_each(regions(stages.groups, result.shape[1:], tile), work, threads)
    return result


class _Deviations:
    """The standard deviations of the windows over a strip ``(C, h, w)``.

    All windows are computed as one run through the rows; those across the ends of rows, and those
    that a stride leaves out, have no meaning and are never looked at.
    """

    def __init__(self, strip: Float32, windows: Window) -> None:
        self._strip, self._windows = strip, windows
        self._count = len(strip) * windows[0].kernel * windows[1].kernel
        self._pivot = _typical(strip)

    def of_windows(self, rows: int, columns: int) -> Float32:
        """``σ`` of the windows, ``(rows, columns)``; infinite where they are constant."""
        roots = SCRATCH.array("roots", *self._strip.shape[1:])
        whole = self._powers_of_whole_numbers()
        if whole is not None:
            np.copyto(roots, self._variations(whole), casting="same_kind")
            np.sqrt(roots, out=roots)
            np.divide(roots, np.float32(self._count), out=roots)
        else:
            variations = self._variations(self._powers_of_real_numbers())
            self._resolve(self._seen(variations, rows, columns))
            np.sqrt(variations, out=variations)
            np.divide(variations, self._count, out=roots, casting="same_kind")
        if not roots.all():
            roots[roots == 0] = np.inf
        return self._seen(roots, rows, columns)

    # The buffers of the sums across are free until these begin.

    def _powers_of_whole_numbers(self) -> NDArray[np.int32] | None:
        """``x − p`` and its square; ``None`` where they are not whole, or int32 cannot hold their sums."""
        cells = self._strip
        shifted = np.subtract(cells, self._pivot, out=SCRATCH.array("across 0", *cells.shape))
        largest = max(float(shifted.max()), -float(shifted.min()))
        if not self._count * largest**2 < 2**31:
            return None
        integers = SCRATCH.typed("across 1", np.int32, *cells.shape)
        np.copyto(integers, shifted, casting="unsafe")
        again = SCRATCH.array("across total", *cells.shape)
        np.copyto(again, integers, casting="same_kind")
        return _powers(integers) if np.array_equal(again, shifted) else None

    def _powers_of_real_numbers(self) -> Float64:
        shifted = SCRATCH.typed("across 0", np.float64, *self._strip.shape)
        return _powers(np.subtract(self._strip, self._pivot, out=shifted, dtype=np.float64))

    def _variations(self, powers: NDArray[Scalar]) -> Float64:
        """``n²·σ²`` of every window, ``(h, w)``, from the powers ``(2, h, w)`` of its values."""
        _, height, width = powers.shape
        along_y, along_x = self._windows
        down = slide_sum(powers.reshape(-1), along_y.kernel, along_y.dilation * width, SCRATCH, "down")
        across = slide_sum(down, along_x.kernel, along_x.dilation, SCRATCH, "across")
        cells = across.size - height * width
        sums, squares = across[:cells], across[-cells:]
        # The powers have been summed up by now, unless there was nothing to sum.
        free = "powers" if along_y.kernel > 1 else "variations"
        variations = SCRATCH.typed(free, np.float64, height, width)
        run = variations.reshape(-1)
        np.multiply(squares, float(self._count), out=run[:cells])
        run[:cells] -= np.multiply(
            sums, sums, out=SCRATCH.typed("squared sums", np.float64, cells), dtype=np.float64
        )
        run[cells:] = 1
        return variations

    def _resolve(self, variations: Float64) -> None:
        """Work out those ``(rows, columns)`` that are of the order of rounding, by their definition."""
        highest, lowest = (self._extremes(kind, *variations.shape) for kind in ("max", "min"))
        flat = highest == lowest
        variations[flat] = 0
        farthest = np.maximum(highest - self._pivot, self._pivot - lowest).astype(np.float64)
        unresolved = np.argwhere(~flat & ~(variations > RESOLVED * np.square(self._count * farthest)))
        taps_y, taps_x = (np.arange(axis.kernel) * axis.dilation for axis in self._windows)
        stride = [axis.stride for axis in self._windows]
        step = max(1, LOOKED_AT // self._count)
        for some in (unresolved[k : k + step] for k in range(0, len(unresolved), step)):
            y, x = (some * stride).T[..., np.newaxis]
            seen = self._strip[:, (y + taps_y)[:, :, np.newaxis], (x + taps_x)[:, np.newaxis]]
            values = seen.astype(np.float64)
            values -= values.mean(axis=(0, 2, 3), keepdims=True)
            variations[tuple(some.T)] = np.square(values, out=values).sum(axis=(0, 2, 3)) * self._count

    def _extremes(self, kind: PoolKind, rows: int, columns: int) -> Float32:
        along_y, along_x = self._windows
        plane = self._strip.max(axis=0) if kind == "max" else self._strip.min(axis=0)
        down = slide_window(plane, along_y, rows, -2, kind)
        extremes: Float32 = slide_window(down, along_x, columns, -1, kind)
        return extremes

    def _seen(self, plane: NDArray[Scalar], rows: int, columns: int) -> NDArray[Scalar]:
        """The windows that the stride leaves, ``(rows, columns)``, of all in a plane."""
        along_y, along_x = self._windows
        return plane[:: along_y.stride, :: along_x.stride][:rows, :columns]


def _powers(values: NDArray[Scalar]) -> NDArray[Scalar]:
    """The sums over C of values ``(C, h, w)`` and of their squares: ``(2, h, w)``."""
    powers = SCRATCH.typed("powers", values.dtype.type, 2, *values.shape[1:])
    np.copyto(powers[0], values[0])
    np.multiply(values[0], values[0], out=powers[1])
    for plane in values[1:]:
        np.add(powers[0], plane, out=powers[0])
        np.add(powers[1], np.multiply(plane, plane, out=plane), out=powers[1])
    return powers


def _typical(values: Float32) -> np.float32:
    """A value in the middle of some that are spread over an array: itself whole if they are."""
    some = values[..., :: max(1, values.shape[-2] // 8), :: max(1, values.shape[-1] // 8)].ravel()
    middle: np.float32 = np.sort(some)[some.size // 2]
    return middle
