"""ReLU and its leaky kin, in place or not, and in the pass of a convolution."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.core.activation import leak, rectify, relu
from convtool.core.bank import FilterBank
from convtool.core.convolution import conv2d, leaky_maps
from tests.tolerances import assert_equal, assert_same_bytes

SPECIAL = np.float32([[-np.inf, -2.5, -0.0], [0.0, 3.5, np.inf]])


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (1, 2, 40_000), (2, 1, 1, 70_000)], ids=str)
def test_what_is_below_0_becomes_0(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    assert_equal(relu(values), np.where(values > 0, values, 0))


def test_nan_stays_nan_and_infinity_infinity() -> None:
    assert_equal(relu(SPECIAL), np.float32([[0, 0, 0], [0, 3.5, np.inf]]))
    assert np.isnan(relu([np.nan, 1])).tolist() == [True, False]


def test_responses_are_rectified_in_place() -> None:
    responses = SPECIAL.copy()
    rectify(responses, out=responses)
    assert_equal(responses, relu(SPECIAL))


@given(
    filters=st.integers(1, 4),
    size=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    seed=st.integers(0, 2**32 - 1),
)
def test_what_is_below_0_leaks_by_the_slope_of_its_filter(
    filters: int, size: tuple[int, int], seed: int
) -> None:
    random = np.random.default_rng(seed)
    responses = random.normal(size=(2, filters, *size)).astype(np.float32)
    slopes = random.normal(size=filters).astype(np.float32)
    expected = np.where(responses > 0, responses, responses * slopes.reshape(-1, 1, 1))
    leak(responses, slopes.tolist(), np.empty(size, np.float32))
    assert_equal(responses, expected)


def test_a_leak_of_nan_is_nan() -> None:
    responses = np.full((1, 1, 1, 2), np.nan, np.float32)
    leak(responses, [0.5], np.empty((1, 2), np.float32))
    assert np.isnan(responses).all()


@pytest.mark.parametrize("size", [(9, 11), (300, 200)], ids=str)
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_a_leak_in_the_pass_of_a_convolution_is_that_of_its_responses(
    size: tuple[int, int], padding: str
) -> None:
    random = np.random.default_rng(1)
    images = random.normal(size=(2, 3, *size)).astype(np.float32)
    bank = FilterBank(random.normal(size=(4, 3, 3, 3)), random.normal(size=4))
    slopes = [0.25, -1, 0, 2]
    responses = conv2d(images, bank.weights, bank.bias, padding=padding)
    expected = np.where(responses > 0, responses, responses * np.float32(slopes).reshape(-1, 1, 1))
    found = leaky_maps(
        images, bank, slopes, stride=1, padding=padding, padding_mode="zeros", dilation=1, groups=1
    )
    assert_same_bytes(found + 0, expected + 0)
