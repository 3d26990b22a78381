"""All filters in one matrix product: the patches as columns, the filters as rows.

The columns are gathered once for all filters. Where a max or min pool follows, they are gathered
for each place in the pool's window apart (its phases), so that the responses of one phase lie side by
side and pooling is an element-wise maximum of whole arrays: what a pool throws away is never put in
order. Columns are gathered as contiguous runs of the row-major strip; what runs compute across the
ends of rows is left out at the end.
"""

from __future__ import annotations

from functools import partial
from math import gcd, prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

from convtool.core.algorithms import costs
from convtool.core.algorithms.base import Algorithm, Estimate, Phases, Prepared, Workload
from convtool.core.arrays import Float32
from convtool.core.geometry import Pair
from convtool.core.stages import Slide
from convtool.core.threads import Scratch

COLUMN_CELLS = 1024 * 1024
"""Cells of gathered columns, or of responses, that a tile holds, about."""


FEWEST_TILES = 4
"""Tiles that larger work is cut into at least, so that threads have something to share."""

WORTH_SHARING = 4_000_000
"""Multiply–adds from which on work is cut although it would fit one tile."""


def estimate(work: Workload) -> Estimate | str:
    """Gathering, shared by all filters, and one product."""
    facts, slide = work.facts, work.slide
    groups = slide.groups
    strided = slide.stride[1] * work.phases[1] > 1
    product = costs.matrix_product(facts.filters // groups, facts.taps, 4096) / 4096
    gather = facts.taps * costs.COPY + strided * facts.in_channels * costs.STRIDED
    images, rows = tile_of(work, COLUMN_CELLS // max(facts.taps * groups, facts.filters))
    tiles = -(-work.images // images) * -(-work.rows // rows)
    return Estimate(
        work.responses * groups * (product + gather)
        + tiles * (facts.taps // facts.in_channels + 4) * costs.CALL,
        work.multiply_adds,
        (images, rows, work.columns),
        4 * (facts.taps * groups + facts.filters) * images * rows * work.columns,
        f"one product of {facts.filters // groups} filters with {facts.taps} values a patch",
    )


def prepare(weights: Float32, slide: Slide, phases: Phases) -> Prepared:
    """The filters of each group as rows."""
    matrix = weights.reshape(slide.groups, len(weights) // slide.groups, -1)
    return Prepared(partial(_correlate, matrix, weights.shape[2:], slide, phases))


IM2COL = Algorithm(estimate, prepare, phases=True)


def tile_of(work: Workload, cells: int) -> Pair:
    """Images and rows of a tile of about ``cells`` windows: whole images where several fit.

    Work that is worth sharing is cut into a few tiles at least. The rows do not depend on the number
    of images, so that each gives the same bytes alone and among others.
    """
    rows = max(1, min(work.rows, cells // work.columns))
    if work.multiply_adds > WORTH_SHARING * work.images:
        rows = min(rows, -(-work.rows // FEWEST_TILES))
    if rows < work.rows:
        py = work.phases[0]
        return 1, max(py, rows // py * py)
    return max(1, min(-(-work.images // FEWEST_TILES), cells // (work.rows * work.columns))), work.rows


def _correlate(
    matrix: Float32,
    kernel_size: Pair,
    slide: Slide,
    phases: Phases,
    strips: Float32,
    out: Float32,
    scratch: Scratch,
) -> None:
    rows, columns = out.shape[2:]
    seen, width = _seen(strips, kernel_size, slide, phases.size, rows, columns, scratch)
    patches = _patches(seen, kernel_size, slide, phases.size, scratch)
    groups, filters, taps = matrix.shape
    images, (*_, windows) = len(strips), patches.shape
    product = scratch.array("product", images * prod(phases.size), groups, filters, rows * width)
    responses = np.matmul(matrix, patches.reshape(-1, groups, taps, windows), out=product[..., :windows])
    first_phase, *others = responses.reshape(images, -1, groups * filters, windows).swapaxes(0, 1)
    for other in others:
        phases.combine(first_phase, other, out=first_phase)
    np.copyto(out, product.reshape(images, -1, groups * filters, rows, width)[:, 0, ..., :columns])


def _seen(
    strips: Float32, kernel_size: Pair, slide: Slide, phases: Pair, rows: int, columns: int, scratch: Scratch
) -> tuple[Float32, int]:
    """What each tap, or each place that is a tap of some phase, sees: runs of the lanes.

    Returns
    -------
    ndarray, int
        ``(N, C, places down, places across, windows)``; the width of a row of windows.
    """
    (sy, sx), (dy, dx) = slide.stride, slide.dilation
    lanes, width = _lanes(strips, (phases[0] * sy, phases[1] * sx), scratch)
    windows = (rows - 1) * width + columns
    down = _places(kernel_size[0], phases[0], sy, dy)
    across = _places(kernel_size[1], phases[1], sx, dx)
    seen = scratch.array("seen", *strips.shape[:2], len(down), len(across), windows)
    for u, (row, row_lane) in enumerate(divmod(place, phases[0] * sy) for place in down):
        for v, (column, column_lane) in enumerate(divmod(place, phases[1] * sx) for place in across):
            first = row * width + column
            np.copyto(seen[:, :, u, v], lanes[row_lane][column_lane][..., first : first + windows])
    return seen, width


def _places(kernel: int, phases: int, stride: int, dilation: int) -> range:
    """Cells from the first tap of the first phase to the last of the last, as far as any is used."""
    return range(0, (phases - 1) * stride + (kernel - 1) * dilation + 1, _spacing(phases, stride, dilation))


def _spacing(phases: int, stride: int, dilation: int) -> int:
    return gcd(stride, dilation) if phases > 1 else dilation


def _patches(seen: Float32, kernel_size: Pair, slide: Slide, phases: Pair, scratch: Scratch) -> Float32:
    """``patches[n, a, b, c, ky, kx] = seen[n, c]`` at the place of tap ``(ky, kx)`` in phase ``(a, b)``."""
    if phases == (1, 1):
        return seen
    images, channels, *_, windows = seen.shape
    patches = scratch.array("patches", images, *phases, channels, *kernel_size, windows)
    of_image, of_channel, of_row, of_column, of_window = seen.strides
    (sy, sx), (dy, dx) = slide.stride, slide.dilation
    down, across = _spacing(phases[0], sy, dy), _spacing(phases[1], sx, dx)
    by_phase = sy // down * of_row, sx // across * of_column
    by_tap = dy // down * of_row, dx // across * of_column
    strides = (of_image, *by_phase, of_channel, *by_tap, of_window)
    np.copyto(patches, as_strided(seen, patches.shape, strides))
    return patches


def _lanes(strips: Float32, steps: Pair, scratch: Scratch) -> tuple[list[list[Float32]], int]:
    """Rows and columns sorted by their remainders by ``steps``, as flat planes ``(N, C, cells)``.

    A tap of all windows is then one run of a plane that has no gaps but at the ends of its rows.
    Also gives the width of a plane.
    """
    images, channels, height, width = strips.shape
    if steps == (1, 1):
        return [[strips.reshape(images, channels, -1)]], width
    height, width = -(-height // steps[0]), -(-width // steps[1])
    lanes = scratch.array("lanes", *steps, images, channels, height, width)
    for row, column in np.ndindex(steps):
        cells, lane = strips[:, :, row :: steps[0], column :: steps[1]], lanes[row, column]
        lane[:, :, : cells.shape[2], : cells.shape[3]] = cells
        lane[:, :, cells.shape[2] :] = 0  # never looked at, but computed with
        lane[:, :, :, cells.shape[3] :] = 0
    flat = lanes.reshape(*steps, images, channels, -1)
    return [list(row_of_lanes) for row_of_lanes in flat], width
