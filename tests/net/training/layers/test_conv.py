"""Convolutions in training: exactly those of the layer, whatever the options, and the way back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convtool import FilterBank
from convtool.errors import InputError
from convtool.net.ops import Conv
from convtool.net.training.layers import kind_of, patches
from tests.net.training.tapes import passed
from tests.strategies import PADDING_MODES, generators
from tests.tolerances import assert_equal


def alike_or_not(draw: st.DrawFn, each: st.SearchStrategy[Any]) -> tuple[Any, Any]:
    """Something for rows and columns: the same for both half of the time."""
    rows = draw(each)
    return rows, rows if draw(st.booleans()) else draw(each)


@st.composite
def layers(draw: st.DrawFn) -> tuple[Conv, np.ndarray]:
    """A layer of whole weights, and images of whole values: every sum is exact."""
    groups, depth, filters = (draw(st.integers(1, 3)) for _ in range(3))
    kernel, stride, dilation, more = (alike_or_not(draw, st.integers(1, 4)) for _ in range(4))
    sides = alike_or_not(draw, st.tuples(st.integers(0, 2), st.integers(0, 2)))
    padding: Any = draw(st.sampled_from(["valid", "same", "same_lower", *[sides] * 5]))
    size = [d * (k - 1) + m for k, d, m in zip(kernel, dilation, more, strict=True)]
    rng = draw(generators())
    bank = FilterBank(
        rng.integers(-9, 10, (groups * filters, depth, *kernel)), rng.integers(-9, 10, groups * filters)
    )
    mode = draw(st.sampled_from(PADDING_MODES))
    images = rng.integers(-9, 10, (draw(st.integers(1, 4)), groups * depth, *size)).astype(np.float32)
    return Conv(bank, stride, padding, mode, dilation, groups), images


@given(case=layers(), most=st.sampled_from([1, 100, patches.PATCH_VALUES]), rng=generators())
@settings(max_examples=200)
def test_values_and_gradients_are_those_of_the_layer(
    case: tuple[Conv, np.ndarray], most: int, rng: np.random.Generator
) -> None:
    operation, images = case
    expected = operation.run(images)
    gradient = rng.integers(-9, 10, expected.shape).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patches, "PATCH_VALUES", most)
        found = passed(operation, images, gradient=gradient)
    assert_equal(found.output, expected)
    assert_equal(found.inputs[0], images)
    assert_equal(found.into[0], operation.pull(gradient, expected, images)[0])
    assert_equal(found.learned["filters"][:, -1], gradient.sum(axis=(0, 2, 3)))


@given(case=layers(), rng=generators())
@settings(max_examples=60)
def test_the_gradient_of_a_weight_is_what_the_responses_gain_by_it(
    case: tuple[Conv, np.ndarray], rng: np.random.Generator
) -> None:
    operation, images = case
    gradient = rng.integers(-9, 10, operation.shape(images.shape)).astype(np.float32)
    toward = passed(operation, images, gradient=gradient).learned["filters"][:, :-1]
    matrix = kind_of(operation).learned(operation)["filters"].values
    for number in rng.permutation(toward.size)[:5]:
        more = matrix.copy()
        more[number // toward.shape[1], number % toward.shape[1]] += 1
        gained = kind_of(operation).replaced(operation, {"filters": more}).run(images) - operation.run(images)
        assert toward.reshape(-1)[number] == (gained * gradient).sum()


def test_padding_that_hides_as_many_cells_as_it_adds_is_seen() -> None:
    """A cell before the map, and none read at its end: the frame is as large as the map."""
    operation = Conv(FilterBank(np.ones((2, 2))), 2, ((1, 0), (1, 0)))
    found = passed(operation, np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4))
    assert found.output[0, 0].tolist() == [[0, 3], [12, 30]]


@pytest.mark.parametrize(
    ("mode", "copied"), [("zeros", 0), ("reflect", 4), ("replicate", 1), ("circular", 4)]
)
def test_windows_that_read_nothing_but_padding_are_seen(mode: Any, copied: float) -> None:
    """One window, on the cell before the map."""
    operation = Conv(FilterBank([[3]]), 3, ((0, 0), (1, 0)), mode)
    images = np.float32([1, 4]).reshape(1, 1, 1, 2)
    gradient = np.full((1, 1, 1, 1), 5, np.float32)
    found = passed(operation, images, gradient=gradient)
    assert found.output.ravel().tolist() == [3 * copied]
    assert_equal(found.into[0], operation.pull(gradient, found.output, images)[0])


def test_filters_are_kept_with_their_names_and_biases_do_not_decay() -> None:
    operation = Conv(FilterBank(np.arange(8).reshape(2, 2, 2), [5, 6], ["one", "two"]), 2)
    learned = kind_of(operation).learned(operation)
    assert learned["filters"].values.tolist() == [[0, 1, 2, 3, 5], [4, 5, 6, 7, 6]]
    assert learned["filters"].decays.tolist() == [[True] * 4 + [False]] * 2
    doubled = kind_of(operation).replaced(operation, {"filters": 2 * learned["filters"].values})
    assert (doubled.stride, doubled.bank.names) == (2, ("one", "two"))
    assert_equal(doubled.bank.weights, 2 * operation.bank.weights)
    assert_equal(doubled.bank.bias, np.float32([10, 12]))


def test_a_convolution_that_normalises_is_refused() -> None:
    operation = Conv(FilterBank(np.ones((2, 2)), normalize="local"))
    with pytest.raises(InputError, match="it normalizes its patches, which training does not; leave normal"):
        kind_of(operation).learned(operation)
