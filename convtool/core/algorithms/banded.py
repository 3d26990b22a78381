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


def row_blocks(rows: int, block: int) -> list[tuple[int, int, int]]:
    """Cut rows into blocks: the first row, the count and the size of those of ``block`` and of the rest."""
    count, rest = divmod(rows, block)
    cuts = (0, count, block), (rows - rest, 1, rest)
    return [cut for cut in cuts if cut[1] * cut[2]]


def multiply(matrix: Float32, step: int, source: Float32, out: Float32) -> None:
    """Write the products of ``matrix`` with blocks of the source, each begun ``step`` rows later.

    Parameters
    ----------
    matrix
        ``(m, rows read, taps)``.
    source
        ``(h, taps, width)``; rows and taps lie evenly in memory.
    out
        ``(blocks, m, width)``.
    """
    read, taps = matrix.shape[1:]
    row, _, cell = source.strides
    columns = as_strided(
        source, (len(out), read * taps, source.shape[2]), (step * row, row // taps, cell), writeable=False
    )
    np.matmul(matrix.reshape(len(matrix), -1), columns, out=out)


def multiply_blocks(matrix: Float32, stride: int, source: Float32, out: Float32) -> None:
    """Write all rows of ``out`` ``(rows, width)``, as many at a time as ``matrix`` from `banded` has."""
    block, read = matrix.shape[:2]
    step, cell = out.strides
    for first, count, size in row_blocks(len(out), block):
        part = matrix[:size, : read - (block - size) * stride]
        target = as_strided(out[first:], (count, size, out.shape[1]), (size * step, step, cell))
        multiply(part, size * stride, source[first * stride :], target)
