"""Convolutions: patches laid out as columns, a product with the filters, and the same way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from math import prod

import numpy as np

from convtool.core.arrays import Float32
from convtool.core.bank import FilterBank
from convtool.core.geometry import Window
from convtool.errors import InputError
from convtool.net.ops.conv import Conv
from convtool.net.training.layers.base import Arrays, Kind, Learned
from convtool.net.training.layers.frames import Frame
from convtool.net.training.layers.patches import as_rows, laid_out, row_blocks, seen
from convtool.net.training.tape import Tape, Values, Written, batch_first

MATRIX = "filters"
"""The filters as rows of numbers, at the end of each its bias: ``(O, I·kh·kw + 1)``."""


def _learned(conv: Conv) -> dict[str, Learned]:
    if conv.bank.normalize:
        raise InputError("it normalizes its patches, which training does not; leave normalize out")
    matrix = np.concatenate((conv.bank.weights.reshape(len(conv.bank), -1), conv.bank.bias[:, np.newaxis]), 1)
    decays = np.ones(matrix.shape, np.bool_)
    decays[:, -1] = False
    return {MATRIX: Learned(matrix, decays)}


def _replaced(conv: Conv, arrays: Mapping[str, Float32]) -> Conv:
    matrix = arrays[MATRIX]
    weights = matrix[:, :-1].reshape(conv.bank.weights.shape)
    return replace(conv, bank=FilterBank(weights, matrix[:, -1], conv.bank.names))


def _write(tape: Tape, name: str, conv: Conv, inputs: list[Values], arrays: Arrays, free: bool) -> Written:
    (maps,) = inputs
    rows, columns = windows = conv.windows(batch_first(maps.shape))
    frame = Frame(maps.shape, windows, conv.padding_mode)
    around = frame.filled(tape, maps)
    count, stride = (rows.count, columns.count), (rows.stride, columns.stride)
    cells = seen(around, count, conv.bank.kernel_size, stride, (rows.dilation, columns.dilation))
    output = tape.array(len(conv.bank), *count, tape.images)
    blocks = row_blocks(rows.count, (prod(cells.shape[1:3]) * len(maps) + 1) * columns.count * tape.images)
    matrix, toward = arrays.learned[MATRIX], arrays.gradients[MATRIX]
    groups = list(_groups(conv, len(maps)))
    for (channels, filters), block in product(groups, blocks):
        patches = laid_out(tape, cells[channels, :, :, block], ones=True)
        tape.then(np.matmul, matrix[filters], patches, as_rows(output[filters, block]))
        tape.release(patches)

    def backward(gradient: Values, wanted: list[bool]) -> list[Values | None]:
        for (channels, filters), block in product(groups, blocks):
            patches = laid_out(tape, cells[channels, :, :, block], ones=True)
            own, above = toward[filters], as_rows(gradient[filters, block])
            if block is blocks[0]:
                tape.then(np.matmul, above, patches.T, own)
            else:
                part = tape.array(*own.shape)
                tape.then(np.matmul, above, patches.T, part)
                tape.then(np.add, own, part, out=own)
                tape.release(part)
            tape.release(patches)
        return [_back(tape, conv, frame, windows, matrix, maps, gradient) if wanted[0] else None]

    return Written(output, backward)


def _back(
    tape: Tape,
    conv: Conv,
    frame: Frame,
    windows: Window,
    matrix: Values,
    maps: Values,
    gradient: Values,
) -> Values:
    """Add the calls for the gradient of maps: the filters turned by 180°, laid on the gradient.

    That lies in a frame of zeros, its cells as far apart as the windows were.
    """
    rows, columns = windows
    starts = (rows.before, columns.before) if frame.plain else (0, 0)
    height, width = size = maps.shape[1:3] if frame.plain else frame.shape[1:3]
    room = [
        max(start + cells, axis.span(0, axis.count).stop) + axis.reach - 1
        for start, cells, axis in zip(starts, size, windows, strict=True)
    ]
    apart = np.zeros((len(gradient), *room, tape.images), tape.dtype)
    within = (
        slice(axis.reach - 1, axis.reach - 1 + (axis.count - 1) * axis.stride + 1, axis.stride)
        for axis in windows
    )
    tape.then(np.copyto, apart[:, *within], gradient)
    dilation = rows.dilation, columns.dilation
    cells = seen(apart[:, starts[0] :, starts[1] :], (height, width), conv.bank.kernel_size, (1, 1), dilation)
    into = tape.array(len(maps), height, width, tape.images)
    for channels, filters in _groups(conv, len(maps)):
        weights = matrix[filters, :-1].reshape(-1, *conv.bank.weights.shape[1:])
        turned = np.zeros((weights.shape[1], len(weights), *weights.shape[2:]), tape.dtype)
        tape.then(np.copyto, turned, weights[:, :, ::-1, ::-1].swapaxes(0, 1))
        for block in row_blocks(height, prod(turned.shape[1:]) * width * tape.images):
            patches = laid_out(tape, cells[filters, :, :, block], ones=False)
            tape.then(np.matmul, turned.reshape(len(turned), -1), patches, as_rows(into[channels, block]))
            tape.release(patches)
    return into if frame.plain else frame.given_back(tape, into)


def _groups(conv: Conv, channels: int) -> list[tuple[slice, slice]]:
    """For each group its channels and its filters."""
    read, made = channels // conv.groups, len(conv.bank) // conv.groups
    return [
        (slice(group * read, (group + 1) * read), slice(group * made, (group + 1) * made))
        for group in range(conv.groups)
    ]


CONV = Kind(_write, learned=_learned, replaced=_replaced)
