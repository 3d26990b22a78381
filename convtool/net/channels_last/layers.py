"""Each layer's calls on channels-last maps: few and long, since a call costs what thousands of values do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from math import isfinite, prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from convtool.core.arrays import Float32
from convtool.core.bank import FilterBank
from convtool.core.geometry import Axis, Pair, Window
from convtool.core.pooling import Reals, window_areas
from convtool.net.channels_last import winograd
from convtool.net.channels_last.workspace import (
    Block,
    Call,
    Lend,
    Workspace,
    as_layers_know,
    blocks,
    channels_first,
    channels_last,
)
from convtool.net.ops.activations import Clip, LeakyRelu, PRelu, Relu
from convtool.net.ops.base import Operation, Shape
from convtool.net.ops.combining import Add, Concat, Multiply
from convtool.net.ops.conv import Conv
from convtool.net.ops.dense import Dense
from convtool.net.ops.normalizations import BatchNorm
from convtool.net.ops.pools import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from convtool.net.ops.shaping import Flatten, Identity, Reshape


def write_layer(space: Workspace, operation: Operation, inputs: list[Float32], free: bool) -> Float32 | None:
    """Add a layer's calls and return its output; ``None`` if it has no form here.

    It may be written over the first input if that is ``free``.
    """
    for kind, write in _LAYERS.items():
        if isinstance(operation, kind):
            return write(space, operation, inputs, free)
    return None


def convolve(
    space: Workspace, conv: Conv, bank: FilterBank, maps: Float32, pool: MaxPool | None
) -> Float32 | None:
    """Add the calls of a convolution, its bias left out, and of a pool; ``None`` if it has no form here."""
    windows = conv.windows(_known(maps))
    padded = any(axis.before or axis.after for axis in windows)
    depthwise = 1 < conv.groups == maps.shape[3] == len(bank)
    if bank.normalize or (padded and conv.padding_mode != "zeros") or not (conv.groups == 1 or depthwise):
        return None
    if _is_contiguous(maps) and winograd.suits(bank, windows, conv.groups):
        return _by_winograd(space, bank, maps, windows, pool)
    if depthwise:
        responses = _depthwise(space, bank, maps, windows)
    elif prod(bank.kernel_size) == 1 and _is_contiguous(maps) and not padded:
        responses = _pointwise(space, bank, maps, windows)
    else:
        responses = _by_patches(space, bank, maps, windows)
    return _pooled(space, responses, pool)


def _pooled(space: Workspace, responses: Float32, pool: MaxPool | None) -> Float32:
    if pool is None:
        return responses
    pooled = _max_pool(space, pool, [responses], True)
    space.release(responses)
    return pooled


def _by_winograd(
    space: Workspace, bank: FilterBank, maps: Float32, windows: Window, pool: MaxPool | None
) -> Float32:
    """Few products for every 2×2 responses, but by patches where a value is no number.

    Winograd's sums would make NaN of responses that do not see it.
    """
    (top, height), (left, width) = (
        (axis.before, 2 * winograd.places(axis.count) + winograd.EDGE) for axis in windows
    )
    pooled = pool is not None and winograd.suits_pool(pool.windows((0, 0, *(a.count for a in windows))))
    with space.aside() as usual:
        padded, scratch = _framed(space, maps, (top, left), (height, width))
        output = winograd.correlate(space, bank, padded, windows, pooled)
        for each in scratch:
            space.release(each)
        if not pooled:
            output = _pooled(space, output, pool)
    with space.aside() as careful:
        result = _pooled(space, _by_patches(space, bank, maps, windows), pool)
        space.then(np.copyto, output, result)
        space.release(result)
    values = maps.reshape(-1)

    def choose() -> None:
        for call in usual if isfinite(np.dot(values, values)) else careful:
            call()

    space.then(choose)
    return output


def add_to_channels(space: Workspace, maps: Float32, numbers: Float32) -> None:
    """Add a number to every channel, in place."""
    if numbers.any():
        rows = _rows(maps)
        space.then(np.add, rows, _row(rows, numbers), out=rows)


def _by_patches(space: Workspace, bank: FilterBank, maps: Float32, windows: Window) -> Float32:
    """Lay out the cells that each window sees, and multiply them with the filters.

    Maps whose memory is channels-first, or that have one channel, give a row for each weight, which
    is long; others a row for each window, made of runs of neighbouring cells with all of their channels.
    """
    along_y, along_x = windows
    by_weight = not _is_contiguous(maps) or maps.shape[3] == 1
    padded, scratch = _padded(space, maps, windows)
    seen = _seen_by_weight(padded, windows) if by_weight else _seen_by_window(padded, windows)
    if by_weight:
        weights = bank.weights.reshape(len(bank), -1).T
    else:
        weights = np.ascontiguousarray(bank.weights.transpose(2, 3, 1, 0)).reshape(-1, len(bank))
    output = space.array(len(maps), along_y.count, along_x.count, len(bank))

    def write(block: Block, lend: Lend) -> Iterator[Call]:
        results = output[block].reshape(-1, len(bank))
        cut = seen[(..., *block, slice(None))] if by_weight else seen[block]
        patches = lend("patches of maps", len(weights) * len(results))
        if by_weight:
            yield partial(np.copyto, patches.reshape(cut.shape), cut)
            yield partial(np.matmul, patches.reshape(len(weights), -1).T, weights, results)
        else:
            yield partial(np.copyto, patches.view(seen.dtype).reshape(cut.shape), cut)
            yield partial(np.matmul, patches.reshape(len(results), -1), weights, results)

    count, height, width, _ = output.shape
    space.each(write, blocks(count, height, width * len(weights)))
    for each in scratch:
        space.release(each)
    return output


def _seen_by_weight(padded: Float32, windows: Window) -> Float32:
    """``(C, kh, kw, n, H', W')``: for each weight the cells that it meets."""
    along_y, along_x = windows
    image, row, column, channel = padded.strides
    return as_strided(
        padded,
        (padded.shape[3], along_y.kernel, along_x.kernel, len(padded), along_y.count, along_x.count),
        (
            channel,
            row * along_y.dilation,
            column * along_x.dilation,
            image,
            row * along_y.stride,
            column * along_x.stride,
        ),
        writeable=False,
    )


def _seen_by_window(padded: Float32, windows: Window) -> np.ndarray[Any, Any]:
    """``(n, H', W', kh, kw)`` of a cell's channels, or ``(…, kh, 1)`` of all that lie side by side."""
    along_y, along_x = windows
    image, row, column, _ = padded.strides
    side_by_side = along_x.kernel if along_x.dilation == 1 else 1
    run = np.dtype((np.void, side_by_side * column))
    return as_strided(
        padded.reshape(-1)[: side_by_side * padded.shape[3]].view(run),
        (len(padded), along_y.count, along_x.count, along_y.kernel, along_x.kernel // side_by_side),
        (
            image,
            row * along_y.stride,
            column * along_x.stride,
            row * along_y.dilation,
            column * along_x.dilation,
        ),
        writeable=False,
    )


def _pointwise(space: Workspace, bank: FilterBank, maps: Float32, windows: Window) -> Float32:
    """One product, of every cell that is looked at with the filters."""
    along_y, along_x = windows
    seen = maps[:, :: along_y.stride, :: along_x.stride][:, : along_y.count, : along_x.count]
    cells = seen if _is_contiguous(seen) else space.array(*seen.shape)
    if cells is not seen:
        space.then(np.copyto, cells, seen)
    output = space.array(*seen.shape[:3], len(bank))
    weights = np.ascontiguousarray(bank.weights[:, :, 0, 0].T)
    space.then(np.matmul, cells.reshape(-1, seen.shape[3]), weights, output.reshape(-1, len(bank)))
    if cells is not seen:
        space.release(cells)
    return output


def _depthwise(space: Workspace, bank: FilterBank, maps: Float32, windows: Window) -> Float32:
    """Every channel by itself, a weight after the other, over whole rows where windows lie side by side."""
    along_y, along_x = windows
    maps, copied = _contiguous(space, maps)
    padded, scratch = _padded(space, maps, windows)
    channels = maps.shape[3]
    image, row, column, value = padded.strides
    weights = np.ascontiguousarray(bank.weights[:, 0].transpose(1, 2, 0))
    output = space.array(len(maps), along_y.count, along_x.count, channels)
    joined = along_x.count if along_x.stride == 1 else 1
    seen = as_strided(
        padded,
        (
            len(maps),
            along_y.count,
            along_x.count // joined,
            along_y.kernel,
            along_x.kernel,
            joined * channels,
        ),
        (
            image,
            row * along_y.stride,
            column * along_x.stride,
            row * along_y.dilation,
            column * along_x.dilation,
            value,
        ),
        writeable=False,
    )
    results = output.reshape(*seen.shape[:3], -1)
    space.then(np.einsum, "nhwyxc,yxc->nhwc", seen, np.tile(weights, joined), out=results)
    for each in (*scratch, *copied):
        space.release(each)
    return output


def _max_pool(space: Workspace, pool: MaxPool, inputs: list[Float32], free: bool) -> Float32:
    maps, copied = _contiguous(space, inputs[0])
    along_y, along_x = pool.windows(_known(maps))
    tall = space.array(len(maps), along_y.count, *maps.shape[2:])
    output = space.array(len(maps), along_y.count, along_x.count, maps.shape[3])
    _slide(space, np.maximum, maps, along_y, along_x, tall, output)
    for each in (tall, *copied):
        space.release(each)
    return output


def _avg_pool(space: Workspace, pool: AvgPool, inputs: list[Float32], free: bool) -> Float32:
    """Sums in float64, as those of large windows need, over the cells that count."""
    maps, copied = _contiguous(space, inputs[0])
    along_y, along_x = windows = pool.windows(_known(maps))
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
    taps = []
    for k in range(along.kernel):
        offset = k * along.dilation - along.before
        first = max(0, -(offset // along.stride))
        stop = min(along.count, (along.size - 1 - offset) // along.stride + 1)
        if first < stop:
            begin, end = (window * along.stride + offset for window in (first, stop - 1))
            taps.append((values[:, begin : end + 1 : along.stride], output[:, first:stop]))
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


def _global_max(space: Workspace, pool: GlobalMaxPool, inputs: list[Float32], free: bool) -> Float32:
    output = space.array(len(inputs[0]), 1, 1, inputs[0].shape[3])
    space.then(np.maximum.reduce, inputs[0], axis=(1, 2), out=output, keepdims=True)
    return output


def _global_avg(space: Workspace, pool: GlobalAvgPool, inputs: list[Float32], free: bool) -> Float32:
    count, height, width, channels = inputs[0].shape
    sums = np.empty((count, 1, 1, channels))
    output = space.array(*sums.shape)
    space.then(np.add.reduce, inputs[0], axis=(1, 2), dtype=np.float64, out=sums, keepdims=True)
    space.then(np.divide, sums, np.float64(height * width), output, casting="same_kind")
    return output


def _relu(space: Workspace, relu: Relu, inputs: list[Float32], free: bool) -> Float32:
    values, output = _rewritten(space, inputs[0], free)
    space.then(np.maximum, values, np.zeros(values.shape[1:], np.float32), out=output)
    return output.reshape(inputs[0].shape)


def _clip(space: Workspace, clip: Clip, inputs: list[Float32], free: bool) -> Float32:
    values, output = _rewritten(space, inputs[0], free)
    space.then(np.maximum, values, np.full(values.shape[1:], clip.low, np.float32), out=output)
    space.then(np.minimum, output, np.full(values.shape[1:], clip.high, np.float32), out=output)
    return output.reshape(inputs[0].shape)


def _leaky(
    space: Workspace, operation: LeakyRelu | PRelu, inputs: list[Float32], free: bool
) -> Float32 | None:
    slope = np.asarray(operation.slope, np.float32)
    channels = inputs[0].shape[-1]
    by_channel = slope.ndim == 1 or slope.shape in ((channels, 1, 1), (1, channels, 1, 1))
    if slope.size > 1 and not (inputs[0].ndim in (2, 4) and by_channel):
        return None
    values, output = _rewritten(space, inputs[0], free)
    zeros = np.zeros(values.shape[1:], np.float32)
    low = space.array(*values.shape)
    space.then(np.minimum, values, zeros, out=low)
    space.then(np.multiply, low, _row(values, slope.reshape(-1)), out=low)
    space.then(np.maximum, values, zeros, out=output)
    space.then(np.add, output, low, out=output)
    space.release(low)
    return output.reshape(inputs[0].shape)


def _batch_norm(space: Workspace, norm: BatchNorm, inputs: list[Float32], free: bool) -> Float32 | None:
    if inputs[0].ndim not in (2, 4):
        return None
    values, output = _rewritten(space, inputs[0], free)
    factor, offset = (_row(values, part.astype(np.float32)) for part in norm.line)
    space.then(np.multiply, values, factor, out=output)
    space.then(np.add, output, offset, out=output)
    return output.reshape(inputs[0].shape)


def _identity(space: Workspace, identity: Identity, inputs: list[Float32], free: bool) -> Float32:
    return inputs[0]


def _paired(space: Workspace, operation: Add | Multiply, inputs: list[Float32], free: bool) -> Float32 | None:
    first, second = inputs
    if first.ndim != second.ndim:
        return None
    shape = np.broadcast_shapes(first.shape, second.shape)
    output = first if free and first.shape == shape else space.array(*shape)
    space.then(np.add if isinstance(operation, Add) else np.multiply, first, second, out=output)
    return output


def _concat(space: Workspace, concat: Concat, inputs: list[Float32], free: bool) -> Float32:
    ndim = inputs[0].ndim
    axis = (0, 3, 1, 2)[concat.axis] if ndim == 4 else concat.axis
    output = space.array(*channels_last(concat.shape(*(_known(each) for each in inputs))))
    space.then(np.concatenate, inputs, axis, output)
    return output


def _reordered(
    space: Workspace, operation: Flatten | Reshape, inputs: list[Float32], free: bool
) -> Float32 | None:
    """Maps as vectors, in the order of channels-first; nothing is done where both orders are the same."""
    (values,) = inputs
    shape = operation.shape(_known(values))
    if len(shape) == 4:
        return None
    if values.ndim != 4 or (values.shape[1:3] == (1, 1) and _is_contiguous(values)):
        return values.reshape(shape)
    output = space.array(*shape)
    space.then(np.copyto, output.reshape(_known(values)), as_layers_know(values))
    return output


def _dense(space: Workspace, dense: Dense, inputs: list[Float32], free: bool) -> Float32:
    weights = np.asarray(dense.weights, np.float32)
    output = space.array(len(inputs[0]), len(weights))
    space.then(np.matmul, inputs[0], weights.T, output)
    if dense.bias is not None:
        space.then(np.add, output, np.asarray(dense.bias, np.float32), out=output)
    return output


def run_as_it_is(
    space: Workspace, run: Callable[..., Float32], shape: Shape, inputs: list[Float32]
) -> Float32:
    """Add a call of what has no form here, on maps as layers know them; ``shape`` is that of its output."""
    known, scratch = [], []
    for each in inputs:
        view = as_layers_know(each)
        if not view.flags.c_contiguous:
            view = space.array(*view.shape)
            space.then(np.copyto, view, as_layers_know(each))
            scratch.append(view)
        known.append(view)
    output = space.array(*channels_last(shape))
    place = as_layers_know(output)
    space.then(lambda: np.copyto(place, run(*known)))
    for each in scratch:
        space.release(each)
    return output


def _known(maps: Float32) -> tuple[int, ...]:
    return channels_first(maps.shape)


def _is_contiguous(maps: Float32) -> bool:
    return maps.flags.c_contiguous


def _contiguous(space: Workspace, maps: Float32) -> tuple[Float32, list[Float32]]:
    """Maps whose memory is channels-last, and what they were copied to."""
    if _is_contiguous(maps):
        return maps, []
    copy = space.array(*maps.shape)
    space.then(np.copyto, copy, maps)
    return copy, [copy]


def _padded(space: Workspace, maps: Float32, windows: Window) -> tuple[Float32, list[Float32]]:
    """The cells that windows read, in the memory's order of axes, and what they were copied to."""
    (top, height), (left, width) = ((axis.before, axis.span(0, axis.count).stop) for axis in windows)
    return _framed(space, maps, (top, left), (height, width))


def _framed(space: Workspace, maps: Float32, before: Pair, size: Pair) -> tuple[Float32, list[Float32]]:
    """Maps of a size with so many cells before their own, and what they were copied to."""
    (top, left), (height, width) = before, size
    kept = maps[:, : height - top, : width - left]
    if (top, left) == (0, 0) and kept.shape[1:3] == (height, width):
        return (
            (kept, []) if kept.shape == maps.shape or not _is_contiguous(maps) else _contiguous(space, kept)
        )
    count, _, _, channels = maps.shape
    if _is_contiguous(maps):
        whole = framed = space.array(count, height, width, channels)
    else:
        whole = space.array(count, channels, height, width)
        framed = whole.transpose(0, 2, 3, 1)
    space.then(whole.fill, 0)
    space.then(np.copyto, framed[:, top : top + kept.shape[1], left : left + kept.shape[2]], kept)
    return framed, [whole]


def _rows(values: Float32) -> Float32:
    """Contiguous values in rows that are as long as can be without the batch."""
    if values.ndim == 4:
        return values.reshape(values.shape[0] * values.shape[1], -1)
    return values.reshape(len(values), -1)


def _row(rows: Float32, numbers: Float32) -> Float32:
    """One number, or one a channel, again and again along a row."""
    return np.ascontiguousarray(np.tile(numbers, rows.shape[1] // len(numbers)))


def _rewritten(space: Workspace, values: Float32, free: bool) -> tuple[Float32, Float32]:
    """Rows of an activation's input, and where its output goes."""
    if not _is_contiguous(values):
        copy = space.array(*values.shape)
        space.then(np.copyto, copy, values)
        return _rows(copy), _rows(copy)
    rows = _rows(values)
    return rows, rows if free else _rows(space.array(*values.shape))


Writer = Callable[[Workspace, Any, list[Float32], bool], "Float32 | None"]

_LAYERS: dict[type[Operation], Writer] = {
    MaxPool: _max_pool,
    AvgPool: _avg_pool,
    GlobalMaxPool: _global_max,
    GlobalAvgPool: _global_avg,
    Relu: _relu,
    LeakyRelu: _leaky,
    PRelu: _leaky,
    Clip: _clip,
    BatchNorm: _batch_norm,
    Identity: _identity,
    Add: _paired,
    Multiply: _paired,
    Concat: _concat,
    Flatten: _reordered,
    Reshape: _reordered,
    Dense: _dense,
}
