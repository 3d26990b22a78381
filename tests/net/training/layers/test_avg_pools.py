"""Averages in training: those of the layer, and gradients shared out over their windows."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from convtool.net.ops import AvgPool, GlobalAvgPool
from tests.net.training.tapes import passed
from tests.strategies import Pair, PoolCase, generators, pairs, pool_cases
from tests.tolerances import assert_close, assert_equal


def check(
    operation: AvgPool | GlobalAvgPool, images: np.ndarray, rng: np.random.Generator, cells: int
) -> None:
    """Hold values and gradients against the layer's own; so many cells are in a window, or it in them."""
    expected = operation.run(images)
    gradient = rng.integers(-9, 10, expected.shape).astype(np.float32)
    found = passed(
        operation, images, gradient=gradient, parts=int(rng.integers(1, len(images), endpoint=True))
    )
    assert_close(found.output, expected, case="pool", terms=2 * cells, scale=np.abs(images).max())
    back = operation.pull(gradient, expected, images)[0]
    assert_close(found.into[0], back, case="pool", terms=2 * cells, scale=9 * cells)
    assert_equal(found.inputs[0], images)


@given(case=pool_cases(dilated=False), rng=generators())
@settings(max_examples=150)
def test_a_pool_is_that_of_the_layer(case: PoolCase, rng: np.random.Generator) -> None:
    check(AvgPool(case.kernel_size, **case.options), case.image, rng, cells=16)


@given(kernel=pairs(1, 3), dilation=pairs(1, 3), counted=st.booleans(), rng=generators())
@settings(max_examples=50)
def test_a_pool_with_holes_is_that_of_the_layer(
    kernel: Pair, dilation: Pair, counted: bool, rng: np.random.Generator
) -> None:
    operation = AvgPool(kernel, 2, "same", dilation=dilation, count_include_pad=counted)
    check(operation, rng.standard_normal((2, 2, 7, 8)).astype(np.float32), rng, cells=9)


@given(size=pairs(1, 6), rng=generators())
@settings(max_examples=40)
def test_a_global_pool_is_that_of_the_layer(size: Pair, rng: np.random.Generator) -> None:
    check(GlobalAvgPool(), rng.integers(-2, 3, (3, 2, *size)).astype(np.float32), rng, cells=36)


def test_a_cell_has_its_share_of_every_window_that_it_is_in() -> None:
    images, gradient = np.zeros((1, 1, 1, 5), np.float32), np.float32([8, 16]).reshape(1, 1, 1, 2)
    found = passed(AvgPool((1, 2), (1, 3)), images, gradient=gradient)
    assert found.into[0].ravel().tolist() == [4, 4, 0, 8, 8]
    found = passed(AvgPool((1, 4), 1), images, gradient=gradient)
    assert found.into[0].ravel().tolist() == [2, 6, 6, 6, 4]
