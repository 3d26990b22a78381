"""A block of rows as one matrix product: banded weights times the rows of the strip as they lie.

For every tap along x, a block of rows is summed down its column of the kernel: all of these are the
rows of one product of a small matrix with the rows that the block reads (see `banded`), more
multiplications than the kernel has, at the speed of BLAS. A response is the sum of these partial
sums, each shifted by its tap: one addition a tap.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from convtool.core.algorithms import costs
from convtool.core.algorithms.banded import banded, multiply, row_blocks, rows_read
from convtool.core.algorithms.base import Algorithm, Estimate, Phases, Prepared, Workload
from convtool.core.arrays import Float32
from convtool.core.stages import Slide
from convtool.core.threads import Scratch

BLOCK = 3
"""Rows of a block: more save packing, fewer save multiplications by 0."""

PARTIAL_CELLS = 1024 * 1024
"""Cells of partial sums that a tile holds, about."""


class _Lane(NamedTuple):
    """Every ``stride``-th column of the strip, from column ``first`` on, and the taps that fall there.

    ``matrices`` is ``(O, taps along x, BLOCK, rows read, C)``; ``shifts`` are the columns of the lane from
    a window's first to each tap.
    """

    first: int
    shifts: list[int]
    matrices: Float32


def estimate(work: Workload) -> Estimate | str:
    """A product and the additions for each filter; copies, shared by all, of what is not in order."""
    facts, slide = work.facts, work.slide
    kernel_height, kernel_width = facts.kernel_size
    read = rows_read(BLOCK, kernel_height, slide.stride[0], slide.dilation[0]) * facts.in_channels
    product = costs.matrix_product(kernel_width * BLOCK, read, work.columns) / (BLOCK * work.columns)
    strided = costs.is_strided(slide.stride)
    copies = facts.in_channels * slide.stride[0] * slide.stride[1] if facts.in_channels > 1 or strided else 0
    copy = slide.groups * copies * (costs.STRIDED if strided else costs.COPY)
    rows = max(1, PARTIAL_CELLS // (kernel_width * work.columns))
    rows = min(work.rows, max(BLOCK, rows // BLOCK * BLOCK))
    tiles = work.images * -(-work.rows // rows)
    return Estimate(
        work.responses * (facts.filters * (product + (kernel_width - 1) * costs.ADD) + copy)
        + tiles * facts.filters * (4 + kernel_width) * costs.CALL,
        work.responses * facts.filters * read * kernel_width,
        (1, rows, work.columns),
        4 * (kernel_width + 1) * rows * work.columns,
        f"{BLOCK} rows a product of {read} values for each of {kernel_width} taps along x",
    )


def prepare(weights: Float32, slide: Slide, phases: Phases) -> Prepared:
    """The banded matrices of all filters, for each tap along x."""
    kernel_width, stride, dilation = weights.shape[3], slide.stride[1], slide.dilation[1]
    places = [divmod(kx * dilation, stride) for kx in range(kernel_width)]
    lanes = []
    for first in sorted({lane for _, lane in places}):
        taps = [kx for kx, (_, lane) in enumerate(places) if lane == first]
        columns = weights[..., taps].transpose(0, 3, 2, 1)
        matrices = [
            [banded(kernel, BLOCK, slide.stride[0], slide.dilation[0]) for kernel in of_filter]
            for of_filter in columns
        ]
        lanes.append(_Lane(first, [places[kx][0] for kx in taps], np.array(matrices)))
    correlate = partial(_correlate, lanes, weights.shape[1], slide)
    return Prepared(correlate, spills=stride == 1)


TOEPLITZ = Algorithm(estimate, prepare)


def _correlate(
    lanes: list[_Lane], in_channels: int, slide: Slide, strips: Float32, out: Float32, scratch: Scratch
) -> None:
    filters = out.shape[1] // slide.groups
    for strip, responses in zip(strips, out, strict=True):
        for group in range(slide.groups):
            planes = strip[group * in_channels : (group + 1) * in_channels]
            sources = [_rows(planes, lane.first, slide.stride[1], scratch) for lane in lanes]
            for o in range(group * filters, (group + 1) * filters):
                _sum_of_lanes(lanes, o, slide.stride[0], sources, responses[o], scratch)


def _rows(planes: Float32, first: int, stride: int, scratch: Scratch) -> Float32:
    """Every ``stride``-th column of planes ``(C, h, w)``, as ``(h, C, width)`` with rows in line."""
    channels, height, width = planes.shape
    if channels == stride == 1 and planes.strides[2] == planes.itemsize:
        return planes.transpose(1, 0, 2)
    rows = scratch.array(f"rows {first}", height, channels, -(-width // stride))
    seen = planes[:, :, first::stride].transpose(1, 0, 2)
    rows[..., : seen.shape[2]] = seen
    rows[..., seen.shape[2] :] = 0
    return rows


def _sum_of_lanes(
    lanes: list[_Lane], o: int, stride: int, sources: list[Float32], out: Float32, scratch: Scratch
) -> None:
    """Write the responses ``(rows, columns)`` of filter ``o``, or with spill the whole rows."""
    rows, columns = out.shape
    width = sources[0].shape[2]
    total = out if columns == width else scratch.array("total", rows, width)
    reach = max(shift for lane in lanes for shift in lane.shifts)
    for first, count, size in row_blocks(rows, BLOCK):
        cells = size * width - reach
        shifted = [
            sums[:, shift : shift + cells]
            for lane, source in zip(lanes, sources, strict=True)
            for sums, shift in _sums_down(lane, o, stride, source[first * stride :], count, size, scratch)
        ]
        block = total[first : first + count * size].reshape(count, size * width)
        block[:, cells:] = 0
        total_so_far, *others = shifted
        for other in others:
            total_so_far = np.add(total_so_far, other, out=block[:, :cells])
        if not others:
            block[:, :cells] = total_so_far
    if total is not out:
        out[...] = total[:, :columns]


def _sums_down(
    lane: _Lane, o: int, stride: int, source: Float32, count: int, size: int, scratch: Scratch
) -> Iterator[tuple[Float32, int]]:
    """For each tap of a lane the sums down its column of the kernel, ``(blocks, cells)``, and its shift."""
    taps, block, read, channels = lane.matrices.shape[1:]
    matrix = lane.matrices[o, :, :size, : read - (block - size) * stride]
    sums = scratch.array(f"sums {lane.first}", count, taps * size, source.shape[2])
    multiply(matrix.reshape(taps * size, -1, channels), size * stride, source, sums)
    return zip(sums.reshape(count, taps, -1).swapaxes(0, 1), lane.shifts, strict=True)
