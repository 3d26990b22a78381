"""The activations: against ONNX Runtime, and their derivatives against what a small change does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convtool.errors import ArgumentError, InputError
from convtool.net.ops import Clip, LeakyRelu, Operation, PRelu, Relu, Sigmoid, Softmax, Tanh
from convtool.net.ops.base import Reach
from tests.net.onnx_peer import run_node
from tests.net.ops.derivatives import foreseen, jacobian, pulled
from tests.strategies import generators
from tests.tolerances import assert_equal, assert_near

shapes = st.sampled_from([(2, 3, 4, 5), (1, 2, 1, 1), (3, 7), (1, 1), (2, 3, 4)])

PLAIN = {
    "Relu": (Relu(), {}),
    "LeakyRelu": (LeakyRelu(0.3), {"alpha": 0.3}),
    "Sigmoid": (Sigmoid(), {}),
    "Tanh": (Tanh(), {}),
}
each_plain = pytest.mark.parametrize("operator", PLAIN)
NAN, INF = np.nan, np.inf


def values_of(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return (rng.standard_normal(shape) * 10.0 ** rng.integers(-2, 3, shape)).astype(np.float32)


def off_zero(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Halves, so that a step of a quarter passes neither 0 nor any other whole number."""
    return (rng.integers(-5, 5, shape) + 0.5).astype(np.float32)


@each_plain
@given(shape=shapes, rng=generators())
@settings(max_examples=20)
def test_an_activation_is_that_of_onnx_runtime(
    operator: str, shape: tuple[int, ...], rng: np.random.Generator
) -> None:
    operation, attributes = PLAIN[operator]
    values = values_of(rng, shape)
    assert_near(foreseen(operation, values), run_node(operator, values, **attributes))


@given(shape=shapes, rng=generators(), ends=st.tuples(st.integers(-9, 0), st.integers(0, 9)))
@settings(max_examples=20)
def test_clip_is_that_of_onnx_runtime(
    shape: tuple[int, ...], rng: np.random.Generator, ends: tuple[int, int]
) -> None:
    values = values_of(rng, shape)
    low, high = (np.array(end, np.float32) for end in ends)
    assert_equal(foreseen(Clip(*ends), values), run_node("Clip", values, low, high))
    assert_equal(foreseen(Clip(low=ends[0]), values), run_node("Clip", values, low))
    assert_equal(foreseen(Clip(high=ends[1]), values), run_node("Clip", values, None, high))
    assert_equal(foreseen(Clip(), values), values)


@given(rng=generators(), slopes=st.sampled_from([(), (1,), (3,), (3, 1, 1), (3, 4, 5), (4, 1), (1, 3, 1, 1)]))
@settings(max_examples=30)
def test_prelu_is_that_of_onnx_runtime(rng: np.random.Generator, slopes: tuple[int, ...]) -> None:
    """Slopes of one axis are the channels' here; ONNX spreads them over the last axis."""
    values, slope = values_of(rng, (2, 3, 4, 5)), rng.standard_normal(slopes).astype(np.float32)
    spread = slope.reshape(-1, 1, 1) if slope.ndim == 1 else slope
    assert_near(foreseen(PRelu(slope), values), run_node("PRelu", values, spread))


def test_prelu_takes_a_slope_a_value_of_vectors() -> None:
    values = np.array([[-1, -2, 3]], np.float32)
    assert_equal(foreseen(PRelu([1, 2, 4]), values), np.array([[-1, -4, 3]]))


@given(shape=shapes, rng=generators(), data=st.data())
@settings(max_examples=40)
def test_softmax_is_that_of_onnx_runtime(
    shape: tuple[int, ...], rng: np.random.Generator, data: st.DataObject
) -> None:
    axis, values = data.draw(st.integers(-len(shape), len(shape) - 1)), values_of(rng, shape)
    assert_near(foreseen(Softmax(axis), values), run_node("Softmax", values, axis=axis))
    assert_near(foreseen(Softmax(axis, flat=True), values), run_node("Softmax", values, axis=axis, opset=11))


def test_softmax_of_large_scores_overflows_nowhere() -> None:
    scores = np.array([[3e38, -3e38, 3e38]], np.float32)
    assert_equal(Softmax().run(scores), np.array([[0.5, 0, 0.5]]))


def test_sigmoid_of_large_values_is_0_or_1() -> None:
    assert_equal(Sigmoid().run(np.array([[-1e30, -INF, 0, INF, 1e30]])), np.array([[0, 0, 0.5, 1, 1]]))


@pytest.mark.parametrize("operation", [*(made for made, _ in PLAIN.values()), Clip(-1, 1), PRelu(0.5)])
def test_nan_goes_through(operation: Operation) -> None:
    assert np.isnan(operation.run(np.array([[NAN, 1]], np.float32))).tolist() == [[True, False]]


