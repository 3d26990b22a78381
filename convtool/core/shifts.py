"""What each tap of a filter sees: views of a strip, shifted, and their weighted sum."""

from __future__ import annotations

from convtool.core.arrays import Float32
from convtool.core.geometry import Pair
from convtool.core.stages import Slide
from convtool.core.threads import Scratch
from convtool.core.weighted_sum import WeightedSum

PASS_CELLS = 512 * 1024
"""Cells that one pass goes over, about: long enough that threads seldom wait for the interpreter."""


def sum_of_taps(
    weighted_sum: WeightedSum,
    planes: Float32,
    kernel_size: Pair,
    slide: Slide,
    out: Float32,
    scratch: Scratch,
) -> None:
    """Slide one filter's weights over ``planes`` ``(C, h, w)`` and write the sums to ``out``.

    Without stride every tap is one contiguous run of the row-major plane, begun
    ``ky·dy·width + kx·dx`` cells later: a pass is one loop, where row by row it would take twice
    the time. What the runs compute across the ends of rows is left out when the result is copied.
    """
    rows, columns = out.shape
    width = planes.shape[-1]
    in_runs = slide.stride == (1, 1) and planes[0].flags.c_contiguous
    if in_runs and width == columns and out.flags.c_contiguous:
        runs = runs_of(planes, kernel_size, slide.dilation, out.size)
        weighted_sum(runs, out.reshape(-1), scratch.array("spare", out.size))
    elif in_runs:
        total = scratch.array("total", rows, width)
        run = total.reshape(-1)[: (rows - 1) * width + columns]
        runs = runs_of(planes, kernel_size, slide.dilation, run.size)
        weighted_sum(runs, run, scratch.array("spare", run.size))
        out[...] = total[:, :columns]
    else:
        windows = windows_of(planes, kernel_size, slide, rows, columns)
        weighted_sum(windows, out, scratch.array("spare", rows, columns))


def runs_of(planes: Float32, kernel_size: Pair, dilation: Pair, length: int) -> list[Float32]:
    """For every channel and tap the ``length`` cells of the row-major plane that begin at the tap."""
    width = planes.shape[-1]
    return [
        run[start : start + length]
        for run in (plane.reshape(-1) for plane in planes)
        for start in (
            ky * dilation[0] * width + kx * dilation[1]
            for ky in range(kernel_size[0])
            for kx in range(kernel_size[1])
        )
    ]


def windows_of(planes: Float32, kernel_size: Pair, slide: Slide, rows: int, columns: int) -> list[Float32]:
    """For every channel and tap the cell that each window sees there, ``(rows, columns)``."""
    (sy, sx), (dy, dx) = slide.stride, slide.dilation
    return [
        plane[ky * dy :: sy, kx * dx :: sx][:rows, :columns]
        for plane in planes
        for ky in range(kernel_size[0])
        for kx in range(kernel_size[1])
    ]
