"""Max-pools in training: exactly those of the layer, ties and cells of no window among them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from convtool.net.ops import GlobalMaxPool, MaxPool
from tests.net.training.tapes import passed
from tests.strategies import Pair, PoolCase, generators, pairs, pool_cases
from tests.tolerances import assert_equal


def check(operation: MaxPool | GlobalMaxPool, images: np.ndarray, rng: np.random.Generator) -> None:
    """Hold values and gradients against the layer's own: whole gradients are only added, so exactly."""
    expected = operation.run(images)
    gradient = rng.integers(-9, 10, expected.shape).astype(np.float32)
    found = passed(operation, images, gradient=gradient)
    assert_equal(found.output, expected)
    assert_equal(found.into[0], operation.pull(gradient, expected, images)[0])
    assert_equal(found.inputs[0], images)


@given(case=pool_cases(dilated=True), rng=generators())
@settings(max_examples=200)
def test_a_pool_is_that_of_the_layer(case: PoolCase, rng: np.random.Generator) -> None:
    check(MaxPool(case.kernel_size, **case.options), case.image, rng)


@given(size=pairs(2, 9), ceil=pairs(0, 1).map(any), rng=generators())
@settings(max_examples=60)
def test_pairs_are_those_of_the_layer(size: Pair, ceil: bool, rng: np.random.Generator) -> None:
    """Windows of two by two, of even and odd maps, many cells of which are equal."""
    check(MaxPool(2, ceil_mode=ceil), rng.integers(0, 3, (3, 2, *size)).astype(np.float32), rng)


@given(size=pairs(1, 6), rng=generators())
@settings(max_examples=40)
def test_a_global_pool_is_that_of_the_layer(size: Pair, rng: np.random.Generator) -> None:
    check(GlobalMaxPool(), rng.integers(-2, 3, (3, 2, *size)).astype(np.float32), rng)


def test_of_equal_cells_the_first_has_the_gradient() -> None:
    images = np.zeros((1, 1, 2, 4), np.float32)
    found = passed(MaxPool(2), images, gradient=np.float32([[[[3, 5]]]]))
    assert found.into[0][0, 0].tolist() == [[3, 0, 5, 0], [0, 0, 0, 0]]
    found = passed(MaxPool(2, 1), images[..., :3], gradient=np.float32([[[[3, 5]]]]))
    assert found.into[0][0, 0].tolist() == [[3, 5, 0], [0, 0, 0]]
    found = passed(GlobalMaxPool(), images, gradient=np.float32([[[[7]]]]))
    assert found.into[0][0, 0].tolist() == [[7, 0, 0, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"size": (1, 2)}, [0, 8, 0, 16, 0]),
        ({"size": (1, 2), "padding": ((0, 0), (1, 0))}, [8, 0, 16, 0, 32]),
        ({"size": (1, 2), "stride": (1, 3), "padding": ((0, 0), (1, 0))}, [8, 0, 0, 16, 0]),
        ({"size": (1, 2), "stride": (1, 3), "padding": ((0, 0), (0, 1))}, [0, 8, 0, 0, 16]),
        ({"size": (1, 1), "stride": (1, 2)}, [8, 0, 16, 0, 32]),
    ],
)
def test_a_cell_that_wins_nothing_has_no_gradient(options: dict[str, Any], expected: list[float]) -> None:
    """Though there may be as many cells in windows, padding among them, as in the map."""
    images = np.float32([1, 2, 3, 4, 5]).reshape(1, 1, 1, 5)
    gradient = np.float32([8, 16, 32]).reshape(1, 1, 1, 3)[..., : len([value for value in expected if value])]
    assert passed(MaxPool(**options), images, gradient=gradient).into[0].ravel().tolist() == expected


def test_a_window_in_the_padding_gives_its_gradient_to_nobody() -> None:
    operation, images = MaxPool((1, 2), padding=((0, 0), (1, 1)), dilation=(1, 2)), np.ones((1, 1, 1, 1))
    found = passed(operation, images.astype(np.float32), gradient=np.full((1, 1, 1, 1), 9, np.float32))
    assert found.output.tolist() == [[[[-np.inf]]]]
    assert found.into[0].tolist() == [[[[0]]]]
