"""How values lie in memory: copied, framed and cut into rows where a call needs them so."""

from __future__ import annotations

import numpy as np

from convtool.core.arrays import Float32
from convtool.core.geometry import Pair, Window
from convtool.net.channels_last.workspace import Workspace, channels_first


def known(maps: Float32) -> tuple[int, ...]:
    """The shape that layers know."""
    return channels_first(maps.shape)


def is_contiguous(maps: Float32) -> bool:
    """Whether the memory of maps is channels-last."""
    return maps.flags.c_contiguous


def contiguous(space: Workspace, maps: Float32) -> tuple[Float32, list[Float32]]:
    """Maps whose memory is channels-last, and what they were copied to."""
    if is_contiguous(maps):
        return maps, []
    copy = space.array(*maps.shape)
    space.then(np.copyto, copy, maps)
    return copy, [copy]


def padded_for(space: Workspace, maps: Float32, windows: Window) -> tuple[Float32, list[Float32]]:
    """The cells that windows read, in the memory's order of axes, and what they were copied to."""
    (top, height), (left, width) = ((axis.before, axis.span(0, axis.count).stop) for axis in windows)
    return framed(space, maps, (top, left), (height, width))


def framed(space: Workspace, maps: Float32, before: Pair, size: Pair) -> tuple[Float32, list[Float32]]:
    """Maps of a size with so many cells before their own, and what they were copied to."""
    (top, left), (height, width) = before, size
    kept = maps[:, : height - top, : width - left]
    if (top, left) == (0, 0) and kept.shape[1:3] == (height, width):
        return (kept, []) if kept.shape == maps.shape or not is_contiguous(maps) else contiguous(space, kept)
    count, _, _, channels = maps.shape
    if is_contiguous(maps):
        whole = framed = space.array(count, height, width, channels)
    else:
        whole = space.array(count, channels, height, width)
        framed = whole.transpose(0, 2, 3, 1)
    space.then(whole.fill, 0)
    space.then(np.copyto, framed[:, top : top + kept.shape[1], left : left + kept.shape[2]], kept)
    return framed, [whole]


def rows_of(values: Float32) -> Float32:
    """Contiguous values in rows that are as long as can be without the batch."""
    if values.ndim == 4:
        return values.reshape(values.shape[0] * values.shape[1], -1)
    return values.reshape(len(values), -1)


def row_of(rows: Float32, numbers: Float32) -> Float32:
    """One number, or one a channel, again and again along a row."""
    return np.ascontiguousarray(np.tile(numbers, rows.shape[1] // len(numbers)))


def rewritten(space: Workspace, values: Float32, free: bool) -> tuple[Float32, Float32]:
    """Rows of an activation's input, and where its output goes."""
    if not is_contiguous(values):
        copy = space.array(*values.shape)
        space.then(np.copyto, copy, values)
        return rows_of(copy), rows_of(copy)
    rows = rows_of(values)
    return rows, rows if free else rows_of(space.array(*values.shape))
