"""Max-pools, first along the rows of a map and then from row to row: of equal cells the first one wins."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from convtool.core.geometry import Axis
from convtool.net.ops.pools import GlobalMaxPool, MaxPool
from convtool.net.training.layers.base import Arrays, Kind
from convtool.net.training.tape import Tape, Values, Written, batch_first

Y, X = 1, 2
"""The axes of rows and columns of maps ``(C, H, W, n)``."""


def _max(tape: Tape, name: str, pool: MaxPool, inputs: list[Values], arrays: Arrays, free: bool) -> Written:
    (maps,) = inputs
    rows, columns = pool.windows(batch_first(maps.shape))
    wide, back_x = _largest(tape, maps, columns, X)
    output, back_y = _largest(tape, wide, rows, Y)

    def backward(gradient: Values, wanted: list[bool]) -> list[Values | None]:
        halfway = back_y(gradient)
        into = back_x(halfway)
        tape.release(halfway)
        tape.release(wide)
        return [into]

    return Written(output, backward, read_again=True)


def _largest(
    tape: Tape, values: Values, windows: Axis, axis: int
) -> tuple[Values, Callable[[Values], Values]]:
    """Add the calls for the largest value of windows along one axis, and what adds those of the way back."""
    shape = list(values.shape)
    shape[axis] = windows.count
    output = tape.array(*shape)
    if _in_pairs(windows):
        first, second = (values[_along(axis, slice(start, 2 * windows.count, 2))] for start in (0, 1))
        tape.then(np.maximum, first, second, out=output)
        return output, lambda gradient: _back_in_pairs(tape, values, windows, axis, gradient)
    taps = [(_along(axis, place), _along(axis, cells)) for place, cells in windows.taps()]
    tape.then(output.fill, -np.inf)
    for place, cells in taps:
        tape.then(np.maximum, output[place], values[cells], out=output[place])

    def backward(gradient: Values) -> Values:
        into, part = tape.array(*values.shape), tape.array(*shape)
        wins, taken = (np.empty(shape, np.bool_) for _ in range(2))
        tape.then(into.fill, 0)
        tape.then(taken.fill, False)
        for place, cells in taps:
            here, before, share = wins[place], taken[place], part[place]
            tape.then(np.equal, values[cells], output[place], out=here)
            tape.then(np.greater, here, before, out=here)
            tape.then(np.logical_or, before, here, out=before)
            tape.then(np.multiply, gradient[place], here, out=share)
            tape.then(np.add, into[cells], share, out=into[cells])
        tape.release(part)
        return into

    return output, backward


def _in_pairs(windows: Axis) -> bool:
    """Whether windows are two cells side by side, each cell in one of them."""
    return (windows.kernel, windows.stride, windows.dilation, windows.before) == (2, 2, 1, 0) and (
        2 * windows.count <= windows.size
    )


def _back_in_pairs(tape: Tape, values: Values, windows: Axis, axis: int, gradient: Values) -> Values:
    """Add the calls that give the gradient to the first of a pair, if it won, or else to the second."""
    into = tape.array(*values.shape)
    pairs = [_along(axis, slice(start, 2 * windows.count, 2)) for start in (0, 1)]
    first, second = (values[pair] for pair in pairs)
    of_first, of_second = (into[pair] for pair in pairs)
    wins = np.empty(gradient.shape, np.bool_)
    tape.then(np.greater_equal, first, second, out=wins)
    tape.then(np.multiply, gradient, wins, out=of_first)
    tape.then(np.subtract, gradient, of_first, out=of_second)
    if 2 * windows.count < windows.size:
        tape.then(into[_along(axis, slice(2 * windows.count, None))].fill, 0)
    return into


def _along(axis: int, cells: slice) -> tuple[slice, ...]:
    """The index of cells along one axis of maps, and of all along those before it."""
    return *[slice(None)] * axis, cells


def _global_max(
    tape: Tape, name: str, pool: GlobalMaxPool, inputs: list[Values], arrays: Arrays, free: bool
) -> Written:
    (maps,) = inputs
    planes = maps.reshape(len(maps), -1, tape.images)
    output = tape.array(len(maps), 1, 1, tape.images)
    tape.then(np.maximum.reduce, maps, axis=(Y, X), out=output, keepdims=True)

    def backward(gradient: Values, wanted: list[bool]) -> list[Values | None]:
        into = tape.array(*planes.shape)

        def give() -> None:
            into.fill(0)
            winners = planes.argmax(axis=1)[:, np.newaxis]
            np.put_along_axis(into, winners, gradient.reshape(winners.shape), axis=1)

        tape.then(give)
        return [into.reshape(maps.shape)]

    return Written(output, backward)


MAX_POOL, GLOBAL_MAX_POOL = Kind(_max), Kind(_global_max)
