"""conv2d and the pools against SciPy, in every boundary mode the two share."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import ndimage, signal

from convtool import FilterBank, avg_pool2d, conv2d, max_pool2d, min_pool2d, plan
from convtool.core.algorithms import ALGORITHMS
from tests.strategies import Pair, pairs
from tests.tolerances import assert_close, assert_equal, response_scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

MODES = {
    "zeros": "constant",
    "reflect": "mirror",
    "symmetric": "reflect",
    "replicate": "nearest",
    "circular": "grid-wrap",
}
"""SciPy's names of our padding modes; its `wrap` is `grid-wrap` here."""

DENSE = FilterBank(np.diag(range(1, 6)))
each_algorithm = pytest.mark.parametrize(
    "algorithm",
    ["auto", *(name for name in ALGORITHMS if plan((9, 9), DENSE, algorithm=name).algorithm == name)],
)
"""All that take filters of any size and rank; the others have their own cases elsewhere."""

each_mode = pytest.mark.parametrize("mode", [*MODES])


@each_algorithm
@each_mode
@given(shape=pairs(1, 30), kernel=pairs(1, 9), seed=st.integers(0, 2**32 - 1), data=st.data())
@settings(max_examples=40)
def test_correlate_and_convolve_at_any_origin(
    algorithm: str, mode: str, shape: Pair, kernel: Pair, seed: int, data: st.DataObject
) -> None:
    if mode == "symmetric":
        assume(all(k - 1 <= 2 * n for k, n in zip(kernel, shape, strict=True)))
    rng = np.random.default_rng(seed)
    image, weights = rng.integers(-99, 100, shape), rng.integers(-9, 10, kernel)
    # Where the padding is longer than the image SciPy 1.17 reads beyond it in `reflect`: it gives numbers
    # such as 1e17 that no sum here can reach.
    longest = shape if mode == "symmetric" else kernel
    before = [
        data.draw(st.integers(max(0, k - 1 - n), min(k - 1, n))) for k, n in zip(kernel, longest, strict=True)
    ]
    # SciPy's filter has its centre at k // 2, and `origin` moves it; a convolution turns both.
    origin = [b - k // 2 for b, k in zip(before, kernel, strict=True)]
    turned_origin = [(k - 1) // 2 - b for b, k in zip(before, kernel, strict=True)]
    padding = tuple((b, k - 1 - b) for b, k in zip(before, kernel, strict=True))
    options = {"padding": padding, "padding_mode": mode, "algorithm": algorithm}
    boundary = {"mode": MODES[mode], "output": np.float64}
    correlated = ndimage.correlate(image, weights, origin=origin, **boundary)
    convolved = ndimage.convolve(image, weights, origin=turned_origin, **boundary)
    assert_equal(conv2d(image, weights, **options), correlated)
    assert_equal(conv2d(image, weights, flip=True, **options), convolved)


@cache
def whole_example(
    mode: str, kernel: Pair
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.float64]]:
    """Return an image, weights and SciPy's correlation of the two."""
    rng = np.random.default_rng(7)
    image, weights = rng.integers(0, 256, (263, 601)).astype(np.uint8), rng.integers(-2, 3, kernel)
    origin = [(k - 1) // 2 - k // 2 for k in kernel]
    expected = ndimage.correlate(image, weights, output=np.float64, mode=MODES[mode], origin=origin)
    return image, weights, expected


@each_algorithm
@each_mode
@pytest.mark.parametrize("kernel", [(3, 3), (5, 1), (7, 7), (15, 15), (31, 31), (63, 4)], ids=str)
def test_large_images_are_exact_at_every_pixel(algorithm: str, mode: str, kernel: Pair) -> None:
    image, weights, expected = whole_example(mode, kernel)
    actual = conv2d(image, weights, padding="same", padding_mode=mode, algorithm=algorithm)
    assert_equal(actual, expected)


@cache
def real_example(kernel: Pair) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64]]:
    """Return an image, weights and SciPy's correlation of the two."""
    rng = np.random.default_rng(8)
    image = (rng.standard_normal((257, 391)) + 100).astype(np.float32)
    weights = rng.standard_normal(kernel).astype(np.float32)
    return (
        image,
        weights,
        signal.correlate(*(x.astype(np.float64) for x in (image, weights)), "valid", "direct"),
    )


@each_algorithm
@pytest.mark.parametrize("kernel", [(3, 3), (4, 9), (25, 25)], ids=str)
def test_large_real_images_are_within_the_bound(algorithm: str, kernel: Pair) -> None:
    image, weights, expected = real_example(kernel)
    actual = conv2d(image, weights, algorithm=algorithm)
    scale = response_scale(image, weights[None, None])[0]
    assert_close(actual, expected, case="conv", terms=weights.size, scale=scale)


@each_algorithm
@given(shape=pairs(1, 20), kernel=pairs(1, 9), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_full_correlation_and_convolution(algorithm: str, shape: Pair, kernel: Pair, seed: int) -> None:
    rng = np.random.default_rng(seed)
    image, weights = rng.integers(-99, 100, shape), rng.integers(-9, 10, kernel)
    padding = (kernel[0] - 1, kernel[1] - 1)
    correlated = signal.correlate2d(image, weights, mode="full")
    convolved = signal.convolve2d(image, weights, mode="full")
    assert_equal(conv2d(image, weights, padding=padding, algorithm=algorithm), correlated)
    assert_equal(conv2d(image, weights, padding=padding, flip=True, algorithm=algorithm), convolved)


@given(shape=pairs(1, 30), kernel=pairs(1, 6), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=100)
def test_pools_at_every_cell_are_rank_filters(shape: Pair, kernel: Pair, seed: int) -> None:
    image = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    origin = [(k - 1) // 2 - k // 2 for k in kernel]
    window = {"size": kernel, "origin": origin, "mode": "constant"}
    highest = ndimage.maximum_filter(image, cval=-np.inf, **window)
    lowest = ndimage.minimum_filter(image, cval=np.inf, **window)
    mean = ndimage.uniform_filter(image.astype(np.float64), **window)
    assert_equal(max_pool2d(image, kernel, 1, padding="same"), highest)
    assert_equal(min_pool2d(image, kernel, 1, padding="same"), lowest)
    actual = avg_pool2d(image, kernel, 1, padding="same")
    assert_close(actual, mean, case="pool", terms=kernel[0] * kernel[1], scale=np.abs(image).max())
