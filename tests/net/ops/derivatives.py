"""What `pull` has to give, found by changing every value of an input a little."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convtool.net.ops import Operation


def jacobian(operation: Operation, image: NDArray, step: float) -> NDArray[np.float64]:
    """How every value of the output ``(columns)`` follows every value of one image ``(1, …)`` ``(rows)``.

    Central differences: exact where the operation is linear within a step and the numbers are whole.
    """
    units = (step * np.eye(image.size)).reshape(image.size, *image.shape[1:]).astype(image.dtype)
    more, less = operation.run(image + units), operation.run(image - units)
    return ((more.astype(np.float64) - less) / (2 * step)).reshape(image.size, -1)


def pulled(operation: Operation, gradient: NDArray, image: NDArray) -> NDArray:
    """The only gradient of an operation of one input, no input changed by it."""
    before = image.copy(), gradient.copy()
    (found,) = operation.pull(gradient, operation.run(image), image)
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(gradient, before[1])
    assert found.shape == image.shape
    return found


def foreseen(operation: Operation, *inputs: NDArray) -> NDArray:
    """The output, whose shape and type were foretold, no input changed by it."""
    before = [value.copy() for value in inputs]
    output = operation.run(*inputs)
    assert output.dtype == np.float32
    assert output.shape == operation.shape(*(value.shape for value in inputs))
    for value, unchanged in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(value, unchanged)
    return output
