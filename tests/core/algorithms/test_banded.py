"""Banded matrices: rows of responses as matrix products, blocks and what is left of them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from convtool.core.algorithms.banded import banded, multiply_blocks, rows_read
from tests.strategies import generators
from tests.tolerances import assert_equal

sizes = {
    "height": st.integers(1, 6),
    "taps": st.integers(1, 4),
    "block": st.integers(1, 5),
    "stride": st.integers(1, 4),
    "dilation": st.integers(1, 3),
}


@given(rng=generators(), **sizes)
def test_each_row_holds_the_kernel_a_stride_later(
    height: int, taps: int, block: int, stride: int, dilation: int, rng: np.random.Generator
) -> None:
    kernel = rng.integers(1, 9, (height, taps)).astype(np.float32)
    matrix = banded(kernel, block, stride, dilation)
    assert matrix.shape == (block, rows_read(block, height, stride, dilation), taps)
    assert matrix.dtype == np.float32
    for t, row in enumerate(matrix):
        expected = np.zeros_like(row)
        expected[[t * stride + ky * dilation for ky in range(height)]] = kernel
        assert_equal(row, expected)


@given(
    rows=st.integers(1, 14),
    width=st.integers(1, 7),
    more=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    rng=generators(),
    **sizes,
)
def test_blocks_are_the_sum_over_every_window(
    height: int,
    taps: int,
    block: int,
    stride: int,
    dilation: int,
    rows: int,
    width: int,
    more: tuple[int, int],
    rng: np.random.Generator,
) -> None:
    """Source and result may be parts of wider arrays; nothing beside the result is written."""
    kernel = rng.integers(-9, 10, (height, taps)).astype(np.float32)
    read = rows_read(rows, height, stride, dilation)
    source = rng.integers(-99, 100, (read, taps, width + more[0])).astype(np.float32)[..., :width]
    wide = np.full((rows, width + more[1]), np.float32(77))
    multiply_blocks(banded(kernel, block, stride, dilation), stride, source, wide[:, :width])
    reach = (height - 1) * dilation + 1
    windows = sliding_window_view(source, reach, axis=0)[::stride, ..., ::dilation]
    assert_equal(wide[:, :width], np.einsum("rtwk,kt->rw", windows, kernel))
    assert (wide[:, width:] == 77).all()
