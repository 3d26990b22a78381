"""Local normalisation: responses divided by how much the pixels under the window vary."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convtool.core.arrays import Float32
from convtool.core.geometry import Pair


def divide_by_deviation(
    responses: Float32, strip: Float32, kernel_size: Pair, *, stride: Pair, dilation: Pair, groups: int
) -> None:
    """Divide ``responses`` in place by the standard deviation of each window; constant windows give 0.

    ``σ² = Σ(x − mean)² / n`` over all ``n`` values under the window, in float64, so that a constant
    window has exactly σ = 0.

    Parameters
    ----------
    responses
        ``(O, rows, columns)``.
    strip
        ``(C, h, w)``, padding included.
    """
    filters, rows, columns = responses.shape
    channels = len(strip) // groups
    for group in range(groups):
        taps = _taps(
            strip[group * channels : (group + 1) * channels], kernel_size, stride, dilation, rows, columns
        )
        count = len(taps)
        mean = sum(taps, np.zeros((rows, columns))) / count
        variance = sum((np.square(tap - mean) for tap in taps), np.zeros((rows, columns))) / count
        deviation = np.sqrt(variance)
        mine = responses[group * filters // groups : (group + 1) * filters // groups]
        np.divide(mine, deviation, out=mine, where=deviation > 0)
        mine[:, deviation == 0] = 0


def _taps(
    channels: Float32, kernel_size: Pair, stride: Pair, dilation: Pair, rows: int, columns: int
) -> list[NDArray[np.float32]]:
    """For every channel and tap, the pixel that each window sees there."""
    (sy, sx), (dy, dx) = stride, dilation
    return [
        plane[ky * dy :: sy][:rows, kx * dx :: sx][:, :columns]
        for plane in channels
        for ky in range(kernel_size[0])
        for kx in range(kernel_size[1])
    ]
