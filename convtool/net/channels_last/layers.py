"""Each layer's calls on channels-last maps: few and long, since a call costs what thousands of values do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from convtool.core.arrays import Float32
from convtool.net.channels_last.pools import avg_pool, global_avg, global_max, max_pool
from convtool.net.channels_last.values import is_contiguous, known, rewritten, row_of, rows_of
from convtool.net.channels_last.workspace import Workspace, as_layers_know, channels_last
from convtool.net.ops.activations import Clip, LeakyRelu, PRelu, Relu
from convtool.net.ops.base import Operation, Shape
from convtool.net.ops.combining import Add, Concat, Multiply
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


def add_to_channels(space: Workspace, maps: Float32, numbers: Float32) -> None:
    """Add a number to every channel, in place."""
    if numbers.any():
        rows = rows_of(maps)
        space.then(np.add, rows, row_of(rows, numbers), out=rows)


def _relu(space: Workspace, relu: Relu, inputs: list[Float32], free: bool) -> Float32:
    values, output = rewritten(space, inputs[0], free)
    space.then(np.maximum, values, np.zeros(values.shape[1:], np.float32), out=output)
    return output.reshape(inputs[0].shape)


def _clip(space: Workspace, clip: Clip, inputs: list[Float32], free: bool) -> Float32:
    values, output = rewritten(space, inputs[0], free)
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
    values, output = rewritten(space, inputs[0], free)
    zeros = np.zeros(values.shape[1:], np.float32)
    low = space.array(*values.shape)
    space.then(np.minimum, values, zeros, out=low)
    space.then(np.multiply, low, row_of(values, slope.reshape(-1)), out=low)
    space.then(np.maximum, values, zeros, out=output)
    space.then(np.add, output, low, out=output)
    space.release(low)
    return output.reshape(inputs[0].shape)


def _batch_norm(space: Workspace, norm: BatchNorm, inputs: list[Float32], free: bool) -> Float32 | None:
    if inputs[0].ndim not in (2, 4):
        return None
    values, output = rewritten(space, inputs[0], free)
    factor, offset = (row_of(values, part.astype(np.float32)) for part in norm.line)
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
    output = space.array(*channels_last(concat.shape(*(known(each) for each in inputs))))
    space.then(np.concatenate, inputs, axis, output)
    return output


def _reordered(
    space: Workspace, operation: Flatten | Reshape, inputs: list[Float32], free: bool
) -> Float32 | None:
    """Maps as vectors, in the order of channels-first; nothing is done where both orders are the same."""
    (values,) = inputs
    shape = operation.shape(known(values))
    if len(shape) == 4:
        return None
    if values.ndim != 4 or (values.shape[1:3] == (1, 1) and is_contiguous(values)):
        return values.reshape(shape)
    output = space.array(*shape)
    space.then(np.copyto, output.reshape(known(values)), as_layers_know(values))
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


Writer = Callable[[Workspace, Any, list[Float32], bool], "Float32 | None"]

_LAYERS: dict[type[Operation], Writer] = {
    MaxPool: max_pool,
    AvgPool: avg_pool,
    GlobalMaxPool: global_max,
    GlobalAvgPool: global_avg,
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
