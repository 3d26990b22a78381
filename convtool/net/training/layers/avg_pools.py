"""Average pools, a tap of the windows after the other."""

from __future__ import annotations

from itertools import product

import numpy as np

from convtool.core.pooling import window_areas
from convtool.net.ops.pools import AvgPool, GlobalAvgPool
from convtool.net.training.layers.base import Arrays, Kind
from convtool.net.training.tape import Tape, Values, Written, batch_first


def _avg(tape: Tape, name: str, pool: AvgPool, inputs: list[Values], arrays: Arrays, free: bool) -> Written:
    (maps,) = inputs
    windows = pool.windows(batch_first(maps.shape))
    heights, widths = window_areas(windows, pool.count_include_pad)
    shares = (1 / (heights[:, np.newaxis] * widths)).astype(tape.dtype)[:, :, np.newaxis]
    output = tape.array(len(maps), windows[0].count, windows[1].count, tape.images)
    taps = [
        ((slice(None), rows, columns), (slice(None), from_rows, from_columns))
        for (rows, from_rows), (columns, from_columns) in product(*(axis.taps() for axis in windows))
    ]
    tape.then(output.fill, 0)
    for place, cells in taps:
        tape.then(np.add, output[place], maps[cells], out=output[place])
    tape.then(np.multiply, output, shares, out=output)

    def backward(gradient: Values, wanted: list[bool]) -> list[Values | None]:
        into = tape.array(*maps.shape)
        tape.then(into.fill, 0)
        tape.then(np.multiply, gradient, shares, out=gradient)
        for place, cells in taps:
            tape.then(np.add, into[cells], gradient[place], out=into[cells])
        return [into]

    return Written(output, backward)


def _global_avg(
    tape: Tape, name: str, pool: GlobalAvgPool, inputs: list[Values], arrays: Arrays, free: bool
) -> Written:
    (maps,) = inputs
    share = 1 / (maps.shape[1] * maps.shape[2])
    output = tape.array(len(maps), 1, 1, tape.images)
    tape.then(np.add.reduce, maps, axis=(1, 2), out=output, keepdims=True)
    tape.then(np.multiply, output, share, out=output)

    def backward(gradient: Values, wanted: list[bool]) -> list[Values | None]:
        into = tape.array(*maps.shape)
        tape.then(np.multiply, gradient, share, out=into)
        return [into]

    return Written(output, backward)


AVG_POOL, GLOBAL_AVG_POOL = Kind(_avg), Kind(_global_avg)
