"""A block of rows as one matrix product: banded weights times shifted copies of the strip.

Each row of the strip is copied once for every channel and tap along x, shifted by the tap. Then the
rows that any block of results reads lie one after the other, and every block is a product of one
small matrix with them (see `banded`): more multiplications than the kernel has, at the speed of BLAS.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from convtool.core.algorithms import costs
from convtool.core.algorithms.banded import banded, multiply_blocks, rows_read
from convtool.core.algorithms.base import Algorithm, Estimate, Phases, Prepared, Workload
from convtool.core.arrays import Float32
from convtool.core.stages import Slide
from convtool.core.threads import Scratch

SHIFTED_CELLS = 1024 * 1024
"""Cells of shifted copies that a tile holds, about."""


def estimate(work: Workload) -> Estimate | str:
    """Copies, shared by all filters, and a product for each filter."""
    facts, slide = work.facts, work.slide
    kernel_height, kernel_width = facts.kernel_size
    block = _block(kernel_height)
    read = rows_read(block, kernel_height, slide.stride[0], slide.dilation[0])
    inner = facts.in_channels * kernel_width
    product = costs.matrix_product(block, read * inner, work.columns) / (block * work.columns)
    copy = inner * (costs.STRIDED if costs.is_strided(slide.stride) else costs.COPY) * slide.stride[0]
    rows = max(1, SHIFTED_CELLS // (slide.groups * inner * work.columns * slide.stride[0]))
    rows = min(work.rows, max(block, rows // block * block))
    tiles = work.images * -(-work.rows // rows)
    return Estimate(
        work.responses * (facts.filters * product + slide.groups * copy)
        + tiles * facts.filters * 4 * costs.CALL,
        work.responses * facts.filters * read * inner,
        (1, rows, work.columns),
        4 * inner * rows_read(rows, kernel_height, slide.stride[0], slide.dilation[0]) * work.columns,
        f"{block} rows a product of {read * inner} values",
    )


def prepare(weights: Float32, slide: Slide, phases: Phases) -> Prepared:
    """A banded matrix for each filter."""
    filters, in_channels, kernel_height, kernel_width = weights.shape
    flat = weights.transpose(0, 2, 1, 3).reshape(filters, kernel_height, in_channels * kernel_width)
    block = _block(kernel_height)
    matrices = [banded(kernel, block, slide.stride[0], slide.dilation[0]) for kernel in flat]
    return Prepared(partial(_correlate, matrices, in_channels, kernel_width, slide))


TOEPLITZ = Algorithm(estimate, prepare)


def _block(kernel_height: int) -> int:
    """Rows of a block: more save copies, fewer save multiplications by 0."""
    return 4 if kernel_height < 5 else 8


def _correlate(
    matrices: list[Float32],
    in_channels: int,
    kernel_width: int,
    slide: Slide,
    strips: Float32,
    out: Float32,
    scratch: Scratch,
) -> None:
    filters = len(matrices) // slide.groups
    columns, height = out.shape[-1], strips.shape[-2]
    shifted = scratch.array("shifted", height, in_channels, kernel_width, columns)
    rows = shifted.reshape(height, -1, columns)
    stride, dilation = slide.stride[1], slide.dilation[1]
    for strip, responses in zip(strips, out, strict=True):
        for group in range(slide.groups):
            planes = strip[group * in_channels : (group + 1) * in_channels].transpose(1, 0, 2)
            for kx in range(kernel_width):
                np.copyto(shifted[:, :, kx], planes[:, :, kx * dilation :: stride][:, :, :columns])
            for o in range(group * filters, (group + 1) * filters):
                multiply_blocks(matrices[o], slide.stride[0], rows, responses[o])
