"""Kernels named after the built-in filters they are multiples of, plain, turned or negative, and others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convtool.io.filters import builtin_names, read_filter
from convtool.learn.resemblance import Resemblance, resembling

SINGLE = [name for name in builtin_names() if len(read_filter(name).bank) == 1]

SOBEL_X = np.float32([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])


@pytest.mark.parametrize("name", SINGLE)
def test_a_built_in_filter_is_itself(name: str) -> None:
    weights = read_filter(name).bank.weights[0, 0]
    assert resembling(weights) == Resemblance(name, flipped=False, scale=1)
    turned = weights[::-1, ::-1]
    lopsided = not np.allclose(weights, turned)
    assert resembling(turned) == Resemblance(name, flipped=lopsided, scale=1)


@given(name=st.sampled_from(SINGLE), tenths=st.integers(1, 9999), turned=st.booleans())
def test_a_multiple_is_told_by_its_factor(name: str, tenths: int, turned: bool) -> None:
    weights = read_filter(name).bank.weights[0, 0]
    kernel = np.float32(tenths / 10) * (weights[::-1, ::-1] if turned else weights)
    flipped = turned and not np.allclose(weights, weights[::-1, ::-1])
    assert resembling(kernel) == Resemblance(name, flipped, tenths / 10)


def test_the_factor_has_four_digits() -> None:
    assert resembling(SOBEL_X * np.float32(1 / 3)) == Resemblance("sobel-x", flipped=False, scale=0.3333)
    assert resembling(SOBEL_X * np.float32(12345)) == Resemblance("sobel-x", flipped=False, scale=12340)


def test_a_turned_filter_is_named_before_a_negative_one() -> None:
    assert resembling(-2 * SOBEL_X) == Resemblance("sobel-x", flipped=True, scale=2)
    assert resembling(SOBEL_X.T) == Resemblance("sobel-y", flipped=False, scale=1)
    assert resembling(-SOBEL_X.T) == Resemblance("sobel-y", flipped=True, scale=1)


def test_a_filter_that_turning_does_not_change_is_negative() -> None:
    laplacian = np.float32([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
    assert resembling(-3 * laplacian) == Resemblance("laplacian-4", flipped=False, scale=-3)


def test_of_two_filters_that_differ_in_sign_the_positive_is_named() -> None:
    ring = np.ones((3, 3), np.float32)
    ring[1, 1] = -8
    assert resembling(2 * ring) == Resemblance("laplacian-8", flipped=False, scale=2)
    assert resembling(-2 * ring) == Resemblance("outline", flipped=False, scale=2)


def test_a_filter_of_a_bank_has_both_names() -> None:
    kirsch = np.float32([[5, 5, 5], [-3, 0, -3], [-3, -3, -3]])
    assert resembling(kirsch) == Resemblance("kirsch-n", flipped=False, scale=1)
    assert resembling(kirsch[::-1] / 8) == Resemblance("kirsch-s", flipped=False, scale=0.125)


def test_a_filter_by_itself_is_named_before_one_of_a_bank() -> None:
    """Laws' l5l5 is 256 Gaussians; Robinson's north is Sobel's, turned; Frei and Chen's mean is 3 boxes."""
    found = {
        bank: resembling(read_filter(bank).bank.weights[number, 0])
        for bank, number in (("laws", 0), ("robinson", 0), ("frei-chen", 8))
    }
    assert found == {
        "laws": Resemblance("gaussian-5", flipped=False, scale=256),
        "robinson": Resemblance("sobel-y", flipped=True, scale=1),
        "frei-chen": Resemblance("box-3", flipped=False, scale=3),
    }


@pytest.mark.parametrize("scale", [1e-6, 1, 1e6])
def test_weights_may_be_off_by_a_hundredth_of_the_largest(scale: float) -> None:
    near, far = SOBEL_X.copy(), SOBEL_X.copy()
    near[1, 1], far[1, 1] = 0.018, 0.022
    assert resembling(np.float32(scale) * near) == Resemblance("sobel-x", flipped=False, scale=scale)
    assert resembling(np.float32(scale) * far) is None


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("border", [1, 2, ((2, 2), (0, 0))], ids=str)
def test_a_border_of_zeros_makes_no_difference(name: str, border: Any) -> None:
    weights = read_filter(name).bank.weights[0, 0]
    noise = np.random.default_rng(1).uniform(-0.005, 0.005, np.pad(weights, border).shape)
    wide = np.pad(weights, border) + noise.astype(np.float32) * np.abs(weights).max()
    found = resembling(wide)
    assert found is not None
    assert (found.filter, found.flipped) == (name, False)
    assert found.scale == pytest.approx(1, abs=0.02)


def test_a_kernel_may_lack_the_border_of_zeros_of_a_filter() -> None:
    assert resembling(np.float32([[3]])) == Resemblance("identity", flipped=False, scale=3)
    cross = read_filter("laplacian-4").bank.weights[0, 0]
    assert resembling(cross[:, 1:2]) is None
    assert resembling(np.float32([[0, -2, 0]])) == Resemblance("identity", flipped=False, scale=-2)


def test_a_border_on_one_side_makes_another_filter() -> None:
    assert resembling(np.pad(SOBEL_X, ((0, 1), (0, 1)))) is None
    assert resembling(np.pad(SOBEL_X, ((0, 2), (1, 1)))) is None


@pytest.mark.parametrize(
    "kernel",
    [
        np.zeros((3, 3)),
        np.arange(9).reshape(3, 3),
        np.zeros((1, 1)),
        np.ones((4, 3)),
        np.ones((33, 33)),
        SOBEL_X + np.eye(3),
    ],
    ids=["zeros", "others", "zero", "4x3", "33x33", "added"],
)
def test_other_kernels_resemble_none(kernel: np.ndarray) -> None:
    assert resembling(kernel.astype(np.float32)) is None
