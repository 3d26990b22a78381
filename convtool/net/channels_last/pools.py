"""Pools of channels-last maps: the windows of rows, which are long, then those of cells."""

from __future__ import annotations

import numpy as np

from convtool.core.arrays import Float32
from convtool.core.geometry import Axis
from convtool.core.pooling import Reals, window_areas
from convtool.net.channels_last.values import contiguous, known
from convtool.net.channels_last.workspace import Workspace
from convtool.net.ops.pools import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool


def max_pool(space: Workspace, pool: MaxPool, inputs: list[Float32], free: bool) -> Float32:
    """The largest values of windows."""
    maps, copied = contiguous(space, inputs[0])
    along_y, along_x = pool.windows(known(maps))
    tall = space.array(len(maps), along_y.count, *maps.shape[2:])
    output = space.array(len(maps), along_y.count, along_x.count, maps.shape[3])
    _slide(space, np.maximum, maps, along_y, along_x, tall, output)
    for each in (tall, *copied):
        space.release(each)
    return output


def avg_pool(space: Workspace, pool: AvgPool, inputs: list[Float32], free: bool) -> Float32:
    """Sums in float64, as those of large windows need, over the cells that count."""
    maps, copied = contiguous(space, inputs[0])
    along_y, along_x = windows = pool.windows(known(maps))
    heights, widths = window_areas(windows, pool.count_include_pad)
    tall = np.empty((len(maps), along_y.count, *maps.shape[2:]))
    sums = np.empty((len(maps), along_y.count, along_x.count, maps.shape[3]))
    _slide(space, np.add, maps, along_y, along_x, tall, sums)
    output = space.array(*sums.shape)
    areas = (heights[:, np.newaxis] * widths)[..., np.newaxis]
    space.then(np.divide, sums, areas, output, casting="same_kind")
    for each in copied:
        space.release(each)
    return output


def _slide(
    space: Workspace,
    combine: np.ufunc,
    maps: Float32,
    along_y: Axis,
    along_x: Axis,
    tall: Reals,
    output: Reals,
) -> None:
    """Combine the windows of rows, which are long, into ``tall``, then those of cells."""
    rows = maps.reshape(*maps.shape[:2], -1)
    _combine_taps(space, combine, rows, along_y, tall.reshape(len(maps), along_y.count, -1))
    cells = tall.reshape(-1, *tall.shape[2:])
    _combine_taps(space, combine, cells, along_x, output.reshape(len(cells), along_x.count, -1))


def _combine_taps(space: Workspace, combine: np.ufunc, values: Reals, along: Axis, output: Reals) -> None:
    """Combine the taps of every window along axis 1, each for the windows where it is not in the padding."""
    taps = [(values[:, cells], output[:, windows]) for windows, cells in along.taps()]
    everywhere = [tap for tap, place in taps if place.shape == output.shape]
    somewhere = [(tap, place) for tap, place in taps if place.shape != output.shape]
    if not everywhere:
        space.then(output.fill, 0 if combine is np.add else -np.inf)
    elif len(everywhere) == 1:
        space.then(np.copyto, output, everywhere[0])
    for so_far, tap in zip([*everywhere[:1], *[output] * len(everywhere)], everywhere[1:], strict=False):
        space.then(combine, so_far, tap, out=output, dtype=output.dtype)
    for tap, place in somewhere:
        space.then(combine, place, tap, out=place, dtype=output.dtype)


def global_max(space: Workspace, pool: GlobalMaxPool, inputs: list[Float32], free: bool) -> Float32:
    """The largest value of every map."""
    output = space.array(len(inputs[0]), 1, 1, inputs[0].shape[3])
    space.then(np.maximum.reduce, inputs[0], axis=(1, 2), out=output, keepdims=True)
    return output


def global_avg(space: Workspace, pool: GlobalAvgPool, inputs: list[Float32], free: bool) -> Float32:
    """The mean of every map, summed in float64."""
    count, height, width, channels = inputs[0].shape
    sums = np.empty((count, 1, 1, channels))
    output = space.array(*sums.shape)
    space.then(np.add.reduce, inputs[0], axis=(1, 2), dtype=np.float64, out=sums, keepdims=True)
    space.then(np.divide, sums, np.float64(height * width), output, casting="same_kind")
    return output
