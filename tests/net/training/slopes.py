"""Derivatives by finite differences, in float64."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tests.tolerances import assert_close

STEP = 2.0**-23

Numbers = NDArray[np.float64]


def slopes(value: Callable[[], float], numbers: Numbers, ways: Numbers) -> Numbers:
    """How a value follows numbers that are changed a little, to and fro, along each of some ways."""
    kept, found = numbers.copy(), np.empty(len(ways))
    for index, way in enumerate(ways):
        ends = []
        for step in (STEP, -STEP):
            numbers[...] = kept + step * way.reshape(kept.shape)
            ends.append(value())
        found[index] = (ends[0] - ends[1]) / (2 * STEP)
    numbers[...] = kept
    return found


def assert_slopes(gradient: NDArray, value: Callable[[], float], numbers: Numbers) -> None:
    """Assert that every number of a gradient is the slope along its own way."""
    expected = slopes(value, numbers, np.eye(numbers.size))
    assert_close(gradient.ravel(), expected, case="slope", terms=0, scale=(1 + abs(value())) / STEP)
