"""Layers without a form of their own here: run as they are, and traced back by their derivative."""

from __future__ import annotations

import numpy as np

from convtool.net.ops.base import Operation
from convtool.net.training.layers.base import Arrays, Kind
from convtool.net.training.tape import Tape, Values, Written, batch_first, batch_last


def write_unchanged(
    tape: Tape, name: str, operation: Operation, inputs: list[Values], arrays: Arrays, free: bool
) -> Written:
    """Add a call that runs the layer on values as layers know them, the images first."""
    shape = operation.shape(*(batch_first(each.shape) for each in inputs))
    output = tape.array(*batch_last(shape))
    known, place = list(map(_known, inputs)), _known(output)

    def forward() -> None:
        np.copyto(place, operation.run(*map(_contiguous, known)), casting="same_kind")

    def back(gradient: Values, into: list[Values]) -> None:
        pulled = operation.pull(_contiguous(gradient), _contiguous(place), *map(_contiguous, known))
        for target, values in zip(into, pulled, strict=True):
            np.copyto(target, values, casting="same_kind")

    def backward(gradient: Values, wanted: list[bool]) -> list[Values | None]:
        into = [tape.array(*each.shape) for each in inputs]
        tape.then(back, _known(gradient), list(map(_known, into)))
        return list(into)

    tape.then(forward)
    return Written(output, backward, read_again=True)


def _known(values: Values) -> Values:
    """A view of values as layers know them."""
    return values.transpose(batch_first(tuple(range(values.ndim))))


def _contiguous(values: Values) -> Values:
    # np.ascontiguousarray would make a list of a number.
    return np.asarray(values, order="C")


UNCHANGED = Kind(write_unchanged)
