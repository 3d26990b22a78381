"""What moves values and changes none: where each goes, and that its gradient comes back."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convtool.errors import ArgumentError, InputError
from convtool.net.ops import Dropout, Flatten, Identity, Operation, Pad, Reshape, Transpose
from convtool.net.ops.base import Reach
from tests import oracles
from tests.net.onnx_peer import run_node
from tests.net.ops.derivatives import foreseen, pulled
from tests.strategies import generators
from tests.tolerances import assert_equal

shapes = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)


def numbered(shape: tuple[int, ...]) -> np.ndarray:
    return np.arange(prod(shape), dtype=np.float32).reshape(shape)


def check_moved(operation: Operation, values: np.ndarray, expected: np.ndarray) -> None:
    """The gradient of values that are only moved is moved back."""
    assert_equal(foreseen(operation, values), expected)
    assert_equal(pulled(operation, expected, values), values)
    assert operation.reach(values.shape) is None


@pytest.mark.parametrize("operation", [Identity(), Dropout(0.3)])
def test_nothing_is_done_outside_of_training(operation: Operation) -> None:
    values = numbered((2, 3, 4, 4))
    assert_equal(foreseen(operation, values), values)
    assert_equal(pulled(operation, values * 2, values), values * 2)
    assert operation.reach(values.shape) == Reach()


@given(shape=shapes, data=st.data())
@settings(max_examples=40)
def test_flatten_is_that_of_onnx_runtime(shape: tuple[int, ...], data: st.DataObject) -> None:
    axis, values = data.draw(st.integers(-len(shape), len(shape))), numbered(shape)
    check_moved(Flatten(axis), values, run_node("Flatten", values, axis=axis))


@given(shape=shapes, data=st.data())
@settings(max_examples=60)
def test_reshape_is_that_of_onnx_runtime(shape: tuple[int, ...], data: st.DataObject) -> None:
    values, kept = numbered(shape), data.draw(st.integers(0, len(shape)))
    rest = data.draw(st.sampled_from([[-1], [prod(shape[kept:])], [1, -1], [prod(shape[kept:]), -1, 1]]))
    to = [0] * kept + rest
    check_moved(Reshape(to), values, run_node("Reshape", values, np.array(to)))


@given(shape=shapes, data=st.data())
@settings(max_examples=40)
def test_transpose_is_that_of_onnx_runtime(shape: tuple[int, ...], data: st.DataObject) -> None:
    values, axes = numbered(shape), data.draw(st.permutations(range(len(shape))))
    check_moved(Transpose(axes), values, run_node("Transpose", values, perm=axes))
    check_moved(Transpose(), values, values.T)


@st.composite
def pads(draw: st.DrawFn) -> tuple[Pad, np.ndarray, list[int]]:
    """A pad of any axes, cells taken away among them; none reflects more than there is."""
    mode = draw(st.sampled_from(["constant", "edge", "reflect", "wrap"]))
    shape = draw(st.lists(st.integers(2, 5), min_size=2, max_size=4))
    most = 1 if mode in ("reflect", "wrap") else 3
    sides = [
        [draw(st.integers(-1 if size > 3 else 0, most)) for _ in range(2)] if draw(st.booleans()) else [0, 0]
        for size in shape
    ]
    before, after = zip(*sides, strict=True)
    value = draw(st.sampled_from([0, 3, -2.5])) if mode == "constant" else 0
    return Pad(before, after, mode, value), numbered(tuple(shape)), [*before, *after]


@given(case=pads())
@settings(max_examples=80)
def test_pad_is_that_of_onnx_runtime(case: tuple[Pad, np.ndarray, list[int]]) -> None:
    operation, values, pads = case
    value = np.array(operation.value, np.float32)
    assert_equal(
        foreseen(operation, values), run_node("Pad", values, np.array(pads), value, mode=operation.mode)
    )


@given(case=pads(), rng=generators())
@settings(max_examples=60)
def test_a_gradient_is_added_up_in_the_cells_that_were_copied(
    case: tuple[Pad, np.ndarray, list[int]], rng: np.random.Generator
) -> None:
    operation, values, _ = case
    gradient = rng.integers(-9, 10, operation.shape(values.shape)).astype(np.float32)
    expected, nothing = np.zeros(values.shape), operation.run(np.zeros_like(values))
    for place in np.ndindex(values.shape):
        unit = np.zeros_like(values)
        unit[place] = 1
        expected[place] = ((operation.run(unit) - nothing) * gradient).sum()
    assert_equal(pulled(operation, gradient, values), expected)


@pytest.mark.parametrize(
    ("mode", "ours"), [("reflect", "reflect"), ("wrap", "circular"), ("edge", "replicate")]
)
def test_more_may_be_added_than_there_is(mode: Any, ours: str) -> None:
    maps = numbered((1, 1, 3, 2))
    actual = foreseen(Pad((7, 5), (4, 8), mode), maps)
    assert_equal(actual, oracles.pad(maps, ((7, 4), (5, 8)), ours))


def test_numbers_of_a_pad_are_those_of_the_last_axes() -> None:
    assert Pad((1, 2), (3, 4)).shape((5, 6, 7, 8)) == (5, 6, 11, 14)
    assert Pad((1, 2), (3, 4)).reach((5, 6, 7, 8)) == Reach(first=(-1, -2))
    assert Pad((2,), (0,)).reach((5, 6, 7, 8)) == Reach(first=(0, -2))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Dropout(1), ArgumentError, "share is 1; it must be from 0 to below 1"),
        (lambda: Dropout(None), ArgumentError, "share is None; it must be from 0 to below 1"),
        (lambda: Flatten(3).shape((1, 2)), InputError, "axis is 3, its input has 2 axes; use -2 to 1"),
        (lambda: Reshape([-1, -1]), ArgumentError, r"to is \[-1, -1\]; at most one size may be -1"),
        (lambda: Reshape([-2]), ArgumentError, r"to is \[-2\]; at most one size may be -1, none below"),
        (lambda: Reshape(4), ArgumentError, "to is 4; it must be a list of whole numbers"),
        (lambda: Reshape([1.5]), ArgumentError, r"to is \[1.5\]; it must be a list of whole numbers"),
        (
            lambda: Reshape([1, 0, 0]).shape((1, 4)),
            InputError,
            r"to is \[1, 0, 0\], its input 1×4 has no axis 2 to keep",
        ),
        (
            lambda: Reshape([3, -1]).shape((1, 4)),
            InputError,
            "its input 1×4 holds 4 values; they do not fill 3×-1",
        ),
        (lambda: Reshape([5]).shape((1, 4)), InputError, "they do not fill 5"),
        (lambda: Reshape([0, 4], zero_is_zero=True).shape((1, 4)), InputError, "they do not fill 0×4"),
        (lambda: Reshape([0, -1], zero_is_zero=True).shape((1, 4)), InputError, "they do not fill 0×-1"),
        (lambda: Transpose([0, 0]), ArgumentError, r"axes is \[0, 0\]; name every axis from 0 on once"),
        (
            lambda: Transpose([1, 0]).shape((1, 2, 3)),
            InputError,
            r"axes is \[1, 0\], its input 1×2×3 has 3 axes",
        ),
        (
            lambda: Pad((1,), (1, 2)),
            ArgumentError,
            r"before is \(1,\), after \(1, 2\); give one number an axis",
        ),
        (lambda: Pad((1.5,), (1,)), ArgumentError, r"before is \(1.5,\); it must be a list of whole numbers"),
        (lambda: Pad((1,), (1,), "mirror"), ArgumentError, "mode is 'mirror'; choose one of constant, edge"),
        (lambda: Pad((1,), (1,), value=None), ArgumentError, "value is None; it must be a number"),
        (lambda: Pad((-2,), (-2,)).shape((1, 4)), InputError, "of its input 1×4, nothing is left with"),
        (lambda: Pad((-5,), (9,)).shape((3,)), InputError, "of its input 3, nothing is left with"),
        (lambda: Pad((-3,), (1,), "reflect").shape((4, 4)), InputError, "there is nothing to reflect"),
        (lambda: Pad((1, 1), (1, 1)).shape((4,)), InputError, "before has 2 numbers, its input 1 axes"),
        (lambda: Pad((1,), (0,), "reflect").shape((4, 1)), InputError, "there is nothing to reflect"),
    ],
)
def test_what_does_not_fit_is_refused(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
