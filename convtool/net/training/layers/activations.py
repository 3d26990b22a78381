"""Activations: what lies below 0 is cut off, or made smaller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from convtool.core.arrays import Float32
from convtool.net.ops.activations import LeakyRelu, PRelu, Relu
from convtool.net.training.layers.base import Arrays, Kind, Learned
from convtool.net.training.tape import Tape, Values, Written

SLOPE = "slope"


def _relu(tape: Tape, name: str, relu: Relu, inputs: list[Values], arrays: Arrays, free: bool) -> Written:
    (values,) = inputs
    output = values if free else tape.array(*values.shape)
    rows = (len(values), -1)
    zeros = np.zeros(values[0].size, tape.dtype)  # with a number in their place it takes three times as long
    tape.then(np.maximum, values.reshape(rows), zeros, out=output.reshape(rows))

    def backward(gradient: Values, wanted: list[bool]) -> list[Values | None]:
        passed = np.empty(output.shape, np.bool_)
        tape.then(np.greater, output, 0, out=passed)
        tape.then(np.multiply, gradient, passed, out=gradient)
        return [gradient]

    return Written(output, backward, read_again=True)


def _leaky(
    tape: Tape, name: str, operation: LeakyRelu | PRelu, inputs: list[Values], arrays: Arrays, free: bool
) -> Written:
    (values,) = inputs
    learned = SLOPE in arrays.learned
    slope = arrays.learned[SLOPE] if learned else np.asarray(operation.slope, tape.dtype)
    slopes = _spread(slope, values.ndim)
    output, below, above = (tape.array(*values.shape) for _ in range(3))
    sloped = np.empty(values.shape, np.bool_)
    tape.then(np.less_equal, values, 0, out=sloped)
    tape.then(np.minimum, values, 0, out=below)
    tape.then(np.maximum, values, 0, out=above)
    tape.then(np.multiply, below, slopes, out=output)
    tape.then(np.add, output, above, out=output)
    tape.release(above)

    def backward(gradient: Values, wanted: list[bool]) -> list[Values | None]:
        part = tape.array(*values.shape)
        if learned:
            toward = _spread(arrays.gradients[SLOPE], values.ndim)
            shared = tuple(axis for axis, size in enumerate(toward.shape) if size == 1)
            tape.then(np.multiply, gradient, below, out=part)
            tape.then(np.add.reduce, part, axis=shared, out=toward, keepdims=True)
        tape.then(np.multiply, gradient, sloped, out=part)
        tape.then(np.subtract, gradient, part, out=gradient)
        tape.then(np.multiply, part, slopes, out=part)
        tape.then(np.add, gradient, part, out=gradient)
        tape.release(part)
        tape.release(below)
        return [gradient]

    return Written(output, backward)


def _spread(slope: Values, ndim: int) -> Values:
    """A view of slopes with as many axes as the values: those of channels first, then one of images."""
    if slope.ndim == 1:
        return slope.reshape(-1, *[1] * (ndim - 1))
    last = slope[0] if slope.ndim == ndim else slope
    return last.reshape(*[1] * (ndim - 1 - last.ndim), *last.shape, 1)


def _learned(prelu: PRelu) -> dict[str, Learned]:
    return {SLOPE: Learned(np.asarray(prelu.slope, np.float32))}


def _replaced(prelu: PRelu, arrays: Mapping[str, Float32]) -> PRelu:
    return replace(prelu, slope=arrays[SLOPE])


RELU, LEAKY_RELU = Kind(_relu), Kind(_leaky)
PRELU = Kind(_leaky, learned=_learned, replaced=_replaced)
