"""Layers that move values and change none, and dropout, which in training loses some."""

from __future__ import annotations

import numpy as np

from convtool.net.ops.combining import Add
from convtool.net.ops.shaping import Dropout, Flatten, Identity
from convtool.net.training.layers.base import Arrays, Kind
from convtool.net.training.layers.unchanged import write_unchanged
from convtool.net.training.tape import Tape, Values, Written


def _identity(
    tape: Tape, name: str, identity: Identity, inputs: list[Values], arrays: Arrays, free: bool
) -> Written:
    return Written(inputs[0], lambda gradient, wanted: [gradient], read_again=True)


def _dropout(
    tape: Tape, name: str, dropout: Dropout, inputs: list[Values], arrays: Arrays, free: bool
) -> Written:
    """Values that stay are made larger, so that their sum is what it would be."""
    (values,) = inputs
    if dropout.share == 0:
        return _identity(tape, name, dropout, inputs, arrays, free)
    output, factors = tape.array(*values.shape), tape.array(*values.shape)
    chance = np.empty(values.shape, np.float32)
    stays = np.empty(values.shape, np.bool_)
    tape.then(lambda: tape.random.random(out=chance, dtype=np.float32))
    tape.then(np.greater_equal, chance, dropout.share, out=stays)
    tape.then(np.multiply, stays, tape.dtype(1 / (1 - dropout.share)), out=factors)
    tape.then(np.multiply, values, factors, out=output)

    def backward(gradient: Values, wanted: list[bool]) -> list[Values | None]:
        tape.then(np.multiply, gradient, factors, out=gradient)
        tape.release(factors)
        return [gradient]

    return Written(output, backward)


def _flatten(
    tape: Tape, name: str, flatten: Flatten, inputs: list[Values], arrays: Arrays, free: bool
) -> Written:
    (values,) = inputs
    output = values.reshape(-1, values.shape[-1])
    return Written(output, lambda gradient, wanted: [gradient.reshape(values.shape)], read_again=True)


def _add(tape: Tape, name: str, add: Add, inputs: list[Values], arrays: Arrays, free: bool) -> Written:
    first, second = inputs
    if first.shape != second.shape:
        return write_unchanged(tape, name, add, inputs, arrays, free)
    output = first if free else tape.array(*first.shape)
    tape.then(np.add, first, second, out=output)

    def backward(gradient: Values, wanted: list[bool]) -> list[Values | None]:
        other = tape.array(*gradient.shape)
        tape.then(np.copyto, other, gradient)
        return [gradient, other]

    return Written(output, backward)


IDENTITY, DROPOUT, FLATTEN, ADD = Kind(_identity), Kind(_dropout), Kind(_flatten), Kind(_add)
