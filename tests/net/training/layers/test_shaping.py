"""Layers that move values, and dropout: who is lost, how often, and what makes up for it."""

from __future__ import annotations

import numpy as np
import pytest

from convtool.net.ops import Add, Dropout, Flatten, Identity
from tests.net.every_kind import numbers
from tests.net.training.tapes import passed
from tests.tolerances import assert_equal, assert_same_bytes, assert_share

ONES = np.ones((8, 4, 25, 25), np.float32)

each_share = pytest.mark.parametrize("share", [0.25, 0.5, 0.9])


@each_share
@pytest.mark.parametrize("parts", [1, 3])
def test_dropout_loses_its_share_and_makes_up_for_it(share: float, parts: int) -> None:
    output = passed(Dropout(share), ONES, parts=parts).output
    assert set(np.unique(output)) == {0, np.float32(1 / (1 - share))}
    assert_share(np.count_nonzero(output == 0), output.size, share)
    for axis in range(1, 4):
        others = tuple(other for other in range(4) if other != axis)
        assert (output.mean(axis=others) > 0).all()


@each_share
def test_the_same_values_are_lost_by_the_same_seed(share: float) -> None:
    first, again, other = (passed(Dropout(share), ONES, seed=seed).output for seed in (1, 1, 2))
    assert_same_bytes(again, first)
    assert (other != first).any()


def test_parts_lose_values_of_their_own() -> None:
    first, second = np.split(passed(Dropout(), ONES, parts=2).output, 2)
    assert (first != second).any()


def test_a_gradient_goes_where_values_went() -> None:
    found = passed(Dropout(0.75), ONES, gradient=3 * ONES)
    assert_equal(found.into[0], 3 * found.output)
    assert_equal(found.inputs[0], ONES)


def test_dropout_of_none_changes_nothing() -> None:
    values = numbers(2, 3, 4, 5)
    found = passed(Dropout(0), values, gradient=values + 1)
    assert_same_bytes(found.output, values)
    assert_same_bytes(found.into[0], values + 1)


@pytest.mark.parametrize(
    ("axis", "shape"), [(1, (3, 2, 4, 5)), (-3, (3, 2, 4, 5)), (2, (3, 1, 4, 5)), (1, (3, 4))]
)
def test_flatten_keeps_the_order_of_values(axis: int, shape: tuple[int, ...]) -> None:
    values = numbers(*shape)
    found = passed(Flatten(axis), values, gradient=2 * values.reshape(3, -1), parts=2)
    assert_equal(found.output, values.reshape(3, -1))
    assert_equal(found.into[0], 2 * values)


@pytest.mark.parametrize("free", [False, True])
def test_a_sum_may_write_over_its_first_input_alone(free: bool) -> None:
    first = numbers(2, 3, 4, 5)
    second, gradient = first[::-1] + 1, first[:, ::-1] - 1
    found = passed(Add(), first, second, gradient=gradient, free=free)
    assert_equal(found.output, first + second)
    assert_equal(found.inputs[0], first + second if free else first)
    assert_equal(found.inputs[1], second)
    assert_equal(found.into[0], gradient)
    assert_equal(found.into[1], gradient)


def test_a_sum_of_different_shapes_is_spread() -> None:
    first, second = numbers(2, 3, 4, 5), numbers(2, 3, 1, 1)
    gradient = numbers(2, 3, 4, 5) + 1
    found = passed(Add(), second, first, gradient=gradient)
    assert_equal(found.output, first + second)
    assert_equal(found.into[0], gradient.sum(axis=(2, 3), keepdims=True))


def test_nothing_at_all() -> None:
    values = numbers(2, 3, 4, 5)
    found = passed(Identity(), values, gradient=-values, parts=2)
    assert_same_bytes(found.output, values)
    assert_same_bytes(found.into[0], -values)
