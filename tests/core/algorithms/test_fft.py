"""The convolution theorem in blocks: exact for whole numbers, at every seam and every size."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool import FilterBank, conv2d, plan
from convtool.core.algorithms import fft
from convtool.core.tiles import regions
from tests.core import twins
from tests.strategies import EXACT_BELOW
from tests.tolerances import assert_close, assert_equal, assert_same_bytes, response_scale


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_a_strong_whole_kernel_on_an_8_bit_image_is_exact(padding: str) -> None:
    """Σ|w|·max|x| is 2.4 million, where float32 transforms would be wrong by up to a half."""
    rng = np.random.default_rng(5)
    image = rng.integers(0, 256, (1, 1, 300, 520)).astype(np.uint8)
    weights = rng.choice([-10, 10], (1, 1, 31, 31))
    assert plan(image.shape, FilterBank(weights), algorithm="fft", padding=padding).algorithm == "fft"
    expected = twins.conv2d(image, weights, padding=padding)
    assert_same_bytes(conv2d(image, weights, padding=padding, algorithm="fft"), expected.astype(np.float32))


def test_the_largest_exact_responses_are_exact() -> None:
    rng = np.random.default_rng(6)
    weights = rng.integers(-9, 10, (1, 1, 25, 25))
    strongest = (EXACT_BELOW - 1) // int(np.abs(weights).sum())
    image = strongest * rng.choice([-1, 1], (1, 1, 150, 170))
    assert_equal(conv2d(image, weights, algorithm="fft"), twins.conv2d(image, weights))


def test_whole_weights_on_real_pixels_are_not_rounded_to_whole_numbers() -> None:
    rng = np.random.default_rng(7)
    image = rng.random((1, 1, 90, 80), dtype=np.float32)
    weights = rng.integers(-3, 4, (1, 1, 9, 9))
    actual = conv2d(image, weights, algorithm="fft")
    expected = twins.conv2d(image, weights)
    scale = response_scale(image, weights)
    assert_close(actual, expected, case="conv", terms=1, scale=scale)  # computed in float64
    assert np.abs(expected - np.rint(expected)).mean() > 0.2


@pytest.mark.parametrize("size", [(700, 500), (1, 3000), (2000, 40), (257, 258)], ids=str)
@pytest.mark.parametrize("kernel", [(1, 1), (31, 31), (15, 7), (1, 60)], ids=str)
def test_blocks_have_no_seams(size: tuple[int, int], kernel: tuple[int, int]) -> None:
    rng = np.random.default_rng(8)
    image = rng.integers(0, 256, (1, 1, *size)).astype(np.float32)
    weights = np.zeros((1, 1, *kernel))
    weights[0, 0, 0, 0], weights[0, 0, -1, -1], weights[0, 0, kernel[0] // 2, kernel[1] // 2] = 3, -5, 7
    options = {"padding": "same", "padding_mode": "circular"}
    planned = plan(image.shape, FilterBank(weights), algorithm="fft", **options)
    assert planned.algorithm == "fft"
    assert len(regions(1, size, planned.tile)) > 1
    assert_equal(conv2d(image, weights, algorithm="fft", **options), twins.conv2d(image, weights, **options))


def test_a_filter_beyond_half_the_largest_block_is_left_to_others() -> None:
    half = fft.LENGTHS[-1] // 2
    assert plan((1, 3000), FilterBank(np.ones((1, half))), algorithm="fft").algorithm == "fft"
    too_wide = plan((1, 3000), FilterBank(np.ones((1, half + 1))), algorithm="fft")
    assert f"the filter reaches over {half + 1} cells" in too_wide.why


def test_lengths_have_small_factors() -> None:
    assert all(a < b for a, b in pairwise(fft.LENGTHS))
    for length in fft.LENGTHS:
        for factor in (2, 3, 5):
            while length % factor == 0:
                length //= factor
        assert length == 1


@given(result=st.integers(1, 5000), reach=st.integers(1, fft.LENGTHS[-1] // 2))
def test_a_block_holds_the_filter_twice_and_is_not_twice_what_is_needed(result: int, reach: int) -> None:
    length = fft._length(result, reach)
    assert length in fft.LENGTHS
    assert length >= 2 * reach or length == fft.LENGTHS[-1]
    smallest = min(n for n in fft.LENGTHS if n >= 2 * reach)
    assert length <= max(smallest, 2 * (result + reach - 1))
