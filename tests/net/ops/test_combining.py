"""What joins several values: against ONNX Runtime, and what each input has a share in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convtool.errors import ArgumentError, InputError
from convtool.net.ops import Add, Concat, Constant, Multiply, Operation
from tests.net.onnx_peer import run_node
from tests.net.ops.derivatives import foreseen
from tests.strategies import generators
from tests.tolerances import assert_equal

SPREAD = [
    ((2, 3, 4, 5), (2, 3, 4, 5)),
    ((2, 3, 4, 5), (3, 1, 1)),
    ((1, 3, 1, 1), (2, 3, 4, 5)),
    ((2, 1, 4, 1), (1, 3, 1, 5)),
    ((2, 3), (3,)),
    ((), (2, 3)),
    ((1,), (1, 1, 1)),
]
each_pair = pytest.mark.parametrize("shapes", SPREAD, ids=str)
each_paired = pytest.mark.parametrize(("operation", "operator"), [(Add(), "Add"), (Multiply(), "Mul")])


def whole(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.integers(-9, 10, shape).astype(np.float32)


def counted(operation: Operation, gradient: np.ndarray, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """What each value of each input counts in the sum of gradient · output, one changed at a time."""
    shares = [np.zeros(value.shape) for value in inputs]
    for number, value in enumerate(inputs):
        for place in np.ndindex(value.shape):
            ends = []
            for step in (1, -1):
                changed = [each.copy() for each in inputs]
                changed[number][place] += step
                ends.append((operation.run(*changed) * gradient).sum(dtype=np.float64))
            shares[number][place] = (ends[0] - ends[1]) / 2
    return shares


def check_shares(operation: Operation, inputs: list[np.ndarray], rng: np.random.Generator) -> None:
    output = foreseen(operation, *inputs)
    gradient = whole(rng, output.shape)
    found = operation.pull(gradient, output, *inputs)
    assert len(found) == len(inputs)
    for actual, expected in zip(found, counted(operation, gradient, inputs), strict=True):
        assert_equal(actual, expected)


@each_paired
@each_pair
def test_two_values_are_spread_over_each_other(
    operation: Operation, operator: str, shapes: tuple[tuple[int, ...], ...]
) -> None:
    rng = np.random.default_rng(0)
    inputs = [whole(rng, shape) for shape in shapes]
    assert_equal(foreseen(operation, *inputs), run_node(operator, *inputs))
    check_shares(operation, inputs, rng)


@given(data=st.data(), rng=generators())
@settings(max_examples=40)
def test_values_one_behind_the_other(data: st.DataObject, rng: np.random.Generator) -> None:
    shape = data.draw(st.sampled_from([(2, 2, 2, 3), (1, 4), (2, 3, 2)]))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    inputs = []
    for _ in range(data.draw(st.integers(1, 4))):
        sizes = list(shape)
        sizes[axis] = data.draw(st.integers(1, 3))
        inputs.append(whole(rng, tuple(sizes)))
    assert_equal(foreseen(Concat(axis), *inputs), run_node("Concat", *inputs, axis=axis))
    check_shares(Concat(axis), inputs, rng)


def test_concat_joins_channels_if_no_axis_is_named() -> None:
    assert Concat().shape((1, 2, 5, 5), (1, 3, 5, 5)) == (1, 5, 5, 5)


def test_one_value_added_to_itself_counts_twice() -> None:
    value, gradient = np.ones((1, 2), np.float32), np.array([[3, 5]], np.float32)
    assert sum(Add().pull(gradient, value + value, value, value)).tolist() == [[6, 10]]


def test_a_constant_is_its_array() -> None:
    values = np.arange(6).reshape(2, 3)
    constant = Constant(values)
    assert_equal(foreseen(constant), values)
    assert constant.pull(np.ones((2, 3), np.float32), constant.run()) == ()
    assert constant.inputs == 0
    values[0, 0] = 9
    assert constant.run()[0, 0] == 0
    assert list(constant.arrays) == ["value"]


def test_a_product_is_not_linear_and_a_sum_is() -> None:
    assert (Add.linear, Concat.linear, Multiply.linear) == (True, True, False)


@pytest.mark.parametrize("operation", [Add(), Multiply()])
@pytest.mark.parametrize(
    ("shapes", "told"), [(((1, 2, 4, 4), (1, 3, 4, 4)), "1×2×4×4 and 1×3×4×4"), (((2,), (3,)), "2 and 3")]
)
def test_shapes_that_cannot_be_spread_are_refused(
    operation: Operation, shapes: tuple[tuple[int, ...], ...], told: str
) -> None:
    with pytest.raises(InputError, match=f"its inputs are {told}; they must be of one shape, or 1 along"):
        operation.shape(*shapes)


@pytest.mark.parametrize(
    ("shapes", "axis", "message"),
    [
        ([(1, 2, 4, 4), (1, 2, 4, 5)], 1, "1×2×4×4, 1×2×4×5; they must be alike but along axis 1"),
        ([(1, 2, 4, 4), (1, 2, 5, 4)], -1, "they must be alike but along axis 3"),
        ([(1, 2), (1, 2, 3)], 1, "its inputs are 1×2, 1×2×3"),
        ([(1, 2), (1, 3)], 2, "axis is 2, its input has 2 axes; use -2 to 1"),
    ],
)
def test_what_cannot_stand_one_behind_the_other_is_refused(
    shapes: list[tuple[int, ...]], axis: int, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        Concat(axis).shape(*shapes)


def test_a_constant_holds_finite_numbers() -> None:
    with pytest.raises(InputError, match="value holds NaN or infinity; every number must be finite"):
        Constant([1, np.inf])
    with pytest.raises(ArgumentError, match="value has dtype complex128"):
        Constant([1j])
