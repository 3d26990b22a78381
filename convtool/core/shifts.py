"""What each tap of a filter sees: views of a strip, shifted, and their weighted sum."""

from __future__ import annotations

from convtool.core.arrays import Float32
from convtool.core.geometry import Pair
from convtool.core.runs import written_as_run
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

    Without stride every tap is one run, begun ``ky·dy·pitch + kx·dx`` cells later; ``out`` may then be
    as wide as the planes.
    """
    if slide.stride != (1, 1) or not planes[0].flags.c_contiguous:
        windows = windows_of(planes, kernel_size, slide, *out.shape)
        weighted_sum(windows, out, scratch.array("spare", *out.shape))
        return
    pitch = planes.shape[-1]
    dy, dx = slide.dilation
    with written_as_run(out, pitch - (kernel_size[1] - 1) * dx, pitch, scratch) as total:
        shifted = [
            run[start : start + total.size]
            for run in (plane.reshape(-1) for plane in planes)
            for start in (
                ky * dy * pitch + kx * dx for ky in range(kernel_size[0]) for kx in range(kernel_size[1])
            )
        ]
        weighted_sum(shifted, total, scratch.array("spare", total.size))


def windows_of(planes: Float32, kernel_size: Pair, slide: Slide, rows: int, columns: int) -> list[Float32]:
    """For every channel and tap the cell that each window sees there, ``(rows, columns)``."""
    (sy, sx), (dy, dx) = slide.stride, slide.dilation
    return [
        plane[ky * dy :: sy, kx * dx :: sx][:rows, :columns]
        for plane in planes
        for ky in range(kernel_size[0])
        for kx in range(kernel_size[1])
    ]
