"""1×1 filters: one matrix product of the weights with the channels as they lie in memory."""

from __future__ import annotations

from functools import partial

import numpy as np

from convtool.core.algorithms import costs
from convtool.core.algorithms.base import Algorithm, Estimate, Phases, Prepared, Workload
from convtool.core.algorithms.im2col import COLUMN_CELLS, tile_of
from convtool.core.arrays import Float32
from convtool.core.stages import Slide
from convtool.core.threads import Scratch


def estimate(work: Workload) -> Estimate | str:
    """One product, and a copy only where the stride asks for one."""
    facts, groups = work.facts, work.slide.groups
    if facts.kernel_size != (1, 1):
        return "the filters are larger than 1×1"
    product = groups * costs.matrix_product(facts.filters // groups, facts.in_channels, 4096) / 4096
    copy = 0.0 if work.slide.stride == (1, 1) else work.channels * costs.STRIDED
    images, rows = tile_of(work, COLUMN_CELLS // max(work.channels, facts.filters))
    tiles = -(-work.images // images) * -(-work.rows // rows)
    return Estimate(
        work.responses * (product + copy) + tiles * 3 * costs.CALL,
        work.multiply_adds,
        (images, rows, work.columns),
        4 * (work.channels + facts.filters) * images * rows * work.columns,
        f"one product of {facts.filters // groups} filters with {facts.in_channels} channels",
    )


def prepare(weights: Float32, slide: Slide, phases: Phases) -> Prepared:
    """The filters of each group as rows."""
    return Prepared(partial(_correlate, weights.reshape(slide.groups, -1, weights.shape[1]), slide))


POINTWISE = Algorithm(estimate, prepare)


def _correlate(matrix: Float32, slide: Slide, strips: Float32, out: Float32, scratch: Scratch) -> None:
    sy, sx = slide.stride
    rows, columns = out.shape[-2:]
    groups, filters, channels = matrix.shape
    seen = strips[:, :, ::sy, ::sx][:, :, :rows, :columns].reshape(len(strips), groups, channels, -1)
    product = scratch.array("product", len(strips), groups, filters, rows * columns)
    np.copyto(out, np.matmul(matrix, seen, out=product).reshape(out.shape))
