"""A few rows of responses as one matrix product: a banded matrix times the rows that they read.

Row ``t`` of the matrix holds the kernel, begun ``t·stride`` rows later; all else is 0. The rows of
the strip take part as they lie in memory, one block after the other in a single call.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided

from convtool.core.arrays import Float32


def banded(kernel: Float32, rows: int, stride: int, dilation: int) -> Float32:
    """The matrix for ``rows`` rows of responses.

    Parameters
    ----------
    kernel
        ``(kh, taps)``: for each row of the kernel all that it reads there.

    Returns
    -------
    ndarray
        ``(rows, rows read, taps)``.
    """
    height, taps = kernel.shape
    matrix = np.zeros((rows, rows_read(rows, height, stride, dilation), taps), np.float32)
    for t in range(rows):
        matrix[t, t * stride : t * stride + (height - 1) * dilation + 1 : dilation] = kernel
    return matrix


def rows_read(rows: int, kernel_height: int, stride: int, dilation: int) -> int:
    """Rows of the strip that ``rows`` rows of responses read."""
    return (rows - 1) * stride + (kernel_height - 1) * dilation + 1


def multiply_blocks(matrix: Float32, stride: int, source: Float32, out: Float32) -> None:
    """Write all rows of ``out``, as many at a time as ``matrix`` has.

    Parameters
    ----------
    matrix
        From `banded`.
    source
        ``(h, taps, width)``; rows and taps lie evenly in memory.
    out
        ``(rows, width)``.
    """
    block, read, taps = matrix.shape
    rows, width = out.shape
    row_step, tap_step, step = source.strides
    tap_step = tap_step if taps > 1 else row_step
    blocks, rest = divmod(rows, block)
    if blocks:
        np.matmul(
            matrix.reshape(block, -1),
            as_strided(source, (blocks, read * taps, width), (block * stride * row_step, tap_step, step)),
            out=as_strided(out, (blocks, block, width), (block * out.strides[0], *out.strides)),
        )
    if rest:
        read -= (block - rest) * stride
        start = blocks * block * stride
        np.matmul(
            matrix[:rest, :read].reshape(rest, -1),
            as_strided(source[start:], (read * taps, width), (tap_step, step)),
            out=out[blocks * block :],
        )
