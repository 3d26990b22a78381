"""Every kind of layer in training: the values that it gives when it runs, and their derivative."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from convtool.net import ops
from tests.net.every_kind import EVERY_KIND, IMAGE, numbers
from tests.net.training.tapes import passed
from tests.tolerances import assert_close

JOINING = ("flatten, images", "reshape, no zero", "transpose")
"""What mixes the images of a batch."""

KINDS = {
    name: operation
    for name, operation in EVERY_KIND.items()
    if name not in ("conv, normalized", "batch norm", "dropout", "constant", *JOINING)
}
"""What gives the same values in training, and reads some."""

IMAGES = numbers(5, *IMAGE.shape)

each_kind = pytest.mark.parametrize("name", KINDS)


def inputs_of(operation: ops.Operation) -> list[NDArray[np.float32]]:
    """As many as it reads, each other values."""
    if isinstance(operation, ops.Dense):
        return [IMAGES.reshape(len(IMAGES), -1)]
    count = 3 if operation.inputs is None else operation.inputs
    return [np.roll(IMAGES, number, axis=0) for number in range(count)]


@each_kind
@pytest.mark.parametrize("free", [False, True])
@pytest.mark.parametrize("parts", [1, 2])
def test_values_are_those_of_a_run(name: str, free: bool, parts: int) -> None:
    operation = KINDS[name]
    inputs = inputs_of(operation)
    expected = operation.run(*inputs)
    found = passed(operation, *inputs, parts=parts, free=free)
    assert_close(found.output, expected, case="pool", terms=84, scale=np.abs(expected).max())
    for after, before in zip(found.inputs[free:], inputs[free:], strict=True):
        np.testing.assert_array_equal(after, before)


@each_kind
@pytest.mark.parametrize("parts", [1, 2])
def test_a_gradient_is_that_of_the_layer(name: str, parts: int) -> None:
    operation = KINDS[name]
    inputs = inputs_of(operation)
    output = operation.run(*inputs)
    gradient = np.roll(numbers(*output.shape), 1)
    expected = operation.pull(gradient, output, *inputs)
    found = passed(operation, *inputs, gradient=gradient, parts=parts).into
    for into, wanted in zip(found, expected, strict=True):
        assert_close(into, wanted, case="pool", terms=84, scale=np.abs(wanted).max())
