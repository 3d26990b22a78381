"""Checked arrays in, maps out: strip by strip, with ReLU and Pool done while the strip is in cache."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convtool.core.activation import rectify
from convtool.core.algorithms import Algorithm
from convtool.core.arrays import Float32
from convtool.core.bank import FilterBank
from convtool.core.geometry import Window
from convtool.core.normalize import divide_by_deviation
from convtool.core.pooling import PoolKind, pool_strip, window_areas
from convtool.core.tiles import Tile, for_each, padded_strip, row_tiles


@dataclass(frozen=True)
class Stages:
    """What is done to an image: Conv, perhaps ReLU, perhaps Pool.

    Attributes
    ----------
    conv
        How the filters slide over the image.
    pool
        How the pool slides over the feature map, without padding; ``None`` for no pool.
    """

    conv: Window
    padding_mode: str
    groups: int
    relu: bool
    pool: Window | None
    pool_kind: PoolKind


def execute(
    images: Float32, bank: FilterBank, stages: Stages, algorithm: Algorithm, threads: int | None
) -> Float32:
    """Run the stages on images ``(N, C, H, W)``; nothing but the result is ever held whole."""
    along_y, along_x = stages.conv
    stride, dilation = (along_y.stride, along_x.stride), (along_y.dilation, along_x.dilation)
    rows, columns = along_y.sources(stages.padding_mode), along_x.sources(stages.padding_mode)
    result_y, result_x = stages.pool or stages.conv
    result = np.empty((len(images), len(bank), result_y.count, result_x.count), np.float32)
    areas = window_areas(stages.pool) if stages.pool and stages.pool_kind == "avg" else None
    bias = bank.bias[:, np.newaxis, np.newaxis]

    def work(tile: Tile) -> None:
        n, start, stop = tile
        needed = result_y.span(start, stop) if stages.pool else slice(start, stop)
        strip = padded_strip(images[n], rows[along_y.span(needed.start, needed.stop)], columns)
        shape = (len(bank), needed.stop - needed.start, along_x.count)
        out = np.empty(shape, np.float32) if stages.pool else result[n, :, start:stop]
        algorithm(strip, bank.weights, out, stride=stride, dilation=dilation, groups=stages.groups)
        if bank.normalize:
            divide_by_deviation(
                out, strip, bank.kernel_size, stride=stride, dilation=dilation, groups=stages.groups
            )
        np.add(out, bias, out=out)
        if stages.relu:
            rectify(out)
        if stages.pool:
            result[n, :, start:stop] = pool_strip(
                out, stages.pool, stages.pool_kind, range(start, stop), areas
            )

    conv_cells_a_row = len(bank) * along_x.count * (result_y.stride if stages.pool else 1)
    for_each(row_tiles(len(images), result_y.count, conv_cells_a_row), work, threads)
    return result
