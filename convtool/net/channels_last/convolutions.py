"""Convolutions of channels-last maps as a few long calls: by patches, by cells, or by fewer products."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import isfinite, prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from convtool.core.arrays import Float32
from convtool.core.bank import FilterBank
from convtool.core.geometry import Window
from convtool.net.channels_last import winograd
from convtool.net.channels_last.pools import max_pool
from convtool.net.channels_last.values import contiguous, framed, is_contiguous, known, padded_for
from convtool.net.channels_last.workspace import Block, Call, Lend, Workspace, blocks
from convtool.net.ops.conv import Conv
from convtool.net.ops.pools import MaxPool


def convolve(
    space: Workspace, conv: Conv, bank: FilterBank, maps: Float32, pool: MaxPool | None
) -> Float32 | None:
    """Add the calls of a convolution, its bias left out, and of a pool; ``None`` if it has no form here."""
    windows = conv.windows(known(maps))
    padded = any(axis.before or axis.after for axis in windows)
    depthwise = 1 < conv.groups == maps.shape[3] == len(bank)
    if bank.normalize or (padded and conv.padding_mode != "zeros") or not (conv.groups == 1 or depthwise):
        return None
    if is_contiguous(maps) and winograd.suits(bank, windows, conv.groups):
        return _by_winograd(space, bank, maps, windows, pool)
    if depthwise:
        responses = _depthwise(space, bank, maps, windows)
    elif prod(bank.kernel_size) == 1 and is_contiguous(maps) and not padded:
        responses = _pointwise(space, bank, maps, windows)
    else:
        responses = _by_patches(space, bank, maps, windows)
    return _pooled(space, responses, pool)


def _pooled(space: Workspace, responses: Float32, pool: MaxPool | None) -> Float32:
    if pool is None:
        return responses
    pooled = max_pool(space, pool, [responses], True)
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
        padded, scratch = framed(space, maps, (top, left), (height, width))
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


def _by_patches(space: Workspace, bank: FilterBank, maps: Float32, windows: Window) -> Float32:
    """Lay out the cells that each window sees, and multiply them with the filters.

    Maps whose memory is channels-first, or that have one channel, give a row for each weight, which
    is long; others a row for each window, made of runs of neighbouring cells with all of their channels.
    """
    along_y, along_x = windows
    by_weight = not is_contiguous(maps) or maps.shape[3] == 1
    padded, scratch = padded_for(space, maps, windows)
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
    cells = seen if is_contiguous(seen) else space.array(*seen.shape)
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
    maps, copied = contiguous(space, maps)
    padded, scratch = padded_for(space, maps, windows)
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
