"""Multiply–add, tap by tap: each weight times the strip shifted to its place.

Every cell sees the same additions in the same order however the work is cut into strips, so results
are the same to the bit for any tiling and any number of threads.
"""

from __future__ import annotations

import numpy as np

from convtool.core.arrays import Float32
from convtool.core.geometry import Pair


def taps(
    strip: Float32, weights: Float32, out: Float32, *, stride: Pair, dilation: Pair, groups: int
) -> None:
    """Accumulate ``out[o, y, x] = Σ weights[o, i, ky, kx] · strip[i, y·sy + ky·dy, x·sx + kx·dx]``."""
    filters, in_channels, kernel_height, kernel_width = weights.shape
    (sy, sx), (dy, dx) = stride, dilation
    rows, columns = out.shape[1:]
    product = np.empty((rows, columns), np.float32)
    for o in range(filters):
        response = out[o]
        response[...] = 0
        first_channel = o // (filters // groups) * in_channels
        for i in range(in_channels):
            plane = strip[first_channel + i]
            for ky in range(kernel_height):
                shifted_rows = plane[ky * dy :: sy][:rows]
                for kx in range(kernel_width):
                    shifted = shifted_rows[:, kx * dx :: sx][:, :columns]
                    np.multiply(shifted, weights[o, i, ky, kx], out=product)
                    np.add(response, product, out=response)
