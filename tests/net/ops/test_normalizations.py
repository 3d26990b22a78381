"""Normalisation: against ONNX Runtime, and its derivatives against what a small change does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convtool.errors import ArgumentError, InputError
from convtool.net.ops import BatchNorm, LocalResponseNorm
from tests.net.onnx_peer import run_node
from tests.net.ops.derivatives import foreseen, jacobian, pulled
from tests.strategies import generators
from tests.tolerances import assert_close, assert_equal, assert_near


@given(
    shape=st.sampled_from([(2, 3, 4, 5), (1, 1, 1, 1), (4, 3), (2, 5, 3)]),
    epsilon=st.sampled_from([1e-5, 1e-3, 0.5]),
    rng=generators(),
)
@settings(max_examples=40)
def test_batch_norm_is_that_of_onnx_runtime(
    shape: tuple[int, ...], epsilon: float, rng: np.random.Generator
) -> None:
    channels = shape[1]
    scale, shift, mean = (rng.standard_normal(channels).astype(np.float32) for _ in range(3))
    variance = rng.uniform(0.1, 4, channels).astype(np.float32)
    values = rng.standard_normal(shape).astype(np.float32)
    actual = foreseen(BatchNorm(scale, shift, mean, variance, epsilon), values)
    expected = run_node("BatchNormalization", values, scale, shift, mean, variance, epsilon=epsilon)
    parts = (np.abs(values).max() + np.abs(mean).max()) * np.abs(scale).max() / np.sqrt(variance.min())
    assert_close(actual, expected, case="conv", terms=8, scale=parts + np.abs(shift).max())


@given(rng=generators())
@settings(max_examples=20)
def test_a_gradient_passes_batch_norm_times_its_factor(rng: np.random.Generator) -> None:
    """Deviations that are powers of 2, so that nothing is rounded."""
    scale, shift, mean = (rng.integers(-5, 6, 2) for _ in range(3))
    operation = BatchNorm(scale, shift, mean, 4.0 ** rng.integers(-1, 2, 2), 0)
    image, gradient = (rng.integers(-9, 10, (1, 2, 3, 3)).astype(np.float32) for _ in range(2))
    expected = jacobian(operation, image, 1) @ gradient.ravel()
    assert_equal(pulled(operation, gradient, image), expected.reshape(image.shape))


def test_a_gradient_passes_batch_norm_of_vectors() -> None:
    operation = BatchNorm([3, 5], [0, 1], [2, 2], [1, 4], 0)
    gradient = np.array([[2, 2], [4, 0]], np.float32)
    assert_equal(pulled(operation, gradient, gradient), np.array([[6, 5], [12, 0]]))


@given(
    size=st.integers(1, 9),
    channels=st.integers(1, 6),
    alpha=st.sampled_from([1e-4, 0.5, 2.0]),
    beta=st.sampled_from([0.75, 0.5, 1.0]),
    bias=st.sampled_from([1.0, 2.0]),
    rng=generators(),
)
@settings(max_examples=60)
def test_local_response_norm_is_that_of_the_formula(
    size: int, channels: int, alpha: float, beta: float, bias: float, rng: np.random.Generator
) -> None:
    operation = LocalResponseNorm(size, alpha, beta, bias)
    values = rng.standard_normal((2, channels, 2, 3)).astype(np.float32)
    expected = np.empty(values.shape)
    for c in range(channels):
        around = values[:, max(0, c - (size - 1) // 2) : c + size // 2 + 1].astype(np.float64)
        expected[:, c] = values[:, c] / (bias + alpha / size * (around**2).sum(axis=1)) ** beta
    assert_near(foreseen(operation, values), expected)
    if size % 2:  # ONNX Runtime takes no other
        peer = run_node("LRN", values, size=size, alpha=alpha, beta=beta, bias=bias)
        assert_near(operation.run(values), peer)


@given(
    size=st.integers(1, 6),
    alpha=st.sampled_from([0.5, 2]),
    beta=st.sampled_from([0.75, 0.5, 1.0]),
    rng=generators(),
)
@settings(max_examples=40)
def test_a_gradient_passes_local_response_norm_by_its_slope(
    size: int, alpha: float, beta: float, rng: np.random.Generator
) -> None:
    """In float64, which the operation keeps, so that the differences of a small step are sharp."""
    operation = LocalResponseNorm(size, alpha, beta)
    image, gradient = rng.standard_normal((1, 4, 2, 2)), rng.standard_normal((1, 4, 2, 2))
    expected = jacobian(operation, image, 1e-4) @ gradient.ravel()
    assert_near(pulled(operation, gradient, image), expected.reshape(image.shape))


def test_batch_norm_is_linear_and_local_response_norm_is_not() -> None:
    assert BatchNorm.linear
    assert not LocalResponseNorm.linear
    assert list(BatchNorm([1], [2], [3], [4]).arrays) == ["scale", "shift", "mean", "variance"]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: BatchNorm([1, 2], [1], [1, 2], [1, 2]),
            InputError,
            "differ in length: scale 2, shift 1, mean 2, variance 2; give one number a channel",
        ),
        (
            lambda: BatchNorm([[1]], [1], [1], [1]),
            InputError,
            r"scale has shape \(1, 1\); it must have 1 axes",
        ),
        (lambda: BatchNorm([1], [1], [np.inf], [1]), InputError, "mean holds NaN or infinity"),
        (lambda: BatchNorm([1], [1], [1], [0], 0), InputError, "variance and epsilon sum to 0 or less"),
        (lambda: BatchNorm([1], [1], [1], [-1]), InputError, "they must be above 0"),
        (lambda: BatchNorm([1], [1], [1], [1], None), ArgumentError, "epsilon is None; it must be a number"),
        (
            lambda: BatchNorm([1], [1], [1], [1]).shape((1, 2, 3, 3)),
            InputError,
            r"it has numbers for 1 channel\(s\), its input is 1×2×3×3",
        ),
        (lambda: BatchNorm([1], [1], [1], [1]).shape((1,)), InputError, "its input is 1$"),
        (lambda: LocalResponseNorm(0), ArgumentError, "size is 0; it must be a whole number of at least 1"),
        (lambda: LocalResponseNorm(5, beta="x"), ArgumentError, "beta is 'x'; it must be a number"),
        (lambda: LocalResponseNorm(5).shape((1, 2)), InputError, r"it needs maps \(N, C, H, W\)"),
    ],
)
def test_what_does_not_fit_is_refused(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_more_channels_around_than_there_are_cost_nothing() -> None:
    maps = np.ones((1, 3, 2, 2), np.float32)
    wide, widest = (LocalResponseNorm(size, alpha=float(size)).run(maps) for size in (7, 2**40 + 1))
    assert wide.tolist() == widest.tolist()