def test_relu_takes_values_of_any_number_of_axes() -> None:
    for shape in [(), (3,), (1, 3), (2, 1, 3)]:
        assert_equal(foreseen(Relu(), np.full(shape, -2, np.float32)), np.zeros(shape))


STEPPED = [Relu(), LeakyRelu(0.25), PRelu(0.25), PRelu([0.25, -0.5]), PRelu([[[2]], [[4]]]), Clip(-2, 3)]


@pytest.mark.parametrize("operation", STEPPED, ids=repr)
@given(rng=generators())
@settings(max_examples=20)
def test_a_gradient_passes_by_the_slope_of_each_piece(operation: Operation, rng: np.random.Generator) -> None:
    image = off_zero(rng, (1, 2, 3, 3))
    gradient = rng.integers(-9, 10, image.shape).astype(np.float32)
    expected = jacobian(operation, image, 0.25) @ gradient.ravel()
    assert_equal(pulled(operation, gradient, image), expected.reshape(image.shape))


def test_at_a_bend_the_slope_is_that_below_it() -> None:
    values, gradient = np.array([[-1, 0, 1e-9]], np.float32), np.full((1, 3), 4, np.float32)
    assert pulled(Relu(), gradient, values).tolist() == [[0, 0, 4]]
    assert pulled(LeakyRelu(0.5), gradient, values).tolist() == [[2, 2, 4]]
    assert pulled(PRelu(0.25), gradient, values).tolist() == [[1, 1, 4]]


SMOOTH = [Sigmoid(), Tanh(), Softmax(), Softmax(-1), Softmax(2, flat=True), Softmax(1, flat=True)]


@pytest.mark.parametrize("operation", SMOOTH, ids=repr)
@given(rng=generators())
@settings(max_examples=20)
def test_a_gradient_passes_by_the_slope_at_each_value(operation: Operation, rng: np.random.Generator) -> None:
    """In float64, which these operations keep, so that the differences of a small step are sharp."""
    image, gradient = rng.standard_normal((1, 2, 3, 3)), rng.standard_normal((1, 2, 3, 3))
    expected = jacobian(operation, image, 1e-4) @ gradient.ravel()
    assert_near(pulled(operation, gradient, image), expected.reshape(image.shape))


@pytest.mark.parametrize("operation", [Relu(), Sigmoid(), Clip(), PRelu(0.5), LeakyRelu(), Tanh()])
def test_a_unit_sees_its_own_cell(operation: Operation) -> None:
    assert operation.reach((1, 1, 4, 4)) == Reach((1, 1), (1, 1), (0, 0))


def test_only_what_is_bent_everywhere_is_not_linear() -> None:
    linear = {type(operation): operation.linear for operation in [*STEPPED, *SMOOTH]}
    assert linear == {
        Relu: True,
        LeakyRelu: True,
        PRelu: True,
        Clip: True,
        Sigmoid: False,
        Tanh: False,
        Softmax: False,
    }


def test_slopes_were_learned_and_are_read_only() -> None:
    slope = np.ones(3)
    operation = PRelu(slope)
    assert list(operation.arrays) == ["slope"]
    slope[0] = 7
    assert operation.arrays["slope"].tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="read-only"):
        operation.arrays["slope"][0] = 7


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: LeakyRelu("steep"), ArgumentError, "slope is 'steep'; it must be a number"),
        (lambda: LeakyRelu(NAN), ArgumentError, "slope is nan; it must be a number"),
        (lambda: Clip(low=None), ArgumentError, "low is None; it must be a number"),
        (lambda: Clip(high=NAN), ArgumentError, "high is nan; it must be a number"),
        (lambda: PRelu([1, NAN]), InputError, "slope holds NaN or infinity; every number must be finite"),
        (lambda: PRelu([[1, 2], [3]]), InputError, "slope is not a rectangle of numbers"),
        (lambda: PRelu(["a"]), ArgumentError, "slope has dtype <U1; it must be a real number type"),
        (
            lambda: PRelu([1, 2]).shape((1, 3, 2, 2)),
            InputError,
            "slope has shape 2×1×1, its input is 1×3×2×2",
        ),
        (lambda: PRelu(np.ones((3, 1, 3))).shape((1, 3, 1, 1)), InputError, "give one a channel"),
        (lambda: Softmax(2).shape((1, 3)), InputError, "axis is 2, its input has 2 axes; use -2 to 1"),
        (lambda: Softmax(-3).shape((1, 3)), InputError, "axis is -3, its input has 2 axes"),
    ],
)
def test_what_does_not_fit_is_refused(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
