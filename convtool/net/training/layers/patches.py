"""What windows see, laid out as columns: a product with filters is then a convolution."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

from convtool.core.geometry import Pair
from convtool.net.training.tape import Tape, Values

PATCH_VALUES = 256 * 1024
"""Values of patches that are laid out at a time: they are read again at once, from a core's cache."""


def seen(around: Values, count: Pair, kernel: Pair, stride: Pair, dilation: Pair) -> Values:
    """``(C, kh, kw, H', W', n)``: for each weight the cells of ``(C, H, W, n)`` that it meets."""
    channel, row, column, image = around.strides
    return as_strided(
        around,
        (len(around), *kernel, *count, around.shape[3]),
        (
            channel,
            row * dilation[0],
            column * dilation[1],
            row * stride[0],
            column * stride[1],
            image,
        ),
    )


def row_blocks(height: int, values_a_row: int) -> list[slice]:
    """Rows of windows whose patches take about `PATCH_VALUES`."""
    step = max(1, min(height, PATCH_VALUES // values_a_row))
    return [slice(row, min(row + step, height)) for row in range(0, height, step)]


def laid_out(tape: Tape, cells: Values, *, ones: bool) -> Values:
    """Add the calls that copy cells ``(C, kh, kw, H', W', n)`` to columns, with a 1 below each if wanted."""
    rows = prod(cells.shape[:3])
    patches = tape.array(rows + ones, prod(cells.shape[3:]))
    tape.then(np.copyto, patches[:rows].reshape(cells.shape), cells)
    if ones:
        tape.then(patches[rows].fill, 1)
    return patches


def as_rows(maps: Values) -> Values:
    """Some rows of maps ``(C, h, W, n)``, those of each channel as one row of numbers."""
    rows = maps.reshape(len(maps), -1)
    assert np.shares_memory(rows, maps)
    return rows
